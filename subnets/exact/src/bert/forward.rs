//! The forward pass.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use super::{Bert, Config, Layer, Linear, Norm};
use crate::{
    ops::{
        activation::gelu, layer_norm, product, product_packed, require_finite, softmax,
        special::sqrt, sum::dot, Matrix, MatrixMut, Start,
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
        let mut buffers = Buffers::default();
        for layer in &self.layers {
            layer.apply(self.config, tokens.len(), &mut states, &mut buffers)?;
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

/// Values within a layer, whose memory the next layer uses again.
#[derive(Default)]
struct Buffers {
    /// Queries, keys and values, side by side.
    parts: Vec<f32>,
    scores: Vec<f32>,
    context: Vec<f32>,
    sums: Vec<f32>,
    inner: Vec<f32>,
}

impl Layer {
    /// Replaces the states `x` by those after the layer.
    fn apply(
        &self,
        config: Config,
        rows: usize,
        x: &mut [f32],
        buffers: &mut Buffers,
    ) -> Result<(), ExactError> {
        self.attention.apply(rows, x, &mut buffers.parts)?;
        attend(config, rows, buffers)?;
        let Buffers {
            context,
            sums,
            inner,
            ..
        } = buffers;
        self.attention_output.apply(rows, context, sums)?;
        add(sums, x);
        self.attention_norm.apply(sums, x)?;

        self.inner.apply(rows, x, inner)?;
        require_finite("the inner values of a layer", inner)?;
        for value in inner.iter_mut() {
            *value = gelu(*value);
        }
        self.output.apply(rows, inner, sums)?;
        add(sums, x);
        self.norm.apply(sums, x)
    }
}

/// Writes what each token takes from all tokens, head by head, into the context.
fn attend(config: Config, rows: usize, buffers: &mut Buffers) -> Result<(), ExactError> {
    let Config { width, heads, .. } = config;
    let Buffers {
        parts,
        scores,
        context,
        ..
    } = buffers;
    scores.resize(rows.saturating_mul(rows), 0.0);
    context.resize(rows.saturating_mul(width), 0.0);
    let parts = Matrix::new(parts, rows, width.saturating_mul(3))?;
    let [queries, keys, values] = [0, 1, 2].map(|part| range(part, width));
    // The heads divide the width: `Config::check`.
    let head_width = width.checked_div(heads).unwrap_or_default();
    let factor = 1.0 / sqrt(head_width as f32);
    for head in (0..heads).map(|head| range(head, head_width)) {
        let query = parts.columns(queries.clone())?.columns(head.clone())?;
        let key = parts.columns(keys.clone())?.columns(head.clone())?;
        let value = parts.columns(values.clone())?.columns(head.clone())?;
        let target = MatrixMut::new(scores, rows, rows)?;
        product(query, key.transposed(), Start::Zero, target)?;
        scale(scores, factor);
        require_finite("the scores of an attention", scores)?;
        scores.chunks_exact_mut(rows).for_each(softmax);
        let target = MatrixMut::new(context, rows, width)?.columns(head)?;
        product(Matrix::new(scores, rows, rows)?, value, Start::Zero, target)?;
    }
    Ok(())
}

impl Linear {
    fn apply(&self, rows: usize, x: &[f32], y: &mut Vec<f32>) -> Result<(), ExactError> {
        let outputs = self.bias.len();
        let inputs = x.len().checked_div(rows).unwrap_or_default();
        y.resize(rows.saturating_mul(outputs), 0.0);
        product_packed(
            Matrix::new(x, rows, inputs)?,
            &self.weights,
            Start::Bias(&self.bias),
            MatrixMut::new(y, rows, outputs)?,
        )
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
