//! Random epochs of a small kernel whose output depends on its whole input.

use crate::{
    closed_epoch::{ClosedEpoch, Memory},
    tests,
};
use ink::scale::Encode;
use inktensor_primitives::{
    assertion::{
        carry_digest, memory_digest, results_digest, scratch_digest, step_digest, Assertion,
    },
    dispute::StepProof,
    hash::blake2,
    kernel::{
        ChunkInputs, EpochPlan, NeuronInput, NeuronResult, PhasePlan, Rows, StepInput, StepOutput,
    },
    Rao, Uid,
};
use proptest::{prelude::*, sample::Index};

/// The last final epoch.
pub const FINAL_EPOCH: u32 = 3;

/// A closed epoch with its inputs from storage, its memory, and its honest outcome.
#[derive(Clone, Debug)]
pub struct Honest {
    /// The epoch.
    pub closed: ClosedEpoch,
    /// Inputs of each chunk from storage.
    pub inputs: Vec<ChunkInputs>,
    /// Memory of each chunk; later chunks may have none.
    pub memory: Vec<Vec<u8>>,
    /// Output of each step.
    pub outputs: Vec<StepOutput>,
    /// The honest assertion.
    pub assertion: Assertion,
}

/// Executes a step. The output is a hash of the whole input, so that any change of the input
/// changes it.
pub fn run(closed: &ClosedEpoch, input: &StepInput) -> StepOutput {
    let hash = blake2(&input.encode());
    let neurons = closed.header.neurons;
    let (_, len) = closed.plan.span(input.chunk, neurons);
    let is_last = usize::from(input.phase) + 1 == closed.plan.phases.len()
        && input.chunk + 1 == closed.plan.chunks(neurons);
    let mut output = StepOutput {
        carry: hash[..8].to_vec(),
        scratch: hash[8..12].to_vec(),
        ..StepOutput::default()
    };
    if input.phase == closed.plan.memory_phase {
        output.memory = hash[12..20].to_vec();
    }
    if input.phase == closed.plan.results_phase {
        let result = NeuronResult {
            miner: Rao(hash[20].into()),
            ..NeuronResult::default()
        };
        output.results = vec![result; len.into()];
    }
    if is_last && neurons > 1 {
        output.roster = vec![Uid(u16::from(hash[21]) % neurons)];
    }
    output
}

/// Returns the memory of the last final epoch.
pub fn memory_left(honest: &Honest) -> Memory {
    let hashes = (0..)
        .zip(&honest.memory)
        .map(|(c, bytes)| memory_digest(honest.closed.header.netuid, FINAL_EPOCH, c, bytes));
    let closed = &honest.closed;
    Memory::new(
        closed.header.kernel_code,
        closed.plan.chunk,
        hashes.map(Some).collect(),
    )
}

impl Honest {
    /// Computes the epoch of `closed`, whose first `remembers` chunks have memory.
    pub fn compute(closed: ClosedEpoch, remembers: u16, seed: u8) -> Self {
        let ClosedEpoch { header, plan, .. } = &closed;
        let chunks = plan.chunks(header.neurons);
        let inputs = (0..chunks)
            .map(|chunk| {
                let (_, len) = plan.span(chunk, header.neurons);
                ChunkInputs {
                    neurons: vec![NeuronInput::default(); len.into()],
                    rows: Rows::from_cells(&vec![u16::from(seed) + 1; len.into()], len.into()),
                }
            })
            .collect();
        let memory = (0..chunks.min(remembers))
            .map(|chunk| vec![seed, u8::try_from(chunk).unwrap()])
            .collect();
        let mut honest = Self {
            assertion: Assertion {
                header_hash: closed.header_hash,
                steps: Vec::new(),
                memory: Vec::new(),
                results: Vec::new(),
                roster: Vec::new(),
            },
            closed,
            inputs,
            memory,
            outputs: Vec::new(),
        };
        honest.go_on();
        honest
    }

    /// Computes the missing steps.
    pub fn go_on(&mut self) {
        let closed = self.closed.clone();
        let steps = closed.plan.steps(closed.header.neurons);
        for k in u32::try_from(self.outputs.len()).unwrap()..steps {
            let output = run(&closed, &self.input(k));
            self.outputs.push(output);
        }
        self.assert();
    }

