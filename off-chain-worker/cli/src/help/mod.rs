//! The command line as clap prints it: commands in groups, examples that can be pasted.

#[cfg(test)]
mod tests;

use crate::commands::Cli;
use clap::{Command, CommandFactory};

/// Columns that an example has at most.
const WIDTH: usize = 80;
/// Columns that help has at most on a wide terminal.
const MAX_WIDTH: usize = 100;
/// Clap's title of a line of usage.
const USAGE: &str = "Usage: ";
/// Columns before the second line of usage.
const INDENT: usize = 11;
/// The starts of words before which a line may be broken.
const STARTS: [&str; 4] = ["--", "[--", "<--", "[OPTIONS]"];

/// All commands, by who uses them.
const GROUPS: [(&str, &[&str]); 8] = [
    (
        "Everyone",
        &[
            "ask",
            "search",
            "metagraph",
            "epoch",
            "emission",
            "wallet",
            "explain",
            "verify",
            "audit",
            "evidence",
            "provenance",
        ],
    ),
    ("Stakers", &["stake", "delegate"]),
    ("Governance", &["gov", "treasury"]),
    ("Miners", &["mine", "neuron", "serve"]),
    ("Validators", &["validate", "weights"]),
    ("Subnet owners", &["subnet", "model", "train"]),
    (
        "Operators of workers and networks",
        &["run", "store", "deploy", "deployment", "kernel"],
    ),
    (
        "Developers",
        &["demo", "devchain", "heartbeat", "completions"],
    ),
];

/// Returns the command line, ready to parse arguments and to print help.
pub fn command() -> Command {
    let mut built = prepared(Cli::command());
    built.build();
    let command = with_usage(prepared(Cli::command()), &built).max_term_width(MAX_WIDTH);
    let groups = groups(&command);
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}Options:\n{{options}}\n\n\
         `inktensor COMMAND --help` describes a command and its options, with an example."
    ))
}

/// Returns all groups with their commands, as text.
fn groups(command: &Command) -> String {
    let mut text = String::new();
    for (users, names) in GROUPS {
        text.push_str(users);
        text.push_str(":\n");
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("  {name:<12}{about}\n"));
        }
        text.push('\n');
    }
    text
}

/// Lets negative numbers reach the parsers of values, which say what they expect, and breaks the
/// lines of examples.
fn prepared(command: Command) -> Command {
    let example = command.get_after_help().map(ToString::to_string);
    let command = match example {
        Some(example) => command.after_help(broken(&example)),
        None => command,
    };
    command
        .mut_args(|argument| {
            let takes_values = argument.get_action().takes_values();
            argument.allow_negative_numbers(takes_values)
        })
        .mut_subcommands(prepared)
}

/// Breaks the lines of usage that are too long, which clap does not. `built` is the same command,
/// built: then it has its full name.
fn with_usage(command: Command, built: &Command) -> Command {
    let usage = built.clone().render_usage().to_string();
    let usage = usage.strip_prefix(USAGE).unwrap_or(&usage);
    let command = if USAGE.len() + usage.chars().count() > WIDTH {
        command.override_usage(broken_usage(usage))
    } else {
        command
    };
    command.mut_subcommands(|inner| match built.find_subcommand(inner.get_name()) {
        Some(built) => with_usage(inner, built),
        None => inner,
    })
}

/// Breaks a line of usage before options.
fn broken_usage(usage: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for unit in units(usage) {
        match lines.last_mut() {
            Some(last) if INDENT + last.chars().count() + 1 + unit.chars().count() <= WIDTH => {
                last.push(' ');
                last.push_str(&unit);
            }
            _ => lines.push(unit),
        }
    }
    lines.join(&format!("\n{}", " ".repeat(INDENT)))
}

/// Breaks lines of shell commands that are too long, before flags, as a shell reads them.
fn broken(text: &str) -> String {
    let lines = text.lines().map(|line| {
        if line.chars().count() <= WIDTH {
            return line.to_owned();
        }
        let mut lines: Vec<String> = vec![String::new()];
        for unit in units(line) {
            let last = lines.last_mut();
            match last {
                Some(last)
                    if last.is_empty()
                        || last.chars().count() + unit.chars().count() + 3 <= WIDTH =>
                {
                    if !last.is_empty() {
                        last.push(' ');
                    }
                    last.push_str(&unit);
                }
                _ => lines.push(format!("      {unit}")),
            }
        }
        lines.join(" \\\n")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns a command line in parts that stay together: the command, and each flag with its value.
/// In a line of usage a flag may be in brackets.
fn units(line: &str) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    for word in line.split(' ') {
        match units.last_mut() {
            Some(last) if !STARTS.iter().any(|start| word.starts_with(start)) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => units.push(word.to_owned()),
        }
    }
    units
}
