//! The subnets as they are stored, and the rules of taking a seat.
//!
//! After an error storage may be half written: messages return every error, and the chain then undoes all of it.

use crate::{
    hyperparameters,
    kernels::Kernels,
    pages::{self, NeuronPage, StandingPage},
    pruning::Search,
    seats::Seats,
    settings::{self, Settings},
};
use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    kernel::NeuronResult,
    registry::{
        HotkeyStatus, Hyperparameter, Neuron, NeuronView, RegistryError, Seat, Subnet,
        SubnetSnapshot, Tenure,
    },
    AccountId, NetUid, Rao, Uid, MAX_VALIDATORS, PAGE,
};

/// Where a hotkey sits on a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Place {
    uid: Uid,
    generation: u32,
    registered_epoch: u32,
}

/// Who wants a seat, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applicant {
    /// The key that will sit.
    pub hotkey: AccountId,
    /// Who registers and pays.
    pub coldkey: AccountId,
    /// The most it pays.
    pub max_price: Rao,
    /// The block.
    pub now: u32,
}

/// A seat was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The seat.
    pub uid: Uid,
    /// Hotkey of the neuron that gave way.
    pub replaced: Option<AccountId>,
    /// What the applicant owes.
    pub price: Rao,
}

/// All subnets.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Subnets {
    count: u16,
    settings: Mapping<NetUid, Settings, ManualKey<0x7265_0001>>,
    seats: Mapping<NetUid, Seats, ManualKey<0x7265_0002>>,
    places: Mapping<(NetUid, AccountId), Place, ManualKey<0x7265_0003>>,
    owners: Mapping<AccountId, AccountId, ManualKey<0x7265_0004>>,
    neurons: Mapping<(NetUid, u16), NeuronPage, ManualKey<0x7265_0005>>,
    standings: Mapping<(NetUid, u16), StandingPage, ManualKey<0x7265_0006>>,
}

impl Subnets {
    /// Number of subnets.
    pub fn count(&self) -> u16 {
        self.count
    }

    /// Adds a subnet. Its owner's hotkey becomes the owner's, so that nobody else can seat it there.
    ///
    /// # Errors
    /// `NotHotkeyOwner`, `Exhausted`.
    pub fn create(&mut self, settings: &Settings) -> Result<NetUid, RegistryError> {
        self.claim(settings.owner_hotkey, settings.owner)?;
        self.count = self.count.checked_add(1).ok_or(RegistryError::Exhausted)?;
        let netuid = NetUid(self.count);
        self.settings.insert(netuid, settings);
        self.seats.insert(netuid, &Seats::new());
        Ok(netuid)
    }

    /// Sets a hyperparameter for `caller`.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `OutOfBounds`, `KernelNotAllowed`, `NotYuma`.
    pub fn set(
        &mut self,
        netuid: NetUid,
        caller: AccountId,
        value: Hyperparameter,
        kernels: &Kernels,
    ) -> Result<(), RegistryError> {
        let mut settings = self.settings(netuid)?;
        if settings.owner != caller {
            return Err(RegistryError::NotOwner);
        }
        let taken = self.seats(netuid)?.taken();
        let choose = |kernel| kernels.choose(kernel);
        hyperparameters::set(&mut settings, taken, value, choose)?;
        self.settings.insert(netuid, &settings);
        Ok(())
    }

    /// Seats the applicant on a free seat, or on a full subnet in the place of another.
    ///
    /// # Errors
    /// `UnknownSubnet`, `AlreadyRegistered`, `NotHotkeyOwner`, `PriceAbove`, `AllImmune`, `Exhausted`.
    pub fn register(
        &mut self,
        netuid: NetUid,
        applicant: Applicant,
    ) -> Result<Registered, RegistryError> {
        let settings = self.settings(netuid)?;
        let mut seats = self.seats(netuid)?;
        if let Some(place) = self.places.get((netuid, applicant.hotkey)) {
            return Err(RegistryError::AlreadyRegistered(place.uid));
        }
        self.claim(applicant.hotkey, applicant.coldkey)?;
        let price = settings.registration_price;
        if price > applicant.max_price {
            return Err(RegistryError::PriceAbove(price));
        }
        let uid = if seats.taken() < settings.max_uids {
            seats.take_next()?
        } else {
            self.prune(netuid, &settings, &seats, applicant.now)?
        };
        let neuron = Neuron {
            hotkey: applicant.hotkey,
            coldkey: applicant.coldkey,
            registered_at: applicant.now,
            registered_epoch: seats.epoch(),
            generation: seats.next_generation()?,
        };
        let replaced = self.seat_on(netuid, uid, neuron)?;
        self.seats.insert(netuid, &seats);
        Ok(Registered {
            uid,
            replaced,
            price,
        })
    }

