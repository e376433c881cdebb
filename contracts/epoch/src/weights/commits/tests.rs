//! Commits: when one is due, and that each is accounted for.

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
    assert_eq!(queue.add(commit(11, 7)), Ok(()));
}

proptest! {
    /// Every commit is revealed, waiting, due, replaced by a later reveal, or counted as missed.
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
