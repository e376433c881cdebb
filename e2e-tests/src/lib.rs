//! The whole network in one process: the contracts on `pallet-contracts`, the kernels, and a
//! worker's computation.
//!
//! # Terms
//! * [`Network`]: a deployed network on a new chain, with typed calls and reads. Tests begin with
//!   [`Network::deploy`], or with a [`Prepared`] network that several tests share.
//! * [`Caller`]: the calls that an account signs; `net.as_(ALICE).register(..)` returns the
//!   message's answer.
//! * [`Network::refuses`]: expects that a call is refused and changes nothing.
//! * [`Snapshot`]: the observable state, and the hash of all storage.
//! * [`Observer`](observer::Observer): an honest observer's record of the events, with which the
//!   invariants compare the chain.
//!
//! # Design
//! Dropping a [`Network`] checks the invariants of the protocol, so that no test can omit them. A
//! test that has failed is not checked again. Invariants that depend on unchanged storage alone are
//! not evaluated again.
//!
//! # Limits
//! [`Network::compute`] compares the native and the wasmtime results of whole epochs. Single steps
//! are compared on the chain by the tests of the kernel.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a harness fails by panicking"
)]

pub mod accounts;
pub mod adversary;
mod bundles;
pub mod curve;
pub mod engines;
pub mod intercept;
pub mod invariants;
pub mod liar;
pub mod model;
pub mod network;
pub mod node;
pub mod observer;
pub mod proxy;
pub mod steps;
mod temp_dir;
pub mod tools;
pub mod trapping_kernel;

pub use bundles::bundles;
pub use network::{
    governed_config, proposal, Caller, EpochRun, Network, Prepared, Raw, Shape, Snapshot, Template,
    GUARDS,
};
pub use temp_dir::TempDir;
