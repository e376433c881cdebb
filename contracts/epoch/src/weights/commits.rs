//! What validators have committed to. A queue belongs to a registration: whoever has the uid next
//! inherits none of it.
//!
//! Source: subtensor-reference.md 5.2. A commit of epoch e with a period p can be revealed while
//! epoch e + p is open, and then no more.

use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    epoch::{CommitState, CommitView, CommitsView, EpochError, MAX_COMMITS},
    Digest, NetUid,
};

/// A commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Commit {
    /// To what.
    pub hash: Digest,
    /// The epoch that was open.
    pub epoch: u32,
    /// The block.
    pub block: u32,
}

/// The commits of a registration that are not revealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Queue {
    /// Oldest first.
    commits: Vec<Commit>,
    /// Block of the last commit, revealed or not.
    last: Option<u32>,
    /// How many were dropped without being revealed in time.
    missed: u32,
}

impl Queue {
    /// Block of the last commit.
    pub fn last(&self) -> Option<u32> {
        self.last
    }

    /// Drops what can be revealed no more while `open` is open, and says how much that is.
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
        self.last = Some(commit.block);
        Ok(())
    }

    /// The commit that `hash_in` opens, given the epoch of a commit, if it can be revealed while
    /// `open` is open.
    ///
    /// # Errors
    /// `NoSuchCommit`, `RevealTooEarly`, `RevealTooLate`.
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

    /// Drops `commit`, which is revealed, and those before it.
    pub fn reveal(&mut self, commit: &Commit) {
        let place = self.commits.iter().position(|it| it == commit);
        let kept = place.map_or(0, |place| place.saturating_add(1));
        self.commits.drain(..kept.min(self.commits.len()));
    }

    /// Drops all: newer weights are set.
    pub fn clear(&mut self) {
        self.commits.clear();
    }

    /// What there is to see of it while `open` is open.
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

/// The only epoch in which a commit can be revealed.
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

/// All queues.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct CommitStore {
    /// By subnet and generation, which is never used twice.
    queues: Mapping<(NetUid, u32), Queue, ManualKey<0x4550_0003>>,
}

impl CommitStore {
    /// The queue of a registration.
    pub fn get(&self, netuid: NetUid, generation: u32) -> Queue {
        self.queues.get((netuid, generation)).unwrap_or_default()
    }

    /// Keeps the queue of a registration.
    pub fn put(&mut self, netuid: NetUid, generation: u32, queue: &Queue) {
        if *queue == Queue::default() {
            self.queues.remove((netuid, generation));
        } else {
            self.queues.insert((netuid, generation), queue);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn commit(number: u8, epoch: u32) -> Commit {
        Commit {
            hash: [number; 32],
            epoch,
            block: epoch * 10 + u32::from(number),
        }
    }

    #[test]
    fn a_commit_is_due_in_one_epoch() {
        let mut queue = Queue::default();
        queue.add(commit(1, 5)).unwrap();
        let find = |queue: &Queue, open| queue.find(open, 2, |_| [1; 32]);
        assert_eq!(find(&queue, 6), Err(EpochError::RevealTooEarly(7)));
        assert_eq!(find(&queue, 7), Ok(commit(1, 5)));
        assert_eq!(find(&queue, 8), Err(EpochError::RevealTooLate(7)));
        let other = queue.find(7, 2, |_| [2; 32]);
        assert_eq!(other, Err(EpochError::NoSuchCommit));
    }

    #[test]
    fn a_hash_is_looked_for_in_the_epoch_of_its_commit() {
        let mut queue = Queue::default();
        queue.add(commit(1, 5)).unwrap();
        let found = queue.find(6, 1, |epoch| if epoch == 5 { [1; 32] } else { [0; 32] });
        assert_eq!(found, Ok(commit(1, 5)));
    }

    #[test]
    fn a_reveal_drops_what_is_older() {
        let mut queue = Queue::default();
        for number in 1..4 {
            queue.add(commit(number, 5)).unwrap();
        }
        queue.reveal(&commit(2, 5));
        assert_eq!(queue.view(6, 1).commits.len(), 1);
        assert_eq!(queue.view(6, 1).missed, 0);
    }

    #[test]
    fn a_queue_is_bounded_and_a_missed_reveal_is_seen() {
        let mut queue = Queue::default();
        for number in 0..10 {
            queue.add(commit(number, 5)).unwrap();
        }
        assert_eq!(
            queue.add(commit(10, 5)),
            Err(EpochError::TooManyCommits(10))
        );
        let view = queue.view(7, 1);
        assert_eq!(view.missed, 10);
        assert!(view
            .commits
            .iter()
            .all(|it| it.state == CommitState::Missed));
        assert_eq!(queue.expire(7, 1), 10);
        assert_eq!(
            queue.view(7, 1),
            CommitsView {
                commits: vec![],
                missed: 10
            }
        );
        assert_eq!(queue.last(), Some(59));
        assert_eq!(queue.add(commit(11, 7)), Ok(()));
    }

    proptest! {
        /// Nothing is lost from sight: every commit is revealed, waiting, due, replaced by a later reveal, or counted as missed.
        #[test]
        fn every_commit_is_accounted_for(
            period in 1u32..4,
            steps in prop::collection::vec((0u32..2, any::<bool>()), 1..60),
        ) {
            let (mut queue, mut open) = (Queue::default(), 0);
            let (mut added, mut dropped) = (0u32, 0u32);
            for (number, (epochs, reveals)) in (0u8..).zip(steps) {
                open += epochs;
                queue.expire(open, period);
                if reveals {
                    let due = queue.view(open, period).commits.into_iter().rfind(|it| it.state == CommitState::Due);
                    if let Some(due) = due {
                        let before = queue.commits.len();
                        let found = queue.find(open, period, |_| due.hash).unwrap();
                        queue.reveal(&found);
                        dropped += u32::try_from(before - queue.commits.len()).unwrap();
                    }
                } else if queue.add(commit(number, open)).is_ok() {
                    added += 1;
                }
                let view = queue.view(open, period);
                let held = u32::try_from(view.commits.len()).unwrap();
                prop_assert_eq!(added, held + dropped + view.missed);
                prop_assert!(view.commits.iter().all(|it| it.state != CommitState::Missed));
            }
        }
    }
}
