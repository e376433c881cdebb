//! The kernel interface: an epoch is a fold of small pure steps, and a kernel is the program that
//! computes one.
//!
//! A kernel is a contract without storage. The worker runs its Wasm in wasmtime, the chain runs the
//! same bytes to judge one step. A step is a pure function of its input: no storage, no caller, no
//! block, no floats.

use crate::{hash::Preimage, hash::Tag, AccountId, Digest, NetUid, Rao, Uid};
use ink::prelude::vec::Vec;

/// Bytes of ink!'s static buffer in the epoch contract and the kernels (`INK_STATIC_BUFFER_SIZE`).
///
/// A message's input, its result and every cross-contract call pass through it. It must hold the
/// largest assertion plus the largest step; `limits` in the epoch contract's tests computes that
/// sum.
pub const STATIC_BUFFER: usize = 256 * 1024;

/// Most bytes of a carry.
pub const MAX_CARRY: usize = 16 * 1024;
/// Most bytes of a scratch.
pub const MAX_SCRATCH: usize = 4 * 1024;
/// Most bytes that a chunk remembers.
pub const MAX_MEMORY: usize = 32 * 1024;
/// Most bytes of a subnet's kernel parameters.
pub const MAX_PARAMS: usize = 256;
/// Most phases of a plan.
pub const MAX_PHASES: usize = 16;

/// What an epoch pays out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Budget {
    /// Miners and validators have a part each: incentive divides the one, dividends the other.
    Split {
        /// The miners' part.
        miners: Rao,
        /// The validators' and their stakers' part.
        validators: Rao,
    },
    /// Subtensor's rule: incentive and dividends are normalised together over one total.
    Combined(Rao),
}

impl Budget {
    /// All there is to pay out; saturates at the largest amount.
    pub const fn total(&self) -> Rao {
        match self {
            Budget::Split { miners, validators } => Rao(miners.0.saturating_add(validators.0)),
            Budget::Combined(total) => *total,
        }
    }
}

/// Everything about an epoch that is fixed when it closes. Its hash binds every proof to this
/// epoch, subnet, deployment and kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct EpochHeader {
    /// The epoch contract.
    pub contract: AccountId,
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch's number on its subnet.
    pub epoch: u32,
    /// The last final epoch, whose roster and memory this one reads; none before the first.
    pub final_epoch: Option<u32>,
    /// Block at which the epoch opened.
    pub opened_at: u64,
    /// Block at which it closed: the block the kernel takes as the current one.
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
    /// Permits to give out, the owner's not counted.
    pub max_validators: u16,
    /// The subnet owner's neuron, if it has one.
    pub owner_uid: Option<Uid>,
    /// What the epoch pays out.
    pub budget: Budget,
    /// Uids with a permit, ascending: the last final epoch's roster and the owner's uid.
    pub roster: Vec<Uid>,
    /// Hash of the last final epoch, zero before the first.
    pub previous: Digest,
}

impl EpochHeader {
    /// `H("header"; every field in order)`.
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

/// How a kernel cuts an epoch into steps. Step `k = phase * C + chunk` with `C = ceil(neurons /
/// chunk)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct EpochPlan {
    /// Uids per chunk: a power of two, at most `PAGE`.
    pub chunk: u16,
    /// What each phase reads.
    pub phases: Vec<PhasePlan>,
    /// The phase whose steps write memory.
    pub memory_phase: u8,
    /// The phase whose steps write results. The last step of the last phase writes the roster.
    pub results_phase: u8,
}

/// What the steps of a phase are given besides header, carry, scratch and neurons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct PhasePlan {
    /// The weights that each roster validator gives to the chunk's uids.
    pub rows: bool,
    /// What the chunk remembers.
    pub memory: bool,
}

impl EpochPlan {
    /// Chunks of an epoch with `neurons` neurons.
    pub fn chunks(&self, neurons: u16) -> u16 {
        neurons.div_ceil(self.chunk.max(1))
    }

