//! How a neuron gets another hotkey: the seat's key changes, and nothing else.

use super::Subnets;
use inktensor_primitives::{
    registry::{RegistryError, SWAP_INTERVAL},
    AccountId, NetUid, Uid,
};

/// A neuron has another hotkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swapped {
    /// Its seat.
    pub uid: Uid,
    /// The hotkey that its stake is on.
    pub identity: AccountId,
}

impl Subnets {
    /// Gives the neuron of `hotkey`, which `coldkey` owns, the hotkey `new` at block `now`.
    ///
    /// # Errors
    /// `NotSeated`, `NotHotkeyOwner`, `TooSoon`.
    pub fn swap_hotkey(
        &mut self,
        netuid: NetUid,
        coldkey: AccountId,
        (hotkey, new): (AccountId, AccountId),
        now: u32,
    ) -> Result<Swapped, RegistryError> {
        let place = self.places.get((netuid, hotkey));
        let place = place.ok_or(RegistryError::NotSeated)?;
        // Whoever had a hotkey once has stake on it, so only one that is new can be taken.
        if self.owner_of(hotkey) != Some(coldkey) || self.owner_of(new).is_some() {
            return Err(RegistryError::NotHotkeyOwner);
        }
        let last = self.swaps.get((netuid, place.generation));
        let next = last.map_or(0, |last: u32| last.saturating_add(SWAP_INTERVAL));
        if now < next {
            return Err(RegistryError::TooSoon(next));
        }
        let (uid, open) = (place.uid, self.seats(netuid)?.epoch());
        let key = (netuid, uid.page());
        let mut page = self.neurons.get(key).unwrap_or_default();
        // Who has a place has a seat.
        let mut neuron = page.neuron(uid).cloned().ok_or(RegistryError::NotSeated)?;
        let identity = neuron.identity();
        neuron.identity = Some(identity);
        neuron.hotkey = new;
        page.seat(uid, open, neuron)?;
        self.neurons.insert(key, &page);

        self.claim(new, coldkey)?;
        self.places.remove((netuid, hotkey));
        self.places.insert((netuid, new), &place);
        self.stand_ins.insert((netuid, identity), &new);
        self.swaps.insert((netuid, place.generation), &now);
        let mut settings = self.settings(netuid)?;
        if settings.owner_hotkey == hotkey {
            settings.owner_hotkey = new;
            self.settings.insert(netuid, &settings);
        }
        Ok(Swapped { uid, identity })
    }

    /// The seat of a neuron whose stake is on `hotkey`, though it has another by now: it must not
    /// get a second one, or its stake would weigh twice.
    pub(super) fn stand_in(&self, netuid: NetUid, hotkey: AccountId) -> Option<Uid> {
        let stand_in = self.stand_ins.get((netuid, hotkey))?;
        self.places.get((netuid, stand_in)).map(|place| place.uid)
    }
}
