//! Plans of networks: subnets, neurons and nominators, with their stake and behaviour.
//!
//! # Terms
//! * **scenario**: the plan. It is data: nothing has happened yet.
//! * **behaviour**: the rule by which a neuron acts. Neither contracts nor kernel know it.
//!
//! A scenario is generated from a seed ([`Scenario::generate`]) or taken from a recorded metagraph
//! ([`Scenario::from_metagraph`]). The same scenario gives the same
//! [`Report`](crate::report::Report), except for the times of computations.

mod behaviour;
mod from_metagraph;
mod generate;
mod kernel;

pub use from_metagraph::MetagraphError;
pub use kernel::KernelPlan;

use inktensor_primitives::{AccountId, Bps, Rao};

/// The least amount that the staking contract accepts at once.
const LEAST_STAKED: Rao = Rao(2_000_000);

/// A plan of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Seed of all random numbers.
    pub seed: u64,
    /// The subnets, in order of creation.
    pub subnets: Vec<SubnetPlan>,
    /// Parts of a recorded metagraph that a chain cannot take over, for people to read.
    pub notes: Vec<String>,
}

/// A subnet of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct SubnetPlan {
    /// Name of the subnet.
    pub name: String,
    /// Account that creates it.
    pub owner: AccountId,
    /// The owner's hotkey; it need not have a neuron.
    pub owner_hotkey: AccountId,
    /// Blocks per epoch.
    pub tempo: u32,
    /// Number of permits, without the owner's.
    pub max_validators: u16,
    /// Kernel with its parameters.
    pub kernel: KernelPlan,
    /// Neurons, in order of uid.
    pub neurons: Vec<NeuronPlan>,
    /// Nominators of its validators.
    pub nominations: Vec<Nomination>,
}

/// A neuron of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct NeuronPlan {
    /// Account that signs weights.
    pub hotkey: AccountId,
    /// Account that owns the hotkey, and stakes on it.
    pub coldkey: AccountId,
    /// Stake of the owner.
    pub stake: Rao,
    /// Share of dividends that the owner keeps; `None` for the default.
    pub take: Option<Bps>,
    /// Behaviour of the neuron.
    pub role: Behaviour,
}

/// The behaviour of a neuron.
#[derive(Clone, Debug, PartialEq)]
pub enum Behaviour {
    /// Works with this quality.
    Miner {
        /// Average measurement of honest validators, at least 0.
        quality: f64,
    },
    /// Does no work, and is paid by a cabal's validators only.
    CabalMiner,
    /// Validates what it measures, with an error of its own.
    Honest {
        /// Size of the error, as a share of what is measured.
        noise: f64,
    },
    /// Sets the consensus of the epoch before as its weights, and measures nothing.
    Copier,
    /// Has stake and a permit, and never sets weights.
    Idle,
    /// Gives all its weight to the cabal's miners.
    Cabal,
    /// Behaves as recorded: these weights if it validates, else nothing.
    Recorded {
        /// Recorded weights, by uid.
        weights: Vec<(u16, u16)>,
    },
}

impl Behaviour {
    /// Returns the name of the behaviour.
    pub const fn name(&self) -> &'static str {
        match self {
            Behaviour::Miner { .. } => "miner",
            Behaviour::CabalMiner => "cabal miner",
            Behaviour::Honest { .. } => "honest",
            Behaviour::Copier => "copier",
            Behaviour::Idle => "idle",
            Behaviour::Cabal => "cabal",
            Behaviour::Recorded { .. } => "recorded",
        }
    }
}

/// A stake on another owner's validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nomination {
    /// Account that stakes.
    pub coldkey: AccountId,
    /// Uid of the validator.
    pub uid: u16,
    /// Amount of the stake.
    pub amount: Rao,
    /// Open epoch of the stake; 0 is before the first close.
    pub joins: u32,
    /// Open epoch in which all of it is withdrawn.
    pub leaves: Option<u32>,
}