    /// Steps of an epoch with `neurons` neurons.
    pub fn steps(&self, neurons: u16) -> u32 {
        let phases = u32::try_from(self.phases.len()).unwrap_or(u32::MAX);
        phases.saturating_mul(u32::from(self.chunks(neurons)))
    }

    /// Phase and chunk of step `k` of an epoch with `neurons` neurons; none if it has not so many
    /// steps.
    pub fn place(&self, k: u32, neurons: u16) -> Option<(u8, u16)> {
        if k >= self.steps(neurons) {
            return None;
        }
        let chunks = u32::from(self.chunks(neurons));
        let phase = u8::try_from(k.checked_div(chunks)?).ok()?;
        let chunk = u16::try_from(k.checked_rem(chunks)?).ok()?;
        Some((phase, chunk))
    }

    /// Whether chunk and phases are within the limits that contract and worker rely on.
    pub fn is_sound(&self) -> bool {
        let phases = self.phases.len();
        self.chunk.is_power_of_two()
            && self.chunk <= crate::PAGE
            && (1..=MAX_PHASES).contains(&phases)
            && usize::from(self.memory_phase) < phases
            && usize::from(self.results_phase) < phases
    }

    /// The uids of `chunk`: the first, and how many.
    pub fn span(&self, chunk: u16, neurons: u16) -> (Uid, u16) {
        let start = chunk.saturating_mul(self.chunk).min(neurons);
        let len = neurons.saturating_sub(start).min(self.chunk);
        (Uid(start), len)
    }
}

/// A neuron as consensus sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct NeuronInput {
    /// Stake behind the hotkey on this subnet, in rao.
    pub stake: u64,
    /// Block of the last weights, or of the registration if there are none.
    pub last_update: u64,
    /// Block of the registration.
    pub registered_at: u64,
    /// Block of the earliest unexpired weights commit, `NO_COMMIT` if there is none.
    pub commit_block: u64,
    /// Holds a permit: its uid is on the roster and it is no newcomer. The kernel adds the
    /// owner's.
    pub permit: bool,
    /// Took its seat after the last final epoch closed: what memory holds for the uid is
    /// another's.
    pub newcomer: bool,
}

/// `NeuronInput::commit_block` of a neuron without a commit.
pub const NO_COMMIT: u64 = u64::MAX;

/// What the chain's storage contributes to a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct ChunkInputs {
    /// The chunk's neurons, in order of uid.
    pub neurons: Vec<NeuronInput>,
    /// `header.roster.len()` rows of `neurons.len()` weights each, in roster order; 0 is absent.
    /// A newcomer's row is all zero, unless it is the subnet owner's, which needs no permit.
    pub rows: Vec<u16>,
}

/// All that a step depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct StepInput {
    /// The epoch.
    pub header: EpochHeader,
    /// Phase of the step.
    pub phase: u8,
    /// Chunk of the step.
    pub chunk: u16,
    /// From step `k - 1`; empty for the first.
    pub carry: Vec<u8>,
    /// From the same chunk one phase earlier; empty in phase 0.
    pub scratch: Vec<u8>,
    /// What the chunk remembers from the last final epoch, if the phase reads it; else empty.
    pub memory: Vec<u8>,
    /// The chunk's neurons, in order of uid.
    pub neurons: Vec<NeuronInput>,
    /// See [`ChunkInputs::rows`], if the phase reads them; else empty.
    pub rows: Vec<u16>,
}

/// All that a step produces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct StepOutput {
    /// For step `k + 1`.
    pub carry: Vec<u8>,
    /// For the same chunk one phase later.
    pub scratch: Vec<u8>,
    /// What the chunk remembers until the next epoch; empty but in the memory phase.
    pub memory: Vec<u8>,
    /// One per neuron of the chunk; empty but in the results phase.
    pub results: Vec<NeuronResult>,
    /// Uids that get a permit, ascending; empty but in the last step.
    pub roster: Vec<Uid>,
}

