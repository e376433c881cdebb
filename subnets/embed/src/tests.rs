use alloc::{format, string::String, string::ToString, vec::Vec};
use std::{
    collections::BTreeSet,
    env, fs,
    io::{self, Write},
    path::Path,
};

use inktensor_exact::bert::Config;
use inktensor_task::{blake2, Load, Seat};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;

const SMALL: &str = include_str!("../tests/recorded/small.json");
const MINILM: &str = include_str!("../tests/recorded/minilm.json");
/// The seed of the recorded small model.
const SEED: u64 = 7;
/// The variable with the folder of MiniLM: `config.json`, `vocab.txt`, `model.safetensors`.
const FOLDER: &str = "INKTENSOR_MINILM";

/// Recorded numbers: `reference/record.py`.
struct Recorded(Value);

impl Recorded {
    fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap())
    }

    fn get<T: DeserializeOwned>(&self, field: &str) -> T {
        serde_json::from_value(self.0[field].clone()).unwrap()
    }

    fn answers(&self) -> Vec<Answer> {
        answers(&self.0["answers"])
    }

    /// The answers of another computation to the first texts.
    fn others(&self, name: &str) -> Vec<Answer> {
        let found = answers(&self.0["others"][name]);
        assert_eq!(found.len(), 8, "{name}");
        found
    }
}

fn answers(value: &Value) -> Vec<Answer> {
    let answers: Vec<Vec<i16>> = serde_json::from_value(value.clone()).unwrap();
    answers
        .into_iter()
        .map(|answer| Answer { answer })
        .collect()
}

fn small() -> Model {
    Model::read(&small::state(SEED).unwrap()).unwrap()
}

fn seed(number: u32) -> Seed {
    Seed([3; 32]).question(
        Seat {
            uid: 1,
            generation: 2,
        },
        number,
    )
}

/// Compares a model with its recorded tokens and answers.
fn assert_recorded(model: &Model, recorded: &Recorded) {
    let texts: Vec<String> = recorded.get("texts");
    let tokens: Vec<Vec<u32>> = recorded.get("tokens");
    let expected = recorded.answers();
    assert_eq!((texts.len(), tokens.len(), expected.len()), (40, 40, 40));
    let (mut components, mut different) = (0, 0);
    for (text, (tokens, expected)) in texts.iter().zip(tokens.iter().zip(&expected)) {
        assert_eq!(&model.tokens(text).unwrap(), tokens, "{text}");
        let answer = model.answer(text).unwrap();
        assert!(
            answer.agrees_with(expected),
            "{text}: {answer:?} and {expected:?}"
        );
        let pairs = answer.answer.iter().zip(&expected.answer);
        different += pairs.filter(|(a, b)| a != b).count();
        components += answer.answer.len();
    }
    // Roundings to another neighbor are rare: a vector in `f32` is exact to a millionth or so.
    assert!(
        different * 200 < components,
        "{different} of {components} components differ"
    );
}

#[test]
fn small_model_has_the_recorded_tokens_and_answers() {
    assert_recorded(&small(), &Recorded::parse(SMALL));
}

#[test]
fn minilm_has_the_recorded_tokens_and_answers() {
    let Some(folder) = env::var_os(FOLDER) else {
        let why = format!("{FOLDER} does not name a folder with MiniLM; see docs/models.md");
        // The harness captures `eprintln!` of a test that passes.
        writeln!(io::stderr(), "skipped: {why}").unwrap();
        return;
    };
    let read = |name: &str| fs::read(Path::new(&folder).join(name)).unwrap();
    let config = config_from_json(&read("config.json")).unwrap();
    assert_eq!(config, Config::MINILM);
    let vocabulary = String::from_utf8(read("vocab.txt")).unwrap();
    let state = pack(config, &vocabulary, &read("model.safetensors")).unwrap();
    assert_eq!(
        hex(&blake2(&state)),
        "646a196ef51631c54c38f0932990045b6e017f609d9fedfd3e0580c2604b4ba7"
    );
    let model = Model::read(&state).unwrap();
    assert_recorded(&model, &Recorded::parse(MINILM));
    // An independent implementation: the components that FastEmbed's tests expect of its model.
    let theirs = [-0.034478, 0.03102, 0.00673, 0.02611, -0.039362];
    for (ours, theirs) in model.vector("hello world").unwrap().iter().zip(theirs) {
        assert!((ours - theirs).abs() < 1e-5, "{ours} and {theirs}");
    }
}

