//! The state of a training, and its bytes.

use super::{words, Config, Gpt, CONFIG_BYTES};
use crate::{error::need, ops::require_finite, ExactError};
use alloc::vec::Vec;
use core::fmt;

/// First bytes of a state, with the version of its layout.
const MAGIC: [u8; 8] = *b"inkgpt/1";
/// Bytes before the values: the first bytes, six sizes and the number of steps.
const HEADER: usize = MAGIC.len() + CONFIG_BYTES + 4;

/// A state of a training: all that the next step depends on, besides its rows.
///
/// Its bytes are, integers and values little-endian:
///
/// | bytes | content |
/// |---|---|
/// | 8 | `inkgpt/1` |
/// | 6 x 4 | vocabulary, context, width, layers, heads, hidden |
/// | 4 | steps done |
/// | 4 each | weights, first moments, second moments |
///
/// Equal states have equal bytes, and other bytes are another state. So a hash of the bytes names a
/// state.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Sizes of the model.
    pub config: Config,
    /// Steps done.
    pub steps: u32,
    /// Weights, in the order of the model.
    pub weights: Vec<f32>,
    /// Moving averages of the gradient.
    pub first: Vec<f32>,
    /// Moving averages of the gradient's square.
    pub second: Vec<f32>,
}

impl State {
    /// Returns the number of bytes of a state of a model of these sizes.
    pub fn encoded_size(config: &Config) -> usize {
        config
            .parameters()
            .saturating_mul(12)
            .saturating_add(HEADER)
    }

    /// Returns the bytes of the state.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::encoded_size(&self.config));
        bytes.extend(MAGIC);
        bytes.extend(self.config.to_bytes());
        bytes.extend(self.steps.to_le_bytes());
        for values in [&self.weights, &self.first, &self.second] {
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes
    }

    /// Returns the state of `bytes`. No other bytes are the same state.
    ///
    /// # Errors
    /// `Magic`, `Length`, `Model` if a size is out of its limits or a value is not finite, or
    /// `Moment`. Memory is used only for as many values as there are bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let needed = HEADER;
        let short = StateError::Length {
            length: bytes.len(),
            needed,
        };
        let (header, values) = bytes.split_first_chunk::<HEADER>().ok_or(short)?;
        let rest = header.strip_prefix(&MAGIC).ok_or(StateError::Magic)?;
        let (sizes, steps) = rest.split_first_chunk().ok_or(short)?;
        let config = Config::from_bytes(sizes);
        let steps = words(steps).map(u32::from_le_bytes).next();
        config.check()?;
        let needed = Self::encoded_size(&config);
        if bytes.len() != needed {
            return Err(StateError::Length {
                length: bytes.len(),
                needed,
            });
        }
        let parameters = config.parameters();
        let mut values = words(values).map(f32::from_le_bytes);
        let mut take = || values.by_ref().take(parameters).collect::<Vec<f32>>();
        let state = Self {
            config,
            steps: steps.unwrap_or_default(),
            weights: take(),
            first: take(),
            second: take(),
        };
        state.check()?;
        Ok(state)
    }

    /// Checks lengths and values.
    ///
    /// # Errors
    /// As [`State::decode`].
    pub fn check(&self) -> Result<(), StateError> {
        let parameters = Gpt::new(self.config)?.parameters();
        let all = [
            ("weights", &self.weights),
            ("first moments", &self.first),
            ("second moments", &self.second),
        ];
        for (what, values) in all {
            need(what, values.len(), parameters)?;
            require_finite(what, values)?;
        }
        match self
            .second
            .iter()
            .position(|value| value.is_sign_negative())
        {
            Some(index) => Err(StateError::Moment { index }),
            None => Ok(()),
        }
    }
}

/// A refusal of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateError {
    /// The first bytes are not those of a state.
    Magic,
    /// There are too few or too many bytes for the sizes.
    Length {
        /// Number of bytes.
        length: usize,
        /// Number of bytes of such a state.
        needed: usize,
    },
    /// A size or a value is refused.
    Model(ExactError),
    /// A second moment is negative.
    Moment {
        /// The position of the moment.
        index: usize,
    },
}

impl From<ExactError> for StateError {
    fn from(error: ExactError) -> Self {
        Self::Model(error)
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => formatter.write_str(
                "the bytes do not begin with inkgpt/1: this is no state of a GPT; use another file",
            ),
            Self::Length { length, needed } => write!(
                formatter,
                "the state has {length} bytes, not {needed}; get the whole file"
            ),
            Self::Model(error) => error.fmt(formatter),
            Self::Moment { index } => write!(
                formatter,
                "second moment {index} is negative, which no training leads to; use another file"
            ),
        }
    }
}

impl core::error::Error for StateError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Model(error) => Some(error),
            Self::Magic | Self::Length { .. } | Self::Moment { .. } => None,
        }
    }
}
