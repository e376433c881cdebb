//! Any order of calls.

use super::*;
use proptest::prelude::*;

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
        (0u8..6).prop_map(Action::Propose),
        (0u8..6).prop_map(Action::Propose),
        (0u8..6).prop_map(Action::Overturn),
        (0u8..6).prop_map(Action::Finalize),
        (1u32..4).prop_map(Action::Replay),
        Just(Action::FinishReplay),
        any::<bool>().prop_map(Action::RollOver),
    ]
}

proptest! {
    /// In any order of calls: an epoch becomes final once, in order, with the first assertion that
    /// stands, after its period; a refused call changes nothing; all collateral is released or
    /// lost exactly once, or still locked.
    #[test]
    fn any_order_of_calls(actions in prop::collection::vec(action(), 0..80)) {
        let mut lifecycle = Lifecycle::new(0);
        let mut block = 0;
        // Claim and block of each assertion that stands.
        let mut posted: Vec<(u8, u32)> = Vec::new();
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
                    let is_there = posted.iter().any(|(it, _)| *it == claim);
                    match outcome {
                        Ok(deadline) => {
                            prop_assert_eq!(deadline, block + PERIOD);
                            prop_assert!(!is_there && posted.len() < 4);
                            posted.push((claim, block));
                            taken += COLLATERAL.0;
                        }
                        Err(error) => {
                            let expected = match before.stage {
                                Stage::Open => EpochError::NothingClosed,
                                _ if is_there => EpochError::AlreadyAsserted,
                                _ => EpochError::TooManyAssertions(4),
                            };
                            prop_assert_eq!(error, expected);
                            prop_assert_eq!(&lifecycle, &before);
                        }
                    }
                }
                Action::Overturn(claim) => match lifecycle.overturn(block, &[claim; 32]) {
                    Ok(lost) => {
                        let place = posted.iter().position(|(it, _)| *it == claim).unwrap();
                        let (_, at) = posted.remove(place);
                        prop_assert!(block < at + PERIOD);
                        moved_at = block;
                        released += lost.collateral.0;
                    }
                    Err(_) => prop_assert_eq!(&lifecycle, &before),
                },
                Action::Replay(steps) => match lifecycle.due_replay(block, REPLAY) {
                    Ok(due) => {
                        prop_assert!(block >= closed_at + REPLAY);
                        prop_assert!(posted.is_empty());
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
                        prop_assert_eq!(free.len(), posted.len());
                        prop_assert!(free.is_empty() || changed);
                        posted.clear();
                        released += free.iter().map(|free| free.collateral.0).sum::<u64>();
                        rolled_over += 1;
                        prop_assert_eq!(&lifecycle.last, &before.last);
                    }
                    Err(_) => prop_assert_eq!(&lifecycle, &before),
                },
                Action::Finalize(claim) => {
                    let epoch = lifecycle.open.saturating_sub(1);
                    match lifecycle.finalize(block, &[claim; 32], last(epoch)) {
                        Ok(end) => {
                            let (was, at) = posted[0];
                            prop_assert_eq!(was, claim);
                            prop_assert!(block >= at + PERIOD);
                            prop_assert_eq!(end.released.len(), posted.len());
                            posted.clear();
                            released += end.released.iter().map(|free| free.collateral.0).sum::<u64>();
                            finals.push(epoch);
                        }
                        Err(_) => prop_assert_eq!(&lifecycle, &before),
                    }
                }
            }
            let held: u64 = lifecycle.stage.standing().iter().map(|it| it.collateral.0).sum();
            prop_assert_eq!(taken, released + held);
            prop_assert_eq!(standing(&lifecycle), posted.iter().map(|it| it.0).collect::<Vec<_>>());
            let closed = u32::from(lifecycle.stage != Stage::Open);
            prop_assert_eq!(u32::try_from(finals.len()).unwrap() + rolled_over + closed, lifecycle.open);
        }
        prop_assert!(finals.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
