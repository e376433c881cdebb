//! A chunk's memory: the bonds of permitted validators in its neurons.
//!
//! Bytes: first uid and number of uids (u16 each), then one row per validator with bonds, by uid. A
//! row is its head (u16: the uid, and [`FULL`] if no bond of the row is zero), then, unless it is
//! full, a mask of its bonds that are not zero (a bit per uid of the chunk, from the lowest bit of
//! the first byte on), then those bonds (u16 each). All numbers are little-endian. A memory without
//! rows has no bytes. So the kernel writes equal bonds as equal bytes, and their number follows the
//! number of bonds. It reads bonds of zero too, which a false assertion may have left.
//!
//! A memory names its uids, so a chunk that has grown can read it.

use crate::{
    codec::Reader,
    columns::{self, Bits, Columns, WIDTH},
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{Uid, MAX_UIDS, PAGE};

/// Bit of a row's head: the row has a bond for each uid of the chunk, and no mask.
pub const FULL: u16 = 1 << 15;
const _: () = assert!(MAX_UIDS <= FULL);

/// A chunk's memory, read in place.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory<'a> {
    start: u16,
    len: u16,
    rows: &'a [u8],
}

/// The bonds of one validator.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row<'a> {
    /// The validator.
    pub uid: Uid,
    /// The uids with bonds, counted from [`Memory::start`].
    pub mask: u64,
    bonds: &'a [u8],
}

impl<'a> Row<'a> {
    /// Returns the bonds of the uids in the mask, ascending.
    #[inline]
    pub fn bonds(&self) -> impl Iterator<Item = u16> + 'a {
        // Every piece has two bytes, so the default is never used.
        self.bonds
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes(pair.try_into().unwrap_or_default()))
    }

    /// Returns a bond per uid of the chunk, with zeros behind the last one.
    pub fn cells(&self) -> Columns<u16> {
        let mut cells = [0; WIDTH];
        for (column, bond) in Bits(self.mask).zip(self.bonds()) {
            cells[column] = bond;
        }
        cells
    }
}

impl<'a> Memory<'a> {
    /// Reads `bytes` as the next epoch does: bytes that are not a memory count as none.
    ///
    /// A false assertion that was not disputed in time can leave any bytes. If a step refused them,
    /// no later epoch of the subnet could become final.
    #[inline]
    pub fn or_none(bytes: &'a [u8]) -> Self {
        Self::read(bytes).unwrap_or_default()
    }

    /// Reads `bytes`. Returns `None` if they are not a memory.
    #[inline]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let mut reader = Reader::new(bytes);
        let (start, len) = (reader.u16()?, reader.u16()?);
        if len == 0 || usize::from(len) > WIDTH {
            return None;
        }
        let rows = bytes.get(4..)?;
        let mut last = None;
        while !reader.is_empty() {
            let row = read_row(&mut reader, len)?;
            if last >= Some(row.uid) {
                return None;
            }
            last = Some(row.uid);
        }
        last.map(|_| Self { start, len, rows })
    }

    /// Returns the first uid of the chunk.
    pub fn start(&self) -> Uid {
        Uid(self.start)
    }

    /// Returns the rows, by uid.
    #[inline]
    pub fn by_validator(&self) -> impl Iterator<Item = Row<'a>> + 'a {
        let (mut reader, len) = (Reader::new(self.rows), self.len);
        // The bytes were read before, so this ends at their end.
        core::iter::from_fn(move || read_row(&mut reader, len))
    }

    /// Returns the validators and their bonds in the chunk's uids, from [`Memory::start`] on.
    pub fn rows(&self) -> impl Iterator<Item = (Uid, impl Iterator<Item = u16> + 'a)> + 'a {
        let len = usize::from(self.len);
        self.by_validator()
            .map(move |row| (row.uid, row.cells().into_iter().take(len)))
    }
}

/// Reads the next row of a memory of `len` uids.
#[inline]
fn read_row<'a>(reader: &mut Reader<'a>, len: u16) -> Option<Row<'a>> {
    let head = reader.u16()?;
    let full = columns::first(usize::from(len));
    let mask = if head & FULL == 0 {
        let mut bytes = [0; 8];
        let given = reader.bytes(mask_bytes(len))?;
        bytes.get_mut(..given.len())?.copy_from_slice(given);
        u64::from_le_bytes(bytes)
    } else {
        full
    };
    // A row is written in one form only.
    let masked = head & FULL == 0;
    if mask == 0 || mask & !full != 0 || (masked && mask == full) {
        return None;
    }
    let bonds = usize::try_from(mask.count_ones()).ok()?;
    Some(Row {
        uid: Uid(head & !FULL),
        mask,
        bonds: reader.bytes(bonds.saturating_mul(2))?,
    })
}

