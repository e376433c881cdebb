//! Computes an epoch: all phases over all chunks, and the carry and scratch of every step.

mod hashing;

use super::{ComputeError, EpochInputs};
use crate::{
    engine::{step_by_step, Engine, EngineError, EpochJob, PhaseJob, WholeEpoch},
    threads::Help,
};
use hashing::Digests;
use inktensor_primitives::{
    assertion::Assertion,
    kernel::{EpochPlan, NeuronResult, PhasePlan, StepOutput},
    Digest, NetUid, Uid,
};
use scale::{Decode, Encode};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// Number of bytes for whose hashes it is worth to wake a thread.
const LARGE: usize = 256 * 1024;

/// The values that a step passes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct StepTrace {
    /// Carry for the next step.
    pub carry: Vec<u8>,
    /// Scratch for the same chunk one phase later.
    pub scratch: Vec<u8>,
}

/// A computed epoch: its outcome, and the preimages of every digest of its assertion.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// Hash of the epoch's header.
    pub header_hash: Digest,
    /// Plan that cuts the epoch into steps.
    pub plan: EpochPlan,
    /// Carry and scratch of each step, at `phase * chunks + chunk`.
    pub steps: Vec<StepTrace>,
    /// Memory of each chunk for the next epoch.
    pub memory: Vec<Vec<u8>>,
    /// Results of each chunk's neurons.
    pub results: Vec<Vec<NeuronResult>>,
    /// Uids that get a permit.
    pub roster: Vec<Uid>,
    /// Time that each phase took. Not part of the outcome.
    pub timing: Vec<Duration>,
}

impl Trace {
    /// Returns the assertion that a proposer of this epoch posts.
    pub fn assertion(&self) -> Assertion {
        let parts = self.bytes().div_euclid(LARGE);
        let help = Help {
            most: parts,
            wake: parts,
        };
        let digests = Digests::of(self, help);
        Assertion {
            header_hash: self.header_hash,
            steps: digests.steps,
            memory: digests.memory,
            results: digests.results,
            roster: self.roster.clone(),
        }
    }

    /// Returns the number of bytes of all carries, scratches and memories.
    fn bytes(&self) -> usize {
        let steps = self.steps.iter();
        let steps = steps.map(|step| step.carry.len().saturating_add(step.scratch.len()));
        let memory = self.memory.iter().map(Vec::len);
        steps.chain(memory).fold(0, usize::saturating_add)
    }

    /// Returns the result of every neuron, in order of uid.
    pub fn neurons(&self) -> impl Iterator<Item = &NeuronResult> {
        self.results.iter().flatten()
    }
}

/// An epoch as far as it could be computed.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// All steps, or those before the one that failed.
    pub trace: Trace,
    /// Error of the step that failed.
    pub failure: Option<ComputeError>,
}

/// Computes the epoch of `inputs`.
///
/// # Errors
/// See [`ComputeError`].
pub fn compute(engine: &dyn Engine, inputs: &EpochInputs) -> Result<Trace, ComputeError> {
    let attempt = attempt(engine, inputs)?;
    match attempt.failure {
        None => Ok(attempt.trace),
        Some(error) => Err(error),
    }
}

/// The limits within which an epoch is computed. By default everything is known, and there is no
/// limit on time.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Chunks whose input from the chain's storage is not known. No step of them can be computed.
    pub unknown_inputs: BTreeSet<u16>,
    /// Chunks whose memory is not known. No step that reads it can be computed.
    pub unknown_memory: BTreeSet<u16>,
    /// Moment at which the computation is given up.
    pub deadline: Option<Instant>,
}

impl Limits {
    /// Returns the first of `chunks` chunks whose step cannot be computed in a phase that reads
    /// `reads`.
    fn first_unknown(&self, reads: PhasePlan, chunks: u16) -> Option<u16> {
        let is_unknown = |chunk: &u16| {
            self.unknown_inputs.contains(chunk)
                || (reads.memory && self.unknown_memory.contains(chunk))
        };
        (0..chunks).find(is_unknown)
    }
}

/// Computes the epoch of `inputs` up to the first step that fails.
///
/// # Errors
/// See [`ComputeError`], if not even the first step can run.
pub fn attempt(engine: &dyn Engine, inputs: &EpochInputs) -> Result<Attempt, ComputeError> {
    attempt_within(engine, inputs, &Limits::default())
}

