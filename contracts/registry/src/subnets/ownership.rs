//! Decisions of a subnet's owner: hyperparameters, the start, the next owner, identity and symbol.

use super::Subnets;
use crate::{
    hyperparameters::{
        self, bounds,
        change_limits::{self, Clock},
        settings::Settings,
        view::{self, Facts},
        Conditions,
    },
    kernels::Kernels,
    seats::Seats,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    registry::{
        BoundedField, Hyperparameter, HyperparameterView, NetworkRules, RegistryError, Setter,
        SubnetIdentity, MAX_IDENTITY_FIELD, MAX_SYMBOL,
    },
    AccountId, NetUid,
};

/// The circumstances of a change of a hyperparameter.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The account that sets it.
    pub caller: AccountId,
    /// The current block.
    pub now: u32,
    /// The rules of the network.
    pub rules: NetworkRules,
    /// The kernels that may be chosen, and the admin.
    pub kernels: &'a Kernels,
}

impl Subnets {
    /// Sets a hyperparameter.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `SetByAdmin`, `Frozen`, `Cooldown`, `OutOfBounds`,
    /// `KernelNotAllowed`, `SplitNotAllowed`, `NotYuma`.
    pub fn set(
        &mut self,
        netuid: NetUid,
        value: Hyperparameter,
        change: Change,
    ) -> Result<(), RegistryError> {
        let Change {
            caller,
            now,
            rules,
            kernels,
        } = change;
        let mut settings = self.settings(netuid)?;
        let seats = self.seats(netuid)?;
        let parameter = value.parameter();
        let is_admin = kernels.admin() == caller;
        if !is_admin {
            settings.only_owner(caller)?;
            if parameter.setter() == Setter::Admin {
                return Err(RegistryError::SetByAdmin);
            }
        }
        let clock = clock(&settings, &seats);
        if let Some(due) = clock.frozen_until(now) {
            return Err(RegistryError::Frozen(due));
        }
        let key = (netuid, change_limits::cooled(parameter));
        let cooled_at = clock.cooled_at(self.changes.get(key));
        if !is_admin && now < cooled_at {
            return Err(RegistryError::Cooldown(cooled_at));
        }
        // Every subnet has a price from its creation on.
        let mut price = self
            .prices
            .get(netuid)
            .ok_or(RegistryError::UnknownSubnet)?;
        let before = price;
        let conditions = Conditions {
            taken: seats.taken(),
            now,
            bittensor_split: rules.bittensor_split,
        };
        let choose = |kernel| kernels.choose(kernel);
        hyperparameters::set(&mut settings, &mut price, conditions, value, choose)?;
        self.settings.insert(netuid, &settings);
        if price != before {
            self.prices.insert(netuid, &price);
        }
        self.changes.insert(key, &now);
        Ok(())
    }

    /// Returns all hyperparameters that are numbers, as of block `now`.
    pub fn hyperparameters(&self, netuid: NetUid, now: u32) -> Vec<HyperparameterView> {
        let (Ok(settings), Ok(seats)) = (self.settings(netuid), self.seats(netuid)) else {
            return Vec::new();
        };
        let facts = Facts {
            taken: seats.taken(),
            registration_price: self.price(netuid, &settings, now),
            now,
            clock: clock(&settings, &seats),
        };
        view::all(&settings, facts, |parameter| {
            self.changes.get((netuid, parameter))
        })
    }

    /// Starts a subnet: its epochs run from block `now` on.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `Retired`, `AlreadyStarted`.
    pub fn start(
        &mut self,
        netuid: NetUid,
        caller: AccountId,
        now: u32,
    ) -> Result<(), RegistryError> {
        let mut settings = self.owned(netuid, caller)?.live()?;
        if let Some(at) = settings.started_at {
            return Err(RegistryError::AlreadyStarted(at));
        }
        let mut seats = self.seats(netuid)?;
        settings.started_at = Some(now);
        seats.start(now);
        self.settings.insert(netuid, &settings);
        self.seats.insert(netuid, &seats);
        Ok(())
    }

    /// Offers a subnet to `to`, or withdraws the offer.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `Retired`.
    pub fn offer(
        &mut self,
        netuid: NetUid,
        caller: AccountId,
        to: Option<AccountId>,
    ) -> Result<(), RegistryError> {
        self.owned(netuid, caller)?.live()?;
        match to {
            Some(to) => {
                self.offers.insert(netuid, &to);
            }
            None => self.offers.remove(netuid),
        }
        Ok(())
    }

    /// Returns the account to which a subnet is offered.
    pub fn offered_to(&self, netuid: NetUid) -> Option<AccountId> {
        self.offers.get(netuid)
    }

    /// Makes `caller`, to whom the subnet is offered, its owner. Returns the former owner.
    ///
    /// # Errors
    /// `UnknownSubnet`, `Retired`, `NotOffered`, `NotHotkeyOwner`.
    pub fn accept(
        &mut self,
        netuid: NetUid,
        caller: AccountId,
        owner_hotkey: AccountId,
    ) -> Result<AccountId, RegistryError> {
        let mut settings = self.settings(netuid)?.live()?;
        if self.offers.get(netuid) != Some(caller) {
            return Err(RegistryError::NotOffered);
        }
        self.claim(owner_hotkey, caller)?;
        let before = core::mem::replace(&mut settings.owner, caller);
        settings.owner_hotkey = owner_hotkey;
        self.settings.insert(netuid, &settings);
        self.offers.remove(netuid);
        // These seats are the former owner's.
        self.owner_seats.remove(netuid);
        Ok(before)
    }

    /// Sets or clears a subnet's identity.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `OutOfBounds`.
    pub fn set_identity(
        &mut self,
        netuid: NetUid,
        caller: AccountId,
        identity: Option<&SubnetIdentity>,
    ) -> Result<(), RegistryError> {
        self.owned(netuid, caller)?;
        match identity {
            Some(identity) => {
                for field in identity.fields() {
                    let most = MAX_IDENTITY_FIELD;
                    bounds::at_most(BoundedField::Identity, field.len(), most)?;
                }
                self.identities.insert(netuid, identity);
            }
            None => self.identities.remove(netuid),
        }
        Ok(())
    }

    /// Returns a subnet's identity.
    pub fn identity(&self, netuid: NetUid) -> Option<SubnetIdentity> {
        self.identities.get(netuid)
    }

    /// Sets a subnet's symbol, which may be empty.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `OutOfBounds`.
    pub fn set_symbol(
        &mut self,
        netuid: NetUid,
        caller: AccountId,
        symbol: &str,
    ) -> Result<(), RegistryError> {
        let mut settings = self.owned(netuid, caller)?;
        bounds::at_most(BoundedField::Symbol, symbol.len(), MAX_SYMBOL)?;
        settings.symbol = symbol.into();
        self.settings.insert(netuid, &settings);
        Ok(())
    }

    /// Returns the settings of a subnet that `caller` owns.
    fn owned(&self, netuid: NetUid, caller: AccountId) -> Result<Settings, RegistryError> {
        let settings = self.settings(netuid)?;
        settings.only_owner(caller)?;
        Ok(settings)
    }
}

/// Returns start and length of the open epoch, if it runs and will close.
fn clock(settings: &Settings, seats: &Seats) -> Clock {
    let runs = settings.started_at.is_some() && seats.taken() > 0 && settings.retired_at.is_none();
    Clock {
        opened_at: runs.then(|| seats.opened_at()),
        tempo: settings.tempo,
    }
}
