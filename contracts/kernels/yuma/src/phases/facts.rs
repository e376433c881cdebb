//! Facts that consensus, bonds and their carries share, written the same way by both.

use crate::{
    codec::{Reader, Writer},
    epoch::Epoch,
    fixed::{Tally, Q32},
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
    /// The sums as divisors. They follow from the sums, so they have no bytes of their own.
    pub(super) tallies: Vec<Tally>,
    /// Uids with a permit in the next epoch, ascending.
    pub(super) roster: Vec<Uid>,
    /// All of these facts, as each carry has them.
    bytes: Vec<u8>,
}

impl Facts {
    /// Establishes facts about validators of these standings and row sums.
    pub(super) fn new(
        total: u128,
        validators: Vec<Standing>,
        active: Vec<Q32>,
        row_sums: Vec<u32>,
        roster: Vec<Uid>,
    ) -> Self {
        let room = validators.len().saturating_add(1).saturating_mul(24);
        let writer = Standing::write(Writer::new(room).u128(total), &validators)
            .q32s(&active)
            .u32s(&row_sums);
        Self {
            bytes: write_roster(writer, &roster).end(),
            tallies: tallies(&row_sums),
            total,
            validators,
            active,
            row_sums,
            roster,
        }
    }

    pub(super) fn read(epoch: &Epoch, reader: &mut Reader) -> Option<Self> {
        let validators = epoch.validators();
        let read = |reader: &mut Reader| {
            Some(Self {
                total: reader.u128()?,
                validators: Standing::read(epoch, reader)?,
                active: reader.q32s(validators)?,
                row_sums: reader.u32s(validators)?,
                roster: read_roster(reader)?,
                tallies: Vec::new(),
                bytes: Vec::new(),
            })
        };
        let (facts, bytes) = reader.with_bytes(read)?;
        Some(Self {
            tallies: tallies(&facts.row_sums),
            bytes: bytes.to_vec(),
            ..facts
        })
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        writer.bytes(&self.bytes)
    }
}

/// Returns the divisors of rows with these sums.
fn tallies(row_sums: &[u32]) -> Vec<Tally> {
    row_sums.iter().copied().map(Tally::new).collect()
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
