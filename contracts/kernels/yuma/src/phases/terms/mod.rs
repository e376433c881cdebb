//! The terms of one neuron's pay, read out of a computed epoch, for people. No step needs this.
//!
//! What the steps handed on is decoded from their bytes. What they did not hand on, such as what
//! one validator's weight adds to one neuron's rank, is found by the phases' own work on a chunk of
//! that one neuron: columns do not depend on each other. Everything found that way is held against
//! the epoch's bytes, see [`Check`].

mod reading;

use crate::{epoch::Epoch, fixed::Q32};
use inktensor_primitives::{
    kernel::{ChunkInputs, EpochHeader, KernelError, NeuronResult},
    Uid,
};
use reading::Reading;

/// A computed epoch: what it was computed from, and what its steps left.
pub struct Computed<'a> {
    /// The header.
    pub header: &'a EpochHeader,
    /// What storage contributed, one per chunk.
    pub chunks: &'a [ChunkInputs],
    /// What each chunk remembered.
    pub memory: &'a [Vec<u8>],
    /// What each step handed on, in order: carry and scratch.
    pub steps: Vec<(&'a [u8], &'a [u8])>,
    /// What each chunk remembers now.
    pub kept: &'a [Vec<u8>],
    /// What each chunk's neurons get.
    pub results: &'a [Vec<NeuronResult>],
}

/// Why a neuron gets what it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Sum of the stake that counts, in rao.
    pub total_stake: u128,
    /// The neuron's stake that counts, in rao: none below the least stake.
    pub counted_stake: u64,
    /// Its share of the stake that counts.
    pub stake_share: Q32,
    /// Has set weights within the activity cutoff.
    pub active: bool,
    /// Holds a permit in this epoch.
    pub permitted: bool,
    /// Bonds in this neuron were forgotten: it registered after the last epoch.
    pub forgotten: bool,
    /// Majority of the active stake that consensus asks for.
    pub kappa: Q32,
    /// Who weighs it.
    pub voices: Vec<Voice>,
    /// Highest weight that the majority gives it.
    pub consensus: Q32,
    /// Active stake that gives it the consensus or more.
    pub support: Q32,
    /// Sum of the clipped weights, by active stake.
    pub rank: Q32,
    /// Sum of all ranks.
    pub rank_total: Q32,
    /// Its share of all ranks.
    pub incentive: Q32,
    /// Sum of all incentive, short of one by rounding; zero if no neuron has a rank.
    pub incentive_total: Q32,
    /// What it does as a validator, if it is on the roster.
    pub seat: Option<Seat>,
    /// Sum of all dividends, short of one by rounding; zero if no bond yields anything.
    pub dividends_total: Q32,
    /// What stake has in place of dividends when there are none.
    pub stand_in: Option<StandIn>,
    /// What was found here and in the epoch's bytes.
    pub checks: Vec<Check>,
}

/// What stands in for dividends that nobody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandIn {
    /// Share of the active stake.
    Active,
    /// Share of all stake, since none is active.
    Stake,
}

/// A validator's weight for the neuron.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Who.
    pub validator: Uid,
    /// The weight as given, in parts of 65535.
    pub given: u16,
    /// Why it does not count, if it does not.
    pub void: Option<Void>,
    /// Sum of the validator's weights that count.
    pub row_sum: u32,
    /// The weight as a share of that sum.
    pub share: Q32,
    /// The validator's share of the active stake.
    pub active: Q32,
    /// What consensus leaves of the share.
    pub clipped: Q32,
    /// What it adds to the neuron's rank.
    pub adds: Q32,
}

impl Voice {
    /// What consensus cuts off the share.
    pub fn cut(&self) -> Q32 {
        self.share.minus(self.clipped)
    }
}

/// Why a weight does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Void {
    /// The validator holds no permit, or has set no weights.
    NoPermit,
    /// It weighs itself, and is not the owner.
    Own,
    /// It is older than the neuron's registration, or was committed before it.
    TooOld,
}

/// A neuron on the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Its share of the active stake: zero if it is not active or has no permit.
    pub active: Q32,
    /// Sum of its weights that count.
    pub row_sum: u32,
    /// Its weights and bonds, where it has either.
    pub cells: Vec<Cell>,
    /// Sum of what consensus leaves of its weights.
    pub trust: Q32,
    /// Sum of what its bonds yield.
    pub earned: Q32,
    /// The same, weighed by active stake where the subnet's rule has it.
    pub weighed: Q32,
    /// The sum of all validators' weighed yield.
    pub weighed_total: Q32,
    /// Its share of that sum.
    pub dividends: Q32,
}

/// A validator's weight for and bonds in one neuron.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Of whom.
    pub uid: Uid,
    /// The weight as given, in parts of 65535.
    pub given: u16,
    /// Why it does not count, if it does not.
    pub void: Option<Void>,
    /// The weight as a share of the row.
    pub share: Q32,
    /// Consensus on the neuron.
    pub consensus: Q32,
    /// What consensus leaves of the share.
    pub clipped: Q32,
    /// The bonds that were remembered, in parts of 65535.
    pub bond_before: u16,
    /// What counts of them: none in another's seat.
    pub bond_counted: u16,
    /// The bonds that are remembered now; none of a validator without a permit in the next epoch.
    pub bond_after: u16,
    /// The neuron's incentive.
    pub incentive: Q32,
    /// What the bonds yield: the validator's part of the incentive.
    pub yields: Q32,
}

impl Cell {
    /// What consensus cuts off the share.
    pub fn cut(&self) -> Q32 {
        self.share.minus(self.clipped)
    }
}

/// A value found here and in the epoch's bytes. If they differ, the terms do not explain the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which value.
    pub what: String,
    /// As found here.
    pub found: u128,
    /// As in the epoch's bytes.
    pub traced: u128,
}

impl Check {
    /// Whether they agree.
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

/// The terms of the neuron at `uid`.
///
/// # Errors
/// As a step, where the epoch's bytes are not those of this kernel; `BadInputs` if there is no such
/// neuron.
pub fn terms(computed: &Computed, uid: Uid) -> Result<Terms, KernelError> {
    let epoch = Epoch::new(computed.header)?;
    Reading::new(computed, &epoch)?.terms(uid)
}
