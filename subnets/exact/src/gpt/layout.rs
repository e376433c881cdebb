//! The place of each weight in the one vector of all weights.

use super::Config;
use alloc::vec::Vec;
use core::ops::Range;

/// Ranges of the vector of weights, in its order. Matrices are stored row after row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Token embedding: vocabulary by width.
    pub tokens: Range<usize>,
    /// Position embedding: context by width.
    pub positions: Range<usize>,
    /// The layers, first one first.
    pub layers: Vec<LayerLayout>,
    /// Gain of the last norm.
    pub gain: Range<usize>,
    /// Number of all weights.
    pub total: usize,
}

/// Ranges of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LayerLayout {
    /// Gain of the norm before the attention.
    pub attention_gain: Range<usize>,
    /// Queries, keys and values: width by three widths.
    pub attention_in: Range<usize>,
    /// Output of the attention: width by width.
    pub attention_out: Range<usize>,
    /// Gain of the norm before the hidden part.
    pub hidden_gain: Range<usize>,
    /// Into the hidden part: width by hidden width.
    pub hidden_in: Range<usize>,
    /// Out of the hidden part: hidden width by width.
    pub hidden_out: Range<usize>,
}

impl Layout {
    /// Returns the layout of a model whose sizes were checked.
    pub fn new(config: &Config) -> Self {
        let mut total = 0;
        let mut take = |size: usize| {
            let start = total;
            total += size;
            start..total
        };
        let (width, hidden) = (config.width, config.hidden);
        let tokens = take(config.vocabulary * width);
        let positions = take(config.context * width);
        let layers = (0..config.layers)
            .map(|_| LayerLayout {
                attention_gain: take(width),
                attention_in: take(width * 3 * width),
                attention_out: take(width * width),
                hidden_gain: take(width),
                hidden_in: take(width * hidden),
                hidden_out: take(hidden * width),
            })
            .collect();
        let gain = take(width);
        Self {
            tokens,
            positions,
            layers,
            gain,
            total,
        }
    }

    /// Returns the ranges of all gains.
    pub fn gains(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.layers
            .iter()
            .flat_map(|layer| [layer.attention_gain.clone(), layer.hidden_gain.clone()])
            .chain([self.gain.clone()])
    }
}
