use alloc::{string::ToString, vec::Vec};

use super::*;
use crate::{
    toy::{self, Number, Toy, BROKEN, SEAT, STUCK},
    Trace,
};

/// Returns the answer of a miner that serves these states.
fn answer(trace: &Trace, blobs: &[Vec<u8>], step: u16) -> Answer {
    let state = blobs[usize::from(step)].clone();
    Answer {
        state,
        ..trace.answer(step).unwrap()
    }
}

/// Judges the step of a miner that serves and pledges these states.
fn judged(blobs: &[Vec<u8>], step: u16) -> Verdict {
    let trace = toy::traced(blobs);
    judge(
        &Toy,
        &toy::epoch(),
        SEAT,
        &trace.pledge(),
        &answer(&trace, blobs, step),
    )
    .unwrap()
}

#[test]
fn every_step_of_true_work_is_true() {
    for steps in 1..=16 {
        let (_, blobs) = toy::worked(steps);
        for step in 0..steps {
            assert_eq!(judged(&blobs, step), Verdict::True, "{step} of {steps}");
        }
    }
}

#[test]
fn steps_beside_a_false_state_are_false_and_no_others() {
    let (_, right) = toy::worked(9);
    let mut blobs = right.clone();
    blobs[4][10] ^= 1;
    for step in 0..9 {
        let verdict = judged(&blobs, step);
        match step {
            3 => {
                let right = blake2(&right[4]);
                assert_eq!(verdict, Verdict::False(Fraud::Step { step, right }));
            }
            4 => assert!(matches!(
                verdict,
                Verdict::False(Fraud::Step { step: 4, .. })
            )),
            _ => assert_eq!(verdict, Verdict::True),
        }
    }
}

#[test]
fn another_start_is_named() {
    let (_, blobs) = toy::worked_from(Number(2), 4);
    let found = Number(2).hash();
    assert_eq!(judged(&blobs, 0), Verdict::False(Fraud::Start { found }));
    // Only the first step shows it.
    assert_eq!(judged(&blobs, 1), Verdict::True);
}

#[test]
fn pledged_end_that_is_not_the_last_state_is_named_by_every_probe() {
    let (trace, blobs) = toy::worked(4);
    let mut work = trace.pledge();
    let last = work.end;
    work.end = [7; 32];
    for step in 0..4 {
        let verdict = judge(
            &Toy,
            &toy::epoch(),
            SEAT,
            &work,
            &answer(&trace, &blobs, step),
        );
        assert_eq!(verdict, Ok(Verdict::False(Fraud::End { last })));
    }
}

#[test]
fn bytes_that_are_no_state_are_named() {
    let (_, mut blobs) = toy::worked(4);
    blobs[2][0] ^= 1;
    assert_eq!(judged(&blobs, 2), Verdict::False(Fraud::State { steps: 2 }));
}

#[test]
fn step_that_the_work_refuses_is_named() {
    let (_, mut blobs) = toy::worked(4);
    blobs[2] = Number(STUCK).to_blob();
    let reason = Refused("stuck");
    let fraud = Fraud::Refused { step: 2, reason };
    assert_eq!(judged(&blobs, 2), Verdict::False(fraud));
    let text = fraud.to_string();
    assert_eq!(text, "step 2 is pledged and the training refuses it: stuck");
}

#[test]
fn fault_of_the_fold_is_no_verdict() {
    let (_, mut blobs) = toy::worked(4);
    blobs[2] = Number(BROKEN).to_blob();
    let trace = toy::traced(&blobs);
    let judged = |step| {
        let answer = answer(&trace, &blobs, step);
        judge(&Toy, &toy::epoch(), SEAT, &trace.pledge(), &answer)
    };
    assert_eq!(judged(2), Err(Fault("broken".into())));
    assert_eq!(judged(0), Ok(Verdict::True));
}

#[test]
fn trace_of_another_seat_proves_nothing() {
    let (trace, blobs) = toy::worked(4);
    let mut other = SEAT;
    other.generation += 1;
    let verdict = judge(
        &Toy,
        &toy::epoch(),
        other,
        &trace.pledge(),
        &answer(&trace, &blobs, 1),
    );
    assert_eq!(verdict, Ok(Verdict::Unfit(Unfit::Path(Place::Before))));
    // The same states under the other seat's leaves are false from the first step on.
    let states = trace.states().to_vec();
    let copied = Trace::of(toy::epoch(), other, states);
    let verdict = judge(
        &Toy,
        &toy::epoch(),
        other,
        &copied.pledge(),
        &answer(&copied, &blobs, 0),
    );
    assert!(matches!(
        verdict,
        Ok(Verdict::False(Fraud::Step { step: 0, .. }))
    ));
}

#[test]
fn each_item_that_does_not_fit_is_named() {
    let (trace, blobs) = toy::worked(9);
    let (epoch, work) = (toy::epoch(), trace.pledge());
    let right = answer(&trace, &blobs, 4);
    let with = |change: &dyn Fn(&mut Answer)| {
        let mut answer = right.clone();
        change(&mut answer);
        judge(&Toy, &epoch, SEAT, &work, &answer).unwrap()
    };
    let unfit = Verdict::Unfit;
    assert_eq!(with(&|_| ()), Verdict::True);
    let steps = 9;
    assert_eq!(
        with(&|it| it.step = 9),
        unfit(Unfit::Step { step: 9, steps })
    );
    assert_eq!(with(&|it| it.step = 5), unfit(Unfit::Path(Place::Before)));
    assert_eq!(
        with(&|it| it.before.state[0] ^= 1),
        unfit(Unfit::Path(Place::Before))
    );
    assert_eq!(
        with(&|it| it.after.path.push([0; 32])),
        unfit(Unfit::Path(Place::After))
    );
    assert_eq!(
        with(&|it| it.last.path.clear()),
        unfit(Unfit::Path(Place::Last))
    );
    assert_eq!(with(&|it| it.state[15] ^= 1), unfit(Unfit::State));
    assert_eq!(with(&|it| it.state.clear()), unfit(Unfit::State));
    let too_long = Unfit::TooLong {
        bytes: 17,
        most: 16,
    };
    assert_eq!(with(&|it| it.state.push(0)), unfit(too_long));
    let mut void = work;
    void.steps = 17;
    let verdict = judge(&Toy, &epoch, SEAT, &void, &right).unwrap();
    let reason = Void::Steps {
        steps: 17,
        most: 16,
    };
    assert_eq!(verdict, unfit(Unfit::Void(reason)));
}
