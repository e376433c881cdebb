//! Settlement of a final epoch, chunk by chunk: the budget, the hashes of results, the payments.
//!
//! A chunk whose payments do not fit one call is settled in several, in order of uid.

use crate::closed_epoch::{ClosedEpoch, Memory};
use core::mem;
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{
    assertion::{memory_digest, results_digest, Assertion},
    emission::{Paid, Payout},
    epoch::{EpochError, FinalChunk, PartlySettled, Settlement, MAX_SETTLED},
    kernel::NeuronResult,
    registry::{Neuron, PagePay},
    staking::Payment,
    AccountId, Digest, NetUid, Rao, Uid,
};

/// A settlement in progress: the public view, and the hashes that results must have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Settling {
    /// Progress of the settlement.
    pub settlement: Settlement,
    /// Hashes of results, one per chunk.
    pub results: Vec<Digest>,
    /// Hashes of memory, one per chunk.
    pub memory: Vec<Digest>,
    /// Code hash of the kernel that wrote the memory.
    pub kernel_code: Digest,
    /// True if a replay has published the memory of every chunk.
    pub replayed: bool,
}

/// The neurons of a chunk that are not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpaid {
    /// The first uid.
    pub start: Uid,
    /// Number of neurons of the chunk before it, which are paid.
    pub before: u16,
    /// Number of neurons that are not paid.
    pub len: u16,
}

/// A chunk that a call pays, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueChunk {
    /// Results and memory of the chunk.
    pub given: FinalChunk,
    /// Neurons of the chunk that are not paid.
    pub unpaid: Unpaid,
}

/// The chunks that a call pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The chunks. Several are paid whole, and only the first may have dividends.
    pub chunks: Vec<DueChunk>,
    /// Most neurons to pay.
    pub most: u16,
}

/// The neurons of a chunk that a call has paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaidPart {
    /// The chunk.
    pub chunk: u16,
    /// Number of neurons, from the first that was not paid on.
    pub neurons: u16,
    /// Their pay.
    pub amount: Rao,
}

impl DueChunk {
    /// Returns the results of the neurons that are not paid.
    fn results(&self) -> &[NeuronResult] {
        let before = usize::from(self.unpaid.before);
        self.given.results.get(before..).unwrap_or_default()
    }
}

impl Due {
    /// Returns the results of the neurons to pay, and the uid of the first, if any of them has
    /// dividends.
    pub fn with_dividends(&self) -> Option<(Uid, &[NeuronResult])> {
        let first = self.chunks.first()?;
        let paid = first.results();
        let paid = paid.get(..usize::from(self.most)).unwrap_or(paid);
        has_dividends(paid).then_some((first.unpaid.start, paid))
    }

    /// Returns the payout of these chunks, with the `dividends` of the first, the fee `each` for a
    /// chunk, and the proposer with its fee if the epoch becomes final.
    pub fn payout(
        &self,
        dividends: Vec<(u16, Payment)>,
        (keeper, each): (AccountId, Rao),
        proposer: Option<(AccountId, Rao)>,
    ) -> Payout {
        // All chunks together have the fee of an epoch.
        let fee = each.0.saturating_mul(self.chunks.len() as u64);
        let results = self.chunks.iter().flat_map(DueChunk::results);
        Payout {
            before: self.chunks.first().map_or(0, |it| it.unpaid.before),
            most: self.most,
            incentives: results.map(|result| result.miner).collect(),
            dividends,
            keeper,
            fee: Rao(fee),
            proposer,
        }
    }

