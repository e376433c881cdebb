//! The limit on outgoing TAO: at most a tenth of what is free goes out in any 30 days.
//!
//! Outgoing and returned amounts are counted by days of 7 200 blocks. The window at block `now` is
//! the day of `now` and the 30 days before it, so it covers the 216 000 blocks that end with `now`,
//! wherever they begin. An amount `x` goes out only if
//!
//! ```text
//! 10 * (out + x) <= base,    base = free + out - back
//! ```
//!
//! with `free` before `x`, and `out` and `back` the sums of the window. `back` is what grants have
//! returned. Only these three change the free amount: receipts, `out` and `back`. So `base` is what
//! was free when the window began, with what was received since. It does not depend on how
//! payments are sliced, and opening and revoking grants in turns does not raise it.
//!
//! # Guarantee
//! For all blocks `a <= b` with `b - a < 216 000`:
//!
//! ```text
//! 10 * out(a ..= b) <= free before a + received(a ..= b)
//! ```
//!
//! Proof: let `w <= a` be the begin of the window at `b`. The rule gives
//! `10 * out(w ..= b) <= free before w + received(w ..= b)`, and
//! `free before a = free before w + received(w .. a) + back(w .. a) - out(w .. a)`. Hence
//! `10 * out(a ..= b) <= free before a + received(a ..= b) - back(w .. a) - 9 * out(w .. a)`.
//! The last two terms only lower the bound.

use ink::prelude::vec::Vec;
use inktensor_primitives::{
    treasury::{Limits, TreasuryError, DAY, OUT_DIVISOR, WINDOW},
    Rao,
};

/// Days before the present one that count: those that 216 000 blocks can touch.
const DAYS_BEFORE: u32 = WINDOW / DAY;

/// Outgoing and returned amounts of the last days, at most 31 of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Window {
    /// Days with amounts, oldest first.
    days: Vec<Day>,
}

/// Amounts of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
struct Day {
    /// Number of the day since block 0.
    day: u32,
    /// Amount paid or committed.
    out: Rao,
    /// Amount that grants have returned.
    back: Rao,
}

impl Window {
    /// Records that `amount` goes out at block `now`, when `free` is free.
    ///
    /// # Errors
    /// `AboveLimit`, `Overflow`.
    pub fn spend(&mut self, free: Rao, amount: Rao, now: u32) -> Result<(), TreasuryError> {
        let (base, out) = self.sums(free, now)?;
        let left = left(base, out);
        if amount > left {
            return Err(TreasuryError::AboveLimit { amount, left });
        }
        let today = self.today(now)?;
        today.out = sum([today.out, amount])?;
        Ok(())
    }

    /// Records that grants return `amount` at block `now`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn give_back(&mut self, amount: Rao, now: u32) -> Result<(), TreasuryError> {
        if amount.is_zero() {
            return Ok(());
        }
        let today = self.today(now)?;
        today.back = sum([today.back, amount])?;
        Ok(())
    }

    /// Returns the limit at block `now`, when `free` is free and `committed` is committed.
    pub fn limits(&self, free: Rao, committed: Rao, now: u32) -> Limits {
        let (base, out) = self.sums(free, now).unwrap_or_default();
        let oldest = self.counted(now).find(|day| !day.out.is_zero());
        Limits {
            from: first_day(now).saturating_mul(DAY),
            ends: oldest.map(|day| {
                let last = day.day.saturating_add(DAYS_BEFORE);
                last.saturating_add(1).saturating_mul(DAY)
            }),
            base,
            out,
            left: left(base, out),
            free,
            committed,
        }
    }

    /// Returns the days that count at block `now`, oldest first.
    fn counted(&self, now: u32) -> impl Iterator<Item = &Day> {
        let first = first_day(now);
        self.days.iter().filter(move |day| day.day >= first)
    }

    /// Returns base and outgoing amount at block `now`.
    fn sums(&self, free: Rao, now: u32) -> Result<(Rao, Rao), TreasuryError> {
        let out = sum(self.counted(now).map(|day| day.out))?;
        let back = sum(self.counted(now).map(|day| day.back))?;
        let base = sum([free, out])?;
        Ok((base.checked_sub(back).unwrap_or_default(), out))
    }

    /// Returns the day of block `now`, after dropping the days that count no more.
    fn today(&mut self, now: u32) -> Result<&mut Day, TreasuryError> {
        let (first, day) = (first_day(now), day_of(now));
        self.days.retain(|day| day.day >= first);
        if self.days.last().is_none_or(|last| last.day < day) {
            self.days.push(Day {
                day,
                out: Rao::ZERO,
                back: Rao::ZERO,
            });
        }
        self.days.last_mut().ok_or(TreasuryError::Overflow)
    }
}

/// Returns the number of the day of block `block`.
const fn day_of(block: u32) -> u32 {
    block / DAY
}

/// Returns the first day of the window at block `now`.
const fn first_day(now: u32) -> u32 {
    day_of(now).saturating_sub(DAYS_BEFORE)
}

/// Returns the amount that may still go out.
fn left(base: Rao, out: Rao) -> Rao {
    let most = Rao(base.0 / OUT_DIVISOR);
    most.checked_sub(out).unwrap_or_default()
}

/// Returns the sum of `parts`.
fn sum(parts: impl IntoIterator<Item = Rao>) -> Result<Rao, TreasuryError> {
    parts
        .into_iter()
        .try_fold(Rao::ZERO, Rao::checked_add)
        .ok_or(TreasuryError::Overflow)
}

#[cfg(test)]
mod tests;
