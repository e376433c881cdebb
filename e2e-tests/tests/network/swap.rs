//! Swapping a neuron's hotkey.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    registry::{Hyperparameter, RegistryError, SWAP_INTERVAL},
    NetUid, Rao, Uid,
};

const NEW: inktensor_primitives::AccountId = named("new-hotkey");

/// Returns a subnet of a validator with a permit on uid 0 and two miners. The validator's owner can
/// pay for two swaps.
fn with_validator() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = net.create(Shape {
            settings: vec![
                Hyperparameter::ImmunityPeriod(20),
                Hyperparameter::MaxUids(3),
            ],
            ..Shape::default()
        });
        net.with_validators(netuid, 1).with_miners(netuid, 2);
        net.run_epoch(netuid);
        let (registry, fee) = (net.addresses().registry, net.network_rules().swap_fee);
        assert!(fee > Rao::ZERO);
        net.provide(nth("validator-owner", 0), registry, Rao(fee.0 * 2));
        netuid
    });
    PREPARED.network()
}

#[test]
fn swap_hotkey_keeps_seat_permit_stake_and_pay() {
    let (mut net, netuid) = with_validator();
    let (owner, old) = (nth("validator-owner", 0), nth("validator", 0));
    let seat = net.seat(netuid, old).expect("a seat");
    let (supply, fee) = (net.total_supply(), net.network_rules().swap_fee);
    net.as_(owner)
        .swap_hotkey(netuid, old, NEW)
        .expect("swapped");
    assert_eq!(
        net.total_supply(),
        supply - fee.to_u128(),
        "the fee is burned"
    );
    assert_eq!(net.seat(netuid, old), None);
    let now = net.seat(netuid, NEW).expect("a seat");
    assert_eq!((now.uid, now.generation), (seat.uid, seat.generation));
    let neuron = net.neuron(netuid, Uid(0)).expect("a neuron");
    assert_eq!((neuron.hotkey, neuron.identity()), (NEW, old));
    // The new key can sign, the old one cannot; the weight is unchanged.
    let uids = vec![Uid(1), Uid(2)];
    assert!(net
        .as_(old)
        .set_weights(netuid, uids.clone(), vec![1, 2])
        .is_err());
    net.as_(NEW)
        .set_weights(netuid, uids, vec![1, 2])
        .expect("set");
    let before = net.hotkey_stake(netuid, old);
    let computed = net.run_epoch(netuid);
    assert!(computed.trace.results[0][0].validator > Rao::ZERO);
    assert!(
        net.hotkey_stake(netuid, old) > before,
        "pay goes where the stake is"
    );
    assert_eq!(net.hotkey_stake(netuid, NEW), Rao::ZERO);
}

#[test]
fn swap_hotkey_does_not_change_a_closed_epoch() {
    let (mut net, netuid) = with_validator();
    let (owner, old) = (nth("validator-owner", 0), nth("validator", 0));
    net.honest_weights(netuid);
    let header = net.close(netuid);
    let inputs = net.chunk_inputs(netuid, 0);
    net.as_(owner)
        .swap_hotkey(netuid, old, NEW)
        .expect("swapped");
    assert_eq!(net.chunk_inputs(netuid, 0), inputs);
    let seated = net
        .neurons_at(netuid, header.epoch, Uid(0), 1)
        .expect("readable");
    assert_eq!(seated[0].hotkey, old);
    net.finish_epoch(netuid);
}

#[test]
fn swap_hotkey_by_or_to_another_owner_is_refused() {
    let (mut net, netuid) = with_validator();
    let (owner, old) = (nth("validator-owner", 0), nth("validator", 0));
    for (who, from, to, refused) in [
        (ALICE, old, NEW, RegistryError::NotHotkeyOwner),
        (owner, old, nth("miner", 0), RegistryError::NotHotkeyOwner),
        (owner, old, old, RegistryError::NotHotkeyOwner),
        (owner, NEW, old, RegistryError::NotSeated),
    ] {
        net.refuses(who, |it| it.swap_hotkey(netuid, from, to), refused);
    }
}

#[test]
fn swap_hotkey_again_too_soon_is_refused() {
    let (mut net, netuid) = with_validator();
    let (owner, old) = (nth("validator-owner", 0), nth("validator", 0));
    net.as_(owner)
        .swap_hotkey(netuid, old, NEW)
        .expect("swapped");
    let again = net.block() + SWAP_INTERVAL;
    let third = named("third-hotkey");
    assert_eq!(
        net.as_(owner).swap_hotkey(netuid, NEW, third),
        Err(RegistryError::TooSoon(again))
    );
    net.advance(SWAP_INTERVAL);
    net.as_(owner)
        .swap_hotkey(netuid, NEW, third)
        .expect("swapped");
    let neuron = net.neuron(netuid, Uid(0)).expect("a neuron");
    assert_eq!((neuron.hotkey, neuron.identity()), (third, old));
}

/// A hotkey whose stake counts for a seat cannot register again. Once the seat is lost, it can.
#[test]
fn register_of_a_hotkey_whose_stake_has_a_seat_is_refused() {
    let (mut net, netuid) = with_validator();
    let (owner, old) = (nth("validator-owner", 0), nth("validator", 0));
    net.as_(owner)
        .swap_hotkey(netuid, old, NEW)
        .expect("swapped");
    let registry = net.addresses().registry;
    net.provide(owner, registry, Rao::from_tao(10));
    assert_eq!(
        net.as_(owner).register(netuid, old, Rao::from_tao(1)),
        Err(RegistryError::AlreadyRegistered(Uid(0)))
    );
    for i in 0..3 {
        net.advance(1);
        net.enrol(netuid, ALICE, nth("newcomer", i));
    }
    assert_eq!(net.seat(netuid, NEW), None);
    net.as_(owner)
        .register(netuid, old, Rao::from_tao(1))
        .expect("it may come back");
}