    /// Divides what emission has `paid` among the chunks: what was paid of each, and the scores and
    /// pay to record.
    ///
    /// # Errors
    /// `NoRoom` if several were to be paid and not all were: each has its part of the fee only as a
    /// whole, or alone.
    pub fn paid(self, paid: Paid) -> Result<(Vec<PaidPart>, Vec<PagePay>), EpochError> {
        if self.chunks.len() > 1 && paid.owed.len() < usize::from(self.most) {
            return Err(EpochError::NoRoom);
        }
        // Only the first has dividends beside what is owed. Emission has paid all of it, so no sum
        // overflows.
        let sum = |owed: &[Rao]| owed.iter().fold(0u64, |sum, it| it.0.saturating_add(sum));
        let mut dividends = paid.amount.0.saturating_sub(sum(&paid.owed));
        let mut left = paid.owed.into_iter();
        let (mut parts, mut pay) = (Vec::new(), Vec::new());
        for DueChunk { given, unpaid } in self.chunks {
            let owed: Vec<Rao> = left.by_ref().take(unpaid.len.into()).collect();
            let mut scores = given.results;
            scores.drain(..usize::from(unpaid.before).min(scores.len()));
            scores.truncate(owed.len());
            let amount = Rao(mem::take(&mut dividends).saturating_add(sum(&owed)));
            parts.push(PaidPart {
                chunk: given.chunk,
                neurons: u16::try_from(owed.len()).unwrap_or(u16::MAX),
                amount,
            });
            pay.push(PagePay {
                start: unpaid.start,
                scores,
                owed,
            });
        }
        Ok((parts, pay))
    }
}

impl Settling {
    /// Begins to settle `closed`, which becomes final at `block` with `assertion`. `replayed` is
    /// true if a replay on the chain made it final.
    pub fn begin(closed: &ClosedEpoch, assertion: Assertion, block: u32, replayed: bool) -> Self {
        let ClosedEpoch { header, plan, .. } = closed;
        let chunks = plan.chunks(header.neurons);
        let bytes = chunks.div_ceil(8);
        // Rounded down; the remainder returns to the subnet with the rest of the budget.
        let fee = closed.keeper_fee.0.checked_div(chunks.into());
        Self {
            settlement: Settlement {
                epoch: header.epoch,
                neurons: header.neurons,
                chunk: plan.chunk,
                final_at: block,
                settled: vec![0; usize::from(bytes)],
                partly: Vec::new(),
                budget: header.budget.total(),
                paid: Rao::ZERO,
                owner: closed.owner,
                owner_hotkey: closed.owner_hotkey,
                fee: Rao(fee.unwrap_or_default()),
            },
            results: assertion.results,
            memory: assertion.memory,
            kernel_code: header.kernel_code,
            replayed,
        }
    }

    /// Returns the memory that the next epoch reads if the settlement ends now: that of the chunks
    /// that have published it.
    pub fn published(&self) -> Memory {
        let hashes = (0..).zip(&self.memory).map(|(chunk, hash)| {
            (self.replayed || self.settlement.is_published(chunk)).then_some(*hash)
        });
        Memory::new(self.kernel_code, self.settlement.chunk, hashes.collect())
    }

    /// Returns the first block at which the next epoch can close although this settlement is in
    /// progress. It continues until that close.
    ///
    /// # Errors
    /// `Overflow` beyond the last block.
    pub fn held_until(&self, settle_window: u32) -> Result<u32, EpochError> {
        self.settlement
            .final_at
            .checked_add(settle_window)
            .ok_or(EpochError::Overflow)
    }

    /// Returns what a call pays of `chunks`, of which it is to pay `most` neurons at most if there
    /// is only one. Of several, one is passed over that is settled, whole or in part, that is given
    /// again, or that has dividends after the first of those left. These are paid whole.
    ///
    /// # Errors
    /// `TooManyChunks`; `NoWholeChunk` if all are passed over; those of [`Self::unpaid`].
    pub fn due(
        &self,
        netuid: NetUid,
        epoch: u32,
        chunks: Vec<FinalChunk>,
        most: u16,
    ) -> Result<Due, EpochError> {
        if chunks.len() > usize::from(MAX_SETTLED) {
            return Err(EpochError::TooManyChunks(MAX_SETTLED));
        }
        if self.settlement.epoch != epoch {
            return Err(EpochError::NotSettling);
        }
        let is_alone = chunks.len() == 1;
        let mut due: Vec<DueChunk> = Vec::with_capacity(chunks.len());
        for given in chunks {
            let is_passed_over = !is_alone
                && (due.iter().any(|it| it.given.chunk == given.chunk)
                    || self.settlement.is_published(given.chunk)
                    || (!due.is_empty() && has_dividends(&given.results)));
            if !is_passed_over {
                let unpaid = self.unpaid(netuid, epoch, &given)?;
                due.push(DueChunk { given, unpaid });
            }
        }
        let most = match due.as_slice() {
            [] => return Err(EpochError::NoWholeChunk),
            [one] if is_alone => one.unpaid.len.min(most.max(1)),
            several => {
                let lens = several.iter().map(|it| it.unpaid.len);
                lens.fold(0, u16::saturating_add)
            }
        };
        Ok(Due { chunks: due, most })
    }

