use alloc::{vec, vec::Vec};

use inktensor_exact::adamw::AdamW;
use inktensor_task::{Blob, Seat};
use proptest::prelude::*;

use super::*;
use crate::{Guard, Join, JoinError, Member, Work};

/// A model of 2 600 weights.
pub(crate) const CONFIG: Config = Config {
    vocabulary: 64,
    context: 8,
    width: 16,
    layers: 1,
    heads: 2,
    hidden: 16,
};
const RECIPE: Recipe = Recipe {
    rows: 4,
    descent: AdamW::SMALL,
};
const EPOCH: Seed = Seed([2; 32]);

/// Words of a language that is easily learned.
fn text() -> Vec<u8> {
    let mut draw = Seed([9; 32]).draw();
    let words = [&[1u8, 2, 3, 4, 0][..], &[5, 6, 0], &[7, 8, 9, 10, 11, 0]];
    (0..600)
        .flat_map(|_| draw.pick(&words).unwrap().to_vec())
        .collect()
}

pub(crate) fn tiny() -> Train {
    Train::new(CONFIG, RECIPE, text()).unwrap()
}

pub(crate) fn start() -> State {
    tiny().start(&Seed([1; 32])).unwrap()
}

fn seat(uid: u16) -> Seat {
    Seat {
        uid,
        generation: 100 + u32::from(uid),
    }
}

/// Returns the end of a miner that works as assigned.
pub(crate) fn end(uid: u16, steps: u16) -> End<State> {
    let assignment = |step| Assignment {
        epoch: EPOCH,
        seat: seat(uid),
        step,
    };
    let state = (0..steps.into()).fold(start(), |state, step| {
        tiny().step(state, &assignment(step)).unwrap()
    });
    End {
        seat: seat(uid),
        steps,
        state,
    }
}

fn member(end: &End<State>) -> Member {
    let work = Work {
        epoch: 0,
        steps: end.steps,
        root: [0; 32],
        end: end.state.hash(),
    };
    Member {
        seat: end.seat,
        work,
    }
}

fn join<'a>(fold: &'a Train, start: &'a [u8]) -> Join<'a, Train> {
    let guard = Guard::new(fold, start, Seed([5; 32])).unwrap();
    Join { fold, start, guard }
}

#[test]
fn step_has_one_result_and_each_assignment_its_own() {
    let hash = |uid, steps| end(uid, steps).state.hash();
    assert_eq!(hash(1, 3), hash(1, 3));
    assert_ne!(hash(1, 3), hash(2, 3));
    assert_ne!(hash(1, 3), hash(1, 2));
    let (state, head) = (end(1, 3).state, start());
    assert_eq!(state.model.steps, 3);
    assert_eq!((state.corpus, state.recipe), (head.corpus, head.recipe));
}

#[test]
fn state_after_three_steps_is_the_recorded_one_in_every_build() {
    let hash = end(1, 3).state.hash();
    assert_eq!(hash[..8], RECORDED, "{:02x?}", &hash[..8]);
}

const RECORDED: [u8; 8] = [0x05, 0xd8, 0xc4, 0xd1, 0x38, 0x39, 0x54, 0xfe];

