//! The assertion that a proposer posts: one digest per step, and hashes of memory and results.

use crate::{
    hash::{Preimage, Tag},
    kernel::{is_roster, EpochHeader, EpochPlan, NeuronResult},
    Digest, NetUid, Uid,
};
use ink::prelude::vec::Vec;

/// The posted outcome of an epoch. The contract stores the digest alone; the assertion is in the
/// call data and in the `Proposed` event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Assertion {
    /// Hash of the epoch's header.
    pub header_hash: Digest,
    /// One digest per step.
    pub steps: Vec<Digest>,
    /// One hash of the memory per chunk.
    pub memory: Vec<Digest>,
    /// One hash of the results per chunk.
    pub results: Vec<Digest>,
    /// Uids that get a permit, strictly ascending.
    pub roster: Vec<Uid>,
}

impl Assertion {
    /// Returns `H("assertion"; header_hash, steps, memory, results, roster)`.
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

    /// Returns true if the assertion has the digests that `plan` requires for an epoch with
    /// `neurons` neurons: one per step, and two per chunk.
    pub fn has_counts(&self, plan: &EpochPlan, neurons: u16) -> bool {
        let has = |items: usize, wanted: u32| u32::try_from(items) == Ok(wanted);
        let chunks = u32::from(plan.chunks(neurons));
        has(self.steps.len(), plan.steps(neurons))
            && has(self.memory.len(), chunks)
            && has(self.results.len(), chunks)
    }

    /// Returns true if the assertion has the counts of `plan`, and a roster that `header` allows.
    ///
    /// The roster must be strictly ascending, within the neurons and within the permits. The subnet
    /// owner's uid uses none of the permits.
    pub fn has_shape(&self, header: &EpochHeader, plan: &EpochPlan) -> bool {
        let permits = self
            .roster
            .iter()
            .filter(|uid| Some(**uid) != header.owner_uid)
            .count();
        self.has_counts(plan, header.neurons)
            && is_roster(&self.roster, header.neurons)
            && permits <= usize::from(header.max_validators)
    }
}

/// Returns `H("carry"; bytes)`.
pub fn carry_digest(carry: &[u8]) -> Digest {
    Preimage::new(Tag::Carry, carry.len().saturating_add(4))
        .bytes(carry)
        .digest()
}

/// Returns `H("scratch"; bytes)`.
pub fn scratch_digest(scratch: &[u8]) -> Digest {
    Preimage::new(Tag::Scratch, scratch.len().saturating_add(4))
        .bytes(scratch)
        .digest()
}

/// Returns `H("step"; header_hash, k, H(carry), H(scratch))`: the digest of step `k`.
pub fn step_digest(header_hash: &Digest, k: u32, carry: &Digest, scratch: &Digest) -> Digest {
    Preimage::new(Tag::Step, 100)
        .fixed(header_hash)
        .u32(k)
        .fixed(carry)
        .fixed(scratch)
        .digest()
}

/// Returns `H("memory"; netuid, epoch, chunk, bytes)`.
pub fn memory_digest(netuid: NetUid, epoch: u32, chunk: u16, memory: &[u8]) -> Digest {
    Preimage::new(Tag::Memory, 12)
        .u16(netuid.0)
        .u32(epoch)
        .u16(chunk)
        .digest_with(memory)
}

/// Returns `H("results"; netuid, epoch, chunk, results)`.
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

/// Returns `H("final"; header_hash, assertion)`: `EpochHeader::previous` of the next epoch.
pub fn final_digest(header_hash: &Digest, assertion: &Digest) -> Digest {
    Preimage::new(Tag::Final, 64)
        .fixed(header_hash)
        .fixed(assertion)
        .digest()
}

#[cfg(test)]
mod tests;
