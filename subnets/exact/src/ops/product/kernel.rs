//! The loops of a product: blocks that fit the caches, tiles that fit the registers.
//!
//! A sum that is longer than a block is kept in `C` between blocks. Storing and loading an `f32`
//! changes nothing, so blocks and tiles are invisible in the result.

use super::{Matrix, MatrixMut, Start};
use alloc::vec::Vec;
use core::{array, ops::Range};

/// True where a register holds eight values or more.
const WIDE: bool = cfg!(target_feature = "avx");
/// True where a register has four lanes and no instruction fills them with one value of memory.
const NARROW: bool = cfg!(all(target_feature = "sse2", not(target_feature = "avx")));

/// Values of a register.
const LANES: usize = if WIDE { 8 } else { 4 };
/// Registers that hold a row of a tile. The tile and its operands fit the register file.
const REGISTERS: usize = if WIDE || NARROW { 2 } else { 3 };
/// Rows of a tile.
pub(super) const ROWS: usize = if WIDE {
    4
} else if NARROW {
    5
} else {
    3
};
/// Columns of a tile.
const COLUMNS: usize = REGISTERS * LANES;
/// Copies of each value in a strip of `A`: a filled register where only memory can fill one.
const COPIES: usize = if NARROW { LANES } else { 1 };

/// Terms of a sum that one block adds: a strip of each side fits the first cache.
const DEPTH_BLOCK: usize = if NARROW { 128 } else { 256 };
/// Rows of a block of `A`.
const ROW_BLOCK: usize = ROWS * 24;
/// Columns of a block of `B`.
const COLUMN_BLOCK: usize = COLUMNS * 32;

type Tile = [[[f32; LANES]; REGISTERS]; ROWS];

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
            pack::<COLUMNS, 1>(
                lanes,
                first_column..first_column + columns,
                first_depth..first_depth + depth,
                &mut strips_of_b,
            );
            for first_row in (0..a.rows).step_by(ROW_BLOCK) {
                let rows = ROW_BLOCK.min(a.rows - first_row);
                pack::<ROWS, COPIES>(
                    a,
                    first_row..first_row + rows,
                    first_depth..first_depth + depth,
                    &mut strips_of_a,
                );
                let block = Block {
                    first_row,
                    rows,
                    first_column,
                    columns,
                    depth,
                };
                add_block(&strips_of_a, &strips_of_b, block, &mut c);
            }
        }
    }
}

/// The place of a block in `C`, and the terms that it adds.
#[derive(Clone, Copy)]
struct Block {
    first_row: usize,
    rows: usize,
    first_column: usize,
    columns: usize,
    depth: usize,
}

