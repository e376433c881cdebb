//! `inktensor ask`: one question to a subnet.

use super::neural::UserArgs;
use crate::{
    args,
    error::{Failure, Verdict},
    output::{
        self,
        json::{Address, Hex},
        View,
    },
    values,
};
use inktensor_complete::{shown, Complete, BYTES_LIMIT, TEMPERATURE_LIMIT};
use inktensor_embed::Embed;
use inktensor_neuron::program::ProgramError;
use inktensor_task::{Body, Task, Worth};
use serde::Serialize;
use serde_json::Value;
use std::{
    io::{self, Write},
    time::Duration,
};

/// The heading in help of options for `complete/1`.
const CONTINUATION: &str = "Continuation";
/// The bytes by which a text is continued by default.
const BYTES: u16 = 64;

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
    #[command(flatten)]
    continuation: Continuation,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// The options of a question to `complete/1`.
#[derive(Default, clap::Args)]
struct Continuation {
    /// The bytes by which complete/1 continues the text [default: 64]
    #[arg(
        long,
        value_parser = values::whole::<u16>(1..=BYTES_LIMIT.into()),
        help_heading = CONTINUATION,
        value_name = "NUMBER"
    )]
    bytes: Option<u16>,
    /// The temperature of complete/1; 0 takes the likeliest byte [default: 0]
    #[arg(
        long,
        value_parser = values::thousandths(TEMPERATURE_LIMIT),
        help_heading = CONTINUATION,
        value_name = "NUMBER"
    )]
    temperature: Option<u16>,
    /// The seed by which complete/1 chooses bytes above temperature 0 [default: 0]
    #[arg(
        long,
        value_parser = values::whole::<u32>(0..=u32::MAX.into()),
        help_heading = CONTINUATION,
        value_name = "NUMBER"
    )]
    seed: Option<u32>,
}

impl Continuation {
    /// Returns the name of the first option that is given.
    fn given(&self) -> Option<&'static str> {
        let given = [
            ("--bytes", self.bytes.is_some()),
            ("--temperature", self.temperature.is_some()),
            ("--seed", self.seed.is_some()),
        ];
        given.into_iter().find_map(|(name, is)| is.then_some(name))
    }
}

/// Returns the question to a built-in task, or to a Wasm program, which takes any JSON.
fn question(task: Option<&str>, text: &str, options: &Continuation) -> Result<Vec<u8>, Failure> {
    let Some(task) = task else {
        return match (options.given(), serde_json::from_str::<Value>(text)) {
            (None, Ok(_)) => Ok(text.into()),
            (Some(option), _) => Err(Failure::input(format_args!(
                "the subnet runs a Wasm program, which takes no {option}; leave it out"
            ))),
            (None, Err(error)) => Err(Failure::input(format_args!(
                "the subnet runs a Wasm program, whose questions are JSON: {error}; see what its \
                 author says of them"
            ))),
        };
    };
    let question = match (task, options.given()) {
        (Complete::NAME, _) => inktensor_complete::Question {
            prompt: text.as_bytes().to_vec(),
            bytes: options.bytes.unwrap_or(BYTES),
            temperature: options.temperature.unwrap_or_default(),
            seed: options.seed.unwrap_or_default(),
        }
        .to_json(),
        (_, Some(option)) => {
            return Err(Failure::input(format_args!(
                "the subnet runs {task:?}, which takes no {option}; leave it out, or ask a subnet \
                 that runs {}",
                Complete::NAME
            )))
        }
        (Embed::NAME, None) => inktensor_embed::Question { text: text.into() }.to_json(),
        (other, None) => return Err(Failure::input(ProgramError::Unknown(other.into()))),
    };
    question.map_err(Failure::input)
}

/// Returns the answer of `complete/1` as text, or `None` of another task.
fn continued(task: &str, answer: &[u8]) -> Option<String> {
    let answer = match task {
        Complete::NAME => inktensor_complete::Answer::from_json(answer).ok()?,
        _ => return None,
    };
    Some(shown(&answer.answer))
}

