//! Phase 0: adds up the stake that counts, and notes of each validator which of its weights and
//! bonds count.

use super::{roster, Work};
use crate::{
    codec::{Reader, Writer},
    epoch::{Chunk, Epoch},
    fixed::Q32,
};
use ink::prelude::{vec, vec::Vec};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    /// Sum of the stake that counts, in rao.
    total: u128,
    validators: Vec<Standing>,
}

/// What the other phases need to know about a validator's neuron.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// First block whose registrations its weights say nothing about; 0 without a permit.
    pub reach: u64,
    /// Whether what memory holds for its uid is its own, and counts.
    pub remembered: bool,
}

impl Standing {
    /// Reads as many as there are validators.
    pub(super) fn read(epoch: &Epoch, reader: &mut Reader) -> Option<Vec<Self>> {
        let reaches = reader.u64s(epoch.validators())?;
        let remembered = reader.bytes(epoch.validators())?;
        let standing = |(reach, remembered): (u64, &u8)| Self {
            reach,
            remembered: *remembered != 0,
        };
        Some(reaches.into_iter().zip(remembered).map(standing).collect())
    }

    /// Writes them.
    pub(super) fn write(writer: Writer, standings: &[Self]) -> Writer {
        writer
            .items(standings, |standing| standing.reach.to_le_bytes())
            .items(standings, |standing| [u8::from(standing.remembered)])
    }
}

/// What a chunk adds.
pub(super) struct Sums {
    stake: u128,
    first: usize,
    validators: Vec<Standing>,
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
            .map(|(uid, neuron)| {
                let permitted = epoch.permitted(uid, neuron);
                Standing {
                    reach: if permitted {
                        epoch.weights_reach(neuron)
                    } else {
                        0
                    },
                    remembered: permitted && !neuron.newcomer,
                }
            })
            .collect();
        Work::of(super::Sums::Stake(Sums {
            stake,
            first: epoch.first_validator(chunk),
            validators,
        }))
    }

    pub(super) fn fold(&mut self, sums: Sums) {
        self.total = self.total.wrapping_add(sums.stake);
        for (standing, found) in self
            .validators
            .iter_mut()
            .skip(sums.first)
            .zip(sums.validators)
        {
            *standing = found;
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
