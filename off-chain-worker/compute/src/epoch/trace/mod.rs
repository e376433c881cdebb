//! Computes an epoch: all phases over all chunks, and the carry and scratch of every step.

mod hashing;

use super::{ComputeError, EpochInputs};
use crate::{
    engine::{step_by_step, Engine, EngineError, PhaseJob},
    threads,
};
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

/// Number of bytes from which on they are hashed by several threads. With fewer, waking a thread
/// takes a large part of the time.
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
        threads::enter(self.bytes() >= LARGE, || Assertion {
            header_hash: self.header_hash,
            steps: hashing::steps(self),
            memory: hashing::memory(self),
            results: hashing::results(self),
            roster: self.roster.clone(),
        })
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

    fn is_over(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
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
    let weights = inputs.chunks.iter().map(|chunk| chunk.rows.count());
    let weights = weights.fold(0, usize::saturating_add);
    let mut computed = None;
    engine.enter(weights, &mut || {
        computed = Some(compute_phases(engine, inputs, limits));
    });
    // An engine calls the work before it returns.
    computed.unwrap_or_else(|| compute_phases(engine, inputs, limits))
}

/// Computes the epoch, phase by phase.
fn compute_phases(
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
    for (phase, reads) in (0..).zip(trace.plan.phases.clone()) {
        let unknown = limits.first_unknown(reads, chunks);
        let known = usize::from(unknown.unwrap_or(chunks));
        // The steps of the phase before; there are none before the first phase.
        let done = trace.steps.len().saturating_sub(usize::from(chunks));
        let before = trace.steps.get(done..).unwrap_or_default();
        let scratch: Vec<&[u8]> = before.iter().map(|step| &step.scratch[..]).collect();
        let job = PhaseJob {
            header,
            reads,
            phase,
            carry: before.last().map_or(&[], |step| &step.carry),
            scratch: &scratch,
            memory: &inputs.memory,
            inputs: inputs.chunks.get(..known).unwrap_or(&inputs.chunks),
            deadline: limits.deadline,
        };
        let start = Instant::now();
        let step_failed = |chunk, error| ComputeError::Step {
            phase,
            chunk,
            error,
        };
        if limits.is_over() {
            let failure = Some(step_failed(0, EngineError::OutOfTime));
            return Ok(Attempt { trace, failure });
        }
        let computed = match unknown {
            // An engine may compute the last chunk of a phase in a way of its own.
            Some(_) => step_by_step(engine, &job),
            None => engine.phase(&job),
        };
        let (mut outputs, mut failure) = match computed {
            Ok(outputs) => {
                let missing = unknown.map(|chunk| ComputeError::Unknown { phase, chunk });
                (outputs, missing)
            }
            Err(failed) => (failed.before, Some(step_failed(failed.chunk, failed.error))),
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
