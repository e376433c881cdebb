//! Weights that count. [2.4, 7 to 10]
//!
//! A weight is void in three cases. Its validator has no permit, its validator is the neuron itself
//! (unless that is the owner), or the weight is older than the neuron. The rest of a row is divided
//! by its sum.

use crate::{
    columns::{Columns, WIDTH},
    epoch::{Chunk, Epoch},
    validators::Standing,
};

/// The rows of a chunk, void weights as zero.
pub struct Rows<'a> {
    epoch: &'a Epoch<'a>,
    chunk: &'a Chunk<'a>,
    validators: &'a [Standing],
    /// Block of the latest registration. Weights that reach this block need no check per neuron.
    latest: u64,
    masked: Columns<u16>,
}

impl<'a> Rows<'a> {
    /// Prepares the rows of `chunk`.
    pub fn new(epoch: &'a Epoch<'a>, chunk: &'a Chunk<'a>, validators: &'a [Standing]) -> Self {
        let registrations = chunk.neurons.iter().map(|neuron| neuron.registered_at);
        let latest = registrations.max().unwrap_or(0);
        Self {
            epoch,
            chunk,
            validators,
            latest,
            masked: [0; WIDTH],
        }
    }

    /// Returns the weights of the validator at `place` in the roster, with zeros behind the chunk's
    /// last uid.
    pub fn get(&mut self, place: usize) -> &Columns<u16> {
        let len = self.chunk.neurons.len();
        let from = place.saturating_mul(len);
        let Some(row) = self.chunk.rows.get(from..from.saturating_add(len)) else {
            self.masked = [0; WIDTH];
            return &self.masked;
        };
        let reach = self
            .validators
            .get(place)
            .map_or(0, |standing| standing.reach);
        let own = self.own_column(place);
        let counts = reach > self.latest && own.is_none();
        if counts {
            if let Ok(whole) = row.try_into() {
                return whole;
            }
        }
        for ((masked, weight), neuron) in self.masked.iter_mut().zip(row).zip(self.chunk.neurons) {
            *masked = if neuron.registered_at < reach {
                *weight
            } else {
                0
            };
        }
        if let Some(weight) = own.and_then(|column| self.masked.get_mut(column)) {
            *weight = 0;
        }
        &self.masked
    }

    /// Returns the column of the validator's own neuron, if this chunk has it and its weight is
    /// void.
    fn own_column(&self, place: usize) -> Option<usize> {
        let uid = self.epoch.header.roster.get(place)?.0;
        let column = usize::from(uid.checked_sub(self.chunk.start)?);
        (column < self.chunk.neurons.len() && !self.epoch.is_owner(uid)).then_some(column)
    }
}
