//! A share of a row in 32 bits.

use crate::fixed::{low32, Q32};

/// A share of a row, or a consensus of such shares, in 32 bits. 1.0 is the largest number.
///
/// A row sum has at most 28 bits. So a share below 1.0 is at most `1 - 2^-28`, the largest 32-bit
/// number stands for 1.0 alone, and the order of scores is that of shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(pub u32);

impl Score {
    /// All of a row.
    pub const ONE: Score = Score(u32::MAX);

    /// Converts `share` to 32 bits.
    #[inline(always)]
    pub const fn new(share: Q32) -> Self {
        Score(low32(share.0.wrapping_sub(share.0 >> 32)))
    }

    /// Returns the share.
    #[inline(always)]
    pub const fn share(self) -> Q32 {
        Q32((self.0 as u64).wrapping_add((self.0 == u32::MAX) as u64))
    }

    /// Returns the share of a score that is known not to be [`Score::ONE`].
    #[inline(always)]
    pub const fn below_one(self) -> Q32 {
        Q32(self.0 as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_shares() {
        for bits in [0, 16, (1 << 32) - 16, 1 << 32] {
            assert_eq!(Score::new(Q32(bits)).share(), Q32(bits));
        }
        assert!(Score::new(Q32((1 << 32) - 16)) < Score::new(Q32::ONE));
    }
}