    /// Checks a chunk that is to be settled. Returns the neurons of the chunk that
    /// are not paid yet.
    ///
    /// # Errors
    /// `NotSettling`, `ChunkOutOfRange`, `AlreadySettled`, `ResultsMismatch`, `MemoryMismatch`,
    /// `OverBudget`, in this order.
    pub fn unpaid(
        &self,
        netuid: NetUid,
        epoch: u32,
        given: &FinalChunk,
    ) -> Result<Unpaid, EpochError> {
        let FinalChunk {
            chunk,
            results,
            memory,
        } = given;
        let chunk = *chunk;
        let settlement = &self.settlement;
        if settlement.epoch != epoch {
            return Err(EpochError::NotSettling);
        }
        let Some(expected) = self.results.get(usize::from(chunk)) else {
            return Err(EpochError::ChunkOutOfRange(settlement.chunks()));
        };
        if settlement.is_settled(chunk) {
            return Err(EpochError::AlreadySettled);
        }
        let len = settlement.neurons_of(chunk);
        if results.len() != usize::from(len)
            || results_digest(netuid, epoch, chunk, results) != *expected
        {
            return Err(EpochError::ResultsMismatch);
        }
        let left = self.memory.get(usize::from(chunk));
        if left != Some(&memory_digest(netuid, epoch, chunk, memory)) {
            return Err(EpochError::MemoryMismatch);
        }
        let before = settlement.paid_neurons(chunk);
        // A sum that overflows is above the budget.
        let left = settlement
            .budget
            .checked_sub(settlement.paid)
            .ok_or(EpochError::Overflow)?;
        let rest = results.get(usize::from(before)..).unwrap_or_default();
        if total_pay(rest).is_none_or(|pay| pay > left) {
            return Err(EpochError::OverBudget(left));
        }
        let start = chunk.saturating_mul(settlement.chunk);
        Ok(Unpaid {
            start: Uid(start.saturating_add(before)),
            before,
            len: len.saturating_sub(before),
        })
    }

    /// Records that the next `neurons` of a chunk are paid, `amount` together. Returns true if the
    /// chunk is settled.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn record(&mut self, chunk: u16, neurons: u16, amount: Rao) -> Result<bool, EpochError> {
        let settlement = &mut self.settlement;
        settlement.paid = settlement
            .paid
            .checked_add(amount)
            .ok_or(EpochError::Overflow)?;
        let before = settlement.paid_neurons(chunk);
        let paid = before.saturating_add(neurons);
        settlement.partly.retain(|it| it.chunk != chunk);
        if paid < settlement.neurons_of(chunk) {
            settlement.partly.push(PartlySettled {
                chunk,
                neurons: paid,
            });
            return Ok(false);
        }
        if let Some(byte) = settlement.settled.get_mut(usize::from(chunk / 8)) {
            *byte |= 1u8 << (chunk % 8);
        }
        Ok(true)
    }
}

fn has_dividends(results: &[NeuronResult]) -> bool {
    results.iter().any(|result| !result.validator.is_zero())
}

/// Returns the sum of the pay in `results`, or `None` if it overflows.
fn total_pay(results: &[NeuronResult]) -> Option<Rao> {
    results.iter().try_fold(Rao::ZERO, |sum, result| {
        sum.checked_add(result.miner)?.checked_add(result.validator)
    })
}

/// Returns the dividends in `results` of the neurons that had the seats, with their places. A
/// neuron without dividends has no payment.
pub fn dividends(neurons: &[Neuron], results: &[NeuronResult]) -> Vec<(u16, Payment)> {
    (0u16..)
        .zip(neurons.iter().zip(results))
        .filter(|(_, (_, result))| !result.validator.is_zero())
        .map(|(place, (neuron, result))| {
            let payment = Payment {
                hotkey: neuron.identity(),
                coldkey: neuron.coldkey,
                amount: result.validator,
            };
            (place, payment)
        })
        .collect()
}

#[cfg(test)]
mod tests;
