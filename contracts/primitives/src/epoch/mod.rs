//! The interface of the epoch contract: weights, and the lifecycle of an epoch from close to
//! settlement.
//!
//! - `types`: rules, status and settlement of epochs, rows of weights, collateral
//! - `weight_calls`: commits, reveals and batches
//! - `events`, `error`: events and errors

mod error;
mod events;
mod types;
mod weight_calls;

pub use error::{EpochDeployError, EpochError};
pub use events::{
    CollateralChanged, EpochClosed, EpochRolledOver, Finalized, MemoryPublished, Proposed,
    Replayed, ResultsPublished, RevealsMissed, Settled, TempoRestarted, WeightsCommitted,
    WeightsSet,
};
pub use types::{
    Collateral, EpochRules, EpochStatus, FinalChunk, PartlySettled, Peers, PostedAssertion,
    Settlement, Stage, WeightsRow, ASSERTION_AGE, MAX_ASSERTIONS, MAX_SETTLED,
};
pub use weight_calls::{
    CommitState, CommitView, CommitsView, CommittedWeights, WeightsCall, MAX_BATCH, MAX_COMMITS,
    MAX_SALT,
};

use crate::{
    assertion::Assertion,
    dispute::StepProof,
    kernel::{ChunkInputs, EpochHeader, EpochPlan},
    AccountId, Digest, NetUid, Rao, Uid,
};
use ink::prelude::vec::Vec;

/// Most bytes of memory in one [`MemoryPublished`] event: half of the largest event.
pub const MEMORY_PART: usize = 8 * 1024;

/// Most subnets that one call of [`Epochs::statuses`] answers. Each loads the code of the registry:
/// twice as many would not fit the proof of a block.
pub const MAX_STATUSES: usize = 16;

/// The epoch contract. No account has a role in it: the rules are the same for every caller.
///
/// Messages for weights come first, then views, collateral, and the steps of an epoch. Messages
/// that only a worker can compute the arguments of are at the end.
#[ink::trait_definition]
pub trait Epochs {
    /// Sets the weights of the caller's neuron on a subnet, in place of the former ones. The caller
    /// is the hotkey.
    ///
    /// `weights[i]` is for `uids[i]`. Only the ratio of weights counts: the row is stored sorted,
    /// without zeros, and scaled so that the largest is 65535. Empty lists clear the row.
    /// `version_key` is the version of the client. A permit is required, except for the subnet
    /// owner's hotkey, or if the only uid is the neuron's own. Commits that are not revealed are
    /// dropped, because these weights are newer.
    ///
    /// # Events
    /// `WeightsSet`.
    ///
    /// # Errors
    /// `NotRegistered`, `CommitFirst`, `LengthMismatch`, `StakeTooLow`, `VersionTooOld`,
    /// `WeightsTooSoon`, `NoPermit`, `UnknownUid`, `DuplicateUid`, `TooFewWeights`,
    /// `EvidenceFirst`. `why_not` returns the first one without a transaction.
    #[ink(message)]
    fn set_weights(
        &mut self,
        netuid: NetUid,
        uids: Vec<Uid>,
        weights: Vec<u16>,
        version_key: u64,
    ) -> Result<(), EpochError>;

    /// Returns the first error that `set_weights` by `hotkey` would return now, or nothing if it
    /// would succeed.
    #[ink(message)]
    fn why_not(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
        uids: Vec<Uid>,
        weights: Vec<u16>,
        version_key: u64,
    ) -> Option<EpochError>;

    /// Commits the caller's neuron to weights with the hash `hash`, to be revealed in a later
    /// epoch. The caller is the hotkey.
    ///
    /// `epoch` is the open epoch, which the hash binds. The epoch of the reveal follows from the
    /// subnet's reveal period.
    ///
    /// # Events
    /// `RevealsMissed` if earlier commits have expired, `WeightsCommitted`.
    ///
    /// # Errors
    /// `NotRegistered`, `NoCommitReveal`, `StakeTooLow`, `WeightsTooSoon`, `WrongEpoch` with the
    /// open epoch, `EvidenceFirst`, `TooManyCommits`.
    #[ink(message)]
    fn commit_weights(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        hash: Digest,
    ) -> Result<(), EpochError>;

