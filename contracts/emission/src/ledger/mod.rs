//! Issued, minted and promised amounts.
//!
//! Between calls, exactly:
//!
//! ```text
//! issued - genesis = minted + owed + unspent budgets + carried over + earned but not drawn
//! ```

use crate::{
    accumulator::{Accumulator, Share},
    budget, curve, weight,
};
use inktensor_primitives::{
    emission::{EmissionError, EpochBudget, Fee, Fees, Issuance, Split, SplitPreset},
    staking::Payment,
    AccountId, Rao,
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
    /// TAO that is owed to owners who have not collected it. It is minted when they do.
    owed: Rao,
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
    /// Owner's parts that are owed, and the owner and hotkey of the last completed epoch.
    cut: Option<Payment>,
    /// The epoch whose pay-out is not complete, and its budget.
    open: Option<(u32, EpochBudget)>,
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
    /// For the subnet's owner, owed.
    pub owner: Rao,
    /// For the treasury.
    pub treasury: Rao,
    /// For the subnet's next budget.
    pub carried: Rao,
}

impl Account {
    /// Returns the budget of `epoch`, if its pay-out is not complete.
    pub fn budget(&self, epoch: u32) -> Option<EpochBudget> {
        let (_, budget) = self.open.filter(|(of, _)| *of == epoch)?;
        Some(budget)
    }

    /// Begins the pay-out of `epoch`, or goes on with it.
    ///
    /// # Errors
    /// `AlreadyDrawn` while the pay-out of another epoch is not complete.
    pub fn set_budget(&mut self, epoch: u32, budget: EpochBudget) -> Result<(), EmissionError> {
        if self.open.is_some_and(|(of, _)| of != epoch) {
            return Err(EmissionError::AlreadyDrawn);
        }
        self.open = Some((epoch, budget));
        // The first close pays for the place of the owner's part, so that no keeper does.
        let no_account = AccountId::from([0; 32]);
        self.cut.get_or_insert(Payment {
            hotkey: no_account,
            coldkey: no_account,
            amount: Rao::ZERO,
        });
        Ok(())
    }

    /// Ends the pay-out of an epoch.
    pub fn end_budget(&mut self) {
        self.open = None;
    }

    /// Returns the owner's parts that are owed.
    pub fn cut(&self) -> Rao {
        self.cut.map_or(Rao::ZERO, |cut| cut.amount)
    }

    /// Adds an owner's part. Returns what is owed to another owner or on another hotkey, which must
    /// be paid at once.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn add_cut(&mut self, part: Payment) -> Result<Option<Payment>, EmissionError> {
        let same = |cut: &Payment| (cut.hotkey, cut.coldkey) == (part.hotkey, part.coldkey);
        let (before, former) = match self.cut {
            Some(cut) if same(&cut) => (cut.amount, None),
            other => (Rao::ZERO, other),
        };
        let amount = budget::sum([before, part.amount])?;
        self.cut = Some(Payment { amount, ..part });
        Ok(former.filter(|it| !it.amount.is_zero()))
    }

    /// Removes and returns the owner's parts that are owed. The place for later ones stays.
    pub fn take_cut(&mut self) -> Option<Payment> {
        let cut = self.cut.filter(|it| !it.amount.is_zero())?;
        let amount = Rao::ZERO;
        self.cut = Some(Payment { amount, ..cut });
        Some(cut)
    }
}

impl Ledger {
    /// Makes a ledger that starts at `block` with `genesis` rao in existence.
    pub fn new(genesis: Rao, block: u32) -> Self {
        Self {
            genesis,
            issued: genesis,
            block,
            minted: Rao::ZERO,
            owed: Rao::ZERO,
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
            ..*account
        };
        *self = next;
        Ok(Draw { budget, returned })
    }

    /// Records pay of `budget` for miners and validators: `minted` now, and `owed` to owners.
    ///
    /// # Errors
    /// `OverBudget`, `Overflow`. After an error nothing has changed.
    pub fn pay(
        &mut self,
        budget: &mut EpochBudget,
        minted: Rao,
        owed: Rao,
    ) -> Result<(), EmissionError> {
        let mut spent = *budget;
        budget::spend(&mut spent, budget::sum([minted, owed])?)?;
        let owed = budget::sum([self.owed, owed])?;
        self.mint(minted)?;
        self.owed = owed;
        *budget = spent;
        Ok(())
    }

    /// Records `amount` as owed to an owner, outside of any budget.
    ///
    /// # Errors
    /// `Overflow`. After an error nothing has changed.
    pub fn owe(&mut self, amount: Rao) -> Result<(), EmissionError> {
        self.owed = budget::sum([self.owed, amount])?;
        Ok(())
    }

    /// Records `amount` of what is owed as minted.
    ///
    /// # Errors
    /// `Overflow` for more than is owed. After an error nothing has changed.
    pub fn pay_owed(&mut self, amount: Rao) -> Result<(), EmissionError> {
        let rest = self.owed.checked_sub(amount);
        let rest = rest.ok_or(EmissionError::Overflow)?;
        self.mint(amount)?;
        self.owed = rest;
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

    /// Records the owner's part of `budget` as owed and the treasury's as minted. Carries over the
    /// unpaid rest of miners, validators and fees. The budget is used up.
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
        let owed = budget::sum([self.owed, budget.owner])?;
        self.mint(budget.treasury)?;
        self.owed = owed;
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
            owed: self.owed,
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
