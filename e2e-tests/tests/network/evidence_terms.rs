//! Weights that are bound to evidence: subnets that demand a pledge in the same epoch.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    epoch::{CommittedWeights, EpochError},
    registry::{CommitmentKind, Hyperparameter},
    work::{Pledge, BALLOT_BYTES},
    AccountId, NetUid, Uid,
};

/// Returns a subnet that demands evidence, with these settings besides. A validator has a permit on
/// uid 0, and can pledge in each block.
fn demanding(net: &mut Network, more: &[Hyperparameter]) -> NetUid {
    let mut settings = vec![
        Hyperparameter::EvidenceRequired(true),
        Hyperparameter::ServingRateLimit(0),
    ];
    settings.extend_from_slice(more);
    let netuid = net.create(Shape {
        settings,
        ..Shape::default()
    });
    net.with_validators(netuid, 1).with_miners(netuid, 3);
    let deposit = net.network_rules().serving_deposit;
    net.provide(validator(), net.addresses().registry, deposit);
    net.run_epoch(netuid);
    netuid
}

fn set_at_once() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| demanding(net, &[]));
    PREPARED.network()
}

fn validator() -> AccountId {
    nth("validator", 0)
}

fn open(net: &Network, netuid: NetUid) -> u32 {
    net.status(netuid).expect("a subnet").open
}

fn evidence(epoch: u32) -> Pledge {
    Pledge::Evidence {
        epoch,
        root: [1; 32],
        weights: [2; 32],
        receipts: 3,
    }
}

fn pledge(net: &mut Network, netuid: NetUid, pledge: Pledge) {
    let data = pledge.to_data();
    net.as_(validator())
        .commit(netuid, CommitmentKind::Raw, data)
        .expect("pledged");
}

fn set(net: &mut Network, netuid: NetUid) -> Result<(), EpochError> {
    let uids = vec![Uid(1), Uid(2)];
    net.as_(validator()).set_weights(netuid, uids, vec![1, 2])
}

#[test]
fn set_weights_without_evidence_is_refused() {
    let (mut net, netuid) = set_at_once();
    let epoch = open(&net, netuid);
    net.refuses(
        validator(),
        |it| it.set_weights(netuid, vec![Uid(1)], vec![1]),
        EpochError::EvidenceFirst(epoch),
    );
    let others = [
        evidence(epoch - 1),
        evidence(epoch + 1),
        Pledge::Subnet { manifest: [1; 32] },
        Pledge::Work {
            epoch,
            steps: 1,
            root: [1; 32],
            end: [2; 32],
        },
    ];
    for other in others {
        pledge(&mut net, netuid, other);
        assert_eq!(set(&mut net, netuid), Err(EpochError::EvidenceFirst(epoch)));
    }
    // The bytes of a pledge in a commitment of another kind.
    let data = evidence(epoch).to_data();
    net.as_(validator())
        .commit(netuid, CommitmentKind::Hash, data)
        .expect("committed");
    assert_eq!(set(&mut net, netuid), Err(EpochError::EvidenceFirst(epoch)));
    assert_eq!(net.weights(netuid, Uid(0)), None);
}

#[test]
fn set_weights_after_a_pledge_of_the_epoch_succeeds() {
    let (mut net, netuid) = set_at_once();
    let epoch = open(&net, netuid);
    pledge(&mut net, netuid, evidence(epoch));
    assert_eq!(set(&mut net, netuid), Ok(()));
    let fold = Pledge::Fold {
        epoch,
        root: [1; 32],
        weights: [2; 32],
        receipts: 3,
        start: [4; 32],
        ballot: [0; BALLOT_BYTES],
    };
    pledge(&mut net, netuid, fold);
    assert_eq!(set(&mut net, netuid), Ok(()));
    net.run_epoch(netuid);
    assert_eq!(
        set(&mut net, netuid),
        Err(EpochError::EvidenceFirst(epoch + 1))
    );
}

/// A validator that pledges no more has no influence once its weights are too old.
#[test]
fn clearing_a_row_needs_no_evidence() {
    let (mut net, netuid) = set_at_once();
    let epoch = open(&net, netuid);
    pledge(&mut net, netuid, evidence(epoch));
    set(&mut net, netuid).expect("set");
    net.run_epoch(netuid);
    let cleared = net.as_(validator()).set_weights(netuid, vec![], vec![]);
    assert_eq!(cleared, Ok(()));
    let row = net.weights(netuid, Uid(0)).expect("a row");
    assert_eq!((row.uids, row.weights), (vec![], vec![]));
}

#[test]
fn a_subnet_without_the_term_asks_for_no_evidence() {
    static PREPARED: Prepared<NetUid> =
        Prepared::new(|net| demanding(net, &[Hyperparameter::EvidenceRequired(false)]));
    let (mut net, netuid) = PREPARED.network();
    assert_eq!(set(&mut net, netuid), Ok(()));
}

#[test]
fn commit_weights_needs_evidence_and_its_reveal_none() {
    static PREPARED: Prepared<NetUid> =
        Prepared::new(|net| demanding(net, &[Hyperparameter::CommitRevealWeights(true)]));
    let (mut net, netuid) = PREPARED.network();
    let seat = net.seat(netuid, validator()).expect("a seat");
    let committed = CommittedWeights {
        contract: net.addresses().epoch,
        netuid,
        hotkey: validator(),
        generation: seat.generation,
        epoch: seat.epoch,
        uids: &[Uid(1), Uid(2)],
        weights: &[1, 2],
        salt: b"salt",
        version_key: 0,
    };
    let hash = committed.digest();
    let commit = |net: &mut Network| {
        net.as_(validator())
            .commit_weights(netuid, seat.epoch, hash)
    };
    assert_eq!(commit(&mut net), Err(EpochError::EvidenceFirst(seat.epoch)));
    pledge(&mut net, netuid, evidence(seat.epoch));
    assert_eq!(commit(&mut net), Ok(()));
    net.run_epoch(netuid);
    pledge(&mut net, netuid, evidence(seat.epoch + 1));
    let uids = vec![Uid(1), Uid(2)];
    let revealed = net.as_(STRANGER).reveal_weights(
        netuid,
        validator(),
        uids,
        vec![1, 2],
        b"salt".to_vec(),
        0,
    );
    assert_eq!(revealed, Ok(()));
}
