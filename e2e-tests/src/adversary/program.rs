//! The kernels that epochs are attacked under.

use super::{chance::Chance, echo::Echo, lie::Layout};
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

/// A kernel, linked into this program.
#[derive(Clone, Debug)]
pub enum Program {
    /// The Yuma kernel, on one thread: runs have threads of their own.
    Yuma(Native),
    /// The mean kernel.
    Mean,
    /// One that cuts epochs at will.
    Echo(Box<Echo>),
}

impl Program {
    /// The Yuma kernel.
    pub fn yuma() -> Self {
        Program::Yuma(Native::on_threads(1))
    }

    /// Some kernel with a plan of its own.
    pub fn echo(chance: &mut Chance) -> Self {
        Program::Echo(Box::new(Echo::random(chance)))
    }

    /// Any of them.
    pub fn random(chance: &mut Chance) -> Self {
        match chance.below(100) {
            0..45 => Program::yuma(),
            45..65 => Program::Mean,
            _ => Program::echo(chance),
        }
    }

    /// Whether its carries and scratches have this layout.
    pub const fn has(&self, layout: Layout) -> bool {
        matches!(
            (self, layout),
            (Program::Yuma(_), Layout::Yuma) | (Program::Mean, Layout::Mean)
        )
    }

    /// Parameters that a subnet may have under this kernel.
    pub fn params(&self, chance: &mut Chance, closed_at: u64) -> Vec<u8> {
        match self {
            Program::Yuma(_) => yuma_params(chance, closed_at).encode(),
            Program::Mean => Vec::new(),
            Program::Echo(_) => {
                let count = chance.below(20);
                chance.bytes(count)
            }
        }
    }
}

/// Parameters at their ends and in between.
fn yuma_params(chance: &mut Chance, closed_at: u64) -> YumaParams {
    let any = chance.u16();
    YumaParams {
        activity_cutoff: chance.pick([0, 1, 150, 5_000, closed_at, u64::MAX]),
        min_stake: Rao(chance.pick([0, 0, 1, 1_000_000_000_000])),
        kappa: chance.pick([32_767, 32_767, 0, u16::MAX, any]),
        bonds_penalty: chance.pick([0, u16::MAX, 32_767, any]),
        bonds_moving_average: chance.pick([900_000, 975_000, 0, 1_000_000, 333_333]),
        yuma3: chance.percent(60),
        liquid_alpha: chance.percent(60),
        alpha_low: chance.pick([45_875, 0, any]),
        alpha_high: chance.pick([58_982, u16::MAX, any]),
        alpha_sigmoid_steepness: chance.pick([1_000, 0, -1_000, 200, i16::MIN, i16::MAX]),
        commit_reveal: chance.percent(30),
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Program::Yuma(_) => "yuma",
            Program::Mean => "mean",
            Program::Echo(_) => "echo",
        })
    }
}

impl Program {
    fn engine(&self) -> &dyn Engine {
        match self {
            Program::Yuma(kernel) => kernel,
            Program::Mean => &Mean,
            Program::Echo(kernel) => &**kernel,
        }
    }
}

impl Engine for Program {
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
