//! Storage of rows.

use super::{
    row_head::{self, Slot},
    RowHead, RowPage, RowRef,
};
use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    epoch::{EpochError, WeightsRow},
    NetUid, Uid, Versioned, PAGE,
};

/// Row heads of a page of validators, by place; shorter than a page while its last uids have set
/// nothing.
pub type HeadPage = Vec<Versioned<Option<RowHead>>>;

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
    /// Replaces the writer's row with `row`, a weight per uid. Returns the number of non-zero
    /// weights.
    ///
    /// # Errors
    /// `Overflow` beyond the limits of a subnet.
    pub fn write(&mut self, writer: RowWriter, row: &[u16]) -> Result<u16, EpochError> {
        let RowWriter { netuid, uid, .. } = writer;
        let mut heads = self.heads(netuid, uid.page());
        if heads.len() <= uid.offset() {
            heads.resize_with(uid.offset().saturating_add(1), Default::default);
        }
        let cell = heads.get_mut(uid.offset()).ok_or(EpochError::Overflow)?;

        let packed: Vec<(u16, RowPage)> = (0u16..)
            .zip(row.chunks(usize::from(PAGE)))
            .filter_map(|(page, weights)| Some((page, RowPage::pack(weights)?)))
            .collect();
        let pages = packed
            .iter()
            .fold(0, |pages, (page, _)| pages | row_head::bit(*page));
        let plan = row_head::rewrite(cell, writer.open, writer.generation, writer.block, pages)
            .map_err(|_| EpochError::Overflow)?;
        cell.write(writer.open, Some(plan.head));
        self.heads.insert((netuid, uid.page()), &heads);

        let slot = plan.head.row().slot;
        for page in (0..row_head::PAGES).filter(|page| plan.stale & row_head::bit(*page) != 0) {
            self.pages.remove((netuid, uid, slot, page));
        }
        let mut entries: usize = 0;
        for (page, cell) in &packed {
            self.pages.insert((netuid, uid, slot, *page), cell);
            entries = entries.saturating_add(cell.count());
        }
        u16::try_from(entries).map_err(|_| EpochError::Overflow)
    }

    /// Returns the row heads of a page of validators.
    pub fn heads(&self, netuid: NetUid, page: u16) -> HeadPage {
        self.heads.get((netuid, page)).unwrap_or_default()
    }

    /// Writes the weights of the row for the uids from `start` on into `out`, which holds zeros and
    /// does not reach beyond the page of `start`.
    pub fn read(&self, netuid: NetUid, validator: Uid, row: RowRef, start: Uid, out: &mut [u16]) {
        if let Some(page) = self.page(netuid, validator, row, start.page()) {
            page.unpack(start.offset(), out);
        }
    }

    /// Returns the block at which `generation` of `uid` set its row.
    pub fn updated_at(&self, netuid: NetUid, uid: Uid, generation: u32) -> Option<u32> {
        let heads = self.heads(netuid, uid.page());
        let head = (*heads.get(uid.offset())?.now())?;
        (head.generation == generation).then_some(head.updated_at)
    }

    /// Returns the current row of `uid` if `generation` set it.
    pub fn row(&self, netuid: NetUid, uid: Uid, generation: u32) -> Option<WeightsRow> {
        let heads = self.heads(netuid, uid.page());
        let head =
            (*heads.get(uid.offset())?.now()).filter(|head| head.generation == generation)?;
        let mut row = WeightsRow {
            updated_at: head.updated_at,
            ..Default::default()
        };
        for page in 0..row_head::PAGES {
            let first = page.saturating_mul(PAGE);
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
