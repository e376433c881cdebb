//! Errors of the verification of an epoch.

use crate::{roles::RoleError, store::StoreError};
use inktensor_client::chain::ChainError;
use inktensor_compute::epoch::ComputeError;
use inktensor_primitives::{epoch, NetUid};
use thiserror::Error;

/// An error of the verification of an epoch.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The chain does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store is unreadable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The kernel cannot run.
    #[error(transparent)]
    Kernel(#[from] RoleError),
    /// The epoch cannot be computed.
    #[error("the epoch cannot be computed: {0}")]
    Epoch(#[from] ComputeError),
    /// The contract refused to return its inputs.
    #[error("Epochs::chunk_inputs was refused: {0}")]
    Refused(epoch::EpochError),
    /// The epoch has not closed.
    #[error("subnet {} has not closed an epoch {epoch}", netuid.0)]
    NotClosed {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// No assertion of the epoch was posted.
    #[error("nothing is posted for epoch {epoch} of subnet {}", netuid.0)]
    NothingPosted {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// The chain no longer has the epoch's inputs, and no store has them.
    #[error("the inputs of epoch {epoch} of subnet {} are no longer on the chain; name the store of a worker that computed it with --store", netuid.0)]
    InputsGone {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// The memory of the epoch before is known only by its hash.
    #[error("the memory of subnet {}, epoch {epoch} is on the chain only as a hash; name the store of a worker that computed it with --store", netuid.0)]
    MemoryUnknown {
        /// The subnet.
        netuid: NetUid,
        /// The epoch that left it.
        epoch: u32,
    },
    /// The stored epoch is another one with the same number.
    #[error("epoch {epoch} of subnet {} in the store has another header than on the chain; it is of another chain", netuid.0)]
    OtherHeader {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
}
