//! The kernel interface: an epoch is a fold of small pure steps, and a kernel computes one step.
//!
//! A kernel is a contract without storage. The worker runs the kernel's Wasm in wasmtime; the chain
//! runs the same bytes to judge one step. A step is a pure function of its input: no storage, no
//! caller, no block, no floats.
//!
//! - `step`: input and output of a step, and the promises that an output must keep
//! - `yuma_params`: the parameters of the Yuma kernel

mod error;
mod step;
mod yuma_params;

pub use error::KernelError;
pub use step::{
    write_in_blocks, BrokenPromise, ChunkInputs, NeuronInput, NeuronResult, Row, Rows, StepInput,
    StepOutput, StepPart, StepsInput, NO_COMMIT,
};
pub use yuma_params::YumaParams;

use crate::{hash::Preimage, hash::Tag, AccountId, Digest, NetUid, Rao, Uid};
use ink::prelude::vec::Vec;

/// Time of a step on the chain in picoseconds of `ref_time`: a quarter of a block of two seconds. A
/// step that needs more, or traps within it, refutes every assertion of the step.
pub const STEP_TIME: u64 = 500_000_000_000;

/// Bytes of ink!'s static buffer in the epoch contract and the kernels (`INK_STATIC_BUFFER_SIZE`).
///
/// A message's input, its result and every cross-contract call pass through this buffer. The buffer
/// must hold the largest assertion plus the largest step; a test of the epoch contract computes
/// that sum.
pub const STATIC_BUFFER: usize = 256 * 1024;

/// Most bytes of a carry.
pub const MAX_CARRY: usize = 16 * 1024;
/// Most bytes of a scratch.
pub const MAX_SCRATCH: usize = 4 * 1024;
/// Most bytes of a chunk's memory.
pub const MAX_MEMORY: usize = 36 * 1024;
/// Most bytes of a subnet's kernel parameters.
pub const MAX_PARAMS: usize = 256;
/// Most phases of a plan.
pub const MAX_PHASES: usize = 16;

/// The amount that an epoch pays to miners and validators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Budget {
    /// A part for miners, divided by incentive, and a part for validators, divided by dividends.
    Split {
        /// The miners' part, in rao.
        miners: Rao,
        /// The part of validators and their stakers, in rao.
        validators: Rao,
    },
    /// One total in rao, over which incentive and dividends are normalized together. This is
    /// subtensor's rule.
    Combined(Rao),
}

impl Budget {
    /// Returns the sum of all parts, at most the largest amount.
    pub const fn total(&self) -> Rao {
        match self {
            Budget::Split { miners, validators } => Rao(miners.0.saturating_add(validators.0)),
            Budget::Combined(total) => *total,
        }
    }
}

/// The facts of an epoch that are fixed at its close. The header's hash binds every proof to this
/// epoch, subnet, deployment and kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct EpochHeader {
    /// The epoch contract.
    pub contract: AccountId,
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch's number on the subnet.
    pub epoch: u32,
    /// The last final epoch, whose roster and memory this epoch reads. Absent before the first.
    pub final_epoch: Option<u32>,
    /// Block at which the epoch opened.
    pub opened_at: u64,
    /// Block at which the epoch closed. The kernel takes this block as the current one.
    pub closed_at: u64,
    /// Block at which the last final epoch closed, 0 before the first.
    pub previous_close: u64,
    /// The subnet's tempo in blocks.
    pub tempo: u32,
    /// Number of neurons.
    pub neurons: u16,
    /// The kernel's address.
    pub kernel: AccountId,
    /// The kernel's code hash.
    pub kernel_code: Digest,
    /// The kernel's parameters, opaque to all but the kernel.
    pub params: Vec<u8>,
    /// Number of permits, the subnet owner's not counted.
    pub max_validators: u16,
    /// The uid of the subnet owner's neuron, if there is one.
    pub owner_uid: Option<Uid>,
    /// The amount that the epoch pays out.
    pub budget: Budget,
    /// Uids with a permit, ascending: the last final epoch's roster and the owner's uid.
    pub roster: Vec<Uid>,
    /// Hash of the last final epoch, zero before the first.
    pub previous: Digest,
}

impl EpochHeader {
    /// Returns `H("header"; every field in order)`.
    pub fn digest(&self) -> Digest {
        let budget = match self.budget {
            Budget::Split { miners, validators } => [0, miners.0, validators.0],
            Budget::Combined(total) => [1, total.0, 0],
        };
        let mut hash = Preimage::new(Tag::Header, 512)
            .fixed(self.contract.as_ref())
            .u16(self.netuid.0)
            .u32(self.epoch)
            .u8(u8::from(self.final_epoch.is_some()))
            .u32(self.final_epoch.unwrap_or_default())
            .u64(self.opened_at)
            .u64(self.closed_at)
            .u64(self.previous_close)
            .u32(self.tempo)
            .u16(self.neurons)
            .fixed(self.kernel.as_ref())
            .fixed(&self.kernel_code)
            .bytes(&self.params)
            .u16(self.max_validators)
            .u8(u8::from(self.owner_uid.is_some()))
            .u16(self.owner_uid.unwrap_or_default().0);
        for word in budget {
            hash = hash.u64(word);
        }
        hash = hash.len(self.roster.len());
        for uid in &self.roster {
            hash = hash.u16(uid.0);
        }
        hash.fixed(&self.previous).digest()
    }
}

