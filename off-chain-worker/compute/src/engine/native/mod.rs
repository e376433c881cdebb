//! Runs the linked kernels: the crates that the chain's Wasm is built from, compiled for this
//! machine.
//!
//! They are faster than Wasm and return the same bytes, which tests check. Each stands for one code
//! hash only: the hash of the Wasm built from the same source.

mod shared;
mod wide;

use super::{Engine, EngineError, EpochJob, WholeEpoch};
use crate::threads::{self, Help};
use inktensor_primitives::kernel::{EpochHeader, EpochPlan, StepInput, StepOutput};

/// Size, see [`size`], of the part of an epoch for which a thread that is awake is invited.
const PART: usize = 12 * 1024;
/// Size of the part of an epoch for which it is worth to wake a thread.
const WORTH_WAKING: usize = 32 * 1024;
/// Weights whose work is that of a row without weights, in all phases.
const ROW: usize = 32;

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
    /// Runs on all cores: they share the chunks of a large epoch.
    pub const fn new() -> Self {
        Self { parallel: true }
    }

    /// Runs on the caller's thread alone.
    pub const fn on_one_core() -> Self {
        Self { parallel: false }
    }
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

    /// Computes the epoch to its end, which takes milliseconds, also beyond the deadline.
    fn epoch(&self, job: &EpochJob) -> Option<WholeEpoch> {
        let size = size(job);
        let help = if self.parallel && size >= PART {
            Help {
                most: size.div_euclid(PART).min(threads::count()),
                wake: size.div_euclid(WORTH_WAKING),
            }
        } else {
            Help::default()
        };
        shared::compute(job, help)
    }
}

/// Returns a number to which the time of an epoch is about proportional: that of its weights, with
/// as many for each row.
fn size(job: &EpochJob) -> usize {
    let sizes = job.inputs.iter().map(|inputs| {
        let rows = inputs.rows.len().saturating_mul(ROW);
        rows.saturating_add(inputs.rows.count())
    });
    sizes.fold(0, usize::saturating_add)
}
