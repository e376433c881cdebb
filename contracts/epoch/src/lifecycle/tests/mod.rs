//! Order of calls: each boundary alone, and any order of calls in `any_order`.

mod any_order;

use super::*;

const TEMPO: u32 = 10;
const PERIOD: u32 = 5;
const ASSERTION: Digest = [7; 32];
const COLLATERAL: Rao = Rao(100);
const REPLAY: u32 = 7;
const STEPS: u32 = 10;
const ROLLOVER: u32 = 20;

fn worker() -> AccountId {
    AccountId::from([1; 32])
}

fn last(epoch: u32) -> FinalEpoch {
    FinalEpoch {
        epoch,
        closed_at: 110,
        digest: [9; 32],
        roster: Vec::new(),
    }
}

/// Closes at block 110.
fn closed() -> Lifecycle {
    let mut lifecycle = Lifecycle::new(100);
    lifecycle
        .due_close(110, TEMPO)
        .and_then(|due| due.close(STEPS))
        .unwrap();
    lifecycle
}

/// Closes at block 110 and is asserted at block 112.
fn asserted() -> Lifecycle {
    let mut lifecycle = closed();
    assert_eq!(propose(&mut lifecycle, 112, ASSERTION), Ok(117));
    lifecycle
}

/// Posts `assertion` at `block`.
fn propose(lifecycle: &mut Lifecycle, block: u32, assertion: Digest) -> Result<u32, EpochError> {
    let posting = Posting {
        assertion,
        proposer: worker(),
        collateral: COLLATERAL,
    };
    let due = lifecycle.due_assertion(&assertion)?;
    due.post(block, PERIOD, posting)
}

#[test]
fn an_epoch_of_twelve_days_is_no_longer_asserted() {
    let mut lifecycle = closed();
    let until = 110 + ASSERTION_AGE;
    assert_eq!(
        propose(&mut lifecycle, until + 1, ASSERTION),
        Err(EpochError::TooLate(until))
    );
    assert_eq!(lifecycle, closed());
    assert!(propose(&mut lifecycle, until, ASSERTION).is_ok());
}

fn released() -> Released {
    Released {
        proposer: worker(),
        collateral: COLLATERAL,
    }
}

/// Returns the assertions that stand, by their first byte.
fn standing(lifecycle: &Lifecycle) -> Vec<u8> {
    let standing = lifecycle.stage.standing().iter();
    standing.map(|posted| posted.assertion[0]).collect()
}

/// Returns the first step that a replay at `block` would execute.
fn next_step(lifecycle: &mut Lifecycle, block: u32, delay: u32) -> Result<u32, EpochError> {
    Ok(lifecycle.due_replay(block, delay)?.next())
}

/// Replays up to step `next` at `block`.
fn replay(lifecycle: &mut Lifecycle, block: u32, next: u32) {
    lifecycle.due_replay(block, REPLAY).unwrap().pause(next);
}

/// Returns the reason for which the open epoch cannot close at `block`.
fn why_open(lifecycle: &mut Lifecycle, block: u32) -> Option<EpochError> {
    lifecycle.due_close(block, TEMPO).err()
}

#[test]
fn closes_from_the_block_at_which_the_tempo_is_over() {
    let mut lifecycle = Lifecycle::new(100);
    assert_eq!(
        why_open(&mut lifecycle, 109),
        Some(EpochError::TempoNotOver(110))
    );
    assert_eq!(why_open(&mut lifecycle, 110), None);
}

#[test]
fn the_next_epoch_opens_at_the_close() {
    let mut lifecycle = Lifecycle::new(100);
    lifecycle
        .due_close(115, TEMPO)
        .unwrap()
        .close(STEPS)
        .unwrap();
    assert_eq!(
        (lifecycle.open, lifecycle.opened_at, &lifecycle.stage),
        (1, 115, &Stage::Closed)
    );
    assert_eq!(
        why_open(&mut lifecycle, 124),
        Some(EpochError::TempoNotOver(125))
    );
    assert_eq!(
        why_open(&mut lifecycle, 125),
        Some(EpochError::EpochUnfinished)
    );
}

#[test]
fn an_empty_epoch_restarts_under_its_number() {
    let mut lifecycle = Lifecycle::new(100);
    assert_eq!(lifecycle.due_close(110, TEMPO).unwrap().restart(), 0);
    assert_eq!(lifecycle, Lifecycle::new(110));
}

#[test]
fn nothing_is_asserted_before_a_close() {
    let mut open = Lifecycle::new(100);
    assert_eq!(
        propose(&mut open, 112, ASSERTION),
        Err(EpochError::NothingClosed)
    );
}

