//! The bytes of the calls that compute a phase. The header is encoded once.

use super::{
    answer::{STEP, STEPS},
    PhaseJob,
};
use inktensor_primitives::kernel::NeuronInput;
use scale::{Compact, Encode};
use std::ops::Range;

/// Bytes for which an input has room at first.
const ROOM: usize = 16 * 1024;

/// Inputs of the steps of a phase.
pub struct Inputs<'a> {
    job: &'a PhaseJob<'a>,
    /// Header and phase.
    head: Vec<u8>,
}

impl<'a> Inputs<'a> {
    /// Prepares the inputs of `job`.
    pub fn new(job: &'a PhaseJob<'a>) -> Self {
        Self {
            job,
            head: (job.header, job.phase).encode(),
        }
    }

    /// Returns the input of `IncentiveKernel::step` for one chunk, given the carry of the step
    /// before.
    pub fn of_step(&self, chunk: u16, carry: &[u8]) -> Vec<u8> {
        let mut input = self.begin(STEP, chunk, carry);
        self.part(chunk, &mut input);
        input
    }

    /// Returns the input of `StepsKernel::steps` for neighbouring chunks, given the carry of the
    /// step before the first one.
    pub fn of_steps(&self, chunks: Range<u16>, carry: &[u8]) -> Vec<u8> {
        let mut input = self.begin(STEPS, chunks.start, carry);
        let count = chunks.end.saturating_sub(chunks.start);
        Compact(u32::from(count)).encode_to(&mut input);
        chunks.for_each(|chunk| self.part(chunk, &mut input));
        input
    }

    fn begin(&self, message: [u8; 4], chunk: u16, carry: &[u8]) -> Vec<u8> {
        let mut input = Vec::with_capacity(ROOM);
        input.extend_from_slice(&message);
        input.extend_from_slice(&self.head);
        (chunk, carry).encode_to(&mut input);
        input
    }

    /// Appends the inputs of `chunk`, which are encoded in place.
    fn part(&self, chunk: u16, input: &mut Vec<u8>) {
        let (neurons, rows) = self.job.gathered(chunk);
        (self.job.scratch(chunk), self.job.memory(chunk)).encode_to(input);
        if self.job.reads.stake {
            neurons.encode_to(input);
        } else {
            // A step that does not read stake has none, as on the chain.
            let count = u32::try_from(neurons.len()).unwrap_or(u32::MAX);
            Compact(count).encode_to(input);
            let without = |neuron: &NeuronInput| NeuronInput {
                stake: 0,
                ..*neuron
            };
            let neurons = neurons.iter().map(without);
            neurons.for_each(|neuron| neuron.encode_to(input));
        }
        rows.encode_to(input);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::kernel::{
        ChunkInputs, EpochHeader, PhasePlan, Rows, StepPart, StepsInput,
    };
    use inktensor_primitives::Uid;

    /// A phase passes on what it reads, and no more: the chain has no stake for the others.
    #[test]
    fn inputs_are_those_of_single_steps() {
        let header = EpochHeader {
            roster: vec![Uid(0)],
            ..inktensor_test_support::header()
        };
        let neuron = NeuronInput {
            stake: 5,
            last_update: 6,
            ..NeuronInput::default()
        };
        let chunk = |first: u16| ChunkInputs {
            neurons: vec![neuron; 2],
            rows: Rows::from_cells(&[first, 0], 2),
        };
        let inputs = [chunk(7), chunk(8), chunk(0)];
        let memory = [vec![1], Vec::new(), vec![2; 70]];
        let scratch: [&[u8]; 3] = [&[3], &[], &[4; 70]];
        for bits in 0..8 {
            let job = PhaseJob {
                header: &header,
                reads: PhasePlan {
                    rows: bits & 1 != 0,
                    stake: bits & 2 != 0,
                    memory: bits & 4 != 0,
                },
                phase: 9,
                carry: &[],
                scratch: &scratch,
                memory: &memory,
                inputs: &inputs,
                deadline: None,
            };
            let ours = Inputs::new(&job);
            let single = |chunk| job.input(chunk, vec![10]);
            for chunk in job.chunks() {
                assert_eq!(ours.of_step(chunk, &[10]), (STEP, single(chunk)).encode());
            }
            let parts = (1..3).map(single).map(|input| StepPart {
                scratch: input.scratch,
                memory: input.memory,
                neurons: input.neurons,
                rows: input.rows,
            });
            let together = StepsInput {
                header: header.clone(),
                phase: 9,
                chunk: 1,
                carry: vec![10],
                chunks: parts.collect(),
            };
            assert_eq!(ours.of_steps(1..3, &[10]), (STEPS, together).encode());
        }
    }
}
