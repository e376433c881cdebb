//! The JSON form, field by field.
//!
//! The transcription in `contracts/kernels/yuma/reference` declares this form a second time. It
//! cannot use this one, because the contracts' workspace never depends on the worker's crates. The
//! worker does not use the transcription's, because it would then link a crate for tests and that
//! crate's fixed-point library. The two also differ on purpose: only this form has the addresses of
//! recorded metagraphs, and only the other one has split budgets. A test in `tests/vectors.rs`
//! checks that all other fields are equal.

use super::Outcome;
use serde::{Deserialize, Serialize};

/// One epoch.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Vector {
    /// Name of the epoch.
    #[serde(default)]
    pub name: Option<String>,
    /// Input of the epoch.
    pub input: Input,
    /// Expected outcome.
    #[serde(default)]
    pub expected: Option<Outcome>,
}

/// The input of an epoch.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Input {
    /// Parameters of subnet and epoch.
    pub params: Params,
    /// The neurons, in order of uid.
    pub neurons: Vec<Neuron>,
    /// Weights. Order does not matter, nor do zeros; rows of neurons without a permit have no
    /// effect.
    pub weights: Vec<Row>,
    /// Bonds left by the epoch before. Rows of neurons without a permit have no effect.
    pub bonds: Vec<Row>,
}

/// A row: the uid that it belongs to, and `[uid, value]` for each entry.
pub type Row = (u16, Vec<(u16, u16)>);

/// Parameters of subnet and epoch. Ratios in u16 are parts of 65535.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Params {
    /// Blocks without new weights after which a validator counts as inactive.
    pub activity_cutoff: u64,
    /// Largest bond rate under liquid alpha.
    pub alpha_high: u16,
    /// Least bond rate under liquid alpha.
    pub alpha_low: u16,
    /// Slope of liquid alpha, times 100.
    pub alpha_sigmoid_steepness: i16,
    /// Inertia of bonds, in millionths.
    pub bonds_moving_average: u64,
    /// Share by which bonds follow clipped rather than given weights.
    pub bonds_penalty: u16,
    /// True if weights committed before a neuron registered do not count for it.
    pub commit_reveal: bool,
    /// Block at which the epoch closes.
    pub current_block: u64,
    /// Majority of stake that consensus needs.
    pub kappa: u16,
    /// Block at which the previous epoch closed, or 0.
    pub last_mechanism_step_block: u64,
    /// True if a bond's inertia follows consensus.
    pub liquid_alpha: bool,
    /// Number of permits, without the owner's.
    pub max_allowed_validators: u16,
    /// Stake below which a neuron has no weight, in rao.
    pub min_stake: u64,
    /// The subnet owner's neuron.
    #[serde(default)]
    pub owner_uid: Option<u16>,
    /// Pay of the epoch, in rao, for miners and validators together.
    pub rao_emission: u64,
    /// The subnet's tempo in blocks.
    pub tempo: u32,
    /// True for Yuma3 bonds, false for Yuma2.
    pub yuma3: bool,
}

/// A neuron.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Neuron {
    /// Stake in rao.
    pub stake: u64,
    /// Block of the last weights.
    pub last_update: u64,
    /// Block of the registration.
    pub registered_at: u64,
    /// True if the neuron holds a permit. The owner's neuron has one in any case.
    pub validator_permit: bool,
    /// Block of the earliest unexpired weights commit.
    #[serde(default)]
    pub commit_block: Option<u64>,
    /// Address of the hotkey, where the metagraph was recorded from a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hotkey: Option<String>,
    /// Address of the coldkey, where the metagraph was recorded from a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coldkey: Option<String>,
}

impl Input {
    /// Returns true if the neuron on `uid` holds a permit.
    pub fn permitted(&self, uid: u16) -> bool {
        let flagged = self
            .neurons
            .get(usize::from(uid))
            .is_some_and(|neuron| neuron.validator_permit);
        flagged || self.params.owner_uid == Some(uid)
    }

    /// Returns the uids with a permit, ascending.
    pub fn roster(&self) -> impl Iterator<Item = u16> + '_ {
        (0..)
            .zip(&self.neurons)
            .map(|(uid, _)| uid)
            .filter(|uid| self.permitted(*uid))
    }
}
