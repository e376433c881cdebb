//! The targets: multiples of the speed of the reference, which this repository does not contain.

use crate::report::{ONE_CORE, WASMTIME};

/// Milliseconds of a call of a step at most.
pub const CALL: f64 = 0.004;
/// Part of an epoch in wasmtime that its digests may take.
pub const DIGESTS: f64 = 0.1;

/// Time of the transcription in multiples of the reference's own code: neurons, validators, share
/// of entries in per cent, multiple.
///
/// The reference is subtensor's epoch arithmetic at spec 425, compiled natively, on one core. It
/// was timed in turn with a build of this kernel, and so was the transcription, with the same build
/// but on another machine: each multiple is a quotient of two such ratios. So it is good to some
/// tenths, and to less for the largest sizes, where the transcription waits for memory.
const TRANSCRIPTION: [(u16, u16, u64, f64); 10] = [
    (256, 64, 100, 0.74),
    (1024, 64, 100, 0.83),
    (4096, 64, 100, 1.23),
    (4096, 128, 100, 0.99),
    (4096, 256, 100, 0.74),
    (256, 64, 10, 1.09),
    (1024, 64, 10, 2.06),
    (4096, 64, 10, 4.03),
    (4096, 128, 10, 3.22),
    (4096, 256, 10, 2.55),
];

/// Returns the multiple of the reference's time that the transcription takes.
pub fn transcription(neurons: u16, validators: u16, density: u64) -> Option<f64> {
    let size = (neurons, validators, density);
    let mut all = TRANSCRIPTION.iter();
    all.find(|(neurons, validators, density, _)| (*neurons, *validators, *density) == size)
        .map(|(.., times)| *times)
}

/// Returns the target of all cores: how many times as fast as one at least.
pub fn cores(neurons: u16) -> f64 {
    if neurons < 1024 {
        1.0
    } else {
        1.7
    }
}

/// Returns the target of `function`: how many times as fast as the reference at least.
pub fn of(function: &str, neurons: u16, density: u64) -> Option<f64> {
    match (function, density) {
        (WASMTIME, 100) if neurons < 1024 => Some(3.0),
        (WASMTIME, 100) => Some(5.0),
        (WASMTIME, _) if neurons < 1024 => Some(1.0),
        (WASMTIME, _) => Some(2.0),
        (ONE_CORE, 100) => Some(15.0),
        (ONE_CORE, _) => Some(5.0),
        _ => None,
    }
}
