//! Runs kernel code: one step, or all steps of a phase.
//!
//! # Terms
//! * **kernel**: the program that computes a step, a contract without storage known by its code
//!   hash.
//! * **engine**: an executor with one kernel loaded. [`wasm`] runs the chain's own bytes in
//!   wasmtime, [`wasmi`] in the chain's own interpreter. [`native`] calls the linked crate that
//!   those bytes are built from, for kernels of this repository.
//! * **phase**: one pass over all chunks; see [`PhaseJob`].
//!
//! An engine computes only. The order of the steps is the concern of [`crate::epoch`].

mod answer;
pub mod check;
mod compiled;
mod counted;
mod error;
mod host;
mod inputs;
mod instance;
mod linked;
pub mod native;
mod pooled;
pub mod wasm;
pub mod wasmi;

pub use error::EngineError;

use inktensor_primitives::kernel::{
    ChunkInputs, EpochHeader, EpochPlan, NeuronInput, PhasePlan, Rows, StepInput, StepOutput,
};
use std::{
    ops::Range,
    time::{Duration, Instant},
};

/// The rows of a phase that reads none.
static NO_ROWS: Rows = Rows::new();
/// Most bytes of inputs, and nearly as many of outputs, of a group of steps.
const GROUP: usize = 128 * 1024;
/// Bytes of a carry per uid of the roster, of the kernels of this repository.
const CARRY: usize = 48;
/// Bytes of a carry, and of what is allocated for it, per permit to be given.
const LEADER: usize = 32;

/// An executor with one kernel loaded.
pub trait Engine: Send + Sync {
    /// Returns the plan that cuts the epoch of `header` into steps.
    ///
    /// # Errors
    /// `Kernel` if the kernel refuses the header's parameters; the others if it misbehaves.
    fn plan(&self, header: &EpochHeader) -> Result<EpochPlan, EngineError>;

    /// Computes one step.
    ///
    /// # Errors
    /// `Kernel` if the kernel refuses the input; the others if it misbehaves.
    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError>;

    /// Computes all steps of an epoch at once, if this engine has a way to do so.
    ///
    /// `None` if it has none, or if a step fails. Then [`Engine::phase`] computes what can be
    /// computed, and knows the error. All outputs must be those of [`Engine::step`].
    fn epoch(&self, _job: &EpochJob) -> Option<WholeEpoch> {
        None
    }

    /// Computes the steps of a phase, in order of chunk. Each step gets the carry of the one before
    /// it.
    ///
    /// By default the steps run one after the other. A faster implementation must return the same
    /// bytes.
    ///
    /// # Errors
    /// Those of the first step that fails, with its chunk.
    fn phase(&self, job: &PhaseJob) -> Result<Vec<StepOutput>, StepFailed> {
        step_by_step(self, job)
    }
}

/// Computes the steps of a phase one after the other.
///
/// # Errors
/// Those of the first step that fails, with its chunk.
pub fn step_by_step<E: Engine + ?Sized>(
    engine: &E,
    job: &PhaseJob,
) -> Result<Vec<StepOutput>, StepFailed> {
    job.run(|chunk, carry| engine.step(&job.input(chunk, carry.to_vec())))
}

/// Returns true if there is a deadline, and it is over.
fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

/// The failure of a step.
#[derive(Debug)]
pub struct StepFailed {
    /// Chunk of the step.
    pub chunk: u16,
    /// Error of the step.
    pub error: EngineError,
    /// Outputs of the steps before, in order of chunk.
    pub before: Vec<StepOutput>,
}

/// All steps of an epoch.
#[derive(Clone, Debug)]
pub struct WholeEpoch {
    /// Outputs by phase, and in order of chunk.
    pub outputs: Vec<StepOutput>,
    /// Time that each phase took.
    pub timing: Vec<Duration>,
}

/// The input of all steps of an epoch, by reference.
#[derive(Clone, Copy, Debug)]
pub struct EpochJob<'a> {
    /// The epoch.
    pub header: &'a EpochHeader,
    /// The engine's plan of the epoch.
    pub plan: &'a EpochPlan,
    /// Memory from the last final epoch, one per chunk.
    pub memory: &'a [Vec<u8>],
    /// Input from the chain's storage, one per chunk.
    pub inputs: &'a [ChunkInputs],
    /// Moment from which on no epoch and no phase is begun; `None` for never.
    pub deadline: Option<Instant>,
}

impl<'a> EpochJob<'a> {
    /// Returns true if the deadline is over.
    pub fn is_over(&self) -> bool {
        is_over(self.deadline)
    }

    /// Returns the input of the steps of `phase`, which reads `reads`, without what the phase
    /// before leaves.
    pub fn phase(&self, phase: u8, reads: PhasePlan) -> PhaseJob<'a> {
        PhaseJob {
            header: self.header,
            reads,
            phase,
            carry: &[],
            scratch: &[],
            memory: self.memory,
            inputs: self.inputs,
            deadline: self.deadline,
        }
    }
}

/// The input of all steps of one phase, by reference.
#[derive(Clone, Copy, Debug)]
pub struct PhaseJob<'a> {
    /// The epoch.
    pub header: &'a EpochHeader,
    /// Inputs that the phase reads.
    pub reads: PhasePlan,
    /// The phase.
    pub phase: u8,
    /// Carry of the last step of the phase before; empty for the first phase.
    pub carry: &'a [u8],
    /// Scratch of the phase before, one per chunk; empty for the first phase.
    pub scratch: &'a [&'a [u8]],
    /// Memory from the last final epoch, one per chunk.
    pub memory: &'a [Vec<u8>],
    /// Input from the chain's storage, one for each chunk to compute, from the first chunk on.
    pub inputs: &'a [ChunkInputs],
    /// Moment at which the computation is given up; `None` for never.
    pub deadline: Option<Instant>,
}

