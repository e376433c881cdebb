//! `inktensor gov guard`: the guard, and the acts of its members.

use super::{governing, state::left, IdArg};
use crate::{
    args::{ReadArgs, SignArgs},
    error::Failure,
    output::{
        format::{count, tao},
        json::Address,
        View,
    },
    values,
};
use inktensor_client::deploy::Governing;
use inktensor_primitives::{
    governance::{Governance, GuardAct, GuardView, DAY},
    registry::Registry,
    AccountId, Rao,
};
use serde::Serialize;
use std::io::{self, Write};

/// Most days of a brake.
const MOST_DAYS: u64 = 7;

/// Commands about the guard.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show the guard, its end, and the brake
    #[command(after_help = example!("gov guard show --url ws://127.0.0.1:9944"))]
    Show(Show),
    /// Consent to holding an approved proposal for seven days
    #[command(after_help = example!(
        "gov guard hold 12 --url ws://127.0.0.1:9944 --suri-file guard.suri"
    ))]
    Hold(OfProposal),
    /// Consent to the veto of an approved proposal
    #[command(after_help = example!(
        "gov guard veto 12 --url ws://127.0.0.1:9944 --suri-file guard.suri"
    ))]
    Veto(OfProposal),
    /// Consent to stopping new stake, seats and subnets
    ///
    /// A brake ends at a block, and members consent to the same one. With --days it is that many
    /// days from the last end of a day, a block that 7200 divides. The other members name the block
    /// that the first one was shown.
    #[command(after_help = example!(
        "gov guard brake --url ws://127.0.0.1:9944 --suri-file guard.suri --days 3"
    ))]
    Brake(Brake),
}

/// Arguments of `gov guard show`.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    read: ReadArgs,
}

/// Arguments of an act on a proposal.
#[derive(clap::Args)]
pub struct OfProposal {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    id: IdArg,
}

/// Arguments of `gov guard brake`.
#[derive(clap::Args)]
pub struct Brake {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    end: End,
}

/// The end of a brake.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct End {
    /// The days from the last end of a day, at most 7
    #[arg(long, value_parser = values::whole::<u32>(1..=MOST_DAYS), value_name = "NUMBER")]
    days: Option<u32>,
    /// The block
    #[arg(long, value_parser = values::at_least_one::<u32>(), value_name = "BLOCK")]
    until: Option<u32>,
}

/// The guard.
#[derive(Serialize)]
struct Guard {
    members: Vec<Address>,
    threshold: Option<u8>,
    until: Option<u32>,
    vetoes_left: Option<u8>,
    braked_until: Option<u32>,
    electorate_floor_rao: u64,
    #[serde(skip)]
    block: u32,
}

/// A consent of a member.
#[derive(Serialize)]
struct Consented {
    act: &'static str,
    is_done: bool,
    /// The block of a brake.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u32>,
    by: Vec<Address>,
    threshold: u8,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::Show(arguments) => show(arguments, out),
        Command::Hold(it) => consent(&it.sign, |_| GuardAct::Hold(it.id.id), out),
        Command::Veto(it) => consent(&it.sign, |_| GuardAct::Veto(it.id.id), out),
        Command::Brake(it) => consent(&it.sign, |block| GuardAct::Brake(it.end.block(block)), out),
    }
}

impl End {
    /// Returns the block, seen from block `now`.
    fn block(&self, now: u32) -> u32 {
        match (self.until, self.days) {
            (Some(block), _) => block,
            (None, days) => {
                let today = now / DAY * DAY;
                today.saturating_add(days.unwrap_or_default().saturating_mul(DAY))
            }
        }
    }
}

fn show(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let network = arguments.read.open()?;
    let at = governing(&network)?;
    let guard: Option<GuardView> = network.query(at.governance().guard())?;
    let floor: Rao = network.query(at.governance().electorate_floor())?;
    let registry = network.contracts().registry();
    let (members, terms) = match guard {
        None => (Vec::new(), None),
        Some(it) => {
            let terms = (it.threshold, it.until, it.vetoes_left);
            (it.members, Some(terms))
        }
    };
    let answer = Guard {
        members: members.into_iter().map(Address).collect(),
        threshold: terms.map(|(threshold, ..)| threshold),
        until: terms.map(|(_, until, _)| until),
        vetoes_left: terms.map(|(.., vetoes)| vetoes),
        braked_until: network.query(registry.braked_until())?,
        electorate_floor_rao: floor.0,
        block: network.block()?,
    };
    Ok(arguments.read.show(&answer, out)?)
}

impl View for Guard {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        match (self.threshold, self.until, self.vetoes_left) {
            (Some(threshold), Some(until), Some(vetoes)) => {
                writeln!(
                    out,
                    "{threshold} of {} members, until block {until} (in {}), {vetoes} vetoes left",
                    self.members.len(),
                    left(until, self.block)
                )?;
                for member in &self.members {
                    writeln!(out, "  {member}")?;
                }
            }
            _ => writeln!(out, "no guard: no account can hold, veto or brake")?,
        }
        match self.braked_until {
            Some(block) => writeln!(
                out,
                "new stake, seats and subnets are stopped until block {block} (in {})",
                left(block, self.block)
            )?,
            None => writeln!(out, "no brake")?,
        }
        writeln!(
            out,
            "support is measured by {} TAO at least",
            tao(Rao(self.electorate_floor_rao))
        )
    }
}

/// Sends the consent of the signer to an act, which may depend on the block.
fn consent(
    sign: &SignArgs,
    act: impl Fn(u32) -> GuardAct,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut session = sign.open()?;
    let at: Governing = governing(&session.network)?;
    let act = act(session.network.block()?);
    let guard: Option<GuardView> = session.network.query(at.governance().guard())?;
    let before: Vec<AccountId> = session.network.query(at.governance().consents(act))?;
    let done = session.send(at.governance().consent(act))?;
    let mut by = before;
    by.push(session.account);
    let (name, until) = match act {
        GuardAct::Hold(_) => ("hold", None),
        GuardAct::Veto(_) => ("veto", None),
        GuardAct::Brake(block) => ("brake", Some(block)),
    };
    let answer = Consented {
        act: name,
        is_done: done.value,
        until,
        by: by.into_iter().map(Address).collect(),
        threshold: guard.map_or(0, |it| it.threshold),
    };
    let subject = match act {
        GuardAct::Hold(id) => format!("hold of proposal {id}"),
        GuardAct::Veto(id) => format!("veto of proposal {id}"),
        GuardAct::Brake(block) => format!("brake until block {block}"),
    };
    let members = i128::try_from(answer.by.len()).unwrap_or_default();
    let sentence = match (done.value, until) {
        (true, _) => format!("{subject}: done, by {}", count(members, "member")),
        (false, until) => {
            let other = until.map(|block| format!(" with --until {block}"));
            format!(
                "{subject}: {members} of {} consents; other members have to consent within 7 \
                 days{}",
                answer.threshold,
                other.unwrap_or_default()
            )
        }
    };
    sign.report(&sentence, &answer, &done.cost, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_one_day_name_the_same_end() {
        let end = End {
            days: Some(3),
            until: None,
        };
        assert_eq!(end.block(7_200), 28_800);
        assert_eq!(end.block(14_399), 28_800);
        let end = End {
            days: None,
            until: Some(9),
        };
        assert_eq!(end.block(5), 9);
    }
}
