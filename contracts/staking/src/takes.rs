//! Takes: the share of dividends that the owner of a hotkey keeps.
//!
//! A take can be lowered at any time, and raised once an interval has passed since its last change.
//! Source: subtensor-reference.md 3.11.

use ink::storage::{traits::ManualKey, Mapping};
use inktensor_primitives::{
    staking::{StakingError, TakeInfo, MAX_TAKE, TAKE_RAISE_INTERVAL},
    AccountId, Bps,
};

/// Take of a hotkey whose owner has set none. Source: subtensor `InitialDefaultDelegateTake`.
pub const DEFAULT_TAKE: Bps = MAX_TAKE;

/// The takes of all hotkeys.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Takes {
    /// Take, and block of the last change.
    takes: Mapping<AccountId, (Bps, u32), ManualKey<0x5441_4B45>>,
}

impl Takes {
    /// Returns the take of a hotkey.
    pub fn take(&self, hotkey: AccountId) -> Bps {
        self.takes.get(hotkey).map_or(DEFAULT_TAKE, |it| it.0)
    }

    /// Returns the take of a hotkey, and the first block at which it may be raised.
    pub fn info(&self, hotkey: AccountId) -> TakeInfo {
        info(self.takes.get(hotkey), DEFAULT_TAKE)
    }

    /// Sets a take at block `now`. Setting the present take changes nothing.
    ///
    /// # Errors
    /// `TakeAbove`, `TakeTooSoon`.
    pub fn set(&mut self, hotkey: AccountId, take: Bps, now: u32) -> Result<(), StakingError> {
        if changes(self.info(hotkey), take, now)? {
            self.takes.insert(hotkey, &(take, now));
        }
        Ok(())
    }
}

/// Returns a take, which is `default` if it was never `set`, and the first block at which it may be
/// raised.
pub fn info(set: Option<(Bps, u32)>, default: Bps) -> TakeInfo {
    TakeInfo {
        take: set.map_or(default, |it| it.0),
        raises_from: raises_from(set.map(|it| it.1)),
    }
}

/// Returns the first block at which a take may be raised that last changed at block `last`. In the
/// reference, the whole interval must have passed.
fn raises_from(last: Option<u32>) -> u32 {
    last.map_or(0, |last| {
        last.saturating_add(TAKE_RAISE_INTERVAL).saturating_add(1)
    })
}

/// Checks that a take may be set to `take` at block `now`. Returns true if that changes it.
///
/// # Errors
/// `TakeAbove`, `TakeTooSoon`.
pub fn changes(before: TakeInfo, take: Bps, now: u32) -> Result<bool, StakingError> {
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
            let info = TakeInfo {
                take: Bps(before),
                raises_from: raises_from(last),
            };
            assert_eq!(
                changes(info, Bps(asked), now),
                expected,
                "{before} {asked} {now}"
            );
        }
    }

    proptest! {
        /// After any calls, a take was never raised twice within the interval, and never above the
        /// largest.
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
