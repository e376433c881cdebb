//! A step of a closed epoch: what it builds on, how it is executed, and what it is bound to. Judge
//! and replay execute steps by the same functions, so neither can come to what the other does not.

use crate::frozen::ClosedEpoch;
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    assertion::{carry_digest, memory_digest, results_digest, scratch_digest, step_digest},
    epoch::EpochError,
    kernel::{
        ChunkInputs, EpochHeader, PhasePlan, StepInput, StepOutput, MAX_CARRY, MAX_MEMORY,
        MAX_SCRATCH,
    },
    Digest, NetUid,
};

/// A step of an epoch.
#[derive(Clone, Debug)]
pub struct Step {
    /// Hash of the epoch's header.
    pub header_hash: Digest,
    /// Its number.
    pub k: u32,
    /// Its phase.
    pub phase: u8,
    /// Its chunk.
    pub chunk: u16,
    /// Steps per phase.
    pub chunks: u32,
    /// Whether its phase writes memory.
    pub writes_memory: bool,
    /// Whether its phase writes results.
    pub writes_results: bool,
    /// Whether it is of the last phase, after which nobody reads its scratch.
    pub in_last_phase: bool,
    /// Whether it is the epoch's last.
    pub is_last: bool,
    netuid: NetUid,
    epoch: u32,
    final_epoch: Option<u32>,
    /// Neurons of the epoch.
    neurons: u16,
    /// Neurons of the chunk.
    len: u16,
    reads: PhasePlan,
}

/// What earlier steps and the last final epoch hand to a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// From the step before; empty for the first.
    pub carry: Vec<u8>,
    /// From the same chunk one phase earlier; empty in phase 0.
    pub scratch: Vec<u8>,
    /// What the chunk remembers, if the phase reads it; else empty.
    pub memory: Vec<u8>,
}

/// Hashes of what a step comes to, as an assertion has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Of what it hands on.
    pub step: Digest,
    /// Of what its chunk remembers, in the phase that writes memory.
    pub memory: Option<Digest>,
    /// Of its chunk's results, in the phase that writes them.
    pub results: Option<Digest>,
}

impl Step {
    /// Step `k` of `closed`.
    ///
    /// # Errors
    /// `StepOutOfRange` with the number of steps.
    pub fn find(closed: &ClosedEpoch, k: u32) -> Result<Self, EpochError> {
        let ClosedEpoch { header, plan, .. } = closed;
        let EpochHeader {
            netuid,
            epoch,
            final_epoch,
            neurons,
            ..
        } = *header;
        let steps = plan.steps(neurons);
        let out_of_range = EpochError::StepOutOfRange(steps);
        let Some((phase, chunk)) = plan.place(k, neurons) else {
            return Err(out_of_range);
        };
        let Some((reads, later)) = plan
            .phases
            .get(usize::from(phase)..)
            .and_then(|phases| phases.split_first())
        else {
            return Err(out_of_range);
        };
        Ok(Self {
            header_hash: closed.header_hash,
            k,
            phase,
            chunk,
            chunks: plan.chunks(neurons).into(),
            writes_memory: phase == plan.memory_phase,
            writes_results: phase == plan.results_phase,
            in_last_phase: later.is_empty(),
            is_last: k.checked_add(1) == Some(steps),
            netuid,
            epoch,
            final_epoch,
            neurons,
            len: plan.span(chunk, neurons).1,
            reads: *reads,
        })
    }

    /// Hash of what the step reads of the last final epoch, and that epoch; none if it reads
    /// nothing, or nothing was left for its chunk. `hashes` are those of all that was left.
    fn remembered(&self, hashes: &[Digest]) -> Option<(u32, Digest)> {
        if !self.reads.memory {
            return None;
        }
        let hash = hashes.get(usize::from(self.chunk))?;
        Some((self.final_epoch?, *hash))
    }

    /// Whether the step reads something that the last final epoch left.
    pub fn reads_memory(&self, hashes: &[Digest]) -> bool {
        self.remembered(hashes).is_some()
    }

    /// Whether `memory` is what the step reads of the last final epoch.
    pub fn remembers(&self, hashes: &[Digest], memory: &[u8]) -> bool {
        match self.remembered(hashes) {
            None => memory.is_empty(),
            Some((epoch, hash)) => {
                memory.len() <= MAX_MEMORY
                    && memory_digest(self.netuid, epoch, self.chunk, memory) == hash
            }
        }
    }

    /// Executes the step on what it is `given`. `gather` collects what storage contributes to a
    /// chunk, `run` executes the kernel.
    ///
    /// # Errors
    /// Those of `gather` and `run`.
    pub fn execute(
        &self,
        closed: &ClosedEpoch,
        given: Given,
        gather: impl FnOnce(&ClosedEpoch, u16) -> Result<ChunkInputs, EpochError>,
        run: impl FnOnce(StepInput) -> Result<StepOutput, EpochError>,
    ) -> Result<StepOutput, EpochError> {
        let gathered = gather(closed, self.chunk)?;
        run(StepInput {
            header: closed.header.clone(),
            phase: self.phase,
            chunk: self.chunk,
            carry: given.carry,
            scratch: given.scratch,
            memory: given.memory,
            neurons: gathered.neurons,
            rows: if self.reads.rows {
                gathered.rows
            } else {
                Default::default()
            },
        })
    }

    /// Whether `output` is one that the interface allows. A worker asserts no other.
    pub fn keeps_promises(&self, output: &StepOutput) -> bool {
        let results = if self.writes_results {
            usize::from(self.len)
        } else {
            0
        };
        let roster = &output.roster;
        let ascending = roster
            .iter()
            .zip(roster.iter().skip(1))
            .all(|(uid, next)| uid < next);
        let seated = roster.last().is_none_or(|uid| uid.0 < self.neurons);
        output.carry.len() <= MAX_CARRY
            && output.scratch.len() <= MAX_SCRATCH
            && output.memory.len() <= MAX_MEMORY
            && (self.writes_memory || output.memory.is_empty())
            && output.results.len() == results
            && (self.is_last || roster.is_empty())
            && ascending
            && seated
    }

    /// Hashes of what the step comes to.
    pub fn digests(&self, output: &StepOutput) -> Digests {
        let Self {
            netuid,
            epoch,
            chunk,
            ..
        } = *self;
        let (carry, scratch) = (carry_digest(&output.carry), scratch_digest(&output.scratch));
        Digests {
            step: step_digest(&self.header_hash, self.k, &carry, &scratch),
            memory: self
                .writes_memory
                .then(|| memory_digest(netuid, epoch, chunk, &output.memory)),
            results: self
                .writes_results
                .then(|| results_digest(netuid, epoch, chunk, &output.results)),
        }
    }
}
