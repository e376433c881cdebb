//! Commits of validators. A queue belongs to one registration: the next neuron on the uid does not
//! inherit it.
//!
//! A commit of epoch e with reveal period p can be revealed only while epoch e + p is open.
//! Source: subtensor-reference.md 5.2.

use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    epoch::{CommitState, CommitView, CommitsView, EpochError, MAX_COMMITS},
    Digest, NetUid,
};

/// A commit to weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Commit {
    /// Hash of the committed weights.
    pub hash: Digest,
    /// Epoch that was open at the commit.
    pub epoch: u32,
    /// Block of the commit.
    pub block: u32,
}

/// Unrevealed commits of a registration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Queue {
    /// The commits, oldest first.
    commits: Vec<Commit>,
    /// Number of commits that were dropped because no reveal came in time.
    missed: u32,
}

impl Queue {
    /// Drops the commits whose reveal epoch ended before `open`, the open epoch. Returns their
    /// number.
    pub fn expire(&mut self, open: u32, period: u32) -> u32 {
        let before = self.commits.len();
        self.commits
            .retain(|commit| state(commit, open, period) != CommitState::Missed);
        let gone = before.saturating_sub(self.commits.len());
        let gone = u32::try_from(gone).unwrap_or(u32::MAX);
        self.missed = self.missed.saturating_add(gone);
        gone
    }

    /// Adds a commit.
    ///
    /// # Errors
    /// `TooManyCommits`.
    pub fn add(&mut self, commit: Commit) -> Result<(), EpochError> {
        if self.commits.len() >= usize::from(MAX_COMMITS) {
            return Err(EpochError::TooManyCommits(MAX_COMMITS));
        }
        self.commits.push(commit);
        Ok(())
    }

    /// Returns the first commit whose hash is `hash_in` of its epoch, if it can be revealed while
    /// `open` is open.
    ///
    /// # Errors
    /// `NoSuchCommit`; `RevealTooEarly` and `RevealTooLate` with the epoch in which it can.
    pub fn find(
        &self,
        open: u32,
        period: u32,
        hash_in: impl Fn(u32) -> Digest,
    ) -> Result<Commit, EpochError> {
        let found = self
            .commits
            .iter()
            .find(|commit| hash_in(commit.epoch) == commit.hash);
        let commit = *found.ok_or(EpochError::NoSuchCommit)?;
        let due = reveals_in(&commit, period);
        match state(&commit, open, period) {
            CommitState::Waiting => Err(EpochError::RevealTooEarly(due)),
            CommitState::Missed => Err(EpochError::RevealTooLate(due)),
            CommitState::Due => Ok(commit),
        }
    }

    /// Drops `commit`, which is revealed, and all older commits.
    pub fn reveal(&mut self, commit: &Commit) {
        let place = self.commits.iter().position(|it| it == commit);
        let kept = place.map_or(0, |place| place.saturating_add(1));
        self.commits.drain(..kept.min(self.commits.len()));
    }

    /// Drops all commits, because newer weights are set.
    pub fn clear(&mut self) {
        self.commits.clear();
    }

    /// Returns the view of the queue while `open` is open.
    pub fn view(&self, open: u32, period: u32) -> CommitsView {
        let mut missed = self.missed;
        let commits = self.commits.iter().map(|commit| {
            let state = state(commit, open, period);
            if state == CommitState::Missed {
                missed = missed.saturating_add(1);
            }
            CommitView {
                hash: commit.hash,
                epoch: commit.epoch,
                block: commit.block,
                reveals_in: reveals_in(commit, period),
                state,
            }
        });
        CommitsView {
            commits: commits.collect(),
            missed,
        }
    }
}

/// Returns the only epoch in which `commit` can be revealed.
pub fn reveals_in(commit: &Commit, period: u32) -> u32 {
    commit.epoch.saturating_add(period)
}

fn state(commit: &Commit, open: u32, period: u32) -> CommitState {
    match open.cmp(&reveals_in(commit, period)) {
        core::cmp::Ordering::Less => CommitState::Waiting,
        core::cmp::Ordering::Equal => CommitState::Due,
        core::cmp::Ordering::Greater => CommitState::Missed,
    }
}

/// Commits of all registrations.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct CommitStore {
    /// Queues by subnet and generation, a number that is never used twice.
    queues: Mapping<(NetUid, u32), Queue, ManualKey<0x4550_0003>>,
}

impl CommitStore {
    /// Returns the queue of a registration.
    pub fn get(&self, netuid: NetUid, generation: u32) -> Queue {
        self.queues.get((netuid, generation)).unwrap_or_default()
    }

    /// Deletes the queue of a registration.
    pub fn remove(&mut self, netuid: NetUid, generation: u32) {
        self.queues.remove((netuid, generation));
    }

    /// Stores the queue of a registration, or deletes it if it is empty. Returns true if it is
    /// stored.
    pub fn put(&mut self, netuid: NetUid, generation: u32, queue: &Queue) -> bool {
        let is_stored = *queue != Queue::default();
        if is_stored {
            self.queues.insert((netuid, generation), queue);
        } else {
            self.queues.remove((netuid, generation));
        }
        is_stored
    }
}

#[cfg(test)]
mod tests;
