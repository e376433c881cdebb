//! The rule by which the next byte is chosen: exact, so that everyone chooses the same byte.

use inktensor_exact::{ops::special::exp, rng::Rng};

/// The highest temperature, in thousandths.
pub const TEMPERATURE_LIMIT: u16 = 4000;
/// Thousandths of a temperature of one.
const THOUSANDTHS: f32 = 1000.0;
/// Weight of the likeliest byte: 2^24.
const WHOLE: f32 = 16_777_216.0;

/// The choice of bytes by their logits.
///
/// At temperature 0 it is the byte with the greatest logit, and of equal ones the lowest.
///
/// Otherwise byte `i` with the logit `l_i` has the weight
/// `floor(exp((l_i - l_max) * (1000 / temperature)) * 2^24)`, computed in `f32` in this order by
/// `inktensor-exact`. A number below the sum of weights is drawn with [`Rng::below`], one for each
/// byte. The byte is the first one whose weights up to and with its own add up to more than the
/// number.
#[derive(Clone, Debug)]
pub struct Choice {
    temperature: u16,
    rng: Rng,
}

impl Choice {
    /// Returns the choice at a temperature in thousandths, from `seed`.
    pub fn new(temperature: u16, seed: u32) -> Self {
        Self {
            temperature,
            rng: Rng::new(seed.into()),
        }
    }

    /// Returns the next byte by the logits of bytes 0, 1, .. Logits are finite, from 1 to 256 of
    /// them.
    pub fn next(&mut self, logits: &[f32]) -> u8 {
        let (mut likeliest, mut most) = (0, f32::NEG_INFINITY);
        for (byte, logit) in (0u8..=u8::MAX).zip(logits) {
            if *logit > most {
                (likeliest, most) = (byte, *logit);
            }
        }
        if self.temperature == 0 {
            return likeliest;
        }
        let scale = THOUSANDTHS / f32::from(self.temperature);
        // A conversion cuts off. At most 256 weights of 2^24 each.
        let weight = |logit: &f32| (exp((logit - most) * scale) * WHOLE) as u64;
        let sum = logits.iter().map(weight).fold(0, u64::saturating_add);
        let drawn = self.rng.below(sum);
        let mut reached = 0u64;
        for (byte, logit) in (0u8..=u8::MAX).zip(logits) {
            reached = reached.saturating_add(weight(logit));
            if reached > drawn {
                return byte;
            }
        }
        likeliest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn likeliest_byte_is_taken_at_temperature_zero_and_of_equal_ones_the_lowest() {
        for (logits, byte) in [
            (&[0.5, 2.0, 2.0, -1.0][..], 1),
            (&[-0.0, 0.0], 0),
            (&[-9.0], 0),
            (&[f32::MIN, f32::MAX, 0.0], 1),
        ] {
            assert_eq!(Choice::new(0, 7).next(logits), byte, "{logits:?}");
        }
    }

    #[test]
    fn bytes_are_drawn_by_the_rule_of_the_specification() {
        // exp(0) and exp(-1), times 2^24, cut off.
        let weights = [6_171_992u64, 16_777_216, 0];
        let logits = [1.0, 2.0, -200.0];
        let (mut choice, mut rng) = (Choice::new(1000, 5), Rng::new(5));
        for _ in 0..1000 {
            let drawn = rng.below(weights.iter().sum());
            let byte = u8::from(drawn >= weights[0]);
            assert_eq!(choice.next(&logits), byte);
        }
    }

    #[test]
    fn temperatures_spread_and_sharpen() {
        let count = |temperature| {
            let mut choice = Choice::new(temperature, 3);
            let all: Vec<u8> = (0..4000).map(|_| choice.next(&[0.0, 1.0])).collect();
            all.iter().filter(|byte| **byte == 0).count()
        };
        // 1 of 1 + e^(1 / temperature), of 4000.
        for (temperature, expected) in [(1, 0), (500, 477), (1000, 1076), (4000, 1751)] {
            let found = count(temperature);
            assert!(found.abs_diff(expected) < 120, "{temperature}: {found}");
        }
    }

    #[test]
    fn extreme_logits_have_no_weight() {
        let logits = [f32::MIN, f32::MAX, f32::MIN];
        let mut choice = Choice::new(TEMPERATURE_LIMIT, 1);
        assert!((0..100).all(|_| choice.next(&logits) == 1));
        assert_eq!(Choice::new(1, 1).next(&[3.0; 256]) as usize, {
            let drawn = Rng::new(1).below(256 << 24);
            (drawn >> 24) as usize
        });
    }
}
