//! Stake added to a position, removed from it, or moved to another, by the rules of staking.

use super::{index::PositionKey, positions::Stake};
use crate::pool::Withdrawn;
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

/// Stake that was added to a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// First epoch in which the stake weighs. On root, the first root epoch whose closes count it.
    pub weighs_from: u32,
}

/// Stake that left one position for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The whole amount.
    pub amount: Rao,
    /// Part that weighed in its former place, and has to mature again.
    pub forgoes: Rao,
}

impl Stake {
    /// Adds a deposit to a position on a hotkey of this status, in the open epoch. The deposit
    /// matures when that epoch closes. On a subnet that has not started, no epoch is open: the
    /// deposit weighs from the first epoch on.
    ///
    /// # Errors
    /// `UnknownSubnet`, `UnknownHotkey`, `TooLittle` below the least nomination, `Overflow`.
    pub fn add(
        &mut self,
        key: PositionKey,
        deposit: Deposit,
        status: &HotkeyStatus,
        now: u32,
    ) -> Result<Added, StakingError> {
        let Deposit(amount) = deposit;
        let least = least_nomination(status, key.coldkey)?;
        let open = self.clock(key.netuid, now).open;
        let is_pending = status.subnet_started;
        self.change(key, open, now, |pool, position| {
            if is_pending {
                pool.add(position, amount)?;
            } else {
                pool.credit(position, amount)?;
            }
            if pool.worth(position)? < least {
                return Err(StakingError::TooLittle(least));
            }
            Ok(())
        })?;
        let counted = is_pending && !key.netuid.is_root();
        let pending = if counted { amount } else { Rao::ZERO };
        self.count_deposit(key.netuid, amount, pending)?;
        let wait = if key.netuid.is_root() {
            2
        } else {
            u32::from(is_pending)
        };
        Ok(Added {
            weighs_from: open.saturating_add(wait),
        })
    }

    /// Refuses an `amount` above the stake of a position at block `now`.
    ///
    /// # Errors
    /// `NotEnoughStake` with the stake.
    pub fn ensure_at_least(
        &self,
        key: PositionKey,
        amount: Rao,
        now: u32,
    ) -> Result<(), StakingError> {
        let stake = self.worth(key, now);
        if amount > stake {
            return Err(StakingError::NotEnoughStake(stake));
        }
        Ok(())
    }

    /// Removes `amount`, or all, from a position, the youngest deposits first. A remainder below
    /// `least` is removed too.
    ///
    /// # Errors
    /// `NotEnoughStake`, `TooLittle` for an amount of zero, `Overflow`.
    pub fn remove(
        &mut self,
        key: PositionKey,
        amount: Option<Rao>,
        least: Rao,
        now: u32,
    ) -> Result<Withdrawn, StakingError> {
        let open = self.clock(key.netuid, now).open;
        let removed = self.change(key, open, now, |pool, position| {
            let Some(amount) = amount else {
                return pool.withdraw_all(position);
            };
            if amount.is_zero() {
                return Err(StakingError::TooLittle(MIN_STAKE));
            }
            let withdrawn = pool.withdraw(position, amount)?;
            if position.is_empty() || pool.worth(position)? >= least {
                return Ok(withdrawn);
            }
            let rest = pool.withdraw_all(position)?;
            withdrawn.with(rest)
        })?;
        let counted = !key.netuid.is_root();
        let pending = if counted { removed.pending } else { Rao::ZERO };
        self.count_out(key.netuid, removed.amount, pending)?;
        Ok(removed)
    }

    /// Removes a whole position, on root with its dividends.
    ///
    /// # Errors
    /// `NotEnoughStake` for an empty position, `Overflow`.
    pub fn remove_all(&mut self, key: PositionKey, now: u32) -> Result<Removed, StakingError> {
        let stake = self.remove(key, None, Rao::ZERO, now)?.amount;
        let dividends = if key.netuid.is_root() {
            self.claim_dividends(key, now)?
        } else {
            Rao::ZERO
        };
        Ok(Removed { stake, dividends })
    }

    /// Moves `amount`, or all, from one position to another pool, on a hotkey of status
    /// `to_status`. A remainder below `least` moves too. The stake matures again in its new
    /// place.
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
    ) -> Result<Moved, StakingError> {
        let moved = self.remove(from, amount, least, now)?;
        self.add(to, Deposit::of(moved.amount)?, to_status, now)?;
        Ok(Moved {
            amount: moved.amount,
            forgoes: moved.matured()?,
        })
    }

    /// Transfers `amount`, or all, from a position to coldkey `to` in the same pool, on a hotkey of
    /// this status. A remainder below the least of the giver is transferred too. The stake keeps
    /// its age and its shares. Returns the amount.
    ///
    /// # Errors
    /// `NotEnoughStake`, `TooLittle`, `UnknownSubnet`, `UnknownHotkey`, `Overflow`.
    pub fn give(
        &mut self,
        key: PositionKey,
        to: AccountId,
        amount: Option<Rao>,
        status: &HotkeyStatus,
        now: u32,
    ) -> Result<Rao, StakingError> {
        let open = self.clock(key.netuid, now).open;
        let least = least_remainder(status, key.coldkey);
        self.change_two(key, to, open, now, |pool, giver, taker| {
            let worth = pool.worth(giver)?;
            if giver.is_empty() {
                return Err(StakingError::NotEnoughStake(Rao::ZERO));
            }
            let mut amount = amount.unwrap_or(worth);
            if amount.is_zero() {
                return Err(StakingError::TooLittle(MIN_STAKE));
            }
            if amount > worth {
                return Err(StakingError::NotEnoughStake(worth));
            }
            let rest = worth.checked_sub(amount).ok_or(StakingError::Overflow)?;
            if rest < least {
                amount = worth;
            }
            Deposit::of(amount)?;
            pool.transfer(giver, taker, amount)?;
            let least = least_nomination(status, to)?;
            if pool.worth(taker)? < least {
                return Err(StakingError::TooLittle(least));
            }
            Ok(amount)
        })
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
