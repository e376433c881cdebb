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
    if limit == 0 {
        return;
    }
    let full = leaders.len() >= limit;
    let least = leaders.last().copied().filter(|_| full);
    // Once there are enough leaders, few candidates of a chunk lead.
    let mut fresh: Vec<u64> = Vec::with_capacity(candidates.len());
    fresh.extend(candidates.iter().filter(|key| least < Some(**key)));
    fresh.sort_unstable();
    let mut fresh = &fresh[..];
    while leaders.len().saturating_add(fresh.len()) > limit {
        let (least, lowest) = (leaders.last(), fresh.first());
        if fresh.is_empty() || (least.is_some() && least < lowest) {
            leaders.pop();
        } else {
            fresh = fresh.get(1..).unwrap_or_default();
        }
    }
    // From the lowest key on, each goes to its place at the end.
    let mut old = leaders.len();
    leaders.resize(old.saturating_add(fresh.len()), 0);
    let mut place = leaders.len();
    for key in fresh {
        loop {
            let before = old.wrapping_sub(1);
            let lower = leaders.get(before).filter(|other| *other < key).copied();
            place = place.wrapping_sub(1);
            if let Some(place) = leaders.get_mut(place) {
                *place = lower.unwrap_or(*key);
            }
            if lower.is_none() {
                break;
            }
            old = before;
        }
    }
}

/// Returns the uids of `leaders` and of the owner, ascending.
pub fn roster(leaders: &[u64], owner: Option<Uid>) -> Vec<Uid> {
    // Sorted as keys are: a second sort for another type would make the kernel larger.
    let mut uids: Vec<u64> = leaders.iter().map(|key| u64::from(low16(*key))).collect();
    uids.extend(owner.map(|owner| u64::from(owner.0)));
    uids.sort_unstable();
    uids.dedup();
    uids.into_iter().map(|uid| Uid(low16(uid))).collect()
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
    fn too_many_leaders_are_cut() {
        let mut leaders = vec![9, 5, 3];
        merge(&mut leaders, &[], 2);
        assert_eq!(leaders, [9, 5]);
    }

    #[test]
    fn no_permits_to_give() {
        let mut leaders = Vec::new();
        merge(&mut leaders, &[key(Q32(5), 0)], 0);
        assert_eq!(roster(&leaders, None), vec![]);
    }
}
