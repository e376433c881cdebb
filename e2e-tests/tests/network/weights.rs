//! Setting weights: canonical form, permits, and the epoch of a row.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    epoch::EpochError, epoch::WeightsRow, registry::Hyperparameter, NetUid, Rao, Uid,
};

/// Returns a network whose subnet has a validator with a permit on uid 0 and three miners.
fn with_validator() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = net.create(Shape::default());
        net.with_validators(netuid, 1).with_miners(netuid, 3);
        net.run_epoch(netuid);
        assert_eq!(net.roster(netuid), [Uid(0)]);
        netuid
    });
    PREPARED.network()
}

fn uids(uids: &[u16]) -> Vec<Uid> {
    uids.iter().copied().map(Uid).collect()
}

#[test]
fn set_weights_stores_the_canonical_form() {
    let (mut net, netuid) = with_validator();
    let given = (uids(&[3, 1, 2]), vec![500, 0, 250]);
    assert_eq!(
        net.as_(nth("validator", 0))
            .set_weights(netuid, given.0, given.1),
        Ok(())
    );
    let expected = WeightsRow {
        updated_at: net.block(),
        uids: uids(&[2, 3]),
        weights: vec![32_768, 65_535],
    };
    assert_eq!(net.weights(netuid, Uid(0)), Some(expected));
}

#[test]
fn set_weights_replaces_the_row() {
    let (mut net, netuid) = with_validator();
    let validator = nth("validator", 0);
    net.as_(validator)
        .set_weights(netuid, uids(&[1, 2]), vec![1, 1])
        .expect("set");
    net.as_(validator)
        .set_weights(netuid, uids(&[3]), vec![9])
        .expect("set");
    let row = net.weights(netuid, Uid(0)).expect("a row");
    assert_eq!((row.uids, row.weights), (uids(&[3]), vec![65_535]));
}

#[test]
fn set_weights_of_nothing_clears_the_row() {
    let (mut net, netuid) = with_validator();
    let validator = nth("validator", 0);
    net.as_(validator)
        .set_weights(netuid, uids(&[1]), vec![1])
        .expect("set");
    net.advance(1);
    net.as_(validator)
        .set_weights(netuid, vec![], vec![])
        .expect("cleared");
    let row = net.weights(netuid, Uid(0)).unwrap_or_default();
    assert!(row.uids.is_empty() && row.weights.is_empty());
}

#[test]
fn cleared_row_is_not_read_by_the_epoch_but_counts_as_activity() {
    let (mut net, netuid) = with_validator();
    let validator = nth("validator", 0);
    net.as_(validator)
        .set_weights(netuid, uids(&[1]), vec![1])
        .expect("set");
    net.advance(1);
    net.as_(validator)
        .set_weights(netuid, vec![], vec![])
        .expect("cleared");
    let cleared_at = u64::from(net.block());
    net.close(netuid);
    let inputs = net.chunk_inputs(netuid, 0).expect("readable");
    assert_eq!(inputs.rows.count(), 0);
    assert_eq!(inputs.neurons[0].last_update, cleared_at);
}

#[test]
fn set_weights_of_an_unregistered_hotkey_is_refused() {
    let (mut net, netuid) = with_validator();
    // The coldkey owns the neuron, but only the hotkey can set weights.
    for who in [STRANGER, nth("validator-owner", 0)] {
        net.refuses(
            who,
            |it| it.set_weights(netuid, uids(&[1]), vec![1]),
            EpochError::NotRegistered,
        );
    }
}

#[test]
fn set_weights_on_an_unknown_subnet_is_refused() {
    let (mut net, _) = with_validator();
    let answer = net.refused(nth("validator", 0), |it| {
        it.set_weights(NetUid(7), uids(&[1]), vec![1])
    });
    assert!(
        matches!(
            answer,
            EpochError::UnknownSubnet | EpochError::NotRegistered
        ),
        "{answer:?}"
    );
}

#[test]
fn set_weights_of_another_length_is_refused() {
    let (mut net, netuid) = with_validator();
    net.refuses(
        nth("validator", 0),
        |it| it.set_weights(netuid, uids(&[1, 2]), vec![1]),
        EpochError::LengthMismatch(2, 1),
    );
}

#[test]
fn set_weights_for_a_free_uid_is_refused() {
    let (mut net, netuid) = with_validator();
    net.refuses(
        nth("validator", 0),
        |it| it.set_weights(netuid, uids(&[1, 4]), vec![1, 1]),
        EpochError::UnknownUid(Uid(4), 4),
    );
}

#[test]
fn set_weights_for_a_uid_twice_is_refused() {
    let (mut net, netuid) = with_validator();
    net.refuses(
        nth("validator", 0),
        |it| it.set_weights(netuid, uids(&[2, 1, 2]), vec![1, 1, 1]),
        EpochError::DuplicateUid(Uid(2)),
    );
}

#[test]
fn set_weights_without_a_permit_is_refused() {
    let (mut net, netuid) = with_validator();
    net.refuses(
        nth("miner", 0),
        |it| it.set_weights(netuid, uids(&[0]), vec![1]),
        EpochError::NoPermit,
    );
}

