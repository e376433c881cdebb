//! Share pools: many stakers behind one hotkey, one value.
//!
//! A position owns shares of its pool. Deposits mint shares at the pool's price, withdrawals burn
//! them, and a reward raises the value of all. Every rounding is against who calls and for those
//! who stay.
//!
//! One share is worth at most 2^-32 rao, always: when rewards have made shares too dear, the pool
//! moves to a finer scale, which multiplies the shares of all positions by 2^32 at once. So
//! rounding to whole shares costs nobody anything that can be seen in rao, whatever an earlier
//! staker and rewards did to the price: the first-depositor attack has nothing to work with. Source
//! of the rule without scales: subtensor `primitives/share-pool`.
//!
//! Between calls:
//! - `shares` is the sum of the positions' shares, each at the pool's scale;
//! - `value` is zero exactly when `shares` is;
//! - `value * 2^32 <= shares <= value * 2^64`; as the cap on TAO is below 2^55, `shares` is below
//!   2^119.

use crate::mul_div;
use inktensor_primitives::{staking::StakingError, Rao};

/// Shares that the first deposit gets for each rao.
const FIRST_SHARES: u128 = 1 << 64;

/// Fewest shares there must be for each rao.
const MIN_SHARES: u128 = 1 << STEP;

/// One step of the scale multiplies shares by two to this power.
const STEP: u32 = 32;

/// What all stakers of a hotkey on a subnet have together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// All stake in it.
    value: Rao,
    /// All shares of it.
    shares: u128,
    /// Steps its shares have been refined by.
    scale: u32,
}

/// What one coldkey has in a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Position {
    /// Its shares, as of `scale`.
    shares: u128,
    /// The pool's scale when the position was last written.
    scale: u32,
}

impl Position {
    /// Whether it has no shares and need not be kept.
    pub fn is_empty(&self) -> bool {
        self.shares == 0
    }

    /// Takes `floor(shares * part / whole)` of its shares away, and returns them. None if the part
    /// exceeds the whole.
    pub fn split(&mut self, part: Rao, whole: Rao) -> Option<Self> {
        let shares = mul_div::floor(part.0, self.shares, whole.0)?;
        self.shares = self.shares.checked_sub(shares)?;
        Some(Self { shares, ..*self })
    }
}

impl Pool {
    /// A pool as it was kept.
    pub fn new(value: Rao, shares: u128, scale: u32) -> Self {
        Self {
            value,
            shares,
            scale,
        }
    }

    /// All stake in it.
    pub fn value(&self) -> Rao {
        self.value
    }

    /// All shares of it.
    pub fn shares(&self) -> u128 {
        self.shares
    }

    /// Steps its shares have been refined by.
    pub fn scale(&self) -> u32 {
        self.scale
    }

    /// Whether nobody has a share of it.
    pub fn is_empty(&self) -> bool {
        self.shares == 0
    }

    /// What `position` would get back, rounded down.
    ///
    /// # Errors
    /// `Overflow` if the position is not of this pool.
    pub fn worth(&self, position: &Position) -> Result<Rao, StakingError> {
        if position.is_empty() {
            return Ok(Rao::ZERO);
        }
        let shares = self.shares_of(position)?;
        mul_div::portion(self.value.0, shares, self.shares)
            .map(Rao)
            .ok_or(StakingError::Overflow)
    }

    /// Adds `amount` for `position`, which gets `floor(amount * shares / value)` shares.
    ///
    /// # Errors
    /// `Overflow`; then nothing has changed.
    pub fn deposit(&mut self, position: &mut Position, amount: Rao) -> Result<(), StakingError> {
        let minted = if self.is_empty() {
            u128::from(amount.0).checked_mul(FIRST_SHARES)
        } else {
            mul_div::floor(amount.0, self.shares, self.value.0)
        }
        .ok_or(StakingError::Overflow)?;
        let held = self.shares_of(position)?;
        let pool = Self {
            value: sum(self.value, amount)?,
            shares: self
                .shares
                .checked_add(minted)
                .ok_or(StakingError::Overflow)?,
            scale: self.scale,
        };
        // What is held is part of what all hold, so this sum is within the one above.
        let held = held.checked_add(minted).ok_or(StakingError::Overflow)?;
        self.settle(position, pool, held)
    }

