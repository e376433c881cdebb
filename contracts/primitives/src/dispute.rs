//! What disproves a false assertion: the preimages that one of its steps builds on.

use crate::{assertion::Assertion, AccountId, Digest, NetUid, Rao};
use ink::prelude::vec::Vec;

/// What step `k` of an assertion builds on, so that the chain can execute it again. The rest of the
/// step's input the chain gathers itself.
///
/// A step's digest covers its carry and its scratch. Whoever opens one of the two gives the hash of
/// the other, its *sibling*.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct StepProof {
    /// What was posted.
    pub assertion: Assertion,
    /// Carry that step `k - 1` hands on; empty for the first step.
    pub carry: Vec<u8>,
    /// Hash of the scratch of step `k - 1`. Not looked at for the first step.
    pub carry_sibling: Digest,
    /// Scratch that the same chunk's step one phase earlier hands on; empty in phase 0.
    pub scratch: Vec<u8>,
    /// Hash of the carry of that step. Not looked at in phase 0.
    pub scratch_sibling: Digest,
    /// What the chunk remembers from the last final epoch, if the phase reads it; else empty.
    pub memory: Vec<u8>,
}

/// A part of a proof that must hash to what is known already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum Opening {
    /// The carry, against the digest of the step before.
    Carry,
    /// The scratch, against the digest of the same chunk's step one phase earlier.
    Scratch,
    /// The memory, against the hash that the last final epoch left.
    Memory,
}

/// An assertion was disproved. Its collateral is gone, and the epoch awaits an assertion again.
#[ink::event]
pub struct Disputed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// Who disproved it.
    #[ink(topic)]
    pub challenger: AccountId,
    /// The step that is false.
    pub step: u32,
    /// The collateral.
    pub slashed: Rao,
    /// What the challenger got of it; the rest was burned.
    pub reward: Rao,
}
