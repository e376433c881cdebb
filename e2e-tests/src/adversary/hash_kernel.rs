//! A kernel whose outputs are hashes of the whole input.
//!
//! The kernel supports any plan, and so reaches edges that the deployed kernels do not reach in
//! small epochs: chunks of one neuron, phases that write memory before they read it, carries of the
//! largest size. Every changed input changes its outputs.

use super::rng::Rng;
use inktensor_compute::engine::{Engine, EngineError};
use inktensor_primitives::{
    hash::blake2,
    kernel::{
        EpochHeader, EpochPlan, KernelError, NeuronResult, PhasePlan, StepInput, StepOutput,
        MAX_CARRY, MAX_MEMORY, MAX_SCRATCH,
    },
    Rao, Uid,
};
use scale::Encode;
use std::fmt;

/// A kernel whose outputs are hashes of the whole input.
#[derive(Clone, Debug)]
pub struct HashKernel {
    /// The plan of all its epochs.
    pub plan: EpochPlan,
    /// The largest carry, scratch and memory, in bytes.
    pub sizes: (usize, usize, usize),
    /// A number that makes its hashes its own.
    pub salt: u64,
    /// The step at which it is at fault, if any.
    pub fault: Option<(u32, Fault)>,
}

/// A fault of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refuses an honest input.
    Refuses,
    /// Traps at an honest input.
    Traps,
    /// Answers with bytes that do not decode.
    Malformed,
    /// Returns a carry beyond the limit.
    LongCarry,
    /// Returns a scratch beyond the limit.
    LongScratch,
    /// Returns a memory beyond the limit.
    LongMemory,
    /// Returns a memory in a phase that writes none.
    StrayMemory,
    /// Returns a result more than there are neurons.
    OneResultMore,
    /// Returns a roster before the last step.
    EarlyRoster,
    /// Returns a roster with a uid twice.
    PermitTwice,
    /// Returns a roster with a free seat.
    PermitForFreeSeat,
}

impl Fault {
    /// All faults.
    pub const ALL: [Fault; 11] = [
        Fault::Refuses,
        Fault::Traps,
        Fault::Malformed,
        Fault::LongCarry,
        Fault::LongScratch,
        Fault::LongMemory,
        Fault::StrayMemory,
        Fault::OneResultMore,
        Fault::EarlyRoster,
        Fault::PermitTwice,
        Fault::PermitForFreeSeat,
    ];

    /// Returns true if step `k` of the epoch of `header` can have the fault.
    pub fn applies(self, plan: &EpochPlan, header: &EpochHeader, k: u32) -> bool {
        let Some((phase, _)) = plan.place(k, header.neurons) else {
            return false;
        };
        let last = k + 1 == plan.steps(header.neurons);
        match self {
            Fault::LongMemory => phase == plan.memory_phase,
            Fault::StrayMemory => phase != plan.memory_phase,
            Fault::EarlyRoster => !last,
            Fault::PermitTwice | Fault::PermitForFreeSeat => last,
            _ => true,
        }
    }

