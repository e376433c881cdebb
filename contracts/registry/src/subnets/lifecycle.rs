//! Creation and retirement of subnets.

use super::Subnets;
use crate::{
    creation::{self, Candidate},
    hyperparameters::{settings::Settings, DEFAULT_REGISTRATION_PRICE},
    price::Price,
    seats::Seats,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    registry::{NetworkRules, RegistryError},
    AccountId, NetUid, Rao,
};

/// A retired subnet, whose lock goes back to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// The subnet.
    pub netuid: NetUid,
    /// The subnet's owner.
    pub owner: AccountId,
    /// The lock, in rao.
    pub lock: Rao,
}

impl Subnets {
    /// Returns the number of subnets ever created.
    pub fn count(&self) -> u16 {
        self.count
    }

    /// Returns the subnets that are not retired, ascending.
    pub fn live(&self) -> Vec<NetUid> {
        self.live.get_or_default()
    }

    /// Adds a subnet. The owner becomes the owner of `owner_hotkey` too, so that no other account
    /// can register it.
    ///
    /// # Errors
    /// `NotHotkeyOwner`, `NotAgreed`, `Exhausted`.
    pub fn create(
        &mut self,
        settings: &Settings,
        has_signed: bool,
    ) -> Result<NetUid, RegistryError> {
        self.claim(settings.owner_hotkey, settings.owner, has_signed)?;
        self.count = self.count.checked_add(1).ok_or(RegistryError::Exhausted)?;
        let netuid = NetUid(self.count);
        self.settings.insert(netuid, settings);
        let price = Price::new(DEFAULT_REGISTRATION_PRICE, settings.created_at);
        self.seats.insert(netuid, &Seats::new(price));
        let mut live = self.live();
        live.push(netuid);
        self.live.set(&live);
        Ok(netuid)
    }

    /// Makes room for one more subnet at block `now`. On a full network retires the weakest subnet
    /// that is not immune.
    ///
    /// # Errors
    /// `NetworkFull`.
    pub fn make_room(
        &mut self,
        now: u32,
        rules: &NetworkRules,
    ) -> Result<Option<Retirement>, RegistryError> {
        if self.live().len() < usize::from(rules.subnet_limit) {
            return Ok(None);
        }
        let netuid = self.candidate(now, rules)?;
        let settings = self.settings(netuid)?;
        let owner = settings.owner;
        let lock = self.retire(netuid, settings, now);
        Ok(Some(Retirement {
            netuid,
            owner,
            lock,
        }))
    }

    /// Retires a subnet that `caller` owns, at block `now`. Returns the lock.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `Retired`.
    pub fn withdraw_lock(
        &mut self,
        netuid: NetUid,
        caller: AccountId,
        now: u32,
    ) -> Result<Rao, RegistryError> {
        let settings = self.owned(netuid, caller)?.live()?;
        Ok(self.retire(netuid, settings, now))
    }

    /// Retires a live subnet with these settings at block `now`. Returns the lock.
    fn retire(&mut self, netuid: NetUid, mut settings: Settings, now: u32) -> Rao {
        let lock = core::mem::replace(&mut settings.lock, Rao::ZERO);
        settings.retired_at = Some(now);
        self.settings.insert(netuid, &settings);
        let mut live = self.live();
        live.retain(|it| *it != netuid);
        self.live.set(&live);
        self.offers.remove(netuid);
        lock
    }

    /// Returns the subnet to retire at block `now` on a full network.
    ///
    /// # Errors
    /// `NetworkFull` if all are immune.
    pub fn candidate(&self, now: u32, rules: &NetworkRules) -> Result<NetUid, RegistryError> {
        let subnets = self.live().into_iter().filter_map(|netuid| {
            Some(Candidate {
                strength: self.strengths.get(netuid).map_or(0, |it| it.at(now)),
                created_at: self.settings.get(netuid)?.created_at,
                netuid,
            })
        });
        creation::weakest(subnets, now, rules.subnet_immunity)
    }
}
