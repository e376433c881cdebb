//! A GPT over bytes: forward pass, gradient and training.
//!
//! Token and position embeddings; layers of RMS norm, causal attention, RMS norm and two products
//! with a ReLU between them, both added to their input; a last RMS norm; logits by the token
//! embedding. There are no biases. All sizes are data, see [`Config`].

mod attention;
mod backward;
mod config;
mod forward;
mod layout;
mod state;
mod train;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

pub use config::{
    words, Config, CONFIG_BYTES, MAX_CONTEXT, MAX_LAYERS, MAX_PARAMETERS, MAX_VALUES, MAX_WIDTH,
};
pub use state::{State, StateError};
pub use train::{Trainer, MAX_ROWS};

use crate::{error::need, rng::Rng, ExactError};
use alloc::{vec, vec::Vec};
use forward::Rows;
use layout::Layout;

/// Added to the mean square of a row before its root.
const EPSILON: f32 = 1e-5;
/// Standard deviation of a new weight.
const SPREAD: f32 = 0.04;
/// Rows of a forward pass that needs no gradient. More rows are computed in several passes, so
/// memory does not grow with them.
const PASS: usize = 16;

/// A model without its weights: checked sizes, and the place of each weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpt {
    config: Config,
    layout: Layout,
}

impl Gpt {
    /// Returns the model of these sizes.
    ///
    /// # Errors
    /// `Limit` if a size is zero or too large, `Size` if the heads do not divide the width.
    pub fn new(config: Config) -> Result<Self, ExactError> {
        config.check()?;
        let layout = Layout::new(&config);
        Ok(Self { config, layout })
    }

    /// Returns the sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the number of weights.
    pub fn parameters(&self) -> usize {
        self.layout.total
    }

    /// Returns the length of a row: one token more than the context.
    pub fn row(&self) -> usize {
        self.config.context + 1
    }

    /// Returns new weights that follow from `seed`: gains of one, the others small.
    pub fn weights(&self, seed: u64) -> Vec<f32> {
        let mut rng = Rng::new(seed);
        let mut weights: Vec<f32> = (0..self.parameters())
            .map(|_| rng.bell() * SPREAD)
            .collect();
        for gain in self.layout.gains() {
            weights[gain].fill(1.0);
        }
        weights
    }

    /// Returns the mean loss of `rows` in nats a token: the mean of [`Gpt::row_losses`].
    ///
    /// # Errors
    /// As [`Gpt::row_losses`].
    pub fn loss(&self, weights: &[f32], rows: &[u8]) -> Result<f32, ExactError> {
        Ok(mean(&self.row_losses(weights, rows)?))
    }

    /// Returns the mean loss of each row. A row's loss does not depend on the other rows.
    ///
    /// A row is one token more than the context. Each token but the last is an input, and each but
    /// the first is a target.
    ///
    /// # Errors
    /// `Size` if `rows` is empty or no whole number of rows, or `weights` has another length;
    /// `Token` if a token is outside of the vocabulary; `NotFinite` if an intermediate value is
    /// not finite.
    pub fn row_losses(&self, weights: &[f32], rows: &[u8]) -> Result<Vec<f32>, ExactError> {
        self.check(weights)?;
        self.rows(rows)?;
        let mut losses = Vec::with_capacity(rows.len() / self.row());
        let pass = (MAX_VALUES / self.config.values(1)).clamp(1, PASS);
        for part in rows.chunks(self.row() * pass) {
            let pass = self.forward(weights, &self.rows(part)?, false)?;
            losses.extend(pass.losses);
        }
        Ok(losses)
    }

    /// Returns the mean loss of `rows`, and writes its gradient into `gradient`.
    ///
    /// # Errors
    /// As [`Gpt::row_losses`]; `Size` if `gradient` has another length than the weights; `Limit` if
    /// the rows need more than [`MAX_VALUES`] values.
    pub fn gradient(
        &self,
        weights: &[f32],
        rows: &[u8],
        gradient: &mut [f32],
    ) -> Result<f32, ExactError> {
        self.check(weights)?;
        need("a gradient", gradient.len(), self.parameters())?;
        let rows = self.rows(rows)?;
        let (what, size) = (
            "the number of values of all rows",
            self.config.values(rows.count),
        );
        if size > MAX_VALUES {
            return Err(ExactError::Limit {
                what,
                size,
                limit: MAX_VALUES,
            });
        }
        let pass = self.forward(weights, &rows, true)?;
        let loss = mean(&pass.losses);
        self.backward(weights, &rows, pass, gradient)?;
        Ok(loss)
    }

    /// Returns the logits of the token that follows `tokens`.
    ///
    /// # Errors
    /// `Limit` if `tokens` is empty or longer than the context, otherwise as [`Gpt::row_losses`].
    pub fn next(&self, weights: &[f32], tokens: &[u8]) -> Result<Vec<f32>, ExactError> {
        self.check(weights)?;
        let (size, limit) = (tokens.len(), self.config.context);
        if size == 0 || size > limit {
            return Err(ExactError::Limit {
                what: "a prompt",
                size,
                limit,
            });
        }
        // Attention is causal: tokens after the prompt cannot change its logits.
        let mut row = vec![0; self.row()];
        row[..size].copy_from_slice(tokens);
        let rows = self.rows(&row)?;
        self.last_logits(weights, &rows, size - 1)
    }

    fn check(&self, weights: &[f32]) -> Result<(), ExactError> {
        need("weights", weights.len(), self.parameters())
    }

    fn rows<'a>(&self, tokens: &'a [u8]) -> Result<Rows<'a>, ExactError> {
        let row = self.row();
        let count = tokens.len() / row;
        need(
            "rows of tokens",
            tokens.len(),
            count.max(1).saturating_mul(row),
        )?;
        let outside = tokens
            .iter()
            .find(|token| usize::from(**token) >= self.config.vocabulary);
        match outside {
            Some(token) => Err(ExactError::Token {
                token: u32::from(*token),
                vocabulary: u32::try_from(self.config.vocabulary).unwrap_or(u32::MAX),
            }),
            None => Ok(Rows { tokens, row, count }),
        }
    }
}

/// Returns the mean, added up in order in `f64`.
fn mean(values: &[f32]) -> f32 {
    let total = values
        .iter()
        .fold(0f64, |total, value| total + f64::from(*value));
    (total / values.len() as f64) as f32
}
