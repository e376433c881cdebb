//! Settlement: each chunk once, only with final results, within the budget.

use super::*;
use crate::tests::closed_epoch;
use inktensor_primitives::{kernel::Budget, AccountId};
use proptest::prelude::*;

const NETUID: NetUid = NetUid(3);
const EPOCH: u32 = 4;
/// Memory of every chunk.
const MEMORY: &[u8] = &[5];

fn account(byte: u8) -> AccountId {
    AccountId::from([byte; 32])
}

fn result(miner: u64, validator: u64) -> NeuronResult {
    NeuronResult {
        miner: Rao(miner),
        validator: Rao(validator),
        ..Default::default()
    }
}

/// Begins to settle an epoch of `chunks` of 2 uids each; the last may have one.
fn settling(budget: u64, chunks: &[Vec<NeuronResult>]) -> Settling {
    let mut closed = closed_epoch(EPOCH, None, &[]);
    let neurons: usize = chunks.iter().map(Vec::len).sum();
    closed.header.neurons = u16::try_from(neurons).unwrap();
    closed.header.budget = Budget::Split {
        miners: Rao(budget / 2),
        validators: Rao(budget - budget / 2),
    };
    closed.plan.chunk = 2;
    let hashes = (0u16..)
        .zip(chunks)
        .map(|(chunk, results)| results_digest(NETUID, EPOCH, chunk, results))
        .collect();
    let memory = (0u16..).zip(chunks);
    let assertion = Assertion {
        header_hash: closed.header_hash,
        steps: Vec::new(),
        memory: memory
            .map(|(chunk, _)| memory_digest(NETUID, EPOCH, chunk, MEMORY))
            .collect(),
        results: hashes,
        roster: Vec::new(),
    };
    Settling::begin(&closed, assertion, 100, false)
}

/// Settles a whole chunk in one call. Returns the neurons that were not paid, and their pay.
fn settle(
    settling: &mut Settling,
    epoch: u32,
    chunk: u16,
    results: &[NeuronResult],
) -> Result<(Unpaid, Rao), EpochError> {
    let unpaid = settling.unpaid(NETUID, epoch, &outcome(chunk, results))?;
    let pay = total_pay(results).unwrap();
    assert_eq!(settling.record(chunk, unpaid.len, pay), Ok(true));
    Ok((unpaid, pay))
}

/// The outcome of a chunk.
fn outcome(chunk: u16, results: &[NeuronResult]) -> FinalChunk {
    FinalChunk {
        chunk,
        results: results.to_vec(),
        memory: MEMORY.to_vec(),
    }
}

/// The outcomes of these chunks.
fn outcomes(of: &[Vec<NeuronResult>], chunks: &[u16]) -> Vec<FinalChunk> {
    chunks
        .iter()
        .map(|chunk| outcome(*chunk, &of[usize::from(*chunk)]))
        .collect()
}

/// The chunks that a call with these would pay.
fn due(
    settling: &Settling,
    of: &[Vec<NeuronResult>],
    chunks: &[u16],
) -> Result<Vec<u16>, EpochError> {
    let due = settling.due(NETUID, EPOCH, outcomes(of, chunks), 64)?;
    Ok(due.chunks.iter().map(|it| it.given.chunk).collect())
}

#[test]
fn each_chunk_is_paid_once() {
    let chunks = [vec![result(1, 2), result(3, 0)], vec![result(0, 4)]];
    let mut settling = settling(10, &chunks);
    let unpaid = |start, len| Unpaid {
        start: Uid(start),
        before: 0,
        len,
    };
    assert_eq!(
        settle(&mut settling, EPOCH, 1, &chunks[1]),
        Ok((unpaid(2, 1), Rao(4)))
    );
    assert_eq!(
        settle(&mut settling, EPOCH, 1, &chunks[1]),
        Err(EpochError::AlreadySettled)
    );
    assert!(!settling.settlement.is_complete());
    assert_eq!(
        settle(&mut settling, EPOCH, 0, &chunks[0]),
        Ok((unpaid(0, 2), Rao(6)))
    );
    assert!(settling.settlement.is_complete());
    assert_eq!(settling.settlement.paid, Rao(10));
}

