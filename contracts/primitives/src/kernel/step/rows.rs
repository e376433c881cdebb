//! Rows of weights without their zeros.

use crate::PAGE;
use ink::prelude::vec::Vec;

/// Columns of a mask.
const WIDTH: usize = PAGE as usize;
const _: () = assert!(WIDTH == u64::BITS as usize);

/// The weights of several validators for the neurons of a chunk: of each row a mask, and the
/// weights that are not zero.
///
/// The number of bytes follows the number of weights. There is always one weight per bit of the
/// masks: other bytes do not decode. The chain makes no weight of zero. Such weights decode too,
/// and a kernel may count them as it likes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, TypeInfo)]
pub struct Rows {
    /// Of each row, the columns with a weight: a bit per neuron of the chunk, the first one lowest.
    masks: Vec<u64>,
    /// The weights of the first row, by column, then those of the second, and so on.
    weights: Vec<u16>,
}

/// One row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row<'a> {
    /// The columns with a weight.
    pub mask: u64,
    /// The weights, one per bit of the mask, by column.
    pub weights: &'a [u16],
}

impl Rows {
    /// Starts without rows.
    pub const fn new() -> Self {
        Self {
            masks: Vec::new(),
            weights: Vec::new(),
        }
    }

    /// Makes room for `rows` rows with `weights` weights in all.
    pub fn with_room(rows: usize, weights: usize) -> Self {
        Self {
            masks: Vec::with_capacity(rows),
            weights: Vec::with_capacity(weights),
        }
    }

    /// Puts together rows with these masks and weights. Returns `None` unless there is one weight
    /// per bit.
    pub(super) fn of(masks: Vec<u64>, weights: Vec<u16>) -> Option<Self> {
        let bits = masks.iter().map(|mask| mask.count_ones() as usize);
        let bits = bits.fold(0, usize::saturating_add);
        (bits == weights.len()).then_some(Self { masks, weights })
    }

    /// Makes rows of `width` cells each, at least one and at most a page, from a table of cells.
    pub fn from_cells(cells: &[u16], width: usize) -> Self {
        let width = width.clamp(1, WIDTH);
        let mut rows = Self::with_room(cells.len().div_ceil(width), 0);
        for row in cells.chunks(width) {
            rows.push_cells(row);
        }
        rows
    }

    /// Adds a row with a weight per bit of `mask`: the first ones of `weights`, and zeros if there
    /// are fewer.
    pub fn push(&mut self, mask: u64, weights: impl IntoIterator<Item = u16>) {
        let count = mask.count_ones() as usize;
        let end = self.weights.len().saturating_add(count);
        self.weights.extend(weights.into_iter().take(count));
        self.weights.resize(end, 0);
        self.masks.push(mask);
    }

    /// Adds a row of cells, of which a page at most counts.
    pub fn push_cells(&mut self, cells: &[u16]) {
        let columns = (0u32..).zip(cells.iter().take(WIDTH));
        let mask = columns
            .filter(|(_, cell)| **cell != 0)
            .fold(0, |mask, (column, _)| mask | 1u64.rotate_left(column));
        let filled = cells.iter().take(WIDTH).copied().filter(|cell| *cell != 0);
        self.push(mask, filled);
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.masks.len()
    }

    /// Returns true if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.masks.is_empty()
    }

    /// Returns the number of weights.
    pub fn count(&self) -> usize {
        self.weights.len()
    }

    /// Returns true if there are `rows` rows, and no weight behind column `width`.
    pub fn fit(&self, rows: usize, width: usize) -> bool {
        let behind = match u32::try_from(width) {
            Ok(width) => u64::MAX.checked_shl(width).unwrap_or_default(),
            Err(_) => 0,
        };
        let all = self.masks.iter().fold(0, |all, mask| all | mask);
        self.masks.len() == rows && all & behind == 0
    }

    /// Returns the rows in order.
    #[inline(always)]
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> + Clone {
        let mut rest = &self.weights[..];
        self.masks.iter().map(move |mask| {
            // There is one weight per bit, so the default is never used.
            let split = rest.split_at_checked(mask.count_ones() as usize);
            let (weights, behind) = split.unwrap_or_default();
            rest = behind;
            Row {
                mask: *mask,
                weights,
            }
        })
    }

    /// Returns a table of cells, `width` of each row.
    pub fn cells(&self, width: usize) -> Vec<u16> {
        let mut cells = Vec::with_capacity(self.masks.len().saturating_mul(width));
        for row in self.iter() {
            let start = cells.len();
            cells.resize(start.saturating_add(width), 0);
            let line = cells.get_mut(start..).unwrap_or_default();
            for (column, weight) in row.entries() {
                if let Some(cell) = line.get_mut(column) {
                    *cell = weight;
                }
            }
        }
        cells
    }
}

impl<'a> Row<'a> {
    /// Returns the weights with their columns, ascending.
    pub fn entries(&self) -> impl Iterator<Item = (usize, u16)> + 'a {
        let mut mask = self.mask;
        self.weights.iter().map(move |weight| {
            let column = mask.trailing_zeros() as usize;
            mask &= mask.wrapping_sub(1);
            (column, *weight)
        })
    }

    /// Returns the weight for `column`, zero without one.
    pub fn at(&self, column: usize) -> u16 {
        let mut entries = self.entries();
        let found = entries.find(|(place, _)| *place == column);
        found.map_or(0, |(_, weight)| weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ink::{prelude::vec, scale::Encode};

    #[test]
    fn a_row_has_a_weight_per_bit() {
        let mut rows = Rows::default();
        rows.push(0b101, [7]);
        rows.push(0b1, [8, 9]);
        assert_eq!(rows.cells(3), [7, 0, 0, 8, 0, 0]);
        assert_eq!((rows.len(), rows.count()), (2, 3));
        assert_eq!(Rows::of(vec![0b11], vec![1]), None);
        assert_eq!(Rows::of(vec![0b11], vec![1, 2, 3]), None);
    }

    #[test]
    fn rows_fit_their_chunk() {
        let rows = Rows::from_cells(&[0, 0, 1, 0, 2, 0], 3);
        assert!(rows.fit(2, 3) && rows.fit(2, 64));
        assert!(!rows.fit(2, 2), "a weight behind the last column");
        assert!(!rows.fit(1, 3) && !rows.fit(3, 3));
        assert!(Rows::default().fit(0, 0));
        let mut last = Rows::default();
        last.push(1 << 63, [1]);
        assert!(last.fit(1, 64) && !last.fit(1, 63));
    }

    #[test]
    fn cells_come_back() {
        for width in 1..=WIDTH {
            for rows in 0..4 {
                // Every row has another share of zeros.
                let filled = |cell: usize| cell.wrapping_mul(2_654_435_761) >> 7 & 3 > cell / width;
                let cells: Vec<u16> = (0..rows * width)
                    .map(|cell| if filled(cell) { cell as u16 + 1 } else { 0 })
                    .collect();
                let packed = Rows::from_cells(&cells, width);
                assert_eq!(packed.cells(width), cells);
                assert!(packed.fit(rows, width));
                let count = cells.iter().filter(|cell| **cell != 0).count();
                assert_eq!(packed.count(), count);
                for (row, cells) in packed.iter().zip(cells.chunks(width)) {
                    assert!((0..width).all(|column| row.at(column) == cells[column]));
                }
                let fields = (packed.masks.clone(), packed.weights.clone());
                assert_eq!(packed.encode(), fields.encode());
            }
        }
    }
}
