//! Phase 4: each neuron's pay. Outputs results, and after the last chunk the roster. [2.4, 18 to
//! 20]

use super::{
    facts::{read_roster, write_roster},
    Work,
};
use crate::{
    codec::{Reader, Writer},
    epoch::{Chunk, Epoch},
    fixed::{self, TotalStake, Whole, Q32},
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    kernel::{Budget, KernelError, NeuronResult},
    Rao, Uid,
};

/// Carry of phase 4: facts alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    /// Sum of the stake that counts, in rao.
    pub(super) total: u128,
    /// Active stake of each validator, normalized.
    pub(super) active: Vec<Q32>,
    /// Validator trust, in parts of 65535.
    pub(super) trust: Vec<u16>,
    /// Uids with a permit in the next epoch, ascending.
    pub(super) roster: Vec<Uid>,
    /// Sum of all incentive.
    pub(super) incentive: Q32,
    /// Dividends of each validator, normalized.
    pub(super) dividends: Vec<Q32>,
    /// All of these facts, as each carry has them.
    bytes: Vec<u8>,
}

/// A neuron's claims to parts of the budget.
struct Claims {
    incentive: Q32,
    dividends: Q32,
    active: Q32,
    stake: Q32,
}

/// A neuron's pay.
struct Pay {
    miner: u64,
    validator: u64,
    total: u64,
}

/// Division of the budget.
struct Division {
    budget: Budget,
    /// Sum of all incentive.
    incentive: Whole,
    /// Sum of all dividends.
    dividends: Whole,
    /// Sum of both.
    both: Whole,
    has_incentive: bool,
    has_dividends: bool,
    /// True if any stake is active. Active stake replaces missing dividends; all stake replaces
    /// missing active stake.
    has_active: bool,
}

impl Division {
    fn new(budget: Budget, incentive: Q32, dividends: Q32, active: Q32) -> Self {
        Self {
            budget,
            incentive: Whole::new(incentive.0),
            dividends: Whole::new(dividends.0),
            both: Whole::new(incentive.plus(dividends).0),
            has_incentive: incentive != Q32::ZERO,
            has_dividends: dividends != Q32::ZERO,
            has_active: active != Q32::ZERO,
        }
    }

    /// Returns the pay for `claims`, each part rounded down.
    fn pay(&self, claims: &Claims) -> Pay {
        match self.budget {
            Budget::Combined(total) => self.combined(claims, total.0),
            Budget::Split { miners, validators } => self.split(claims, miners.0, validators.0),
        }
    }

    /// Divides one budget by incentive and dividends together, as the reference does. [2.4, 18 and
    /// 19]
    fn combined(&self, claims: &Claims, total: u64) -> Pay {
        if !self.has_incentive && !self.has_dividends {
            let pay = self.stand_in(claims).of(total);
            return Pay {
                miner: 0,
                validator: pay,
                total: pay,
            };
        }
        let both = claims.incentive.plus(claims.dividends);
        Pay {
            miner: self.both.share(claims.incentive.0).of(total),
            validator: self.both.share(claims.dividends.0).of(total),
            total: self.both.share_of_sum(both.0).of(total),
        }
    }

    /// Divides two budgets separately. Validators get both if no neuron has incentive.
    fn split(&self, claims: &Claims, miners: u64, validators: u64) -> Pay {
        let (miners, validators) = match self.has_incentive {
            true => (miners, validators),
            false => (0, miners.saturating_add(validators)),
        };
        let part = match self.has_dividends {
            true => self.dividends.share(claims.dividends.0),
            false => self.stand_in(claims),
        };
        let miner = self.incentive.share(claims.incentive.0).of(miners);
        let validator = part.of(validators);
        Pay {
            miner,
            validator,
            total: miner.saturating_add(validator),
        }
    }

    /// Returns the claim that replaces dividends if no validator has any.
    fn stand_in(&self, claims: &Claims) -> Q32 {
        if self.has_active {
            claims.active
        } else {
            claims.stake
        }
    }
}

