//! What can go wrong while a kernel is loaded or runs.

use super::check::Refusal;
use inktensor_primitives::{hash::hex, kernel::KernelError, Digest};
use std::time::Duration;

/// Why an engine has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The bytes are no acceptable kernel. Do not run a subnet on them.
    #[error("not an acceptable kernel: {0}")]
    Refused(#[from] Refusal),
    /// The bytes are not those of the code hash. Fetch the code again.
    #[error("the kernel's code has hash {}, not {}", hex(.found), hex(.expected))]
    WrongCode {
        /// The hash that was asked for.
        expected: Digest,
        /// The hash of the bytes at hand.
        found: Digest,
    },
    /// The kernel refused the input, as it would on the chain.
    #[error("the kernel refused: {}", kernel_error(.0))]
    Kernel(KernelError),
    /// The kernel trapped: it panicked, or did what no pure step may do.
    #[error("the kernel trapped: {0}")]
    Trapped(String),
    /// The kernel was stopped after this time.
    #[error("the kernel did not finish a step within {} s", .0.as_secs_f32())]
    TooSlow(Duration),
    /// The kernel's answer does not decode to what the interface promises.
    #[error("the kernel's answer is malformed: {0}")]
    BadAnswer(String),
    /// The executor itself failed; this says nothing about the kernel. The machine may be short of
    /// memory.
    #[error("the Wasm engine failed: {0}")]
    Runtime(String),
}

/// A kernel's refusal in words.
fn kernel_error(error: &KernelError) -> &'static str {
    match error {
        KernelError::BadParams => "its parameters do not decode or are out of bounds",
        KernelError::StepOutOfRange => "the step is not in the plan",
        KernelError::BadInputs => "the numbers of neurons or rows do not fit header and chunk",
        KernelError::BadCarry => "the carry is not one that the step before produces",
        KernelError::BadScratch => "the scratch is not one that the phase before produces",
        KernelError::BadMemory => "the memory is not one that an epoch of this kernel leaves",
    }
}
