//! Errors of a role's next step.

use crate::store::StoreError;
use inktensor_client::chain::{CallError, ChainError, ContractError};
use inktensor_compute::{
    engine::EngineError,
    epoch::{ComputeError, Difference, EngineDifference},
};
use inktensor_primitives::{hash::hex, Digest, NetUid, Rao};
use thiserror::Error;

/// An error of a role's next step.
#[derive(Debug, Error)]
pub enum RoleError {
    /// The chain failed.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A contract refused a message that should have been in order. Another account may have been
    /// first.
    #[error("{message} was refused: {error}")]
    Refused {
        /// Name of the message.
        message: &'static str,
        /// The contract's error.
        error: String,
    },
    /// No epoch of the subnet is closed.
    #[error("subnet {} has no closed epoch", .0 .0)]
    NothingClosed(NetUid),
    /// The code of the subnet's kernel is not on the chain.
    #[error("there is no code with the kernel's hash {} on the chain", hex(.0))]
    NoKernelCode(Digest),
    /// The kernel cannot run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The epoch cannot be computed.
    #[error(transparent)]
    Epoch(#[from] ComputeError),
    /// The plan computed here is not the plan on the chain.
    #[error("the plan computed here is not the plan on the chain: this machine runs another kernel; report this")]
    OtherPlan,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operation needs a store, and this worker has none.
    #[error("this worker has no store; start it with one")]
    NoStore,
    /// The memory of the last final epoch is missing: it was neither computed here nor
    /// published on the chain. Import it from a worker that computed the epoch.
    #[error("the memory of subnet {netuid}, epoch {epoch} is missing; export it on another worker with \
        `inktensor store export --netuid {netuid} --epoch {epoch}` there and `inktensor store import` here", netuid = netuid.0)]
    MemoryUnknown {
        /// The subnet.
        netuid: NetUid,
        /// The last final epoch.
        epoch: u32,
    },
    /// An imported memory is not the one of the subnet's last final epoch. Export it again.
    #[error("this memory of subnet {} is of epoch {epoch}, {}; export it again", netuid.0, last_epoch(last))]
    OtherMemory {
        /// The subnet.
        netuid: NetUid,
        /// Epoch that the import names.
        epoch: u32,
        /// The last final epoch.
        last: Option<u32>,
    },
    /// The chain does not return the input of a chunk, so the epoch can be computed in part only.
    #[error("the chain does not return the input of chunk {chunk} of subnet {netuid}: {reason}; connect to another node", netuid = netuid.0)]
    InputsUnknown {
        /// The subnet.
        netuid: NetUid,
        /// First chunk without input.
        chunk: u16,
        /// The chain's error.
        reason: String,
    },
    /// The two engines disagree on an epoch. One of them is wrong, so nothing is posted.
    #[error("two engines differ on epoch {epoch} of subnet {}: {difference}; nothing is posted, report this", netuid.0)]
    EnginesDiffer {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// First difference, with the affected uids.
        difference: EngineDifference,
    },
    /// The results of an epoch to settle are missing.
    #[error("the results of epoch {epoch} of subnet {} are missing here; a worker that computed the epoch can settle it", netuid.0)]
    ResultsUnknown {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// An assertion is not in the chain's events, so it cannot be checked. Connect to a node that
    /// keeps the events since the epoch closed.
    #[error("the assertion of subnet {} is not in the chain's events; connect to a node that keeps them since the epoch closed", netuid.0)]
    AssertionUnknown {
        /// The subnet.
        netuid: NetUid,
    },
    /// An assertion that stands could not be judged, and may be false. Another watcher has to
    /// check it in time.
    #[error("the assertion of epoch {epoch} of subnet {}, which can be disputed before block {deadline}, could not be checked: {reason}", netuid.0)]
    Unchecked {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// First block at which the assertion can no longer be disputed.
        deadline: u32,
        /// The reason.
        reason: Box<RoleError>,
    },
    /// The chain refused a dispute: its result is what was posted. What this worker has computed
    /// may be wrong, so that was dropped, and the epoch is read again.
    #[error("step {step} of epoch {epoch} of subnet {} differs from what is computed here, and the chain refuses a dispute: {reason}; \
        the epoch is read and computed again: check this machine and its node", netuid.0)]
    Doubted {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// The disputed step.
        step: u32,
        /// Digest of the assertion.
        assertion: Digest,
        /// The contract's error.
        reason: String,
    },
    /// An assertion of this worker was disproved: its computation is wrong, or another program has
    /// its key. It puts no collateral behind this kernel until the operator trusts the kernel
    /// again.
    #[error("step {step} of epoch {epoch} of subnet {}, posted by this worker, was disproved; no collateral is put behind the kernel {} \
        until `inktensor store trust` says so: find out first who or what was wrong", netuid.0, hex(kernel_code))]
    Slashed {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// The disproved step.
        step: u32,
        /// Code hash of the kernel.
        kernel_code: Digest,
    },
    /// The next assertion of a subnet needs more collateral than this worker may lock. Dispute the
    /// false assertions beside it, or raise the limit.
    #[error("the next assertion of subnet {} needs collateral of {needed}, above the limit of {limit}; \
        dispute the false ones beside it, or raise --max-bond", netuid.0)]
    CollateralAboveLimit {
        /// The subnet.
        netuid: NetUid,
        /// Collateral of the next assertion.
        needed: Rao,
        /// Most collateral that this worker locks.
        limit: Rao,
    },
    /// The posted epoch differs from the one computed here. This worker does not finalize it.
    #[error("epoch {epoch} of subnet {} was posted wrong: {}", netuid.0, difference_text(difference))]
    Disagreement {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// First difference, if the posted epoch is known.
        difference: Option<Difference>,
    },
    /// Proposals are ready, and their actions fail. The clerk tries again until their time is over.
    #[error("{}", unexecuted_text(proposals))]
    NotExecuted {
        /// Number of each proposal, and the error of its execution.
        proposals: Vec<(u32, String)>,
    },
}

impl RoleError {
    /// Returns the trouble with the connection to the chain that is the reason, if it is one.
    pub fn trouble(&self) -> Option<&ChainError> {
        match self {
            RoleError::Chain(error) if error.is_of_the_connection() => Some(error),
            RoleError::Unchecked { reason, .. } => reason.trouble(),
            _ => None,
        }
    }

    /// Returns true if an operator has to look into the problem at once: an account is wrong about
    /// an epoch, or an assertion may be.
    pub const fn is_grave(&self) -> bool {
        matches!(
            self,
            RoleError::Slashed { .. }
                | RoleError::EnginesDiffer { .. }
                | RoleError::Disagreement { .. }
                | RoleError::Unchecked { .. }
                | RoleError::Doubted { .. }
        )
    }

    /// Converts the error of `message`.
    pub(crate) fn refused<E: ContractError>(
        message: &'static str,
    ) -> impl FnOnce(CallError<E>) -> Self {
        move |error| match error {
            CallError::Chain(error) => RoleError::Chain(error),
            CallError::Refused(error) => RoleError::Refused {
                message,
                error: error.text(),
            },
        }
    }
}

fn last_epoch(last: &Option<u32>) -> String {
    match last {
        Some(last) => format!("and the hashes on the chain are of epoch {last}"),
        None => "and no epoch is final yet".into(),
    }
}

fn difference_text(difference: &Option<Difference>) -> String {
    match difference {
        Some(difference) => difference.to_string(),
        None => "it was not found in the chain's events".into(),
    }
}

fn unexecuted_text(proposals: &[(u32, String)]) -> String {
    let each = proposals.iter();
    let texts: Vec<String> = each
        .map(|(id, reason)| format!("proposal {id} is ready and cannot be executed: {reason}"))
        .collect();
    texts.join("; ")
}
