//! Norms of rows, with the gradient of the one that is trained.

use super::{
    special::sqrt,
    sum::{dot, sum},
};
use crate::{error::need, ExactError};

/// Writes the layer norm of each row of `x` into `out`: `(x - mean) / sqrt(variance + epsilon) *
/// gain + bias`.
///
/// A row has as many values as `gain`. The variance is the mean of the squared distances from the
/// mean.
///
/// # Errors
/// `Size` if the sizes do not fit.
pub fn layer_norm(
    x: &[f32],
    gain: &[f32],
    bias: &[f32],
    epsilon: f32,
    out: &mut [f32],
) -> Result<(), ExactError> {
    let width = checked_width(x, gain)?;
    need("a bias", bias.len(), width)?;
    need("the output of a norm", out.len(), x.len())?;
    let scale = 1.0 / width as f32;
    for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        let mean = sum(x) * scale;
        for (out, x) in out.iter_mut().zip(x) {
            *out = x - mean;
        }
        let factor = 1.0 / sqrt(dot(out, out) * scale + epsilon);
        for (out, (gain, bias)) in out.iter_mut().zip(gain.iter().zip(bias)) {
            *out = *out * factor * gain + bias;
        }
    }
    Ok(())
}

/// Writes the RMS norm of each row of `x` into `out`: `x / sqrt(mean of squares + epsilon) * gain`.
///
/// The factor of each row, `1 / sqrt(..)`, goes to `factors`, for [`rms_norm_back`].
///
/// # Errors
/// `Size` if the sizes do not fit.
pub fn rms_norm(
    x: &[f32],
    gain: &[f32],
    epsilon: f32,
    out: &mut [f32],
    factors: &mut [f32],
) -> Result<(), ExactError> {
    let width = checked_width(x, gain)?;
    need("the output of a norm", out.len(), x.len())?;
    need("factors of a norm", factors.len(), x.len() / width)?;
    let scale = 1.0 / width as f32;
    let rows = x.chunks_exact(width).zip(out.chunks_exact_mut(width));
    for ((x, out), kept) in rows.zip(factors) {
        let factor = 1.0 / sqrt(dot(x, x) * scale + epsilon);
        *kept = factor;
        for (out, (x, gain)) in out.iter_mut().zip(x.iter().zip(gain)) {
            *out = x * factor * gain;
        }
    }
    Ok(())
}

/// Adds the gradients of an RMS norm of `x` to `dx` and `dgain`, given those of its output, `dy`.
///
/// # Errors
/// `Size` if the sizes do not fit.
pub fn rms_norm_back(
    x: &[f32],
    gain: &[f32],
    factors: &[f32],
    dy: &[f32],
    dx: &mut [f32],
    dgain: &mut [f32],
) -> Result<(), ExactError> {
    let width = checked_width(x, gain)?;
    need("factors of a norm", factors.len(), x.len() / width)?;
    need("gradients of a norm's output", dy.len(), x.len())?;
    need("gradients of a norm's input", dx.len(), x.len())?;
    need("gradients of a gain", dgain.len(), width)?;
    let scale = 1.0 / width as f32;
    let inputs = x.chunks_exact(width).zip(dy.chunks_exact(width));
    for ((x, dy), (dx, factor)) in inputs.zip(dx.chunks_exact_mut(width).zip(factors)) {
        // The same order as `super::sum::dot`, on the product of `dy` and `gain`.
        let mut lanes = [0f32; 8];
        for (x, (dy, gain)) in x.chunks(8).zip(dy.chunks(8).zip(gain.chunks(8))) {
            for (lane, (x, (dy, gain))) in lanes.iter_mut().zip(x.iter().zip(dy.iter().zip(gain))) {
                *lane += dy * gain * x;
            }
        }
        let along = sum(&lanes) * factor * factor * factor * scale;
        for (dgain, (dy, x)) in dgain.iter_mut().zip(dy.iter().zip(x)) {
            *dgain += dy * x * factor;
        }
        for (dx, (x, (dy, gain))) in dx.iter_mut().zip(x.iter().zip(dy.iter().zip(gain))) {
            *dx += dy * gain * factor - x * along;
        }
    }
    Ok(())
}

/// Returns the length of a row, which must divide the length of `x`.
fn checked_width(x: &[f32], gain: &[f32]) -> Result<usize, ExactError> {
    let width = gain.len();
    if width == 0 {
        return Err(ExactError::Size {
            what: "a gain",
            size: 0,
            needed: 1,
        });
    }
    need("the rest of a last row", x.len() % width, 0)?;
    Ok(width)
}
