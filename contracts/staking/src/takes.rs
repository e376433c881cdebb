//! What delegates keep, and how often they may ask for more.
//!
//! Source: subtensor-reference.md 3.11: a take is lowered at any time, and every change starts the
//! time anew after which it is raised.

use ink::storage::{traits::ManualKey, Mapping};
use inktensor_primitives::{
    staking::{StakingError, TakeInfo, MAX_TAKE, TAKE_RAISE_INTERVAL},
    AccountId, Bps,
};

/// All takes that were ever set.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Takes {
    /// Take, and block of its last change.
    set: Mapping<AccountId, (Bps, u32), ManualKey<0x5441_4B45>>,
}

impl Takes {
    /// The take of a hotkey.
    pub fn take(&self, hotkey: AccountId) -> Bps {
        self.set.get(hotkey).map_or(crate::DEFAULT_TAKE, |it| it.0)
    }

    /// The same, and when it may be raised.
    pub fn info(&self, hotkey: AccountId) -> TakeInfo {
        info(self.set.get(hotkey), crate::DEFAULT_TAKE)
    }

    /// Sets a take at block `now`. Setting what it is changes nothing.
    ///
    /// # Errors
    /// `TakeAbove`, `TakeTooSoon`.
    pub fn set(&mut self, hotkey: AccountId, take: Bps, now: u32) -> Result<(), StakingError> {
        let before = self.info(hotkey);
        if check(before, take, now)? {
            self.set.insert(hotkey, &(take, now));
        }
        Ok(())
    }
}

/// A take that was `set` to something at a block, or never, when it is `default`.
pub fn info(set: Option<(Bps, u32)>, default: Bps) -> TakeInfo {
    TakeInfo {
        take: set.map_or(default, |it| it.0),
        raises_from: raises_from(set.map(|it| it.1)),
    }
}

/// First block at which a take may be raised that last changed at block `last`. The reference lets
/// the interval pass whole.
fn raises_from(last: Option<u32>) -> u32 {
    last.map_or(0, |last| {
        last.saturating_add(TAKE_RAISE_INTERVAL).saturating_add(1)
    })
}

/// Whether a take changes by being set to `take` at block `now`.
///
/// # Errors
/// `TakeAbove`, `TakeTooSoon`.
pub fn check(before: TakeInfo, take: Bps, now: u32) -> Result<bool, StakingError> {
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

    /// Cases computed by hand from the rules of subtensor-reference.md 3.11: take before and block
    /// of its last change, take asked for, block, and what comes of it.
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
            let info = TakeInfo {
                take: Bps(before),
                raises_from: raises_from(last),
            };
            assert_eq!(
                check(info, Bps(asked), now),
                expected,
                "{before} {asked} {now}"
            );
        }
    }

    proptest! {
        /// Whatever is set when, a take is never raised twice within the interval, and never above the most.
        #[test]
        fn takes_rise_slowly(steps in prop::collection::vec((0u32..300_000, 0u16..2_000), 1..30)) {
            ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
                let (mut takes, hotkey) = (Takes::default(), AccountId::from([1; 32]));
                let (mut now, mut changed) = (0u32, None);
                for (blocks, asked) in steps {
                    now += blocks;
                    let before = takes.take(hotkey);
                    let done = takes.set(hotkey, Bps(asked), now);
                    let after = takes.take(hotkey);
                    assert!(after <= MAX_TAKE);
                    if after > before {
                        assert!(changed.is_none_or(|at| now > at + TAKE_RAISE_INTERVAL));
                    }
                    if done.is_err() {
                        assert_eq!(after, before);
                    }
                    if after != before {
                        changed = Some(now);
                    }
                }
                Ok(())
            })
            .unwrap();
        }
    }
}
