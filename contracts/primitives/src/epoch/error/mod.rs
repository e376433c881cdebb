//! Errors of the epoch contract.

#[cfg(feature = "std")]
mod text;

use crate::{
    dispute::Opening, emission::EmissionError, kernel::KernelError, registry::RegistryError,
    staking::StakingError, Rao, Uid,
};

/// Errors of the epoch contract's constructor. Variant order is ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum EpochDeployError {
    /// The challenge period is zero, so no assertion could be disputed. Give at least one block.
    NoChallengePeriod,
    /// The collateral is zero, so a false assertion would cost nothing. Give an amount above zero.
    NoCollateral,
    /// The settle window is zero, so an epoch could close before the last one is paid. Give at
    /// least one block.
    NoSettleWindow,
    /// Two of the other contracts have the same address. Give token, registry, staking and
    /// emission, in this order.
    PeersNotDistinct,
    /// The replay delay is zero, so no worker would have time to propose. Give at least one block.
    NoReplayDelay,
    /// An epoch could roll over before it can be replayed. Give a `rollover_delay` above
    /// `replay_delay`.
    RolloverBeforeReplay,
    /// The collateral would exceed the epoch's budget. Give a `collateral_part` of at most 10 000
    /// basis points.
    CollateralAboveBudget,
    /// An account could dispute its own false assertions for less than half the collateral. Give a
    /// `reward_part` of at most 5 000 basis points.
    RewardTooHigh,
}

