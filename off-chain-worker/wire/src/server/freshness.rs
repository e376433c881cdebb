//! Freshness: the window of `created`, and the nonces in it.
//!
//! Nonces are kept by the second of `created`. A second that has left the window is dropped whole,
//! and nothing created in it is accepted again, also when the clock is set back. So there are at
//! most `behind + ahead + 1` seconds of nonces.

use super::Limits;
use crate::MAX_LIFETIME;
use inktensor_primitives::AccountId;
use std::collections::{BTreeMap, HashSet};

/// The window of `created`, and the nonces in it.
#[derive(Debug)]
pub struct Freshness {
    /// The first second of which a `created` is accepted. It never falls.
    horizon: u64,
    /// The first `created` that no process before this one can have accepted.
    start: u64,
    seen: BTreeMap<u64, HashSet<(AccountId, [u8; 16])>>,
    kept: usize,
    behind: u64,
    ahead: u64,
    most: usize,
}

/// A reason for which a question is not fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Created before this process could know of all earlier questions.
    Early,
    /// Created outside of the window, expired, or with a lifetime above the limit.
    Outside,
    /// The same nonce of the same key as before.
    Replayed,
    /// No room for a further nonce.
    Full,
}

impl Freshness {
    /// Returns the state of a process that starts at `now`, in seconds since 1970.
    pub fn new(limits: &Limits, now: u64) -> Self {
        Self {
            horizon: 0,
            start: if limits.quiet == 0 {
                0
            } else {
                now.saturating_add(limits.quiet)
            },
            seen: BTreeMap::new(),
            kept: 0,
            behind: limits.behind,
            ahead: limits.ahead,
            most: limits.nonces,
        }
    }

    /// Checks the times of a question.
    ///
    /// # Errors
    /// [`Stale::Outside`], [`Stale::Early`], in this order.
    pub fn check(&mut self, created: u64, expires: u64, now: u64) -> Result<(), Stale> {
        self.forget(now);
        let lifetime = expires.checked_sub(created);
        let lives = lifetime.is_some_and(|it| (1..=MAX_LIFETIME).contains(&it)) && expires > now;
        let recent = created >= self.horizon && created <= now.saturating_add(self.ahead);
        if !lives || !recent {
            return Err(Stale::Outside);
        }
        if created < self.start {
            return Err(Stale::Early);
        }
        Ok(())
    }

    /// Checks that a nonce is new and has room.
    ///
    /// # Errors
    /// [`Stale::Outside`], [`Stale::Replayed`], [`Stale::Full`], in this order.
    pub fn is_new(&self, key: AccountId, created: u64, nonce: [u8; 16]) -> Result<(), Stale> {
        if created < self.horizon {
            return Err(Stale::Outside);
        }
        if self
            .seen
            .get(&created)
            .is_some_and(|nonces| nonces.contains(&(key, nonce)))
        {
            return Err(Stale::Replayed);
        }
        if self.kept >= self.most {
            return Err(Stale::Full);
        }
        Ok(())
    }

    /// Remembers a nonce.
    ///
    /// # Errors
    /// Those of [`Self::is_new`].
    pub fn remember(&mut self, key: AccountId, created: u64, nonce: [u8; 16]) -> Result<(), Stale> {
        self.is_new(key, created, nonce)?;
        self.seen.entry(created).or_default().insert((key, nonce));
        self.kept = self.kept.saturating_add(1);
        Ok(())
    }

    #[cfg(test)]
    /// Returns the number of nonces that are kept.
    pub fn kept(&self) -> usize {
        self.kept
    }

