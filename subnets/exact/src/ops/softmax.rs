//! Softmax and its logarithm's sum.

use super::{
    special::{exp, ln},
    sum::{max, sum},
};

/// Replaces `row` by its softmax: the exponentials of its values, divided by their sum.
///
/// The largest value is subtracted first. The sum has the order of [`super::sum`], and each
/// exponential is multiplied by the reciprocal of the sum. An empty row stays empty.
pub fn softmax(row: &mut [f32]) {
    let top = max(row);
    for value in row.iter_mut() {
        *value = exp(*value - top);
    }
    let scale = 1.0 / sum(row);
    for value in row.iter_mut() {
        *value *= scale;
    }
}

/// Returns the logarithm of the sum of the exponentials of `row`, and leaves the softmax in `row`.
pub fn log_sum_exp(row: &mut [f32]) -> f32 {
    let top = max(row);
    for value in row.iter_mut() {
        *value = exp(*value - top);
    }
    let total = sum(row);
    let scale = 1.0 / total;
    for value in row.iter_mut() {
        *value *= scale;
    }
    top + ln(total)
}
