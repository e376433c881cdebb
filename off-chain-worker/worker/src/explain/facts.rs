//! The parts of an explanation. Amounts are in rao. Shares are fractions of one, as exact as in the
//! kernel; those in a [`ResultFact`], weights and bonds are parts of 65535.

use inktensor_primitives::{
    kernel::{Budget, NeuronResult},
    Bps, Rao,
};
use serde::Serialize;

/// The explanation of a neuron's pay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The subnet.
    pub netuid: u16,
    /// The epoch.
    pub epoch: u32,
    /// Block at which the epoch closed.
    pub closed_at: u64,
    /// Number of neurons.
    pub neurons: u16,
    /// Number of uids on the roster.
    pub permits: usize,
    /// `yuma`, `mean` or `unknown`. Only of Yuma the inner terms are explained.
    pub kernel: &'static str,
    /// Code hash of the kernel.
    pub kernel_code: String,
    /// The posted assertion; `None` without a chain or an assertion.
    pub posted: Option<PostedFact>,
    /// The neuron.
    pub neuron: NeuronFact,
    /// Result of the epoch.
    pub result: ResultFact,
    /// Budget of the epoch.
    pub budget: BudgetFact,
    /// Pay of the neuron.
    pub pay: PayFact,
    /// Weights for the neuron, as on the chain.
    pub received: Vec<WeightFact>,
    /// Weights of the neuron, as on the chain.
    pub given: Vec<WeightFact>,
    /// Inner terms of the Yuma kernel; `None` for an unknown kernel.
    pub terms: Option<YumaFacts>,
    /// Recomputed values beside those of the epoch.
    pub checks: Vec<CheckFact>,
}

impl Explanation {
    /// Returns true if all recomputed values agree with the epoch, and the epoch with what was
    /// posted.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
            && self.posted.as_ref().is_none_or(|posted| posted.correct)
    }
}

/// A neuron, as consensus sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeuronFact {
    /// Uid of the neuron.
    pub uid: u16,
    /// Address of the hotkey.
    pub hotkey: Option<String>,
    /// Address of the coldkey.
    pub coldkey: Option<String>,
    /// True for the subnet owner's neuron.
    pub owner: bool,
    /// Stake of the hotkey on the subnet.
    pub stake: u64,
    /// Block of the registration.
    pub registered_at: u64,
    /// Block of the last weights, or of the registration.
    pub last_update: u64,
    /// Block of the earliest unrevealed commit.
    pub commit_block: Option<u64>,
    /// True if the neuron's weights can count in this epoch.
    pub on_roster: bool,
    /// True if the neuron holds a permit. The owner needs none.
    pub permit: bool,
    /// True if the neuron registered after the last final epoch.
    pub newcomer: bool,
}

/// The result of an epoch for a neuron; shares in parts of 65535.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResultFact {
    /// Share of all miners' rewards.
    pub incentive: u16,
    /// Share of all validators' rewards.
    pub dividends: u16,
    /// Weight that the majority agrees on.
    pub consensus: u16,
    /// Part of the neuron's weights that consensus leaves.
    pub validator_trust: u16,
    /// Share of the subnet's stake.
    pub stake_weight: u16,
    /// True if the neuron updated weights within the activity cutoff.
    pub active: bool,
    /// True if the neuron holds a permit in the next epoch.
    pub next_permit: bool,
    /// Sum of both rewards, as the kernel rounds it.
    pub emission: u64,
}

impl ResultFact {
    pub(super) const fn of(result: &NeuronResult) -> Self {
        Self {
            incentive: result.incentive,
            dividends: result.dividends,
            consensus: result.consensus,
            validator_trust: result.validator_trust,
            stake_weight: result.stake_weight,
            active: result.active,
            next_permit: result.permit,
            emission: result.emission.0,
        }
    }
}

