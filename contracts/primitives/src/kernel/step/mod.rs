//! One step: its input, its output, and the promises that an output must keep.

mod codec;
mod rows;

pub use codec::write_in_blocks;
pub use rows::{Row, Rows};

use super::{is_roster, EpochHeader, EpochPlan, PhasePlan, MAX_CARRY, MAX_MEMORY, MAX_SCRATCH};
use crate::{hash::Preimage, Rao, Uid};
use ink::prelude::vec::Vec;

/// A neuron as consensus sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(TypeInfo)]
pub struct NeuronInput {
    /// Stake of the hotkey on this subnet, in rao; 0 in a phase that does not read stake.
    pub stake: u64,
    /// Block of the last weights, or of the registration while there are none.
    pub last_update: u64,
    /// Block of the registration.
    pub registered_at: u64,
    /// Block of the earliest unexpired weights commit, or `NO_COMMIT` without one.
    pub commit_block: u64,
    /// True if the uid is on the roster and the neuron is no newcomer. The kernel adds the permit
    /// of the subnet owner's neuron.
    pub permit: bool,
    /// True if the neuron registered after the last final epoch closed, so that the uid's memory
    /// is of another neuron.
    pub newcomer: bool,
}

/// The value of `NeuronInput::commit_block` for a neuron without a commit.
pub const NO_COMMIT: u64 = u64::MAX;

/// The part of a step's input that the chain reads from storage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct ChunkInputs {
    /// The chunk's neurons, in order of uid.
    pub neurons: Vec<NeuronInput>,
    /// A row of weights per uid of the roster, in that order, with a column per neuron. The row of
    /// a newcomer is empty, unless the newcomer is the subnet owner's neuron, which needs no
    /// permit.
    pub rows: Rows,
}

impl ChunkInputs {
    /// Returns the inputs of a step whose phase reads `reads`: without rows, and with a stake of 0,
    /// unless the phase reads them.
    pub fn for_phase(mut self, reads: &PhasePlan) -> Self {
        if !reads.rows {
            self.rows = Rows::default();
        }
        if !reads.stake {
            for neuron in &mut self.neurons {
                neuron.stake = 0;
            }
        }
        self
    }
}

/// Everything that a step depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, TypeInfo)]
pub struct StepInput {
    /// The header of the epoch.
    pub header: EpochHeader,
    /// Phase of the step.
    pub phase: u8,
    /// Chunk of the step.
    pub chunk: u16,
    /// Carry of step `k - 1`; empty for the first step.
    pub carry: Vec<u8>,
    /// Scratch of the same chunk one phase earlier; empty in phase 0.
    pub scratch: Vec<u8>,
    /// Memory of the chunk from the last final epoch if the phase reads memory, else empty.
    pub memory: Vec<u8>,
    /// The chunk's neurons, in order of uid, with their stake if the phase reads stake.
    pub neurons: Vec<NeuronInput>,
    /// Weights as in [`ChunkInputs::rows`] if the phase reads rows, else no rows.
    pub rows: Rows,
}

/// Steps of neighbouring chunks of one phase. Their number is bounded by
/// [`STATIC_BUFFER`](super::STATIC_BUFFER), which must hold this input, and then all outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, TypeInfo)]
pub struct StepsInput {
    /// The header of the epoch.
    pub header: EpochHeader,
    /// Phase of the steps.
    pub phase: u8,
    /// The first chunk.
    pub chunk: u16,
    /// Carry of the step before the first one; empty for the first step of all.
    pub carry: Vec<u8>,
    /// The inputs of each step that the others do not share, in order of chunk.
    pub chunks: Vec<StepPart>,
}

/// The part of a step's input that is about its chunk: see [`StepInput`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, TypeInfo)]
pub struct StepPart {
    /// Scratch of the chunk one phase earlier.
    pub scratch: Vec<u8>,
    /// Memory of the chunk.
    pub memory: Vec<u8>,
    /// The chunk's neurons.
    pub neurons: Vec<NeuronInput>,
    /// Weights for the chunk's neurons.
    pub rows: Rows,
}

/// Everything that a step produces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Decode, TypeInfo)]
pub struct StepOutput {
    /// Carry for step `k + 1`.
    pub carry: Vec<u8>,
    /// Scratch for the same chunk one phase later.
    pub scratch: Vec<u8>,
    /// Memory of the chunk for the next epoch; empty outside the memory phase.
    pub memory: Vec<u8>,
    /// Results, one per neuron of the chunk; empty outside the results phase.
    pub results: Vec<NeuronResult>,
    /// Uids that get a permit, ascending; empty before the last step.
    pub roster: Vec<Uid>,
}

