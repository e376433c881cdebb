//! Refusals of states, steps and joins.

use core::fmt;

use inktensor_exact::{gpt::StateError, ExactError};
use inktensor_task::{Refused, Stop};

use crate::{CORPUS_LIMIT, STATE_LIMIT};

/// A reason for which a training refuses a corpus, a recipe, a state or a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainError {
    /// The corpus is too short or too long.
    CorpusSize {
        /// Bytes of the corpus.
        found: usize,
        /// Fewest bytes of a corpus for this model: two rows.
        least: usize,
    },
    /// A byte of the corpus is outside of the model's vocabulary.
    Token {
        /// Place of the byte.
        index: usize,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// A number of the recipe is out of its range.
    Recipe {
        /// The number.
        what: &'static str,
    },
    /// The blob has more bytes than [`STATE_LIMIT`].
    TooLong {
        /// Bytes of the blob.
        bytes: usize,
    },
    /// The blob does not begin as a state of `train/1` does, or ends within its head.
    Head,
    /// The rest of the blob is no state of a model.
    Model(StateError),
    /// The state is of another corpus.
    OtherCorpus,
    /// The state is of another recipe, or of a model of other sizes.
    OtherRecipe,
    /// The model refuses the step, the sizes or the loss.
    Exact(ExactError),
    /// The ends to join are not in ascending order of uid.
    Order {
        /// The uid that is not above the one before.
        uid: u16,
    },
    /// An end does not count as many steps as its miner pledged.
    Count {
        /// Uid of the miner.
        uid: u16,
        /// Steps that the state counts.
        found: u32,
        /// Steps of the start and of the pledge together.
        needed: u32,
    },
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CorpusSize { found, least } => write!(
                f,
                "the corpus has {found} bytes; use one of {least} to {CORPUS_LIMIT}"
            ),
            Self::Token { index, vocabulary } => write!(
                f,
                "byte {index} of the corpus is outside of the vocabulary of {vocabulary}; use a \
                 larger vocabulary or remove the byte"
            ),
            Self::Recipe { what } => write!(
                f,
                "{what} of the recipe is out of its range; see docs/train.md for the ranges"
            ),
            Self::TooLong { bytes } => write!(
                f,
                "the state of {bytes} bytes is over the limit of {STATE_LIMIT}; use a smaller model"
            ),
            Self::Head => f.write_str(
                "the bytes do not begin as a state of train/1; use a state that train made",
            ),
            Self::Model(error) => error.fmt(f),
            Self::OtherCorpus => f.write_str(
                "the state names another corpus; use the corpus whose hash is in the state",
            ),
            Self::OtherRecipe => f.write_str(
                "the state has another recipe or other sizes; use a state of this training",
            ),
            Self::Exact(error) => error.fmt(f),
            Self::Order { uid } => write!(
                f,
                "the end of uid {uid} is out of order; give ends in ascending order of uid, one \
                 for each"
            ),
            Self::Count { uid, found, needed } => write!(
                f,
                "the end of uid {uid} counts {found} steps, not {needed}; give the state that the \
                 miner pledged"
            ),
        }
    }
}

impl core::error::Error for TrainError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Model(error) => Some(error),
            Self::Exact(error) => Some(error),
            _ => None,
        }
    }
}

impl From<StateError> for TrainError {
    fn from(error: StateError) -> Self {
        Self::Model(error)
    }
}

impl From<ExactError> for TrainError {
    fn from(error: ExactError) -> Self {
        Self::Exact(error)
    }
}

impl From<TrainError> for Refused {
    fn from(error: TrainError) -> Self {
        Self(match error {
            TrainError::CorpusSize { .. } => "the corpus is too short or too long",
            TrainError::Token { .. } => "a byte of the corpus is outside of the vocabulary",
            TrainError::Recipe { .. } => "a number of the recipe is out of its range",
            TrainError::TooLong { .. } => "the state is over the limit of bytes",
            TrainError::Head => "the bytes do not begin as a state of train/1",
            TrainError::Model(_) => "the state is not one of a model",
            TrainError::OtherCorpus => "the state names another corpus",
            TrainError::OtherRecipe => "the state has another recipe or other sizes",
            TrainError::Exact(_) => "the model refuses the step, for a value out of its range",
            TrainError::Order { .. } => "the ends are not in ascending order of uid",
            TrainError::Count { .. } => "an end does not count the steps of its pledge",
        })
    }
}

impl From<TrainError> for Stop {
    fn from(error: TrainError) -> Self {
        Self::Refused(error.into())
    }
}
