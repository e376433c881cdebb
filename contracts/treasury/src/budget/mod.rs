//! Budgets: TAO that a manager pays out, so much a period.

use crate::bounds;
use core::num::NonZeroU32;
use inktensor_primitives::{
    treasury::{BudgetView, GrantField, NewBudget, TreasuryError, LONGEST_GRANT},
    AccountId, Rao,
};

/// A budget.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Budget {
    manager: AccountId,
    left: Rao,
    per_period: Rao,
    period: u32,
    opened: u32,
    until: u32,
    /// Number of the period of the last draw, and the amount drawn in it.
    drawn: (u32, Rao),
}

impl Budget {
    /// Opens a budget at block `now`.
    ///
    /// # Errors
    /// `OutOfBounds` of the amount per period, of the period, then of the end.
    pub fn open(new: &NewBudget, now: u32) -> Result<Self, TreasuryError> {
        bounds::check(GrantField::PerPeriod, new.per_period.0, 1..=new.total.0)?;
        bounds::check(GrantField::Period, new.period, 1..=LONGEST_GRANT)?;
        let (earliest, latest) = (now.saturating_add(1), now.saturating_add(LONGEST_GRANT));
        bounds::check(GrantField::Until, new.until, earliest..=latest)?;
        Ok(Self {
            manager: new.manager,
            left: new.total,
            per_period: new.per_period,
            period: new.period,
            opened: now,
            until: new.until,
            drawn: (0, Rao::ZERO),
        })
    }

    /// Returns the amount that is not drawn.
    pub const fn left(&self) -> Rao {
        self.left
    }

    /// Returns true if nothing can be drawn from block `now` on.
    pub const fn is_over(&self, now: u32) -> bool {
        now >= self.until || self.left.is_zero()
    }

    /// Returns the amount that can be drawn at block `now`.
    pub fn drawable(&self, now: u32) -> Rao {
        if self.is_over(now) {
            return Rao::ZERO;
        }
        let rest = self.per_period.checked_sub(self.drawn_in(self.period(now)));
        rest.unwrap_or_default().min(self.left)
    }

    /// Takes `amount` out at block `now`, on behalf of `caller`.
    ///
    /// # Errors
    /// `NotManager`, `Ended`, `AboveBudget`, in this order.
    pub fn draw(&mut self, caller: AccountId, amount: Rao, now: u32) -> Result<(), TreasuryError> {
        if caller != self.manager {
            return Err(TreasuryError::NotManager);
        }
        if now >= self.until {
            return Err(TreasuryError::Ended(self.until));
        }
        let left = self.drawable(now);
        if amount > left {
            return Err(TreasuryError::AboveBudget {
                amount,
                left,
                next_period: self.next_period(now),
            });
        }
        let period = self.period(now);
        let drawn = self.drawn_in(period).checked_add(amount);
        self.drawn = (period, drawn.ok_or(TreasuryError::Overflow)?);
        self.left = self
            .left
            .checked_sub(amount)
            .ok_or(TreasuryError::Overflow)?;
        Ok(())
    }

    /// Returns the budget as of block `now`.
    pub fn view(&self, now: u32) -> BudgetView {
        BudgetView {
            manager: self.manager,
            left: self.left,
            per_period: self.per_period,
            period: self.period,
            opened: self.opened,
            until: self.until,
            drawable: self.drawable(now),
            next_period: self.next_period(now),
        }
    }

    /// Returns the number of the period of block `now`.
    fn period(&self, now: u32) -> u32 {
        let length = NonZeroU32::new(self.period).unwrap_or(NonZeroU32::MIN);
        now.saturating_sub(self.opened) / length
    }

    /// Returns the first block of the period after that of block `now`.
    fn next_period(&self, now: u32) -> u32 {
        let periods = self.period(now).saturating_add(1);
        self.opened
            .saturating_add(periods.saturating_mul(self.period))
    }

    /// Returns the amount drawn so far in period number `period`, which is not before the last.
    fn drawn_in(&self, period: u32) -> Rao {
        let (last, amount) = self.drawn;
        if last == period {
            amount
        } else {
            Rao::ZERO
        }
    }
}

#[cfg(test)]
mod tests;
