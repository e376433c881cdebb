//! Phase 2: consensus on each neuron, its rank, and the part of each validator's weights within
//! consensus. [2.4, 10 to 14]

use super::{bonds, facts::Facts, Work};
use crate::{
    bonds::Rule,
    codec::{Reader, Writer},
    columns::{self, bit, Bits, Columns, WIDTH},
    epoch::{Chunk, Epoch},
    fixed::{self, Q32},
    median::{Electorate, Median},
    room::Room,
    rows::{self, Row},
    score::Score,
};
use ink::prelude::{vec, vec::Vec};

/// Carry of phase 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    /// The validators as voters. They follow from the facts, so they have no bytes of their own.
    pub(super) electorate: Electorate,
    pub(super) facts: Facts,
    pub(super) rank_total: Q32,
    /// True if any neuron has consensus.
    pub(super) agreed: bool,
    /// Sum of each validator's clipped weights.
    pub(super) trust: Vec<Q32>,
}

/// The part of a chunk, or of neighbouring ones, of the sums.
#[derive(Clone)]
pub(super) struct Sums {
    rank: Q32,
    agreed: bool,
    pub(super) trust: Vec<Q32>,
}

impl Sums {
    /// Adds the part of other chunks.
    #[cfg(feature = "std")]
    pub(super) fn add(&mut self, next: &Self) {
        self.rank = self.rank.plus(next.rank);
        self.agreed |= next.agreed;
        fixed::add(&mut self.trust, &next.trust);
    }
}

/// Consensus, ranks and trust of a chunk.
struct Found {
    /// Consensus on each neuron.
    consensus: Columns<Q32>,
    /// Rank of each neuron.
    ranks: Columns<Q32>,
    /// Sum of each validator's clipped weights.
    trust: Vec<Q32>,
}

impl Found {
    fn nothing(validators: usize) -> Self {
        Self {
            consensus: [Q32::ZERO; WIDTH],
            ranks: [Q32::ZERO; WIDTH],
            trust: vec![Q32::ZERO; validators],
        }
    }
}