    fn forget(&mut self, now: u64) {
        self.horizon = self.horizon.max(now.saturating_sub(self.behind));
        while let Some(oldest) = self.seen.first_entry() {
            if *oldest.key() >= self.horizon {
                break;
            }
            self.kept = self.kept.saturating_sub(oldest.remove().len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_764_344_000;

    fn fresh(quiet: u64, nonces: usize) -> Freshness {
        Freshness::new(
            &Limits {
                quiet,
                nonces,
                ..Limits::default()
            },
            NOW,
        )
    }

    fn key(byte: u8) -> AccountId {
        [byte; 32].into()
    }

    #[test]
    fn check_bounds_created_on_both_sides() {
        let mut fresh = fresh(0, 8);
        for created in [NOW - 10, NOW, NOW + 2] {
            assert_eq!(fresh.check(created, created + 20, NOW), Ok(()), "{created}");
        }
        for created in [0, NOW - 11, NOW + 3, u64::MAX] {
            let expires = created.saturating_add(20);
            assert_eq!(
                fresh.check(created, expires, NOW),
                Err(Stale::Outside),
                "{created}"
            );
        }
    }

    #[test]
    fn check_bounds_the_lifetime() {
        let mut fresh = fresh(0, 8);
        assert_eq!(fresh.check(NOW, NOW + 60, NOW), Ok(()));
        for expires in [0, NOW, NOW - 1, NOW + 61, u64::MAX] {
            assert_eq!(
                fresh.check(NOW, expires, NOW),
                Err(Stale::Outside),
                "{expires}"
            );
        }
        assert_eq!(fresh.check(NOW - 5, NOW, NOW), Err(Stale::Outside));
    }

    #[test]
    fn check_after_a_restart_refuses_what_the_process_before_may_have_accepted() {
        let limits = Limits::default();
        let mut before = Freshness::new(
            &Limits {
                quiet: 0,
                ..limits.clone()
            },
            NOW - 100,
        );
        let mut after = Freshness::new(&limits, NOW);
        // The clock of a restarted process is not behind that of the process before.
        for created in NOW - 20..NOW + 20 {
            let accepted = before.check(created, created + 60, NOW).is_ok();
            for later in NOW..NOW + 20 {
                let again = after.check(created, created + 60, later);
                assert!(!(accepted && again.is_ok()), "{created} at {later}");
            }
        }
        let mut after = Freshness::new(&limits, NOW);
        assert_eq!(after.check(NOW, NOW + 60, NOW), Err(Stale::Early));
        assert_eq!(after.check(NOW + 3, NOW + 60, NOW + 3), Ok(()));
    }

    #[test]
    fn remember_refuses_the_same_nonce_of_the_same_key_only() {
        let mut fresh = fresh(0, 8);
        assert_eq!(fresh.remember(key(1), NOW, [1; 16]), Ok(()));
        assert_eq!(fresh.remember(key(1), NOW, [1; 16]), Err(Stale::Replayed));
        assert_eq!(fresh.remember(key(2), NOW, [1; 16]), Ok(()));
        assert_eq!(fresh.remember(key(1), NOW, [2; 16]), Ok(()));
        assert_eq!(fresh.kept(), 3);
    }

    #[test]
    fn remember_refuses_above_the_bound_and_forgets_whole_seconds() {
        let mut fresh = fresh(0, 3);
        for nonce in 0..3 {
            assert_eq!(fresh.remember(key(1), NOW, [nonce; 16]), Ok(()));
        }
        assert_eq!(fresh.remember(key(1), NOW, [3; 16]), Err(Stale::Full));
        assert_eq!(fresh.check(NOW + 11, NOW + 20, NOW + 11), Ok(()));
        assert_eq!(fresh.kept(), 0);
        assert_eq!(fresh.remember(key(1), NOW + 11, [3; 16]), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_back_reopens_no_window() {
        let mut fresh = fresh(0, 8);
        assert_eq!(fresh.remember(key(1), NOW, [1; 16]), Ok(()));
        assert_eq!(fresh.check(NOW + 30, NOW + 40, NOW + 30), Ok(()));
        assert_eq!(fresh.check(NOW, NOW + 60, NOW), Err(Stale::Outside));
        assert_eq!(fresh.remember(key(1), NOW, [1; 16]), Err(Stale::Outside));
    }

    proptest! {
        /// No nonce is accepted twice, however clock and times move.
        #[test]
        fn no_nonce_is_accepted_twice(
            events in prop::collection::vec((0u64..40, 0u64..40, 1u64..61, 0u8..3), 1..200)
        ) {
            let mut fresh = fresh(3, 64);
            let mut accepted = HashSet::new();
            for (clock, created, life, nonce) in events {
                let created = NOW + created;
                let nonce = [nonce; 16];
                let checked = fresh.check(created, created + life, NOW + clock);
                if checked.is_ok() && fresh.remember(key(1), created, nonce).is_ok() {
                    prop_assert!(accepted.insert((created, nonce)));
                }
                prop_assert!(fresh.kept() <= 64);
                prop_assert!(fresh.seen.len() <= 13);
            }
        }
    }
}
