//! The digests of a trace. Most of an epoch's bytes are in carries, scratches and memories. None of
//! them needs the hash of another one, so several are hashed at once: with vector instructions four
//! take hardly longer than one.
//!
//! The hashes are those of [`inktensor_primitives::assertion`], which the chain computes one by
//! one. Its preimages are written here a second time, and the tests compare.

use super::Trace;
use crate::threads;
use blake2b_simd::{
    many::{degree, hash_many, HashManyJob},
    Params,
};
use inktensor_primitives::{kernel::NeuronResult, Digest, NetUid};
use rayon::{
    iter::{IndexedParallelIterator, ParallelIterator},
    slice::ParallelSlice,
};
use scale::Encode;

/// Tag of a carry.
const CARRY: [u8; 8] = *b"ink:cary";
/// Tag of a scratch.
const SCRATCH: [u8; 8] = *b"ink:scra";
/// Tag of a step.
const STEP: [u8; 8] = *b"ink:step";
/// Tag of a memory.
const MEMORY: [u8; 8] = *b"ink:memo";
/// Tag of results.
const RESULTS: [u8; 8] = *b"ink:rslt";

/// Preimages that are held at once, per lane of the machine's vectors. The lanes stay busy if some
/// preimages are shorter, and all of them stay in the processor's cache.
const PER_LANE: usize = 2;

/// Returns the digest of each step.
pub fn steps(trace: &Trace) -> Vec<Digest> {
    let steps = &trace.steps;
    let carries = digests(steps, |_, step| preimage(&CARRY, &[], &step.carry));
    let scratches = digests(steps, |_, step| preimage(&SCRATCH, &[], &step.scratch));
    step_digests(&trace.header_hash, &carries, &scratches)
}

/// Returns the digest of each step, from the first one on, given the hashes of its parts.
fn step_digests(header: &Digest, carries: &[Digest], scratches: &[Digest]) -> Vec<Digest> {
    let parts: Vec<_> = carries.iter().zip(scratches).collect();
    digests(&parts, |k, (carry, scratch)| {
        [&STEP[..], header, &k.to_le_bytes(), *carry, *scratch].concat()
    })
}

/// Returns the hash of each chunk's memory.
pub fn memory(trace: &Trace) -> Vec<Digest> {
    memories(trace.netuid, trace.epoch, &trace.memory)
}

/// Returns the hash of the memory that `epoch` leaves in each chunk, from the first one on.
fn memories(netuid: NetUid, epoch: u32, memory: &[Vec<u8>]) -> Vec<Digest> {
    digests(memory, |chunk, bytes| {
        preimage(&MEMORY, &place(netuid, epoch, chunk), bytes)
    })
}

/// Returns the hash of each chunk's results.
pub fn results(trace: &Trace) -> Vec<Digest> {
    results_digests(trace.netuid, trace.epoch, &trace.results)
}

/// Returns the hash of the results that `epoch` has for each chunk, from the first one on.
fn results_digests(netuid: NetUid, epoch: u32, results: &[Vec<NeuronResult>]) -> Vec<Digest> {
    digests(results, |chunk, results| {
        let mut preimage = [&RESULTS[..], &place(netuid, epoch, chunk)].concat();
        // A chunk has at most a page of them.
        let count = u32::try_from(results.len()).unwrap_or(u32::MAX);
        preimage.extend_from_slice(&count.to_le_bytes());
        // Their fields in SCALE are those that are hashed.
        for result in results {
            result.encode_to(&mut preimage);
        }
        preimage
    })
}

/// Returns the bytes that name a chunk of an epoch.
fn place(netuid: NetUid, epoch: u32, chunk: u32) -> Vec<u8> {
    // There are far fewer chunks than numbers of 16 bits.
    let chunk = u16::try_from(chunk).unwrap_or(u16::MAX);
    let netuid = netuid.0.to_le_bytes();
    [&netuid[..], &epoch.to_le_bytes(), &chunk.to_le_bytes()].concat()
}

/// Returns the preimage of bytes: tag, place, number of bytes, and the bytes.
fn preimage(tag: &[u8; 8], place: &[u8], bytes: &[u8]) -> Vec<u8> {
    // Nothing hashed here has more bytes.
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&tag[..], place, &len.to_le_bytes(), bytes].concat()
}

