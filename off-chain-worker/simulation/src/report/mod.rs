//! What came of a scenario: facts, for tables and for JSON. Amounts are in rao, shares are parts of
//! 65535.

mod collect;
mod reasons;
mod supply;

use crate::scenario::{Nomination, Scenario};
use inktensor_client::{deploy::Deployment, ss58::ss58};
use inktensor_devnet::sandbox::PALLET_VERSION;
use inktensor_primitives::hash::hex;
use inktensor_primitives::{
    kernel::{Budget, NeuronResult},
    registry::Neuron,
    AccountId, Bps, NetUid, Rao,
};
use inktensor_worker::epochs::Computed;
use serde::Serialize;
use std::time::Duration;

/// What came of a scenario.
#[derive(Clone, Debug, Serialize)]
pub struct Story {
    /// What all chance came from.
    pub seed: u64,
    /// Height of the chain at the end.
    pub block: u32,
    /// Version of pallet-contracts that gas and deposits are of.
    pub pallet_contracts: &'static str,
    /// What of a recorded metagraph was not taken over.
    pub notes: Vec<String>,
    /// The contracts.
    pub contracts: Vec<ContractFact>,
    /// The subnets, with their metagraphs.
    pub subnets: Vec<SubnetFact>,
    /// Who staked on somebody else's validator.
    pub nominators: Vec<NominatorFact>,
    /// The epochs, in the order in which they were posted.
    pub epochs: Vec<EpochFact>,
    /// What transactions cost.
    pub messages: Vec<MessageFact>,
    /// Sums that must be equal.
    pub supply: Vec<Equation>,
}

/// A contract.
#[derive(Clone, Debug, Serialize)]
pub struct ContractFact {
    /// Its name.
    pub name: &'static str,
    /// Its address.
    pub address: String,
    /// Hash of its code.
    pub code_hash: String,
    /// Bytes of its code.
    pub size: usize,
}

/// A subnet.
#[derive(Clone, Debug, Serialize)]
pub struct SubnetFact {
    /// Its number.
    pub netuid: u16,
    /// Its name.
    pub name: String,
    /// Its kernel: the name of a contract.
    pub kernel: &'static str,
    /// Its rule, in words.
    pub rule: String,
    /// Blocks per epoch.
    pub tempo: u32,
    /// Its neurons, in order of uid.
    pub neurons: Vec<NeuronFact>,
}

/// A neuron: a line of the metagraph, what it was paid over all epochs, and why.
#[derive(Clone, Debug, Serialize)]
pub struct NeuronFact {
    /// Its uid.
    pub uid: u16,
    /// Its hotkey.
    pub hotkey: String,
    /// Who owns it.
    pub coldkey: String,
    /// How it behaves.
    pub role: &'static str,
    /// Stake behind it at the end.
    pub stake: u64,
    /// Coldkeys that have stake on it.
    pub stakers: usize,
    /// What the last epoch found.
    pub permit: bool,
    /// Has set weights within the activity cutoff.
    pub active: bool,
    /// Share of the subnet's stake.
    pub stake_weight: u16,
    /// Weight that the majority agrees on.
    pub consensus: u16,
    /// Share of the miners' rewards.
    pub incentive: u16,
    /// Share of the validators' rewards.
    pub dividends: u16,
    /// How much of its weights the consensus left standing.
    pub validator_trust: u16,
    /// Paid for the last epoch.
    pub emission: u64,
    /// Paid for all epochs.
    pub paid: Pay,
    /// Why.
    pub reason: String,
}

/// What a neuron was paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pay {
    /// As miner, to its owner.
    pub miner: u64,
    /// As validator, kept by its owner as take.
    pub take: u64,
    /// As validator, shared by all who stake on it.
    pub stakers: u64,
}

impl Pay {
    /// What a neuron with this `take` is paid for an epoch: the take is rounded down.
    pub(crate) fn of(result: &NeuronResult, take: Bps) -> Self {
        let kept = take.of(result.validator).0;
        Self {
            miner: result.miner.0,
            take: kept,
            stakers: result.validator.0.saturating_sub(kept),
        }
    }

