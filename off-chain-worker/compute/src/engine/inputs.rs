//! The bytes of the calls that compute a phase. The header is encoded once.

use super::{
    answer::{STEP, STEPS},
    PhaseJob,
};
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
        let (scratch, memory) = (self.job.scratch(chunk), self.job.memory(chunk));
        (scratch, memory, neurons, rows).encode_to(input);
    }
}
