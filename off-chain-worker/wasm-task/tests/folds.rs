//! A fold gives the same bytes as native code and as a Wasm program: states, refusals, measures,
//! joins, and all that follows from them.
//!
//! ```sh
//! cargo test -p inktensor-wasm-task --test folds -- --ignored --nocapture
//! ```
//!
//! measures what the parts of `train/1` take in both.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use inktensor_exact::{adamw::AdamW, gpt::Config};
use inktensor_task::{
    blake2, Assignment, Blob, Digest, End, Fold, Load, Measure, NamedFold, Seat, Seed,
};
use inktensor_train::{
    examine, judge, Answer, Epoch, Examined, Failure, Fraud, Guard, Join, Member, Recipe, State,
    Trace, Train, Verdict,
};
use inktensor_wasm_task::{FoldCode, FoldFuel, Function, Opaque, WasmError, WasmFold, WasmJoining};
use std::time::{Duration, Instant};
use support::programs;

/// A model of 2 600 weights.
const TINY: Config = Config {
    vocabulary: 128,
    context: 8,
    width: 16,
    layers: 1,
    heads: 2,
    hidden: 16,
};
/// The models of docs/train.md, with their rows.
const SMALL: (Config, u16) = (Config::SMALL, 16);
const MILLION: (Config, u16) = (
    Config {
        vocabulary: 256,
        context: 64,
        width: 128,
        layers: 5,
        heads: 4,
        hidden: 512,
    },
    8,
);

fn corpus() -> Vec<u8> {
    b"miners train one model, and each step is on record. ".repeat(2_000)
}

/// Returns a training with its first state.
fn native(config: Config, rows: u16) -> (Train, State) {
    let descent = AdamW::SMALL;
    let train = Train::new(config, Recipe { rows, descent }, corpus()).unwrap();
    let start = train.start(&Seed([1; 32])).unwrap();
    (train, start)
}

fn code(code: &[u8]) -> FoldCode {
    FoldCode::load(code, &blake2(code), Train::NAME).unwrap()
}

fn wasm<S: Blob>(program: &[u8], state: &State) -> WasmFold<S> {
    let fold = code(program).with_blobs(&state.to_blob(), &corpus());
    let fold = fold.unwrap();
    assert_eq!(fold.name(), "train/1");
    fold
}

fn seat(uid: u16) -> Seat {
    let generation = 70_000 + u32::from(uid);
    Seat { uid, generation }
}

fn assignment(uid: u16, step: u32) -> Assignment {
    Assignment {
        epoch: Seed([2; 32]),
        seat: seat(uid),
        step,
    }
}

/// Returns a result with its error as a text.
fn text<V, E: ToString>(result: Result<V, E>) -> Result<V, String> {
    result.map_err(|error| error.to_string())
}

/// Returns the ends of three miners.
fn ends(train: &Train, start: &State) -> Vec<End<State>> {
    let worked = |uid: u16, steps: u16| End {
        seat: seat(uid),
        steps,
        state: (0..steps.into()).fold(start.clone(), |state, step| {
            train.step(state, &assignment(uid, step)).unwrap()
        }),
    };
    vec![worked(1, 3), worked(4, 1), worked(9, 2)]
}

#[test]
fn states_and_measures_are_the_same_native_and_as_wasm() {
    let Some(programs) = programs() else { return };
    let (train, start) = native(TINY, 4);
    let fold: WasmFold<State> = wasm(&programs.train, &start);
    for number in 0..4 {
        let seed = Seed([number; 32]);
        let first = train.start(&seed).unwrap();
        assert_eq!(fold.start_blob(&seed), Ok(first.to_blob()));
        let measure = train.measure(&first, &seed).unwrap();
        assert_eq!(fold.measure_blob(&first.to_blob(), &seed), Ok(measure));
    }
    for uid in [0, 7, u16::MAX] {
        let mut state = start.clone();
        for step in [0, 1, 2, u32::MAX] {
            let place = assignment(uid, step);
            let right = train.step(state.clone(), &place).unwrap();
            let blob = fold.step_blob(&state.to_blob(), &place);
            assert_eq!(blob, Ok(right.to_blob()));
            // By the trait, with the state of native code.
            let stepped = fold.step(state, &place).unwrap();
            assert_eq!(stepped.hash(), right.hash());
            state = right;
        }
    }
}

