//! The whole network in a [drink](https://docs.rs/drink) session, for tests of contracts that use
//! it.
//!
//! # Terms
//! * [`Network`]: a deployed network and the session that it runs in. [`Network::deploy`] deploys
//!   the built contracts; [`Network::call`] sends a message by its name.
//! * *bundle*: a built contract with its metadata, the file `NAME.contract`.
//! * [`BANK`]: the account that has all TAO at first.
//!
//! # Example
//! ```no_run
//! use drink::{minimal::MinimalSandbox, session::Session};
//! use inktensor_drink_tests::{Failure, Network, BANK};
//!
//! # fn main() -> Result<(), Failure> {
//! let session = Session::<MinimalSandbox>::default();
//! let mut net = Network::deploy(session)?;
//! assert_eq!(net.balance(BANK)?, net.total_supply()?);
//! # Ok(())
//! # }
//! ```
//!
//! # Limits
//! Blocks have no limit of weight, and accounts have as much of the chain's own coin as they need.
//! [`Network::run_epoch`] has the chain execute the epoch; no worker runs here.

mod bundles;
mod network;

pub use bundles::{bundle, CONTRACTS_DIR};
pub use network::{account, argument, Addresses, Network, BANK, DEPLOYER, TREASURY};

use drink::session::error::SessionError;
use thiserror::Error;

/// Errors of a session that is set up wrongly. A contract's refusal is not one of them.
#[derive(Debug, Error)]
pub enum Failure {
    /// A bundle is missing.
    #[error("no bundle of `{name}`: build it, or name the folder of the network's contracts in {CONTRACTS_DIR}")]
    NoBundle {
        /// The contract's name.
        name: String,
    },
    /// drink cannot read a bundle.
    #[error("{0}")]
    Bundle(#[from] drink::Error),
    /// The session did not run a call.
    #[error("{message}: {source}")]
    Session {
        /// The message or constructor.
        message: String,
        /// The session's error.
        source: SessionError,
    },
    /// A contract refused a call that has to succeed.
    #[error("{message} is refused with {error}")]
    Refused {
        /// The message.
        message: &'static str,
        /// The contract's error.
        error: String,
    },
}
