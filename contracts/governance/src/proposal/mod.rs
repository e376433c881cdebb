//! The record of a proposal, and its state at a block.
//!
//! The state follows from the record and the block alone. Between two changes of the tally the
//! thresholds fall and nothing else moves, so a proposal that passes goes on passing, and the block
//! from which it passes can be computed later. No call is needed for it.

use inktensor_primitives::{
    governance::{GovernanceError, ProposalView, State, Tally, Track, TrackRules, DAY, MILLION},
    staking::ROOT_EPOCH,
    AccountId, Digest, Rao,
};

/// Blocks in which the deposit of a draft must be completed.
const DRAFT_TERM: u32 = 14 * DAY;
/// Blocks that a hold lasts.
const HOLD: u32 = 7 * DAY;
/// Least blocks of voting after which a proposal that nearly all votes are against can be closed.
const EARLY: u32 = 2 * DAY;
/// The same as a part of the time to decide.
const EARLY_PART: u32 = 4;
/// The same for a proposal that stops something.
const EARLY_STOP: u32 = DAY;

/// When stake counts, and when votes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Schedule {
    /// Root epoch at whose end stake counts.
    pub snapshot: u32,
    /// Block from which votes are counted.
    pub start: u32,
}

/// The manner in which a proposal ended before its time, or was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum End {
    /// Executed.
    Executed,
    /// Withdrawn by the proposer.
    Withdrawn,
    /// Cancelled by another proposal.
    Cancelled,
    /// Vetoed by the guard.
    Vetoed,
    /// Closed early.
    Closed,
}

/// The fate of a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The proposal is not decided.
    Locked,
    /// Returned to those who put it.
    Returned,
    /// Lost to the treasury.
    Lost,
}

/// A change of a proposal's confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// As it was.
    Same,
    /// The proposal passes from this block on.
    Began(u32),
    /// The proposal does not pass any more.
    Lost,
}

/// The record of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Proposal {
    /// The account that made the proposal.
    pub proposer: AccountId,
    /// The track.
    pub track: Track,
    /// The track's rules when the proposal was made.
    pub rules: TrackRules,
    /// True if the guard can neither hold nor veto the proposal.
    pub is_immune: bool,
    /// The digest that is voted on.
    pub digest: Digest,
    /// Hash of the actions alone.
    pub actions_hash: Digest,
    /// Block in which the proposal was made.
    pub made_at: u32,
    /// Sum of the deposit that was put.
    pub put: Rao,
    /// Absent for a draft.
    pub schedule: Option<Schedule>,
    /// All stake that could vote at the snapshot.
    pub electorate: Option<Rao>,
    /// Least electorate that support is measured by.
    pub floor: Rao,
    /// The votes.
    pub tally: Tally,
    /// Block since which the tally is the same.
    pub counted_at: u32,
    /// Block from which the proposal passes, as far as it is recorded.
    pub confirming: Option<u32>,
    /// First block of execution after a hold.
    pub held_until: Option<u32>,
    /// A proposal that must have ended before this one is executed.
    pub after: Option<u32>,
    /// The end, and its block.
    pub end: Option<(End, u32)>,
}

impl Proposal {
    /// Completes the deposit at block `now`: fixes when stake counts and when votes do.
    ///
    /// # Errors
    /// `NoSnapshot` if stake of a root epoch that has ended must count, and no root epoch has.
    pub fn begin(&mut self, now: u32) -> Result<Schedule, GovernanceError> {
        let open = now.checked_div(ROOT_EPOCH).unwrap_or_default();
        let schedule = if self.rules.lead == 0 {
            Schedule {
                snapshot: open.checked_sub(1).ok_or(GovernanceError::NoSnapshot)?,
                start: now,
            }
        } else {
            let snapshot = open.saturating_add(self.rules.lead.into());
            Schedule {
                snapshot,
                start: snapshot.saturating_add(1).saturating_mul(ROOT_EPOCH),
            }
        };
        self.schedule = Some(schedule);
        self.counted_at = schedule.start;
        Ok(schedule)
    }