#[test]
fn four_assertions_at_most_stand_side_by_side_and_no_two_are_equal() {
    let mut lifecycle = asserted();
    assert_eq!(
        propose(&mut lifecycle, 113, ASSERTION),
        Err(EpochError::AlreadyAsserted)
    );
    for (count, claim) in [(1, 1), (2, 2), (3, 3)] {
        assert_eq!(
            lifecycle.due_assertion(&[claim; 32]).unwrap().standing(),
            count
        );
        assert_eq!(propose(&mut lifecycle, 113, [claim; 32]), Ok(118));
    }
    assert_eq!(standing(&lifecycle), [7, 1, 2, 3]);
    let before = lifecycle.clone();
    assert_eq!(
        propose(&mut lifecycle, 113, [4; 32]),
        Err(EpochError::TooManyAssertions(4))
    );
    assert_eq!(
        propose(&mut lifecycle, 113, [3; 32]),
        Err(EpochError::AlreadyAsserted)
    );
    assert_eq!(lifecycle, before);
}

/// The others keep their places and deadlines.
#[test]
fn a_dispute_frees_its_place_in_its_block() {
    let mut lifecycle = asserted();
    for claim in [1, 2, 3] {
        propose(&mut lifecycle, 113, [claim; 32]).unwrap();
    }
    assert_eq!(lifecycle.overturn(114, &[1; 32]), Ok(released()));
    assert_eq!(standing(&lifecycle), [7, 2, 3]);
    assert_eq!(
        lifecycle.overturn(114, &[1; 32]),
        Err(EpochError::AssertionMismatch)
    );
    assert_eq!(propose(&mut lifecycle, 114, [4; 32]), Ok(119));
    assert_eq!(standing(&lifecycle), [7, 2, 3, 4]);
    assert_eq!(
        lifecycle
            .finalize(117, &ASSERTION, last(0))
            .unwrap()
            .released,
        [released(); 4]
    );
}

/// A lie that is posted first delays the truth beside it by no block.
#[test]
fn the_first_assertion_whose_deadline_passes_is_final() {
    let mut lifecycle = asserted();
    propose(&mut lifecycle, 113, [1; 32]).unwrap();
    let mut undisputed = lifecycle.clone();
    assert_eq!(
        undisputed.finalize(118, &[1; 32], last(0)),
        Err(EpochError::AssertionMismatch),
        "it is not the first"
    );
    assert!(undisputed.finalize(118, &ASSERTION, last(0)).is_ok());

    lifecycle.overturn(116, &ASSERTION).unwrap();
    assert_eq!(
        lifecycle.finalize(117, &[1; 32], last(0)),
        Err(EpochError::ChallengePeriod(118))
    );
    let finality = lifecycle.finalize(118, &[1; 32], last(0)).unwrap();
    assert_eq!(finality.released, [released()]);
}

/// Each assertion has its own deadline.
#[test]
fn disputable_beside_one_whose_deadline_has_passed() {
    let mut lifecycle = asserted();
    propose(&mut lifecycle, 115, [1; 32]).unwrap();
    assert_eq!(
        lifecycle.overturn(119, &ASSERTION),
        Err(EpochError::ChallengeOver(117))
    );
    assert_eq!(lifecycle.overturn(119, &[1; 32]), Ok(released()));
    assert_eq!(standing(&lifecycle), [7]);
}

/// The boundary: disputable up to the block before the deadline, final from the deadline on.
#[test]
fn final_from_the_deadline_on() {
    let mut lifecycle = asserted();
    assert_eq!(
        lifecycle.finalize(116, &ASSERTION, last(0)),
        Err(EpochError::ChallengePeriod(117))
    );
    assert_eq!(
        lifecycle.finalize(117, &ASSERTION, last(0)),
        Ok(Finality {
            proposer: worker(),
            released: vec![released()]
        })
    );
    assert_eq!(lifecycle.stage, Stage::Open);
    assert_eq!(lifecycle.last, Some(last(0)));
    assert_eq!(
        lifecycle.finalize(118, &ASSERTION, last(0)),
        Err(EpochError::NotAsserted)
    );
}

#[test]
fn only_what_was_posted_becomes_final() {
    let mut lifecycle = asserted();
    let before = lifecycle.clone();
    assert_eq!(
        lifecycle.finalize(117, &[8; 32], last(0)),
        Err(EpochError::AssertionMismatch)
    );
    assert_eq!(lifecycle, before);
}

/// The other side of the same boundary.
#[test]
fn disputable_before_the_deadline() {
    let mut late = asserted();
    assert_eq!(
        late.overturn(117, &ASSERTION),
        Err(EpochError::ChallengeOver(117))
    );
    assert_eq!(late, asserted());
    let mut lifecycle = asserted();
    assert_eq!(
        lifecycle.overturn(116, &[8; 32]),
        Err(EpochError::AssertionMismatch)
    );
    assert_eq!(lifecycle.overturn(116, &ASSERTION), Ok(released()));
    assert_eq!(lifecycle.stage, Stage::Closed);
    assert_eq!(
        lifecycle.overturn(116, &ASSERTION),
        Err(EpochError::NotAsserted)
    );
}

