//! Networks to act out on a chain: who takes part, with what stake, and how each behaves.
//!
//! # Terms
//! * **scenario**: the subnets, their neurons and nominators, as a plan. It is data: nothing has
//!   happened yet.
//! * **role**: how a neuron behaves. Roles are of the scenario; neither contracts nor kernel know
//!   of them.
//! * **stage**: the chain on which the plan is carried out, see [`Stage`].
//! * **story**: what came of it, see [`Story`].
//!
//! A scenario is either generated from a seed ([`Scenario::generate`]) or taken from a recorded
//! metagraph ([`Scenario::recorded`]). The same scenario gives the same story, but for the time
//! that computing took.

mod behaviour;
mod from_metagraph;
mod generate;
mod kernel;

pub use from_metagraph::RecordedError;
pub use kernel::KernelPlan;

use inktensor_primitives::{AccountId, Bps, Rao};

/// The least amount that the staking contract takes at once.
const LEAST_STAKED: Rao = Rao(2_000_000);

/// Who takes part in a network, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What all chance in it comes from.
    pub seed: u64,
    /// The subnets, in order of creation.
    pub subnets: Vec<SubnetPlan>,
    /// What of a recorded metagraph a chain cannot take over, for people to read.
    pub notes: Vec<String>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq)]
pub struct SubnetPlan {
    /// What people call it.
    pub name: String,
    /// The account that creates it.
    pub owner: AccountId,
    /// The owner's hotkey; it need not have a neuron.
    pub owner_hotkey: AccountId,
    /// Blocks per epoch.
    pub tempo: u32,
    /// Permits, the owner's not counted.
    pub max_validators: u16,
    /// Its kernel, and what that is told.
    pub kernel: KernelPlan,
    /// Its neurons, in order of uid.
    pub neurons: Vec<NeuronPlan>,
    /// Who else stakes on its validators.
    pub nominations: Vec<Nomination>,
}

/// A neuron.
#[derive(Clone, Debug, PartialEq)]
pub struct NeuronPlan {
    /// Signs weights.
    pub hotkey: AccountId,
    /// Owns the hotkey, and stakes on it.
    pub coldkey: AccountId,
    /// What the owner stakes.
    pub stake: Rao,
    /// Share of dividends that the owner keeps, if not the default.
    pub take: Option<Bps>,
    /// How it behaves.
    pub role: Role,
}

/// How a neuron behaves.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// Works, and is worth so much.
    Miner {
        /// What honest validators measure on average, at least 0.
        quality: f64,
    },
    /// Does nothing, and is paid for it by a cabal's validators only.
    CabalMiner,
    /// Validates what it measures, with an error of its own.
    Honest {
        /// How large the error is, as a share of what is measured.
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
        /// Whom it weighs, and how much.
        weights: Vec<(u16, u16)>,
    },
}

impl Role {
    /// What people call it.
    pub const fn name(&self) -> &'static str {
        match self {
            Role::Miner { .. } => "miner",
            Role::CabalMiner => "cabal miner",
            Role::Honest { .. } => "honest",
            Role::Copier => "copier",
            Role::Idle => "idle",
            Role::Cabal => "cabal",
            Role::Recorded { .. } => "recorded",
        }
    }
}

/// A stake on somebody else's validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nomination {
    /// Who stakes.
    pub coldkey: AccountId,
    /// On which uid.
    pub uid: u16,
    /// How much.
    pub amount: Rao,
    /// The open epoch in which it is staked; 0 is before the first close.
    pub joins: u32,
    /// The open epoch in which all of it is taken back, if it is.
    pub leaves: Option<u32>,
}
