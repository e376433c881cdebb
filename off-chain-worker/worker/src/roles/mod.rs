//! The roles of a worker: small state machines that read each subnet's status and take the next
//! step.
//!
//! # Terms
//! * **keeper**: closes due epochs, finalizes undisputed assertions, settles every chunk, and
//!   replays or rolls over epochs that no proposer posts.
//! * **proposer**: computes a closed epoch and posts it behind collateral.
//! * **watcher**: computes every closed epoch, and disputes false assertions.
//! * **clerk**: counts votes on proposals again, executes and closes proposals.
//!
//! * **turn**: a look at the subnets or proposals, which ends with the first transactions.
//!
//! The outcome needs no trust in a role: anyone may take any of these steps, and the chain checks
//! each. A role has no state beyond the [`EpochCache`](crate::epochs::EpochCache), whose store
//! survives the process. A worker may be killed at any instruction, and the next one continues.

mod clerk;
mod keeper;
mod proposer;
mod stakes;
mod standing;
mod subnets;
mod turn;
mod watcher;

pub use crate::error::RoleError;
pub use clerk::{Announcement, Clerk, Figures, ProposalFigures};
pub use keeper::{settlement_calls, Keeper};
pub use proposer::Proposer;
pub use subnets::{SubnetStatus, Subnets};
pub use turn::{Listener, Role, Turn, GROUP};
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
    /// Restarted the tempo of a subnet without neurons.
    TempoRestarted {
        /// The subnet.
        netuid: NetUid,
    },
    /// Added to its free collateral.
    CollateralAdded {
        /// Amount of the deposit.
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
        /// First false step.
        step: u32,
        /// Reward of the dispute.
        reward: Rao,
    },
    /// Made an epoch final.
    Finalized {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// Made the chain execute steps of an epoch that no proposer posts.
    Replayed {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// First step that is still to be executed.
        next: u32,
    },
    /// Rolled over an epoch without progress. Its budget goes to the next epoch.
    RolledOver {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// Amount that the next budget gets.
        carried: Rao,
    },
    /// Paid chunks of a final epoch, or as many neurons of one as a call has room for.
    Settled {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// The chunk that was paid first.
        chunk: u16,
        /// Number of chunks.
        chunks: u16,
        /// Pay of these neurons.
        paid: Rao,
    },
    /// Counted the stake of accounts again for the votes on a proposal.
    Recounted {
        /// The proposal.
        id: u32,
        /// Number of accounts.
        accounts: u16,
    },
    /// Executed a proposal.
    Executed {
        /// The proposal.
        id: u32,
    },
    /// Closed a proposal that nearly all votes are against.
    EndedEarly {
        /// The proposal.
        id: u32,
    },
    /// Paid a lost deposit to the treasury.
    Forfeited {
        /// The proposal.
        id: u32,
        /// Amount of the deposit.
        amount: Rao,
    },
}

/// The outcome of all turns until nothing is due. A problem on one subnet does not delay the
/// others.
#[derive(Debug, Default)]
pub struct TickReport {
    /// Steps taken, in order.
    pub actions: Vec<Action>,
    /// Subnets on which another account was first, with its sign. That is not a problem.
    pub overtaken: Vec<(NetUid, RoleError)>,
    /// Subnets on which the next step could not be taken, with the reason.
    pub problems: Vec<(NetUid, RoleError)>,
    /// Problems that are not about one subnet.
    pub general_problems: Vec<RoleError>,
    /// Proposals that the clerk has found.
    pub proposals: Vec<Announcement>,
    /// Figures of governance at the last look of a clerk.
    pub figures: Option<Figures>,
}

impl TickReport {
    /// Returns the steps taken.
    ///
    /// # Errors
    /// The first problem.
    pub fn clean(self) -> Result<Vec<Action>, RoleError> {
        let of_subnets = self.problems.into_iter().map(|(_, problem)| problem);
        match of_subnets.chain(self.general_problems).next() {
            None => Ok(self.actions),
            Some(problem) => Err(problem),
        }
    }
}

impl Listener for TickReport {
    fn took(&mut self, action: Action) {
        self.actions.push(action);
    }

    fn overtaken(&mut self, netuid: NetUid, how: RoleError) {
        self.overtaken.push((netuid, how));
    }

    fn problem(&mut self, netuid: NetUid, problem: RoleError) {
        self.problems.push((netuid, problem));
    }

    fn general_problem(&mut self, problem: RoleError) {
        self.general_problems.push(problem);
    }

    fn proposed(&mut self, announcement: &Announcement) {
        self.proposals.push(announcement.clone());
    }

    fn measured(&mut self, figures: Figures) {
        self.figures = Some(figures);
    }
}
