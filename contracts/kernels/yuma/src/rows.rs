//! Weights that count. [2.4, 7 to 10]
//!
//! A weight is void in three cases. Its validator has no permit, its validator is the neuron itself
//! (unless that is the owner), or the weight is older than the neuron. The rest of a row is divided
//! by its sum.

use crate::{
    columns::{self, bit, Bits, Columns},
    epoch::{Chunk, Epoch},
    validators::Standing,
};
use ink::prelude::vec::Vec;

/// The weights of one validator for the neurons of a chunk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row<'a> {
    /// Columns with a weight.
    given: u64,
    /// Columns with a weight that counts.
    pub counted: u64,
    /// A weight per given column.
    weights: &'a [u16],
}

/// Returns the rows of `chunk`, one per validator of the roster, whose standings are `validators`.
#[inline]
pub fn counted<'a>(epoch: &Epoch, chunk: &Chunk<'a>, validators: &[Standing]) -> Vec<Row<'a>> {
    let mut covered = Covered::new(chunk);
    let validators = epoch.header.roster.iter().zip(validators);
    let rows = validators.zip(chunk.rows.iter());
    rows.map(|((uid, standing), row)| Row {
        given: row.mask,
        counted: row.mask & covered.by(standing.reach) & !own(epoch, chunk, uid.0),
        weights: row.weights,
    })
    .collect()
}

/// Returns the mask of the column of the neuron at `uid`, if the chunk has it and the weight of the
/// neuron for itself is void.
#[inline]
fn own(epoch: &Epoch, chunk: &Chunk, uid: u16) -> u64 {
    match uid.checked_sub(chunk.start).map(usize::from) {
        Some(column) if column < chunk.neurons.len() && !epoch.is_owner(uid) => bit(column),
        _ => 0,
    }
}

/// Neurons that weights cover, by the block up to which they do.
struct Covered<'a> {
    chunk: &'a Chunk<'a>,
    /// Block of the latest registration. Weights that reach beyond it cover all neurons.
    latest: u64,
    /// The last answer that took a look at each neuron, and the block that it was for.
    last: (u64, u64),
}

impl<'a> Covered<'a> {
    fn new(chunk: &'a Chunk<'a>) -> Self {
        let registrations = chunk.neurons.iter().map(|neuron| neuron.registered_at);
        Self {
            chunk,
            latest: registrations.max().unwrap_or(0),
            last: (0, 0),
        }
    }

    /// Returns the columns of the neurons that registered before block `reach`.
    #[inline]
    fn by(&mut self, reach: u64) -> u64 {
        if reach > self.latest {
            return u64::MAX;
        }
        if reach != self.last.0 {
            let neurons = self.chunk.neurons.iter();
            let before = neurons.map(|neuron| neuron.registered_at < reach);
            self.last = (reach, columns::mask_of(before));
        }
        self.last.1
    }
}

impl Row<'_> {
    /// Returns the weights that count, with their columns, ascending.
    #[inline(always)]
    pub fn entries(&self) -> impl Iterator<Item = (usize, u16)> + '_ {
        let given = Bits(self.given).zip(self.weights);
        given.filter_map(|(column, weight)| {
            (self.counted & bit(column) != 0).then_some((column, *weight))
        })
    }

    /// Returns the sum of the weights that count.
    #[inline]
    pub fn sum(&self) -> u32 {
        if self.counted == self.given {
            columns::sum(self.weights)
        } else {
            let weights = self.entries().map(|(_, weight)| u32::from(weight));
            weights.fold(0, u32::wrapping_add)
        }
    }

    /// Returns a cell per column, of which those of the mask `visited` are the weights that count,
    /// or zero. They may be written to `place`.
    #[inline(always)]
    pub fn cells<'b>(&'b self, visited: u64, place: &'b mut Columns<u16>) -> &'b Columns<u16> {
        if self.counted == u64::MAX {
            if let Ok(whole) = self.weights.try_into() {
                return whole;
            }
        }
        for column in Bits(visited & !self.counted) {
            place[column] = 0;
        }
        self.write(place);
        place
    }

    /// Writes the weights that count to their places.
    #[inline(always)]
    pub fn write(&self, places: &mut Columns<u16>) {
        for (column, weight) in self.entries() {
            places[column] = weight;
        }
    }
}
