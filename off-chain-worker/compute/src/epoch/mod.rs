//! An epoch's inputs, the trace of its steps, and the assertion that commits to the trace.
//!
//! Data flows one way: inputs -> trace -> assertion. The same functions serve the proposer, the
//! watcher and the offline audit, so they cannot disagree.

mod difference;
mod engine_difference;
mod proof;
mod trace;

pub use difference::{chunk_uids, first_difference, without, Difference, StepPart};
pub use engine_difference::{engine_difference, EngineDifference};
pub use trace::{attempt, attempt_within, compute, Attempt, Limits, StepTrace, Trace};

use crate::engine::EngineError;
use inktensor_primitives::kernel::{BrokenPromise, ChunkInputs, EpochHeader, KernelError};
use scale::{Decode, Encode};

/// The input of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EpochInputs {
    /// Header of the closed epoch.
    pub header: EpochHeader,
    /// Input from the chain's storage, one per chunk of the plan.
    pub chunks: Vec<ChunkInputs>,
    /// Memory from the last final epoch, one per chunk; empty bytes for a chunk without memory.
    pub memory: Vec<Vec<u8>>,
}

/// An error that leaves an epoch without a trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComputeError {
    /// The kernel has no plan for the epoch.
    #[error("no plan: {0}")]
    Plan(EngineError),
    /// The plan is outside the limits of the protocol. The kernel is at fault.
    #[error("the kernel's plan is outside the limits of the protocol")]
    UnsoundPlan,
    /// Inputs or memory are not one per chunk: their number, and the number of chunks.
    #[error("there are inputs for {0} chunks, and the plan has {1}")]
    WrongChunks(usize, u16),
    /// A step failed. On the chain's own inputs this makes the epoch unassertable.
    #[error("phase {phase}, chunk {chunk}: {error}")]
    Step {
        /// Phase of the step.
        phase: u8,
        /// Chunk of the step.
        chunk: u16,
        /// The engine's error.
        error: EngineError,
    },
    /// The input or the memory of a chunk is not known here, so its step cannot be computed.
    #[error("phase {phase}, chunk {chunk}: the chunk's input or memory is not known")]
    Unknown {
        /// Phase of the step.
        phase: u8,
        /// Chunk of the step.
        chunk: u16,
    },
    /// A step's output breaks a promise of the kernel interface. The kernel is at fault.
    #[error("phase {phase}, chunk {chunk}: the kernel's output breaks its interface: {promise}")]
    BadOutput {
        /// Phase of the step.
        phase: u8,
        /// Chunk of the step.
        chunk: u16,
        /// The broken promise.
        promise: BrokenPromise,
    },
}

impl ComputeError {
    /// Returns true if the chain reaches the same verdict when it executes the step that failed:
    /// the kernel refuses the step, traps, or answers with something that is no output. Then no
    /// honest assertion of the epoch exists.
    pub const fn is_verdict(&self) -> bool {
        matches!(
            self,
            ComputeError::BadOutput { .. }
                | ComputeError::Step {
                    error: EngineError::Kernel(_)
                        | EngineError::Trapped(_)
                        | EngineError::BadAnswer(_),
                    ..
                }
        )
    }

    /// Returns true if the failure may be this machine's, and not the kernel's: another try may
    /// succeed.
    pub const fn is_of_this_machine(&self) -> bool {
        match self {
            ComputeError::Plan(error) | ComputeError::Step { error, .. } => {
                error.is_of_this_machine()
            }
            ComputeError::Unknown { .. } => true,
            ComputeError::UnsoundPlan
            | ComputeError::WrongChunks(..)
            | ComputeError::BadOutput { .. } => false,
        }
    }

    /// Returns the kernel's own refusal, if the error is one.
    pub fn refusal(&self) -> Option<KernelError> {
        match self {
            ComputeError::Plan(EngineError::Kernel(error)) => Some(*error),
            ComputeError::Step {
                error: EngineError::Kernel(error),
                ..
            } => Some(*error),
            _ => None,
        }
    }
}
