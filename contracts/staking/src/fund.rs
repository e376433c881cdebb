//! A pool and what was added to it in the open epoch.
//!
//! What is paid while an epoch is open is for the epoch before. So what is staked meanwhile weighs
//! at once, but has no shares in it: it waits, and becomes shares at the price that the pool has
//! when the epoch has closed. Whoever stakes, has an epoch paid out and takes the stake back has
//! gained nothing.
//!
//! Nobody need come for that. The pool turns all that waits into shares the first time it is
//! touched afterwards, and keeps how many for how much, by epoch; each holding fetches its part
//! when it is touched itself.

use crate::pool::{difference, sum, Pool, Position};
use inktensor_primitives::{staking::StakingError, Rao};

/// A pool, and what waits to have shares of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fund {
    /// The shares.
    pub pool: Pool,
    /// What was added in the open epoch.
    pub fresh: Rao,
}

/// What one coldkey has of a fund.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Holding {
    position: Position,
    fresh: Rao,
    /// The epoch that `fresh` was added in.
    epoch: u32,
}

/// Shares that an epoch's additions have become, until their owners fetch them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Ripe {
    /// What was added.
    amount: Rao,
    /// What it became.
    position: Position,
}

impl Holding {
    /// Whether there is nothing in it, so that it need not be kept.
    pub fn is_empty(&self) -> bool {
        self.position.is_empty() && self.fresh.is_zero()
    }

    /// The epoch before `open` whose shares it has to fetch, if there is one.
    pub fn fetches(&self, open: u32) -> Option<u32> {
        (!self.fresh.is_zero() && self.epoch < open).then_some(self.epoch)
    }
}

impl Ripe {
    /// Whether all has been fetched.
    pub fn is_spent(&self) -> bool {
        self.amount.is_zero()
    }
}

impl Fund {
    /// All stake in it.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn value(&self) -> Result<Rao, StakingError> {
        sum(self.pool.value(), self.fresh)
    }

    /// What `holding` would get back, rounded down.
    ///
    /// # Errors
    /// `Overflow` if it is not of this fund.
    pub fn worth(&self, holding: &Holding) -> Result<Rao, StakingError> {
        sum(self.pool.worth(&holding.position)?, holding.fresh)
    }

    /// Adds `amount` for `holding` in epoch `open`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn add(
        &mut self,
        holding: &mut Holding,
        amount: Rao,
        open: u32,
    ) -> Result<(), StakingError> {
        self.fresh = sum(self.fresh, amount)?;
        self.value()?;
        holding.fresh = sum(holding.fresh, amount)?;
        holding.epoch = open;
        Ok(())
    }

    /// Gives `holding` shares for `amount` at once: pay.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn credit(&mut self, holding: &mut Holding, amount: Rao) -> Result<(), StakingError> {
        self.pool.deposit(&mut holding.position, amount)?;
        self.value()?;
        Ok(())
    }

    /// Raises the value of all shares by `amount`.
    ///
    /// # Errors
    /// `NotEnoughStake` if nobody has a share, `Overflow`.
    pub fn reward(&mut self, amount: Rao) -> Result<(), StakingError> {
        self.pool.reward(amount)?;
        self.value()?;
        Ok(())
    }

    /// Takes `amount` out for `holding`: first what it added in the open epoch.
    ///
    /// # Errors
    /// `NotEnoughStake` with what it is worth, `Overflow`.
    pub fn withdraw(&mut self, holding: &mut Holding, amount: Rao) -> Result<(), StakingError> {
        let worth = self.worth(holding)?;
        if amount > worth {
            return Err(StakingError::NotEnoughStake(worth));
        }
        let fresh = amount.min(holding.fresh);
        let rest = difference(amount, fresh)?;
        // Whoever takes all gives up all shares, also those worth nothing.
        if !rest.is_zero() || amount == worth {
            self.pool.withdraw(&mut holding.position, rest)?;
        }
        self.fresh = difference(self.fresh, fresh)?;
        holding.fresh = difference(holding.fresh, fresh)?;
        Ok(())
    }

    /// Takes all out that `holding` is worth, and returns how much that is.
    ///
    /// # Errors
    /// `NotEnoughStake` if there is nothing in it, `Overflow`.
    pub fn withdraw_all(&mut self, holding: &mut Holding) -> Result<Rao, StakingError> {
        if holding.is_empty() {
            return Err(StakingError::NotEnoughStake(Rao::ZERO));
        }
        let worth = self.worth(holding)?;
        self.withdraw(holding, worth)?;
        Ok(worth)
    }

    /// Turns what waits into shares, once the epoch it was added in has closed. None if nothing
    /// waits.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn ripen(&mut self) -> Result<Option<Ripe>, StakingError> {
        if self.fresh.is_zero() {
            return Ok(None);
        }
        let mut position = Position::default();
        self.pool.deposit(&mut position, self.fresh)?;
        let amount = core::mem::take(&mut self.fresh);
        Ok(Some(Ripe { amount, position }))
    }

    /// Gives `holding` its part of `ripe`, which is its epoch's: `floor(added * shares / amount)`
    /// shares. Who comes last gets all that are left.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn fetch(&self, holding: &mut Holding, ripe: &mut Ripe) -> Result<(), StakingError> {
        let part = ripe
            .position
            .split(holding.fresh, ripe.amount)
            .ok_or(StakingError::Overflow)?;
        ripe.amount = difference(ripe.amount, holding.fresh)?;
        holding.position = self.pool.joined(&holding.position, &part)?;
        holding.fresh = Rao::ZERO;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
