//! Settlement of a final epoch, chunk by chunk: the budget, the hashes of results, the payments.

use crate::closed_epoch::ClosedEpoch;
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{
    assertion::results_digest,
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
    /// Begins to settle `closed`, which becomes final at `block`.
    pub fn begin(closed: &ClosedEpoch, results: Vec<Digest>, block: u32) -> Self {
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
            results,
        }
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

    /// Settles `chunk` with `results`. Returns the chunk's neurons and the sum of their pay.
    ///
    /// # Errors
    /// `NotSettling`, `ChunkOutOfRange`, `AlreadySettled`, `ResultsMismatch`, `OverBudget`, in this
    /// order.
    pub fn settle(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        chunk: u16,
        results: &[NeuronResult],
    ) -> Result<(Span, Rao), EpochError> {
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
