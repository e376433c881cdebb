//! `inktensor gov propose`: rehearses actions, and makes a proposal of them.

use super::{
    actions::ActionArgs,
    governing, proposal as read,
    rehearse::{self, Rehearsal},
    show::{actions, actions_text, ActionView},
};
use crate::{
    args::SignArgs,
    error::Failure,
    network::Network,
    output::{
        format::tao,
        json::{print, Hex},
    },
    session::Session,
    values,
};
use inktensor_client::{chain::ContractError, deploy::Governing};
use inktensor_primitives::{
    governance::{
        Action, Governance, GovernanceError, LeadBegan, NewProposal, ProposalMade, Track,
        TrackRules,
    },
    hash::blake2,
    Rao,
};
use serde::Serialize;
use std::{fs, io::Write, path::PathBuf};

/// Part of a deposit with which a draft begins.
const LEAST_PART: u64 = 10;
/// Part of a deposit that a draft costs.
const DRAFT_FEE_PART: u64 = 100;

/// Arguments of `gov propose`.
#[derive(clap::Args)]
pub struct Propose {
    #[command(flatten)]
    sign: SignArgs,
    /// The title, at most 80 bytes
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// A file with the text that explains the proposal; its hash is voted on
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// The address of that text, at most 256 bytes
    #[arg(long, value_name = "URL")]
    link: Option<String>,
    /// The part of the deposit to put, at least a tenth; by default all of it
    #[arg(long, value_parser = values::some_tao, value_name = "TAO")]
    deposit: Option<Rao>,
    /// A proposal that must have ended before this one is executed
    #[arg(long, value_parser = values::whole::<u32>(0..=u64::MAX), value_name = "PROPOSAL")]
    after: Option<u32>,
    /// A vetoed proposal with the same actions: the guard has no power over this one
    #[arg(long, value_parser = values::whole::<u32>(0..=u64::MAX), value_name = "PROPOSAL")]
    overriding: Option<u32>,
    /// Show the proposal and its rehearsal, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Propose even if an action would be refused now
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    actions: ActionArgs,
}

/// A proposal that was made, or that would be.
#[derive(Serialize)]
struct Made {
    /// Absent in a dry run.
    id: Option<u32>,
    track: &'static str,
    title: String,
    deposit_rao: u64,
    put_rao: u64,
    /// Cost of a draft, which goes to the treasury.
    fee_rao: u64,
    digest: Option<Hex>,
    text_hash: Option<Hex>,
    /// Root epoch at whose end stake counts. Absent for a draft.
    snapshot: Option<u32>,
    voting_from: Option<u32>,
    actions: Vec<ActionView>,
}

/// Runs the command.
pub fn propose(arguments: &Propose, out: &mut dyn Write) -> Result<(), Failure> {
    let text_hash = match &arguments.text {
        None => [0; 32],
        Some(path) => {
            let text = fs::read(path);
            blake2(&text.map_err(|error| Failure::unusable("--text", path, &error))?)
        }
    };
    let mut session = arguments.sign.open()?;
    let at = governing(&session.network)?;
    let proposal = NewProposal {
        actions: arguments.actions.actions(&session.network)?,
        title: arguments.title.clone(),
        link: arguments.link.clone().unwrap_or_default(),
        text_hash,
        after: arguments.after,
        overriding: arguments.overriding,
    };
    let rehearsals = rehearse::all(&session.network, at, &proposal.actions, None)?;
    let shown = actions(&session.network, &proposal.actions, rehearsals, false)?;
    if !arguments.force && !arguments.dry_run {
        check(&shown)?;
    }
    let (track, rules) = track(&session, at, &proposal)?;
    let put = arguments
        .deposit
        .unwrap_or(rules.deposit)
        .min(rules.deposit);
    let fee = match put < rules.deposit {
        true => Rao(rules.deposit.0.div_ceil(DRAFT_FEE_PART)),
        false => Rao::ZERO,
    };
    let mut made = Made {
        id: None,
        track: track.name(),
        title: proposal.title.clone(),
        deposit_rao: rules.deposit.0,
        put_rao: put.0,
        fee_rao: fee.0,
        digest: None,
        text_hash: arguments.text.as_ref().map(|_| Hex::from(text_hash)),
        snapshot: None,
        voting_from: None,
        actions: shown,
    };
    let message = || at.governance().propose(proposal.clone(), put);
    if arguments.dry_run {
        session.check(message)?;
        if arguments.sign.json {
            return Ok(print(&made, out)?);
        }
        writeln!(
            out,
            "track {} by the treasury's present amount, deposit {} TAO, of which {} would be put, \
             and {} paid for a draft",
            made.track,
            tao(rules.deposit),
            tao(put),
            tao(fee)
        )?;
        actions_text(&made.actions, out)?;
        return Ok(writeln!(out, "nothing was sent")?);
    }
    let amount = Rao(put.0.saturating_add(fee.0));
    let done = session.pay(amount, message)?;
    let event: Option<ProposalMade> = done.event();
    let id = event.as_ref().map_or(done.value, |it| it.id);
    let (view, _) = read(&session.network, at, id)?;
    made.id = Some(id);
    // The track of the dry run may have been another one, if the treasury has changed since.
    made.track = event.as_ref().map_or(view.track, |it| it.track).name();
    made.deposit_rao = view.rules.deposit.0;
    made.put_rao = view.put.0;
    made.digest = event.map(|it| Hex::from(it.digest));
    let lead: Option<LeadBegan> = done.event();
    made.fee_rao = match lead {
        Some(_) => 0,
        None => view.rules.deposit.0.div_ceil(DRAFT_FEE_PART),
    };
    made.snapshot = lead.as_ref().map(|it| it.snapshot);
    made.voting_from = lead.map(|it| it.voting_from);
    let sentence = sentence(&made)?;
    arguments.sign.report(&sentence, &made, &done.cost, out)
}

