//! Storage of rows.

use super::{
    page::{page_of, place_of, PAGES, ROW_PAGE},
    row_head::{self, Slot},
    RowHead, RowPage, RowRef,
};
use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    epoch::{EpochError, WeightsRow},
    kernel::Rows,
    versioned::TooOld,
    NetUid, Uid, Versioned,
};

/// The last commit of a neuron, of which nothing newer is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct LastCommit {
    /// Generation of the neuron.
    pub generation: u32,
    /// Block of the commit.
    pub block: u32,
}

/// Head of a uid's row, and its last commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct RowCell {
    /// The head, by epoch.
    pub head: Versioned<Option<RowHead>>,
    /// The last commit. While it is absent, no neuron on the uid has commits in storage.
    pub committed: Option<LastCommit>,
}

impl RowCell {
    /// Returns the block of the last update by `generation`: its row, or its last commit.
    pub fn updated_at(&self, generation: u32) -> Option<u32> {
        let row = self.head.now().filter(|head| head.generation == generation);
        let committed = self.committed.filter(|it| it.generation == generation);
        let (row, committed) = (row.map(|it| it.updated_at), committed.map(|it| it.block));
        row.max(committed)
    }
}

/// The cells of a page of validators, by place; shorter than a page while its last uids have set
/// nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct HeadPage(pub Vec<RowCell>);

impl HeadPage {
    /// Returns the cell of `uid`, which is of this page.
    pub fn cell(&self, uid: Uid) -> RowCell {
        self.0.get(uid.offset()).cloned().unwrap_or_default()
    }

    /// Returns the row head of `uid`, which is of this page, at the end of `epoch`.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn head_at(&self, uid: Uid, epoch: u32) -> Result<Option<RowHead>, TooOld> {
        match self.0.get(uid.offset()) {
            Some(cell) => cell.head.at(epoch).copied(),
            None => Ok(None),
        }
    }

    /// Replaces the cell of `uid`, which is of this page.
    pub fn set(&mut self, uid: Uid, cell: RowCell) {
        let place = uid.offset();
        if self.0.len() <= place {
            let longer = place.saturating_add(1);
            self.0.resize_with(longer, RowCell::default);
        }
        if let Some(old) = self.0.get_mut(place) {
            *old = cell;
        }
    }
}

/// Subnet, validator, slot, and page of the weighted uids.
type PageKey = (NetUid, Uid, Slot, u16);

/// Neuron that writes a row, and the time of the write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowWriter {
    /// The subnet.
    pub netuid: NetUid,
    /// Uid of the neuron.
    pub uid: Uid,
    /// Generation of the neuron.
    pub generation: u32,
    /// The open epoch.
    pub open: u32,
    /// The block.
    pub block: u32,
}

/// All rows of all subnets.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct RowStore {
    /// Heads by subnet and page of the validator's uid: one read serves a chunk.
    heads: Mapping<(NetUid, u16), HeadPage, ManualKey<0x4550_0001>>,
    /// The weights.
    pages: Mapping<PageKey, RowPage, ManualKey<0x4550_0002>>,
}

impl RowStore {
    /// Replaces the writer's row with `row`, a weight per uid. `heads` is the stored page of the
    /// writer's uid, which may have other changes. Returns the number of non-zero weights.
    ///
    /// # Errors
    /// `Overflow` beyond the limits of a subnet.
    pub fn write(
        &mut self,
        writer: RowWriter,
        mut heads: HeadPage,
        row: &[u16],
    ) -> Result<u16, EpochError> {
        let RowWriter { netuid, uid, .. } = writer;
        let mut cell = heads.cell(uid);
        let packed: Vec<(u16, RowPage)> = (0u16..)
            .zip(row.chunks(usize::from(ROW_PAGE)))
            .filter_map(|(page, weights)| Some((page, RowPage::pack(weights)?)))
            .collect();
        let pages = packed
            .iter()
            .fold(0, |pages, (page, _)| pages | row_head::bit(*page));
        let plan = row_head::rewrite(
            &cell.head,
            writer.open,
            writer.generation,
            writer.block,
            pages,
        )
        .map_err(|_| EpochError::Overflow)?;
        cell.head.write(writer.open, Some(plan.head));
        heads.set(uid, cell);
        self.put_heads(netuid, uid, &heads);

        let slot = plan.head.row().slot;
        for page in (0..PAGES).filter(|page| plan.stale & row_head::bit(*page) != 0) {
            self.pages.remove((netuid, uid, slot, page));
        }
        let mut entries: usize = 0;
        for (page, cell) in &packed {
            self.pages.insert((netuid, uid, slot, *page), cell);
            entries = entries.saturating_add(cell.count());
        }
        u16::try_from(entries).map_err(|_| EpochError::Overflow)
    }

    /// Returns the row heads of the page of validators that has `uid`.
    pub fn heads(&self, netuid: NetUid, uid: Uid) -> HeadPage {
        self.heads.get((netuid, uid.page())).unwrap_or_default()
    }

    /// Stores the row heads of the page of validators that has `uid`.
    pub fn put_heads(&mut self, netuid: NetUid, uid: Uid, heads: &HeadPage) {
        self.heads.insert((netuid, uid.page()), heads);
    }

    /// Adds the weights of the row for the `len` uids from `start` on to `rows`. They do not reach
    /// beyond the page of neurons that has `start`.
    pub fn read(
        &self,
        netuid: NetUid,
        validator: Uid,
        row: RowRef,
        (start, len): (Uid, u16),
        rows: &mut Rows,
    ) {
        match self.page(netuid, validator, row, page_of(start)) {
            Some(page) => {
                let (mask, weights) = page.part(place_of(start), usize::from(len));
                rows.push(mask, weights);
            }
            None => rows.push(0, []),
        }
    }

    /// Returns the current row of `uid` if `generation` set it.
    pub fn row(&self, netuid: NetUid, uid: Uid, generation: u32) -> Option<WeightsRow> {
        let cell = self.heads(netuid, uid).cell(uid);
        let head = (*cell.head.now()).filter(|head| head.generation == generation)?;
        let mut row = WeightsRow {
            updated_at: head.updated_at,
            ..Default::default()
        };
        for page in 0..PAGES {
            let first = page.saturating_mul(ROW_PAGE);
            if let Some(cell) = self.page(netuid, uid, head.row(), page) {
                for (place, weight) in cell.entries() {
                    row.uids.push(Uid(first.saturating_add(place)));
                    row.weights.push(weight);
                }
            }
        }
        Some(row)
    }

    fn page(&self, netuid: NetUid, validator: Uid, row: RowRef, page: u16) -> Option<RowPage> {
        row.has(page)
            .then(|| self.pages.get((netuid, validator, row.slot, page)))
            .flatten()
    }
}
