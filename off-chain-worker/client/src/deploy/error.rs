//! Errors of a deployment.

use crate::chain::{CallError, ChainError};
use inktensor_primitives::{
    governance::GovernanceError, registry::RegistryError, token::WireError, treasury::TreasuryError,
};
use thiserror::Error;

/// An error of a deployment. All earlier steps stay: the same deployment again continues from
/// there.
#[derive(Debug, Error)]
pub enum DeployError {
    /// The chain refused a step.
    #[error("deploying {contract}: {source}")]
    Chain {
        /// The contract.
        contract: &'static str,
        /// The chain's error.
        source: ChainError,
    },
    /// The constructor refused its arguments.
    #[error("deploying {contract}: its constructor refused: {error}")]
    Refused {
        /// The contract.
        contract: &'static str,
        /// The constructor's error.
        error: String,
    },
    /// A contract refused the addresses of the others.
    #[error("wiring {contract}: {source}")]
    Wiring {
        /// The contract.
        contract: &'static str,
        /// The contract's error.
        source: CallError<WireError>,
    },
    /// The registry refused its kernels or its admin.
    #[error("handing the registry over: {0}")]
    Kernels(CallError<RegistryError>),
    /// The treasury refused to be offered to governance.
    #[error("handing the treasury over: {source}")]
    Treasury {
        /// The contract's error.
        source: CallError<TreasuryError>,
    },
    /// Governance refused its roles.
    #[error("handing over to governance: {source}")]
    Governing {
        /// The contract's error.
        source: CallError<GovernanceError>,
    },
}
