//! What has been issued, minted and promised.
//!
//! Between calls, exactly:
//!
//! ```text
//! issued - genesis = minted + unspent parts of open budgets + carried + earned but not drawn
//! ```

use crate::{
    accumulator::{Accumulator, Share},
    budget, curve,
};
use inktensor_primitives::{
    emission::{EmissionError, EpochBudget, Fee, Fees, Issuance, Split, SplitPreset},
    Rao,
};

/// Issuance, and how it is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Ledger {
    /// Existed before this contract.
    genesis: Rao,
    /// Genesis and all that the curve has issued since. It never falls: burned TAO is not issued
    /// again.
    issued: Rao,
    /// Block up to which the curve has been evaluated.
    block: u32,
    /// Minted so far.
    minted: Rao,
    /// Shares it out.
    accumulator: Accumulator,
}

/// A subnet's account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Account {
    /// Its share of emission.
    share: Share,
    /// What earlier budgets did not spend.
    carried: Rao,
    /// First epoch that has not been drawn.
    next_epoch: u32,
}

/// How budgets are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Division {
    /// Taken off the top, for those who run the epoch.
    pub fees: Fees,
    /// Divides the rest.
    pub split: Split,
}

impl Division {
    /// The division for a subnet that follows `preset`.
    pub const fn with(self, preset: SplitPreset) -> Self {
        let split = match preset {
            SplitPreset::Network => self.split,
            SplitPreset::Bittensor => Split::BITTENSOR,
        };
        Self { split, ..self }
    }
}

/// What is due when an epoch is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// To the subnet's owner, as stake.
    pub owner: Rao,
    /// To the treasury.
    pub treasury: Rao,
    /// To the subnet's next budget.
    pub carried: Rao,
}

impl Ledger {
    /// A ledger that begins at `block` with `genesis` rao in existence.
    pub fn new(genesis: Rao, block: u32) -> Self {
        Self {
            genesis,
            issued: genesis,
            block,
            minted: Rao::ZERO,
            accumulator: Accumulator::default(),
        }
    }

    /// Issues up to block `now`, takes the subnet's share for `epoch`, adds what it carried, and
    /// divides it. From now on the subnet shares with `weight`.
    ///
    /// # Errors
    /// `AlreadyDrawn`, `Overflow`; then nothing has changed.
    pub fn draw(
        &mut self,
        account: &mut Account,
        epoch: u32,
        now: u32,
        weight: Rao,
        division: &Division,
    ) -> Result<EpochBudget, EmissionError> {
        if epoch < account.next_epoch {
            return Err(EmissionError::AlreadyDrawn);
        }
        let mut next = self.issued_up_to(now)?;
        let mut share = account.share;
        let total = next
            .accumulator
            .draw(&mut share, weight)
            .and_then(|drawn| drawn.checked_add(account.carried))
            .ok_or(EmissionError::Overflow)?;
        let budget = budget::divide(total, &division.split, &division.fees)?;
        *account = Account {
            share,
            carried: Rao::ZERO,
            next_epoch: epoch.checked_add(1).ok_or(EmissionError::Overflow)?,
        };
        *self = next;
        Ok(budget)
    }

    /// Books `amount` of `budget` as minted for miners and validators.
    ///
    /// # Errors
    /// `OverBudget`, `Overflow`; then nothing has changed.
    pub fn pay(&mut self, budget: &mut EpochBudget, amount: Rao) -> Result<(), EmissionError> {
        let mut spent = *budget;
        budget::spend(&mut spent, amount)?;
        self.mint(amount)?;
        *budget = spent;
        Ok(())
    }

    /// Books `amount` of one of the pots of `budget` as minted.
    ///
    /// # Errors
    /// `OverBudget`, `Overflow`; then nothing has changed.
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

    /// Books owner's and treasury's parts of `budget` as minted and carries what miners and
    /// validators were not paid, with what is left of the pots. The budget is done with.
    ///
    /// # Errors
    /// `Overflow`; then nothing has changed.
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

    /// Carries all that `budget` has not spent, and returns how much that is. The budget is done
    /// with.
    ///
    /// # Errors
    /// `Overflow`; then nothing has changed.
    pub fn carry(account: &mut Account, budget: &EpochBudget) -> Result<Rao, EmissionError> {
        let unspent = budget::unspent(budget)?;
        account.carried = budget::sum([account.carried, unspent])?;
        Ok(unspent)
    }

    /// Issues up to block `now`, takes the subnet's weight away and spreads what it has earned and
    /// carried over the weights that are left. Its fraction of a rao is lost to nobody: it
    /// stays in the account.
    ///
    /// # Errors
    /// `NobodyShares`, `Overflow`; then nothing has changed.
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

    /// What the subnet would draw at block `now`.
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

    /// The state of issuance as of the last draw.
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

    /// This ledger with everything issued up to block `now`. While nobody shares, time passes
    /// without issuing.
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
