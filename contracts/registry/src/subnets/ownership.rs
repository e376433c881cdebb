//! Decisions of a subnet's owner: hyperparameters, the start, the next owner, identity and symbol.

use super::{price_of, strength::Strength, take_next, Subnets};
use crate::{
    hyperparameters::{
        self, bounds, change_limits,
        settings::{Next, Settings},
        view::{self, Facts},
        Conditions,
    },
    kernels::Kernels,
    seats::Seats,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    registry::{
        BoundedField, Hyperparameter, HyperparameterView, NetworkRules, Parameter, RegistryError,
        Setter, SubnetIdentity, MAX_IDENTITY_FIELD, MAX_SYMBOL,
    },
    AccountId, NetUid,
};

/// Closed epochs without pay, besides the last one, after which a subnet counts as stuck.
const UNPAID_EPOCHS: u32 = 3;

/// The circumstances of a change of a hyperparameter.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The account that sets it.
    pub caller: AccountId,
    /// The current block.
    pub now: u32,
    /// The rules of the network.
    pub rules: NetworkRules,
    /// The kernels that may be chosen.
    pub kernels: &'a Kernels,
    /// The admin.
    pub admin: AccountId,
}

impl Subnets {
    /// Sets a hyperparameter. Returns the epoch from which the value counts.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `SetByAdmin`, `KernelByOwner`, `Cooldown`, `OutOfBounds`,
    /// `KernelNotAllowed`, `Announced` for a kernel, `SplitNotAllowed`, `NotYuma`, `IsYuma`.
    pub fn set(
        &mut self,
        netuid: NetUid,
        value: Hyperparameter,
        change: Change,
    ) -> Result<u32, RegistryError> {
        let Change {
            caller,
            now,
            rules,
            kernels,
            admin,
        } = change;
        let mut settings = self.settings(netuid)?;
        let mut seats = self.seats(netuid)?;
        let parameter = value.parameter();
        let is_admin = admin == caller;
        if !is_admin {
            settings.only_owner(caller)?;
            if parameter.setter() == Setter::Admin {
                return Err(RegistryError::SetByAdmin);
            }
        }
        if parameter == Parameter::Kernel
            && settings.owner != caller
            && !self.is_stuck(netuid, &settings, &seats, now)
        {
            return Err(RegistryError::KernelByOwner);
        }
        let runs = runs(&settings, &seats);
        let key = (netuid, change_limits::cooled(parameter));
        let cooled_at = self.cooled_at(key, runs);
        if !is_admin && now < cooled_at {
            return Err(RegistryError::Cooldown(cooled_at));
        }
        let mut price = seats.price;
        let conditions = Conditions {
            taken: seats.taken(),
            now,
            is_admin,
            bittensor_split: rules.bittensor_split,
        };
        let is_price = parameter == Parameter::RegistrationPrice;
        let choose = |kernel| kernels.choose(kernel, now);
        let mut values = settings.latest().clone();
        hyperparameters::set(&mut values, &mut price, conditions, value, choose)?;
        if is_price {
            seats.price = price;
            self.seats.insert(netuid, &seats);
        } else {
            settings.next = Some(Next {
                values,
                set_at: now,
            });
            if !runs && take_next(&mut settings, &mut seats, now) {
                self.seats.insert(netuid, &seats);
            }
            self.settings.insert(netuid, &settings);
        }
        if !runs {
            return Ok(seats.epoch());
        }
        let until = change_limits::cooled_at(now, settings.present.tempo);
        self.changes.insert(key, &until);
        Ok(if is_price {
            seats.epoch()
        } else {
            seats.epoch().saturating_add(1)
        })
    }

    /// Returns true if the epochs of a subnet do not close, or none of the last three was paid.
    pub(super) fn is_stuck(
        &self,
        netuid: NetUid,
        settings: &Settings,
        seats: &Seats,
        now: u32,
    ) -> bool {
        let strength = self.strengths.get(netuid);
        let scored = strength.map_or(0, |strength| strength.epochs());
        // The last closed epoch may still become final.
        let unpaid = seats.epoch().saturating_sub(scored);
        let tempo = settings.present.tempo;
        unpaid > UNPAID_EPOCHS
            || runs(settings, seats) && change_limits::is_stuck(seats.opened_at(), tempo, now)
    }

    /// Returns the block from which the owner may change a parameter.
    fn cooled_at(&self, key: (NetUid, Parameter), runs: bool) -> u32 {
        if runs {
            self.changes.get(key).unwrap_or_default()
        } else {
            0
        }
    }

    /// Returns all hyperparameters that are numbers, as of block `now`.
    pub fn hyperparameters(&self, netuid: NetUid, now: u32) -> Vec<HyperparameterView> {
        let (Ok(settings), Ok(seats)) = (self.settings(netuid), self.seats(netuid)) else {
            return Vec::new();
        };
        let facts = Facts {
            taken: seats.taken(),
            registration_price: price_of(&seats, &settings, now),
            now,
        };
        let runs = runs(&settings, &seats);
        view::all(&settings, facts, |parameter| {
            self.cooled_at((netuid, parameter), runs)
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
        // The owner pays for the cell, and not the first keeper.
        self.strengths.insert(netuid, &Strength::new(now));
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
    /// `UnknownSubnet`, `Retired`, `NotOffered`, `NotHotkeyOwner`, `NotAgreed`.
    pub fn accept(
        &mut self,
        netuid: NetUid,
        caller: AccountId,
        owner_hotkey: AccountId,
        has_signed: bool,
    ) -> Result<AccountId, RegistryError> {
        let mut settings = self.settings(netuid)?.live()?;
        if self.offers.get(netuid) != Some(caller) {
            return Err(RegistryError::NotOffered);
        }
        self.claim(owner_hotkey, caller, has_signed)?;
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
    pub(super) fn owned(
        &self,
        netuid: NetUid,
        caller: AccountId,
    ) -> Result<Settings, RegistryError> {
        let settings = self.settings(netuid)?;
        settings.only_owner(caller)?;
        Ok(settings)
    }
}

/// Returns true if the open epoch of a subnet will close.
fn runs(settings: &Settings, seats: &Seats) -> bool {
    settings.started_at.is_some() && seats.taken() > 0 && settings.retired_at.is_none()
}