    /// All of it.
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

/// A stake on somebody else's validator.
#[derive(Clone, Debug, Serialize)]
pub struct NominatorFact {
    /// The subnet.
    pub netuid: u16,
    /// Who.
    pub coldkey: String,
    /// On which uid.
    pub uid: u16,
    /// What was staked.
    pub staked: u64,
    /// The open epoch in which it was.
    pub joined: u32,
    /// The open epoch in which it was taken back.
    pub left: Option<u32>,
    /// What it is worth at the end, or was when it was taken back.
    pub worth: u64,
}

/// An epoch.
#[derive(Clone, Debug, Serialize)]
pub struct EpochFact {
    /// The subnet.
    pub netuid: u16,
    /// Its number.
    pub epoch: u32,
    /// Block at which it closed.
    pub closed_at: u64,
    /// Neurons in it.
    pub neurons: u16,
    /// Permits it found.
    pub permits: usize,
    /// Steps it was computed in.
    pub steps: usize,
    /// Hash of its header.
    pub header: String,
    /// Hash of its assertion.
    pub assertion: String,
    /// Whether wasmtime and the native build found the same assertion as the one posted.
    pub engines_agree: bool,
    /// What miners could be paid.
    pub budget_miners: u64,
    /// What validators and their stakers could be paid.
    pub budget_validators: u64,
    /// What the results say is to be paid.
    pub due: u64,
    /// What settling its chunks paid.
    pub paid: u64,
    /// How long computing takes.
    pub phases: Vec<PhaseTime>,
    /// What each hotkey gets.
    #[serde(skip)]
    pub(crate) pays: Vec<(AccountId, Pay)>,
}

/// How long the steps of a phase take together.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseTime {
    /// What the phase is about.
    pub phase: String,
    /// Microseconds in wasmtime, on one core.
    pub wasm_us: f64,
    /// Microseconds natively, on all cores.
    pub native_us: f64,
}

/// What the transactions of one message cost.
#[derive(Clone, Debug, Serialize)]
pub struct MessageFact {
    /// The contract.
    pub contract: &'static str,
    /// The message.
    pub message: String,
    /// How often it was sent.
    pub calls: u64,
    /// Picoseconds on average.
    pub ref_time_average: u64,
    /// Picoseconds at most.
    pub ref_time_largest: u64,
    /// Bytes of proof at most.
    pub proof_size_largest: u64,
    /// Deposits of all calls, less what was given back.
    pub deposit: i128,
}

/// Two sums that must be equal.
#[derive(Clone, Debug, Serialize)]
pub struct Equation {
    /// What it says.
    pub what: String,
    /// The one sum.
    pub left: Vec<Term>,
    /// The other.
    pub right: Vec<Term>,
    /// Whether they are equal, to the rao.
    pub holds: bool,
}

/// A term of a sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// What it is.
    pub what: String,
    /// How much it is.
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

/// The sum of all terms.
pub(crate) fn sum(terms: &[Term]) -> u128 {
    terms.iter().map(|term| u128::from(term.rao)).sum()
}

pub(crate) fn term(what: impl Into<String>, amount: Rao) -> Term {
    Term {
        what: what.into(),
        rao: amount.0,
    }
}

impl EpochFact {
    /// Tells of a computed epoch. `names` and times are by phase, `neurons` and `takes` by uid.
    pub(crate) fn of(
        computed: &Computed,
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

impl Story {
    /// The story of `scenario` before anything but its deployment has happened.
    pub(crate) fn begin(scenario: &Scenario, deployment: &Deployment) -> Self {
        Self {
            seed: scenario.seed,
            block: 0,
            pallet_contracts: PALLET_VERSION,
            notes: scenario.notes.clone(),
            contracts: deployment
                .contracts
                .iter()
                .map(|contract| ContractFact {
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

    /// Notes what settling an epoch has paid so far.
    pub(crate) fn note_paid(&mut self, netuid: NetUid, epoch: u32, paid: Rao) {
        let mut epochs = self.epochs.iter_mut();
        if let Some(fact) = epochs.find(|fact| fact.netuid == netuid.0 && fact.epoch == epoch) {
            fact.paid = paid.0;
        }
    }

    /// Notes that a nominator has staked in open epoch `joined`.
    pub(crate) fn note_joined(&mut self, netuid: NetUid, nomination: &Nomination, joined: u32) {
        self.nominators.push(NominatorFact {
            netuid: netuid.0,
            coldkey: ss58(&nomination.coldkey),
            uid: nomination.uid,
            staked: nomination.amount.0,
            joined,
            left: None,
            worth: nomination.amount.0,
        });
    }

    /// Notes what a nominator got when it left in open epoch `left`.
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

    /// Notes what a nominator's stake is worth now, unless it has left.
    pub(crate) fn note_worth(&mut self, netuid: NetUid, nomination: &Nomination, worth: Rao) {
        if let Some(fact) = self.nominator(netuid, nomination) {
            if fact.left.is_none() {
                fact.worth = worth.0;
            }
        }
    }

    fn nominator(&mut self, netuid: NetUid, nomination: &Nomination) -> Option<&mut NominatorFact> {
        let coldkey = ss58(&nomination.coldkey);
        self.nominators.iter_mut().find(|fact| {
            fact.netuid == netuid.0 && fact.uid == nomination.uid && fact.coldkey == coldkey
        })
    }
}
