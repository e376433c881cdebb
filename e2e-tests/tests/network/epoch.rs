//! Closing an epoch: when it is allowed, the frozen inputs, and the next epoch.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    assertion::final_digest,
    epoch::{EpochError, Stage},
    kernel::Budget,
    registry::Hyperparameter,
    NetUid, Rao, Uid,
};

/// Returns a network with a subnet of two validators and three miners.
fn with_subnet() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = net.create(Shape::default());
        net.with_validators(netuid, 2).with_miners(netuid, 3);
        net.start_all();
        netuid
    });
    PREPARED.network()
}

/// Returns the same network with its first epoch closed.
fn with_closed_epoch() -> (Network, NetUid) {
    let (mut net, netuid) = with_subnet();
    net.close(netuid);
    (net, netuid)
}

#[test]
fn close_before_the_tempo_is_over_is_refused() {
    let (mut net, netuid) = with_subnet();
    let status = net.status(netuid).expect("a status");
    assert_eq!(status.closes_at, status.opened_at + Shape::default().tempo);
    net.advance_to(status.closes_at - 1);
    net.refuses(
        KEEPER,
        |it| it.close(netuid),
        EpochError::TempoNotOver(status.closes_at),
    );
}

#[test]
fn close_at_the_end_of_the_tempo_succeeds() {
    let (mut net, netuid) = with_subnet();
    let status = net.status(netuid).expect("a status");
    net.advance_to(status.closes_at);
    let header = net
        .as_(STRANGER)
        .close(netuid)
        .expect("closed")
        .expect("it has neurons");
    assert_eq!(header.opened_at, u64::from(status.opened_at));
    assert_eq!(header.closed_at, u64::from(status.closes_at));
}

#[test]
fn close_freezes_the_header() {
    let (mut net, netuid) = with_subnet();
    let header = net.close(netuid);
    let addresses = net.addresses();
    assert_eq!(header.contract, addresses.epoch);
    assert_eq!((header.netuid, header.epoch), (netuid, 0));
    assert_eq!((header.final_epoch, header.previous), (None, [0; 32]));
    assert_eq!(header.previous_close, 0);
    assert_eq!(header.tempo, Shape::default().tempo);
    assert_eq!(header.neurons, 5);
    assert_eq!(header.kernel, addresses.yuma);
    assert_eq!(Some(header.kernel_code), net.code_hash(addresses.yuma));
    assert_eq!(header.max_validators, Shape::default().permits);
    assert_eq!((header.owner_uid, header.roster.clone()), (None, vec![]));
    // No subnet had weight before this close, so nothing is issued yet.
    assert_eq!(header.budget.total(), Rao::ZERO);
    assert!(matches!(header.budget, Budget::Split { .. }));
    assert_eq!(net.header(netuid), Some(header));
}

#[test]
fn close_opens_the_next_epoch() {
    let (net, netuid) = with_closed_epoch();
    let status = net.status(netuid).expect("a status");
    assert_eq!((status.open, status.opened_at), (1, net.block()));
    assert_eq!(status.stage, Stage::Closed);
    assert_eq!((status.final_epoch, status.settling), (None, None));
    assert_eq!(net.subnet(netuid).map(|subnet| subnet.epoch), Some(1));
}

#[test]
fn close_of_an_unknown_subnet_is_refused() {
    let mut net = Network::deploy();
    net.refuses(KEEPER, |it| it.close(NetUid(1)), EpochError::UnknownSubnet);
}

#[test]
fn close_while_the_epoch_before_is_unfinished_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    for asserted in [false, true] {
        if asserted {
            net.assert_epoch(netuid);
        }
        net.advance(Shape::default().tempo);
        net.refuses(KEEPER, |it| it.close(netuid), EpochError::EpochUnfinished);
    }
}

