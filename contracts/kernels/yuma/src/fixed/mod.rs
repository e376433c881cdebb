//! Q32: unsigned fixed point with 32 fraction bits, the number that consensus is computed in.
//!
//! Every value of the rule lies in `0 ..= 1`, a few sums in `0 ..= neurons`. So a 64-bit multiply
//! suffices. A divisor of many values becomes a reciprocal: each division is then a multiplication
//! and one exact correction. Only whole stakes use 128-bit arithmetic.
//!
//! Operations wrap. Within their stated domain nothing wraps. A forged carry may leave the domain:
//! then the result is a wrong number and never a trap.
//! Source: subtensor-reference.md 1.2 to 1.4.

/// A fixed-point number, `bits / 2^32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Q32(pub u64);

impl Q32 {
    /// Zero.
    pub const ZERO: Q32 = Q32(0);
    /// One.
    pub const ONE: Q32 = Q32(1 << 32);

    /// Returns `share / 65535`, rounded down.
    pub const fn from_u16(share: u16) -> Self {
        // 2^32 = 65535 * 65537 + 1, so only the whole itself is more than the product.
        Q32((share as u64)
            .wrapping_mul(65_537)
            .wrapping_add((share == u16::MAX) as u64))
    }

    /// Converts to parts of 65535, rounded down. A value above one counts as one.
    pub const fn to_u16(self) -> u16 {
        if self.0 > Self::ONE.0 {
            u16::MAX
        } else {
            self.share_to_u16()
        }
    }

    /// Converts a value of at most one to parts of 65535, rounded down.
    #[inline(always)]
    pub const fn share_to_u16(self) -> u16 {
        low16(self.0.wrapping_mul(65_535) >> 32)
    }

    /// Returns the sum.
    #[inline(always)]
    pub const fn plus(self, other: Self) -> Self {
        Q32(self.0.wrapping_add(other.0))
    }

    /// Returns the difference, or zero if `other` is larger.
    #[inline(always)]
    pub const fn minus(self, other: Self) -> Self {
        Q32(self.0.saturating_sub(other.0))
    }

    /// Returns the product of two factors of at most one, rounded down.
    #[inline(always)]
    pub const fn times(self, other: Self) -> Self {
        // 1.0 * 1.0 is the only product that does not fit: it wraps to zero, and the second term
        // restores it.
        Q32((self.0.wrapping_mul(other.0) >> 32) | ((self.0 & Self::ONE.0) & other.0))
    }

    /// Returns the product of a factor below one and a factor of at most one, rounded up.
    #[inline(always)]
    pub const fn times_up(self, other: Self) -> Self {
        Q32(self.0.wrapping_mul(other.0).wrapping_add(0xFFFF_FFFF) >> 32)
    }

    /// Returns this share of `amount`, rounded down, for a share of at most one.
    pub const fn of(self, amount: u64) -> u64 {
        let high = self.0.wrapping_mul(amount >> 32);
        let low = self.0.wrapping_mul(amount & 0xFFFF_FFFF) >> 32;
        high.wrapping_add(low)
    }
}

/// Returns the low 16 bits.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // That is the purpose.
pub const fn low16(bits: u64) -> u16 {
    bits as u16
}

/// Returns the low 32 bits.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // That is the purpose.
pub const fn low32(bits: u64) -> u32 {
    bits as u32
}

/// A divisor of many parts, each at most the divisor.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    sum: u64,
    /// `floor((2^64 - 1) / sum)`.
    reciprocal: u64,
}

impl Whole {
    /// The divisor zero. A division by it returns zero.
    pub const NOTHING: Self = Self {
        sum: u64::MAX,
        reciprocal: 0,
    };

    /// Prepares division by `sum`. A division by zero returns zero.
    #[inline(always)]
    pub const fn new(sum: u64) -> Self {
        match u64::MAX.checked_div(sum) {
            Some(reciprocal) => Self { sum, reciprocal },
            None => Self::NOTHING,
        }
    }

    /// Returns `part / sum`, rounded down, for `part <= min(sum, 2^32)`.
    #[inline(always)]
    pub const fn share(&self, part: u64) -> Q32 {
        // The reciprocal falls short of 2^64 / sum by at most 1, hence the estimate by at most part
        // / 2^32 <= 1.
        let estimate = part.wrapping_mul(self.reciprocal) >> 32;
        let rest = (part << 32).wrapping_sub(estimate.wrapping_mul(self.sum));
        Q32(estimate.wrapping_add((rest >= self.sum) as u64))
    }

    /// Returns `part / sum`, rounded down, for `part <= min(sum, 2^33)`.
    pub const fn share_of_sum(&self, part: u64) -> Q32 {
        // As above, and twice as much part makes twice the error.
        let estimate = part.wrapping_mul(self.reciprocal) >> 32;
        let rest = (part << 32).wrapping_sub(estimate.wrapping_mul(self.sum));
        let one_more = rest >= self.sum;
        let two_more = one_more && rest.wrapping_sub(self.sum) >= self.sum;
        Q32(estimate
            .wrapping_add(one_more as u64)
            .wrapping_add(two_more as u64))
    }
}

