//! The loops of a product: blocks that fit the caches, tiles that fit the registers.
//!
//! A sum that is longer than a block is kept in `C` between blocks. Storing and loading an `f32`
//! changes nothing, so blocks and tiles are invisible in the result.
//!
//! Rows of `A` are read where they are. Columns of `B` are copied to strips, which are as wide as a
//! tile: see [`Strips`].

use super::{Matrix, MatrixMut, Start};
use alloc::vec::Vec;
use core::{array, ops::Range};

/// True where a register holds eight values or more.
const WIDE: bool = cfg!(target_feature = "avx");
/// Values of a register.
const LANES: usize = if WIDE { 8 } else { 4 };
/// Registers that hold a row of the widest tile.
const REGISTERS: usize = if WIDE { 2 } else { 3 };
/// Columns of the widest tile.
const COLUMNS: usize = REGISTERS * LANES;
/// Rows of the highest tile.
pub(super) const ROWS: usize = 6;

/// Terms of a sum that one block adds: a strip of `B` fits the first cache.
const DEPTH_BLOCK: usize = 256;
/// Rows of a block: the part of `A` fits the second cache.
const ROW_BLOCK: usize = 384;

/// Values of a row that are transposed together.
const TURNED: usize = 32;

type Tile<const HEIGHT: usize, const WIDTH: usize> = [[[f32; LANES]; WIDTH]; HEIGHT];

/// Returns the rows of the highest tile of `width` registers a row. The tile and its operands fit
/// 16 registers, and there are enough sums to hide the latency of an addition.
const fn height_of(width: usize) -> usize {
    match (WIDE, width) {
        (true, _) => ROWS,
        (false, 3) => 3,
        (false, _) => 5,
    }
}

/// A strip of columns.
#[derive(Clone, Copy)]
struct Strip {
    first: usize,
    columns: usize,
    /// Registers of a row.
    width: usize,
}

/// Returns the strips of `columns` columns: as wide as they can be. Four registers are two and two,
/// not three and one, whose few sums would wait for each other.
fn strips(columns: usize) -> impl Iterator<Item = Strip> {
    let mut first = 0;
    core::iter::from_fn(move || {
        let rest = columns - first;
        let registers = rest.div_ceil(LANES);
        let width = match registers {
            0 => return None,
            4 if REGISTERS == 3 => 2,
            _ => registers.min(REGISTERS),
        };
        let strip = Strip {
            first,
            columns: rest.min(width * LANES),
            width,
        };
        first += strip.columns;
        Some(strip)
    })
}

/// Returns the blocks of the terms of a sum.
fn depths(depth: usize) -> impl Iterator<Item = Range<usize>> {
    (0..depth)
        .step_by(DEPTH_BLOCK)
        .map(move |first| first..depth.min(first + DEPTH_BLOCK))
}

/// Copies all strips of `b` one after the other, in the order in which [`run`] takes them.
pub(super) fn pack(b: Matrix<'_>) -> Vec<f32> {
    let mut packed = Vec::with_capacity(b.rows * b.columns.next_multiple_of(LANES));
    for depth in depths(b.rows) {
        for strip in strips(b.columns) {
            let start = packed.len();
            packed.resize(start + depth.len() * strip.width * LANES, 0.0);
            copy_strip(b, depth.clone(), strip, &mut packed[start..]);
        }
    }
    packed
}

