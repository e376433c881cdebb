//! A model whose weights follow from a seed: for tests, and for networks without a download.

use alloc::vec::Vec;

use super::{BertError, Config};
use crate::{rng::Rng, safetensors};

/// Returns the safetensors file of a model of these sizes whose weights follow from `seed`.
///
/// The tensors are those of [`Config::tensors`], in this order, drawn from one [`Rng`]. A draw's
/// high 16 bits, less 32 768, times 2^-15 are a value from -1 to below 1. Embeddings of words are
/// such values; other weights are a quarter of them, biases an eighth, and gains of norms one and
/// a quarter of them. All are exact in `f32`, so any language makes the same file.
///
/// # Errors
/// A size out of its limits.
pub fn seeded(config: Config, seed: u64) -> Result<Vec<u8>, BertError> {
    config.check()?;
    let mut rng = Rng::new(seed);
    let tensors: Vec<_> = config
        .tensors()
        .into_iter()
        .map(|(name, shape)| {
            let count = shape.iter().product();
            let (base, factor) = spread(&name);
            let values: Vec<f32> = (0..count)
                .map(|_| base + factor * value(rng.integer()))
                .collect();
            (name, shape, values)
        })
        .collect();
    let views: Vec<_> = tensors
        .iter()
        .map(|(name, shape, values)| (name.as_str(), shape.as_slice(), values.as_slice()))
        .collect();
    Ok(safetensors::write(&views))
}

/// Returns the middle of a tensor's values and their greatest distance from it.
fn spread(name: &str) -> (f32, f32) {
    match name {
        super::WORDS => (0.0, 1.0),
        _ if name.ends_with(".bias") => (0.0, 0.125),
        _ if name.ends_with("LayerNorm.weight") => (1.0, 0.25),
        _ => (0.0, 0.25),
    }
}

fn value(draw: u64) -> f32 {
    // 16 bits are exact.
    let high = (draw >> 48) as f32;
    (high - 32_768.0) * (1.0 / 32_768.0)
}