#[test]
fn refusals_are_the_same_native_and_as_wasm() {
    let Some(programs) = programs() else { return };
    let (train, start) = native(TINY, 4);
    let fold: WasmFold<Opaque> = wasm(&programs.train, &start);
    let changed = |change: fn(&mut State)| {
        let mut state = start.clone();
        change(&mut state);
        state.to_blob()
    };
    let mut blobs = vec![
        changed(|it| it.corpus[0] ^= 1),
        changed(|it| it.recipe.rows = 5),
        changed(|it| it.recipe.descent.rate = 0.25),
        changed(|it| it.model.weights.fill(1e30)),
        changed(|it| it.model.steps = u32::MAX),
        changed(|it| it.recipe.rows = 0),
        changed(|it| it.model.second[7] = -1.0),
        changed(|it| it.model.first[7] = f32::NAN),
        changed(|it| it.model.weights[0] = f32::INFINITY),
        Vec::new(),
        b"train/1\0".to_vec(),
        vec![0; 4096],
    ];
    let right = start.to_blob();
    blobs.push(right[..right.len() - 1].to_vec());
    blobs.push([&right[..], &[0]].concat());
    let (place, seed) = (assignment(3, 2), Seed([4; 32]));
    for blob in &blobs {
        let state = State::load(blob);
        let by_native = |run: &dyn Fn(State) -> Result<Vec<u8>, String>| {
            let state = state.clone().map_err(|error| error.to_string())?;
            run(state)
        };
        let stepped = by_native(&|it| text(train.step(it, &place)).map(|it| it.to_blob()));
        assert_eq!(text(fold.step_blob(blob, &place)), stepped);
        let is_refusal = |error: &WasmError| matches!(error, WasmError::Refused(_));
        assert!(fold
            .step_blob(blob, &place)
            .is_err_and(|it| is_refusal(&it)));
        let measured = by_native(&|it| {
            let measure = text(train.measure(&it, &seed))?;
            Ok(measure.0.to_le_bytes().to_vec())
        });
        let by_wasm = text(fold.measure_blob(blob, &seed));
        assert_eq!(by_wasm.map(|it| it.0.to_le_bytes().to_vec()), measured);
        let begun = by_native(&|it| text(train.begin_join(it)).map(|_| Vec::new()));
        assert_eq!(text(fold.begin_join_blob(blob)).map(|_| Vec::new()), begun);
        // The fold itself, of a state that is not one.
        let made = by_native(&|it| text(Train::of_blobs(&it, corpus())).map(|_| Vec::new()));
        let of_blob = code(&programs.train).with_blobs::<Opaque>(blob, &corpus());
        assert_eq!(text(of_blob).map(|_| Vec::new()), made);
    }
    for data in [&b""[..], b"too short", &[200; 4000]] {
        let made = text(Train::of_blobs(&start, data.to_vec())).err().unwrap();
        let of_data = code(&programs.train).with_blobs::<Opaque>(&right, data);
        assert_eq!(text(of_data).err(), Some(made));
    }
}