/// Returns JSON in which what is not printable is escaped: an answer is a stranger's, and a
/// terminal obeys some characters.
fn printable(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        let is_plain =
            matches!(character, '"' | '\'' | '\\') || character.escape_debug().len() == 1;
        if is_plain {
            text.push(character);
            continue;
        }
        // Such characters are in strings only, where JSON has this escape.
        for unit in character.encode_utf16(&mut [0; 2]) {
            text.push_str(&format!("\\u{unit:04x}"));
        }
    }
    text
}

/// An answer, and who gave it.
#[derive(Serialize)]
struct Answered {
    netuid: u16,
    uid: u16,
    hotkey: Address,
    /// The task.
    task: String,
    /// Hash of the Wasm program that the subnet's manifest names. Absent for a built-in task.
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<Hex>,
    /// Hash of the state that the manifest names.
    state: Hex,
    /// The question.
    question: Value,
    /// The task's answer.
    answer: Value,
    /// The continuation as text, with what is not printable escaped. Of complete/1 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// True if the answer is as good as the one computed here. Absent without --check.
    right: Option<bool>,
}

impl View for Answered {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "uid {} {}", self.uid, self.hotkey)?;
        match &self.text {
            Some(text) => writeln!(out, "{text}")?,
            None => writeln!(out, "{}", printable(&self.answer.to_string()))?,
        }
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
    let user = arguments.user.open()?;
    let manifest = user.read_manifest()?;
    // A program may have any name. Only its hash says what it is.
    let form = match &manifest.program {
        Some(_) => None,
        None => Some(manifest.task.as_str()),
    };
    let question = question(form, &arguments.text, &arguments.continuation)?;
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
        program: manifest.program.map(Hex::from),
        state: manifest.state.into(),
        question: serde_json::from_slice(&question).map_err(Failure::input)?,
        answer: serde_json::from_slice(receipt.answer())
            .map_err(|_| Failure::input("the answer is not JSON; ask another subnet"))?,
        text: form.and_then(|form| continued(form, receipt.answer())),
        task: manifest.task.clone(),
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

    fn refused(task: &str, options: &Continuation) -> String {
        question(Some(task), "a", options).unwrap_err().to_string()
    }

    #[test]
    fn a_question_is_of_the_form_of_the_task() {
        let plain = Continuation::default();
        let asked = question(Some("embed/1"), "a \"b\"", &plain).unwrap();
        assert_eq!(asked, br#"{"text":"a \"b\""}"#);
        let asked = question(Some("complete/1"), "hi", &plain).unwrap();
        let expected = br#"{"prompt":[104,105],"bytes":64,"temperature":0,"seed":0}"#;
        assert_eq!(asked, expected);
        let sampled = Continuation {
            bytes: Some(3),
            temperature: Some(800),
            seed: Some(9),
        };
        let asked = question(Some("complete/1"), "hi", &sampled).unwrap();
        let expected = br#"{"prompt":[104,105],"bytes":3,"temperature":800,"seed":9}"#;
        assert_eq!(asked, expected);
        let problem = refused("embed/1", &sampled);
        assert!(problem.contains("takes no --bytes"), "{problem}");
        let asked = question(None, r#"{"number":360}"#, &plain).unwrap();
        assert_eq!(asked, br#"{"number":360}"#);
        let problem = refused("other/1", &plain);
        assert!(problem.contains("not built in"), "{problem}");
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_stays_json() {
        for (answer, shown) in [
            (serde_json::json!({"a": "größe \"so\" it's \\"}), None),
            (
                serde_json::json!(["\u{9b}2J", "\u{7f}\u{202e}", "\u{e0001}"]),
                Some(r#"["\u009b2J","\u007f\u202e","\udb40\udc01"]"#),
            ),
        ] {
            let plain = answer.to_string();
            let printed = printable(&plain);
            assert_eq!(printed, shown.unwrap_or(&plain));
            let read: Value = serde_json::from_str(&printed).unwrap();
            assert_eq!(read, answer);
        }
    }

    #[test]
    fn a_continuation_is_shown_as_text() {
        let text = |task| continued(task, br#"{"answer":[104,105,10,255]}"#);
        assert_eq!(text("complete/1").as_deref(), Some("hi\\n\\xff"));
        assert_eq!(text("embed/1"), None);
        assert_eq!(continued("complete/1", b"{}"), None);
    }

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
