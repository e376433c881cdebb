//! A problem in the log: once when it appears, and not at every block.

use tracing::warn;

/// The problem that was logged last.
#[derive(Debug, Default)]
pub struct Noted(Option<String>);

impl Noted {
    /// Logs a problem, unless it is the one that was logged last.
    pub fn note(&mut self, problem: impl ToString) {
        let problem = problem.to_string();
        if self.0.as_ref() != Some(&problem) {
            warn!("{problem}");
            self.0 = Some(problem);
        }
    }

    /// Forgets the problem, which is over: it is logged again when it comes back.
    pub fn clear(&mut self) {
        self.0 = None;
    }
}
