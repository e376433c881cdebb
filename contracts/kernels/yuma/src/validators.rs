//! Facts about each validator that the phases after the first need.

use crate::{
    codec::{Reader, Writer},
    epoch::Epoch,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::kernel::NeuronInput;

/// Which weights and bonds of a validator count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// First block whose registrations the weights do not cover; 0 without a permit.
    pub reach: u64,
    /// True if the bonds that memory holds for this uid belong to this validator, and count.
    pub remembered: bool,
}

impl Standing {
    /// Returns the standing of the validator at `uid`.
    pub fn of(epoch: &Epoch, uid: u16, neuron: &NeuronInput) -> Self {
        let permitted = epoch.permitted(uid, neuron);
        Self {
            reach: if permitted {
                epoch.weights_reach(neuron)
            } else {
                0
            },
            remembered: permitted && !neuron.newcomer,
        }
    }

    /// Reads one standing per validator.
    pub(crate) fn read(epoch: &Epoch, reader: &mut Reader) -> Option<Vec<Self>> {
        let validators = epoch.validators();
        let reaches = reader.bytes(validators.checked_mul(8)?)?;
        let remembered = reader.bytes(validators)?;
        // Every piece has eight bytes, so the default is never used.
        let standing = |(reach, remembered): (&[u8], &u8)| Self {
            reach: u64::from_le_bytes(reach.try_into().unwrap_or_default()),
            remembered: *remembered != 0,
        };
        let standings = reaches.chunks_exact(8).zip(remembered).map(standing);
        Some(standings.collect())
    }

    /// Writes `standings`.
    pub(crate) fn write(writer: Writer, standings: &[Self]) -> Writer {
        writer
            .items(standings, |standing| standing.reach.to_le_bytes())
            .items(standings, |standing| [u8::from(standing.remembered)])
    }
}