#[test]
fn first_state_follows_from_the_seed() {
    let hash = |seed| tiny().start(&Seed([seed; 32])).unwrap().hash();
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

#[test]
fn training_lowers_the_held_out_loss() {
    let seed = Seed([3; 32]);
    let before = tiny().measure(&start(), &seed).unwrap();
    let after = tiny().measure(&end(1, 60).state, &seed).unwrap();
    // An untrained model is near the logarithm of 64, and the language has about 0.3 nats a byte.
    assert!((4_000_000..4_400_000).contains(&before.0), "{before:?}");
    assert!(after.0 < 2_500_000, "{after:?}");
}

#[test]
fn states_of_other_trainings_are_refused() {
    let train = tiny();
    let assignment = Assignment {
        epoch: EPOCH,
        seat: seat(1),
        step: 0,
    };
    let mut other = start();
    other.corpus[0] ^= 1;
    assert_eq!(
        train.stepped(other.clone(), &assignment),
        Err(TrainError::OtherCorpus)
    );
    assert_eq!(
        Train::of(&other, text()).err(),
        Some(TrainError::OtherCorpus)
    );
    let mut other = start();
    other.recipe.rows = 5;
    assert_eq!(
        train.stepped(other.clone(), &assignment),
        Err(TrainError::OtherRecipe)
    );
    let own = Train::of(&other, text()).unwrap();
    assert!(own.step(other, &assignment).is_ok());
    let config = Config { heads: 4, ..CONFIG };
    let other = Train::new(config, RECIPE, text()).unwrap();
    let other = other.start(&Seed([1; 32])).unwrap();
    assert_eq!(train.loss(&other, &EPOCH), Err(TrainError::OtherRecipe));
}

#[test]
fn step_that_leaves_the_finite_numbers_is_refused() {
    let mut state = start();
    state.model.weights.fill(1e30);
    let assignment = Assignment {
        epoch: EPOCH,
        seat: seat(1),
        step: 0,
    };
    let refused = tiny().stepped(state, &assignment);
    assert!(matches!(refused, Err(TrainError::Exact(_))), "{refused:?}");
}

#[test]
fn join_of_one_end_is_the_end_and_of_none_the_start() {
    let joined = |ends: &[End<State>]| tiny().join(start(), ends.to_vec()).unwrap();
    assert_eq!(joined(&[end(1, 3)]).hash(), end(1, 3).state.hash());
    assert_eq!(joined(&[]).hash(), start().hash());
}

#[test]
fn join_is_the_mean_by_steps() {
    let ends = [end(1, 5), end(2, 2), end(7, 1)];
    let joined = tiny().join(start(), ends.clone()).unwrap();
    // (5 * 5 + 2 * 2 + 1 * 1) / 8, rounded down.
    assert_eq!(joined.model.steps, 3);
    let parts: [fn(&Model) -> &Vec<f32>; 3] = [|it| &it.weights, |it| &it.first, |it| &it.second];
    for part in parts {
        for (index, value) in part(&joined.model).iter().enumerate() {
            let of = |end: &End<State>| f64::from(part(&end.state.model)[index]);
            let sum = 5.0 * of(&ends[0]) + 2.0 * of(&ends[1]) + of(&ends[2]);
            assert_eq!(value.to_bits(), ((sum / 8.0) as f32).to_bits(), "{index}");
        }
    }
    assert!(joined.model.check().is_ok());
}

#[test]
fn join_refuses_ends_out_of_order_and_with_other_counts() {
    let joined = |ends: Vec<End<State>>| {
        let train = tiny();
        let mut joining = train.joining(start())?;
        ends.iter()
            .try_for_each(|end| train.added(&mut joining, end))
    };
    let (first, second) = (end(1, 2), end(2, 2));
    let order = |uid| Err(TrainError::Order { uid });
    assert_eq!(joined(vec![second.clone(), first.clone()]), order(1));
    assert_eq!(joined(vec![first.clone(), first.clone()]), order(1));
    let mut more = second;
    more.steps = 3;
    let count = TrainError::Count {
        uid: 2,
        found: 2,
        needed: 3,
    };
    assert_eq!(joined(vec![first, more]), Err(count));
}

#[test]
fn end_that_would_spoil_the_join_is_found_before_the_ballot() {
    let start = start().to_blob();
    let good = end(1, 2);
    let blob = good.state.to_blob();
    assert_eq!(
        join(&tiny(), &start).check_end(&member(&good), &blob),
        Ok(())
    );
    let mut counted = good.clone();
    counted.state.model.steps = 9;
    let refused = join(&tiny(), &start).check_end(&member(&counted), &counted.state.to_blob());
    assert!(matches!(refused, Err(JoinError::Refused(_))), "{refused:?}");
    let other = join(&tiny(), &start).check_end(&member(&good), &start);
    assert_eq!(other, Err(JoinError::Other { uid: 1 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn join_does_not_depend_on_the_order_of_members(
        steps in prop::collection::vec(1u16..4, 1..5), seed: [u8; 32],
    ) {
        let ends: Vec<_> = (1..).zip(steps).map(|(uid, steps)| end(uid, steps)).collect();
        let joined = |members: &[Member]| {
            let blob = |member: &Member| {
                let end = ends.iter().find(|end| end.seat == member.seat)?;
                Some(end.state.to_blob())
            };
            join(&tiny(), &start().to_blob()).next_state(members, blob).unwrap().hash()
        };
        let mut members: Vec<_> = ends.iter().map(member).collect();
        let right = joined(&members);
        Seed(seed).draw().shuffle(&mut members);
        prop_assert_eq!(joined(&members), right);
        prop_assert_eq!(tiny().join(start(), ends.clone()).unwrap().hash(), right);
    }
}
