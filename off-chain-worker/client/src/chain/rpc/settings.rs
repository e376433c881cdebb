//! The settings of a connection.

use super::Wait;
use inktensor_primitives::Digest;
use std::time::Duration;

/// Longest wait for an answer or a block, by default.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// The place of a chain, and the limits of waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Nodes of the chain, `ws://` or `wss://`. The first that answers is used; when it stops, the
    /// next.
    pub addresses: Vec<String>,
    /// Longest wait for an answer, or for a transaction's block.
    pub timeout: Duration,
    /// When a transaction counts as carried out.
    pub wait: Wait,
    /// Hash of the chain's first block; by default any chain will do.
    pub genesis: Option<Digest>,
}

impl Settings {
    /// Returns the settings for the node at `address`, which wait for as long as usual.
    pub fn of(address: impl Into<String>) -> Self {
        Self {
            addresses: vec![address.into()],
            timeout: TIMEOUT,
            wait: Wait::default(),
            genesis: None,
        }
    }
}
