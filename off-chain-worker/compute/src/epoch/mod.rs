//! An epoch's inputs, the trace of its steps, and the assertion that commits to it.
//!
//! Data flows one way: inputs -> trace -> assertion. The same functions serve the proposer, the
//! watcher and the offline audit, so they cannot disagree.

mod difference;
mod engine_difference;
mod proof;
mod trace;

pub use difference::{first_difference, seats, without, Difference, Part};
pub use engine_difference::{engine_difference, EngineDifference};
pub use trace::{attempt, compute, Attempt, StepTrace, Trace};

use crate::engine::EngineError;
use inktensor_primitives::kernel::{ChunkInputs, EpochHeader, KernelError};
use scale::{Decode, Encode};

/// All that an epoch depends on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EpochInputs {
    /// The frozen header.
    pub header: EpochHeader,
    /// What storage contributes, one per chunk of the plan.
    pub chunks: Vec<ChunkInputs>,
    /// What each chunk remembers from the last final epoch; empty bytes for a chunk that remembers
    /// nothing.
    pub memory: Vec<Vec<u8>>,
}

/// Why an epoch has no trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EpochError {
    /// The kernel has no plan for the epoch.
    #[error("no plan: {0}")]
    Plan(EngineError),
    /// The plan is outside the limits of the protocol. The kernel is at fault.
    #[error("the kernel's plan is outside the limits of the protocol")]
    UnsoundPlan,
    /// Inputs or memory are not one per chunk: how many there are, and how many chunks.
    #[error("{0} chunks are given, the plan has {1}")]
    WrongChunks(usize, u16),
    /// A step failed. On the chain's own inputs this makes the epoch unassertable.
    #[error("phase {phase}, chunk {chunk}: {error}")]
    Step {
        /// Its phase.
        phase: u8,
        /// Its chunk.
        chunk: u16,
        /// What the engine says.
        error: EngineError,
    },
    /// A step's output breaks a promise of the interface. The kernel is at fault.
    #[error("phase {phase}, chunk {chunk}: the kernel's output has {what}")]
    BadOutput {
        /// Its phase.
        phase: u8,
        /// Its chunk.
        chunk: u16,
        /// Which promise.
        what: &'static str,
    },
}

impl EpochError {
    /// Whether the chain comes to the same verdict when it executes the step that failed: the
    /// kernel refuses it, or answers outside its interface. Then no honest assertion of the
    /// epoch exists.
    pub const fn is_verdict(&self) -> bool {
        matches!(
            self,
            EpochError::BadOutput { .. }
                | EpochError::Step {
                    error: EngineError::Kernel(_),
                    ..
                }
        )
    }

    /// The kernel's own refusal, if that is what it is.
    pub fn refusal(&self) -> Option<KernelError> {
        match self {
            EpochError::Plan(EngineError::Kernel(error)) => Some(*error),
            EpochError::Step {
                error: EngineError::Kernel(error),
                ..
            } => Some(*error),
            _ => None,
        }
    }
}
