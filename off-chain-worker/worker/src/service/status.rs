//! Health of the worker: if its loop runs, and if the chain answers. The loop writes it, the HTTP
//! server reads it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The health of a worker.
#[derive(Debug)]
pub struct Status {
    stalled_after: Duration,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// Last sign of life: the end of a turn, or an answer of the chain.
    alive_at: Instant,
    /// True once the chain has answered and the store is open.
    begun: bool,
    /// Reason why the last turn did not reach the chain.
    trouble: Option<String>,
    /// Best block, and the time since when it is best.
    block: Option<(u32, Instant)>,
}

impl Status {
    /// Creates the health of a worker that starts. It counts as stalled after so long without a
    /// sign of life.
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

    /// Records a sign of life.
    pub fn beat(&self) {
        self.seen().alive_at = Instant::now();
    }

    /// Records that the chain has answered and the store is open.
    pub fn has_begun(&self) {
        self.seen().begun = true;
    }

    /// Records the best block.
    pub fn saw(&self, block: u32) {
        let mut seen = self.seen();
        if seen.block.is_none_or(|(best, _)| best != block) {
            seen.block = Some((block, Instant::now()));
        }
    }

    /// Records the end of a turn, with its trouble with the chain.
    pub fn turned(&self, trouble: Option<String>) {
        let mut seen = self.seen();
        seen.alive_at = Instant::now();
        seen.trouble = trouble;
    }

    /// Returns the time since the last sign of life.
    pub fn since_alive(&self) -> Duration {
        self.seen().alive_at.elapsed()
    }

    /// Returns the best block, and the time for which it has been best.
    pub fn block(&self) -> Option<(u32, Duration)> {
        let block = self.seen().block;
        block.map(|(block, since)| (block, since.elapsed()))
    }

    /// Checks that the loop runs.
    ///
    /// # Errors
    /// Reason to think that the loop has stalled.
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

    /// Checks that the worker can take steps.
    ///
    /// # Errors
    /// Reason why it cannot.
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
        status.turned(Some("no answer".into()));
        assert_eq!(status.health(), Ok(()));
        assert_eq!(status.readiness(), Err("no answer".into()));
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
