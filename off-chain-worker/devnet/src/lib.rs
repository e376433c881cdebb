//! A chain for development and tests: the real `pallet-contracts` in this process, in a folder, or
//! served over TCP to several processes. This example makes one, and lets time pass:
//!
//! ```
//! use inktensor_client::chain::ChainRead;
//! use inktensor_devnet::sandbox::SandboxChain;
//!
//! let mut chain = SandboxChain::new();
//! chain.advance(10);
//! assert_eq!(chain.block()?, 11);
//! # Ok::<(), inktensor_client::chain::ChainError>(())
//! ```
//!
//! All of FRAME is compiled here, and no other crate needs it. There are no keys and no access
//! control: an account signs by its name, see [`account`](fn@account). Use it for development
//! only.
//!
//! # Map
//! * [`sandbox`]: the chain in this process, and its state; [`weights`]: the weights with which it
//!   counts.
//! * [`state_file`]: that state as bytes; [`chain_dir`]: a folder with them; [`persisted`]: a chain
//!   that writes each transaction to such a folder.
//! * [`server`] and [`remote`]: a chain that one process serves and others use.

mod account;
pub mod chain_dir;
mod past;
mod past_states;
pub mod persisted;
mod protocol;
pub mod remote;
mod runtime;
pub mod sandbox;
pub mod server;
pub mod state_file;

pub use account::account;
pub use runtime::weights;
