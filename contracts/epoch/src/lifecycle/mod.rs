//! State machine of a subnet's epochs: open, closed, asserted, then final or rolled over. Knows no
//! storage and no other contract.
//!
//! One epoch is open and collects inputs. The epoch before it may be closed and not yet final; that
//! epoch must become final or roll over before the open one can close. So each subnet has at most
//! one closed epoch, and that epoch has at most one assertion. The chain may have replayed some of
//! its steps: they are evidence against assertions that differ, and no obstacle to others.
//!
//! A transition whose inputs take calls or storage to prepare is made in two parts: `due_close`,
//! `due_assertion` and `due_replay` check it and return a token, and only the token can make it.

use inktensor_primitives::{
    epoch::{EpochError, EpochRules, EpochStatus, Settlement, Stage},
    registry::Subnet,
    AccountId, Digest, Rao,
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
    /// Assertions of the closed epoch that were slashed.
    pub slashed: u32,
    /// Last block at which the closed epoch made progress: it closed, or lost an assertion.
    pub moved_at: u32,
    /// Number of steps of the closed epoch.
    pub steps: u32,
    /// Steps of the closed epoch that the chain has replayed.
    pub replayed: u32,
    /// The last final epoch.
    pub last: Option<FinalEpoch>,
}

/// The parts of a final epoch that later headers name, besides roster and memory.
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

/// An open epoch that may close. Made by [`Lifecycle::due_close`].
#[derive(Debug)]
#[must_use]
pub struct DueClose<'a> {
    lifecycle: &'a mut Lifecycle,
    block: u32,
}

/// A closed epoch that awaits an assertion. Made by [`Lifecycle::due_assertion`].
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
            slashed: 0,
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
            Stage::Closed | Stage::Asserted { .. } => Err(EpochError::EpochUnfinished),
        }
    }

    /// Returns the closed epoch if it awaits an assertion.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`.
    pub fn due_assertion(&mut self) -> Result<DueAssertion<'_>, EpochError> {
        match self.stage {
            Stage::Open => Err(EpochError::NothingClosed),
            Stage::Closed => Ok(DueAssertion(self)),
            Stage::Asserted { .. } => Err(EpochError::AlreadyAsserted),
        }
    }

    /// Removes the assertion that hashes to `claimed` at `block` because it is false. The epoch
    /// awaits an assertion again. Returns the lost collateral.
    ///
    /// # Errors
    /// `NotAsserted`, `ChallengeOver` from the deadline on, `AssertionMismatch`.
    pub fn overturn(&mut self, block: u32, claimed: Digest) -> Result<Released, EpochError> {
        let Stage::Asserted {
            assertion,
            proposer,
            collateral,
            deadline,
        } = self.stage
        else {
            return Err(EpochError::NotAsserted);
        };
        if block >= deadline {
            return Err(EpochError::ChallengeOver(deadline));
        }
        if claimed != assertion {
            return Err(EpochError::AssertionMismatch);
        }
        self.slashed = self.slashed.checked_add(1).ok_or(EpochError::Overflow)?;
        self.stage = Stage::Closed;
        self.moved_at = block;
        Ok(Released {
            proposer,
            collateral,
        })
    }

    /// Makes the asserted epoch final at `block`. Returns the collateral of its proposer, which is
    /// free again.
    ///
    /// # Errors
    /// `NotAsserted`, `ChallengePeriod` before the deadline, `AssertionMismatch`.
    pub fn finalize(
        &mut self,
        block: u32,
        claimed: Digest,
        last: FinalEpoch,
    ) -> Result<Released, EpochError> {
        let Stage::Asserted {
            assertion,
            proposer,
            collateral,
            deadline,
        } = self.stage
        else {
            return Err(EpochError::NotAsserted);
        };
        if block < deadline {
            return Err(EpochError::ChallengePeriod(deadline));
        }
        if claimed != assertion {
            return Err(EpochError::AssertionMismatch);
        }
        self.end();
        self.last = Some(last);
        Ok(Released {
            proposer,
            collateral,
        })
    }

    /// Returns the first block at which the closed epoch can be replayed, `replay_delay` after its
    /// close. Returns `None` while the epoch is asserted.
    pub fn replays_at(&self, replay_delay: u32) -> Option<u32> {
        match self.stage {
            // The next epoch opened when this one closed.
            Stage::Closed => self.opened_at.checked_add(replay_delay),
            Stage::Open | Stage::Asserted { .. } => None,
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
            Stage::Asserted { .. } => return Err(EpochError::AlreadyAsserted),
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
    /// `kernel_changed`: then its assertion cannot become final.
    pub fn rolls_over_at(&self, rollover_delay: u32, kernel_changed: bool) -> Option<u32> {
        match self.stage {
            Stage::Open => None,
            Stage::Asserted { .. } if !kernel_changed => None,
            Stage::Closed | Stage::Asserted { .. } => {
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

    /// Rolls the closed epoch over at `block`. Returns the collateral of its assertion, if there is
    /// one; that collateral is free again.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `RolloverNotDue` with the first block at which it can,
    /// `Overflow`.
    pub fn roll_over(
        &mut self,
        block: u32,
        rollover_delay: u32,
        kernel_changed: bool,
    ) -> Result<Option<Released>, EpochError> {
        let released = match self.stage {
            Stage::Open => return Err(EpochError::NothingClosed),
            Stage::Asserted { .. } if !kernel_changed => return Err(EpochError::AlreadyAsserted),
            Stage::Asserted {
                proposer,
                collateral,
                ..
            } => Some(Released {
                proposer,
                collateral,
            }),
            Stage::Closed => None,
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
        self.slashed = 0;
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
    /// Returns the number of assertions of the epoch that were slashed.
    pub fn slashed(&self) -> u32 {
        self.0.slashed
    }

    /// Returns the number of steps that the chain has replayed.
    pub fn replayed(&self) -> u32 {
        self.0.replayed
    }

    /// Posts an assertion at `block`. Returns its deadline: the assertion can be disputed before
    /// that block, and finalized from that block on.
    ///
    /// # Errors
    /// `Overflow` beyond the last block.
    pub fn post(
        self,
        block: u32,
        challenge_period: u32,
        posting: Posting,
    ) -> Result<u32, EpochError> {
        let deadline = block
            .checked_add(challenge_period)
            .ok_or(EpochError::Overflow)?;
        self.0.stage = Stage::Asserted {
            assertion: posting.assertion,
            proposer: posting.proposer,
            collateral: posting.collateral,
            deadline,
        };
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
