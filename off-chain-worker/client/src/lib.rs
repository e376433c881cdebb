//! A client of an Inktensor network: chains, typed messages, keys and deployments.

pub mod chain;
pub mod deploy;
pub mod keys;
pub mod ss58;

pub use inktensor_primitives::{AccountId, Digest};
