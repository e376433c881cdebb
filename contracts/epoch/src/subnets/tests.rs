//! Storage of a subnet's epochs: what each transition leaves.

use super::*;
use crate::tests::closed_epoch;
use inktensor_primitives::{
    assertion::results_digest,
    kernel::{Budget, PhasePlan},
    Rao,
};

const NETUID: NetUid = NetUid(3);

/// Returns an epoch of two chunks of 4 in one phase, and the lifecycle after its close.
fn closed() -> (Lifecycle, ClosedEpoch) {
    let mut closed = closed_epoch(0, None, &[]);
    closed.plan.phases = vec![PhasePlan {
        rows: false,
        memory: false,
    }];
    closed.header.budget = Budget::Combined(Rao(20));
    let mut lifecycle = Lifecycle::new(100);
    let due = lifecycle.due_close(110, 10).unwrap();
    due.close().unwrap();
    (lifecycle, closed)
}

fn results(rao: u64) -> Vec<NeuronResult> {
    let result = NeuronResult {
        miner: Rao(rao),
        ..NeuronResult::default()
    };
    vec![result; 4]
}

/// Makes the epoch of `closed()` final at block 120, with a roster of uid 2.
fn final_epoch(store: &mut SubnetStore) -> ClosedEpoch {
    let (mut lifecycle, closed) = closed();
    store.close(&lifecycle, &closed);
    let outcome = Outcome::new(Assertion {
        header_hash: closed.header_hash,
        steps: vec![[1; 32]; 2],
        memory: vec![[2; 32]; 2],
        results: (0u16..)
            .zip([results(1), results(2)])
            .map(|(chunk, results)| results_digest(NETUID, 0, chunk, &results))
            .collect(),
        roster: vec![Uid(2)],
    });
    let due = lifecycle.due_replay(120, 0).unwrap();
    due.finish(closed.ended_as(&outcome.digest));
    let finalized = store.finalize(&lifecycle, &closed, outcome, None, 120);
    assert_eq!((finalized.netuid, finalized.epoch), (NETUID, 0));
    closed
}

#[ink::test]
fn nothing_is_closed_before_the_first_close() {
    let mut store = SubnetStore::default();
    assert_eq!(store.closed_epoch(NETUID), Err(EpochError::NothingClosed));
    assert_eq!(store.lifecycle(NETUID, 7), Lifecycle::new(7));
    let (lifecycle, closed) = closed();
    let event = store.close(&lifecycle, &closed);
    assert_eq!(event.budget, Rao(20));
    assert_eq!(store.closed_epoch(NETUID), Ok((lifecycle, closed)));
}

#[ink::test]
fn a_permit_is_not_the_next_neurons() {
    let mut store = SubnetStore::default();
    final_epoch(&mut store);
    let has_permit = |uid, registered_epoch| {
        let seat = Seat {
            uid: Uid(uid),
            generation: 0,
            registered_epoch,
            neurons: 8,
            epoch: 1,
        };
        store.has_permit(NETUID, &seat)
    };
    assert!(has_permit(2, 0));
    assert!(!has_permit(2, 1), "registered after the last final epoch");
    assert!(!has_permit(3, 0));
}

#[ink::test]
fn a_final_epoch_leaves_roster_and_memory() {
    let mut store = SubnetStore::default();
    let closed = final_epoch(&mut store);
    assert_eq!(store.roster(NETUID), [Uid(2)]);
    assert_eq!(store.memory_hashes(&closed), [[2; 32]; 2]);
    let mut other = closed;
    other.header.kernel_code = [9; 32];
    assert_eq!(store.memory_hashes(&other), Vec::<Digest>::new());
}

#[ink::test]
fn a_settlement_is_removed_with_its_last_chunk() {
    let mut store = SubnetStore::default();
    final_epoch(&mut store);
    let (_, _, settled) = store.settle(NETUID, 0, 1, &results(2)).unwrap();
    assert_eq!((settled.paid, settled.complete), (Rao(8), false));
    assert_eq!(
        store.settle(NETUID, 0, 1, &results(2)).err(),
        Some(EpochError::AlreadySettled)
    );
    let (span, settlement, settled) = store.settle(NETUID, 0, 0, &results(1)).unwrap();
    assert_eq!((span.start, span.len), (Uid(0), 4));
    assert_eq!(settlement.paid, Rao(12));
    assert!(settled.complete);
    assert_eq!(store.settlement(NETUID), None);
    assert_eq!(
        store.settle(NETUID, 0, 0, &results(1)).err(),
        Some(EpochError::NotSettling)
    );
}

#[ink::test]
fn an_unfinished_settlement_ends_after_its_window() {
    let mut store = SubnetStore::default();
    assert_eq!(store.end_settlement(NETUID, 0, 20), Ok(None));
    final_epoch(&mut store);
    assert_eq!(
        store.end_settlement(NETUID, 139, 20),
        Err(EpochError::Unsettled(140))
    );
    let ended = store.end_settlement(NETUID, 140, 20).unwrap();
    assert_eq!(ended.map(|settlement| settlement.paid), Some(Rao::ZERO));
    assert_eq!(store.settlement(NETUID), None);
}
