//! Issued, minted and promised amounts.
//!
//! Between calls, exactly:
//!
//! ```text
//! issued - genesis = minted + unspent budgets + carried over + earned but not drawn
//! ```

use crate::{
    accumulator::{Accumulator, Share},
    budget, curve, weight,
};
use inktensor_primitives::{
    emission::{EmissionError, EpochBudget, Fee, Fees, Issuance, Split, SplitPreset},
    Rao,
};

/// Issuance and its division between subnets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Ledger {
    /// TAO that existed before this contract.
    genesis: Rao,
    /// Genesis and all TAO that the curve has issued since. This sum never falls: burned TAO is
    /// not issued again.
    issued: Rao,
    /// Block up to which the curve has been evaluated.
    block: u32,
    /// TAO minted so far.
    minted: Rao,
    /// Sharing between subnets by weight.
    accumulator: Accumulator,
}

/// A subnet's account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Account {
    /// The subnet's share of emission.
    share: Share,
    /// Unspent rest of earlier budgets.
    carried: Rao,
    /// First epoch that has not been drawn.
    next_epoch: u32,
}

/// Division of budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Division {
    /// Fees for running an epoch, taken before the split.
    pub fees: Fees,
    /// Division of the rest.
    pub split: Split,
}

impl Division {
    /// Returns the division for a subnet that follows `preset`.
    pub const fn with(self, preset: SplitPreset) -> Self {
        let split = match preset {
            SplitPreset::Network => self.split,
            SplitPreset::Bittensor => Split::BITTENSOR,
        };
        Self { split, ..self }
    }
}

/// A budget that was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The budget.
    pub budget: EpochBudget,
    /// Amount that the subnet had earned with stake that is gone, and that all subnets share.
    pub returned: Rao,
}

/// Amounts due at the completion of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// For the subnet's owner, as stake.
    pub owner: Rao,
    /// For the treasury.
    pub treasury: Rao,
    /// For the subnet's next budget.
    pub carried: Rao,
}

impl Ledger {
    /// Makes a ledger that starts at `block` with `genesis` rao in existence.
    pub fn new(genesis: Rao, block: u32) -> Self {
        Self {
            genesis,
            issued: genesis,
            block,
            minted: Rao::ZERO,
            accumulator: Accumulator::default(),
        }
    }

    /// Issues up to block `now`, and divides the subnet's share and carried amount as the budget of
    /// `epoch`. From now on the subnet shares with `weight`.
    ///
    /// Of the share, the subnet draws the part for the weight that it still has. The rest goes to
    /// all subnets that share now, by weight; without one, to the subnet's next budget.
    ///
    /// # Errors
    /// `AlreadyDrawn`, `Overflow`. After an error nothing has changed.
    pub fn draw(
        &mut self,
        account: &mut Account,
        epoch: u32,
        now: u32,
        weight: Rao,
        division: &Division,
    ) -> Result<Draw, EmissionError> {
        if epoch < account.next_epoch {
            return Err(EmissionError::AlreadyDrawn);
        }
        let mut next = self.issued_up_to(now)?;
        let (mut share, before) = (account.share, account.share.weight());
        let earned = next.accumulator.draw(&mut share, weight);
        let earned = earned.ok_or(EmissionError::Overflow)?;
        let drawn = weight::drawn(earned, before, weight);
        let rest = earned.checked_sub(drawn).ok_or(EmissionError::Overflow)?;
        let (returned, carried) = if next.accumulator.is_shared() {
            (rest, Rao::ZERO)
        } else {
            (Rao::ZERO, rest)
        };
        if !returned.is_zero() {
            let added = next.accumulator.add(returned);
            added.ok_or(EmissionError::Overflow)?;
        }
        let total = budget::sum([drawn, account.carried])?;
        let budget = budget::divide(total, &division.split, &division.fees)?;
        *account = Account {
            share,
            carried,
            next_epoch: epoch.checked_add(1).ok_or(EmissionError::Overflow)?,
        };
        *self = next;
        Ok(Draw { budget, returned })
    }

    /// Records `amount` of `budget` as minted for miners and validators.
    ///
    /// # Errors
    /// `OverBudget`, `Overflow`. After an error nothing has changed.
    pub fn pay(&mut self, budget: &mut EpochBudget, amount: Rao) -> Result<(), EmissionError> {
        let mut spent = *budget;
        budget::spend(&mut spent, amount)?;
        self.mint(amount)?;
        *budget = spent;
        Ok(())
    }

