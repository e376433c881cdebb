//! Pages of positions.

use super::{
    index::{List, PositionKey},
    positions::Stake,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    staking::{NominatorView, PositionView},
    AccountId, PAGE,
};

impl Stake {
    /// Returns page `page` of the positions of a coldkey.
    pub fn positions(&self, coldkey: AccountId, page: u32) -> Vec<PositionView> {
        let keys = self.page(List::Coldkey(coldkey), page).into_iter();
        let views = keys.map(|key| PositionView {
            netuid: key.netuid,
            hotkey: key.hotkey,
            stake: self.worth(key),
        });
        views.collect()
    }

    /// Returns page `page` of the positions on a hotkey.
    pub fn nominators(&self, hotkey: AccountId, page: u32) -> Vec<NominatorView> {
        let keys = self.page(List::Hotkey(hotkey), page).into_iter();
        let views = keys.map(|key| NominatorView {
            netuid: key.netuid,
            coldkey: key.coldkey,
            stake: self.worth(key),
        });
        views.collect()
    }

    fn page(&self, list: List, page: u32) -> Vec<PositionKey> {
        let first = page.saturating_mul(PAGE.into());
        let end = first.saturating_add(PAGE.into());
        let places = first..end.min(self.count(list));
        places
            .filter_map(|place| self.listed(list, place))
            .collect()
    }
}