    /// Reveals weights that `hotkey` has committed, and sets them as of the block of the commit.
    /// Anyone who has the weights and the salt may call. Older commits are dropped.
    ///
    /// # Events
    /// `RevealsMissed` if earlier commits have expired, `WeightsSet`.
    ///
    /// # Errors
    /// `NotRegistered`, `SaltTooLong`, `NoSuchCommit`, `RevealTooEarly`, `RevealTooLate`, then
    /// those of `set_weights` except `CommitFirst`, `WeightsTooSoon` and `EvidenceFirst`.
    /// `why_not_reveal` returns the first one without a transaction.
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

    /// Returns the first error that `reveal_weights` would return now, or nothing if it would
    /// succeed.
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

    /// Makes up to 16 calls about weights, each as if alone, and returns the result of each. A
    /// refused call changes nothing, and the others proceed.
    ///
    /// # Events
    /// Those of the calls that succeed.
    ///
    /// # Errors
    /// `TooManyCalls`.
    #[ink(message)]
    fn batch(&mut self, calls: Vec<WeightsCall>)
        -> Result<Vec<Result<(), EpochError>>, EpochError>;

    /// Returns the weights that the current neuron on `uid` has set.
    #[ink(message)]
    fn weights(&self, netuid: NetUid, uid: Uid) -> Option<WeightsRow>;

    /// Returns the commits of the neuron of `hotkey` that are not revealed.
    #[ink(message)]
    fn commits(&self, netuid: NetUid, hotkey: AccountId) -> CommitsView;

    /// Returns the status of a subnet's epochs, or nothing if the subnet does not exist.
    #[ink(message)]
    fn status(&self, netuid: NetUid) -> Option<EpochStatus>;

    /// Returns the status of the epochs of each of `netuids`, in their order, or nothing for a
    /// subnet that does not exist. At most the first [`MAX_STATUSES`] are answered.
    #[ink(message)]
    fn statuses(&self, netuids: Vec<NetUid>) -> Vec<Option<EpochStatus>>;

    /// Returns the uids with a permit by the last final epoch, ascending.
    #[ink(message)]
    fn roster(&self, netuid: NetUid) -> Vec<Uid>;

    /// Returns the header of the epoch that closed last.
    #[ink(message)]
    fn header(&self, netuid: NetUid) -> Option<EpochHeader>;

    /// Returns the plan of the epoch that closed last.
    #[ink(message)]
    fn plan(&self, netuid: NetUid) -> Option<EpochPlan>;

    /// Returns the rules of epochs.
    #[ink(message)]
    fn rules(&self) -> EpochRules;

    /// Returns the contracts that this contract calls.
    #[ink(message)]
    fn peers(&self) -> Peers;

    /// Deposits `amount` rao of the caller's TAO as free collateral. Approve the amount for this
    /// contract first.
    ///
    /// # Events
    /// `CollateralChanged`.
    ///
    /// # Errors
    /// `Payment`.
    #[ink(message)]
    fn deposit_collateral(&mut self, amount: Rao) -> Result<(), EpochError>;

    /// Withdraws `amount` rao of the caller's free collateral, as TAO.
    ///
    /// # Events
    /// `CollateralChanged`.
    ///
    /// # Errors
    /// `CollateralTooSmall`, `Payment`.
    #[ink(message)]
    fn withdraw_collateral(&mut self, amount: Rao) -> Result<(), EpochError>;

    /// Returns the collateral of `worker`.
    #[ink(message)]
    fn collateral(&self, worker: AccountId) -> Collateral;

    /// Returns the collateral in rao that the next assertion of the subnet's closed epoch requires:
    /// the larger of the rules' least amount and of their part of what the epoch pays to miners and
    /// validators, doubled for each assertion that stands, at most the cap of TAO.
    #[ink(message)]
    fn collateral_required(&self, netuid: NetUid) -> Rao;

    /// Returns all collateral in rao. The contract's balance is at least this amount.
    #[ink(message)]
    fn total_collateral(&self) -> Rao;

    /// Closes the open epoch of a subnet once its tempo is over, and returns the header. Anyone may
    /// call.
    ///
    /// A close fixes the inputs of the epoch and draws its budget. On a subnet without neurons
    /// nothing closes: the tempo restarts, and nothing is returned.
    ///
    /// # Events
    /// `EpochClosed`, or `TempoRestarted` without neurons.
    ///
    /// # Errors
    /// `UnknownSubnet`, `Retired`, `NotStarted`, `TempoNotOver` with the first block at which the
    /// epoch may close, `EpochUnfinished`, `Unsettled`, those of registry, staking and emission,
    /// `KernelUnavailable`, `KernelChanged` if the kernel's code is not the allowed one, `Kernel`
    /// if the kernel has no plan, `UnsoundPlan`.
    #[ink(message)]
    fn close(&mut self, netuid: NetUid) -> Result<Option<EpochHeader>, EpochError>;

