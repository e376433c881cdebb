//! Texts of the epoch contract's errors, for people. Not part of a contract.

use super::{EpochDeployError, EpochError};
use core::fmt;

impl fmt::Display for EpochDeployError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoChallengePeriod => {
                "the challenge period is 0 blocks, so no assertion could be disputed; give at \
                 least 1"
            }
            Self::NoCollateral => {
                "the collateral is 0 TAO, so a false assertion would cost nothing; give an amount \
                 above 0"
            }
            Self::NoSettleWindow => {
                "the settle window is 0 blocks, so an epoch could close before the last one is \
                 paid; give at least 1"
            }
            Self::PeersNotDistinct => {
                "two of the other contracts have the same address; give token, registry, staking \
                 and emission, in this order"
            }
            Self::NoReplayDelay => {
                "the replay delay is 0 blocks, so no worker would have time to propose; give at \
                 least 1"
            }
            Self::CollateralAboveBudget => {
                "the collateral would exceed the epoch's budget; give a collateral_part of at most \
                 10000 basis points"
            }
            Self::RewardTooHigh => {
                "an account could dispute its own false assertions for less than half the \
                 collateral; give a reward_part of at most 5000 basis points"
            }
            Self::RolloverBeforeReplay => {
                "an epoch could roll over before it can be replayed; give a rollover_delay above \
                 replay_delay"
            }
        })
    }
}

