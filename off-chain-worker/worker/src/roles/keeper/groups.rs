//! Which chunks a keeper settles together.
//!
//! A call loads the code of five contracts, so chunks that a call settles whole share one: those
//! that are not begun, and of which only the first has dividends.

use crate::epochs::Sharing;
use inktensor_primitives::epoch::{FinalChunk, Settlement};
use scale::Encode;

/// Most bytes of results and memory in a call of several chunks. The contract, which a chain gives
/// 1 MiB of memory, has them in ink!'s buffer, decoded, hashed and in events.
const ROOM: usize = 192 * 1024;

/// Most accesses of storage in a call of several chunks. A chain charges about 10 KiB of proof for
/// each, and a message may have 3.75 MiB.
const ACCESSES: usize = 288;
/// Accesses of a chunk, and of a neuron with dividends that has no parents.
const OF_CHUNK: usize = 8;
const OF_DIVIDENDS: usize = 4;

/// Chunks that share a call.
#[derive(Default)]
struct Group {
    chunks: Vec<FinalChunk>,
    bytes: usize,
    accesses: usize,
}

impl Group {
    fn of(chunk: FinalChunk) -> Self {
        let mut group = Self::default();
        group.add(chunk);
        group
    }

    /// Returns true if `chunk`, which has no dividends, has room in a call of at most `most`.
    fn has_room(&self, chunk: &FinalChunk, most: u16) -> bool {
        self.chunks.len() < usize::from(most)
            && self.bytes.saturating_add(chunk.encoded_size()) <= ROOM
            && self.accesses.saturating_add(OF_CHUNK) <= ACCESSES
    }

    fn add(&mut self, chunk: FinalChunk) {
        let dividends = OF_DIVIDENDS.saturating_mul(dividends(&chunk));
        self.bytes = self.bytes.saturating_add(chunk.encoded_size());
        let accesses = OF_CHUNK.saturating_add(dividends);
        self.accesses = self.accesses.saturating_add(accesses);
        self.chunks.push(chunk);
    }
}

/// Returns the number of neurons with dividends.
fn dividends(chunk: &FinalChunk) -> usize {
    let paid = chunk.results.iter().filter(|it| !it.validator.is_zero());
    paid.count()
}

/// Divides the chunks of `finals` that `settling` does not have settled into calls. Nothing is
/// settled if it is `None`.
pub fn settlement_calls(
    settling: Option<&Settlement>,
    finals: impl Iterator<Item = FinalChunk>,
    sharing: Sharing,
) -> Vec<Vec<FinalChunk>> {
    let is_settled = |chunk| settling.is_some_and(|it| it.is_settled(chunk));
    let is_begun = |chunk| settling.is_some_and(|it| it.is_published(chunk));
    let unsettled = finals.filter(|it| !is_settled(it.chunk));
    // A chunk that is begun has a call of its own. The others lead calls, or join them.
    let (mut alone, mut leading, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for given in unsettled {
        if is_begun(given.chunk) {
            alone.push(vec![given]);
        } else if dividends(&given) == 0 {
            others.push(given);
        } else if sharing.with_dividends {
            leading.push(Group::of(given));
        } else {
            alone.push(vec![given]);
        }
    }
    for given in others {
        let has_room = |group: &&mut Group| group.has_room(&given, sharing.chunks);
        match leading.iter_mut().find(has_room) {
            Some(group) => group.add(given),
            None => leading.push(Group::of(given)),
        }
    }
    let groups = leading.into_iter().map(|group| group.chunks);
    alone.into_iter().chain(groups).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::{epoch::PartlySettled, kernel::NeuronResult, AccountId, Rao};

    /// A settlement of 40 chunks. Chunk 1 is settled, and chunk 2 in part.
    fn settling() -> Settlement {
        Settlement {
            epoch: 4,
            neurons: 40 * 64,
            chunk: 64,
            final_at: 9,
            settled: vec![0b10, 0, 0, 0, 0],
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

    /// Chunks with this much memory. As many neurons of chunk 3 have `dividends`, and all of
    /// chunk 5.
    fn finals(memory: usize, dividends: usize) -> impl Iterator<Item = FinalChunk> {
        (0..40).map(move |chunk| {
            let paid = match chunk {
                3 => dividends,
                5 => 64,
                _ => 0,
            };
            let result = |place| NeuronResult {
                validator: Rao(u64::from(place < paid)),
                ..NeuronResult::default()
            };
            FinalChunk {
                chunk,
                results: (0..64).map(result).collect(),
                memory: vec![7; memory],
            }
        })
    }

    fn chunks(finals: impl Iterator<Item = FinalChunk>, sharing: Sharing) -> Vec<Vec<u16>> {
        let calls = settlement_calls(Some(&settling()), finals, sharing);
        let of = |call: &Vec<FinalChunk>| call.iter().map(|it| it.chunk).collect();
        calls.iter().map(of).collect()
    }

    #[test]
    fn chunks_that_a_call_settles_whole_share_it() {
        let with = |first: u16, others: &[u16]| -> Vec<u16> {
            [first].into_iter().chain(others.iter().copied()).collect()
        };
        let expected = [
            vec![2],
            with(3, &[0, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]),
            vec![5, 19, 20, 21],
            (22..38).collect(),
            vec![38, 39],
        ];
        assert_eq!(chunks(finals(10, 2), Sharing::ALL), expected);
        // None has room beside two chunks of validators.
        let expected = [
            vec![2],
            vec![3, 0, 4, 6],
            vec![5, 7, 8, 9],
            (10..26).collect(),
            (26..40).collect(),
        ];
        assert_eq!(chunks(finals(10, 64), Sharing::ALL), expected);
    }

    #[test]
    fn fewer_chunks_share_a_call_after_one_that_was_refused() {
        let without_dividends = Sharing::ALL.less(16);
        let found = chunks(finals(10, 2), without_dividends);
        let first: Vec<u16> = [0, 4].into_iter().chain(6..20).collect();
        let expected = [
            vec![2],
            vec![3],
            vec![5],
            first,
            (20..36).collect(),
            (36..40).collect(),
        ];
        assert_eq!(found, expected);
        let found = chunks(finals(10, 2), without_dividends.less(16));
        assert_eq!(found[3], [0, 4, 6, 7, 8, 9, 10, 11]);
        let found = chunks(finals(10, 2), without_dividends.less(2));
        assert_eq!(found.len(), 39);
        assert!(found.iter().all(|call| call.len() == 1));
    }

    #[test]
    fn a_call_of_several_has_room_for_their_memory() {
        let found = chunks(finals(60_000, 2), Sharing::ALL);
        assert_eq!(found[1..4], [vec![3, 0, 4], vec![5, 6, 7], vec![8, 9, 10]]);
        let found = chunks(finals(200_000, 2), Sharing::ALL);
        assert!(found.iter().all(|call| call.len() == 1));
    }

    #[test]
    fn nothing_is_settled_of_an_epoch_that_is_not_final() {
        let calls = settlement_calls(None, finals(10, 2).take(5), Sharing::ALL);
        let found: Vec<u16> = calls.concat().iter().map(|it| it.chunk).collect();
        assert_eq!((calls.len(), found), (1, vec![3, 0, 1, 2, 4]));
    }
}
