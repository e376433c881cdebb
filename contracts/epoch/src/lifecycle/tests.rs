//! Order of calls: each boundary alone, then any order of calls.

use super::*;
use proptest::prelude::*;

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
    lifecycle.due_assertion()?.post(block, PERIOD, posting)
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
fn one_assertion_at_most() {
    let mut open = Lifecycle::new(100);
    assert_eq!(
        propose(&mut open, 112, ASSERTION),
        Err(EpochError::NothingClosed)
    );
    let mut lifecycle = asserted();
    assert_eq!(
        propose(&mut lifecycle, 113, [8; 32]),
        Err(EpochError::AlreadyAsserted)
    );
}

/// The boundary: disputable up to the block before the deadline, final from the deadline on.
#[test]
fn final_from_the_deadline_on() {
    let mut lifecycle = asserted();
    assert_eq!(
        lifecycle.finalize(116, ASSERTION, last(0)),
        Err(EpochError::ChallengePeriod(117))
    );
    assert_eq!(
        lifecycle.finalize(117, ASSERTION, last(0)),
        Ok(Released {
            proposer: worker(),
            collateral: COLLATERAL
        })
    );
    assert_eq!(lifecycle.stage, Stage::Open);
    assert_eq!(lifecycle.last, Some(last(0)));
    assert_eq!(
        lifecycle.finalize(118, ASSERTION, last(0)),
        Err(EpochError::NotAsserted)
    );
}

#[test]
fn only_what_was_posted_becomes_final() {
    let mut lifecycle = asserted();
    let before = lifecycle.clone();
    assert_eq!(
        lifecycle.finalize(117, [8; 32], last(0)),
        Err(EpochError::AssertionMismatch)
    );
    assert_eq!(lifecycle, before);
}

/// The other side of the same boundary.
#[test]
fn disputable_before_the_deadline() {
    let mut late = asserted();
    assert_eq!(
        late.overturn(117, ASSERTION),
        Err(EpochError::ChallengeOver(117))
    );
    assert_eq!(late, asserted());
    let mut lifecycle = asserted();
    assert_eq!(
        lifecycle.overturn(116, [8; 32]),
        Err(EpochError::AssertionMismatch)
    );
    assert_eq!(
        lifecycle.overturn(116, ASSERTION),
        Ok(Released {
            proposer: worker(),
            collateral: COLLATERAL
        })
    );
    assert_eq!((&lifecycle.stage, lifecycle.slashed), (&Stage::Closed, 1));
    assert_eq!(
        lifecycle.overturn(116, ASSERTION),
        Err(EpochError::NotAsserted)
    );
}

#[test]
fn the_next_epoch_starts_with_no_assertion_slashed() {
    let mut lifecycle = asserted();
    lifecycle.overturn(113, ASSERTION).unwrap();
    propose(&mut lifecycle, 113, ASSERTION).unwrap();
    lifecycle.finalize(118, ASSERTION, last(0)).unwrap();
    assert_eq!(lifecycle.slashed, 0);
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
    assert_eq!(lifecycle.due_assertion().unwrap().replayed(), 3);
    propose(&mut lifecycle, 118, ASSERTION).unwrap();
    lifecycle.overturn(119, ASSERTION).unwrap();
    assert_eq!(next_step(&mut lifecycle, 120, REPLAY), Ok(3));
    propose(&mut lifecycle, 121, ASSERTION).unwrap();
    lifecycle.finalize(126, ASSERTION, last(0)).unwrap();
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
    lifecycle.overturn(116, ASSERTION).unwrap();
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
    assert_eq!(lifecycle.roll_over(144, ROLLOVER, false), Ok(None));
    assert_eq!((&lifecycle.stage, lifecycle.slashed), (&Stage::Open, 0));
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
        Ok(Some(Released {
            proposer: worker(),
            collateral: COLLATERAL
        }))
    );
    assert_eq!(lifecycle.stage, Stage::Open);
}

#[derive(Clone, Debug)]
enum Action {
    Wait(u32),
    Close,
    Restart,
    Propose(u8),
    Overturn(u8),
    Finalize(u8),
    Replay(u32),
    FinishReplay,
    RollOver(bool),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        (0u32..20).prop_map(Action::Wait),
        Just(Action::Close),
        Just(Action::Restart),
        (0u8..3).prop_map(Action::Propose),
        (0u8..3).prop_map(Action::Overturn),
        (0u8..3).prop_map(Action::Finalize),
        (1u32..4).prop_map(Action::Replay),
        Just(Action::FinishReplay),
        any::<bool>().prop_map(Action::RollOver),
    ]
}

