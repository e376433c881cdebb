//! Phase 3: incentive, bonds and the dividends they yield. Writes memory. [2.4, 14 to 17]

use super::{emission, facts::Facts, Work};
use crate::{
    bonds::{Inputs, Outputs, Rule},
    codec::{Reader, Writer},
    epoch::{Chunk, Epoch},
    fixed::{self, Whole, Q32},
    memory::{Memory, MemoryWriter},
    rows::Rows,
};
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{kernel::KernelError, Uid};

/// Carry of phase 3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    /// The rule by which bonds move. It follows from the header, so it has no bytes of its own.
    pub(super) rule: Rule,
    pub(super) facts: Facts,
    pub(super) rank_total: Q32,
    pub(super) agreed: bool,
    /// Validator trust, in parts of 65535.
    pub(super) trust: Vec<u16>,
    /// Sum of all incentive: one, less what rounding down takes.
    pub(super) incentive: Q32,
    /// Yield of each validator's bonds.
    pub(super) dividends: Vec<Q32>,
}

/// A chunk's part of the sums.
pub(super) struct Sums {
    incentive: Q32,
    pub(super) dividends: Vec<Q32>,
}

impl Carry {
    pub(super) fn read(epoch: &Epoch, reader: &mut Reader) -> Option<Self> {
        let validators = epoch.validators();
        Some(Self {
            rule: Rule::new(&epoch.params),
            facts: Facts::read(epoch, reader)?,
            rank_total: reader.q32()?,
            agreed: reader.u8()? != 0,
            trust: reader.u16s(validators)?,
            incentive: reader.q32()?,
            dividends: reader.q32s(validators)?,
        })
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        self.facts
            .write(writer)
            .q32(self.rank_total)
            .u8(u8::from(self.agreed))
            .u16s(&self.trust)
            .q32(self.incentive)
            .q32s(&self.dividends)
    }

    pub(super) fn work(&self, epoch: &Epoch, chunk: &Chunk) -> Result<Work, KernelError> {
        let (consensus, incentive) = self.scores(chunk).ok_or(KernelError::BadScratch)?;
        let memory = Memory::or_none(chunk.memory);
        let inputs = Inputs {
            rows: Rows::new(epoch, chunk, &self.facts.validators),
            row_sums: &self.facts.row_sums,
            active: &self.facts.active,
            bonds: self.remembered(epoch, chunk, &memory),
            consensus: &consensus,
            incentive: &incentive,
            agreed: self.agreed,
        };
        let Outputs { dividends, bonds } = self.rule.apply(inputs);

        let scratch = Writer::new(chunk.neurons.len().saturating_mul(10))
            .items(&consensus, |consensus| consensus.to_u16().to_le_bytes())
            .q32s(&incentive);
        let sums = Sums {
            incentive: fixed::sum(&incentive),
            dividends,
        };
        Ok(Work {
            scratch: scratch.end(),
            memory: self.remember(epoch, chunk, &bonds),
            ..Work::of(super::Sums::Bonds(sums))
        })
    }

    /// Returns consensus and incentive of the chunk's neurons.
    fn scores(&self, chunk: &Chunk) -> Option<(Vec<Q32>, Vec<Q32>)> {
        let mut reader = Reader::new(chunk.scratch);
        let consensus = reader.q32s(chunk.neurons.len())?;
        let mut incentive = reader.q32s(chunk.neurons.len())?;
        let ranks = Whole::new(self.rank_total.0);
        incentive
            .iter_mut()
            .for_each(|rank| *rank = ranks.share(rank.0));
        reader.end((consensus, incentive))
    }

    /// Returns the remembered bonds that count, validator-major: of validators that still have a
    /// permit, in neurons that registered before the last close.
    pub(super) fn remembered(&self, epoch: &Epoch, chunk: &Chunk, memory: &Memory) -> Vec<u16> {
        let columns = chunk.neurons.len();
        let mut bonds = vec![0u16; epoch.validators().saturating_mul(columns)];
        let ahead = usize::from(memory.start().0.saturating_sub(chunk.start));
        let behind = usize::from(chunk.start.saturating_sub(memory.start().0));
        for (uid, row) in memory.rows() {
            let place = epoch
                .header
                .roster
                .binary_search(&uid)
                .unwrap_or(usize::MAX);
            if self
                .facts
                .validators
                .get(place)
                .is_some_and(|standing| standing.remembered)
            {
                let target = bonds
                    .chunks_exact_mut(columns.max(1))
                    .nth(place)
                    .unwrap_or_default();
                target
                    .iter_mut()
                    .skip(ahead)
                    .zip(row.skip(behind))
                    .for_each(|(bond, old)| *bond = old);
            }
        }
        for (column, neuron) in chunk.neurons.iter().enumerate() {
            if epoch.forgets(neuron) {
                bonds
                    .iter_mut()
                    .skip(column)
                    .step_by(columns.max(1))
                    .for_each(|bond| *bond = 0);
            }
        }
        bonds
    }

    /// Returns the chunk's new memory: bonds of validators with a permit in the next epoch.
    fn remember(&self, epoch: &Epoch, chunk: &Chunk, bonds: &[u16]) -> Vec<u8> {
        let columns = chunk.neurons.len();
        // A chunk has at most a page of uids.
        let mut memory =
            MemoryWriter::new(Uid(chunk.start), u16::try_from(columns).unwrap_or(u16::MAX));
        for (uid, row) in epoch
            .header
            .roster
            .iter()
            .zip(bonds.chunks_exact(columns.max(1)))
        {
            if self.facts.roster.binary_search(uid).is_ok() {
                memory.push(*uid, row);
            }
        }
        memory.end()
    }

    pub(super) fn fold(&mut self, sums: Sums) {
        self.incentive = self.incentive.plus(sums.incentive);
        for (dividend, found) in self.dividends.iter_mut().zip(sums.dividends) {
            *dividend = dividend.plus(found);
        }
    }

    pub(super) fn seal(self) -> emission::Carry {
        let Facts {
            total,
            active,
            roster,
            ..
        } = self.facts;
        let mut dividends = self.dividends;
        self.rule.weigh_dividends(&mut dividends, &active);
        fixed::normalize(&mut dividends);
        emission::Carry {
            total,
            active,
            trust: self.trust,
            roster,
            incentive: self.incentive,
            dividends,
        }
    }
}
