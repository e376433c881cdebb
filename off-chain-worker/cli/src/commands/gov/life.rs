//! The life of a proposal after it was made: `inktensor gov back`, `withdraw`, `execute`, `close`,
//! `reclaim`, `forfeit` and `sweep`.

use super::{describe, governing, proposal, IdArg};
use crate::{
    args::{SignArgs, Who},
    error::Failure,
    output::{
        format::{count, tao},
        json::Hex,
    },
    session::Done,
    values,
};
use inktensor_client::chain::Cost;
use inktensor_primitives::{
    governance::{DepositPaid, Executed, Governance, LeadBegan, Skipped},
    AccountId, Rao,
};
use serde::Serialize;
use std::io::Write;

/// Arguments of a command about one proposal.
#[derive(clap::Args)]
pub struct One {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    id: IdArg,
}

/// Arguments of `gov back`.
#[derive(clap::Args)]
pub struct Back {
    #[command(flatten)]
    one: One,
    /// The amount; what the deposit does not need is not taken
    #[arg(long, value_parser = values::some_tao, value_name = "TAO")]
    amount: Rao,
}

/// Arguments of `gov sweep`.
#[derive(clap::Args)]
pub struct Sweep {
    #[command(flatten)]
    one: One,
    /// An account whose ballot is freed; may be given 64 times
    #[arg(long = "voter", required = true, value_name = "NAME|ADDRESS")]
    voters: Vec<Who>,
}

#[derive(Serialize)]
struct Backed {
    id: u32,
    amount_rao: u64,
    snapshot: Option<u32>,
    voting_from: Option<u32>,
}

#[derive(Serialize)]
struct Ended {
    id: u32,
}

#[derive(Serialize)]
struct ExecutedView {
    id: u32,
    digest: Option<Hex>,
    actions: Vec<String>,
    /// Places in `actions` of those that were not done, from 0 on.
    skipped: Vec<u16>,
}

#[derive(Serialize)]
struct Paid {
    id: u32,
    amount_rao: u64,
}

#[derive(Serialize)]
struct Swept {
    id: u32,
    ballots: u32,
}

/// Adds to the deposit of a draft.
pub fn back(arguments: &Back, out: &mut dyn Write) -> Result<(), Failure> {
    let (id, sign) = (arguments.one.id.id, &arguments.one.sign);
    let mut session = sign.open()?;
    let at = governing(&session.network)?;
    let (view, _) = proposal(&session.network, at, id)?;
    let missing = Rao(view.rules.deposit.0.saturating_sub(view.put.0));
    // A complete deposit is the contract's to refuse.
    let amount = match missing {
        Rao::ZERO => arguments.amount,
        missing => arguments.amount.min(missing),
    };
    let done = session.pay(amount, || at.governance().back(id, amount))?;
    let lead: Option<LeadBegan> = done.event();
    let answer = Backed {
        id,
        amount_rao: done.value.0,
        snapshot: lead.as_ref().map(|it| it.snapshot),
        voting_from: lead.map(|it| it.voting_from),
    };
    let then = match answer.voting_from {
        Some(block) => format!("it is complete, and votes are counted from block {block} on"),
        None => {
            let left = Rao(missing.0.saturating_sub(done.value.0));
            format!("{} TAO are missing", tao(left))
        }
    };
    let sentence = format!(
        "put {} TAO into the deposit of proposal {id}; {then}",
        tao(done.value)
    );
    sign.report(&sentence, &answer, &done.cost, out)
}

/// Withdraws the signer's proposal.
pub fn withdraw(arguments: &One, out: &mut dyn Write) -> Result<(), Failure> {
    let id = arguments.id.id;
    let mut session = arguments.sign.open()?;
    let at = governing(&session.network)?;
    let done = session.send(at.governance().withdraw(id))?;
    let sentence = format!("proposal {id} is withdrawn");
    arguments
        .sign
        .report(&sentence, &Ended { id }, &done.cost, out)
}

