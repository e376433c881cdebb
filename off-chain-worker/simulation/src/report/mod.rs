//! The report of a run: facts, for tables and for JSON. Amounts are in rao, shares are parts of
//! 65535.

pub(crate) mod reasons;

use crate::scenario::{Nomination, Scenario};
use inktensor_client::{deploy::Deployment, ss58::ss58};
use inktensor_devnet::sandbox::PALLET_VERSION;
use inktensor_primitives::{
    hash::hex,
    kernel::{Budget, NeuronResult},
    registry::Neuron,
    AccountId, Bps, NetUid, Rao,
};
use inktensor_worker::epochs::ComputedEpoch;
use serde::Serialize;
use std::time::Duration;

/// The report of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Seed of all random numbers.
    pub seed: u64,
    /// Height of the chain at the end.
    pub block: u32,
    /// Version of pallet-contracts that gas and deposits are of.
    pub pallet_contracts: &'static str,
    /// Parts of a recorded metagraph that the run leaves out.
    pub notes: Vec<String>,
    /// The contracts.
    pub contracts: Vec<ContractReport>,
    /// The subnets, with their metagraphs.
    pub subnets: Vec<SubnetReport>,
    /// Stakes on other owners' validators.
    pub nominators: Vec<NominatorReport>,
    /// The epochs, in the order in which they were posted.
    pub epochs: Vec<EpochReport>,
    /// Costs of transactions.
    pub messages: Vec<MessageReport>,
    /// Sums that must be equal.
    pub supply: Vec<Equation>,
}

/// A contract of the run.
#[derive(Clone, Debug, Serialize)]
pub struct ContractReport {
    /// Name of the contract.
    pub name: &'static str,
    /// Address of the contract.
    pub address: String,
    /// Hash of the code.
    pub code_hash: String,
    /// Length of the code in bytes.
    pub size: usize,
}

/// A subnet of the run.
#[derive(Clone, Debug, Serialize)]
pub struct SubnetReport {
    /// Netuid of the subnet.
    pub netuid: u16,
    /// Name of the subnet.
    pub name: String,
    /// Name of its kernel's contract.
    pub kernel: &'static str,
    /// Rule of the kernel, in words.
    pub rule: String,
    /// Blocks per epoch.
    pub tempo: u32,
    /// Neurons, in order of uid.
    pub neurons: Vec<NeuronReport>,
}

/// A neuron: a line of the metagraph, its pay over all epochs, and the reason.
#[derive(Clone, Debug, Serialize)]
pub struct NeuronReport {
    /// Uid of the neuron.
    pub uid: u16,
    /// Address of the hotkey.
    pub hotkey: String,
    /// Address of the coldkey.
    pub coldkey: String,
    /// Name of its behaviour.
    pub role: &'static str,
    /// Stake of the hotkey at the end.
    pub stake: u64,
    /// Number of coldkeys with stake on it.
    pub stakers: usize,
    /// True if the neuron holds a permit after the last epoch.
    pub permit: bool,
    /// True if the neuron has set weights within the activity cutoff.
    pub active: bool,
    /// Share of the subnet's stake.
    pub stake_weight: u16,
    /// Weight that the majority agrees on.
    pub consensus: u16,
    /// Share of the miners' rewards.
    pub incentive: u16,
    /// Share of the validators' rewards.
    pub dividends: u16,
    /// Part of the neuron's weights that consensus leaves.
    pub validator_trust: u16,
    /// Pay of the last epoch.
    pub emission: u64,
    /// Pay of all epochs.
    pub paid: Pay,
    /// Reason for the pay.
    pub reason: String,
}

/// The pay of a neuron.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pay {
    /// Pay as a miner, to the coldkey.
    pub miner: u64,
    /// Pay as a validator, kept by the owner as take.
    pub take: u64,
    /// Pay as a validator, shared by all stakers.
    pub stakers: u64,
}

impl Pay {
    /// Divides the result of an epoch for a neuron with this `take`, rounded down.
    pub(crate) fn of(result: &NeuronResult, take: Bps) -> Self {
        let kept = take.of(result.validator).0;
        Self {
            miner: result.miner.0,
            take: kept,
            stakers: result.validator.0.saturating_sub(kept),
        }
    }