#[test]
fn joins_are_the_same_native_and_as_wasm() {
    let Some(programs) = programs() else { return };
    let (train, start) = native(TINY, 4);
    let fold: WasmFold<State> = wasm(&programs.train, &start);
    let ends = ends(&train, &start);
    let joined = |chosen: &[usize], change: fn(&mut End<State>)| {
        let chosen: Vec<End<State>> = chosen.iter().map(|at| ends[*at].clone()).collect();
        let chosen = chosen.into_iter().map(|mut end| {
            change(&mut end);
            end
        });
        let chosen: Vec<End<State>> = chosen.collect();
        let native = text(train.join(start.clone(), chosen.clone())).map(|it| it.to_blob());
        let by_wasm = || -> Result<Vec<u8>, WasmError> {
            let mut joining: WasmJoining = fold.begin_join_blob(&start.to_blob())?;
            for End { seat, steps, state } in &chosen {
                let (seat, steps, state) = (*seat, *steps, state.to_blob());
                fold.add_end_blob(&mut joining, &End { seat, steps, state })?;
            }
            fold.finish_join_blob(joining)
        };
        assert_eq!(text(by_wasm()), native);
        // By the trait a refusal has no text of the program's.
        let by_trait = fold.join(start.clone(), chosen).map(|it| it.to_blob());
        assert_eq!(by_trait.ok(), native.clone().ok());
        native.is_ok()
    };
    for chosen in [&[][..], &[0], &[1], &[0, 1], &[0, 1, 2]] {
        assert!(joined(chosen, |_| ()));
    }
    assert!(!joined(&[1, 0], |_| ()));
    assert!(!joined(&[1, 1], |_| ()));
    assert!(!joined(&[0, 1, 2], |end| end.steps += 1));
    assert!(!joined(&[2], |end| end.state.model.weights[3] = f32::NAN));
    assert!(!joined(&[2], |end| end.state.corpus[3] ^= 1));
    // A join that has refused an end is over.
    let mut joining = fold.begin_join_blob(&start.to_blob()).unwrap();
    let end = |number: usize| {
        let End { seat, steps, state } = &ends[number];
        let (seat, steps, state) = (*seat, *steps, state.to_blob());
        End { seat, steps, state }
    };
    fold.add_end_blob(&mut joining, &end(1)).unwrap();
    let refused = fold.add_end_blob(&mut joining, &end(0));
    assert!(matches!(refused, Err(WasmError::Refused(_))), "{refused:?}");
    let over = fold.add_end_blob(&mut joining, &end(2)).unwrap_err();
    assert_eq!(
        over.to_string(),
        "fold_add_end returned nothing, since the join is over; see the interface in \
         docs/wasm-tasks.md"
    );
    assert!(fold.finish_join_blob(joining).is_err());
}

/// All that the rules of `train/1` find in an epoch of two honest miners and one that lies.
#[derive(Debug, PartialEq)]
struct Found {
    roots: Vec<Digest>,
    verdicts: Vec<Verdict>,
    examined: Vec<Option<u16>>,
    sound: Vec<bool>,
    next: Digest,
    loss: Measure,
}

/// Plays an epoch of three seats, of which the last one invents the state after its second step.
fn play<F: Fold>(fold: &F, start: &[u8]) -> Found {
    let epoch = Epoch {
        home: [1; 32],
        netuid: 2,
        number: 7,
        seed: Seed([3; 32]),
        start: blake2(start),
        most_steps: 3,
    };
    let worked = |uid: u16| {
        let seat = seat(uid);
        let mut trace = Trace::new(epoch, seat);
        let mut blobs = vec![start.to_vec()];
        for step in 0..3 {
            let before = F::State::load(&blobs[usize::from(step)]).unwrap();
            let after = fold.step(before, &epoch.assignment(seat, step)).unwrap();
            let mut blob = after.to_blob();
            if (uid, step) == (2, 1) {
                let last = blob.len() - 3;
                blob[last] ^= 1;
            }
            trace.push(blake2(&blob));
            blobs.push(blob);
        }
        let work = trace.pledge();
        (Member { seat, work }, trace, blobs)
    };
    let worked: Vec<_> = (0..3).map(worked).collect();
    let guard = Guard::new(fold, start, Seed([5; 32])).unwrap();
    let join = Join { fold, start, guard };
    let answer = |trace: &Trace, blobs: &[Vec<u8>], step: u16| Answer {
        state: blobs[usize::from(step)].clone(),
        ..trace.answer(step).unwrap()
    };
    let mut found = Found {
        roots: worked.iter().map(|(member, ..)| member.work.root).collect(),
        verdicts: Vec::new(),
        examined: Vec::new(),
        sound: Vec::new(),
        next: [0; 32],
        loss: Measure(0),
    };
    for (member, trace, blobs) in &worked {
        for step in 0..3 {
            let answer = answer(trace, blobs, step);
            let verdict = judge(fold, &epoch, member.seat, &member.work, &answer);
            found.verdicts.push(verdict.unwrap());
        }
        let examined = examine(
            fold,
            &epoch,
            member.seat,
            Some(&member.work),
            &Seed([6; 32]),
            2,
            |step| Some(answer(trace, blobs, step)),
        );
        found.examined.push(match examined.unwrap() {
            Examined::Verified { .. } => None,
            Examined::Failed(Failure::Fraud { proof, .. }) => Some(proof.answer.step),
            other => panic!("{other:?}"),
        });
        let checked = join.check_end(member, &blobs[3]);
        found.sound.push(checked.is_ok());
    }
    let members: Vec<Member> = worked.iter().take(2).map(|(member, ..)| *member).collect();
    let end = |member: &Member| Some(worked[usize::from(member.seat.uid)].2[3].clone());
    let next = join.next_state(&members, end).unwrap();
    found.loss = fold.measure(&next, &Seed([8; 32])).unwrap();
    found.next = next.hash();
    found
}

