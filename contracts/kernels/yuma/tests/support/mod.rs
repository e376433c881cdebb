//! Runs a metagraph in the form of the vectors through the kernel's step interface, as a chain and
//! a worker do.
#![allow(dead_code)] // Each test file uses a part of it.

pub mod random;

use ink::scale::Encode;
use inktensor_primitives::{
    kernel::{
        Budget, ChunkInputs, EpochHeader, NeuronInput, Rows, StepInput, StepOutput, StepPart,
        StepsInput, YumaParams, NO_COMMIT,
    },
    NetUid, Rao, Uid,
};
use inktensor_yuma::{
    memory::{Memory, MemoryWriter},
    Carry, Epoch, Room,
};
use inktensor_yuma_reference::{Metagraph, Outcome, Row};

/// Returns an account for header fields that the rule does not read.
fn anyone() -> inktensor_primitives::AccountId {
    [0; 32].into()
}

/// Returns the header with which a chain would have closed the epoch of `metagraph`.
pub fn header(metagraph: &Metagraph) -> EpochHeader {
    let params = &metagraph.params;
    let neurons = u16::try_from(metagraph.neurons.len()).expect("uids are u16");
    let owner_uid = params.owner_uid.map(Uid);
    let roster: Vec<Uid> = (0..neurons)
        .map(Uid)
        .filter(|uid| {
            metagraph.neurons[usize::from(uid.0)].validator_permit || owner_uid == Some(*uid)
        })
        .collect();
    EpochHeader {
        contract: anyone(),
        netuid: NetUid(1),
        epoch: 1,
        final_epoch: None,
        opened_at: params.last_mechanism_step_block,
        closed_at: params.current_block,
        previous_close: params.last_mechanism_step_block,
        tempo: u32::try_from(params.tempo).expect("a tempo of 32 bits"),
        neurons,
        kernel: anyone(),
        kernel_code: [0; 32],
        params: YumaParams {
            activity_cutoff: params.activity_cutoff,
            min_stake: Rao(params.min_stake),
            kappa: params.kappa,
            bonds_penalty: params.bonds_penalty,
            bonds_moving_average: params.bonds_moving_average,
            yuma3: params.yuma3,
            liquid_alpha: params.liquid_alpha,
            alpha_low: params.alpha_low,
            alpha_high: params.alpha_high,
            alpha_sigmoid_steepness: params.alpha_sigmoid_steepness,
            commit_reveal: params.commit_reveal,
        }
        .encode(),
        max_validators: params.max_allowed_validators,
        owner_uid,
        budget: match params.split {
            None => Budget::Combined(Rao(params.rao_emission)),
            Some((miners, validators)) => Budget::Split {
                miners: Rao(miners),
                validators: Rao(validators),
            },
        },
        roster,
        previous: [0; 32],
    }
}

/// An epoch's inputs, cut into chunks of `chunk` uids.
pub struct Inputs {
    pub header: EpochHeader,
    pub chunk: u16,
    pub chunks: Vec<ChunkInputs>,
    pub memory: Vec<Vec<u8>>,
}

impl Inputs {
    pub fn new(metagraph: &Metagraph, chunk: u16) -> Self {
        let header = header(metagraph);
        let weights = dense(&metagraph.weights, header.neurons);
        let bonds = dense(&metagraph.bonds, header.neurons);
        let mut chunks = Vec::new();
        let mut memory = Vec::new();
        for start in (0..header.neurons).step_by(usize::from(chunk)) {
            let len = chunk.min(header.neurons - start);
            let span = usize::from(start)..usize::from(start + len);
            let neurons = metagraph.neurons[span.clone()]
                .iter()
                .map(|neuron| NeuronInput {
                    stake: neuron.stake,
                    last_update: neuron.last_update,
                    registered_at: neuron.registered_at,
                    commit_block: neuron.commit_block.unwrap_or(NO_COMMIT),
                    permit: neuron.validator_permit,
                    newcomer: false,
                });
            let mut rows = Rows::default();
            for uid in &header.roster {
                rows.push_cells(&weights[usize::from(uid.0)][span.clone()]);
            }
            chunks.push(ChunkInputs {
                neurons: neurons.collect(),
                rows,
            });
            let mut writer = MemoryWriter::new(Uid(start), len);
            for (uid, row) in (0..header.neurons).zip(&bonds) {
                writer.push(Uid(uid), &row[span.clone()]);
            }
            memory.push(writer.end());
        }
        Self {
            header,
            chunk,
            chunks,
            memory,
        }
    }

    /// Computes all steps in order by `step`, each from the outputs of earlier steps.
    pub fn run(&self) -> Vec<StepOutput> {
        let plan = inktensor_yuma::plan(&self.header).expect("a plan");
        assert_eq!(plan.chunk, self.chunk);
        self.run_until(plan.phases.len() * self.chunks.len())
    }

    /// Computes the first `steps` steps.
    fn run_until(&self, steps: usize) -> Vec<StepOutput> {
        let mut outputs = Vec::new();
        for step in 0..steps {
            let output = inktensor_yuma::step(&self.input(step, &outputs)).expect("a step");
            outputs.push(output);
        }
        outputs
    }

    /// Returns the input of a step after honest steps.
    pub fn step(&self, phase: u8, chunk: u16) -> StepInput {
        let step = usize::from(phase) * self.chunks.len() + usize::from(chunk);
        self.input(step, &self.run_until(step))
    }

