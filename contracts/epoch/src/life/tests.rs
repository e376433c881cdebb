//! Which call is due when, one by one and in any order.

use super::*;
use proptest::prelude::*;

const TEMPO: u32 = 10;
const PERIOD: u32 = 5;
const ASSERTION: Digest = [7; 32];
const COLLATERAL: Rao = Rao(100);
const REPLAY: u32 = 7;
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

fn asserted() -> Life {
    let mut life = Life::new(100);
    life.close(110).unwrap();
    assert_eq!(
        life.propose(112, PERIOD, ASSERTION, worker(), COLLATERAL),
        Ok(117)
    );
    life
}

#[test]
fn closes_from_the_block_at_which_the_tempo_is_over() {
    let life = Life::new(100);
    assert_eq!(
        life.check_close(109, TEMPO),
        Err(EpochError::TempoNotOver(110))
    );
    assert_eq!(life.check_close(110, TEMPO), Ok(()));
}

#[test]
fn the_next_epoch_opens_at_the_close() {
    let mut life = Life::new(100);
    life.close(115).unwrap();
    assert_eq!(
        (life.open, life.opened_at, &life.stage),
        (1, 115, &Stage::Closed)
    );
    assert_eq!(
        life.check_close(124, TEMPO),
        Err(EpochError::TempoNotOver(125))
    );
    assert_eq!(
        life.check_close(125, TEMPO),
        Err(EpochError::EpochUnfinished)
    );
}

#[test]
fn an_empty_epoch_starts_anew_under_its_number() {
    let mut life = Life::new(100);
    life.restart(110);
    assert_eq!(life, Life::new(110));
}

#[test]
fn one_assertion_at_most() {
    let mut open = Life::new(100);
    assert_eq!(
        open.propose(112, PERIOD, ASSERTION, worker(), COLLATERAL),
        Err(EpochError::NothingClosed)
    );
    let mut life = asserted();
    assert_eq!(
        life.propose(113, PERIOD, [8; 32], worker(), COLLATERAL),
        Err(EpochError::AlreadyAsserted)
    );
}

/// The boundary: disputable up to the block before the deadline, final from the deadline on.
#[test]
fn final_from_the_deadline_on() {
    let mut life = asserted();
    assert_eq!(
        life.finalize(116, ASSERTION, last(0)),
        Err(EpochError::ChallengePeriod(117))
    );
    assert_eq!(
        life.finalize(117, ASSERTION, last(0)),
        Ok(Released {
            proposer: worker(),
            collateral: COLLATERAL
        })
    );
    assert_eq!(life.stage, Stage::Open);
    assert_eq!(life.last, Some(last(0)));
    assert_eq!(
        life.finalize(118, ASSERTION, last(0)),
        Err(EpochError::NotAsserted)
    );
}

#[test]
fn only_what_was_posted_becomes_final() {
    let mut life = asserted();
    let before = life.clone();
    assert_eq!(
        life.finalize(117, [8; 32], last(0)),
        Err(EpochError::AssertionMismatch)
    );
    assert_eq!(life, before);
}

/// The other side of the same boundary.
#[test]
fn disputable_before_the_deadline() {
    let mut late = asserted();
    assert_eq!(
        late.take_down(117, ASSERTION),
        Err(EpochError::ChallengeOver(117))
    );
    assert_eq!(late, asserted());
    let mut life = asserted();
    assert_eq!(
        life.take_down(116, [8; 32]),
        Err(EpochError::AssertionMismatch)
    );
    assert_eq!(
        life.take_down(116, ASSERTION),
        Ok(Released {
            proposer: worker(),
            collateral: COLLATERAL
        })
    );
    assert_eq!((&life.stage, life.slashed), (&Stage::Closed, 1));
    assert_eq!(life.take_down(116, ASSERTION), Err(EpochError::NotAsserted));
}

#[test]
fn the_next_epoch_starts_with_no_assertion_slashed() {
    let mut life = asserted();
    life.take_down(113, ASSERTION).unwrap();
    life.propose(113, PERIOD, ASSERTION, worker(), COLLATERAL)
        .unwrap();
    life.finalize(118, ASSERTION, last(0)).unwrap();
    assert_eq!(life.slashed, 0);
}

/// Closed at block 110.
fn closed() -> Life {
    let mut life = Life::new(100);
    life.close(110).unwrap();
    life
}