#[test]
fn replayed_from_the_delay_after_the_close_on() {
    let mut lifecycle = closed();
    assert_eq!(lifecycle.replays_at(REPLAY), Some(117));
    assert_eq!(
        next_step(&mut lifecycle, 116, REPLAY),
        Err(EpochError::ReplayNotDue(117))
    );
    assert_eq!(next_step(&mut lifecycle, 117, REPLAY), Ok(0));
    assert_eq!(
        next_step(&mut Lifecycle::new(100), 117, REPLAY),
        Err(EpochError::NothingClosed)
    );
    assert_eq!(
        next_step(&mut lifecycle, 117, u32::MAX),
        Err(EpochError::Overflow)
    );
}

#[test]
fn no_step_is_replayed_while_an_assertion_stands() {
    let mut lifecycle = asserted();
    assert_eq!(lifecycle.replays_at(REPLAY), None);
    assert_eq!(
        next_step(&mut lifecycle, 200, REPLAY),
        Err(EpochError::AlreadyAsserted)
    );
}

#[test]
fn a_replay_bars_no_assertion_and_outlives_a_false_one() {
    let mut lifecycle = closed();
    replay(&mut lifecycle, 117, 3);
    assert_eq!(lifecycle.due_assertion(&ASSERTION).unwrap().replayed(), 3);
    propose(&mut lifecycle, 118, ASSERTION).unwrap();
    lifecycle.overturn(119, &ASSERTION).unwrap();
    assert_eq!(next_step(&mut lifecycle, 120, REPLAY), Ok(3));
    propose(&mut lifecycle, 121, ASSERTION).unwrap();
    lifecycle.finalize(126, &ASSERTION, last(0)).unwrap();
    assert_eq!((lifecycle.steps, lifecycle.replayed), (0, 0));
}

#[test]
fn a_replay_goes_on_where_it_was_left() {
    let mut lifecycle = closed();
    replay(&mut lifecycle, 117, 3);
    assert_eq!((&lifecycle.stage, lifecycle.replayed), (&Stage::Closed, 3));
    assert_eq!(next_step(&mut lifecycle, 118, REPLAY), Ok(3));
    assert_eq!(lifecycle.replays_at(REPLAY), Some(117));
    lifecycle.due_replay(118, REPLAY).unwrap().finish(last(0));
    assert_eq!(
        (&lifecycle.stage, lifecycle.last),
        (&Stage::Open, Some(last(0)))
    );
}

/// An epoch that makes progress does not roll over.
#[test]
fn rolls_over_after_the_delay_without_progress() {
    let mut lifecycle = closed();
    assert_eq!(lifecycle.rolls_over_at(ROLLOVER, false), Some(130));
    propose(&mut lifecycle, 112, ASSERTION).unwrap();
    assert_eq!(lifecycle.rolls_over_at(ROLLOVER, false), None);
    lifecycle.overturn(116, &ASSERTION).unwrap();
    assert_eq!(lifecycle.rolls_over_at(ROLLOVER, false), Some(136));
    // Each replayed step buys its share of the delay: here a tenth of 20 blocks.
    replay(&mut lifecycle, 120, 1);
    assert_eq!(lifecycle.rolls_over_at(ROLLOVER, false), Some(138));
    replay(&mut lifecycle, 130, 4);
    assert_eq!(lifecycle.rolls_over_at(ROLLOVER, false), Some(144));
    assert_eq!(
        lifecycle.roll_over(143, ROLLOVER, false),
        Err(EpochError::RolloverNotDue(144))
    );
    assert_eq!(lifecycle.roll_over(144, ROLLOVER, false), Ok(Vec::new()));
    assert_eq!(lifecycle.stage, Stage::Open);
    assert_eq!(
        (lifecycle.open, lifecycle.opened_at),
        (1, 110),
        "the open one stays"
    );
    assert_eq!(lifecycle.last, None);
    assert_eq!(
        lifecycle.roll_over(200, ROLLOVER, false),
        Err(EpochError::NothingClosed)
    );
    assert_eq!(
        closed().roll_over(200, u32::MAX, false),
        Err(EpochError::Overflow)
    );
}

#[test]
fn an_asserted_epoch_rolls_over_only_if_its_kernel_changed() {
    let mut lifecycle = asserted();
    propose(&mut lifecycle, 113, [1; 32]).unwrap();
    let before = lifecycle.clone();
    assert_eq!(
        lifecycle.roll_over(200, ROLLOVER, false),
        Err(EpochError::AlreadyAsserted)
    );
    assert_eq!(
        lifecycle.roll_over(129, ROLLOVER, true),
        Err(EpochError::RolloverNotDue(130))
    );
    assert_eq!(lifecycle, before);
    assert_eq!(lifecycle.rolls_over_at(ROLLOVER, true), Some(130));
    assert_eq!(
        lifecycle.roll_over(130, ROLLOVER, true),
        Ok(vec![released(); 2])
    );
    assert_eq!(lifecycle.stage, Stage::Open);
}
