use std::{string::ToString, vec, vec::Vec};

use inktensor_exact::{
    adamw::AdamW,
    gpt::{Config, Gpt},
};
use inktensor_task::{Assignment, Blob, Fold, Load, Seat, Worth};
use inktensor_train::{Recipe, State, Train};
use proptest::prelude::*;

use super::*;

const CONFIG: Config = Config {
    vocabulary: 128,
    context: 12,
    width: 16,
    layers: 1,
    heads: 2,
    hidden: 32,
};
const TEXT: &[u8] = b"one two three four five ";

/// Returns the state after steps on a text that repeats.
fn trained(config: Config, steps: u32) -> State {
    let recipe = Recipe {
        rows: 4,
        descent: AdamW {
            rate: 0.02,
            ..AdamW::SMALL
        },
    };
    let train = Train::new(config, recipe, TEXT.repeat(40)).unwrap();
    let seat = Seat {
        uid: 0,
        generation: 1,
    };
    let mut state = train.start(&Seed([1; 32])).unwrap();
    for step in 0..steps {
        let epoch = Seed([2; 32]);
        let assignment = Assignment { epoch, seat, step };
        state = train.step(state, &assignment).unwrap();
    }
    state
}

fn model(steps: u32) -> Model {
    Model::load(&trained(CONFIG, steps).to_blob()).unwrap()
}

fn question(prompt: &[u8], bytes: u16) -> Question {
    Question {
        prompt: prompt.to_vec(),
        bytes,
        temperature: 0,
        seed: 0,
    }
}

fn sampled(temperature: u16, seed: u32) -> Question {
    Question {
        temperature,
        seed,
        ..question(b"one ", 24)
    }
}

#[test]
fn a_trained_text_is_continued() {
    let model = model(150);
    let answer = Complete.answer(&model, &question(b"one two th", 25));
    let text = shown(&answer.unwrap().answer);
    assert_eq!(text, "ree four five one two thr");
}

#[test]
fn each_byte_follows_from_the_last_bytes_of_the_context() {
    let state = trained(CONFIG, 20);
    let gpt = Gpt::new(CONFIG).unwrap();
    let model = Model::load(&state.to_blob()).unwrap();
    let asked = question(b"a long beginning of a text", 20);
    let mut text = asked.prompt.clone();
    for _ in 0..20 {
        let logits = gpt
            .next(&state.model.weights, &text[text.len() - 12..])
            .unwrap();
        text.push(Choice::new(0, 0).next(&logits));
    }
    assert_eq!(model.continuation(&asked).unwrap(), text[26..]);
}

#[test]
fn an_answer_is_worth_all_if_it_is_equal_and_nothing_otherwise() {
    let model = model(5);
    let asked = sampled(1000, 7);
    let ours = Complete.answer(&model, &asked).unwrap();
    assert_eq!(ours.answer.len(), 24);
    assert_eq!(Complete.worth(&model, &asked, &ours), Worth::WHOLE);
    for change in 0..4 {
        let mut theirs = ours.clone();
        match change {
            0 => theirs.answer[23] ^= 1,
            1 => theirs.answer.push(0),
            2 => theirs.answer.truncate(23),
            _ => theirs.answer.clear(),
        }
        assert_eq!(Complete.worth(&model, &asked, &theirs), Worth::NONE);
    }
}

#[test]
fn a_sample_follows_from_its_seed() {
    let model = model(5);
    let answer = |temperature, seed| model.continuation(&sampled(temperature, seed)).unwrap();
    assert_eq!(answer(1000, 1), answer(1000, 1));
    assert_ne!(answer(1000, 1), answer(1000, 2));
    assert_eq!(answer(0, 1), answer(0, 2));
}

#[test]
fn another_step_of_the_training_is_another_answer() {
    // Drawn questions tell models apart that differ by one step of a small rate.
    let (one, other) = (model(40), model(41));
    let differs = (0..20u8).filter(|seed| {
        let asked = Complete.question(&one, &Seed([*seed; 32]));
        one.continuation(&asked) != other.continuation(&asked)
    });
    assert!(differs.count() > 10);
}

#[test]
fn drawn_questions_are_answered_and_differ_by_seed() {
    let model = model(1);
    let mut seen = Vec::new();
    for seed in 0..40 {
        let asked = Complete.question(&model, &Seed([seed; 32]));
        assert_eq!(Complete.question(&model, &Seed([seed; 32])), asked);
        assert!((PROMPT_LEAST..PROMPT_LEAST + 17).contains(&asked.prompt.len()));
        assert!(asked.prompt.iter().all(|byte| (b' '..=b'~').contains(byte)));
        model.check(&asked).unwrap();
        seen.push(asked.prompt);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 40);
}