#[test]
fn an_epoch_is_the_same_native_and_as_wasm() {
    let Some(programs) = programs() else { return };
    let (train, start) = native(TINY, 4);
    let blob = start.to_blob();
    let right = play(&train, &blob);
    let seat_of_a_lie = [
        matches!(
            right.verdicts[7],
            Verdict::False(Fraud::Step { step: 1, .. })
        ),
        right.examined[2] == Some(1),
        right.sound == [true, true, true],
        right.next != blake2(&blob),
    ];
    assert_eq!(seat_of_a_lie, [true; 4], "{right:?}");
    assert_eq!(play(&wasm::<State>(&programs.train, &start), &blob), right);
    assert_eq!(play(&wasm::<Opaque>(&programs.train, &start), &blob), right);
}

/// Bytes that are no state are false by either type on this side, and so is a step that is refused.
#[test]
fn false_states_are_false_native_and_as_wasm() {
    let Some(programs) = programs() else { return };
    let (train, start) = native(TINY, 4);
    let blob = start.to_blob();
    let mut refused = start.clone();
    refused.model.weights.fill(1e30);
    for bad in [b"no state".to_vec(), refused.to_blob()] {
        let epoch = Epoch {
            home: [1; 32],
            netuid: 2,
            number: 7,
            seed: Seed([3; 32]),
            start: blake2(&blob),
            most_steps: 3,
        };
        let states = vec![epoch.start, blake2(&bad), [9; 32]];
        let trace = Trace::of(epoch, seat(1), states);
        let answer = Answer {
            state: bad,
            ..trace.answer(1).unwrap()
        };
        let work = trace.pledge();
        let by_native = judge(&train, &epoch, seat(1), &work, &answer).unwrap();
        let typed: WasmFold<State> = wasm(&programs.train, &start);
        let typed = judge(&typed, &epoch, seat(1), &work, &answer).unwrap();
        let opaque: WasmFold<Opaque> = wasm(&programs.train, &start);
        let opaque = judge(&opaque, &epoch, seat(1), &work, &answer).unwrap();
        assert!(matches!(by_native, Verdict::False(_)), "{by_native:?}");
        let is_refused =
            |it: &Verdict| matches!(it, Verdict::False(Fraud::Refused { step: 1, .. }));
        assert!(is_refused(&opaque), "{opaque:?}");
        match by_native {
            Verdict::False(Fraud::Refused { .. }) => assert!(is_refused(&typed), "{typed:?}"),
            other => assert_eq!(typed, other),
        }
    }
}

/// A step of a million weights has room: less than an eighth of the fuel is enough for each part.
#[test]
fn a_million_weights_need_less_than_an_eighth_of_the_fuel() {
    let Some(programs) = programs() else { return };
    let standard = FoldFuel::STANDARD;
    let fuel = FoldFuel {
        describe: standard.describe,
        load: standard.load / 8,
        step: standard.step / 8,
        join: standard.join / 8,
    };
    let (config, rows) = MILLION;
    let (train, start) = native(config, rows);
    let code = FoldCode::with_fuel(&programs.train, &blake2(&programs.train), "train/1", fuel);
    let fold = code.unwrap();
    let fold: WasmFold<State> = fold.with_blobs(&start.to_blob(), &corpus()).unwrap();
    let end = |state: State| End {
        seat: seat(1),
        steps: 1,
        state,
    };
    let right = train.step(start.clone(), &assignment(1, 0)).unwrap();
    let stepped = fold.step(start.clone(), &assignment(1, 0)).unwrap();
    assert_eq!(stepped.hash(), right.hash());
    let seed = Seed([4; 32]);
    assert_eq!(fold.measure(&right, &seed), train.measure(&right, &seed));
    let joined = fold.join(start, [end(stepped)]).unwrap();
    assert_eq!(joined.hash(), right.hash());
}

