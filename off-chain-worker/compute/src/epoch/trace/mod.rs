//! Computes an epoch: all phases over all chunks, and the carry and scratch of every step.

use super::{ComputeError, EpochInputs};
use crate::engine::{Engine, PhaseJob};
use inktensor_primitives::{
    assertion::{
        carry_digest, memory_digest, results_digest, scratch_digest, step_digest, Assertion,
    },
    kernel::{EpochPlan, NeuronResult, StepOutput},
    Digest, NetUid, Uid,
};
use scale::{Decode, Encode};
use std::time::{Duration, Instant};

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
        let numbered = |k: usize| u32::try_from(k).unwrap_or(u32::MAX);
        let steps = self.steps.iter().enumerate().map(|(k, step)| {
            step_digest(
                &self.header_hash,
                numbered(k),
                &carry_digest(&step.carry),
                &scratch_digest(&step.scratch),
            )
        });
        let memory = (0..)
            .zip(&self.memory)
            .map(|(c, bytes)| memory_digest(self.netuid, self.epoch, c, bytes));
        let results = (0..)
            .zip(&self.results)
            .map(|(c, results)| results_digest(self.netuid, self.epoch, c, results));
        Assertion {
            header_hash: self.header_hash,
            steps: steps.collect(),
            memory: memory.collect(),
            results: results.collect(),
            roster: self.roster.clone(),
        }
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

/// Computes the epoch of `inputs` up to the first step that fails.
///
/// # Errors
/// See [`ComputeError`], if not even the first step can run.
pub fn attempt(engine: &dyn Engine, inputs: &EpochInputs) -> Result<Attempt, ComputeError> {
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
    let mut carry = Vec::new();
    let mut scratch: Vec<Vec<u8>> = Vec::new();
    for (phase, reads) in (0..).zip(trace.plan.phases.clone()) {
        let job = PhaseJob {
            header,
            reads,
            phase,
            carry: &carry,
            scratch: &scratch,
            memory: &inputs.memory,
            inputs: &inputs.chunks,
        };
        let start = Instant::now();
        let (mut outputs, mut failure) = match engine.phase(&job) {
            Ok(outputs) => (outputs, None),
            Err(failed) => {
                let error = ComputeError::Step {
                    phase,
                    chunk: failed.chunk,
                    error: failed.error,
                };
                (steps_before(engine, &job, failed.chunk), Some(error))
            }
        };
        trace.timing.push(start.elapsed());
        let broken = (0..).zip(&outputs).find_map(|(chunk, output)| {
            let checked = output.check(&trace.plan, header.neurons, phase, chunk);
            checked.err().map(|promise| (chunk, promise))
        });
        if let Some((chunk, promise)) = broken {
            outputs.truncate(usize::from(chunk));
            failure = Some(ComputeError::BadOutput {
                phase,
                chunk,
                promise,
            });
        }
        if failure.is_none() {
            carry = outputs
                .last()
                .map(|output| output.carry.clone())
                .unwrap_or_default();
            scratch = outputs
                .iter()
                .map(|output| output.scratch.clone())
                .collect();
        }
        trace.append(phase, outputs);
        if failure.is_some() {
            return Ok(Attempt { trace, failure });
        }
    }
    Ok(Attempt {
        trace,
        failure: None,
    })
}

/// Returns the first `count` steps of a phase of which a later one fails; fewer if one of them
/// fails too, which only the machine can cause.
fn steps_before(engine: &dyn Engine, job: &PhaseJob, count: u16) -> Vec<StepOutput> {
    let mut outputs: Vec<StepOutput> = Vec::new();
    for chunk in 0..count {
        let carry = outputs.last().map_or(job.carry, |output| &output.carry);
        let Ok(output) = engine.step(&job.input(chunk, carry.to_vec())) else {
            break;
        };
        outputs.push(output);
    }
    outputs
}

impl Trace {
    fn append(&mut self, phase: u8, outputs: Vec<StepOutput>) {
        for output in outputs {
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
    }
}

#[cfg(test)]
mod tests;
