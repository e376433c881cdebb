//! AdamW: descent by moving averages of the gradient and of its square.

use crate::{error::need, ops::special::sqrt, ExactError};

/// The recipe of a descent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Learning rate.
    pub rate: f32,
    /// Part of the first moment that a step keeps.
    pub first_kept: f32,
    /// Part of the second moment that a step keeps.
    pub second_kept: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Part of a weight that a step removes, times the learning rate.
    pub decay: f32,
}

impl AdamW {
    /// A recipe for small models: rate 0.003, moments of 0.9 and 0.99, no decay.
    pub const SMALL: Self = Self {
        rate: 3e-3,
        first_kept: 0.9,
        second_kept: 0.99,
        epsilon: 1e-8,
        decay: 0.0,
    };

    /// Changes `weights` and both moments by `gradient`. `step` is the number of this step, from
    /// one on.
    ///
    /// With `m` and `v` the moments, each divided by one less its kept part to the power of `step`,
    /// a weight `w` loses `rate * (m / (sqrt(v) + epsilon) + decay * w)`.
    ///
    /// # Errors
    /// `Size` if the lengths differ.
    pub fn step(
        &self,
        step: u32,
        gradient: &[f32],
        weights: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
    ) -> Result<(), ExactError> {
        need("a gradient", gradient.len(), weights.len())?;
        need("first moments", first.len(), weights.len())?;
        need("second moments", second.len(), weights.len())?;
        let first_new = 1.0 - self.first_kept;
        let second_new = 1.0 - self.second_kept;
        let first_scale = 1.0 / (1.0 - power(self.first_kept, step));
        let second_scale = 1.0 / (1.0 - power(self.second_kept, step));
        let moments = first.iter_mut().zip(second);
        for ((weight, gradient), (first, second)) in weights.iter_mut().zip(gradient).zip(moments) {
            *first = self.first_kept * *first + first_new * gradient;
            *second = self.second_kept * *second + second_new * (gradient * gradient);
            let size = sqrt(*second * second_scale) + self.epsilon;
            let direction = *first * first_scale / size + self.decay * *weight;
            *weight -= self.rate * direction;
        }
        Ok(())
    }
}

/// Returns `base` to the power of `exponent`, by squares from the lowest bit on.
fn power(base: f32, exponent: u32) -> f32 {
    let (mut result, mut square, mut rest) = (1.0, base, exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            result *= square;
        }
        square *= square;
        rest >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_is_repeated_multiplication() {
        assert_eq!(power(0.9, 0), 1.0);
        assert_eq!(power(0.5, 10), 1.0 / 1024.0);
        let right = 0.99f64.powi(1000);
        assert!((f64::from(power(0.99, 1000)) - right).abs() / right < 1e-4);
        assert_eq!(power(0.9, u32::MAX), 0.0);
    }

    #[test]
    fn first_step_moves_each_weight_by_the_rate_against_its_gradient() {
        let (mut weights, gradient) = ([1.0, 1.0, 1.0], [0.5, -2.0, 0.0]);
        let (mut first, mut second) = ([0.0; 3], [0.0; 3]);
        let recipe = AdamW::SMALL;
        recipe
            .step(1, &gradient, &mut weights, &mut first, &mut second)
            .unwrap();
        for (weight, right) in weights.iter().zip([0.997f32, 1.003, 1.0]) {
            assert!((weight - right).abs() < 1e-6, "{weights:?}");
        }
    }

    #[test]
    fn steps_agree_with_the_formula_in_f64() {
        let recipe = AdamW {
            decay: 0.1,
            ..AdamW::SMALL
        };
        let (mut weights, mut first, mut second) = ([0.7f32], [0.0], [0.0]);
        let (mut w, mut m, mut v) = (f64::from(weights[0]), 0.0f64, 0.0f64);
        for step in 1..=50u32 {
            let gradient = 0.3 - 0.02 * step as f32;
            recipe
                .step(step, &[gradient], &mut weights, &mut first, &mut second)
                .unwrap();
            let g = f64::from(gradient);
            m = 0.9 * m + 0.1 * g;
            v = 0.99 * v + 0.01 * g * g;
            let exponent = i32::try_from(step).unwrap();
            let (mh, vh) = (
                m / (1.0 - 0.9f64.powi(exponent)),
                v / (1.0 - 0.99f64.powi(exponent)),
            );
            w -= 0.003 * (mh / (vh.sqrt() + 1e-8) + 0.1 * w);
        }
        assert!(
            (f64::from(weights[0]) - w).abs() < 1e-5,
            "{} {w}",
            weights[0]
        );
    }

    #[test]
    fn lengths_that_differ_are_refused() {
        let refusal = AdamW::SMALL.step(1, &[0.0], &mut [0.0; 2], &mut [0.0; 2], &mut [0.0; 2]);
        assert_eq!(
            refusal,
            Err(ExactError::Size {
                what: "a gradient",
                size: 1,
                needed: 2
            })
        );
    }
}
