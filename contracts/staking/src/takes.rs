//! Takes: the share of dividends that the owner of a hotkey keeps.
//!
//! A take can be lowered at any time, and raised once an interval has passed since its last change.
//! Source: subtensor-reference.md 3.11. An epoch is paid by the take that was set before the epoch
//! opened, so the changes of an interval are kept.

use ink::prelude::vec::Vec;
use inktensor_primitives::{
    staking::{StakingError, TakeInfo, MAX_TAKE, TAKE_RAISE_INTERVAL},
    Bps,
};

/// Take of a hotkey whose owner has set none. Source: subtensor `InitialDefaultDelegateTake`.
pub const DEFAULT_TAKE: Bps = MAX_TAKE;

/// Most changes of a take that are kept. More within an interval can only be lowerings; they take
/// the place of the last one, and count as early as that one.
const MAX_CHANGES: usize = 8;

/// A take, with its changes of the last interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Take {
    /// Block and value of each change, oldest first.
    changes: Vec<(u32, Bps)>,
    /// True if there were older changes.
    forgets: bool,
    /// Block of the last change.
    changed_at: Option<u32>,
}

impl Take {
    /// Returns the take set last; `default` if none was ever set.
    pub fn now(&self, default: Bps) -> Bps {
        self.changes.last().map_or(default, |it| it.1)
    }

    /// Returns the take that counts for an epoch which opened at block `opened_at`: the last one
    /// set before that block.
    ///
    /// For an epoch that opened before the changes that are kept, this is the lower one of the
    /// oldest change and `default`.
    pub fn at(&self, opened_at: u32, default: Bps) -> Bps {
        let before = self.changes.iter().rev().find(|it| it.0 < opened_at);
        if let Some((_, take)) = before {
            return *take;
        }
        match self.changes.first() {
            Some((_, oldest)) if self.forgets => default.min(*oldest),
            _ => default,
        }
    }

    /// Returns the take set last, and the first block at which it may be raised. In the reference,
    /// the whole interval must have passed.
    pub fn info(&self, default: Bps) -> TakeInfo {
        let raises_from = self.changed_at.map_or(0, |last| {
            last.saturating_add(TAKE_RAISE_INTERVAL).saturating_add(1)
        });
        TakeInfo {
            take: self.now(default),
            raises_from,
        }
    }

    /// Sets the take at block `now`. Returns true if that changes it.
    ///
    /// # Errors
    /// `TakeAbove`, `TakeTooSoon`.
    pub fn set(&mut self, take: Bps, now: u32, default: Bps) -> Result<bool, StakingError> {
        if !changes(self.info(default), take, now)? {
            return Ok(false);
        }
        // Of the changes that are older than the interval, only the last one is still read.
        let kept_from = now.saturating_sub(TAKE_RAISE_INTERVAL);
        while self.changes.get(1).is_some_and(|it| it.0 < kept_from) {
            self.changes.remove(0);
            self.forgets = true;
        }
        let is_full = self.changes.len() >= MAX_CHANGES;
        match self.changes.last_mut() {
            Some(last) if is_full || last.0 == now => last.1 = take,
            _ => self.changes.push((now, take)),
        }
        self.changed_at = Some(now);
        Ok(true)
    }
}