    /// Closes epoch `closing` and returns the subnet as it was in it.
    ///
    /// # Errors
    /// `UnknownSubnet`, `KernelNotAllowed`, `WrongEpoch`, `Exhausted`.
    pub fn close(
        &mut self,
        netuid: NetUid,
        closing: u32,
        kernels: &Kernels,
    ) -> Result<SubnetSnapshot, RegistryError> {
        let settings = self.settings(netuid)?;
        // Chosen when it was allowed, and entries stay: no subnet is without one.
        let kernel = kernels.entry(settings.kernel);
        let kernel = kernel.ok_or(RegistryError::KernelNotAllowed)?;
        let mut seats = self.seats(netuid)?;
        let frozen = seats.clone();
        seats.close(closing)?;
        self.seats.insert(netuid, &seats);
        let owner = self.places.get((netuid, settings.owner_hotkey));
        Ok(SubnetSnapshot {
            neurons: frozen.taken(),
            owner_uid: owner.map(|place| place.uid),
            params: settings::kernel_bytes(&settings.params),
            kernel_code: kernel.code_hash,
            subnet: settings.subnet(&frozen),
        })
    }

    /// Records what `epoch`, which must be closed, found for the uids from `start` on.
    ///
    /// # Errors
    /// `UnknownSubnet`, `OutOfBounds`, `TooOld`.
    pub fn record(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        start: Uid,
        results: &[NeuronResult],
    ) -> Result<(), RegistryError> {
        let seats = self.seats(netuid)?;
        if epoch >= seats.epoch() {
            return Err(RegistryError::OutOfBounds {
                value: epoch.into(),
                min: 0,
                max: seats.epoch().saturating_sub(1).into(),
            });
        }
        let count = u16::try_from(results.len()).unwrap_or(u16::MAX);
        pages::span(start, count, seats.taken())?;
        let key = (netuid, start.page());
        let mut page = self.standings.get(key).unwrap_or_default();
        page.record(epoch, start, results)?;
        self.standings.insert(key, &page);
        Ok(())
    }

    /// The subnet.
    pub fn subnet(&self, netuid: NetUid) -> Option<Subnet> {
        let seats = self.seats.get(netuid)?;
        Some(self.settings.get(netuid)?.subnet(&seats))
    }

    /// Where `hotkey` sits now.
    pub fn seat(&self, netuid: NetUid, hotkey: AccountId) -> Option<Seat> {
        let place = self.places.get((netuid, hotkey))?;
        let seats = self.seats.get(netuid)?;
        Some(Seat {
            uid: place.uid,
            generation: place.generation,
            registered_epoch: place.registered_epoch,
            neurons: seats.taken(),
            epoch: seats.epoch(),
        })
    }

    /// Who sits on `uid` now.
    pub fn neuron(&self, netuid: NetUid, uid: Uid) -> Option<Neuron> {
        let page = self.neurons.get((netuid, uid.page()))?;
        page.neuron(uid).cloned()
    }

