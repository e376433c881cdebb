//! The hash of a program's results.

/// FNV-1a over words of 32 bits. It is to notice accidents, not attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    /// Returns the hash of nothing.
    pub fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a word.
    pub fn word(&mut self, word: u32) {
        self.0 = (self.0 ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3);
    }

    /// Adds the bits of values. Values that are not a number count as one: their bits are free.
    pub fn values(&mut self, values: &[f32]) {
        for value in values {
            self.word(if value.is_nan() {
                0x7fc0_0000
            } else {
                value.to_bits()
            });
        }
    }

    /// Returns the hash.
    pub fn finish(self) -> u64 {
        self.0
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}