/// Adds the products of all strips of a block.
fn add_block(strips_a: &[f32], strips_b: &[f32], block: Block, c: &mut MatrixMut<'_>) {
    let size_a = block.depth * ROWS * COPIES;
    let size_b = block.depth * COLUMNS;
    let mut add = |index_a: usize, index_b: usize| {
        let (row, column) = (index_a * ROWS, index_b * COLUMNS);
        let (height, width) = (
            ROWS.min(block.rows - row),
            COLUMNS.min(block.columns - column),
        );
        let strip_a = &strips_a[index_a * size_a..][..size_a];
        let strip_b = &strips_b[index_b * size_b..][..size_b];
        let at = (block.first_row + row) * c.row_step + block.first_column + column;
        add_tile(
            strip_a,
            strip_b,
            &mut c.values[at..],
            c.row_step,
            height,
            width,
        );
    };
    // The larger strip is the one that stays in the first cache.
    let (count_a, count_b) = (block.rows.div_ceil(ROWS), block.columns.div_ceil(COLUMNS));
    if size_a > size_b {
        for index_a in 0..count_a {
            for index_b in 0..count_b {
                add(index_a, index_b);
            }
        }
    } else {
        for index_b in 0..count_b {
            for index_a in 0..count_a {
                add(index_a, index_b);
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

/// Copies a part of a matrix into strips of `WIDTH` rows, column after column.
///
/// Each value is copied `COPIES` times. Rows that a strip has beyond the matrix are zero, and their
/// sums are dropped.
fn pack<const WIDTH: usize, const COPIES: usize>(
    matrix: Matrix<'_>,
    rows: Range<usize>,
    columns: Range<usize>,
    strips: &mut Vec<f32>,
) {
    /// Columns that are copied to all strips before the next ones, where a column is contiguous:
    /// few enough to keep to some lines of the cache at each end.
    const TOGETHER: usize = 8;
    let size = columns.len() * WIDTH * COPIES;
    strips.resize(rows.len().div_ceil(WIDTH) * size, 0.0);
    let together = if matrix.row_step == 1 {
        TOGETHER
    } else {
        columns.len()
    };
    for first in columns.clone().step_by(together) {
        let part = first..columns.end.min(first + together);
        let start = (first - columns.start) * WIDTH * COPIES;
        let length = part.len() * WIDTH * COPIES;
        let firsts = rows.clone().step_by(WIDTH);
        for (strip, first) in strips.chunks_exact_mut(size).zip(firsts) {
            let rows = first..rows.end.min(first + WIDTH);
            pack_strip::<WIDTH, COPIES>(matrix, rows, part.clone(), &mut strip[start..][..length]);
        }
    }
}

/// Copies columns of at most `WIDTH` rows to places of a strip.
fn pack_strip<const WIDTH: usize, const COPIES: usize>(
    matrix: Matrix<'_>,
    rows: Range<usize>,
    columns: Range<usize>,
    places: &mut [f32],
) {
    let corner = rows.start * matrix.row_step + columns.start * matrix.column_step;
    let whole = rows.len() == WIDTH;
    let places = places.chunks_exact_mut(WIDTH * COPIES).zip(0..);
    if matrix.row_step == 1 && whole {
        for (place, column) in places {
            let at = corner + column * matrix.column_step;
            let values = &matrix.values[at..at + WIDTH];
            if COPIES == 1 {
                place.copy_from_slice(values);
            } else {
                fill::<COPIES>(place, values);
            }
        }
    } else if matrix.column_step == 1 && whole {
        let length = columns.len();
        let rows: [&[f32]; WIDTH] =
            array::from_fn(|row| &matrix.values[corner + row * matrix.row_step..][..length]);
        for (place, column) in places {
            fill::<COPIES>(place, &rows.map(|row| row[column]));
        }
    } else {
        for (place, column) in places {
            let corner = corner + column * matrix.column_step;
            let value = |row: usize| matrix.values[corner + row * matrix.row_step];
            let values: [f32; WIDTH] =
                array::from_fn(|row| if row < rows.len() { value(row) } else { 0.0 });
            fill::<COPIES>(place, &values);
        }
    }
}

/// Copies each value `COPIES` times.
fn fill<const COPIES: usize>(place: &mut [f32], values: &[f32]) {
    for (copies, value) in place.chunks_exact_mut(COPIES).zip(values) {
        copies.fill(*value);
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
    let mut sums: Tile = [[[0.0; LANES]; REGISTERS]; ROWS];
    if height == ROWS && width == COLUMNS {
        for (sums, row) in sums.iter_mut().zip(0..) {
            let at = row * row_step;
            sums.as_flattened_mut()
                .copy_from_slice(&corner[at..at + COLUMNS]);
        }
        let sums = add_products(strip_a, strip_b, sums);
        for (sums, row) in sums.iter().zip(0..) {
            let at = row * row_step;
            corner[at..at + COLUMNS].copy_from_slice(sums.as_flattened());
        }
        return;
    }
    for (sums, row) in sums.iter_mut().zip(0..height) {
        let at = row * row_step;
        sums.as_flattened_mut()[..width].copy_from_slice(&corner[at..at + width]);
    }
    let sums = add_products(strip_a, strip_b, sums);
    for (sums, row) in sums.iter().zip(0..height) {
        let at = row * row_step;
        corner[at..at + width].copy_from_slice(&sums.as_flattened()[..width]);
    }
}

/// Adds the product of each column of one strip with the row of the other, in order.
///
/// The loops over lanes are innermost and of constant length: each becomes one instruction.
#[inline(always)]
fn add_products(strip_a: &[f32], strip_b: &[f32], mut sums: Tile) -> Tile {
    let columns_a = strip_a.chunks_exact(ROWS * COPIES);
    let rows_b = strip_b.chunks_exact(COLUMNS);
    for (column, row) in columns_a.zip(rows_b) {
        for (sums, a) in sums.iter_mut().zip(column.chunks_exact(COPIES)) {
            for (sums, b) in sums.iter_mut().zip(row.chunks_exact(LANES)) {
                for lane in 0..LANES {
                    sums[lane] += a[lane % COPIES] * b[lane];
                }
            }
        }
    }
    sums
}
