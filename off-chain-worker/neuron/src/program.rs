//! The tasks that are built in, by name: questions and answers are JSON here.

use inktensor_task::{Body, Load, Malformed, Refused, Seed, Task, Worth};
use std::sync::Arc;
use thiserror::Error;

/// Names of the tasks that are built in.
pub const LINKED: [&str; 1] = [inktensor_embed::Embed::NAME];

/// The limits of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a question.
    pub question: usize,
    /// Most bytes of an answer.
    pub answer: usize,
    /// Most bytes of the state.
    pub state: usize,
}

impl Limits {
    /// Returns the limits of a task that is built in.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn of(task: &str) -> Result<Self, ProgramError> {
        match task {
            inktensor_embed::Embed::NAME => Ok(Self::from::<inktensor_embed::Embed>()),
            other => Err(ProgramError::Unknown(other.into())),
        }
    }

    const fn from<T: Task>() -> Self {
        Self {
            question: T::Question::MAX_BYTES,
            answer: T::Answer::MAX_BYTES,
            state: T::State::MAX_BYTES,
        }
    }
}

/// Returns the most bytes of a question of any task that is built in.
pub fn most_question() -> usize {
    let limits = LINKED.iter().filter_map(|task| Limits::of(task).ok());
    limits.map(|it| it.question).max().unwrap_or_default()
}

/// A task with its state.
pub trait Program: Send + Sync {
    /// Returns the name of the task, with its version.
    fn name(&self) -> &'static str;

    /// Returns the question that `seed` draws.
    ///
    /// # Errors
    /// `Malformed` for a task that breaks its own limits.
    fn question(&self, seed: &Seed) -> Result<Vec<u8>, ProgramError>;

    /// Returns the answer to a question.
    ///
    /// # Errors
    /// `Malformed`, `Refused`.
    fn answer(&self, question: &[u8]) -> Result<Vec<u8>, ProgramError>;

    /// Returns the worth of an answer. An answer of another shape is worth nothing.
    ///
    /// # Errors
    /// `Malformed` for the question.
    fn worth(&self, question: &[u8], answer: &[u8]) -> Result<Worth, ProgramError>;
}

/// An error of a program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProgramError {
    /// No task of this name is built in.
    #[error(
        "the task {0:?} is not built in; this version has {names}: update it, or choose another \
         subnet",
        names = LINKED.join(", ")
    )]
    Unknown(String),
    /// The state has too many bytes.
    #[error("the state has {bytes} bytes, and the task takes at most {most}")]
    StateTooLong {
        /// Length of the state.
        bytes: usize,
        /// Most bytes.
        most: usize,
    },
    /// A question or an answer that is not of the task's form.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The task does not answer the question, or does not take the state.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Returns the task of this name with the state in `blob`, whose hash the caller has compared.
///
/// # Errors
/// `Unknown`, `StateTooLong`, `Refused`.
pub fn linked(task: &str, blob: &[u8]) -> Result<Arc<dyn Program>, ProgramError> {
    let most = Limits::of(task)?.state;
    if blob.len() > most {
        return Err(ProgramError::StateTooLong {
            bytes: blob.len(),
            most,
        });
    }
    match task {
        inktensor_embed::Embed::NAME => Ok(Arc::new(Loaded::of(inktensor_embed::Embed, blob)?)),
        other => Err(ProgramError::Unknown(other.into())),
    }
}

/// A task with its state.
pub struct Loaded<T: Task> {
    task: T,
    state: T::State,
}

impl<T: Task> Loaded<T> {
    /// Returns the task with the state in `blob`.
    ///
    /// # Errors
    /// `Refused`.
    pub fn of(task: T, blob: &[u8]) -> Result<Self, ProgramError> {
        let state = T::State::load(blob)?;
        Ok(Self { task, state })
    }
}

impl<T: Task> Program for Loaded<T> {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn question(&self, seed: &Seed) -> Result<Vec<u8>, ProgramError> {
        Ok(self.task.question(&self.state, seed).to_json()?)
    }

    fn answer(&self, question: &[u8]) -> Result<Vec<u8>, ProgramError> {
        let question = T::Question::from_json(question)?;
        Ok(self.task.answer(&self.state, &question)?.to_json()?)
    }

    fn worth(&self, question: &[u8], answer: &[u8]) -> Result<Worth, ProgramError> {
        let question = T::Question::from_json(question)?;
        let Ok(answer) = T::Answer::from_json(answer) else {
            return Ok(Worth::NONE);
        };
        Ok(self.task.worth(&self.state, &question, &answer))
    }
}