impl Carry {
    /// Establishes the facts of the phase: total stake, validators' active stake and trust, the
    /// next roster, all incentive, and validators' dividends.
    pub(super) fn new(
        (total, active, trust): (u128, Vec<Q32>, Vec<u16>),
        roster: Vec<Uid>,
        (incentive, dividends): (Q32, Vec<Q32>),
    ) -> Self {
        let room = active.len().saturating_add(4).saturating_mul(20);
        let writer = Writer::new(room).u128(total).q32s(&active).u16s(&trust);
        let writer = write_roster(writer, &roster);
        Self {
            bytes: writer.q32(incentive).q32s(&dividends).end(),
            total,
            active,
            trust,
            roster,
            incentive,
            dividends,
        }
    }

    pub(super) fn read(epoch: &Epoch, reader: &mut Reader) -> Option<Self> {
        let validators = epoch.validators();
        let read = |reader: &mut Reader| {
            Some(Self {
                total: reader.u128()?,
                active: reader.q32s(validators)?,
                trust: reader.u16s(validators)?,
                roster: read_roster(reader)?,
                incentive: reader.q32()?,
                dividends: reader.q32s(validators)?,
                bytes: Vec::new(),
            })
        };
        let (facts, bytes) = reader.with_bytes(read)?;
        Some(Self {
            bytes: bytes.to_vec(),
            ..facts
        })
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        writer.bytes(&self.bytes)
    }

    pub(super) fn work(&self, epoch: &Epoch, chunk: &Chunk) -> Result<Work, KernelError> {
        let division = Division::new(
            epoch.header.budget,
            self.incentive,
            fixed::sum(&self.dividends),
            fixed::sum(&self.active),
        );
        let total = TotalStake::new(self.total);
        let (consensus, incentive) = scores(chunk).ok_or(KernelError::BadScratch)?;
        let mut validators = epoch
            .header
            .roster
            .iter()
            .zip(&self.active)
            .zip(self.dividends.iter().zip(&self.trust))
            .skip(epoch.first_validator(chunk))
            .peekable();

        let next = self.roster.partition_point(|uid| uid.0 < chunk.start);
        let mut next = self.roster.iter().skip(next).peekable();
        let mut results = Vec::with_capacity(chunk.neurons.len());
        for ((uid, neuron), (consensus, incentive)) in
            chunk.seats().zip(consensus.into_iter().zip(incentive))
        {
            let validator = validators.next_if(|((seat, _), _)| seat.0 == uid);
            let (active, dividends, trust) = match validator {
                Some(((_, active), (dividends, trust))) => (*active, *dividends, *trust),
                None => (Q32::ZERO, Q32::ZERO, 0),
            };
            let stake = total.share(epoch.counted_stake(uid, neuron));
            let pay = division.pay(&Claims {
                incentive,
                dividends,
                active,
                stake,
            });
            results.push(NeuronResult {
                incentive: incentive.to_u16(),
                dividends: dividends.to_u16(),
                consensus,
                validator_trust: trust,
                stake_weight: stake.to_u16(),
                active: epoch.is_active(neuron),
                permit: next.next_if(|permitted| permitted.0 == uid).is_some(),
                miner: Rao(pay.miner),
                validator: Rao(pay.validator),
                emission: Rao(pay.total),
            });
        }
        Ok(Work {
            results,
            ..Work::of(super::Sums::Emission)
        })
    }
}

/// Returns consensus on the chunk's neurons, in parts of 65535, and their incentive.
fn scores(chunk: &Chunk) -> Option<(Vec<u16>, Vec<Q32>)> {
    let mut reader = Reader::new(chunk.scratch);
    let consensus = reader.u16s(chunk.neurons.len())?;
    let incentive = reader.q32s(chunk.neurons.len())?;
    reader.end((consensus, incentive))
}
