//! State machine of a subnet's epochs: open, closed, asserted, then final or rolled over. Knows no
//! storage and no other contract.
//!
//! One epoch is open and collects inputs. The epoch before it may be closed and not yet final; that
//! epoch must become final or roll over before the open one can close. So each subnet has at most
//! one closed epoch.
//!
//! Assertions of the closed epoch stand side by side, each with its own deadline. Steps are
//! deterministic, so at most one is correct. A dispute removes one and leaves the others, and the
//! first whose deadline passes becomes final: a false assertion delays the correct one by no block.
//! The chain may have replayed some steps of the epoch: they are evidence against assertions that
//! differ, and no obstacle to others.
//!
//! A transition whose inputs take calls or storage to prepare is made in two parts: `due_close`,
//! `due_assertion` and `due_replay` check it and return a token, and only the token can make it.

use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{
    epoch::{
        EpochError, EpochRules, EpochStatus, PostedAssertion, Settlement, Stage, ASSERTION_AGE,
        MAX_ASSERTIONS,
    },
    registry::Subnet,
    AccountId, Digest, Rao, Uid,
};

/// State of a subnet's epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Lifecycle {
    /// The open epoch.
    pub open: u32,
    /// Block at which the open epoch opened.
    pub opened_at: u32,
    /// Stage of the epoch before, while that is closed and not final.
    pub stage: Stage,
    /// Last block at which the closed epoch made progress: it closed, or lost an assertion.
    pub moved_at: u32,
    /// Number of steps of the closed epoch.
    pub steps: u32,
    /// Steps of the closed epoch that the chain has replayed.
    pub replayed: u32,
    /// The last final epoch.
    pub last: Option<FinalEpoch>,
}

/// The parts of a final epoch that later headers name, besides the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct FinalEpoch {
    /// Number of the epoch.
    pub epoch: u32,
    /// Block at which the epoch closed.
    pub closed_at: u64,
    /// Hash of the epoch, which the next header names.
    pub digest: Digest,
    /// Uids that the epoch gave a permit, ascending.
    pub roster: Vec<Uid>,
}

/// An assertion about to be posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Hash of the assertion.
    pub assertion: Digest,
    /// Worker that posts the assertion.
    pub proposer: AccountId,
    /// Collateral locked behind the assertion.
    pub collateral: Rao,
}

/// Collateral that is no longer behind an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released {
    /// Worker that posted the assertion.
    pub proposer: AccountId,
    /// Collateral that was behind the assertion.
    pub collateral: Rao,
}

impl From<&PostedAssertion> for Released {
    fn from(posted: &PostedAssertion) -> Self {
        Self {
            proposer: posted.proposer,
            collateral: posted.collateral,
        }
    }
}

/// The end of an asserted epoch, which is final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finality {
    /// Worker that posted the final assertion.
    pub proposer: AccountId,
    /// Collateral of all assertions that stood.
    pub released: Vec<Released>,
}

/// An open epoch that may close. Made by [`Lifecycle::due_close`].
#[derive(Debug)]
#[must_use]
pub struct DueClose<'a> {
    lifecycle: &'a mut Lifecycle,
    block: u32,
}

/// A closed epoch that has a place for an assertion. Made by [`Lifecycle::due_assertion`].
#[derive(Debug)]
#[must_use]
pub struct DueAssertion<'a>(&'a mut Lifecycle);

/// A closed epoch that may be replayed. Made by [`Lifecycle::due_replay`].
#[derive(Debug)]
#[must_use]
pub struct DueReplay<'a> {
    lifecycle: &'a mut Lifecycle,
    next: u32,
}

impl Lifecycle {
    /// Returns the state at the start of a subnet: epoch 0 is open.
    pub fn new(started_at: u32) -> Self {
        Self {
            open: 0,
            opened_at: started_at,
            stage: Stage::Open,
            moved_at: started_at,
            steps: 0,
            replayed: 0,
            last: None,
        }
    }

    /// Returns the first block at which the open epoch may close.
    ///
    /// # Errors
    /// `Overflow` beyond the last block.
    pub fn closes_at(&self, tempo: u32) -> Result<u32, EpochError> {
        self.opened_at
            .checked_add(tempo)
            .ok_or(EpochError::Overflow)
    }

