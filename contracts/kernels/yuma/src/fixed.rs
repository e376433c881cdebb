//! Q32: unsigned fixed point with 32 fraction bits, the number that consensus is computed in.
//!
//! Every value the rule meets lies in `0 ..= 1`, a few sums in `0 ..= neurons`. So a 64-bit
//! multiply suffices, and a division by something that divides many values becomes a multiplication
//! by its reciprocal and one exact correction. There is no 128-bit arithmetic in here but for whole
//! stakes.
//!
//! Operations wrap. Within their stated domain nothing wraps; a forged carry may leave the domain,
//! and then the result is a wrong number and never a trap.
//! Source: subtensor-reference.md 1.2 to 1.4.

/// A fixed-point number, `bits / 2^32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Q32(pub u64);

impl Q32 {
    /// Nothing.
    pub const ZERO: Q32 = Q32(0);
    /// One whole.
    pub const ONE: Q32 = Q32(1 << 32);

    /// `share / 65535`, rounded down.
    pub const fn from_u16(share: u16) -> Self {
        // 2^32 = 65535 * 65537 + 1, so only the whole itself has more than the product.
        Q32((share as u64)
            .wrapping_mul(65_537)
            .wrapping_add((share == u16::MAX) as u64))
    }

    /// As parts of 65535, rounded down; more than one counts as one.
    pub const fn to_u16(self) -> u16 {
        if self.0 > Self::ONE.0 {
            u16::MAX
        } else {
            self.share_to_u16()
        }
    }

    /// As parts of 65535, rounded down; at most one.
    #[inline(always)]
    pub const fn share_to_u16(self) -> u16 {
        low16(self.0.wrapping_mul(65_535) >> 32)
    }

    /// The sum.
    #[inline(always)]
    pub const fn plus(self, other: Self) -> Self {
        Q32(self.0.wrapping_add(other.0))
    }

    /// The difference, zero if `other` is larger.
    #[inline(always)]
    pub const fn minus(self, other: Self) -> Self {
        Q32(self.0.saturating_sub(other.0))
    }

    /// The product of two factors of at most one, rounded down.
    #[inline(always)]
    pub const fn times(self, other: Self) -> Self {
        // 1.0 * 1.0 is the only product that does not fit: it wraps to zero, and the second term
        // restores it.
        Q32((self.0.wrapping_mul(other.0) >> 32) | ((self.0 & Self::ONE.0) & other.0))
    }

    /// The product of a factor below one with one of at most one, rounded up.
    #[inline(always)]
    pub const fn times_up(self, other: Self) -> Self {
        Q32(self.0.wrapping_mul(other.0).wrapping_add(0xFFFF_FFFF) >> 32)
    }

    /// This share of `amount`, rounded down; at most one.
    pub const fn of(self, amount: u64) -> u64 {
        let high = self.0.wrapping_mul(amount >> 32);
        let low = self.0.wrapping_mul(amount & 0xFFFF_FFFF) >> 32;
        high.wrapping_add(low)
    }
}

/// The low 16 bits.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // That is the purpose.
pub const fn low16(bits: u64) -> u16 {
    bits as u16
}

/// The low 32 bits.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // That is the purpose.
pub const fn low32(bits: u64) -> u32 {
    bits as u32
}

/// A whole that many parts are divided by.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    sum: u64,
    /// `floor((2^64 - 1) / sum)`.
    reciprocal: u64,
}

impl Whole {
    /// Prepares division by `sum`. The share of nothing in nothing is nothing.
    #[inline(always)]
    pub const fn new(sum: u64) -> Self {
        match u64::MAX.checked_div(sum) {
            Some(reciprocal) => Self { sum, reciprocal },
            None => Self {
                sum: u64::MAX,
                reciprocal: 0,
            },
        }
    }

    /// `part / sum`, rounded down, for `part <= min(sum, 2^32)`.
    #[inline(always)]
    pub const fn share(&self, part: u64) -> Q32 {
        // The reciprocal falls short of 2^64 / sum by at most 1, hence the estimate by at most part
        // / 2^32 <= 1.
        let estimate = part.wrapping_mul(self.reciprocal) >> 32;
        let rest = (part << 32).wrapping_sub(estimate.wrapping_mul(self.sum));
        Q32(estimate.wrapping_add((rest >= self.sum) as u64))
    }

