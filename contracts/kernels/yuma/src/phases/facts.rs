//! Facts that consensus, bonds and their carries share, written the same way by both.

use crate::{
    codec::{Reader, Writer},
    epoch::Epoch,
    fixed::Q32,
    validators::Standing,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::Uid;

/// Facts about the whole subnet that the first two phases establish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Sum of the stake that counts, in rao.
    pub(super) total: u128,
    pub(super) validators: Vec<Standing>,
    /// Active stake of each validator, normalized.
    pub(super) active: Vec<Q32>,
    /// Sum of each validator's weights that count.
    pub(super) row_sums: Vec<u32>,
    /// Uids with a permit in the next epoch, ascending.
    pub(super) roster: Vec<Uid>,
}

impl Facts {
    pub(super) fn read(epoch: &Epoch, reader: &mut Reader) -> Option<Self> {
        let validators = epoch.validators();
        Some(Self {
            total: reader.u128()?,
            validators: Standing::read(epoch, reader)?,
            active: reader.q32s(validators)?,
            row_sums: reader.u32s(validators)?,
            roster: read_roster(reader)?,
        })
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        let writer = Standing::write(writer.u128(self.total), &self.validators)
            .q32s(&self.active)
            .u32s(&self.row_sums);
        write_roster(writer, &self.roster)
    }
}

/// Reads a roster: a count and ascending uids.
pub(super) fn read_roster(reader: &mut Reader) -> Option<Vec<Uid>> {
    let count = reader.u16()?;
    Some(
        reader
            .u16s(usize::from(count))?
            .into_iter()
            .map(Uid)
            .collect(),
    )
}

/// Writes a roster.
pub(super) fn write_roster(writer: Writer, roster: &[Uid]) -> Writer {
    // At most 257 uids.
    let count = u16::try_from(roster.len()).unwrap_or(u16::MAX);
    writer.u16(count).items(roster, |uid| uid.0.to_le_bytes())
}
