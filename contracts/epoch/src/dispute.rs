//! Whether a step of an assertion is false. Knows no storage: it is given what the chain gathers and a way to run the kernel.
//!
//! *Complete*: the first step of a false assertion that differs from the honest epoch builds on honest digests only, so every
//! honest watcher has the preimages that open them. *Sound*: what opens the digests of an honest assertion is honest, and so is
//! what the step comes to, whatever the caller gives.

use crate::frozen::{ClosedEpoch, Memory};
use inktensor_primitives::{
    assertion::{
        carry_digest, memory_digest, results_digest, scratch_digest, step_digest, Assertion,
    },
    dispute::{Opening, StepProof},
    epoch::EpochError,
    kernel::{
        ChunkInputs, EpochHeader, PhasePlan, StepInput, StepOutput, MAX_CARRY, MAX_MEMORY,
        MAX_SCRATCH,
    },
    Digest, NetUid,
};

/// Executes step `k` of the asserted epoch again. Returns if it differs from what `proof.assertion`, which is to be the posted one,
/// says; also if it breaks a promise of the kernel's interface, since then no honest assertion exists.
///
/// `left` is the memory of the last final epoch, `gather` collects what storage contributes to a chunk, `run` executes the
/// kernel.
///
/// # Errors
/// `StepOutOfRange`, `OpeningMismatch`, those of `gather` and `run`, and `StepIsCorrect`, in this order.
pub fn judge(
    closed: ClosedEpoch,
    k: u32,
    proof: StepProof,
    left: Option<Memory>,
    gather: impl FnOnce(&ClosedEpoch, u16) -> Result<ChunkInputs, EpochError>,
    run: impl FnOnce(StepInput) -> Result<StepOutput, EpochError>,
) -> Result<(), EpochError> {
    let step = Step::find(&closed, k)?;
    step.check_openings(&proof, step.remembered(&closed, left))?;
    let gathered = gather(&closed, step.chunk)?;
    let assertion = proof.assertion;
    let input = StepInput {
        header: closed.header,
        phase: step.phase,
        chunk: step.chunk,
        carry: proof.carry,
        scratch: proof.scratch,
        memory: proof.memory,
        neurons: gathered.neurons,
        rows: if step.reads.rows {
            gathered.rows
        } else {
            Default::default()
        },
    };
    let output = run(input)?;
    if step.keeps_promises(&output) && step.is_asserted(&assertion, &output) {
        return Err(EpochError::StepIsCorrect);
    }
    Ok(())
}

/// A step of an epoch, and what it is bound to.
#[derive(Clone, Debug)]
struct Step {
    header_hash: Digest,
    netuid: NetUid,
    epoch: u32,
    final_epoch: Option<u32>,
    /// Neurons of the epoch.
    neurons: u16,
    /// Neurons of the chunk.
    len: u16,
    k: u32,
    phase: u8,
    chunk: u16,
    /// Steps per phase.
    chunks: u32,
    reads: PhasePlan,
    writes_memory: bool,
    writes_results: bool,
    is_last: bool,
}

impl Step {
    /// Step `k` of `closed`.
    ///
    /// # Errors
    /// `StepOutOfRange`.
    fn find(closed: &ClosedEpoch, k: u32) -> Result<Self, EpochError> {
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
        let Some(reads) = plan.phases.get(usize::from(phase)) else {
            return Err(out_of_range);
        };
        Ok(Self {
            header_hash: closed.header_hash,
            netuid,
            epoch,
            final_epoch,
            neurons,
            len: plan.span(chunk, neurons).1,
            k,
            phase,
            chunk,
            chunks: plan.chunks(neurons).into(),
            reads: *reads,
            writes_memory: phase == plan.memory_phase,
            writes_results: phase == plan.results_phase,
            is_last: k.checked_add(1) == Some(steps),
        })
    }

    /// Hash of what the step reads of the last final epoch; none if it reads nothing, or nothing was left for its chunk.
    fn remembered(&self, closed: &ClosedEpoch, left: Option<Memory>) -> Option<(u32, Digest)> {
        if !self.reads.memory {
            return None;
        }
        let hashes = left?.for_epoch(closed);
        let hash = hashes.get(usize::from(self.chunk))?;
        Some((self.final_epoch?, *hash))
    }

    /// # Errors
    /// `OpeningMismatch` with the first part that does not open.
    fn check_openings(
        &self,
        proof: &StepProof,
        remembered: Option<(u32, Digest)>,
    ) -> Result<(), EpochError> {
        let steps = &proof.assertion.steps;
        let carry = match self.k.checked_sub(1) {
            None => proof.carry.is_empty(),
            Some(before) => {
                proof.carry.len() <= MAX_CARRY
                    && self.is_step(
                        steps,
                        before,
                        &carry_digest(&proof.carry),
                        &proof.carry_sibling,
                    )
            }
        };
        let scratch = match self.k.checked_sub(self.chunks) {
            None => proof.scratch.is_empty(),
            Some(before) => {
                proof.scratch.len() <= MAX_SCRATCH
                    && self.is_step(
                        steps,
                        before,
                        &proof.scratch_sibling,
                        &scratch_digest(&proof.scratch),
                    )
            }
        };
        let memory = match remembered {
            None => proof.memory.is_empty(),
            Some((epoch, hash)) => {
                proof.memory.len() <= MAX_MEMORY
                    && memory_digest(self.netuid, epoch, self.chunk, &proof.memory) == hash
            }
        };
        let parts = [
            (carry, Opening::Carry),
            (scratch, Opening::Scratch),
            (memory, Opening::Memory),
        ];
        match parts.into_iter().find(|(opens, _)| !opens) {
            Some((_, which)) => Err(EpochError::OpeningMismatch(which)),
            None => Ok(()),
        }
    }

    /// Whether step `k` of `steps` hands on what has these hashes.
    fn is_step(&self, steps: &[Digest], k: u32, carry: &Digest, scratch: &Digest) -> bool {
        at(steps, k) == Some(&step_digest(&self.header_hash, k, carry, scratch))
    }

    /// Whether `output` is one that the interface allows. A worker asserts no other.
    fn keeps_promises(&self, output: &StepOutput) -> bool {
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

    /// Whether `assertion` says of the step what it comes to.
    fn is_asserted(&self, assertion: &Assertion, output: &StepOutput) -> bool {
        let Self {
            netuid,
            epoch,
            chunk,
            ..
        } = *self;
        let (carry, scratch) = (carry_digest(&output.carry), scratch_digest(&output.scratch));
        self.is_step(&assertion.steps, self.k, &carry, &scratch)
            && (!self.writes_memory
                || at(&assertion.memory, chunk)
                    == Some(&memory_digest(netuid, epoch, chunk, &output.memory)))
            && (!self.writes_results
                || at(&assertion.results, chunk)
                    == Some(&results_digest(netuid, epoch, chunk, &output.results)))
            && (!self.is_last || assertion.roster == output.roster)
    }
}

fn at(digests: &[Digest], place: impl Into<u32>) -> Option<&Digest> {
    digests.get(usize::try_from(place.into()).ok()?)
}

#[cfg(test)]
mod tests;
