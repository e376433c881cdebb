//! What an explanation consists of. Amounts are in rao. Shares are fractions of one, exact as the
//! kernel has them; those in a [`ResultFact`], weights and bonds are parts of 65535.

use inktensor_primitives::{
    kernel::{Budget, NeuronResult},
    Bps, Rao,
};
use serde::Serialize;

/// Why a neuron gets what it gets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The subnet.
    pub netuid: u16,
    /// The epoch.
    pub epoch: u32,
    /// Block at which it closed.
    pub closed_at: u64,
    /// Neurons of the subnet.
    pub neurons: u16,
    /// Uids on the roster.
    pub permits: usize,
    /// `yuma`, or `unknown`: then only what every kernel shows is explained.
    pub kernel: &'static str,
    /// The kernel's code hash.
    pub kernel_code: String,
    /// What was posted on the chain; none if no chain was asked, or nothing was.
    pub posted: Option<PostedFact>,
    /// The neuron.
    pub neuron: NeuronFact,
    /// What the epoch found for it.
    pub result: ResultFact,
    /// What there is to pay.
    pub budget: BudgetFact,
    /// What it is paid.
    pub pay: PayFact,
    /// Weights for it, as on the chain.
    pub received: Vec<WeightFact>,
    /// Its own weights, as on the chain.
    pub given: Vec<WeightFact>,
    /// What the kernel found out on the way; none of a kernel that the worker does not know.
    pub terms: Option<YumaFacts>,
    /// What was found again, and in the epoch.
    pub checks: Vec<CheckFact>,
}

impl Explanation {
    /// Whether all that was found again is as in the epoch, and the epoch is what was posted.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
            && self.posted.as_ref().is_none_or(|posted| posted.correct)
    }
}

/// A neuron, as consensus was given it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeuronFact {
    /// Its seat.
    pub uid: u16,
    /// Address of the hotkey.
    pub hotkey: Option<String>,
    /// Address of its owner.
    pub coldkey: Option<String>,
    /// It is the subnet owner's.
    pub owner: bool,
    /// Stake behind it on the subnet.
    pub stake: u64,
    /// Block of its registration.
    pub registered_at: u64,
    /// Block of its last weights, or of its registration.
    pub last_update: u64,
    /// Block of its earliest commit that is not revealed.
    pub commit_block: Option<u64>,
    /// It may have weights that count in this epoch.
    pub on_roster: bool,
    /// It holds a permit. The owner needs none.
    pub permit: bool,
    /// It took its seat after the last final epoch.
    pub newcomer: bool,
}

/// What an epoch found for a neuron; shares in parts of 65535.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResultFact {
    /// Share of all miners' rewards.
    pub incentive: u16,
    /// Share of all validators' rewards.
    pub dividends: u16,
    /// Weight that the majority agrees on.
    pub consensus: u16,
    /// How much of its weights consensus left.
    pub validator_trust: u16,
    /// Share of the subnet's stake.
    pub stake_weight: u16,
    /// Has updated its weights lately.
    pub active: bool,
    /// Holds a permit in the next epoch.
    pub next_permit: bool,
    /// Reward in all, as the kernel rounds it.
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

/// What an epoch pays out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BudgetFact {
    /// All of it.
    pub total: u64,
    /// The miners' part; none if incentive and dividends divide one whole.
    pub miners: Option<u64>,
    /// The validators' and their stakers' part.
    pub validators: Option<u64>,
    /// What the results give to miners.
    pub to_miners: u128,
    /// What the results give to validators and their stakers.
    pub to_validators: u128,
    /// What the chain has told of the rest; none if no chain was asked.
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

/// What the chain has told of an epoch's money.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MoneyFact {
    /// Set aside for the subnet's owner.
    pub owner: u64,
    /// Set aside for the treasury.
    pub treasury: u64,
    /// Set aside for whoever computes the epoch.
    pub proposer: u64,
    /// Set aside for whoever settles it.
    pub keeper: u64,
    /// What was paid for computing and settling so far.
    pub fees_paid: u64,
    /// What the neurons of the explained one's chunk were paid; none before they are.
    pub chunk_paid: Option<u64>,
    /// What all neurons were paid; none before the pay-out is over.
    pub paid: Option<u64>,
    /// What was left for the next epoch; none before it is known.
    pub carried: Option<u64>,
}

/// What was posted for an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PostedFact {
    /// Digest of the assertion.
    pub assertion: String,
    /// `standing`, `final` or `slashed`.
    pub fate: &'static str,
    /// Whether it is what the inputs lead to. If not, what is explained is not what was posted.
    pub correct: bool,
}

