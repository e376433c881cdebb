//! The alert rules of `docs/alerts.yml`: each names metrics and problems that the worker has, and
//! has its row in `docs/operate.md`. Where promtool is at hand, it checks the rules and their
//! tests.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use inktensor_worker::service::metrics;
use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

const RULES: &str = include_str!("../../../docs/alerts.yml");
const MANUAL: &str = include_str!("../../../docs/operate.md");
/// The names of the kinds of problems.
const KINDS: &str = include_str!("../src/service/metrics/mod.rs");

/// A rule, as far as it is read here.
#[derive(Default)]
struct Rule {
    name: &'static str,
    expression: &'static str,
    severity: &'static str,
    annotations: Vec<&'static str>,
}

/// Reads the rules. Each field is one line.
fn rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for line in RULES.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("- alert: ") {
            rules.push(Rule {
                name,
                ..Rule::default()
            });
        }
        let Some(rule) = rules.last_mut() else {
            continue;
        };
        if let Some(expression) = line.strip_prefix("expr: ") {
            rule.expression = expression;
        } else if let Some(severity) = line.strip_prefix("severity: ") {
            rule.severity = severity;
        } else if line.starts_with("summary: ") || line.starts_with("action: ") {
            rule.annotations.push(line);
        }
    }
    rules
}

/// Returns the words of an expression that can be metrics.
fn words(expression: &str) -> impl Iterator<Item = &str> {
    let is_apart = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    expression
        .split(is_apart)
        .filter(|word| word.starts_with("inktensor_"))
}

/// Returns the values with which an expression compares the label `kind`.
fn kinds(expression: &str) -> impl Iterator<Item = &str> {
    expression
        .split("kind=")
        .skip(1)
        .filter_map(|rest| rest.split('"').nth(1))
        .flat_map(|values| values.split('|'))
}

#[test]
fn every_rule_is_complete() {
    let rules = rules();
    assert!(rules.len() > 10, "{}", rules.len());
    for rule in &rules {
        assert!(rule.name.starts_with("Inktensor"), "{}", rule.name);
        assert!(!rule.expression.is_empty(), "{}", rule.name);
        assert!(["page", "ticket"].contains(&rule.severity), "{}", rule.name);
        assert_eq!(rule.annotations.len(), 2, "{}", rule.name);
    }
}

#[test]
fn every_metric_of_a_rule_is_exported() {
    for rule in rules() {
        for word in words(rule.expression) {
            let is_known = metrics::ALL.iter().any(|(name, _)| *name == word);
            assert!(is_known, "{}: {word}", rule.name);
        }
    }
}

#[test]
fn every_kind_of_a_rule_is_a_problem_of_the_worker() {
    let mut count = 0;
    for rule in rules() {
        for kind in kinds(rule.expression) {
            let literal = format!("\"{kind}\"");
            assert!(KINDS.contains(&literal), "{}: {kind}", rule.name);
            count += 1;
        }
    }
    assert!(count > 3, "{count}");
}

#[test]
fn the_manual_lists_every_rule_and_no_other() {
    let rules = rules();
    for rule in &rules {
        let row = format!("| `{}` | {} |", rule.name, rule.severity);
        assert!(MANUAL.contains(&row), "{row}");
    }
    let rows = MANUAL
        .lines()
        .filter(|line| line.starts_with("| `Inktensor"));
    assert_eq!(rows.count(), rules.len());
}

/// Runs promtool, if there is one. A test of rules is skipped on a machine without it.
#[test]
fn promtool_accepts_the_rules_and_their_tests() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let promtool = env::var_os("PROMTOOL").unwrap_or_else(|| "promtool".into());
    let run = |arguments: [&str; 3]| {
        Command::new(&promtool)
            .current_dir(here)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
    };
    for arguments in [
        ["check", "rules", "../../docs/alerts.yml"],
        ["test", "rules", "tests/alerts_fire.yml"],
    ] {
        let Ok(output) = run(arguments) else {
            println!("no promtool: set PROMTOOL, or install the package prometheus");
            return;
        };
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}\n{text}");
    }
}
