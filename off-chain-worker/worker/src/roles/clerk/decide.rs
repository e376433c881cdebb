//! The clerk's decisions, without a chain.
//!
//! A decision that is wrong costs a fee at most: the contract checks every step.

use inktensor_primitives::{
    governance::{Ballot, ProposalView, State},
    staking::{Proxy, Standing},
    AccountId, Rao,
};
use std::collections::BTreeMap;

/// Least difference in rao for which an account is recounted: 0.001 TAO. So moves of single rao
/// cost the clerk no fees.
const LEAST_DIFFERENCE: u64 = 1_000_000;
/// Longest wait in blocks between two attempts at a step that fails: an hour.
const LONGEST_WAIT: u32 = 300;
/// Number of votes against for each vote in favour above which a proposal may be closed, and a
/// deposit lost: a fifth of all votes is a quarter of those against.
const NAYS_PER_AYE: u128 = 4;

/// Returns the account's own stake that counts: the smaller of then and now.
pub fn counted(standing: &Standing) -> Rao {
    match standing.proxy {
        // Stake that was set aside has no vote.
        Proxy::Aside => Rao::ZERO,
        Proxy::None | Proxy::Account(_) => standing.own.min(standing.own_now),
    }
}

/// Returns the proxy of an account at the snapshot.
pub const fn proxy(standing: &Standing) -> Option<AccountId> {
    match standing.proxy {
        Proxy::Account(proxy) => Some(proxy),
        Proxy::None | Proxy::Aside => None,
    }
}

/// Returns true if a recount of the account changes the votes: `ballot` is the account's, and
/// `has_proxy_voted` is true if its proxy at the snapshot has a vote.
pub fn is_stale(standing: &Standing, ballot: Option<&Ballot>, has_proxy_voted: bool) -> bool {
    let ballot = ballot.copied().unwrap_or_default();
    let counted = counted(standing);
    let difference = if ballot.choice.is_some() {
        counted.0.abs_diff(ballot.own.0)
    } else if has_proxy_voted && proxy(standing).is_some() {
        let gone = standing.own.0.saturating_sub(counted.0);
        gone.abs_diff(ballot.share.0)
    } else {
        0
    };
    difference >= LEAST_DIFFERENCE
}

/// A step that ends a proposal, or follows its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Executes a proposal.
    Execute,
    /// Closes a proposal early.
    Close,
    /// Pays a lost deposit to the treasury.
    Forfeit,
}

/// Returns the step that a proposal may need. A dry run decides if the contract takes it.
pub fn step_of(proposal: &ProposalView) -> Option<Step> {
    let tally = proposal.tally;
    let (ayes, nays) = (tally.ayes.to_u128(), tally.nays.to_u128());
    let is_refused = ayes.saturating_mul(NAYS_PER_AYE) < nays;
    let holds_deposit = proposal.snapshot.is_some() && !proposal.put.is_zero();
    match proposal.state {
        State::Ready(_) => Some(Step::Execute),
        State::Voting(_) if is_refused => Some(Step::Close),
        State::Rejected | State::Cancelled | State::Closed if holds_deposit => Some(Step::Forfeit),
        _ => None,
    }
}

/// Returns the block at which a state ends by itself. Absent for a final state.
pub const fn ends_at(state: State) -> Option<u32> {
    match state {
        State::Draft(at)
        | State::Lead(at)
        | State::Voting(at)
        | State::Confirming(at)
        | State::Queued(at)
        | State::Ready(at) => Some(at),
        _ => None,
    }
}

/// Returns the name of a state.
pub const fn state_name(state: State) -> &'static str {
    match state {
        State::Draft(_) => "draft",
        State::Lead(_) => "lead",
        State::Voting(_) => "voting",
        State::Confirming(_) => "confirming",
        State::Queued(_) => "queued",
        State::Ready(_) => "ready",
        State::Executed => "executed",
        State::Rejected => "rejected",
        State::Lapsed => "lapsed",
        State::Expired => "expired",
        State::Withdrawn => "withdrawn",
        State::Cancelled => "cancelled",
        State::Vetoed => "vetoed",
        State::Closed => "closed",
    }
}

/// Steps that the contract does not take now. They are tried again, less often each time.
#[derive(Debug, Default)]
pub struct Attempts {
    failed: BTreeMap<(u32, Step), Failure>,
}

#[derive(Debug)]
struct Failure {
    times: u32,
    /// First block of the next attempt.
    next: u32,
    reason: String,
}

impl Attempts {
    /// Returns true if the step of proposal `id` should be tried at `block`.
    pub fn is_due(&self, id: u32, step: Step, block: u32) -> bool {
        let failure = self.failed.get(&(id, step));
        failure.is_none_or(|failure| block >= failure.next)
    }

    /// Records that the step failed at `block`.
    pub fn fail(&mut self, id: u32, step: Step, block: u32, reason: String) {
        let times = self.failed.get(&(id, step)).map_or(0, |it| it.times);
        let wait = 2u32.saturating_pow(times).min(LONGEST_WAIT);
        let failure = Failure {
            times: times.saturating_add(1),
            next: block.saturating_add(wait),
            reason,
        };
        self.failed.insert((id, step), failure);
    }

    /// Forgets the failures of a step that was taken.
    pub fn succeed(&mut self, id: u32, step: Step) {
        self.failed.remove(&(id, step));
    }

    /// Forgets the failures of steps that `is_wanted` does not accept.
    pub fn retain(&mut self, is_wanted: impl Fn(u32, Step) -> bool) {
        self.failed.retain(|(id, step), _| is_wanted(*id, *step));
    }

    /// Returns the reasons why ready proposals cannot be executed, by number.
    pub fn unexecuted(&self) -> Vec<(u32, String)> {
        let failed = self.failed.iter();
        failed
            .filter(|((_, step), _)| *step == Step::Execute)
            .map(|((id, _), failure)| (*id, failure.reason.clone()))
            .collect()
    }
}