    fn apply(self, header: &EpochHeader, output: &mut StepOutput) {
        match self {
            Fault::Refuses | Fault::Traps | Fault::Malformed => (),
            Fault::LongCarry => output.carry = vec![1; MAX_CARRY + 1],
            Fault::LongScratch => output.scratch = vec![1; MAX_SCRATCH + 1],
            Fault::LongMemory => output.memory = vec![1; MAX_MEMORY + 1],
            Fault::StrayMemory => output.memory = vec![1],
            Fault::OneResultMore => output.results.push(NeuronResult::default()),
            Fault::EarlyRoster => output.roster = vec![Uid(0)],
            Fault::PermitTwice => output.roster = vec![Uid(0), Uid(0)],
            Fault::PermitForFreeSeat => output.roster = vec![Uid(header.neurons)],
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty kernel: ")?;
        f.write_str(match self {
            Fault::Refuses => "refuses a step",
            Fault::Traps => "traps at a step",
            Fault::Malformed => "a malformed answer",
            Fault::LongCarry => "too long a carry",
            Fault::LongScratch => "too long a scratch",
            Fault::LongMemory => "too long a memory",
            Fault::StrayMemory => "memory out of its phase",
            Fault::OneResultMore => "a result too many",
            Fault::EarlyRoster => "a roster before the last step",
            Fault::PermitTwice => "a permit twice",
            Fault::PermitForFreeSeat => "a permit for a free seat",
        })
    }
}

impl HashKernel {
    /// Returns a random hash kernel.
    pub fn random(rng: &mut Rng) -> Self {
        let phases: Vec<PhasePlan> = (0..rng.within(1, 5))
            .map(|_| PhasePlan {
                rows: rng.percent(50),
                stake: rng.percent(50),
                memory: rng.percent(50),
            })
            .collect();
        let mut phase = || rng.below(phases.len());
        let (memory_phase, results_phase) = (phase(), phase());
        let chunk = rng.pick([1, 1, 2, 2, 4, 4, 8, 16, 64]);
        // The largest sizes are rare, since their hashes take most of a run's time.
        let sizes = if rng.percent(3) {
            (MAX_CARRY, MAX_SCRATCH, MAX_MEMORY)
        } else {
            let limit = rng.pick([0, 1, 8, 40]);
            (limit + 1, limit, limit)
        };
        Self {
            plan: EpochPlan {
                chunk,
                memory_phase: u8::try_from(memory_phase).unwrap_or_default(),
                results_phase: u8::try_from(results_phase).unwrap_or_default(),
                phases,
            },
            sizes,
            salt: rng.bits(),
            fault: None,
        }
    }

    /// Returns the same kernel with another chunk size.
    pub fn rechunked(mut self, chunk: u16) -> Self {
        self.plan.chunk = chunk;
        self
    }
}

impl Engine for HashKernel {
    fn plan(&self, _: &EpochHeader) -> Result<EpochPlan, EngineError> {
        Ok(self.plan.clone())
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        let (plan, neurons) = (&self.plan, input.header.neurons);
        let (_, len) = plan.span(input.chunk, neurons);
        let k = u32::from(input.phase) * u32::from(plan.chunks(neurons)) + u32::from(input.chunk);
        let fault = self
            .fault
            .filter(|(at, _)| *at == k)
            .map(|(_, fault)| fault);
        match fault {
            Some(Fault::Refuses) => return Err(EngineError::Kernel(KernelError::BadInputs)),
            Some(Fault::Traps) => return Err(EngineError::Trapped("a fault".into())),
            Some(Fault::Malformed) => return Err(EngineError::BadAnswer("a fault".into())),
            _ => {}
        }

        let hash = blake2(&(self.salt, input).encode());
        let mut words = hash.chunks(8).map(|word| {
            let word = word.try_into().map(u64::from_le_bytes);
            word.unwrap_or_default()
        });
        let mut word = || words.next().unwrap_or_default();
        let mut rng = Rng::new(word(), word());
        let mut bytes = |most: usize| {
            let count = rng.below(most + 1);
            rng.bytes(count)
        };
        let (carry, scratch, memory) = self.sizes;
        let mut output = StepOutput {
            // Not empty, so that every step has a byte to falsify.
            carry: [&hash[..1], &bytes(carry - 1)].concat(),
            scratch: bytes(scratch),
            ..StepOutput::default()
        };
        if input.phase == plan.memory_phase {
            output.memory = bytes(memory);
        }
        if input.phase == plan.results_phase {
            output.results = (0..len).map(|_| result(&mut rng)).collect();
        }
        if k + 1 == plan.steps(neurons) {
            let mut permits = usize::from(input.header.max_validators);
            let mut chosen = |_: &Uid| {
                let chosen = permits > 0 && rng.percent(50);
                permits -= usize::from(chosen);
                chosen
            };
            output.roster = (0..neurons).map(Uid).filter(|uid| chosen(uid)).collect();
        }
        if let Some(fault) = fault {
            fault.apply(&input.header, &mut output);
        }
        Ok(output)
    }
}

fn result(rng: &mut Rng) -> NeuronResult {
    NeuronResult {
        incentive: rng.u16(),
        dividends: rng.u16(),
        consensus: rng.u16(),
        validator_trust: rng.u16(),
        stake_weight: rng.u16(),
        active: rng.percent(50),
        permit: rng.percent(50),
        miner: Rao(rng.bits() >> 20),
        validator: Rao(rng.bits() >> 20),
        emission: Rao(rng.bits() >> 20),
    }
}
