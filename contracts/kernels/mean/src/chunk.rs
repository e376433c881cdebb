//! A step's inputs, checked for size, and the weights that count.

use ink::prelude::vec::Vec;
use inktensor_primitives::{
    kernel::{EpochHeader, EpochPlan, KernelError, NeuronInput, Row, Rows, StepInput},
    Uid,
};

/// Bytes of a score.
const SCORE: usize = 8;

/// The chunk of a step.
pub struct Chunk<'a> {
    /// The epoch.
    pub header: &'a EpochHeader,
    /// The chunk's neurons.
    pub neurons: &'a [NeuronInput],
    /// True for the last chunk of a phase.
    pub is_last: bool,
    start: Uid,
    rows: &'a Rows,
    scratch: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Checks the inputs of a step against `plan`.
    ///
    /// # Errors
    /// `StepOutOfRange`; `BadInputs` unless there is one neuron per uid and, in a phase that reads
    /// rows, one row per roster uid with weights for these neurons only; `BadMemory` unless memory
    /// is empty.
    pub fn new(input: &'a StepInput, plan: &EpochPlan) -> Result<Self, KernelError> {
        let header = &input.header;
        let phase = plan.phases.get(usize::from(input.phase));
        let phase = phase.ok_or(KernelError::StepOutOfRange)?;
        let chunks = plan.chunks(header.neurons);
        if input.chunk >= chunks {
            return Err(KernelError::StepOutOfRange);
        }
        let (start, count) = plan.span(input.chunk, header.neurons);
        let width = usize::from(count);
        let rows = if phase.rows { header.roster.len() } else { 0 };
        if input.neurons.len() != width || !input.rows.fit(rows, width) {
            return Err(KernelError::BadInputs);
        }
        if !input.memory.is_empty() {
            return Err(KernelError::BadMemory);
        }
        Ok(Self {
            header,
            neurons: &input.neurons,
            is_last: input.chunk.checked_add(1) == Some(chunks),
            start,
            rows: &input.rows,
            scratch: &input.scratch,
        })
    }

    /// Returns the neurons by uid.
    pub fn seats(&self) -> impl Iterator<Item = (Uid, &'a NeuronInput)> {
        (self.start.0..).map(Uid).zip(self.neurons)
    }

    /// Returns the rows of the roster's uids, uid by uid.
    pub fn rows(&self) -> impl Iterator<Item = (Uid, Row<'a>)> {
        self.header.roster.iter().copied().zip(self.rows.iter())
    }

    /// Returns the weights of `row` that count, with the neurons' places in the chunk. `uid` set
    /// them at block `updated_at`.
    pub fn counted(
        &self,
        uid: Uid,
        updated_at: u64,
        row: Row<'a>,
    ) -> impl Iterator<Item = (usize, u16)> + use<'a> {
        let (start, neurons) = (self.start, self.neurons);
        row.entries().filter(move |(place, _)| {
            let own = usize::from(uid.0.wrapping_sub(start.0)) == *place;
            let older = |neuron: &NeuronInput| neuron.registered_at < updated_at;
            !own && neurons.get(*place).is_some_and(older)
        })
    }

    /// Returns the neurons' scores, from the phase before.
    ///
    /// # Errors
    /// `BadScratch` unless there is one score per neuron.
    pub fn scores(&self) -> Result<Vec<u64>, KernelError> {
        if Some(self.scratch.len()) != self.neurons.len().checked_mul(SCORE) {
            return Err(KernelError::BadScratch);
        }
        // Every piece has its bytes, so the default is never used.
        let pieces = self.scratch.chunks_exact(SCORE);
        let score = |piece: &[u8]| u64::from_le_bytes(piece.try_into().unwrap_or_default());
        Ok(pieces.map(score).collect())
    }
}
