//! Refusals of models and of contests.

use core::fmt;

use inktensor_exact::ExactError;
use inktensor_task::Refused;
use inktensor_train::TrainError;

use crate::{MODEL_LIMIT, WORK_LIMIT};

/// A reason why bytes are not an entry of `contest/1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelError {
    /// The blob has more bytes than [`MODEL_LIMIT`].
    TooLong {
        /// Bytes of the blob.
        bytes: usize,
    },
    /// The blob does not begin as a model does, or ends within its head.
    Head,
    /// The blob, or the list of weights, has another length than the sizes demand.
    Length {
        /// Bytes that there are.
        bytes: usize,
        /// Bytes of a model of these sizes.
        needed: usize,
    },
    /// The sizes are those of no model.
    Sizes(ExactError),
    /// A weight is infinite or not a number.
    NotFinite {
        /// Place of the weight.
        index: usize,
    },
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => write!(
                f,
                "the model of {bytes} bytes is over the limit of {MODEL_LIMIT}; enter a smaller one"
            ),
            Self::Head => f.write_str(
                "the bytes do not begin as a model of contest/1; write it as docs/contest.md says",
            ),
            Self::Length { bytes, needed } => write!(
                f,
                "the model has {bytes} bytes, and its sizes demand {needed}; get the whole file"
            ),
            Self::Sizes(error) => error.fmt(f),
            Self::NotFinite { index } => write!(
                f,
                "weight {index} is not a finite number; lower the learning rate and train again"
            ),
        }
    }
}

impl core::error::Error for ModelError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Sizes(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ModelError> for Refused {
    fn from(error: ModelError) -> Self {
        Self(match error {
            ModelError::TooLong { .. } => "the model is over the limit of bytes",
            ModelError::Head => "the bytes do not begin as a model of contest/1",
            ModelError::Length { .. } => "the model has another length than its sizes demand",
            ModelError::Sizes(_) => "the sizes are those of no model",
            ModelError::NotFinite { .. } => "a weight is not a finite number",
        })
    }
}

/// A reason why there is no contest of these sizes on this corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContestError {
    /// The sizes are those of no model.
    Sizes(ExactError),
    /// A model of these sizes is over the limit of bytes.
    ModelBytes {
        /// Bytes of a model.
        bytes: usize,
    },
    /// A loss takes too much work.
    Work {
        /// Multiplications of a loss.
        work: u64,
    },
    /// The bytes have another hash than the corpus of the definition.
    OtherCorpus,
    /// The corpus is refused.
    Corpus(TrainError),
    /// The held-out part is so short that a model of these sizes could learn it by heart.
    HeldOut {
        /// Bytes that are held out.
        found: usize,
        /// Fewest bytes: those of the weights.
        least: usize,
    },
}

impl fmt::Display for ContestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sizes(error) => error.fmt(f),
            Self::ModelBytes { bytes } => write!(
                f,
                "a model of these sizes has {bytes} bytes, over the limit of {MODEL_LIMIT}; choose \
                 smaller sizes"
            ),
            Self::Work { work } => write!(
                f,
                "a loss takes {work} multiplications, over the limit of {WORK_LIMIT}; choose \
                 smaller sizes"
            ),
            Self::OtherCorpus => {
                f.write_str("the bytes are not the corpus that the definition names; get that file")
            }
            Self::Corpus(error) => error.fmt(f),
            Self::HeldOut { found, least } => write!(
                f,
                "{found} bytes of the corpus are held out, fewer than the {least} of the weights; \
                 use a longer corpus or smaller sizes"
            ),
        }
    }
}

impl core::error::Error for ContestError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Sizes(error) => Some(error),
            Self::Corpus(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ExactError> for ContestError {
    fn from(error: ExactError) -> Self {
        Self::Sizes(error)
    }
}

impl From<TrainError> for ContestError {
    fn from(error: TrainError) -> Self {
        Self::Corpus(error)
    }
}