    /// `part / sum`, rounded down, for `part <= min(sum, 2^33)`.
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

/// A sum of 16-bit parts that each of them is divided by, at the price of a multiplication.
///
/// The reciprocal has 48 bits and is rounded to the nearest; where that is down, a correction that
/// does not depend on the part makes up for it. With `b` the bits of the sum and `k = 47 + b`, let
/// `m * sum = 2^k + e`, `|e| <= sum / 2`. Then `part * m / 2^(k-32)` misses the quotient `part *
/// 2^32 / sum` by `part * e / (sum * 2^(k-32))`:
///
/// * `e >= 0`: too much, by less than `2^16 * sum / 2 / (sum * 2^(15+b)) = 2^-b < 1 / sum`, and a
///   quotient is never nearer to the next whole number than that;
/// * `e < 0`: too little, by at most `2^15 / 2^(k-32)`. Adding just that makes it at least the
///   quotient, and again too much by at most `2^-b < 1 / sum`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    reciprocal: u64,
    correction: u64,
    shift: u32,
}

impl Tally {
    /// Prepares division by `sum`. The share of nothing in nothing is nothing.
    pub const fn new(sum: u32) -> Self {
        let sum = sum as u64;
        // 2^k does not fit, so it is divided in two goes: its upper 63 bits, and the rest of that.
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

    /// `part / sum`, rounded down, for `part <= sum`.
    #[inline(always)]
    pub const fn share(&self, part: u16) -> Q32 {
        let product = (part as u64).wrapping_mul(self.reciprocal);
        Q32(product
            .wrapping_add(self.correction)
            .wrapping_shr(self.shift))
    }
}

/// Divides each of `parts` by their sum, rounded down; leaves them if the sum is zero.
pub fn normalise(parts: &mut [Q32]) {
    let whole = Whole::new(sum(parts).0);
    for part in parts {
        *part = whole.share(part.0);
    }
}

/// The sum of `parts`.
pub fn sum(parts: &[Q32]) -> Q32 {
    parts.iter().fold(Q32::ZERO, |sum, part| sum.plus(*part))
}

/// The sum of all stakes, which each neuron's stake is divided by.
#[derive(Clone, Copy, Debug)]
pub enum TotalStake {
    /// Below `2^60`, as any stake in TAO is: 64-bit arithmetic suffices.
    Small {
        /// The sum.
        total: u64,
        /// Bits to drop so that 32 are left.
        drop: u32,
        /// `floor((2^64 - 1) / upper)` with `upper` one more than what is left of the sum.
        reciprocal: u64,
    },
    /// Anything else.
    Large(u128),
}

impl TotalStake {
    /// Prepares division by `total`.
    pub fn new(total: u128) -> Self {
        match u64::try_from(total) {
            Ok(small) if (1..1 << 60).contains(&small) => {
                let drop = 32u32.saturating_sub(small.leading_zeros());
                let upper = (small >> drop).wrapping_add(1);
                Self::Small {
                    total: small,
                    drop,
                    reciprocal: u64::MAX.checked_div(upper).unwrap_or(0),
                }
            }
            _ => Self::Large(total),
        }
    }

