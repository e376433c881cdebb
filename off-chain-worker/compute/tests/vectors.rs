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
use support::{built_kernel, kernel_vectors, trace};

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