#[test]
fn replayed_from_the_delay_after_the_close_on() {
    let life = closed();
    assert_eq!(life.replays_at(REPLAY), Some(117));
    assert_eq!(
        life.check_replay(116, REPLAY),
        Err(EpochError::ReplayNotDue(117))
    );
    assert_eq!(life.check_replay(117, REPLAY), Ok(0));
    assert_eq!(
        Life::new(100).check_replay(117, REPLAY),
        Err(EpochError::NothingClosed)
    );
    assert_eq!(life.check_replay(117, u32::MAX), Err(EpochError::Overflow));
}

#[test]
fn replay_and_assertion_exclude_each_other() {
    let life = asserted();
    assert_eq!(life.replays_at(REPLAY), None);
    assert_eq!(
        life.check_replay(200, REPLAY),
        Err(EpochError::AlreadyAsserted)
    );
    let mut life = closed();
    life.go_on(117, 1);
    assert_eq!(
        life.propose(118, PERIOD, ASSERTION, worker(), COLLATERAL),
        Err(EpochError::Replaying)
    );
    assert_eq!(life.take_down(118, ASSERTION), Err(EpochError::NotAsserted));
    assert_eq!(
        life.finalize(200, ASSERTION, last(0)),
        Err(EpochError::NotAsserted)
    );
    assert_eq!(
        life.check_close(200, TEMPO),
        Err(EpochError::EpochUnfinished)
    );
}

#[test]
fn a_replay_goes_on_where_it_was_left() {
    let mut life = closed();
    life.go_on(117, 3);
    assert_eq!(life.stage, Stage::Replaying { next: 3 });
    assert_eq!(life.check_replay(118, REPLAY), Ok(3));
    assert_eq!(life.replays_at(REPLAY), Some(117));
    life.end_replay(last(0));
    assert_eq!((&life.stage, life.last), (&Stage::Open, Some(last(0))));
}

/// What moves is not thrown away.
#[test]
fn given_up_after_the_delay_without_progress() {
    let mut life = closed();
    assert_eq!(life.rolls_over_at(ROLLOVER, true), Some(130));
    life.propose(112, PERIOD, ASSERTION, worker(), COLLATERAL)
        .unwrap();
    assert_eq!(life.rolls_over_at(ROLLOVER, true), None);
    life.take_down(116, ASSERTION).unwrap();
    assert_eq!(life.rolls_over_at(ROLLOVER, true), Some(136));
    life.go_on(120, 1);
    assert_eq!(life.rolls_over_at(ROLLOVER, true), Some(140));
    assert_eq!(
        life.roll_over(139, ROLLOVER, true),
        Err(EpochError::RolloverNotDue(140))
    );
    assert_eq!(life.roll_over(140, ROLLOVER, true), Ok(None));
    assert_eq!((&life.stage, life.slashed), (&Stage::Open, 0));
    assert_eq!((life.open, life.opened_at), (1, 110), "the open one stays");
    assert_eq!(life.last, None);
    assert_eq!(
        life.roll_over(200, ROLLOVER, true),
        Err(EpochError::NothingClosed)
    );
    assert_eq!(
        closed().roll_over(200, u32::MAX, true),
        Err(EpochError::Overflow)
    );
}

#[test]
fn an_assertion_is_given_up_only_if_its_kernel_is_gone() {
    let mut life = asserted();
    let before = life.clone();
    assert_eq!(
        life.roll_over(200, ROLLOVER, true),
        Err(EpochError::AlreadyAsserted)
    );
    assert_eq!(
        life.roll_over(129, ROLLOVER, false),
        Err(EpochError::RolloverNotDue(130))
    );
    assert_eq!(life, before);
    assert_eq!(life.rolls_over_at(ROLLOVER, false), Some(130));
    assert_eq!(
        life.roll_over(130, ROLLOVER, false),
        Ok(Some(Released {
            proposer: worker(),
            collateral: COLLATERAL
        }))
    );
    assert_eq!(life.stage, Stage::Open);
}

#[derive(Clone, Debug)]
enum Action {
    Wait(u32),
    Close,
    Restart,
    Propose(u8),
    TakeDown(u8),
    Finalize(u8),
    Replay(u32),
    EndReplay,
    RollOver(bool),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        (0u32..20).prop_map(Action::Wait),
        Just(Action::Close),
        Just(Action::Restart),
        (0u8..3).prop_map(Action::Propose),
        (0u8..3).prop_map(Action::TakeDown),
        (0u8..3).prop_map(Action::Finalize),
        (1u32..4).prop_map(Action::Replay),
        Just(Action::EndReplay),
        any::<bool>().prop_map(Action::RollOver),
    ]
}