impl fmt::Display for EpochError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownSubnet => write!(f, "the subnet does not exist; check the netuid"),
            Self::NotRegistered => write!(
                f,
                "the hotkey has no neuron on this subnet; register the hotkey first"
            ),
            Self::LengthMismatch(uids, weights) => write!(
                f,
                "there are {uids} uids and {weights} weights; give one weight for each uid"
            ),
            Self::UnknownUid(uid, neurons) => write!(
                f,
                "no neuron has uid {uid}, the subnet has {neurons} neurons; use uids below \
                 {neurons}"
            ),
            Self::DuplicateUid(uid) => {
                write!(f, "uid {uid} is in the list twice; remove one")
            }
            Self::NoPermit => write!(
                f,
                "no permit on this subnet; permits come with the next final epoch, by stake"
            ),
            Self::Payment(amount) => write!(
                f,
                "the caller's balance, or allowance for the epoch contract, is below {amount}; \
                 get more TAO, or approve the amount"
            ),
            Self::CollateralTooSmall(needed) => write!(
                f,
                "the caller's free collateral is below {needed}; deposit more"
            ),
            Self::TempoNotOver(block) => write!(
                f,
                "not before block {block}: the tempo is not over; close the epoch then"
            ),
            Self::EpochUnfinished => write!(
                f,
                "the epoch before is closed but not final; propose, finalize, replay or roll over \
                 that epoch first"
            ),
            Self::Unsettled(block) => write!(
                f,
                "not before block {block}: the epoch before is not settled; settle its chunks to \
                 close earlier"
            ),
            Self::NothingClosed => write!(
                f,
                "no closed epoch is unfinished; close the open epoch first"
            ),
            Self::AlreadyAsserted => write!(
                f,
                "an assertion stands already; check it, and dispute it if it is false"
            ),
            Self::HeaderMismatch => write!(
                f,
                "the assertion is for another epoch; recompute it for the closed epoch"
            ),
            Self::BadShape => write!(
                f,
                "the assertion has other numbers of digests than the plan, or its roster is not \
                 strictly ascending within the neurons and the permits; recompute the epoch"
            ),
            Self::NotAsserted => write!(f, "no assertion is posted; propose one first"),
            Self::ChallengePeriod(block) => write!(
                f,
                "not before block {block}: the challenge period is not over; finalize then"
            ),
            Self::AssertionMismatch => write!(
                f,
                "this assertion does not stand, or is not the first one, which alone can be \
                 finalized; use the assertion of the Proposed event"
            ),
            Self::NotSettling => write!(
                f,
                "the epoch is not waiting for settlement: not final yet, settled, or past its \
                 settle window; check the status of the subnet"
            ),
            Self::ChunkOutOfRange(chunks) => write!(
                f,
                "the epoch has only {chunks} chunks; use chunks below {chunks}"
            ),
            Self::AlreadySettled => {
                write!(f, "the chunk is settled already; settle another chunk")
            }
            Self::NoWholeChunk => write!(
                f,
                "none of these chunks can be settled whole; settle one alone"
            ),
            Self::NoRoom => write!(
                f,
                "one call has no room for all payments of these chunks; settle fewer, or one alone"
            ),
            Self::TooManyChunks(most) => write!(
                f,
                "a call settles {most} chunks at most; settle the others in another call"
            ),
            Self::ResultsMismatch => write!(
                f,
                "the results do not have the final hash, or are not one per neuron of the chunk; \
                 recompute the epoch"
            ),
            Self::MemoryMismatch => {
                write!(
                    f,
                    "the memory does not have the final hash; recompute the epoch"
                )
            }
            Self::OverBudget(left) => write!(
                f,
                "the results pay more than the {left} that the budget has left; the chunk cannot \
                 be settled, and its pay returns to the next budget"
            ),
            Self::Kernel(error) => write!(f, "kernel: {error}"),
            Self::UnsoundPlan => write!(
                f,
                "the kernel's plan is outside the limits of the protocol; choose another kernel"
            ),
            Self::KernelUnavailable => write!(
                f,
                "the kernel's address has no code, or the kernel trapped; choose another kernel"
            ),
            Self::Registry(error) => write!(f, "registry: {error}"),
            Self::Staking(error) => write!(f, "staking: {error}"),
            Self::Emission(error) => write!(f, "emission: {error}"),
            Self::PeerUnavailable => {
                write!(f, "another contract did not answer; check the deployment")
            }
            Self::Overflow => write!(
                f,
                "a number is out of range, which cannot happen within the limits; nothing was \
                 changed, check the deployment"
            ),
            Self::ChallengeOver(block) => write!(
                f,
                "the challenge period ended at block {block}; the assertion can only be finalized"
            ),
            Self::StepOutOfRange(steps) => write!(
                f,
                "the epoch has only {steps} steps; use steps below {steps}"
            ),
            Self::OpeningMismatch(part) => write!(
                f,
                "the {part} of the proof does not have the hash that the assertion, or the last \
                 final epoch, commits to; if the {part} is correct, dispute the first step that \
                 is false"
            ),
            Self::KernelChanged => write!(
                f,
                "the code at the kernel's address has changed; choose another kernel, and roll \
                 over an epoch that closed with this one"
            ),
            Self::StepIsCorrect => write!(
                f,
                "the output of the step is as asserted; nothing was changed, dispute a false step"
            ),
            Self::KernelFailed => write!(
                f,
                "the kernel trapped, and had less gas than a step may take; send again with 0.5 \
                 seconds of ref_time more"
            ),
            Self::BrokenPromise => write!(
                f,
                "the output of the step violates the kernel interface; the epoch can only be \
                 rolled over"
            ),
            Self::ContradictsReplay => write!(
                f,
                "the assertion contradicts steps that the chain has replayed, so it is false; \
                 recompute the epoch"
            ),
            Self::ReplayNotDue(block) => write!(
                f,
                "not before block {block}: workers may still propose the epoch; replay then"
            ),
            Self::RolloverNotDue(block) => write!(
                f,
                "not before block {block}: the epoch can still be proposed or replayed; roll over \
                 then"
            ),
            Self::NoSteps => write!(f, "the number of steps is 0; replay one or more"),
            Self::NotStarted => write!(
                f,
                "the subnet is not started, so no epoch closes; the subnet's owner must start it \
                 first"
            ),
            Self::Retired(block) => write!(
                f,
                "the subnet was retired at block {block}, and no further epoch closes; use \
                 another subnet"
            ),
            Self::CommitFirst => write!(
                f,
                "weights are committed first on this subnet; commit them, and reveal them later"
            ),
            Self::NoCommitReveal => write!(
                f,
                "weights are set at once on this subnet; set them without a commit"
            ),
            Self::StakeTooLow(least) => write!(
                f,
                "the hotkey has less stake than the {least} that setting weights requires; add \
                 stake"
            ),
            Self::VersionTooOld(least) => write!(
                f,
                "the client's version is below {least}, which the subnet's owner requires; update \
                 the client"
            ),
            Self::WeightsTooSoon(block) => write!(
                f,
                "not before block {block}: the neuron set weights recently; try again then"
            ),
            Self::TooFewWeights(least) => write!(
                f,
                "the row has fewer than {least} weights, the least on this subnet; add uids"
            ),
            Self::WrongEpoch(open) => {
                write!(f, "the open epoch is {open}; commit for epoch {open}")
            }
            Self::TooManyCommits(most) => write!(
                f,
                "{most} commits are waiting already; reveal one, or wait until the oldest has \
                 expired"
            ),
            Self::NoSuchCommit => write!(
                f,
                "the neuron has no commit with this hash; check weights, salt, version and epoch \
                 of the commit"
            ),
            Self::RevealTooEarly(epoch) => write!(
                f,
                "the commit can be revealed in epoch {epoch} only; wait until that epoch is open"
            ),
            Self::RevealTooLate(epoch) => write!(
                f,
                "the commit could be revealed in epoch {epoch} only, which is over; commit again"
            ),
            Self::SaltTooLong(most) => {
                write!(f, "the salt has more than {most} bytes; shorten it")
            }
            Self::TooManyCalls(most) => {
                write!(f, "the batch has more than {most} calls; split it")
            }
            Self::TooManyAssertions(most) => write!(
                f,
                "{most} assertions of the epoch stand already; dispute the false ones, each \
                 dispute frees a place at once"
            ),
            Self::KernelTrapped => write!(
                f,
                "the kernel trapped at the step, or its answer is malformed, so no assertion of \
                 the epoch is correct; the epoch can only be rolled over"
            ),
            Self::TooLate(until) => write!(
                f,
                "the epoch could be asserted until block {until}; roll it over"
            ),
            Self::NothingOwed => write!(
                f,
                "nothing is owed for these neurons; collect after the next settlement"
            ),
            Self::EvidenceFirst(open) => write!(
                f,
                "the subnet demands evidence of epoch {open}, the open one, before weights; \
                 pledge it first, as `inktensor validate` does"
            ),
        }
    }
}
