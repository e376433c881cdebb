//! Weights, and an epoch's life: close, propose, dispute, finalize, replay, roll over, settle.

mod error;
mod events;
mod voting;

pub use error::EpochError;
pub use events::{
    CollateralChanged, EpochClosed, EpochRolledOver, Finalized, Proposed, Replayed, ReplayedMemory,
    ReplayedResults, RevealsMissed, Settled, TempoRestarted, WeightsCommitted, WeightsSet,
};
pub use voting::{
    CommitState, CommitView, CommitsView, CommittedWeights, WeightsCall, MAX_BATCH, MAX_COMMITS,
    MAX_SALT,
};

use crate::{
    assertion::Assertion,
    dispute::StepProof,
    kernel::{ChunkInputs, EpochHeader, EpochPlan, NeuronResult},
    AccountId, Digest, NetUid, Rao, Uid,
};
use ink::prelude::vec::Vec;

/// Most bytes of memory that one [`ReplayedMemory`] event tells: half of what an event may have.
pub const MEMORY_PART: usize = 8 * 1024;

/// Constants of the game, fixed at deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct EpochRules {
    /// Blocks during which an assertion can be disputed: the first block at which it can be
    /// finalised is the block of the proposal plus this. At least 1.
    pub challenge_period: u32,
    /// Collateral of the first assertion of an epoch; it doubles with each that is slashed. Not zero.
    pub collateral: Rao,
    /// Blocks after finality during which the next epoch cannot close while this one is not
    /// settled. Afterwards unsettled pay returns to the subnet's budget. At least 1.
    pub settle_window: u32,
    /// Blocks after the close from which on the chain executes the epoch itself if asked to, while
    /// nothing is asserted. At least 1: until then workers can propose it.
    pub replay_delay: u32,
    /// Blocks without progress after which a closed epoch can be given up. Counted from the last
    /// block at which it closed, lost an assertion or was replayed a step further. More than
    /// `replay_delay`.
    pub rollover_delay: u32,
}

/// The other contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Peers {
    /// TAO.
    pub token: AccountId,
    /// Subnets and neurons.
    pub registry: AccountId,
    /// Stake.
    pub staking: AccountId,
    /// Emission.
    pub emission: AccountId,
}

/// A validator's weights, canonical: ascending, without zeros, the largest 65535.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct WeightsRow {
    /// Block at which they were set.
    pub updated_at: u32,
    /// Whom they are for.
    pub uids: Vec<Uid>,
    /// The weight of each.
    pub weights: Vec<u16>,
}

/// Where a closed epoch stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Stage {
    /// No epoch is closed and unfinished; the open one is collecting.
    Open,
    /// Closed: anyone may propose.
    Closed,
    /// Asserted: anyone may dispute before the deadline and finalise from it on.
    Asserted {
        /// Hash of the assertion.
        assertion: Digest,
        /// Who posted it.
        proposer: AccountId,
        /// The collateral at stake.
        collateral: Rao,
        /// First block at which it can be finalised.
        deadline: u32,
    },
    /// The chain is executing it: anyone may continue, nobody may propose.
    Replaying {
        /// The first step that is still to be executed.
        next: u32,
    },
}

/// A subnet's epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct EpochStatus {
    /// The open epoch.
    pub open: u32,
    /// Block at which it opened.
    pub opened_at: u32,
    /// First block at which it may close, as far as tempo goes; `u32::MAX` on a subnet that is not
    /// started, or is retired.
    pub closes_at: u32,
    /// The epoch before it, while it is closed and not final.
    pub stage: Stage,
    /// The last final epoch.
    pub final_epoch: Option<u32>,
    /// The final epoch that still has chunks to settle, if any.
    pub settling: Option<Settlement>,
    /// First block at which the closed epoch can be replayed, unless it is asserted.
    pub replays_at: Option<u32>,
    /// First block at which the closed epoch can be rolled over: while it is not asserted, or if
    /// the code of its kernel has changed since it closed.
    pub rolls_over_at: Option<u32>,
}