/// Closes a proposal that nearly all votes are against.
pub fn close(arguments: &One, out: &mut dyn Write) -> Result<(), Failure> {
    let id = arguments.id.id;
    let mut session = arguments.sign.open()?;
    let at = governing(&session.network)?;
    let done = session.send(at.governance().close(id))?;
    let sentence = format!("proposal {id} is closed, and its place is free");
    arguments
        .sign
        .report(&sentence, &Ended { id }, &done.cost, out)
}

/// Executes a proposal that is ready.
pub fn execute(arguments: &One, out: &mut dyn Write) -> Result<(), Failure> {
    let id = arguments.id.id;
    let mut session = arguments.sign.open()?;
    let at = governing(&session.network)?;
    let (_, body) = proposal(&session.network, at, id)?;
    let network = &session.network;
    let actions = body.actions.iter();
    let actions: Vec<String> = actions
        .map(|action| describe::action(network, action, false))
        .collect::<Result<_, _>>()?;
    let done = session.send(at.governance().execute(id))?;
    let skipped = done.all_events::<Skipped>().filter(|it| it.id == id);
    let answer = ExecutedView {
        id,
        digest: done.event::<Executed>().map(|it| Hex::from(it.digest)),
        actions,
        skipped: skipped.map(|it| it.action).collect(),
    };
    let mut lines = vec![format!("proposal {id} is executed")];
    for (place, text) in (0..).zip(&answer.actions) {
        lines.push(format!("  {}. {text}", place + 1));
        if answer.skipped.contains(&place) {
            lines.push("     was skipped: its object had ended".into());
        }
    }
    arguments
        .sign
        .report(&lines.join("\n"), &answer, &done.cost, out)
}

/// Pays the signer's part of a deposit back.
pub fn reclaim(arguments: &One, out: &mut dyn Write) -> Result<(), Failure> {
    let id = arguments.id.id;
    let mut session = arguments.sign.open()?;
    let at = governing(&session.network)?;
    let done = session.send(at.governance().reclaim(id))?;
    let (answer, cost) = paid(id, &done);
    let sentence = format!(
        "{} TAO of the deposit of proposal {id} are paid back",
        tao(Rao(answer.amount_rao))
    );
    arguments.sign.report(&sentence, &answer, &cost, out)
}

/// Pays a deposit that is lost to the treasury.
pub fn forfeit(arguments: &One, out: &mut dyn Write) -> Result<(), Failure> {
    let id = arguments.id.id;
    let mut session = arguments.sign.open()?;
    let at = governing(&session.network)?;
    let done = session.send(at.governance().forfeit(id))?;
    let (answer, cost) = paid(id, &done);
    let sentence = format!(
        "the deposit of proposal {id}, {} TAO, is paid to the treasury",
        tao(Rao(answer.amount_rao))
    );
    arguments.sign.report(&sentence, &answer, &cost, out)
}

fn paid(id: u32, done: &Done<Rao>) -> (Paid, Cost) {
    let amount = done
        .event::<DepositPaid>()
        .map_or(done.value, |it| it.amount);
    let paid = Paid {
        id,
        amount_rao: amount.0,
    };
    (paid, done.cost)
}

/// Frees ballots of a proposal that is over.
pub fn sweep(arguments: &Sweep, out: &mut dyn Write) -> Result<(), Failure> {
    let (id, sign) = (arguments.one.id.id, &arguments.one.sign);
    let voters = arguments.voters.iter();
    let voters: Vec<AccountId> = voters
        .map(|who| sign.chain.account(who))
        .collect::<Result<_, _>>()?;
    let mut session = sign.open()?;
    let at = governing(&session.network)?;
    let done = session.send(at.governance().sweep(id, voters))?;
    let answer = Swept {
        id,
        ballots: done.value,
    };
    let sentence = format!("freed {} of proposal {id}", count(done.value, "ballot"));
    sign.report(&sentence, &answer, &done.cost, out)
}
