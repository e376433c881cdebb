//! Settlement of a final epoch, chunk by chunk: the budget, the hashes of results, the payments.

use crate::closed_epoch::{ClosedEpoch, Memory};
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{
    assertion::{memory_digest, results_digest, Assertion},
    epoch::{EpochError, Settlement},
    kernel::NeuronResult,
    registry::Neuron,
    staking::Payment,
    Digest, NetUid, Rao, Uid,
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

/// A chunk to settle, with its final results and memory.
#[derive(Clone, Copy, Debug)]
pub struct ChunkOutcome<'a> {
    /// The chunk.
    pub chunk: u16,
    /// Results, one per neuron.
    pub results: &'a [NeuronResult],
    /// Memory.
    pub memory: &'a [u8],
}

impl<'a> ChunkOutcome<'a> {
    /// Makes the outcome of `chunk`.
    pub const fn new(chunk: u16, results: &'a [NeuronResult], memory: &'a [u8]) -> Self {
        Self {
            chunk,
            results,
            memory,
        }
    }
}

/// The neurons of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first uid.
    pub start: Uid,
    /// Number of neurons.
    pub len: u16,
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
            (self.replayed || self.settlement.is_settled(chunk)).then_some(*hash)
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

    /// Settles a chunk. Returns the chunk's neurons and the sum of their pay.
    ///
    /// # Errors
    /// `NotSettling`, `ChunkOutOfRange`, `AlreadySettled`, `ResultsMismatch`, `MemoryMismatch`,
    /// `OverBudget`, in this order.
    pub fn settle(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        outcome: &ChunkOutcome,
    ) -> Result<(Span, Rao), EpochError> {
        let ChunkOutcome {
            chunk,
            results,
            memory,
        } = *outcome;
        let settlement = &mut self.settlement;
        if settlement.epoch != epoch {
            return Err(EpochError::NotSettling);
        }
        let Some(expected) = self.results.get(usize::from(chunk)) else {
            return Err(EpochError::ChunkOutOfRange(settlement.chunks()));
        };
        if settlement.is_settled(chunk) {
            return Err(EpochError::AlreadySettled);
        }
        let start = chunk.saturating_mul(settlement.chunk);
        let len = settlement
            .neurons
            .saturating_sub(start)
            .min(settlement.chunk);
        if results.len() != usize::from(len)
            || results_digest(netuid, epoch, chunk, results) != *expected
        {
            return Err(EpochError::ResultsMismatch);
        }
        let left = self.memory.get(usize::from(chunk));
        if left != Some(&memory_digest(netuid, epoch, chunk, memory)) {
            return Err(EpochError::MemoryMismatch);
        }
        // A sum that overflows is above the budget.
        let left = settlement
            .budget
            .checked_sub(settlement.paid)
            .ok_or(EpochError::Overflow)?;
        let pay = total_pay(results)
            .filter(|pay| *pay <= left)
            .ok_or(EpochError::OverBudget(left))?;
        settlement.paid = settlement
            .paid
            .checked_add(pay)
            .ok_or(EpochError::Overflow)?;
        if let Some(byte) = settlement.settled.get_mut(usize::from(chunk / 8)) {
            *byte |= 1u8 << (chunk % 8);
        }
        let start = Uid(start);
        Ok((Span { start, len }, pay))
    }
}

/// Returns the sum of the pay in `results`, or `None` if it overflows.
fn total_pay(results: &[NeuronResult]) -> Option<Rao> {
    results.iter().try_fold(Rao::ZERO, |sum, result| {
        sum.checked_add(result.miner)?.checked_add(result.validator)
    })
}

/// Returns the payments for `results` to the neurons that had the seats. A neuron without pay has
/// no payment.
pub fn payments(neurons: &[Neuron], results: &[NeuronResult]) -> Vec<Payment> {
    neurons
        .iter()
        .zip(results)
        .filter(|(_, result)| !(result.miner.is_zero() && result.validator.is_zero()))
        .map(|(neuron, result)| Payment {
            hotkey: neuron.identity(),
            coldkey: neuron.coldkey,
            miner: result.miner,
            validator: result.validator,
        })
        .collect()
}

#[cfg(test)]
mod tests;
