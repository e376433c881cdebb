//! Vectors and matrices of 32.32 numbers. [1.2, 1.4 and 2.8]

use substrate_fixed::types::I32F32;

/// Rows of (column, value), ascending by column. A missing column differs from a zero.
pub type Matrix = Vec<Vec<(usize, I32F32)>>;

/// Returns `a / b` rounded towards zero, or 0 if there is no such number.
pub fn divide(a: I32F32, b: I32F32) -> I32F32 {
    a.checked_div(b).unwrap_or_default()
}

/// Returns `x / 65535`, rounded down.
pub fn share(x: u16) -> I32F32 {
    I32F32::from_num(x) / I32F32::from_num(u16::MAX)
}

/// Returns `floor(share * 65535)`.
pub fn share_to_u16(share: I32F32) -> u16 {
    share
        .saturating_mul(I32F32::from_num(u16::MAX))
        .saturating_to_num()
}

/// Divides by the sum, unless the sum is zero.
pub fn normalize(vector: &mut [I32F32]) {
    let sum: I32F32 = vector.iter().sum();
    if sum != 0 {
        for value in vector {
            *value = divide(*value, sum);
        }
    }
}

/// Divides each row by its sum, unless the sum is zero.
pub fn normalize_rows(matrix: &mut Matrix) {
    for row in matrix {
        let sum: I32F32 = row.iter().map(|(_, value)| *value).sum();
        if sum > 0 {
            for (_, value) in row {
                *value = divide(*value, sum);
            }
        }
    }
}

/// Divides each column by its sum, unless the sum is zero.
pub fn normalize_columns(matrix: &mut Matrix, columns: usize) {
    let mut sums = vec![I32F32::from_num(0); columns];
    for (j, value) in matrix.iter().flatten() {
        sums[*j] = sums[*j].saturating_add(*value);
    }
    divide_columns(matrix, &sums);
}

/// Divides each column by its largest value, unless that is zero.
pub fn upscale_columns(matrix: &mut Matrix, columns: usize) {
    let mut largest = vec![I32F32::from_num(0); columns];
    for (j, value) in matrix.iter().flatten() {
        largest[*j] = largest[*j].max(*value);
    }
    divide_columns(matrix, &largest);
}

fn divide_columns(matrix: &mut Matrix, by: &[I32F32]) {
    for (j, value) in matrix.iter_mut().flatten() {
        if by[*j] != 0 {
            *value = divide(*value, by[*j]);
        }
    }
}
