//! What a subnet's owner decides: parameters, the start, who owns it next, and who it says it is.

use super::Subnets;
use crate::{
    hyperparameters::{self, Given},
    kernels::Kernels,
    limits::{self, Clock},
    seats::Seats,
    settings::Settings,
    table::{self, Situation},
};
use ink::prelude::{string::String, vec::Vec};
use inktensor_primitives::{
    registry::{
        BoundedField, Hyperparameter, HyperparameterView, NetworkRules, RegistryError, Setter,
        SubnetIdentity, MAX_IDENTITY_FIELD, MAX_SYMBOL,
    },
    AccountId, NetUid,
};

/// Who sets a hyperparameter, when, and under which rules.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Who.
    pub caller: AccountId,
    /// The block.
    pub now: u32,
    /// The network's.
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
        let parameter = limits::parameter(&value);
        let is_admin = kernels.admin() == caller;
        if !is_admin {
            settings.only_owner(caller)?;
            if limits::setter(parameter) == Setter::Admin {
                return Err(RegistryError::SetByAdmin);
            }
        }
        let clock = clock(&settings, &seats);
        if let Some(due) = clock.frozen_until(now) {
            return Err(RegistryError::Frozen(due));
        }
        let key = (netuid, limits::cooled(parameter));
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
        let given = Given {
            taken: seats.taken(),
            now,
            bittensor_split: rules.bittensor_split,
        };
        let choose = |kernel| kernels.choose(kernel);
        hyperparameters::set(&mut settings, &mut price, given, value, choose)?;
        self.settings.insert(netuid, &settings);
        if price != before {
            self.prices.insert(netuid, &price);
        }
        self.changes.insert(key, &now);
        Ok(())
    }

    /// All hyperparameters at block `now`.
    pub fn hyperparameters(&self, netuid: NetUid, now: u32) -> Vec<HyperparameterView> {
        let (Ok(settings), Ok(seats)) = (self.settings(netuid), self.seats(netuid)) else {
            return Vec::new();
        };
        let situation = Situation {
            taken: seats.taken(),
            registration_price: self.price(netuid, &settings, now),
            now,
            clock: clock(&settings, &seats),
        };
        table::table(&settings, situation, |parameter| {
            self.changes.get((netuid, parameter))
        })
    }

    /// Lets epochs run from block `now` on.
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

    /// Offers a subnet to `to`, or to nobody.
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

    /// To whom a subnet is offered.
    pub fn offered_to(&self, netuid: NetUid) -> Option<AccountId> {
        self.offers.get(netuid)
    }

    /// Makes `caller`, to whom the subnet is offered, its owner. Returns who was.
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
        // They are the former owner's.
        self.owner_seats.remove(netuid);
        Ok(before)
    }

    /// Says who a subnet is.
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
                    hyperparameters::at_most(BoundedField::Identity, field.len(), most)?;
                }
                self.identities.insert(netuid, identity);
            }
            None => self.identities.remove(netuid),
        }
        Ok(())
    }

    /// Who a subnet says it is.
    pub fn identity(&self, netuid: NetUid) -> Option<SubnetIdentity> {
        self.identities.get(netuid)
    }

    /// Gives a subnet a sign.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `OutOfBounds`.
    pub fn set_symbol(
        &mut self,
        netuid: NetUid,
        caller: AccountId,
        symbol: String,
    ) -> Result<(), RegistryError> {
        let mut settings = self.owned(netuid, caller)?;
        hyperparameters::at_most(BoundedField::Symbol, symbol.len(), MAX_SYMBOL)?;
        settings.symbol = symbol;
        self.settings.insert(netuid, &settings);
        Ok(())
    }

    /// The settings of a subnet that `caller` owns.
    fn owned(&self, netuid: NetUid, caller: AccountId) -> Result<Settings, RegistryError> {
        let settings = self.settings(netuid)?;
        settings.only_owner(caller)?;
        Ok(settings)
    }
}

/// Since when the open epoch runs, if it runs and will close.
fn clock(settings: &Settings, seats: &Seats) -> Clock {
    let runs = settings.started_at.is_some() && seats.taken() > 0 && settings.retired_at.is_none();
    Clock {
        opened_at: runs.then(|| seats.opened_at()),
        tempo: settings.tempo,
    }
}