impl StepOutput {
    /// Checks that the kernel interface allows this output for the step of `phase` and `chunk` of
    /// an epoch with `neurons` neurons. Nothing can be asserted or made final from any other.
    ///
    /// # Errors
    /// The first promise that the output breaks, in the order of [`BrokenPromise`].
    pub fn check(
        &self,
        plan: &EpochPlan,
        neurons: u16,
        phase: u8,
        chunk: u16,
    ) -> Result<(), BrokenPromise> {
        if self.carry.len() > MAX_CARRY {
            return Err(BrokenPromise::LongCarry(self.carry.len()));
        }
        if self.scratch.len() > MAX_SCRATCH {
            return Err(BrokenPromise::LongScratch(self.scratch.len()));
        }
        if self.memory.len() > MAX_MEMORY {
            return Err(BrokenPromise::LongMemory(self.memory.len()));
        }
        if phase != plan.memory_phase && !self.memory.is_empty() {
            return Err(BrokenPromise::UnexpectedMemory);
        }
        let expected = if phase == plan.results_phase {
            plan.span(chunk, neurons).1
        } else {
            0
        };
        let given = self.results.len();
        if given != usize::from(expected) {
            return Err(BrokenPromise::ResultCount { given, expected });
        }
        if !plan.is_last(phase, chunk, neurons) && !self.roster.is_empty() {
            return Err(BrokenPromise::EarlyRoster);
        }
        if !is_roster(&self.roster, neurons) {
            return Err(BrokenPromise::BadRoster);
        }
        Ok(())
    }
}

/// A promise of the kernel interface that the output of a step breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenPromise {
    /// A carry of this many bytes, more than [`MAX_CARRY`].
    LongCarry(usize),
    /// A scratch of this many bytes, more than [`MAX_SCRATCH`].
    LongScratch(usize),
    /// A memory of this many bytes, more than [`MAX_MEMORY`].
    LongMemory(usize),
    /// Memory outside the memory phase.
    UnexpectedMemory,
    /// Not one result per neuron of the chunk, or results outside the results phase.
    ResultCount {
        /// Number of results.
        given: usize,
        /// Number of results that the phase and the chunk require.
        expected: u16,
    },
    /// A roster before the last step.
    EarlyRoster,
    /// A roster that is not strictly ascending, or has a uid that no neuron has.
    BadRoster,
}

#[cfg(feature = "std")]
impl core::fmt::Display for BrokenPromise {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let long = |f: &mut core::fmt::Formatter<'_>, what, bytes, most| {
            write!(
                f,
                "the {what} has {bytes} bytes, more than the limit of {most}"
            )
        };
        match *self {
            Self::LongCarry(bytes) => long(f, "carry", bytes, MAX_CARRY),
            Self::LongScratch(bytes) => long(f, "scratch", bytes, MAX_SCRATCH),
            Self::LongMemory(bytes) => long(f, "memory", bytes, MAX_MEMORY),
            Self::UnexpectedMemory => write!(f, "there is memory outside the memory phase"),
            Self::ResultCount { given, expected } => {
                write!(f, "there are {given} results, and {expected} are required")
            }
            Self::EarlyRoster => write!(f, "there is a roster before the last step"),
            Self::BadRoster => {
                write!(f, "the roster is not strictly ascending within the neurons")
            }
        }
    }
}

/// A result of an epoch for one neuron. Shares in u16 are parts of 65535, rounded down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct NeuronResult {
    /// Share of all incentive.
    pub incentive: u16,
    /// Share of all dividends.
    pub dividends: u16,
    /// Weight that the majority of stake agrees on.
    pub consensus: u16,
    /// Part of the neuron's weights that consensus leaves.
    pub validator_trust: u16,
    /// Share of the subnet's stake.
    pub stake_weight: u16,
    /// True if the neuron updated weights within the activity cutoff.
    pub active: bool,
    /// True if the neuron holds a permit for the next epoch.
    pub permit: bool,
    /// Pay as a miner, in rao.
    pub miner: Rao,
    /// Pay as a validator, in rao, for the hotkey's owner and stakers.
    pub validator: Rao,
    /// Emission of the neuron, in rao: the sum of `miner` and `validator` with a split budget.
    ///
    /// With a combined budget the emission is rounded by itself, as subtensor does, and may differ
    /// from the sum by a few rao. `miner` and `validator` are paid.
    pub emission: Rao,
}

impl NeuronResult {
    /// Appends the fixed-width form that results are hashed in.
    pub fn preimage(&self, hash: Preimage) -> Preimage {
        hash.u16(self.incentive)
            .u16(self.dividends)
            .u16(self.consensus)
            .u16(self.validator_trust)
            .u16(self.stake_weight)
            .u8(u8::from(self.active))
            .u8(u8::from(self.permit))
            .u64(self.miner.0)
            .u64(self.validator.0)
            .u64(self.emission.0)
    }
}

#[cfg(test)]
mod tests;
