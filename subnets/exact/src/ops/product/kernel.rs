//! The loops of a product: blocks that fit the caches, tiles that fit the registers.
//!
//! A sum that is longer than a block is kept in `C` between blocks. Storing and loading an `f32`
//! changes nothing, so blocks and tiles are invisible in the result.

use super::{Matrix, MatrixMut, Start};
use alloc::{vec, vec::Vec};

/// Rows of a tile.
pub(super) const ROWS: usize = if WIDE { 6 } else { 4 };
/// Columns of a tile.
const COLUMNS: usize = if WIDE { 16 } else { 8 };
/// True where a register holds eight values or more.
const WIDE: bool = cfg!(target_feature = "avx");

/// Terms of a sum that one block adds.
const DEPTH_BLOCK: usize = 256;
/// Rows of a block of `A`.
const ROW_BLOCK: usize = ROWS * 24;
/// Columns of a block of `B`.
const COLUMN_BLOCK: usize = COLUMNS * 32;

type Tile = [[f32; COLUMNS]; ROWS];

/// Runs the product. The sizes must fit.
pub(super) fn run(a: Matrix<'_>, b: Matrix<'_>, start: Start<'_>, mut c: MatrixMut<'_>) {
    begin(start, &mut c);
    let mut strips_of_a = Vec::new();
    let mut strips_of_b = Vec::new();
    for first_column in (0..b.columns).step_by(COLUMN_BLOCK) {
        let columns = COLUMN_BLOCK.min(b.columns - first_column);
        for first_depth in (0..a.columns).step_by(DEPTH_BLOCK) {
            let depth = DEPTH_BLOCK.min(a.columns - first_depth);
            let lanes = b.transposed();
            pack::<COLUMNS>(
                lanes,
                first_column,
                columns,
                first_depth,
                depth,
                &mut strips_of_b,
            );
            for first_row in (0..a.rows).step_by(ROW_BLOCK) {
                let rows = ROW_BLOCK.min(a.rows - first_row);
                pack::<ROWS>(a, first_row, rows, first_depth, depth, &mut strips_of_a);
                for (strip_b, column) in strips_of_b.chunks_exact(depth * COLUMNS).zip(0..) {
                    let column = column * COLUMNS;
                    let width = COLUMNS.min(columns - column);
                    for (strip_a, row) in strips_of_a.chunks_exact(depth * ROWS).zip(0..) {
                        let row = row * ROWS;
                        let height = ROWS.min(rows - row);
                        let at = (first_row + row) * c.row_step + first_column + column;
                        let corner = &mut c.values[at..];
                        add_tile(strip_a, strip_b, corner, c.row_step, height, width);
                    }
                }
            }
        }
    }
}

/// Writes the first term of each sum.
fn begin(start: Start<'_>, c: &mut MatrixMut<'_>) {
    if c.columns == 0 {
        return;
    }
    for row in c.values.chunks_mut(c.row_step).take(c.rows) {
        let row = &mut row[..c.columns];
        match start {
            Start::Zero => row.fill(0.0),
            Start::Bias(bias) => row.copy_from_slice(bias),
            Start::Held => {}
        }
    }
}

/// Copies `depth` columns of `lanes` rows into strips of `WIDTH` rows, column after column.
///
/// Rows that a strip has beyond the matrix are zero. Their sums are dropped.
fn pack<const WIDTH: usize>(
    matrix: Matrix<'_>,
    first_lane: usize,
    lanes: usize,
    first_depth: usize,
    depth: usize,
    strips: &mut Vec<f32>,
) {
    let size = depth * WIDTH;
    let needed = lanes.div_ceil(WIDTH) * size;
    if strips.len() < needed {
        *strips = vec![0.0; needed];
    }
    strips.truncate(needed);
    for (strip, index) in strips.chunks_exact_mut(size).zip(0..) {
        let lane = index * WIDTH;
        let width = WIDTH.min(lanes - lane);
        let corner = (first_lane + lane) * matrix.row_step + first_depth * matrix.column_step;
        if matrix.row_step == 1 && width == WIDTH {
            for (column, place) in strip.chunks_exact_mut(WIDTH).zip(0..) {
                let at = corner + place * matrix.column_step;
                column.copy_from_slice(&matrix.values[at..at + WIDTH]);
            }
            continue;
        }
        for offset in 0..WIDTH {
            let places = strip[offset..].iter_mut().step_by(WIDTH);
            if offset < width {
                let row = &matrix.values[corner + offset * matrix.row_step..];
                let values = row.iter().step_by(matrix.column_step);
                places
                    .zip(values)
                    .for_each(|(place, value)| *place = *value);
            } else {
                places.for_each(|place| *place = 0.0);
            }
        }
    }
}

/// Adds the products of two strips to a tile of `C`.
fn add_tile(
    strip_a: &[f32],
    strip_b: &[f32],
    corner: &mut [f32],
    row_step: usize,
    height: usize,
    width: usize,
) {
    let mut sums: Tile = [[0.0; COLUMNS]; ROWS];
    if height == ROWS && width == COLUMNS {
        for (sums, row) in sums.iter_mut().zip(0..) {
            let at = row * row_step;
            sums.copy_from_slice(&corner[at..at + COLUMNS]);
        }
        let sums = add_products(strip_a, strip_b, sums);
        for (sums, row) in sums.iter().zip(0..) {
            let at = row * row_step;
            corner[at..at + COLUMNS].copy_from_slice(sums);
        }
        return;
    }
    for (sums, row) in sums.iter_mut().zip(0..height) {
        let at = row * row_step;
        sums[..width].copy_from_slice(&corner[at..at + width]);
    }
    let sums = add_products(strip_a, strip_b, sums);
    for (sums, row) in sums.iter().zip(0..height) {
        let at = row * row_step;
        corner[at..at + width].copy_from_slice(&sums[..width]);
    }
}

/// Adds the product of each column of the strips, in order.
#[inline(always)]
fn add_products(strip_a: &[f32], strip_b: &[f32], mut sums: Tile) -> Tile {
    let columns_a = strip_a.chunks_exact(ROWS);
    let rows_b = strip_b.chunks_exact(COLUMNS);
    for (column, row) in columns_a.zip(rows_b) {
        for (sums, a) in sums.iter_mut().zip(column) {
            for (sum, b) in sums.iter_mut().zip(row) {
                *sum += a * b;
            }
        }
    }
    sums
}
