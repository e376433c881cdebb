//! Who gives way on a full subnet.
//!
//! The neuron of least emission that is not immune; among equals the older, then the lower uid. The subnet
//! owner's neuron never does.

use crate::pages::Standing;
use inktensor_primitives::{Rao, Uid};

/// A search over the pages of a subnet, in any order, one at a time: memory does not grow with the subnet.
#[derive(Clone, Debug)]
pub struct Search {
    now: u32,
    immunity_period: u32,
    owner: Option<Uid>,
    /// Least so far, in the order of comparison.
    least: Option<(Rao, u32, Uid)>,
}

impl Search {
    /// Starts at block `now`. `owner` is the seat of the subnet owner's neuron.
    pub fn new(now: u32, immunity_period: u32, owner: Option<Uid>) -> Self {
        Self {
            now,
            immunity_period,
            owner,
            least: None,
        }
    }

    /// Looks at the neurons from uid `start` on.
    pub fn page(&mut self, start: Uid, standings: &[Standing]) {
        for (standing, uid) in standings.iter().zip(start.0..) {
            let uid = Uid(uid);
            if self.is_immune(standing) || self.owner == Some(uid) {
                continue;
            }
            let candidate = (standing.score.emission, standing.registered_at, uid);
            if self.least.is_none_or(|least| candidate < least) {
                self.least = Some(candidate);
            }
        }
    }

    /// Who gives way, if anyone can be made to.
    pub fn found(&self) -> Option<Uid> {
        self.least.map(|(_, _, uid)| uid)
    }

    /// Immune from the block of its registration for `immunity_period` blocks.
    fn is_immune(&self, standing: &Standing) -> bool {
        self.now.saturating_sub(standing.registered_at) < self.immunity_period
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

    fn found(now: u32, immunity: u32, owner: Option<Uid>, standings: &[Standing]) -> Option<Uid> {
        let mut search = Search::new(now, immunity, owner);
        for (page, standings) in (0..).zip(standings.chunks(PAGE.into())) {
            search.page(Uid(page * PAGE), standings);
        }
        search.found()
    }

    #[test]
    fn least_emission_then_older_then_lower_uid() {
        let standings = [
            standing(5, 1),
            standing(3, 9),
            standing(3, 2),
            standing(3, 2),
        ];
        assert_eq!(found(100, 10, None, &standings), Some(Uid(2)));
        assert_eq!(found(100, 10, None, &standings[..2]), Some(Uid(1)));
    }

    #[test]
    fn immunity_ends_with_its_period() {
        let standings = [standing(0, 90), standing(7, 1)];
        assert_eq!(found(99, 10, None, &standings), Some(Uid(1)));
        assert_eq!(found(100, 10, None, &standings), Some(Uid(0)));
        assert_eq!(found(99, 100, None, &standings), None);
        assert_eq!(found(90, 0, None, &standings), Some(Uid(0)));
    }

    #[test]
    fn the_owner_never_gives_way() {
        let standings = [standing(0, 0), standing(7, 1)];
        assert_eq!(found(99, 10, Some(Uid(0)), &standings), Some(Uid(1)));
        assert_eq!(found(99, 10, Some(Uid(0)), &standings[..1]), None);
    }

    proptest! {
        /// Against a plain sort of the whole subnet.
        #[test]
        fn same_as_a_sort(
            standings in proptest::collection::vec((0u64..4, 0u32..60), 0..200),
            now in 60u32..120,
            immunity in 0u32..120,
            owner in proptest::option::of(0u16..200),
        ) {
            let standings: Vec<Standing> = standings.into_iter().map(|(e, at)| standing(e, at)).collect();
            let owner = owner.map(Uid);
            let mut order: Vec<(u64, u32, u16)> = (0u16..)
                .zip(&standings)
                .filter(|(uid, standing)| {
                    Some(Uid(*uid)) != owner && now >= standing.registered_at + immunity
                })
                .map(|(uid, standing)| (standing.score.emission.0, standing.registered_at, uid))
                .collect();
            order.sort_unstable();
            prop_assert_eq!(found(now, immunity, owner, &standings), order.first().map(|least| Uid(least.2)));
        }
    }
}