/// How far a final epoch is paid out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Settlement {
    /// The epoch.
    pub epoch: u32,
    /// Neurons it has.
    pub neurons: u16,
    /// Uids per chunk.
    pub chunk: u16,
    /// Block at which it became final.
    pub final_at: u32,
    /// One bit per chunk, lowest first: settled.
    pub settled: Vec<u8>,
    /// What it may pay.
    pub budget: Rao,
    /// What it has paid.
    pub paid: Rao,
    /// Owner of the subnet when it closed.
    pub owner: AccountId,
    /// The owner's hotkey when it closed.
    pub owner_hotkey: AccountId,
    /// What settling a chunk earns, in liquid TAO.
    pub fee: Rao,
}

impl Settlement {
    /// Whether `chunk` is paid out.
    pub fn is_settled(&self, chunk: u16) -> bool {
        let byte = self
            .settled
            .get(usize::from(chunk / 8))
            .copied()
            .unwrap_or_default();
        byte & (1u8 << (chunk % 8)) != 0
    }

    /// Number of chunks.
    pub fn chunks(&self) -> u16 {
        self.neurons.div_ceil(self.chunk.max(1))
    }

    /// Whether all chunks are paid out.
    pub fn is_complete(&self) -> bool {
        (0..self.chunks()).all(|chunk| self.is_settled(chunk))
    }
}

/// A worker's collateral account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Collateral {
    /// Can be withdrawn or put behind an assertion.
    pub free: Rao,
    /// Is behind assertions.
    pub locked: Rao,
}

/// The epoch contract.
#[ink::trait_definition]
pub trait Epochs {
    /// Sets the caller's weights on `netuid`, replacing all before. `weights[i]` is for `uids[i]`.
    /// Kept canonical: sorted, without zeros, scaled so that the largest is 65535. Empty lists
    /// clear the row. `version_key` is the client's version. Commits that wait are dropped:
    /// these weights are newer.
    ///
    /// # Errors
    /// `why_not` names the first: `NotRegistered`, `CommitFirst`, `LengthMismatch`, `StakeTooLow`,
    /// `VersionTooOld`, `WeightsTooSoon`, `NoPermit` unless the only uid is the caller's own,
    /// `UnknownUid`, `DuplicateUid`, `TooFewWeights`.
    #[ink(message)]
    fn set_weights(
        &mut self,
        netuid: NetUid,
        uids: Vec<Uid>,
        weights: Vec<u16>,
        version_key: u64,
    ) -> Result<(), EpochError>;

    /// Commits the caller to weights whose [`CommittedWeights`] hash to `hash`, to be revealed in
    /// the epoch that the subnet's reveal period says. `epoch` is the open epoch, which the
    /// hash binds.
    ///
    /// # Errors
    /// `NotRegistered`, `NoCommitReveal`, `StakeTooLow`, `WeightsTooSoon`, `WrongEpoch` with the
    /// open one, `TooManyCommits`.
    #[ink(message)]
    fn commit_weights(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        hash: Digest,
    ) -> Result<(), EpochError>;

    /// Reveals weights that `hotkey` has committed to, and sets them, as of the block of the
    /// commit. Anyone who has them may call. Older commits are dropped.
    ///
    /// # Errors
    /// `why_not_reveal` names the first: `NotRegistered`, `SaltTooLong`, `NoSuchCommit`,
    /// `RevealTooEarly`, `RevealTooLate`, then those of `set_weights` but for `CommitFirst` and
    /// `WeightsTooSoon`.
    #[ink(message)]
    fn reveal_weights(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        uids: Vec<Uid>,
        weights: Vec<u16>,
        salt: Vec<u8>,
        version_key: u64,
    ) -> Result<(), EpochError>;

    /// Makes several calls about weights, each as if alone, at most `MAX_BATCH`. Returns what each
    /// came to: one that is refused changes nothing, and the others go on.
    ///
    /// # Errors
    /// `TooManyCalls`.
    #[ink(message)]
    fn batch(&mut self, calls: Vec<WeightsCall>)
        -> Result<Vec<Result<(), EpochError>>, EpochError>;

