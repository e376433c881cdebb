//! The forward pass.

use super::{attention::Attention, layout::LayerLayout, Gpt, EPSILON};
use crate::{
    ops::{activation::relu, log_sum_exp, product_into, require_finite, rms_norm, Matrix, Start},
    ExactError,
};
use alloc::{vec, vec::Vec};

/// Rows of tokens that are within the vocabulary.
pub(super) struct Rows<'a> {
    pub tokens: &'a [u8],
    pub row: usize,
    pub count: usize,
}

impl Rows<'_> {
    /// Returns the inputs of all rows: all tokens but the last one of each row.
    pub fn inputs(&self) -> impl Iterator<Item = usize> + '_ {
        let rows = self.tokens.chunks_exact(self.row);
        rows.flat_map(|row| row[..row.len() - 1].iter().map(|token| usize::from(*token)))
    }

    /// Returns the targets: all but the first one of each row.
    pub fn targets(&self) -> impl Iterator<Item = usize> + '_ {
        let rows = self.tokens.chunks_exact(self.row);
        rows.flat_map(|row| row[1..].iter().map(|token| usize::from(*token)))
    }
}

/// The result of a forward pass, and what a backward pass needs.
pub(super) struct Pass {
    /// Mean loss of each row.
    pub losses: Vec<f32>,
    /// Probabilities of all tokens at each position.
    pub probabilities: Vec<f32>,
    /// Input of the last norm.
    pub last: Vec<f32>,
    /// Output of the last norm.
    pub normed: Vec<f32>,
    /// Factors of the last norm.
    pub factors: Vec<f32>,
    /// Values of each layer, if kept.
    pub layers: Vec<LayerPass>,
}

/// Values of a layer.
pub(super) struct LayerPass {
    /// Input.
    pub x: Vec<f32>,
    /// Factors of the first norm.
    pub attention_factors: Vec<f32>,
    /// Output of the first norm.
    pub attention_normed: Vec<f32>,
    /// Queries, keys and values.
    pub qkv: Vec<f32>,
    /// Weights of the attention.
    pub scores: Vec<f32>,
    /// Output of the attention.
    pub attended: Vec<f32>,
    /// Input of the second norm.
    pub middle: Vec<f32>,
    /// Factors of the second norm.
    pub hidden_factors: Vec<f32>,
    /// Output of the second norm.
    pub hidden_normed: Vec<f32>,
    /// Hidden values after the ReLU.
    pub hidden: Vec<f32>,
}

impl Gpt {
    /// Runs the forward pass. `keep` keeps what the backward pass needs.
    pub(super) fn forward(
        &self,
        weights: &[f32],
        rows: &Rows<'_>,
        keep: bool,
    ) -> Result<Pass, ExactError> {
        let (vocabulary, context) = (self.config.vocabulary, self.config.context);
        let (last, layers) = self.body(weights, rows, keep)?;
        let (normed, factors) = self.norm(&last, &weights[self.layout.gain.clone()])?;
        let mut probabilities = self.logits(weights, &normed)?;
        let mut losses = Vec::with_capacity(rows.count);
        let mut total = 0f64;
        let tokens = probabilities
            .chunks_exact_mut(vocabulary)
            .zip(rows.targets());
        for ((logits, target), index) in tokens.zip(1..) {
            let right = logits[target];
            total += f64::from(log_sum_exp(logits) - right);
            if index % context == 0 {
                losses.push((total / context as f64) as f32);
                total = 0.0;
            }
        }
        Ok(Pass {
            losses,
            probabilities,
            last,
            normed,
            factors,
            layers,
        })
    }

    /// Returns the logits at `position` of the first row.
    pub(super) fn last_logits(
        &self,
        weights: &[f32],
        rows: &Rows<'_>,
        position: usize,
    ) -> Result<Vec<f32>, ExactError> {
        let width = self.config.width;
        let (last, _) = self.body(weights, rows, false)?;
        let token = &last[position * width..][..width];
        let (normed, _) = self.norm(token, &weights[self.layout.gain.clone()])?;
        self.logits(weights, &normed)
    }

    /// Returns the output of the last layer.
    fn body(
        &self,
        weights: &[f32],
        rows: &Rows<'_>,
        keep: bool,
    ) -> Result<(Vec<f32>, Vec<LayerPass>), ExactError> {
        let mut x = self.embed(weights, rows);
        let mut layers = Vec::new();
        for layout in &self.layout.layers {
            let (after, layer) = self.layer(weights, layout, rows.count, x)?;
            x = after;
            if keep {
                layers.push(layer);
            }
        }
        require_finite("the output of the last layer", &x)?;
        Ok((x, layers))
    }

