//! The model: a state of `train/1` without what only training needs.

use alloc::vec::Vec;
use core::fmt;

use inktensor_exact::{gpt::Gpt, ExactError};
use inktensor_task::{Load, Refused};
use inktensor_train::{State, TrainError, STATE_LIMIT};

use crate::{Choice, Question, BYTES_LIMIT, PROMPT_LIMIT, TEMPERATURE_LIMIT};

/// The most multiplications of an answer, about: 2^35. The model of 1 230 464 weights with a
/// context of 128 continues by up to 188 bytes.
pub const WORK_LIMIT: u64 = 1 << 35;

/// A trained model.
#[derive(Clone, Debug)]
pub struct Model {
    gpt: Gpt,
    weights: Vec<f32>,
    most_bytes: u16,
}

impl Model {
    /// Returns the model in the blob of a state of `train/1`.
    ///
    /// # Errors
    /// `State` for other bytes, `Work` for a model that is too large for a byte of an answer.
    pub fn read(blob: &[u8]) -> Result<Self, CompleteError> {
        let state = State::read(blob)?;
        let gpt = Gpt::new(state.model.config)?;
        let work = work(&gpt);
        let most = WORK_LIMIT.checked_div(work).unwrap_or_default();
        let most_bytes = u16::try_from(most).unwrap_or(u16::MAX).min(BYTES_LIMIT);
        if most_bytes == 0 {
            return Err(CompleteError::Work { work });
        }
        Ok(Self {
            gpt,
            weights: state.model.weights,
            most_bytes,
        })
    }

    /// Returns the most bytes of a continuation: [`BYTES_LIMIT`], or fewer for a large model.
    pub const fn most_bytes(&self) -> u16 {
        self.most_bytes
    }

    /// Returns the size of the vocabulary: bytes below it are known.
    pub fn vocabulary(&self) -> usize {
        self.gpt.config().vocabulary
    }

    /// Checks that the model continues a text as `question` asks, without computing.
    ///
    /// # Errors
    /// `Prompt`, `Bytes`, `Temperature` or `Token`, in this order.
    pub fn check(&self, question: &Question) -> Result<(), CompleteError> {
        let (found, bytes, most) = (question.prompt.len(), question.bytes, self.most_bytes);
        if !(1..=PROMPT_LIMIT).contains(&found) {
            return Err(CompleteError::Prompt { found });
        }
        if bytes == 0 || bytes > most {
            return Err(CompleteError::Bytes { bytes, most });
        }
        if question.temperature > TEMPERATURE_LIMIT {
            let found = question.temperature;
            return Err(CompleteError::Temperature { found });
        }
        let vocabulary = self.vocabulary();
        let outside = |byte: &u8| usize::from(*byte) >= vocabulary;
        match question.prompt.iter().position(outside) {
            Some(index) => Err(CompleteError::Token { index, vocabulary }),
            None => Ok(()),
        }
    }

    /// Returns the bytes that follow the prompt of `question`. Each is chosen by the logits after
    /// the bytes before it, or after the last of them, as many as the model's context has.
    ///
    /// # Errors
    /// As [`Model::check`]; `Exact` if a value of the model is not finite.
    pub fn continuation(&self, question: &Question) -> Result<Vec<u8>, CompleteError> {
        self.check(question)?;
        let context = self.gpt.config().context;
        let mut choice = Choice::new(question.temperature, question.seed);
        let mut text = question.prompt.clone();
        for _ in 0..question.bytes {
            let seen = text.len().saturating_sub(context);
            let seen = text.get(seen..).unwrap_or_default();
            let logits = self.gpt.next(&self.weights, seen)?;
            text.push(choice.next(&logits));
        }
        Ok(text.split_off(question.prompt.len()))
    }
}

impl Load for Model {
    const MAX_BYTES: usize = STATE_LIMIT;

    fn load(blob: &[u8]) -> Result<Self, Refused> {
        Ok(Self::read(blob)?)
    }
}

/// Returns the number of multiplications of a byte: of a pass over the whole context.
fn work(gpt: &Gpt) -> u64 {
    u64::try_from(gpt.config().work()).unwrap_or(u64::MAX)
}

/// A reason for which there is no continuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompleteError {
    /// The bytes are not a state of `train/1`.
    State(TrainError),
    /// The model needs too much work for each byte.
    Work {
        /// Multiplications of a byte.
        work: u64,
    },
    /// The prompt is empty or too long.
    Prompt {
        /// Bytes of the prompt.
        found: usize,
    },
    /// The continuation is empty or too long.
    Bytes {
        /// Bytes to continue.
        bytes: u16,
        /// Most bytes with this model.
        most: u16,
    },
    /// The temperature is too high.
    Temperature {
        /// The temperature in thousandths.
        found: u16,
    },
    /// A byte of the prompt is outside of the model's vocabulary.
    Token {
        /// Place of the byte.
        index: usize,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// The model refuses.
    Exact(ExactError),
}

impl fmt::Display for CompleteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(error) => error.fmt(f),
            Self::Work { work } => write!(
                f,
                "the model needs {work} multiplications a byte, and an answer has at most \
                 {WORK_LIMIT}; serve a smaller model"
            ),
            Self::Prompt { found } => write!(
                f,
                "the prompt has {found} bytes; use one of 1 to {PROMPT_LIMIT}"
            ),
            Self::Bytes { bytes, most } => write!(
                f,
                "{bytes} bytes are asked for; ask this model for 1 to {most}"
            ),
            Self::Temperature { found } => write!(
                f,
                "a temperature of {found} thousandths is over the limit of {TEMPERATURE_LIMIT}; \
                 lower it"
            ),
            Self::Token { index, vocabulary } => write!(
                f,
                "byte {index} of the prompt is outside of the model's vocabulary of {vocabulary}; \
                 remove the byte"
            ),
            Self::Exact(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CompleteError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::State(error) => Some(error),
            Self::Exact(error) => Some(error),
            _ => None,
        }
    }
}

impl From<TrainError> for CompleteError {
    fn from(error: TrainError) -> Self {
        Self::State(error)
    }
}

impl From<ExactError> for CompleteError {
    fn from(error: ExactError) -> Self {
        Self::Exact(error)
    }
}

impl From<CompleteError> for Refused {
    fn from(error: CompleteError) -> Self {
        Self(match error {
            CompleteError::State(error) => return error.into(),
            CompleteError::Work { .. } => "the model is too large for answers of complete/1",
            CompleteError::Prompt { .. } => "the prompt is empty or has more than 1024 bytes",
            CompleteError::Bytes { .. } => {
                "the question asks for no bytes, or for more than this model gives; ask for fewer"
            }
            CompleteError::Temperature { .. } => "the temperature is over 4000 thousandths",
            CompleteError::Token { .. } => {
                "a byte of the prompt is outside of the model's vocabulary; remove it"
            }
            CompleteError::Exact(_) => "the model refuses the text, for a value out of its range",
        })
    }
}
