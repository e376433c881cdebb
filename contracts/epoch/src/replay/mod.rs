//! Replay of an epoch on the chain: the steps in order, some in each call, up to the assertion that
//! an honest worker would have posted.
//!
//! Between calls the contract stores the digests so far, the last carry, and the scratch of each
//! chunk that a later phase still reads. Each has entries of its own, so that none exceeds the
//! limit of a storage value. Nothing is left in storage when the replay is over.

use crate::{
    closed_epoch::ClosedEpoch,
    step::{Step, StepState},
};
use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::Opening,
    epoch::EpochError,
    kernel::{ChunkInputs, NeuronResult, PhasePlan, StepInput, StepOutput, MAX_CARRY},
    Digest, NetUid, Rao, Uid,
};

/// Most bytes of a carry in one entry: with its length, a carry of 16 KiB exceeds the limit of a
/// storage value.
const CARRY_PART: usize = 8 * 1024;
/// Entries of the largest carry.
const CARRY_PARTS: usize = MAX_CARRY.div_ceil(CARRY_PART);

/// Digests of the steps executed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Progress {
    /// Hashes of carry and scratch, one per step.
    pub steps: Vec<Digest>,
    /// Hashes of memory, one per chunk for which it is written.
    pub memory: Vec<Digest>,
    /// Hashes of results, one per chunk for which they are written.
    pub results: Vec<Digest>,
}

impl Progress {
    /// Returns true if `assertion` has these digests.
    pub fn agrees_with(&self, assertion: &Assertion) -> bool {
        assertion.steps.starts_with(&self.steps)
            && assertion.memory.starts_with(&self.memory)
            && assertion.results.starts_with(&self.results)
    }
}

/// A replay during a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    progress: Progress,
    /// Carry of the last step.
    carry: Vec<u8>,
    /// Roster of the last step.
    roster: Vec<Uid>,
}

/// Outputs of an executed step that become events. The contract stores only hashes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutedStep {
    /// Chunk of the step.
    pub chunk: u16,
    /// Memory of the chunk, in the phase that writes memory; else empty.
    pub memory: Vec<u8>,
    /// Results of the chunk, in the phase that writes results.
    pub results: Option<Vec<NeuronResult>>,
}

impl Replay {
    /// Returns the first step that is still to be executed.
    pub fn next(&self) -> u32 {
        u32::try_from(self.progress.steps.len()).unwrap_or(u32::MAX)
    }

    /// Returns the assertion of all steps, which an honest worker would have posted.
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
        closed.check_assertion(&assertion)?;
        Ok(assertion)
    }

    /// Records the output of `step`. Returns the parts that become events.
    fn record(&mut self, step: &Step, output: StepOutput) -> ExecutedStep {
        let digests = step.digests(&output);
        self.progress.steps.push(digests.step);
        self.progress.memory.extend(digests.memory);
        self.progress.results.extend(digests.results);
        self.carry = output.carry;
        self.roster = output.roster;
        ExecutedStep {
            chunk: step.chunk,
            memory: if step.writes_memory {
                output.memory
            } else {
                Vec::new()
            },
            results: step.writes_results.then_some(output.results),
        }
    }
}

/// Returns the fee for steps `from .. to` of `all`, out of `pot`. Rounded so that the fees of a
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

/// Subnet, and index of the part.
type CarryKey = (NetUid, u8);

/// Subnet and chunk.
type ChunkKey = (NetUid, u16);

/// State of all replays between calls.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct ReplayStore {
    /// Digests so far.
    progress: Mapping<NetUid, Progress, ManualKey<0x4550_0030>>,
    /// Carry of the last step, part by part.
    carries: Mapping<CarryKey, Vec<u8>, ManualKey<0x4550_0031>>,
    /// Scratch of each chunk that a later phase reads.
    scratches: Mapping<ChunkKey, Vec<u8>, ManualKey<0x4550_0032>>,
}

impl ReplayStore {
    /// Returns the replay of the closed epoch of `netuid` after the last call; a new one before the
    /// first.
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