/// Errors of the epoch contract. Variant order is ABI: append only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum EpochError {
    /// The subnet does not exist. Check the netuid.
    UnknownSubnet,
    /// The hotkey has no neuron on this subnet. Register the hotkey first.
    NotRegistered,
    /// The lists have these two lengths, of uids and of weights. Give one weight for each uid.
    LengthMismatch(u32, u32),
    /// No neuron has this uid; the subnet has this number of neurons. Correct the uids.
    UnknownUid(Uid, u16),
    /// This uid is in the list twice. Remove one.
    DuplicateUid(Uid),
    /// The neuron has no permit on this subnet. Permits come with the next final epoch, by stake;
    /// without a permit a neuron may weigh itself only.
    NoPermit,
    /// The caller's balance, or allowance for this contract, is below this amount in rao. Get more
    /// TAO, or approve the amount.
    Payment(Rao),
    /// The caller's free collateral is below this amount in rao. Deposit more.
    CollateralTooSmall(Rao),
    /// The tempo is not over. Close the epoch from this block on.
    TempoNotOver(u32),
    /// The epoch before is closed but not final. Propose, finalize, replay or roll over that epoch
    /// first.
    EpochUnfinished,
    /// The epoch before is not settled, and its settle window ends at this block. Settle its
    /// chunks.
    Unsettled(u32),
    /// No closed epoch is unfinished. Close the open epoch first.
    NothingClosed,
    /// The same assertion stands already; for a replay or a rollover, any assertion. Check it, and
    /// dispute it if it is false.
    AlreadyAsserted,
    /// The assertion is for another epoch. Recompute it for the closed epoch.
    HeaderMismatch,
    /// The assertion has other numbers of digests than the plan, or its roster is not strictly
    /// ascending within the neurons and the permits. Recompute the epoch.
    BadShape,
    /// No assertion is posted. Propose one first.
    NotAsserted,
    /// The challenge period is not over. Finalize from this block on.
    ChallengePeriod(u32),
    /// This assertion does not stand, or is not the first one, which alone can be finalized. Use
    /// the assertion of the `Proposed` event.
    AssertionMismatch,
    /// The epoch is not waiting for settlement: not final yet, settled, or past its settle window.
    /// Check `status`.
    NotSettling,
    /// The epoch has only this number of chunks. Chunks count from 0.
    ChunkOutOfRange(u16),
    /// The chunk is settled already. Settle another chunk.
    AlreadySettled,
    /// The results do not have the final hash, or are not one per neuron of the chunk. Recompute
    /// the epoch.
    ResultsMismatch,
    /// The memory does not have the final hash. Recompute the epoch.
    MemoryMismatch,
    /// The results pay more than this amount in rao, which the budget has left. The chunk cannot
    /// be settled; its pay returns to the subnet's next budget.
    OverBudget(Rao),
    /// The kernel returned this error. Choose another kernel, or set its parameters again.
    Kernel(KernelError),
    /// The kernel's plan is outside the limits of the protocol. Choose another kernel.
    UnsoundPlan,
    /// The kernel's address has no code, or the kernel trapped. Choose another kernel.
    KernelUnavailable,
    /// The registry returned this error. Follow the remedy of that error.
    Registry(RegistryError),
    /// The staking contract returned this error. Follow the remedy of that error.
    Staking(StakingError),
    /// The emission contract returned this error. Follow the remedy of that error.
    Emission(EmissionError),
    /// Another contract did not answer. Check the deployment.
    PeerUnavailable,
    /// A number is out of range, which cannot happen within the limits. Nothing was changed; check
    /// the deployment.
    Overflow,
    /// The challenge period ended at this block. The assertion can only be finalized.
    ChallengeOver(u32),
    /// The epoch has only this number of steps. Steps count from 0.
    StepOutOfRange(u32),
    /// This part of the proof does not have the hash that the assertion, or the last final epoch,
    /// commits to. If the part is correct, dispute the first step that is false.
    OpeningMismatch(Opening),
    /// The code at the kernel's address has changed since the kernel was allowed or the epoch
    /// closed. Choose another kernel; an epoch closed with this one can only be rolled over.
    KernelChanged,
    /// The output of the step is as asserted. Nothing was changed; dispute a false step.
    StepIsCorrect,
    /// The kernel trapped, and had less gas than a step may take: it may have run out. Send again
    /// with 0.5 seconds of `ref_time` more.
    KernelFailed,
    /// The output of the step violates the kernel interface. The epoch can only be rolled over.
    BrokenPromise,
    /// The assertion contradicts steps that the chain has replayed, so it is false. Recompute the
    /// epoch.
    ContradictsReplay,
    /// Workers may still propose the epoch. Replay from this block on.
    ReplayNotDue(u32),
    /// The epoch can still be proposed or replayed. Roll over from this block on.
    RolloverNotDue(u32),
    /// The number of steps is 0. Replay one or more.
    NoSteps,
    /// The subnet is not started, so no epoch closes. The subnet's owner must call `start` of the
    /// registry first.
    NotStarted,
    /// The subnet was retired at this block, and no further epoch closes. Use another subnet.
    Retired(u32),
    /// Weights are committed first on this subnet. Use `commit_weights`, and `reveal_weights`
    /// later.
    CommitFirst,
    /// Weights are set at once on this subnet. Use `set_weights`.
    NoCommitReveal,
    /// The hotkey has less than this stake in rao, which setting weights requires. Add stake.
    StakeTooLow(Rao),
    /// The client's version is below this one, which the subnet's owner requires. Update the
    /// client.
    VersionTooOld(u64),
    /// The neuron set weights recently. Try again from this block on.
    WeightsTooSoon(u32),
    /// The row has fewer than this number of weights. Add uids.
    TooFewWeights(u16),
    /// The open epoch is this one. Commit for the open epoch.
    WrongEpoch(u32),
    /// This number of commits is waiting already. Reveal one, or wait until the oldest has
    /// expired.
    TooManyCommits(u16),
    /// The neuron has no commit with this hash. Check weights, salt, version and epoch of the
    /// commit.
    NoSuchCommit,
    /// The commit can be revealed in this epoch only. Wait until it is open.
    RevealTooEarly(u32),
    /// The commit could be revealed in this epoch only, which is over. Commit again.
    RevealTooLate(u32),
    /// The salt has more than this number of bytes. Shorten it.
    SaltTooLong(u16),
    /// The batch has more than this number of calls. Split it.
    TooManyCalls(u16),
    /// This number of assertions stands already. Dispute the false ones: each dispute frees a
    /// place at once.
    TooManyAssertions(u8),
    /// The kernel trapped at the step, or its answer is malformed, so no assertion of the epoch is
    /// correct. The epoch can only be rolled over.
    KernelTrapped,
    /// The epoch could be asserted until this block. Roll it over.
    TooLate(u32),
    /// Nothing is owed for these neurons. Collect after the next settlement.
    NothingOwed,
    /// A call settles this number of chunks at most. Settle the others in another call.
    TooManyChunks(u16),
    /// None of several chunks can be settled whole. Settle one alone.
    NoWholeChunk,
    /// One call has no room for all payments of several chunks. Settle fewer of them, or one alone.
    NoRoom,
    /// The subnet demands evidence of the open epoch, which is this one. Pledge it first.
    EvidenceFirst(u32),
}
