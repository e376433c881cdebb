//! The owner, and its succession in two steps.

use inktensor_primitives::{treasury::TreasuryError, AccountId};

/// The owner of the treasury.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Owner {
    account: AccountId,
    /// The account that may accept the treasury.
    offered_to: Option<AccountId>,
}

impl Owner {
    /// Makes `account` the owner.
    pub const fn new(account: AccountId) -> Self {
        Self {
            account,
            offered_to: None,
        }
    }

    /// Returns the owner's account.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Returns the account that the treasury is offered to.
    pub const fn offered_to(&self) -> Option<AccountId> {
        self.offered_to
    }

    /// Checks that `caller` is the owner.
    ///
    /// # Errors
    /// `NotOwner`.
    pub fn only(&self, caller: AccountId) -> Result<(), TreasuryError> {
        if caller == self.account {
            Ok(())
        } else {
            Err(TreasuryError::NotOwner)
        }
    }

    /// Offers the treasury to `to`, or withdraws the offer.
    pub const fn offer(&mut self, to: Option<AccountId>) {
        self.offered_to = to;
    }

    /// Makes `caller` the owner, to whom the treasury is offered. Returns the former owner.
    ///
    /// # Errors
    /// `OwnerNotOffered`.
    pub fn accept(&mut self, caller: AccountId) -> Result<AccountId, TreasuryError> {
        if self.offered_to != Some(caller) {
            return Err(TreasuryError::OwnerNotOffered);
        }
        self.offered_to = None;
        Ok(core::mem::replace(&mut self.account, caller))
    }
}