    /// The first reason for which `set_weights` by `hotkey` would be refused now; none if it would
    /// not.
    #[ink(message)]
    fn why_not(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        uids: Vec<Uid>,
        weights: Vec<u16>,
        version_key: u64,
    ) -> Option<EpochError>;

    /// The first reason for which `reveal_weights` would be refused now; none if it would not.
    #[ink(message)]
    fn why_not_reveal(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        uids: Vec<Uid>,
        weights: Vec<u16>,
        salt: Vec<u8>,
        version_key: u64,
    ) -> Option<EpochError>;

    /// What the neuron of `hotkey` has committed to and not revealed.
    #[ink(message)]
    fn commits(&self, netuid: NetUid, hotkey: AccountId) -> CommitsView;

    /// Adds `amount` of the caller's TAO to its free collateral (approve it for this contract first).
    ///
    /// # Errors
    /// `Payment`.
    #[ink(message)]
    fn deposit_collateral(&mut self, amount: Rao) -> Result<(), EpochError>;

    /// Takes `amount` of the caller's free collateral back.
    ///
    /// # Errors
    /// `CollateralTooSmall`, `Payment`.
    #[ink(message)]
    fn withdraw_collateral(&mut self, amount: Rao) -> Result<(), EpochError>;

    /// Closes the open epoch and freezes its inputs. Anyone may call. An epoch without neurons has
    /// nothing to compute: it rolls over, that is, its tempo starts anew, and nothing is
    /// returned.
    ///
    /// # Errors
    /// `UnknownSubnet`, `Retired`, `NotStarted`, `TempoNotOver` with the first block at which it
    /// may close, `EpochUnfinished` while the one before is not final, `Unsettled` while it may
    /// still be settled, `KernelUnavailable`, `KernelChanged` if the code at the kernel's address
    /// is not the one that the registry allowed, `Kernel` if the kernel has no plan for it.
    #[ink(message)]
    fn close(&mut self, netuid: NetUid) -> Result<Option<EpochHeader>, EpochError>;

    /// Posts the closed epoch's assertion and locks the caller's collateral behind it, as much as
    /// `collateral_required` says. Anyone may call.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `Replaying`, `HeaderMismatch`, `BadShape`,
    /// `CollateralTooSmall`.
    #[ink(message)]
    fn propose(&mut self, netuid: NetUid, assertion: Assertion) -> Result<(), EpochError>;

    /// Has step `k` of the asserted epoch executed again. If it comes to anything else than
    /// asserted, the collateral is slashed (half to the caller, rounded down, the rest burned) and
    /// the epoch awaits an assertion again. A step that the kernel answers with an error is
    /// false too: no honest assertion of it exists. Anyone may call, up to the block before the
    /// deadline.
    ///
    /// # Errors
    /// `NotAsserted`, `ChallengeOver` with the deadline, `AssertionMismatch`, `StepOutOfRange` with
    /// the number of steps, `OpeningMismatch`, `KernelChanged`, `KernelFailed`,
    /// `StepIsCorrect`, in this order, or those of registry and staking. After any of them
    /// nothing has changed.
    #[ink(message)]
    fn dispute(&mut self, netuid: NetUid, k: u32, proof: StepProof) -> Result<(), EpochError>;

    /// Makes the asserted epoch final once its challenge period is over, from the block of the
    /// deadline on, frees the collateral and pays the proposer its fee. Anyone may call; the
    /// assertion is in the `Proposed` event.
    ///
    /// # Errors
    /// `NotAsserted`, `ChallengePeriod` with the first block at which it can be,
    /// `AssertionMismatch`, `KernelChanged`, or those of emission.
    #[ink(message)]
    fn finalize(&mut self, netuid: NetUid, assertion: Assertion) -> Result<(), EpochError>;

