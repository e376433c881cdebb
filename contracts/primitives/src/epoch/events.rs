//! What the epoch contract tells.

use super::Collateral;
use crate::{assertion::Assertion, kernel::NeuronResult, AccountId, Digest, NetUid, Rao, Uid};
use ink::prelude::vec::Vec;

/// Weights were set.
#[ink::event]
pub struct WeightsSet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// Who set them.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// Its uid.
    pub uid: Uid,
    /// How many are not zero.
    pub entries: u16,
}

/// Collateral account changed.
#[ink::event]
pub struct CollateralChanged {
    /// Whose.
    #[ink(topic)]
    pub worker: AccountId,
    /// What it is now.
    pub collateral: Collateral,
}

/// An epoch closed.
#[ink::event]
pub struct EpochClosed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// Hash of its header.
    pub header_hash: Digest,
    /// Neurons in it.
    pub neurons: u16,
    /// What it pays out.
    pub budget: Rao,
}

/// An epoch without neurons started its tempo anew.
#[ink::event]
pub struct TempoRestarted {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
}

/// A closed epoch was given up. It will never be final: roster and memory stay as they were, its
/// budget is the next one's.
#[ink::event]
pub struct EpochRolledOver {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// What the subnet's next budget gets.
    pub carried: Rao,
}

/// An assertion was posted. It carries the assertion, so that whoever follows the chain can check
/// and finalise it.
#[ink::event]
pub struct Proposed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// Who posted it.
    #[ink(topic)]
    pub proposer: AccountId,
    /// First block at which it can be finalised.
    pub deadline: u32,
    /// What it claims.
    pub assertion: Assertion,
}

/// An epoch became final.
#[ink::event]
pub struct Finalized {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// Who had posted it; nobody if it was replayed.
    #[ink(topic)]
    pub proposer: Option<AccountId>,
    /// Hash of its assertion: the one posted, or that of what the replay came to.
    pub assertion: Digest,
}

/// Steps of an epoch were executed on the chain.
#[ink::event]
pub struct Replayed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// Who paid for it.
    #[ink(topic)]
    pub caller: AccountId,
    /// The first step that is still to be executed.
    pub next: u32,
}

/// What a replayed epoch comes to for a chunk, so that whoever follows the chain can settle it.
#[ink::event]
pub struct ReplayedResults {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// The chunk.
    pub chunk: u16,
    /// One per neuron of the chunk.
    pub results: Vec<NeuronResult>,
}

/// A part of what a chunk of a replayed epoch remembers, so that whoever follows the chain can
/// compute the next one. The parts of a chunk come in order; a chunk that remembers nothing has
/// none.
#[ink::event]
pub struct ReplayedMemory {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// The chunk.
    pub chunk: u16,
    /// Where the part begins.
    pub offset: u32,
    /// The part, at most [`MEMORY_PART`](super::MEMORY_PART) bytes.
    pub bytes: Vec<u8>,
}

/// A chunk of a final epoch was paid.
#[ink::event]
pub struct Settled {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// The chunk.
    pub chunk: u16,
    /// What it was paid.
    pub paid: Rao,
    /// Whether it was the last.
    pub complete: bool,
}

/// A validator has committed to weights.
#[ink::event]
pub struct WeightsCommitted {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The validator.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// To what.
    pub hash: Digest,
    /// The only epoch in which it can be revealed.
    pub reveals_in: u32,
}

/// A validator's commits were not revealed in time.
#[ink::event]
pub struct RevealsMissed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The validator.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// How many.
    pub count: u32,
}
