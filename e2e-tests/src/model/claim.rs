//! The assertions that a proposer may post about a closed epoch.

use super::HonestEpoch;
use inktensor_primitives::{
    assertion::{results_digest, Assertion},
    kernel::NeuronResult,
    Rao, Uid,
};

/// A kind of assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The honest assertion.
    Honest,
    /// A false assertion of the right shape.
    Lie(Lie),
    /// The honest assertion with another header hash.
    OtherHeader,
    /// An assertion with an extra step.
    Misshapen,
}

/// A change of the honest assertion. Indices wrap around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// The digest of a step.
    Step(u8),
    /// The digests of a step and of all after it.
    From(u8),
    /// The carry-over state of a chunk.
    Memory(u8),
    /// The results of a chunk: all pay for the first neuron, within the budget.
    Results(u8),
    /// The results of a chunk: more than the budget.
    Overpay(u8),
    /// The roster.
    Roster,
}

impl Lie {
    /// Returns true if the next epoch can be computed once this lie is final: the carry-over state
    /// must be known and fit the roster.
    pub fn can_be_continued(self) -> bool {
        !matches!(self, Lie::Memory(_) | Lie::Roster)
    }
}

/// An assertion, and the results that open its hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The posted assertion.
    pub assertion: Assertion,
    /// The results to settle each chunk with.
    pub results: Vec<Vec<NeuronResult>>,
}

impl Claim {
    /// Returns the assertion of this kind about the epoch `known`.
    pub fn about(self, known: &HonestEpoch) -> Claimed {
        let mut claimed = Claimed {
            assertion: known.assertion.clone(),
            results: known.trace.results.clone(),
        };
        match self {
            Claim::Honest => {}
            Claim::Lie(lie) => claimed.falsify(lie, known),
            Claim::OtherHeader => claimed.assertion.header_hash[0] ^= 1,
            Claim::Misshapen => claimed.assertion.steps.push([0; 32]),
        }
        claimed
    }
}

impl Claimed {
    fn falsify(&mut self, lie: Lie, known: &HonestEpoch) {
        let assertion = &mut self.assertion;
        let wrap = |place: u8, len: usize| usize::from(place) % len;
        match lie {
            Lie::Step(k) => {
                let k = wrap(k, assertion.steps.len());
                assertion.steps[k][0] ^= 1;
            }
            Lie::From(k) => {
                let k = wrap(k, assertion.steps.len());
                for step in assertion.steps.iter_mut().skip(k) {
                    step[0] ^= 1;
                }
            }
            Lie::Memory(chunk) => {
                let chunk = wrap(chunk, assertion.memory.len());
                assertion.memory[chunk][0] ^= 1;
            }
            Lie::Results(chunk) => {
                let chunk = wrap(chunk, assertion.results.len());
                let honest: u64 = self.results[chunk].iter().map(pay).sum();
                // Differs from the honest pay of the neuron in any case.
                self.pay_the_first(chunk, Rao(honest / 2 + 1), known);
            }
            Lie::Overpay(chunk) => {
                let chunk = wrap(chunk, assertion.results.len());
                let budget = known.inputs.header.budget.total();
                self.pay_the_first(chunk, Rao(budget.0 + 1), known);
            }
            Lie::Roster => {
                assertion.roster = match assertion.roster.as_slice() {
                    [Uid(0)] => Vec::new(),
                    _ => vec![Uid(0)],
                };
            }
        }
    }

    /// Pays `amount` to the first neuron of a chunk and nothing to the others.
    fn pay_the_first(&mut self, chunk: usize, amount: Rao, known: &HonestEpoch) {
        let header = &known.inputs.header;
        let results = &mut self.results[chunk];
        for result in results.iter_mut() {
            result.miner = Rao::ZERO;
            result.validator = Rao::ZERO;
        }
        results[0].miner = amount;
        let place = u16::try_from(chunk).expect("few chunks");
        self.assertion.results[chunk] = results_digest(header.netuid, header.epoch, place, results);
    }
}

/// Returns the whole pay of a neuron.
pub(super) fn pay(result: &NeuronResult) -> u64 {
    result.miner.0 + result.validator.0
}
