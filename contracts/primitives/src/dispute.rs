//! The proof against a false assertion: the preimages that one step builds on.

use crate::{assertion::Assertion, AccountId, Digest, NetUid, Rao};
use ink::prelude::vec::Vec;

/// The preimages that step `k` of an assertion builds on. With these the chain re-executes the
/// step; the rest of the step's input is in storage.
///
/// A step's digest covers carry and scratch. A proof that opens one of them contains the hash of
/// the other, the *sibling*.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct StepProof {
    /// The posted assertion.
    pub assertion: Assertion,
    /// Carry of step `k - 1`; empty for the first step.
    pub carry: Vec<u8>,
    /// Hash of the scratch of step `k - 1`. Ignored for the first step.
    pub carry_sibling: Digest,
    /// Scratch of the same chunk's step one phase earlier; empty in phase 0.
    pub scratch: Vec<u8>,
    /// Hash of the carry of the step one phase earlier. Ignored in phase 0.
    pub scratch_sibling: Digest,
    /// Memory of the chunk from the last final epoch if the phase reads memory, else empty.
    pub memory: Vec<u8>,
}

/// A part of a proof that must have a known hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum Opening {
    /// The carry, which the digest of the step before covers.
    Carry,
    /// The scratch, which the digest of the same chunk's step one phase earlier covers.
    Scratch,
    /// The memory, whose hash the last final epoch left.
    Memory,
}

#[cfg(feature = "std")]
impl core::fmt::Display for Opening {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Carry => "carry",
            Self::Scratch => "scratch",
            Self::Memory => "memory",
        })
    }
}

/// A successful dispute. The collateral is slashed, and the place of the assertion is free.
#[ink::event]
pub struct Disputed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// The caller of the dispute.
    #[ink(topic)]
    pub challenger: AccountId,
    /// Digest of the false assertion.
    pub assertion: Digest,
    /// The false step.
    pub step: u32,
    /// The slashed collateral, in rao.
    pub slashed: Rao,
    /// The challenger's part of the collateral, in rao. The rest is burned.
    pub reward: Rao,
}
