//! What the epoch contract refuses, and what to do about it.

use crate::{
    dispute::Opening, emission::EmissionError, kernel::KernelError, registry::RegistryError,
    staking::StakingError, Rao, Uid,
};

/// Errors of the epoch contract. Variant order is ABI: append only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum EpochError {
    /// No subnet has this netuid.
    UnknownSubnet,
    /// The caller's hotkey has no seat on this subnet. Register it first.
    NotRegistered,
    /// `uids` and `weights` differ in length: both lengths.
    LengthMismatch(u32, u32),
    /// A uid is not taken: the uid, and the number of neurons.
    UnknownUid(Uid, u16),
    /// A uid occurs twice.
    DuplicateUid(Uid),
    /// Without a permit a neuron may only weigh itself. Permits come with the next final epoch, by
    /// stake.
    NoPermit,
    /// The token refused: balance or allowance for this contract is below the amount.
    Payment(Rao),
    /// The caller's free collateral is too small: the collateral needed.
    CollateralTooSmall(Rao),
    /// The tempo is not over: first block at which the epoch may close.
    TempoNotOver(u32),
    /// The epoch before is closed but not final. Propose, finalise or replay it, or roll it over
    /// when its time is come.
    EpochUnfinished,
    /// The epoch before can still be settled: first block at which it no longer holds the next one
    /// up. Settle it.
    Unsettled(u32),
    /// No epoch is closed.
    NothingClosed,
    /// An assertion is posted already. Check it, and dispute it if it is wrong.
    AlreadyAsserted,
    /// The assertion is for another epoch.
    HeaderMismatch,
    /// The assertion has not the plan's numbers of steps and chunks, or its roster is not strictly
    /// ascending, within the neurons and within the permits.
    BadShape,
    /// No assertion is posted.
    NotAsserted,
    /// The challenge period is not over: first block at which it is.
    ChallengePeriod(u32),
    /// This is not the assertion that was posted.
    AssertionMismatch,
    /// This epoch is not waiting for settlement: it is not final yet, settled, or the next one
    /// closed after its window.
    NotSettling,
    /// The epoch has not so many chunks: how many it has.
    ChunkOutOfRange(u16),
    /// The chunk was settled before.
    AlreadySettled,
    /// These are not the results that became final, or not one per neuron of the chunk.
    ResultsMismatch,
    /// The final results pay more than the budget: what is left. Nothing of the chunk is paid.
    OverBudget(Rao),
    /// The kernel refused.
    Kernel(KernelError),
    /// The kernel's plan is outside the limits of the protocol. Choose another kernel.
    UnsoundPlan,
    /// The kernel's address has no code, or it trapped. Choose another kernel.
    KernelUnavailable,
    /// The registry refused.
    Registry(RegistryError),
    /// The staking contract refused.
    Staking(StakingError),
    /// The emission contract refused.
    Emission(EmissionError),
    /// A peer contract did not answer. Check the deployment.
    PeerUnavailable,
    /// A number left its range. Cannot happen within the limits; nothing was changed.
    Overflow,
    /// The challenge period is over: the deadline, from which on the assertion can no longer be
    /// disputed, only finalised.
    ChallengeOver(u32),
    /// The epoch has not so many steps: how many it has. Steps are counted from 0.
    StepOutOfRange(u32),
    /// These bytes of the proof are not what the assertion, or the last final epoch, commits to.
    /// If they are the honest ones, an earlier step of the assertion is false: dispute the
    /// first that is.
    OpeningMismatch(Opening),
    /// The code at the kernel's address is no longer the one that it was allowed, and the epoch
    /// closed, with. Choose another kernel; an epoch that closed with it can only be rolled
    /// over.
    KernelChanged,
    /// The step comes to exactly what is asserted. Nothing was changed.
    StepIsCorrect,
    /// The kernel trapped, or was given too little gas. Send it again with more. If that does not
    /// help, the epoch can only be rolled over.
    KernelFailed,
    /// What the step comes to breaks a promise of the kernel's interface. The epoch can only be
    /// rolled over.
    BrokenPromise,
    /// The epoch is being replayed, which excludes any assertion. Continue the replay.
    Replaying,
    /// It is too early to replay: first block at which the epoch may be. Until then a worker may
    /// propose it.
    ReplayNotDue(u32),
    /// It is too early to give the epoch up: first block at which it may be rolled over. Propose
    /// or replay it.
    RolloverNotDue(u32),
    /// No step was asked for. Ask for one or more.
    NoSteps,
    /// The subnet has not been started, so no epoch closes. Its owner starts it with `start` of
    /// the registry.
    NotStarted,
    /// The subnet is retired since this block: no more epochs close.
    Retired(u32),
    /// On this subnet weights are committed to first. Use `commit_weights`, and `reveal_weights`
    /// when it is time.
    CommitFirst,
    /// On this subnet weights are set at once. Use `set_weights`.
    NoCommitReveal,
    /// The hotkey has too little stake to set weights: what it needs.
    StakeTooLow(Rao),
    /// The client is too old: the least version that the subnet's owner asks for.
    VersionTooOld(u64),
    /// The neuron set weights not long ago: first block at which it may again.
    WeightsTooSoon(u32),
    /// Too few weights: how many there must be at least.
    TooFewWeights(u16),
    /// Another epoch is open: which one. Commit to that.
    WrongEpoch(u32),
    /// So many commits wait already. Reveal one, or wait until the oldest has expired.
    TooManyCommits(u16),
    /// The neuron has not committed to this: check weights, salt, version and the epoch of the
    /// commit.
    NoSuchCommit,
    /// The commit cannot be revealed before this epoch.
    RevealTooEarly(u32),
    /// The commit could be revealed in this epoch only, which is over.
    RevealTooLate(u32),
    /// The salt is too long: the most bytes it may have.
    SaltTooLong(u16),
    /// A batch has too many calls: the most there may be.
    TooManyCalls(u16),
}