#[test]
fn only_final_results_are_paid() {
    let chunks = [vec![result(1, 2), result(3, 0)], vec![result(0, 4)]];
    let mut settling = settling(10, &chunks);
    let before = settling.clone();
    let mut refused = |epoch, chunk, results: &[NeuronResult]| {
        let error = settle(&mut settling, epoch, chunk, results).unwrap_err();
        assert_eq!(settling, before);
        error
    };
    assert_eq!(refused(EPOCH + 1, 0, &chunks[0]), EpochError::NotSettling);
    assert_eq!(
        refused(EPOCH, 2, &chunks[0]),
        EpochError::ChunkOutOfRange(2)
    );
    assert_eq!(refused(EPOCH, 0, &chunks[1]), EpochError::ResultsMismatch);
    assert_eq!(
        refused(EPOCH, 0, &[result(1, 2)]),
        EpochError::ResultsMismatch
    );
}

#[test]
fn results_of_the_wrong_length_are_never_paid() {
    // A false epoch that was not disputed may have hashed any list.
    let mut settling = settling(10, &[vec![result(1, 1); 2]]);
    let long = vec![result(1, 1); 3];
    settling.results = vec![results_digest(NETUID, EPOCH, 0, &long)];
    assert_eq!(
        settle(&mut settling, EPOCH, 0, &long),
        Err(EpochError::ResultsMismatch)
    );
}

#[test]
fn no_epoch_pays_more_than_its_budget() {
    let chunks = [vec![result(4, 2); 2], vec![result(u64::MAX, 1)]];
    let mut settling = settling(15, &chunks);
    assert!(settle(&mut settling, EPOCH, 0, &chunks[0]).is_ok());
    assert_eq!(
        settle(&mut settling, EPOCH, 1, &chunks[1]),
        Err(EpochError::OverBudget(Rao(3)))
    );
    assert!(!settling.settlement.is_settled(1));
}

#[test]
fn a_chunk_that_is_settled_in_part_goes_on_at_the_next_neuron() {
    let chunks = [vec![result(1, 2), result(3, 0)], vec![result(0, 4)]];
    let mut settling = settling(10, &chunks);
    assert_eq!(settling.record(0, 1, Rao(3)), Ok(false));
    let settlement = &settling.settlement;
    assert!(!settlement.is_settled(0) && settlement.is_published(0));
    let expected = Unpaid {
        start: Uid(1),
        before: 1,
        len: 1,
    };
    let unpaid = settling.unpaid(NETUID, EPOCH, &outcome(0, &chunks[0]));
    assert_eq!(unpaid, Ok(expected));
    settle(&mut settling, EPOCH, 1, &chunks[1]).unwrap();
    assert_eq!(settling.record(0, 1, Rao(3)), Ok(true));
    assert!(settling.settlement.is_complete());
    assert_eq!(settling.settlement.partly, []);
    assert_eq!(settling.settlement.paid, Rao(10));
}

