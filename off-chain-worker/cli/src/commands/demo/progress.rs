//! Progress of long work on standard error: a bar on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use inktensor_simulation::run::Progress;
use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// A display of progress.
pub struct Display {
    start: Instant,
    bar: Option<ProgressBar>,
}

impl Display {
    /// Creates the display and starts its clock.
    pub fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            // The template is a constant; a test checks it.
            if let Ok(style) = style() {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self {
            start: Instant::now(),
            bar,
        }
    }

    /// Shows `progress`.
    pub fn show(&mut self, progress: &Progress<'_>) {
        match (&self.bar, progress) {
            (Some(bar), Progress::Begin { what, steps }) => {
                bar.set_position(0);
                bar.set_length(*steps);
                bar.set_message((*what).to_owned());
            }
            (Some(bar), Progress::Step) => bar.inc(1),
            (None, Progress::Begin { what, .. }) => {
                let seconds = self.start.elapsed().as_secs_f64();
                // Standard error may be closed.
                let _ = writeln!(io::stderr(), "{seconds:6.1} s  {what}");
            }
            (None, Progress::Step) => {}
        }
    }

    /// Clears the display and returns the time since its beginning.
    pub fn end(self) -> Duration {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.start.elapsed()
    }
}

fn style() -> Result<ProgressStyle, impl std::error::Error> {
    ProgressStyle::with_template("{spinner} {msg:<40} {bar:30} {pos}/{len} {elapsed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bars_template_is_sound() {
        assert!(style().is_ok());
    }
}