/// The division of an epoch into steps. Step `k = phase * C + chunk` with `C = ceil(neurons /
/// chunk)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct EpochPlan {
    /// Uids per chunk: a power of two, at most `PAGE`.
    pub chunk: u16,
    /// The phases, with the inputs that each one reads.
    pub phases: Vec<PhasePlan>,
    /// The phase whose steps write memory.
    pub memory_phase: u8,
    /// The phase whose steps write results. The last step of the last phase writes the roster.
    pub results_phase: u8,
}

/// The inputs of a phase's steps besides header, carry, scratch and neurons. A dispute reads no
/// others, since every cell it reads makes it dearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct PhasePlan {
    /// True if the phase reads the weights that roster validators give to the chunk's uids.
    pub rows: bool,
    /// True if the phase reads the stake of the chunk's neurons.
    pub stake: bool,
    /// True if the phase reads the chunk's memory.
    pub memory: bool,
}

impl PhasePlan {
    /// A phase that reads every input.
    pub const ALL: Self = Self {
        rows: true,
        stake: true,
        memory: true,
    };
}

impl EpochPlan {
    /// Returns the number of chunks of an epoch with `neurons` neurons.
    pub fn chunks(&self, neurons: u16) -> u16 {
        neurons.div_ceil(self.chunk.max(1))
    }

    /// Returns the number of steps of an epoch with `neurons` neurons.
    pub fn steps(&self, neurons: u16) -> u32 {
        let phases = u32::try_from(self.phases.len()).unwrap_or(u32::MAX);
        phases.saturating_mul(u32::from(self.chunks(neurons)))
    }

    /// Returns phase and chunk of step `k` of an epoch with `neurons` neurons, or `None` if the
    /// epoch has no step `k`.
    pub fn place(&self, k: u32, neurons: u16) -> Option<(u8, u16)> {
        if k >= self.steps(neurons) {
            return None;
        }
        let chunks = u32::from(self.chunks(neurons));
        let phase = u8::try_from(k.checked_div(chunks)?).ok()?;
        let chunk = u16::try_from(k.checked_rem(chunks)?).ok()?;
        Some((phase, chunk))
    }

    /// Returns true if the step of `phase` and `chunk` is the last one of an epoch with `neurons`
    /// neurons.
    pub fn is_last(&self, phase: u8, chunk: u16, neurons: u16) -> bool {
        usize::from(phase).checked_add(1) == Some(self.phases.len())
            && chunk.checked_add(1) == Some(self.chunks(neurons))
    }

    /// Returns true if chunk and phases are within the limits that contract and worker rely on.
    pub fn is_sound(&self) -> bool {
        let phases = self.phases.len();
        self.chunk.is_power_of_two()
            && self.chunk <= crate::PAGE
            && (1..=MAX_PHASES).contains(&phases)
            && usize::from(self.memory_phase) < phases
            && usize::from(self.results_phase) < phases
    }

    /// Returns the first uid of `chunk`, and the number of uids in it.
    pub fn span(&self, chunk: u16, neurons: u16) -> (Uid, u16) {
        let start = chunk.saturating_mul(self.chunk).min(neurons);
        let len = neurons.saturating_sub(start).min(self.chunk);
        (Uid(start), len)
    }
}

/// Returns true if `uids` are strictly ascending and below `neurons`, as a roster's are.
pub(crate) fn is_roster(uids: &[Uid], neurons: u16) -> bool {
    let mut pairs = uids.iter().zip(uids.iter().skip(1));
    pairs.all(|(uid, next)| uid < next) && uids.last().is_none_or(|uid| uid.0 < neurons)
}

/// A consensus mechanism. Stateless: both messages are pure functions of their argument.
#[ink::trait_definition]
pub trait IncentiveKernel {
    /// Returns the division of the epoch of `header` into steps.
    ///
    /// # Errors
    /// `BadParams` if the kernel cannot run with the header's parameters.
    #[ink(message)]
    fn plan(&self, header: EpochHeader) -> Result<EpochPlan, KernelError>;

    /// Computes one step and returns its output.
    ///
    /// # Errors
    /// `StepOutOfRange`, `BadParams`, `BadInputs`, `BadCarry`, `BadScratch`, `BadMemory`. The order
    /// of checks is the kernel's.
    #[ink(message)]
    fn step(&self, input: StepInput) -> Result<StepOutput, KernelError>;
}

/// Several steps in one call, for workers: the chain calls [`IncentiveKernel`] alone.
///
/// To enter a kernel and to pass on the carry takes longer than most steps of a sparse subnet. A
/// worker uses this message of a kernel only if it trusts the kernel's code to answer with the
/// outputs of the steps one by one.
#[ink::trait_definition]
pub trait StepsKernel {
    /// Computes the steps of neighbouring chunks of a phase, each with the carry of the one before,
    /// and returns their outputs. Traps if input or outputs do not fit ink!'s static buffer, or all
    /// of it the memory of a contract.
    ///
    /// # Errors
    /// The error of a step that fails.
    #[ink(message)]
    fn steps(&self, input: StepsInput) -> Result<Vec<StepOutput>, KernelError>;
}
