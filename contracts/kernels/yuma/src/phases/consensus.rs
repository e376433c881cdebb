//! Phase 2: consensus on each neuron, its rank, and the part of each validator's weights within
//! consensus. [2.4, 10 to 14]

use super::{bonds, facts::Facts, Work};
use crate::{
    bonds::Rule,
    codec::{Reader, Writer},
    epoch::{Chunk, Epoch},
    fixed::{Tally, Q32},
    median::{self, Median},
    rows::Rows,
    score::Score,
};
use ink::prelude::{vec, vec::Vec};

/// Carry of phase 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    pub(super) facts: Facts,
    pub(super) rank_total: Q32,
    /// True if any neuron has consensus.
    pub(super) agreed: bool,
    /// Sum of each validator's clipped weights.
    pub(super) trust: Vec<Q32>,
}

/// A chunk's part of the sums.
pub(super) struct Sums {
    rank: Q32,
    agreed: bool,
    pub(super) trust: Vec<Q32>,
}

impl Carry {
    pub(super) fn read(epoch: &Epoch, reader: &mut Reader) -> Option<Self> {
        Some(Self {
            facts: Facts::read(epoch, reader)?,
            rank_total: reader.q32()?,
            agreed: reader.u8()? != 0,
            trust: reader.q32s(epoch.validators())?,
        })
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        self.facts
            .write(writer)
            .q32(self.rank_total)
            .u8(u8::from(self.agreed))
            .q32s(&self.trust)
    }

    pub(super) fn work(&self, epoch: &Epoch, chunk: &Chunk) -> Work {
        let stride = median::padded(epoch.validators());
        let scores = self.scores(epoch, chunk, stride);
        let mut median = Median::new(&self.facts.active, epoch.kappa());
        let mut sums = Sums {
            rank: Q32::ZERO,
            agreed: false,
            trust: vec![Q32::ZERO; epoch.validators()],
        };
        let mut found = vec![(Q32::ZERO, Q32::ZERO); chunk.neurons.len()];
        for (scores, (consensus, rank)) in scores.chunks_exact(stride.max(1)).zip(&mut found) {
            let score = median.of(scores);
            if score == Score::default() {
                continue;
            }
            *consensus = score.share();
            *rank = if score == Score::ONE {
                clip(scores, &self.facts.active, &mut sums.trust, |given| {
                    given.share()
                })
            } else {
                clip(scores, &self.facts.active, &mut sums.trust, |given| {
                    given.min(score).below_one()
                })
            };
            sums.rank = sums.rank.plus(*rank);
            sums.agreed = true;
        }
        let scratch = Writer::new(chunk.neurons.len().saturating_mul(16))
            .items(&found, |(consensus, _)| consensus.0.to_le_bytes())
            .items(&found, |(_, rank)| rank.0.to_le_bytes());
        Work {
            scratch: scratch.end(),
            ..Work::of(super::Sums::Consensus(sums))
        }
    }

    /// Returns the validators' shares for each neuron, neuron-major and padded to `stride`.
    pub(super) fn scores(&self, epoch: &Epoch, chunk: &Chunk, stride: usize) -> Vec<Score> {
        let mut scores = vec![Score::default(); stride.saturating_mul(chunk.neurons.len())];
        let mut rows = Rows::new(epoch, chunk, &self.facts.validators);
        for (place, sum) in self.facts.row_sums.iter().enumerate() {
            let tally = Tally::new(*sum);
            for (column, weight) in scores.chunks_exact_mut(stride.max(1)).zip(rows.get(place)) {
                if let Some(score) = column.get_mut(place) {
                    *score = Score::new(tally.share(*weight));
                }
            }
        }
        scores
    }

    pub(super) fn fold(&mut self, sums: Sums) {
        self.rank_total = self.rank_total.plus(sums.rank);
        self.agreed |= sums.agreed;
        for (trust, found) in self.trust.iter_mut().zip(sums.trust) {
            *trust = trust.plus(found);
        }
    }

    pub(super) fn seal(self, epoch: &Epoch) -> bonds::Carry {
        bonds::Carry {
            rule: Rule::new(&epoch.params),
            dividends: vec![Q32::ZERO; epoch.validators()],
            facts: self.facts,
            rank_total: self.rank_total,
            agreed: self.agreed,
            trust: self.trust.into_iter().map(Q32::to_u16).collect(),
            incentive: Q32::ZERO,
        }
    }
}

/// Adds the clipped scores of a neuron to the validators' trust. Returns the neuron's rank.
#[inline(always)]
fn clip(
    scores: &[Score],
    active: &[Q32],
    trust: &mut [Q32],
    clipped: impl Fn(Score) -> Q32,
) -> Q32 {
    let mut rank = Q32::ZERO;
    for ((score, active), trust) in scores.iter().zip(active).zip(trust) {
        let clipped = clipped(*score);
        *trust = trust.plus(clipped);
        rank = rank.plus(active.times(clipped));
    }
    rank
}
