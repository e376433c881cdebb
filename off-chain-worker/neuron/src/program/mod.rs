//! Tasks with their state: those that are built in, by name, and Wasm programs, by their hash.
//! Questions and answers are JSON here.

use crate::{
    contest::{self, BadContest},
    fold::{self, FoldError, Training},
    manifest::Manifest,
};
use inktensor_complete::Complete;
use inktensor_contest::HeldOut;
use inktensor_embed::Embed;
use inktensor_primitives::{hash::hex, Digest};
use inktensor_task::{Body, Fault, Load, Malformed, Refused, Seed, Task, Worth};
use inktensor_wasm_task::{
    FoldCode, TaskLimits, WasmError, WasmProgram, WasmTask, MAX_ANSWER, MAX_QUESTION, MAX_STATE,
};
use std::sync::Arc;
use thiserror::Error;

pub use inktensor_wasm_task::MAX_CODE;

/// Names of the tasks that are built in.
pub const LINKED: [&str; 2] = [Complete::NAME, Embed::NAME];

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
    /// The limits of all Wasm programs. Each has limits of its own within these.
    pub const WASM: Self = Self {
        question: MAX_QUESTION,
        answer: MAX_ANSWER,
        state: MAX_STATE,
    };

    /// Returns the limits of a task that is built in.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn of(task: &str) -> Result<Self, ProgramError> {
        match task {
            Complete::NAME => Ok(Self::linked::<Complete>()),
            Embed::NAME => Ok(Self::linked::<Embed>()),
            other => Err(ProgramError::Unknown(other.into())),
        }
    }

    const fn linked<T: Task>() -> Self {
        Self {
            question: T::Question::MAX_BYTES,
            answer: T::Answer::MAX_BYTES,
            state: T::State::MAX_BYTES,
        }
    }
}

impl From<TaskLimits> for Limits {
    fn from(limits: TaskLimits) -> Self {
        Self {
            question: limits.question,
            answer: limits.answer,
            state: limits.state,
        }
    }
}

/// Returns the limits of all tasks that this version can run.
fn limits_of_all() -> impl Iterator<Item = Limits> {
    let linked = LINKED.iter().filter_map(|task| Limits::of(task).ok());
    linked.chain([Limits::WASM, fold::LIMITS, contest::LIMITS])
}

/// Returns the most bytes of a question of any task.
pub fn most_question() -> usize {
    let limits = limits_of_all().map(|it| it.question);
    limits.max().unwrap_or_default()
}

/// Returns the most bytes of the state of any task.
pub fn most_state() -> usize {
    let limits = limits_of_all().map(|it| it.state);
    limits.max().unwrap_or_default()
}

/// Returns the most bytes of an answer of any task.
pub fn most_answer() -> usize {
    let limits = limits_of_all().map(|it| it.answer);
    limits.max().unwrap_or_default()
}

/// A task with its state.
pub trait Program: Send + Sync {
    /// Returns the name of the task, with its version.
    fn name(&self) -> &str;

    /// Returns the limits of the task.
    fn limits(&self) -> Limits;

    /// Returns the question that `seed` draws.
    ///
    /// # Errors
    /// `Malformed` for a task that breaks its own limits.
    fn question(&self, seed: &Seed) -> Result<Vec<u8>, ProgramError>;

    /// Returns a question of the caller's as the task writes it: without what a model in another
    /// language might read otherwise, such as a field twice.
    ///
    /// # Errors
    /// `Malformed`, and `Refused` for a question that the task does not answer.
    fn check_question(&self, question: &[u8]) -> Result<Vec<u8>, ProgramError>;

    /// Returns a model's answer as the task writes it.
    ///
    /// # Errors
    /// `Malformed`.
    fn check_answer(&self, answer: &[u8]) -> Result<Vec<u8>, ProgramError>;

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

/// The work that a manifest names: a task, a fold, or a contest.
#[derive(Clone)]
pub enum Runs {
    /// A task with its state.
    Task(Arc<dyn Program>),
    /// A training.
    Fold(Arc<Training>),
    /// A contest.
    Contest(Arc<HeldOut>),
}

impl Runs {
    /// Returns what a manifest names, with its blobs.
    ///
    /// # Errors
    /// Those of [`load`], of [`Training::load`] and of [`contest::load`].
    pub fn load<E: From<ProgramError>>(
        manifest: &Manifest,
        blob: impl FnMut(&'static str, &Digest, usize) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        if contest::is_contest(manifest) {
            return Ok(Self::Contest(Arc::new(contest::load(manifest, blob)?)));
        }
        match fold::is_fold(manifest) {
            true => Ok(Self::Fold(Arc::new(Training::load(manifest, blob)?))),
            false => Ok(Self::Task(load(manifest, blob)?)),
        }
    }
}

/// An error of a program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProgramError {
    /// No task of this name is built in.
    #[error(
        "the task {0:?} is not built in; this version has {names}: update it, choose another \
         subnet, or let the manifest name a Wasm program",
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
    /// A manifest or a state of a fold that cannot be used.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// A state of a training that is not at hand.
    #[error(
        "the state {} is neither on the course of its miner nor served by any neuron; name its \
         file with --blob", hex(.0)
    )]
    State(Digest),
    /// A fold where a task is needed.
    #[error(
        "{0} is a training, which answers no questions; serve its states with complete/1, and \
         check its evidence with `inktensor evidence verify`"
    )]
    Training(String),
    /// A fold that was not computed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A manifest, a definition or a corpus of a contest that cannot be used.
    #[error(transparent)]
    BadContest(#[from] BadContest),
    /// A contest where a task is needed.
    #[error(
        "{0} is a contest, which answers no questions; check its evidence with `inktensor evidence \
         verify`"
    )]
    Contest(String),
    /// The same of a Wasm program, or a program that cannot be used.
    #[error(transparent)]
    Wasm(#[from] WasmError),
}