    /// Executes up to `steps` of the next steps of the closed epoch on the chain. After the last
    /// one the epoch is final, as an honest assertion would have made it. Anyone may call, and
    /// continue what others began; each is paid its part of the proposer's fee. Once begun,
    /// nothing can be proposed. Returns the first step that is still to be executed.
    ///
    /// `memory` has an entry for each step executed that reads a memory that there is, in order:
    /// the bytes that the last final epoch left for its chunk. `memory_hashes` says for which
    /// chunks there is one.
    ///
    /// A call has room for one step of any kernel; how many more depends on their size. One that
    /// asks for too many fails and changes nothing.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `ReplayNotDue` with the first block at which it is,
    /// `NoSteps`; `OpeningMismatch` if an entry of `memory` is not what the hash says, or there
    /// is one too few or too many; `KernelChanged`, `KernelFailed`, `Kernel`, `BrokenPromise`
    /// and `BadShape` if the step cannot be executed, or what it comes to cannot be final; or those
    /// of the other contracts. After any of them nothing has changed.
    #[ink(message)]
    fn replay(
        &mut self,
        netuid: NetUid,
        steps: u32,
        memory: Vec<Vec<u8>>,
    ) -> Result<u32, EpochError>;

    /// Gives the closed epoch up when it has not moved for long: its whole budget goes to the
    /// subnet's next one, roster and memory stay those of the last final epoch. Anyone may
    /// call. Also frees the collateral of an assertion whose epoch can no longer become final since
    /// the code of its kernel has changed. Returns what the next budget gets.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `RolloverNotDue` with the first block at which it is, or
    /// those of emission.
    #[ink(message)]
    fn roll_over(&mut self, netuid: NetUid) -> Result<Rao, EpochError>;

    /// Pays the neurons of `chunk` of a final epoch and records their scores. Anyone may call, and
    /// gets the keeper's fee of the chunk.
    ///
    /// # Errors
    /// `NotSettling`, `ChunkOutOfRange`, `AlreadySettled`, `ResultsMismatch`, `OverBudget`, or
    /// those of the other contracts.
    #[ink(message)]
    fn settle(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        chunk: u16,
        results: Vec<NeuronResult>,
    ) -> Result<Rao, EpochError>;

    /// Where the subnet's epochs stand.
    #[ink(message)]
    fn status(&self, netuid: NetUid) -> Option<EpochStatus>;

    /// Header of the epoch that closed last.
    #[ink(message)]
    fn header(&self, netuid: NetUid) -> Option<EpochHeader>;

    /// Plan of the epoch that closed last.
    #[ink(message)]
    fn plan(&self, netuid: NetUid) -> Option<EpochPlan>;

    /// What storage contributes to the steps of `chunk` of the epoch that closed last. Workers read
    /// it; the judge calls the same function.
    ///
    /// # Errors
    /// `NothingClosed`, `ChunkOutOfRange`, or those of registry and staking.
    #[ink(message)]
    fn chunk_inputs(&self, netuid: NetUid, chunk: u16) -> Result<ChunkInputs, EpochError>;

    /// The weights that the neuron on `uid` has set, as of now.
    #[ink(message)]
    fn weights(&self, netuid: NetUid, uid: Uid) -> Option<WeightsRow>;

    /// Uids with a permit by the last final epoch, ascending.
    #[ink(message)]
    fn roster(&self, netuid: NetUid) -> Vec<Uid>;

    /// Hashes of what each chunk remembers from the last final epoch. None if the epoch that closed
    /// since has another kernel code, or chunks of another size: it starts without memory.
    #[ink(message)]
    fn memory_hashes(&self, netuid: NetUid) -> Vec<Digest>;

    /// Collateral of `worker`.
    #[ink(message)]
    fn collateral(&self, worker: AccountId) -> Collateral;

    /// All collateral: the balance that this contract must have.
    #[ink(message)]
    fn total_collateral(&self) -> Rao;

    /// Collateral that the subnet's next assertion needs: that of the rules, doubled for each assertion
    /// of the closed epoch that was slashed, at most the cap on TAO.
    #[ink(message)]
    fn collateral_required(&self, netuid: NetUid) -> Rao;

    /// The constants of the game.
    #[ink(message)]
    fn rules(&self) -> EpochRules;

    /// The other contracts.
    #[ink(message)]
    fn peers(&self) -> Peers;
}
