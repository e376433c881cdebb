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
    demand_words("the text", &arguments.text)?;
    let question = Question {
        text: arguments.text.clone(),
    };
    let question = question.to_json().map_err(Failure::input)?;
    let user = arguments.user.open()?;
    let task = match arguments.check {
        true => {
            user.network.now_waits_for("the model of the subnet");
            Some(user.task(&user.manifest()?)?)
        }
        false => None,
    };
    let mut asker = user.asker()?;
    if let Some(task) = &task {
        let checked = task.program.check_question(&question);
        checked.map_err(|error| Failure::input(format_args!("the question: {error}")))?;
        asker = asker.with_checked_questions();
    }
    let deadline = Duration::from_secs(arguments.deadline);
    user.network.now_waits_for("an answer of the subnet");
    let receipt = asker.ask(&user.means.runtime, &question, deadline);
    let receipt = receipt.map_err(Failure::input)?;
    let right = match &task {
        Some(task) => {
            let worth = task.program.worth(&question, receipt.answer());
            Some(worth.map_err(Failure::input)? == Worth::WHOLE)
        }
        None => None,
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

/// Returns an error for a text without a word, which `name` names.
pub fn demand_words(name: &str, text: &str) -> Result<(), Failure> {
    match text.trim().is_empty() {
        true => Err(Failure::input(format_args!(
            "{name} is blank; give at least one word"
        ))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_text_is_refused() {
        for blank in ["", " ", "\t\n", "\u{3000}"] {
            assert!(demand_words("the text", blank).is_err(), "{blank:?}");
        }
        let empty = demand_words("the text", "").unwrap_err().to_string();
        assert_eq!(empty, "the text is blank; give at least one word");
        assert!(demand_words("the text", " a ").is_ok());
    }
}
