//! Whether a step of an assertion is false. Knows no storage: it is given what the chain gathers
//! and a way to run the kernel.
//!
//! *Complete*: the first step of a false assertion that differs from the honest epoch builds on
//! honest digests only, so every honest watcher has the preimages that open them. *Sound*: what
//! opens the digests of an honest assertion is honest, and so is what the step comes to, whatever
//! the caller gives.

use crate::{
    frozen::{ClosedEpoch, Memory},
    step::{Given, Step},
};
use inktensor_primitives::{
    assertion::{carry_digest, scratch_digest, step_digest, Assertion},
    dispute::{Opening, StepProof},
    epoch::EpochError,
    kernel::{ChunkInputs, StepInput, StepOutput, MAX_CARRY, MAX_SCRATCH},
    Digest,
};

/// Executes step `k` of the asserted epoch again. Returns if it differs from what
/// `proof.assertion`, which is to be the posted one, says; also if it breaks a promise of the
/// kernel's interface, or the kernel answers with an error, since then no honest assertion exists.
///
/// `left` is the memory of the last final epoch, `gather` collects what storage contributes to a
/// chunk, `run` executes the kernel.
///
/// # Errors
/// `StepOutOfRange`, `OpeningMismatch`, those of `gather` and `run`, and `StepIsCorrect`, in this
/// order.
pub fn judge(
    closed: ClosedEpoch,
    k: u32,
    proof: StepProof,
    left: Option<Memory>,
    gather: impl FnOnce(&ClosedEpoch, u16) -> Result<ChunkInputs, EpochError>,
    run: impl FnOnce(StepInput) -> Result<StepOutput, EpochError>,
) -> Result<(), EpochError> {
    let step = Step::find(&closed, k)?;
    let hashes = left.map(|left| left.for_epoch(&closed)).unwrap_or_default();
    check_openings(&step, &proof, &hashes)?;
    let given = Given {
        carry: proof.carry,
        scratch: proof.scratch,
        memory: proof.memory,
    };
    let output = match step.execute(&closed, given, gather, run) {
        Ok(output) => output,
        // A pure function of the input, which is the honest one: no honest epoch gets past this
        // step.
        Err(EpochError::Kernel(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    if step.keeps_promises(&output) && is_asserted(&step, &proof.assertion, &output) {
        return Err(EpochError::StepIsCorrect);
    }
    Ok(())
}

/// Checks what the proof says the step builds on. `hashes` are those of what the last final epoch
/// left.
///
/// # Errors
/// `OpeningMismatch` with the first part that does not open.
fn check_openings(step: &Step, proof: &StepProof, hashes: &[Digest]) -> Result<(), EpochError> {
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

/// Whether step `k` of `steps` hands on what has these hashes.
fn is_step(step: &Step, steps: &[Digest], k: u32, carry: &Digest, scratch: &Digest) -> bool {
    at(steps, k) == Some(&step_digest(&step.header_hash, k, carry, scratch))
}

/// Whether `assertion` says of the step what it comes to.
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