/// A divisor of 16-bit parts, each at most the divisor. A division costs one multiplication.
///
/// The reciprocal has 48 bits and is rounded to the nearest. Where that is down, a correction that
/// does not depend on the part makes up for it. With `b` the bits of the sum and `k = 47 + b`, let
/// `m * sum = 2^k + e`, `|e| <= sum / 2`. Then `part * m / 2^(k-32)` misses the quotient `part *
/// 2^32 / sum` by `part * e / (sum * 2^(k-32))`:
///
/// * `e >= 0`: too much, by less than `2^16 * sum / 2 / (sum * 2^(15+b)) = 2^-b < 1 / sum`, and a
///   quotient is never nearer to the next whole number than that;
/// * `e < 0`: too little, by at most `2^15 / 2^(k-32)`. Adding just that makes it at least the
///   quotient, and again too much by at most `2^-b < 1 / sum`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    reciprocal: u64,
    correction: u64,
    shift: u32,
}

impl Tally {
    /// Prepares division by `sum`. A division by zero returns zero.
    pub const fn new(sum: u32) -> Self {
        let sum = sum as u64;
        // 2^k does not fit, so it is divided in two steps: its upper 63 bits, then the rest.
        let bits = 64u32.wrapping_sub(sum.leading_zeros());
        let lower = bits.saturating_sub(16);
        let upper = 1u64 << 47u32.wrapping_add(bits).wrapping_sub(lower);
        let (Some(high), Some(rest)) = (upper.checked_div(sum), upper.checked_rem(sum)) else {
            return Self {
                reciprocal: 0,
                correction: 0,
                shift: 0,
            };
        };
        let rest = rest << lower;
        let (Some(low), Some(rest)) = (rest.checked_div(sum), rest.checked_rem(sum)) else {
            return Self {
                reciprocal: 0,
                correction: 0,
                shift: 0,
            };
        };
        let down = (high << lower).wrapping_add(low);
        let shift = 15u32.wrapping_add(bits);
        if rest.wrapping_mul(2) < sum {
            Self {
                reciprocal: down,
                correction: 1 << 15,
                shift,
            }
        } else {
            Self {
                reciprocal: down.wrapping_add(1),
                correction: 0,
                shift,
            }
        }
    }

    /// Returns `part / sum`, rounded down, for `part <= sum`.
    #[inline(always)]
    pub const fn share(&self, part: u16) -> Q32 {
        let product = (part as u64).wrapping_mul(self.reciprocal);
        Q32(product
            .wrapping_add(self.correction)
            .wrapping_shr(self.shift))
    }
}

/// Divides each of `parts` by their sum, rounded down. Does nothing if the sum is zero.
pub fn normalize(parts: &mut [Q32]) {
    let whole = Whole::new(sum(parts).0);
    for part in parts {
        *part = whole.share(part.0);
    }
}

/// Returns the sum of `parts`.
pub fn sum(parts: &[Q32]) -> Q32 {
    parts.iter().fold(Q32::ZERO, |sum, part| sum.plus(*part))
}

/// Adds each of `parts` to the sum in the same place.
pub fn add(sums: &mut [Q32], parts: &[Q32]) {
    for (sum, part) in sums.iter_mut().zip(parts) {
        *sum = sum.plus(*part);
    }
}

/// The sum of all stakes, the divisor of each neuron's stake.
#[derive(Clone, Copy, Debug)]
pub enum TotalStake {
    /// A sum below `2^60`, as any stake in TAO is. 64-bit arithmetic suffices.
    Small {
        /// Returns the sum.
        total: u64,
        /// Number of low bits to drop so that 32 are left.
        drop: u32,
        /// `floor((2^64 - 1) / upper)`, where `upper` is the bits that are left, and one more if
        /// any bit is dropped.
        reciprocal: u64,
    },
    /// Any other sum.
    Large(u128),
}

impl TotalStake {
    /// Prepares division by `total`.
    pub fn new(total: u128) -> Self {
        match u64::try_from(total) {
            Ok(small) if (1..1 << 60).contains(&small) => {
                let drop = 32u32.saturating_sub(small.leading_zeros());
                let upper = (small >> drop).wrapping_add(u64::from(drop > 0));
                Self::Small {
                    total: small,
                    drop,
                    reciprocal: u64::MAX.checked_div(upper).unwrap_or(0),
                }
            }
            _ => Self::Large(total),
        }
    }

    /// Returns `stake / total`, rounded down, for `stake <= total`.
    ///
    /// The reference divides in 64.64 and drops 32 bits. Rounding down twice is rounding down once.
    #[inline(always)]
    pub fn share(&self, stake: u64) -> Q32 {
        match *self {
            Self::Small {
                total,
                drop,
                reciprocal,
            } => {
                // Too little by less than 8, since stake and reciprocal were rounded down. So the
                // rest fits 64 bits.
                let mut share = (stake >> drop).wrapping_mul(reciprocal) >> 32;
                let mut rest = (stake << 32).wrapping_sub(share.wrapping_mul(total));
                for more in [4, 2, 1] {
                    let part = total.wrapping_mul(more);
                    let fits = rest >= part;
                    rest = rest.wrapping_sub(if fits { part } else { 0 });
                    share = share.wrapping_add(if fits { more } else { 0 });
                }
                Q32(share)
            }
            Self::Large(total) => {
                let share = (u128::from(stake) << 32).checked_div(total).unwrap_or(0);
                Q32(u64::try_from(share).unwrap_or(Q32::ONE.0))
            }
        }
    }
}

#[cfg(test)]
mod tests;