    /// Who sat on the `count` uids from `start` at the end of `epoch`. Reads one page.
    ///
    /// # Errors
    /// `UnknownSubnet`, `OutOfBounds`, `TooOld`.
    pub fn neurons_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        start: Uid,
        count: u16,
    ) -> Result<Vec<Neuron>, RegistryError> {
        let seats = self.seats(netuid)?;
        let taken = seats.taken_at(epoch).map_err(|_| RegistryError::TooOld)?;
        let places = pages::span(start, count, taken)?;
        let page = self.neurons.get((netuid, start.page()));
        page.unwrap_or_default().at(places, epoch)
    }

    /// The tenures of who sat on `uids` at the end of `epoch`. Reads each page of standings that they touch once.
    ///
    /// # Errors
    /// `UnknownSubnet`, `TooOld`, `OutOfBounds` for too many uids, for one that was not taken, or for one that does not
    /// ascend.
    pub fn tenures_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        uids: &[Uid],
    ) -> Result<Vec<Tenure>, RegistryError> {
        let seats = self.seats(netuid)?;
        let taken = seats.taken_at(epoch).map_err(|_| RegistryError::TooOld)?;
        hyperparameters::at_most(uids.len(), usize::from(MAX_VALIDATORS).saturating_add(1))?;
        let mut tenures = Vec::with_capacity(uids.len());
        let mut page = StandingPage::default();
        let mut loaded = None;
        let mut least = 0;
        for uid in uids {
            hyperparameters::within(uid.0, least, taken.saturating_sub(1).into())?;
            least = u64::from(uid.0).saturating_add(1);
            if loaded != Some(uid.page()) {
                loaded = Some(uid.page());
                page = self.standings.get((netuid, uid.page())).unwrap_or_default();
            }
            tenures.push(page.tenure_at(*uid, epoch)?);
        }
        Ok(tenures)
    }

    /// A page of neurons with their scores.
    pub fn metagraph(&self, netuid: NetUid, page: u16) -> Vec<NeuronView> {
        let neurons = self.neurons.get((netuid, page)).unwrap_or_default();
        let standings = self.standings.get((netuid, page)).unwrap_or_default();
        pages::views(Uid(page.saturating_mul(PAGE)), neurons, &standings)
    }

    /// Who owns `hotkey`.
    pub fn owner_of(&self, hotkey: AccountId) -> Option<AccountId> {
        self.owners.get(hotkey)
    }

    /// Whether the subnet exists and who owns the hotkey.
    pub fn hotkey_status(&self, netuid: NetUid, hotkey: AccountId) -> HotkeyStatus {
        HotkeyStatus {
            subnet_exists: (1..=self.count).contains(&netuid.0),
            owner: self.owner_of(hotkey),
        }
    }

    fn settings(&self, netuid: NetUid) -> Result<Settings, RegistryError> {
        self.settings
            .get(netuid)
            .ok_or(RegistryError::UnknownSubnet)
    }

    fn seats(&self, netuid: NetUid) -> Result<Seats, RegistryError> {
        self.seats.get(netuid).ok_or(RegistryError::UnknownSubnet)
    }

    /// Makes `hotkey` the coldkey's, if it is nobody's yet.
    fn claim(&mut self, hotkey: AccountId, coldkey: AccountId) -> Result<(), RegistryError> {
        match self.owners.get(hotkey) {
            None => {
                self.owners.insert(hotkey, &coldkey);
                Ok(())
            }
            Some(owner) if owner == coldkey => Ok(()),
            Some(_) => Err(RegistryError::NotHotkeyOwner),
        }
    }

    /// Who gives way on a full subnet.
    fn prune(
        &self,
        netuid: NetUid,
        settings: &Settings,
        seats: &Seats,
        now: u32,
    ) -> Result<Uid, RegistryError> {
        let owner = self.places.get((netuid, settings.owner_hotkey));
        let owner = owner.map(|place| place.uid);
        let mut search = Search::new(now, settings.immunity_period, owner);
        for page in 0..seats.taken().div_ceil(PAGE) {
            let standings = self.standings.get((netuid, page)).unwrap_or_default();
            search.page(Uid(page.saturating_mul(PAGE)), standings.standings());
        }
        search.found().ok_or(RegistryError::AllImmune)
    }

    /// Puts `neuron` on `uid` with a newcomer's score. Returns the hotkey that gives way; it keeps owner and stake.
    fn seat_on(
        &mut self,
        netuid: NetUid,
        uid: Uid,
        neuron: Neuron,
    ) -> Result<Option<AccountId>, RegistryError> {
        let key = (netuid, uid.page());
        let place = Place {
            uid,
            generation: neuron.generation,
            registered_epoch: neuron.registered_epoch,
        };
        self.places.insert((netuid, neuron.hotkey), &place);

        let open = neuron.registered_epoch;
        let mut standings = self.standings.get(key).unwrap_or_default();
        standings.seat(uid, open, &neuron)?;
        self.standings.insert(key, &standings);

        let mut neurons = self.neurons.get(key).unwrap_or_default();
        let replaced = neurons.seat(uid, open, neuron)?;
        self.neurons.insert(key, &neurons);

        let replaced = replaced.map(|neuron| neuron.hotkey);
        if let Some(hotkey) = replaced {
            self.places.remove((netuid, hotkey));
        }
        Ok(replaced)
    }
}

#[cfg(test)]
mod tests;
