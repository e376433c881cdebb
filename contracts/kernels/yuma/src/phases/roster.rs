//! Phase 1: the permits of the next epoch, the validators' active stake, and the sums of their
//! rows. [2.4, 3 to 10]

use super::{consensus, facts::Facts, Work};
use crate::{
    codec::{Reader, Writer},
    epoch::{Chunk, Epoch},
    fixed::{self, TotalStake, Q32},
    median::Electorate,
    rows::{self, Row},
    topk,
    validators::Standing,
};
use ink::prelude::{vec, vec::Vec};

/// Carry of phase 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    /// Sum of the stake that counts, in rao.
    pub(super) total: u128,
    pub(super) validators: Vec<Standing>,
    /// Stake share of each validator; zero for one that is not active or has no permit.
    pub(super) stakes: Vec<Q32>,
    /// Sum of each validator's weights that count.
    pub(super) row_sums: Vec<u32>,
    /// Keys ([`topk::key`]) of the largest stakes so far, descending.
    pub(super) leaders: Vec<u64>,
}

/// The part of a chunk, or of neighbouring ones, of the sums.
#[derive(Clone)]
pub(super) struct Sums {
    first: usize,
    stakes: Vec<Q32>,
    row_sums: Vec<u32>,
    /// Keys of stakes that may be among the largest.
    candidates: Vec<u64>,
    permits: usize,
}

#[cfg(feature = "std")]
impl Sums {
    /// Returns the same with candidates in descending order, to which others are added.
    pub(super) fn ranked(&self) -> Self {
        let mut candidates = Vec::new();
        topk::merge(&mut candidates, &self.candidates, self.permits);
        Self {
            first: self.first,
            stakes: self.stakes.clone(),
            row_sums: self.row_sums.clone(),
            candidates,
            permits: self.permits,
        }
    }

    /// Adds the part of the chunks behind. The candidates of `self` are in descending order.
    pub(super) fn add(&mut self, next: &Self) {
        self.stakes.extend_from_slice(&next.stakes);
        add_row_sums(&mut self.row_sums, &next.row_sums);
        topk::merge(&mut self.candidates, &next.candidates, self.permits);
    }
}

impl Carry {
    pub(super) fn read(epoch: &Epoch, reader: &mut Reader) -> Option<Self> {
        let validators = epoch.validators();
        let total = reader.u128()?;
        let standings = Standing::read(epoch, reader)?;
        let stakes = reader.q32s(validators)?;
        let row_sums = reader.u32s(validators)?;
        let leaders = reader.u16()?;
        if leaders > epoch.header.max_validators {
            return None;
        }
        let leaders = reader.u64s(usize::from(leaders))?;
        Some(Self {
            total,
            validators: standings,
            stakes,
            row_sums,
            leaders,
        })
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        // At most 256 leaders.
        let leaders = u16::try_from(self.leaders.len()).unwrap_or(u16::MAX);
        Standing::write(writer.u128(self.total), &self.validators)
            .q32s(&self.stakes)
            .u32s(&self.row_sums)
            .u16(leaders)
            .u64s(&self.leaders)
    }

    #[inline(always)]
    pub(super) fn work(&self, epoch: &Epoch, chunk: &Chunk) -> Work {
        let total = TotalStake::new(self.total);
        let share = |(uid, neuron)| (uid, total.share(epoch.counted_stake(uid, neuron)));
        let mut candidates = Vec::with_capacity(chunk.neurons.len());
        let shares = chunk.seats().map(share);
        let counted = shares.filter(|(_, stake)| *stake != Q32::ZERO);
        candidates.extend(counted.map(|(uid, stake)| topk::key(stake, uid)));

        let stakes = epoch
            .validators_in(chunk)
            .map(|(uid, neuron)| {
                let counts = epoch.permitted(uid, neuron) && epoch.is_active(neuron);
                if counts {
                    share((uid, neuron)).1
                } else {
                    Q32::ZERO
                }
            })
            .collect();

        let rows = rows::counted(epoch, chunk, &self.validators);
        let permits = usize::from(epoch.header.max_validators);
        Work::of(super::Sums::Roster(Sums {
            first: epoch.first_validator(chunk),
            stakes,
            row_sums: rows.iter().map(Row::sum).collect(),
            candidates,
            permits,
        }))
    }

    pub(super) fn fold(&mut self, sums: &Sums) {
        for (stake, found) in self.stakes.iter_mut().skip(sums.first).zip(&sums.stakes) {
            *stake = *found;
        }
        add_row_sums(&mut self.row_sums, &sums.row_sums);
        topk::merge(&mut self.leaders, &sums.candidates, sums.permits);
    }

    pub(super) fn seal(self, epoch: &Epoch) -> consensus::Carry {
        let mut active = self.stakes;
        fixed::normalize(&mut active);
        consensus::Carry {
            electorate: Electorate::new(&active, epoch.kappa()),
            facts: Facts::new(
                self.total,
                self.validators,
                active,
                self.row_sums,
                topk::roster(&self.leaders, epoch.owner()),
            ),
            rank_total: Q32::ZERO,
            agreed: false,
            trust: vec![Q32::ZERO; epoch.validators()],
        }
    }
}

/// Adds each of `parts` to the sum of the same validator's row.
fn add_row_sums(sums: &mut [u32], parts: &[u32]) {
    for (sum, part) in sums.iter_mut().zip(parts) {
        *sum = sum.wrapping_add(*part);
    }
}