    /// Returns the open epoch if it may close at `block`.
    ///
    /// # Errors
    /// `TempoNotOver` with the first block at which it may, `EpochUnfinished`.
    pub fn due_close(&mut self, block: u32, tempo: u32) -> Result<DueClose<'_>, EpochError> {
        let first = self.closes_at(tempo)?;
        if block < first {
            return Err(EpochError::TempoNotOver(first));
        }
        match self.stage {
            Stage::Open => Ok(DueClose {
                lifecycle: self,
                block,
            }),
            Stage::Closed | Stage::Asserted(_) => Err(EpochError::EpochUnfinished),
        }
    }

    /// Returns the number of assertions of the closed epoch that stand.
    pub fn standing(&self) -> u8 {
        u8::try_from(self.stage.standing().len()).unwrap_or(u8::MAX)
    }

    /// Returns the closed epoch if it has a place for the assertion that hashes to `assertion`.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted` if it stands, `TooManyAssertions`, in this order.
    pub fn due_assertion(&mut self, assertion: &Digest) -> Result<DueAssertion<'_>, EpochError> {
        if self.stage == Stage::Open {
            return Err(EpochError::NothingClosed);
        }
        let mut standing = self.stage.standing().iter();
        if standing.any(|posted| posted.assertion == *assertion) {
            return Err(EpochError::AlreadyAsserted);
        }
        if self.standing() >= MAX_ASSERTIONS {
            return Err(EpochError::TooManyAssertions(MAX_ASSERTIONS));
        }
        Ok(DueAssertion(self))
    }

    /// Removes the assertion that hashes to `claimed` at `block` because it is false. The others
    /// stand as before. Returns the lost collateral.
    ///
    /// # Errors
    /// `NotAsserted`, `AssertionMismatch` if it does not stand, `ChallengeOver` from its deadline
    /// on, in this order.
    pub fn overturn(&mut self, block: u32, claimed: &Digest) -> Result<Released, EpochError> {
        let Stage::Asserted(standing) = &mut self.stage else {
            return Err(EpochError::NotAsserted);
        };
        let place = standing
            .iter()
            .position(|posted| posted.assertion == *claimed)
            .ok_or(EpochError::AssertionMismatch)?;
        let deadline = standing.get(place).map_or(0, |posted| posted.deadline);
        if block >= deadline {
            return Err(EpochError::ChallengeOver(deadline));
        }
        let lost = Released::from(&standing.remove(place));
        if standing.is_empty() {
            self.stage = Stage::Closed;
        }
        self.moved_at = block;
        Ok(lost)
    }

    /// Makes the asserted epoch final at `block` by its first assertion, whose deadline passes
    /// first. The collateral of all assertions is free again.
    ///
    /// # Errors
    /// `NotAsserted`, `ChallengePeriod` before the deadline of the first, `AssertionMismatch` if
    /// `claimed` is not its hash, in this order.
    pub fn finalize(
        &mut self,
        block: u32,
        claimed: &Digest,
        last: FinalEpoch,
    ) -> Result<Finality, EpochError> {
        let standing = self.stage.standing();
        let first = standing.first().ok_or(EpochError::NotAsserted)?;
        if block < first.deadline {
            return Err(EpochError::ChallengePeriod(first.deadline));
        }
        if first.assertion != *claimed {
            return Err(EpochError::AssertionMismatch);
        }
        let finality = Finality {
            proposer: first.proposer,
            released: standing.iter().map(Released::from).collect(),
        };
        self.end();
        self.last = Some(last);
        Ok(finality)
    }

    /// Returns the first block at which the closed epoch can be replayed, `replay_delay` after its
    /// close. Returns `None` while the epoch is asserted.
    pub fn replays_at(&self, replay_delay: u32) -> Option<u32> {
        match self.stage {
            // The next epoch opened when this one closed.
            Stage::Closed => self.opened_at.checked_add(replay_delay),
            Stage::Open | Stage::Asserted(_) => None,
        }
    }

    /// Returns the closed epoch if it may be replayed at `block`.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `ReplayNotDue` with the first block at which it may,
    /// `Overflow`.
    pub fn due_replay(
        &mut self,
        block: u32,
        replay_delay: u32,
    ) -> Result<DueReplay<'_>, EpochError> {
        let next = match self.stage {
            Stage::Open => return Err(EpochError::NothingClosed),
            Stage::Asserted(_) => return Err(EpochError::AlreadyAsserted),
            Stage::Closed => self.replayed,
        };
        let first = self.replays_at(replay_delay).ok_or(EpochError::Overflow)?;
        if block < first {
            return Err(EpochError::ReplayNotDue(first));
        }
        Ok(DueReplay {
            lifecycle: self,
            next,
        })
    }

    /// Returns the first block at which the closed epoch can roll over: `rollover_delay` after its
    /// last progress, and `rollover_delay * replayed / steps` later, rounded down, for the steps
    /// that the chain has replayed. So a replay that goes on is not abandoned, and one that stops
    /// delays the epoch by its share. Returns `None` while the epoch is asserted, unless
    /// `kernel_changed`: then no assertion of it can become final.
    pub fn rolls_over_at(&self, rollover_delay: u32, kernel_changed: bool) -> Option<u32> {
        match self.stage {
            Stage::Open => None,
            Stage::Asserted(_) if !kernel_changed => None,
            Stage::Closed | Stage::Asserted(_) => {
                let bought = u64::from(rollover_delay)
                    .saturating_mul(self.replayed.into())
                    .checked_div(self.steps.into())
                    .unwrap_or_default();
                self.moved_at
                    .checked_add(rollover_delay)?
                    .checked_add(u32::try_from(bought).ok()?)
            }
        }
    }

    /// Rolls the closed epoch over at `block`. Returns the collateral of its assertions, which is
    /// free again.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `RolloverNotDue` with the first block at which it can,
    /// `Overflow`.
    pub fn roll_over(
        &mut self,
        block: u32,
        rollover_delay: u32,
        kernel_changed: bool,
    ) -> Result<Vec<Released>, EpochError> {
        let released = match &self.stage {
            Stage::Open => return Err(EpochError::NothingClosed),
            Stage::Asserted(_) if !kernel_changed => return Err(EpochError::AlreadyAsserted),
            Stage::Closed | Stage::Asserted(_) => {
                self.stage.standing().iter().map(Released::from).collect()
            }
        };
        let first = self
            .rolls_over_at(rollover_delay, kernel_changed)
            .ok_or(EpochError::Overflow)?;
        if block < first {
            return Err(EpochError::RolloverNotDue(first));
        }
        self.end();
        Ok(released)
    }

    /// Returns the view of this state on `subnet`, with the settlement in progress. Returns `None`
    /// if a block left its range.
    pub fn status(
        self,
        subnet: &Subnet,
        rules: &EpochRules,
        settling: Option<Settlement>,
        kernel_changed: bool,
    ) -> Option<EpochStatus> {
        // An epoch closes only on a subnet that is started and not retired.
        let closes_at = if subnet.started_at.is_some() && subnet.retired_at.is_none() {
            self.closes_at(subnet.tempo).ok()?
        } else {
            u32::MAX
        };
        Some(EpochStatus {
            open: self.open,
            opened_at: self.opened_at,
            closes_at,
            replays_at: self.replays_at(rules.replay_delay),
            rolls_over_at: self.rolls_over_at(rules.rollover_delay, kernel_changed),
            stage: self.stage,
            final_epoch: self.last.map(|last| last.epoch),
            replayed: self.replayed,
            settling,
        })
    }

    /// Ends the closed epoch. The open one may close next.
    fn end(&mut self) {
        self.stage = Stage::Open;
        self.steps = 0;
        self.replayed = 0;
        self.moved_at = self.opened_at;
    }
}

