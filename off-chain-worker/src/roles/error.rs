//! Why a role could not take its next step.

use crate::{
    chain::{CallError, ChainError},
    engine::{hex, EngineError},
    epoch::{Difference, EpochError},
};
use inktensor_primitives::{Digest, NetUid};
use std::fmt::Debug;
use thiserror::Error;

/// Why a role could not take its next step.
#[derive(Debug, Error)]
pub enum RoleError {
    /// The chain did not answer as it should.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A contract refused a message that should have been in order. Somebody else may have been quicker.
    #[error("{message} was refused: {error}")]
    Refused {
        /// The message.
        message: &'static str,
        /// The contract's error.
        error: String,
    },
    /// No epoch of the subnet is closed.
    #[error("subnet {} has no closed epoch", .0 .0)]
    NothingClosed(NetUid),
    /// The subnet's kernel is not on the chain.
    #[error("there is no code with the kernel's hash {} on the chain", hex(.0))]
    NoKernelCode(Digest),
    /// The kernel cannot be run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The epoch cannot be computed.
    #[error(transparent)]
    Epoch(#[from] EpochError),
    /// The kernel's plan, computed here, is not the one on the chain.
    #[error("the plan computed here is not the one on the chain")]
    OtherPlan,
    /// What the chunks remember from the last final epoch is not known here. Start the worker before that epoch closes.
    #[error("what subnet {} remembers from epoch {epoch} is not known here", netuid.0)]
    MemoryUnknown {
        /// The subnet.
        netuid: NetUid,
        /// The last final epoch.
        epoch: u32,
    },
    /// The results of an epoch to settle were not computed here.
    #[error("the results of epoch {epoch} of subnet {} are not known here", netuid.0)]
    ResultsUnknown {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// Somebody posted another epoch than the one computed here. It is not finalised by this worker.
    #[error("epoch {epoch} of subnet {} was posted wrong: {}", netuid.0, told(difference))]
    Disagreement {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// Where the posted epoch leaves the computed one, if the posted one could be read.
        difference: Option<Difference>,
    },
}

impl RoleError {
    /// For the error of `message`.
    pub(super) fn refused<E: Debug>(message: &'static str) -> impl FnOnce(CallError<E>) -> Self {
        move |error| match error {
            CallError::Chain(error) => RoleError::Chain(error),
            CallError::Refused(error) => RoleError::Refused {
                message,
                error: format!("{error:?}"),
            },
        }
    }
}

fn told(difference: &Option<Difference>) -> String {
    match difference {
        Some(difference) => difference.to_string(),
        None => "it was not found in the chain's events".into(),
    }
}