/// The budget of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BudgetFact {
    /// Whole budget.
    pub total: u64,
    /// Part of the miners; `None` if incentive and dividends divide one whole.
    pub miners: Option<u64>,
    /// Part of the validators and their stakers.
    pub validators: Option<u64>,
    /// Sum of the results for miners.
    pub to_miners: u128,
    /// Sum of the results for validators and their stakers.
    pub to_validators: u128,
    /// The rest of the epoch's money, from the chain's events; `None` without a chain.
    pub chain: Option<MoneyFact>,
}

impl BudgetFact {
    pub(super) fn of(
        budget: &Budget,
        to_miners: u128,
        to_validators: u128,
        chain: Option<MoneyFact>,
    ) -> Self {
        let (miners, validators) = match budget {
            Budget::Split { miners, validators } => (Some(miners.0), Some(validators.0)),
            Budget::Combined(_) => (None, None),
        };
        Self {
            total: budget.total().0,
            miners,
            validators,
            to_miners,
            to_validators,
            chain,
        }
    }
}

/// The money of an epoch, from the chain's events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MoneyFact {
    /// Share of the subnet's owner.
    pub owner: u64,
    /// Share of the treasury.
    pub treasury: u64,
    /// Share of the account that computes the epoch.
    pub proposer: u64,
    /// Share of the accounts that settle it.
    pub keeper: u64,
    /// Fees paid so far.
    pub fees_paid: u64,
    /// Pay of the explained neuron's chunk; `None` before its settlement.
    pub chunk_paid: Option<u64>,
    /// Pay of all neurons; `None` before the settlement ends.
    pub paid: Option<u64>,
    /// Remainder for the next epoch; `None` before it is known.
    pub carried: Option<u64>,
}

/// The posted assertion of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PostedFact {
    /// Digest of the assertion.
    pub assertion: String,
    /// `standing`, `final` or `slashed`.
    pub fate: &'static str,
    /// True if the inputs lead to it. If not, the explained epoch is not the posted one.
    pub correct: bool,
}

/// The pay of a neuron.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayFact {
    /// Pay as a miner, owed to the coldkey.
    pub miner: u64,
    /// Pay as a validator, to the coldkey and the stakers.
    pub validator: u64,
    /// Division of the pay as a validator.
    pub take: Option<TakeFact>,
}

/// The division of a validator's pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TakeFact {
    /// Part of the hotkey's parents, whose stake counted for it.
    pub parents: u64,
    /// The owner's take of the rest, in basis points.
    pub take: u16,
    /// The owner's part, which is owed until it is collected.
    pub owner: u64,
    /// Part of all stakers of the hotkey on the subnet, the owner included, by stake.
    pub stakers: u64,
    /// Part of all root stakers of the hotkey.
    pub root: u64,
}

impl TakeFact {
    pub(super) fn of(take: Bps, validator: Rao, parents: Rao, root: Rao) -> Self {
        let own = Rao(validator.0.saturating_sub(parents.0));
        let owner = take.of(own);
        Self {
            parents: parents.0,
            take: take.0,
            owner: owner.0,
            stakers: own.0.saturating_sub(owner.0).saturating_sub(root.0),
            root: root.0,
        }
    }
}

/// A weight as on the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WeightFact {
    /// The other neuron: the validator of a received weight, the weighed one of a given weight.
    pub uid: u16,
    /// Hotkey of the other neuron.
    pub hotkey: Option<String>,
    /// The weight.
    pub weight: u16,
}

