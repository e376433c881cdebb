//! Vesting: deposits become shares once the first epoch that they weighed in has closed.
//!
//! Pay that arrives while an epoch is open is for the epoch before. A deposit of epoch `e` is
//! pending in `e`: it is stake, but neither weighs nor is paid. In `e + 1` it is unvested: it
//! weighs, and owns no shares, since the pay that arrives is for `e`. From `e + 2` on it has
//! vested: it owns shares, at the price of the pool after the close of `e + 1`. So the pay of an
//! epoch is divided between exactly the stake that weighed in that epoch and has stayed.
//!
//! No call is needed. The first access after a close converts the pool's due deposits to shares and
//! records the rate; each position collects its shares on its next access.

use super::shares::{difference, sum, SharePool, Shares};
use ink::prelude::vec::Vec;
use inktensor_primitives::{staking::StakingError, Rao};

/// A pool: shares, and deposits that wait for shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// The shares and their value.
    pub shares: SharePool,
    /// Sum of the deposits of the epoch before the open one: they weigh.
    pub unvested: Rao,
    /// Sum of the deposits of the open epoch: they do not weigh yet.
    pub pending: Rao,
}

/// A position in a pool: the stake of one coldkey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Position {
    /// Shares of the pool.
    shares: Shares,
    /// Deposits of the epoch before `epoch`, not collected as shares yet.
    unvested: Rao,
    /// Deposits of `epoch`.
    pending: Rao,
    /// The epoch that was open at the last access.
    epoch: u32,
    /// Worth of the position when it was last counted for votes.
    counted: Rao,
}

/// Shares that the deposits of one epoch have become, until the positions collect them; none before
/// they vest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Vested {
    /// Deposits whose shares are not collected yet.
    deposits: Rao,
    /// The shares of these deposits.
    shares: Shares,
}

/// Parts of an amount that left a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Withdrawn {
    /// The whole amount.
    pub amount: Rao,
    /// Part that was a deposit of the open epoch, and did not weigh.
    pub pending: Rao,
}

impl Withdrawn {
    /// Returns the part that weighed.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn matured(&self) -> Result<Rao, StakingError> {
        difference(self.amount, self.pending)
    }

    /// Returns this and `other` together.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn with(self, other: Self) -> Result<Self, StakingError> {
        Ok(Self {
            amount: sum(self.amount, other.amount)?,
            pending: sum(self.pending, other.pending)?,
        })
    }
}

impl Position {
    /// Returns true if there is no stake in it. An empty position is not stored.
    pub fn is_empty(&self) -> bool {
        self.shares.is_empty() && self.unvested.is_zero() && self.pending.is_zero()
    }

    /// Returns the deposits of the open epoch `open`.
    pub fn pending(&self, open: u32) -> Rao {
        if self.epoch == open {
            self.pending
        } else {
            Rao::ZERO
        }
    }

    /// Counts the position, which is worth `worth`, for votes. Returns the worth that was counted
    /// before, and the present one.
    pub fn count(&mut self, worth: Rao) -> (Rao, Rao) {
        (core::mem::replace(&mut self.counted, worth), worth)
    }

    /// Moves on to epoch `open`. Returns the deposits that have vested since, with their epochs;
    /// the position has yet to [`collect`](Pool::collect) their shares.
    pub fn advance(&mut self, open: u32) -> Vec<(u32, Rao)> {
        let mut due = Vec::new();
        if self.epoch >= open {
            return due;
        }
        let unvested = core::mem::take(&mut self.unvested);
        let pending = core::mem::take(&mut self.pending);
        if !unvested.is_zero() {
            due.push((self.epoch.saturating_sub(1), unvested));
        }
        if follows(self.epoch, open) {
            self.unvested = pending;
        } else if !pending.is_zero() {
            due.push((self.epoch, pending));
        }
        self.epoch = open;
        due
    }

    /// Returns all deposits that have no shares yet.
    fn deposits(&self) -> Result<Rao, StakingError> {
        sum(self.unvested, self.pending)
    }

    /// Removes `amount` from the deposits without shares, the youngest first. Returns the parts
    /// that were pending and unvested; the rest of the amount has to come from shares.
    fn take(&mut self, amount: Rao) -> Result<(Rao, Rao), StakingError> {
        let pending = amount.min(self.pending);
        let unvested = difference(amount, pending)?.min(self.unvested);
        self.pending = difference(self.pending, pending)?;
        self.unvested = difference(self.unvested, unvested)?;
        Ok((pending, unvested))
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
        sum(self.matured()?, self.pending)
    }