/// Computes the epoch of `inputs` up to the first step that fails or cannot be computed within
/// `limits`. Unknown parts of `inputs` have any value.
///
/// # Errors
/// See [`ComputeError`], if not even the first step can run.
pub fn attempt_within(
    engine: &dyn Engine,
    inputs: &EpochInputs,
    limits: &Limits,
) -> Result<Attempt, ComputeError> {
    let header = &inputs.header;
    let plan = engine.plan(header).map_err(ComputeError::Plan)?;
    if !plan.is_sound() {
        return Err(ComputeError::UnsoundPlan);
    }
    let chunks = plan.chunks(header.neurons);
    for given in [inputs.chunks.len(), inputs.memory.len()] {
        if given != usize::from(chunks) {
            return Err(ComputeError::WrongChunks(given, chunks));
        }
    }
    let mut trace = Trace {
        netuid: header.netuid,
        epoch: header.epoch,
        header_hash: header.digest(),
        plan,
        steps: Vec::new(),
        memory: Vec::new(),
        results: Vec::new(),
        roster: Vec::new(),
        timing: Vec::new(),
    };
    let unknown = |reads| limits.first_unknown(reads, chunks);
    let job = EpochJob {
        header,
        plan: &trace.plan.clone(),
        memory: &inputs.memory,
        inputs: &inputs.chunks,
        deadline: limits.deadline,
    };
    let known = job
        .plan
        .phases
        .iter()
        .all(|reads| unknown(*reads).is_none());
    let whole = known && !job.is_over();
    let failure = match whole.then(|| engine.epoch(&job)).flatten() {
        Some(whole) => trace.take(&job, whole),
        None => trace.compute(engine, &job, unknown),
    };
    Ok(Attempt { trace, failure })
}

impl Trace {
    /// Adds the outputs of all steps of `job`, up to one that breaks a promise.
    fn take(&mut self, job: &EpochJob, whole: WholeEpoch) -> Option<ComputeError> {
        self.timing = whole.timing;
        self.steps.reserve_exact(whole.outputs.len());
        let mut outputs = whole.outputs.into_iter();
        let mut phases = (0..).zip(&job.plan.phases);
        phases.find_map(|(phase, _)| {
            let outputs = outputs.by_ref().take(job.inputs.len());
            self.append(job.header.neurons, phase, outputs)
        })
    }

    /// Computes the steps of `job`, phase by phase, up to one that fails. `unknown` has the first
    /// chunk whose step cannot be computed in a phase that reads this much.
    fn compute(
        &mut self,
        engine: &dyn Engine,
        job: &EpochJob,
        unknown: impl Fn(PhasePlan) -> Option<u16>,
    ) -> Option<ComputeError> {
        let chunks = job.inputs.len();
        for (phase, reads) in (0..).zip(&job.plan.phases) {
            let unknown = unknown(*reads);
            let known = unknown.map_or(chunks, usize::from);
            // The steps of the phase before; there are none before the first phase.
            let done = self.steps.len().saturating_sub(chunks);
            let before = self.steps.get(done..).unwrap_or_default();
            let scratch: Vec<&[u8]> = before.iter().map(|step| &step.scratch[..]).collect();
            let job = PhaseJob {
                carry: before.last().map_or(&[], |step| &step.carry),
                scratch: &scratch,
                inputs: job.inputs.get(..known).unwrap_or(job.inputs),
                ..job.phase(phase, *reads)
            };
            let start = Instant::now();
            let step_failed = |chunk, error| ComputeError::Step {
                phase,
                chunk,
                error,
            };
            if job.is_over() {
                return Some(step_failed(0, EngineError::OutOfTime));
            }
            let computed = match unknown {
                // An engine may compute the last chunk of a phase in a way of its own.
                Some(_) => step_by_step(engine, &job),
                None => engine.phase(&job),
            };
            let (outputs, failure) = match computed {
                Ok(outputs) => {
                    let missing = unknown.map(|chunk| ComputeError::Unknown { phase, chunk });
                    (outputs, missing)
                }
                Err(failed) => (failed.before, Some(step_failed(failed.chunk, failed.error))),
            };
            self.timing.push(start.elapsed());
            let outputs = outputs.into_iter();
            let failure = self.append(job.header.neurons, phase, outputs).or(failure);
            if failure.is_some() {
                return failure;
            }
        }
        None
    }

    /// Adds the outputs of `phase` of an epoch with `neurons` neurons, up to one that breaks a
    /// promise.
    fn append(
        &mut self,
        neurons: u16,
        phase: u8,
        outputs: impl Iterator<Item = StepOutput>,
    ) -> Option<ComputeError> {
        for (chunk, output) in (0..).zip(outputs) {
            if let Err(promise) = output.check(&self.plan, neurons, phase, chunk) {
                return Some(ComputeError::BadOutput {
                    phase,
                    chunk,
                    promise,
                });
            }
            if phase == self.plan.memory_phase {
                self.memory.push(output.memory);
            }
            if phase == self.plan.results_phase {
                self.results.push(output.results);
            }
            if !output.roster.is_empty() {
                self.roster = output.roster;
            }
            self.steps.push(StepTrace {
                carry: output.carry,
                scratch: output.scratch,
            });
        }
        None
    }
}

#[cfg(test)]
mod tests;
