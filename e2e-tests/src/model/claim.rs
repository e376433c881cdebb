//! What a proposer may say of a closed epoch.

use super::Known;
use inktensor_primitives::{
    assertion::{results_digest, Assertion},
    kernel::NeuronResult,
    Rao, Uid,
};

/// What a proposer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// What the epoch comes to.
    Honest,
    /// Something else, in the right shape.
    Lie(Lie),
    /// The right thing, for another epoch.
    OtherHeader,
    /// A step too many.
    Misshapen,
}

/// What is changed in an honest assertion. Numbers wrap around at what the epoch has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// One step's digest.
    Step(u8),
    /// The digests of a step and of all after it.
    From(u8),
    /// What a chunk remembers.
    Memory(u8),
    /// What a chunk's neurons get: all for the first, within the budget.
    Results(u8),
    /// What a chunk's neurons get: more than there is.
    Overpay(u8),
    /// Who gets a permit.
    Roster,
}

impl Lie {
    /// Whether the next epoch can be computed if this one becomes final: what a chunk remembers
    /// must be known, and of the form that goes with the roster.
    pub fn leaves_a_future(self) -> bool {
        !matches!(self, Lie::Memory(_) | Lie::Roster)
    }
}

/// An assertion, and the results that open its hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// What is posted.
    pub assertion: Assertion,
    /// What each chunk would be settled with.
    pub results: Vec<Vec<NeuronResult>>,
}

impl Claim {
    /// What is posted by this claim about an epoch that is `known`.
    pub fn about(self, known: &Known) -> Claimed {
        let mut claimed = Claimed {
            assertion: known.honest.clone(),
            results: known.trace.results.clone(),
        };
        match self {
            Claim::Honest => {}
            Claim::Lie(lie) => claimed.bend(lie, known),
            Claim::OtherHeader => claimed.assertion.header_hash[0] ^= 1,
            Claim::Misshapen => claimed.assertion.steps.push([0; 32]),
        }
        claimed
    }
}

impl Claimed {
    fn bend(&mut self, lie: Lie, known: &Known) {
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
                // Not what is honestly due to it, whatever that is.
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

    /// Lets the first neuron of a chunk have `amount` and the others nothing.
    fn pay_the_first(&mut self, chunk: usize, amount: Rao, known: &Known) {
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

/// All that a neuron gets.
pub(super) fn pay(result: &NeuronResult) -> u64 {
    result.miner.0 + result.validator.0
}
