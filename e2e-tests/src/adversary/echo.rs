//! A kernel in which everything depends on everything: each output is a hash of the whole input.
//!
//! It takes any plan, so it shows the edges that real kernels do not reach in small epochs: chunks
//! of one neuron, phases that write memory before they read it, carries of the largest size. A lie
//! about any of its inputs shows in its outputs.

use super::chance::Chance;
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

/// See the module.
#[derive(Clone, Debug)]
pub struct Echo {
    /// How it cuts epochs.
    pub plan: EpochPlan,
    /// Most bytes that it hands on: carry, scratch and memory.
    pub sizes: (usize, usize, usize),
    /// Tells one such kernel from another.
    pub salt: u64,
    /// The step at which it does what an honest kernel does not.
    pub fault: Option<(u32, Fault)>,
}

/// What a kernel may do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refuses its input, although it is what the chain gathered and honest steps left.
    Refuses,
    /// Hands on a longer carry than there may be.
    LongCarry,
    /// Hands on a longer scratch than there may be.
    LongScratch,
    /// Remembers more than it may.
    LongMemory,
    /// Remembers in a phase that writes no memory.
    StrayMemory,
    /// Has a result more than neurons.
    OneResultMore,
    /// Gives out permits before the last step.
    EarlyRoster,
    /// Gives out a permit twice.
    PermitTwice,
    /// Gives a permit to a seat that nobody has.
    PermitToNobody,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 9] = [
        Fault::Refuses,
        Fault::LongCarry,
        Fault::LongScratch,
        Fault::LongMemory,
        Fault::StrayMemory,
        Fault::OneResultMore,
        Fault::EarlyRoster,
        Fault::PermitTwice,
        Fault::PermitToNobody,
    ];

    /// Whether step `k` of the epoch of `header` can have the fault at all.
    pub fn can_be(self, plan: &EpochPlan, header: &EpochHeader, k: u32) -> bool {
        let Some((phase, _)) = plan.place(k, header.neurons) else {
            return false;
        };
        let last = k + 1 == plan.steps(header.neurons);
        match self {
            Fault::LongMemory => phase == plan.memory_phase,
            Fault::StrayMemory => phase != plan.memory_phase,
            Fault::EarlyRoster => !last,
            Fault::PermitTwice | Fault::PermitToNobody => last,
            _ => true,
        }
    }

    fn spoil(self, header: &EpochHeader, output: &mut StepOutput) {
        match self {
            Fault::Refuses => (),
            Fault::LongCarry => output.carry = vec![1; MAX_CARRY + 1],
            Fault::LongScratch => output.scratch = vec![1; MAX_SCRATCH + 1],
            Fault::LongMemory => output.memory = vec![1; MAX_MEMORY + 1],
            Fault::StrayMemory => output.memory = vec![1],
            Fault::OneResultMore => output.results.push(NeuronResult::default()),
            Fault::EarlyRoster => output.roster = vec![Uid(0)],
            Fault::PermitTwice => output.roster = vec![Uid(0), Uid(0)],
            Fault::PermitToNobody => output.roster = vec![Uid(header.neurons)],
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty kernel: ")?;
        f.write_str(match self {
            Fault::Refuses => "refuses a step",
            Fault::LongCarry => "too long a carry",
            Fault::LongScratch => "too long a scratch",
            Fault::LongMemory => "too long a memory",
            Fault::StrayMemory => "memory out of its phase",
            Fault::OneResultMore => "a result too many",
            Fault::EarlyRoster => "a roster before the last step",
            Fault::PermitTwice => "a permit twice",
            Fault::PermitToNobody => "a permit for nobody",
        })
    }
}

impl Echo {
    /// One of them.
    pub fn random(chance: &mut Chance) -> Self {
        let phases: Vec<PhasePlan> = (0..chance.within(1, 5))
            .map(|_| PhasePlan {
                rows: chance.percent(50),
                memory: chance.percent(50),
            })
            .collect();
        let mut phase = || chance.below(phases.len());
        let (memory_phase, results_phase) = (phase(), phase());
        let chunk = chance.pick([1, 1, 2, 2, 4, 4, 8, 16, 64]);
        // The largest are rare: to hash them takes most of a run's time.
        let sizes = if chance.percent(3) {
            (MAX_CARRY, MAX_SCRATCH, MAX_MEMORY)
        } else {
            let limit = chance.pick([0, 1, 8, 40]);
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
            salt: chance.bits(),
            fault: None,
        }
    }

    /// The same kernel cutting epochs into chunks of another size.
    pub fn rechunked(mut self, chunk: u16) -> Self {
        self.plan.chunk = chunk;
        self
    }
}

impl Engine for Echo {
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
        if fault == Some(Fault::Refuses) {
            return Err(EngineError::Kernel(KernelError::BadInputs));
        }

        let hash = blake2(&(self.salt, input).encode());
        let mut words = hash.chunks(8).map(|word| {
            let word = word.try_into().map(u64::from_le_bytes);
            word.unwrap_or_default()
        });
        let mut word = || words.next().unwrap_or_default();
        let mut chance = Chance::new(word(), word());
        let mut bytes = |most: usize| {
            let count = chance.below(most + 1);
            chance.bytes(count)
        };
        let (carry, scratch, memory) = self.sizes;
        let mut output = StepOutput {
            // Never empty, so that a step always has something to falsify.
            carry: [&hash[..1], &bytes(carry - 1)].concat(),
            scratch: bytes(scratch),
            ..StepOutput::default()
        };
        if input.phase == plan.memory_phase {
            output.memory = bytes(memory);
        }
        if input.phase == plan.results_phase {
            output.results = (0..len).map(|_| result(&mut chance)).collect();
        }
        if k + 1 == plan.steps(neurons) {
            let mut permits = usize::from(input.header.max_validators);
            let mut chosen = |_: &Uid| {
                let chosen = permits > 0 && chance.percent(50);
                permits -= usize::from(chosen);
                chosen
            };
            output.roster = (0..neurons).map(Uid).filter(|uid| chosen(uid)).collect();
        }
        if let Some(fault) = fault {
            fault.spoil(&input.header, &mut output);
        }
        Ok(output)
    }
}

fn result(chance: &mut Chance) -> NeuronResult {
    NeuronResult {
        incentive: chance.u16(),
        dividends: chance.u16(),
        consensus: chance.u16(),
        validator_trust: chance.u16(),
        stake_weight: chance.u16(),
        active: chance.percent(50),
        permit: chance.percent(50),
        miner: Rao(chance.bits() >> 20),
        validator: Rao(chance.bits() >> 20),
        emission: Rao(chance.bits() >> 20),
    }
}
