//! Why a deployment failed.

use crate::chain::{CallError, ChainError};
use inktensor_primitives::{registry::RegistryError, token::WireError};
use thiserror::Error;

/// Why a deployment failed. What was done before stays: the same deployment again goes on from
/// there.
#[derive(Debug, Error)]
pub enum DeployError {
    /// The chain did not do as asked.
    #[error("deploying {contract}: {source}")]
    Chain {
        /// The contract.
        contract: &'static str,
        /// What went wrong.
        source: ChainError,
    },
    /// The constructor refused its arguments.
    #[error("deploying {contract}: its constructor refused with error {error}; see the contract's constructor errors")]
    Refused {
        /// The contract.
        contract: &'static str,
        /// Number of the error in the constructor's error type, counted from 0, and its fields in
        /// hexadecimal.
        error: String,
    },
    /// A contract did not accept its peers.
    #[error("wiring {contract}: {source}")]
    Wiring {
        /// The contract.
        contract: &'static str,
        /// What went wrong.
        source: CallError<WireError>,
    },
    /// The registry did not take its kernels or its admin.
    #[error("telling the registry its kernels and its admin: {0}")]
    Kernels(CallError<RegistryError>),
}