    /// Takes `amount` out for `position`, which gives up `ceil(amount * shares / value)` shares.
    /// Whoever takes all that a position is worth gives up all its shares, so that no dust is
    /// left behind.
    ///
    /// # Errors
    /// `NotEnoughStake` with what the position is worth, `Overflow`; then nothing has changed.
    pub fn withdraw(&mut self, position: &mut Position, amount: Rao) -> Result<(), StakingError> {
        let worth = self.worth(position)?;
        if amount > worth {
            return Err(StakingError::NotEnoughStake(worth));
        }
        let held = self.shares_of(position)?;
        let burned = if amount == worth {
            held
        } else {
            mul_div::ceil(amount.0, self.shares, self.value.0).ok_or(StakingError::Overflow)?
        };
        let pool = Self {
            value: difference(self.value, amount)?,
            shares: self
                .shares
                .checked_sub(burned)
                .ok_or(StakingError::Overflow)?,
            scale: self.scale,
        };
        let held = held.checked_sub(burned).ok_or(StakingError::Overflow)?;
        self.settle(position, pool, held)
    }

    /// Takes all out that `position` is worth, and returns how much that is.
    ///
    /// # Errors
    /// `NotEnoughStake` if it has no shares, `Overflow`; then nothing has changed.
    pub fn withdraw_all(&mut self, position: &mut Position) -> Result<Rao, StakingError> {
        if position.is_empty() {
            return Err(StakingError::NotEnoughStake(Rao::ZERO));
        }
        let worth = self.worth(position)?;
        self.withdraw(position, worth)?;
        Ok(worth)
    }

    /// Two positions of this pool as one.
    ///
    /// # Errors
    /// `Overflow` if one is not of this pool.
    pub fn joined(&self, one: &Position, other: &Position) -> Result<Position, StakingError> {
        let shares = self.shares_of(one)?.checked_add(self.shares_of(other)?);
        Ok(Position {
            shares: shares.ok_or(StakingError::Overflow)?,
            scale: self.scale,
        })
    }

    /// Raises the value of all shares by `amount`.
    ///
    /// # Errors
    /// `NotEnoughStake` if nobody has a share, `Overflow`; then nothing has changed.
    pub fn reward(&mut self, amount: Rao) -> Result<(), StakingError> {
        if self.is_empty() {
            return Err(StakingError::NotEnoughStake(Rao::ZERO));
        }
        let mut pool = Self {
            value: sum(self.value, amount)?,
            ..*self
        };
        pool.refine()?;
        *self = pool;
        Ok(())
    }

    /// The shares of `position` at this pool's scale.
    fn shares_of(&self, position: &Position) -> Result<u128, StakingError> {
        if position.is_empty() {
            return Ok(0);
        }
        self.scale
            .checked_sub(position.scale)
            .and_then(|steps| steps.checked_mul(STEP))
            .and_then(|bits| 1u128.checked_shl(bits))
            .and_then(|factor| position.shares.checked_mul(factor))
            .filter(|shares| *shares <= self.shares)
            .ok_or(StakingError::Overflow)
    }

    /// Moves to the state `pool`, in which `position` holds `held` shares.
    fn settle(
        &mut self,
        position: &mut Position,
        mut pool: Pool,
        held: u128,
    ) -> Result<(), StakingError> {
        // `held` counts at the scale it was computed at; refining the pool refines it too.
        let scale = pool.scale;
        pool.refine()?;
        *position = Position {
            shares: held,
            scale,
        };
        *self = pool;
        Ok(())
    }

    /// Moves to finer scales until a rao has `MIN_SHARES` shares. An empty pool starts over.
    ///
    /// A step is taken while `shares < value * 2^32 < 2^96`, so the result stays below 2^128.
    fn refine(&mut self) -> Result<(), StakingError> {
        if self.is_empty() {
            self.scale = 0;
            return Ok(());
        }
        let least = u128::from(self.value.0)
            .checked_mul(MIN_SHARES)
            .ok_or(StakingError::Overflow)?;
        while self.shares < least {
            self.shares = self
                .shares
                .checked_mul(MIN_SHARES)
                .ok_or(StakingError::Overflow)?;
            self.scale = self.scale.checked_add(1).ok_or(StakingError::Overflow)?;
        }
        Ok(())
    }
}

/// `a + b`.
pub(crate) fn sum(a: Rao, b: Rao) -> Result<Rao, StakingError> {
    a.checked_add(b).ok_or(StakingError::Overflow)
}

/// `a - b`.
pub(crate) fn difference(a: Rao, b: Rao) -> Result<Rao, StakingError> {
    a.checked_sub(b).ok_or(StakingError::Overflow)
}

#[cfg(test)]
mod tests;
