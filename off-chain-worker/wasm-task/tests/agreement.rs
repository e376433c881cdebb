//! A task gives the same bytes as native code and as a Wasm program: questions, answers, worths and
//! refusals.
//!
//! ```sh
//! cargo test -p inktensor-wasm-task --test agreement -- --ignored --nocapture
//! ```
//!
//! measures what a call of `embed/1` takes in both.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use inktensor_embed::{pack, small, Embed};
use inktensor_exact::bert::{seeded, Config};
use inktensor_factors::Factors;
use inktensor_task::{blake2, Body, Load, Malformed, Refused, Seat, Seed, Task, Worth};
use inktensor_wasm_task::{WasmError, WasmProgram, WasmTask};
use std::{
    thread,
    time::{Duration, Instant},
};
use support::programs;

/// A task with its state, as a neuron runs native code.
struct Native<T: Task>(T, T::State);

/// An error of either side, as a text.
type Outcome<V> = Result<V, String>;

fn malformed(error: Malformed) -> String {
    error.to_string()
}

fn refused(error: Refused) -> String {
    error.to_string()
}

impl<T: Task> Native<T> {
    fn question(&self, seed: &Seed) -> Outcome<Vec<u8>> {
        self.0.question(&self.1, seed).to_json().map_err(malformed)
    }

    fn check_question(&self, text: &[u8]) -> Outcome<Vec<u8>> {
        let question = T::Question::from_json(text).map_err(malformed)?;
        self.0.check(&self.1, &question).map_err(refused)?;
        question.to_json().map_err(malformed)
    }

    fn check_answer(&self, text: &[u8]) -> Outcome<Vec<u8>> {
        let answer = T::Answer::from_json(text).map_err(malformed)?;
        answer.to_json().map_err(malformed)
    }

    fn answer(&self, text: &[u8]) -> Outcome<Vec<u8>> {
        let question = T::Question::from_json(text).map_err(malformed)?;
        let answer = self.0.answer(&self.1, &question).map_err(refused)?;
        answer.to_json().map_err(malformed)
    }

    fn worth(&self, question: &[u8], answer: &[u8]) -> Outcome<Worth> {
        let question = T::Question::from_json(question).map_err(malformed)?;
        let answer = T::Answer::from_json(answer);
        Ok(answer.map_or(Worth::NONE, |it| self.0.worth(&self.1, &question, &it)))
    }
}

fn text<V>(result: Result<V, WasmError>) -> Outcome<V> {
    result.map_err(|error| error.to_string())
}

fn wasm(code: &[u8], name: &str, state: &[u8]) -> WasmProgram {
    let task = WasmTask::load(code, &blake2(code), name).unwrap();
    assert_eq!(task.name(), name);
    task.with_state(state).unwrap()
}

/// Compares both sides on drawn questions, and on faulty questions and answers.
fn assert_same<T: Task>(native: &Native<T>, wasm: &WasmProgram, faulty: &[&[u8]]) {
    let mut answers = vec![
        Vec::new(),
        b"{}".to_vec(),
        b"{\"answer\":[1e9]}".to_vec(),
        vec![b' '; T::Answer::MAX_BYTES + 1],
    ];
    let mut questions: Vec<Vec<u8>> = faulty.iter().map(|it| it.to_vec()).collect();
    for number in 0..12 {
        let seat = Seat {
            uid: 3,
            generation: 9,
        };
        let seed = Seed([5; 32]).question(seat, number);
        let question = native.question(&seed).unwrap();
        assert_eq!(wasm.question(&seed), Ok(question.clone()));
        answers.push(native.answer(&question).unwrap());
        questions.push(question);
    }
    for question in &questions {
        assert_eq!(
            text(wasm.check_question(question)),
            native.check_question(question)
        );
        assert_eq!(text(wasm.answer(question)), native.answer(question));
    }
    for answer in &answers {
        assert_eq!(text(wasm.check_answer(answer)), native.check_answer(answer));
        for question in questions.iter().take(faulty.len() + 3) {
            let worth = native.worth(question, answer);
            assert_eq!(text(wasm.worth(question, answer)), worth);
        }
    }
    let (question, answer) = (questions.last().unwrap(), answers.last().unwrap());
    assert_eq!(wasm.worth(question, answer), Ok(Worth::WHOLE));
}

#[test]
fn factors_are_the_same_native_and_as_wasm() {
    let Some(programs) = programs() else { return };
    let program = wasm(&programs.factors, Factors::NAME, b"");
    let faulty: [&[u8]; 5] = [
        b"",
        b" { \"number\": 360 } ",
        b"{\"number\":1}",
        b"{\"number\":360,\"more\":1}",
        &[b' '; 100],
    ];
    assert_same(&Native(Factors, ()), &program, &faulty);
    assert_eq!(
        program.answer(b"{\"number\":0}"),
        Err(WasmError::Refused(
            "factors/1 takes numbers from 2 to 1999999".into()
        ))
    );
}

#[test]
fn embeddings_are_the_same_native_and_as_wasm() {
    let Some(programs) = programs() else { return };
    let state = small::state(7).unwrap();
    let program = wasm(&programs.embed, Embed::NAME, &state);
    let native = Native(Embed, Load::load(&state).unwrap());
    let long = format!("{{\"text\":\"{}\"}}", "a ".repeat(127));
    let faulty: [&[u8]; 4] = [
        b"null",
        br#"{"text":"Caf\u00e9 \ud83d\ude00, a court of law"}"#,
        br#"{"text":"lone \ud800"}"#,
        long.as_bytes(),
    ];
    assert_same(&native, &program, &faulty);
    let damaged = WasmTask::load(&programs.embed, &blake2(&programs.embed), Embed::NAME)
        .unwrap()
        .with_state(&state[1..]);
    let refused = native_refusal::<Embed>(&state[1..]);
    assert_eq!(damaged.err().map(|it| it.to_string()), Some(refused));
}

