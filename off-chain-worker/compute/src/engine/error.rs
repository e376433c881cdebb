//! Errors of an engine.

use super::check::Refusal;
use inktensor_primitives::{hash::hex, kernel::KernelError, Digest};
use std::time::Duration;

/// An error of an engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The bytes are not an acceptable kernel. Do not run a subnet on them.
    #[error("not an acceptable kernel: {0}")]
    Refused(#[from] Refusal),
    /// The bytes are not those of the code hash. Fetch the code again.
    #[error("the kernel's code has hash {}, not {}", hex(.found), hex(.expected))]
    WrongCode {
        /// The expected hash.
        expected: Digest,
        /// Hash of the given bytes.
        found: Digest,
    },
    /// The kernel refused the input, as it would on the chain.
    #[error("the kernel refused: {0}")]
    Kernel(KernelError),
    /// The kernel trapped by the rules of Wasm or of the chain's functions, as it would on the
    /// chain.
    #[error("the kernel trapped: {0}")]
    Trapped(String),
    /// The engine stopped the kernel at a limit of its own, or at a call that the chain answers
    /// otherwise. The chain may get past this step.
    #[error("the engine stopped the kernel: {0}")]
    Stopped(String),
    /// The kernel was stopped after this time.
    #[error("the kernel did not finish a step within {} s", .0.as_secs_f32())]
    TooSlow(Duration),
    /// The kernel's answer does not decode to the type of the interface.
    #[error("the kernel's answer is malformed: {0}")]
    BadAnswer(String),
    /// The engine itself failed, which has nothing to do with the kernel. The machine may be short
    /// of memory.
    #[error("the Wasm engine failed: {0}")]
    Runtime(String),
}
