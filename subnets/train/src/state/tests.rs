use alloc::vec::Vec;

use inktensor_exact::gpt::{Config, StateError};
use inktensor_task::{blake2, Fold, Seed};
use proptest::prelude::*;

use super::*;
use crate::train::tests::{tiny, CONFIG};

fn state() -> State {
    tiny().start(&Seed([1; 32])).unwrap()
}

#[test]
fn bytes_are_those_of_the_specification() {
    let state = state();
    let blob = state.to_blob();
    assert_eq!(blob.len(), State::bytes(&CONFIG));
    assert_eq!(blob[..8], *b"train/1\0");
    assert_eq!(blob[8..40], state.corpus);
    assert_eq!(blob[40..42], [4, 0]);
    let numbers = [3e-3f32, 0.9, 0.99, 1e-8, 0.0].map(f32::to_le_bytes);
    assert_eq!(blob[42..62], numbers.concat());
    assert_eq!(blob[62..], state.model.encode());
    assert_eq!(state.hash(), blake2(&blob));
}

#[test]
fn state_is_read_back() {
    let state = state();
    assert_eq!(State::load(&state.to_blob()), Ok(state));
}

#[test]
fn states_of_any_other_length_are_refused() {
    let mut blob = state().to_blob();
    for length in (0..70).chain([blob.len() - 1]) {
        assert!(State::read(&blob[..length]).is_err(), "{length}");
    }
    blob.push(0);
    let refused = State::read(&blob);
    let too_long = matches!(refused, Err(TrainError::Model(StateError::Length { .. })));
    assert!(too_long, "{refused:?}");
}

#[test]
fn first_false_number_of_a_recipe_is_named() {
    let good = state().recipe;
    let with = |change: fn(&mut Recipe)| {
        let mut recipe = good;
        change(&mut recipe);
        recipe.check()
    };
    let refused = |what| Err(TrainError::Recipe { what });
    assert_eq!(good.check(), Ok(()));
    assert_eq!(with(|it| it.rows = 0), refused("the number of rows"));
    for rate in [0.0, -0.1, 1.1, f32::NAN, f32::INFINITY] {
        let mut recipe = good;
        recipe.descent.rate = rate;
        assert_eq!(recipe.check(), refused("the learning rate"), "{rate}");
    }
    assert_eq!(
        with(|it| it.descent.first_kept = 1.0),
        refused("the first moment's kept part")
    );
    assert_eq!(
        with(|it| it.descent.second_kept = -0.0),
        refused("the second moment's kept part")
    );
    assert_eq!(with(|it| it.descent.epsilon = 0.0), refused("epsilon"));
    assert_eq!(with(|it| it.descent.decay = -1.0), refused("the decay"));
}

#[test]
fn model_above_the_limit_is_refused_before_memory_is_used() {
    let config = Config {
        width: 2048,
        hidden: 8192,
        ..Config::SMALL
    };
    assert!(State::bytes(&config) > STATE_LIMIT);
    let blob = alloc::vec![0; STATE_LIMIT + 1];
    let bytes = blob.len();
    assert_eq!(State::read(&blob), Err(TrainError::TooLong { bytes }));
}

proptest! {
    #[test]
    fn every_blob_that_is_read_is_the_one_that_its_state_writes(
        at in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let mut blob: Vec<u8> = state().to_blob();
        let at = at.index(blob.len());
        blob[at] ^= 1 << bit;
        if let Ok(read) = State::read(&blob) {
            prop_assert_eq!(read.to_blob(), blob);
        }
    }

    #[test]
    fn strange_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(State::read(&bytes).is_err());
        let begun = [&MAGIC[..], &bytes].concat();
        prop_assert!(State::read(&begun).is_err());
    }
}
