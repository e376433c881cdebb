//! The log lines of a worker's steps, and of new proposals.

use crate::roles::{Action, Announcement};
use inktensor_primitives::{NetUid, Rao};
use tracing::{info, warn};

/// The subject of a step.
#[derive(Default)]
struct Facts {
    netuid: Option<u16>,
    epoch: Option<u32>,
    /// The first chunk, and their number.
    chunk: Option<u16>,
    chunks: Option<u16>,
    step: Option<u32>,
    amount_rao: Option<u64>,
    proposal: Option<u32>,
    accounts: Option<u16>,
}

/// Logs a step that was taken at `block`.
pub fn log(action: &Action, block: u32) {
    let Facts {
        netuid,
        epoch,
        chunk,
        chunks,
        step,
        amount_rao,
        proposal,
        accounts,
    } = facts(action);
    info!(
        block,
        netuid,
        epoch,
        chunk,
        chunks,
        step,
        amount_rao,
        proposal,
        accounts,
        "{}",
        described(action)
    );
}

/// Logs a proposal that was found at `block`.
pub fn log_proposal(found: &Announcement, block: u32) {
    let Announcement {
        id,
        track,
        state,
        proposer,
        title,
        actions,
    } = found;
    warn!(
        block,
        proposal = id,
        track,
        state,
        proposer,
        "there is a new proposal, \"{title}\": {actions}"
    );
}

fn facts(action: &Action) -> Facts {
    let about = |netuid: &NetUid| Facts {
        netuid: Some(netuid.0),
        ..Facts::default()
    };
    let of = |netuid: &NetUid, epoch: &u32| Facts {
        epoch: Some(*epoch),
        ..about(netuid)
    };
    let about_proposal = |id: &u32| Facts {
        proposal: Some(*id),
        ..Facts::default()
    };
    let amount = |amount: &Rao| Some(amount.0);
    match action {
        Action::TempoRestarted { netuid } => about(netuid),
        Action::CollateralAdded { amount: added } => Facts {
            amount_rao: amount(added),
            ..Facts::default()
        },
        Action::Closed { netuid, epoch }
        | Action::Proposed { netuid, epoch }
        | Action::Finalized { netuid, epoch } => of(netuid, epoch),
        Action::Disputed {
            netuid,
            epoch,
            step,
            reward,
        } => Facts {
            step: Some(*step),
            amount_rao: amount(reward),
            ..of(netuid, epoch)
        },
        Action::Replayed {
            netuid,
            epoch,
            next,
        } => Facts {
            step: Some(*next),
            ..of(netuid, epoch)
        },
        Action::RolledOver {
            netuid,
            epoch,
            carried,
        } => Facts {
            amount_rao: amount(carried),
            ..of(netuid, epoch)
        },
        Action::Settled {
            netuid,
            epoch,
            chunk,
            chunks,
            paid,
        } => Facts {
            chunk: Some(*chunk),
            chunks: Some(*chunks),
            amount_rao: amount(paid),
            ..of(netuid, epoch)
        },
        Action::Recounted { id, accounts } => Facts {
            accounts: Some(*accounts),
            ..about_proposal(id)
        },
        Action::Executed { id } | Action::EndedEarly { id } => about_proposal(id),
        Action::Forfeited { id, amount: lost } => Facts {
            amount_rao: amount(lost),
            ..about_proposal(id)
        },
    }
}

/// Returns the step in words. Its subject is in the fields of the line.
const fn described(action: &Action) -> &'static str {
    match action {
        Action::Closed { .. } => "closed an epoch",
        Action::TempoRestarted { .. } => "restarted the tempo of a subnet without neurons",
        Action::CollateralAdded { .. } => "added to the collateral",
        Action::Proposed { .. } => "posted an epoch",
        Action::Disputed { .. } => "disproved a step",
        Action::Finalized { .. } => "made an epoch final",
        Action::Replayed { .. } => "had the chain execute an epoch up to a step",
        Action::RolledOver { .. } => "rolled over an epoch: its budget goes to the next",
        Action::Settled { .. } => "settled chunks",
        Action::Recounted { .. } => "counted votes again",
        Action::Executed { .. } => "executed a proposal",
        Action::EndedEarly { .. } => "closed a proposal that nearly all votes are against",
        Action::Forfeited { .. } => "paid a lost deposit to the treasury",
    }
}