/// The inner terms of the Yuma kernel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct YumaFacts {
    /// Sum of the stake that counts.
    pub total_stake: u128,
    /// The neuron's stake that counts.
    pub counted_stake: u64,
    /// Share of the neuron in that sum.
    pub stake_share: f64,
    /// True if the neuron has set weights within the activity cutoff.
    pub active: bool,
    /// True if the neuron's weights count in this epoch.
    pub permitted: bool,
    /// True if bonds in the neuron were dropped: it registered after the last epoch.
    pub forgotten: bool,
    /// Majority of the active stake that consensus needs.
    pub kappa: f64,
    /// Validators that weigh the neuron.
    pub voices: Vec<VoiceFact>,
    /// Highest weight that the majority gives it.
    pub consensus: f64,
    /// Active stake that gives at least this weight.
    pub support: f64,
    /// Sum of the validators' contributions.
    pub rank: f64,
    /// Sum of all ranks.
    pub rank_total: f64,
    /// Share of the neuron in all ranks.
    pub incentive: f64,
    /// Sum of all incentive.
    pub incentive_total: f64,
    /// Terms of the neuron as a validator.
    pub seat: Option<SeatFact>,
    /// Sum of all dividends.
    pub dividends_total: f64,
    /// Replacement for dividends if there are none: `active stake` or `stake`.
    pub stand_in: Option<&'static str>,
}

/// A validator's weight for the neuron.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VoiceFact {
    /// The validator.
    pub uid: u16,
    /// Hotkey of the validator.
    pub hotkey: Option<String>,
    /// The weight as given.
    pub weight: u16,
    /// Reason for which the weight does not count.
    pub void: Option<&'static str>,
    /// The weight as a share of the validator's weights that count.
    pub share: f64,
    /// The validator's share of the active stake.
    pub stake: f64,
    /// Part of the share that consensus leaves.
    pub left: f64,
    /// Part of the share that consensus cuts off.
    pub cut: f64,
    /// Contribution to the rank.
    pub adds: f64,
}

/// The terms of a validator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeatFact {
    /// Share of the active stake.
    pub stake: f64,
    /// Weights and bonds.
    pub bonds: Vec<BondFact>,
    /// Sum of the weights that consensus leaves.
    pub trust: f64,
    /// Sum of the yields of all bonds.
    pub earned: f64,
    /// The same by active stake, if the subnet's rule uses it.
    pub weighed: f64,
    /// Sum of that over all validators.
    pub weighed_total: f64,
    /// Share in that sum.
    pub dividends: f64,
}

/// A validator's weight for, and bonds in, one neuron.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BondFact {
    /// The neuron.
    pub uid: u16,
    /// Hotkey of the neuron.
    pub hotkey: Option<String>,
    /// The weight as given.
    pub weight: u16,
    /// Reason for which the weight does not count.
    pub void: Option<&'static str>,
    /// The weight as a share of those that count.
    pub share: f64,
    /// Consensus on the neuron.
    pub consensus: f64,
    /// Part of the share that consensus leaves.
    pub left: f64,
    /// Part of the share that consensus cuts off.
    pub cut: f64,
    /// Bond from the last epoch.
    pub before: u16,
    /// Part of that bond that counts.
    pub counted: u16,
    /// New bond.
    pub after: u16,
    /// The neuron's incentive.
    pub incentive: f64,
    /// Yield of the bond.
    pub yields: f64,
}

/// A recomputed value beside the one of the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckFact {
    /// Name of the value.
    pub what: String,
    /// Recomputed value.
    pub found: u128,
    /// Value of the epoch, or its upper bound.
    pub epoch: u128,
    /// True if the two agree.
    pub holds: bool,
}

impl CheckFact {
    pub(super) fn equal(what: impl Into<String>, found: u128, epoch: u128) -> Self {
        Self {
            what: what.into(),
            found,
            epoch,
            holds: found == epoch,
        }
    }

    pub(super) fn at_most(what: impl Into<String>, found: u128, most: u128) -> Self {
        Self {
            what: what.into(),
            found,
            epoch: most,
            holds: found <= most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_before_the_take() {
        let fact = TakeFact::of(Bps(1_000), Rao(1_000), Rao(400), Rao(140));
        assert_eq!((fact.parents, fact.owner), (400, 60));
        assert_eq!((fact.stakers, fact.root), (400, 140));
    }
}