/// Prints what the parts of `train/1` take. Measures nothing that a test could hold.
#[test]
#[ignore = "a measurement"]
fn cost_of_steps() {
    let programs = programs().unwrap();
    for (config, rows) in [SMALL, MILLION] {
        let (train, start) = native(config, rows);
        println!("\n{} weights, {rows} rows", config.parameters());
        let started = Instant::now();
        let compiled = code(&programs.train);
        println!("compile: {:?}", started.elapsed());
        let started = Instant::now();
        let fold = compiled.with_blobs::<State>(&start.to_blob(), &corpus());
        let fold = fold.unwrap();
        println!("load of state and corpus: {:?}", started.elapsed());
        println!("| part | native | Wasm | ratio |\n|---|---:|---:|---:|");
        let (native, by_wasm) = (parts(&train, &start), parts(&fold, &start));
        for ((name, native), (_, by_wasm)) in native.iter().zip(&by_wasm) {
            let (native, by_wasm) = (native.as_secs_f64(), by_wasm.as_secs_f64());
            let ratio = by_wasm / native;
            let (native_ms, wasm_ms) = (native * 1e3, by_wasm * 1e3);
            println!("| {name} | {native_ms:.1} ms | {wasm_ms:.1} ms | {ratio:.1} |");
            if *name == "step" {
                let (native, by_wasm) = (native.recip(), by_wasm.recip());
                println!("| steps a second | {native:.1} | {by_wasm:.1} | |");
            }
        }
    }
}

/// Returns the times of the parts of an epoch.
fn parts<F: Fold<State = State>>(fold: &F, start: &State) -> Vec<(&'static str, Duration)> {
    let epoch = Epoch {
        home: [1; 32],
        netuid: 2,
        number: 7,
        seed: Seed([3; 32]),
        start: start.hash(),
        most_steps: 3,
    };
    let mut trace = Trace::new(epoch, seat(1));
    let mut state = start.clone();
    for step in 0..2 {
        let after = fold.step(state, &epoch.assignment(seat(1), step));
        state = after.unwrap();
        trace.push(state.hash());
    }
    let work = trace.pledge();
    let answer = Answer {
        state: start.to_blob(),
        ..trace.answer(0).unwrap()
    };
    let end = |uid| End {
        seat: seat(uid),
        steps: 2,
        state: state.clone(),
    };
    let one = time(|| drop(fold.join(start.clone(), [end(1)])));
    let five = time(|| drop(fold.join(start.clone(), [1, 2, 3, 4, 5].map(end))));
    vec![
        (
            "step",
            time(|| drop(fold.step(start.clone(), &epoch.assignment(seat(1), 0)))),
        ),
        (
            "verdict of a probe",
            time(|| {
                let verdict = judge(fold, &epoch, seat(1), &work, &answer);
                assert_eq!(verdict, Ok(Verdict::True));
            }),
        ),
        (
            "measure",
            time(|| drop(fold.measure(start, &Seed([4; 32])))),
        ),
        ("join of one end", one),
        ("each further end", five.saturating_sub(one) / 4),
    ]
}

/// Returns the median processor time of several runs, of this thread alone.
fn time(work: impl Fn()) -> Duration {
    let started = Instant::now();
    // Other work on the machine has no influence on it, where the system counts it.
    let now = || match std::fs::read_to_string("/proc/thread-self/schedstat") {
        Ok(text) => {
            let first = text.split_whitespace().next().unwrap();
            Duration::from_nanos(first.parse().unwrap())
        }
        Err(_) => started.elapsed(),
    };
    let run = || {
        let before = now();
        work();
        now().saturating_sub(before)
    };
    let mut times: Vec<Duration> = (0..5).map(|_| run()).collect();
    times.sort();
    times[2]
}

/// The name of a function in an error is that of its export.
#[test]
fn another_hash_or_name_is_refused_by_name() {
    let Some(programs) = programs() else { return };
    let load = |code: &[u8], name| FoldCode::load(code, &blake2(code), name).err();
    let error = load(&programs.train, "train/2").unwrap();
    assert!(matches!(&error, WasmError::Name { found, .. } if found == "train/1"));
    let error = FoldCode::load(&programs.train, &[7; 32], "train/1").err();
    assert!(error.unwrap().to_string().contains(&"07".repeat(32)));
    // A task is no fold.
    let error = load(&programs.factors, "factors/1").unwrap().to_string();
    assert!(error.contains("it does not export fold_input"), "{error}");
    assert_eq!(Function::AddEnd.to_string(), "fold_add_end");
}