    /// Abandons the closed epoch after a long time without progress, and returns the amount in rao
    /// that its budget carries over. Anyone may call.
    ///
    /// Roster and memory stay those of the last final epoch. If the kernel's code has changed since
    /// the close, an asserted epoch can be rolled over too, and the collateral of all its
    /// assertions is freed.
    ///
    /// # Events
    /// `CollateralChanged` for each assertion whose collateral is freed, `EpochRolledOver`.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `RolloverNotDue` with the first block at which the epoch
    /// can be rolled over, or those of emission.
    #[ink(message)]
    fn roll_over(&mut self, netuid: NetUid) -> Result<Rao, EpochError>;

    /// Proposes the outcome of the closed epoch: posts an assertion beside those that stand, and
    /// locks the caller's collateral behind it, as much as `collateral_required` returns. Anyone
    /// may call.
    ///
    /// # Events
    /// `CollateralChanged`, `Proposed`.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted` if the same assertion stands, `TooManyAssertions`,
    /// `HeaderMismatch`, `BadShape`, `ContradictsReplay`, `CollateralTooSmall`, `TooLate` twelve
    /// days after the close.
    #[ink(message)]
    fn propose(&mut self, netuid: NetUid, assertion: Assertion) -> Result<(), EpochError>;

    /// Disputes step `k` of an assertion that stands: the chain re-executes the step. Anyone may
    /// call before the deadline of the assertion.
    ///
    /// The assertion is false if the output differs from it or violates the kernel interface, or if
    /// the kernel returns an error or traps. The assertion is then removed at once, and its
    /// collateral slashed: the rules' `reward_part` goes to the caller, the rest is burned.
    ///
    /// # Events
    /// `CollateralChanged`, `Disputed`.
    ///
    /// # Errors
    /// `NotAsserted`, `AssertionMismatch`, `ChallengeOver` with the deadline, `StepOutOfRange` with
    /// the number of steps, `OpeningMismatch`, those of registry and staking, `KernelChanged`,
    /// `KernelFailed`, `StepIsCorrect`, `Payment`. After an error nothing has changed.
    #[ink(message)]
    fn dispute(&mut self, netuid: NetUid, k: u32, proof: StepProof) -> Result<(), EpochError>;

    /// Finalizes the first assertion that stands, from its deadline on, frees the collateral of
    /// all, and pays the proposer's fee. Anyone may call, with the assertion of the `Proposed`
    /// event.
    ///
    /// # Events
    /// `CollateralChanged` for each assertion, `Finalized`.
    ///
    /// # Errors
    /// `NotAsserted`, `ChallengePeriod` with the deadline of the first assertion,
    /// `AssertionMismatch`, `KernelChanged`, or those of emission.
    #[ink(message)]
    fn finalize(&mut self, netuid: NetUid, assertion: Assertion) -> Result<(), EpochError>;

    /// Settles chunks of a final epoch: pays their neurons, records their scores, and publishes
    /// their results and memory. Returns the pay in rao. Anyone may call, with the final results
    /// and memory, and receives the keeper's fee.
    ///
    /// Dividends become stake. Incentives and takes are owed to the owners, who `collect` them.
    ///
    /// A call with one chunk pays at most `most` neurons, the first of the chunk that are not paid,
    /// and fewer if their parents are many; at least one. It receives its part of the fee, and
    /// further calls go on. A call with several, at most [`MAX_SETTLED`], passes over a chunk that
    /// is settled already or in part, one that is given again, and one with dividends after the
    /// first that it pays. The others are paid whole, or the call is refused.
    ///
    /// The next epoch reads the memory of published chunks only: memory that not everybody can read
    /// does not count.
    ///
    /// # Events
    /// For each chunk, `ResultsPublished` and `MemoryPublished` for each part of its memory, with
    /// the first call; `Settled`.
    ///
    /// # Errors
    /// `NotSettling`, `TooManyChunks`, `ChunkOutOfRange`, `AlreadySettled`, `NoWholeChunk`,
    /// `ResultsMismatch`, `MemoryMismatch`, `NoRoom`, `OverBudget`, or those of registry and
    /// emission.
    #[ink(message)]
    fn settle(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        chunks: Vec<FinalChunk>,
        most: u16,
    ) -> Result<Rao, EpochError>;

