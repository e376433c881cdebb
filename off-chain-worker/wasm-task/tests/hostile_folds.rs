//! Folds that mean harm: each is refused or stopped by name, none ends the host, and no fault of a
//! program is a verdict about a miner.

#![allow(clippy::unwrap_used, clippy::panic)]

use inktensor_task::{
    blake2, guest::fold::names, Assignment, End, Fault, Fold, Measure, Seat, Seed, Stop,
};
use inktensor_train::{
    examine, judge, Answer, Epoch, Examined, Fraud, FraudProof, Guard, Join, JoinError, Member,
    State, Trace, Verdict,
};
use inktensor_wasm_task::{
    FoldCode, FoldFuel, Function, Interface, Opaque, Refusal, WasmError, WasmFold, MAX_DATA,
    MAX_FOLD_PAGES, MAX_REASON, MAX_STATE,
};
use std::{collections::BTreeMap, fmt::Write};

const NAME: &str = "test/1";
/// Little fuel, so that loops end soon.
const FUEL: FoldFuel = FoldFuel {
    describe: 1_000_000,
    load: 2_000_000,
    step: 3_000_000,
    join: 4_000_000,
};
const SEAT: Seat = Seat {
    uid: 1,
    generation: 1,
};

/// A fold in Wasm's text, whose only state is "s" unless a part is changed.
struct Text {
    head: String,
    memory: String,
    description: (u32, [u32; 2], &'static str),
    bodies: BTreeMap<&'static str, String>,
    tail: String,
}

impl Text {
    fn new() -> Self {
        let mut bodies = BTreeMap::from([(names::INPUT, "(i32.const 8192)".to_owned())]);
        for function in Function::FOLD {
            // "\00s" at 4, and "\00" with a measure of 5 at 8.
            let output = match function {
                Function::LoadFold | Function::BeginJoin | Function::AddEnd => output(4, 1),
                Function::Measure => output(8, 9),
                Function::DescribeFold => output(64, 13 + NAME.len()),
                _ => output(4, 2),
            };
            bodies.insert(function.name(), output);
        }
        Self {
            head: String::new(),
            memory: "(memory (export \"memory\") 1)".into(),
            description: (1, [16, 4], NAME),
            bodies,
            tail: String::new(),
        }
    }

    /// Returns a fold of which one function is another one.
    fn with(function: Function, body: &str) -> Self {
        let mut text = Self::new();
        text.bodies.insert(function.name(), body.into());
        text
    }

