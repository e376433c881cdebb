//! The weights that count. [2.4, 7 to 10]
//!
//! A weight is void if its validator has no permit, if it weighs itself (unless it is the owner),
//! and if it is older than the neuron it is for. What is left of a row is divided by its sum.

use crate::{
    epoch::{Chunk, Epoch},
    fixed::{low32, Q32},
    phases::stake::Standing,
};
use ink::prelude::{vec, vec::Vec};

/// The rows of a chunk, void weights as zero.
pub struct Rows<'a> {
    epoch: &'a Epoch<'a>,
    chunk: &'a Chunk<'a>,
    validators: &'a [Standing],
    /// The latest registration. A validator whose weights reach it needs no look at each neuron.
    latest: u64,
    masked: Vec<u16>,
}

impl<'a> Rows<'a> {
    /// The rows of `chunk`.
    pub fn new(epoch: &'a Epoch<'a>, chunk: &'a Chunk<'a>, validators: &'a [Standing]) -> Self {
        let registrations = chunk.neurons.iter().map(|neuron| neuron.registered_at);
        let latest = registrations.max().unwrap_or(0);
        Self {
            epoch,
            chunk,
            validators,
            latest,
            masked: vec![0; chunk.neurons.len()],
        }
    }

    /// The weights of the validator at `place` in the roster.
    pub fn get(&mut self, place: usize) -> &[u16] {
        let len = self.chunk.neurons.len();
        let from = place.saturating_mul(len);
        let row = self
            .chunk
            .rows
            .get(from..from.saturating_add(len))
            .unwrap_or_default();
        let reach = self
            .validators
            .get(place)
            .map_or(0, |standing| standing.reach);
        let own = self.own_column(place);
        if reach > self.latest && own.is_none() {
            return row;
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

    /// The column in which the validator would weigh itself, if it is in this chunk and not
    /// allowed.
    fn own_column(&self, place: usize) -> Option<usize> {
        let uid = self.epoch.header.roster.get(place)?.0;
        let column = usize::from(uid.checked_sub(self.chunk.start)?);
        (column < self.chunk.neurons.len() && !self.epoch.is_owner(uid)).then_some(column)
    }
}

/// A share of a row, or a consensus of such: in 32 bits, where 1.0 is the largest number.
///
/// A row sum has at most 28 bits. So a share below 1.0 is at most `1 - 2^-28`, the largest 32-bit
/// number stands for nothing else, and the order is that of the shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(pub u32);

impl Score {
    /// All of a row.
    pub const ONE: Score = Score(u32::MAX);

    /// `share` in 32 bits.
    #[inline(always)]
    pub const fn new(share: Q32) -> Self {
        Score(low32(share.0.wrapping_sub(share.0 >> 32)))
    }

    /// The share.
    #[inline(always)]
    pub const fn share(self) -> Q32 {
        Q32((self.0 as u64).wrapping_add((self.0 == u32::MAX) as u64))
    }

    /// The share, if it is known not to be one.
    #[inline(always)]
    pub const fn below_one(self) -> Q32 {
        Q32(self.0 as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_shares() {
        for bits in [0, 16, (1 << 32) - 16, 1 << 32] {
            assert_eq!(Score::new(Q32(bits)).share(), Q32(bits));
        }
        assert!(Score::new(Q32((1 << 32) - 16)) < Score::new(Q32::ONE));
    }
}