#[test]
fn several_chunks_pass_over_those_that_are_not_settled_whole() {
    let mut chunks = vec![vec![result(2, 0); 2]; 20];
    chunks[3][1] = result(2, 1);
    chunks[6][0] = result(0, 1);
    let mut settling = settling(100, &chunks);
    settle(&mut settling, EPOCH, 1, &chunks[1]).unwrap();
    assert_eq!(settling.record(2, 1, Rao(2)), Ok(false));
    for (asked, expected) in [
        (&[0, 1, 2, 4][..], &[0, 4][..]),
        (&[4, 0, 4, 5], &[4, 0, 5]),
        (&[11, 10], &[11, 10]),
        (&[5, 5], &[5]),
        // The first may have dividends.
        (&[3, 0, 4], &[3, 0, 4]),
        (&[1, 2, 3, 0], &[3, 0]),
        (&[0, 3, 4], &[0, 4]),
        (&[6, 3, 4], &[6, 4]),
        // One alone may have dividends, and may be settled in part.
        (&[2], &[2]),
        (&[3], &[3]),
    ] {
        assert_eq!(due(&settling, &chunks, asked), Ok(expected.to_vec()));
    }
    for none in [&[][..], &[1, 2], &[2, 2]] {
        assert_eq!(due(&settling, &chunks, none), Err(EpochError::NoWholeChunk));
    }
    assert_eq!(
        due(&settling, &chunks, &[1]),
        Err(EpochError::AlreadySettled)
    );
    let most: Vec<u16> = (4..6).chain(7..20).chain([0]).collect();
    assert_eq!(most.len(), usize::from(MAX_SETTLED));
    assert_eq!(due(&settling, &chunks, &most), Ok(most.clone()));
    let more: Vec<u16> = most.into_iter().chain([3]).collect();
    assert_eq!(
        due(&settling, &chunks, &more),
        Err(EpochError::TooManyChunks(MAX_SETTLED))
    );
    // Each is checked as if alone.
    let mut false_results = outcomes(&chunks, &[4, 5]);
    false_results[1].results[0] = result(3, 0);
    let refused = settling.due(NETUID, EPOCH, false_results, 64);
    assert_eq!(refused, Err(EpochError::ResultsMismatch));
    let mut beyond = outcomes(&chunks, &[4, 5]);
    beyond[1].chunk = 20;
    let refused = settling.due(NETUID, EPOCH, beyond, 64);
    assert_eq!(refused, Err(EpochError::ChunkOutOfRange(20)));
    let refused = settling.due(NETUID, EPOCH + 1, outcomes(&chunks, &[4]), 64);
    assert_eq!(refused, Err(EpochError::NotSettling));
}

#[test]
fn pay_of_several_chunks_is_divided_among_them() {
    let chunks = [
        vec![result(3, 0), result(0, 0)],
        vec![result(1, 0), result(2, 50)],
        vec![result(4, 0)],
    ];
    let settling = settling(100, &chunks);
    let due = settling
        .due(NETUID, EPOCH, outcomes(&chunks, &[1, 0, 2]), 1)
        .unwrap();
    let dividends = due.with_dividends();
    assert_eq!((due.most, dividends), (5, Some((Uid(2), &chunks[1][..]))));
    let payout = due.payout(Vec::new(), (account(9), Rao(7)), None);
    assert_eq!((payout.before, payout.most), (0, 5));
    assert_eq!(payout.incentives, [1, 2, 3, 0, 4].map(Rao));
    assert_eq!(payout.fee, Rao(21));
    // The owner of the second neuron has 5 of its dividends of 50.
    let owed = [1, 7, 3, 0, 4].map(Rao).to_vec();
    let amount = Rao(60);
    let (parts, pay) = due.clone().paid(Paid { amount, owed }).unwrap();
    let part = |chunk, neurons, amount| PaidPart {
        chunk,
        neurons,
        amount: Rao(amount),
    };
    assert_eq!(parts, [part(1, 2, 53), part(0, 2, 3), part(2, 1, 4)]);
    let expected = [(2, 1, vec![1, 7]), (0, 0, vec![3, 0]), (4, 2, vec![4])];
    for (pay, (start, chunk, owed)) in pay.iter().zip(expected) {
        let results: &[NeuronResult] = &chunks[chunk];
        assert_eq!((pay.start, &pay.scores[..]), (Uid(start), results));
        let owed: Vec<Rao> = owed.into_iter().map(Rao).collect();
        assert_eq!(pay.owed, owed);
    }

    // A part of several would be paid too much of the fee, or too little.
    let part = Paid {
        amount: Rao(4),
        owed: [1, 0, 3].map(Rao).to_vec(),
    };
    assert_eq!(due.paid(part), Err(EpochError::NoRoom));
}

