use alloc::vec::Vec;

use inktensor_task::{Seat, Seed};

use super::*;
use crate::{
    toy::{start, Number, Toy, BROKEN, SPOILED, STUCK},
    Work,
};

fn join(start: &[u8]) -> Join<'_, Toy> {
    Join {
        fold: &Toy,
        start,
        guard: Guard::new(&Toy, start, Seed([8; 32])).unwrap(),
    }
}

fn member(uid: u16, end: &Number) -> Member {
    let work = Work {
        epoch: 7,
        steps: 2,
        root: [0; 32],
        end: end.hash(),
    };
    let seat = Seat { uid, generation: 1 };
    Member { seat, work }
}

/// Returns the state after members whose ends are these numbers, of uids from 0 on.
fn joined(ends: &[u64]) -> Result<Number, JoinError> {
    let members: Vec<Member> = (0..)
        .zip(ends)
        .map(|(uid, end)| member(uid, &Number(*end)))
        .collect();
    let blob = |member: &Member| Some(Number(ends[usize::from(member.seat.uid)]).to_blob());
    join(&start().to_blob()).next_state(&members, blob)
}

#[test]
fn ends_are_joined_and_no_member_leaves_the_start() {
    let right = |ends: &[u64]| ends.iter().fold(1u64, |sum, end| sum * 31 + end * 2);
    assert_eq!(joined(&[5, 6]), Ok(Number(right(&[5, 6]))));
    assert_eq!(joined(&[]), Ok(start()));
}

#[test]
fn end_that_the_training_refuses_leaves_the_start() {
    assert_eq!(joined(&[5, STUCK, 6]), Ok(start()));
    let mut other = Number(5).to_blob();
    other[0] ^= 1;
    let mut bad = member(0, &Number(5));
    bad.work.end = inktensor_task::blake2(&other);
    let blob = |_: &Member| Some(other.clone());
    let found = join(&start().to_blob()).next_state(&[bad], blob);
    assert_eq!(found, Ok(start()));
    let refused = join(&start().to_blob()).check_end(&bad, &other);
    assert!(matches!(refused, Err(JoinError::Refused(_))));
}

#[test]
fn missing_and_other_ends_are_named_and_decide_nothing() {
    let members = [5, 6].map(|uid| member(uid, &Number(uid.into())));
    let start = start().to_blob();
    let fetched = |blob: fn(&Member) -> Option<Vec<u8>>| join(&start).next_state(&members, blob);
    assert_eq!(fetched(|_| None), Err(JoinError::Missing { uid: 5 }));
    let found = fetched(|_| Some(Number(5).to_blob()));
    assert_eq!(found, Err(JoinError::Other { uid: 6 }));
    let found = fetched(|_| Some(alloc::vec![0; 17]));
    assert_eq!(found, Err(JoinError::Other { uid: 5 }));
}

#[test]
fn result_that_is_worse_leaves_the_start() {
    // The sum of the tests is 31 for the start, and twice the end.
    assert_eq!(joined(&[(SPOILED - 31) / 2]), Ok(start()));
    let spoiled = Number(SPOILED);
    let found = join(&start().to_blob()).check_end(&member(4, &spoiled), &spoiled.to_blob());
    assert_eq!(found, Err(JoinError::Unsound { uid: 4 }));
}

#[test]
fn fault_of_the_fold_decides_nothing() {
    let failed = JoinError::Failed(Fault("broken".into()));
    assert_eq!(joined(&[5, BROKEN, 6]), Err(failed.clone()));
    let broken = Number(BROKEN);
    let found = join(&start().to_blob()).check_end(&member(4, &broken), &broken.to_blob());
    assert_eq!(found, Err(failed));
    // A result that cannot be measured is as good as none.
    assert!(matches!(
        joined(&[(BROKEN - 31) / 2]),
        Err(JoinError::Failed(_))
    ));
}
