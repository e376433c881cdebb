//! Inputs and outputs of an epoch, in the form of the test vectors.
//!
//! `off-chain-worker/compute/src/vectors/form.rs` declares the form that the worker reads, and
//! states why it is a second one.

use serde::{Deserialize, Serialize};

/// A uid and its (uid, number) pairs.
pub type Row = (u16, Vec<(u16, u16)>);

/// Inputs of an epoch. [2.2]
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Metagraph {
    /// Parameters.
    pub params: Params,
    /// The neurons by uid.
    pub neurons: Vec<Neuron>,
    /// Weights that validators set, ascending, without zeros.
    pub weights: Vec<Row>,
    /// Bonds that validators hold, ascending, without zeros.
    pub bonds: Vec<Row>,
}

/// Parameters of an epoch. Ratios in u16 are parts of 65535.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Params {
    /// Blocks after which a validator without new weights is inactive.
    pub activity_cutoff: u64,
    /// Largest bond rate under liquid alpha.
    pub alpha_high: u16,
    /// Least bond rate under liquid alpha.
    pub alpha_low: u16,
    /// Slope of liquid alpha, times 100.
    pub alpha_sigmoid_steepness: i16,
    /// Inertia of bonds, in millionths.
    pub bonds_moving_average: u64,
    /// Part of the way from given to clipped weights at which bonds follow.
    pub bonds_penalty: u16,
    /// True if weights committed before a neuron's registration are void for it.
    pub commit_reveal: bool,
    /// The epoch's block.
    pub current_block: u64,
    /// Majority of active stake that consensus requires.
    pub kappa: u16,
    /// Block of the last epoch, 0 if there was none.
    pub last_mechanism_step_block: u64,
    /// True if a bond's rate follows consensus (liquid alpha).
    pub liquid_alpha: bool,
    /// Most permits of the next epoch, the owner's not counted.
    pub max_allowed_validators: u16,
    /// Stake below which a neuron's stake does not count, in rao.
    pub min_stake: u64,
    /// Uid of the subnet owner's neuron.
    pub owner_uid: Option<u16>,
    /// Budget of the epoch, divided by incentive and dividends together.
    pub rao_emission: u64,
    /// Two budgets instead of one: the miners' and the validators'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<(u64, u64)>,
    /// Blocks between epochs.
    pub tempo: u64,
    /// True for Yuma3, false for Yuma2.
    pub yuma3: bool,
}

/// A neuron.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Neuron {
    /// Block of the earliest unexpired weights commit.
    pub commit_block: Option<u64>,
    /// Block of the last weights.
    pub last_update: u64,
    /// Block of the registration.
    pub registered_at: u64,
    /// Stake, in rao.
    pub stake: u64,
    /// True if the neuron has a permit in this epoch.
    pub validator_permit: bool,
}

/// Outputs of an epoch, by uid. Shares are parts of 65535. [2.4, 20]
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// True if the neuron has set weights within the activity cutoff.
    pub active: Vec<bool>,
    /// Bonds of validators with a permit in the next epoch, without zeros and empty rows.
    pub bonds: Vec<Row>,
    /// Highest weight that the majority supports.
    pub consensus: Vec<u16>,
    /// Share of the validators' rewards.
    pub dividends: Vec<u16>,
    /// Total reward.
    pub emission: Vec<u64>,
    /// Share of the miners' rewards.
    pub incentive: Vec<u16>,
    /// True if the neuron has a permit in the next epoch.
    pub new_validator_permit: Vec<bool>,
    /// Reward as miner.
    pub server_emission: Vec<u64>,
    /// Share of the stake.
    pub stake_weight: Vec<u16>,
    /// Reward as validator.
    pub validator_emission: Vec<u64>,
    /// Sum of the neuron's clipped weights.
    pub validator_trust: Vec<u16>,
}
