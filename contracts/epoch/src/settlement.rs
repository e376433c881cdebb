//! Paying a final epoch out, chunk by chunk: which chunk is due, what it may cost, whom it pays.

use crate::frozen::ClosedEpoch;
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{
    assertion::results_digest,
    epoch::{EpochError, Settlement},
    kernel::NeuronResult,
    registry::Neuron,
    staking::Payment,
    Digest, NetUid, Rao, Uid,
};

/// A settlement in progress: what is shown to all, and the hashes that results must have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Settling {
    /// How far it is.
    pub settlement: Settlement,
    /// One hash per chunk.
    pub results: Vec<Digest>,
}

/// The neurons of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub start: Uid,
    /// How many.
    pub len: u16,
}

impl Settling {
    /// Begins to settle an epoch that became final at `block`.
    pub fn begin(closed: &ClosedEpoch, results: Vec<Digest>, block: u32) -> Self {
        let ClosedEpoch { header, plan, .. } = closed;
        let chunks = plan.chunks(header.neurons);
        let bytes = chunks.div_ceil(8);
        // Rounded down; what is left is carried on with the rest of the budget.
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

    /// First block at which the settlement no longer holds the next close up. Until that close it
    /// can go on.
    ///
    /// # Errors
    /// `Overflow` beyond the last block there can be.
    pub fn held_until(&self, settle_window: u32) -> Result<u32, EpochError> {
        self.settlement
            .final_at
            .checked_add(settle_window)
            .ok_or(EpochError::Overflow)
    }

    /// Settles `chunk` with `results`. Returns its neurons and what they are to be paid.
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
        // A sum beyond all numbers is beyond the budget.
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

/// What `results` pay, or `None` beyond all numbers.
fn total_pay(results: &[NeuronResult]) -> Option<Rao> {
    results.iter().try_fold(Rao::ZERO, |sum, result| {
        sum.checked_add(result.miner)?.checked_add(result.validator)
    })
}

/// The payments for `results` to the neurons that had the seats; nothing for those who get nothing.
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
mod tests {
    use super::*;
    use crate::testing;
    use inktensor_primitives::{kernel::Budget, AccountId};
    use proptest::prelude::*;

    const NETUID: NetUid = NetUid(3);
    const EPOCH: u32 = 4;

    fn account(byte: u8) -> AccountId {
        AccountId::from([byte; 32])
    }

    fn result(miner: u64, validator: u64) -> NeuronResult {
        NeuronResult {
            miner: Rao(miner),
            validator: Rao(validator),
            ..Default::default()
        }
    }

    /// An epoch of `chunks`, all of 2 uids but the last, which may have one.
    fn settling(budget: u64, chunks: &[Vec<NeuronResult>]) -> Settling {
        let mut closed = testing::closed_epoch(EPOCH, None, &[]);
        let neurons: usize = chunks.iter().map(Vec::len).sum();
        closed.header.neurons = u16::try_from(neurons).unwrap();
        closed.header.budget = Budget::Split {
            miners: Rao(budget / 2),
            validators: Rao(budget - budget / 2),
        };
        closed.plan.chunk = 2;
        let hashes = (0u16..)
            .zip(chunks)
            .map(|(chunk, results)| results_digest(NETUID, EPOCH, chunk, results))
            .collect();
        Settling::begin(&closed, hashes, 100)
    }

    #[test]
    fn each_chunk_is_paid_once() {
        let chunks = [vec![result(1, 2), result(3, 0)], vec![result(0, 4)]];
        let mut settling = settling(10, &chunks);
        let span = |start, len| Span {
            start: Uid(start),
            len,
        };
        assert_eq!(
            settling.settle(NETUID, EPOCH, 1, &chunks[1]),
            Ok((span(2, 1), Rao(4)))
        );
        assert_eq!(
            settling.settle(NETUID, EPOCH, 1, &chunks[1]),
            Err(EpochError::AlreadySettled)
        );
        assert!(!settling.settlement.is_complete());
        assert_eq!(
            settling.settle(NETUID, EPOCH, 0, &chunks[0]),
            Ok((span(0, 2), Rao(6)))
        );
        assert!(settling.settlement.is_complete());
        assert_eq!(settling.settlement.paid, Rao(10));
    }

    #[test]
    fn only_what_became_final_is_paid() {
        let chunks = [vec![result(1, 2), result(3, 0)], vec![result(0, 4)]];
        let mut settling = settling(10, &chunks);
        let before = settling.clone();
        let mut refused = |epoch, chunk, results: &[NeuronResult]| {
            let error = settling.settle(NETUID, epoch, chunk, results).unwrap_err();
            assert_eq!(settling, before);
            error
        };
        assert_eq!(refused(EPOCH + 1, 0, &chunks[0]), EpochError::NotSettling);
        assert_eq!(
            refused(EPOCH, 2, &chunks[0]),
            EpochError::ChunkOutOfRange(2)
        );
        assert_eq!(refused(EPOCH, 0, &chunks[1]), EpochError::ResultsMismatch);
        assert_eq!(
            refused(EPOCH, 0, &[result(1, 2)]),
            EpochError::ResultsMismatch
        );
    }

    #[test]
    fn results_of_the_wrong_length_are_never_paid() {
        // A false epoch that nobody disputed may have hashed any list.
        let mut settling = settling(10, &[vec![result(1, 1); 2]]);
        let long = vec![result(1, 1); 3];
        settling.results = vec![results_digest(NETUID, EPOCH, 0, &long)];
        assert_eq!(
            settling.settle(NETUID, EPOCH, 0, &long),
            Err(EpochError::ResultsMismatch)
        );
    }

    #[test]
    fn no_epoch_pays_more_than_its_budget() {
        let chunks = [vec![result(4, 2); 2], vec![result(u64::MAX, 1)]];
        let mut settling = settling(15, &chunks);
        assert!(settling.settle(NETUID, EPOCH, 0, &chunks[0]).is_ok());
        assert_eq!(
            settling.settle(NETUID, EPOCH, 1, &chunks[1]),
            Err(EpochError::OverBudget(Rao(3)))
        );
        assert!(!settling.settlement.is_settled(1));
    }

    #[test]
    fn each_chunk_earns_its_keeper_the_same() {
        let chunk = vec![result(0, 0); 2];
        let fee = |chunks: usize| settling(10, &vec![chunk.clone(); chunks]).settlement.fee;
        assert_eq!(fee(1), Rao(5));
        assert_eq!(fee(3), Rao(1));
        assert_eq!(fee(6), Rao(0));
        assert_eq!(fee(0), Rao(0));
    }

    #[test]
    fn holds_the_next_close_up_for_the_window() {
        assert_eq!(settling(0, &[]).held_until(20), Ok(120));
    }

    #[test]
    fn pays_who_gets_something() {
        let neuron = |byte| Neuron {
            hotkey: account(byte),
            coldkey: account(byte + 100),
            registered_at: 0,
            registered_epoch: 0,
            generation: 0,
            identity: None,
        };
        let neurons = [neuron(1), neuron(2), neuron(3)];
        let paid = payments(&neurons, &[result(5, 0), result(0, 0), result(0, 6)]);
        let expected = |byte, miner, validator| Payment {
            hotkey: account(byte),
            coldkey: account(byte + 100),
            miner: Rao(miner),
            validator: Rao(validator),
        };
        assert_eq!(paid, [expected(1, 5, 0), expected(3, 0, 6)]);
    }

    proptest! {
        /// In whatever order chunks come, each is settled once, and the epoch is complete after the last.
        #[test]
        fn the_bitmap_counts_every_chunk(
            order in (1u16..40).prop_flat_map(|chunks| {
                let all: Vec<u16> = (0..chunks).collect();
                Just(all).prop_shuffle()
            }),
            odd in any::<bool>(),
        ) {
            let mut chunks = vec![vec![result(1, 1); 2]; order.len()];
            if odd {
                chunks.last_mut().unwrap().pop();
            }
            let neurons: usize = chunks.iter().map(Vec::len).sum();
            let budget = u64::try_from(2 * neurons).unwrap();
            let mut settling = settling(budget, &chunks);
            prop_assert_eq!(usize::from(settling.settlement.chunks()), chunks.len());
            for (done, chunk) in order.iter().enumerate() {
                prop_assert!(!settling.settlement.is_complete());
                let settled = (0..settling.settlement.chunks())
                    .filter(|chunk| settling.settlement.is_settled(*chunk))
                    .count();
                prop_assert_eq!(settled, done);
                let results = &chunks[usize::from(*chunk)];
                prop_assert!(settling.settle(NETUID, EPOCH, *chunk, results).is_ok());
                prop_assert_eq!(
                    settling.settle(NETUID, EPOCH, *chunk, results),
                    Err(EpochError::AlreadySettled)
                );
            }
            prop_assert!(settling.settlement.is_complete());
            prop_assert_eq!(settling.settlement.paid, settling.settlement.budget);
        }
    }
}
