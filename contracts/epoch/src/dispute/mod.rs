//! Dispute of one step of an assertion. Knows no storage: the caller gives a function for the
//! inputs of a chunk and one that runs the kernel.
//!
//! *Complete*: the first false step of an assertion builds on honest digests only, so every honest
//! watcher has the preimages that open them. *Sound*: only honest preimages open the digests of an
//! honest assertion, and from them the step has the honest output, whatever the proof contains.

use crate::{
    closed_epoch::{ClosedEpoch, Memory},
    step::{Step, StepState},
};
use inktensor_primitives::{
    assertion::{carry_digest, scratch_digest, step_digest, Assertion},
    dispute::{Opening, StepProof},
    epoch::EpochError,
    kernel::{ChunkInputs, PhasePlan, StepInput, StepOutput, MAX_CARRY, MAX_SCRATCH},
    Digest,
};

/// Re-executes step `k` of an assertion of the closed epoch. Returns `Ok(())` if the assertion is
/// false: the output differs or violates the kernel interface, or the kernel returns an error or
/// traps. In all but the first case no honest assertion exists. `proof.assertion` must be an
/// assertion that stands; the caller checks that.
///
/// `memory` is that of the last final epoch. `gather` collects the inputs of a chunk from storage,
/// `run` executes the kernel.
///
/// # Errors
/// `StepOutOfRange`, `OpeningMismatch`, those of `gather` and `run`, and `StepIsCorrect`, in this
/// order.
pub fn judge(
    closed: ClosedEpoch,
    k: u32,
    proof: StepProof,
    memory: Option<Memory>,
    gather: impl FnOnce(&ClosedEpoch, u16, PhasePlan) -> Result<ChunkInputs, EpochError>,
    run: impl FnOnce(StepInput) -> Result<StepOutput, EpochError>,
) -> Result<(), EpochError> {
    let step = Step::find(&closed, k)?;
    let hashes = memory
        .map(|memory| memory.for_epoch(&closed))
        .unwrap_or_default();
    check_openings(&step, &proof, &hashes)?;
    let state = StepState {
        carry: proof.carry,
        scratch: proof.scratch,
        memory: proof.memory,
    };
    let output = match step.execute(&closed, state, gather, run) {
        Ok(output) => output,
        // The error or trap is a pure function of the input, which is the honest one: no honest
        // epoch gets past this step.
        Err(EpochError::Kernel(_) | EpochError::KernelTrapped) => return Ok(()),
        Err(error) => return Err(error),
    };
    if step.allows(&closed, &output) && is_asserted(&step, &proof.assertion, &output) {
        return Err(EpochError::StepIsCorrect);
    }
    Ok(())
}

/// Checks that the parts of the proof open the digests that the step builds on. `hashes` are those
/// of the last final epoch's memory.
///
/// # Errors
/// `OpeningMismatch` with the first part that does not open.
fn check_openings(
    step: &Step,
    proof: &StepProof,
    hashes: &[Option<Digest>],
) -> Result<(), EpochError> {
    let steps = &proof.assertion.steps;
    let carry = match step.k.checked_sub(1) {
        None => proof.carry.is_empty(),
        Some(before) => {
            proof.carry.len() <= MAX_CARRY
                && is_step(
                    step,
                    steps,
                    before,
                    &carry_digest(&proof.carry),
                    &proof.carry_sibling,
                )
        }
    };
    let scratch = match step.k.checked_sub(step.chunks) {
        None => proof.scratch.is_empty(),
        Some(before) => {
            proof.scratch.len() <= MAX_SCRATCH
                && is_step(
                    step,
                    steps,
                    before,
                    &proof.scratch_sibling,
                    &scratch_digest(&proof.scratch),
                )
        }
    };
    let memory = step.remembers(hashes, &proof.memory);
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

/// Returns true if carry and scratch of step `k` of `steps` have these hashes.
fn is_step(step: &Step, steps: &[Digest], k: u32, carry: &Digest, scratch: &Digest) -> bool {
    at(steps, k) == Some(&step_digest(&step.header_hash, k, carry, scratch))
}

/// Returns true if `assertion` has the digests of the step's output.
fn is_asserted(step: &Step, assertion: &Assertion, output: &StepOutput) -> bool {
    let digests = step.digests(output);
    let chunk = step.chunk;
    at(&assertion.steps, step.k) == Some(&digests.step)
        && digests
            .memory
            .is_none_or(|hash| at(&assertion.memory, chunk) == Some(&hash))
        && digests
            .results
            .is_none_or(|hash| at(&assertion.results, chunk) == Some(&hash))
        && (!step.is_last || assertion.roster == output.roster)
}

fn at(digests: &[Digest], place: impl Into<u32>) -> Option<&Digest> {
    digests.get(usize::try_from(place.into()).ok()?)
}

#[cfg(test)]
mod tests;
