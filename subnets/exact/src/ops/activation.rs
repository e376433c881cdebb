//! Activations.

use super::special::erf;
use core::f32::consts::FRAC_1_SQRT_2;

/// Returns `x` where it is positive, zero elsewhere.
pub fn relu(x: f32) -> f32 {
    if x > 0.0 {
        x
    } else {
        0.0
    }
}

/// Returns the GELU of `x` by the error function: `x / 2 * (1 + erf(x / sqrt(2)))`.
#[inline]
pub fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * FRAC_1_SQRT_2))
}