/// Returns the refusal of a state.
fn native_refusal<T: Task>(state: &[u8]) -> String {
    T::State::load(state).err().unwrap().to_string()
}

/// Each call has an instance of its own, so calls do not influence one another, in any order and on
/// several threads.
#[test]
fn calls_are_independent() {
    let Some(programs) = programs() else { return };
    let state = small::state(1).unwrap();
    let program = wasm(&programs.embed, Embed::NAME, &state);
    let questions: Vec<_> = (0..6)
        .map(|number| program.question(&Seed([number; 32])).unwrap())
        .collect();
    let answers: Vec<_> = questions.iter().map(|it| program.answer(it)).collect();
    thread::scope(|scope| {
        let backwards = scope.spawn(|| {
            let all = questions.iter().rev().map(|it| program.answer(it));
            all.collect::<Vec<_>>()
        });
        let again: Vec<_> = questions.iter().map(|it| program.answer(it)).collect();
        assert_eq!(again, answers);
        let mut backwards = backwards.join().unwrap();
        backwards.reverse();
        assert_eq!(backwards, answers);
    });
}

#[test]
fn another_hash_name_or_damage_is_refused_by_name() {
    let Some(programs) = programs() else { return };
    let code = &programs.factors;
    let hash = blake2(code);
    let error = WasmTask::load(code, &[7; 32], Factors::NAME).err().unwrap();
    assert_eq!(
        error,
        WasmError::Hash {
            found: hash,
            expected: [7; 32]
        }
    );
    assert!(error.to_string().contains(&"07".repeat(32)), "{error}");
    let error = WasmTask::load(code, &hash, "factors/2").err().unwrap();
    assert_eq!(
        error.to_string(),
        "the program is named `factors/1`, and the manifest says `factors/2`; correct `task` or \
         `program` in the manifest"
    );
    let task = || WasmTask::load(code, &hash, Factors::NAME).unwrap();
    assert_eq!(
        task().with_state(b"x").err(),
        Some(WasmError::StateTooLong { bytes: 1, most: 0 })
    );
    // Damage with the right hash: what a hostile owner names.
    let load = |code: &[u8]| WasmTask::load(code, &blake2(code), Factors::NAME);
    for place in (0..code.len()).step_by(997) {
        let cut = load(&code[..place]).err().unwrap();
        assert!(matches!(cut, WasmError::Code(_)), "{place}: {cut}");
    }
    for place in (0..code.len()).step_by(9_001) {
        let mut damaged = code.clone();
        damaged[place] ^= 0x41;
        // Some damage is to data that no call reads. None ends this process.
        drop(load(&damaged));
    }
}

/// Prints what calls take. Measures nothing that a test could hold.
#[test]
#[ignore = "a measurement"]
fn cost_of_calls() {
    let programs = programs().unwrap();
    let factors = wasm(&programs.factors, Factors::NAME, b"");
    let least = time(20, || drop(factors.check_question(b"{\"number\":360}")));
    println!("the least of a call: {least:?}");
    cost("small", &programs.embed, &small::state(7).unwrap(), 40);
    // The sizes of MiniLM, with fewer words.
    let vocabulary = small::vocabulary();
    let sizes = Config {
        vocabulary: vocabulary.lines().count(),
        ..Config::MINILM
    };
    let tensors = seeded(sizes, 7).unwrap();
    let state = pack(sizes, &vocabulary, &tensors).unwrap();
    cost("large", &programs.embed, &state, 4);
}

/// Prints what calls of `embed/1` take with a model.
fn cost(model: &str, code: &[u8], state: &[u8], count: u8) {
    let started = Instant::now();
    let task = WasmTask::load(code, &blake2(code), Embed::NAME).unwrap();
    let compiled = started.elapsed();
    println!("{model}: {} bytes compile in {compiled:?}", code.len());
    let started = Instant::now();
    let program = task.with_state(state).unwrap();
    let loaded = started.elapsed();
    println!("{model}: {} bytes load in {loaded:?}", state.len());
    let native = Native(Embed, Load::load(state).unwrap());
    let questions: Vec<_> = (0..count)
        .map(|number| native.question(&Seed([number; 32])).unwrap())
        .collect();
    for question in &questions {
        assert_eq!(text(program.answer(question)), native.answer(question));
    }
    let all = |call: &dyn Fn(&[u8])| time(count, || questions.iter().for_each(|it| call(it)));
    let in_native = all(&|it| drop(native.answer(it))) / count.into();
    let in_wasm = all(&|it| drop(program.answer(it))) / count.into();
    let checks = all(&|it| drop(program.check_question(it))) / count.into();
    println!(
        "{model}: answer native {in_native:?}, Wasm {in_wasm:?}, {:.1} times; check {checks:?}",
        in_wasm.as_secs_f64() / in_native.as_secs_f64()
    );
}

/// Returns the shortest time of several runs.
fn time(runs: u8, work: impl Fn()) -> Duration {
    let run = || {
        let started = Instant::now();
        work();
        started.elapsed()
    };
    (0..runs.min(5)).map(|_| run()).min().unwrap()
}