    /// Returns true if `assertion` has the digests of the steps that the chain has replayed on
    /// `netuid`.
    pub fn agrees_with(&self, netuid: NetUid, assertion: &Assertion) -> bool {
        let progress = self.progress.get(netuid).unwrap_or_default();
        progress.agrees_with(assertion)
    }

    /// Executes up to `steps` of the next steps of `closed`. Returns the replay after them, and
    /// their outputs.
    ///
    /// `hashes` are those of the last final epoch's memory, `memory` has the bytes for each step
    /// that reads some. `gather` collects the inputs of a chunk from storage, `run` executes the
    /// kernel.
    ///
    /// # Errors
    /// `NoSteps`; `OpeningMismatch` if an entry of `memory` is wrong, missing or left over;
    /// `BrokenPromise`; those of `gather` and `run`. The chain must then revert the call.
    pub fn execute(
        &mut self,
        closed: &ClosedEpoch,
        steps: u32,
        hashes: &[Option<Digest>],
        memory: Vec<Vec<u8>>,
        gather: impl Fn(&ClosedEpoch, u16, PhasePlan) -> Result<ChunkInputs, EpochError>,
        run: impl Fn(StepInput) -> Result<StepOutput, EpochError>,
    ) -> Result<(Replay, Vec<ExecutedStep>), EpochError> {
        if steps == 0 {
            return Err(EpochError::NoSteps);
        }
        let mut memory = memory.into_iter();
        let mut replay = self.resume(closed.header.netuid);
        let until = replay.next().saturating_add(steps).min(closed.steps());
        let mut executed = Vec::new();
        while replay.next() < until {
            let step = self.step(&mut replay, closed, hashes, &mut memory, &gather, &run)?;
            executed.push(step);
        }
        if memory.next().is_some() {
            return Err(EpochError::OpeningMismatch(Opening::Memory));
        }
        Ok((replay, executed))
    }

    /// Executes the next step.
    ///
    /// # Errors
    /// `StepOutOfRange` after the last step, and those of `execute`.
    fn step(
        &mut self,
        replay: &mut Replay,
        closed: &ClosedEpoch,
        hashes: &[Option<Digest>],
        memory: &mut impl Iterator<Item = Vec<u8>>,
        gather: impl FnOnce(&ClosedEpoch, u16, PhasePlan) -> Result<ChunkInputs, EpochError>,
        run: impl FnOnce(StepInput) -> Result<StepOutput, EpochError>,
    ) -> Result<ExecutedStep, EpochError> {
        let netuid = closed.header.netuid;
        let step = Step::find(closed, replay.next())?;
        let remembered = if step.reads_memory(hashes) {
            memory.next().filter(|it| step.remembers(hashes, it))
        } else {
            Some(Vec::new())
        };
        let state = StepState {
            carry: core::mem::take(&mut replay.carry),
            scratch: self
                .scratches
                .take((netuid, step.chunk))
                .unwrap_or_default(),
            memory: remembered.ok_or(EpochError::OpeningMismatch(Opening::Memory))?,
        };
        let output = step.execute(closed, state, gather, run)?;
        // An honest worker never asserts an output that violates the interface.
        if !step.allows(closed, &output) {
            return Err(EpochError::BrokenPromise);
        }
        if !step.in_last_phase && !output.scratch.is_empty() {
            self.scratches.insert((netuid, step.chunk), &output.scratch);
        }
        Ok(replay.record(&step, output))
    }

    /// Stores `replay` for the next call.
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

    /// Removes the replay of an epoch of `chunks` chunks.
    pub fn remove(&mut self, netuid: NetUid, chunks: u16) {
        self.progress.remove(netuid);
        for part in carry_parts() {
            self.carries.remove((netuid, part));
        }
        for chunk in 0..chunks {
            self.scratches.remove((netuid, chunk));
        }
    }
}

/// Returns the bytes of the largest storage value of a replay that ends with `assertion`.
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

/// Returns the indices of a carry's parts.
fn carry_parts() -> impl Iterator<Item = u8> {
    (0u8..).take(CARRY_PARTS)
}

#[cfg(test)]
mod tests;
