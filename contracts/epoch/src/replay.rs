//! Replaying an epoch on the chain: the steps in order, some in each call, until the epoch comes to
//! what an honest assertion says.
//!
//! Between calls the contract keeps the digests so far, the last carry, and the scratch of each
//! chunk that a later phase still reads, each in entries of its own so that none exceeds what the
//! chain allows a value. Nothing of it is left when the replay is over.

use crate::{
    frozen::ClosedEpoch,
    shape,
    step::{Given, Step},
};
use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::Opening,
    epoch::EpochError,
    kernel::{ChunkInputs, NeuronResult, StepInput, StepOutput, MAX_CARRY},
    Digest, NetUid, Rao, Uid,
};

/// Most bytes of a carry that one entry keeps: with its length, 16 KiB of carry are more than a
/// value may have.
const CARRY_PART: usize = 8 * 1024;
/// Entries that the largest carry needs.
const CARRY_PARTS: usize = MAX_CARRY.div_ceil(CARRY_PART);

/// The digests of the steps executed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Progress {
    /// One per step.
    steps: Vec<Digest>,
    /// One per chunk, as far as memory is written.
    memory: Vec<Digest>,
    /// One per chunk, as far as results are written.
    results: Vec<Digest>,
}

/// A replay during a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    progress: Progress,
    /// What the last step hands on.
    carry: Vec<u8>,
    /// What the last step gives permits to.
    roster: Vec<Uid>,
}

/// What everybody must know of a step executed, since the contract keeps only hashes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its chunk.
    pub chunk: u16,
    /// What the chunk remembers, in the phase that writes memory.
    pub memory: Option<Vec<u8>>,
    /// What the chunk comes to, in the phase that writes results.
    pub results: Option<Vec<NeuronResult>>,
}

impl Replay {
    /// The first step that is still to be executed.
    pub fn next(&self) -> u32 {
        u32::try_from(self.progress.steps.len()).unwrap_or(u32::MAX)
    }

    /// What all steps come to, which is what an honest assertion says.
    ///
    /// # Errors
    /// `BadShape` if no such assertion could be posted.
    pub fn finish(self, closed: &ClosedEpoch) -> Result<Assertion, EpochError> {
        let Progress {
            steps,
            memory,
            results,
        } = self.progress;
        let assertion = Assertion {
            header_hash: closed.header_hash,
            steps,
            memory,
            results,
            roster: self.roster,
        };
        if shape::is_in_shape(&assertion, &closed.header, &closed.plan) {
            Ok(assertion)
        } else {
            Err(EpochError::BadShape)
        }
    }

    /// Takes down what `step` came to. Returns what to tell of it.
    fn take_down(&mut self, step: &Step, output: StepOutput) -> Told {
        let digests = step.digests(&output);
        self.progress.steps.push(digests.step);
        self.progress.memory.extend(digests.memory);
        self.progress.results.extend(digests.results);
        self.carry = output.carry;
        self.roster = output.roster;
        Told {
            chunk: step.chunk,
            memory: step.writes_memory.then_some(output.memory),
            results: step.writes_results.then_some(output.results),
        }
    }
}

/// What those who execute steps `from .. to` of `all` earn of `pot`. Rounded so that the parts of a
/// whole replay sum to the pot.
pub fn fee(pot: Rao, from: u32, to: u32, all: u32) -> Rao {
    let earned = |steps: u32| {
        u128::from(pot.0)
            .saturating_mul(steps.into())
            .checked_div(all.into())
            .and_then(|rao| u64::try_from(rao).ok())
            .unwrap_or_default()
    };
    Rao(earned(to).saturating_sub(earned(from)))
}

/// Subnet, and place of the part.
type CarryKey = (NetUid, u8);

/// Subnet and chunk.
type ChunkKey = (NetUid, u16);

/// What replays keep between calls.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct ReplayStore {
    progress: Mapping<NetUid, Progress, ManualKey<0x4550_0030>>,
    /// Part by part.
    carries: Mapping<CarryKey, Vec<u8>, ManualKey<0x4550_0031>>,
    /// Of each chunk that has left one.
    scratches: Mapping<ChunkKey, Vec<u8>, ManualKey<0x4550_0032>>,
}

