//! The state of the training, and its bytes.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `train/1` and a zero byte |
//! | 32 | hash of the corpus |
//! | 2 | rows of a step: `u16`, little-endian |
//! | 5 x 4 | learning rate, kept part of the first and of the second moment, epsilon, decay: `f32` |
//! | | the model: sizes, steps done, weights and both moments, as `inkgpt/1` writes them |

use alloc::vec::Vec;

use inktensor_exact::{adamw::AdamW, gpt};
use inktensor_task::{Blob, Digest, Load, Refused};

use crate::TrainError;

/// The most bytes of a state: 128 MiB, which are 11 million weights with both moments.
pub const STATE_LIMIT: usize = 128 << 20;
/// The first bytes of every state.
const MAGIC: &[u8; 8] = b"train/1\0";
/// Bytes before the model.
const HEAD: usize = MAGIC.len() + 32 + 2 + 5 * 4;

/// The numbers of a training that are not in the model: they are a part of every state, so its hash
/// names them too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Rows of a step, at least 1.
    pub rows: u16,
    /// The descent.
    pub descent: AdamW,
}

impl Recipe {
    /// Checks the ranges.
    ///
    /// # Errors
    /// `Recipe`, with the first number that is out of its range.
    pub fn check(&self) -> Result<(), TrainError> {
        let AdamW {
            rate,
            first_kept,
            second_kept,
            epsilon,
            decay,
        } = self.descent;
        let within = |value: f32| value.is_sign_positive() && value <= 1.0;
        let checks = [
            ("the number of rows", self.rows > 0),
            ("the learning rate", within(rate) && rate > 0.0),
            (
                "the first moment's kept part",
                within(first_kept) && first_kept < 1.0,
            ),
            (
                "the second moment's kept part",
                within(second_kept) && second_kept < 1.0,
            ),
            ("epsilon", within(epsilon) && epsilon > 0.0),
            ("the decay", within(decay)),
        ];
        match checks.into_iter().find(|(_, holds)| !holds) {
            Some((what, _)) => Err(TrainError::Recipe { what }),
            None => Ok(()),
        }
    }

    const fn numbers(&self) -> [f32; 5] {
        let descent = &self.descent;
        [
            descent.rate,
            descent.first_kept,
            descent.second_kept,
            descent.epsilon,
            descent.decay,
        ]
    }
}

/// A state of the training: all that the next step depends on, besides its assignment.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Hash of the corpus.
    pub corpus: Digest,
    /// The recipe.
    pub recipe: Recipe,
    /// The model with both moments and the number of steps done.
    pub model: gpt::State,
}

impl State {
    /// Returns the number of bytes of a state of a model of these sizes.
    pub fn bytes(config: &gpt::Config) -> usize {
        gpt::State::encoded_size(config).saturating_add(HEAD)
    }

    /// Returns the state in `blob`. No other bytes are the same state.
    ///
    /// # Errors
    /// `TooLong`, `Head`, `Recipe` or `Model`.
    pub fn read(blob: &[u8]) -> Result<Self, TrainError> {
        if blob.len() > STATE_LIMIT {
            return Err(TrainError::TooLong { bytes: blob.len() });
        }
        let (corpus, rest) = blob
            .strip_prefix(MAGIC)
            .and_then(|rest| rest.split_first_chunk::<32>())
            .ok_or(TrainError::Head)?;
        let (rows, mut rest) = rest.split_first_chunk::<2>().ok_or(TrainError::Head)?;
        let mut next = || {
            let (number, after) = rest.split_first_chunk::<4>()?;
            rest = after;
            Some(f32::from_le_bytes(*number))
        };
        let mut number = || next().ok_or(TrainError::Head);
        let recipe = Recipe {
            rows: u16::from_le_bytes(*rows),
            descent: AdamW {
                rate: number()?,
                first_kept: number()?,
                second_kept: number()?,
                epsilon: number()?,
                decay: number()?,
            },
        };
        recipe.check()?;
        Ok(Self {
            corpus: *corpus,
            recipe,
            model: gpt::State::decode(rest)?,
        })
    }
}

impl Load for State {
    const MAX_BYTES: usize = STATE_LIMIT;

    fn load(blob: &[u8]) -> Result<Self, Refused> {
        Ok(Self::read(blob)?)
    }
}

impl Blob for State {
    fn to_blob(&self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(Self::bytes(&self.model.config));
        blob.extend(MAGIC);
        blob.extend(self.corpus);
        blob.extend(self.recipe.rows.to_le_bytes());
        for number in self.recipe.numbers() {
            blob.extend(number.to_le_bytes());
        }
        blob.append(&mut self.model.encode());
        blob
    }
}

#[cfg(test)]
mod tests;