/// Checks that a take may be set to `take` at block `now`. Returns true if that changes it.
///
/// # Errors
/// `TakeAbove`, `TakeTooSoon`.
fn changes(before: TakeInfo, take: Bps, now: u32) -> Result<bool, StakingError> {
    if take > MAX_TAKE {
        return Err(StakingError::TakeAbove(MAX_TAKE));
    }
    if take > before.take && now < before.raises_from {
        return Err(StakingError::TakeTooSoon(before.raises_from));
    }
    Ok(take != before.take)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Cases computed by hand from the rules of subtensor-reference.md 3.11: take before, block of
    /// its last change, requested take, block, result.
    #[test]
    fn takes_change_by_the_references_rules() {
        let late = 1_000 + TAKE_RAISE_INTERVAL;
        for (before, last, asked, now, expected) in [
            (1_800, None, 900, 5, Ok(true)),
            (900, Some(1_000), 899, 1_001, Ok(true)),
            (900, Some(1_000), 900, 1_001, Ok(false)),
            (
                900,
                Some(1_000),
                901,
                1_001,
                Err(StakingError::TakeTooSoon(late + 1)),
            ),
            // The interval must have passed, not just be reached.
            (
                900,
                Some(1_000),
                901,
                late,
                Err(StakingError::TakeTooSoon(late + 1)),
            ),
            (900, Some(1_000), 901, late + 1, Ok(true)),
            (900, Some(1_000), 1_800, late + 1, Ok(true)),
            (
                900,
                Some(1_000),
                1_801,
                late + 1,
                Err(StakingError::TakeAbove(MAX_TAKE)),
            ),
            (0, Some(1_000), 0, 1_001, Ok(false)),
        ] {
            let mut take = Take {
                changed_at: last,
                ..Take::default()
            };
            assert_eq!(
                take.set(Bps(asked), now, Bps(before)),
                expected,
                "{before} {asked} {now}"
            );
        }
    }

    #[test]
    fn a_change_counts_for_epochs_that_open_after_it() {
        let mut take = Take::default();
        let set = |take: &mut Take, value, now| take.set(Bps(value), now, DEFAULT_TAKE);
        set(&mut take, 900, 100).unwrap();
        set(&mut take, 500, 200).unwrap();
        set(&mut take, 1_000, 201 + TAKE_RAISE_INTERVAL).unwrap();
        let at = |block| take.at(block, DEFAULT_TAKE).0;
        // The change of block 100 is forgotten: the oldest one that is known counts.
        assert_eq!((at(50), at(150), at(200)), (500, 500, 500));
        assert_eq!((at(201), at(201 + TAKE_RAISE_INTERVAL)), (500, 500));
        assert_eq!(at(202 + TAKE_RAISE_INTERVAL), 1_000);
        // An epoch that closes between two settlements of others keeps the take of its opening.
        let mut take = Take::default();
        set(&mut take, 900, 100).unwrap();
        assert_eq!(take.at(100, DEFAULT_TAKE), DEFAULT_TAKE);
        assert_eq!(take.at(101, DEFAULT_TAKE), Bps(900));
    }

    proptest! {
        /// Against a plain history: an epoch of the last interval is paid by the take that was set
        /// before it opened, or by a lower one that was set soon after.
        #[test]
        fn the_take_of_an_epoch_is_never_raised_later(
            steps in prop::collection::vec((0u32..60_000, 0u16..1_801), 1..40),
        ) {
            let mut take = Take::default();
            let (mut now, mut history) = (0u32, vec![(0, DEFAULT_TAKE)]);
            let mut was_full = false;
            for (blocks, asked) in steps {
                now += blocks;
                if take.set(Bps(asked), now, DEFAULT_TAKE) == Ok(true) {
                    history.push((now, Bps(asked)));
                }
                prop_assert!(take.changes.len() <= MAX_CHANGES);
                was_full |= take.changes.len() == MAX_CHANGES;
                let oldest = now.saturating_sub(TAKE_RAISE_INTERVAL);
                let opened = history.iter().map(|it| it.0 + 1).filter(|it| *it > oldest);
                for opened_at in opened.collect::<Vec<_>>() {
                    let due = history.iter().rev().find(|it| it.0 < opened_at).unwrap().1;
                    let found = take.at(opened_at, DEFAULT_TAKE);
                    prop_assert!(found <= due, "{found:?} of {due:?} at {opened_at}, {now}");
                    if !was_full {
                        prop_assert_eq!(found, due);
                    }
                }
            }
        }

        /// After any calls, a take was never raised twice within the interval, and never above the
        /// largest.
        #[test]
        fn takes_rise_slowly(steps in prop::collection::vec((0u32..300_000, 0u16..2_000), 1..30)) {
            let mut take = Take::default();
            let (mut now, mut changed) = (0u32, None);
            for (blocks, asked) in steps {
                now += blocks;
                let before = take.now(DEFAULT_TAKE);
                let done = take.set(Bps(asked), now, DEFAULT_TAKE);
                let after = take.now(DEFAULT_TAKE);
                prop_assert!(after <= MAX_TAKE);
                if after > before {
                    prop_assert!(changed.is_none_or(|at| now > at + TAKE_RAISE_INTERVAL));
                }
                if done.is_err() {
                    prop_assert_eq!(after, before);
                }
                if after != before {
                    changed = Some(now);
                }
            }
        }
    }
}
