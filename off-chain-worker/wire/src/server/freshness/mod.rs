//! Freshness: the window of `created`, and the nonces in it.
//!
//! Nonces are kept by the second of `created`. A second that has left the window is dropped whole,
//! and nothing created in it is accepted again, also when the clock is set back. So there are at
//! most `behind + ahead + 1` seconds of nonces while the clock runs evenly.
//!
//! One reading of the clock that is far ahead must not drop seconds that are still to come: the
//! receiver would refuse every question until then. So a jump ahead counts only after it has lasted
//! for [`BELIEVED`], by a clock that is not set.

use super::{state::seconds, Limits};
use crate::MAX_LIFETIME;
use inktensor_primitives::AccountId;
use std::{
    collections::{BTreeMap, HashSet},
    time::{Duration, Instant},
};
use tracing::warn;

/// Time for which a clock has to stay ahead before nonces are forgotten by it.
const BELIEVED: Duration = Duration::from_secs(60);
/// Seconds by which the clock may part from the steady clock between two readings.
const SLACK: u64 = 5;

/// The window of `created`, and the nonces in it.
#[derive(Debug)]
pub struct Freshness {
    /// The first second of which a `created` is accepted. It never falls.
    horizon: u64,
    /// The last reading that counted.
    clock: Clock,
    /// The time of the first reading ahead, if every later one was ahead too.
    ahead_since: Option<Instant>,
    /// The first `created` that no server before this one can have accepted.
    start: u64,
    seen: BTreeMap<u64, HashSet<(AccountId, [u8; 16])>>,
    kept: usize,
    behind: u64,
    ahead: u64,
    most: usize,
}

/// One reading of two clocks.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Seconds since 1970, by a clock that may be set.
    pub seconds: u64,
    /// The time by a clock that is not set.
    pub steady: Instant,
}

impl Clock {
    /// Reads both clocks.
    pub fn read() -> Self {
        Self {
            seconds: seconds(),
            steady: Instant::now(),
        }
    }

    /// Returns the seconds since 1970 that are expected at `steady`.
    fn expected(&self, steady: Instant) -> u64 {
        let passed = steady.saturating_duration_since(self.steady);
        self.seconds.saturating_add(passed.as_secs())
    }
}

/// A reason for which a question is not fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Created before the first second of which this server knows all questions: this one.
    Early(u64),
    /// Created outside of the window, expired, or with a lifetime above the limit.
    Outside,
    /// The same nonce of the same key as before.
    Replayed,
    /// No room for a further nonce.
    Full,
}

impl Freshness {
    /// Returns the state of a server that starts at `now`. A `created` before `first` may have been
    /// accepted by a server before it.
    pub fn new(limits: &Limits, first: u64, now: Clock) -> Self {
        let quiet = match limits.quiet {
            0 => 0,
            quiet => now.seconds.saturating_add(quiet),
        };
        Self {
            horizon: 0,
            clock: now,
            ahead_since: None,
            start: quiet.max(first),
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
    pub fn check(&mut self, created: u64, expires: u64, now: Clock) -> Result<(), Stale> {
        self.forget(now);
        let now = now.seconds;
        let lifetime = expires.checked_sub(created);
        let lives = lifetime.is_some_and(|it| (1..=MAX_LIFETIME).contains(&it)) && expires > now;
        let first = self.horizon.max(now.saturating_sub(self.behind));
        let recent = created >= first && created <= now.saturating_add(self.ahead);
        if !lives || !recent {
            return Err(Stale::Outside);
        }
        if created < self.start {
            return Err(Stale::Early(self.start));
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

    /// Takes the nonce of a question back that was refused without being used.
    pub fn take_back(&mut self, key: AccountId, created: u64, nonce: [u8; 16]) {
        if let Some(nonces) = self.seen.get_mut(&created) {
            if nonces.remove(&(key, nonce)) {
                self.kept = self.kept.saturating_sub(1);
            }
        }
    }

    #[cfg(test)]
    /// Returns the number of nonces that are kept.
    pub fn kept(&self) -> usize {
        self.kept
    }

    fn forget(&mut self, now: Clock) {
        if !self.counts(now) {
            return;
        }
        let first = now.seconds.saturating_sub(self.behind);
        self.horizon = self.horizon.max(first);
        while let Some(oldest) = self.seen.first_entry() {
            if *oldest.key() >= self.horizon {
                break;
            }
            self.kept = self.kept.saturating_sub(oldest.remove().len());
        }
    }

    /// Returns true if nonces may be forgotten by this reading: the clock is not ahead of the
    /// steady one, or has been for long.
    fn counts(&mut self, now: Clock) -> bool {
        let expected = self.clock.expected(now.steady);
        let jumped = now.seconds > expected.saturating_add(SLACK);
        if jumped {
            let since = *self.ahead_since.get_or_insert_with(|| {
                warn!(
                    clock = now.seconds,
                    expected,
                    "the clock has jumped ahead; questions may be refused until it is right"
                );
                now.steady
            });
            if now.steady.saturating_duration_since(since) < BELIEVED {
                return false;
            }
            warn!(
                clock = now.seconds,
                "the clock has stayed ahead, and is now taken for right"
            );
        } else if now.seconds.saturating_add(SLACK) < expected {
            warn!(
                clock = now.seconds,
                expected,
                "the clock was set back; questions created before {} are refused",
                self.horizon
            );
        }
        self.ahead_since = None;
        self.clock = now;
        true
    }
}

#[cfg(test)]
mod tests;
