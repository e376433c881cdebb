//! The order in which a full subnet replaces its neurons.
//!
//! The neuron with the least emission is replaced first; among equals the older, then the lower
//! uid. Neurons without immunity come before immune ones, while their number is above a minimum. At
//! the minimum the least immune neuron is replaced, so that newcomers cannot push all others out.
//! The first neurons of the subnet's owner are never replaced. Source: subtensor-reference.md 4.9.
//!
//! The reference refuses a registration if neither rule finds a neuron. That happens only on a very
//! small subnet without immune neurons, whose replaceable ones are no more than the minimum. Here
//! the least of them is replaced.

use crate::pages::Standing;
use ink::prelude::vec::Vec;
use inktensor_primitives::{Rao, Uid};

/// Most candidates that a search returns.
pub const MOST_CANDIDATES: usize = 16;

/// A neuron, ordered by emission, registration and uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Pay of the last settled epoch.
    pub emission: Rao,
    /// Block of the registration.
    pub registered_at: u32,
    /// The neuron's uid.
    pub uid: Uid,
}

/// A search over the pages of a subnet, one at a time and in any order. Memory does not grow with
/// the subnet.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    now: u32,
    immunity_period: u32,
    /// Seats that are never replaced.
    kept: &'a [Uid],
    wanted: usize,
    /// Least candidates without immunity so far, in order.
    exposed: Vec<Candidate>,
    /// Least immune candidates so far, in order.
    immune: Vec<Candidate>,
    /// Number of all candidates without immunity.
    exposed_count: u16,
}

impl<'a> Search<'a> {
    /// Starts a search for `wanted` candidates at block `now`. `kept` are the owner's seats that
    /// are never replaced.
    pub fn new(now: u32, immunity_period: u32, kept: &'a [Uid], wanted: usize) -> Self {
        Self {
            now,
            immunity_period,
            kept,
            wanted: wanted.min(MOST_CANDIDATES),
            exposed: Vec::new(),
            immune: Vec::new(),
            exposed_count: 0,
        }
    }

    /// Adds the neurons from uid `start` on.
    pub fn page(&mut self, start: Uid, standings: &[Standing]) {
        for (standing, uid) in standings.iter().zip(start.0..) {
            let uid = Uid(uid);
            if self.kept.contains(&uid) {
                continue;
            }
            let candidate = Candidate {
                emission: standing.score.emission,
                registered_at: standing.registered_at,
                uid,
            };
            if is_immune(standing.registered_at, self.now, self.immunity_period) {
                insert(&mut self.immune, candidate, self.wanted);
            } else {
                self.exposed_count = self.exposed_count.saturating_add(1);
                insert(&mut self.exposed, candidate, self.wanted);
            }
        }
    }

    /// Returns the candidates in order of replacement, each with true if it is immune. At least
    /// `min_non_immune` neurons without immunity stay before immune ones are replaced.
    pub fn found(self, min_non_immune: u16) -> Vec<(Candidate, bool)> {
        let spare = usize::from(self.exposed_count.saturating_sub(min_non_immune));
        let (first, last) = self.exposed.split_at(spare.min(self.exposed.len()));
        let first = first.iter().map(|it| (*it, false));
        let immune = self.immune.iter().map(|it| (*it, true));
        let last = last.iter().map(|it| (*it, false));
        first.chain(immune).chain(last).take(self.wanted).collect()
    }
}

/// Returns true within `immunity_period` blocks from the registration on.
fn is_immune(registered_at: u32, now: u32, immunity_period: u32) -> bool {
    now.saturating_sub(registered_at) < immunity_period
}

/// Inserts `candidate` if it is among the least `wanted`.
fn insert(least: &mut Vec<Candidate>, candidate: Candidate, wanted: usize) {
    let place = least.partition_point(|it| *it < candidate);
    if place < wanted {
        least.insert(place, candidate);
        least.truncate(wanted);
    }
}

#[cfg(test)]
mod tests;
