//! The calls for epochs without a proposer.

use super::{ClosedEpoch, Protocol, SubnetModel};
use inktensor_primitives::{
    dispute::Opening,
    epoch::{EpochError, EpochRules},
    kernel::NeuronResult,
    AccountId, NetUid, Rao,
};

impl Protocol {
    /// Models `replay` of an epoch with `all` steps and `results`. `opens` is true if the memory
    /// argument is right. Returns the next step to execute.
    pub fn replay(
        &mut self,
        netuid: NetUid,
        who: AccountId,
        steps: u32,
        all: u32,
        opens: bool,
        results: &[Vec<NeuronResult>],
    ) -> Result<u32, EpochError> {
        let (block, rules) = (self.block, self.rules);
        let subnet = self.subnet(netuid);
        let due = subnet.replays_at(&rules);
        let closed = subnet.unasserted()?;
        if let Some(due) = due.filter(|due| block < *due) {
            return Err(EpochError::ReplayNotDue(due));
        }
        if steps == 0 {
            return Err(EpochError::NoSteps);
        }
        if !opens {
            return Err(EpochError::OpeningMismatch(Opening::Memory));
        }
        let next = all.min(closed.replayed + steps);
        let before = closed.earned();
        closed.all = all;
        closed.replayed = next;
        let fee = closed.earned().0 - before.0;
        if next == all {
            subnet.make_final(results.to_vec(), block);
        }
        self.account(who).balance.0 += fee;
        Ok(next)
    }

    /// Models `roll_over` while the kernel is unchanged. Emission decides on the next budget.
    pub fn roll_over(&mut self, netuid: NetUid) -> Result<(), EpochError> {
        let (block, rules) = (self.block, self.rules);
        let subnet = self.subnet(netuid);
        let due = subnet.rolls_over_at(&rules);
        subnet.unasserted()?;
        if let Some(due) = due.filter(|due| block < *due) {
            return Err(EpochError::RolloverNotDue(due));
        }
        subnet.closed = None;
        Ok(())
    }
}

impl SubnetModel {
    /// Returns the closed epoch, if no assertion stands.
    fn unasserted(&mut self) -> Result<&mut ClosedEpoch, EpochError> {
        match &mut self.closed {
            None => Err(EpochError::NothingClosed),
            Some(closed) if !closed.standing.is_empty() => Err(EpochError::AlreadyAsserted),
            Some(closed) => Ok(closed),
        }
    }

    /// Returns the first block at which the closed epoch can be replayed.
    pub fn replays_at(&self, rules: &EpochRules) -> Option<u32> {
        let closed = self.closed.as_ref()?;
        let free = closed.standing.is_empty();
        free.then(|| closed.closed_at + rules.replay_delay)
    }

    /// Returns the first block at which the closed epoch can be rolled over.
    pub fn rolls_over_at(&self, rules: &EpochRules) -> Option<u32> {
        let closed = self.closed.as_ref()?;
        let free = closed.standing.is_empty();
        let bought = rules.rollover_delay * closed.replayed / closed.all.max(1);
        free.then(|| closed.moved_at + rules.rollover_delay + bought)
    }
}

impl ClosedEpoch {
    /// Returns the part of the proposer's fee that replays have earned.
    pub(super) fn earned(&self) -> Rao {
        let pot = u128::from(self.proposer_fee.0);
        let earned = pot * u128::from(self.replayed) / u128::from(self.all.max(1));
        Rao(u64::try_from(earned).expect("a part of the pot"))
    }
}