    /// Returns the state at block `now`.
    pub fn state(&self, now: u32) -> State {
        if let Some((end, _)) = self.end {
            return match end {
                End::Executed => State::Executed,
                End::Withdrawn => State::Withdrawn,
                End::Cancelled => State::Cancelled,
                End::Vetoed => State::Vetoed,
                End::Closed => State::Closed,
            };
        }
        let Some(Schedule { start, .. }) = self.schedule else {
            let until = self.made_at.saturating_add(DRAFT_TERM);
            return if now < until {
                State::Draft(until)
            } else {
                State::Lapsed
            };
        };
        if now < start {
            return State::Lead(start);
        }
        let Some(since) = self.passes_since(now) else {
            let until = start.saturating_add(self.rules.decide);
            return if now < until {
                State::Voting(until)
            } else {
                State::Rejected
            };
        };
        let approved = since.saturating_add(self.rules.confirm);
        if now < approved {
            return State::Confirming(approved);
        }
        let eta = self.eta(approved);
        let until = eta.saturating_add(self.rules.window);
        if now < eta {
            State::Queued(eta)
        } else if now < until {
            State::Ready(until)
        } else {
            State::Expired
        }
    }

    /// Returns the first block of execution of a proposal that was approved at block `approved`.
    fn eta(&self, approved: u32) -> u32 {
        let eta = approved.saturating_add(self.rules.delay);
        self.held_until.unwrap_or(eta)
    }

    /// Returns the block since which the proposal passes without interruption, at block `now`.
    fn passes_since(&self, now: u32) -> Option<u32> {
        if self.confirming.is_some() {
            return self.confirming;
        }
        let start = self.schedule?.start;
        let last = start.saturating_add(self.rules.decide).saturating_sub(1);
        let (mut from, mut to) = (self.counted_at.max(start), now.min(last));
        if from > to || !self.passes(to) {
            return None;
        }
        // Thresholds fall, so the first block that passes can be halved down to.
        while from < to {
            let middle = from.saturating_add(to.saturating_sub(from) / 2);
            if self.passes(middle) {
                to = middle;
            } else {
                from = middle.saturating_add(1);
            }
        }
        Some(to)
    }

    /// Returns true if the votes reach both thresholds of block `at`.
    fn passes(&self, at: u32) -> bool {
        let (Some(schedule), Some(electorate)) = (self.schedule, self.electorate) else {
            return false;
        };
        let elapsed = at.saturating_sub(schedule.start);
        let Tally { ayes, nays, .. } = self.tally;
        let ayes_scaled = ayes.to_u128().saturating_mul(MILLION.into());
        let reaches =
            |threshold: u32, of: u128| ayes_scaled >= u128::from(threshold).saturating_mul(of);
        let votes = ayes.to_u128().saturating_add(nays.to_u128());
        !ayes.is_zero()
            && reaches(self.rules.approval.at(elapsed), votes)
            && reaches(
                self.rules.support.at(elapsed),
                electorate.max(self.floor).to_u128(),
            )
    }

    /// Records the votes `tally` at block `now`, in a state in which they are counted.
    pub fn count(&mut self, tally: Tally, now: u32) -> Confirmation {
        let before = self.passes_since(now);
        let is_new = before != self.confirming;
        self.tally = tally;
        self.counted_at = now;
        self.confirming = before;
        if self.passes(now) {
            let since = before.unwrap_or(now);
            self.confirming = Some(since);
            if is_new || before.is_none() {
                return Confirmation::Began(since);
            }
            return Confirmation::Same;
        }
        self.confirming = None;
        if before.is_some() {
            Confirmation::Lost
        } else {
            Confirmation::Same
        }
    }

    /// Ends the proposal at block `now`, which is not final then.
    pub fn finish(&mut self, end: End, now: u32) {
        self.end = Some((end, now));
    }

    /// Delays the execution of an approved proposal at block `now`.
    ///
    /// # Errors
    /// `BeyondGuard` if the guard has no power over it, or has held it before.
    pub fn hold(&mut self, now: u32) -> Result<(), GovernanceError> {
        self.ensure_in_reach(now)?;
        if self.held_until.is_some() {
            return Err(GovernanceError::BeyondGuard);
        }
        let eta = match self.state(now) {
            State::Queued(eta) => eta,
            _ => now,
        };
        self.held_until = Some(eta.saturating_add(HOLD));
        Ok(())
    }

