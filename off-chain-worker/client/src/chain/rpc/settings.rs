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
    /// Messages that go before all others.
    pub urgent: Urgent,
}

/// The messages that go before all others: each carries a tip, which doubles with each block that
/// does not take the transaction, and goes to every node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Urgent {
    /// Selectors of the messages.
    pub selectors: Vec<[u8; 4]>,
    /// Largest tip, in the smallest part of the chain's coin. By default it is 256 times the
    /// transaction's fee, with which the tip begins.
    pub most_tip: Option<u128>,
}

impl Settings {
    /// Returns the settings for the node at `address`, which wait for as long as usual.
    pub fn of(address: impl Into<String>) -> Self {
        Self {
            addresses: vec![address.into()],
            timeout: TIMEOUT,
            wait: Wait::default(),
            genesis: None,
            urgent: Urgent::default(),
        }
    }
}
