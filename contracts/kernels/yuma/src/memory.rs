//! A chunk's memory: the bonds of permitted validators in its neurons.
//!
//! Bytes: first uid, number of uids, number of rows (u16 each), then a uid per row, then the rows:
//! a bond (u16) per uid of the chunk. Rows without bonds are left out, and a memory without rows
//! has no bytes. So equal bonds are equal bytes. A memory names its uids, so a chunk that has grown
//! can read it.

use crate::codec::{Reader, Writer};
use ink::prelude::vec::Vec;
use inktensor_primitives::Uid;

/// A chunk's memory, read in place.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory<'a> {
    start: u16,
    len: u16,
    uids: &'a [u8],
    rows: &'a [u8],
}

impl<'a> Memory<'a> {
    /// Reads `bytes` as the next epoch does: bytes that are not a memory count as none.
    ///
    /// A false assertion that was not disputed in time can leave any bytes. If a step refused them,
    /// no later epoch of the subnet could become final.
    pub fn or_none(bytes: &'a [u8]) -> Self {
        Self::read(bytes).unwrap_or_default()
    }

    /// Reads `bytes`. Returns `None` if they are not a memory.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let mut reader = Reader::new(bytes);
        let (start, len, count) = (reader.u16()?, reader.u16()?, reader.u16()?);
        let uids = reader.bytes(usize::from(count).checked_mul(2)?)?;
        let rows = reader.bytes(
            usize::from(count)
                .checked_mul(usize::from(len))?
                .checked_mul(2)?,
        )?;
        let memory = reader.end(Self {
            start,
            len,
            uids,
            rows,
        })?;
        let ascending = memory
            .uids()
            .zip(memory.uids().skip(1))
            .all(|(uid, next)| uid < next);
        (len > 0 && ascending).then_some(memory)
    }

    /// Returns the first uid of the chunk.
    pub fn start(&self) -> Uid {
        Uid(self.start)
    }

    /// Returns the validators with bonds, ascending.
    pub fn uids(&self) -> impl Iterator<Item = Uid> + 'a {
        numbers(self.uids).map(Uid)
    }

    /// Returns the validators and their bonds in the chunk's uids, from [`Memory::start`] on.
    pub fn rows(&self) -> impl Iterator<Item = (Uid, impl Iterator<Item = u16> + 'a)> + 'a {
        let bytes = usize::from(self.len.max(1)).saturating_mul(2);
        self.uids().zip(self.rows.chunks_exact(bytes).map(numbers))
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    // Every piece has two bytes, so the default is never used.
    bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes(pair.try_into().unwrap_or_default()))
}

/// Builder of a memory's bytes.
pub struct MemoryWriter {
    start: Uid,
    len: u16,
    uids: Vec<u16>,
    rows: Vec<u8>,
}

impl MemoryWriter {
    /// Starts a memory for `len` uids from `start` on.
    pub const fn new(start: Uid, len: u16) -> Self {
        Self {
            start,
            len,
            uids: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Adds the bonds of validator `uid`, one per uid of the chunk. Takes validators in ascending
    /// order.
    pub fn push(&mut self, uid: Uid, bonds: &[u16]) {
        if bonds.iter().any(|bond| *bond != 0) {
            self.uids.push(uid.0);
            bonds
                .iter()
                .for_each(|bond| self.rows.extend_from_slice(&bond.to_le_bytes()));
        }
    }

    /// Returns the bytes.
    pub fn end(self) -> Vec<u8> {
        // Fewer validators than 2^16, as uids ascend.
        let Some(count) = u16::try_from(self.uids.len())
            .ok()
            .filter(|count| *count > 0)
        else {
            return Vec::new();
        };
        let capacity = self
            .rows
            .len()
            .saturating_add(self.uids.len().saturating_mul(2))
            .saturating_add(6);
        Writer::new(capacity)
            .u16(self.start.0)
            .u16(self.len)
            .u16(count)
            .u16s(&self.uids)
            .bytes(&self.rows)
            .end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Vec<u8> {
        let mut writer = MemoryWriter::new(Uid(64), 2);
        writer.push(Uid(1), &[7, 0]);
        writer.push(Uid(2), &[0, 0]);
        writer.push(Uid(9), &[8, 9]);
        writer.end()
    }

    #[test]
    fn reads_back_what_was_written_without_empty_rows() {
        let bytes = example();
        let memory = Memory::read(&bytes).expect("a memory");
        let rows: Vec<(u16, Vec<u16>)> = memory
            .rows()
            .map(|(uid, row)| (uid.0, row.collect()))
            .collect();
        assert_eq!(memory.start(), Uid(64));
        assert_eq!(rows, vec![(1, vec![7, 0]), (9, vec![8, 9])]);
    }

    #[test]
    fn nothing_to_remember_is_no_bytes() {
        assert!(MemoryWriter::new(Uid(0), 64).end().is_empty());
        assert_eq!(Memory::read(&[]).expect("a memory").rows().count(), 0);
    }

    #[test]
    fn other_bytes_are_refused() {
        let bytes = example();
        assert!(Memory::read(&bytes[..bytes.len() - 1]).is_none());
        assert!(Memory::read(&[bytes.clone(), vec![0]].concat()).is_none());
        assert_eq!(Memory::or_none(&bytes[1..]).rows().count(), 0);
        assert!(
            Memory::read(&[0, 0, 0, 0, 1, 0, 3, 0]).is_none(),
            "rows of no length"
        );
        assert!(
            Memory::read(&[0, 0, 1, 0, 2, 0, 3, 0, 3, 0, 1, 0, 1, 0]).is_none(),
            "a uid twice"
        );
    }
}
