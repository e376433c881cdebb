//! False results of neurons.

use super::super::{case::Case, rng::Rng};
use inktensor_primitives::{assertion::Assertion, kernel::NeuronResult, Rao};
use std::fmt;

/// A change of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultChange {
    /// `NeuronResult::incentive`.
    Incentive,
    /// `NeuronResult::dividends`.
    Dividends,
    /// `NeuronResult::consensus`.
    Consensus,
    /// `NeuronResult::validator_trust`.
    ValidatorTrust,
    /// `NeuronResult::stake_weight`.
    StakeWeight,
    /// `NeuronResult::active`.
    Active,
    /// `NeuronResult::permit`.
    Permit,
    /// `NeuronResult::miner`.
    Miner,
    /// `NeuronResult::validator`.
    Validator,
    /// `NeuronResult::emission`.
    Emission,
    /// Pay moved from one neuron to another; the sum is the same.
    Moved,
    /// The results of two neurons swapped.
    Swapped,
    /// A result removed.
    Missing,
    /// A result repeated.
    TooMany,
    /// The results of another chunk.
    Borrowed,
}

impl ResultChange {
    /// All changes.
    pub const ALL: [ResultChange; 15] = [
        ResultChange::Incentive,
        ResultChange::Dividends,
        ResultChange::Consensus,
        ResultChange::ValidatorTrust,
        ResultChange::StakeWeight,
        ResultChange::Active,
        ResultChange::Permit,
        ResultChange::Miner,
        ResultChange::Validator,
        ResultChange::Emission,
        ResultChange::Moved,
        ResultChange::Swapped,
        ResultChange::Missing,
        ResultChange::TooMany,
        ResultChange::Borrowed,
    ];
}

/// Falsifies the results of a chunk.
pub fn results(case: &Case, rng: &mut Rng, change: ResultChange) -> Option<Assertion> {
    let mut trace = case.trace.clone();
    let c = rng.place(trace.results.len())?;
    let others = &case.trace.results[rng.below(trace.results.len())];
    let results = &mut trace.results[c];
    let i = rng.place(results.len())?;
    match change {
        ResultChange::Moved => {
            let (from, to) = rng.two(results.len())?;
            let amount = results[from].miner.0.min(1 + rng.bits() % 1_000_000);
            let room = results[to].miner.0.checked_add(amount)?;
            results[from].miner.0 -= amount;
            results[to].miner = Rao(room);
        }
        ResultChange::Swapped => {
            let (from, to) = rng.two(results.len())?;
            results.swap(from, to);
        }
        ResultChange::Missing => {
            results.remove(i);
        }
        ResultChange::TooMany => results.insert(i, results[i]),
        ResultChange::Borrowed => *results = others.clone(),
        field => field.falsify(&mut results[i], rng),
    }
    Some(trace.assertion())
}

impl ResultChange {
    fn falsify(self, it: &mut NeuronResult, rng: &mut Rng) {
        let share = |value: &mut u16, rng: &mut Rng| {
            *value = rng.pick([
                value.wrapping_add(1),
                value.wrapping_sub(1),
                0,
                u16::MAX,
                !*value,
            ]);
        };
        let amount = |value: &mut Rao, rng: &mut Rng| {
            value.0 = rng.pick([
                value.0.wrapping_add(1),
                value.0.wrapping_sub(1),
                value.0.wrapping_mul(2),
                0,
                u64::MAX,
            ]);
        };
        match self {
            ResultChange::Incentive => share(&mut it.incentive, rng),
            ResultChange::Dividends => share(&mut it.dividends, rng),
            ResultChange::Consensus => share(&mut it.consensus, rng),
            ResultChange::ValidatorTrust => share(&mut it.validator_trust, rng),
            ResultChange::StakeWeight => share(&mut it.stake_weight, rng),
            ResultChange::Active => it.active = !it.active,
            ResultChange::Permit => it.permit = !it.permit,
            ResultChange::Miner => amount(&mut it.miner, rng),
            ResultChange::Validator => amount(&mut it.validator, rng),
            _ => amount(&mut it.emission, rng),
        }
    }
}

impl fmt::Display for ResultChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ResultChange::Incentive => "incentive",
            ResultChange::Dividends => "dividends",
            ResultChange::Consensus => "consensus",
            ResultChange::ValidatorTrust => "validator trust",
            ResultChange::StakeWeight => "stake weight",
            ResultChange::Active => "active",
            ResultChange::Permit => "permit",
            ResultChange::Miner => "miner's pay",
            ResultChange::Validator => "validator's pay",
            ResultChange::Emission => "emission",
            ResultChange::Moved => "pay moved to another, the sum kept",
            ResultChange::Swapped => "two neurons swapped",
            ResultChange::Missing => "one missing",
            ResultChange::TooMany => "one too many",
            ResultChange::Borrowed => "another chunk's",
        })
    }
}
