//! Phase 3: incentive, bonds and the dividends they yield. Writes memory. [2.4, 14 to 17]

use super::{emission, stake::Standing, Work};
use crate::{
    bonds::{Market, Outcome},
    codec::{Reader, Writer},
    epoch::{Chunk, Epoch},
    fixed::{self, Whole, Q32},
    memory::{Memory, MemoryWriter},
    rows::Rows,
};
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{kernel::KernelError, Uid};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    pub(super) total: u128,
    pub(super) validators: Vec<Standing>,
    pub(super) active: Vec<Q32>,
    pub(super) row_sums: Vec<u32>,
    pub(super) roster: Vec<Uid>,
    pub(super) rank_total: Q32,
    pub(super) agreed: bool,
    /// Validator trust, in parts of 65535.
    pub(super) trust: Vec<u16>,
    /// Sum of all incentive, short of one by what rounding took.
    pub(super) incentive: Q32,
    /// What each validator's bonds yield.
    pub(super) dividends: Vec<Q32>,
}

/// What a chunk adds.
pub(super) struct Sums {
    incentive: Q32,
    pub(super) dividends: Vec<Q32>,
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
            trust: reader.u16s(validators)?,
            incentive: reader.q32()?,
            dividends: reader.q32s(validators)?,
        })
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        let writer = Standing::write(writer.u128(self.total), &self.validators)
            .q32s(&self.active)
            .u32s(&self.row_sums);
        super::write_roster(writer, &self.roster)
            .q32(self.rank_total)
            .u8(u8::from(self.agreed))
            .u16s(&self.trust)
            .q32(self.incentive)
            .q32s(&self.dividends)
    }

    pub(super) fn work(&self, epoch: &Epoch, chunk: &Chunk) -> Result<Work, KernelError> {
        let (consensus, incentive) = self.scores(chunk).ok_or(KernelError::BadScratch)?;
        let memory = Memory::read(chunk.memory).ok_or(KernelError::BadMemory)?;
        let market = Market {
            rows: Rows::new(epoch, chunk, &self.validators),
            row_sums: &self.row_sums,
            active: &self.active,
            bonds: self.remembered(epoch, chunk, &memory),
            consensus: &consensus,
            incentive: &incentive,
            agreed: self.agreed,
        };
        let Outcome { dividends, bonds } = epoch.rule.apply(market);

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

    /// Consensus and incentive of the chunk's neurons.
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

    /// Remembered bonds, validator-major: those of validators still permitted, in neurons that were
    /// there before.
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

    /// What the chunk is to remember: the bonds of those who have a permit in the next epoch.
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
            if self.roster.binary_search(uid).is_ok() {
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

    pub(super) fn seal(self, epoch: &Epoch) -> emission::Carry {
        let mut dividends = self.dividends;
        epoch.rule.weigh_dividends(&mut dividends, &self.active);
        fixed::normalise(&mut dividends);
        emission::Carry {
            total: self.total,
            active: self.active,
            trust: self.trust,
            roster: self.roster,
            incentive: self.incentive,
            dividends,
        }
    }
}
