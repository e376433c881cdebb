//! Vocabulary of Inktensor: units, epoch-versioned cells, hashes, and one file per contract
//! interface.
//!
//! Contracts call each other through the traits here (`contract_ref!`), never through an
//! implementing crate. The kernels and the worker use the same types, so a header hashed off chain
//! is the header the chain hashed.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
// The codec's derive for enums adds up size hints with `+` and casts variant numbers; the lints
// cannot tell that from arithmetic of ours, which is checked or saturating throughout.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

pub mod assertion;
pub mod dispute;
pub mod emission;
pub mod epoch;
pub mod hash;
pub mod kernel;
pub mod registry;
#[cfg(feature = "std")]
pub mod ss58;
pub mod staking;
pub mod tao;
pub mod token;
pub mod units;
pub mod versioned;
pub mod wiring;

pub use hash::Digest;
pub use ink::primitives::AccountId;
pub use tao::{PaymentRefused, Tao};
pub use units::{Bps, NetUid, Rao, Uid};
pub use versioned::Versioned;
pub use wiring::Wiring;

/// Neurons a storage page holds: neuron pages, score pages and the columns of a weights page.
///
/// 64 neurons in two slots are about 10 KiB, below the 16 KiB that `pallet-contracts` allows a
/// value; one read then serves a whole chunk. A kernel's chunk divides it, so a chunk never spans
/// two pages.
pub const PAGE: u16 = 64;

/// Most neurons of a subnet.
pub const MAX_UIDS: u16 = 4096;

/// Most validators with a permit, not counting the subnet owner's neuron.
pub const MAX_VALIDATORS: u16 = 128;
