//! The whole network in one process: real contracts on `pallet-contracts`, real kernel code, a
//! worker's computation.
//!
//! # Terms
//! * [`Network`]: a freshly deployed chain, with typed calls and reads. Every test begins with
//!   [`Network::deploy`].
//! * [`Caller`]: who signs; `net.as_(ALICE).register(..)` returns what the message returns.
//! * [`Snapshot`]: all that can be observed, and the hash of all that is stored. A failed call
//!   leaves it equal.
//! * [`Book`](book::Book): what an honest observer writes down while the chain runs. The invariants
//!   compare the two.
//!
//! # Design
//! The invariants of the protocol are checked when a [`Network`] is dropped, so no test can forget
//! them. A test that fails is not checked a second time.
//!
//! # Limits
//! Optimistic results are compared natively and in wasmtime for every epoch that
//! [`Network::compute`] computes; single steps are compared on the chain by the tests of the
//! kernel.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a harness fails by panicking"
)]

pub mod accounts;
pub mod adversary;
pub mod audit;
pub mod book;
pub mod calls;
pub mod curve;
pub mod engines;
mod folder;
mod invariants;
pub mod meddled;
pub mod model;
pub mod network;
pub mod node;
pub mod programs;
pub mod proxy;
mod reads;
mod run;
pub mod setup;
mod snapshot;
pub mod steps;

pub use calls::Caller;
pub use folder::Folder;
pub use network::{Network, Raw, Template};
pub use run::Ran;
pub use setup::Shape;
pub use snapshot::Snapshot;
