//! Vesting: deposits of the open epoch become shares once that epoch has closed.
//!
//! Pay that arrives while an epoch is open is for the epoch before. So a deposit of the open epoch
//! counts as stake at once, but owns no shares in that pay. The deposit is pending, and vests at
//! the price of the pool after the epoch's close. An account that stakes, waits for a payment and
//! unstakes within one epoch gains nothing.
//!
//! No call is needed. The first access after the epoch closes converts all pending deposits of the
//! pool to shares and records the rate; each position collects its shares on its next access.

use super::shares::{difference, sum, SharePool, Shares};
use inktensor_primitives::{staking::StakingError, Rao};

/// A pool: shares, and deposits that wait for shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// The shares and their value.
    pub shares: SharePool,
    /// Sum of the deposits of the open epoch.
    pub pending: Rao,
}

/// A position in a pool: the stake of one coldkey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Position {
    /// Shares of the pool.
    shares: Shares,
    /// Deposits of `pending_epoch`, not collected as shares yet.
    pending: Rao,
    /// The epoch of the last deposit.
    pending_epoch: u32,
}

/// Shares that the deposits of one epoch have become, until the positions collect them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Vested {
    /// Deposits whose shares are not collected yet.
    deposits: Rao,
    /// The shares of these deposits.
    shares: Shares,
}

impl Position {
    /// Returns true if there is no stake in it. An empty position is not stored.
    pub fn is_empty(&self) -> bool {
        self.shares.is_empty() && self.pending.is_zero()
    }

    /// Returns the closed epoch whose vested shares the position has yet to collect.
    pub fn uncollected(&self, open: u32) -> Option<u32> {
        (!self.pending.is_zero() && self.pending_epoch < open).then_some(self.pending_epoch)
    }
}

impl Vested {
    /// Returns true if all shares are collected.
    pub fn is_spent(&self) -> bool {
        self.deposits.is_zero()
    }
}

impl Pool {
    /// Returns all stake in the pool.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn value(&self) -> Result<Rao, StakingError> {
        sum(self.shares.value(), self.pending)
    }

    /// Returns the stake of `position`, rounded down.
    ///
    /// # Errors
    /// `Overflow` if the position is not of this pool.
    pub fn worth(&self, position: &Position) -> Result<Rao, StakingError> {
        sum(self.shares.worth(&position.shares)?, position.pending)
    }

    /// Adds `amount` to `position` in epoch `open`, as a pending deposit.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn add(
        &mut self,
        position: &mut Position,
        amount: Rao,
        open: u32,
    ) -> Result<(), StakingError> {
        self.pending = sum(self.pending, amount)?;
        self.value()?;
        position.pending = sum(position.pending, amount)?;
        position.pending_epoch = open;
        Ok(())
    }

    /// Adds `amount` to `position` as shares, without vesting. For pay.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn credit(&mut self, position: &mut Position, amount: Rao) -> Result<(), StakingError> {
        self.shares.deposit(&mut position.shares, amount)?;
        self.value()?;
        Ok(())
    }

    /// Raises the value of all shares by `amount`.
    ///
    /// # Errors
    /// `NotEnoughStake` if there are no shares, `Overflow`.
    pub fn reward(&mut self, amount: Rao) -> Result<(), StakingError> {
        self.shares.reward(amount)?;
        self.value()?;
        Ok(())
    }

    /// Removes `amount` from `position`, the pending deposits first.
    ///
    /// # Errors
    /// `NotEnoughStake` with the worth of the position, `Overflow`.
    pub fn withdraw(&mut self, position: &mut Position, amount: Rao) -> Result<(), StakingError> {
        let worth = self.worth(position)?;
        if amount > worth {
            return Err(StakingError::NotEnoughStake(worth));
        }
        let from_pending = amount.min(position.pending);
        let from_shares = difference(amount, from_pending)?;
        // A withdrawal of everything burns all shares, also shares worth nothing.
        if !from_shares.is_zero() || amount == worth {
            self.shares.withdraw(&mut position.shares, from_shares)?;
        }
        self.pending = difference(self.pending, from_pending)?;
        position.pending = difference(position.pending, from_pending)?;
        Ok(())
    }

    /// Removes all stake of `position` and returns it.
    ///
    /// # Errors
    /// `NotEnoughStake` if the position is empty, `Overflow`.
    pub fn withdraw_all(&mut self, position: &mut Position) -> Result<Rao, StakingError> {
        if position.is_empty() {
            return Err(StakingError::NotEnoughStake(Rao::ZERO));
        }
        let worth = self.worth(position)?;
        self.withdraw(position, worth)?;
        Ok(worth)
    }

    /// Converts the pending deposits of a closed epoch to shares. Returns `None` if there are none.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn vest(&mut self) -> Result<Option<Vested>, StakingError> {
        if self.pending.is_zero() {
            return Ok(None);
        }
        let mut shares = Shares::default();
        self.shares.deposit(&mut shares, self.pending)?;
        let deposits = core::mem::take(&mut self.pending);
        Ok(Some(Vested { deposits, shares }))
    }

    /// Moves the part of `position` out of `vested`, the shares of the position's epoch:
    /// `floor(pending * shares / deposits)` shares. The last position to collect gets all
    /// remaining shares.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn collect(
        &self,
        position: &mut Position,
        vested: &mut Vested,
    ) -> Result<(), StakingError> {
        let part = vested
            .shares
            .split(position.pending, vested.deposits)
            .ok_or(StakingError::Overflow)?;
        vested.deposits = difference(vested.deposits, position.pending)?;
        position.shares = self.shares.joined(&position.shares, &part)?;
        position.pending = Rao::ZERO;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
