//! Pay that is owed to the owners of neurons, until they collect it.
//!
//! What a registration is owed stands in its page of standings, which a settlement writes anyway.
//! Registering has paid for that place. The registration that replaces a neuron moves what is owed
//! to a cell of the hotkey, which it pays for too. So a settlement creates no storage.

use super::{Strength, Subnets};
use crate::pages::{self, StandingPage};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    registry::{BoundedField, Neuron, PagePay, RegistryError},
    staking::Payment,
    AccountId, NetUid, Rao, Uid, PAGE,
};

/// Pay that is owed to the owner of a hotkey for registrations that were replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Left {
    /// The owner.
    coldkey: AccountId,
    /// The pay.
    owed: Rao,
    /// Epoch that was open at the last replacement. Earlier epochs may still be settled while it is
    /// open.
    replaced_in: u32,
}

impl Subnets {
    /// Records results of the closed `epoch`, with the pay that is owed to each neuron. The pay of
    /// a neuron that was replaced since is owed to its hotkey.
    ///
    /// # Errors
    /// `UnknownSubnet`, `OutOfBounds`, `TooOld`, `Exhausted`.
    pub fn record(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        pay: &[PagePay],
    ) -> Result<(), RegistryError> {
        let seats = self.seats(netuid)?;
        if epoch >= seats.epoch() {
            return Err(RegistryError::OutOfBounds {
                field: BoundedField::Epoch,
                value: epoch.into(),
                min: 0,
                max: seats.epoch().saturating_sub(1).into(),
            });
        }
        let strength = self.strengths.get(netuid);
        let mut strength = strength.unwrap_or_else(|| Strength::new(0));
        for page in pay {
            self.record_page(netuid, epoch, page, seats.taken())?;
            strength.record(epoch, seats.opened_at(), &page.scores);
        }
        self.strengths.insert(netuid, &strength);
        Ok(())
    }

    /// Records the results of neurons of one page, of a subnet with `taken` seats.
    fn record_page(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        pay: &PagePay,
        taken: u16,
    ) -> Result<(), RegistryError> {
        let PagePay {
            start,
            scores,
            owed,
        } = pay;
        let count = u16::try_from(scores.len()).unwrap_or(u16::MAX);
        let places = pages::span(*start, count, taken)?;
        let key = (netuid, start.page());
        let mut page = self.standings.get(key).unwrap_or_default();
        let replaced = page.record(epoch, *start, scores, owed)?;
        self.standings.insert(key, &page);
        if replaced.is_empty() {
            return Ok(());
        }
        let neurons = self.neurons.get(key).unwrap_or_default();
        let neurons = neurons.at(places, epoch)?;
        for (place, amount) in replaced {
            if let Some(neuron) = neurons.get(place) {
                self.leave(netuid, neuron, amount, epoch.saturating_add(1))?;
            }
        }
        Ok(())
    }

    /// Removes and returns the pay that is owed to the neurons on `uids`, at most 64. A neuron that
    /// is owed nothing is left out.
    ///
    /// # Errors
    /// `OutOfBounds` for too many uids, `NotSeated`.
    pub fn take_owed(
        &mut self,
        netuid: NetUid,
        uids: &[Uid],
    ) -> Result<Vec<Payment>, RegistryError> {
        super::bounds::at_most(BoundedField::UidCount, uids.len(), PAGE.into())?;
        let mut taken = Vec::with_capacity(uids.len());
        let mut rest = uids;
        while let Some(first) = rest.first() {
            let page = first.page();
            let len = rest.iter().take_while(|uid| uid.page() == page).count();
            let (these, others) = rest.split_at(len);
            rest = others;
            let key = (netuid, page);
            let mut standings: StandingPage = self.standings.get(key).unwrap_or_default();
            let neurons = self.neurons.get(key).unwrap_or_default();
            for uid in these {
                let neuron = neurons.neuron(*uid).ok_or(RegistryError::NotSeated)?;
                let amount = standings.take_owed(*uid);
                if !amount.is_zero() {
                    taken.push(Payment {
                        hotkey: neuron.identity(),
                        coldkey: neuron.coldkey,
                        amount,
                    });
                }
            }
            self.standings.insert(key, &standings);
        }
        Ok(taken)
    }

    /// Removes and returns the pay that is owed to the owner of `hotkey` for registrations that
    /// were replaced. Returns nothing if there is no such pay, and no cell to remove.
    pub fn take_left(&mut self, netuid: NetUid, hotkey: AccountId) -> Option<Payment> {
        let key = (netuid, hotkey);
        let left = self.left.get(key)?;
        let open = self.seats(netuid).map_or(u32::MAX, |seats| seats.epoch());
        let is_over = open > left.replaced_in;
        if is_over {
            self.left.remove(key);
        } else {
            // A settlement may still add to it.
            let owed = Rao::ZERO;
            self.left.insert(key, &Left { owed, ..left });
        }
        (is_over || !left.owed.is_zero()).then_some(Payment {
            hotkey,
            coldkey: left.coldkey,
            amount: left.owed,
        })
    }

    /// Returns the pay that is owed to the owner of `hotkey` for registrations that were replaced.
    pub fn left(&self, netuid: NetUid, hotkey: AccountId) -> Rao {
        self.left
            .get((netuid, hotkey))
            .map_or(Rao::ZERO, |left| left.owed)
    }

    /// Adds `amount` to what is owed to the owner of `neuron`, which was replaced while epoch
    /// `open` was open.
    ///
    /// # Errors
    /// `Exhausted` for a sum beyond all TAO.
    pub(super) fn leave(
        &mut self,
        netuid: NetUid,
        neuron: &Neuron,
        amount: Rao,
        open: u32,
    ) -> Result<(), RegistryError> {
        let key = (netuid, neuron.identity());
        let before = self.left.get(key);
        let owed = before.map_or(Rao::ZERO, |left| left.owed);
        let replaced_in = before.map_or(open, |left| left.replaced_in.max(open));
        let left = Left {
            coldkey: neuron.coldkey,
            owed: owed.checked_add(amount).ok_or(RegistryError::Exhausted)?,
            replaced_in,
        };
        self.left.insert(key, &left);
        Ok(())
    }
}
