//! The stored subnets: a storage component that does not know the environment.
//!
//! After an error storage may be half written. Messages return every error, and the chain then
//! reverts the call.
//!
//! - `lifecycle`: creation and retirement
//! - `ownership`: decisions of the owner
//! - `registration`: registration and replacement of neurons
//! - `pay`: pay that is owed to the owners of neurons
//! - `serving`: endpoints and commitments of neurons
//! - `hotkey_swap`: another hotkey for a neuron
//! - `strength`: pay per block, by which the subnet to retire is chosen

mod hotkey_swap;
mod lifecycle;
mod ownership;
mod pay;
mod registration;
mod serving;
mod strength;

pub use ownership::Change;
pub use registration::Applicant;
#[cfg(test)]
use registration::Registered;

use crate::{
    hyperparameters::{
        bounds, change_limits,
        settings::{self, Settings},
    },
    pages::{self, NeuronPage, StandingPage},
    seats::Seats,
    serving::ServingRecord,
};
use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Lazy, Mapping},
};
use inktensor_primitives::{
    registry::{
        roster_with_owner, BoundedField, HotkeyStatus, Neuron, NeuronView, Parameter,
        RegistryError, Seat, Subnet, SubnetIdentity, SubnetSnapshot, Tenure, Voter,
    },
    AccountId, Digest, NetUid, Rao, Uid, MAX_VALIDATORS, PAGE,
};
use strength::Strength;

/// The seat of a hotkey on a subnet, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct SeatRecord {
    uid: Uid,
    generation: u32,
    registered_epoch: u32,
    /// The last swap of the hotkey, if there was one.
    swap: Option<Swap>,
}

/// The last swap of a neuron's hotkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Swap {
    /// Block of the swap.
    at: u32,
    /// The hotkey that holds the neuron's stake.
    identity: AccountId,
}

impl SeatRecord {
    /// Returns the hotkey that holds the stake of the neuron whose hotkey is `hotkey`.
    fn identity(&self, hotkey: AccountId) -> AccountId {
        self.swap.map_or(hotkey, |swap| swap.identity)
    }

    /// Returns the seat on a subnet with this state.
    fn seat(&self, seats: &Seats) -> Seat {
        Seat {
            uid: self.uid,
            generation: self.generation,
            registered_epoch: self.registered_epoch,
            neurons: seats.taken(),
            epoch: seats.epoch(),
        }
    }
}

/// The close of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The epoch, which must be the open one.
    pub epoch: u32,
    /// The block.
    pub now: u32,
    /// Uids with a permit by the last final epoch, ascending.
    pub roster: Vec<Uid>,
}

/// All subnets.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Subnets {
    count: u16,
    settings: Mapping<NetUid, Settings, ManualKey<0x7265_0001>>,
    seats: Mapping<NetUid, Seats, ManualKey<0x7265_0002>>,
    places: Mapping<(NetUid, AccountId), SeatRecord, ManualKey<0x7265_0003>>,
    owners: Mapping<AccountId, AccountId, ManualKey<0x7265_0004>>,
    neurons: Mapping<(NetUid, u16), NeuronPage, ManualKey<0x7265_0005>>,
    standings: Mapping<(NetUid, u16), StandingPage, ManualKey<0x7265_0006>>,
    /// Block from which the owner may change a parameter again.
    changes: Mapping<(NetUid, Parameter), u32, ManualKey<0x7265_000A>>,
    /// Accounts to which subnets are offered.
    offers: Mapping<NetUid, AccountId, ManualKey<0x7265_000B>>,
    identities: Mapping<NetUid, SubnetIdentity, ManualKey<0x7265_000C>>,
    /// Seats that the present owner took as the owner, oldest first; at most `MAX_IMMUNE_OWNERS`.
    owner_seats: Mapping<NetUid, Vec<Uid>, ManualKey<0x7265_000D>>,
    /// Subnets that are not retired, ascending.
    live: Lazy<Vec<NetUid>, ManualKey<0x7265_000E>>,
    strengths: Mapping<NetUid, Strength, ManualKey<0x7265_000F>>,
    /// Endpoints and commitments of neurons, by generation.
    served: Mapping<(NetUid, u32), ServingRecord, ManualKey<0x7265_0010>>,
    /// Present hotkeys of neurons that have swapped, by the hotkey that holds the stake.
    present_hotkeys: Mapping<(NetUid, AccountId), AccountId, ManualKey<0x7265_0011>>,
    /// Coldkeys to which hotkeys without an owner agree to belong.
    agreements: Mapping<AccountId, AccountId, ManualKey<0x7265_0013>>,
    /// Pay owed to the owners of hotkeys for registrations that were replaced.
    left: Mapping<(NetUid, AccountId), pay::Left, ManualKey<0x7265_0014>>,
}