    /// `stake / total`, rounded down, for `stake <= total`.
    ///
    /// The reference divides in 64.64 and drops 32 bits; rounding down twice is rounding down once.
    pub fn share(&self, stake: u64) -> Q32 {
        match *self {
            Self::Small {
                total,
                drop,
                reciprocal,
            } => {
                // Too little, since stake and reciprocal were rounded down; by less than 8, so the
                // rest fits 64 bits.
                let estimate = (stake >> drop).wrapping_mul(reciprocal) >> 32;
                let rest = (stake << 32).wrapping_sub(estimate.wrapping_mul(total));
                Q32(estimate.wrapping_add(rest.checked_div(total).unwrap_or(0)))
            }
            Self::Large(total) => {
                let share = (u128::from(stake) << 32).checked_div(total).unwrap_or(0);
                Q32(u64::try_from(share).unwrap_or(Q32::ONE.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_times_one_is_one() {
        assert_eq!(Q32::ONE.times(Q32::ONE), Q32::ONE);
        assert_eq!(Q32::ONE.times(Q32(7)), Q32(7));
        assert_eq!(Q32(7).times(Q32::ONE), Q32(7));
        assert_eq!(Q32::ONE.times(Q32::ZERO), Q32::ZERO);
    }

    #[test]
    fn shares_at_the_edges() {
        assert_eq!(Whole::new(0).share(0), Q32::ZERO);
        assert_eq!(Whole::new(1).share(1), Q32::ONE);
        assert_eq!(Whole::new(Q32::ONE.0).share(Q32::ONE.0), Q32::ONE);
        assert_eq!(Whole::new(3).share(1), Q32(0x5555_5555));
        assert_eq!(Whole::new(1 << 33).share_of_sum(1 << 33), Q32::ONE);
    }

    #[test]
    fn every_u16_survives_the_way_there() {
        for share in 0..=u16::MAX {
            assert_eq!(
                u128::from(Q32::from_u16(share).0),
                (u128::from(share) << 32) / 65_535
            );
        }
        assert_eq!(Q32::ONE.to_u16(), u16::MAX);
        assert_eq!(Q32(Q32::ONE.0 - 1).to_u16(), 65_534);
        assert_eq!(Q32(u64::MAX).to_u16(), u16::MAX);
    }

    /// Values around powers of two and ends of the range, where rounding goes wrong if it does.
    fn upto(limit: u64) -> impl Strategy<Value = u64> {
        prop_oneof![
            0..=limit,
            (0u32..64, 0u64..5).prop_map(move |(shift, off)| ((1u64 << shift)
                .wrapping_add(off)
                .wrapping_sub(2))
            .min(limit)),
            (0u64..5).prop_map(move |off| limit.saturating_sub(off)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn times_is_exact(a in upto(1 << 32), b in upto(1 << 32)) {
            let product = u128::from(a) * u128::from(b);
            prop_assert_eq!(u128::from(Q32(a).times(Q32(b)).0), product >> 32);
            if a < 1 << 32 {
                prop_assert_eq!(u128::from(Q32(a).times_up(Q32(b)).0), product.div_ceil(1 << 32));
            }
        }

        #[test]
        fn share_is_exact(part in upto(1 << 32), more in upto(1 << 50)) {
            let sum = part + more;
            let exact = (u128::from(part) << 32).checked_div(u128::from(sum)).unwrap_or(0);
            prop_assert_eq!(u128::from(Whole::new(sum).share(part).0), exact);
        }

        #[test]
        fn share_of_sum_is_exact(part in upto(1 << 33), more in upto(1 << 50)) {
            let sum = part + more;
            let exact = (u128::from(part) << 32).checked_div(u128::from(sum)).unwrap_or(0);
            prop_assert_eq!(u128::from(Whole::new(sum).share_of_sum(part).0), exact);
        }

        #[test]
        fn share_of_a_tally_is_exact(part in 0..=u16::MAX, more in upto(u64::from(u32::MAX - 65_535))) {
            let sum = low32(u64::from(part) + more);
            let exact = (u64::from(part) << 32).checked_div(u64::from(sum)).unwrap_or(0);
            prop_assert_eq!(Tally::new(sum).share(part).0, exact);
        }

        #[test]
        fn share_of_a_tally_is_exact_where_it_is_whole(sum in upto(1 << 28), times in 1u64..=65_535) {
            // Parts whose quotient is, or is next to, a whole number.
            let sum = sum.max(1);
            let part = sum.min(65_535) / times;
            for part in [part.saturating_sub(1), part, part + 1].map(|part| part.min(sum).min(65_535)) {
                let exact = (part << 32) / sum;
                prop_assert_eq!(Tally::new(low32(sum)).share(low16(part)).0, exact);
            }
        }

        #[test]
        fn of_is_exact(share in upto(1 << 32), amount in upto(u64::MAX)) {
            let exact = (u128::from(share) * u128::from(amount)) >> 32;
            prop_assert_eq!(u128::from(Q32(share).of(amount)), exact);
        }

        #[test]
        fn stake_is_divided_in_64_64(stake in upto(u64::MAX >> 1), more in upto(u64::MAX >> 1)) {
            let total = u128::from(stake) + u128::from(more);
            let exact = if total == 0 { 0 } else {
                // floor(stake * 2^64 / total) by long division, then 32 bits dropped.
                let whole = u128::from(stake) / total;
                let high = ((u128::from(stake) % total) << 32) / total;
                (whole << 32) + high
            };
            prop_assert_eq!(u128::from(TotalStake::new(total).share(stake).0), exact);
        }
    }
}