impl ProgramError {
    /// Returns true if the task refuses a question or an answer, as its author wants.
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Malformed(_)
                | Self::Refused(_)
                | Self::Wasm(WasmError::Malformed(_) | WasmError::Refused(_))
        )
    }
}

/// Returns the task of a manifest with its state. `blob` finds the bytes with a hash, of at most so
/// many; its first argument names them.
///
/// # Errors
/// `Contest`, `Training` for a fold, `Steps`; those of `blob`, of [`linked`] and of [`WasmTask`].
pub fn load<E: From<ProgramError>>(
    manifest: &Manifest,
    mut blob: impl FnMut(&'static str, &Digest, usize) -> Result<Vec<u8>, E>,
) -> Result<Arc<dyn Program>, E> {
    check_task(manifest)?;
    let Some(hash) = &manifest.program else {
        let most = Limits::of(&manifest.task)?.state;
        let state = blob("model", &manifest.state, most)?;
        return Ok(linked(&manifest.task, &state)?);
    };
    // Both are found before the code is compiled, which takes longer.
    let code = blob("program", hash, MAX_CODE)?;
    let state = blob("model", &manifest.state, Limits::WASM.state)?;
    Ok(wasm(&manifest.task, (&code, hash), &state)?)
}

/// Checks that a manifest names a task, and neither a fold nor a contest.
fn check_task(manifest: &Manifest) -> Result<(), ProgramError> {
    if contest::is_contest(manifest) {
        return Err(ProgramError::Contest(manifest.task.clone()));
    }
    if fold::is_fold(manifest) {
        return Err(ProgramError::Training(manifest.task.clone()));
    }
    match manifest.steps {
        Some(_) => Err(FoldError::Steps(manifest.task.clone()).into()),
        None => Ok(()),
    }
}

/// Checks that neurons can run what a manifest names, as far as it shows without blobs.
///
/// # Errors
/// `Unknown`, `Fold`, `BadContest`.
pub fn check_named(manifest: &Manifest) -> Result<(), ProgramError> {
    if contest::is_contest(manifest) {
        contest::check(manifest)?;
        return Ok(());
    }
    if fold::is_fold(manifest) {
        fold::check(manifest)?;
        return Ok(());
    }
    check_task(manifest)?;
    if manifest.program.is_none() {
        Limits::of(&manifest.task)?;
    }
    Ok(())
}

/// Checks that the task or the fold of this manifest is the Wasm program with this hash, and that
/// it runs here.
///
/// # Errors
/// `Wasm`.
pub fn check_wasm(manifest: &Manifest, (code, hash): (&[u8], &Digest)) -> Result<(), ProgramError> {
    match fold::is_fold(manifest) {
        true => drop(FoldCode::load(code, hash, &manifest.task)?),
        false => drop(WasmTask::load(code, hash, &manifest.task)?),
    }
    Ok(())
}

/// Returns the task of this name that is the Wasm program with this hash.
///
/// # Errors
/// `Wasm`.
pub fn wasm(
    task: &str,
    (code, hash): (&[u8], &Digest),
    state: &[u8],
) -> Result<Arc<dyn Program>, ProgramError> {
    let task = WasmTask::load(code, hash, task)?;
    Ok(Arc::new(task.with_state(state)?))
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
        Complete::NAME => Ok(Arc::new(Loaded::of(Complete, blob)?)),
        Embed::NAME => Ok(Arc::new(Loaded::of(Embed, blob)?)),
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
    fn name(&self) -> &str {
        T::NAME
    }

    fn limits(&self) -> Limits {
        Limits::linked::<T>()
    }

    fn question(&self, seed: &Seed) -> Result<Vec<u8>, ProgramError> {
        Ok(self.task.question(&self.state, seed).to_json()?)
    }

    fn check_question(&self, question: &[u8]) -> Result<Vec<u8>, ProgramError> {
        let question = T::Question::from_json(question)?;
        self.task.check(&self.state, &question)?;
        Ok(question.to_json()?)
    }

    fn check_answer(&self, answer: &[u8]) -> Result<Vec<u8>, ProgramError> {
        Ok(T::Answer::from_json(answer)?.to_json()?)
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

impl Program for WasmProgram {
    fn name(&self) -> &str {
        WasmProgram::name(self)
    }

    fn limits(&self) -> Limits {
        WasmProgram::limits(self).into()
    }

    fn question(&self, seed: &Seed) -> Result<Vec<u8>, ProgramError> {
        Ok(WasmProgram::question(self, seed)?)
    }

    fn check_question(&self, question: &[u8]) -> Result<Vec<u8>, ProgramError> {
        Ok(WasmProgram::check_question(self, question)?)
    }

    fn check_answer(&self, answer: &[u8]) -> Result<Vec<u8>, ProgramError> {
        Ok(WasmProgram::check_answer(self, answer)?)
    }

    fn answer(&self, question: &[u8]) -> Result<Vec<u8>, ProgramError> {
        Ok(WasmProgram::answer(self, question)?)
    }

    fn worth(&self, question: &[u8], answer: &[u8]) -> Result<Worth, ProgramError> {
        Ok(WasmProgram::worth(self, question, answer)?)
    }
}

#[cfg(test)]
mod tests;
