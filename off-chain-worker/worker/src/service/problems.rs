//! The present problems of a role: logged when they are found, and once.

use super::metrics;
use crate::roles::RoleError;
use inktensor_client::chain::ChainError;
use inktensor_primitives::NetUid;
use std::collections::{btree_map::Entry, BTreeMap};
use tracing::{debug, error, warn};

/// The problems of one role by subject, a subnet or the chain, and by kind.
#[derive(Debug)]
pub struct ProblemLog {
    role: &'static str,
    problems: BTreeMap<(Option<NetUid>, &'static str), Problem>,
    /// Number of the turn.
    turn: u64,
}

#[derive(Debug)]
struct Problem {
    text: String,
    /// Last turn in which the problem was found.
    found_in: u64,
}

impl ProblemLog {
    /// Creates the empty log of `role`.
    pub const fn of(role: &'static str) -> Self {
        Self {
            role,
            problems: BTreeMap::new(),
            turn: 0,
        }
    }

    /// Begins a turn.
    pub const fn begin_turn(&mut self) {
        self.turn = self.turn.wrapping_add(1);
    }

    /// Ends a turn that has looked at all subnets: problems that it did not find are solved.
    pub fn end_turn(&mut self) {
        self.solve(|_| true);
    }

    /// Removes the problems with a subnet that this turn has not found again.
    pub fn looked_at(&mut self, netuid: NetUid) {
        self.solve(|about| about == Some(netuid));
    }

    /// Adds the problem of a role with a subnet.
    pub fn add(&mut self, netuid: NetUid, problem: &RoleError) {
        let kind = metrics::role_error(problem);
        self.insert(Some(netuid), kind, problem.to_string(), problem.is_grave());
    }

    /// Adds the problem of a role that is not about a subnet.
    pub fn add_general(&mut self, problem: &RoleError) {
        let kind = metrics::role_error(problem);
        self.insert(None, kind, problem.to_string(), problem.is_grave());
    }

    /// Adds trouble with the chain.
    pub fn add_trouble(&mut self, trouble: &ChainError) {
        let kind = metrics::chain_error(trouble);
        self.insert(None, kind, trouble.to_string(), false);
    }

    /// Returns the number of problems.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.problems.len()
    }

    fn insert(&mut self, about: Option<NetUid>, kind: &'static str, text: String, is_grave: bool) {
        let found = Problem {
            text,
            found_in: self.turn,
        };
        let role = self.role;
        let known = self.problems.entry((about, kind));
        let is_known = matches!(&known, Entry::Occupied(known) if known.get().text == found.text);
        if !is_known {
            metrics::set_problem(role, about, kind, true);
            let netuid = about.map(|it| it.0);
            if is_grave {
                error!(role, netuid, kind, "{}", found.text);
            } else {
                warn!(role, netuid, kind, "{}", found.text);
            }
        }
        known.insert_entry(found);
    }

    fn solve(&mut self, is_about: impl Fn(Option<NetUid>) -> bool) {
        let (role, turn) = (self.role, self.turn);
        self.problems.retain(|(about, kind), problem| {
            let stays = problem.found_in == turn || !is_about(*about);
            if !stays {
                metrics::set_problem(role, *about, kind, false);
                let netuid = about.map(|it| it.0);
                debug!(role, netuid, kind, "no longer: {}", problem.text);
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_stays_until_its_subnet_is_looked_at_without_it() {
        let mut log = ProblemLog::of("watcher");
        let problem = |netuid| RoleError::AssertionUnknown { netuid };
        let (one, two) = (NetUid(1), NetUid(2));
        log.begin_turn();
        for netuid in [one, two] {
            log.add(netuid, &problem(netuid));
            log.looked_at(netuid);
        }
        log.add_trouble(&ChainError::BadAnswer);
        assert_eq!(log.len(), 3);
        // A turn that ends early has seen the first subnet only.
        log.begin_turn();
        log.looked_at(one);
        assert_eq!(log.len(), 2);
        log.begin_turn();
        log.looked_at(one);
        log.add(two, &problem(two));
        log.looked_at(two);
        log.end_turn();
        assert_eq!(log.len(), 1);
        log.begin_turn();
        log.end_turn();
        assert_eq!(log.len(), 0);
    }
}