impl Subnets {
    /// Closes the open epoch. Returns the subnet as of that epoch. Without neurons nothing closes.
    ///
    /// The hyperparameters that were set in the epoch count from the next one on. A stuck subnet's
    /// epoch closes with them already.
    ///
    /// # Errors
    /// `UnknownSubnet`, `Retired`, `WrongEpoch`, `Exhausted`, `OutOfBounds`.
    pub fn close(
        &mut self,
        netuid: NetUid,
        closing: Closing,
    ) -> Result<SubnetSnapshot, RegistryError> {
        let mut settings = self.settings(netuid)?.live()?;
        let mut seats = self.seats(netuid)?;
        let frozen = seats.clone();
        let (now, due_after) = (closing.now, settings.present.tempo);
        let mut changes = false;
        if frozen.taken() > 0 {
            seats.close(closing.epoch, now)?;
            if let Some(next) = &settings.next {
                let is_stuck = change_limits::is_stuck(frozen.opened_at(), due_after, now);
                if is_stuck && change_limits::is_noticed(next.set_at, now) {
                    changes = take_next(&mut settings, &mut seats, now);
                }
            }
        }
        let price = price_of(&seats, &settings, now);
        let kernel_code = settings.present.kernel_code;
        let subnet = settings.clone().subnet(&frozen, price);
        let snapshot = SubnetSnapshot {
            due_after,
            ..self.snapshot(netuid, subnet, kernel_code, closing)?
        };
        if frozen.taken() > 0 {
            changes |= take_next(&mut settings, &mut seats, now);
            if changes {
                self.settings.insert(netuid, &settings);
            }
            self.seats.insert(netuid, &seats);
        }
        Ok(snapshot)
    }

    /// Returns `subnet` as the closing epoch reads it.
    fn snapshot(
        &self,
        netuid: NetUid,
        mut subnet: Subnet,
        kernel_code: Digest,
        closing: Closing,
    ) -> Result<SubnetSnapshot, RegistryError> {
        let owner = self.places.get((netuid, subnet.owner_hotkey));
        if let Some(place) = owner {
            // The owner's cut is staked on the hotkey that holds the owner's stake.
            subnet.owner_hotkey = place.identity(subnet.owner_hotkey);
        }
        let owner_uid = owner.map(|place| place.uid);
        let roster = roster_with_owner(closing.roster, owner_uid);
        Ok(SubnetSnapshot {
            neurons: subnet.neurons,
            owner_uid,
            params: settings::kernel_bytes(&subnet.params),
            kernel_code,
            due_after: subnet.tempo,
            tenures: self.tenures(netuid, closing.epoch, &roster, subnet.neurons)?,
            roster,
            subnet,
        })
    }

    /// Returns the subnet as of block `now`.
    pub fn subnet(&self, netuid: NetUid, now: u32) -> Option<Subnet> {
        let (settings, seats) = (self.settings.get(netuid)?, self.seats.get(netuid)?);
        let price = price_of(&seats, &settings, now);
        Some(settings.subnet(&seats, price))
    }

    /// Returns the subnet with the hyperparameters of the next epoch.
    pub fn next_subnet(&self, netuid: NetUid, now: u32) -> Option<Subnet> {
        let (mut settings, seats) = (self.settings.get(netuid)?, self.seats.get(netuid)?);
        let price = price_of(&seats, &settings, now);
        settings.take_next(seats.taken());
        Some(settings.subnet(&seats, price))
    }

    /// Returns the present seat of `hotkey`.
    pub fn seat(&self, netuid: NetUid, hotkey: AccountId) -> Option<Seat> {
        let place = self.places.get((netuid, hotkey))?;
        Some(place.seat(&self.seats.get(netuid)?))
    }

    /// Returns the present seat of `hotkey`, and the terms on which it sets weights.
    pub fn voter(&self, netuid: NetUid, hotkey: AccountId) -> Option<Voter> {
        let place = self.places.get((netuid, hotkey))?;
        let (settings, seats) = (self.settings.get(netuid)?, self.seats.get(netuid)?);
        let terms = settings.present.terms.weights;
        Some(Voter {
            identity: place.identity(hotkey),
            seat: place.seat(&seats),
            is_owner: settings.owner_hotkey == hotkey,
            evidence: match terms.evidence {
                true => self.evidence(netuid, place.generation),
                // A subnet that demands none pays for no look.
                false => None,
            },
            terms,
        })
    }

    /// Returns the present neuron on `uid`.
    pub fn neuron(&self, netuid: NetUid, uid: Uid) -> Option<Neuron> {
        let page = self.neurons.get((netuid, uid.page()))?;
        page.neuron(uid).cloned()
    }

    /// Returns the neurons on the `count` uids from `start` at the end of `epoch`. Reads one page.
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

