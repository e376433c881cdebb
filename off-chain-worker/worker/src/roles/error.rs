//! Why a role could not take its next step.

use crate::store::StoreError;
use inktensor_client::chain::{CallError, ChainError};
use inktensor_compute::epoch::EngineDifference;
use inktensor_compute::{
    engine::EngineError,
    epoch::{Difference, EpochError},
};
use inktensor_primitives::hash::hex;
use inktensor_primitives::{Digest, NetUid};
use std::fmt::Debug;
use thiserror::Error;

/// Why a role could not take its next step.
#[derive(Debug, Error)]
pub enum RoleError {
    /// The chain did not answer as it should.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A contract refused a message that should have been in order. Somebody else may have been
    /// quicker.
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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was asked for needs a store, and this worker has none.
    #[error("this worker has no store; start it with one")]
    NoStore,
    /// What the chunks remember from the last final epoch is not known here: neither computed here
    /// nor told on the chain. Have it exported by a worker that was there.
    #[error("what subnet {netuid} remembers from epoch {epoch} is not known here; have it from another worker with \
        `inktensor store export --netuid {netuid} --epoch {epoch}` there and `inktensor store import` here", netuid = netuid.0)]
    MemoryUnknown {
        /// The subnet.
        netuid: NetUid,
        /// The last final epoch.
        epoch: u32,
    },
    /// A memory to bring in is not what the last final epoch of the subnet left. Export it anew.
    #[error("this is not what subnet {} remembers: it is of epoch {epoch}, {}", netuid.0, last_told(last))]
    OtherMemory {
        /// The subnet.
        netuid: NetUid,
        /// The epoch that it is said to be of.
        epoch: u32,
        /// The last final epoch.
        last: Option<u32>,
    },
    /// The two ways to run the kernel come to different epochs. One of the two is wrong, so none
    /// is posted.
    #[error("native and Wasm kernel differ on epoch {epoch} of subnet {}: {difference}; nothing is posted, report this", netuid.0)]
    EnginesDiffer {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// Where they differ, and for whom.
        difference: EngineDifference,
    },
    /// The results of an epoch to settle were not computed here.
    #[error("the results of epoch {epoch} of subnet {} are not known here", netuid.0)]
    ResultsUnknown {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// An assertion stands that is not in the chain's events, so it cannot be checked. Connect to
    /// a node that keeps the events since the epoch closed.
    #[error("what is posted for subnet {} was not found in the chain's events", netuid.0)]
    AssertionUnknown {
        /// The subnet.
        netuid: NetUid,
    },
    /// An assertion of this worker was disproved: what it computes is wrong, or somebody else has
    /// its key. It puts no collateral behind this kernel until it is told to trust it again.
    #[error("step {step} of epoch {epoch} of subnet {}, posted by this worker, was disproved; no collateral is put behind the kernel {} \
        until `inktensor store trust` says so: find out first who or what was wrong", netuid.0, hex(kernel_code))]
    Slashed {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// The step.
        step: u32,
        /// The kernel's code hash.
        kernel_code: Digest,
    },
    /// Somebody posted another epoch than the one computed here. It is not finalised by this
    /// worker.
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

fn last_told(last: &Option<u32>) -> String {
    match last {
        Some(last) => format!("and the hashes on the chain are of what epoch {last} left"),
        None => "and no epoch is final yet".into(),
    }
}

fn told(difference: &Option<Difference>) -> String {
    match difference {
        Some(difference) => difference.to_string(),
        None => "it was not found in the chain's events".into(),
    }
}
