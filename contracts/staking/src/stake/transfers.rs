//! Stake added to a position, removed from it, or moved to another, by the rules of staking.

use super::{index::PositionKey, positions::Stake};
use crate::pool::{Pool, Position, Withdrawn};
use inktensor_primitives::{registry::HotkeyStatus, staking::StakingError, AccountId, Rao};

/// Least amount of one deposit, set by the cost of storing and settling a position. A withdrawal
/// may leave less. Source: subtensor `DefaultMinStake`.
pub const MIN_STAKE: Rao = Rao(2_000_000);

/// Worth of a position when it was last counted for votes, and the present one.
type Counted = (Rao, Rao);

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
    /// Stake that was counted for votes.
    pub counted: Rao,
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
        let (added, counted) = self.deposit(key, deposit, status, now)?;
        self.record_vote(key.coldkey, counted, now)?;
        Ok(added)
    }

    /// Adds a deposit, as [`add`](Self::add) does, but for votes: returns the worth of the position
    /// that was counted, and the present one.
    fn deposit(
        &mut self,
        key: PositionKey,
        deposit: Deposit,
        status: &HotkeyStatus,
        now: u32,
    ) -> Result<(Added, Counted), StakingError> {
        let Deposit(amount) = deposit;
        let least = least_nomination(status, key.coldkey)?;
        let subnet = self.open_subnet(key.netuid, now);
        let open = subnet.clock.open;
        let is_pending = status.subnet_started;
        let counted = self.change(key, open, now, |pool, position| {
            if is_pending {
                pool.add(position, amount)?;
            } else {
                pool.credit(position, amount)?;
            }
            let worth = pool.worth(position)?;
            if worth < least {
                return Err(StakingError::TooLittle(least));
            }
            Ok(position.count(worth))
        })?;
        let matures = is_pending && !key.netuid.is_root();
        let pending = if matures { amount } else { Rao::ZERO };
        self.count_in(subnet, amount, pending)?;
        let wait = if key.netuid.is_root() {
            2
        } else {
            u32::from(is_pending)
        };
        let weighs_from = open.saturating_add(wait);
        Ok((Added { weighs_from }, counted))
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
        let (removed, counted) = self.withdraw(key, amount, least, now)?;
        self.record_vote(key.coldkey, counted, now)?;
        Ok(removed)
    }

    /// Removes stake, as [`remove`](Self::remove) does, but for votes: returns the worth of the
    /// position that was counted, and the present one.
    fn withdraw(
        &mut self,
        key: PositionKey,
        amount: Option<Rao>,
        least: Rao,
        now: u32,
    ) -> Result<(Withdrawn, Counted), StakingError> {
        let subnet = self.open_subnet(key.netuid, now);
        let open = subnet.clock.open;
        let (removed, counted) = self.change(key, open, now, |pool, position| {
            let removed = take_out(pool, position, amount, least)?;
            Ok((removed, position.count(pool.worth(position)?)))
        })?;
        let matures = !key.netuid.is_root();
        let pending = if matures { removed.pending } else { Rao::ZERO };
        self.count_out(subnet, removed.amount, pending)?;
        Ok((removed, counted))
    }

    /// Removes a whole position, on root with its dividends.
    ///
    /// # Errors
    /// `NotEnoughStake` for an empty position, `Overflow`.
    pub fn remove_all(&mut self, key: PositionKey, now: u32) -> Result<Removed, StakingError> {
        let removed = self.remove_all_but_votes(key, now)?;
        self.record_vote(key.coldkey, (removed.counted, Rao::ZERO), now)?;
        Ok(removed)
    }

    /// Removes a whole position, as [`remove_all`](Self::remove_all) does, but for votes: the
    /// caller records that what was counted is gone.
    ///
    /// # Errors
    /// `NotEnoughStake` for an empty position, `Overflow`.
    pub fn remove_all_but_votes(
        &mut self,
        key: PositionKey,
        now: u32,
    ) -> Result<Removed, StakingError> {
        let (withdrawn, (counted, _)) = self.withdraw(key, None, Rao::ZERO, now)?;
        let dividends = if key.netuid.is_root() {
            self.claim_dividends(key, now)?
        } else {
            Rao::ZERO
        };
        Ok(Removed {
            stake: withdrawn.amount,
            dividends,
            counted,
        })
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
        let (moved, out_of) = self.withdraw(from, amount, least, now)?;
        let (_, into) = self.deposit(to, Deposit::of(moved.amount)?, to_status, now)?;
        // One change for votes, so that the stake keeps its age there.
        let sum = |a: Rao, b: Rao| a.checked_add(b).ok_or(StakingError::Overflow);
        let counted = (sum(out_of.0, into.0)?, sum(out_of.1, into.1)?);
        self.record_vote(from.coldkey, counted, now)?;
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

/// Removes `amount`, or all, from a position. A remainder below `least` is removed too.
fn take_out(
    pool: &mut Pool,
    position: &mut Position,
    amount: Option<Rao>,
    least: Rao,
) -> Result<Withdrawn, StakingError> {
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