/// Returns the number of bytes of a mask of `len` uids.
#[inline]
fn mask_bytes(len: u16) -> usize {
    usize::from(len).div_ceil(8)
}

/// The bonds of a validator that are to be kept, without those that are zero.
#[derive(Clone, Debug)]
pub struct Kept {
    mask: u64,
    count: usize,
    /// Little-endian bytes of each bond.
    bonds: Columns<[u8; 2]>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            mask: 0,
            count: 0,
            bonds: [[0; 2]; WIDTH],
        }
    }
}

impl Kept {
    /// Returns a place for the bond of each column, to be written before [`Kept::close`].
    #[inline(always)]
    pub fn places(&mut self) -> &mut Columns<[u8; 2]> {
        &mut self.bonds
    }

    /// Keeps the bonds in the places of the mask `columns`. `full` is true if none in any place is
    /// zero.
    #[inline(always)]
    pub fn close(&mut self, columns: u64, full: bool) {
        if full && columns == u64::MAX {
            self.mask = u64::MAX;
            self.count = WIDTH;
            return;
        }
        let given = self.bonds;
        let mut row = self.begin();
        for column in Bits(columns) {
            row.put(column, u16::from_le_bytes(given[column]));
        }
        row.end();
    }

    /// Starts a row without bonds.
    #[inline(always)]
    pub fn begin(&mut self) -> Filling<'_> {
        Filling {
            kept: self,
            mask: 0,
            count: 0,
        }
    }
}

/// A row of bonds to be kept that is being filled. A loop has it in registers.
pub struct Filling<'a> {
    kept: &'a mut Kept,
    mask: u64,
    count: usize,
}

impl Filling<'_> {
    /// Adds the bond in the neuron of `column`. Takes columns in ascending order.
    #[inline(always)]
    pub fn put(&mut self, column: usize, bond: u16) {
        let kept = bond != 0;
        self.kept.bonds[columns::at(self.count)] = bond.to_le_bytes();
        self.count = self.count.wrapping_add(usize::from(kept));
        self.mask |= if kept { columns::bit(column) } else { 0 };
    }

    /// Ends the row.
    #[inline(always)]
    pub fn end(self) {
        self.kept.mask = self.mask;
        self.kept.count = self.count;
    }
}

/// Builder of a memory's bytes.
pub struct MemoryWriter {
    len: u16,
    bytes: Vec<u8>,
}

impl MemoryWriter {
    /// Starts a memory for `len` uids from `start` on, at most a page of them, with room for `rows`
    /// rows of `bonds` bonds in all.
    pub fn with_room(start: Uid, len: u16, rows: usize, bonds: usize) -> Self {
        let len = len.min(PAGE);
        let head = rows.saturating_mul(mask_bytes(len).saturating_add(2));
        let room = head.saturating_add(bonds.saturating_mul(2));
        let mut bytes = Vec::with_capacity(room.saturating_add(4));
        bytes.extend_from_slice(&start.0.to_le_bytes());
        bytes.extend_from_slice(&len.to_le_bytes());
        Self { len, bytes }
    }

    /// Starts a memory for `len` uids from `start` on.
    pub fn new(start: Uid, len: u16) -> Self {
        Self::with_room(start, len, 0, 0)
    }

    /// Adds the bonds of validator `uid`, one per uid of the chunk. Takes validators in ascending
    /// order.
    pub fn push(&mut self, uid: Uid, bonds: &[u16]) {
        let mut kept = Kept::default();
        let mut row = kept.begin();
        for (column, bond) in bonds.iter().take(usize::from(self.len)).enumerate() {
            row.put(column, *bond);
        }
        row.end();
        self.keep(uid, &kept);
    }

    /// Adds the bonds of validator `uid`. Takes validators in ascending order.
    #[inline]
    pub fn keep(&mut self, uid: Uid, kept: &Kept) {
        if kept.count == 0 {
            return;
        }
        if kept.mask == columns::first(usize::from(self.len)) {
            self.bytes.extend_from_slice(&(uid.0 | FULL).to_le_bytes());
        } else {
            self.bytes.extend_from_slice(&uid.0.to_le_bytes());
            let mask = kept.mask.to_le_bytes();
            let given = mask.get(..mask_bytes(self.len)).unwrap_or(&mask);
            self.bytes.extend_from_slice(given);
        }
        let bonds = kept.bonds.get(..kept.count).unwrap_or(&kept.bonds);
        self.bytes.extend_from_slice(bonds.as_flattened());
    }