    fn code(&self) -> Vec<u8> {
        let (version, limits, name) = self.description;
        let numbers = [version, limits[0], limits[1]].map(u32::to_le_bytes);
        let description = [&numbers.concat()[..], name.as_bytes()].concat();
        let data = description.iter().fold(String::new(), |mut text, byte| {
            write!(text, "\\{byte:02x}").unwrap();
            text
        });
        let mut text = format!(
            "(module {} {} (data (i32.const 4) \"\\00s\")
             (data (i32.const 8) \"\\00\\05\\00\\00\\00\\00\\00\\00\\00\")
             (data (i32.const 64) \"\\00{data}\")",
            self.head, self.memory
        );
        for (name, body) in &self.bodies {
            let signature = match *name {
                names::INPUT => "(param i32) (result i32)",
                _ => "(result i64)",
            };
            write!(text, "(func (export {name:?}) {signature} {body})").unwrap();
        }
        write!(text, "{})", self.tail).unwrap();
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    fn load(&self) -> Result<FoldCode, WasmError> {
        let code = self.code();
        FoldCode::with_fuel(&code, &blake2(&code), NAME, FUEL)
    }

    fn fold(&self) -> Result<WasmFold<Opaque>, WasmError> {
        self.load()?.with_blobs(b"s", b"data")
    }
}

/// Returns the code of an output at an address.
fn output(address: usize, length: usize) -> String {
    format!("(i64.const {})", (length << 32) | address)
}

fn refusal(text: &Text) -> Refusal {
    match text.load().err() {
        Some(WasmError::Code(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

fn assignment() -> Assignment {
    Assignment {
        epoch: Seed([2; 32]),
        seat: SEAT,
        step: 0,
    }
}

fn end() -> End<Vec<u8>> {
    End {
        seat: SEAT,
        steps: 1,
        state: b"s".to_vec(),
    }
}

/// Calls all functions that come before one, and the one at last.
fn call(text: &Text, function: Function) -> Result<(), WasmError> {
    let fold = text.fold()?;
    match function {
        Function::Start => fold.start_blob(&Seed([1; 32])).map(drop),
        Function::Step => fold.step_blob(b"s", &assignment()).map(drop),
        Function::Measure => fold.measure_blob(b"s", &Seed([1; 32])).map(drop),
        Function::BeginJoin => fold.begin_join_blob(b"s").map(drop),
        Function::AddEnd | Function::FinishJoin => {
            let mut joining = fold.begin_join_blob(b"s")?;
            fold.add_end_blob(&mut joining, &end())?;
            match function {
                Function::AddEnd => Ok(()),
                _ => fold.finish_join_blob(joining).map(drop),
            }
        }
        _ => Ok(()),
    }
}

/// Returns the problem of an output.
fn problem(text: &Text, function: Function) -> String {
    match call(text, function) {
        Err(WasmError::Output {
            function: found,
            problem,
        }) => {
            assert_eq!(found, function);
            problem
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_plain_program_is_a_fold() {
    let fold = Text::new().fold().unwrap();
    assert_eq!(fold.name(), NAME);
    assert_eq!(fold.step_blob(b"s", &assignment()), Ok(b"s".to_vec()));
    assert_eq!(fold.measure_blob(b"s", &Seed([0; 32])), Ok(Measure(5)));
    for function in Function::FOLD {
        assert_eq!(call(&Text::new(), function), Ok(()));
    }
}

#[test]
fn imports_and_code_that_runs_by_itself_are_refused_by_name() {
    let mut text = Text::new();
    text.head = "(import \"env\" \"now\" (func (result i64)))".into();
    let import = Refusal::Import("env".into(), "now".into());
    assert_eq!(refusal(&text), import);
    let mut text = Text::new();
    text.tail = "(func $go (loop (br 0))) (start $go)".into();
    assert_eq!(refusal(&text), Refusal::Start);
    for name in Text::new().bodies.keys() {
        let mut without = Text::new();
        without.bodies.remove(name);
        assert_eq!(refusal(&without), Refusal::NoExport(name));
    }
    let mut text = Text::new();
    let relaxed = "(f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0))";
    text.tail = format!("(func (param v128) (result v128) {relaxed})");
    assert!(matches!(refusal(&text), Refusal::Invalid(_)));
}

#[test]
fn no_function_runs_without_end() {
    for function in Function::FOLD {
        let fuel = match function {
            Function::DescribeFold => FUEL.describe,
            Function::LoadFold => FUEL.load,
            Function::Start | Function::Step | Function::Measure => FUEL.step,
            _ => FUEL.join,
        };
        for body in [
            "(loop (br 0)) (i64.const 0)",
            "(loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) (br 0))
             (i64.const 0)",
        ] {
            let ended = call(&Text::with(function, body), function);
            assert_eq!(ended, Err(WasmError::NoEnd { function, fuel }));
        }
    }
    // Each end has fuel of its own, and no more.
    let half = "(local $left i32) (local.set $left (i32.const 300000))
        (loop (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if 0 (local.get $left)))
        (i64.const 4294967300)";
    let fold = Text::with(Function::AddEnd, half).fold().unwrap();
    let mut joining = fold.begin_join_blob(b"s").unwrap();
    for _ in 0..20 {
        fold.add_end_blob(&mut joining, &end()).unwrap();
    }
    assert_eq!(fold.finish_join_blob(joining), Ok(b"s".to_vec()));
}

#[test]
fn memory_and_tables_are_bounded() {
    let mut text = Text::new();
    let pages = MAX_FOLD_PAGES + 1;
    text.memory = format!("(memory (export \"memory\") {pages})");
    let most = MAX_FOLD_PAGES;
    assert_eq!(refusal(&text), Refusal::Memory(pages.into(), most));
    let most = Interface::Fold.most_memory();
    let body = "(drop (memory.grow (i32.const 65535))) (i64.const 0)";
    for function in Function::FOLD {
        let ended = call(&Text::with(function, body), function);
        let bytes = 65_536 * 65_536;
        let grown = WasmError::Memory {
            function,
            bytes,
            most,
        };
        assert_eq!(ended, Err(grown));
    }
    // More than a task may have, and no more than a fold may.
    let grow = |pages: u32| {
        let body = format!("(drop (memory.grow (i32.const {pages}))) {}", output(4, 2));
        call(&Text::with(Function::Step, &body), Function::Step)
    };
    assert_eq!(grow(MAX_FOLD_PAGES - 1), Ok(()));
    assert!(matches!(
        grow(MAX_FOLD_PAGES),
        Err(WasmError::Memory { .. })
    ));
    let mut text = Text::with(
        Function::Step,
        "(drop (table.grow $t (ref.null func) (i32.const 20000))) (i64.const 0)",
    );
    text.head = "(table $t 1 funcref)".into();
    let ended = call(&text, Function::Step);
    assert!(matches!(ended, Err(WasmError::Table { .. })), "{ended:?}");
}

#[test]
fn a_trap_is_named() {
    for (body, trap) in [
        ("unreachable", "panicked"),
        (
            "(i64.div_u (i64.const 1) (i64.const 0))",
            "integer divide by zero",
        ),
        ("(i64.load (i32.const -8))", "out of bounds memory access"),
        (
            "(i64.trunc_f32_s (f32.div (f32.const 0) (f32.const 0)))",
            "invalid conversion to integer",
        ),
        ("(i64.trunc_f64_u (f64.const 1e300))", "integer overflow"),
        ("(call $deep)", "call stack exhausted"),
    ] {
        for function in Function::FOLD {
            let mut text = Text::with(function, body);
            text.tail = "(func $deep (result i64) (i64.add (call $deep) (i64.const 1)))".into();
            let error = call(&text, function).unwrap_err();
            assert!(matches!(error, WasmError::Trap { .. }), "{error:?}");
            let error = error.to_string();
            let is_named = error.starts_with(function.name()) && error.contains(trap);
            assert!(is_named, "{error}");
        }
    }
}

#[test]
fn an_output_of_another_form_is_refused() {
    let limit = 16.max(MAX_REASON) + 1;
    let of_length = |length| Text::with(Function::Step, &output(4, length));
    for length in [u32::MAX as usize, limit + 1] {
        let expected = format!("an output of {length} bytes, and {limit} is the most");
        assert_eq!(problem(&of_length(length), Function::Step), expected);
    }
    assert_eq!(problem(&of_length(0), Function::Step), "an empty output");
    let cases: [(&str, usize, &str); 5] = [
        ("\\09abc", 4, "an output with the first byte 9 and 3 more"),
        ("\\04abc", 4, "a fault of its own: abc"),
        ("\\01", 1, "that it cannot read its input: "),
        (
            "\\02\\09\\00\\00\\00\\08\\00\\00\\00",
            9,
            "that it cannot read its input: ",
        ),
        ("\\03a\\0ab", 4, "a reason that is not one line of text"),
    ];
    for (bytes, length, expected) in cases {
        for function in [Function::Step, Function::AddEnd, Function::LoadFold] {
            let mut text = Text::with(function, &output(1000, length));
            text.tail = format!("(data (i32.const 1000) \"{bytes}\")");
            let found = problem(&text, function);
            assert!(found.starts_with(expected), "{found}");
        }
    }
    let outside = Text::with(Function::Step, &output(65_534, 3));
    assert!(problem(&outside, Function::Step).contains("outside its memory of 65536 bytes"));
    let measure = Text::with(Function::Measure, &output(8, 8));
    let expected = "a measure of 7 bytes, which has 8";
    assert_eq!(problem(&measure, Function::Measure), expected);
    let mut input = Text::new();
    let place = "(i32.const 65535)".into();
    input.bodies.insert(names::INPUT, place);
    let expected = "the address 65535 for an input of 9 bytes, outside its memory of 65536 bytes";
    assert_eq!(problem(&input, Function::LoadFold), expected);
}

#[test]
fn another_description_is_refused_by_name() {
    let load = |description| {
        let mut text = Text::new();
        text.description = description;
        text.load().err()
    };
    let most = u32::try_from(MAX_STATE).unwrap();
    let most_data = u32::try_from(MAX_DATA).unwrap();
    assert_eq!(load((1, [most, most_data], NAME)), None);
    let version = Some(WasmError::Version {
        found: 2,
        expected: 1,
    });
    assert_eq!(load((2, [16, 4], NAME)), version);
    assert!(matches!(
        load((1, [16, 4], "test/2")),
        Some(WasmError::Name { .. })
    ));
    let error = load((1, [most + 1, 4], NAME)).unwrap().to_string();
    assert!(error.contains("states of up to 134217729 bytes"), "{error}");
    let error = load((1, [16, most_data + 1], NAME)).unwrap().to_string();
    assert!(
        error.contains("268435457 bytes, and 268435456 is"),
        "{error}"
    );
}

#[test]
fn blobs_above_the_declared_limits_never_reach_the_program() {
    let of_blobs = |state: &[u8], data: &[u8]| {
        let code = Text::new().load().unwrap();
        code.with_blobs::<Opaque>(state, data).err()
    };
    assert_eq!(of_blobs(&[0; 16], &[0; 4]), None);
    let too_long = WasmError::StateTooLong {
        bytes: 17,
        most: 16,
    };
    assert_eq!(of_blobs(&[0; 17], &[0; 4]), Some(too_long.clone()));
    let data_too_long = WasmError::DataTooLong { bytes: 5, most: 4 };
    assert_eq!(of_blobs(&[0; 16], &[0; 5]), Some(data_too_long));
    let fold = Text::with(Function::Step, "unreachable").fold().unwrap();
    let stepped = fold.step_blob(&[0; 17], &assignment());
    assert_eq!(stepped, Err(too_long));
    // The limit is a part of the fold, so that such a state is refused, as by native code.
    let stepped = fold.step(Opaque(vec![0; 17]), &assignment());
    assert!(matches!(stepped, Err(Stop::Refused(_))), "{stepped:?}");
}

/// A state that this side knows must be one.
#[test]
fn a_result_that_is_no_state_is_a_fault() {
    let code = Text::new().load().unwrap();
    let fold = code.with_blobs::<State>(b"s", b"data").unwrap();
    let Err(Stop::Failed(Fault(fault))) = fold.start(&Seed([1; 32])) else {
        panic!("no fault");
    };
    let expected = "fold_start returned 1 bytes that are no state: ";
    assert!(fault.starts_with(expected), "{fault}");
}

/// Each call but those of a join begins with the memory after the load, and so does each join.
#[test]
fn calls_and_joins_do_not_influence_each_other() {
    let counting = "(i32.store8 (i32.const 5) (i32.add (i32.const 1)
        (i32.load8_u (i32.const 5))))";
    let mut text = Text::with(Function::Step, &format!("{counting} {}", output(4, 2)));
    for (function, length) in [
        (Function::LoadFold, 1),
        (Function::BeginJoin, 1),
        (Function::AddEnd, 1),
        (Function::FinishJoin, 2),
    ] {
        let body = format!("{counting} {}", output(4, length));
        text.bodies.insert(function.name(), body);
    }
    let fold = text.fold().unwrap();
    // "s", once more for the load, and once more for the step.
    for _ in 0..3 {
        assert_eq!(fold.step_blob(b"s", &assignment()), Ok(b"u".to_vec()));
    }
    let mut one = fold.begin_join_blob(b"s").unwrap();
    let mut two = fold.begin_join_blob(b"s").unwrap();
    for _ in 0..3 {
        fold.add_end_blob(&mut one, &end()).unwrap();
    }
    fold.add_end_blob(&mut two, &end()).unwrap();
    assert_eq!(fold.finish_join_blob(two), Ok(b"w".to_vec()));
    assert_eq!(fold.finish_join_blob(one), Ok(b"y".to_vec()));
}

/// A miner that pledged one step from "s" to another state.
fn cheat() -> (Epoch, Trace, Answer) {
    let epoch = Epoch {
        home: [1; 32],
        netuid: 2,
        number: 7,
        seed: Seed([3; 32]),
        start: blake2(b"s"),
        most_steps: 3,
    };
    let trace = Trace::of(epoch, SEAT, vec![epoch.start, blake2(b"t")]);
    let answer = Answer {
        state: b"s".to_vec(),
        ..trace.answer(0).unwrap()
    };
    (epoch, trace, answer)
}

/// Returns true if neither the check of an end nor the join decides anything.
fn fails(fold: &WasmFold<Opaque>, guard: Guard, member: &Member) -> bool {
    let join = Join {
        fold,
        start: b"s",
        guard,
    };
    let one = join.check_end(member, b"t");
    let all = join.next_state(&[*member], |_| Some(b"t".to_vec()));
    let is_failed = |it: JoinError| matches!(it, JoinError::Failed(_));
    one.is_err_and(is_failed) && all.is_err_and(is_failed)
}

#[test]
fn a_fault_of_a_program_is_no_verdict_about_a_miner() {
    let (epoch, trace, answer) = cheat();
    let work = trace.pledge();
    let member = Member { seat: SEAT, work };
    let plain = Text::new().fold().unwrap();
    let judged = |fold: &WasmFold<Opaque>| judge(fold, &epoch, SEAT, &work, &answer);
    let right = blake2(b"s");
    let fraud = Fraud::Step { step: 0, right };
    assert_eq!(judged(&plain), Ok(Verdict::False(fraud)));
    let guard = Guard::new(&plain, b"s", Seed([4; 32])).unwrap();
    for body in [
        "unreachable",
        "(loop (br 0)) (i64.const 0)",
        "(drop (memory.grow (i32.const 65535))) (i64.const 0)",
        "(i64.const 0)",
        "(i64.const -1)",
        "(i64.trunc_f32_s (f32.const nan))",
    ] {
        let fold = Text::with(Function::Step, body).fold().unwrap();
        let fault = judged(&fold).unwrap_err();
        assert!(fault.to_string().starts_with("fold_step "), "{fault}");
        let examined = examine(&fold, &epoch, SEAT, Some(&work), &Seed([5; 32]), 0, |_| {
            Some(answer.clone())
        });
        assert_eq!(examined, Err(fault.clone()));
        let proof = FraudProof::new(&epoch, SEAT, &work, answer.clone());
        assert_eq!(proof.decide(&fold, &epoch, SEAT, &work), Err(fault.clone()));
        assert_eq!(guard.is_sound(&fold, b"s"), Err(fault.clone()));
        let failed = |fold: &WasmFold<Opaque>| fails(fold, guard, &member);
        assert!(failed(&fold));
        for function in [
            Function::BeginJoin,
            Function::AddEnd,
            Function::FinishJoin,
            Function::Measure,
        ] {
            let fold = Text::with(function, body).fold().unwrap();
            assert!(failed(&fold), "{function} {body}");
        }
        let fold = Text::with(Function::Measure, body).fold().unwrap();
        let unmeasured = Guard::new(&fold, b"s", Seed([4; 32]));
        assert!(matches!(unmeasured, Err(Stop::Failed(_))), "{unmeasured:?}");
    }
}

/// A refusal by the program is a result, as one by native code.
#[test]
fn a_refusal_by_a_program_is_a_verdict() {
    let (epoch, trace, answer) = cheat();
    let work = trace.pledge();
    let mut text = Text::with(Function::Step, &output(1000, 4));
    text.tail = "(data (i32.const 1000) \"\\03not\")".into();
    let fold = text.fold().unwrap();
    let reason = WasmError::Refused("not".into());
    assert_eq!(fold.step_blob(b"s", &assignment()), Err(reason));
    let verdict = judge(&fold, &epoch, SEAT, &work, &answer);
    assert!(
        matches!(verdict, Ok(Verdict::False(Fraud::Refused { step: 0, .. }))),
        "{verdict:?}"
    );
    let examined = examine(&fold, &epoch, SEAT, Some(&work), &Seed([5; 32]), 0, |_| {
        Some(answer.clone())
    });
    assert!(matches!(examined, Ok(Examined::Failed(_))), "{examined:?}");
}

/// Damage of a program is refused, stopped, or harmless.
#[test]
fn random_damage_never_ends_the_host() {
    let code = Text::new().code();
    let mut draw = Seed([9; 32]).draw();
    let mut loaded = 0;
    for _ in 0..1_000 {
        let mut damaged = code.clone();
        for _ in 0..=draw.index(3) {
            let place = draw.index(damaged.len());
            damaged[place] = u8::try_from(draw.below(256)).unwrap();
        }
        let fold = FoldCode::with_fuel(&damaged, &blake2(&damaged), NAME, FUEL)
            .and_then(|code| code.with_blobs::<Opaque>(b"s", b"data"));
        if let Ok(fold) = fold {
            loaded += 1;
            let _ = fold.start(&Seed([2; 32]));
            let _ = fold.step(Opaque(b"s".to_vec()), &assignment());
            let _ = fold.measure(&Opaque(b"s".to_vec()), &Seed([2; 32]));
            let state = Opaque(b"s".to_vec());
            let end = End {
                seat: SEAT,
                steps: 1,
                state: state.clone(),
            };
            let _ = fold.join(state, [end.clone(), end]);
        }
    }
    assert!(loaded > 20, "{loaded}");
}
