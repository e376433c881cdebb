//! The life of a subnet's epochs: open, closed, asserted or replayed, final or given up. Knows no
//! storage and no other contract.
//!
//! One epoch is open, collecting. The one before it may be closed and not yet final; it must become
//! final or be given up before the open one can close. So there is at most one closed epoch, and at
//! most one assertion or one replay of it.

use inktensor_primitives::{
    epoch::{EpochError, Stage},
    AccountId, Digest, Rao,
};

/// Where a subnet's epochs stand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Life {
    /// The open epoch.
    pub open: u32,
    /// Block at which it opened.
    pub opened_at: u32,
    /// The epoch before it, while it is closed and not final.
    pub stage: Stage,
    /// Assertions of that epoch that were slashed.
    pub slashed: u32,
    /// Last block at which that epoch made progress: it closed, lost an assertion, or was replayed
    /// a step further.
    pub moved_at: u32,
    /// The last final epoch.
    pub last: Option<FinalEpoch>,
}

/// What the next epochs need to know of a final one, besides its roster and memory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct FinalEpoch {
    /// Its number.
    pub epoch: u32,
    /// Block at which it closed.
    pub closed_at: u64,
    /// Its hash, which the next header names.
    pub digest: Digest,
}

/// Collateral that no longer stands behind an assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// Whose.
    pub proposer: AccountId,
    /// How much.
    pub collateral: Rao,
}

impl Life {
    /// A subnet's life from its start on: epoch 0 is open.
    pub fn new(started_at: u32) -> Self {
        Self {
            open: 0,
            opened_at: started_at,
            stage: Stage::Open,
            slashed: 0,
            moved_at: started_at,
            last: None,
        }
    }

    /// First block at which the open epoch may close.
    ///
    /// # Errors
    /// `Overflow` beyond the last block there can be.
    pub fn closes_at(&self, tempo: u32) -> Result<u32, EpochError> {
        self.opened_at
            .checked_add(tempo)
            .ok_or(EpochError::Overflow)
    }

    /// Checks that the open epoch may close at `block`.
    ///
    /// # Errors
    /// `TempoNotOver`, `EpochUnfinished`.
    pub fn check_close(&self, block: u32, tempo: u32) -> Result<(), EpochError> {
        let first = self.closes_at(tempo)?;
        if block < first {
            return Err(EpochError::TempoNotOver(first));
        }
        match self.stage {
            Stage::Open => Ok(()),
            Stage::Closed | Stage::Asserted { .. } | Stage::Replaying { .. } => {
                Err(EpochError::EpochUnfinished)
            }
        }
    }

    /// Starts the tempo of the open epoch anew.
    pub fn restart(&mut self, block: u32) {
        self.opened_at = block;
        self.moved_at = block;
    }

    /// Closes the open epoch at `block` and opens the next. To be asked for by `check_close`
    /// before.
    ///
    /// # Errors
    /// `EpochUnfinished`, `Overflow`.
    pub fn close(&mut self, block: u32) -> Result<(), EpochError> {
        if self.stage != Stage::Open {
            return Err(EpochError::EpochUnfinished);
        }
        self.open = self.open.checked_add(1).ok_or(EpochError::Overflow)?;
        self.opened_at = block;
        self.moved_at = block;
        self.stage = Stage::Closed;
        Ok(())
    }

    /// Checks that the closed epoch awaits an assertion.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `Replaying`.
    pub fn check_propose(&self) -> Result<(), EpochError> {
        match self.stage {
            Stage::Open => Err(EpochError::NothingClosed),
            Stage::Closed => Ok(()),
            Stage::Asserted { .. } => Err(EpochError::AlreadyAsserted),
            Stage::Replaying { .. } => Err(EpochError::Replaying),
        }
    }

    /// Posts an assertion at `block`. It can be disputed before the block returned, and finalised
    /// from it on.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `Replaying`, `Overflow`.
    pub fn propose(
        &mut self,
        block: u32,
        challenge_period: u32,
        assertion: Digest,
        proposer: AccountId,
        collateral: Rao,
    ) -> Result<u32, EpochError> {
        self.check_propose()?;
        let deadline = block
            .checked_add(challenge_period)
            .ok_or(EpochError::Overflow)?;
        self.stage = Stage::Asserted {
            assertion,
            proposer,
            collateral,
            deadline,
        };
        Ok(deadline)
    }

