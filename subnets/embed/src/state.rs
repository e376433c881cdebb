//! The state as one file.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `embed/1` and a zero byte |
//! | 5 x 4 | width, layers, heads, inner width, positions: `u32`, little-endian |
//! | 4 | bytes of the vocabulary: `u32`, little-endian |
//! | | the vocabulary: `vocab.txt` as it is |
//! | | the tensors: `model.safetensors` as it is, to the last byte |

use alloc::vec::Vec;

use inktensor_exact::{
    bert::{BertError, Config},
    safetensors::SafeTensors,
};

use crate::{Model, ModelError};

/// The most bytes of a state: 128 MiB. MiniLM has 91.1 million bytes.
pub const STATE_LIMIT: usize = 128 << 20;
/// The first bytes of every state.
const MAGIC: &[u8; 8] = b"embed/1\0";
/// Bytes of a number of the head.
const NUMBER: usize = size_of::<u32>();

/// A state, taken apart.
pub(crate) struct Parts<'a> {
    /// The sizes, but for that of the vocabulary, which is zero.
    pub sizes: Config,
    pub vocabulary: &'a str,
    pub tensors: SafeTensors<'a>,
}

/// Returns the state with this model: its sizes, the text of its `vocab.txt` and the bytes of its
/// `model.safetensors`.
///
/// One model has one state, so that its hash names the model.
///
/// # Errors
/// Parts that [`Model::read`] would not accept.
pub fn pack(config: Config, vocabulary: &str, tensors: &[u8]) -> Result<Vec<u8>, ModelError> {
    let too_long = |bytes| ModelError::TooLong { bytes };
    let mut state = Vec::from(MAGIC);
    let sizes = [
        config.width,
        config.layers,
        config.heads,
        config.inner,
        config.positions,
    ];
    for number in sizes.into_iter().chain([vocabulary.len()]) {
        let number = u32::try_from(number).map_err(|_| too_long(number))?;
        state.extend(number.to_le_bytes());
    }
    let bytes = [vocabulary.len(), tensors.len()]
        .into_iter()
        .fold(state.len(), usize::saturating_add);
    if bytes > STATE_LIMIT {
        return Err(too_long(bytes));
    }
    state.extend(vocabulary.as_bytes());
    state.extend(tensors);
    let found = Model::read(&state)?.config().vocabulary;
    if found != config.vocabulary {
        let (config, vocabulary) = (config.vocabulary, found);
        return Err(ModelError::VocabularySize { config, vocabulary });
    }
    Ok(state)
}

/// Takes a state apart. Sizes, vocabulary and tensors are not yet compared with each other.
pub(crate) fn unpack(state: &[u8]) -> Result<Parts<'_>, ModelError> {
    if state.len() > STATE_LIMIT {
        return Err(ModelError::TooLong { bytes: state.len() });
    }
    let mut rest = state.strip_prefix(MAGIC).ok_or(ModelError::Head)?;
    let mut number = || {
        let (number, after) = rest.split_first_chunk::<NUMBER>()?;
        rest = after;
        usize::try_from(u32::from_le_bytes(*number)).ok()
    };
    let mut next = || number().ok_or(ModelError::Head);
    let sizes = Config {
        vocabulary: 0,
        width: next()?,
        layers: next()?,
        heads: next()?,
        inner: next()?,
        positions: next()?,
    };
    let length = next()?;
    let (vocabulary, tensors) = rest
        .split_at_checked(length)
        .ok_or(ModelError::VocabularyText)?;
    let vocabulary = core::str::from_utf8(vocabulary).map_err(|_| ModelError::VocabularyText)?;
    let tensors = SafeTensors::parse(tensors).map_err(BertError::from)?;
    Ok(Parts {
        sizes,
        vocabulary,
        tensors,
    })
}
