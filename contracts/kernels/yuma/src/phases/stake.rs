//! Phase 0: adds up the stake that counts, and records which weights and bonds of each validator
//! count.

use super::{roster, Work};
use crate::{
    codec::{Reader, Writer},
    epoch::{Chunk, Epoch},
    fixed::Q32,
    validators::Standing,
};
use ink::prelude::{vec, vec::Vec};

/// Carry of phase 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    /// Sum of the stake that counts, in rao.
    total: u128,
    validators: Vec<Standing>,
}

/// The part of a chunk, or of neighbouring ones, of the sums.
#[derive(Clone)]
pub(super) struct Sums {
    stake: u128,
    first: usize,
    validators: Vec<Standing>,
}

impl Sums {
    /// Adds the part of the chunks behind.
    #[cfg(feature = "std")]
    pub(super) fn add(&mut self, next: &Self) {
        self.stake = self.stake.wrapping_add(next.stake);
        self.validators.extend_from_slice(&next.validators);
    }
}

impl Carry {
    pub(super) fn first(epoch: &Epoch) -> Self {
        Self {
            total: 0,
            validators: vec![Standing::default(); epoch.validators()],
        }
    }

    pub(super) fn read(epoch: &Epoch, reader: &mut Reader) -> Option<Self> {
        Some(Self {
            total: reader.u128()?,
            validators: Standing::read(epoch, reader)?,
        })
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        Standing::write(writer.u128(self.total), &self.validators)
    }

    pub(super) fn work(&self, epoch: &Epoch, chunk: &Chunk) -> Work {
        let stake = chunk.seats().fold(0u128, |sum, (uid, neuron)| {
            sum.wrapping_add(u128::from(epoch.counted_stake(uid, neuron)))
        });
        let validators = epoch
            .validators_in(chunk)
            .map(|(uid, neuron)| Standing::of(epoch, uid, neuron))
            .collect();
        Work::of(super::Sums::Stake(Sums {
            stake,
            first: epoch.first_validator(chunk),
            validators,
        }))
    }

    pub(super) fn fold(&mut self, sums: &Sums) {
        self.total = self.total.wrapping_add(sums.stake);
        for (standing, found) in self
            .validators
            .iter_mut()
            .skip(sums.first)
            .zip(&sums.validators)
        {
            *standing = *found;
        }
    }

    pub(super) fn seal(self, epoch: &Epoch) -> roster::Carry {
        roster::Carry {
            total: self.total,
            validators: self.validators,
            stakes: vec![Q32::ZERO; epoch.validators()],
            row_sums: vec![0; epoch.validators()],
            leaders: Vec::new(),
        }
    }
}
