//! The digests of a trace. Most of an epoch's bytes are in carries, scratches and memories. None of
//! them needs the hash of another one, so several are hashed at once: with vector instructions four
//! take hardly longer than one.
//!
//! The hashes are those of [`inktensor_primitives::assertion`], which the chain computes one by
//! one. Its preimages are written here a second time, and the tests compare.

use super::Trace;
use blake2b_simd::{
    many::{degree, hash_many, HashManyJob},
    Params,
};
use inktensor_primitives::{
    assertion::{results_digest, step_digest},
    Digest, NetUid,
};

/// Tag of a carry.
const CARRY: [u8; 8] = *b"ink:cary";
/// Tag of a scratch.
const SCRATCH: [u8; 8] = *b"ink:scra";
/// Tag of a memory.
const MEMORY: [u8; 8] = *b"ink:memo";

/// Preimages that are held at once, per lane of the machine's vectors. The lanes stay busy if some
/// preimages are shorter, and all of them stay in the processor's cache.
const PER_LANE: usize = 2;

/// Returns the digest of each step.
pub fn steps(trace: &Trace) -> Vec<Digest> {
    let steps = &trace.steps;
    let carries = digests(steps.iter().map(|step| preimage(&CARRY, &[], &step.carry)));
    let scratches = digests(steps.iter().map(|it| preimage(&SCRATCH, &[], &it.scratch)));
    let parts = (0..).zip(carries.iter().zip(&scratches));
    parts
        .map(|(k, (carry, scratch))| step_digest(&trace.header_hash, k, carry, scratch))
        .collect()
}

/// Returns the hash of each chunk's memory.
pub fn memory(trace: &Trace) -> Vec<Digest> {
    memories(trace.netuid, trace.epoch, &trace.memory)
}

/// Returns the hash of the memory that `epoch` leaves in each chunk, from the first one on.
fn memories(netuid: NetUid, epoch: u32, memory: &[Vec<u8>]) -> Vec<Digest> {
    let (netuid, epoch) = (netuid.0.to_le_bytes(), epoch.to_le_bytes());
    let numbered = (0u16..).zip(memory);
    digests(numbered.map(|(chunk, bytes)| {
        let place = [&netuid[..], &epoch, &chunk.to_le_bytes()].concat();
        preimage(&MEMORY, &place, bytes)
    }))
}

/// Returns the hash of each chunk's results.
pub fn results(trace: &Trace) -> Vec<Digest> {
    let numbered = (0..).zip(&trace.results);
    numbered
        .map(|(chunk, results)| results_digest(trace.netuid, trace.epoch, chunk, results))
        .collect()
}

/// Returns the preimage of bytes: tag, place, number of bytes, and the bytes.
fn preimage(tag: &[u8; 8], place: &[u8], bytes: &[u8]) -> Vec<u8> {
    // Nothing hashed here has more bytes.
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&tag[..], place, &len.to_le_bytes(), bytes].concat()
}

/// Returns the hash of each preimage.
fn digests(mut preimages: impl Iterator<Item = Vec<u8>>) -> Vec<Digest> {
    let mut params = Params::new();
    params.hash_length(size_of::<Digest>());
    let mut all = Vec::with_capacity(preimages.size_hint().0);
    let lanes = degree().saturating_mul(PER_LANE);
    loop {
        let batch: Vec<Vec<u8>> = preimages.by_ref().take(lanes).collect();
        if batch.is_empty() {
            return all;
        }
        let jobs = batch.iter();
        let mut jobs: Vec<HashManyJob> =
            jobs.map(|bytes| HashManyJob::new(&params, bytes)).collect();
        hash_many(&mut jobs);
        all.extend(jobs.iter().map(|job| {
            let mut digest = Digest::default();
            digest.copy_from_slice(job.to_hash().as_bytes());
            digest
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::assertion::{carry_digest, memory_digest, scratch_digest};
    use proptest::prelude::*;

    /// Bytes of any length, and of those around the ends of blake2's blocks.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let length = prop_oneof![
            0usize..300,
            (1usize..9, 0usize..40).prop_map(|(blocks, less)| blocks * 128 - less),
            0usize..20_000,
        ];
        (length, any::<u8>()).prop_map(|(length, fill)| {
            let mut bytes = vec![fill; length];
            for (at, byte) in bytes.iter_mut().enumerate() {
                *byte = byte.wrapping_add(at.to_le_bytes()[0]);
            }
            bytes
        })
    }

    proptest! {
        #[test]
        fn hashes_at_once_are_those_of_the_chain(
            all in prop::collection::vec(bytes(), 0..20),
            netuid in any::<u16>(),
            epoch in any::<u32>(),
        ) {
            let of = |hash: fn(&[u8]) -> Digest| all.iter().map(|it| hash(it)).collect::<Vec<_>>();
            let at_once = |tag| digests(all.iter().map(|bytes| preimage(tag, &[], bytes)));
            prop_assert_eq!(at_once(&CARRY), of(carry_digest));
            prop_assert_eq!(at_once(&SCRATCH), of(scratch_digest));
            let one_by_one: Vec<Digest> = (0..)
                .zip(&all)
                .map(|(chunk, bytes)| memory_digest(NetUid(netuid), epoch, chunk, bytes))
                .collect();
            prop_assert_eq!(memories(NetUid(netuid), epoch, &all), one_by_one);
        }
    }
}
