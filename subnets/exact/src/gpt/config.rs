//! Sizes of a GPT and their limits.

use crate::ExactError;

/// The largest context, in tokens.
pub const MAX_CONTEXT: usize = 2048;
/// The largest width of a layer, and of its hidden part.
pub const MAX_WIDTH: usize = 8192;
/// The largest number of layers.
pub const MAX_LAYERS: usize = 64;
/// The largest number of weights: a state of them takes 768 MB.
pub const MAX_PARAMETERS: usize = 64_000_000;
/// The most values that a pass may keep: 1 GiB of them.
pub const MAX_VALUES: usize = 1 << 28;
/// Bytes of all sizes in a blob.
pub const CONFIG_BYTES: usize = 6 * 4;
/// Tokens are bytes.
const MAX_VOCABULARY: usize = 256;

/// Sizes of a GPT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Tokens from zero below this are known. At most 256.
    pub vocabulary: usize,
    /// Tokens that the model sees.
    pub context: usize,
    /// Values of a token between layers.
    pub width: usize,
    /// Number of layers.
    pub layers: usize,
    /// Heads of an attention. They divide the width.
    pub heads: usize,
    /// Values of a token between the two products of a layer.
    pub hidden: usize,
}

impl Config {
    /// A model of 110 912 weights, which trains at thousands of tokens a second everywhere.
    pub const SMALL: Self = Self {
        vocabulary: 128,
        context: 64,
        width: 64,
        layers: 2,
        heads: 4,
        hidden: 256,
    };

    /// A model of 1 230 464 weights.
    pub const MEDIUM: Self = Self {
        vocabulary: 256,
        context: 128,
        width: 128,
        layers: 6,
        heads: 8,
        hidden: 512,
    };

    /// Checks the sizes against their limits.
    ///
    /// # Errors
    /// `Limit` if a size is zero or too large, `Size` if the heads do not divide the width.
    pub fn check(&self) -> Result<(), ExactError> {
        let sizes = [
            ("the vocabulary", self.vocabulary, MAX_VOCABULARY),
            ("the context", self.context, MAX_CONTEXT),
            ("the width", self.width, MAX_WIDTH),
            ("the number of layers", self.layers, MAX_LAYERS),
            ("the number of heads", self.heads, self.width),
            ("the hidden width", self.hidden, MAX_WIDTH),
            ("the number of weights", self.parameters(), MAX_PARAMETERS),
            ("the number of values of a row", self.values(1), MAX_VALUES),
        ];
        for (what, size, limit) in sizes {
            if size == 0 || size > limit {
                return Err(ExactError::Limit { what, size, limit });
            }
        }
        crate::error::need(
            "the rest of the width after its heads",
            self.width % self.heads,
            0,
        )
    }

    /// Returns the number of weights, or `usize::MAX` if that is less.
    pub fn parameters(&self) -> usize {
        let (width, hidden) = (self.width, self.hidden);
        let square = width.saturating_mul(width).saturating_mul(4);
        let layer = square
            .saturating_add(width.saturating_mul(hidden).saturating_mul(2))
            .saturating_add(width.saturating_mul(2));
        let embedded = self
            .vocabulary
            .saturating_add(self.context)
            .saturating_add(1);
        layer
            .saturating_mul(self.layers)
            .saturating_add(embedded.saturating_mul(width))
    }

    /// Returns the bytes of the sizes: six numbers of four bytes, little-endian, in the order of
    /// the fields. A size above 2^32, which no model has, is written as the largest number.
    pub fn to_bytes(&self) -> [u8; CONFIG_BYTES] {
        let sizes = [
            self.vocabulary,
            self.context,
            self.width,
            self.layers,
            self.heads,
            self.hidden,
        ];
        let mut bytes = [0; CONFIG_BYTES];
        for (place, size) in bytes.chunks_exact_mut(4).zip(sizes) {
            let size = u32::try_from(size).unwrap_or(u32::MAX);
            place.copy_from_slice(&size.to_le_bytes());
        }
        bytes
    }

    /// Returns the sizes in `bytes`, which are not checked.
    pub fn from_bytes(bytes: &[u8; CONFIG_BYTES]) -> Self {
        let mut sizes = words(bytes).map(u32::from_le_bytes);
        let mut size = || {
            let size = sizes.next().unwrap_or_default();
            usize::try_from(size).unwrap_or(usize::MAX)
        };
        Self {
            vocabulary: size(),
            context: size(),
            width: size(),
            layers: size(),
            heads: size(),
            hidden: size(),
        }
    }

    /// Returns the number of multiplications of a pass over a row, about: of the weights, and of
    /// the attention. `usize::MAX` if that is less.
    pub fn work(&self) -> usize {
        let attention = self
            .layers
            .saturating_mul(self.width)
            .saturating_mul(self.context)
            .saturating_mul(2);
        self.parameters()
            .saturating_add(attention)
            .saturating_mul(self.context)
    }

    /// Returns a bound of the number of values that a pass over `rows` rows keeps, or `usize::MAX`
    /// if that is less.
    pub(super) fn values(&self, rows: usize) -> usize {
        let token = self
            .width
            .saturating_mul(10)
            .saturating_add(self.hidden.saturating_mul(2))
            .saturating_add(self.heads.saturating_mul(self.context).saturating_mul(2));
        token
            .saturating_mul(self.layers.saturating_add(1))
            .saturating_add(self.vocabulary.saturating_mul(2))
            .saturating_mul(self.context)
            .saturating_mul(rows)
    }

    /// Returns the width of a head.
    pub(super) fn head(&self) -> usize {
        self.width / self.heads
    }
}

/// Returns numbers of four bytes, as blobs have them. A part at the end is left out.
pub fn words(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> + '_ {
    bytes
        .chunks_exact(4)
        .map(|word| <[u8; 4]>::try_from(word).unwrap_or_default())
}
