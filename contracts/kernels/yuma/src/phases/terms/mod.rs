//! An explanation of one neuron's pay, derived from a computed epoch. No step uses it.
//!
//! Values that steps output are decoded from their bytes. Other values, such as the addition of one
//! validator's weight to one neuron's rank, come from the phases' own work on a chunk of that
//! neuron alone, since columns do not depend on each other. Every such value is compared with the
//! epoch's bytes: see [`Check`].

mod reading;

use crate::{epoch::Epoch, fixed::Q32};
use inktensor_primitives::{
    kernel::{ChunkInputs, EpochHeader, KernelError, NeuronResult},
    Uid,
};
use reading::Reading;

/// A computed epoch: its inputs, and the outputs of its steps.
pub struct Computed<'a> {
    /// The header.
    pub header: &'a EpochHeader,
    /// Inputs from storage, one per chunk.
    pub chunks: &'a [ChunkInputs],
    /// Memory of each chunk before the epoch.
    pub memory: &'a [Vec<u8>],
    /// Carry and scratch that each step output, in order.
    pub steps: Vec<(&'a [u8], &'a [u8])>,
    /// Memory of each chunk after the epoch.
    pub kept: &'a [Vec<u8>],
    /// Results of each chunk's neurons.
    pub results: &'a [Vec<NeuronResult>],
}

/// The explanation of a neuron's pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Sum of the stake that counts, in rao.
    pub total_stake: u128,
    /// The neuron's stake that counts, in rao: zero below the least stake.
    pub counted_stake: u64,
    /// The neuron's share of the stake that counts.
    pub stake_share: Q32,
    /// True if the neuron has set weights within the activity cutoff.
    pub active: bool,
    /// True if the neuron has a permit in this epoch.
    pub permitted: bool,
    /// True if bonds in this neuron were dropped, because it registered after the last epoch.
    pub forgotten: bool,
    /// Majority of the active stake that consensus requires.
    pub kappa: Q32,
    /// Weights for the neuron, one per validator.
    pub voices: Vec<Voice>,
    /// Highest weight for the neuron that the majority supports.
    pub consensus: Q32,
    /// Active stake of validators whose weight is the consensus or more.
    pub support: Q32,
    /// Sum of the clipped weights, by active stake.
    pub rank: Q32,
    /// Sum of all ranks.
    pub rank_total: Q32,
    /// The neuron's share of all ranks.
    pub incentive: Q32,
    /// Sum of all incentive: one, less rounding; zero if no neuron has a rank.
    pub incentive_total: Q32,
    /// The neuron as a validator, if it is on the roster.
    pub seat: Option<Seat>,
    /// Sum of all dividends: one, less rounding; zero if no bond yields anything.
    pub dividends_total: Q32,
    /// Replacement of dividends if no validator has any.
    pub stand_in: Option<StandIn>,
    /// Comparisons with the epoch's bytes.
    pub checks: Vec<Check>,
}

/// Replacement of dividends if no validator has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandIn {
    /// Share of the active stake.
    Active,
    /// Share of all stake, because no stake is active.
    Stake,
}

/// A validator's weight for the neuron.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// The validator.
    pub validator: Uid,
    /// The weight as set, in parts of 65535.
    pub given: u16,
    /// Reason why the weight does not count, if it does not.
    pub void: Option<Void>,
    /// Sum of the validator's weights that count.
    pub row_sum: u32,
    /// The weight as a share of that sum.
    pub share: Q32,
    /// The validator's share of the active stake.
    pub active: Q32,
    /// The share, clipped to the consensus.
    pub clipped: Q32,
    /// Addition to the neuron's rank.
    pub adds: Q32,
}

impl Voice {
    /// Returns the part of the share above the consensus.
    pub fn cut(&self) -> Q32 {
        self.share.minus(self.clipped)
    }
}

/// Reason why a weight does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Void {
    /// The validator has no permit, or has set no weights.
    NoPermit,
    /// The weight is for the validator itself, which is not the owner.
    Own,
    /// The weight is older than the neuron's registration, or was committed before it.
    TooOld,
}

/// A neuron of the roster as a validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Share of the active stake: zero for a validator that is not active or has no permit.
    pub active: Q32,
    /// Sum of the weights that count.
    pub row_sum: u32,
    /// Weights and bonds, where the validator has either.
    pub cells: Vec<Cell>,
    /// Sum of the clipped weights.
    pub trust: Q32,
    /// Sum of the bonds' yield.
    pub earned: Q32,
    /// The same sum, times active stake under Yuma3.
    pub weighed: Q32,
    /// Sum of `weighed` over all validators.
    pub weighed_total: Q32,
    /// The validator's share of that sum.
    pub dividends: Q32,
}

/// A validator's weight for one neuron, and bonds in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The neuron.
    pub uid: Uid,
    /// The weight as set, in parts of 65535.
    pub given: u16,
    /// Reason why the weight does not count, if it does not.
    pub void: Option<Void>,
    /// The weight as a share of the row.
    pub share: Q32,
    /// Consensus on the neuron.
    pub consensus: Q32,
    /// The share, clipped to the consensus.
    pub clipped: Q32,
    /// Bonds in memory before the epoch, in parts of 65535.
    pub bond_before: u16,
    /// Bonds that count: zero if the seat has changed hands.
    pub bond_counted: u16,
    /// Bonds in memory after the epoch: zero for a validator without a permit in the next epoch.
    pub bond_after: u16,
    /// The neuron's incentive.
    pub incentive: Q32,
    /// Yield of the bonds: the validator's part of the incentive.
    pub yields: Q32,
}

impl Cell {
    /// Returns the part of the share above the consensus.
    pub fn cut(&self) -> Q32 {
        self.share.minus(self.clipped)
    }
}

/// A comparison of a derived value with the epoch's bytes. If they differ, the explanation is
/// wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Name of the value.
    pub what: String,
    /// The derived value.
    pub found: u128,
    /// The value in the epoch's bytes.
    pub traced: u128,
}

impl Check {
    /// Returns true if both values agree.
    pub fn holds(&self) -> bool {
        self.found == self.traced
    }

    fn q32(what: impl Into<String>, found: Q32, traced: Q32) -> Self {
        Self::number(what, found.0, traced.0)
    }

    fn number(what: impl Into<String>, found: impl Into<u128>, traced: impl Into<u128>) -> Self {
        Self {
            what: what.into(),
            found: found.into(),
            traced: traced.into(),
        }
    }
}

/// Explains the pay of the neuron at `uid`.
///
/// # Errors
/// The errors of a step if the epoch's bytes are not this kernel's; `BadInputs` for an unknown
/// neuron.
pub fn terms(computed: &Computed, uid: Uid) -> Result<Terms, KernelError> {
    let epoch = Epoch::new(computed.header)?;
    Reading::new(computed, &epoch)?.terms(uid)
}
