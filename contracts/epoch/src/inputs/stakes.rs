//! Stakes of a chunk that are gathered before a step reads them.
//!
//! The stake that a hotkey weighs with is spread over cells of its own and of its parents. Those of
//! a whole chunk may be more than a block can prove. So they can be read in several calls, and the
//! step that needs them reads one cell.

use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{NetUid, Rao};

/// Stakes of the first neurons of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct StakePage {
    /// The closed epoch that the stakes are of.
    epoch: u32,
    /// Stakes, in order of uid.
    stakes: Vec<Rao>,
}

/// Gathered stakes of all subnets. A page is overwritten in a later epoch, and never deleted.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct StakeStore {
    /// By subnet and chunk.
    pages: Mapping<(NetUid, u16), StakePage, ManualKey<0x4550_0005>>,
}

impl StakeStore {
    /// Returns the stakes of the first neurons of a chunk that are gathered for `epoch`.
    pub fn gathered(&self, netuid: NetUid, chunk: u16, epoch: u32) -> Vec<Rao> {
        let page = self.pages.get((netuid, chunk));
        page.filter(|page| page.epoch == epoch)
            .map(|page| page.stakes)
            .unwrap_or_default()
    }

    /// Stores the stakes of the first neurons of a chunk for `epoch`.
    pub fn put(&mut self, netuid: NetUid, chunk: u16, epoch: u32, stakes: Vec<Rao>) {
        self.pages
            .insert((netuid, chunk), &StakePage { epoch, stakes });
    }
}