    /// Returns the sum.
    pub const fn total(&self) -> u64 {
        self.miner
            .saturating_add(self.take)
            .saturating_add(self.stakers)
    }

    pub(crate) fn add(&mut self, other: &Pay) {
        self.miner = self.miner.saturating_add(other.miner);
        self.take = self.take.saturating_add(other.take);
        self.stakers = self.stakers.saturating_add(other.stakers);
    }
}

/// A stake on another owner's validator.
#[derive(Clone, Debug, Serialize)]
pub struct NominatorReport {
    /// The subnet.
    pub netuid: u16,
    /// Address of the coldkey.
    pub coldkey: String,
    /// Uid of the validator.
    pub uid: u16,
    /// Staked amount.
    pub staked: u64,
    /// Open epoch of the stake.
    pub joined: u32,
    /// Open epoch of the withdrawal.
    pub left: Option<u32>,
    /// Value at the end, or at the withdrawal.
    pub worth: u64,
}

/// An epoch of the run.
#[derive(Clone, Debug, Serialize)]
pub struct EpochReport {
    /// The subnet.
    pub netuid: u16,
    /// Number of the epoch.
    pub epoch: u32,
    /// Block at which it closed.
    pub closed_at: u64,
    /// Number of neurons.
    pub neurons: u16,
    /// Number of permits.
    pub permits: usize,
    /// Number of steps.
    pub steps: usize,
    /// Hash of the header.
    pub header: String,
    /// Digest of the assertion.
    pub assertion: String,
    /// True if wasmtime and the native build reach the posted assertion.
    pub engines_agree: bool,
    /// Budget of the miners.
    pub budget_miners: u64,
    /// Budget of the validators and their stakers.
    pub budget_validators: u64,
    /// Sum of the results.
    pub due: u64,
    /// Sum paid at settlement.
    pub paid: u64,
    /// Time of each phase.
    pub phases: Vec<PhaseTime>,
    /// Pay of each hotkey.
    #[serde(skip)]
    pub(crate) pays: Vec<(AccountId, Pay)>,
}

/// The time of all steps of a phase.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseTime {
    /// Subject of the phase.
    pub phase: String,
    /// Microseconds in wasmtime, on one core.
    pub wasm_us: f64,
    /// Microseconds natively, on all cores.
    pub native_us: f64,
}

/// The cost of all transactions of one message.
#[derive(Clone, Debug, Serialize)]
pub struct MessageReport {
    /// Name of the contract.
    pub contract: &'static str,
    /// Name of the message.
    pub message: String,
    /// Number of transactions.
    pub calls: u64,
    /// Picoseconds on average.
    pub ref_time_average: u64,
    /// Picoseconds at most.
    pub ref_time_largest: u64,
    /// Bytes of proof at most.
    pub proof_size_largest: u64,
    /// Deposits of all calls, without those that were returned.
    pub deposit: i128,
}

/// Two sums that must be equal.
#[derive(Clone, Debug, Serialize)]
pub struct Equation {
    /// Statement of the equation.
    pub what: String,
    /// Left sum.
    pub left: Vec<Term>,
    /// Right sum.
    pub right: Vec<Term>,
    /// True if they are equal, to the rao.
    pub holds: bool,
}

/// A term of a sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// Name of the term.
    pub what: String,
    /// Amount of the term.
    pub rao: u64,
}

impl Equation {
    pub(crate) fn new(
        what: impl Into<String>,
        left: impl IntoIterator<Item = Term>,
        right: impl IntoIterator<Item = Term>,
    ) -> Self {
        let (left, right): (Vec<Term>, Vec<Term>) =
            (left.into_iter().collect(), right.into_iter().collect());
        Self {
            what: what.into(),
            holds: sum(&left) == sum(&right),
            left,
            right,
        }
    }
}

/// Returns the sum of all terms.
pub(crate) fn sum(terms: &[Term]) -> u128 {
    terms.iter().map(|term| u128::from(term.rao)).sum()
}

pub(crate) fn term(what: impl Into<String>, amount: Rao) -> Term {
    Term {
        what: what.into(),
        rao: amount.0,
    }
}