proptest! {
    /// In any order of calls: an epoch becomes final once, in order, with the posted assertion,
    /// after its period; a refused call changes nothing; all collateral is released or lost
    /// exactly once, or still locked.
    #[test]
    fn any_order_of_calls(actions in prop::collection::vec(action(), 0..80)) {
        let mut lifecycle = Lifecycle::new(0);
        let mut block = 0;
        let mut posted: Option<(u8, u32)> = None;
        let mut finals = Vec::new();
        let mut rolled_over = 0;
        let (mut closed_at, mut moved_at) = (0, 0);
        let (mut taken, mut released) = (0u64, 0u64);
        for action in actions {
            let before = lifecycle.clone();
            match action {
                Action::Wait(blocks) => block += blocks,
                Action::Close => {
                    if let Ok(due) = lifecycle.due_close(block, TEMPO) {
                        prop_assert!(block >= before.opened_at + TEMPO);
                        prop_assert_eq!(&before.stage, &Stage::Open);
                        due.close(STEPS).unwrap();
                        (closed_at, moved_at) = (block, block);
                        prop_assert_eq!(lifecycle.open, before.open + 1);
                    } else {
                        prop_assert!(block < before.opened_at + TEMPO || before.stage != Stage::Open);
                    }
                }
                Action::Restart => {
                    if let Ok(due) = lifecycle.due_close(block, TEMPO) {
                        due.restart();
                        prop_assert_eq!(lifecycle.open, before.open);
                    }
                }
                Action::Propose(claim) => {
                    let outcome = propose(&mut lifecycle, block, [claim; 32]);
                    if let Ok(deadline) = outcome {
                        prop_assert_eq!(before.stage, Stage::Closed);
                        prop_assert_eq!(deadline, block + PERIOD);
                        posted = Some((claim, block));
                        taken += COLLATERAL.0;
                    } else {
                        prop_assert_eq!(&lifecycle, &before);
                    }
                }
                Action::Overturn(claim) => match lifecycle.overturn(block, [claim; 32]) {
                    Ok(lost) => {
                        let (was, at) = posted.take().unwrap();
                        prop_assert_eq!(was, claim);
                        prop_assert!(block < at + PERIOD);
                        prop_assert_eq!(lifecycle.slashed, before.slashed + 1);
                        moved_at = block;
                        released += lost.collateral.0;
                    }
                    Err(_) => prop_assert_eq!(&lifecycle, &before),
                },
                Action::Replay(steps) => match lifecycle.due_replay(block, REPLAY) {
                    Ok(due) => {
                        prop_assert!(block >= closed_at + REPLAY);
                        prop_assert!(posted.is_none());
                        let next = due.next();
                        due.pause((next + steps).min(STEPS - 1));
                    }
                    Err(_) => prop_assert_eq!(&lifecycle, &before),
                },
                Action::FinishReplay => {
                    let epoch = lifecycle.open.saturating_sub(1);
                    if let Ok(due) = lifecycle.due_replay(block, REPLAY) {
                        due.finish(last(epoch));
                        finals.push(epoch);
                    }
                }
                Action::RollOver(changed) => match lifecycle.roll_over(block, ROLLOVER, changed) {
                    Ok(free) => {
                        prop_assert!(block >= moved_at + ROLLOVER);
                        prop_assert!(before.rolls_over_at(ROLLOVER, true) < Some(moved_at + 2 * ROLLOVER));
                        prop_assert_eq!(free.is_some(), posted.take().is_some());
                        prop_assert!(free.is_none() || changed);
                        released += free.map_or(0, |free| free.collateral.0);
                        rolled_over += 1;
                        prop_assert_eq!(&lifecycle.last, &before.last);
                    }
                    Err(_) => prop_assert_eq!(&lifecycle, &before),
                },
                Action::Finalize(claim) => {
                    let epoch = lifecycle.open.saturating_sub(1);
                    match lifecycle.finalize(block, [claim; 32], last(epoch)) {
                        Ok(free) => {
                            let (was, at) = posted.take().unwrap();
                            prop_assert_eq!(was, claim);
                            prop_assert!(block >= at + PERIOD);
                            released += free.collateral.0;
                            finals.push(epoch);
                        }
                        Err(_) => prop_assert_eq!(&lifecycle, &before),
                    }
                }
            }
            let held = if let Stage::Asserted { collateral, .. } = lifecycle.stage { collateral.0 } else { 0 };
            prop_assert_eq!(taken, released + held);
            let closed = u32::from(lifecycle.stage != Stage::Open);
            prop_assert_eq!(u32::try_from(finals.len()).unwrap() + rolled_over + closed, lifecycle.open);
        }
        prop_assert!(finals.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