    /// Finalizes the first assertion that stands and settles chunks of its epoch, in one call: see
    /// [`finalize`](Self::finalize) and [`settle`](Self::settle). Returns the pay in rao. Anyone
    /// may call.
    ///
    /// # Events
    /// Those of `finalize`, then those of `settle`.
    ///
    /// # Errors
    /// Those of both. After an error nothing has changed.
    #[ink(message)]
    fn finalize_and_settle(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        assertion: Assertion,
        chunks: Vec<FinalChunk>,
        most: u16,
    ) -> Result<Rao, EpochError>;

    /// Stakes the pay that is owed to the owners of the neurons on `uids`, at most 64, each on its
    /// own hotkey. Returns the sum in rao. Anyone may call.
    ///
    /// The stake is a deposit of the open epoch, like any other.
    ///
    /// # Errors
    /// `NothingOwed`, or those of registry and emission.
    #[ink(message)]
    fn collect(&mut self, netuid: NetUid, uids: Vec<Uid>) -> Result<Rao, EpochError>;

    /// Stakes the pay that is owed to the owner of `hotkey` for registrations that were replaced.
    /// Returns the sum in rao. Anyone may call.
    ///
    /// # Errors
    /// `NothingOwed`, or those of registry and emission.
    #[ink(message)]
    fn collect_left(&mut self, netuid: NetUid, hotkey: AccountId) -> Result<Rao, EpochError>;

    /// Replays up to `steps` of the next steps of a closed epoch that has no assertion, and returns
    /// the next step to execute. Anyone may call, and receives a part of the proposer's fee.
    ///
    /// After the last step the epoch is final. Assertions can still be posted before: those that
    /// contradict a replayed step are refused. `memory` has one entry, in order, for each executed
    /// step that reads memory: the bytes that the last final epoch left for the step's chunk.
    /// `memory_hashes` returns the chunks that have memory. A call has room for one step of any
    /// kernel; a call with too many steps fails and changes nothing.
    ///
    /// # Events
    /// `MemoryPublished` and `ResultsPublished` for the steps that write them, `Replayed`, and
    /// `Finalized` after the last step.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `ReplayNotDue` with the first block at which the epoch
    /// can be replayed, `NoSteps`; `OpeningMismatch` if an entry of `memory` does not have its
    /// hash, is missing or is left over; `KernelChanged`, `KernelFailed`, `KernelTrapped`,
    /// `Kernel`, `BrokenPromise` and `BadShape` if a step cannot be executed or made final; or
    /// those of the other contracts. After an error nothing has changed.
    #[ink(message)]
    fn replay(
        &mut self,
        netuid: NetUid,
        steps: u32,
        memory: Vec<Vec<u8>>,
    ) -> Result<u32, EpochError>;

    /// Returns the inputs that storage contributes to the steps of `chunk` of the epoch that closed
    /// last. Workers and disputes read the same inputs.
    ///
    /// # Errors
    /// `NothingClosed`, `ChunkOutOfRange`, or those of registry and staking.
    #[ink(message)]
    fn chunk_inputs(&self, netuid: NetUid, chunk: u16) -> Result<ChunkInputs, EpochError>;

    /// Reads the stakes of the next `count` neurons of `chunk` of the epoch that closed last, and
    /// stores them for disputes and replays. Returns the number of neurons of the chunk whose
    /// stakes are stored.
    ///
    /// Anyone may call. A dispute or a replay of a step that reads stake reads those that are not
    /// stored. Each parent of a hotkey costs two reads more, so those of a chunk may be more than
    /// one call can read.
    ///
    /// # Errors
    /// `NothingClosed`, `ChunkOutOfRange`, or those of registry and staking.
    #[ink(message)]
    fn gather(&mut self, netuid: NetUid, chunk: u16, count: u16) -> Result<u16, EpochError>;

    /// Returns the number of neurons of `chunk` of the epoch that closed last whose stakes are
    /// stored.
    #[ink(message)]
    fn gathered(&self, netuid: NetUid, chunk: u16) -> u16;

    /// Returns the hash of each chunk's memory from the last final epoch, as the next epoch reads
    /// it. A chunk whose memory is not published, by its settlement or a replay, has none: the next
    /// epoch reads empty memory for it.
    ///
    /// The list is empty if the epoch that closed last has another kernel code or another size of
    /// chunks: it then starts without memory.
    #[ink(message)]
    fn memory_hashes(&self, netuid: NetUid) -> Vec<Option<Digest>>;
}
