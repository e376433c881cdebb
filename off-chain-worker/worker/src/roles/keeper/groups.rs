//! Which chunks a keeper settles together.
//!
//! A call loads the code of five contracts. So chunks that a call settles whole share one: those
//! that are not begun and have no dividends.

use inktensor_primitives::epoch::{FinalChunk, Settlement, MAX_SETTLED};
use scale::Encode;

/// Most bytes of results and memory in a call of several chunks. The contract, which a chain gives
/// 1 MiB of memory, has them in ink!'s buffer, decoded, hashed and in events.
const ROOM: usize = 64 * 1024;

/// Divides the unsettled chunks of `finals` into calls. Each chunk has its own if they are to stand
/// `alone`.
pub fn settlement_calls(
    settling: &Settlement,
    finals: impl Iterator<Item = FinalChunk>,
    alone: bool,
) -> Vec<Vec<FinalChunk>> {
    let mut calls = Vec::new();
    let (mut group, mut size) = (Vec::new(), 0);
    for given in finals.filter(|it| !settling.is_settled(it.chunk)) {
        let is_alone = alone
            || settling.is_published(given.chunk)
            || given.results.iter().any(|it| !it.validator.is_zero());
        if is_alone {
            calls.push(vec![given]);
            continue;
        }
        let bytes = given.encoded_size();
        if group.len() >= usize::from(MAX_SETTLED) || (!group.is_empty() && size + bytes > ROOM) {
            calls.push(std::mem::take(&mut group));
            size = 0;
        }
        group.push(given);
        size += bytes;
    }
    if !group.is_empty() {
        calls.push(group);
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::{epoch::PartlySettled, kernel::NeuronResult, AccountId, Rao};

    /// A settlement of 20 chunks. Chunk 1 is settled, and chunk 2 in part.
    fn settling() -> Settlement {
        Settlement {
            epoch: 4,
            neurons: 20 * 64,
            chunk: 64,
            final_at: 9,
            settled: vec![0b10, 0, 0],
            partly: vec![PartlySettled {
                chunk: 2,
                neurons: 1,
            }],
            budget: Rao(9),
            paid: Rao(0),
            owner: AccountId([1; 32]),
            owner_hotkey: AccountId([2; 32]),
            fee: Rao(1),
        }
    }

    /// Chunks with this much memory. Chunk 3 has dividends.
    fn finals(memory: usize) -> impl Iterator<Item = FinalChunk> {
        (0..20).map(move |chunk| FinalChunk {
            chunk,
            results: vec![
                NeuronResult {
                    validator: Rao(u64::from(chunk == 3)),
                    ..NeuronResult::default()
                };
                64
            ],
            memory: vec![7; memory],
        })
    }

    fn chunks(calls: &[Vec<FinalChunk>]) -> Vec<Vec<u16>> {
        let of = |call: &Vec<FinalChunk>| call.iter().map(|it| it.chunk).collect();
        calls.iter().map(of).collect()
    }

    #[test]
    fn chunks_that_a_call_settles_whole_share_it() {
        let calls = settlement_calls(&settling(), finals(10), false);
        let expected = [
            vec![2],
            vec![3],
            vec![0, 4, 5, 6, 7, 8, 9, 10],
            (11..19).collect(),
            vec![19],
        ];
        assert_eq!(chunks(&calls), expected);
    }

    #[test]
    fn a_call_of_several_has_room_for_their_memory() {
        let calls = settlement_calls(&settling(), finals(20_000), false);
        assert_eq!(chunks(&calls)[2..4], [vec![0, 4], vec![5, 6]]);
        let calls = settlement_calls(&settling(), finals(100_000), false);
        assert!(calls.iter().all(|call| call.len() == 1));
    }

    #[test]
    fn chunks_stand_alone_after_a_call_that_was_refused() {
        let calls = settlement_calls(&settling(), finals(10), true);
        assert_eq!(calls.len(), 19);
        assert!(calls.iter().all(|call| call.len() == 1));
    }
}
