//! Tagged hashes: `H(tag; a, b, ..)` is blake2b-256 over the tag and fixed-width little-endian
//! fields, as the contracts hash.

use blake2b_simd::{Params, State};

/// A blake2b-256 hash.
pub type Digest = [u8; 32];

/// The kind of a hash: eight bytes at the start of the preimage. Each kind has a tag of its own, so
/// that no preimage of one kind is one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(pub &'static [u8; 8]);

/// A hash in the making. Fields are appended one by one.
#[derive(Clone)]
pub struct Hash(State);

impl Hash {
    /// Returns a hash of kind `tag` without fields.
    pub fn new(tag: Tag) -> Self {
        Self(Params::new().hash_length(32).to_state()).fixed(tag.0)
    }

    /// Appends bytes whose length is fixed by their kind.
    pub fn fixed(mut self, bytes: &[u8]) -> Self {
        self.0.update(bytes);
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

    /// Appends bytes of any length, after their length as a `u64`.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        // No machine has lengths above `u64::MAX`.
        self.u64(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            .fixed(bytes)
    }

    /// Returns the hash of all appended fields.
    pub fn digest(self) -> Digest {
        digest_of(self.0)
    }
}

/// Returns the blake2b-256 hash of `bytes` alone: the name of a blob.
pub fn blake2(bytes: &[u8]) -> Digest {
    let mut state = Params::new().hash_length(32).to_state();
    state.update(bytes);
    digest_of(state)
}

/// Returns the result of `state`, whose length is 32.
fn digest_of(state: State) -> Digest {
    let mut digest = [0; 32];
    for (to, from) in digest.iter_mut().zip(state.finalize().as_bytes()) {
        *to = *from;
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_hash_is_that_of_blake2b_256() {
        let expected = [
            0x0e, 0x57, 0x51, 0xc0, 0x26, 0xe5, 0x43, 0xb2, 0xe8, 0xab, 0x2e, 0xb0, 0x60, 0x99,
            0xda, 0xa1, 0xd1, 0xe5, 0xdf, 0x47, 0x77, 0x8f, 0x77, 0x87, 0xfa, 0xab, 0x45, 0xcd,
            0xf1, 0x2f, 0xe3, 0xa8,
        ];
        assert_eq!(blake2(b""), expected);
    }

    #[test]
    fn fields_follow_the_tag_in_little_endian() {
        let hash = Hash::new(Tag(b"ink:test"))
            .u8(1)
            .u16(0x0203)
            .u32(0x0405_0607)
            .u64(8)
            .bytes(b"ab")
            .digest();
        let preimage =
            b"ink:test\x01\x03\x02\x07\x06\x05\x04\x08\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0ab";
        assert_eq!(hash, blake2(preimage));
    }

    #[test]
    fn lengths_separate_fields() {
        let hash = |a: &[u8], b: &[u8]| Hash::new(Tag(b"ink:test")).bytes(a).bytes(b).digest();
        assert_ne!(hash(b"ab", b"c"), hash(b"a", b"bc"));
    }
}
