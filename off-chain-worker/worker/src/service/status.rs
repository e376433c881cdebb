//! How the worker is: whether its loop turns, and whether the chain answers it. The loop tells, the
//! HTTP server asks.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How the worker is.
#[derive(Debug)]
pub struct Status {
    stalled_after: Duration,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// The last sign of life: a turn of the loop that ended, or an answer of the chain.
    alive_at: Instant,
    /// Whether the chain has answered and the store is open.
    begun: bool,
    /// Why the last turn could not reach the chain.
    trouble: Option<String>,
    /// The best block, and since when it is.
    block: Option<(u32, Instant)>,
}

impl Status {
    /// A worker that has just started, and counts as stalled after so long without a sign of life.
    pub fn new(stalled_after: Duration) -> Self {
        Self {
            stalled_after,
            seen: Mutex::new(Seen {
                alive_at: Instant::now(),
                begun: false,
                trouble: None,
                block: None,
            }),
        }
    }

    /// There is a sign of life.
    pub fn beat(&self) {
        self.seen().alive_at = Instant::now();
    }

    /// The chain has answered and the store is open.
    pub fn has_begun(&self) {
        self.seen().begun = true;
    }

    /// The best block is this one.
    pub fn saw(&self, block: u32) {
        let mut seen = self.seen();
        if seen.block.is_none_or(|(best, _)| best != block) {
            seen.block = Some((block, Instant::now()));
        }
    }

    /// A turn has ended, with this trouble with the chain.
    pub fn turned(&self, trouble: Option<String>) {
        let mut seen = self.seen();
        seen.alive_at = Instant::now();
        seen.trouble = trouble;
    }

    /// How long the last sign of life is past.
    pub fn since_alive(&self) -> Duration {
        self.seen().alive_at.elapsed()
    }

    /// The best block, and how long it has been that.
    pub fn block(&self) -> Option<(u32, Duration)> {
        let block = self.seen().block;
        block.map(|(block, since)| (block, since.elapsed()))
    }

    /// Whether the loop turns; if not, why that is thought.
    ///
    /// # Errors
    /// The reason.
    pub fn health(&self) -> Result<(), String> {
        let silent = self.since_alive();
        if silent < self.stalled_after {
            return Ok(());
        }
        Err(format!(
            "no sign of life for {} s; {} s are the limit",
            silent.as_secs(),
            self.stalled_after.as_secs()
        ))
    }

    /// Whether the worker can take steps; if not, why.
    ///
    /// # Errors
    /// The reason.
    pub fn readiness(&self) -> Result<(), String> {
        self.health()?;
        let seen = self.seen();
        match &seen.trouble {
            Some(trouble) => Err(trouble.clone()),
            None if !seen.begun => Err("the chain has not answered yet".into()),
            None => Ok(()),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn a_worker_is_ready_once_it_has_begun_and_while_the_chain_answers() {
        let status = Status::new(LONG);
        assert_eq!(status.health(), Ok(()));
        assert!(status.readiness().is_err());
        status.has_begun();
        assert_eq!(status.readiness(), Ok(()));
        status.turned(Some("nobody answers".into()));
        assert_eq!(status.health(), Ok(()));
        assert_eq!(status.readiness(), Err("nobody answers".into()));
        status.turned(None);
        assert_eq!(status.readiness(), Ok(()));
    }

    #[test]
    fn a_worker_without_a_sign_of_life_is_neither_healthy_nor_ready() {
        let status = Status::new(Duration::from_millis(30));
        status.has_begun();
        thread::sleep(Duration::from_millis(40));
        let problem = status.health().unwrap_err();
        assert!(problem.contains("no sign of life"), "{problem}");
        assert_eq!(status.readiness().unwrap_err(), problem);
        status.beat();
        assert_eq!(status.health(), Ok(()));
    }

    #[test]
    fn a_block_ages_until_another_is_seen() {
        let status = Status::new(LONG);
        assert_eq!(status.block(), None);
        status.saw(5);
        thread::sleep(Duration::from_millis(20));
        status.saw(5);
        let (block, age) = status.block().unwrap();
        assert!(block == 5 && age >= Duration::from_millis(20), "{age:?}");
        status.saw(6);
        let (block, newer) = status.block().unwrap();
        assert!(block == 6 && newer < age, "{newer:?}");
    }
}
