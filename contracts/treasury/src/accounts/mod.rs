//! Accounts: grants, the amount committed to them, and the window.
//!
//! Messages give the treasury's balance, the block and the caller. Nothing here calls a contract.

use crate::{budget::Budget, stream::Stream, window::Window};
use ink::storage::{traits::ManualKey, Lazy, Mapping};
use inktensor_primitives::{
    treasury::{Limits, NewBudget, NewStream, TreasuryError},
    AccountId, Rao,
};

/// Grants, the amount committed to them, and the window.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Accounts {
    /// Sum of what all grants may still pay.
    committed: Rao,
    /// Number of grants ever opened.
    count: u32,
    window: Lazy<Window, ManualKey<0x5452_4501>>,
    /// Streams by number of grant.
    streams: Mapping<u32, Stream, ManualKey<0x5452_4502>>,
    /// Budgets by number of grant.
    budgets: Mapping<u32, Budget, ManualKey<0x5452_4503>>,
}

impl Accounts {
    /// Returns the part of `balance` that is not committed.
    pub fn free(&self, balance: Rao) -> Rao {
        balance.checked_sub(self.committed).unwrap_or_default()
    }

    /// Returns the limit at block `now`.
    pub fn limits(&self, balance: Rao, now: u32) -> Limits {
        self.window()
            .limits(self.free(balance), self.committed, now)
    }

    /// Returns the number of grants ever opened.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Returns a stream.
    ///
    /// # Errors
    /// `NoStream`.
    pub fn stream(&self, id: u32) -> Result<Stream, TreasuryError> {
        self.streams.get(id).ok_or(TreasuryError::NoStream(id))
    }

    /// Returns a budget.
    ///
    /// # Errors
    /// `NoBudget`.
    pub fn budget(&self, id: u32) -> Result<Budget, TreasuryError> {
        self.budgets.get(id).ok_or(TreasuryError::NoBudget(id))
    }

    /// Counts `amount`, which is paid out of `balance` at block `now`.
    ///
    /// # Errors
    /// `AboveLimit`, `Overflow`.
    pub fn pay(&mut self, balance: Rao, amount: Rao, now: u32) -> Result<(), TreasuryError> {
        let mut window = self.window();
        window.spend(self.free(balance), amount, now)?;
        self.window.set(&window);
        Ok(())
    }

    /// Opens a stream. Returns its number.
    ///
    /// # Errors
    /// `OutOfBounds`, `AboveLimit`, `Overflow`.
    pub fn open_stream(
        &mut self,
        balance: Rao,
        new: &NewStream,
        now: u32,
    ) -> Result<u32, TreasuryError> {
        let stream = Stream::open(new, now)?;
        let id = self.commit(balance, new.total, now)?;
        self.streams.insert(id, &stream);
        Ok(id)
    }

    /// Opens a budget. Returns its number.
    ///
    /// # Errors
    /// `OutOfBounds`, `AboveLimit`, `Overflow`.
    pub fn open_budget(
        &mut self,
        balance: Rao,
        new: &NewBudget,
        now: u32,
    ) -> Result<u32, TreasuryError> {
        let budget = Budget::open(new, now)?;
        let id = self.commit(balance, new.total, now)?;
        self.budgets.insert(id, &budget);
        Ok(id)
    }

    /// Claims what a stream has vested. Returns its payee and the amount.
    ///
    /// # Errors
    /// `NoStream`, `NothingToClaim`, `Overflow`.
    pub fn claim(&mut self, id: u32, now: u32) -> Result<(AccountId, Rao), TreasuryError> {
        let mut stream = self.stream(id)?;
        let amount = stream.claim(now)?;
        self.release(amount)?;
        self.streams.insert(id, &stream);
        Ok((stream.payee(), amount))
    }

    /// Takes `amount` out of a budget, on behalf of `caller`.
    ///
    /// # Errors
    /// `NoBudget`, `NotManager`, `Ended`, `AboveBudget`, `Overflow`.
    pub fn draw(
        &mut self,
        id: u32,
        caller: AccountId,
        amount: Rao,
        now: u32,
    ) -> Result<(), TreasuryError> {
        let mut budget = self.budget(id)?;
        budget.draw(caller, amount, now)?;
        self.release(amount)?;
        self.budgets.insert(id, &budget);
        Ok(())
    }

    /// Replaces a stream's payee, on behalf of `caller`. Returns the former payee.
    ///
    /// # Errors
    /// `NoStream`, `NotPayee`.
    pub fn set_payee(
        &mut self,
        id: u32,
        caller: AccountId,
        to: AccountId,
    ) -> Result<AccountId, TreasuryError> {
        let mut stream = self.stream(id)?;
        let from = stream.set_payee(caller, to)?;
        self.streams.insert(id, &stream);
        Ok(from)
    }

    /// Ends a grant. Returns the amount that is free again. A grant that owes nothing is removed.
    ///
    /// # Errors
    /// `NoGrant`, `AlreadyRevoked`, `Overflow`.
    pub fn revoke(&mut self, id: u32, now: u32) -> Result<Rao, TreasuryError> {
        let freed = if let Some(mut stream) = self.streams.get(id) {
            let freed = stream.revoke(now)?;
            if stream.owed().is_zero() {
                self.streams.remove(id);
            } else {
                self.streams.insert(id, &stream);
            }
            freed
        } else {
            let budget = self.budgets.get(id).ok_or(TreasuryError::NoGrant(id))?;
            self.budgets.remove(id);
            budget.left()
        };
        self.give_back(freed, now)?;
        Ok(freed)
    }

    /// Removes a grant that is over. Returns the amount that is free again.
    ///
    /// # Errors
    /// `NoGrant`, `NotOver`, `Overflow`.
    pub fn close(&mut self, id: u32, now: u32) -> Result<Rao, TreasuryError> {
        if let Some(stream) = self.streams.get(id) {
            if !stream.owed().is_zero() {
                return Err(TreasuryError::NotOver);
            }
            self.streams.remove(id);
            return Ok(Rao::ZERO);
        }
        let budget = self.budgets.get(id).ok_or(TreasuryError::NoGrant(id))?;
        if !budget.is_over(now) {
            return Err(TreasuryError::NotOver);
        }
        self.budgets.remove(id);
        self.give_back(budget.left(), now)?;
        Ok(budget.left())
    }

    /// Returns the window.
    fn window(&self) -> Window {
        self.window.get().unwrap_or_default()
    }

    /// Commits `amount` of `balance` to a new grant. Returns the number of the grant.
    fn commit(&mut self, balance: Rao, amount: Rao, now: u32) -> Result<u32, TreasuryError> {
        let id = self.count;
        self.pay(balance, amount, now)?;
        self.committed = self
            .committed
            .checked_add(amount)
            .ok_or(TreasuryError::Overflow)?;
        self.count = id.checked_add(1).ok_or(TreasuryError::Overflow)?;
        Ok(id)
    }

    /// Frees `amount`, which a grant returns at block `now`.
    fn give_back(&mut self, amount: Rao, now: u32) -> Result<(), TreasuryError> {
        if amount.is_zero() {
            return Ok(());
        }
        self.release(amount)?;
        let mut window = self.window();
        window.give_back(amount, now)?;
        self.window.set(&window);
        Ok(())
    }

    /// Ends the commitment of `amount`.
    fn release(&mut self, amount: Rao) -> Result<(), TreasuryError> {
        self.committed = self
            .committed
            .checked_sub(amount)
            .ok_or(TreasuryError::Overflow)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
