//! Exponential, logarithm, error function and square root.
//!
//! All but the square root are polynomials, fitted by Chebyshev nodes in 40 digits. They have no
//! table and no branch that depends on a value, so loops over them become vector loops.

use core::f32::consts::{FRAC_2_SQRT_PI, LOG2_E, SQRT_2};

/// Adding 1.5 times 2^23 to a value below 2^22 leaves its nearest integer in the low bits.
const ROUNDER: f32 = 12_582_912.0;
/// The high part of the logarithm of two. Its product with an exponent is exact.
const LN_2_HIGH: f32 = 355.0 / 512.0;
/// The high part of the logarithm of two less the logarithm.
const LN_2_LOW: f32 = 2.121_944_4e-4;
/// Inputs below this have an exponential of zero.
pub const EXP_LEAST: f32 = -87.0;
/// Inputs above this have the exponential of this value.
pub const EXP_MOST: f32 = 88.0;

/// Returns the exponential of `x`, with a relative error below 1.2e-7.
///
/// It is zero below [`EXP_LEAST`], and stays at its largest value above [`EXP_MOST`].
#[inline]
pub fn exp(x: f32) -> f32 {
    let within = if x > EXP_MOST { EXP_MOST } else { x };
    let within = if within < EXP_LEAST {
        EXP_LEAST
    } else {
        within
    };
    let rounded = within * LOG2_E + ROUNDER;
    let exponent = rounded - ROUNDER;
    let rest = within - exponent * LN_2_HIGH + exponent * LN_2_LOW;
    let terms = [
        0.001_392_637_6,
        0.008_363_333,
        0.041_666_553,
        0.166_665_76,
        0.5,
    ];
    let value = 1.0 + rest + rest * rest * polynomial(&terms, rest);
    // The bits of ROUNDER vanish by the shift.
    let power = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    if x < EXP_LEAST {
        0.0
    } else {
        value * power
    }
}

/// Returns the natural logarithm of `x`, with an error below 1.2e-7 of the larger of it and one.
///
/// It is negative infinity at zero and not a number below zero.
#[inline]
pub fn ln(x: f32) -> f32 {
    /// 2^23, which makes the smallest positive value a normal one.
    const NORMALIZER: f32 = 8_388_608.0;
    let small = x < f32::MIN_POSITIVE;
    let bits = if small { x * NORMALIZER } else { x }.to_bits();
    let biased = (bits >> 23) & 0xff;
    let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
    let high = mantissa > SQRT_2;
    let mantissa = if high { mantissa * 0.5 } else { mantissa };
    // At most 255, so exact.
    let exponent = biased as f32 - 127.0 + if high { 1.0 } else { 0.0 };
    let exponent = if small { exponent - 23.0 } else { exponent };
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let terms = [0.233_368_11, 0.285_505_87, 0.400_001_24, 0.666_666_7];
    let rest = 2.0 * ratio + ratio * square * polynomial(&terms, square);
    let value = exponent * LN_2_HIGH + (rest - exponent * LN_2_LOW);
    if x > 0.0 && x < f32::INFINITY {
        value
    } else if x == 0.0 {
        f32::NEG_INFINITY
    } else if x > 0.0 {
        f32::INFINITY
    } else {
        f32::NAN
    }
}

/// Returns the error function of `x`, with an error below 1.6e-7.
#[inline]
pub fn erf(x: f32) -> f32 {
    /// The error function is one from here on.
    const ONE_FROM: f32 = 4.0;
    let size = f32::from_bits(x.to_bits() & 0x7fff_ffff);
    let square = x * x;
    let near = [
        7.875_875e-5,
        -8.016_864e-4,
        0.005_189_087_4,
        -0.026_854_212,
        0.112_835_95,
        -0.376_126_26,
        FRAC_2_SQRT_PI,
    ];
    let small = x * polynomial(&near, square);
    // The logarithm of the complement, divided by the size.
    let far = [
        2.166_180_4e-7,
        -3.236_754_6e-6,
        1.584_388_4e-6,
        3.316_854_5e-4,
        -0.003_835_511_3,
        0.024_332_306,
        -0.107_022_51,
        -0.634_617_27,
        -1.128_792_8,
    ];
    let cut = if size > ONE_FROM { ONE_FROM } else { size };
    let large = 1.0 - exp(cut * polynomial(&far, cut));
    let large = f32::from_bits(large.to_bits() | (x.to_bits() & 0x8000_0000));
    if size < 1.0 {
        small
    } else if size <= f32::INFINITY {
        large
    } else {
        x
    }
}

/// Returns the square root of `x`, rounded to nearest as IEEE 754 demands.
#[inline]
pub fn sqrt(x: f32) -> f32 {
    libm::sqrtf(x)
}

/// Returns the value of the polynomial with these coefficients, highest power first.
#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[f32; N], x: f32) -> f32 {
    let mut value = 0.0;
    for (index, coefficient) in coefficients.iter().enumerate() {
        value = if index == 0 {
            *coefficient
        } else {
            value * x + coefficient
        };
    }
    value
}

#[cfg(test)]
mod tests;
