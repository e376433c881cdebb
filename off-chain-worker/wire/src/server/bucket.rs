//! Token buckets.

use std::time::{Duration, Instant};

/// Parts of a token: so a bucket fills evenly between whole seconds.
const PARTS: u64 = 1_000_000;

/// A token bucket that is full at first.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    parts: u64,
    seen: Instant,
}

/// The rate of a bucket, and the most that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Parts of a token that each second adds.
    per_second: u64,
    /// Parts of a token that the bucket holds.
    most: u64,
}

impl Rate {
    /// Returns the rate of whole tokens a second, with room for `burst` seconds of them, and for
    /// one token at least.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self::of_parts(u64::from(per_second).saturating_mul(PARTS), burst)
    }

    /// Returns the rate of one caller: the floor, and its part by stake of what all share.
    pub fn of_stake(floor: u32, capacity: u32, stake: u128, all: u128, burst: u32) -> Self {
        let floor = u64::from(floor).saturating_mul(PARTS);
        let shared = u128::from(capacity).saturating_mul(u128::from(PARTS));
        let part = shared.saturating_mul(stake).checked_div(all).unwrap_or(0);
        let part = u64::try_from(part).unwrap_or(u64::MAX);
        Self::of_parts(floor.saturating_add(part), burst)
    }

    fn of_parts(per_second: u64, burst: u32) -> Self {
        let most = per_second.saturating_mul(u64::from(burst));
        Self {
            per_second,
            most: most.max(PARTS),
        }
    }
}

impl Bucket {
    /// Returns a full bucket.
    pub fn new(rate: Rate, now: Instant) -> Self {
        Self {
            parts: rate.most,
            seen: now,
        }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// The time after which there is one again. `None` if there is never one.
    pub fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Option<Duration>> {
        self.fill(rate, now);
        if let Some(rest) = self.parts.checked_sub(PARTS) {
            self.parts = rest;
            return Ok(());
        }
        let missing = PARTS.saturating_sub(self.parts);
        let micros = missing
            .saturating_mul(1_000_000)
            .checked_div(rate.per_second);
        Err(micros.map(Duration::from_micros))
    }

    /// Returns true if the bucket is full: then it may be forgotten.
    pub fn is_full(&mut self, rate: Rate, now: Instant) -> bool {
        self.fill(rate, now);
        self.parts >= rate.most
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        let elapsed = now.saturating_duration_since(self.seen).as_micros();
        let added = u128::from(rate.per_second).saturating_mul(elapsed) / 1_000_000;
        let added = u64::try_from(added).unwrap_or(u64::MAX);
        // A time too short for one part stays on the account.
        if added > 0 {
            self.seen = now;
        }
        self.parts = self.parts.saturating_add(added).min(rate.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn take_empties_the_burst_and_then_follows_the_rate() {
        let start = Instant::now();
        let rate = Rate::new(2, 3);
        let mut bucket = Bucket::new(rate, start);
        let taken = (0..10).filter(|_| bucket.take(rate, start).is_ok()).count();
        assert_eq!(taken, 6);
        assert_eq!(
            bucket.take(rate, start),
            Err(Some(Duration::from_millis(500)))
        );
        let later = start + Duration::from_millis(500);
        assert_eq!(bucket.take(rate, later), Ok(()));
        assert!(bucket.take(rate, later).is_err());
        assert!(!bucket.is_full(rate, later));
        assert!(bucket.is_full(rate, later + Duration::from_secs(3)));
    }

    #[test]
    fn take_in_small_steps_loses_no_time() {
        let start = Instant::now();
        let rate = Rate::new(10, 1);
        let mut bucket = Bucket::new(rate, start);
        let taken = |millis| {
            bucket
                .take(rate, start + Duration::from_millis(millis))
                .is_ok()
        };
        assert_eq!((0..=1000).map(taken).filter(|it| *it).count(), 20);
    }

    #[test]
    fn of_stake_divides_the_capacity_and_keeps_the_floor() {
        let rate = |stake, all| Rate::of_stake(2, 100, stake, all, 1);
        assert_eq!(rate(0, 10), Rate::new(2, 1));
        assert_eq!(rate(10, 10), Rate::new(102, 1));
        assert_eq!(rate(1, 4), Rate::new(27, 1));
        assert_eq!(rate(0, 0), Rate::new(2, 1));
        let largest = Rate::of_stake(u32::MAX, u32::MAX, u128::MAX, 1, u32::MAX);
        assert!(Bucket::new(largest, Instant::now())
            .take(largest, Instant::now())
            .is_ok());
    }

    #[test]
    fn take_of_a_rate_of_zero_ends_after_one() {
        let start = Instant::now();
        let rate = Rate::new(0, 10);
        let mut bucket = Bucket::new(rate, start);
        assert_eq!(bucket.take(rate, start), Ok(()));
        assert_eq!(bucket.take(rate, start + Duration::from_secs(9)), Err(None));
    }
}
