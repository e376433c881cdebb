//! Collateral accounts: the TAO that a worker can lose by posting a false assertion.

use crate::lifecycle::Released;
use ink::storage::{traits::ManualKey, Lazy, Mapping};
use inktensor_primitives::{
    epoch::{Collateral, CollateralChanged, EpochError, EpochRules},
    AccountId, Bps, Rao,
};

/// Returns `collateral` with `amount` more free.
///
/// # Errors
/// `Overflow`; the cap on TAO excludes it.
fn deposited(collateral: Collateral, amount: Rao) -> Result<Collateral, EpochError> {
    let free = collateral
        .free
        .checked_add(amount)
        .ok_or(EpochError::Overflow)?;
    Ok(Collateral { free, ..collateral })
}

/// Returns `collateral` with `amount` less free.
///
/// # Errors
/// `CollateralTooSmall` with `amount` if less is free.
fn withdrawn(collateral: Collateral, amount: Rao) -> Result<Collateral, EpochError> {
    let free = collateral
        .free
        .checked_sub(amount)
        .ok_or(EpochError::CollateralTooSmall(amount))?;
    Ok(Collateral { free, ..collateral })
}

/// Returns `collateral` with `amount` of the free part locked.
///
/// # Errors
/// `CollateralTooSmall` with `amount` if less is free, `Overflow`.
fn locked(collateral: Collateral, amount: Rao) -> Result<Collateral, EpochError> {
    let Collateral { free, locked } = withdrawn(collateral, amount)?;
    let locked = locked.checked_add(amount).ok_or(EpochError::Overflow)?;
    Ok(Collateral { free, locked })
}

/// Returns `collateral` with `amount` of the locked part free again.
///
/// # Errors
/// `Overflow` if less is locked; collateral is released once.
fn released(collateral: Collateral, amount: Rao) -> Result<Collateral, EpochError> {
    let locked = collateral
        .locked
        .checked_sub(amount)
        .ok_or(EpochError::Overflow)?;
    deposited(
        Collateral {
            free: collateral.free,
            locked,
        },
        amount,
    )
}

/// Returns `collateral` without `amount` of the locked part.
///
/// # Errors
/// `Overflow` if less is locked; collateral is slashed once.
fn slashed(collateral: Collateral, amount: Rao) -> Result<Collateral, EpochError> {
    let locked = collateral
        .locked
        .checked_sub(amount)
        .ok_or(EpochError::Overflow)?;
    Ok(Collateral {
        locked,
        ..collateral
    })
}

/// Returns the collateral that an assertion of an epoch which pays `budget` needs, beside
/// `standing` assertions of the same epoch: the larger of the least collateral and of a part of the
/// budget, rounded down, doubled for each of them, at most the cap on TAO.
///
/// It doubles over the assertions that stand, not over those that were slashed: false assertions
/// that are disproved do not make the true one dearer.
pub fn required(rules: &EpochRules, budget: Rao, standing: u8) -> Rao {
    let base = rules.collateral.max(rules.collateral_part.of(budget));
    let factor = 1u64.checked_shl(standing.into()).unwrap_or(u64::MAX);
    Rao(base.0.saturating_mul(factor)).min(Rao::CAP)
}

/// Splits slashed collateral into the challenger's part, rounded down, and the burned rest.
pub fn split(collateral: Rao, reward_part: Bps) -> (Rao, Rao) {
    let reward = reward_part.of(collateral);
    (reward, Rao(collateral.0.saturating_sub(reward.0)))
}

/// A slash: the change of the worker's account, and the two parts of the slashed amount.
pub struct Slash {
    /// Change of the worker's account.
    pub changed: CollateralChanged,
    /// Part to send to the challenger.
    pub reward: Rao,
    /// Part to burn.
    pub burned: Rao,
}

/// The collateral of all workers. Its sum is the contract's balance of TAO.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct CollateralStore {
    accounts: Mapping<AccountId, Collateral, ManualKey<0x4550_0010>>,
    total: Lazy<Rao, ManualKey<0x4550_0011>>,
}

impl CollateralStore {
    /// Returns the collateral of `worker`.
    pub fn of(&self, worker: AccountId) -> Collateral {
        self.accounts.get(worker).unwrap_or_default()
    }

    /// Returns the sum of all collateral.
    pub fn total(&self) -> Rao {
        self.total.get_or_default()
    }

    /// Adds `amount`, which the contract receives, to the free collateral of `worker`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn deposit(
        &mut self,
        worker: AccountId,
        amount: Rao,
    ) -> Result<CollateralChanged, EpochError> {
        let total = self
            .total()
            .checked_add(amount)
            .ok_or(EpochError::Overflow)?;
        let changed = self.change(worker, amount, deposited)?;
        self.total.set(&total);
        Ok(changed)
    }

    /// Removes `amount`, which the contract sends, from the free collateral of `worker`.
    ///
    /// # Errors
    /// `CollateralTooSmall`, `Overflow`.
    pub fn withdraw(
        &mut self,
        worker: AccountId,
        amount: Rao,
    ) -> Result<CollateralChanged, EpochError> {
        let changed = self.change(worker, amount, withdrawn)?;
        self.remove_from_total(amount)?;
        Ok(changed)
    }

    /// Locks `amount` of the free collateral of `worker` behind an assertion.
    ///
    /// # Errors
    /// `CollateralTooSmall`, `Overflow`.
    pub fn lock(
        &mut self,
        worker: AccountId,
        amount: Rao,
    ) -> Result<CollateralChanged, EpochError> {
        self.change(worker, amount, locked)
    }

    /// Frees collateral whose epoch is final, or rolled over.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn release(&mut self, released: Released) -> Result<CollateralChanged, EpochError> {
        self.change(released.proposer, released.collateral, self::released)
    }

    /// Removes collateral whose assertion is false. The challenger receives `reward_part` of it.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn slash(&mut self, lost: Released, reward_part: Bps) -> Result<Slash, EpochError> {
        let changed = self.change(lost.proposer, lost.collateral, slashed)?;
        self.remove_from_total(lost.collateral)?;
        let (reward, burned) = split(lost.collateral, reward_part);
        Ok(Slash {
            changed,
            reward,
            burned,
        })
    }

    fn remove_from_total(&mut self, amount: Rao) -> Result<(), EpochError> {
        let total = self
            .total()
            .checked_sub(amount)
            .ok_or(EpochError::Overflow)?;
        self.total.set(&total);
        Ok(())
    }

    fn change(
        &mut self,
        worker: AccountId,
        amount: Rao,
        rule: fn(Collateral, Rao) -> Result<Collateral, EpochError>,
    ) -> Result<CollateralChanged, EpochError> {
        let collateral = rule(self.of(worker), amount)?;
        if collateral == Collateral::default() {
            self.accounts.remove(worker);
        } else {
            self.accounts.insert(worker, &collateral);
        }
        Ok(CollateralChanged { worker, collateral })
    }
}

#[cfg(test)]
mod tests;