/// Checks that no action would be refused for ever.
fn check(actions: &[ActionView]) -> Result<(), Failure> {
    for (number, action) in (1..).zip(actions) {
        if let Some(Rehearsal::Refused(reason)) = &action.rehearsal {
            return Err(Failure::input(format_args!(
                "action {number} ({}) would be refused: {reason}; nothing was sent, --force \
                 proposes it all the same",
                action.text
            )));
        }
    }
    Ok(())
}

/// Returns the track that a proposal would have now, and its rules.
///
/// Whether spending is small depends on the treasury. A proposal without a deposit is refused with
/// the least part of it, which determines the track.
fn track(
    session: &Session,
    at: Governing,
    proposal: &NewProposal,
) -> Result<(Track, TrackRules), Failure> {
    let network = &session.network;
    let message = at.governance().propose(proposal.clone(), Rao::ZERO);
    let least = match network.query_as(session.account, message)? {
        Err(GovernanceError::DepositTooSmall(least)) => least,
        Err(error) => return Err(refused(&error)),
        Ok(_) => Rao::ZERO,
    };
    let candidates = if proposal.overriding.is_some() {
        vec![Track::Constitution]
    } else {
        let mut both: Vec<Track> = [true, false]
            .into_iter()
            .filter_map(|is_small| joined(&proposal.actions, is_small))
            .collect();
        both.dedup();
        both
    };
    let mut last = None;
    for track in candidates {
        let rules = rules(network, at, track)?;
        last = Some((track, rules));
        if rules.deposit.0.div_ceil(LEAST_PART) == least.0 {
            break;
        }
    }
    last.ok_or_else(|| refused(&GovernanceError::MixedTracks))
}

fn refused(error: &GovernanceError) -> Failure {
    Failure::Refused(format!("governance: {}", error.text()))
}

fn rules(network: &Network, at: Governing, track: Track) -> Result<TrackRules, Failure> {
    network.query(at.governance().track(track))
}

/// Returns the track of all actions together.
fn joined(actions: &[Action], is_small: bool) -> Option<Track> {
    let mut tracks = actions.iter().map(|it| it.track(is_small));
    let first = tracks.next()?;
    tracks.try_fold(first, Track::with)
}

fn sentence(made: &Made) -> Result<String, Failure> {
    let id = made.id.unwrap_or_default();
    let (put, deposit) = (tao(Rao(made.put_rao)), tao(Rao(made.deposit_rao)));
    let mut text = Vec::new();
    write!(text, "proposal {id} on track {}: ", made.track)?;
    match (made.voting_from, made.snapshot) {
        (Some(block), Some(epoch)) => writeln!(
            text,
            "votes are counted from block {block} on, with the stake of root epoch {epoch}"
        )?,
        _ => writeln!(
            text,
            "a draft with {put} of {deposit} TAO; `inktensor gov back {id}` adds to it"
        )?,
    }
    actions_text(&made.actions, &mut text)?;
    Ok(String::from_utf8_lossy(&text).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_track_is_that_of_all_actions() {
        let pay = Action::Pay {
            to: [1; 32].into(),
            amount: Rao(1),
        };
        let actions = [pay, Action::CancelRules];
        assert_eq!(joined(&actions[..1], true), Some(Track::SpendSmall));
        assert_eq!(joined(&actions[..1], false), Some(Track::SpendLarge));
        assert_eq!(joined(&actions, true), None);
    }

    #[test]
    fn an_action_that_can_never_succeed_is_named() {
        let action = |rehearsal| ActionView {
            text: "tempo of subnet 1: 360 -> 0 blocks".into(),
            rehearsal: Some(rehearsal),
        };
        assert!(check(&[action(Rehearsal::NotNow("later".into()))]).is_ok());
        let actions = [
            action(Rehearsal::Works),
            action(Rehearsal::Refused("tempo is 0".into())),
        ];
        let problem = check(&actions).unwrap_err().to_string();
        assert!(problem.starts_with("action 2 (tempo of"), "{problem}");
    }
}
