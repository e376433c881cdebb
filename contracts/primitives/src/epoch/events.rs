//! Events of the epoch contract.

use super::Collateral;
use crate::{assertion::Assertion, kernel::NeuronResult, AccountId, Digest, NetUid, Rao, Uid};
use ink::prelude::vec::Vec;

/// A new row of weights.
#[ink::event]
pub struct WeightsSet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The hotkey that set the weights.
    pub hotkey: AccountId,
    /// Uid of the hotkey.
    pub uid: Uid,
    /// Number of weights that are not zero.
    pub entries: u16,
}

/// A change of a worker's collateral.
#[ink::event]
pub struct CollateralChanged {
    /// The worker.
    #[ink(topic)]
    pub worker: AccountId,
    /// The new collateral.
    pub collateral: Collateral,
}

/// The close of an epoch.
#[ink::event]
pub struct EpochClosed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// Hash of the header.
    pub header_hash: Digest,
    /// Number of neurons.
    pub neurons: u16,
    /// Amount that the epoch pays to miners and validators, in rao.
    pub budget: Rao,
}

/// A restart of the tempo, on a subnet without neurons.
#[ink::event]
pub struct TempoRestarted {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The open epoch.
    pub epoch: u32,
}

/// The end of a closed epoch that is rolled over. The epoch never becomes final: roster and memory
/// stay the same, and the budget is carried over.
#[ink::event]
pub struct EpochRolledOver {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// Amount carried over to the subnet's next budget, in rao.
    pub carried: Rao,
}

/// A posted assertion. The event contains the assertion, so that anyone can check and finalize it.
#[ink::event]
pub struct Proposed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// The proposer.
    pub proposer: AccountId,
    /// First block at which the assertion can be finalized.
    pub deadline: u32,
    /// The assertion.
    pub assertion: Assertion,
}

/// The finality of an epoch.
#[ink::event]
pub struct Finalized {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// The proposer. Absent if the epoch was replayed.
    pub proposer: Option<AccountId>,
    /// Digest of the posted assertion, or of the assertion that equals the replay's outcome.
    pub assertion: Digest,
}

/// Steps of an epoch that the chain executed.
#[ink::event]
pub struct Replayed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// The caller of the replay.
    pub caller: AccountId,
    /// The next step to execute.
    pub next: u32,
}

/// The results of a chunk: of a replayed step, with which anyone can settle the chunk, or of a
/// settled chunk.
#[ink::event]
pub struct ResultsPublished {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// The chunk.
    pub chunk: u16,
    /// Results, one per neuron of the chunk.
    pub results: Vec<NeuronResult>,
}

/// A part of a chunk's memory, of a replayed step or a settled chunk, with which anyone can compute
/// the next epoch.
///
/// The parts of a chunk come in order, from offset 0 on. A chunk with empty memory has no parts. A
/// chunk that is replayed and settled publishes its memory twice.
#[ink::event]
pub struct MemoryPublished {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// The chunk.
    pub chunk: u16,
    /// Offset of the part within the memory.
    pub offset: u32,
    /// The part, at most 8 192 bytes.
    pub bytes: Vec<u8>,
}

/// A chunk of a final epoch that one call has settled, at least partly.
#[ink::event]
pub struct Settled {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// The chunk.
    pub chunk: u16,
    /// Number of the chunk's neurons that the call has paid, in order of uid.
    pub neurons: u16,
    /// Pay of these neurons, in rao.
    pub paid: Rao,
    /// True if every neuron of the chunk is paid.
    pub settled: bool,
    /// True if every chunk of the epoch is settled.
    pub complete: bool,
}

/// A new commit of weights.
#[ink::event]
pub struct WeightsCommitted {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// Hotkey of the validator.
    pub hotkey: AccountId,
    /// The committed hash.
    pub hash: Digest,
    /// The only epoch in which the commit can be revealed.
    pub reveals_in: u32,
}

/// Commits that a validator did not reveal in time.
#[ink::event]
pub struct RevealsMissed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// Hotkey of the validator.
    pub hotkey: AccountId,
    /// Number of commits.
    pub count: u32,
}
