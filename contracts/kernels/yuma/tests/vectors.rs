//! Recorded epochs: inputs, and the outcome by the reference implementation's own arithmetic.

mod support;

use inktensor_yuma_reference::{Metagraph, Outcome};
use serde::Deserialize;
use support::{outcome, Inputs};

#[derive(Deserialize)]
struct Case {
    name: String,
    input: Metagraph,
    expected: Outcome,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("../vectors/yuma.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a case"))
        .collect()
}

#[test]
fn kernel_agrees_with_every_vector() {
    for case in cases() {
        let outputs = Inputs::new(&case.input, 64).run();
        assert_eq!(outcome(&outputs), case.expected, "{}", case.name);
    }
}

#[test]
fn transcription_agrees_with_every_vector() {
    for case in cases() {
        assert_eq!(
            inktensor_yuma_reference::epoch(&case.input),
            case.expected,
            "{}",
            case.name
        );
    }
}
