//! The tasks that are built in, by name: questions and answers are JSON here.

use inktensor_complete::Complete;
use inktensor_embed::Embed;
use inktensor_task::{Body, Load, Malformed, Refused, Seed, Task, Worth};
use std::sync::Arc;
use thiserror::Error;

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
    /// Returns the limits of a task that is built in.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn of(task: &str) -> Result<Self, ProgramError> {
        match task {
            Complete::NAME => Ok(Self::from::<Complete>()),
            Embed::NAME => Ok(Self::from::<Embed>()),
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

/// Returns the most bytes of the state of any task that is built in.
pub fn most_state() -> usize {
    let limits = LINKED.iter().filter_map(|task| Limits::of(task).ok());
    limits.map(|it| it.state).max().unwrap_or_default()
}

/// Returns the most bytes of an answer of any task that is built in.
pub fn most_answer() -> usize {
    let limits = LINKED.iter().filter_map(|task| Limits::of(task).ok());
    limits.map(|it| it.answer).max().unwrap_or_default()
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
    fn name(&self) -> &'static str {
        T::NAME
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::codec::MAX_ANSWER;
    use inktensor_exact::{adamw::AdamW, gpt::Config};
    use inktensor_task::{Blob, Fold};
    use inktensor_train::{Recipe, Train};

    #[test]
    fn answers_of_all_tasks_fit_into_evidence() {
        assert!((1..=MAX_ANSWER).contains(&most_answer()));
    }

    /// Returns `complete/1` with the first state of a small training.
    fn complete() -> Arc<dyn Program> {
        let config = Config {
            vocabulary: 128,
            context: 8,
            width: 8,
            layers: 1,
            heads: 1,
            hidden: 8,
        };
        let recipe = Recipe {
            rows: 1,
            descent: AdamW::SMALL,
        };
        let train = Train::new(config, recipe, vec![b'a'; 64]).unwrap();
        let state = train.start(&Seed([1; 32])).unwrap();
        linked(Complete::NAME, &state.to_blob()).unwrap()
    }

    fn embed() -> Arc<dyn Program> {
        let task = Embed::NAME;
        let state = inktensor_embed::small::state(1).unwrap();
        linked(task, &state).unwrap()
    }

    #[test]
    fn text_of_another_form_is_not_passed_on() {
        let program = embed();
        let question = program.check_question(b" {\"text\": \"a\"}\n");
        assert_eq!(question, Ok(b"{\"text\":\"a\"}".to_vec()));
        let answer = program.check_answer(b"{ \"answer\": [1, -2] }");
        assert_eq!(answer, Ok(b"{\"answer\":[1,-2]}".to_vec()));
        for wrong in [
            &b""[..],
            b"[1]",
            b"{\"answer\":[1e9]}",
            b"{\"answer\":\"\"}",
        ] {
            let read = program.check_answer(wrong);
            assert!(matches!(read, Err(ProgramError::Malformed(_))), "{read:?}");
        }
        let unknown = linked("other/1", b"").err();
        assert_eq!(unknown, Some(ProgramError::Unknown("other/1".into())));
    }

    #[test]
    fn a_state_of_a_training_continues_texts_and_every_answer_is_checked() {
        let program = complete();
        let seed = Seed([3; 32]);
        let question = program.question(&seed).unwrap();
        assert_eq!(program.check_question(&question), Ok(question.clone()));
        let answer = program.answer(&question).unwrap();
        assert_eq!(program.worth(&question, &answer), Ok(Worth::WHOLE));
        let other = program.question(&Seed([4; 32])).unwrap();
        let other = program.answer(&other).unwrap();
        assert_ne!(other, answer);
        for wrong in [&other[..], b"{\"answer\":[]}", b"none"] {
            assert_eq!(program.worth(&question, wrong), Ok(Worth::NONE));
        }
        let outside = br#"{"prompt":[200],"bytes":1,"temperature":0,"seed":0}"#;
        for refused in [program.check_question(outside), program.answer(outside)] {
            assert!(matches!(refused, Err(ProgramError::Refused(_))));
        }
        assert!(linked(Complete::NAME, b"embed/1\0").is_err());
    }

    #[test]
    fn a_question_is_checked_as_it_is_answered() {
        let program = embed();
        for words in [1, 126, 127, 200] {
            let question = format!("{{\"text\":\"{}\"}}", "a ".repeat(words));
            let checked = program.check_question(question.as_bytes());
            let answered = program.answer(question.as_bytes());
            assert_eq!(checked.err(), answered.err(), "{words}");
        }
    }
}
