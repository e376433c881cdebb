//! `inktensor gov show`: one proposal, its actions in words, and a rehearsal.

use super::{
    describe, governing,
    list::Row,
    proposal, rehearse,
    rehearse::Rehearsal,
    state::{self, bar, percent, plain, Shares},
    IdArg,
};
use crate::{
    args::ReadArgs,
    error::Failure,
    network::Network,
    output::{format::tao, json::Hex, View},
};
use inktensor_client::{
    chain::{ChainError, ContractError, Typed},
    deploy::Governing,
};
use inktensor_primitives::{
    governance::{Action, Body, Governance, GuardAct, NewProposal, ProposalView, State},
    hash::{Preimage, Tag},
    staking::ROOT_EPOCH,
    AccountId, Digest, Rao,
};
use scale::Encode;
use serde::Serialize;
use std::io::{self, Write};

/// Columns before a value.
const WIDTH: usize = 11;

/// Arguments of `gov show`.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    id: IdArg,
    /// Show what each action would answer now, and execution if it is ready
    #[arg(long)]
    rehearse: bool,
}

/// An action in words.
#[derive(Serialize)]
pub struct ActionView {
    /// The change.
    pub text: String,
    /// The answer now, if it was rehearsed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Rehearsal>,
}

/// A proposal.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: Row,
    made_at: u32,
    is_immune: bool,
    /// Members that have consented to a hold.
    hold_consents: usize,
    /// Members that have consented to a veto.
    veto_consents: usize,
    after: Option<u32>,
    link: String,
    text_hash: Option<Hex>,
    actions: Vec<ActionView>,
    /// True if the digest is that of what is shown.
    is_digest_right: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution: Option<Rehearsal>,
    #[serde(skip)]
    state: State,
    #[serde(skip)]
    floor: Rao,
    #[serde(skip)]
    ends: (u32, u32),
    #[serde(skip)]
    block: u32,
}

/// Runs the command.
pub fn show(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let id = arguments.id.id;
    let network = arguments.read.open()?;
    let at = governing(&network)?;
    let (view, body) = proposal(&network, at, id)?;
    let is_over = view.state.is_final();
    let actions = match arguments.rehearse {
        true => {
            let noted = Some(body.objects.as_slice());
            let rehearsals = rehearse::all(&network, at, &body.actions, noted)?;
            actions(&network, &body.actions, rehearsals, is_over)?
        }
        false => actions(&network, &body.actions, Vec::new(), is_over)?,
    };
    let is_ready = matches!(view.state, State::Ready(_));
    let execution = match arguments.rehearse && is_ready {
        true => Some(execution(&network, at, id)?),
        false => None,
    };
    let floor = network.query(at.governance().electorate_floor())?;
    let governance = || at.governance();
    let [holds, vetoes] = [GuardAct::Hold(id), GuardAct::Veto(id)].map(|act| {
        let members: Result<Vec<AccountId>, Failure> = network.query(governance().consents(act));
        members.map(|it| it.len())
    });
    let has_text = body.text_hash != [0; 32];
    let shown = Shown {
        row: Row::new(&view, &body, floor),
        made_at: view.made_at,
        is_immune: view.is_immune,
        hold_consents: holds?,
        veto_consents: vetoes?,
        after: view.after,
        link: body.link.clone(),
        text_hash: has_text.then(|| Hex::from(body.text_hash)),
        actions,
        is_digest_right: has_digest(at.governance, &view, body),
        execution,
        state: view.state,
        floor,
        ends: (view.rules.approval.floor, view.rules.support.floor),
        block: network.block()?,
    };
    Ok(arguments.read.show(&shown, out)?)
}

/// Returns actions in words, with their rehearsals if there are any, and without present values if
/// they are over.
pub fn actions(
    network: &Network,
    actions: &[Action],
    rehearsals: Vec<Rehearsal>,
    is_over: bool,
) -> Result<Vec<ActionView>, Failure> {
    let mut rehearsals = rehearsals.into_iter();
    let views = actions.iter().map(|action| {
        Ok(ActionView {
            text: describe::action(network, action, is_over)?,
            rehearsal: rehearsals.next(),
        })
    });
    views.collect()
}

/// Returns the answer that executing a proposal would have now.
fn execution(network: &Network, at: Governing, id: u32) -> Result<Rehearsal, Failure> {
    Ok(match network.chain().query(at.governance().execute(id)) {
        Ok(Ok(())) => Rehearsal::Works,
        Ok(Err(error)) => Rehearsal::NotNow(error.text()),
        Err(error @ (ChainError::Runtime(_) | ChainError::Trapped | ChainError::OutOfGas)) => {
            Rehearsal::Unknown(error.to_string())
        }
        Err(error) => return Err(network.failed(error)),
    })
}

