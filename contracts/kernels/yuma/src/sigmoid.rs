//! Liquid alpha: the rate at which a bond follows its weight, a sigmoid of the validator's distance
//! from consensus. [1.3 and 2.5]

use crate::fixed::{low32, Q32};

/// `exp(1)` of the reference: a constant of 23 fraction bits.
const E: u64 = 11_674_931_200;
/// Largest absolute value of an exponent; others are clamped to it.
const MAX_EXPONENT: u64 = 20 << 32;

/// The curve of rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sigmoid {
    low: Q32,
    high: Q32,
    /// Minus the steepness, as signed Q32.
    slope: i64,
}

impl Sigmoid {
    /// Makes a curve from `low` to `high` (parts of 65535) of slope `steepness / 100`.
    pub fn new(low: u16, high: u16, steepness: i16) -> Self {
        // Rounded towards zero, as the reference divides.
        let slope = i64::from(steepness).wrapping_mul(-(1 << 32)) / 100;
        Self {
            low: Q32::from_u16(low),
            high: Q32::from_u16(high),
            slope,
        }
    }

    /// Returns the rate for a validator with `weight` and `bond` in a neuron on which consensus is
    /// `consensus`.
    pub fn rate(&self, consensus: Q32, weight: Q32, bond: Q32) -> Q32 {
        let distance = if weight >= bond {
            weight.minus(consensus)
        } else {
            bond.minus(weight)
        }
        .min(Q32::ONE);
        let rise = self.high.minus(self.low);
        let rate = self.low.plus(self.height(distance).times(rise));
        rate.min(self.high).max(self.low)
    }

    /// Returns `1 / (1 + exp(slope * (distance - 0.5)))`, rounded down.
    fn height(&self, distance: Q32) -> Q32 {
        let (negative, size) = self.exponent(distance);
        inverse(Q32::ONE.0.wrapping_add(exp(negative, size)))
    }

    /// Returns `slope * (distance - 0.5)`, rounded towards minus infinity and clamped, as a sign
    /// (true if negative) and an absolute value.
    fn exponent(&self, distance: Q32) -> (bool, u64) {
        const HALF: i64 = 1 << 31;
        // At most one half on either side of zero.
        let offset = i64::from(low32(distance.0 >> 1))
            .wrapping_mul(2)
            .wrapping_add(i64::from(low32(distance.0 & 1)));
        let offset = offset.wrapping_sub(HALF);
        // The slope in two parts, so that each product fits: the high one is whole, the low one
        // rounds down.
        let high = (self.slope >> 32).wrapping_mul(offset);
        let low = (self.slope & 0xFFFF_FFFF).wrapping_mul(offset) >> 32;
        let exponent = high.wrapping_add(low);
        (exponent < 0, exponent.unsigned_abs().min(MAX_EXPONENT))
    }
}

/// Computes `exp(x)` for `|x| <= 20` by the reference's series, as Q32 bits.
///
/// The series has 31 terms, each product rounded down. For a large `x` it does not converge in 31
/// terms, and results must reproduce that.
fn exp(negative: bool, x: u64) -> u64 {
    if x == 0 {
        return Q32::ONE.0;
    }
    if x == Q32::ONE.0 && !negative {
        return E;
    }
    let mut result = Q32::ONE.0.wrapping_add(x);
    let mut term = x;
    for i in 2..32u64 {
        term = product(term, x).checked_div(i).unwrap_or(0);
        if term == 0 {
            break; // And so are all that follow.
        }
        result = result.wrapping_add(term);
    }
    if negative {
        inverse(result).0
    } else {
        result
    }
}

/// Returns `a * b`, rounded down, for a product below `2^63`.
fn product(a: u64, b: u64) -> u64 {
    const LOW: u64 = 0xFFFF_FFFF;
    let (a_high, a_low, b_high, b_low) = (a >> 32, a & LOW, b >> 32, b & LOW);
    let high = a_high.wrapping_mul(b_high) << 32;
    let middle = a_high
        .wrapping_mul(b_low)
        .wrapping_add(a_low.wrapping_mul(b_high));
    high.wrapping_add(middle)
        .wrapping_add(a_low.wrapping_mul(b_low) >> 32)
}

/// Returns `1 / x`, rounded down, for `x >= 1`.
fn inverse(x: u64) -> Q32 {
    // 2^64 does not fit, 2^64 - 1 does. Both have the same quotient unless x divides 2^64.
    let quotient = u64::MAX.checked_div(x).unwrap_or(0);
    Q32(quotient.wrapping_add(u64::from(x.is_power_of_two())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the reference, subtensor-reference.md 2.5: the default curve at five distances.
    #[test]
    fn the_default_curve() {
        let curve = Sigmoid::new(45_875, 58_982, 1_000);
        let quarter = 1u64 << 30;
        let rates = [
            3_012_258_989,
            3_071_671_555,
            3_436_006_604,
            3_800_341_653,
            3_859_754_218,
        ];
        for (quarters, rate) in (0u64..).zip(rates) {
            assert_eq!(
                curve.rate(Q32::ZERO, Q32(quarters * quarter), Q32::ZERO),
                Q32(rate),
                "{quarters}"
            );
        }
    }

    #[test]
    fn distance_is_measured_from_consensus_when_buying_and_from_the_weight_when_selling() {
        let curve = Sigmoid::new(0, 65_535, 1_000);
        let at = |bits| curve.rate(Q32::ZERO, Q32(bits), Q32::ZERO);
        assert_eq!(curve.rate(Q32(100), Q32(50), Q32(40)), at(0));
        assert_eq!(curve.rate(Q32(100), Q32(150), Q32(40)), at(50));
        assert_eq!(curve.rate(Q32(100), Q32(50), Q32(90)), at(40));
    }

    #[test]
    fn exponentials_of_the_reference() {
        assert_eq!(exp(false, 0), Q32::ONE.0);
        assert_eq!(exp(false, Q32::ONE.0), E);
        assert_eq!(exp(true, MAX_EXPONENT), 8);
        assert_eq!(exp(false, MAX_EXPONENT) >> 32, 481_239_357);
    }

    #[test]
    fn bounds_the_wrong_way_round_give_the_lower_one() {
        let curve = Sigmoid::new(50_000, 10_000, 1_000);
        assert_eq!(
            curve.rate(Q32::ZERO, Q32::ONE, Q32::ZERO),
            Q32::from_u16(50_000)
        );
    }

    #[test]
    fn inverse_is_exact() {
        assert_eq!(inverse(Q32::ONE.0), Q32::ONE);
        assert_eq!(inverse(Q32::ONE.0 * 2), Q32(1 << 31));
        assert_eq!(inverse(Q32::ONE.0 * 3), Q32(0x5555_5555));
    }
}
