//! The claim a proposer posts: one digest per step, and hashes of what the epoch leaves behind.

use crate::{
    hash::{Preimage, Tag},
    kernel::NeuronResult,
    Digest, NetUid, Uid,
};
use ink::prelude::vec::Vec;

/// A posted epoch. The contract keeps only its digest; the assertion itself is in the call data and
/// in the event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Assertion {
    /// Hash of the epoch's header.
    pub header_hash: Digest,
    /// One digest per step, see [`step_digest`].
    pub steps: Vec<Digest>,
    /// One hash per chunk of what it remembers, see [`memory_digest`].
    pub memory: Vec<Digest>,
    /// One hash per chunk of its results, see [`results_digest`].
    pub results: Vec<Digest>,
    /// Uids that get a permit, strictly ascending.
    pub roster: Vec<Uid>,
}

impl Assertion {
    /// `H("assertion"; header_hash, steps, memory, results, roster)`.
    pub fn digest(&self) -> Digest {
        let mut hash = Preimage::new(Tag::Assertion, 16 * 1024).fixed(&self.header_hash);
        for list in [&self.steps, &self.memory, &self.results] {
            hash = hash.len(list.len());
            for digest in list {
                hash = hash.fixed(digest);
            }
        }
        hash = hash.len(self.roster.len());
        for uid in &self.roster {
            hash = hash.u16(uid.0);
        }
        hash.digest()
    }
}

/// `H("carry"; bytes)`.
pub fn carry_digest(carry: &[u8]) -> Digest {
    Preimage::new(Tag::Carry, carry.len().saturating_add(4))
        .bytes(carry)
        .digest()
}

/// `H("scratch"; bytes)`.
pub fn scratch_digest(scratch: &[u8]) -> Digest {
    Preimage::new(Tag::Scratch, scratch.len().saturating_add(4))
        .bytes(scratch)
        .digest()
}

/// `H("step"; header_hash, k, H(carry), H(scratch))`: what step `k` hands on.
pub fn step_digest(header_hash: &Digest, k: u32, carry: &Digest, scratch: &Digest) -> Digest {
    Preimage::new(Tag::Step, 100)
        .fixed(header_hash)
        .u32(k)
        .fixed(carry)
        .fixed(scratch)
        .digest()
}

/// `H("memory"; netuid, epoch, chunk, bytes)`.
pub fn memory_digest(netuid: NetUid, epoch: u32, chunk: u16, memory: &[u8]) -> Digest {
    Preimage::new(Tag::Memory, memory.len().saturating_add(12))
        .u16(netuid.0)
        .u32(epoch)
        .u16(chunk)
        .bytes(memory)
        .digest()
}

/// `H("results"; netuid, epoch, chunk, results)`.
pub fn results_digest(netuid: NetUid, epoch: u32, chunk: u16, results: &[NeuronResult]) -> Digest {
    let mut hash = Preimage::new(
        Tag::Results,
        results.len().saturating_mul(36).saturating_add(12),
    )
    .u16(netuid.0)
    .u32(epoch)
    .u16(chunk)
    .len(results.len());
    for result in results {
        hash = result.preimage(hash);
    }
    hash.digest()
}

/// `H("final"; header_hash, assertion)`: what the next header names as its previous epoch.
pub fn final_digest(header_hash: &Digest, assertion: &Digest) -> Digest {
    Preimage::new(Tag::Final, 64)
        .fixed(header_hash)
        .fixed(assertion)
        .digest()
}
