//! What can be done when no worker comes.

use super::{ClosedEpoch, Game, SubnetGame};
use inktensor_primitives::{
    dispute::Opening,
    epoch::{EpochError, EpochRules},
    kernel::NeuronResult,
    AccountId, NetUid, Rao,
};

impl Game {
    /// `replay` of an epoch that has `all` steps and comes to `results`, with the memory that these
    /// steps read or with other bytes. Returns the first step that is still to be executed.
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
        let before = closed.earned(all);
        closed.replayed = next;
        closed.moved_at = block;
        let fee = closed.earned(all).0 - before.0;
        if next == all {
            subnet.make_final(results.to_vec(), block);
        }
        self.account(who).purse.0 += fee;
        Ok(next)
    }

    /// `roll_over`, while the kernel is what it was. What the next budget gets is emission's
    /// business.
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

impl SubnetGame {
    /// The closed epoch, of which nothing is asserted.
    fn unasserted(&mut self) -> Result<&mut ClosedEpoch, EpochError> {
        match &mut self.closed {
            None => Err(EpochError::NothingClosed),
            Some(closed) if closed.standing.is_some() => Err(EpochError::AlreadyAsserted),
            Some(closed) => Ok(closed),
        }
    }

    /// First block at which the closed epoch can be replayed.
    pub fn replays_at(&self, rules: &EpochRules) -> Option<u32> {
        let closed = self.closed.as_ref()?;
        let free = closed.standing.is_none();
        free.then(|| closed.closed_at + rules.replay_delay)
    }

    /// First block at which the closed epoch can be given up.
    pub fn rolls_over_at(&self, rules: &EpochRules) -> Option<u32> {
        let closed = self.closed.as_ref()?;
        let free = closed.standing.is_none();
        free.then(|| closed.moved_at + rules.rollover_delay)
    }
}

impl ClosedEpoch {
    /// What replaying it has earned so far, if it has `all` steps: of the proposer's fee, the part
    /// that is done.
    fn earned(&self, all: u32) -> Rao {
        let pot = u128::from(self.proposer_fee.0);
        let earned = pot * u128::from(self.replayed) / u128::from(all);
        Rao(u64::try_from(earned).expect("a part of the pot"))
    }
}