#[test]
fn a_prompt_of_a_small_vocabulary_stays_within_it() {
    let config = Config {
        vocabulary: 3,
        ..CONFIG
    };
    let recipe = Recipe {
        rows: 1,
        descent: AdamW::SMALL,
    };
    let train = Train::new(config, recipe, vec![2; 64]).unwrap();
    let state = train.start(&Seed([1; 32])).unwrap();
    let model = Model::load(&state.to_blob()).unwrap();
    let asked = Complete.question(&model, &Seed([5; 32]));
    let answer = Complete.answer(&model, &asked).unwrap();
    assert!(answer.answer.iter().all(|byte| *byte < 3));
    let refused = CompleteError::Token {
        index: 1,
        vocabulary: 3,
    };
    assert_eq!(model.check(&question(&[0, 3], 1)), Err(refused));
}

#[test]
fn questions_out_of_the_limits_are_refused() {
    let model = model(0);
    assert_eq!(model.most_bytes(), BYTES_LIMIT);
    let mut hot = question(b"a", 1);
    hot.temperature = TEMPERATURE_LIMIT + 1;
    for (asked, named) in [
        (question(b"", 1), "0 bytes; use one of 1 to 1024"),
        (question(&[b'a'; PROMPT_LIMIT + 1], 1), "1025 bytes"),
        (question(b"a", 0), "ask this model for 1 to 256"),
        (question(b"a", BYTES_LIMIT + 1), "257 bytes are asked for"),
        (hot, "4001 thousandths"),
        (question(&[b'a', 200], 1), "byte 1 of the prompt"),
    ] {
        let error = model.continuation(&asked).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        assert!(Complete.answer(&model, &asked).is_err());
    }
    let longest = question(&[b'a'; PROMPT_LIMIT], 1);
    assert_eq!(model.check(&longest), Ok(()));
}

#[test]
fn a_model_that_is_too_large_gives_fewer_bytes_or_none() {
    let sized = |context, width| {
        let config = Config {
            context,
            width,
            heads: 1,
            hidden: 1,
            ..CONFIG
        };
        let gpt = Gpt::new(config).unwrap();
        let recipe = Recipe {
            rows: 1,
            descent: AdamW::SMALL,
        };
        let model = inktensor_exact::gpt::State {
            config,
            steps: 0,
            weights: vec![0.0; gpt.parameters()],
            first: vec![0.0; gpt.parameters()],
            second: vec![0.0; gpt.parameters()],
        };
        let corpus = [0; 32];
        Model::read(
            &State {
                corpus,
                recipe,
                model,
            }
            .to_blob(),
        )
    };
    let fewer = sized(2048, 256).unwrap();
    assert!(
        (1..BYTES_LIMIT).contains(&fewer.most_bytes()),
        "{}",
        fewer.most_bytes()
    );
    let asked = Complete.question(&fewer, &Seed([1; 32]));
    assert_eq!(asked.bytes, fewer.most_bytes().min(DRAWN_BYTES));
    assert!(fewer.check(&asked).is_ok());
    // 11 million weights are the most of a state: all of them give some bytes.
    assert!(sized(2048, 1024).unwrap().most_bytes() >= 1);
}

#[test]
fn other_bytes_are_no_state() {
    let blob = trained(CONFIG, 0).to_blob();
    assert!(Model::load(&blob).is_ok());
    for wrong in [&b""[..], b"train/1\0", &blob[1..], &blob[..blob.len() - 1]] {
        assert!(matches!(Model::read(wrong), Err(CompleteError::State(_))));
    }
    let mut infinite = blob.clone();
    let last = infinite.len() - 4;
    infinite[last..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    assert!(Model::load(&infinite).is_err());
}

#[test]
fn longest_bodies_fit_their_limits() {
    let longest = Question {
        prompt: vec![255; PROMPT_LIMIT],
        bytes: u16::MAX,
        temperature: u16::MAX,
        seed: u32::MAX,
    };
    assert_eq!(longest.to_json().unwrap().len(), Question::MAX_BYTES - 1);
    let longest = Answer {
        answer: vec![255; BYTES_LIMIT.into()],
    };
    assert_eq!(longest.to_json().unwrap().len(), Answer::MAX_BYTES - 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_question_of_a_stranger_breaks_a_miner(
        prompt in proptest::collection::vec(any::<u8>(), 0..40),
        bytes in 0u16..12,
        temperature in any::<u16>(),
        seed in any::<u32>(),
    ) {
        let model = model(0);
        let asked = Question { prompt, bytes, temperature, seed };
        let answer = Complete.answer(&model, &asked);
        prop_assert_eq!(answer.is_ok(), model.check(&asked).is_ok());
    }
}