impl Carry {
    pub(super) fn read(epoch: &Epoch, reader: &mut Reader) -> Option<Self> {
        let facts = Facts::read(epoch, reader)?;
        Some(Self {
            electorate: Electorate::new(&facts.active, epoch.kappa()),
            facts,
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

    #[inline(always)]
    pub(super) fn work(&self, epoch: &Epoch, chunk: &Chunk, room: &mut Room) -> Work {
        let rows = rows::counted(epoch, chunk, &self.facts.validators);
        let mut masks: Vec<u64> = rows.iter().map(|row| row.counted).collect();
        let mut median = Median::new(&self.electorate);
        let heard = self.electorate.heard(&masks);
        masks.iter_mut().for_each(|mask| *mask &= heard);
        let mut found = Found::nothing(epoch.validators());
        if heard == 0 {
            // No neuron of the chunk has consensus, so no weight counts.
        } else if columns::is_sparse(&masks) {
            self.by_entries(&rows, &masks, heard, &mut median, &mut found);
        } else {
            let scores = room.scores(rows.len().saturating_mul(WIDTH));
            self.by_rows(&rows, heard, scores, &mut median, &mut found);
        }
        let count = chunk.neurons.len().min(WIDTH);
        let scratch = Writer::new(count.saturating_mul(16))
            .q32s(found.consensus.get(..count).unwrap_or_default())
            .q32s(found.ranks.get(..count).unwrap_or_default());
        let sums = Sums {
            rank: fixed::sum(&found.ranks),
            agreed: heard != 0,
            trust: found.trust,
        };
        Work {
            scratch: scratch.end(),
            ..Work::of(super::Sums::Consensus(sums))
        }
    }

    /// Computes the neurons of a chunk whose columns are mostly filled, row by row.
    #[inline(always)]
    fn by_rows(
        &self,
        rows: &[Row],
        heard: u64,
        scores: &mut [u32],
        median: &mut Median,
        found: &mut Found,
    ) {
        let mut highest = [0; WIDTH];
        let mut cells = [0; WIDTH];
        let given = rows.iter().zip(&self.facts.tallies);
        for ((row, tally), line) in given.zip(scores.chunks_exact_mut(WIDTH)) {
            let row = row.cells(u64::MAX, &mut cells);
            for (column, place) in line.iter_mut().enumerate() {
                let column = columns::at(column);
                let Score(score) = Score::new(tally.share(row[column]));
                highest[column] = score.max(highest[column]);
                *place = score;
            }
        }
        let stakes = self.electorate.stakes();
        let mut limits = [0; WIDTH];
        for column in Bits(heard) {
            let scores = lines(scores).map(|line| line[column]);
            let limit = median.of(highest[column], scores.zip(stakes.iter().copied()));
            limits[column] = limit;
            found.consensus[column] = Score(limit).share();
        }
        if limits.contains(&Score::ONE.0) {
            self.clip_rows(scores, &limits, found, Score::share);
        } else {
            self.clip_rows(scores, &limits, found, Score::below_one);
        }
    }

    /// Adds the clipped scores to the validators' trust and to the neurons' ranks.
    #[inline(always)]
    fn clip_rows(
        &self,
        scores: &[u32],
        limits: &Columns<u32>,
        found: &mut Found,
        share: impl Fn(Score) -> Q32,
    ) {
        let validators = lines(scores).zip(&self.facts.active);
        for ((line, active), trust) in validators.zip(&mut found.trust) {
            let mut sum = Q32::ZERO;
            for ((score, limit), rank) in line.iter().zip(limits).zip(&mut found.ranks) {
                let clipped = share(Score((*score).min(*limit)));
                sum = sum.plus(clipped);
                *rank = rank.plus(active.times(clipped));
            }
            *trust = sum;
        }
    }

    /// Computes the neurons of a chunk whose columns are mostly empty, entry by entry. `masks` has
    /// the entries of each row in columns that are heard.
    #[inline(always)]
    fn by_entries(
        &self,
        rows: &[Row],
        masks: &[u64],
        heard: u64,
        median: &mut Median,
        found: &mut Found,
    ) {
        let mut ends = [0usize; WIDTH];
        for column in masks.iter().flat_map(|mask| Bits(*mask)) {
            ends[column] = ends[column].wrapping_add(1);
        }
        let mut total = 0usize;
        for end in &mut ends {
            let count = *end;
            *end = total;
            total = total.wrapping_add(count);
        }
        let starts = ends;
        // Scores and the validators' places, by column.
        let mut entries = vec![(0u32, 0u32); total];
        let validators = masks.iter().zip(rows).zip(&self.facts.tallies);
        for (place, ((mask, row), tally)) in (0u32..).zip(validators) {
            if *mask == 0 {
                continue;
            }
            for (column, weight) in row.entries() {
                if mask & bit(column) == 0 {
                    continue;
                }
                let end = &mut ends[column];
                if let Some(entry) = entries.get_mut(*end) {
                    *entry = (Score::new(tally.share(weight)).0, place);
                }
                *end = end.wrapping_add(1);
            }
        }
        let stakes = self.electorate.stakes();
        for column in Bits(heard) {
            let given = entries
                .get(starts[column]..ends[column])
                .unwrap_or_default();
            let highest = given.iter().fold(0, |most, (score, _)| most.max(*score));
            let backed = given.iter().map(|(score, place)| {
                let stake = stakes.get(*place as usize);
                (*score, stake.copied().unwrap_or_default())
            });
            let limit = median.of(highest, backed);
            found.consensus[column] = Score(limit).share();
            let mut rank = Q32::ZERO;
            for (score, place) in given {
                let clipped = Score((*score).min(limit)).share();
                let place = *place as usize;
                let active = self.facts.active.get(place).copied().unwrap_or_default();
                rank = rank.plus(active.times(clipped));
                if let Some(trust) = found.trust.get_mut(place) {
                    *trust = trust.plus(clipped);
                }
            }
            found.ranks[column] = rank;
        }
    }

    pub(super) fn fold(&mut self, sums: &Sums) {
        self.rank_total = self.rank_total.plus(sums.rank);
        self.agreed |= sums.agreed;
        fixed::add(&mut self.trust, &sums.trust);
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

/// Returns the rows of a table of whole rows.
fn lines(cells: &[u32]) -> impl ExactSizeIterator<Item = &Columns<u32>> + Clone {
    // Every piece has as many cells as a row, so the default is never used.
    cells
        .chunks_exact(WIDTH)
        .map(|line| line.try_into().unwrap_or(&[0; WIDTH]))
}
