//! Who gives way on a full subnet.
//!
//! The neuron of least emission; among equals the older, then the lower uid. Neurons that are no
//! longer immune come first, as long as there are more of them than the minimum; while there are
//! not, the least of the immune ones gives way, so that newcomers cannot drive all others out. The
//! first neurons of the subnet's owner never do. Source: subtensor-reference.md 4.9.
//!
//! The reference refuses a registration where neither rule finds a neuron. That can only be where
//! all that are not the owner's can be replaced and are no more than the minimum, on a very small
//! subnet: there the least of them gives way.

use crate::pages::Standing;
use ink::prelude::vec::Vec;
use inktensor_primitives::{Rao, Uid};

/// Most candidates that can be asked for.
pub const MOST_CANDIDATES: usize = 16;

/// A neuron in the order of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// What the last settled epoch paid it.
    pub emission: Rao,
    /// Block of its registration.
    pub registered_at: u32,
    /// Its uid.
    pub uid: Uid,
}

/// A search over the pages of a subnet, in any order, one at a time: memory does not grow with the
/// subnet.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    now: u32,
    immunity_period: u32,
    spared: &'a [Uid],
    wanted: usize,
    /// The least so far that can be replaced, in order.
    ripe: Vec<Candidate>,
    /// The least so far that are immune, in order.
    immune: Vec<Candidate>,
    /// How many can be replaced in all.
    ripe_count: u16,
}

impl<'a> Search<'a> {
    /// Starts at block `now` a search for `wanted` candidates. `spared` are the seats of the owner
    /// that never give way.
    pub fn new(now: u32, immunity_period: u32, spared: &'a [Uid], wanted: usize) -> Self {
        Self {
            now,
            immunity_period,
            spared,
            wanted: wanted.min(MOST_CANDIDATES),
            ripe: Vec::new(),
            immune: Vec::new(),
            ripe_count: 0,
        }
    }

    /// Looks at the neurons from uid `start` on.
    pub fn page(&mut self, start: Uid, standings: &[Standing]) {
        for (standing, uid) in standings.iter().zip(start.0..) {
            let uid = Uid(uid);
            if self.spared.contains(&uid) {
                continue;
            }
            let candidate = Candidate {
                emission: standing.score.emission,
                registered_at: standing.registered_at,
                uid,
            };
            if is_immune(standing.registered_at, self.now, self.immunity_period) {
                keep(&mut self.immune, candidate, self.wanted);
            } else {
                self.ripe_count = self.ripe_count.saturating_add(1);
                keep(&mut self.ripe, candidate, self.wanted);
            }
        }
    }

    /// Who gives way, in this order, if no more than `min_non_immune` of those that can be replaced
    /// are to be left, and whether each is immune.
    pub fn found(self, min_non_immune: u16) -> Vec<(Candidate, bool)> {
        let spare = usize::from(self.ripe_count.saturating_sub(min_non_immune));
        let (ripe, kept) = self.ripe.split_at(spare.min(self.ripe.len()));
        let ripe = ripe.iter().map(|it| (*it, false));
        let immune = self.immune.iter().map(|it| (*it, true));
        let kept = kept.iter().map(|it| (*it, false));
        ripe.chain(immune).chain(kept).take(self.wanted).collect()
    }
}

/// Immune from the block of its registration for `immunity_period` blocks.
fn is_immune(registered_at: u32, now: u32, immunity_period: u32) -> bool {
    now.saturating_sub(registered_at) < immunity_period
}

