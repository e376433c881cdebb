//! Sizes of a BERT, and their limits.

use alloc::{format, string::String, vec, vec::Vec};

use crate::ExactError;

/// The most components of a vector.
pub const WIDTH_LIMIT: usize = 1024;
/// The most layers.
pub const LAYERS_LIMIT: usize = 24;
/// The most values between the two products of a layer.
pub const INNER_LIMIT: usize = 4096;
/// The most tokens of a text.
pub const POSITIONS_LIMIT: usize = 512;
/// The most tokens of a vocabulary.
pub const VOCABULARY_LIMIT: usize = crate::wordpiece::VOCABULARY_LIMIT;
/// Token types of every BERT. Only the first is used.
pub const TOKEN_TYPES: usize = 2;

/// The sizes of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Tokens of the vocabulary.
    pub vocabulary: usize,
    /// Components of a vector.
    pub width: usize,
    /// Layers.
    pub layers: usize,
    /// Heads of a layer's attention. They divide the width.
    pub heads: usize,
    /// Values between the two products of a layer.
    pub inner: usize,
    /// Places of a text's tokens.
    pub positions: usize,
}

impl Config {
    /// The sizes of `all-MiniLM-L6-v2`.
    pub const MINILM: Self = Self {
        vocabulary: 30_522,
        width: 384,
        layers: 6,
        heads: 12,
        inner: 1536,
        positions: 512,
    };

    /// Checks that every size is within its limit, and that the heads divide the width.
    ///
    /// # Errors
    /// `Limit`, then `Size`.
    pub fn check(&self) -> Result<(), ExactError> {
        let sizes = [
            ("the vocabulary", self.vocabulary, VOCABULARY_LIMIT),
            ("the width", self.width, WIDTH_LIMIT),
            ("the number of layers", self.layers, LAYERS_LIMIT),
            ("the number of heads", self.heads, self.width),
            ("the inner width", self.inner, INNER_LIMIT),
            ("the number of positions", self.positions, POSITIONS_LIMIT),
        ];
        for (what, size, limit) in sizes {
            if size == 0 || size > limit {
                return Err(ExactError::Limit { what, size, limit });
            }
        }
        match self.width.checked_rem(self.heads) {
            Some(0) => Ok(()),
            rest => Err(ExactError::Size {
                what: "the rest of the width divided by the heads",
                size: rest.unwrap_or_default(),
                needed: 0,
            }),
        }
    }

    /// Returns the names and shapes of the tensors that a file must have.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let (width, inner) = (self.width, self.inner);
        let mut tensors = vec![
            (String::from(super::WORDS), vec![self.vocabulary, width]),
            (String::from(super::PLACES), vec![self.positions, width]),
            (String::from(super::TYPES), vec![TOKEN_TYPES, width]),
        ];
        push_pair(&mut tensors, "embeddings.LayerNorm", vec![width]);
        for layer in 0..self.layers {
            for (part, shape) in [
                ("attention.self.query", vec![width, width]),
                ("attention.self.key", vec![width, width]),
                ("attention.self.value", vec![width, width]),
                ("attention.output.dense", vec![width, width]),
                ("attention.output.LayerNorm", vec![width]),
                ("intermediate.dense", vec![inner, width]),
                ("output.dense", vec![width, inner]),
                ("output.LayerNorm", vec![width]),
            ] {
                push_pair(
                    &mut tensors,
                    &format!("encoder.layer.{layer}.{part}"),
                    shape,
                );
            }
        }
        tensors
    }
}

/// Appends a weight of `shape` and its bias, which has the first dimension of the shape.
fn push_pair(tensors: &mut Vec<(String, Vec<usize>)>, name: &str, shape: Vec<usize>) {
    let bias = shape.iter().take(1).copied().collect();
    tensors.push((format!("{name}.weight"), shape));
    tensors.push((format!("{name}.bias"), bias));
}
