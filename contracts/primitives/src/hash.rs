//! Tagged hashes: `H(tag; a, b, ..)` is blake2_256 over the tag and fixed-width little-endian
//! fields.
//!
//! Lengths are written as `u32`, never as SCALE `Compact`, so a preimage reads one way only.

use ink::{
    env::hash::{Blake2x256, HashOutput},
    prelude::{string::String, vec::Vec},
    scale::{Encode, Output},
};

/// A blake2_256 hash.
pub type Digest = [u8; 32];

/// The kind of a hash. Each kind has a tag of its own, so that no preimage of one kind is one of
/// another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// The header of a closed epoch.
    Header,
    /// A carry between two steps.
    Carry,
    /// A scratch between two phases.
    Scratch,
    /// A step: header, number, carry and scratch.
    Step,
    /// The memory of a chunk.
    Memory,
    /// The results of a chunk.
    Results,
    /// A whole assertion.
    Assertion,
    /// A final epoch.
    Final,
    /// Committed weights.
    Weights,
    /// A proposal of governance.
    Proposal,
}

impl Tag {
    const fn bytes(self) -> &'static [u8; 8] {
        match self {
            Tag::Header => b"ink:head",
            Tag::Carry => b"ink:cary",
            Tag::Scratch => b"ink:scra",
            Tag::Step => b"ink:step",
            Tag::Memory => b"ink:memo",
            Tag::Results => b"ink:rslt",
            Tag::Assertion => b"ink:asrt",
            Tag::Final => b"ink:finl",
            Tag::Weights => b"ink:wght",
            Tag::Proposal => b"ink:prop",
        }
    }
}

/// The bytes to hash, appended one by one.
pub struct Preimage(Vec<u8>);

impl Preimage {
    /// Returns an empty preimage of kind `tag`, with room for `capacity` more bytes.
    pub fn new(tag: Tag, capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity.saturating_add(tag.bytes().len()));
        bytes.extend_from_slice(tag.bytes());
        Self(bytes)
    }

    /// Appends bytes whose length is fixed by their kind.
    pub fn fixed(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Appends one byte.
    pub fn u8(self, value: u8) -> Self {
        self.fixed(&[value])
    }

    /// Appends a `u16`.
    pub fn u16(self, value: u16) -> Self {
        self.fixed(&value.to_le_bytes())
    }

    /// Appends a `u32`.
    pub fn u32(self, value: u32) -> Self {
        self.fixed(&value.to_le_bytes())
    }

    /// Appends a `u64`.
    pub fn u64(self, value: u64) -> Self {
        self.fixed(&value.to_le_bytes())
    }

    /// Appends the number of items that follow, at most `u32::MAX`. Nothing hashed here has so
    /// many.
    pub fn len(self, items: usize) -> Self {
        self.u32(u32::try_from(items).unwrap_or(u32::MAX))
    }

    /// Appends bytes of any length, after their length.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.len(bytes.len()).fixed(bytes)
    }

    /// Returns the hash of all appended bytes.
    pub fn digest(self) -> Digest {
        blake2(&self.0)
    }

    /// Appends bytes as [`bytes`](Self::bytes) does, and returns the hash of all.
    ///
    /// Long bytes are written to ink!'s buffer only. A contract never frees memory, and has 1 MiB.
    pub fn digest_with(self, bytes: &[u8]) -> Digest {
        let head = self.len(bytes.len());
        let mut out = <Blake2x256 as HashOutput>::Type::default();
        ink::env::hash_encoded::<Blake2x256, _>(&Joined(&head.0, bytes), &mut out);
        out
    }
}

/// Two pieces of a preimage. Encoded, they are one after the other.
struct Joined<'a>(&'a [u8], &'a [u8]);

impl Encode for Joined<'_> {
    fn size_hint(&self) -> usize {
        self.0.len().saturating_add(self.1.len())
    }

    fn encode_to<T: Output + ?Sized>(&self, dest: &mut T) {
        dest.write(self.0);
        dest.write(self.1);
    }
}

/// Returns the blake2_256 hash of `bytes`. The hash of a contract's Wasm is its code hash.
pub fn blake2(bytes: &[u8]) -> Digest {
    let mut out = <Blake2x256 as HashOutput>::Type::default();
    ink::env::hash_bytes::<Blake2x256>(bytes, &mut out);
    out
}

/// Returns `bytes` as lower-case hexadecimal digits after `0x`.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2).saturating_add(2));
    text.push_str("0x");
    for byte in bytes {
        for digit in [byte >> 4, byte & 0x0f] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_has_two_digits_a_byte() {
        assert_eq!(hex(&[0, 0x0f, 0xa9]), "0x000fa9");
        assert_eq!(hex(&[]), "0x");
    }

    #[test]
    fn lengths_separate_fields() {
        let a = Preimage::new(Tag::Memory, 0)
            .bytes(b"ab")
            .bytes(b"c")
            .digest();
        let b = Preimage::new(Tag::Memory, 0)
            .bytes(b"a")
            .bytes(b"bc")
            .digest();
        assert_ne!(a, b);
    }

    #[test]
    fn long_bytes_are_hashed_as_short_ones() {
        for bytes in [&[][..], b"x", &[7; 100_000]] {
            let head = || Preimage::new(Tag::Memory, 0).u32(9);
            let expected = head().bytes(bytes).digest();
            assert_eq!(head().digest_with(bytes), expected);
        }
    }

    #[test]
    fn kinds_separate_preimages() {
        assert_ne!(
            Preimage::new(Tag::Carry, 0).bytes(b"x").digest(),
            Preimage::new(Tag::Scratch, 0).bytes(b"x").digest()
        );
    }
}