/// The right matrix of a product.
#[derive(Clone, Copy)]
pub(super) enum Right<'a> {
    Matrix(Matrix<'a>),
    /// The strips of a matrix, as [`pack`] copies them.
    Packed(&'a [f32]),
}

/// Runs the product. The sizes must fit.
pub(super) fn run(a: Matrix<'_>, b: Right<'_>, start: Start<'_>, mut c: MatrixMut<'_>) {
    if a.columns == 0 {
        return begin(start, &mut c);
    }
    let mut rows_of_a = Vec::new();
    let mut strip_of_b = Vec::new();
    for first_row in (0..a.rows).step_by(ROW_BLOCK) {
        let rows = ROW_BLOCK.min(a.rows - first_row);
        let mut packed = match b {
            Right::Matrix(_) => &[][..],
            Right::Packed(packed) => packed,
        };
        for depth in depths(a.columns) {
            let (left, left_step) = if a.column_step == 1 {
                let corner = first_row * a.row_step + depth.start;
                (&a.values[corner..], a.row_step)
            } else {
                let corner = first_row + depth.start * a.column_step;
                // Apart by a line of the cache more, so that rows do not share a set of lines.
                let step = depth.len() + 16;
                resize(&mut rows_of_a, rows * step);
                let (from, sizes) = (&a.values[corner..], [depth.len(), rows]);
                transpose(from, a.column_step, sizes, &mut rows_of_a, step);
                (&rows_of_a[..], step)
            };
            for strip in strips(c.columns) {
                let size = depth.len() * strip.width * LANES;
                let right = match b {
                    Right::Matrix(b) => {
                        resize(&mut strip_of_b, size);
                        copy_strip(b, depth.clone(), strip, &mut strip_of_b);
                        &strip_of_b[..]
                    }
                    Right::Packed(_) => {
                        let (right, after) = packed.split_at(size);
                        packed = after;
                        right
                    }
                };
                let columns = strip.first..strip.first + strip.columns;
                let start = match start {
                    _ if depth.start > 0 => Start::Held,
                    Start::Bias(bias) => Start::Bias(&bias[columns]),
                    start => start,
                };
                let terms = Terms {
                    left,
                    left_step,
                    right,
                    depth: depth.len(),
                };
                let corner = first_row * c.row_step + strip.first;
                let results = Results {
                    values: &mut c.values[corner..],
                    step: c.row_step,
                    rows,
                    columns: strip.columns,
                };
                match strip.width {
                    1 => add_strip::<1>(terms, start, results),
                    2 => add_strip::<2>(terms, start, results),
                    _ => add_strip::<REGISTERS>(terms, start, results),
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

/// Sets the length. A buffer that is long enough is not written.
fn resize(buffer: &mut Vec<f32>, length: usize) {
    buffer.truncate(length);
    buffer.resize(length, 0.0);
}

/// Copies a strip of `b`: for each register of a row the values of all rows, one after the other.
/// Columns that the strip has beyond the matrix have any values, and their sums are dropped.
fn copy_strip(b: Matrix<'_>, depth: Range<usize>, strip: Strip, to: &mut [f32]) {
    let corner = depth.start * b.row_step + strip.first * b.column_step;
    let (from, step) = (&b.values[corner..], b.row_step);
    if b.column_step == 1 && strip.columns == strip.width * LANES {
        return match strip.width {
            1 => copy_rows::<1>(from, step, depth.len(), to),
            2 => copy_rows::<2>(from, step, depth.len(), to),
            _ => copy_rows::<REGISTERS>(from, step, depth.len(), to),
        };
    }
    let panels = to.chunks_exact_mut(depth.len() * LANES);
    for (panel, first) in panels.zip((0..strip.columns).step_by(LANES)) {
        let (from, columns) = (
            &from[first * b.column_step..],
            LANES.min(strip.columns - first),
        );
        let (panel, _) = panel.as_chunks_mut::<LANES>();
        if b.column_step == 1 {
            for (to, row) in panel.iter_mut().zip(0..) {
                to[..columns].copy_from_slice(&from[row * step..][..columns]);
            }
        } else {
            interleave(lines(from, b.column_step, columns, depth.len()), panel);
        }
    }
}

/// Copies `WIDTH` registers of each row to as many panels.
fn copy_rows<const WIDTH: usize>(from: &[f32], step: usize, rows: usize, to: &mut [f32]) {
    let mut rest = to.chunks_exact_mut(rows * LANES);
    let mut panels: [&mut [[f32; LANES]]; WIDTH] = array::from_fn(|_| {
        let (panel, _) = rest.next().unwrap_or_default().as_chunks_mut();
        panel
    });
    for row in 0..rows {
        let (values, _) = from[row * step..][..WIDTH * LANES].as_chunks();
        for (panel, values) in panels.iter_mut().zip(values) {
            panel[row] = *values;
        }
    }
}

/// Returns `count` rows of `length` values. Rows beyond the last one repeat it.
fn lines(from: &[f32], step: usize, count: usize, length: usize) -> [&[f32]; LANES] {
    array::from_fn(|row| &from[row.min(count - 1) * step..][..length])
}

/// Copies value `j` of row `i` to place `i` of row `j`, for `i` and `j` below `sizes`.
fn transpose(from: &[f32], from_step: usize, sizes: [usize; 2], to: &mut [f32], to_step: usize) {
    let mut buffer = [[0.0; LANES]; TURNED];
    for first in (0..sizes[1]).step_by(TURNED) {
        let count = TURNED.min(sizes[1] - first);
        let buffer = &mut buffer[..count];
        for i in (0..sizes[0]).step_by(LANES) {
            let height = LANES.min(sizes[0] - i);
            let rows = lines(&from[i * from_step + first..], from_step, height, count);
            interleave(rows, buffer);
            if height == LANES {
                for (values, row) in buffer.iter().zip(first..) {
                    to[row * to_step + i..][..LANES].copy_from_slice(values);
                }
            } else {
                for (values, row) in buffer.iter().zip(first..) {
                    to[row * to_step + i..][..height].copy_from_slice(&values[..height]);
                }
            }
        }
    }
}

/// Writes value `i` of each row beside each other, for each `i`.
///
/// A function of its own, so that the loop keeps the form that compilers have vectors for.
#[inline(never)]
fn interleave(rows: [&[f32]; LANES], to: &mut [[f32; LANES]]) {
    let rows = rows.map(|row| &row[..to.len()]);
    for (at, to) in to.iter_mut().enumerate() {
        *to = array::from_fn(|row| rows[row][at]);
    }
}

/// The terms that a strip adds: rows of `A`, and a strip of `B`.
#[derive(Clone, Copy)]
struct Terms<'a> {
    left: &'a [f32],
    left_step: usize,
    right: &'a [f32],
    depth: usize,
}

/// The columns of `C` beside a strip of `B`.
struct Results<'a> {
    values: &'a mut [f32],
    step: usize,
    rows: usize,
    columns: usize,
}

/// Adds the products of rows and a strip, tile by tile. Tiles differ by at most one row in height.
fn add_strip<const WIDTH: usize>(mut terms: Terms<'_>, start: Start<'_>, results: Results<'_>) {
    let Results {
        values,
        step,
        rows,
        columns,
    } = results;
    let tiles = rows.div_ceil(height_of(WIDTH));
    let (height, higher) = (rows / tiles, rows % tiles);
    let (left, mut row) = (terms.left, 0);
    for tile in 0..tiles {
        let height = height + usize::from(tile < higher);
        terms.left = &left[row * terms.left_step..];
        let c = &mut values[row * step..];
        if columns == WIDTH * LANES {
            add_tile::<WIDTH>(height, terms, start, c, step);
        } else {
            add_part::<WIDTH>(height, terms, start, c, step, columns);
        }
        row += height;
    }
}

/// Adds the products of a strip that has fewer columns than a tile.
#[inline(never)]
fn add_part<const WIDTH: usize>(
    height: usize,
    terms: Terms<'_>,
    start: Start<'_>,
    c: &mut [f32],
    step: usize,
    columns: usize,
) {
    let width = WIDTH * LANES;
    let mut tile = [0.0; ROWS * COLUMNS];
    for (tile, row) in tile.chunks_exact_mut(width).zip(0..height) {
        let tile = &mut tile[..columns];
        match start {
            Start::Zero => {}
            Start::Bias(bias) => tile.copy_from_slice(bias),
            Start::Held => tile.copy_from_slice(&c[row * step..][..columns]),
        }
    }
    add_tile::<WIDTH>(height, terms, Start::Held, &mut tile, width);
    for (tile, row) in tile.chunks_exact(width).zip(0..height) {
        c[row * step..][..columns].copy_from_slice(&tile[..columns]);
    }
}

#[inline(always)]
fn add_tile<const WIDTH: usize>(
    height: usize,
    terms: Terms<'_>,
    start: Start<'_>,
    c: &mut [f32],
    step: usize,
) {
    match height {
        1 => add::<1, WIDTH>(terms, start, c, step),
        2 => add::<2, WIDTH>(terms, start, c, step),
        3 => add::<3, WIDTH>(terms, start, c, step),
        4 if height_of(WIDTH) >= 4 => add::<4, WIDTH>(terms, start, c, step),
        5 if height_of(WIDTH) >= 5 => add::<5, WIDTH>(terms, start, c, step),
        _ => add::<ROWS, WIDTH>(terms, start, c, step),
    }
}

/// Adds the products of `HEIGHT` rows and a strip to a tile of `C`, which begins with `start`.
#[inline(never)]
fn add<const HEIGHT: usize, const WIDTH: usize>(
    terms: Terms<'_>,
    start: Start<'_>,
    c: &mut [f32],
    step: usize,
) {
    let width = WIDTH * LANES;
    let mut sums: Tile<HEIGHT, WIDTH> = [[[0.0; LANES]; WIDTH]; HEIGHT];
    match start {
        Start::Zero => {}
        Start::Bias(bias) => {
            for sums in &mut sums {
                sums.as_flattened_mut().copy_from_slice(&bias[..width]);
            }
        }
        Start::Held => {
            for (sums, row) in sums.iter_mut().zip(0..) {
                sums.as_flattened_mut()
                    .copy_from_slice(&c[row * step..][..width]);
            }
        }
    }
    let sums = add_products(terms, sums);
    for (sums, row) in sums.iter().zip(0..) {
        c[row * step..][..width].copy_from_slice(sums.as_flattened());
    }
}

/// Adds the product of each column of the rows with the row of the strip, in order.
///
/// The loops over lanes are innermost and of constant length: each becomes one instruction.
#[inline(always)]
fn add_products<const HEIGHT: usize, const WIDTH: usize>(
    terms: Terms<'_>,
    mut sums: Tile<HEIGHT, WIDTH>,
) -> Tile<HEIGHT, WIDTH> {
    let rows: [&[f32]; HEIGHT] =
        array::from_fn(|row| &terms.left[row * terms.left_step..][..terms.depth]);
    let panels: [&[[f32; LANES]]; WIDTH] = array::from_fn(|panel| {
        let size = terms.depth * LANES;
        let (panel, _) = terms.right[panel * size..][..size].as_chunks();
        &panel[..terms.depth]
    });
    for at in 0..terms.depth {
        for (sums, row) in sums.iter_mut().zip(&rows) {
            let a = row[at];
            for (sums, panel) in sums.iter_mut().zip(&panels) {
                let b = &panel[at];
                for lane in 0..LANES {
                    sums[lane] += a * b[lane];
                }
            }
        }
    }
    sums
}
