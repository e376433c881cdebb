//! The definition of a contest: the state that a manifest names.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `inkcon/1` |
//! | 6 x 4 | vocabulary, context, width, layers, heads, hidden: `u32`, little-endian |
//! | 32 | hash of the corpus |

use alloc::vec::Vec;

use inktensor_exact::gpt::{Config, CONFIG_BYTES};
use inktensor_task::{Blob, Digest, Load, Refused};

/// Bytes of a definition.
pub const DEFINITION_BYTES: usize = MAGIC.len() + CONFIG_BYTES + 32;
/// The first bytes of every definition.
const MAGIC: &[u8; 8] = b"inkcon/1";

/// A definition: the sizes of models, and the corpus whose held-out part they are compared on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The sizes of all models.
    pub config: Config,
    /// Hash of the corpus.
    pub corpus: Digest,
}

impl Load for Definition {
    const MAX_BYTES: usize = DEFINITION_BYTES;

    fn load(blob: &[u8]) -> Result<Self, Refused> {
        let rest = blob.strip_prefix(MAGIC);
        let rest = rest.ok_or(Refused(
            "the bytes do not begin as a definition of contest/1",
        ))?;
        let length = Refused("the definition has another length than 64 bytes");
        let (sizes, corpus) = rest.split_first_chunk().ok_or(length)?;
        let corpus = corpus.try_into().map_err(|_| length)?;
        let config = Config::from_bytes(sizes);
        match config.check() {
            Ok(()) => Ok(Self { config, corpus }),
            Err(_) => Err(Refused("the sizes are those of no model")),
        }
    }
}

impl Blob for Definition {
    fn to_blob(&self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(DEFINITION_BYTES);
        blob.extend(MAGIC);
        blob.extend(self.config.to_bytes());
        blob.extend(self.corpus);
        blob
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: Definition = Definition {
        config: Config {
            vocabulary: 8,
            context: 2,
            width: 4,
            layers: 1,
            heads: 1,
            hidden: 2,
        },
        corpus: [7; 32],
    };

    #[test]
    fn bytes_are_those_of_the_format() {
        let mut right = b"inkcon/1".to_vec();
        for size in [8u32, 2, 4, 1, 1, 2] {
            right.extend(size.to_le_bytes());
        }
        right.extend([7; 32]);
        assert_eq!(DEFINITION.to_blob(), right);
        assert_eq!(right.len(), DEFINITION_BYTES);
        assert_eq!(Definition::load(&right), Ok(DEFINITION));
    }

    #[test]
    fn other_lengths_first_bytes_and_sizes_are_refused() {
        let blob = DEFINITION.to_blob();
        for length in 0..blob.len() {
            assert!(Definition::load(&blob[..length]).is_err(), "{length}");
        }
        assert!(Definition::load(&[&blob[..], &[0]].concat()).is_err());
        for at in 0..8 {
            let mut other = blob.clone();
            other[at] ^= 1;
            assert!(Definition::load(&other).is_err());
        }
        // No heads, and heads that do not divide the width.
        for heads in [0, 3] {
            let mut other = blob.clone();
            other[24] = heads;
            assert!(Definition::load(&other).is_err());
        }
    }
}
