//! The digests of a trace. Most of an epoch's bytes are in carries, scratches and memories. None of
//! them needs the hash of another one, so several are hashed at once: with vector instructions four
//! take hardly longer than one.
//!
//! The hashes are those of [`inktensor_primitives::assertion`], which the chain computes one by
//! one. Its preimages are written here a second time, and the tests compare.

use super::Trace;
use crate::threads::{self, Help};
use blake2b_simd::{
    many::{degree, hash_many, HashManyJob},
    Params,
};
use inktensor_primitives::{kernel::NeuronResult, Digest, NetUid};
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

/// The digests of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Digest of each step.
    pub steps: Vec<Digest>,
    /// Hash of each chunk's memory.
    pub memory: Vec<Digest>,
    /// Hash of each chunk's results.
    pub results: Vec<Digest>,
}

/// Something that a trace is hashed by.
#[derive(Clone, Copy)]
enum Part<'a> {
    Carry(&'a [u8]),
    Scratch(&'a [u8]),
    Memory(u16, &'a [u8]),
    Results(u16, &'a [NeuronResult]),
}

impl Digests {
    /// Hashes `trace`, with the help of threads that are awake.
    pub fn of(trace: &Trace, help: Help) -> Self {
        let steps = &trace.steps;
        let carries = steps.iter().map(|step| Part::Carry(&step.carry));
        let scratches = steps.iter().map(|step| Part::Scratch(&step.scratch));
        let memory = (0..).zip(&trace.memory);
        let memory = memory.map(|(chunk, bytes)| Part::Memory(chunk, bytes));
        let results = (0..).zip(&trace.results);
        let results = results.map(|(chunk, results)| Part::Results(chunk, results));
        let parts: Vec<Part> = carries
            .chain(scratches)
            .chain(memory)
            .chain(results)
            .collect();

        let digests = digests(help, &parts, |_, part| {
            part.preimage(trace.netuid, trace.epoch)
        });
        let (carries, rest) = digests.split_at(steps.len().min(digests.len()));
        let (scratches, rest) = rest.split_at(steps.len().min(rest.len()));
        let (memory, results) = rest.split_at(trace.memory.len().min(rest.len()));
        Self {
            steps: step_digests(&trace.header_hash, carries, scratches),
            memory: memory.to_vec(),
            results: results.to_vec(),
        }
    }
}

impl Part<'_> {
    /// Returns the preimage, in `epoch` of subnet `netuid`.
    fn preimage(&self, netuid: NetUid, epoch: u32) -> Vec<u8> {
        match self {
            Part::Carry(bytes) => preimage(&CARRY, &[], bytes),
            Part::Scratch(bytes) => preimage(&SCRATCH, &[], bytes),
            Part::Memory(chunk, bytes) => preimage(&MEMORY, &place(netuid, epoch, *chunk), bytes),
            Part::Results(chunk, results) => {
                let mut preimage = [&RESULTS[..], &place(netuid, epoch, *chunk)].concat();
                // A chunk has at most a page of them.
                let count = u32::try_from(results.len()).unwrap_or(u32::MAX);
                preimage.extend_from_slice(&count.to_le_bytes());
                // Their fields in SCALE are those that are hashed.
                for result in *results {
                    result.encode_to(&mut preimage);
                }
                preimage
            }
        }
    }
}

/// Returns the digest of each step, from the first one on, given the hashes of its parts.
fn step_digests(header: &Digest, carries: &[Digest], scratches: &[Digest]) -> Vec<Digest> {
    let parts: Vec<_> = carries.iter().zip(scratches).collect();
    digests(Help::default(), &parts, |k, (carry, scratch)| {
        [&STEP[..], header, &k.to_le_bytes(), *carry, *scratch].concat()
    })
}

/// Returns the bytes that name a chunk of an epoch.
fn place(netuid: NetUid, epoch: u32, chunk: u16) -> Vec<u8> {
    let netuid = netuid.0.to_le_bytes();
    [&netuid[..], &epoch.to_le_bytes(), &chunk.to_le_bytes()].concat()
}

/// Returns the preimage of bytes: tag, place, number of bytes, and the bytes.
fn preimage(tag: &[u8; 8], place: &[u8], bytes: &[u8]) -> Vec<u8> {
    // Nothing hashed here has more bytes.
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&tag[..], place, &len.to_le_bytes(), bytes].concat()
}

/// Returns the hash of the preimage of each item, which is made of its number and the item.
fn digests<T: Sync>(
    help: Help,
    items: &[T],
    preimage: impl Fn(u32, &T) -> Vec<u8> + Sync,
) -> Vec<Digest> {
    let lanes = degree().saturating_mul(PER_LANE).max(1);
    let batches: Vec<&[T]> = items.chunks(lanes).collect();
    let batch = |number: usize| {
        // Fewer items than numbers of 32 bits.
        let first = u32::try_from(number.saturating_mul(lanes)).unwrap_or(u32::MAX);
        let items = batches.get(number).copied().unwrap_or_default();
        let numbered = (first..).zip(items);
        let preimages = numbered.map(|(number, item)| preimage(number, item));
        at_once(&preimages.collect::<Vec<_>>())
    };
    threads::map(help, batches.len(), batch).concat()
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
    use crate::epoch::StepTrace;
    use inktensor_primitives::{
        assertion::{carry_digest, memory_digest, results_digest, scratch_digest, step_digest},
        kernel::EpochPlan,
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

    proptest! {
        #[test]
        fn hashes_at_once_are_those_of_the_chain(
            steps in prop::collection::vec((bytes(), bytes()), 1..20),
            memory in prop::collection::vec(bytes(), 0..9),
            results in prop::collection::vec(
                prop::collection::vec((any::<[u16; 5]>(), any::<[bool; 2]>(), any::<[u64; 3]>()), 0..65),
                0..5,
            ),
            header: [u8; 32],
            netuid: u16,
            epoch: u32,
        ) {
            let netuid = NetUid(netuid);
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
            let results = results.iter().map(|chunk| chunk.iter().map(result).collect());
            let results: Vec<Vec<NeuronResult>> = results.collect();
            let step = |(k, (carry, scratch)): (u32, &(Vec<u8>, Vec<u8>))| {
                step_digest(&header, k, &carry_digest(carry), &scratch_digest(scratch))
            };
            let one_by_one = Digests {
                steps: (0..).zip(&steps).map(step).collect(),
                memory: (0..)
                    .zip(&memory)
                    .map(|(chunk, bytes)| memory_digest(netuid, epoch, chunk, bytes))
                    .collect(),
                results: (0..)
                    .zip(&results)
                    .map(|(chunk, results)| results_digest(netuid, epoch, chunk, results))
                    .collect(),
            };
            let steps = steps.into_iter().map(|(carry, scratch)| StepTrace { carry, scratch });
            let trace = Trace {
                netuid,
                epoch,
                header_hash: header,
                plan: EpochPlan {
                    chunk: 1,
                    phases: Vec::new(),
                    memory_phase: 0,
                    results_phase: 0,
                },
                steps: steps.collect(),
                memory,
                results,
                roster: Vec::new(),
                timing: Vec::new(),
            };
            let help = Help { most: 3, wake: 1 };
            prop_assert_eq!(&Digests::of(&trace, Help::default()), &one_by_one);
            prop_assert_eq!(&Digests::of(&trace, help), &one_by_one);
        }
    }
}
