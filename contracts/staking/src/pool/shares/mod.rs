//! Shares: the stake of many coldkeys on one hotkey, as parts of one value.
//!
//! A position owns shares of its pool. A deposit mints shares at the pool's price, a withdrawal
//! burns shares, and a reward raises the value of all. Every rounding is in favour of the other
//! positions.
//!
//! One share is always worth at most 2^-32 rao. When rewards have raised the price above that, the
//! pool moves to a finer scale, which multiplies the shares of all positions by 2^32 at once. So
//! rounding to whole shares never costs a rao, whatever an earlier staker and rewards did to the
//! price, and the first-depositor attack gains nothing. Source of the rule without scales:
//! subtensor `primitives/share-pool`.
//!
//! Between calls:
//! - `shares` is the sum of the positions' shares, each at the pool's scale;
//! - `value` is zero exactly when `shares` is;
//! - `value * 2^32 <= shares <= value * 2^64`; as the cap on TAO is below 2^55, `shares` is below
//!   2^119.

use super::mul_div;
use inktensor_primitives::{staking::StakingError, Rao};

/// Shares that the first deposit mints for each rao.
const FIRST_SHARES: u128 = 1 << 64;

/// Least number of shares for each rao.
const MIN_SHARES: u128 = 1 << STEP;

/// Binary logarithm of the factor by which one step of the scale multiplies shares.
const STEP: u32 = 32;

/// The shares of a pool and their value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SharePool {
    /// Stake that all shares are worth together.
    value: Rao,
    /// Number of shares.
    shares: u128,
    /// Number of times the shares have been refined.
    scale: u32,
}

/// The shares of one position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Shares {
    /// Number of shares, at `scale`.
    count: u128,
    /// The pool's scale at the last write.
    scale: u32,
}

impl Shares {
    /// Returns true if there are no shares.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Splits `floor(count * part / whole)` shares off and returns them. Returns `None` if the part
    /// exceeds the whole.
    pub fn split(&mut self, part: Rao, whole: Rao) -> Option<Self> {
        let count = mul_div::floor(part.0, self.count, whole.0)?;
        self.count = self.count.checked_sub(count)?;
        Some(Self { count, ..*self })
    }
}

impl SharePool {
    /// Returns the shares as they were stored.
    pub fn new(value: Rao, shares: u128, scale: u32) -> Self {
        Self {
            value,
            shares,
            scale,
        }
    }

    /// Returns the stake that all shares are worth together.
    pub fn value(&self) -> Rao {
        self.value
    }

    /// Returns the number of shares.
    pub fn shares(&self) -> u128 {
        self.shares
    }

    /// Returns the number of times the shares have been refined.
    pub fn scale(&self) -> u32 {
        self.scale
    }

    /// Returns true if there are no shares.
    pub fn is_empty(&self) -> bool {
        self.shares == 0
    }

    /// Returns the worth of `held`, rounded down.
    ///
    /// # Errors
    /// `Overflow` if the shares are not of this pool.
    pub fn worth(&self, held: &Shares) -> Result<Rao, StakingError> {
        if held.is_empty() {
            return Ok(Rao::ZERO);
        }
        let count = self.count_of(held)?;
        mul_div::portion(self.value.0, count, self.shares)
            .map(Rao)
            .ok_or(StakingError::Overflow)
    }

    /// Adds `amount` and mints `floor(amount * shares / value)` shares to `held`.
    ///
    /// # Errors
    /// `Overflow`; then nothing has changed.
    pub fn deposit(&mut self, held: &mut Shares, amount: Rao) -> Result<(), StakingError> {
        let minted = if self.is_empty() {
            u128::from(amount.0).checked_mul(FIRST_SHARES)
        } else {
            mul_div::floor(amount.0, self.shares, self.value.0)
        }
        .ok_or(StakingError::Overflow)?;
        let count = self.count_of(held)?;
        let pool = Self {
            value: sum(self.value, amount)?,
            shares: self
                .shares
                .checked_add(minted)
                .ok_or(StakingError::Overflow)?,
            scale: self.scale,
        };
        // The shares held are part of all shares, so this sum is within the one above.
        let count = count.checked_add(minted).ok_or(StakingError::Overflow)?;
        self.replace(held, pool, count)
    }