proptest! {
    /// In any order of calls: an epoch becomes final once, in order, with what was posted, after its period;
    /// a refused call changes nothing; every collateral taken is released or lost exactly once or still held.
    #[test]
    fn any_order_of_calls(actions in prop::collection::vec(action(), 0..80)) {
        let mut life = Life::new(0);
        let mut block = 0;
        let mut posted: Option<(u8, u32)> = None;
        let mut finals = Vec::new();
        let mut given_up = 0;
        let (mut closed_at, mut moved_at) = (0, 0);
        let (mut taken, mut released) = (0u64, 0u64);
        for action in actions {
            let before = life.clone();
            match action {
                Action::Wait(blocks) => block += blocks,
                Action::Close => {
                    if life.check_close(block, TEMPO).is_ok() {
                        prop_assert!(block >= before.opened_at + TEMPO);
                        prop_assert_eq!(&before.stage, &Stage::Open);
                        life.close(block).unwrap();
                        (closed_at, moved_at) = (block, block);
                        prop_assert_eq!(life.open, before.open + 1);
                    } else {
                        prop_assert!(block < before.opened_at + TEMPO || before.stage != Stage::Open);
                    }
                }
                Action::Restart => {
                    if life.check_close(block, TEMPO).is_ok() {
                        life.restart(block);
                        prop_assert_eq!(life.open, before.open);
                    }
                }
                Action::Propose(claim) => {
                    let outcome = life.propose(block, PERIOD, [claim; 32], worker(), COLLATERAL);
                    if let Ok(deadline) = outcome {
                        prop_assert_eq!(before.stage, Stage::Closed);
                        prop_assert_eq!(deadline, block + PERIOD);
                        posted = Some((claim, block));
                        taken += COLLATERAL.0;
                    } else {
                        prop_assert_eq!(&life, &before);
                    }
                }
                Action::TakeDown(claim) => match life.take_down(block, [claim; 32]) {
                    Ok(lost) => {
                        let (was, at) = posted.take().unwrap();
                        prop_assert_eq!(was, claim);
                        prop_assert!(block < at + PERIOD);
                        prop_assert_eq!(life.slashed, before.slashed + 1);
                        moved_at = block;
                        released += lost.collateral.0;
                    }
                    Err(_) => prop_assert_eq!(&life, &before),
                },
                Action::Replay(steps) => match life.check_replay(block, REPLAY) {
                    Ok(next) => {
                        prop_assert!(block >= closed_at + REPLAY);
                        prop_assert!(posted.is_none());
                        life.go_on(block, next + steps);
                        moved_at = block;
                    }
                    Err(_) => prop_assert_eq!(&life, &before),
                },
                Action::EndReplay => {
                    let epoch = life.open.saturating_sub(1);
                    if life.check_replay(block, REPLAY).is_ok() {
                        life.end_replay(last(epoch));
                        finals.push(epoch);
                    }
                }
                Action::RollOver(stands) => match life.roll_over(block, ROLLOVER, stands) {
                    Ok(free) => {
                        prop_assert!(block >= moved_at + ROLLOVER);
                        prop_assert_eq!(free.is_some(), posted.take().is_some());
                        prop_assert!(free.is_none() || !stands);
                        released += free.map_or(0, |free| free.collateral.0);
                        given_up += 1;
                        prop_assert_eq!(&life.last, &before.last);
                    }
                    Err(_) => prop_assert_eq!(&life, &before),
                },
                Action::Finalize(claim) => {
                    let epoch = life.open.saturating_sub(1);
                    match life.finalize(block, [claim; 32], last(epoch)) {
                        Ok(free) => {
                            let (was, at) = posted.take().unwrap();
                            prop_assert_eq!(was, claim);
                            prop_assert!(block >= at + PERIOD);
                            released += free.collateral.0;
                            finals.push(epoch);
                        }
                        Err(_) => prop_assert_eq!(&life, &before),
                    }
                }
            }
            let held = if let Stage::Asserted { collateral, .. } = life.stage { collateral.0 } else { 0 };
            prop_assert_eq!(taken, released + held);
            let closed = u32::from(life.stage != Stage::Open);
            prop_assert_eq!(u32::try_from(finals.len()).unwrap() + given_up + closed, life.open);
        }
        prop_assert!(finals.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
