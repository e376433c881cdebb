//! Lies about what neurons get.

use super::super::{case::Case, chance::Chance};
use inktensor_primitives::{assertion::Assertion, kernel::NeuronResult, Rao};
use std::fmt;

/// What is changed in results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pay {
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
    /// One neuron's pay goes to another; the sum stays.
    Moved,
    /// Two neurons' results change places.
    Swapped,
    /// A result is missing.
    Missing,
    /// There is one too many.
    TooMany,
    /// They are those of another chunk.
    Borrowed,
}

impl Pay {
    /// All kinds.
    pub const ALL: [Pay; 15] = [
        Pay::Incentive,
        Pay::Dividends,
        Pay::Consensus,
        Pay::ValidatorTrust,
        Pay::StakeWeight,
        Pay::Active,
        Pay::Permit,
        Pay::Miner,
        Pay::Validator,
        Pay::Emission,
        Pay::Moved,
        Pay::Swapped,
        Pay::Missing,
        Pay::TooMany,
        Pay::Borrowed,
    ];
}

/// Falsifies what a neuron gets.
pub fn pay(case: &Case, chance: &mut Chance, pay: Pay) -> Option<Assertion> {
    let mut trace = case.trace.clone();
    let c = chance.place(trace.results.len())?;
    let others = &case.trace.results[chance.below(trace.results.len())];
    let results = &mut trace.results[c];
    let i = chance.place(results.len())?;
    match pay {
        Pay::Moved => {
            let (from, to) = chance.two(results.len())?;
            let amount = results[from].miner.0.min(1 + chance.bits() % 1_000_000);
            let room = results[to].miner.0.checked_add(amount)?;
            results[from].miner.0 -= amount;
            results[to].miner = Rao(room);
        }
        Pay::Swapped => {
            let (from, to) = chance.two(results.len())?;
            results.swap(from, to);
        }
        Pay::Missing => {
            results.remove(i);
        }
        Pay::TooMany => results.insert(i, results[i]),
        Pay::Borrowed => *results = others.clone(),
        pay => pay.falsify(&mut results[i], chance),
    }
    Some(trace.assertion())
}

impl Pay {
    fn falsify(self, it: &mut NeuronResult, chance: &mut Chance) {
        let share = |value: &mut u16, chance: &mut Chance| {
            *value = chance.pick([
                value.wrapping_add(1),
                value.wrapping_sub(1),
                0,
                u16::MAX,
                !*value,
            ]);
        };
        let amount = |value: &mut Rao, chance: &mut Chance| {
            value.0 = chance.pick([
                value.0.wrapping_add(1),
                value.0.wrapping_sub(1),
                value.0.wrapping_mul(2),
                0,
                u64::MAX,
            ]);
        };
        match self {
            Pay::Incentive => share(&mut it.incentive, chance),
            Pay::Dividends => share(&mut it.dividends, chance),
            Pay::Consensus => share(&mut it.consensus, chance),
            Pay::ValidatorTrust => share(&mut it.validator_trust, chance),
            Pay::StakeWeight => share(&mut it.stake_weight, chance),
            Pay::Active => it.active = !it.active,
            Pay::Permit => it.permit = !it.permit,
            Pay::Miner => amount(&mut it.miner, chance),
            Pay::Validator => amount(&mut it.validator, chance),
            _ => amount(&mut it.emission, chance),
        }
    }
}

impl fmt::Display for Pay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pay::Incentive => "incentive",
            Pay::Dividends => "dividends",
            Pay::Consensus => "consensus",
            Pay::ValidatorTrust => "validator trust",
            Pay::StakeWeight => "stake weight",
            Pay::Active => "active",
            Pay::Permit => "permit",
            Pay::Miner => "miner's pay",
            Pay::Validator => "validator's pay",
            Pay::Emission => "emission",
            Pay::Moved => "pay moved to another, the sum kept",
            Pay::Swapped => "two neurons swapped",
            Pay::Missing => "one missing",
            Pay::TooMany => "one too many",
            Pay::Borrowed => "another chunk's",
        })
    }
}