    /// Removes `amount` and burns `ceil(amount * shares / value)` shares of `held`.
    ///
    /// A withdrawal of the whole worth burns all shares of `held`, so that no dust is left.
    ///
    /// # Errors
    /// `NotEnoughStake` with the worth of `held`, `Overflow`; then nothing has changed.
    pub fn withdraw(&mut self, held: &mut Shares, amount: Rao) -> Result<(), StakingError> {
        let worth = self.worth(held)?;
        if amount > worth {
            return Err(StakingError::NotEnoughStake(worth));
        }
        let count = self.count_of(held)?;
        let burned = if amount == worth {
            count
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
        let count = count.checked_sub(burned).ok_or(StakingError::Overflow)?;
        self.replace(held, pool, count)
    }

    /// Moves `ceil(amount * shares / value)` shares of `from` to `to`. A transfer of the whole
    /// worth moves all shares. The shares of all others stay as they are.
    ///
    /// # Errors
    /// `NotEnoughStake` with the worth of `from`, `Overflow`; then nothing has changed.
    pub fn transfer(
        &self,
        from: &mut Shares,
        to: &mut Shares,
        amount: Rao,
    ) -> Result<(), StakingError> {
        let worth = self.worth(from)?;
        if amount > worth {
            return Err(StakingError::NotEnoughStake(worth));
        }
        let count = self.count_of(from)?;
        let moved = if amount == worth {
            count
        } else {
            mul_div::ceil(amount.0, self.shares, self.value.0).ok_or(StakingError::Overflow)?
        };
        let left = count.checked_sub(moved).ok_or(StakingError::Overflow)?;
        let scale = self.scale;
        let moved = Shares {
            count: moved,
            scale,
        };
        *to = self.joined(to, &moved)?;
        *from = Shares { count: left, scale };
        Ok(())
    }

    /// Returns the sum of two holders' shares.
    ///
    /// # Errors
    /// `Overflow` if one of them is not of this pool.
    pub fn joined(&self, one: &Shares, other: &Shares) -> Result<Shares, StakingError> {
        let count = self.count_of(one)?.checked_add(self.count_of(other)?);
        Ok(Shares {
            count: count.ok_or(StakingError::Overflow)?,
            scale: self.scale,
        })
    }

    /// Raises the value of all shares by `amount`.
    ///
    /// # Errors
    /// `NotEnoughStake` if there are no shares, `Overflow`; then nothing has changed.
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

    /// Returns the number of shares in `held`, at this pool's scale.
    fn count_of(&self, held: &Shares) -> Result<u128, StakingError> {
        if held.is_empty() {
            return Ok(0);
        }
        self.scale
            .checked_sub(held.scale)
            .and_then(|steps| steps.checked_mul(STEP))
            .and_then(|bits| 1u128.checked_shl(bits))
            .and_then(|factor| held.count.checked_mul(factor))
            .filter(|count| *count <= self.shares)
            .ok_or(StakingError::Overflow)
    }

    /// Moves to the state `pool`, in which `held` has `count` shares.
    fn replace(
        &mut self,
        held: &mut Shares,
        mut pool: SharePool,
        count: u128,
    ) -> Result<(), StakingError> {
        // The scale at which `count` was computed; refining the pool refines `held` too.
        let scale = pool.scale;
        pool.refine()?;
        *held = Shares { count, scale };
        *self = pool;
        Ok(())
    }

    /// Moves to finer scales until there are `MIN_SHARES` shares for each rao. An empty pool starts
    /// over.
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

/// Returns `a + b`.
pub(super) fn sum(a: Rao, b: Rao) -> Result<Rao, StakingError> {
    a.checked_add(b).ok_or(StakingError::Overflow)
}

/// Returns `a - b`.
pub(super) fn difference(a: Rao, b: Rao) -> Result<Rao, StakingError> {
    a.checked_sub(b).ok_or(StakingError::Overflow)
}

#[cfg(test)]
mod tests;
