//! Little-endian bytes of a fixed layout. The reader knows all lengths, so none is written.

use crate::fixed::Q32;
use ink::prelude::vec::Vec;
use inktensor_primitives::kernel::write_in_blocks;

/// Bytes of a block, a multiple of the pieces' lengths.
const BLOCK: usize = 64;

/// Takes fields off the front of bytes.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Starts at the first of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Reads what `read` reads, and returns the bytes of it too.
    pub fn with_bytes<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<(T, &'a [u8])> {
        let before = self.0;
        let value = read(self)?;
        let count = before.len().checked_sub(self.0.len())?;
        Some((value, before.get(..count)?))
    }

    /// Reads the next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    /// Reads the next `u8`.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Reads the next `u16`.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Reads the next `u64`.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads the next `u128`.
    pub fn u128(&mut self) -> Option<u128> {
        self.array().map(u128::from_le_bytes)
    }

    /// Reads the next Q32.
    pub fn q32(&mut self) -> Option<Q32> {
        self.u64().map(Q32)
    }

    fn items<const N: usize, T>(
        &mut self,
        count: usize,
        item: impl Fn([u8; N]) -> T,
    ) -> Option<Vec<T>> {
        let bytes = self.bytes(count.checked_mul(N)?)?;
        // Every piece has N bytes, so the default is never used.
        Some(
            bytes
                .chunks_exact(N)
                .map(|piece| item(piece.try_into().unwrap_or([0; N])))
                .collect(),
        )
    }

    /// Reads the next `count` numbers of 16 bits.
    pub fn u16s(&mut self, count: usize) -> Option<Vec<u16>> {
        self.items(count, u16::from_le_bytes)
    }

    /// Reads the next `count` numbers of 32 bits.
    pub fn u32s(&mut self, count: usize) -> Option<Vec<u32>> {
        self.items(count, u32::from_le_bytes)
    }

    /// Reads the next `count` numbers of 64 bits.
    pub fn u64s(&mut self, count: usize) -> Option<Vec<u64>> {
        self.items(count, u64::from_le_bytes)
    }

    /// Reads the next `count` Q32.
    pub fn q32s(&mut self, count: usize) -> Option<Vec<Q32>> {
        self.items(count, |bytes| Q32(u64::from_le_bytes(bytes)))
    }

    /// Reads as many Q32 as `values` has places.
    pub fn q32s_into(&mut self, values: &mut [Q32]) -> Option<()> {
        let bytes = self.bytes(values.len().checked_mul(8)?)?;
        for (value, piece) in values.iter_mut().zip(bytes.chunks_exact(8)) {
            // Every piece has eight bytes, so the default is never used.
            *value = Q32(u64::from_le_bytes(piece.try_into().unwrap_or_default()));
        }
        Some(())
    }

    /// Returns true if nothing is left to read.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `value` if nothing is left to read.
    pub fn end<T>(self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

/// Appends fields to bytes.
pub struct Writer(Vec<u8>);

impl Writer {
    /// Starts with room for `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Appends bytes as they are.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        write_in_blocks(bytes, &mut self.0);
        self
    }

    /// Appends a `u8`.
    pub fn u8(self, value: u8) -> Self {
        self.bytes(&[value])
    }

    /// Appends a `u16`.
    pub fn u16(self, value: u16) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends a `u64`.
    pub fn u64(self, value: u64) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends a `u128`.
    pub fn u128(self, value: u128) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Appends a Q32.
    pub fn q32(self, value: Q32) -> Self {
        self.u64(value.0)
    }

    /// Appends one piece of bytes per item.
    pub fn items<const N: usize, T>(mut self, items: &[T], piece: impl Fn(&T) -> [u8; N]) -> Self {
        const { assert!(BLOCK % N == 0) };
        // A block of a fixed length is appended by a few stores, without a loop.
        let mut block = [0; BLOCK];
        let groups = items.chunks_exact(BLOCK.checked_div(N).unwrap_or(1));
        let rest = groups.remainder();
        for group in groups {
            for (place, item) in block.chunks_exact_mut(N).zip(group) {
                place.copy_from_slice(&piece(item));
            }
            self.0.extend_from_slice(&block);
        }
        for item in rest {
            self.0.extend_from_slice(&piece(item));
        }
        self
    }

    /// Appends numbers of 16 bits.
    pub fn u16s(self, values: &[u16]) -> Self {
        self.items(values, |value| value.to_le_bytes())
    }

    /// Appends numbers of 32 bits.
    pub fn u32s(self, values: &[u32]) -> Self {
        self.items(values, |value| value.to_le_bytes())
    }

    /// Appends numbers of 64 bits.
    pub fn u64s(self, values: &[u64]) -> Self {
        self.items(values, |value| value.to_le_bytes())
    }

    /// Appends Q32.
    pub fn q32s(self, values: &[Q32]) -> Self {
        self.items(values, |value| value.0.to_le_bytes())
    }

    /// Returns all bytes appended.
    pub fn end(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_was_written_and_nothing_else() {
        let bytes = Writer::new(0)
            .u8(1)
            .u16s(&[2, 3])
            .u64(4)
            .u128(5)
            .q32s(&[Q32(6)])
            .u32s(&[7])
            .end();
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u8(), Some(1));
        assert_eq!(reader.u16s(2), Some(vec![2, 3]));
        assert_eq!(reader.u64(), Some(4));
        assert_eq!(reader.u128(), Some(5));
        assert_eq!(reader.q32s(1), Some(vec![Q32(6)]));
        assert_eq!(Reader(reader.0).end(()), None);
        assert_eq!(reader.u32s(1), Some(vec![7]));
        assert_eq!(reader.u8(), None);
        assert_eq!(reader.end(()), Some(()));
    }
}
