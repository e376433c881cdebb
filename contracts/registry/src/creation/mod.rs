//! Creation of subnets: the network's rules, the price, and the choice of a subnet to retire.
//!
//! The price is locked, not burned: the registry holds it until the subnet is retired. Source:
//! subtensor-reference.md 4.9.

use inktensor_primitives::{
    registry::{AnnouncedRules, NetworkRules, RegistryError, RETIREMENT_INTERVAL},
    NetUid, Rao,
};

/// The network's rules, the last creation, and TAO held for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Creation {
    /// The rules before those that are announced.
    rules: NetworkRules,
    /// Announced rules. They count from their block on, and stay here until others are announced.
    announced: Option<AnnouncedRules>,
    /// Price and block of the last creation.
    last: Option<(Rao, u32)>,
    /// Block of the last retirement.
    retired_at: Option<u32>,
    /// Locks of subnets that are not retired, and serving deposits.
    held: Rao,
}

impl Creation {
    /// Starts without subnets.
    ///
    /// # Errors
    /// `OutOfBounds`.
    pub fn new(rules: NetworkRules) -> Result<Self, RegistryError> {
        rules.check(0)?;
        Ok(Self {
            rules,
            announced: None,
            last: None,
            retired_at: None,
            held: Rao::ZERO,
        })
    }

    /// Returns the rules that count at block `now`.
    pub fn rules(&self, now: u32) -> NetworkRules {
        match self.announced {
            Some(announced) if now >= announced.from => announced.rules,
            _ => self.rules,
        }
    }

    /// Returns the announced rules that do not count yet at block `now`.
    pub fn announced(&self, now: u32) -> Option<AnnouncedRules> {
        self.announced.filter(|announced| now < announced.from)
    }

    /// Announces rules at block `now` on a network of `live` subnets. They count from block `from`
    /// on.
    ///
    /// # Errors
    /// `OutOfBounds`.
    pub fn announce(
        &mut self,
        rules: NetworkRules,
        live: usize,
        from: u32,
        now: u32,
    ) -> Result<(), RegistryError> {
        rules.check(u16::try_from(live).unwrap_or(u16::MAX))?;
        self.rules = self.rules(now);
        self.announced = Some(AnnouncedRules { rules, from });
        Ok(())
    }

    /// Withdraws the announced rules at block `now`. Returns them.
    ///
    /// # Errors
    /// `NothingAnnounced`.
    pub fn cancel(&mut self, now: u32) -> Result<NetworkRules, RegistryError> {
        let announced = self.announced(now);
        let announced = announced.ok_or(RegistryError::NothingAnnounced)?;
        self.announced = None;
        Ok(announced.rules)
    }

    /// Records a retirement at block `now`.
    ///
    /// # Errors
    /// `TooSoon` within an hour after the last one.
    pub fn retire(&mut self, now: u32) -> Result<(), RegistryError> {
        let next = self
            .retired_at
            .map_or(0, |at| at.saturating_add(RETIREMENT_INTERVAL));
        if now < next {
            return Err(RegistryError::TooSoon(next));
        }
        self.retired_at = Some(now);
        Ok(())
    }

    /// Returns the TAO held for others.
    pub const fn held(&self) -> Rao {
        self.held
    }

    /// Returns the price of a subnet at block `now`.
    pub fn price(&self, now: u32) -> Rao {
        let rules = self.rules(now);
        match self.last {
            None => rules.min_lock,
            Some((last, at)) => lock_cost(
                last,
                now.saturating_sub(at),
                rules.lock_interval,
                rules.min_lock,
            ),
        }
    }

    /// Locks the price at block `now`, which is at most `max_price`. Returns the price.
    ///
    /// # Errors
    /// `TooSoon`, `PriceAbove`, `Exhausted`.
    pub fn lock(&mut self, now: u32, max_price: Rao) -> Result<Rao, RegistryError> {
        if let Some((_, at)) = self.last {
            let next = at.saturating_add(self.rules(now).creation_interval);
            if now < next {
                return Err(RegistryError::TooSoon(next));
            }
        }
        let price = self.price(now);
        if price > max_price {
            return Err(RegistryError::PriceAbove(price));
        }
        self.held = self
            .held
            .checked_add(price)
            .ok_or(RegistryError::Exhausted)?;
        self.last = Some((price, now));
        Ok(price)
    }

    /// Adds a deposit to the TAO held.
    ///
    /// # Errors
    /// `Exhausted`, which cannot happen: the cap of TAO is below the largest amount.
    pub fn hold(&mut self, deposit: Rao) -> Result<(), RegistryError> {
        self.held = self
            .held
            .checked_add(deposit)
            .ok_or(RegistryError::Exhausted)?;
        Ok(())
    }

    /// Subtracts a lock or a deposit from the TAO held.
    ///
    /// # Errors
    /// `Exhausted`, which cannot happen: every lock was added before.
    pub fn unlock(&mut self, lock: Rao) -> Result<(), RegistryError> {
        self.held = self
            .held
            .checked_sub(lock)
            .ok_or(RegistryError::Exhausted)?;
        Ok(())
    }
}

/// Returns `2 * last - floor(last / interval) * blocks`, at least `min` and at most the cap of TAO.
fn lock_cost(last: Rao, blocks: u32, interval: u32, min: Rao) -> Rao {
    let step = last.0.checked_div(interval.into()).unwrap_or(last.0);
    let fallen = step.saturating_mul(blocks.into());
    let price = last.0.saturating_mul(2).saturating_sub(fallen);
    Rao(price).max(min).min(Rao::CAP)
}

/// A candidate for retirement, in order: the weakest, then the oldest, then the lowest netuid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Pay per block.
    pub strength: u128,
    /// Block of the creation.
    pub created_at: u32,
    /// The subnet.
    pub netuid: NetUid,
}

/// Returns the first of `subnets` to retire that is not immune at block `now`.
///
/// # Errors
/// `NetworkFull` with the block at which the first immunity ends, if all are immune.
pub fn weakest(
    subnets: impl Iterator<Item = Candidate>,
    now: u32,
    immunity: u32,
) -> Result<NetUid, RegistryError> {
    let mut least: Option<Candidate> = None;
    let mut first_end = u32::MAX;
    for subnet in subnets {
        let immune_until = subnet.created_at.saturating_add(immunity);
        if immune_until > now {
            first_end = first_end.min(immune_until);
        } else if least.is_none_or(|least| subnet < least) {
            least = Some(subnet);
        }
    }
    least
        .map(|least| least.netuid)
        .ok_or(RegistryError::NetworkFull(first_end))
}

#[cfg(test)]
mod tests;
