//! An entry of `contest/1`: a GPT, and its bytes.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `inkmod/1` |
//! | 6 x 4 | vocabulary, context, width, layers, heads, hidden: `u32`, little-endian |
//! | 4 each | weights: `f32`, little-endian, in the order of `inkgpt/1` |

use alloc::vec::Vec;

use inktensor_exact::gpt::{words, Config, CONFIG_BYTES};
use inktensor_task::{Blob, Load, Refused};

use crate::ModelError;

/// The most bytes of a model: 32 MiB, which are 8 million weights.
pub const MODEL_LIMIT: usize = 32 << 20;
/// The first bytes of every model.
const MAGIC: &[u8; 8] = b"inkmod/1";
/// Bytes before the weights.
const HEAD: usize = MAGIC.len() + CONFIG_BYTES;

/// A model: sizes, and finite weights for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    config: Config,
    weights: Vec<f32>,
}

impl Model {
    /// Returns the model of these weights.
    ///
    /// # Errors
    /// `Sizes`, `TooLong`, `Length` or `NotFinite`, in this order.
    pub fn new(config: Config, weights: Vec<f32>) -> Result<Self, ModelError> {
        config.check().map_err(ModelError::Sizes)?;
        let needed = Self::bytes(&config);
        if needed > MODEL_LIMIT {
            return Err(ModelError::TooLong { bytes: needed });
        }
        let bytes = weights.len().saturating_mul(4).saturating_add(HEAD);
        if bytes != needed {
            return Err(ModelError::Length { bytes, needed });
        }
        match weights.iter().position(|weight| !weight.is_finite()) {
            Some(index) => Err(ModelError::NotFinite { index }),
            None => Ok(Self { config, weights }),
        }
    }

    /// Returns the number of bytes of a model of these sizes.
    pub fn bytes(config: &Config) -> usize {
        config.parameters().saturating_mul(4).saturating_add(HEAD)
    }

    /// Returns the sizes.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the weights.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Returns the model in `blob`. No other bytes are the same model.
    ///
    /// Memory is used for as many weights as there are bytes.
    ///
    /// # Errors
    /// `TooLong`, `Head`, `Sizes`, `Length` or `NotFinite`, in this order.
    pub fn read(blob: &[u8]) -> Result<Self, ModelError> {
        if blob.len() > MODEL_LIMIT {
            return Err(ModelError::TooLong { bytes: blob.len() });
        }
        let rest = blob.strip_prefix(MAGIC).ok_or(ModelError::Head)?;
        let (sizes, weights) = rest.split_first_chunk().ok_or(ModelError::Head)?;
        let config = Config::from_bytes(sizes);
        config.check().map_err(ModelError::Sizes)?;
        let (bytes, needed) = (blob.len(), Self::bytes(&config));
        if bytes != needed {
            return Err(ModelError::Length { bytes, needed });
        }
        Self::new(config, words(weights).map(f32::from_le_bytes).collect())
    }
}

impl Load for Model {
    const MAX_BYTES: usize = MODEL_LIMIT;

    fn load(blob: &[u8]) -> Result<Self, Refused> {
        Ok(Self::read(blob)?)
    }
}

impl Blob for Model {
    fn to_blob(&self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(Self::bytes(&self.config));
        blob.extend(MAGIC);
        blob.extend(self.config.to_bytes());
        blob.extend(self.weights.iter().flat_map(|weight| weight.to_le_bytes()));
        blob
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// Sizes of a model of 80 weights.
    const CONFIG: Config = Config {
        vocabulary: 8,
        context: 2,
        width: 4,
        layers: 1,
        heads: 1,
        hidden: 2,
    };

    fn weights() -> Vec<f32> {
        let count = CONFIG.parameters();
        (0..count).map(|index| index as f32 - 40.5).collect()
    }

    fn model() -> Model {
        Model::new(CONFIG, weights()).unwrap()
    }

    #[test]
    fn bytes_are_those_of_the_format() {
        let blob = model().to_blob();
        let mut right = b"inkmod/1".to_vec();
        for size in [8u32, 2, 4, 1, 1, 2] {
            right.extend(size.to_le_bytes());
        }
        right.extend(weights().iter().flat_map(|it| it.to_le_bytes()));
        assert_eq!(blob, right);
        assert_eq!(Model::read(&blob), Ok(model()));
        assert_eq!(blob.len(), Model::bytes(&CONFIG));
    }

    #[test]
    fn every_other_length_is_refused() {
        let blob = model().to_blob();
        for length in 0..blob.len() {
            let refused = Model::read(&blob[..length]);
            match length {
                0..HEAD => assert_eq!(refused, Err(ModelError::Head)),
                _ => assert!(matches!(refused, Err(ModelError::Length { .. }))),
            }
        }
        let longer = [&blob[..], &[0]].concat();
        let (bytes, needed) = (blob.len() + 1, blob.len());
        let refused = ModelError::Length { bytes, needed };
        assert_eq!(Model::read(&longer), Err(refused));
        assert_eq!(
            Model::new(CONFIG, weights()[1..].to_vec()),
            Err(ModelError::Length {
                bytes: needed - 4,
                needed
            })
        );
    }

    #[test]
    fn other_formats_and_sizes_are_refused() {
        let blob = model().to_blob();
        for at in 0..8 {
            let mut other = blob.clone();
            other[at] ^= 1;
            assert_eq!(Model::read(&other), Err(ModelError::Head));
        }
        for at in 8..HEAD {
            let mut other = blob.clone();
            other[at] ^= 1;
            let refused = Model::read(&other).unwrap_err();
            let sizes = matches!(refused, ModelError::Sizes(_) | ModelError::Length { .. });
            assert!(sizes, "{at} {refused:?}");
        }
        // Sizes of the largest models demand no memory before the length is compared.
        let mut large = blob.clone();
        large[8..HEAD].copy_from_slice(&[0xff; 24]);
        assert!(matches!(Model::read(&large), Err(ModelError::Sizes(_))));
    }

    #[test]
    fn weights_that_are_not_finite_are_refused() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut weights = weights();
            weights[7] = bad;
            let refused = Err(ModelError::NotFinite { index: 7 });
            assert_eq!(Model::new(CONFIG, weights.clone()), refused);
            let mut blob = model().to_blob();
            blob[HEAD + 28..][..4].copy_from_slice(&bad.to_le_bytes());
            assert_eq!(Model::read(&blob), refused);
        }
    }

    #[test]
    fn blobs_over_the_limit_are_refused() {
        let bytes = MODEL_LIMIT + 1;
        let refused = ModelError::TooLong { bytes };
        assert_eq!(Model::read(&vec![0; bytes]), Err(refused));
        let large = Config {
            width: 1024,
            hidden: 4096,
            ..Config::SMALL
        };
        let refused = Model::new(large, Vec::new());
        assert!(matches!(refused, Err(ModelError::TooLong { .. })));
    }
}