#[test]
fn pay_of_one_chunk_ends_where_emission_has_ended() {
    let chunks = [vec![result(1, 0), result(2, 6)]];
    let mut settling = settling(100, &chunks);
    let first = settling
        .due(NETUID, EPOCH, outcomes(&chunks, &[0]), 0)
        .unwrap();
    assert_eq!((first.most, first.with_dividends()), (1, None));
    let paid = Paid {
        amount: Rao(1),
        owed: vec![Rao(1)],
    };
    let (parts, pay) = first.paid(paid).unwrap();
    assert_eq!((parts[0].neurons, parts[0].amount), (1, Rao(1)));
    assert_eq!(pay[0].scores, [result(1, 0)]);
    assert_eq!(settling.record(0, 1, Rao(1)), Ok(false));

    let second = settling
        .due(NETUID, EPOCH, outcomes(&chunks, &[0]), 64)
        .unwrap();
    let (start, results) = second.with_dividends().unwrap();
    assert_eq!((start, results), (Uid(1), &[result(2, 6)][..]));
    let payout = second.payout(Vec::new(), (account(9), Rao(7)), None);
    assert_eq!((payout.before, payout.fee), (1, Rao(7)));
    let paid = Paid {
        amount: Rao(8),
        owed: vec![Rao(4)],
    };
    let (parts, pay) = second.paid(paid).unwrap();
    assert_eq!((parts[0].neurons, parts[0].amount), (1, Rao(8)));
    assert_eq!((pay[0].start, &pay[0].owed[..]), (Uid(1), &[Rao(4)][..]));
}

#[test]
fn each_chunk_earns_its_keeper_the_same() {
    let chunk = vec![result(0, 0); 2];
    let fee = |chunks: usize| settling(10, &vec![chunk.clone(); chunks]).settlement.fee;
    assert_eq!(fee(1), Rao(5));
    assert_eq!(fee(3), Rao(1));
    assert_eq!(fee(6), Rao(0));
    assert_eq!(fee(0), Rao(0));
}

#[test]
fn holds_the_next_close_up_for_the_window() {
    assert_eq!(settling(0, &[]).held_until(20), Ok(120));
}

#[test]
fn neurons_without_dividends_have_no_payment() {
    let neuron = |byte| Neuron {
        hotkey: account(byte),
        coldkey: account(byte + 100),
        registered_at: 0,
        registered_epoch: 0,
        generation: 0,
        identity: None,
    };
    let neurons = [neuron(1), neuron(2), neuron(3)];
    let paid = dividends(&neurons, &[result(5, 0), result(0, 0), result(7, 6)]);
    let expected = Payment {
        hotkey: account(3),
        coldkey: account(103),
        amount: Rao(6),
    };
    assert_eq!(paid, [(2, expected)]);
}

proptest! {
    /// In any order, each chunk is settled once, and the epoch is complete after the last.
    #[test]
    fn the_bitmap_counts_every_chunk(
        order in (1u16..40).prop_flat_map(|chunks| {
            let all: Vec<u16> = (0..chunks).collect();
            Just(all).prop_shuffle()
        }),
        odd in any::<bool>(),
    ) {
        let mut chunks = vec![vec![result(1, 1); 2]; order.len()];
        if odd {
            chunks.last_mut().unwrap().pop();
        }
        let neurons: usize = chunks.iter().map(Vec::len).sum();
        let budget = u64::try_from(2 * neurons).unwrap();
        let mut settling = settling(budget, &chunks);
        prop_assert_eq!(usize::from(settling.settlement.chunks()), chunks.len());
        for (done, chunk) in order.iter().enumerate() {
            prop_assert!(!settling.settlement.is_complete());
            let settled = (0..settling.settlement.chunks())
                .filter(|chunk| settling.settlement.is_settled(*chunk))
                .count();
            prop_assert_eq!(settled, done);
            let results = &chunks[usize::from(*chunk)];
            prop_assert!(settle(&mut settling, EPOCH, *chunk, results).is_ok());
            prop_assert_eq!(
                settle(&mut settling, EPOCH, *chunk, results),
                Err(EpochError::AlreadySettled)
            );
        }
        prop_assert!(settling.settlement.is_complete());
        prop_assert_eq!(settling.settlement.paid, settling.settlement.budget);
    }
}
