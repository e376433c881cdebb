//! BERT as an encoder of text: tokens in, one vector of length one out.
//!
//! The model is that of `all-MiniLM-L6-v2`: embeddings of tokens, places and types with a layer
//! norm; layers of attention and of two products with a GELU, each followed by a sum with its input
//! and a layer norm; the mean over all tokens; division by the length. There is no padding and
//! no batch, so a text's vector depends on that text alone.
//!
//! # Order
//! Products, norms and softmax have the order of [`crate::ops`]. A score is multiplied by
//! `1 / sqrt(width / heads)` after its sum. The mean adds the tokens' rows from the first to the
//! last and multiplies by `1 / count`.

mod config;
mod forward;
mod seeded;
#[cfg(test)]
mod tests;

use alloc::{format, string::String, vec::Vec};
use core::fmt;

pub use config::{
    Config, INNER_LIMIT, LAYERS_LIMIT, POSITIONS_LIMIT, TOKEN_TYPES, VOCABULARY_LIMIT, WIDTH_LIMIT,
};
pub use seeded::seeded;

use crate::{
    ops::{Matrix, Packed},
    safetensors::{SafeTensors, SafeTensorsError},
    ExactError,
};

/// A BERT with its weights.
#[derive(Clone, Debug)]
pub struct Bert {
    config: Config,
    words: Vec<f32>,
    /// Embeddings of places, with that of the first token type added: no text has a second type.
    places: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

/// One layer.
#[derive(Clone, Debug)]
struct Layer {
    /// Queries, keys and values, side by side.
    attention: Linear,
    attention_output: Linear,
    attention_norm: Norm,
    inner: Linear,
    output: Linear,
    norm: Norm,
}

/// A product and a bias.
#[derive(Clone, Debug)]
struct Linear {
    /// One row for each input: the transposed form of what a file holds.
    weights: Packed,
    bias: Vec<f32>,
}

/// Gain and bias of a layer norm.
#[derive(Clone, Debug)]
struct Norm {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

impl Bert {
    /// Reads the weights of a model from a safetensors file. Tensors that are not used, such as
    /// those of a pooler, are ignored.
    ///
    /// # Errors
    /// A size of `config` out of its limits; a tensor that is missing, of another shape or dtype,
    /// or not finite.
    pub fn load(config: Config, file: &SafeTensors<'_>) -> Result<Self, BertError> {
        config.check()?;
        let width = config.width;
        let mut places = file.f32(PLACES, &[config.positions, width])?;
        let types = file.f32(TYPES, &[TOKEN_TYPES, width])?;
        for place in places.chunks_exact_mut(width) {
            for (value, addend) in place.iter_mut().zip(&types) {
                *value += addend;
            }
        }
        let layers = (0..config.layers).map(|number| Layer::load(config, number, file));
        Ok(Self {
            words: file.f32(WORDS, &[config.vocabulary, width])?,
            places,
            norm: Norm::load("embeddings.LayerNorm", width, file)?,
            layers: layers.collect::<Result<_, _>>()?,
            config,
        })
    }

    /// Returns the sizes of the model.
    pub fn config(&self) -> Config {
        self.config
    }
}

const WORDS: &str = "embeddings.word_embeddings.weight";
const PLACES: &str = "embeddings.position_embeddings.weight";
const TYPES: &str = "embeddings.token_type_embeddings.weight";

impl Layer {
    fn load(config: Config, number: usize, file: &SafeTensors<'_>) -> Result<Self, BertError> {
        let (width, inner) = (config.width, config.inner);
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let linear = |part: &str, inputs, outputs| {
            let names = [name(part)];
            Linear::load(&names, inputs, outputs, file)
        };
        let attention =
            ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        Ok(Self {
            attention: Linear::load(&attention, width, width, file)?,
            attention_output: linear("attention.output.dense", width, width)?,
            attention_norm: Norm::load(&name("attention.output.LayerNorm"), width, file)?,
            inner: linear("intermediate.dense", width, inner)?,
            output: linear("output.dense", inner, width)?,
            norm: Norm::load(&name("output.LayerNorm"), width, file)?,
        })
    }
}

impl Linear {
    /// Reads the products of `names`, each of one shape, to be done as one.
    fn load(
        names: &[String],
        inputs: usize,
        outputs: usize,
        file: &SafeTensors<'_>,
    ) -> Result<Self, BertError> {
        let columns = outputs.saturating_mul(names.len());
        let mut rows = Vec::with_capacity(columns.saturating_mul(inputs));
        let mut bias = Vec::with_capacity(columns);
        for name in names {
            rows.extend(file.f32(&format!("{name}.weight"), &[outputs, inputs])?);
            bias.extend(file.f32(&format!("{name}.bias"), &[outputs])?);
        }
        let weights = Packed::new(Matrix::new(&rows, columns, inputs)?.transposed());
        Ok(Self { weights, bias })
    }
}

impl Norm {
    fn load(name: &str, width: usize, file: &SafeTensors<'_>) -> Result<Self, BertError> {
        Ok(Self {
            gain: file.f32(&format!("{name}.weight"), &[width])?,
            bias: file.f32(&format!("{name}.bias"), &[width])?,
        })
    }
}

/// A reason for which a model cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BertError {
    /// A size of the model is out of its limits.
    Config(ExactError),
    /// The file does not hold the model.
    Tensors(SafeTensorsError),
}

impl fmt::Display for BertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => write!(f, "{error}"),
            Self::Tensors(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for BertError {}

impl From<ExactError> for BertError {
    fn from(error: ExactError) -> Self {
        Self::Config(error)
    }
}

impl From<SafeTensorsError> for BertError {
    fn from(error: SafeTensorsError) -> Self {
        Self::Tensors(error)
    }
}