/// Keeps `candidate` if it is among the least `wanted`.
fn keep(least: &mut Vec<Candidate>, candidate: Candidate, wanted: usize) {
    let place = least.partition_point(|it| *it < candidate);
    if place < wanted {
        least.insert(place, candidate);
        least.truncate(wanted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::{kernel::NeuronResult, Versioned, PAGE};
    use proptest::prelude::*;

    fn standing(emission: u64, registered_at: u32) -> Standing {
        Standing {
            registered_at,
            tenure: Versioned::new(0, None),
            score: NeuronResult {
                emission: Rao(emission),
                ..NeuronResult::default()
            },
        }
    }

    /// The uids that give way, in order, at block `now`.
    fn order(now: u32, immunity: u32, min: u16, spared: &[Uid], all: &[Standing]) -> Vec<u16> {
        let mut search = Search::new(now, immunity, spared, MOST_CANDIDATES);
        for (page, standings) in (0..).zip(all.chunks(PAGE.into())) {
            search.page(Uid(page * PAGE), standings);
        }
        let found = search.found(min).into_iter();
        found.map(|(candidate, _)| candidate.uid.0).collect()
    }

    /// Orders computed by hand from the rule of subtensor-reference.md 4.9. At block 100 with an
    /// immunity of 10, who registered after block 90 is immune.
    #[test]
    fn orders_are_those_of_the_rule() {
        let s = standing;
        let all = [s(5, 1), s(3, 9), s(3, 2), s(3, 2), s(0, 95), s(1, 99)];
        for (min, spared, expected) in [
            // Emission, then age, then uid; the immune ones last.
            (0, vec![], vec![2, 3, 1, 0, 4, 5]),
            // Two must stay: after two have gone the immune ones are next.
            (2, vec![], vec![2, 3, 4, 5, 1, 0]),
            (4, vec![], vec![4, 5, 2, 3, 1, 0]),
            (10, vec![], vec![4, 5, 2, 3, 1, 0]),
            // The owner's are no candidates, and do not count.
            (0, vec![Uid(2)], vec![3, 1, 0, 4, 5]),
            (3, vec![Uid(2)], vec![4, 5, 3, 1, 0]),
        ] {
            assert_eq!(order(100, 10, min, &spared, &all), expected, "{min}");
        }
    }

    #[test]
    fn immunity_ends_with_its_period() {
        let all = [standing(0, 90), standing(7, 1)];
        assert_eq!(order(99, 10, 0, &[], &all), [1, 0]);
        assert_eq!(order(100, 10, 0, &[], &all), [0, 1]);
        assert_eq!(order(90, 0, 0, &[], &all), [0, 1]);
    }

    #[test]
    fn the_owners_never_give_way() {
        let all = [standing(0, 0), standing(7, 1)];
        assert_eq!(order(99, 10, 0, &[Uid(0)], &all), [1]);
        assert!(order(99, 10, 0, &[Uid(0)], &all[..1]).is_empty());
    }

    proptest! {
        /// Against a plain sort of the whole subnet.
        #[test]
        fn same_as_a_sort(
            standings in proptest::collection::vec((0u64..4, 0u32..60), 0..200),
            now in 60u32..120,
            immunity in 0u32..120,
            min in 0u16..30,
            spared in proptest::collection::vec(0u16..200, 0..4),
        ) {
            let standings: Vec<Standing> = standings.into_iter().map(|(e, at)| standing(e, at)).collect();
            let spared: Vec<Uid> = spared.into_iter().map(Uid).collect();
            let (mut ripe, mut immune) = (Vec::new(), Vec::new());
            for (uid, it) in (0u16..).zip(&standings) {
                if !spared.contains(&Uid(uid)) {
                    let key = (it.score.emission.0, it.registered_at, uid);
                    let group = if now < it.registered_at + immunity { &mut immune } else { &mut ripe };
                    group.push(key);
                }
            }
            ripe.sort_unstable();
            immune.sort_unstable();
            let spare = ripe.len().saturating_sub(min.into());
            let expected: Vec<u16> = ripe[..spare]
                .iter()
                .chain(&immune)
                .chain(&ripe[spare..])
                .map(|key| key.2)
                .take(MOST_CANDIDATES)
                .collect();
            let found = order(now, immunity, min, &spared, &standings);
            // Those that must stay are only listed as far as they are among the least.
            let sure = expected.len().min(spare.min(MOST_CANDIDATES) + immune.len());
            prop_assert_eq!(&found[..sure.min(found.len())], &expected[..sure.min(found.len())]);
            prop_assert_eq!(found.first(), expected.first());
        }
    }
}
