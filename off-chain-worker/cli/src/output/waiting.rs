//! Says on standard error what a command waits for, once it has waited for two seconds.

use std::{
    io::{self, Write},
    sync::{
        mpsc::{self, RecvTimeoutError, Sender},
        Arc, Mutex, PoisonError,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The time without a word before the first line.
const FIRST: Duration = Duration::from_secs(2);
/// The time between two lines.
const NEXT: Duration = Duration::from_secs(10);

/// A notice of waiting: lines on standard error until this is dropped.
pub struct Waiting {
    subject: Arc<Mutex<String>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Waiting {
    /// Begins to wait for `subject`.
    pub fn for_(subject: impl Into<String>) -> Self {
        Self::with(subject.into(), FIRST, NEXT, io::stderr())
    }

    fn with(
        subject: String,
        first: Duration,
        next: Duration,
        mut out: impl Write + Send + 'static,
    ) -> Self {
        let subject = Arc::new(Mutex::new(subject));
        let (stop, stopped) = mpsc::channel();
        let shared = Arc::clone(&subject);
        let start = Instant::now();
        let thread = thread::spawn(move || {
            let mut pause = first;
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let subject = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let seconds = start.elapsed().as_secs();
                // Standard error may be closed.
                let _ = writeln!(out, "waiting for {subject} ({seconds} s)");
                pause = next;
            }
        });
        Self {
            subject,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Waits for `subject` from now on.
    pub fn now_for(&self, subject: impl Into<String>) {
        let mut shared = self.subject.lock().unwrap_or_else(PoisonError::into_inner);
        *shared = subject.into();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    #[test]
    fn only_a_long_wait_is_mentioned() {
        let (short, long) = (Lines::default(), Lines::default());
        let hour = Duration::from_secs(3600);
        drop(Waiting::with("a".into(), hour, hour, short.clone()));
        assert_eq!(short.text(), "");
        let step = Duration::from_millis(5);
        let waiting = Waiting::with("the chain".into(), step, step, long.clone());
        while !long.text().contains("waiting for the chain") {
            thread::sleep(step);
        }
        waiting.now_for("a block");
        while !long.text().contains("waiting for a block") {
            thread::sleep(step);
        }
    }
}
