//! Another hotkey for a neuron: the seat's key changes, and nothing else.

use super::{Subnets, Swap};
use inktensor_primitives::{
    registry::{RegistryError, SWAP_INTERVAL},
    AccountId, NetUid, Uid,
};

/// A completed swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swapped {
    /// The neuron's seat.
    pub uid: Uid,
    /// The hotkey that holds the neuron's stake.
    pub identity: AccountId,
}

impl Subnets {
    /// Changes the hotkey of a neuron that `coldkey` owns from `hotkey` to `new` at block `now`.
    ///
    /// # Errors
    /// `NotSeated`, `NotHotkeyOwner`, `TooSoon`, `NotAgreed`.
    pub fn swap_hotkey(
        &mut self,
        netuid: NetUid,
        coldkey: AccountId,
        (hotkey, new): (AccountId, AccountId),
        has_signed: bool,
        now: u32,
    ) -> Result<Swapped, RegistryError> {
        let place = self.places.get((netuid, hotkey));
        let mut place = place.ok_or(RegistryError::NotSeated)?;
        // A hotkey that had an owner may hold stake, so the new one must have none.
        if self.owner_of(hotkey) != Some(coldkey) || self.owner_of(new).is_some() {
            return Err(RegistryError::NotHotkeyOwner);
        }
        let next = place
            .swap
            .map_or(0, |last| last.at.saturating_add(SWAP_INTERVAL));
        if now < next {
            return Err(RegistryError::TooSoon(next));
        }
        let (uid, open) = (place.uid, self.seats(netuid)?.epoch());
        let key = (netuid, uid.page());
        let mut page = self.neurons.get(key).unwrap_or_default();
        // A stored seat has a neuron.
        let mut neuron = page.neuron(uid).cloned().ok_or(RegistryError::NotSeated)?;
        let identity = neuron.identity();
        neuron.identity = Some(identity);
        neuron.hotkey = new;
        page.seat(uid, open, neuron)?;
        self.neurons.insert(key, &page);

        self.claim(new, coldkey, has_signed)?;
        self.places.remove((netuid, hotkey));
        place.swap = Some(Swap { at: now, identity });
        self.places.insert((netuid, new), &place);
        self.present_hotkeys.insert((netuid, identity), &new);
        let mut settings = self.settings(netuid)?;
        if settings.owner_hotkey == hotkey {
            settings.owner_hotkey = new;
            self.settings.insert(netuid, &settings);
        }
        Ok(Swapped { uid, identity })
    }

    /// Returns the seat of a neuron that has swapped and whose stake is on `hotkey`. Such a hotkey
    /// must not get a second seat, or its stake would count twice.
    pub(super) fn swapped_seat(&self, netuid: NetUid, hotkey: AccountId) -> Option<Uid> {
        let present = self.present_hotkeys.get((netuid, hotkey))?;
        self.places.get((netuid, present)).map(|place| place.uid)
    }
}
