//! Errors of an engine.

use super::{check::Refusal, compiled::FolderError};
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
    /// A step took more than this time of the chain, in picoseconds. The chain could not execute it
    /// in a dispute or a replay.
    #[error("a step takes more than {} ms of the chain's time, the limit of a step", .0 / 1_000_000_000)]
    TooCostly(u64),
    /// The epoch was not computed within its time limit. The machine may be overloaded, or the
    /// kernel is slower than a kernel may be.
    #[error("the epoch took longer to compute than its time limit; is the machine overloaded?")]
    OutOfTime,
    /// The kernel was not compiled within this time.
    #[error("the kernel was not compiled within {} s; is the machine overloaded?", .0.as_secs_f32())]
    CompileTooSlow(Duration),
    /// The folder of compiled kernels cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The kernel's answer does not decode to the type of the interface.
    #[error("the kernel's answer is malformed: {0}")]
    BadAnswer(String),
    /// The engine itself failed, which has nothing to do with the kernel. The machine may be short
    /// of memory.
    #[error("the Wasm engine failed: {0}")]
    Runtime(String),
}

impl EngineError {
    /// Returns true if the failure may be this machine's, and not the kernel's: another try may
    /// succeed.
    pub const fn is_of_this_machine(&self) -> bool {
        matches!(
            self,
            EngineError::Runtime(_)
                | EngineError::TooSlow(_)
                | EngineError::OutOfTime
                | EngineError::CompileTooSlow(_)
        )
    }
}
