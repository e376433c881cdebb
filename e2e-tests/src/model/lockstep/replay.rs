//! The actions on epochs without a proposer.

use super::Lockstep;
use crate::model::Given;
use inktensor_primitives::{AccountId, NetUid};

impl Lockstep {
    /// Replays steps of the closed epoch.
    pub(super) fn replay(&mut self, netuid: NetUid, who: AccountId, steps: u32, given: Given) {
        let closed = self.protocol.subnets[&netuid].closed.as_ref();
        let right = closed.map(|closed| self.net.memory_for(netuid, closed.replayed, steps));
        let right = right.unwrap_or_default();
        let memory = given.of(right.clone());
        let opens = memory == right;
        let answer = self.net.as_(who).replay(netuid, steps, memory);
        let (all, results) = match self.known.get(&netuid) {
            Some(known) => (known.assertion.steps.len(), known.trace.results.clone()),
            None => (0, Vec::new()),
        };
        let all = u32::try_from(all).expect("few steps");
        let expected = self
            .protocol
            .replay(netuid, who, steps, all, opens, &results);
        assert_eq!(answer, expected);
        if answer.is_ok() {
            let known = &self.known[&netuid];
            if answer == Ok(all) {
                self.net.observer.record_honest(netuid, &known.trace);
                assert_eq!(self.net.roster(netuid), known.assertion.roster);
            }
        }
        let kind = match answer {
            Ok(next) if next == all => "replay to the end",
            _ => "replay",
        };
        self.done(kind, &answer);
    }

    /// Rolls the closed epoch over.
    pub(super) fn roll_over(&mut self, netuid: NetUid, who: AccountId) {
        let closed = self.protocol.subnets[&netuid].closed.as_ref();
        let budget = closed.and_then(|closed| self.net.budget(netuid, closed.epoch));
        let pending = self.net.pending(netuid);
        let answer = self.net.as_(who).roll_over(netuid);
        assert_eq!(
            answer.as_ref().map(|_| ()),
            self.protocol.roll_over(netuid).as_ref().map(|_| ())
        );
        if let Ok(carried) = &answer {
            let budget = budget.expect("it was drawn");
            assert_eq!(Some(*carried), budget.unspent(), "nothing is lost");
            let now = self.net.pending(netuid);
            assert_eq!(now.0, pending.0 + carried.0, "the next budget has it");
        }
        self.done("roll over", &answer);
    }
}
