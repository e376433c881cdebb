//! What the neurons of a subnet show, as it is stored.

use super::Subnets;
use crate::serving::{Served, Shown};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    registry::{RegistryError, ServingView},
    AccountId, NetUid, Rao, Uid, PAGE,
};

impl Subnets {
    /// Lets the neuron of `hotkey` show something at block `now`. Returns the deposit that is due
    /// for it: for the first thing that it shows.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotSeated`, `BadHost`, `OutOfBounds`, `TooSoon`.
    pub fn show(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        shown: Shown,
        now: u32,
        deposit: Rao,
    ) -> Result<Rao, RegistryError> {
        shown.check()?;
        let settings = self.settings(netuid)?;
        let place = self.places.get((netuid, hotkey));
        let generation = place.ok_or(RegistryError::NotSeated)?.generation;
        let before = self.served.get((netuid, generation));
        let due = if before.is_none() { deposit } else { Rao::ZERO };
        let mut served = before.unwrap_or_else(|| Served::holding(deposit));
        served.show(shown, now, settings.terms.serving_rate_limit)?;
        self.served.insert((netuid, generation), &served);
        Ok(due)
    }

    /// Lets the neuron of `hotkey` show nothing any more. Returns what was held for it.
    ///
    /// # Errors
    /// `NotSeated`, `NothingServed`.
    pub fn hide(&mut self, netuid: NetUid, hotkey: AccountId) -> Result<Rao, RegistryError> {
        let place = self.places.get((netuid, hotkey));
        let generation = place.ok_or(RegistryError::NotSeated)?.generation;
        self.forget(netuid, generation)
            .ok_or(RegistryError::NothingServed)
    }

    /// Forgets what a registration showed. Returns what was held for it.
    pub(super) fn forget(&mut self, netuid: NetUid, generation: u32) -> Option<Rao> {
        self.served
            .take((netuid, generation))
            .map(|served| served.deposit)
    }

    /// What the neuron on `uid` shows.
    pub fn serving(&self, netuid: NetUid, uid: Uid) -> Option<ServingView> {
        let neuron = self.neuron(netuid, uid)?;
        let served = self.served.get((netuid, neuron.generation))?;
        Some(served.view(uid))
    }

    /// What the neurons of a page show.
    pub fn serving_page(&self, netuid: NetUid, page: u16) -> Vec<ServingView> {
        let neurons = self.neurons.get((netuid, page)).unwrap_or_default();
        let first = page.saturating_mul(PAGE);
        let uids = (first..).take(usize::from(PAGE)).map(Uid);
        let shown = uids.filter_map(|uid| {
            let neuron = neurons.neuron(uid)?;
            let served = self.served.get((netuid, neuron.generation))?;
            Some(served.view(uid))
        });
        shown.collect()
    }
}