/// What a neuron is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayFact {
    /// As miner, to its owner.
    pub miner: u64,
    /// As validator, to its owner and its stakers.
    pub validator: u64,
    /// How the pay as validator is divided.
    pub take: Option<TakeFact>,
}

/// The pay of a validator, divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TakeFact {
    /// What went to the hotkey's parents, whose stake weighed for it.
    pub parents: u64,
    /// The owner's take of the rest, in basis points.
    pub take: u16,
    /// The owner's part, as stake.
    pub owner: u64,
    /// For all who stake on the hotkey on the subnet, the owner with its part too, by stake.
    pub stakers: u64,
    /// For all who have root stake on the hotkey.
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
    /// The other neuron: the validator of a weight received, the weighed one of a weight given.
    pub uid: u16,
    /// Its hotkey.
    pub hotkey: Option<String>,
    /// The weight.
    pub weight: u16,
}

/// What the Yuma kernel found out on the way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct YumaFacts {
    /// Sum of the stake that counts.
    pub total_stake: u128,
    /// The neuron's stake that counts.
    pub counted_stake: u64,
    /// Its share of that.
    pub stake_share: f64,
    /// Has set weights within the activity cutoff.
    pub active: bool,
    /// Votes in this epoch.
    pub permitted: bool,
    /// Bonds in it were forgotten: it registered after the last epoch.
    pub forgotten: bool,
    /// Majority of the active stake that consensus asks for.
    pub kappa: f64,
    /// Who weighs it.
    pub voices: Vec<VoiceFact>,
    /// Highest weight that the majority gives it.
    pub consensus: f64,
    /// Active stake that gives it as much.
    pub support: f64,
    /// Sum of what its voices add.
    pub rank: f64,
    /// Sum of all ranks.
    pub rank_total: f64,
    /// Its share of all ranks.
    pub incentive: f64,
    /// Sum of all incentive.
    pub incentive_total: f64,
    /// What it does as a validator.
    pub seat: Option<SeatFact>,
    /// Sum of all dividends.
    pub dividends_total: f64,
    /// What stands in for dividends if there are none: `active stake` or `stake`.
    pub stand_in: Option<&'static str>,
}

/// A validator's weight for the neuron.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VoiceFact {
    /// The validator.
    pub uid: u16,
    /// Its hotkey.
    pub hotkey: Option<String>,
    /// The weight as given.
    pub weight: u16,
    /// Why it does not count, if it does not.
    pub void: Option<&'static str>,
    /// The weight as a share of the validator's weights that count.
    pub share: f64,
    /// The validator's share of the active stake.
    pub stake: f64,
    /// What consensus leaves of the share.
    pub left: f64,
    /// What consensus cuts off.
    pub cut: f64,
    /// What it adds to the rank.
    pub adds: f64,
}

/// What a neuron does as a validator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeatFact {
    /// Its share of the active stake.
    pub stake: f64,
    /// Its weights and bonds.
    pub bonds: Vec<BondFact>,
    /// Sum of what consensus leaves of its weights.
    pub trust: f64,
    /// Sum of what its bonds yield.
    pub earned: f64,
    /// The same by active stake, where the subnet's rule has it.
    pub weighed: f64,
    /// Sum of that over all validators.
    pub weighed_total: f64,
    /// Its share of that sum.
    pub dividends: f64,
}

/// A validator's weight for and bonds in one neuron.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BondFact {
    /// The neuron.
    pub uid: u16,
    /// Its hotkey.
    pub hotkey: Option<String>,
    /// The weight as given.
    pub weight: u16,
    /// Why it does not count, if it does not.
    pub void: Option<&'static str>,
    /// The weight as a share of those that count.
    pub share: f64,
    /// Consensus on the neuron.
    pub consensus: f64,
    /// What consensus leaves of the share.
    pub left: f64,
    /// What consensus cuts off.
    pub cut: f64,
    /// The bond that was remembered.
    pub before: u16,
    /// What counts of it.
    pub counted: u16,
    /// The bond that is remembered now.
    pub after: u16,
    /// The neuron's incentive.
    pub incentive: f64,
    /// What the bond yields of it.
    pub yields: f64,
}

/// A value found again, and in the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckFact {
    /// Which value.
    pub what: String,
    /// As found again.
    pub found: u128,
    /// As in the epoch, or the most it may be.
    pub epoch: u128,
    /// Whether they agree.
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