/// What an epoch found for one neuron. Shares are u16: 65535 is one, rounded down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct NeuronResult {
    /// Share of all miners' rewards.
    pub incentive: u16,
    /// Share of all validators' rewards.
    pub dividends: u16,
    /// Weight that the stake's majority agrees on.
    pub consensus: u16,
    /// How much of its weights the consensus left standing.
    pub validator_trust: u16,
    /// Share of the subnet's stake.
    pub stake_weight: u16,
    /// Has updated its weights within the activity cutoff.
    pub active: bool,
    /// Holds a permit for the next epoch.
    pub permit: bool,
    /// Reward as miner.
    pub miner: Rao,
    /// Reward as validator, for it and its stakers.
    pub validator: Rao,
    /// Reward in all. With a split budget the sum of both; with a combined one rounded on its own,
    /// as subtensor does, so it may differ from the sum by a few rao. `miner` and `validator` are
    /// what is paid.
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

/// Why a kernel cannot compute a step. None can occur in an epoch whose inputs the chain gathered
/// and whose earlier steps are honest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum KernelError {
    /// The kernel's parameters do not decode, or one is out of its bounds. Set them anew on the
    /// subnet.
    BadParams,
    /// The phase or the chunk is not in the plan.
    StepOutOfRange,
    /// The number of neurons, or of rows, is not what header and chunk ask for.
    BadInputs,
    /// The carry is not one that the step before this one produces.
    BadCarry,
    /// The scratch is not one that the phase before this one produces.
    BadScratch,
    /// The memory is not one that an epoch of this kernel leaves.
    BadMemory,
}

/// A consensus mechanism. Stateless: both messages are pure functions of their argument.
#[ink::trait_definition]
pub trait IncentiveKernel {
    /// How the epoch of `header` is cut into steps.
    ///
    /// # Errors
    /// `BadParams` if the kernel cannot run with the header's parameters.
    #[ink(message)]
    fn plan(&self, header: EpochHeader) -> Result<EpochPlan, KernelError>;

    /// Computes one step.
    ///
    /// # Errors
    /// See [`KernelError`].
    #[ink(message)]
    fn step(&self, input: StepInput) -> Result<StepOutput, KernelError>;
}

/// Parameters of the Yuma kernel, SCALE-encoded in `EpochHeader::params`.
///
/// Sections in brackets are of the reference. Ratios in u16 are parts of 65535.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct YumaParams {
    /// Blocks without new weights after which a validator counts as inactive.
    pub activity_cutoff: u64,
    /// Stake below which a neuron has no weight in consensus.
    pub min_stake: Rao,
    /// Majority that consensus asks for.
    pub kappa: u16,
    /// How far bonds follow clipped (65535) rather than given (0) weights.
    pub bonds_penalty: u16,
    /// Inertia of bonds, in millionths.
    pub bonds_moving_average: u64,
    /// Yuma3 rather than Yuma2 bonds.
    pub yuma3: bool,
    /// A bond's inertia follows consensus. Needs `yuma3`.
    pub liquid_alpha: bool,
    /// Least bond rate under liquid alpha.
    pub alpha_low: u16,
    /// Largest bond rate under liquid alpha.
    pub alpha_high: u16,
    /// Slope of liquid alpha, times 100.
    pub alpha_sigmoid_steepness: i16,
    /// Weights committed before a neuron registered do not count for it.
    pub commit_reveal: bool,
}

impl Default for YumaParams {
    /// The reference's defaults for a new subnet, except commit-reveal, which is off.
    fn default() -> Self {
        Self {
            activity_cutoff: 5_000,
            min_stake: Rao::ZERO,
            kappa: 32_767,
            bonds_penalty: 65_535,
            bonds_moving_average: 900_000,
            yuma3: true,
            liquid_alpha: false,
            alpha_low: 45_875,
            alpha_high: 58_982,
            alpha_sigmoid_steepness: 1_000,
            commit_reveal: false,
        }
    }
}