impl DueClose<'_> {
    /// Returns the state before the close.
    pub fn lifecycle(&self) -> &Lifecycle {
        self.lifecycle
    }

    /// Restarts the tempo of the open epoch, which keeps its number. Returns that number.
    pub fn restart(self) -> u32 {
        self.lifecycle.opened_at = self.block;
        self.lifecycle.moved_at = self.block;
        self.lifecycle.open
    }

    /// Closes the open epoch, which has `steps` steps, and opens the next.
    ///
    /// # Errors
    /// `Overflow` after the last epoch.
    pub fn close(self, steps: u32) -> Result<(), EpochError> {
        let Self { lifecycle, block } = self;
        lifecycle.open = lifecycle.open.checked_add(1).ok_or(EpochError::Overflow)?;
        lifecycle.opened_at = block;
        lifecycle.moved_at = block;
        lifecycle.steps = steps;
        lifecycle.replayed = 0;
        lifecycle.stage = Stage::Closed;
        Ok(())
    }
}

impl DueAssertion<'_> {
    /// Returns the number of assertions that stand.
    pub fn standing(&self) -> u8 {
        self.0.standing()
    }

    /// Returns the number of steps that the chain has replayed.
    pub fn replayed(&self) -> u32 {
        self.0.replayed
    }

    /// Posts an assertion at `block`, beside those that stand. Returns its deadline: the assertion
    /// can be disputed before that block, and finalized from that block on if it is the first.
    ///
    /// # Errors
    /// `TooLate` more than `ASSERTION_AGE` blocks after the close, `Overflow` beyond the last
    /// block.
    pub fn post(
        self,
        block: u32,
        challenge_period: u32,
        posting: Posting,
    ) -> Result<u32, EpochError> {
        // The open epoch opened when this one closed.
        let until = self.0.opened_at.saturating_add(ASSERTION_AGE);
        if block > until {
            return Err(EpochError::TooLate(until));
        }
        let deadline = block
            .checked_add(challenge_period)
            .ok_or(EpochError::Overflow)?;
        let posted = PostedAssertion {
            assertion: posting.assertion,
            proposer: posting.proposer,
            collateral: posting.collateral,
            deadline,
        };
        match &mut self.0.stage {
            Stage::Asserted(standing) => standing.push(posted),
            stage => *stage = Stage::Asserted(vec![posted]),
        }
        Ok(deadline)
    }
}

impl DueReplay<'_> {
    /// Returns the first step that is still to be executed.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// Records that the steps before `next` are executed.
    pub fn pause(self, next: u32) {
        self.lifecycle.replayed = next;
    }

    /// Makes the replayed epoch final.
    pub fn finish(self, last: FinalEpoch) {
        self.lifecycle.end();
        self.lifecycle.last = Some(last);
    }
}

#[cfg(test)]
mod tests;
