//! Head of a row: the neuron that set the row, the block, and the page cells that hold it.

use inktensor_primitives::{versioned::TooOld, Versioned};

/// One of a row's two sets of page cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Slot {
    /// The first; a row starts here.
    #[default]
    A,
    /// The second.
    B,
}

impl Slot {
    /// Returns the other slot.
    const fn other(self) -> Self {
        match self {
            Slot::A => Slot::B,
            Slot::B => Slot::A,
        }
    }
}

/// Pages that exist in each slot: bit `p` for page `p`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
struct Occupied {
    a: u16,
    b: u16,
}

impl Occupied {
    const fn of(self, slot: Slot) -> u16 {
        match slot {
            Slot::A => self.a,
            Slot::B => self.b,
        }
    }

    const fn with(self, slot: Slot, pages: u16) -> Self {
        match slot {
            Slot::A => Self {
                a: pages,
                b: self.b,
            },
            Slot::B => Self {
                a: self.a,
                b: pages,
            },
        }
    }
}

/// Head of a row in one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RowHead {
    /// Generation of the neuron that set the row. The row of an earlier neuron on the uid does not
    /// count.
    pub generation: u32,
    /// Block at which the row was set.
    pub updated_at: u32,
    /// Slot that holds the pages of the row.
    slot: Slot,
    /// The pages of both slots. Those in the other slot are of an older row; the next write may
    /// have to delete them.
    occupied: Occupied,
}

impl RowHead {
    /// Returns the location of the row's pages.
    pub const fn row(&self) -> RowRef {
        RowRef {
            slot: self.slot,
            pages: self.occupied.of(self.slot),
        }
    }
}

/// The page cells that hold a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RowRef {
    /// The slot.
    pub slot: Slot,
    /// Bit `p`: page `p` exists.
    pub pages: u16,
}

impl RowRef {
    /// Returns true if `page` exists.
    pub fn has(&self, page: u16) -> bool {
        self.pages & bit(page) != 0
    }
}

/// Returns the bit of `page` in a set of pages; zero past the last page that a subnet can have.
pub fn bit(page: u16) -> u16 {
    1u16.checked_shl(u32::from(page)).unwrap_or_default()
}

/// Effect of a write on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// The new head. The caller writes its pages.
    pub head: RowHead,
    /// Pages in the new row's slot that belong to an older row and are not overwritten. The caller
    /// deletes them.
    pub stale: u16,
}

/// Plans the write of a row with `pages` in the open epoch `open`.
///
/// The row that the epoch before reads stays in its slot, which is the same for every write of this
/// epoch. So all these writes go to the other slot.
///
/// # Errors
/// `TooOld` if the row was written in an epoch after `open`, which cannot happen.
pub fn rewrite(
    cell: &Versioned<Option<RowHead>>,
    open: u32,
    generation: u32,
    block: u32,
    pages: u16,
) -> Result<Rewrite, TooOld> {
    let before = match open.checked_sub(1) {
        Some(previous) => *cell.at(previous)?,
        None => None,
    };
    let slot = before.map(|head| head.slot.other()).unwrap_or_default();
    let occupied = (*cell.now()).map(|head| head.occupied).unwrap_or_default();
    Ok(Rewrite {
        head: RowHead {
            generation,
            updated_at: block,
            slot,
            occupied: occupied.with(slot, pages),
        },
        stale: occupied.of(slot) & !pages,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::page::PAGES, *};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Page cells and head of one row, as in storage. A page holds the number of its write.
    #[derive(Default)]
    struct Row {
        cell: Versioned<Option<RowHead>>,
        pages: BTreeMap<(bool, u16), u32>,
    }

    impl Row {
        fn write(&mut self, open: u32, number: u32, pages: u16) {
            let plan = rewrite(&self.cell, open, 0, number, pages).unwrap();
            let slot = plan.head.slot == Slot::B;
            for page in 0..16 {
                if plan.stale & bit(page) != 0 {
                    assert!(self.pages.remove(&(slot, page)).is_some());
                }
                if pages & bit(page) != 0 {
                    self.pages.insert((slot, page), number);
                }
            }
            self.cell.write(open, Some(plan.head));
        }

        /// Returns the number of the write that `epoch` reads, and its pages.
        fn at(&self, epoch: u32) -> Option<(u32, u16)> {
            let head = (*self.cell.at(epoch).unwrap())?;
            let row = head.row();
            for page in (0..16).filter(|page| row.has(*page)) {
                assert_eq!(
                    self.pages.get(&(row.slot == Slot::B, page)),
                    Some(&head.updated_at)
                );
            }
            Some((head.updated_at, row.pages))
        }

        fn leaked(&self) -> bool {
            let known = (*self.cell.now())
                .map(|head| head.occupied)
                .unwrap_or_default();
            self.pages
                .keys()
                .any(|(b, page)| known.of(if *b { Slot::B } else { Slot::A }) & bit(*page) == 0)
        }
    }

    proptest! {
        /// The closed epoch reads the same row after any writes of the open epoch.
        #[test]
        fn the_closed_epochs_row_stays(
            writes in prop::collection::vec((0u32..3, any::<u16>(), any::<u16>()), 1..20)
        ) {
            let mut row = Row::default();
            let mut open = 0;
            let mut now = None;
            let mut before = None;
            for (number, (epochs, a, b)) in (0u32..).zip(writes) {
                for _ in 0..epochs {
                    open += 1;
                    before = now;
                }
                // Pages come and go.
                let pages = a & b;
                row.write(open, number, pages);
                now = Some((number, pages));
                prop_assert_eq!(row.at(open), now);
                if open > 0 {
                    prop_assert_eq!(row.at(open - 1), before);
                }
                prop_assert!(!row.leaked(), "a page that no head knows is never deleted");
            }
        }
    }

    #[test]
    fn no_page_beyond_the_last() {
        assert_eq!(bit(PAGES - 1), 1 << 15);
        assert_eq!(bit(PAGES), 0);
    }
}
