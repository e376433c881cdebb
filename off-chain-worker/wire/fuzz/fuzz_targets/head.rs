//! Heads of questions and answers, from any bytes.
//!
//! ```sh
//! cargo install cargo-fuzz
//! cargo +nightly fuzz run head    # in off-chain-worker/wire
//! ```
//!
//! The input is lines of `name: value`; the first line is the path. Nothing may panic, and a head
//! that is accepted has one spelling. `tests/heads.rs` does the same without a fuzzer.
#![no_main]

#[path = "../body.rs"]
mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = body::head(data);
});
