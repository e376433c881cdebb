//! The kernels of the attacked epochs.

use super::{hash_kernel::HashKernel, layout::Layout, rng::Rng};
use inktensor_compute::engine::{
    native::{Mean, Native},
    Engine, EngineError, PhaseJob, StepFailed,
};
use inktensor_primitives::{
    kernel::{EpochHeader, EpochPlan, StepInput, StepOutput, YumaParams},
    Rao,
};
use scale::Encode;
use std::fmt;

/// A natively linked kernel.
#[derive(Clone, Debug)]
pub enum Kernel {
    /// The Yuma kernel on one thread. Runs have threads of their own.
    Yuma(Native),
    /// The mean kernel.
    Mean,
    /// A kernel with any plan, whose outputs are hashes.
    Hash(Box<HashKernel>),
}

impl Kernel {
    /// Returns the Yuma kernel.
    pub fn yuma() -> Self {
        Kernel::Yuma(Native::on_one_core())
    }

    /// Returns a random hash kernel.
    pub fn hash(rng: &mut Rng) -> Self {
        Kernel::Hash(Box::new(HashKernel::random(rng)))
    }

    /// Returns a random kernel.
    pub fn random(rng: &mut Rng) -> Self {
        match rng.below(100) {
            0..45 => Kernel::yuma(),
            45..65 => Kernel::Mean,
            _ => Kernel::hash(rng),
        }
    }

    /// Returns the kernel whose carries and scratches have `layout`.
    pub fn with(layout: Layout) -> Self {
        match layout {
            Layout::Yuma => Kernel::yuma(),
            Layout::Mean => Kernel::Mean,
        }
    }

    /// Returns random parameters that a subnet may have with this kernel.
    pub fn params(&self, rng: &mut Rng, closed_at: u64) -> Vec<u8> {
        match self {
            Kernel::Yuma(_) => yuma_params(rng, closed_at).encode(),
            Kernel::Mean => Vec::new(),
            Kernel::Hash(_) => {
                let count = rng.below(20);
                rng.bytes(count)
            }
        }
    }
}

/// Returns parameters at their bounds and in between.
fn yuma_params(rng: &mut Rng, closed_at: u64) -> YumaParams {
    let any = rng.u16();
    YumaParams {
        activity_cutoff: rng.pick([0, 1, 150, 5_000, closed_at, u64::MAX]),
        min_stake: Rao(rng.pick([0, 0, 1, 1_000_000_000_000])),
        kappa: rng.pick([32_767, 32_767, 0, u16::MAX, any]),
        bonds_penalty: rng.pick([0, u16::MAX, 32_767, any]),
        bonds_moving_average: rng.pick([900_000, 975_000, 0, 1_000_000, 333_333]),
        yuma3: rng.percent(60),
        liquid_alpha: rng.percent(60),
        alpha_low: rng.pick([45_875, 0, any]),
        alpha_high: rng.pick([58_982, u16::MAX, any]),
        alpha_sigmoid_steepness: rng.pick([1_000, 0, -1_000, 200, i16::MIN, i16::MAX]),
        commit_reveal: rng.percent(30),
    }
}

impl Layout {
    /// Returns the layout of the carries and scratches of `kernel`, if it has one.
    pub const fn of(kernel: &Kernel) -> Option<Self> {
        match kernel {
            Kernel::Yuma(_) => Some(Layout::Yuma),
            Kernel::Mean => Some(Layout::Mean),
            Kernel::Hash(_) => None,
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kernel::Yuma(_) => "yuma",
            Kernel::Mean => "mean",
            Kernel::Hash(_) => "hash",
        })
    }
}

impl Kernel {
    fn engine(&self) -> &dyn Engine {
        match self {
            Kernel::Yuma(kernel) => kernel,
            Kernel::Mean => &Mean,
            Kernel::Hash(kernel) => &**kernel,
        }
    }
}

impl Engine for Kernel {
    fn plan(&self, header: &EpochHeader) -> Result<EpochPlan, EngineError> {
        self.engine().plan(header)
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        self.engine().step(input)
    }

    fn phase(&self, job: &PhaseJob) -> Result<Vec<StepOutput>, StepFailed> {
        self.engine().phase(job)
    }
}
