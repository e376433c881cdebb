//! Health of the worker: if the loop of each role runs, and if the chain answers. The loops write
//! it, the HTTP server reads it.

use crate::roles::Figures;
use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
    /// Loops by name, such as a role's.
    loops: BTreeMap<&'static str, Arc<LoopStatus>>,
    /// Reason why the chain could not be opened.
    trouble: Option<String>,
    /// Best block, and the time since when it is best.
    block: Option<(u32, Instant)>,
    /// Figures of governance, as the clerk saw them last.
    governance: Option<Figures>,
}

/// The health of one loop of a worker, such as a role's.
#[derive(Debug)]
pub struct LoopStatus {
    seen: Mutex<LoopSeen>,
}

#[derive(Debug)]
struct LoopSeen {
    /// Last sign of life: the end of a turn, or an answer of the chain.
    alive_at: Instant,
    /// True once the chain has answered.
    begun: bool,
    /// Reason why the last turn did not reach the chain.
    trouble: Option<String>,
}

impl Status {
    /// Creates the health of a worker that starts. It counts as stalled after so long without a
    /// sign of life.
    pub fn new(stalled_after: Duration) -> Self {
        Self {
            stalled_after,
            seen: Mutex::new(Seen {
                loops: BTreeMap::new(),
                trouble: None,
                block: None,
                governance: None,
            }),
        }
    }

    /// Adds the loop called `name`.
    pub fn begin_loop(&self, name: &'static str) -> Arc<LoopStatus> {
        let begun = Arc::new(LoopStatus {
            seen: Mutex::new(LoopSeen {
                alive_at: Instant::now(),
                begun: false,
                trouble: None,
            }),
        });
        self.seen().loops.insert(name, Arc::clone(&begun));
        begun
    }

    /// Records the best block.
    pub fn saw(&self, block: u32) {
        let mut seen = self.seen();
        if seen.block.is_none_or(|(best, _)| best != block) {
            seen.block = Some((block, Instant::now()));
        }
    }

    /// Records the trouble with the chain at the start; `None` once it is opened.
    pub fn opening(&self, trouble: Option<String>) {
        self.seen().trouble = trouble;
    }

    /// Records the figures of governance.
    pub fn measured(&self, figures: Figures) {
        self.seen().governance = Some(figures);
    }

    /// Returns the figures of governance, as the clerk saw them last.
    pub fn governance(&self) -> Option<Figures> {
        self.seen().governance.clone()
    }

    /// Returns the time since the last sign of life of each loop, by name.
    pub fn since_alive(&self) -> Vec<(&'static str, Duration)> {
        let seen = self.seen();
        let loops = seen.loops.iter();
        loops
            .map(|(name, status)| (*name, status.seen().alive_at.elapsed()))
            .collect()
    }

    /// Returns the best block, and the time for which it has been best.
    pub fn block(&self) -> Option<(u32, Duration)> {
        let block = self.seen().block;
        block.map(|(block, since)| (block, since.elapsed()))
    }

    /// Checks that every loop runs; with `only`, the loop of that name.
    ///
    /// # Errors
    /// The state of each loop, a line for each, if one has stalled.
    pub fn health(&self, only: Option<&str>) -> Result<String, String> {
        let limit = self.stalled_after;
        self.lines(only, |status| {
            let silent = status.seen().alive_at.elapsed();
            (silent >= limit).then(|| {
                format!(
                    "no sign of life for {} s; {} s are the limit",
                    silent.as_secs(),
                    limit.as_secs()
                )
            })
        })
    }

    /// Checks that every loop can take steps.
    ///
    /// # Errors
    /// The state of each loop, a line for each, if one cannot.
    pub fn readiness(&self) -> Result<String, String> {
        if let Some(trouble) = &self.seen().trouble {
            return Err(format!("{trouble}\n"));
        }
        self.health(None)?;
        if self.seen().loops.is_empty() {
            return Err("the chain has not answered yet\n".into());
        }
        self.lines(None, |status| {
            let seen = status.seen();
            match &seen.trouble {
                None if !seen.begun => Some("the chain has not answered yet".into()),
                trouble => trouble.clone(),
            }
        })
    }

    /// Returns a line for each loop. It is an error if `problem` finds one in any of them.
    fn lines(
        &self,
        only: Option<&str>,
        problem: impl Fn(&LoopStatus) -> Option<String>,
    ) -> Result<String, String> {
        let (mut text, mut is_good) = (String::new(), true);
        let seen = self.seen();
        if seen.loops.is_empty() {
            return Ok("starting\n".into());
        }
        let wanted = seen.loops.iter();
        for (name, status) in wanted.filter(|(name, _)| only.is_none_or(|it| it == **name)) {
            let problem = problem(status);
            is_good &= problem.is_none();
            let state = problem.as_deref().unwrap_or("ok");
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{name}: {state}");
        }
        match is_good {
            true => Ok(text),
            false => Err(text),
        }
    }

    /// Returns true if there is a loop of this name.
    pub fn has_loop(&self, name: &str) -> bool {
        self.seen().loops.contains_key(name)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoopStatus {
    /// Records a sign of life.
    pub fn beat(&self) {
        self.seen().alive_at = Instant::now();
    }

    /// Records the end of a turn, with its trouble with the chain.
    pub fn turned(&self, trouble: Option<String>) {
        let mut seen = self.seen();
        seen.alive_at = Instant::now();
        seen.begun |= trouble.is_none();
        seen.trouble = trouble;
    }

    fn seen(&self) -> MutexGuard<'_, LoopSeen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn a_worker_is_ready_once_every_loop_has_begun_and_while_the_chain_answers() {
        let status = Status::new(LONG);
        assert_eq!(status.health(None), Ok("starting\n".into()));
        assert!(status.readiness().is_err());
        let (keeper, watcher) = (status.begin_loop("keeper"), status.begin_loop("watcher"));
        assert!(status.readiness().is_err());
        keeper.turned(None);
        let waiting = "keeper: ok\nwatcher: the chain has not answered yet\n";
        assert_eq!(status.readiness(), Err(waiting.into()));
        watcher.turned(None);
        let good = "keeper: ok\nwatcher: ok\n";
        assert_eq!(status.readiness(), Ok(good.into()));
        watcher.turned(Some("no answer".into()));
        assert_eq!(status.health(None), Ok(good.into()));
        let trouble = "keeper: ok\nwatcher: no answer\n";
        assert_eq!(status.readiness(), Err(trouble.into()));
        watcher.turned(None);
        assert_eq!(status.readiness(), Ok(good.into()));
    }

    #[test]
    fn a_loop_without_a_sign_of_life_is_told_apart_from_the_others() {
        let status = Status::new(Duration::from_millis(200));
        let (keeper, watcher) = (status.begin_loop("keeper"), status.begin_loop("watcher"));
        keeper.turned(None);
        watcher.turned(None);
        thread::sleep(Duration::from_millis(220));
        keeper.beat();
        let problem = status.health(None).unwrap_err();
        assert!(
            problem.starts_with("keeper: ok\nwatcher: no sign of life"),
            "{problem}"
        );
        assert_eq!(status.readiness().unwrap_err(), problem);
        assert_eq!(status.health(Some("keeper")), Ok("keeper: ok\n".into()));
        assert!(status.health(Some("watcher")).is_err());
        assert!(status.has_loop("watcher") && !status.has_loop("proposer"));
        watcher.beat();
        assert!(status.health(None).is_ok());
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
