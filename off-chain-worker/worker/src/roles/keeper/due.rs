//! The step that is due on a subnet.

use crate::roles::standing::{standing, StandingAssertion};
use inktensor_primitives::{
    epoch::{EpochStatus, Settlement, Stage},
    NetUid,
};

/// The step that is due on a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DueStep {
    /// Chunks of the final epoch are to be settled.
    Settle,
    /// The challenge period of this assertion is over.
    Finalize(StandingAssertion),
    /// The tempo is over.
    Close,
    /// The chain can execute the closed epoch from step `next` on.
    Replay { next: u32 },
    /// The closed epoch makes no progress; it can be rolled over from block `due_at` on.
    RollOver { due_at: u32 },
    /// No step is due.
    Nothing,
}

impl DueStep {
    /// Returns the step that is due at `block`. Settling comes first: the next epoch cannot close
    /// before, or pay would be lost to its window. A replay comes before a rollover: it saves the
    /// epoch.
    pub fn at(netuid: NetUid, status: &EpochStatus, block: u32, replays: bool) -> Self {
        let settling = status.settling.as_ref();
        if settling.is_some_and(|settling| !Settlement::is_complete(settling)) {
            return DueStep::Settle;
        }
        let is_due = |at: Option<u32>| at.is_some_and(|at| block >= at);
        if status.stage == Stage::Closed && replays && is_due(status.replays_at) {
            return DueStep::Replay {
                next: status.replayed,
            };
        }
        if let Some(due_at) = status.rolls_over_at.filter(|at| block >= *at) {
            return DueStep::RollOver { due_at };
        }
        if status.stage == Stage::Open && block >= status.closes_at {
            return DueStep::Close;
        }
        // The deadline of the first passes first, and it alone can be finalized.
        match standing(netuid, status).first() {
            Some(first) if block >= first.deadline => DueStep::Finalize(*first),
            _ => DueStep::Nothing,
        }
    }
}
