//! The values that the chain recorded at settlement, compared with the honest ones.

use super::VerifyError;
use crate::history::ChunkPay;
use inktensor_client::{
    chain::{ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_compute::epoch::Trace;
use inktensor_primitives::{
    assertion::memory_digest,
    epoch::{Epochs, Settlement},
    kernel::NeuronResult,
    registry::{NeuronView, Registry},
    Digest, Rao, Uid, PAGE,
};
use std::collections::BTreeMap;

/// A recorded value of a neuron that differs from the honest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueDifference {
    /// The neuron.
    pub uid: Uid,
    /// Name of the value: a field of `NeuronResult`.
    pub value: &'static str,
    /// Honest value. Shares are parts of 65535, amounts are rao, booleans are 0 or 1.
    pub honest: u64,
    /// Recorded value.
    pub recorded: u64,
}

/// A chunk whose pay differs from the honest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The chunk.
    pub chunk: u16,
    /// Honest pay.
    pub honest: Rao,
    /// Actual pay.
    pub paid: Rao,
}

/// The recorded values that could be read.
#[derive(Default)]
pub(super) struct Recorded {
    pub values: Vec<ValueDifference>,
    pub paid: Vec<Paid>,
    /// Chunks whose values could be read.
    pub seen: Vec<u16>,
}

/// Record of an epoch on the chain.
pub(super) struct Record<'a> {
    /// Pay of each chunk, as far as the events of its settlement are known.
    pub paid: &'a BTreeMap<u16, ChunkPay>,
    /// True if the scores on the chain are those of this epoch.
    pub is_last: bool,
    /// Settlement of the epoch; `None` if it is over.
    pub settling: Option<&'a Settlement>,
}

impl Record<'_> {
    /// Returns true if all of the chunk's `neurons` are paid.
    fn is_settled(&self, chunk: u16, neurons: usize) -> bool {
        self.paid
            .get(&chunk)
            .is_some_and(|pay| usize::from(pay.neurons) >= neurons)
            || self
                .settling
                .is_none_or(|settling| settling.is_settled(chunk))
    }
}

/// Compares the chain's record of the settled chunks with `honest`.
pub(super) fn compare(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    honest: &Trace,
    record: Record<'_>,
) -> Result<Recorded, VerifyError> {
    let mut found = Recorded::default();
    for (chunk, pay) in record.paid {
        let results = honest.results.get(usize::from(*chunk));
        let results = results.map(Vec::as_slice).unwrap_or_default();
        // The rest is not paid yet, or its event is not known.
        if usize::from(pay.neurons) < results.len() {
            continue;
        }
        let due = results.iter().fold(0u64, |sum, it| {
            sum.saturating_add(it.miner.0)
                .saturating_add(it.validator.0)
        });
        if pay.paid != Rao(due) {
            found.paid.push(Paid {
                chunk: *chunk,
                honest: Rao(due),
                paid: pay.paid,
            });
        }
    }
    if !record.is_last {
        return Ok(found);
    }
    let recorded = scores(chain, contracts, honest)?;
    let mut uid = 0u16;
    for (chunk, results) in (0..).zip(&honest.results) {
        let settled = record.is_settled(chunk, results.len());
        for result in results {
            if let Some(score) = recorded.get(&uid).filter(|_| settled) {
                found.values.extend(differences(Uid(uid), result, score));
            }
            uid = uid.saturating_add(1);
        }
        if settled {
            found.seen.push(chunk);
        }
    }
    Ok(found)
}

/// The recorded memory, compared with the honest one.
#[derive(Default)]
pub(super) struct RecordedMemory {
    /// Chunks whose memory has another hash.
    pub differs: Vec<u16>,
    /// Number of chunks whose hash the chain has.
    pub seen: usize,
}

/// Compares the hashes of the memory that the last final epoch left with `honest`, which is that
/// epoch.
pub(super) fn memory(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    honest: &Trace,
) -> Result<RecordedMemory, VerifyError> {
    let hashes: Vec<Option<Digest>> =
        chain.query(contracts.epoch().memory_hashes(honest.netuid))?;
    let mut found = RecordedMemory::default();
    for (chunk, (hash, bytes)) in (0..).zip(hashes.iter().zip(&honest.memory)) {
        let Some(hash) = hash else {
            continue;
        };
        found.seen = found.seen.saturating_add(1);
        if memory_digest(honest.netuid, honest.epoch, chunk, bytes) != *hash {
            found.differs.push(chunk);
        }
    }
    Ok(found)
}

/// Reads the recorded score of each uid that had its neuron when the epoch closed.
fn scores(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    honest: &Trace,
) -> Result<BTreeMap<u16, NeuronResult>, VerifyError> {
    let neurons = honest.neurons().count();
    let pages = neurons.div_ceil(usize::from(PAGE));
    let mut scores = BTreeMap::new();
    for page in 0..u16::try_from(pages).unwrap_or(u16::MAX) {
        let message = contracts.registry().metagraph(honest.netuid, page);
        let views: Vec<NeuronView> = chain.query(message)?;
        // A neuron that registered later has no score.
        let seated = views
            .into_iter()
            .filter(|view| view.neuron.registered_epoch <= honest.epoch);
        scores.extend(seated.map(|view| (view.uid.0, view.score)));
    }
    Ok(scores)
}

fn differences(
    uid: Uid,
    honest: &NeuronResult,
    recorded: &NeuronResult,
) -> impl Iterator<Item = ValueDifference> {
    let values = |it: &NeuronResult| {
        [
            ("incentive", u64::from(it.incentive)),
            ("dividends", u64::from(it.dividends)),
            ("consensus", u64::from(it.consensus)),
            ("validator_trust", u64::from(it.validator_trust)),
            ("stake_weight", u64::from(it.stake_weight)),
            ("active", u64::from(it.active)),
            ("permit", u64::from(it.permit)),
            ("miner", it.miner.0),
            ("validator", it.validator.0),
            ("emission", it.emission.0),
        ]
    };
    values(honest)
        .into_iter()
        .zip(values(recorded))
        .filter(|(honest, recorded)| honest != recorded)
        .map(move |((value, honest), (_, recorded))| ValueDifference {
            uid,
            value,
            honest,
            recorded,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_that_differs_is_named() {
        let honest = NeuronResult {
            incentive: 5,
            miner: Rao(7),
            ..NeuronResult::default()
        };
        let recorded = NeuronResult {
            incentive: 6,
            permit: true,
            ..honest
        };
        let difference = |value, honest, recorded| ValueDifference {
            uid: Uid(3),
            value,
            honest,
            recorded,
        };
        assert_eq!(differences(Uid(3), &honest, &honest).count(), 0);
        let found: Vec<_> = differences(Uid(3), &honest, &recorded).collect();
        assert_eq!(
            found,
            [difference("incentive", 5, 6), difference("permit", 0, 1)]
        );
    }
}