    /// Returns the stake that weighs in the open epoch: all but its own deposits.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn matured(&self) -> Result<Rao, StakingError> {
        sum(self.shares.value(), self.unvested)
    }

    /// Returns the stake of `position`, rounded down.
    ///
    /// # Errors
    /// `Overflow` if the position is not of this pool.
    pub fn worth(&self, position: &Position) -> Result<Rao, StakingError> {
        sum(self.shares.worth(&position.shares)?, position.deposits()?)
    }

    /// Adds `amount` to `position`, which is up to date, as a deposit of the open epoch.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn add(&mut self, position: &mut Position, amount: Rao) -> Result<(), StakingError> {
        self.pending = sum(self.pending, amount)?;
        self.value()?;
        position.pending = sum(position.pending, amount)?;
        Ok(())
    }

    /// Adds `amount` to `position` as shares, without vesting. For stake on a subnet that has not
    /// started.
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

    /// Removes `amount` from `position`, the youngest deposits first.
    ///
    /// # Errors
    /// `NotEnoughStake` with the worth of the position, `Overflow`.
    pub fn withdraw(
        &mut self,
        position: &mut Position,
        amount: Rao,
    ) -> Result<Withdrawn, StakingError> {
        let worth = self.worth(position)?;
        if amount > worth {
            return Err(StakingError::NotEnoughStake(worth));
        }
        let (pending, unvested) = position.take(amount)?;
        let from_shares = difference(difference(amount, pending)?, unvested)?;
        // A withdrawal of everything burns all shares, also shares worth nothing.
        if !from_shares.is_zero() || amount == worth {
            self.shares.withdraw(&mut position.shares, from_shares)?;
        }
        self.pending = difference(self.pending, pending)?;
        self.unvested = difference(self.unvested, unvested)?;
        Ok(Withdrawn { amount, pending })
    }

    /// Removes all stake of `position`.
    ///
    /// # Errors
    /// `NotEnoughStake` if the position is empty, `Overflow`.
    pub fn withdraw_all(&mut self, position: &mut Position) -> Result<Withdrawn, StakingError> {
        if position.is_empty() {
            return Err(StakingError::NotEnoughStake(Rao::ZERO));
        }
        let worth = self.worth(position)?;
        self.withdraw(position, worth)
    }

    /// Moves `amount` from one position of this pool to another, the youngest deposits first. All
    /// of it keeps its age and its shares; the pool does not change.
    ///
    /// # Errors
    /// `NotEnoughStake` with the worth of `from`, `Overflow`.
    pub fn transfer(
        &self,
        from: &mut Position,
        to: &mut Position,
        amount: Rao,
    ) -> Result<(), StakingError> {
        let worth = self.worth(from)?;
        if amount > worth {
            return Err(StakingError::NotEnoughStake(worth));
        }
        let (pending, unvested) = from.take(amount)?;
        let of_shares = difference(difference(amount, pending)?, unvested)?;
        if !of_shares.is_zero() || amount == worth {
            self.shares
                .transfer(&mut from.shares, &mut to.shares, of_shares)?;
        }
        to.pending = sum(to.pending, pending)?;
        to.unvested = sum(to.unvested, unvested)?;
        Ok(())
    }

    /// Moves on from epoch `written`, that of the last write, to epoch `open`. Deposits whose time
    /// has come get shares. Returns these shares, with the epochs of the deposits.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn advance(&mut self, written: u32, open: u32) -> Result<Vec<(u32, Vested)>, StakingError> {
        let mut vested = Vec::new();
        if written >= open {
            return Ok(vested);
        }
        let unvested = core::mem::take(&mut self.unvested);
        let pending = core::mem::take(&mut self.pending);
        let before = written.saturating_sub(1);
        vested.extend(self.vest(unvested)?.map(|it| (before, it)));
        if follows(written, open) {
            self.unvested = pending;
        } else {
            vested.extend(self.vest(pending)?.map(|it| (written, it)));
        }
        Ok(vested)
    }

    /// Adds the shares of `deposits`, which a position has made, to it. `vested` has all shares of
    /// the deposits' epoch: the position gets `floor(deposits * shares / all deposits)` of them,
    /// and the last position to collect gets all remaining shares.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn collect(
        &self,
        position: &mut Position,
        deposits: Rao,
        vested: &mut Vested,
    ) -> Result<(), StakingError> {
        let part = vested
            .shares
            .split(deposits, vested.deposits)
            .ok_or(StakingError::Overflow)?;
        vested.deposits = difference(vested.deposits, deposits)?;
        position.shares = self.shares.joined(&position.shares, &part)?;
        Ok(())
    }

    /// Converts `deposits` to shares. Returns `None` if there are none.
    fn vest(&mut self, deposits: Rao) -> Result<Option<Vested>, StakingError> {
        if deposits.is_zero() {
            return Ok(None);
        }
        let mut shares = Shares::default();
        self.shares.deposit(&mut shares, deposits)?;
        Ok(Some(Vested { deposits, shares }))
    }
}

/// Returns true if `open` is the epoch after `epoch`.
fn follows(epoch: u32, open: u32) -> bool {
    epoch.checked_add(1) == Some(open)
}

#[cfg(test)]
mod tests;
