//! Split of a hotkey's dividends between its owner, its stakers and root stake.

use crate::pool::Pool;
use inktensor_primitives::{staking::StakingError, Bps, Rao};

/// The parts of a hotkey's dividends. They sum to the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Take, rounded down, for the owner.
    pub take: Rao,
    /// Dividends for all stakers of the hotkey on the subnet.
    pub dividends: Rao,
    /// Dividends for all root stake on the hotkey.
    pub root: Rao,
}

impl Split {
    /// Splits `amount`: the owner keeps `take` of it, rounded down.
    ///
    /// # Errors
    /// `Overflow` for a take above the whole.
    pub fn of(amount: Rao, take: Bps) -> Result<Self, StakingError> {
        let kept = take.of(amount);
        Ok(Self {
            take: kept,
            dividends: amount.checked_sub(kept).ok_or(StakingError::Overflow)?,
            root: Rao::ZERO,
        })
    }

    /// Moves `amount` of the dividends to root stake.
    ///
    /// # Errors
    /// `Overflow` if there is less.
    pub fn give_root(&mut self, amount: Rao) -> Result<(), StakingError> {
        let rest = self.dividends.checked_sub(amount);
        self.dividends = rest.ok_or(StakingError::Overflow)?;
        self.root = sum(self.root, amount)?;
        Ok(())
    }

    /// Moves the part of root stake back to the dividends.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn keep_root(&mut self) -> Result<(), StakingError> {
        self.dividends = sum(self.dividends, self.root)?;
        self.root = Rao::ZERO;
        Ok(())
    }

    /// Credits the dividends to `pool`. Without shares the owner gets them too, so that they are
    /// not left to the next staker. Take and root stake are not credited here.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn apply(&mut self, pool: &mut Pool) -> Result<(), StakingError> {
        if self.dividends.is_zero() {
            Ok(())
        } else if pool.shares.is_empty() {
            self.take = sum(self.take, self.dividends)?;
            self.dividends = Rao::ZERO;
            Ok(())
        } else {
            pool.reward(self.dividends)
        }
    }

    /// Returns the sum of all parts.
    ///
    /// # Errors
    /// `Overflow`.
    #[cfg(test)]
    pub fn total(&self) -> Result<Rao, StakingError> {
        sum(sum(self.take, self.dividends)?, self.root)
    }
}

/// Sums of a chunk of dividends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Number of hotkeys.
    pub hotkeys: u16,
    /// Sum of the owners' parts.
    pub owners: Rao,
    /// Sum of the dividends of stakers on the subnet.
    pub dividends: Rao,
    /// Sum of the dividends of root stake.
    pub root: Rao,
    /// Sum of what is due to parents.
    pub due: Rao,
}

impl Tally {
    /// Adds a hotkey's own part, and what became due to its parents.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn add(&mut self, own: &Split, due: Rao) -> Result<(), StakingError> {
        *self = Self {
            hotkeys: self.hotkeys.checked_add(1).ok_or(StakingError::Overflow)?,
            owners: sum(self.owners, own.take)?,
            dividends: sum(self.dividends, own.dividends)?,
            root: sum(self.root, own.root)?,
            due: sum(self.due, due)?,
        };
        Ok(())
    }

    /// Returns the dividends of all stakers, those on root included.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn all_dividends(&self) -> Result<Rao, StakingError> {
        sum(self.dividends, self.root)
    }

    /// Returns the amount that the contract must receive: all but the owners' parts.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn amount(&self) -> Result<Rao, StakingError> {
        sum(self.all_dividends()?, self.due)
    }
}

fn sum(a: Rao, b: Rao) -> Result<Rao, StakingError> {
    a.checked_add(b).ok_or(StakingError::Overflow)
}

#[cfg(test)]
mod tests;
