//! The forward pass.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use super::{Bert, Config, Layer, Linear, Norm};
use crate::{
    ops::{
        activation::gelu, layer_norm, product, require_finite, softmax, special::sqrt, sum::dot,
        Matrix, MatrixMut, Start,
    },
    ExactError,
};

/// BERT's addend to a variance.
const EPSILON: f32 = 1e-12;
/// The least length that a vector is divided by.
const SHORTEST: f32 = 1e-12;

impl Bert {
    /// Returns the vector of a text: the normalized mean of its tokens' last states.
    ///
    /// # Errors
    /// `Limit` for no tokens or more than there are positions, `Token` for a token outside of the
    /// vocabulary, `NotFinite` if the weights lead out of the range of `f32`.
    pub fn embed(&self, tokens: &[u32]) -> Result<Vec<f32>, ExactError> {
        let states = self.states(tokens)?;
        let mut mean = vec![0.0; self.config.width];
        for state in states.chunks_exact(self.config.width) {
            for (sum, value) in mean.iter_mut().zip(state) {
                *sum += value;
            }
        }
        scale(&mut mean, 1.0 / tokens.len() as f32);
        require_finite("the mean of a text's states", &mean)?;
        let length = sqrt(dot(&mean, &mean));
        scale(
            &mut mean,
            1.0 / if length > SHORTEST { length } else { SHORTEST },
        );
        require_finite("the vector of a text", &mean)?;
        Ok(mean)
    }

    /// Returns the state of each token after the last layer, one row for each.
    ///
    /// # Errors
    /// Those of [`Self::embed`].
    pub fn states(&self, tokens: &[u32]) -> Result<Vec<f32>, ExactError> {
        let Config {
            width, positions, ..
        } = self.config;
        if tokens.is_empty() || tokens.len() > positions {
            let (size, limit) = (tokens.len(), positions);
            return Err(ExactError::Limit {
                what: "the number of tokens",
                size,
                limit,
            });
        }
        let mut sums = Vec::with_capacity(tokens.len().saturating_mul(width));
        for (token, place) in tokens.iter().zip(self.places.chunks_exact(width)) {
            let word = self.word(*token)?;
            sums.extend(word.iter().zip(place).map(|(word, place)| word + place));
        }
        let mut states = vec![0.0; sums.len()];
        self.norm.apply(&sums, &mut states)?;
        for layer in &self.layers {
            states = layer.apply(self.config, tokens.len(), &states)?;
        }
        Ok(states)
    }

    fn word(&self, token: u32) -> Result<&[f32], ExactError> {
        let width = self.config.width;
        let row = usize::try_from(token).ok().and_then(|token| {
            let first = token.checked_mul(width)?;
            self.words.get(first..first.checked_add(width)?)
        });
        row.ok_or_else(|| ExactError::Token {
            token,
            // Bounded by `VOCABULARY_LIMIT`.
            vocabulary: u32::try_from(self.config.vocabulary).unwrap_or(u32::MAX),
        })
    }
}

impl Layer {
    fn apply(&self, config: Config, rows: usize, x: &[f32]) -> Result<Vec<f32>, ExactError> {
        let context = self.attend(config, rows, x)?;
        let mut sums = self.attention_output.apply(rows, &context)?;
        add(&mut sums, x);
        let mut x = context;
        self.attention_norm.apply(&sums, &mut x)?;

        let mut inner = self.inner.apply(rows, &x)?;
        require_finite("the inner values of a layer", &inner)?;
        for value in &mut inner {
            *value = gelu(*value);
        }
        let mut sums = self.output.apply(rows, &inner)?;
        add(&mut sums, &x);
        self.norm.apply(&sums, &mut x)?;
        Ok(x)
    }

    /// Returns what each token takes from all tokens, head by head.
    fn attend(&self, config: Config, rows: usize, x: &[f32]) -> Result<Vec<f32>, ExactError> {
        let Config { width, heads, .. } = config;
        let parts = self.attention.apply(rows, x)?;
        let parts = Matrix::new(&parts, rows, self.attention.bias.len())?;
        let [queries, keys, values] = [0, 1, 2].map(|part| range(part, width));
        // The heads divide the width: `Config::check`.
        let head_width = width.checked_div(heads).unwrap_or_default();
        let factor = 1.0 / sqrt(head_width as f32);
        let mut scores = vec![0.0; rows.saturating_mul(rows)];
        let mut context = vec![0.0; x.len()];
        for head in (0..heads).map(|head| range(head, head_width)) {
            let query = parts.columns(queries.clone())?.columns(head.clone())?;
            let key = parts.columns(keys.clone())?.columns(head.clone())?;
            let value = parts.columns(values.clone())?.columns(head.clone())?;
            let target = MatrixMut::new(&mut scores, rows, rows)?;
            product(query, key.transposed(), Start::Zero, target)?;
            scale(&mut scores, factor);
            require_finite("the scores of an attention", &scores)?;
            scores.chunks_exact_mut(rows).for_each(softmax);
            let target = MatrixMut::new(&mut context, rows, width)?.columns(head)?;
            product(
                Matrix::new(&scores, rows, rows)?,
                value,
                Start::Zero,
                target,
            )?;
        }
        Ok(context)
    }
}

impl Linear {
    fn apply(&self, rows: usize, x: &[f32]) -> Result<Vec<f32>, ExactError> {
        let outputs = self.bias.len();
        let inputs = self.weights.len().checked_div(outputs).unwrap_or_default();
        let mut y = vec![0.0; rows.saturating_mul(outputs)];
        product(
            Matrix::new(x, rows, inputs)?,
            Matrix::new(&self.weights, inputs, outputs)?,
            Start::Bias(&self.bias),
            MatrixMut::new(&mut y, rows, outputs)?,
        )?;
        Ok(y)
    }
}

impl Norm {
    fn apply(&self, x: &[f32], out: &mut [f32]) -> Result<(), ExactError> {
        layer_norm(x, &self.gain, &self.bias, EPSILON, out)?;
        require_finite("the output of a layer norm", out)
    }
}

/// Returns the columns of part `number` of parts of `width` columns.
fn range(number: usize, width: usize) -> Range<usize> {
    let first = number.saturating_mul(width);
    first..first.saturating_add(width)
}

fn add(sums: &mut [f32], addends: &[f32]) {
    for (sum, addend) in sums.iter_mut().zip(addends) {
        *sum += addend;
    }
}

fn scale(values: &mut [f32], factor: f32) {
    for value in values {
        *value *= factor;
    }
}
