//! Stake added to a position, removed from it, or moved to another, by the rules of staking.

use super::{index::PositionKey, positions::Stake};
use inktensor_primitives::{registry::HotkeyStatus, staking::StakingError, AccountId, Rao};

/// Least amount of one deposit, set by the cost of storing and settling a position. A withdrawal
/// may leave less. Source: subtensor `DefaultMinStake`.
pub const MIN_STAKE: Rao = Rao(2_000_000);

/// An amount that can be staked: at least [`MIN_STAKE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deposit(Rao);

impl Deposit {
    /// Returns a deposit of `amount`.
    ///
    /// # Errors
    /// `TooLittle`.
    pub fn of(amount: Rao) -> Result<Self, StakingError> {
        if amount < MIN_STAKE {
            return Err(StakingError::TooLittle(MIN_STAKE));
        }
        Ok(Self(amount))
    }
}

/// A whole position that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The stake.
    pub stake: Rao,
    /// Dividends that were not claimed, if the position was on root.
    pub dividends: Rao,
}

impl Removed {
    /// Returns stake and dividends together.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn total(&self) -> Result<Rao, StakingError> {
        self.stake
            .checked_add(self.dividends)
            .ok_or(StakingError::Overflow)
    }
}

impl Stake {
    /// Adds a deposit to a position on a hotkey of this status, in the open epoch.
    ///
    /// # Errors
    /// `UnknownSubnet`, `UnknownHotkey`, `TooLittle` below the least nomination, `Overflow`.
    pub fn add(
        &mut self,
        key: PositionKey,
        deposit: Deposit,
        status: &HotkeyStatus,
        now: u32,
    ) -> Result<(), StakingError> {
        let Deposit(amount) = deposit;
        let least = least_nomination(status, key.coldkey)?;
        let open = self.clock(key.netuid).open;
        self.change(key, open, now, |pool, position| {
            pool.add(position, amount, open)?;
            if pool.worth(position)? < least {
                return Err(StakingError::TooLittle(least));
            }
            Ok(())
        })?;
        self.count_in(key.netuid, amount)
    }

    /// Refuses an `amount` above the stake of a position.
    ///
    /// # Errors
    /// `NotEnoughStake` with the stake.
    pub fn ensure_at_least(&self, key: PositionKey, amount: Rao) -> Result<(), StakingError> {
        let stake = self.worth(key);
        if amount > stake {
            return Err(StakingError::NotEnoughStake(stake));
        }
        Ok(())
    }

    /// Removes `amount`, or all, from a position. A remainder below `least` is removed too.
    /// Returns how much was removed.
    ///
    /// # Errors
    /// `NotEnoughStake`, `TooLittle` for an amount of zero, `Overflow`.
    pub fn remove(
        &mut self,
        key: PositionKey,
        amount: Option<Rao>,
        least: Rao,
        now: u32,
    ) -> Result<Rao, StakingError> {
        let open = self.clock(key.netuid).open;
        let removed = self.change(key, open, now, |pool, position| {
            let Some(amount) = amount else {
                return pool.withdraw_all(position);
            };
            if amount.is_zero() {
                return Err(StakingError::TooLittle(MIN_STAKE));
            }
            pool.withdraw(position, amount)?;
            if position.is_empty() || pool.worth(position)? >= least {
                return Ok(amount);
            }
            let rest = pool.withdraw_all(position)?;
            amount.checked_add(rest).ok_or(StakingError::Overflow)
        })?;
        self.count_out(key.netuid, removed)?;
        Ok(removed)
    }

    /// Removes a whole position, on root with its dividends.
    ///
    /// # Errors
    /// `NotEnoughStake` for an empty position, `Overflow`.
    pub fn remove_all(&mut self, key: PositionKey, now: u32) -> Result<Removed, StakingError> {
        let stake = self.remove(key, None, Rao::ZERO, now)?;
        let dividends = if key.netuid.is_root() {
            self.claim_dividends(key, now)?
        } else {
            Rao::ZERO
        };
        Ok(Removed { stake, dividends })
    }

    /// Moves `amount`, or all, from one position to another, on a hotkey of status `to_status`. A
    /// remainder below `least` moves too. Returns how much moved.
    ///
    /// # Errors
    /// The errors of [`remove`](Self::remove), then those of [`Deposit::of`] and
    /// [`add`](Self::add).
    pub fn transfer(
        &mut self,
        (from, to): (PositionKey, PositionKey),
        amount: Option<Rao>,
        least: Rao,
        to_status: &HotkeyStatus,
        now: u32,
    ) -> Result<Rao, StakingError> {
        let moved = self.remove(from, amount, least, now)?;
        self.add(to, Deposit::of(moved)?, to_status, now)?;
        Ok(moved)
    }
}

/// Returns the least stake that a withdrawal may leave to `coldkey` on a hotkey of this status.
pub fn least_remainder(status: &HotkeyStatus, coldkey: AccountId) -> Rao {
    if status.owner == Some(coldkey) {
        Rao::ZERO
    } else {
        status.nominator_min
    }
}

/// Returns the least stake that `coldkey` may have after a deposit on a hotkey of this status.
///
/// # Errors
/// `UnknownSubnet`, `UnknownHotkey`.
fn least_nomination(status: &HotkeyStatus, coldkey: AccountId) -> Result<Rao, StakingError> {
    if !status.subnet_exists {
        return Err(StakingError::UnknownSubnet);
    }
    if status.owner.is_none() {
        return Err(StakingError::UnknownHotkey);
    }
    Ok(least_remainder(status, coldkey))
}
