//! Signals that stop a worker: SIGTERM or SIGINT, once for after the step in hand, twice for at
//! once.

use std::{
    io, process,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};
use tokio::{
    runtime,
    signal::unix::{signal, SignalKind},
};
use tracing::{info, warn};

/// Exit code of a process that a signal ended, without the signal's number.
const ENDED_BY_SIGNAL: i32 = 128;

/// A request to stop.
#[derive(Debug, Default)]
pub struct Stop {
    asked_by: Mutex<Option<&'static str>>,
    asked: Condvar,
}

impl Stop {
    /// Asks the worker to stop.
    pub fn ask(&self, by: &'static str) {
        let mut asked_by = self.asked_by.lock().unwrap_or_else(PoisonError::into_inner);
        asked_by.get_or_insert(by);
        self.asked.notify_all();
    }

    /// Returns the signal that asked the worker to stop.
    pub fn asked_by(&self) -> Option<&'static str> {
        *self.asked_by.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs the end of the worker.
    pub fn log_end(&self) {
        info!(signal = self.asked_by(), "ended");
    }

    /// Waits for `time`, or until the worker is asked to stop.
    pub fn wait(&self, time: Duration) {
        let asked_by = self.asked_by.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .asked
            .wait_timeout_while(asked_by, time, |asked_by| asked_by.is_none());
        drop(waited);
    }
}

/// Starts to listen for signals.
///
/// # Errors
/// If the system refuses.
pub fn listen(stop: Arc<Stop>) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (mut terminate, mut interrupt) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        )
    };
    let wait = async move {
        loop {
            let (kind, name) = tokio::select! {
                _ = terminate.recv() => (SignalKind::terminate(), "SIGTERM"),
                _ = interrupt.recv() => (SignalKind::interrupt(), "SIGINT"),
            };
            if stop.asked_by().is_some() {
                warn!(signal = name, "ending at once");
                process::exit(ENDED_BY_SIGNAL.saturating_add(kind.as_raw_value()));
            }
            info!(signal = name, "ending after the step in hand");
            stop.ask(name);
        }
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || runtime.block_on(wait))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_wait_ends_when_the_worker_is_to_end() {
        let stop = Arc::new(Stop::default());
        let start = Instant::now();
        stop.wait(Duration::from_millis(20));
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert_eq!(stop.asked_by(), None);
        let asking = Arc::clone(&stop);
        let asked = thread::spawn(move || asking.ask("SIGTERM"));
        stop.wait(Duration::from_secs(600));
        asked.join().unwrap();
        stop.ask("SIGINT");
        assert_eq!(stop.asked_by(), Some("SIGTERM"));
        stop.wait(Duration::from_secs(600));
        assert!(start.elapsed() < Duration::from_secs(300));
    }
}