    /// Returns the bytes.
    pub fn end(self) -> Vec<u8> {
        if self.bytes.len() <= 4 {
            return Vec::new();
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epoch::MAX_PERMITS;
    use ink::prelude::{vec, vec::Vec};
    use inktensor_primitives::kernel::MAX_MEMORY;
    use proptest::prelude::*;

    fn example() -> Vec<u8> {
        let mut writer = MemoryWriter::new(Uid(64), 2);
        writer.push(Uid(1), &[7, 0]);
        writer.push(Uid(2), &[0, 0]);
        writer.push(Uid(9), &[8, 9]);
        writer.end()
    }

    fn rows(bytes: &[u8]) -> Vec<(u16, Vec<u16>)> {
        let memory = Memory::read(bytes).expect("a memory");
        let rows = memory.rows().map(|(uid, row)| (uid.0, row.collect()));
        rows.collect()
    }

    #[test]
    fn reads_back_what_was_written_without_empty_rows() {
        let bytes = example();
        assert_eq!(
            bytes,
            [64, 0, 2, 0, 1, 0, 0b01, 7, 0, 9, 0x80, 8, 0, 9, 0],
            "one row with a mask and a full one"
        );
        assert_eq!(Memory::read(&bytes).expect("a memory").start(), Uid(64));
        assert_eq!(rows(&bytes), vec![(1, vec![7, 0]), (9, vec![8, 9])]);
    }

    #[test]
    fn nothing_to_remember_is_no_bytes() {
        assert!(MemoryWriter::new(Uid(0), 64).end().is_empty());
        assert!(rows(&[]).is_empty());
    }

    #[test]
    fn other_bytes_are_refused() {
        let bytes = example();
        let refused = |bytes: &[u8], why| assert!(Memory::read(bytes).is_none(), "{why}");
        for cut in 1..bytes.len() {
            // The first row ends at the ninth byte.
            assert_eq!(Memory::read(&bytes[..cut]).is_some(), cut == 9, "{cut}");
        }
        refused(&[bytes.clone(), vec![0]].concat(), "half a head");
        refused(&[0, 0, 2, 0, 1, 0, 0b100, 7, 0], "a bit behind the chunk");
        refused(&[0, 0, 2, 0, 1, 0, 0], "a row without bonds");
        refused(&[0, 0, 1, 0, 1, 0, 1, 7, 0], "a full row with a mask");
        refused(&[0, 0, 0, 0, 1, 0, 3, 0], "rows of no length");
        refused(&[0, 0, 65, 0, 1, 0x80], "more uids than a chunk has");
        refused(
            &[0, 0, 1, 0, 3, 0x80, 1, 0, 3, 0x80, 1, 0],
            "a validator twice",
        );
        assert_eq!(Memory::or_none(&bytes[1..]).rows().count(), 0);
    }

    #[test]
    fn the_largest_memory_is_within_the_limit() {
        let mut bonds = [1; WIDTH];
        bonds[7] = 0;
        let mut writer = MemoryWriter::new(Uid(0), PAGE);
        for uid in 0..=MAX_PERMITS {
            writer.push(Uid(uid), &bonds);
        }
        // Rows with a mask and one bond less than all are the longest.
        let bytes = writer.end();
        assert_eq!(bytes.len(), 4 + 257 * (2 + 8 + 63 * 2));
        assert!(bytes.len() <= MAX_MEMORY);
    }

    proptest! {
        #[test]
        fn any_bonds_are_read_back(
            len in 1usize..=WIDTH,
            bonds in prop::collection::vec(
                prop::collection::vec(prop_oneof![Just(0u16), any::<u16>()], WIDTH),
                0..5,
            ),
            whole: bool,
        ) {
            let mut writer = MemoryWriter::new(Uid(3), len as u16);
            let mut kept = Vec::new();
            for (uid, row) in (0u16..).zip(&bonds) {
                let row: Vec<u16> = row[..len].iter().map(|bond| bond | u16::from(whole)).collect();
                writer.push(Uid(uid), &row);
                if row.iter().any(|bond| *bond != 0) {
                    kept.push((uid, row));
                }
            }
            prop_assert_eq!(rows(&writer.end()), kept);
        }

        #[test]
        fn any_bytes_are_a_memory_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            Memory::or_none(&bytes).rows().for_each(|(_, row)| {
                row.count();
            });
        }
    }
}
