//! Prices of registration, and replaced neurons.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    registry::{Hyperparameter, RegistryError},
    Bps, NetUid, Rao, Uid,
};

/// Returns a network with a subnet of `seats` seats and the reference's prices.
fn with_subnet(seats: u16) -> (Network, NetUid) {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats,
        settings: vec![
            Hyperparameter::BurnIncrease(Bps(12_600)),
            Hyperparameter::MaxRegistrationsPerBlock(2),
        ],
        ..Shape::default()
    });
    (net, netuid)
}

#[test]
fn register_raises_the_price_and_time_lowers_it() {
    let (mut net, netuid) = with_subnet(8);
    let quote = net.quote_registration(netuid).unwrap();
    assert_eq!(quote.price, Rao(100_000_000));
    assert_eq!(
        (quote.next_price, quote.left_in_block),
        (Rao(126_000_000), 2)
    );
    assert_eq!((quote.free, quote.replaces, quote.is_open), (8, None, true));
    let supply = net.total_supply();
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    assert_eq!(
        net.total_supply(),
        supply - 100_000_000,
        "the price is burned"
    );
    assert_eq!(net.price(netuid), Rao(126_000_000));
    net.advance(360);
    assert_eq!(net.price(netuid), Rao(62_999_999), "half, rounded down");
    net.advance(50_000);
    assert_eq!(net.price(netuid), Rao(500_000), "the least there is");
}

#[test]
fn register_beyond_the_number_per_block_is_refused() {
    let (mut net, netuid) = with_subnet(8);
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    net.enrol(netuid, BOB, BOB_HOTKEY);
    let registry = net.addresses().registry;
    net.provide(CHARLIE, registry, Rao::from_tao(1));
    let next = net.block() + 1;
    assert_eq!(net.quote_registration(netuid).unwrap().left_in_block, 0);
    net.agree(named("charlie-hotkey"), CHARLIE);
    net.refuses(
        CHARLIE,
        |it| it.register(netuid, named("charlie-hotkey"), Rao::from_tao(1)),
        RegistryError::TooSoon(next),
    );
    net.advance(1);
    net.as_(CHARLIE)
        .register(netuid, named("charlie-hotkey"), Rao::from_tao(1))
        .expect("in the next block");
}

#[test]
fn register_with_registration_closed_is_refused() {
    let (mut net, netuid) = with_subnet(8);
    // No epoch runs yet, so the value counts at once.
    net.set(netuid, Hyperparameter::RegistrationAllowed(false));
    let registry = net.addresses().registry;
    net.provide(ALICE, registry, Rao::from_tao(1));
    assert!(!net.quote_registration(netuid).unwrap().is_open);
    net.refuses(
        ALICE,
        |it| it.register(netuid, ALICE_HOTKEY, Rao::from_tao(1)),
        RegistryError::RegistrationClosed,
    );
}

/// Returns a full subnet of three miners that registered in successive blocks and can be replaced.
fn full() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = net.create(Shape {
            seats: 3,
            settings: vec![Hyperparameter::ImmunityPeriod(20)],
            ..Shape::default()
        });
        for i in 0..3 {
            net.enrol(netuid, nth("miner-owner", i), nth("miner", i));
            net.advance(1);
        }
        net.advance(20);
        netuid
    });
    PREPARED.network()
}

#[test]
fn prune_candidates_are_in_the_order_of_replacement() {
    let (mut net, netuid) = full();
    let order = |net: &Network| -> Vec<(Uid, bool)> {
        let all = net.prune_candidates(netuid, 16);
        all.iter().map(|it| (it.uid, it.is_immune)).collect()
    };
    assert_eq!(
        order(&net),
        [(Uid(0), false), (Uid(1), false), (Uid(2), false)]
    );
    assert_eq!(net.prune_candidates(netuid, 1).len(), 1);
    assert_eq!(
        net.quote_registration(netuid).unwrap().replaces,
        Some(Uid(0))
    );
    assert_eq!(net.enrol(netuid, ALICE, ALICE_HOTKEY), Uid(0));
    // The new neuron is immune.
    assert_eq!(
        order(&net),
        [(Uid(1), false), (Uid(2), false), (Uid(0), true)]
    );
    // While two neurons cannot be replaced, the immune one is replaced first.
    net.set(netuid, Hyperparameter::MinNonImmuneUids(2));
    assert_eq!(order(&net)[0], (Uid(1), false), "from the next epoch on");
    net.close(netuid);
    assert_eq!(order(&net)[0], (Uid(0), true));
    assert_eq!(net.enrol(netuid, BOB, BOB_HOTKEY), Uid(0));
}

#[test]
fn owners_first_neurons_are_never_replaced() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 3,
        settings: vec![
            Hyperparameter::ImmunityPeriod(20),
            Hyperparameter::ImmuneOwnerUids(2),
        ],
        ..Shape::default()
    });
    for hotkey in [named("owner-miner"), OWNER_HOTKEY, named("owner-other")] {
        net.enrol(netuid, OWNER, hotkey);
        net.advance(1);
    }
    // The owner's hotkey, and its oldest other neuron.
    let all = net.prune_candidates(netuid, 16);
    let uids: Vec<Uid> = all.iter().map(|it| it.uid).collect();
    assert_eq!(uids, [Uid(2)]);
}

#[test]
fn replaced_neuron_keeps_its_stake_and_is_still_paid() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 3,
        settings: vec![Hyperparameter::ImmunityPeriod(20)],
        ..Shape::default()
    });
    net.with_validators(netuid, 1).with_miners(netuid, 2);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.close(netuid);
    // Both miners are replaced between the close and the settlement.
    let (coldkey, hotkey) = (nth("miner-owner", 0), nth("miner", 0));
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    net.enrol(netuid, BOB, BOB_HOTKEY);
    assert_eq!(net.seat(netuid, hotkey), None);
    assert_eq!(net.stake_of(netuid, hotkey, coldkey), Rao::ZERO);
    net.finish_epoch(netuid);
    net.as_(STRANGER)
        .collect_left(netuid, hotkey)
        .expect("owed");
    let paid = net.stake_of(netuid, hotkey, coldkey);
    assert!(paid > Rao::ZERO, "its pay reaches its owner");
    for newcomer in [ALICE_HOTKEY, BOB_HOTKEY] {
        let seat = net.seat(netuid, newcomer).expect("a seat");
        let view = &net.metagraph(netuid, 0)[usize::from(seat.uid.0)];
        assert_eq!(view.score.emission, Rao::ZERO, "and not the newcomer");
        assert_eq!(net.hotkey_stake(netuid, newcomer), Rao::ZERO);
    }
    let owner = net.as_(coldkey).remove_all_stake(netuid, hotkey);
    assert_eq!(owner, Ok(paid));
}
