//! Runs the linked kernels: the crates that the chain's Wasm is built from, compiled for this
//! machine.
//!
//! They are faster than Wasm and return the same bytes, which tests check. Each stands for one code
//! hash only: the hash of the Wasm built from the same source.

use super::{step_by_step, Engine, EngineError, PhaseJob, StepFailed};
use inktensor_primitives::kernel::{EpochHeader, EpochPlan, KernelError, StepInput, StepOutput};
use inktensor_yuma::{Carry, Chunk, Epoch, Work};
use rayon::{
    iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator},
    ThreadPool, ThreadPoolBuilder,
};
use std::{sync::OnceLock, thread};

/// Work from which on a phase is computed by several threads, in weights that are not zero: see
/// [`is_large`]. With less, waking a thread takes longer than its part of the work.
const LARGE: usize = 32 * 1024;
/// Cells that are as much work as a weight that is not zero.
const CELLS: usize = 16;
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
    /// Runs on all cores: they share the chunks of a large phase.
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
        let parallel = self.parallel && is_large(job);
        let works = work(&epoch, &carry, &chunks, parallel.then(pool).flatten());
        let (_, outputs) = carry.advance_all(&epoch, works)?;
        Ok(outputs)
    }
}

/// Works on all chunks of a phase, in order of chunk.
fn work(
    epoch: &Epoch,
    carry: &Carry,
    chunks: &[Chunk],
    pool: Option<&ThreadPool>,
) -> Vec<Result<Work, KernelError>> {
    let Some(pool) = pool else {
        return chunks
            .iter()
            .map(|chunk| carry.work(epoch, chunk))
            .collect();
    };
    let parts = pool.current_num_threads().saturating_mul(PARTS);
    let part = chunks.len().div_ceil(parts.max(1)).max(1);
    let chunks = chunks.par_iter().with_min_len(part);
    pool.install(|| chunks.map(|chunk| carry.work(epoch, chunk)).collect())
}

/// Returns true if the phase is enough work for several threads, by its first chunk: to count them
/// all takes as long as a thread saves.
fn is_large(job: &PhaseJob) -> bool {
    let (_, rows) = job.gathered(0);
    let weights = rows.iter().filter(|weight| **weight != 0).count();
    let work = weights.saturating_add(rows.len() / CELLS);
    work.saturating_mul(job.inputs.len()) >= LARGE
}

/// Returns the threads that all epochs of this process share, one per core, started when they are
/// first needed. `None` if the system gives none: then the caller's thread computes alone, and the
/// log says so.
fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let start = || {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let pool = ThreadPoolBuilder::new().thread_name(|number| format!("kernel-{number}"));
        let pool = pool.num_threads(cores).build();
        pool.inspect_err(|error| {
            tracing::warn!(%error, "the kernel runs on one core: no threads could be started");
        })
        .ok()
    };
    POOL.get_or_init(start).as_ref()
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

    /// Computes the phase on all cores.
    fn phase(&self, job: &PhaseJob) -> Result<Vec<StepOutput>, StepFailed> {
        // Step by step, the step that fails is known.
        self.at_once(job).or_else(|_| step_by_step(self, job))
    }
}
