//! Where neurons serve, and what they commit to.

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
    /// An address of IP version 4.
    V4([u8; 4]),
    /// An address of IP version 6.
    V6([u8; 16]),
    /// A name, of labels of letters, digits and hyphens with dots between.
    Name(String),
}

/// Where a miner answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Axon {
    /// The host.
    pub host: Host,
    /// The port, not 0.
    pub port: u16,
    /// The protocol, as the subnet numbers them.
    pub protocol: u8,
    /// The version of what runs there.
    pub version: u32,
    /// blake2_256 or sha256, as the subnet says, of the certificate that it shows.
    pub tls: Option<[u8; 32]>,
}

/// Where a neuron's metrics are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Prometheus {
    /// The host.
    pub host: Host,
    /// The port, not 0.
    pub port: u16,
    /// The version of what runs there.
    pub version: u32,
}

/// What the bytes of a commitment are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum CommitmentKind {
    /// Bytes that the subnet understands.
    Raw,
    /// Text in UTF-8.
    Text,
    /// A URL, such as that of a model.
    Url,
    /// A hash.
    Hash,
}

/// What a neuron has committed to in public.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Commitment {
    /// What the bytes are.
    pub kind: CommitmentKind,
    /// At most [`MAX_COMMITMENT`] bytes.
    pub data: Vec<u8>,
    /// Block at which it was made.
    pub block: u32,
}

/// What a neuron shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct ServingView {
    /// Its uid.
    pub uid: Uid,
    /// Where it answers.
    pub axon: Option<Axon>,
    /// Where its metrics are.
    pub prometheus: Option<Prometheus>,
    /// What it has committed to.
    pub commitment: Option<Commitment>,
    /// Rao held for it, which goes back to its hotkey.
    pub deposit: Rao,
}

/// A neuron shows where it answers.
#[ink::event]
pub struct AxonServed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The neuron's hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// Where.
    pub axon: Axon,
}

/// A neuron shows where its metrics are.
#[ink::event]
pub struct PrometheusServed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The neuron's hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// Where.
    pub prometheus: Prometheus,
}

/// A neuron has committed to something in public.
#[ink::event]
pub struct CommitmentMade {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The neuron's hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// To what.
    pub commitment: Commitment,
}

/// A neuron shows nothing any more, and has its deposit back.
#[ink::event]
pub struct ServingStopped {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The neuron's hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// The deposit.
    pub deposit: Rao,
}