#[test]
fn close_without_neurons_restarts_the_tempo() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.start_all();
    let before = net.status(netuid).expect("a status");
    net.advance_to(before.closes_at + 3);
    assert_eq!(net.as_(KEEPER).close(netuid), Ok(None));
    let after = net.status(netuid).expect("a status");
    assert_eq!(after.stage, Stage::Open);
    assert_eq!(after.closes_at, net.block() + Shape::default().tempo);
    // The epoch can close once there are neurons.
    net.with_validators(netuid, 1).with_miners(netuid, 1);
    let computed = net.run_epoch(netuid);
    assert_eq!(computed.header.neurons, 2);
}

#[test]
fn closed_inputs_do_not_change_with_later_writes() {
    let (mut net, netuid) = with_subnet();
    net.set(netuid, Hyperparameter::ImmunityPeriod(20));
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    let header = net.close(netuid);
    let inputs = net.chunk_inputs(netuid, 0).expect("readable");

    net.stake(netuid, BOB, nth("validator", 0), Rao::from_tao(7));
    net.as_(nth("validator-owner", 1))
        .remove_all_stake(netuid, nth("validator", 1))
        .expect("removed");
    net.as_(nth("validator", 0))
        .set_weights(netuid, vec![Uid(4)], vec![1])
        .expect("set");
    net.as_(nth("validator", 1))
        .set_weights(netuid, vec![], vec![])
        .expect("cleared");
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    net.set(netuid, Hyperparameter::Kappa(1));
    net.set(netuid, Hyperparameter::Tempo(99));
    net.set(netuid, Hyperparameter::MaxUids(6));

    assert_eq!(net.header(netuid), Some(header));
    assert_eq!(net.chunk_inputs(netuid, 0), Ok(inputs));
}

#[test]
fn chunk_inputs_beyond_the_last_chunk_are_refused() {
    let (net, netuid) = with_closed_epoch();
    assert_eq!(
        net.chunk_inputs(netuid, 1),
        Err(EpochError::ChunkOutOfRange(1))
    );
}

#[test]
fn chunk_inputs_before_the_first_close_are_refused() {
    let (net, netuid) = with_subnet();
    assert_eq!(net.chunk_inputs(netuid, 0), Err(EpochError::NothingClosed));
}

#[test]
fn close_names_the_final_epoch_in_the_header() {
    let (mut net, netuid) = with_subnet();
    let first = net.run_epoch(netuid);
    let second = net.close(netuid);
    assert_eq!((second.epoch, second.final_epoch), (1, Some(0)));
    assert_eq!(second.previous_close, first.header.closed_at);
    assert_eq!(
        second.previous,
        final_digest(&first.header.digest(), &first.assertion.digest())
    );
    assert_eq!(second.roster, first.assertion.roster);
}

#[test]
fn roster_always_has_the_owners_neuron() {
    let (mut net, netuid) = with_subnet();
    let owner = net.enrol(netuid, OWNER, OWNER_HOTKEY);
    let first = net.run_epoch(netuid);
    assert_eq!(first.header.owner_uid, Some(owner));
    assert_eq!(first.header.roster, [owner]);
    assert_eq!(first.assertion.roster, [Uid(0), Uid(1), owner]);
}

#[test]
fn newcomer_on_a_validators_seat_has_no_permit() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 2,
        ..Shape::default()
    });
    net.set(netuid, Hyperparameter::ImmunityPeriod(20));
    net.with_validators(netuid, 1).with_miners(netuid, 1);
    net.run_epoch(netuid);
    assert_eq!(net.roster(netuid), [Uid(0)]);
    net.advance(1);
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    assert_eq!(
        net.seat(netuid, ALICE_HOTKEY).map(|seat| seat.uid),
        Some(Uid(0))
    );
    // The seat is on the roster, but its new neuron has no permit.
    assert_eq!(
        net.as_(ALICE_HOTKEY)
            .set_weights(netuid, vec![Uid(1)], vec![1]),
        Err(EpochError::NoPermit)
    );
}
