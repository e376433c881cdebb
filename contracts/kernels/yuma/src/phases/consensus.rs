//! Phase 2: consensus on each neuron, its rank, and how much of each validator's weights consensus
//! leaves standing. [2.4, 10 to 14]

use super::{bonds, stake::Standing, Work};
use crate::{
    codec::{Reader, Writer},
    epoch::{Chunk, Epoch},
    fixed::{Tally, Q32},
    median::{self, Median},
    rows::{Rows, Score},
};
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::Uid;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    pub(super) total: u128,
    pub(super) validators: Vec<Standing>,
    /// Active stake of each validator, normalised.
    pub(super) active: Vec<Q32>,
    pub(super) row_sums: Vec<u32>,
    /// The next permits.
    pub(super) roster: Vec<Uid>,
    pub(super) rank_total: Q32,
    /// Whether any neuron has consensus.
    pub(super) agreed: bool,
    /// Sum of each validator's clipped weights.
    pub(super) trust: Vec<Q32>,
}

/// What a chunk adds.
pub(super) struct Sums {
    rank: Q32,
    agreed: bool,
    pub(super) trust: Vec<Q32>,
}

impl Carry {
    pub(super) fn read(epoch: &Epoch, reader: &mut Reader) -> Option<Self> {
        let validators = epoch.validators();
        Some(Self {
            total: reader.u128()?,
            validators: Standing::read(epoch, reader)?,
            active: reader.q32s(validators)?,
            row_sums: reader.u32s(validators)?,
            roster: super::read_roster(reader)?,
            rank_total: reader.q32()?,
            agreed: reader.u8()? != 0,
            trust: reader.q32s(validators)?,
        })
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        let writer = Standing::write(writer.u128(self.total), &self.validators)
            .q32s(&self.active)
            .u32s(&self.row_sums);
        super::write_roster(writer, &self.roster)
            .q32(self.rank_total)
            .u8(u8::from(self.agreed))
            .q32s(&self.trust)
    }

    pub(super) fn work(&self, epoch: &Epoch, chunk: &Chunk) -> Work {
        let stride = median::padded(epoch.validators());
        let scores = self.scores(epoch, chunk, stride);
        let mut median = Median::new(&self.active, epoch.kappa());
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
                clip(scores, &self.active, &mut sums.trust, |given| given.share())
            } else {
                clip(scores, &self.active, &mut sums.trust, |given| {
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

    /// The shares that each neuron gets from the validators, neuron-major and padded to `stride`.
    pub(super) fn scores(&self, epoch: &Epoch, chunk: &Chunk, stride: usize) -> Vec<Score> {
        let mut scores = vec![Score::default(); stride.saturating_mul(chunk.neurons.len())];
        let mut rows = Rows::new(epoch, chunk, &self.validators);
        for (place, sum) in self.row_sums.iter().enumerate() {
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

    pub(super) fn seal(self) -> bonds::Carry {
        bonds::Carry {
            total: self.total,
            dividends: vec![Q32::ZERO; self.validators.len()],
            validators: self.validators,
            active: self.active,
            row_sums: self.row_sums,
            roster: self.roster,
            rank_total: self.rank_total,
            agreed: self.agreed,
            trust: self.trust.into_iter().map(Q32::to_u16).collect(),
            incentive: Q32::ZERO,
        }
    }
}

/// Adds the clipped scores of a neuron to the validators' trust, and gives the neuron's rank.
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