impl ReplayStore {
    /// The replay of the closed epoch of `netuid` as the last call left it; a new one if there was
    /// none.
    pub fn resume(&self, netuid: NetUid) -> Replay {
        let mut carry = Vec::new();
        for part in carry_parts() {
            carry.extend(self.carries.get((netuid, part)).unwrap_or_default());
        }
        Replay {
            progress: self.progress.get(netuid).unwrap_or_default(),
            carry,
            roster: Vec::new(),
        }
    }

    /// Executes the next step. `hashes` are those of what the last final epoch left, `memory` has
    /// what the caller gives for it. `gather` collects what storage contributes to a chunk,
    /// `run` executes the kernel.
    ///
    /// # Errors
    /// `StepOutOfRange` after the last, `OpeningMismatch`, those of `gather` and `run`,
    /// `BrokenPromise`. Then the call must be undone.
    pub fn step(
        &mut self,
        replay: &mut Replay,
        closed: &ClosedEpoch,
        hashes: &[Digest],
        memory: &mut impl Iterator<Item = Vec<u8>>,
        gather: impl FnOnce(&ClosedEpoch, u16) -> Result<ChunkInputs, EpochError>,
        run: impl FnOnce(StepInput) -> Result<StepOutput, EpochError>,
    ) -> Result<Told, EpochError> {
        let netuid = closed.header.netuid;
        let step = Step::find(closed, replay.next())?;
        let remembered = if step.reads_memory(hashes) {
            memory.next().filter(|it| step.remembers(hashes, it))
        } else {
            Some(Vec::new())
        };
        let given = Given {
            carry: core::mem::take(&mut replay.carry),
            scratch: self
                .scratches
                .take((netuid, step.chunk))
                .unwrap_or_default(),
            memory: remembered.ok_or(EpochError::OpeningMismatch(Opening::Memory))?,
        };
        let output = step.execute(closed, given, gather, run)?;
        // Neither does an honest worker assert what breaks a promise.
        if !step.keeps_promises(&output) {
            return Err(EpochError::BrokenPromise);
        }
        if !step.in_last_phase && !output.scratch.is_empty() {
            self.scratches.insert((netuid, step.chunk), &output.scratch);
        }
        Ok(replay.take_down(&step, output))
    }

    /// Keeps `replay` for the next call.
    pub fn pause(&mut self, netuid: NetUid, replay: &Replay) {
        self.progress.insert(netuid, &replay.progress);
        let mut parts = replay.carry.chunks(CARRY_PART);
        for part in carry_parts() {
            match parts.next() {
                Some(bytes) => {
                    self.carries.insert((netuid, part), &bytes.to_vec());
                }
                None => self.carries.remove((netuid, part)),
            }
        }
    }

    /// Forgets the replay of an epoch of `chunks` chunks.
    pub fn forget(&mut self, netuid: NetUid, chunks: u16) {
        self.progress.remove(netuid);
        for part in carry_parts() {
            self.carries.remove((netuid, part));
        }
        for chunk in 0..chunks {
            self.scratches.remove((netuid, chunk));
        }
    }
}

/// Bytes of the largest cell that a replay which comes to `assertion` keeps.
#[cfg(test)]
pub fn largest_cells(assertion: &Assertion) -> usize {
    use ink::scale::Encode;
    let progress = Progress {
        steps: assertion.steps.clone(),
        memory: assertion.memory.clone(),
        results: assertion.results.clone(),
    };
    let carry = [0u8; CARRY_PART].to_vec();
    let scratch = [0u8; inktensor_primitives::kernel::MAX_SCRATCH].to_vec();
    progress
        .encoded_size()
        .max(carry.encoded_size())
        .max(scratch.encoded_size())
}

/// The places of a carry's parts.
fn carry_parts() -> impl Iterator<Item = u8> {
    (0u8..).take(CARRY_PARTS)
}

#[cfg(test)]
mod tests;
