//! What a worker does on a chain: small state machines that look where each subnet's epoch stands
//! and take the next step.
//!
//! # Terms
//! * **keeper**: closes epochs that are due, finalises what nobody disputed, settles every chunk,
//!   and ends what no proposer posts.
//! * **proposer**: computes a closed epoch and posts it behind collateral.
//! * **watcher**: computes what others have posted, and disputes what is false.
//! * **ledger**: what the worker has computed itself; all roles read it.
//!
//! Nothing here is needed to trust the outcome: anyone may take any of these steps, and the chain
//! checks each. A role keeps no state of its own beyond the [`Ledger`], and the ledger's store
//! survives the process: a worker may be killed at any instruction, and the next one goes on.

mod error;
mod keeper;
mod proposer;
mod tick;
mod watcher;

pub use error::RoleError;
pub use keeper::Keeper;
pub use proposer::Proposer;
pub use watcher::Watcher;

use inktensor_primitives::{NetUid, Rao};

/// A step that a role has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Closed an epoch.
    Closed {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// Started the tempo of a subnet without neurons anew.
    RolledOver {
        /// The subnet.
        netuid: NetUid,
    },
    /// Added to its free collateral.
    CollateralAdded {
        /// How much.
        amount: Rao,
    },
    /// Posted an epoch.
    Proposed {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// Disproved an assertion.
    Disputed {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// Its first false step.
        step: u32,
        /// What it earned.
        reward: Rao,
    },
    /// Made an epoch final.
    Finalized {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// Let the chain execute steps of an epoch that nobody posted.
    Replayed {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// The first step that is still to be executed.
        next: u32,
    },
    /// Gave up an epoch that did not move: its budget goes to the next one.
    GivenUp {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// What the next budget gets.
        carried: Rao,
    },
    /// Paid a chunk of a final epoch.
    Settled {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// The chunk.
        chunk: u16,
        /// What it was paid.
        paid: Rao,
    },
}

/// What came of looking at all subnets once. A problem on one subnet keeps no other waiting.
#[derive(Debug, Default)]
pub struct Report {
    /// The steps taken, in order.
    pub actions: Vec<Action>,
    /// Subnets on which somebody else was quicker, and how that showed. It is no problem.
    pub overtaken: Vec<(NetUid, RoleError)>,
    /// Subnets on which the next step could not be taken, and why.
    pub problems: Vec<(NetUid, RoleError)>,
}

impl Report {
    /// The steps taken, or the first problem.
    ///
    /// # Errors
    /// The first problem.
    pub fn clean(self) -> Result<Vec<Action>, RoleError> {
        match self.problems.into_iter().next() {
            None => Ok(self.actions),
            Some((_, problem)) => Err(problem),
        }
    }
}