#[test]
fn set_weights_on_itself_needs_no_permit() {
    let (mut net, netuid) = with_validator();
    let miner = nth("miner", 0);
    let uid = net.seat(netuid, miner).expect("it sits").uid;
    assert_eq!(
        net.as_(miner).set_weights(netuid, vec![uid], vec![7]),
        Ok(())
    );
    let row = net.weights(netuid, uid).expect("a row");
    assert_eq!((row.uids, row.weights), (vec![uid], vec![65_535]));
}

#[test]
fn set_weights_by_the_owners_hotkey_needs_no_stake() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    let owner = net.enrol(netuid, OWNER, OWNER_HOTKEY);
    net.with_validators(netuid, 1).with_miners(netuid, 1);
    // The roster of the first epoch has only the owner's seat.
    let header = net.run_epoch(netuid).header;
    assert_eq!(header.roster, [owner]);
    assert_eq!(
        net.as_(OWNER_HOTKEY)
            .set_weights(netuid, uids(&[2]), vec![1]),
        Ok(())
    );
}

#[test]
fn row_of_the_owners_hotkey_counts_from_the_first_epoch_on() {
    let (mut net, netuid) = with_validator();
    let owner = net.enrol(netuid, OWNER, OWNER_HOTKEY);
    net.as_(OWNER_HOTKEY)
        .set_weights(netuid, uids(&[2]), vec![1])
        .expect("set");
    let header = net.close(netuid);
    assert_eq!(header.roster, [Uid(0), owner]);
    let inputs = net.chunk_inputs(netuid, 0).expect("readable");
    let neurons = usize::from(header.neurons);
    assert_eq!(inputs.rows.cells(neurons)[neurons..], [0, 0, 65_535, 0, 0]);
    assert!(inputs.neurons[usize::from(owner.0)].newcomer);
}

#[test]
fn row_does_not_return_with_its_hotkey() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 2,
        ..Shape::default()
    });
    net.set(netuid, Hyperparameter::ImmunityPeriod(20));
    net.with_validators(netuid, 1).with_miners(netuid, 1);
    net.run_epoch(netuid);
    let (owner, validator) = (nth("validator-owner", 0), nth("validator", 0));
    net.as_(validator)
        .set_weights(netuid, uids(&[1]), vec![1])
        .expect("set");
    net.advance(1);
    assert_eq!(net.enrol(netuid, ALICE, ALICE_HOTKEY), Uid(0));
    net.advance(20);
    // Now the miner is the oldest, so the validator registers on another seat first, then on its
    // own.
    assert_eq!(net.enrol(netuid, owner, validator), Uid(1));
    assert_eq!(net.weights(netuid, Uid(1)), None);
    net.advance(20);
    assert_eq!(net.enrol(netuid, BOB, BOB_HOTKEY), Uid(0));
    net.advance(20);
    assert_eq!(net.enrol(netuid, CHARLIE, named("charlie-hotkey")), Uid(1));
    net.advance(20);
    assert_eq!(net.enrol(netuid, owner, validator), Uid(0));
    assert_eq!(net.weights(netuid, Uid(0)), None);
    net.close(netuid);
    let inputs = net.chunk_inputs(netuid, 0).expect("readable");
    assert_eq!(inputs.rows.cells(2), [0, 0]);
}

#[test]
fn set_weights_after_the_close_counts_in_the_next_epoch() {
    let (mut net, netuid) = with_validator();
    let validator = nth("validator", 0);
    net.as_(validator)
        .set_weights(netuid, uids(&[1]), vec![1])
        .expect("set");
    net.close(netuid);
    let frozen = net.chunk_inputs(netuid, 0).expect("readable");
    net.as_(validator)
        .set_weights(netuid, uids(&[2, 3]), vec![1, 2])
        .expect("set");
    assert_eq!(net.chunk_inputs(netuid, 0), Ok(frozen.clone()));
    assert_eq!(frozen.rows.cells(4), [0, 65_535, 0, 0]);

    net.assert_epoch(netuid);
    net.finalize(netuid);
    net.settle(netuid);
    net.close(netuid);
    let next = net.chunk_inputs(netuid, 0).expect("readable");
    assert_eq!(next.rows.cells(4), [0, 0, 32_768, 65_535]);
}

#[test]
fn row_does_not_pass_to_the_next_neuron() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 2,
        ..Shape::default()
    });
    net.set(netuid, Hyperparameter::ImmunityPeriod(20));
    net.with_validators(netuid, 1).with_miners(netuid, 1);
    net.run_epoch(netuid);
    net.as_(nth("validator", 0))
        .set_weights(netuid, uids(&[1]), vec![1])
        .expect("set");
    net.advance(1);
    // Of two neurons without score the older one is replaced: the validator on uid 0.
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    let taken = net.seat(netuid, ALICE_HOTKEY).expect("it sits").uid;
    assert_eq!(taken, Uid(0));
    net.stake(netuid, ALICE, ALICE_HOTKEY, Rao::from_tao(50));
    assert_eq!(net.weights(netuid, taken), None);
    net.close(netuid);
    let inputs = net.chunk_inputs(netuid, 0).expect("readable");
    assert_eq!(inputs.rows.count(), 0);
    assert!(inputs.neurons[0].newcomer && !inputs.neurons[0].permit);
}
