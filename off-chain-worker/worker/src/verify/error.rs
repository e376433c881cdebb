//! Why an epoch could not be verified.

use crate::{roles::RoleError, store::StoreError};
use inktensor_client::chain::ChainError;
use inktensor_compute::epoch::EpochError;
use inktensor_primitives::{epoch, NetUid};
use thiserror::Error;

/// Why an epoch could not be verified.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The chain does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The kernel cannot be run.
    #[error(transparent)]
    Kernel(#[from] RoleError),
    /// The epoch cannot be computed.
    #[error("the epoch cannot be computed: {0}")]
    Epoch(#[from] EpochError),
    /// A contract refused to tell.
    #[error("Epochs::chunk_inputs was refused: {0:?}")]
    Refused(epoch::EpochError),
    /// The epoch has not closed.
    #[error("subnet {} has not closed an epoch {epoch}", netuid.0)]
    NotClosed {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// Nobody has posted the epoch.
    #[error("nothing is posted for epoch {epoch} of subnet {}", netuid.0)]
    NothingPosted {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// The chain has forgotten what the epoch was computed from, and no store has it.
    #[error("what epoch {epoch} of subnet {} was computed from is no longer on the chain; name the store of a worker that was there with --store", netuid.0)]
    InputsGone {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// The memory of the epoch before is known only by its hash.
    #[error("what subnet {} remembers from epoch {epoch} is on the chain only as a hash; name the store of a worker that was there with --store", netuid.0)]
    MemoryUnknown {
        /// The subnet.
        netuid: NetUid,
        /// The epoch that left it.
        epoch: u32,
    },
    /// What the store has is of another epoch with the same number.
    #[error("the store's epoch {epoch} of subnet {} has not the header that the chain told of; it is another chain's", netuid.0)]
    OtherHeader {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
}
