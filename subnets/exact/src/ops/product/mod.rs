//! Products of matrices.
//!
//! Element `(i, j)` of a product is one sum: it begins with the value that [`Start`] names, and
//! adds `a[i][0] * b[0][j]`, `a[i][1] * b[1][j]` and so on, in this order. Products and sums are
//! rounded apart.

mod kernel;
#[cfg(test)]
mod tests;

use crate::{error::need, ExactError};
use alloc::vec::Vec;
use core::ops::Range;
use kernel::Right;

/// A view of a matrix: values with a distance between rows and one between columns.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a> Matrix<'a> {
    /// Returns a view of `values`, row after row.
    ///
    /// # Errors
    /// `Size` if there are not `rows` times `columns` values.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Result<Self, ExactError> {
        need("a matrix", values.len(), rows.saturating_mul(columns))?;
        Ok(Self {
            values,
            rows,
            columns,
            row_step: columns,
            column_step: 1,
        })
    }

    /// Returns the transposed matrix, a view of the same values.
    pub fn transposed(self) -> Self {
        Self {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
        }
    }

    /// Returns the rows of `range`.
    ///
    /// # Errors
    /// `Size` if the range is not within the matrix.
    pub fn rows(self, range: Range<usize>) -> Result<Self, ExactError> {
        let rows = length_within("rows of a matrix", &range, self.rows)?;
        let start = range.start.saturating_mul(self.row_step);
        Ok(Self {
            values: self.values.get(start..).unwrap_or(&[]),
            rows,
            ..self
        })
    }

    /// Returns the columns of `range`.
    ///
    /// # Errors
    /// `Size` if the range is not within the matrix.
    pub fn columns(self, range: Range<usize>) -> Result<Self, ExactError> {
        Ok(self.transposed().rows(range)?.transposed())
    }
}

/// A matrix that an operation writes, row after row, possibly some columns of a wider one.
#[derive(Debug)]
pub struct MatrixMut<'a> {
    values: &'a mut [f32],
    rows: usize,
    columns: usize,
    row_step: usize,
}

impl<'a> MatrixMut<'a> {
    /// Returns a view of `values`, row after row.
    ///
    /// # Errors
    /// `Size` if there are not `rows` times `columns` values.
    pub fn new(values: &'a mut [f32], rows: usize, columns: usize) -> Result<Self, ExactError> {
        need("a matrix", values.len(), rows.saturating_mul(columns))?;
        Ok(Self {
            values,
            rows,
            columns,
            row_step: columns,
        })
    }

    /// Returns the rows of `range`.
    ///
    /// # Errors
    /// `Size` if the range is not within the matrix.
    pub fn rows(self, range: Range<usize>) -> Result<Self, ExactError> {
        let rows = length_within("rows of a matrix", &range, self.rows)?;
        let start = range.start.saturating_mul(self.row_step);
        Ok(Self {
            values: self.values.get_mut(start..).unwrap_or(&mut []),
            rows,
            ..self
        })
    }

    /// Returns the columns of `range`.
    ///
    /// # Errors
    /// `Size` if the range is not within the matrix.
    pub fn columns(self, range: Range<usize>) -> Result<Self, ExactError> {
        let columns = length_within("columns of a matrix", &range, self.columns)?;
        Ok(Self {
            values: self.values.get_mut(range.start..).unwrap_or(&mut []),
            columns,
            ..self
        })
    }
}

/// The first term of each sum of a product.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// Zero: `C = A B`.
    Zero,
    /// One value for each column: `C = bias + A B`.
    Bias(&'a [f32]),
    /// The value that `C` holds: `C = C + A B`.
    Held,
}

/// A right matrix in the order in which a product reads it, for weights that many products share.
///
/// The order depends on the target, and no bit of a product does.
#[derive(Clone, Debug)]
pub struct Packed {
    strips: Vec<f32>,
    rows: usize,
    columns: usize,
}

impl Packed {
    /// Copies `b`. For `B^T` pass `b.transposed()`.
    pub fn new(b: Matrix<'_>) -> Self {
        Self {
            strips: kernel::pack(b),
            rows: b.rows,
            columns: b.columns,
        }
    }
}

/// Writes the product of `a` and `b` into `c`. For `A B^T` pass `b.transposed()`.
///
/// # Errors
/// `Size` if the sizes do not fit. `c` is then unchanged.
pub fn product(
    a: Matrix<'_>,
    b: Matrix<'_>,
    start: Start<'_>,
    c: MatrixMut<'_>,
) -> Result<(), ExactError> {
    check(&a, [b.rows, b.columns], start, &c)?;
    kernel::run(a, Right::Matrix(b), start, c);
    Ok(())
}

/// Writes the product of `a` and `b` into `c`.
///
/// # Errors
/// As [`product`].
pub fn product_packed(
    a: Matrix<'_>,
    b: &Packed,
    start: Start<'_>,
    c: MatrixMut<'_>,
) -> Result<(), ExactError> {
    check(&a, [b.rows, b.columns], start, &c)?;
    kernel::run(a, Right::Packed(&b.strips), start, c);
    Ok(())
}

/// Refuses sizes that do not fit, where `b` has those of the right matrix.
fn check(
    a: &Matrix<'_>,
    b: [usize; 2],
    start: Start<'_>,
    c: &MatrixMut<'_>,
) -> Result<(), ExactError> {
    let [rows, columns] = b;
    need("rows of the right matrix", rows, a.columns)?;
    need("rows of the product", c.rows, a.rows)?;
    need("columns of the product", c.columns, columns)?;
    if let Start::Bias(bias) = start {
        need("a bias", bias.len(), columns)?;
    }
    Ok(())
}

/// Writes the product of `a` and `b` into `c`, which holds its rows one after the other.
///
/// # Errors
/// As [`product`].
pub fn product_into(
    a: Matrix<'_>,
    b: Matrix<'_>,
    start: Start<'_>,
    c: &mut [f32],
) -> Result<(), ExactError> {
    product(a, b, start, MatrixMut::new(c, a.rows, b.columns)?)
}

/// Returns the rows of each of at most `parts` parts of a matrix with `rows` rows.
///
/// Each element is a sum of its own, so a product by parts, in any order or on any number of
/// threads, has the bits of the whole product. Parts are multiples of the highest tile, except the
/// last one, so that parts hardly add work.
pub fn row_parts(rows: usize, parts: usize) -> impl Iterator<Item = Range<usize>> {
    let tiles = rows.div_ceil(kernel::ROWS);
    let size = tiles
        .div_ceil(parts.max(1))
        .max(1)
        .saturating_mul(kernel::ROWS);
    (0..rows)
        .step_by(size)
        .map(move |first| first..rows.min(first.saturating_add(size)))
}

/// Returns the length of `range`, which must be within `0..size`.
fn length_within(
    what: &'static str,
    range: &Range<usize>,
    size: usize,
) -> Result<usize, ExactError> {
    if range.start <= range.end && range.end <= size {
        return Ok(range.end - range.start);
    }
    Err(ExactError::Size {
        what,
        size,
        needed: range.end.max(range.start),
    })
}
