//! What an epoch is computed from, and what comes out, in the form of the test vectors.

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
    /// Weights that validators give, ascending, without zeros.
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
    /// How far bonds follow clipped rather than given weights.
    pub bonds_penalty: u16,
    /// Weights committed before a neuron registered do not count for it.
    pub commit_reveal: bool,
    /// The epoch's block.
    pub current_block: u64,
    /// Majority that consensus asks for.
    pub kappa: u16,
    /// Block of the last epoch, 0 if there was none.
    pub last_mechanism_step_block: u64,
    /// A bond's rate follows consensus.
    pub liquid_alpha: bool,
    /// Permits to give, the owner's not counted.
    pub max_allowed_validators: u16,
    /// Stake below which a neuron does not count.
    pub min_stake: u64,
    /// The subnet owner's neuron.
    pub owner_uid: Option<u16>,
    /// What the epoch pays, incentive and dividends being claims to one whole.
    pub rao_emission: u64,
    /// What the epoch pays instead if it has two budgets: the miners' and the validators'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<(u64, u64)>,
    /// Blocks between epochs.
    pub tempo: u64,
    /// Yuma3 rather than Yuma2.
    pub yuma3: bool,
}

/// A neuron.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Neuron {
    /// Block of its earliest unexpired weights commit.
    pub commit_block: Option<u64>,
    /// Block of its last weights.
    pub last_update: u64,
    /// Block of its registration.
    pub registered_at: u64,
    /// Its stake.
    pub stake: u64,
    /// Whether it has a permit in this epoch.
    pub validator_permit: bool,
}

/// Outputs of an epoch, by uid. Shares are parts of 65535. [2.4, 20]
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Has updated its weights lately.
    pub active: Vec<bool>,
    /// Bonds of those with a permit in the next epoch, without zeros and empty rows.
    pub bonds: Vec<Row>,
    /// Weight that the majority agrees on.
    pub consensus: Vec<u16>,
    /// Share of the validators' rewards.
    pub dividends: Vec<u16>,
    /// Reward in all.
    pub emission: Vec<u64>,
    /// Share of the miners' rewards.
    pub incentive: Vec<u16>,
    /// Has a permit in the next epoch.
    pub new_validator_permit: Vec<bool>,
    /// Reward as miner.
    pub server_emission: Vec<u64>,
    /// Share of the stake.
    pub stake_weight: Vec<u16>,
    /// Reward as validator.
    pub validator_emission: Vec<u64>,
    /// How much of its weights consensus left standing.
    pub validator_trust: Vec<u16>,
}
