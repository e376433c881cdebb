//! The reference's own arithmetic, through the step interface: every vector, on both engines.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use inktensor_compute::{
    engine::{native::Native, Engine},
    vectors::Outcome,
};
use inktensor_yuma_reference::{Metagraph, Outcome as ReferenceOutcome};
use serde::{de::DeserializeOwned, Serialize};
use support::{built_kernel, kernel_vectors, trace};

/// Returns `value` as JSON, and the same JSON as a `T` writes it.
fn written_twice<T: DeserializeOwned + Serialize>(
    value: &impl Serialize,
) -> [serde_json::Value; 2] {
    let here = serde_json::to_value(value).expect("JSON");
    let there: T = serde_json::from_value(here.clone()).expect("the same form");
    [here, serde_json::to_value(there).expect("JSON")]
}

#[test]
fn worker_and_transcription_have_the_same_form() {
    for epoch in kernel_vectors() {
        let [here, there] = written_twice::<Metagraph>(&epoch.vector.input);
        assert_eq!(here, there, "{}", epoch.label());
        let expected = epoch.vector.expected.as_ref().expect("an expected outcome");
        let [here, there] = written_twice::<ReferenceOutcome>(expected);
        assert_eq!(here, there, "{}", epoch.label());
    }
}

fn all_vectors_hold(engine: &dyn Engine) {
    let mut wrong = Vec::new();
    for epoch in kernel_vectors() {
        let found = Outcome::of(&trace(engine, &epoch.vector)).expect("a readable memory");
        let expected = epoch.vector.expected.as_ref().expect("an expected outcome");
        let mismatches = expected.mismatches(&found);
        wrong.extend(
            mismatches
                .iter()
                .map(|mismatch| format!("{}: {mismatch}", epoch.label())),
        );
    }
    assert!(
        wrong.is_empty(),
        "{} differences, the first: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(5)]
    );
}

#[test]
fn all_vectors_hold_natively() {
    all_vectors_hold(&Native::new());
}

#[test]
fn all_vectors_hold_in_wasmtime() {
    all_vectors_hold(&*built_kernel());
}
