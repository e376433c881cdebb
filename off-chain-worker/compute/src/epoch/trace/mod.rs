//! Runs an epoch: all phases over all chunks, and what every step hands on.

use super::{EpochError, EpochInputs};
use crate::engine::{Engine, PhaseJob};
use inktensor_primitives::{
    assertion::{
        carry_digest, memory_digest, results_digest, scratch_digest, step_digest, Assertion,
    },
    kernel::{EpochPlan, NeuronResult, StepOutput, MAX_CARRY, MAX_MEMORY, MAX_SCRATCH},
    Digest, NetUid, Uid,
};
use scale::{Decode, Encode};
use std::time::{Duration, Instant};

/// What a step hands on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct StepTrace {
    /// To the next step.
    pub carry: Vec<u8>,
    /// To the same chunk one phase later.
    pub scratch: Vec<u8>,
}

/// A computed epoch: what it leaves, and the preimages of every digest of its assertion.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// Hash of the header it was computed for.
    pub header_hash: Digest,
    /// How it was cut into steps.
    pub plan: EpochPlan,
    /// What each step hands on, step `phase * chunks + chunk`.
    pub steps: Vec<StepTrace>,
    /// What each chunk remembers for the next epoch.
    pub memory: Vec<Vec<u8>>,
    /// What each chunk's neurons get.
    pub results: Vec<Vec<NeuronResult>>,
    /// Uids that get a permit.
    pub roster: Vec<Uid>,
    /// Time that each phase took. Not part of the outcome.
    pub timing: Vec<Duration>,
}

impl Trace {
    /// What a proposer of this epoch posts.
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

    /// What every neuron gets, in order of uid.
    pub fn neurons(&self) -> impl Iterator<Item = &NeuronResult> {
        self.results.iter().flatten()
    }
}

/// An epoch as far as it could be computed.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// All steps, or those before the one that failed.
    pub trace: Trace,
    /// Why a step failed, if one did.
    pub failure: Option<EpochError>,
}

/// Computes the epoch of `inputs`.
///
/// # Errors
/// See [`EpochError`].
pub fn compute(engine: &dyn Engine, inputs: &EpochInputs) -> Result<Trace, EpochError> {
    let attempt = attempt(engine, inputs)?;
    match attempt.failure {
        None => Ok(attempt.trace),
        Some(error) => Err(error),
    }
}

/// Computes the epoch of `inputs` up to the first step that fails.
///
/// # Errors
/// See [`EpochError`], if there is no step at all.
pub fn attempt(engine: &dyn Engine, inputs: &EpochInputs) -> Result<Attempt, EpochError> {
    let header = &inputs.header;
    let plan = engine.plan(header).map_err(EpochError::Plan)?;
    if !plan.is_sound() {
        return Err(EpochError::UnsoundPlan);
    }
    let chunks = plan.chunks(header.neurons);
    for given in [inputs.chunks.len(), inputs.memory.len()] {
        if given != usize::from(chunks) {
            return Err(EpochError::WrongChunks(given, chunks));
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
                let error = EpochError::Step {
                    phase,
                    chunk: failed.chunk,
                    error: failed.error,
                };
                (steps_before(engine, &job, failed.chunk), Some(error))
            }
        };
        trace.timing.push(start.elapsed());
        let broken = (0..).zip(&outputs).find_map(|(chunk, output)| {
            let what = broken_promise(&trace.plan, header.neurons, phase, chunk, output)?;
            Some((chunk, what))
        });
        if let Some((chunk, what)) = broken {
            outputs.truncate(usize::from(chunk));
            failure = Some(EpochError::BadOutput { phase, chunk, what });
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

/// The first `count` steps of a phase of which a later one fails. Fewer if one of them fails too,
/// which only the machine can make it do.
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

/// Which promise of the interface the output of a step breaks, if any. The epoch contract relies on
/// the same.
fn broken_promise(
    plan: &EpochPlan,
    neurons: u16,
    phase: u8,
    chunk: u16,
    output: &StepOutput,
) -> Option<&'static str> {
    let (_, len) = plan.span(chunk, neurons);
    let last = usize::from(phase) + 1 == plan.phases.len() && chunk + 1 == plan.chunks(neurons);
    let due = |phase_due: u8| phase == phase_due;
    let results_due = if due(plan.results_phase) {
        usize::from(len)
    } else {
        0
    };
    let ascending = output
        .roster
        .windows(2)
        .all(|pair| pair.first() < pair.last());
    let seated = output.roster.last().is_none_or(|uid| uid.0 < neurons);
    [
        (output.carry.len() > MAX_CARRY, "too long a carry"),
        (output.scratch.len() > MAX_SCRATCH, "too long a scratch"),
        (output.memory.len() > MAX_MEMORY, "too long a memory"),
        (
            !due(plan.memory_phase) && !output.memory.is_empty(),
            "memory out of its phase",
        ),
        (
            output.results.len() != results_due,
            "a wrong number of results",
        ),
        (
            !last && !output.roster.is_empty(),
            "a roster before the last step",
        ),
        (
            !ascending || !seated,
            "a roster that is not ascending within the neurons",
        ),
    ]
    .into_iter()
    .find_map(|(broken, what)| broken.then_some(what))
}

#[cfg(test)]
mod tests;
