//! Stored endpoints and commitments of a subnet's neurons.

use super::Subnets;
use crate::serving::{Served, ServingRecord};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    registry::{RegistryError, ServingView},
    work::Pledge,
    AccountId, NetUid, Rao, Uid, PAGE,
};

impl Subnets {
    /// Serves an endpoint or a commitment of the neuron of `hotkey` at block `now`. Returns the
    /// deposit that is due, which is zero except for the first.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotSeated`, `BadHost`, `OutOfBounds`, `TooSoon`.
    pub fn serve(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        served: Served,
        now: u32,
        deposit: Rao,
    ) -> Result<Rao, RegistryError> {
        served.check()?;
        let settings = self.settings(netuid)?;
        let place = self.places.get((netuid, hotkey));
        let generation = place.ok_or(RegistryError::NotSeated)?.generation;
        let before = self.served.get((netuid, generation));
        let due = if before.is_none() { deposit } else { Rao::ZERO };
        let mut record = before.unwrap_or_else(|| ServingRecord::holding(deposit));
        record.serve(served, now, settings.present.terms.serving_rate_limit)?;
        self.served.insert((netuid, generation), &record);
        Ok(due)
    }

    /// Stops serving everything of the neuron of `hotkey`. Returns its deposit.
    ///
    /// # Errors
    /// `NotSeated`, `NothingServed`.
    pub fn stop_serving(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
    ) -> Result<Rao, RegistryError> {
        let place = self.places.get((netuid, hotkey));
        let generation = place.ok_or(RegistryError::NotSeated)?.generation;
        self.remove_served(netuid, generation)
            .ok_or(RegistryError::NothingServed)
    }

    /// Removes everything that a registration serves. Returns its deposit.
    pub(super) fn remove_served(&mut self, netuid: NetUid, generation: u32) -> Option<Rao> {
        self.served
            .take((netuid, generation))
            .map(|record| record.deposit)
    }

    /// Returns the epoch of the evidence that a registration has pledged last. Nothing if its
    /// commitment is another one.
    pub(super) fn evidence(&self, netuid: NetUid, generation: u32) -> Option<u32> {
        let record = self.served.get((netuid, generation))?;
        match Pledge::from_data(record.raw_commitment()?).ok()? {
            Pledge::Evidence { epoch, .. } | Pledge::Fold { epoch, .. } => Some(epoch),
            Pledge::Subnet { .. } | Pledge::Work { .. } => None,
        }
    }

    /// Returns everything that the neuron on `uid` serves.
    pub fn serving(&self, netuid: NetUid, uid: Uid) -> Option<ServingView> {
        let neuron = self.neuron(netuid, uid)?;
        let record = self.served.get((netuid, neuron.generation))?;
        Some(record.view(uid))
    }

    /// Returns everything that the neurons of a page serve.
    pub fn serving_page(&self, netuid: NetUid, page: u16) -> Vec<ServingView> {
        let neurons = self.neurons.get((netuid, page)).unwrap_or_default();
        let first = page.saturating_mul(PAGE);
        let uids = (first..).take(usize::from(PAGE)).map(Uid);
        let views = uids.filter_map(|uid| {
            let neuron = neurons.neuron(uid)?;
            let record = self.served.get((netuid, neuron.generation))?;
            Some(record.view(uid))
        });
        views.collect()
    }
}
