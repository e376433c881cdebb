//! A value that takes effect after a cooldown, and never in an epoch that has closed.

use crate::stake::EpochClock;
use inktensor_primitives::{staking::StakingError, versioned::Versioned};

/// A value by epoch, and one that is not effective yet.
///
/// The value of an epoch is the last one set whose cooldown had ended when the epoch opened. The
/// open epoch and the one before can be read, so no closed epoch changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Effective {
    /// Value by epoch.
    value: Versioned<u64>,
    /// Value of later epochs, and the last block of its cooldown.
    pending: Option<(u64, u32)>,
}

impl Effective {
    /// Returns the value in `epoch`.
    ///
    /// # Errors
    /// `TooOld`.
    pub fn at(&self, epoch: u32, clock: &EpochClock) -> Result<u64, StakingError> {
        match self.pending {
            Some((value, after)) if clock.opening_block(epoch)? > after => Ok(value),
            _ => match self.value.at(epoch) {
                Ok(value) => Ok(*value),
                Err(_) => Err(StakingError::TooOld),
            },
        }
    }

    /// Returns the value that is not effective yet, and the last block of its cooldown.
    pub fn pending(&self, clock: &EpochClock) -> Option<(u64, u32)> {
        self.pending.filter(|(_, after)| clock.opened_at <= *after)
    }

    /// Returns the value of the latest epochs that is set by now.
    pub fn last(&self) -> u64 {
        self.pending
            .map_or_else(|| *self.value.now(), |(value, _)| value)
    }

    /// Returns true if the value is zero in every epoch that can be read, and stays so.
    pub fn is_idle(&self, clock: &EpochClock) -> bool {
        let before = clock.open.saturating_sub(1);
        let is_zero = |epoch| matches!(self.at(epoch, clock), Ok(0) | Err(_));
        self.last() == 0 && is_zero(before) && is_zero(clock.open)
    }

    /// Sets the value of epochs that open after block `after`. If no epoch has ever closed, it is
    /// effective in the open one.
    pub fn set(&mut self, value: u64, after: u32, clock: &EpochClock) {
        self.fold(clock);
        if clock.open == 0 {
            self.value.write(0, value);
        } else {
            self.pending = Some((value, after));
        }
    }

    /// Makes an effective pending value a value by epoch, from its first epoch on. A pending value
    /// that is not effective yet is dropped.
    fn fold(&mut self, clock: &EpochClock) {
        let Some((value, after)) = self.pending.take() else {
            return;
        };
        if clock.open > 0 && clock.previous_opened_at > after {
            self.value.write(clock.open.saturating_sub(1), value);
        } else if clock.opened_at > after {
            self.value.write(clock.open, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn clock(open: u32, opened_at: u32, previous_opened_at: u32) -> EpochClock {
        EpochClock {
            open,
            opened_at,
            previous_opened_at,
            now: opened_at,
        }
    }

    #[test]
    fn set_takes_effect_in_the_first_epoch_that_opens_after_the_cooldown() {
        let mut value = Effective::default();
        value.set(5, 500, &clock(4, 400, 300));
        assert_eq!(value.at(4, &clock(4, 400, 300)), Ok(0));
        assert_eq!(value.pending(&clock(4, 400, 300)), Some((5, 500)));
        // An epoch that opens at the last block of the cooldown.
        assert_eq!(value.at(5, &clock(5, 500, 400)), Ok(0));
        let now = clock(6, 600, 500);
        assert_eq!(value.at(6, &now), Ok(5));
        assert_eq!(value.at(5, &now), Ok(0), "the closed one stays");
        assert_eq!(value.pending(&now), None);
        // Another value does not change the effective one.
        value.set(7, 700, &now);
        assert_eq!((value.at(5, &now), value.at(6, &now)), (Ok(0), Ok(5)));
        assert_eq!(value.last(), 7);
    }

    #[test]
    fn idle_only_without_a_value_in_readable_epochs() {
        let mut value = Effective::default();
        assert!(value.is_idle(&clock(0, 0, 0)));
        value.set(5, 0, &clock(0, 0, 0));
        value.set(0, 150, &clock(1, 100, 0));
        assert!(!value.is_idle(&clock(1, 100, 0)));
        assert!(!value.is_idle(&clock(2, 200, 100)), "epoch 1 is read");
        assert!(value.is_idle(&clock(3, 300, 200)));
        value.set(5, 400, &clock(3, 300, 200));
        assert!(!value.is_idle(&clock(3, 300, 200)), "a value is pending");
    }

    proptest! {
        /// Against a plain history: the value of an epoch is the last one set whose cooldown had
        /// ended when the epoch opened, and a later call never changes it.
        #[test]
        fn a_closed_epochs_value_stays(
            steps in prop::collection::vec((1u32..400, any::<bool>(), any::<u64>()), 1..30),
            cooldown in 0u32..600,
        ) {
            let mut value = Effective::default();
            let mut clock = clock(1, 1, 0);
            let mut now = 1;
            // A value that is not effective when the next one is set is dropped.
            let (mut counts, mut waiting) = (0, None);
            let mut by_epoch = std::collections::BTreeMap::from([(0, 0), (1, 0)]);
            for (blocks, closes, next) in steps {
                now += blocks;
                if closes {
                    clock = self::clock(clock.open + 1, now, clock.opened_at);
                    if let Some((set, _)) = waiting.filter(|(_, after)| now > *after) {
                        counts = set;
                        waiting = None;
                    }
                    by_epoch.insert(clock.open, counts);
                } else {
                    value.set(next, now + cooldown, &clock);
                    waiting = Some((next, now + cooldown));
                }
                for epoch in [clock.open - 1, clock.open] {
                    prop_assert_eq!(value.at(epoch, &clock), Ok(by_epoch[&epoch]));
                }
            }
        }
    }
}
