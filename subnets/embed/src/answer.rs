//! Answers: vectors in whole thousandths.

use alloc::vec::Vec;

use inktensor_exact::bert::WIDTH_LIMIT;
use inktensor_task::Body;
use serde::{Deserialize, Serialize};

/// The most thousandths by which a component of a right answer is off.
///
/// Of 40 texts with MiniLM, `f32` with another order of additions is off by 1 at most, weights in
/// `f16` by 1, in `bf16` by 2 (half of the texts pass), in 8 bits by up to 23 (none passes), and
/// without the last layer by up to 696: `tests/recorded/minilm.json`.
pub const TOLERANCE: u16 = 1;
/// Adding 1.5 times 2^23 to a value below 2^22 rounds it to a whole number, halves to even.
const ROUNDING: f32 = 12_582_912.0;

/// The vector of a text, of length one, in whole thousandths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// One component for each of the model's.
    pub answer: Vec<i16>,
}

impl Body for Answer {
    /// Room for the widest model, each component as long as `-32768,`.
    const MAX_BYTES: usize = 7 * WIDTH_LIMIT + "{\"answer\":[]}".len();
}

impl Answer {
    /// Returns the answer that `vector` rounds to, halves to the even neighbor.
    ///
    /// A component of a vector of length one is from -1 to 1. Others are cut to what `i16` holds.
    pub fn rounded(vector: &[f32]) -> Self {
        Self {
            answer: vector
                .iter()
                .map(|component| thousandths(*component))
                .collect(),
        }
    }

    /// Returns true if both have as many components and none differs by more than [`TOLERANCE`].
    pub fn agrees_with(&self, other: &Self) -> bool {
        let close = |(a, b): (&i16, &i16)| a.abs_diff(*b) <= TOLERANCE;
        self.answer.len() == other.answer.len() && self.answer.iter().zip(&other.answer).all(close)
    }

    /// Returns the cosine of the angle between two texts' vectors in parts of a million: near a
    /// million for one meaning, near zero for unrelated ones.
    pub fn similarity(&self, other: &Self) -> i32 {
        let products = self.answer.iter().zip(&other.answer);
        let sum: i64 = products
            .map(|(a, b)| i64::from(*a).saturating_mul((*b).into()))
            .fold(0, i64::saturating_add);
        i32::try_from(sum.clamp(i32::MIN.into(), i32::MAX.into())).unwrap_or_default()
    }
}

fn thousandths(component: f32) -> i16 {
    let scaled = (component * 1000.0).clamp(i16::MIN.into(), i16::MAX.into());
    let rounded = (scaled + ROUNDING).to_bits().cast_signed();
    let whole = rounded.wrapping_sub(ROUNDING.to_bits().cast_signed());
    // The clamp keeps it within `i16`.
    i16::try_from(whole).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn components_are_rounded_to_the_nearest_thousandth() {
        let vector = [
            0.0, 0.0004, 0.0006, -0.0006, 1.0, -1.0, 0.123_49, 40.0, -40.0,
        ];
        let expected = [0, 0, 1, -1, 1000, -1000, 123, i16::MAX, i16::MIN];
        assert_eq!(Answer::rounded(&vector).answer, expected);
        // 125 / 2000 and 375 / 2000 are exact halves.
        assert_eq!(Answer::rounded(&[0.0625, 0.1875]).answer, [62, 188]);
    }

    #[test]
    fn answers_agree_within_one_thousandth() {
        let answer = |components: &[i16]| Answer {
            answer: components.to_vec(),
        };
        let ours = answer(&[0, 5, -5]);
        for (theirs, agrees) in [
            (answer(&[0, 5, -5]), true),
            (answer(&[1, 4, -6]), true),
            (answer(&[2, 5, -5]), false),
            (answer(&[0, 5, -7]), false),
            (answer(&[0, 5]), false),
            (answer(&[0, 5, -5, 0]), false),
            (answer(&[i16::MIN, i16::MAX, 0]), false),
        ] {
            assert_eq!(ours.agrees_with(&theirs), agrees, "{theirs:?}");
        }
    }

    #[test]
    fn longest_answer_fits_its_limit() {
        let longest = Answer {
            answer: vec![i16::MIN; WIDTH_LIMIT],
        };
        assert_eq!(longest.to_json().unwrap().len(), Answer::MAX_BYTES - 1);
        assert_eq!(longest.similarity(&longest), i32::MAX);
    }

    proptest! {
        #[test]
        fn rounding_is_that_of_f64(component in -1.0_f32..=1.0) {
            let exact = f64::from(component * 1000.0).round_ties_even();
            prop_assert_eq!(f64::from(thousandths(component)), exact);
        }
    }
}