/// Returns true if the digest of a proposal is that of its parts. The number of a vetoed proposal
/// that it overrides is not kept, so each earlier one is tried.
fn has_digest(governance: AccountId, view: &ProposalView, body: Body) -> bool {
    let mut proposal = NewProposal {
        actions: body.actions,
        title: body.title,
        link: body.link,
        text_hash: body.text_hash,
        after: view.after,
        overriding: None,
    };
    let mut is_right = |overriding| {
        proposal.overriding = overriding;
        digest(governance, view, &proposal) == view.digest
    };
    match view.is_immune {
        true => (0..view.id).any(|id| is_right(Some(id))),
        false => is_right(None),
    }
}

fn digest(governance: AccountId, view: &ProposalView, proposal: &NewProposal) -> Digest {
    Preimage::new(Tag::Proposal, 512)
        .fixed(governance.as_ref())
        .u32(view.id)
        .fixed(view.proposer.as_ref())
        .bytes(&proposal.encode())
        .digest()
}

/// Prints actions, one or two lines each.
///
/// # Errors
/// If the output does not take it.
pub fn actions_text(actions: &[ActionView], out: &mut dyn Write) -> io::Result<()> {
    for (number, action) in (1..).zip(actions) {
        writeln!(out, "  {number}. {}", action.text)?;
        if let Some(rehearsal) = &action.rehearsal {
            writeln!(out, "     {}", rehearsal.text())?;
        }
    }
    Ok(())
}

impl View for Shown {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let row = &self.row;
        writeln!(out, "proposal {}: {}\n", row.id, plain(&row.title))?;
        let mut line = |name: &str, value: &str| writeln!(out, "{name:<WIDTH$} {value}");
        line("track", row.track)?;
        line("state", &state::sentence(self.state, self.block))?;
        line("proposer", &row.proposer.to_string())?;
        let amount = |rao| tao(Rao(rao));
        let (put, deposit) = (amount(row.put_rao), amount(row.deposit_rao));
        line("deposit", &format!("{put} of {deposit} TAO"))?;
        if let Some(epoch) = row.snapshot {
            let from = epoch.saturating_mul(ROOT_EPOCH);
            let to = from.saturating_add(ROOT_EPOCH);
            line(
                "snapshot",
                &format!("root epoch {epoch}, blocks {from} to {to}"),
            )?;
        }
        if let Some(electorate) = row.electorate_rao {
            let least = match self.floor > Rao(electorate) {
                true => format!(", counted as the least of {} TAO", tao(self.floor)),
                false => String::new(),
            };
            line("electorate", &format!("{} TAO{least}", amount(electorate)))?;
        }
        let votes = format!(
            "{} TAO ayes, {} nays, {} abstains",
            amount(row.ayes_rao),
            amount(row.nays_rao),
            amount(row.abstains_rao)
        );
        line("votes", &votes)?;
        let share = |now, needed, floor| {
            format!(
                "{} {} %; {} % needed, {} % in the end",
                bar(now, needed),
                percent(now),
                percent(needed),
                percent(floor)
            )
        };
        let Shares {
            approval,
            support,
            approval_needed,
            support_needed,
        } = Shares {
            approval: row.approval,
            support: row.support,
            approval_needed: row.approval_needed,
            support_needed: row.support_needed,
        };
        line("approval", &share(approval, approval_needed, self.ends.0))?;
        line("support", &share(support, support_needed, self.ends.1))?;
        if let Some(after) = self.after {
            line("after", &format!("proposal {after} has ended"))?;
        }
        if self.is_immune {
            line("guard", "has no power over it: it overrides a veto")?;
        }
        if self.hold_consents + self.veto_consents > 0 {
            let consents = format!(
                "{} consents to hold it, {} to veto it",
                self.hold_consents, self.veto_consents
            );
            line("guard", &consents)?;
        }
        if !self.link.is_empty() {
            line("link", &plain(&self.link))?;
        }
        if let Some(hash) = &self.text_hash {
            line("text hash", hash.as_str())?;
        }
        line("digest", row.digest.as_str())?;
        let computed = match self.is_digest_right {
            true => "is the digest of what is shown here",
            false => "is NOT the digest of what is shown here; do not vote on it",
        };
        line("", computed)?;
        writeln!(out, "\nactions:")?;
        actions_text(&self.actions, out)?;
        if let Some(execution) = &self.execution {
            writeln!(out, "execution {}", execution.text())?;
        }
        writeln!(out, "\nblock {}", self.block)
    }
}