    fn input(&self, step: usize, before: &[StepOutput]) -> StepInput {
        let plan = inktensor_yuma::plan(&self.header).expect("a plan");
        let (phase, number) = (step / self.chunks.len(), step % self.chunks.len());
        let reads = plan.phases[phase];
        let chunk = self.chunks[number].clone().for_phase(&reads);
        let scratch = step
            .checked_sub(self.chunks.len())
            .map(|step| before[step].scratch.clone());
        StepInput {
            header: self.header.clone(),
            phase: phase as u8,
            chunk: number as u16,
            carry: before
                .last()
                .map(|output| output.carry.clone())
                .unwrap_or_default(),
            scratch: scratch.unwrap_or_default(),
            memory: if reads.memory {
                self.memory[number].clone()
            } else {
                Vec::new()
            },
            neurons: chunk.neurons,
            rows: chunk.rows,
        }
    }

    /// Computes the steps of each phase in groups of at most `most`, as workers do.
    pub fn run_in_groups(&self, most: usize) -> Vec<StepOutput> {
        let phases = inktensor_yuma::plan(&self.header).expect("a plan").phases;
        let mut outputs: Vec<StepOutput> = Vec::new();
        for phase in 0..phases.len() {
            let begin = outputs.len();
            while outputs.len() < begin + self.chunks.len() {
                let done = outputs.len();
                let last = (begin + self.chunks.len()).min(done + most);
                let inputs: Vec<StepInput> = (done..last)
                    .map(|step| self.input(step, &outputs))
                    .collect();
                let StepInput {
                    header,
                    phase: number,
                    chunk,
                    carry,
                    ..
                } = inputs[0].clone();
                assert_eq!(usize::from(number), phase);
                let chunks = inputs.into_iter().map(|input| StepPart {
                    scratch: input.scratch,
                    memory: input.memory,
                    neurons: input.neurons,
                    rows: input.rows,
                });
                let group = StepsInput {
                    header,
                    phase: number,
                    chunk,
                    carry,
                    chunks: chunks.collect(),
                };
                outputs.extend(inktensor_yuma::steps(&group).expect("steps"));
            }
        }
        outputs
    }

    /// Computes all steps with chunks of any size, the chunks of a phase from the last to the
    /// first.
    pub fn run_by_phase(&self) -> Vec<StepOutput> {
        let epoch = Epoch::with_chunk(&self.header, self.chunk).expect("an epoch");
        let mut outputs: Vec<StepOutput> = Vec::new();
        let mut carry = Carry::first(&epoch);
        let none = Rows::default();
        for (phase, reads) in (0u8..).zip(&epoch.plan().phases) {
            let scratches: Vec<Vec<u8>> = match outputs.len().checked_sub(self.chunks.len()) {
                Some(before) => outputs[before..]
                    .iter()
                    .map(|output| output.scratch.clone())
                    .collect(),
                None => vec![Vec::new(); self.chunks.len()],
            };
            let chunks: Vec<_> = (0u16..)
                .zip(&self.chunks)
                .zip(scratches.iter().zip(&self.memory))
                .map(|((number, chunk), (scratch, memory))| {
                    let rows = if reads.rows { &chunk.rows } else { &none };
                    let memory = if reads.memory { &memory[..] } else { &[] };
                    epoch
                        .chunk(phase, number, &chunk.neurons, rows, scratch, memory)
                        .expect("a chunk")
                })
                .collect();
            let mut room = Room::default();
            let mut works: Vec<_> = chunks
                .iter()
                .rev()
                .map(|chunk| carry.work(&epoch, chunk, &mut room))
                .collect();
            works.reverse();
            for (chunk, work) in (0..).zip(works) {
                let (next, output) = carry
                    .advance(&epoch, chunk, work.expect("work"))
                    .expect("a step");
                carry = next;
                outputs.push(output);
            }
        }
        outputs
    }
}

/// Converts the steps' outputs to the form of the vectors.
pub fn outcome(outputs: &[StepOutput]) -> Outcome {
    let results: Vec<_> = outputs.iter().flat_map(|output| &output.results).collect();
    let mut bonds: Vec<Row> = Vec::new();
    for output in outputs {
        let memory = Memory::read(&output.memory).expect("a memory");
        for (uid, row) in memory.rows() {
            let row = (memory.start().0..).zip(row).filter(|(_, bond)| *bond != 0);
            match bonds.iter_mut().find(|(validator, _)| *validator == uid.0) {
                Some((_, bonds)) => bonds.extend(row),
                None => bonds.push((uid.0, row.collect())),
            }
        }
    }
    bonds.sort();
    let permits: Vec<bool> = results.iter().map(|result| result.permit).collect();
    let roster = &outputs.last().expect("steps").roster;
    for (uid, permit) in (0u16..).zip(&permits) {
        assert_eq!(
            roster.contains(&Uid(uid)),
            *permit,
            "roster and results agree"
        );
    }
    Outcome {
        active: results.iter().map(|result| result.active).collect(),
        bonds,
        consensus: results.iter().map(|result| result.consensus).collect(),
        dividends: results.iter().map(|result| result.dividends).collect(),
        emission: results.iter().map(|result| result.emission.0).collect(),
        incentive: results.iter().map(|result| result.incentive).collect(),
        new_validator_permit: permits,
        server_emission: results.iter().map(|result| result.miner.0).collect(),
        stake_weight: results.iter().map(|result| result.stake_weight).collect(),
        validator_emission: results.iter().map(|result| result.validator.0).collect(),
        validator_trust: results
            .iter()
            .map(|result| result.validator_trust)
            .collect(),
    }
}

fn dense(rows: &[Row], neurons: u16) -> Vec<Vec<u16>> {
    let mut matrix = vec![vec![0; usize::from(neurons)]; usize::from(neurons)];
    for (uid, row) in rows {
        for (column, value) in row {
            matrix[usize::from(*uid)][usize::from(*column)] = *value;
        }
    }
    matrix
}
