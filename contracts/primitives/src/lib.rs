//! Interfaces of the Inktensor contracts, and the types and rules that contracts, kernels and
//! workers share.
//!
//! Contracts call each other through the traits here (`contract_ref!`), never through an
//! implementing crate. The kernels and the worker use the same types, so a header hashed off chain
//! is the header that the chain hashed.
//!
//! - `registry`, `staking`, `emission`, `epoch`, `token`: the interface of one contract each
//! - `treasury`: the interface of the treasury
//! - `kernel`: the interface of kernels, and the check of a step's output
//! - `assertion`, `dispute`: the posted outcome of an epoch, and the proof against it
//! - `wiring`, `tao`: one-time wiring, and calls to the token
//! - `done`: the end of messages that leave a contract's root cell as it is
//! - `units`, `versioned`, `hash`: numbers with a unit, two-slot cells, and tagged hashes
//! - `work`: pledges, the commitments by which neurons take part in a subnet's work
//! - `ss58`: addresses in texts, only with the feature `std`
//!
//! The doc comments of traits, types, events and errors are user interface: metadata, bindings and
//! Contracts UI show them. With the feature `std` every error implements `Display` for people.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
// The codec's derive for enums adds up size hints with `+` and casts variant numbers; the lints
// cannot tell that from arithmetic of ours, which is checked or saturating throughout.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

pub mod assertion;
pub mod dispute;
pub mod done;
pub mod emission;
pub mod epoch;
pub mod front;
pub mod governance;
pub mod hash;
pub mod kernel;
pub mod registry;
#[cfg(feature = "std")]
pub mod ss58;
pub mod staking;
pub mod tao;
pub mod token;
pub mod treasury;
pub mod units;
pub mod versioned;
pub mod wiring;
pub mod work;

#[cfg(test)]
mod error_texts;

pub use done::done;
pub use hash::Digest;
pub use ink::primitives::AccountId;
pub use tao::{PaymentRefused, Tao};
pub use units::{Bps, NetUid, Rao, Uid};
pub use versioned::Versioned;
pub use wiring::Wiring;

/// Uids per storage page, of neurons, of scores, and of the columns of weights.
///
/// 64 neurons in two slots are about 10 KiB, below the limit of 16 KiB that `pallet-contracts` sets
/// for a value. One read then serves a whole chunk, because the size of a chunk divides the page.
pub const PAGE: u16 = 64;

/// Most neurons of a subnet.
pub const MAX_UIDS: u16 = 4096;

/// Most validators with a permit, not counting the subnet owner's neuron.
pub const MAX_VALIDATORS: u16 = 128;