impl<'a> PhaseJob<'a> {
    /// Returns the chunks, in order.
    pub fn chunks(&self) -> Range<u16> {
        // The protocol's limits keep the number of chunks far below this bound.
        0..u16::try_from(self.inputs.len()).unwrap_or(u16::MAX)
    }

    /// Computes the steps in order with `step`, which gets the chunk and the carry of the step
    /// before. Gives up at the deadline.
    ///
    /// # Errors
    /// Those of the first step that fails, or `OutOfTime`, with the outputs before.
    pub fn run(
        &self,
        mut step: impl FnMut(u16, &[u8]) -> Result<StepOutput, EngineError>,
    ) -> Result<Vec<StepOutput>, StepFailed> {
        self.run_from(&mut step, Vec::new(), self.chunks())
    }

    /// Computes the steps in order, neighbouring ones together by `group`, which gets their chunks
    /// and the carry of the step before. If `group` returns `None`, `step` computes them one by
    /// one. Gives up at the deadline.
    ///
    /// # Errors
    /// Those of [`PhaseJob::run`].
    pub fn run_in_groups(
        &self,
        mut group: impl FnMut(Range<u16>, &[u8]) -> Option<Vec<StepOutput>>,
        mut step: impl FnMut(u16, &[u8]) -> Result<StepOutput, EngineError>,
    ) -> Result<Vec<StepOutput>, StepFailed> {
        let mut outputs: Vec<StepOutput> = Vec::with_capacity(self.inputs.len());
        let mut next = 0;
        while next < self.chunks().end {
            let chunks = self.group_from(next);
            next = chunks.end;
            let carry = outputs.last().map_or(self.carry, |output| &output.carry);
            let together = chunks.len() > 1 && !self.is_over();
            match together.then(|| group(chunks.clone(), carry)).flatten() {
                Some(found) => outputs.extend(found),
                None => outputs = self.run_from(&mut step, outputs, chunks)?,
            }
        }
        Ok(outputs)
    }

    /// Adds the outputs of the steps of `chunks`.
    fn run_from(
        &self,
        step: &mut impl FnMut(u16, &[u8]) -> Result<StepOutput, EngineError>,
        mut outputs: Vec<StepOutput>,
        chunks: Range<u16>,
    ) -> Result<Vec<StepOutput>, StepFailed> {
        for chunk in chunks {
            let carry = outputs.last().map_or(self.carry, |output| &output.carry);
            let output = if self.is_over() {
                Err(EngineError::OutOfTime)
            } else {
                step(chunk, carry)
            };
            match output {
                Ok(output) => outputs.push(output),
                Err(error) => {
                    return Err(StepFailed {
                        chunk,
                        error,
                        before: outputs,
                    })
                }
            }
        }
        Ok(outputs)
    }

    /// Returns the chunks from `first` on whose inputs fit one call, at least one.
    fn group_from(&self, first: u16) -> Range<u16> {
        let mut bytes = 0usize;
        let fits = |chunk: &u16| {
            bytes = bytes.saturating_add(self.bytes(*chunk));
            *chunk == first || bytes <= GROUP
        };
        let count = (first..self.chunks().end).take_while(fits).count();
        first..first.saturating_add(u16::try_from(count).unwrap_or(u16::MAX))
    }

    /// Returns the number of bytes of `chunk`'s step beside the header, about.
    fn bytes(&self, chunk: u16) -> usize {
        let (neurons, rows) = self.gathered(chunk);
        [
            self.header.roster.len().saturating_mul(CARRY),
            usize::from(self.header.max_validators).saturating_mul(LEADER),
            self.scratch(chunk).len(),
            self.memory(chunk).len(),
            neurons.len().saturating_mul(size_of::<NeuronInput>()),
            rows.len().saturating_mul(size_of::<u64>()),
            rows.count().saturating_mul(size_of::<u16>()),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    /// Returns true if the deadline is over.
    pub fn is_over(&self) -> bool {
        is_over(self.deadline)
    }

    /// Returns the input of `chunk` from storage, with stake that the phase may not read, and
    /// without rows if the phase does not read them.
    pub fn gathered(&self, chunk: u16) -> (&'a [NeuronInput], &'a Rows) {
        match self.inputs.get(usize::from(chunk)) {
            Some(inputs) if self.reads.rows => (&inputs.neurons, &inputs.rows),
            Some(inputs) => (&inputs.neurons, &NO_ROWS),
            None => (&[], &NO_ROWS),
        }
    }

    /// Returns the scratch of `chunk` from the phase before.
    pub fn scratch(&self, chunk: u16) -> &'a [u8] {
        self.scratch.get(usize::from(chunk)).copied().unwrap_or(&[])
    }

    /// Returns the memory of `chunk`; empty if the phase does not read memory.
    pub fn memory(&self, chunk: u16) -> &'a [u8] {
        let memory = self.memory.get(usize::from(chunk));
        memory
            .filter(|_| self.reads.memory)
            .map_or(&[], Vec::as_slice)
    }

    /// Returns the input of one step, given the carry of the step before it.
    pub fn input(&self, chunk: u16, carry: Vec<u8>) -> StepInput {
        let (neurons, rows) = self.gathered(chunk);
        let inputs = ChunkInputs {
            neurons: neurons.to_vec(),
            rows: rows.clone(),
        };
        let ChunkInputs { neurons, rows } = inputs.for_phase(&self.reads);
        StepInput {
            header: self.header.clone(),
            phase: self.phase,
            chunk,
            carry,
            scratch: self.scratch(chunk).to_vec(),
            memory: self.memory(chunk).to_vec(),
            neurons,
            rows,
        }
    }
}

#[cfg(test)]
mod tests;
