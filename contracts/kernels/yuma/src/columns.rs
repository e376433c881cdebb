//! The columns of a chunk: its uids as bits of a mask, and the two ways to walk over a row.
//!
//! A row with few entries is walked by its mask, one entry after the other. A row with many is
//! walked whole, since a loop of fixed length is cheaper for each cell than a mask. Both give the
//! same numbers: a cell without a weight and without a bond adds nothing.

use inktensor_primitives::PAGE;

/// Most columns of a chunk. A smaller chunk has zeros behind its last column.
pub const WIDTH: usize = PAGE as usize;
// A mask has a bit for each column.
const _: () = assert!(WIDTH == 64);
/// The last column, and the mask of a column's number.
const LAST: usize = WIDTH.wrapping_sub(1);

/// One value per column.
pub type Columns<T> = [T; WIDTH];

/// Returns `column`, masked to below [`WIDTH`], so that an index needs no check.
#[inline(always)]
pub const fn at(column: usize) -> usize {
    column & LAST
}

/// Returns the mask of one column.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // A column's number is below 64.
pub const fn bit(column: usize) -> u64 {
    1u64.wrapping_shl(at(column) as u32)
}

/// Returns the mask of the columns whose items, in order of column, are true.
#[inline(always)]
pub fn mask_of(items: impl Iterator<Item = bool>) -> u64 {
    let columns = items.take(WIDTH).enumerate().filter(|(_, item)| *item);
    columns.fold(0, |mask, (column, _)| mask | bit(column))
}

/// Returns the mask of the first `count` columns.
#[inline(always)]
pub const fn first(count: usize) -> u64 {
    if count >= WIDTH {
        u64::MAX
    } else {
        bit(count).wrapping_sub(1)
    }
}

/// Returns the sum of the weights of a row.
pub fn sum(weights: &[u16]) -> u32 {
    // Groups of a fixed length need no count for each weight.
    let groups = weights.chunks_exact(8);
    let add = |sum, group: &[u16]| {
        let weights = group.iter().map(|weight| u32::from(*weight));
        weights.fold(sum, u32::wrapping_add)
    };
    let rest = add(0, groups.remainder());
    groups.fold(rest, add)
}

/// The columns of a mask, ascending.
#[derive(Clone, Copy, Debug)]
pub struct Bits(pub u64);

impl Iterator for Bits {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let column = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        Some(at(column))
    }
}

/// A way to walk over the cells of rows.
pub trait Walk: Copy {
    /// Returns the columns to visit in a row whose cells outside of `mask` are zero.
    fn columns(self, mask: u64) -> impl Iterator<Item = usize>;
    /// Returns the mask of those columns.
    fn visited(self, mask: u64) -> u64;
    /// Returns the number of those columns.
    fn count(self, mask: u64) -> usize;
}

/// Visits every column.
#[derive(Clone, Copy, Debug)]
pub struct AllColumns;

impl Walk for AllColumns {
    #[inline(always)]
    fn columns(self, _mask: u64) -> impl Iterator<Item = usize> {
        0..WIDTH
    }

    #[inline(always)]
    fn visited(self, _mask: u64) -> u64 {
        u64::MAX
    }

    #[inline(always)]
    fn count(self, _mask: u64) -> usize {
        WIDTH
    }
}

/// Visits the columns of the mask.
#[derive(Clone, Copy, Debug)]
pub struct Entries;

impl Walk for Entries {
    #[inline(always)]
    fn columns(self, mask: u64) -> impl Iterator<Item = usize> {
        Bits(mask)
    }

    #[inline(always)]
    fn visited(self, mask: u64) -> u64 {
        mask
    }

    #[inline(always)]
    fn count(self, mask: u64) -> usize {
        mask.count_ones() as usize
    }
}

/// Returns true if rows with these masks are cheaper to walk by entries than whole.
#[inline(always)]
pub fn is_sparse(masks: &[u64]) -> bool {
    let entries: usize = masks.iter().map(|mask| mask.count_ones() as usize).sum();
    entries.saturating_mul(DENSE) < masks.len().saturating_mul(WIDTH)
}

/// Cells of a whole walk that cost as much as an entry of a walk by mask.
const DENSE: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_mask_names_its_columns(mask: u64) {
            let columns: Vec<usize> = (0..WIDTH).filter(|column| mask & bit(*column) != 0).collect();
            prop_assert_eq!(Entries.count(mask), columns.len());
            prop_assert_eq!(Entries.columns(mask).collect::<Vec<_>>(), columns);
        }

        #[test]
        fn all_weights_are_added(weights in prop::collection::vec(any::<u16>(), 0..=WIDTH)) {
            let added = weights.iter().map(|weight| u32::from(*weight)).sum::<u32>();
            prop_assert_eq!(sum(&weights), added);
        }
    }

    #[test]
    fn half_filled_rows_are_walked_whole() {
        assert!(!is_sparse(&[u64::MAX >> 32; 3]));
        assert!(is_sparse(&[u64::MAX >> 33; 3]));
        assert!(!is_sparse(&[]));
    }
}
