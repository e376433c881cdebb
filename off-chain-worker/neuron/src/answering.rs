//! The parts of answering that miners and validators share: the path, the response, and what a
//! neuron states of itself.

use crate::{
    program::{self, Program, ProgramError, Runs},
    tasks::Working,
};
use inktensor_client::ss58::ss58;
use inktensor_primitives::{hash::hex, AccountId};
use inktensor_wire::{Media, Path, Response};
use metrics::counter;
use serde_json::{json, Value};
use std::sync::Arc;

/// The path of questions.
pub const ASK: &str = "/v1/ask";

/// A refusal of a question: the status, and the reason.
pub type Refusal = (u16, String);

/// Returns the most bytes of a question at a path. Only [`ASK`] has questions.
pub fn limit(path: &Path) -> Option<usize> {
    (path.as_str() == ASK).then(program::most_question)
}

/// Returns the response to a question, and counts it by its outcome: answered, refused or failed.
pub fn response(questions: &'static str, answered: Result<Vec<u8>, Refusal>) -> Response {
    let outcome = match &answered {
        Ok(_) => "answered",
        Err((400..=499, _)) => "refused",
        Err(_) => "failed",
    };
    counter!(questions, "outcome" => outcome).increment(1);
    match answered {
        Ok(body) => Response::ok(Media::Json, body),
        Err((status, reason)) => Response::refuse(status, &reason),
    }
}

/// A neuron, as it states itself at `/v1/hello`.
pub struct About<'a> {
    /// The part: miner or validator.
    pub part: &'static str,
    /// The hotkey.
    pub hotkey: &'a AccountId,
    /// The subnet.
    pub netuid: u16,
    /// The generation of the neuron's seat.
    pub generation: u32,
    /// The open epoch.
    pub epoch: u32,
    /// The task of the open epoch.
    pub task: Option<&'a Working>,
}

impl About<'_> {
    /// Returns the JSON document, with these fields besides.
    pub fn hello<const N: usize>(&self, more: [(&str, Value); N]) -> Vec<u8> {
        let task = self.task;
        let mut hello = json!({
            "part": self.part,
            "hotkey": ss58(self.hotkey),
            "netuid": self.netuid,
            "generation": self.generation,
            "epoch": self.epoch,
            "task": task.map(|it| it.manifest.task.clone()),
            "manifest": task.map(|it| hex(&it.hash)),
            "state": task.map(|it| hex(&it.manifest.state)),
            "version": env!("CARGO_PKG_VERSION"),
        });
        for (name, value) in more {
            hello[name] = value;
        }
        hello.to_string().into_bytes()
    }
}

/// Returns the task of a manifest.
///
/// # Errors
/// Status 404 for a training and for a contest, which answer no questions.
pub fn task_of(working: &Working) -> Result<Arc<dyn Program>, Refusal> {
    let name = working.manifest.task.clone();
    let error = match &working.runs {
        Runs::Task(program) => return Ok(Arc::clone(program)),
        Runs::Fold(_) => ProgramError::Training(name),
        Runs::Contest(_) => ProgramError::Contest(name),
    };
    Err((404, error.to_string()))
}

/// Runs `work`, which may take long, on a thread of its own.
///
/// # Errors
/// Status 500 if the work panics.
pub async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| (500, "the program failed".into()))
}

/// Returns the refusal of a question: `status` if the task refuses it, and 500 if the task fails at
/// it, which is logged.
pub fn refusal(error: &ProgramError, status: u16) -> Refusal {
    if error.is_refusal() {
        return (status, error.to_string());
    }
    tracing::warn!("the task fails at a question: {error}");
    (500, "the program failed".into())
}
