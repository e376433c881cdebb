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
    /// Returns page `page` of the positions of a coldkey at block `now`.
    pub fn positions(&self, coldkey: AccountId, page: u32, now: u32) -> Vec<PositionView> {
        let keys = self.page(List::Coldkey(coldkey), page).into_iter();
        let views = keys.map(|key| {
            let (stake, pending) = self.worth_and_pending(key, now);
            PositionView {
                netuid: key.netuid,
                hotkey: key.hotkey,
                stake,
                pending,
            }
        });
        views.collect()
    }

    /// Returns page `page` of the positions on a hotkey at block `now`.
    pub fn nominators(&self, hotkey: AccountId, page: u32, now: u32) -> Vec<NominatorView> {
        let keys = self.page(List::Hotkey(hotkey), page).into_iter();
        let views = keys.map(|key| {
            let (stake, pending) = self.worth_and_pending(key, now);
            NominatorView {
                netuid: key.netuid,
                coldkey: key.coldkey,
                stake,
                pending,
            }
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
