//! Storage of a subnet's epochs: what each transition leaves.

use super::*;
use crate::settlement::PaidPart;
use crate::tests::closed_epoch;
use inktensor_primitives::{
    assertion::{memory_digest, results_digest},
    epoch::FinalChunk,
    kernel::{Budget, NeuronResult, PhasePlan},
    Rao,
};

const NETUID: NetUid = NetUid(3);

/// Returns an epoch of two chunks of 4 in one phase, and the lifecycle after its close.
fn closed() -> (Lifecycle, ClosedEpoch) {
    let mut closed = closed_epoch(0, None, &[]);
    closed.plan.phases = vec![PhasePlan {
        rows: false,
        stake: false,
        memory: false,
    }];
    closed.header.budget = Budget::Combined(Rao(20));
    let mut lifecycle = Lifecycle::new(100);
    let due = lifecycle.due_close(110, 10).unwrap();
    due.close(closed.steps()).unwrap();
    (lifecycle, closed)
}

fn results(rao: u64) -> Vec<NeuronResult> {
    let result = NeuronResult {
        miner: Rao(rao),
        ..NeuronResult::default()
    };
    vec![result; 4]
}

/// Memory of chunk `chunk`.
fn memory(chunk: u16) -> Vec<u8> {
    vec![2, chunk.to_le_bytes()[0]]
}

fn memory_hash(chunk: u16) -> Digest {
    memory_digest(NETUID, 0, chunk, &memory(chunk))
}

/// Makes the epoch of `closed()` final at block 120, with a roster of uid 2.
fn final_epoch(store: &mut SubnetStore) -> ClosedEpoch {
    final_by(store, Some(AccountId::from([7; 32])))
}

/// As `final_epoch`, by the assertion of `proposer`, or by a replay.
fn final_by(store: &mut SubnetStore, proposer: Option<AccountId>) -> ClosedEpoch {
    let (mut lifecycle, closed) = closed();
    store.close(&lifecycle, &closed);
    let outcome = Outcome::new(Assertion {
        header_hash: closed.header_hash,
        steps: vec![[1; 32]; 2],
        memory: vec![memory_hash(0), memory_hash(1)],
        results: (0u16..)
            .zip([results(1), results(2)])
            .map(|(chunk, results)| results_digest(NETUID, 0, chunk, &results))
            .collect(),
        roster: vec![Uid(2)],
    });
    let due = lifecycle.due_replay(120, 0).unwrap();
    due.finish(closed.ended_as(&outcome.digest, &outcome.assertion.roster));
    let (finalized, settling) = store.finalize(&lifecycle, &closed, outcome, proposer, 120);
    store.set_settling(NETUID, &settling);
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

/// Settles chunk 0, with pay 1, or chunk 1, with pay 2 a neuron.
fn settle(store: &mut SubnetStore, chunk: u16) -> Result<Settled, EpochError> {
    let rao = u64::from(chunk) + 1;
    let mut settling = store.settling(NETUID)?;
    let results = results(rao);
    let memory = memory(chunk);
    let outcome = FinalChunk {
        chunk,
        results,
        memory,
    };
    let unpaid = settling.unpaid(NETUID, 0, &outcome)?;
    let amount = Rao(rao * u64::from(unpaid.len));
    let part = PaidPart {
        chunk,
        neurons: unpaid.len,
        amount,
    };
    let mut settled = store.settle(NETUID, &mut settling, &[part])?;
    Ok(settled.remove(0))
}

#[ink::test]
fn memory_counts_once_its_chunk_is_settled() {
    let mut store = SubnetStore::default();
    let closed = final_epoch(&mut store);
    assert_eq!(store.roster(NETUID), [Uid(2)]);
    settle(&mut store, 1).unwrap();
    assert_eq!(store.memory_hashes(&closed), [], "the settlement goes on");
    assert_eq!(
        store.last_memory_hashes(&closed),
        [None, Some(memory_hash(1))]
    );
    settle(&mut store, 0).unwrap();
    assert_eq!(
        store.memory_hashes(&closed),
        [Some(memory_hash(0)), Some(memory_hash(1))]
    );
    let mut other = closed;
    other.header.kernel_code = [9; 32];
    assert_eq!(store.memory_hashes(&other), []);
}

#[ink::test]
fn memory_that_nobody_published_does_not_count() {
    let mut store = SubnetStore::default();
    let closed = final_epoch(&mut store);
    settle(&mut store, 1).unwrap();
    store.end_settlement(NETUID, 140, 20).unwrap();
    assert_eq!(store.memory_hashes(&closed), [None, Some(memory_hash(1))]);
}

#[ink::test]
fn a_replay_has_published_all_memory() {
    let mut store = SubnetStore::default();
    let closed = final_by(&mut store, None);
    store.end_settlement(NETUID, 140, 20).unwrap();
    assert_eq!(
        store.memory_hashes(&closed),
        [Some(memory_hash(0)), Some(memory_hash(1))]
    );
}

#[ink::test]
fn a_chunk_is_settled_with_its_memory_only() {
    let mut store = SubnetStore::default();
    final_epoch(&mut store);
    for wrong in [&memory(1)[..], &[], &[2]] {
        let outcome = FinalChunk {
            chunk: 0,
            results: results(1),
            memory: wrong.to_vec(),
        };
        let settling = store.settling(NETUID).unwrap();
        assert_eq!(
            settling.unpaid(NETUID, 0, &outcome),
            Err(EpochError::MemoryMismatch)
        );
    }
    settle(&mut store, 0).unwrap();
}

#[ink::test]
fn a_settlement_is_removed_with_its_last_chunk() {
    let mut store = SubnetStore::default();
    final_epoch(&mut store);
    let settled = settle(&mut store, 1).unwrap();
    assert_eq!((settled.paid, settled.complete), (Rao(8), false));
    assert_eq!(
        settle(&mut store, 1).err(),
        Some(EpochError::AlreadySettled)
    );
    let settled = settle(&mut store, 0).unwrap();
    assert_eq!((settled.neurons, settled.paid), (4, Rao(4)));
    assert!(settled.settled && settled.complete);
    assert_eq!(store.settlement(NETUID), None);
    assert_eq!(settle(&mut store, 0).err(), Some(EpochError::NotSettling));
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