/// The bits of all vectors, on every machine: a change of the arithmetic is a new task.
#[test]
fn vectors_of_the_small_model_have_these_bits() {
    let model = small();
    let texts: Vec<String> = Recorded::parse(SMALL).get("texts");
    let bits: Vec<u8> = texts
        .iter()
        .flat_map(|text| model.vector(text).unwrap())
        .flat_map(|component| component.to_bits().to_le_bytes())
        .collect();
    assert_eq!(
        hex(&blake2(&bits)),
        "e0953ae754932d4aae284141948c2d0e872759f1a77dfbcf065531449458ae67"
    );
    assert_eq!(
        hex(&blake2(&small::state(SEED).unwrap())),
        "b1d4e63477ec60d3626ed04fa07cafe929f08879d383749a6ee4104a06e75d1a"
    );
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn tolerance_passes_honest_arithmetic_and_fails_cheaper_models() {
    for recorded in [SMALL, MINILM].map(Recorded::parse) {
        let ours = recorded.answers();
        for (name, right) in [
            ("float32", true),
            ("float32_backwards", true),
            ("float16", true),
            ("int8", false),
            ("one_layer_fewer", false),
            ("another_question", false),
        ] {
            for (number, (ours, theirs)) in ours.iter().zip(recorded.others(name)).enumerate() {
                assert_eq!(ours.agrees_with(&theirs), right, "{name}, text {number}");
            }
        }
    }
}

#[test]
fn worth_is_whole_for_right_answers_and_none_for_others() {
    let (model, recorded) = (small(), Recorded::parse(SMALL));
    let texts: Vec<String> = recorded.get("texts");
    let worth = |name: &str| -> Vec<Worth> {
        let asked = texts.iter().map(|text| Question { text: text.clone() });
        let pairs = asked.zip(recorded.others(name));
        pairs
            .map(|(question, answer)| Embed.worth(&model, &question, &answer))
            .collect()
    };
    for honest in ["float32", "float32_backwards", "float16"] {
        assert_eq!(worth(honest), [Worth::WHOLE; 8], "{honest}");
    }
    for cheat in ["int8", "one_layer_fewer", "another_question"] {
        assert_eq!(worth(cheat), [Worth::NONE; 8], "{cheat}");
    }
    let unanswerable = Question {
        text: "a ".repeat(127),
    };
    let answer = Answer { answer: Vec::new() };
    assert_eq!(Embed.worth(&model, &unanswerable, &answer), Worth::NONE);
}

#[test]
fn own_answer_to_a_drawn_question_is_right() {
    let model = small();
    for number in 0..20 {
        let question = Embed.question(&model, &seed(number));
        let answer = Embed.answer(&model, &question).unwrap();
        assert_eq!(Embed.worth(&model, &question, &answer), Worth::WHOLE);
        assert_eq!(
            Question::from_json(&question.to_json().unwrap()).unwrap(),
            question
        );
        assert_eq!(
            Answer::from_json(&answer.to_json().unwrap()).unwrap(),
            answer
        );
    }
}

#[test]
fn questions_differ_by_seed_and_follow_from_it() {
    let model = small();
    let draw = |number| Embed.question(&model, &seed(number)).text;
    let texts: BTreeSet<_> = (0..500).map(draw).collect();
    assert_eq!(texts.len(), 500);
    assert_eq!(draw(11), draw(11));
    let lengths: Vec<_> = texts.iter().map(|text| text.split(' ').count()).collect();
    assert!(
        lengths.iter().all(|length| (9..=60).contains(length)),
        "{lengths:?}"
    );
}

/// Words are drawn in each sentence, so no list of sentences answers a question.
#[test]
fn every_sentence_of_a_question_is_changed() {
    // None of its words to draw is in a sentence, so they can be counted.
    let model = spelling(WORDS_LEAST).unwrap();
    let sentences: Vec<_> = include_str!("sentences.txt").lines().collect();
    for number in 0..100 {
        let text = Embed.question(&model, &seed(number)).text;
        assert!(
            !sentences.iter().any(|sentence| text.contains(sentence)),
            "{text}"
        );
        let drawn = text
            .split(' ')
            .filter(|word| word.starts_with("zz"))
            .count();
        assert!(drawn >= SWAPS_LEAST, "{text}");
    }
}

/// A model whose vocabulary spells longer words, and has `words` words to draw.
fn spelling(words: usize) -> Result<Model, ModelError> {
    let tokens = small::vocabulary();
    let is_kept = |token: &&str| token.starts_with('[') || token.len() < 3 || token.contains("##");
    let mut tokens: Vec<_> = tokens.lines().filter(is_kept).map(String::from).collect();
    let letters = || 'a'..='z';
    let drawn = letters().flat_map(|a| letters().map(move |b| format!("zz{a}{b}")));
    tokens.extend(drawn.take(words));
    let config = Config {
        vocabulary: tokens.len(),
        ..small::SIZES
    };
    let tensors = inktensor_exact::bert::seeded(config, 1).unwrap();
    Model::read(&pack(config, &tokens.join("\n"), &tensors)?)
}

#[test]
fn questions_fit_a_vocabulary_that_spells_most_words() {
    let refusal = ModelError::Words {
        found: WORDS_LEAST - 1,
    };
    assert_eq!(spelling(WORDS_LEAST - 1).unwrap_err(), refusal);
    let model = spelling(WORDS_LEAST).unwrap();
    let lengths = (0..100).map(|number| {
        let question = Embed.question(&model, &seed(number));
        model.tokens(&question.text).unwrap().len()
    });
    let longest = lengths.max().unwrap();
    assert!(
        (TOKENS_LIMIT - 10..=TOKENS_LIMIT).contains(&longest),
        "{longest}"
    );
}

#[test]
fn texts_over_the_limits_are_refused() {
    let model = small();
    let ask = |text: String| Embed.answer(&model, &Question { text });
    assert!(ask("a ".repeat(126)).is_ok());
    let refusal = Refused("the text is over 128 tokens or 8192 bytes; split it");
    assert_eq!(ask("a ".repeat(127)), Err(refusal));
    assert_eq!((TOKENS_LIMIT, TEXT_LIMIT), (128, 8192));
    assert!(ask(" ".repeat(TEXT_LIMIT)).is_ok());
    assert_eq!(ask(" ".repeat(TEXT_LIMIT + 1)), Err(refusal));
    assert_eq!(
        model.answer(&"a ".repeat(200)).unwrap_err().to_string(),
        "the text of 202 tokens is over the limit of 128; split it"
    );
}

#[test]
fn longest_question_fits_its_limit() {
    let question = Question {
        text: "\u{1}".repeat(TEXT_LIMIT),
    };
    assert_eq!(question.to_json().unwrap().len(), Question::MAX_BYTES);
}

#[test]
fn faulty_states_are_refused_with_their_fault() {
    let state = small::state(SEED).unwrap();
    let fault = |state: &[u8]| Model::read(state).unwrap_err();
    assert_eq!(fault(b""), ModelError::Head);
    assert_eq!(fault(&state[..31]), ModelError::Head);
    assert_eq!(fault(&state[..100]), ModelError::VocabularyText);
    let changed = |place: usize, byte: u8| {
        let mut state = state.clone();
        state[place] = byte;
        fault(&state)
    };
    assert_eq!(changed(0, b'E'), ModelError::Head);
    assert_eq!(changed(40, 0xff), ModelError::VocabularyText);
    // Head: width at 8, layers at 12, heads at 16, inner at 20, positions at 24.
    assert!(matches!(changed(8, 36), ModelError::Bert(_)));
    assert!(matches!(changed(12, 3), ModelError::Bert(_)));
    assert!(matches!(changed(16, 3), ModelError::Bert(_)));
    assert_eq!(changed(24, 127), ModelError::Positions { found: 127 });
    let refusal = Model::load(&state[1..]).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the state is not a model of embed/1; make it with `inktensor model pack`"
    );
    let mut longer = state.clone();
    longer.push(0);
    assert!(matches!(fault(&longer), ModelError::Bert(_)));
}