    /// Computes the assertion of the outputs.
    pub fn assert(&mut self) {
        let (netuid, epoch) = (self.closed.header.netuid, self.closed.header.epoch);
        let plan = &self.closed.plan;
        let it = &mut self.assertion;
        (it.steps, it.memory, it.results) = Default::default();
        for (k, output) in (0..).zip(&self.outputs) {
            let (phase, chunk) = plan.place(k, self.closed.header.neurons).unwrap();
            it.steps.push(step_digest(
                &self.closed.header_hash,
                k,
                &carry_digest(&output.carry),
                &scratch_digest(&output.scratch),
            ));
            if phase == plan.memory_phase {
                it.memory
                    .push(memory_digest(netuid, epoch, chunk, &output.memory));
            }
            if phase == plan.results_phase {
                it.results
                    .push(results_digest(netuid, epoch, chunk, &output.results));
            }
            it.roster = output.roster.clone();
        }
    }

    /// Returns the input of step `k`.
    pub fn input(&self, k: u32) -> StepInput {
        let neurons = self.closed.header.neurons;
        let (phase, chunk) = self.closed.plan.place(k, neurons).unwrap();
        let proof = self.proof(k, &self.assertion);
        let reads = self.closed.plan.phases[usize::from(phase)];
        let inputs = self.inputs[usize::from(chunk)].clone().for_phase(&reads);
        StepInput {
            header: self.closed.header.clone(),
            phase,
            chunk,
            carry: proof.carry,
            scratch: proof.scratch,
            memory: proof.memory,
            neurons: inputs.neurons,
            rows: inputs.rows,
        }
    }

    /// Returns the proof about step `k` against `claimed`, made from these outputs.
    pub fn proof(&self, k: u32, claimed: &Assertion) -> StepProof {
        let plan = &self.closed.plan;
        let neurons = self.closed.header.neurons;
        let (phase, chunk) = plan.place(k, neurons).unwrap();
        let before = |back: u32| {
            k.checked_sub(back)
                .map(|k| self.outputs[usize::try_from(k).unwrap()].clone())
                .unwrap_or_default()
        };
        let (last, same) = (before(1), before(plan.chunks(neurons).into()));
        let memory = self.memory.get(usize::from(chunk));
        StepProof {
            assertion: claimed.clone(),
            carry_sibling: scratch_digest(&last.scratch),
            carry: last.carry,
            scratch_sibling: carry_digest(&same.carry),
            scratch: same.scratch,
            memory: memory
                .filter(|_| plan.phases[usize::from(phase)].memory)
                .cloned()
                .unwrap_or_default(),
        }
    }
}

prop_compose! {
    /// Generates any epoch.
    pub fn honest()(
        power in 0u32..3,
        phases in prop::collection::vec(any::<(bool, bool, bool)>(), 1..5),
        neurons in 1u16..14,
        remembers in 0u16..5,
        memory_phase in any::<Index>(),
        results_phase in any::<Index>(),
        seed in any::<u8>(),
    ) -> Honest {
        let mut closed = tests::closed_epoch(4, Some(FINAL_EPOCH), &[1]);
        let phase = |index: Index| u8::try_from(index.index(phases.len())).unwrap();
        closed.header.neurons = neurons;
        closed.header_hash = closed.header.digest();
        closed.plan = EpochPlan {
            chunk: 1 << power,
            memory_phase: phase(memory_phase),
            results_phase: phase(results_phase),
            phases: phases
                .into_iter()
                .map(|(rows, memory, stake)| PhasePlan {
                    rows,
                    stake,
                    memory,
                })
                .collect(),
        };
        Honest::compute(closed, remembers, seed)
    }
}

/// Returns an epoch of two phases over two chunks of 4. The first phase reads memory, the second
/// rows.
pub fn small() -> Honest {
    let mut closed = tests::closed_epoch(4, Some(FINAL_EPOCH), &[1]);
    let phase = |rows, memory| PhasePlan {
        rows,
        stake: memory,
        memory,
    };
    closed.plan = EpochPlan {
        chunk: 4,
        phases: vec![phase(false, true), phase(true, false)],
        memory_phase: 0,
        results_phase: 1,
    };
    Honest::compute(closed, 2, 9)
}