    /// Checks that the guard has power over the proposal at block `now`.
    ///
    /// # Errors
    /// `BeyondGuard`.
    pub fn ensure_in_reach(&self, now: u32) -> Result<(), GovernanceError> {
        let is_approved = matches!(self.state(now), State::Queued(_) | State::Ready(_));
        if is_approved && !self.is_immune && self.track != Track::Stop {
            Ok(())
        } else {
            Err(GovernanceError::BeyondGuard)
        }
    }

    /// Returns the blocks of voting after which the proposal can be closed early.
    fn early(&self) -> u32 {
        if self.track == Track::Stop {
            EARLY_STOP
        } else {
            EARLY.max(self.rules.decide / EARLY_PART)
        }
    }

    /// Checks that the proposal can be closed early at block `now`.
    ///
    /// # Errors
    /// `NotVoting`, `NotRejectable`.
    pub fn ensure_rejectable(&self, now: u32) -> Result<(), GovernanceError> {
        let (State::Voting(_), Some(schedule)) = (self.state(now), self.schedule) else {
            return Err(GovernanceError::NotVoting);
        };
        let early = self.early();
        let Tally { ayes, nays, .. } = self.tally;
        let (ayes, nays) = (ayes.to_u128(), nays.to_u128());
        let electorate = self
            .electorate
            .unwrap_or_default()
            .max(self.floor)
            .to_u128();
        // A fifth of all votes is a quarter of those against.
        if now.saturating_sub(schedule.start) >= early
            && nays.saturating_mul(100) >= electorate
            && nays > 0
            && ayes.saturating_mul(4) < nays
        {
            Ok(())
        } else {
            Err(GovernanceError::NotRejectable)
        }
    }

    /// Returns the fate of the deposit at block `now`.
    pub fn fate(&self, now: u32) -> Fate {
        let Tally { ayes, nays, .. } = self.tally;
        let ended_at = self.end.map_or(now, |(_, at)| at);
        let was_counted = self.schedule.is_some_and(|it| {
            // Those who want it need time to vote.
            ended_at >= it.start.saturating_add(self.early())
        });
        let was_approved = self
            .passes_since(ended_at)
            .is_some_and(|since| since.saturating_add(self.rules.confirm) <= ended_at);
        match self.state(now) {
            State::Draft(_) | State::Lead(_) | State::Voting(_) | State::Confirming(_) => {
                Fate::Locked
            }
            State::Closed => Fate::Lost,
            State::Cancelled if was_approved || !was_counted => Fate::Returned,
            State::Rejected | State::Cancelled => {
                // A fifth of all votes is a quarter of those against, and a third is a half. Places
                // of proposals that stop something must not be held for nothing.
                let part = if self.track == Track::Stop { 2 } else { 4 };
                let part = ayes.to_u128().saturating_mul(part);
                if !ayes.is_zero() && part >= nays.to_u128() {
                    Fate::Returned
                } else {
                    Fate::Lost
                }
            }
            _ => Fate::Returned,
        }
    }

    /// Returns true while the proposal has one of its track's places at block `now`.
    pub fn has_place(&self, now: u32) -> bool {
        matches!(
            self.state(now),
            State::Lead(_) | State::Voting(_) | State::Confirming(_)
        )
    }

    /// Returns true until the proposal is approved or ends, at block `now`.
    pub fn is_open(&self, now: u32) -> bool {
        self.has_place(now) || matches!(self.state(now), State::Draft(_))
    }

    /// Returns the answer about proposal `id` at block `now`.
    pub fn view(&self, id: u32, now: u32) -> ProposalView {
        let state = self.state(now);
        let elapsed = self.schedule.filter(|_| state.is_voting());
        let elapsed = elapsed.map(|it| now.saturating_sub(it.start));
        let rules = self.rules;
        ProposalView {
            id,
            proposer: self.proposer,
            track: self.track,
            rules,
            is_immune: self.is_immune,
            digest: self.digest,
            made_at: self.made_at,
            put: self.put,
            snapshot: self.schedule.map(|it| it.snapshot),
            electorate: self.electorate,
            tally: self.tally,
            after: self.after,
            approval: elapsed.map_or(0, |it| rules.approval.at(it)),
            support: elapsed.map_or(0, |it| rules.support.at(it)),
            state,
        }
    }
}

#[cfg(test)]
mod tests;
