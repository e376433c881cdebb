//! `inktensor ask`: one question to a subnet.

use super::neural::UserArgs;
use crate::{
    args,
    error::{Failure, Verdict},
    output::{self, json::Address, View},
    values,
};
use inktensor_embed::Question;
use inktensor_task::{Body, Worth};
use serde::Serialize;
use std::{
    io::{self, Write},
    time::Duration,
};

/// Arguments of `ask`.
#[derive(clap::Args)]
#[command(after_help = example!(
    "ask --url ws://127.0.0.1:9944 --netuid 1 --check water"
))]
pub struct Arguments {
    /// The text
    text: String,
    #[command(flatten)]
    user: UserArgs,
    /// Compute the answer here too, and compare
    #[arg(long)]
    check: bool,
    /// The longest wait for an answer of one neuron
    #[arg(
        long,
        value_parser = values::whole::<u64>(1..=60),
        default_value = "20",
        value_name = "SECONDS"
    )]
    deadline: u64,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// An answer, and who gave it.
#[derive(Serialize)]
struct Answered {
    netuid: u16,
    uid: u16,
    hotkey: Address,
    /// The task's answer.
    answer: serde_json::Value,
    /// True if the answer is as good as the one computed here. Absent without --check.
    right: Option<bool>,
}

impl View for Answered {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "uid {} {}", self.uid, self.hotkey)?;
        writeln!(out, "{}", self.answer)?;
        match self.right {
            Some(true) => writeln!(out, "right: it is what this computer computes"),
            Some(false) => writeln!(out, "wrong: this computer computes another answer"),
            None => Ok(()),
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let question = Question {
        text: arguments.text.clone(),
    };
    let question = question.to_json().map_err(Failure::input)?;
    let user = arguments.user.open()?;
    let deadline = Duration::from_secs(arguments.deadline);
    let receipt = user.asker()?.ask(&user.means.runtime, &question, deadline);
    let receipt = receipt.map_err(Failure::input)?;
    let right = match arguments.check {
        true => {
            let task = user.task(&user.manifest()?)?;
            let worth = task.program.worth(&question, receipt.answer());
            Some(worth.map_err(Failure::input)? == Worth::WHOLE)
        }
        false => None,
    };
    let answer = Answered {
        netuid: user.netuid.0,
        uid: receipt.uid.0,
        hotkey: receipt.hotkey().into(),
        answer: serde_json::from_slice(receipt.answer())
            .map_err(|_| Failure::input("the answer is not JSON; ask another subnet"))?,
        right,
    };
    output::show(arguments.json, &answer, out)?;
    Ok(Verdict::of(right != Some(false)))
}