    /// Records `amount` of a fee of `budget` as minted.
    ///
    /// # Errors
    /// `OverBudget`, `Overflow`. After an error nothing has changed.
    pub fn pay_fee(
        &mut self,
        budget: &mut EpochBudget,
        fee: Fee,
        amount: Rao,
    ) -> Result<(), EmissionError> {
        let mut spent = *budget;
        budget::take(&mut spent, fee, amount)?;
        self.mint(amount)?;
        *budget = spent;
        Ok(())
    }

    /// Records owner's and treasury's parts of `budget` as minted. Carries over the unpaid rest of
    /// miners, validators and fees. The budget is used up.
    ///
    /// # Errors
    /// `Overflow`. After an error nothing has changed.
    pub fn complete(
        &mut self,
        account: &mut Account,
        budget: &EpochBudget,
    ) -> Result<Closing, EmissionError> {
        let carried = budget::sum([budget::unpaid(budget)?, budget.proposer, budget.keeper])?;
        let sum = budget::sum([account.carried, carried])?;
        let due = budget
            .owner
            .checked_add(budget.treasury)
            .ok_or(EmissionError::Overflow)?;
        self.mint(due)?;
        account.carried = sum;
        Ok(Closing {
            owner: budget.owner,
            treasury: budget.treasury,
            carried,
        })
    }

    /// Carries over the unspent rest of `budget`. Returns that amount. The budget is used up.
    ///
    /// # Errors
    /// `Overflow`. After an error nothing has changed.
    pub fn carry(account: &mut Account, budget: &EpochBudget) -> Result<Rao, EmissionError> {
        let unspent = budget::unspent(budget)?;
        account.carried = budget::sum([account.carried, unspent])?;
        Ok(unspent)
    }

    /// Issues up to block `now`, ends the subnet's weight, and divides its earned and carried
    /// amounts between the other subnets by weight. Returns that amount. A fraction of a rao
    /// stays in the account.
    ///
    /// # Errors
    /// `NobodyShares`, `Overflow`. After an error nothing has changed.
    pub fn release(&mut self, account: &mut Account, now: u32) -> Result<Rao, EmissionError> {
        let mut next = self.issued_up_to(now)?;
        let mut share = account.share;
        let amount = next
            .accumulator
            .draw(&mut share, Rao::ZERO)
            .and_then(|earned| earned.checked_add(account.carried))
            .ok_or(EmissionError::Overflow)?;
        if !next.accumulator.is_shared() {
            return Err(EmissionError::NobodyShares);
        }
        next.accumulator
            .add(amount)
            .ok_or(EmissionError::Overflow)?;
        *account = Account {
            share,
            carried: Rao::ZERO,
            ..*account
        };
        *self = next;
        Ok(amount)
    }

    /// Returns the amount that the subnet would draw at block `now` if its weight had not shrunk.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn pending(&self, account: &Account, now: u32) -> Result<Rao, EmissionError> {
        let (earned, _) = self
            .issued_up_to(now)?
            .accumulator
            .earned(&account.share)
            .ok_or(EmissionError::Overflow)?;
        earned
            .checked_add(account.carried)
            .ok_or(EmissionError::Overflow)
    }

    /// Returns the state of issuance as of the last draw.
    pub fn issuance(&self) -> Issuance {
        Issuance {
            issued: self.issued,
            per_block: curve::per_block(self.issued),
            block: self.block,
            minted: self.minted,
            genesis: self.genesis,
            total_weight: self.accumulator.total_weight(),
        }
    }

    /// Returns this ledger with everything issued up to block `now`. While no subnet shares, blocks
    /// pass without issuance.
    fn issued_up_to(&self, now: u32) -> Result<Self, EmissionError> {
        let mut next = Self {
            block: now.max(self.block),
            ..*self
        };
        if self.accumulator.is_shared() {
            let blocks = next.block.saturating_sub(self.block);
            next.issued = curve::issued_after(self.issued, blocks);
            let new = next
                .issued
                .checked_sub(self.issued)
                .ok_or(EmissionError::Overflow)?;
            next.accumulator.add(new).ok_or(EmissionError::Overflow)?;
        }
        Ok(next)
    }

    /// Records `amount` as minted.
    fn mint(&mut self, amount: Rao) -> Result<(), EmissionError> {
        self.minted = self
            .minted
            .checked_add(amount)
            .ok_or(EmissionError::Overflow)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