    /// Takes the assertion that hashes to `claimed` down at `block`, for being false: the epoch
    /// awaits an assertion again. Returns the collateral that is lost.
    ///
    /// # Errors
    /// `NotAsserted`, `ChallengeOver` from the deadline on, `AssertionMismatch`.
    pub fn take_down(&mut self, block: u32, claimed: Digest) -> Result<Released, EpochError> {
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

    /// Makes the asserted epoch final at `block` and frees its proposer's collateral.
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

    /// First block at which the closed epoch can be replayed, `replay_delay` after its close; none
    /// while it is asserted.
    pub fn replays_at(&self, replay_delay: u32) -> Option<u32> {
        match self.stage {
            // The next epoch opened when this one closed.
            Stage::Closed | Stage::Replaying { .. } => self.opened_at.checked_add(replay_delay),
            Stage::Open | Stage::Asserted { .. } => None,
        }
    }

    /// Checks that the closed epoch may be replayed at `block`. Returns the first step that is
    /// still to be executed.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `ReplayNotDue`, `Overflow`.
    pub fn check_replay(&self, block: u32, replay_delay: u32) -> Result<u32, EpochError> {
        let next = match self.stage {
            Stage::Open => return Err(EpochError::NothingClosed),
            Stage::Asserted { .. } => return Err(EpochError::AlreadyAsserted),
            Stage::Closed => 0,
            Stage::Replaying { next } => next,
        };
        let first = self.replays_at(replay_delay).ok_or(EpochError::Overflow)?;
        if block < first {
            return Err(EpochError::ReplayNotDue(first));
        }
        Ok(next)
    }

    /// Notes that the closed epoch is replayed up to step `next`, which is the first still to be
    /// executed. To be asked for by `check_replay` before.
    pub fn go_on(&mut self, block: u32, next: u32) {
        self.stage = Stage::Replaying { next };
        self.moved_at = block;
    }

    /// Makes the replayed epoch final. To be asked for by `check_replay` before.
    pub fn end_replay(&mut self, last: FinalEpoch) {
        self.end();
        self.last = Some(last);
    }

    /// First block at which the closed epoch can be given up, `rollover_delay` after it last moved;
    /// none while it is asserted, unless its kernel no longer `stands`, so that no assertion of
    /// it can become final.
    pub fn rolls_over_at(&self, rollover_delay: u32, stands: bool) -> Option<u32> {
        match self.stage {
            Stage::Open => None,
            Stage::Asserted { .. } if stands => None,
            Stage::Closed | Stage::Asserted { .. } | Stage::Replaying { .. } => {
                self.moved_at.checked_add(rollover_delay)
            }
        }
    }

    /// Gives the closed epoch up at `block`. Returns the collateral of its assertion, if it had one,
    /// which is free again.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `RolloverNotDue`, `Overflow`.
    pub fn roll_over(
        &mut self,
        block: u32,
        rollover_delay: u32,
        stands: bool,
    ) -> Result<Option<Released>, EpochError> {
        let released = match self.stage {
            Stage::Open => return Err(EpochError::NothingClosed),
            Stage::Asserted { .. } if stands => return Err(EpochError::AlreadyAsserted),
            Stage::Asserted {
                proposer,
                collateral,
                ..
            } => Some(Released {
                proposer,
                collateral,
            }),
            Stage::Closed | Stage::Replaying { .. } => None,
        };
        let first = self
            .rolls_over_at(rollover_delay, stands)
            .ok_or(EpochError::Overflow)?;
        if block < first {
            return Err(EpochError::RolloverNotDue(first));
        }
        self.end();
        Ok(released)
    }

    /// No epoch is closed any more; the open one may close next.
    fn end(&mut self) {
        self.stage = Stage::Open;
        self.slashed = 0;
        self.moved_at = self.opened_at;
    }
}

#[cfg(test)]
mod tests;