/// Returns the hash of the preimage of each item, which is made of its number and the item: on all
/// threads of the pool if this is one of them.
fn digests<T: Sync>(items: &[T], preimage: impl Fn(u32, &T) -> Vec<u8> + Sync) -> Vec<Digest> {
    let lanes = degree().saturating_mul(PER_LANE).max(1);
    let batch = |(number, items): (usize, &[T])| {
        // Fewer items than numbers of 32 bits.
        let first = u32::try_from(number.saturating_mul(lanes)).unwrap_or(u32::MAX);
        let numbered = (first..).zip(items);
        let preimages = numbered.map(|(number, item)| preimage(number, item));
        at_once(&preimages.collect::<Vec<_>>())
    };
    if threads::is_within() {
        let batches = items.par_chunks(lanes).enumerate();
        let digests: Vec<Vec<Digest>> = batches.map(batch).collect();
        digests.concat()
    } else {
        items.chunks(lanes).enumerate().flat_map(batch).collect()
    }
}

/// Returns the hash of each preimage.
fn at_once(preimages: &[Vec<u8>]) -> Vec<Digest> {
    let mut params = Params::new();
    params.hash_length(size_of::<Digest>());
    let jobs = preimages.iter();
    let mut jobs: Vec<HashManyJob> = jobs.map(|bytes| HashManyJob::new(&params, bytes)).collect();
    hash_many(&mut jobs);
    let digest = |job: &HashManyJob| {
        let mut digest = Digest::default();
        digest.copy_from_slice(job.to_hash().as_bytes());
        digest
    };
    jobs.iter().map(digest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::{
        assertion::{carry_digest, memory_digest, results_digest, scratch_digest, step_digest},
        Rao,
    };
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

    /// Returns what both ways compute, here and on all threads.
    fn everywhere(hash: impl Fn() -> Vec<Digest> + Sync) -> Vec<Digest> {
        let here = hash();
        assert_eq!(threads::enter(true, &hash), here);
        here
    }

    proptest! {
        #[test]
        fn hashes_at_once_are_those_of_the_chain(
            all in prop::collection::vec(bytes(), 0..40),
            netuid in any::<u16>(),
            epoch in any::<u32>(),
        ) {
            let of = |hash: fn(&[u8]) -> Digest| all.iter().map(|it| hash(it)).collect::<Vec<_>>();
            let at_once = |tag| everywhere(|| digests(&all, |_, bytes| preimage(tag, &[], bytes)));
            prop_assert_eq!(at_once(&CARRY), of(carry_digest));
            prop_assert_eq!(at_once(&SCRATCH), of(scratch_digest));
            let one_by_one: Vec<Digest> = (0..)
                .zip(&all)
                .map(|(chunk, bytes)| memory_digest(NetUid(netuid), epoch, chunk, bytes))
                .collect();
            let memories = everywhere(|| memories(NetUid(netuid), epoch, &all));
            prop_assert_eq!(memories, one_by_one);
        }

        #[test]
        fn hashes_of_steps_and_results_are_those_of_the_chain(
            digests in prop::collection::vec(any::<[u8; 32]>(), 1..40),
            results in prop::collection::vec(
                prop::collection::vec((any::<[u16; 5]>(), any::<[bool; 2]>(), any::<[u64; 3]>()), 0..65),
                0..5,
            ),
            epoch: u32,
        ) {
            let header = digests[0];
            let scratches: Vec<Digest> = digests.iter().rev().copied().collect();
            let one_by_one: Vec<Digest> = (0..)
                .zip(digests.iter().zip(&scratches))
                .map(|(k, (carry, scratch))| step_digest(&header, k, carry, scratch))
                .collect();
            let steps = everywhere(|| step_digests(&header, &digests, &scratches));
            prop_assert_eq!(steps, one_by_one);

            let result = |(shares, flags, pay): &([u16; 5], [bool; 2], [u64; 3])| NeuronResult {
                incentive: shares[0],
                dividends: shares[1],
                consensus: shares[2],
                validator_trust: shares[3],
                stake_weight: shares[4],
                active: flags[0],
                permit: flags[1],
                miner: Rao(pay[0]),
                validator: Rao(pay[1]),
                emission: Rao(pay[2]),
            };
            let results: Vec<Vec<NeuronResult>> =
                results.iter().map(|chunk| chunk.iter().map(result).collect()).collect();
            let one_by_one: Vec<Digest> = (0..)
                .zip(&results)
                .map(|(chunk, results)| results_digest(NetUid(7), epoch, chunk, results))
                .collect();
            let results = everywhere(|| results_digests(NetUid(7), epoch, &results));
            prop_assert_eq!(results, one_by_one);
        }
    }
}
