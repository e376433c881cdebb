//! Runs the linked kernels: the crates that the chain's Wasm is built from, compiled for this
//! machine.
//!
//! They are faster than Wasm and return the same bytes, which tests check. Each stands for one code
//! hash only: the hash of the Wasm built from the same source.

use super::{step_by_step, wide, Engine, EngineError, PhaseJob, StepFailed};
use crate::threads;
use inktensor_primitives::kernel::{EpochHeader, EpochPlan, KernelError, StepInput, StepOutput};
use inktensor_yuma::{Carry, Chunk, Epoch, Room, Work};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

/// Number of weights from which on an epoch is computed by several threads. With fewer, waking a
/// thread takes longer than its part of the work.
const LARGE: usize = 24 * 1024;
/// Parts for each thread, so that one that is late leaves little to wait for.
const PARTS: usize = 4;

/// The linked mean kernel, on one core: there is little to compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mean;

impl Engine for Mean {
    fn plan(&self, header: &EpochHeader) -> Result<EpochPlan, EngineError> {
        inktensor_mean::plan(header).map_err(EngineError::Kernel)
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        inktensor_mean::step(input).map_err(EngineError::Kernel)
    }
}

/// The linked Yuma kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Native {
    parallel: bool,
}

impl Native {
    /// Runs on all cores: they share the chunks of each phase of a large epoch.
    pub const fn new() -> Self {
        Self { parallel: true }
    }

    /// Runs on the caller's thread alone.
    pub const fn on_one_core() -> Self {
        Self { parallel: false }
    }

    fn at_once(&self, job: &PhaseJob) -> Result<Vec<StepOutput>, KernelError> {
        let epoch = Epoch::new(job.header)?;
        let carry = Carry::decode(&epoch, job.phase, 0, job.carry)?;
        let chunks = job
            .chunks()
            .map(|chunk| {
                let (neurons, rows) = job.gathered(chunk);
                epoch.chunk(
                    job.phase,
                    chunk,
                    neurons,
                    rows,
                    job.scratch(chunk),
                    job.memory(chunk),
                )
            })
            .collect::<Result<Vec<_>, _>>()?;
        let works = work(&epoch, &carry, &chunks, self.parallel);
        let (_, outputs) = carry.advance_all(&epoch, works)?;
        Ok(outputs)
    }
}

/// Works on all chunks of a phase, in order of chunk: on all threads of the pool if this is one of
/// them. Even a phase with hardly any work keeps them awake for the next one.
fn work(
    epoch: &Epoch,
    carry: &Carry,
    chunks: &[Chunk],
    parallel: bool,
) -> Vec<Result<Work, KernelError>> {
    if !parallel || !threads::is_within() {
        let mut room = Room::default();
        let work = |chunk| wide::run(carry.task(epoch, chunk), &mut room);
        return chunks.iter().map(work).collect();
    }
    let parts = rayon::current_num_threads().saturating_mul(PARTS);
    let part = chunks.len().div_ceil(parts.max(1)).max(1);
    let chunks = chunks.par_iter().with_min_len(part);
    let work = |room: &mut Room, chunk| wide::run(carry.task(epoch, chunk), room);
    chunks.map_init(Room::default, work).collect()
}

impl Default for Native {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for Native {
    fn plan(&self, header: &EpochHeader) -> Result<EpochPlan, EngineError> {
        inktensor_yuma::plan(header).map_err(EngineError::Kernel)
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        inktensor_yuma::step(input).map_err(EngineError::Kernel)
    }

    /// Calls `work` on a thread of the pool if the epoch is large.
    fn enter(&self, weights: usize, work: &mut (dyn FnMut() + Send)) {
        threads::enter(self.parallel && weights >= LARGE, work);
    }

    /// Computes the phase, on all cores if it is entered on a thread of the pool.
    fn phase(&self, job: &PhaseJob) -> Result<Vec<StepOutput>, StepFailed> {
        // Step by step, the step that fails is known.
        self.at_once(job).or_else(|_| step_by_step(self, job))
    }
}