    /// Returns the sum of token and position embedding of each input.
    fn embed(&self, weights: &[f32], rows: &Rows<'_>) -> Vec<f32> {
        let width = self.config.width;
        let tokens = &weights[self.layout.tokens.clone()];
        let positions = &weights[self.layout.positions.clone()];
        let mut x = Vec::with_capacity(rows.count * positions.len());
        for (token, position) in rows.inputs().zip(positions.chunks_exact(width).cycle()) {
            let token = &tokens[token * width..][..width];
            x.extend(
                token
                    .iter()
                    .zip(position)
                    .map(|(token, position)| token + position),
            );
        }
        x
    }

    fn layer(
        &self,
        weights: &[f32],
        layout: &LayerLayout,
        sequences: usize,
        x: Vec<f32>,
    ) -> Result<(Vec<f32>, LayerPass), ExactError> {
        let (width, hidden) = (self.config.width, self.config.hidden);
        let tokens = x.len() / width;
        let weights = |range: &core::ops::Range<usize>| &weights[range.clone()];

        let gain = weights(&layout.attention_gain);
        let (attention_normed, attention_factors) = self.norm(&x, gain)?;
        let mut qkv = vec![0.0; tokens * 3 * width];
        product_into(
            Matrix::new(&attention_normed, tokens, width)?,
            Matrix::new(weights(&layout.attention_in), width, 3 * width)?,
            Start::Zero,
            &mut qkv,
        )?;
        // A score that is not finite could vanish in a softmax.
        require_finite("queries, keys and values", &qkv)?;
        let attention = Attention::new(&self.config, sequences);
        let mut scores = vec![0.0; attention.scores()];
        let mut attended = vec![0.0; tokens * width];
        attention.forward(&qkv, &mut scores, &mut attended)?;
        let mut middle = x.clone();
        product_into(
            Matrix::new(&attended, tokens, width)?,
            Matrix::new(weights(&layout.attention_out), width, width)?,
            Start::Held,
            &mut middle,
        )?;

        let gain = weights(&layout.hidden_gain);
        let (hidden_normed, hidden_factors) = self.norm(&middle, gain)?;
        let mut hidden_values = vec![0.0; tokens * hidden];
        product_into(
            Matrix::new(&hidden_normed, tokens, width)?,
            Matrix::new(weights(&layout.hidden_in), width, hidden)?,
            Start::Zero,
            &mut hidden_values,
        )?;
        // A ReLU hides what is not a number.
        require_finite("hidden values", &hidden_values)?;
        for value in &mut hidden_values {
            *value = relu(*value);
        }
        let mut after = middle.clone();
        product_into(
            Matrix::new(&hidden_values, tokens, hidden)?,
            Matrix::new(weights(&layout.hidden_out), hidden, width)?,
            Start::Held,
            &mut after,
        )?;
        let pass = LayerPass {
            x,
            attention_factors,
            attention_normed,
            qkv,
            scores,
            attended,
            middle,
            hidden_factors,
            hidden_normed,
            hidden: hidden_values,
        };
        Ok((after, pass))
    }

    /// Returns the RMS norm of each row and its factors.
    fn norm(&self, x: &[f32], gain: &[f32]) -> Result<(Vec<f32>, Vec<f32>), ExactError> {
        let mut out = vec![0.0; x.len()];
        let mut factors = vec![0.0; x.len() / self.config.width];
        rms_norm(x, gain, EPSILON, &mut out, &mut factors)?;
        Ok((out, factors))
    }

    /// Returns the logits of each row of `normed`.
    fn logits(&self, weights: &[f32], normed: &[f32]) -> Result<Vec<f32>, ExactError> {
        let (vocabulary, width) = (self.config.vocabulary, self.config.width);
        let tokens = normed.len() / width;
        let embedding = &weights[self.layout.tokens.clone()];
        let mut logits = vec![0.0; tokens * vocabulary];
        product_into(
            Matrix::new(normed, tokens, width)?,
            Matrix::new(embedding, vocabulary, width)?.transposed(),
            Start::Zero,
            &mut logits,
        )?;
        require_finite("logits", &logits)?;
        Ok(logits)
    }
}