impl EpochReport {
    /// Creates the report of a computed epoch. `names` and times are by phase, `neurons` and
    /// `takes` by uid.
    pub(crate) fn of(
        computed: &ComputedEpoch,
        names: &[&str],
        neurons: &[Neuron],
        takes: &[Bps],
        engines_agree: bool,
        wasm: &[Duration],
        native: &[Duration],
    ) -> Self {
        let header = &computed.inputs.header;
        let results = computed.trace.neurons();
        let pays: Vec<(AccountId, Pay)> = results
            .zip(neurons.iter().zip(takes))
            .map(|(result, (neuron, take))| (neuron.hotkey, Pay::of(result, *take)))
            .collect();
        let (budget_miners, budget_validators) = match header.budget {
            Budget::Split { miners, validators } => (miners.0, validators.0),
            Budget::Combined(total) => (total.0, 0),
        };
        let micros = |time: &Duration| time.as_secs_f64() * 1e6;
        let phases = wasm.iter().zip(native).enumerate();
        Self {
            netuid: header.netuid.0,
            epoch: header.epoch,
            closed_at: header.closed_at,
            neurons: header.neurons,
            permits: computed.trace.roster.len(),
            steps: computed.trace.steps.len(),
            header: hex(&computed.trace.header_hash),
            assertion: hex(&computed.assertion.digest()),
            engines_agree,
            budget_miners,
            budget_validators,
            due: pays.iter().map(|(_, pay)| pay.total()).sum(),
            paid: 0,
            phases: phases
                .map(|(number, (wasm, native))| PhaseTime {
                    phase: match names.get(number) {
                        Some(name) => (*name).into(),
                        None => number.to_string(),
                    },
                    wasm_us: micros(wasm),
                    native_us: micros(native),
                })
                .collect(),
            pays,
        }
    }
}

impl Report {
    /// Creates the report of `scenario` right after its deployment.
    pub(crate) fn begin(scenario: &Scenario, deployment: &Deployment) -> Self {
        Self {
            seed: scenario.seed,
            block: 0,
            pallet_contracts: PALLET_VERSION,
            notes: scenario.notes.clone(),
            contracts: deployment
                .contracts
                .iter()
                .map(|contract| ContractReport {
                    name: contract.name,
                    address: ss58(&contract.address),
                    code_hash: hex(&contract.code_hash),
                    size: contract.size,
                })
                .collect(),
            subnets: Vec::new(),
            nominators: Vec::new(),
            epochs: Vec::new(),
            messages: Vec::new(),
            supply: Vec::new(),
        }
    }

    /// Records the sum that an epoch's settlement has paid so far.
    pub(crate) fn note_paid(&mut self, netuid: NetUid, epoch: u32, paid: Rao) {
        let mut epochs = self.epochs.iter_mut();
        if let Some(fact) = epochs.find(|fact| fact.netuid == netuid.0 && fact.epoch == epoch) {
            fact.paid = paid.0;
        }
    }

    /// Records that a nominator has staked in open epoch `joined`.
    pub(crate) fn note_joined(&mut self, netuid: NetUid, nomination: &Nomination, joined: u32) {
        self.nominators.push(NominatorReport {
            netuid: netuid.0,
            coldkey: ss58(&nomination.coldkey),
            uid: nomination.uid,
            staked: nomination.amount.0,
            joined,
            left: None,
            worth: nomination.amount.0,
        });
    }

    /// Records the amount that a nominator got when it left in open epoch `left`.
    pub(crate) fn note_left(
        &mut self,
        netuid: NetUid,
        nomination: &Nomination,
        left: u32,
        amount: Rao,
    ) {
        if let Some(fact) = self.nominator(netuid, nomination) {
            fact.left = Some(left);
            fact.worth = amount.0;
        }
    }

    /// Records the present value of a nominator's stake, unless it has left.
    pub(crate) fn note_worth(&mut self, netuid: NetUid, nomination: &Nomination, worth: Rao) {
        if let Some(fact) = self.nominator(netuid, nomination) {
            if fact.left.is_none() {
                fact.worth = worth.0;
            }
        }
    }

    fn nominator(
        &mut self,
        netuid: NetUid,
        nomination: &Nomination,
    ) -> Option<&mut NominatorReport> {
        let coldkey = ss58(&nomination.coldkey);
        self.nominators.iter_mut().find(|fact| {
            fact.netuid == netuid.0 && fact.uid == nomination.uid && fact.coldkey == coldkey
        })
    }
}
