//! Split of one neuron's pay between its owner, its stakers and root stake.

use crate::pool::{Pool, Position};
use inktensor_primitives::{
    staking::{Payment, StakingError},
    Bps, Rao,
};

/// The parts of a payment. They sum to the payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credit {
    /// Miner's part, staked for the owner.
    pub miner: Rao,
    /// Take of the validator's part, rounded down, staked for the owner.
    pub take: Rao,
    /// Dividends for all stakers of the hotkey on the subnet.
    pub dividends: Rao,
    /// Dividends for all root stake on the hotkey.
    pub root: Rao,
}

impl Credit {
    /// Splits a payment: the owner keeps `take` of the validator's part, rounded down.
    ///
    /// # Errors
    /// `Overflow` if the parts sum to more than an amount can be.
    pub fn of(payment: &Payment, take: Bps) -> Result<Self, StakingError> {
        let kept = take.of(payment.validator);
        let credit = Self {
            miner: payment.miner,
            take: kept,
            dividends: payment
                .validator
                .checked_sub(kept)
                .ok_or(StakingError::Overflow)?,
            root: Rao::ZERO,
        };
        credit.total()?;
        Ok(credit)
    }

    /// Moves `amount` of the dividends to root stake.
    ///
    /// # Errors
    /// `Overflow` if there is less.
    pub fn give_root(&mut self, amount: Rao) -> Result<(), StakingError> {
        let rest = self.dividends.checked_sub(amount);
        self.dividends = rest.ok_or(StakingError::Overflow)?;
        self.root = amount;
        Ok(())
    }

    /// Moves the part of root stake back to the dividends.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn keep_root(&mut self) -> Result<(), StakingError> {
        let all = self.dividends.checked_add(self.root);
        self.dividends = all.ok_or(StakingError::Overflow)?;
        self.root = Rao::ZERO;
        Ok(())
    }

    /// Returns the whole payment.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn total(&self) -> Result<Rao, StakingError> {
        self.staked()?
            .checked_add(self.root)
            .ok_or(StakingError::Overflow)
    }

    /// Returns the part that becomes stake on the subnet.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn staked(&self) -> Result<Rao, StakingError> {
        self.own()?
            .checked_add(self.dividends)
            .ok_or(StakingError::Overflow)
    }

    /// Credits `owner`'s position, then all positions of the hotkey's pool. Root stake is not
    /// credited here.
    ///
    /// The owner is credited first, so its new shares take part in the dividends, as in subtensor
    /// (`distribute_dividends_and_incentives`). Miner's part and take are one deposit, since the
    /// price of a share is the same for both. If there are no shares, the owner gets the dividends
    /// too, so that they are not left to the next staker.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn apply(&self, pool: &mut Pool, owner: &mut Position) -> Result<(), StakingError> {
        let own = self.own()?;
        if !own.is_zero() {
            pool.credit(owner, own)?;
        }
        if self.dividends.is_zero() {
            Ok(())
        } else if pool.shares.is_empty() {
            pool.credit(owner, self.dividends)
        } else {
            pool.reward(self.dividends)
        }
    }

    /// Returns the owner's part.
    fn own(&self) -> Result<Rao, StakingError> {
        self.miner
            .checked_add(self.take)
            .ok_or(StakingError::Overflow)
    }
}

/// Sums of a chunk of payments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Number of payments.
    pub neurons: u16,
    /// Sum of the miners' parts.
    pub miners: Rao,
    /// Sum of the takes.
    pub takes: Rao,
    /// Sum of the dividends of stakers on the subnet.
    pub dividends: Rao,
    /// Sum of the dividends of root stake.
    pub root: Rao,
    /// Sum of what is due to parents.
    pub due: Rao,
}

impl Tally {
    /// Adds one payment.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn add(&mut self, credit: &Credit) -> Result<(), StakingError> {
        let sum = |a: Rao, b: Rao| a.checked_add(b).ok_or(StakingError::Overflow);
        *self = Self {
            neurons: self.neurons.checked_add(1).ok_or(StakingError::Overflow)?,
            miners: sum(self.miners, credit.miner)?,
            takes: sum(self.takes, credit.take)?,
            dividends: sum(self.dividends, credit.dividends)?,
            root: sum(self.root, credit.root)?,
            due: self.due,
        };
        Ok(())
    }

    /// Adds dividends that became due to parents.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn owe(&mut self, amount: Rao) -> Result<(), StakingError> {
        let due = self.due.checked_add(amount);
        self.due = due.ok_or(StakingError::Overflow)?;
        Ok(())
    }

    /// Returns the sum that became stake on the subnet.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn staked(&self) -> Result<Rao, StakingError> {
        self.miners
            .checked_add(self.takes)
            .and_then(|sum| sum.checked_add(self.dividends))
            .ok_or(StakingError::Overflow)
    }

    /// Returns the dividends of all stakers, those on root included.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn all_dividends(&self) -> Result<Rao, StakingError> {
        self.dividends
            .checked_add(self.root)
            .ok_or(StakingError::Overflow)
    }

    /// Returns the sum of all payments.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn total(&self) -> Result<Rao, StakingError> {
        self.staked()?
            .checked_add(self.root)
            .and_then(|sum| sum.checked_add(self.due))
            .ok_or(StakingError::Overflow)
    }
}

#[cfg(test)]
mod tests;
