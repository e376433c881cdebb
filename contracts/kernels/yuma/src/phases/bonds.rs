//! Phase 3: incentive, bonds and the dividends they yield. Writes memory. [2.4, 14 to 17]

use super::{emission, facts::Facts, Work};
use crate::{
    bonds::{Inputs, Remembered, Rule},
    codec::{Reader, Writer},
    columns::{self, Columns, WIDTH},
    epoch::{Chunk, Epoch},
    fixed::{self, Whole, Q32},
    memory::{Memory, MemoryWriter},
    room::Room,
    rows,
};
use ink::prelude::vec::Vec;
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

/// The part of a chunk, or of neighbouring ones, of the sums.
#[derive(Clone)]
pub(super) struct Sums {
    incentive: Q32,
    pub(super) dividends: Vec<Q32>,
}

impl Sums {
    /// Adds the part of other chunks.
    #[cfg(feature = "std")]
    pub(super) fn add(&mut self, next: &Self) {
        self.incentive = self.incentive.plus(next.incentive);
        fixed::add(&mut self.dividends, &next.dividends);
    }
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

    #[inline(always)]
    pub(super) fn work(
        &self,
        epoch: &Epoch,
        chunk: &Chunk,
        room: &mut Room,
    ) -> Result<Work, KernelError> {
        let (mut consensus, mut incentive) = ([Q32::ZERO; WIDTH], [Q32::ZERO; WIDTH]);
        self.scores(chunk, &mut consensus, &mut incentive)
            .ok_or(KernelError::BadScratch)?;
        let memory = Memory::or_none(chunk.memory);
        let remembered = self.remembered(epoch, chunk, &memory);
        let rows = rows::counted(epoch, chunk, &self.facts.validators);
        let moving = self.rule.moving(&consensus);
        let mut masks = Vec::with_capacity(rows.len());
        for (row, old) in rows.iter().zip(&remembered) {
            masks.push((row.counted & moving) | old.mask());
        }
        let inputs = Inputs {
            masks: &masks,
            rows: &rows,
            tallies: &self.facts.tallies,
            active: &self.facts.active,
            bonds: &remembered,
            consensus: &consensus,
            incentive: &incentive,
            agreed: self.agreed,
        };
        let mut kept = self.writer(epoch, chunk, inputs.masks);
        let mut validators = epoch.header.roster.iter();
        let mut next = self.facts.roster.iter().peekable();
        let dividends = self.rule.apply(inputs, room, |bonds| {
            let Some(uid) = validators.next() else { return };
            // Validators without a permit in the next epoch are forgotten. Both lists ascend.
            while next.next_if(|permitted| *permitted < uid).is_some() {}
            if next.peek() == Some(&uid) {
                kept.keep(*uid, bonds);
            }
        });

        let count = chunk.neurons.len().min(WIDTH);
        let scratch = Writer::new(count.saturating_mul(10))
            .items(consensus.get(..count).unwrap_or_default(), |consensus| {
                consensus.to_u16().to_le_bytes()
            })
            .q32s(incentive.get(..count).unwrap_or_default());
        let sums = Sums {
            incentive: fixed::sum(&incentive),
            dividends,
        };
        Ok(Work {
            scratch: scratch.end(),
            memory: kept.end(),
            ..Work::of(super::Sums::Bonds(sums))
        })
    }

    /// Starts the chunk's new memory, with room for all bonds that rows with `masks` can have.
    fn writer(&self, epoch: &Epoch, chunk: &Chunk, masks: &[u64]) -> MemoryWriter {
        let columns = chunk.neurons.len().min(WIDTH);
        // A chunk has at most a page of uids.
        let len = u16::try_from(columns).unwrap_or(u16::MAX);
        let bonds = masks.iter().map(|mask| mask.count_ones() as usize).sum();
        MemoryWriter::with_room(Uid(chunk.start), len, epoch.validators(), bonds)
    }

    /// Reads consensus and incentive of the chunk's neurons.
    fn scores(
        &self,
        chunk: &Chunk,
        consensus: &mut Columns<Q32>,
        incentive: &mut Columns<Q32>,
    ) -> Option<()> {
        let count = chunk.neurons.len();
        let mut reader = Reader::new(chunk.scratch);
        reader.q32s_into(consensus.get_mut(..count)?)?;
        reader.q32s_into(incentive.get_mut(..count)?)?;
        let ranks = Whole::new(self.rank_total.0);
        for rank in incentive.iter_mut().filter(|rank| **rank != Q32::ZERO) {
            *rank = ranks.share(rank.0);
        }
        reader.end(())
    }

    /// Returns the remembered bonds that count, by validator: of validators that still have a
    /// permit, in neurons that registered before the last close.
    #[inline(always)]
    pub(super) fn remembered<'a>(
        &self,
        epoch: &Epoch,
        chunk: &Chunk,
        memory: &Memory<'a>,
    ) -> Vec<Remembered<'a>> {
        let neurons = chunk.neurons.iter();
        let counted = columns::mask_of(neurons.map(|neuron| !epoch.forgets(neuron)));
        let mut rows = memory.by_validator().peekable();
        let mut remembered = Vec::with_capacity(epoch.validators());
        for (uid, standing) in epoch.header.roster.iter().zip(&self.facts.validators) {
            while rows.next_if(|row| row.uid < *uid).is_some() {}
            remembered.push(match rows.next_if(|row| row.uid == *uid) {
                Some(row) if standing.remembered => {
                    Remembered::new(row, memory.start().0, chunk.start, counted)
                }
                _ => Remembered::default(),
            });
        }
        remembered
    }

    pub(super) fn fold(&mut self, sums: &Sums) {
        self.incentive = self.incentive.plus(sums.incentive);
        fixed::add(&mut self.dividends, &sums.dividends);
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
        emission::Carry::new(
            (total, active, self.trust),
            roster,
            (self.incentive, dividends),
        )
    }
}