    /// Returns the tenures of the neurons on `uids`, below `taken`, at the end of `epoch`. Reads
    /// each page of standings once.
    ///
    /// # Errors
    /// `TooOld`, `OutOfBounds` for too many uids, for a seat that was not taken, or for uids that
    /// do not ascend.
    fn tenures(
        &self,
        netuid: NetUid,
        epoch: u32,
        uids: &[Uid],
        taken: u16,
    ) -> Result<Vec<Tenure>, RegistryError> {
        let most = usize::from(MAX_VALIDATORS).saturating_add(1);
        bounds::at_most(BoundedField::UidCount, uids.len(), most)?;
        let mut tenures = Vec::with_capacity(uids.len());
        let mut page = StandingPage::default();
        let mut loaded = None;
        let mut least = 0;
        for uid in uids {
            let last = taken.saturating_sub(1);
            bounds::within(BoundedField::Uid, uid.0.into(), (least, last.into()))?;
            least = u64::from(uid.0).saturating_add(1);
            if loaded != Some(uid.page()) {
                loaded = Some(uid.page());
                page = self.standings.get((netuid, uid.page())).unwrap_or_default();
            }
            tenures.push(page.tenure_at(*uid, epoch)?);
        }
        Ok(tenures)
    }

    /// Returns a page of neurons with their scores.
    pub fn metagraph(&self, netuid: NetUid, page: u16) -> Vec<NeuronView> {
        let neurons = self.neurons.get((netuid, page)).unwrap_or_default();
        let standings = self.standings.get((netuid, page)).unwrap_or_default();
        pages::views(Uid(page.saturating_mul(PAGE)), neurons, &standings)
    }

    /// Returns the owner of `hotkey`.
    pub fn owner_of(&self, hotkey: AccountId) -> Option<AccountId> {
        self.owners.get(hotkey)
    }

    /// Returns the state of a subnet and a hotkey that staking needs.
    pub fn hotkey_status(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        nominator_min: Rao,
        braked_until: Option<u32>,
    ) -> HotkeyStatus {
        let settings = self.settings.get(netuid);
        HotkeyStatus {
            subnet_exists: settings.as_ref().is_some_and(|it| it.retired_at.is_none()),
            subnet_started: settings.as_ref().is_some_and(|it| it.started_at.is_some()),
            transfers: settings.is_some_and(|it| !it.present.terms.no_transfers),
            nominator_min,
            owner: self.owner_of(hotkey),
            braked_until,
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

    /// Makes `coldkey` the owner of `hotkey`, if the hotkey has none and agrees: it is the coldkey
    /// itself, has signed, or has sent `agree`.
    fn claim(
        &mut self,
        hotkey: AccountId,
        coldkey: AccountId,
        has_signed: bool,
    ) -> Result<(), RegistryError> {
        match self.owners.get(hotkey) {
            Some(owner) if owner == coldkey => return Ok(()),
            Some(_) => return Err(RegistryError::NotHotkeyOwner),
            None => {}
        }
        if hotkey != coldkey {
            let agreed = self.agreements.take(hotkey);
            if !has_signed && agreed != Some(coldkey) {
                return Err(RegistryError::NotAgreed);
            }
        }
        self.owners.insert(hotkey, &coldkey);
        Ok(())
    }

    /// Records that `hotkey` agrees to belong to `coldkey`, or to none.
    ///
    /// # Errors
    /// `HotkeyOwned`.
    pub fn agree(
        &mut self,
        hotkey: AccountId,
        coldkey: Option<AccountId>,
    ) -> Result<(), RegistryError> {
        if self.owners.get(hotkey).is_some() {
            return Err(RegistryError::HotkeyOwned);
        }
        match coldkey {
            Some(coldkey) => {
                self.agreements.insert(hotkey, &coldkey);
            }
            None => self.agreements.remove(hotkey),
        }
        Ok(())
    }

    /// Returns the coldkey that `hotkey` has agreed to belong to.
    pub fn agreed(&self, hotkey: AccountId) -> Option<AccountId> {
        self.agreements.get(hotkey)
    }
}

/// Returns the price of the next registration at block `now`.
fn price_of(seats: &Seats, settings: &Settings, now: u32) -> Rao {
    seats.price.at(now, &settings.present.terms.registration)
}

/// Makes the next values of a subnet the present ones, at block `now`. Returns true if there were
/// any. The caller stores both.
fn take_next(settings: &mut Settings, seats: &mut Seats, now: u32) -> bool {
    let Some(before) = settings.take_next(seats.taken()) else {
        return false;
    };
    let (was, is) = (
        &before.terms.registration,
        &settings.present.terms.registration,
    );
    if was != is {
        // The price goes on from where it is.
        seats.price.rebase(now, was);
    }
    true
}

#[cfg(test)]
mod tests;