#[test]
fn limits_of_a_state_hold() {
    let few = "[UNK]\n[CLS]\n[SEP]\nabc\n";
    let refusal = pack(
        Config {
            vocabulary: 4,
            ..small::SIZES
        },
        few,
        &[],
    )
    .unwrap_err();
    assert!(matches!(refusal, ModelError::Bert(_)), "{refusal}");
    let config = Config {
        vocabulary: 4,
        ..small::SIZES
    };
    let tensors = inktensor_exact::bert::seeded(config, 1).unwrap();
    assert_eq!(
        pack(config, few, &tensors).unwrap_err(),
        ModelError::Words { found: 1 }
    );

    let whole = small::vocabulary();
    let count = whole.lines().count();
    let right = Config {
        vocabulary: count,
        ..small::SIZES
    };
    let tensors = inktensor_exact::bert::seeded(right, SEED).unwrap();
    assert_eq!(pack(right, &whole, &tensors), small::state(SEED));
    let refusal = ModelError::VocabularySize {
        config: 0,
        vocabulary: count,
    };
    assert_eq!(pack(small::SIZES, &whole, &tensors), Err(refusal));

    let zeros = std::vec![0; STATE_LIMIT + 1];
    let refusal = ModelError::TooLong {
        bytes: STATE_LIMIT + 1,
    };
    assert_eq!(Model::read(&zeros).unwrap_err(), refusal);
    assert_eq!(Model::read(&zeros[1..]).unwrap_err(), ModelError::Head);
    let head = 32;
    let refusal = pack(config, few, &zeros[head + few.len()..]).unwrap_err();
    assert_eq!(
        refusal,
        ModelError::TooLong {
            bytes: STATE_LIMIT + 1
        }
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_states_are_refused_or_answer(place in 0_usize..40_000, byte: u8) {
        let mut state = small::state(SEED).unwrap();
        let length = state.len();
        state[place % length] = byte;
        if let Ok(model) = Model::read(&state) {
            let vector = model.vector("a court of law");
            prop_assert!(vector.is_err() || vector.unwrap().iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn any_text_is_answered_or_refused(text in any::<String>()) {
        let model = small();
        if let Ok(answer) = model.answer(&text) {
            prop_assert_eq!(answer.answer.len(), 32);
            // Thousandths of a vector of length one.
            let length = answer.similarity(&answer);
            prop_assert!((980_000..1_020_000).contains(&length), "{}", length);
        }
    }
}
