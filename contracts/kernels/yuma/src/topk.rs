//! The permits of the next epoch: the largest stakes, found chunk by chunk. [2.4, 5]

use crate::fixed::{low16, Q32};
use ink::prelude::vec::Vec;
use inktensor_primitives::Uid;

/// Returns a key that orders neurons by stake, then by uid. So the lower uid loses a tie.
pub fn key(stake: Q32, uid: u16) -> u64 {
    (stake.0 << 16) | u64::from(uid)
}

/// Keeps the `limit` largest keys of `leaders`, which is in descending order, and `candidates`.
pub fn merge(leaders: &mut Vec<u64>, candidates: &[u64], limit: usize) {
    let full = leaders.len() >= limit;
    let least = leaders.last().copied().filter(|_| full);
    // Ascending. A chunk has few, and fewer that lead: no sort would be faster.
    let mut fresh: Vec<u64> = Vec::with_capacity(candidates.len());
    for key in candidates.iter().filter(|key| least < Some(**key)) {
        fresh.insert(fresh.partition_point(|other| other < key), *key);
    }
    if fresh.is_empty() || limit == 0 {
        return;
    }
    let room = leaders.len().saturating_add(fresh.len()).min(limit);
    let mut merged = Vec::with_capacity(room);
    let mut old = leaders.iter().copied().peekable();
    while merged.len() < room {
        let next = match fresh.last() {
            Some(new) if old.peek().is_none_or(|old| old < new) => fresh.pop(),
            _ => old.next(),
        };
        merged.extend(next);
    }
    *leaders = merged;
}

/// Returns the uids of `leaders` and of the owner, ascending.
pub fn roster(leaders: &[u64], owner: Option<Uid>) -> Vec<Uid> {
    let mut uids: Vec<Uid> = leaders
        .iter()
        .map(|key| Uid(low16(*key)))
        .chain(owner)
        .collect();
    uids.sort_unstable();
    uids.dedup();
    uids
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_lower_uid_loses_a_tie() {
        let mut leaders = Vec::new();
        merge(
            &mut leaders,
            &[key(Q32(5), 0), key(Q32(9), 1), key(Q32(5), 2)],
            2,
        );
        merge(&mut leaders, &[key(Q32(5), 3)], 2);
        assert_eq!(roster(&leaders, None), vec![Uid(1), Uid(3)]);
    }

    proptest! {
        #[test]
        fn the_largest_of_all_chunks_are_kept(
            chunks in prop::collection::vec(prop::collection::vec(0u64..60, 0..9), 0..6),
            limit in 0usize..12,
        ) {
            let mut leaders = Vec::new();
            for chunk in &chunks {
                merge(&mut leaders, chunk, limit);
            }
            let mut all = chunks.concat();
            all.sort_unstable();
            all.reverse();
            all.truncate(limit);
            prop_assert_eq!(leaders, all);
        }
    }

    #[test]
    fn the_owner_is_added_once() {
        let leaders = [key(Q32(9), 4), key(Q32(5), 2)];
        assert_eq!(roster(&leaders, Some(Uid(0))), vec![Uid(0), Uid(2), Uid(4)]);
        assert_eq!(roster(&leaders, Some(Uid(4))), vec![Uid(2), Uid(4)]);
    }

    #[test]
    fn no_permits_to_give() {
        let mut leaders = Vec::new();
        merge(&mut leaders, &[key(Q32(5), 0)], 0);
        assert_eq!(roster(&leaders, None), vec![]);
    }
}
