//! Whole epochs of the kernel, step by step as a chain runs them.
#![allow(dead_code)] // Each test file uses a part of it.

use inktensor_mean::{plan, step};
use inktensor_primitives::{
    kernel::{
        Budget, EpochHeader, KernelError, NeuronInput, NeuronResult, Rows, StepInput, StepOutput,
        StepPart, StepsInput, NO_COMMIT,
    },
    AccountId, NetUid, Rao, Uid,
};

/// A subnet at the end of an epoch.
#[derive(Clone, Debug)]
pub struct Subnet {
    pub header: EpochHeader,
    pub neurons: Vec<NeuronInput>,
    /// One row per roster uid, one weight per neuron.
    pub rows: Vec<Vec<u16>>,
}

/// Outputs of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    pub results: Vec<NeuronResult>,
    pub roster: Vec<Uid>,
}

/// Makes a subnet whose neurons have these stakes, registered at block 1, with weights of block 10.
/// `rows` are (uid, weights), ascending by uid. Miners share 1000 rao, validators 100.
pub fn subnet(stakes: &[u64], rows: &[(u16, &[u16])]) -> Subnet {
    let neuron = |stake: &u64| NeuronInput {
        stake: *stake,
        last_update: 10,
        registered_at: 1,
        commit_block: NO_COMMIT,
        permit: false,
        newcomer: false,
    };
    Subnet {
        header: EpochHeader {
            contract: AccountId::from([1; 32]),
            netuid: NetUid(1),
            epoch: 3,
            final_epoch: Some(2),
            opened_at: 10,
            closed_at: 20,
            previous_close: 10,
            tempo: 10,
            neurons: u16::try_from(stakes.len()).unwrap(),
            kernel: AccountId::from([2; 32]),
            kernel_code: [3; 32],
            params: Vec::new(),
            max_validators: 2,
            owner_uid: None,
            budget: Budget::Split {
                miners: Rao(1_000),
                validators: Rao(100),
            },
            roster: rows.iter().map(|(uid, _)| Uid(*uid)).collect(),
            previous: [4; 32],
        },
        neurons: stakes.iter().map(neuron).collect(),
        rows: rows.iter().map(|(_, row)| row.to_vec()).collect(),
    }
}

impl Subnet {
    /// Returns the input of a step after the outputs of earlier steps.
    pub fn input(&self, phase: u8, chunk: u16, carry: &[u8], scratch: &[u8]) -> StepInput {
        let plan = plan(&self.header).unwrap();
        let (start, count) = plan.span(chunk, self.header.neurons);
        let span = usize::from(start.0)..usize::from(start.0) + usize::from(count);
        let rows = match plan.phases[usize::from(phase)].rows {
            true => {
                let rows = self.rows.iter().flat_map(|row| row[span.clone()].to_vec());
                Rows::from_cells(&rows.collect::<Vec<_>>(), span.len())
            }
            false => Rows::default(),
        };
        StepInput {
            header: self.header.clone(),
            phase,
            chunk,
            carry: carry.to_vec(),
            scratch: scratch.to_vec(),
            memory: Vec::new(),
            neurons: self.neurons[span].to_vec(),
            rows,
        }
    }

    /// Computes the steps of each phase in groups of at most `most`, as workers do, and compares
    /// them with `steps`.
    pub fn assert_groups(&self, steps: &[(StepInput, StepOutput)], most: usize) {
        let chunks = plan(&self.header).unwrap().chunks(self.header.neurons);
        for phase in steps.chunks(usize::from(chunks)) {
            for group in phase.chunks(most) {
                let parts = group.iter().map(|(input, _)| StepPart {
                    scratch: input.scratch.clone(),
                    memory: input.memory.clone(),
                    neurons: input.neurons.clone(),
                    rows: input.rows.clone(),
                });
                let first = &group[0].0;
                let outputs = inktensor_mean::steps(StepsInput {
                    header: self.header.clone(),
                    phase: first.phase,
                    chunk: first.chunk,
                    carry: first.carry.clone(),
                    chunks: parts.collect(),
                });
                let outputs = outputs.unwrap();
                assert!(outputs.iter().eq(group.iter().map(|(_, output)| output)));
            }
        }
    }

    /// Computes all steps, each with its input.
    pub fn steps(&self) -> Result<Vec<(StepInput, StepOutput)>, KernelError> {
        let plan = plan(&self.header)?;
        let chunks = plan.chunks(self.header.neurons);
        let mut carry = Vec::new();
        let mut scratch = vec![Vec::new(); usize::from(chunks)];
        let mut steps = Vec::new();
        for k in 0..plan.steps(self.header.neurons) {
            let (phase, chunk) = plan.place(k, self.header.neurons).unwrap();
            let kept = &mut scratch[usize::from(chunk)];
            let input = self.input(phase, chunk, &carry, kept);
            let output = step(&input)?;
            carry.clone_from(&output.carry);
            kept.clone_from(&output.scratch);
            steps.push((input, output));
        }
        Ok(steps)
    }

    /// Computes the epoch.
    pub fn run(&self) -> Result<Ran, KernelError> {
        let mut ran = Ran {
            results: Vec::new(),
            roster: Vec::new(),
        };
        for (_, output) in self.steps()? {
            ran.results.extend(output.results);
            ran.roster.extend(output.roster);
        }
        Ok(ran)
    }
}
