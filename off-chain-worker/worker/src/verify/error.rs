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
    /// There is no such subnet.
    #[error("there is no subnet {}; `inktensor subnet list` lists all", .0 .0)]
    NoSubnet(NetUid),
    /// The epoch has not closed.
    #[error("subnet {} has not closed an epoch {epoch}; epoch {open} is open", netuid.0)]
    NotClosed {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// The open epoch.
        open: u32,
    },
    /// The epoch has no such neuron.
    #[error("there is no uid {uid} in epoch {epoch} of subnet {}, which has {neurons} neurons", netuid.0)]
    NoNeuron {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// The uid.
        uid: u16,
        /// Number of neurons.
        neurons: u16,
    },
    /// No epoch is final.
    #[error("no epoch of subnet {} is final yet; `inktensor epoch show` shows how far it is", .0 .0)]
    NothingFinal(NetUid),
    /// No assertion of the epoch was posted.
    #[error("nothing is posted for epoch {epoch} of subnet {}", netuid.0)]
    NothingPosted {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// The chain no longer has the epoch's inputs, and no store has them.
    #[error("the node has discarded the inputs of epoch {epoch} of subnet {}; name the store of a worker that computed it with --store, or a node with --state-pruning archive", netuid.0)]
    InputsGone {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
    },
    /// The memory of the epoch before is known only by its hash.
    #[error("the node has discarded the memory of subnet {}, epoch {epoch}, which the epoch reads; name the store of a worker that computed it with --store, or a node with --state-pruning archive", netuid.0)]
    MemoryUnknown {
        /// The subnet.
        netuid: NetUid,
        /// The epoch that left it.
        epoch: u32,
    },
    /// The chain has discarded everything that the epoch can be compared with.
    #[error("the outcome of epoch {epoch} of subnet {} is in blocks before {first}, which the node has discarded; name a node with --state-pruning archive", netuid.0)]
    Discarded {
        /// The subnet.
        netuid: NetUid,
        /// The epoch.
        epoch: u32,
        /// First block that the node has.
        first: u32,
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
