//! Bonds that the last final epoch left, in the columns of the chunk that reads them.

use crate::{
    columns::{bit, Bits, Columns, WIDTH},
    memory::Row,
};

/// The remembered bonds of one validator that count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Remembered<'a> {
    row: Row<'a>,
    /// First uid of the memory less that of the chunk, wrapped: added to a column of the memory, it
    /// gives the chunk's.
    ahead: usize,
    /// Columns with bonds that count.
    mask: u64,
}

impl<'a> Remembered<'a> {
    /// Returns the bonds of `row`, of a memory that starts at uid `from`, in a chunk that starts at
    /// uid `start`. `counted` has the columns in which bonds count.
    #[inline]
    pub fn new(row: Row<'a>, from: u16, start: u16, counted: u64) -> Self {
        let ahead = usize::from(from).wrapping_sub(usize::from(start));
        let columns = if ahead == 0 {
            row.mask
        } else {
            Bits(row.mask)
                .map(|column| column.wrapping_add(ahead))
                .filter(|column| *column < WIDTH)
                .fold(0, |mask, column| mask | bit(column))
        };
        Self {
            row,
            ahead,
            mask: columns & counted,
        }
    }

    /// Returns the columns with bonds.
    #[inline]
    pub const fn mask(&self) -> u64 {
        self.mask
    }

    /// Returns a cell per column, of which those of the mask `visited` are the bonds, in parts of
    /// 65535, or zero. They are written to `place`.
    #[inline(always)]
    pub fn cells<'b>(&self, visited: u64, place: &'b mut Columns<u16>) -> &'b Columns<u16> {
        if self.ahead == 0 && self.mask == u64::MAX {
            for (cell, bond) in place.iter_mut().zip(self.row.bonds()) {
                *cell = bond;
            }
            return place;
        }
        for column in Bits(visited & !self.mask) {
            place[column] = 0;
        }
        self.write(place);
        place
    }

    /// Writes the bonds, in parts of 65535, to their places.
    #[inline(always)]
    pub fn write(&self, places: &mut Columns<u16>) {
        for (column, bond) in Bits(self.row.mask).zip(self.row.bonds()) {
            let column = column.wrapping_add(self.ahead);
            if column < WIDTH && self.mask & bit(column) != 0 {
                places[column] = bond;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Memory, MemoryWriter};
    use inktensor_primitives::Uid;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bonds_keep_their_uids(
            from in 0u16..70,
            start in 0u16..70,
            bonds in prop::collection::vec(prop_oneof![Just(0u16), any::<u16>()], 1..=WIDTH),
            counted: u64,
        ) {
            let mut writer = MemoryWriter::new(Uid(from), bonds.len() as u16);
            writer.push(Uid(5), &bonds);
            let bytes = writer.end();
            let row = Memory::or_none(&bytes).by_validator().next().unwrap_or_default();
            let remembered = Remembered::new(row, from, start, counted);
            let mut cells = [7; WIDTH];
            for (column, cell) in remembered.cells(u64::MAX, &mut cells).iter().enumerate() {
                let uid = usize::from(start) + column;
                let bond = uid.checked_sub(usize::from(from)).and_then(|place| bonds.get(place));
                let bond = bond.copied().filter(|_| counted & bit(column) != 0).unwrap_or(0);
                prop_assert_eq!(*cell, bond);
                prop_assert_eq!(remembered.mask() & bit(column) != 0, bond != 0);
            }
        }
    }
}
