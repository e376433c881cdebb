//! Endpoints and commitments that neurons publish.

use crate::{AccountId, NetUid, Rao, Uid};
use ink::prelude::{string::String, vec::Vec};

/// Most bytes of a host name.
pub const MAX_HOST: usize = 253;
/// Most bytes of a commitment.
pub const MAX_COMMITMENT: usize = 128;

/// A host on the internet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Host {
    /// An IPv4 address.
    V4([u8; 4]),
    /// An IPv6 address.
    V6([u8; 16]),
    /// A host name: labels of letters, digits and hyphens, separated by dots.
    Name(String),
}

/// The endpoint at which a neuron answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Axon {
    /// The host.
    pub host: Host,
    /// The port, not 0.
    pub port: u16,
    /// Number of the protocol, defined by the subnet.
    pub protocol: u8,
    /// Version of the software at the endpoint.
    pub version: u32,
    /// Hash of the TLS certificate, blake2_256 or sha256 as the subnet defines.
    pub tls: Option<[u8; 32]>,
}

/// The endpoint of a neuron's metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Prometheus {
    /// The host.
    pub host: Host,
    /// The port, not 0.
    pub port: u16,
    /// Version of the software at the endpoint.
    pub version: u32,
}

/// The kind of a commitment's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum CommitmentKind {
    /// Bytes, defined by the subnet.
    Raw,
    /// Text in UTF-8.
    Text,
    /// A URL, such as that of a model.
    Url,
    /// A hash.
    Hash,
}

/// Data that a neuron has published.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Commitment {
    /// Kind of the data.
    pub kind: CommitmentKind,
    /// The data, at most 128 bytes.
    pub data: Vec<u8>,
    /// Block of the commitment.
    pub block: u32,
}

/// Everything that a neuron serves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct ServingView {
    /// The neuron's uid.
    pub uid: Uid,
    /// The endpoint at which the neuron answers.
    pub axon: Option<Axon>,
    /// The endpoint of the neuron's metrics.
    pub prometheus: Option<Prometheus>,
    /// The neuron's commitment.
    pub commitment: Option<Commitment>,
    /// Serving deposit in rao. The hotkey receives it when the neuron stops serving.
    pub deposit: Rao,
}

/// A new endpoint of a neuron.
#[ink::event]
pub struct AxonServed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The neuron's hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The endpoint.
    pub axon: Axon,
    /// Serving deposit that the hotkey paid with this call, in rao. Zero except for the first.
    pub deposit: Rao,
}

/// A new endpoint of a neuron's metrics.
#[ink::event]
pub struct PrometheusServed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The neuron's hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The endpoint.
    pub prometheus: Prometheus,
    /// Serving deposit that the hotkey paid with this call, in rao. Zero except for the first.
    pub deposit: Rao,
}

/// A new commitment of a neuron.
#[ink::event]
pub struct CommitmentMade {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The neuron's hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The commitment.
    pub commitment: Commitment,
    /// Serving deposit that the hotkey paid with this call, in rao. Zero except for the first.
    pub deposit: Rao,
}

/// The end of a neuron's serving. The registry returned the deposit.
#[ink::event]
pub struct ServingStopped {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The neuron's hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The returned deposit, in rao.
    pub deposit: Rao,
}
