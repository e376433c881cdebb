//! A step of a closed epoch: its inputs, its execution, and the digests of its output. Dispute and
//! replay execute steps by the same functions, so both get the same output.

use crate::closed_epoch::ClosedEpoch;
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    assertion::{carry_digest, memory_digest, results_digest, scratch_digest, step_digest},
    epoch::EpochError,
    kernel::{ChunkInputs, EpochHeader, PhasePlan, StepInput, StepOutput, MAX_MEMORY},
    Digest, NetUid,
};

/// A step of an epoch.
#[derive(Clone, Debug)]
pub struct Step {
    /// Hash of the epoch's header.
    pub header_hash: Digest,
    /// Number of the step.
    pub k: u32,
    /// Phase of the step.
    pub phase: u8,
    /// Chunk of the step.
    pub chunk: u16,
    /// Steps per phase.
    pub chunks: u32,
    /// True if the phase writes memory.
    pub writes_memory: bool,
    /// True if the phase writes results.
    pub writes_results: bool,
    /// True if the phase is the last, after which no step reads the scratch.
    pub in_last_phase: bool,
    /// True if the step is the epoch's last.
    pub is_last: bool,
    netuid: NetUid,
    epoch: u32,
    final_epoch: Option<u32>,
    reads: PhasePlan,
}

/// State handed to a step by earlier steps and by the last final epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepState {
    /// Carry of the step before; empty for the first step.
    pub carry: Vec<u8>,
    /// Scratch of the same chunk one phase earlier; empty in phase 0.
    pub scratch: Vec<u8>,
    /// Memory of the chunk, if the phase reads memory; else empty.
    pub memory: Vec<u8>,
}

/// Hashes of a step's output, as in an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Hash of carry and scratch.
    pub step: Digest,
    /// Hash of the chunk's memory, in the phase that writes memory.
    pub memory: Option<Digest>,
    /// Hash of the chunk's results, in the phase that writes results.
    pub results: Option<Digest>,
}

impl Step {
    /// Returns step `k` of `closed`.
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
            reads: *reads,
        })
    }

    /// Returns the last final epoch and the hash of the memory that the step reads of it, out of
    /// all its `hashes`. Returns `None` if the step reads no memory, or its chunk has none.
    fn remembered(&self, hashes: &[Option<Digest>]) -> Option<(u32, Digest)> {
        if !self.reads.memory {
            return None;
        }
        let hash = *hashes.get(usize::from(self.chunk))?;
        Some((self.final_epoch?, hash?))
    }

    /// Returns true if the step reads memory of the last final epoch.
    pub fn reads_memory(&self, hashes: &[Option<Digest>]) -> bool {
        self.remembered(hashes).is_some()
    }

    /// Returns true if `memory` is the memory that the step reads; empty if it reads none.
    pub fn remembers(&self, hashes: &[Option<Digest>], memory: &[u8]) -> bool {
        match self.remembered(hashes) {
            None => memory.is_empty(),
            Some((epoch, hash)) => {
                memory.len() <= MAX_MEMORY
                    && memory_digest(self.netuid, epoch, self.chunk, memory) == hash
            }
        }
    }

    /// Executes the step on `state`. `gather` collects those inputs of a chunk from storage that
    /// its last argument names: a phase does not pay for others. `run` executes the kernel.
    ///
    /// # Errors
    /// Those of `gather` and `run`.
    pub fn execute(
        &self,
        closed: &ClosedEpoch,
        state: StepState,
        gather: impl FnOnce(&ClosedEpoch, u16, PhasePlan) -> Result<ChunkInputs, EpochError>,
        run: impl FnOnce(StepInput) -> Result<StepOutput, EpochError>,
    ) -> Result<StepOutput, EpochError> {
        let gathered = gather(closed, self.chunk, self.reads)?.for_phase(&self.reads);
        run(StepInput {
            header: closed.header.clone(),
            phase: self.phase,
            chunk: self.chunk,
            carry: state.carry,
            scratch: state.scratch,
            memory: state.memory,
            neurons: gathered.neurons,
            rows: gathered.rows,
        })
    }

    /// Returns true if the kernel interface allows `output` for this step of `closed`. A worker
    /// asserts no other output.
    pub fn allows(&self, closed: &ClosedEpoch, output: &StepOutput) -> bool {
        let (plan, neurons) = (&closed.plan, closed.header.neurons);
        output.check(plan, neurons, self.phase, self.chunk).is_ok()
    }

    /// Returns the hashes of the step's output.
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
