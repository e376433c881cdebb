//! Programs that mean harm: each is refused or stopped by name, and none ends the host.

#![allow(clippy::unwrap_used, clippy::panic)]

use inktensor_task::{blake2, guest::names, Seed, Worth};
use inktensor_wasm_task::{
    Fuel, Function, Refusal, WasmError, WasmProgram, WasmTask, MAX_ANSWER, MAX_CODE, MAX_FUNCTION,
    MAX_LOCALS, MAX_PAGES, MAX_QUESTION, MAX_REASON, MAX_STATE, MAX_TABLE, MAX_VALUES,
};
use std::{collections::BTreeMap, fmt::Write};

const NAME: &str = "test/1";
/// Little fuel, so that loops end soon.
const FUEL: Fuel = Fuel {
    describe: 1_000_000,
    light: 2_000_000,
    load: 3_000_000,
    answer: 4_000_000,
};
/// Most bytes of memory.
const MEMORY: usize = MAX_PAGES as usize * 64 * 1024;

/// A program in Wasm's text, which is a task unless a part is changed.
struct Text {
    head: String,
    memory: String,
    description: Vec<u8>,
    bodies: BTreeMap<&'static str, String>,
    tail: String,
}

impl Text {
    fn new() -> Self {
        let mut bodies = BTreeMap::from([(names::INPUT, "(i32.const 8192)".to_owned())]);
        for function in Function::TASK {
            // "\00{}" at 4, and "\00\ff\ff" at 8.
            let output = match function {
                Function::Describe => "(i64.const 0)".into(),
                Function::Load => output(4, 1),
                Function::Worth => output(8, 3),
                _ => output(4, 3),
            };
            bodies.insert(function.name(), output);
        }
        Self {
            head: String::new(),
            memory: "(memory (export \"memory\") 1)".into(),
            description: description(1, [64, 64, 64], NAME),
            bodies,
            tail: String::new(),
        }
    }

    /// Returns a task of which one function is another one.
    fn with(function: Function, body: &str) -> Self {
        let mut text = Self::new();
        text.bodies.insert(function.name(), body.into());
        text
    }

    fn code(&self) -> Vec<u8> {
        let mut bodies = self.bodies.clone();
        if let Some(body) = bodies.get_mut(names::DESCRIBE) {
            if body == "(i64.const 0)" {
                *body = output(16, self.description.len() + 1);
            }
        }
        let mut text = format!("(module {} {}", self.head, self.memory);
        let data: String = self.description.iter().fold(String::new(), |mut text, it| {
            write!(text, "\\{it:02x}").unwrap();
            text
        });
        write!(
            text,
            "(data (i32.const 4) \"\\00{{}}\") (data (i32.const 8) \"\\00\\ff\\ff\")
             (data (i32.const 16) \"\\00{data}\")"
        )
        .unwrap();
        for (name, body) in bodies {
            let signature = match name {
                names::INPUT => "(param i32) (result i32)",
                _ => "(result i64)",
            };
            write!(text, "(func (export {name:?}) {signature} {body})").unwrap();
        }
        write!(text, "{})", self.tail).unwrap();
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    fn load(&self) -> Result<WasmTask, WasmError> {
        load(&self.code())
    }

    fn program(&self) -> Result<WasmProgram, WasmError> {
        self.load()?.with_state(b"")
    }
}

fn load(code: &[u8]) -> Result<WasmTask, WasmError> {
    WasmTask::with_fuel(code, &blake2(code), NAME, FUEL)
}

fn refusal(text: &Text) -> Refusal {
    match text.load().err() {
        Some(WasmError::Code(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Returns the code of an output at an address.
fn output(address: usize, length: usize) -> String {
    format!("(i64.const {})", (length << 32) | address)
}

fn description(version: u32, limits: [u32; 3], name: &str) -> Vec<u8> {
    let mut bytes = version.to_le_bytes().to_vec();
    bytes.extend(limits.map(u32::to_le_bytes).concat());
    bytes.extend(name.as_bytes());
    bytes
}

/// Calls one function, of a program that loads its state first.
fn call(text: &Text, function: Function) -> Result<(), WasmError> {
    let program = text.program()?;
    match function {
        Function::Describe | Function::Load => Ok(()),
        Function::Question => program.question(&Seed([1; 32])).map(drop),
        Function::CheckQuestion => program.check_question(b"{}").map(drop),
        Function::CheckAnswer => program.check_answer(b"{}").map(drop),
        Function::Answer => program.answer(b"{}").map(drop),
        Function::Worth => program.worth(b"{}", b"{}").map(drop),
        of_a_fold => panic!("{of_a_fold} is not one of a task"),
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
fn the_plain_program_is_a_task() {
    let program = Text::new().program().unwrap();
    assert_eq!(program.answer(b"{}"), Ok(b"{}".to_vec()));
    assert_eq!(program.worth(b"{}", b""), Ok(Worth::WHOLE));
    for function in Function::TASK {
        assert_eq!(call(&Text::new(), function), Ok(()));
    }
}

#[test]
fn an_import_is_refused_by_its_name() {
    for (import, name) in [
        ("(import \"env\" \"now\" (func (result i64)))", "env.now"),
        (
            "(import \"wasi_snapshot_preview1\" \"random_get\" (func))",
            "wasi_snapshot_preview1.random_get",
        ),
        (
            "(import \"env\" \"shared\" (global i32))",
            "env.shared (a global)",
        ),
        (
            "(import \"env\" \"t\" (table 1 funcref))",
            "env.t (a table)",
        ),
        ("(import \"a\\n\" \"b\" (func))", "a\\n.b"),
    ] {
        let mut text = Text::new();
        text.head = import.into();
        let error = refusal(&text).to_string();
        let expected = format!("it imports {name}, and a program imports nothing");
        assert!(error.starts_with(&expected), "{error}");
    }
    let mut text = Text::new();
    text.memory = "(import \"env\" \"memory\" (memory 1)) (export \"memory\" (memory 0))".into();
    let import = Refusal::Import("env".into(), "memory (a memory)".into());
    assert_eq!(refusal(&text), import);
}

#[test]
fn code_that_runs_by_itself_is_refused() {
    let mut text = Text::new();
    text.tail = "(func $go (loop (br 0))) (start $go)".into();
    assert_eq!(refusal(&text), Refusal::Start);
}

#[test]
fn no_function_runs_without_end() {
    let endless = [
        "(loop (br 0)) (i64.const 0)",
        // Bytes are counted too: a few instructions would fill memory for hours.
        "(loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) (br 0)) (i64.const 0)",
        "(loop (memory.copy (i32.const 0) (i32.const 1) (i32.const 65535)) (br 0)) (i64.const 0)",
    ];
    for function in Function::TASK {
        let fuel = match function {
            Function::Describe => FUEL.describe,
            Function::Load => FUEL.load,
            Function::Answer | Function::Worth => FUEL.answer,
            _ => FUEL.light,
        };
        for body in endless {
            let ended = call(&Text::with(function, body), function);
            assert_eq!(ended, Err(WasmError::NoEnd { function, fuel }));
        }
    }
    let mut text = Text::new();
    text.bodies
        .insert(names::INPUT, "(loop (br 0)) (i32.const 0)".into());
    let (function, fuel) = (Function::Load, FUEL.load);
    assert_eq!(
        text.program().err(),
        Some(WasmError::NoEnd { function, fuel })
    );
}

#[test]
fn memory_is_bounded() {
    let mut text = Text::new();
    text.memory = format!("(memory (export \"memory\") {})", MAX_PAGES + 1);
    assert_eq!(
        refusal(&text),
        Refusal::Memory((MAX_PAGES + 1).into(), MAX_PAGES)
    );
    // Page by page, each of them written to.
    let body = "(local $at i32)
        (loop
          (local.set $at (i32.shl (memory.grow (i32.const 1)) (i32.const 16)))
          (i32.store (local.get $at) (i32.const 1))
          (br 0))
        (i64.const 0)";
    let grown = |function, bytes| WasmError::Memory {
        function,
        bytes,
        most: MEMORY,
    };
    for function in [Function::Describe, Function::Load, Function::Answer] {
        let ended = call(&Text::with(function, body), function);
        assert_eq!(ended, Err(grown(function, MEMORY + 65_536)));
    }
    let at_once = "(drop (memory.grow (i32.const 65535))) (i64.const 0)";
    let ended = call(&Text::with(Function::Answer, at_once), Function::Answer);
    assert_eq!(ended, Err(grown(Function::Answer, 65_536 * 65_536)));
    let beyond = "(drop (memory.grow (i32.const -1))) (i64.const 0)";
    let ended = call(&Text::with(Function::Answer, beyond), Function::Answer);
    assert!(
        matches!(ended, Err(WasmError::Memory { bytes, .. }) if bytes > MEMORY),
        "{ended:?}"
    );
    assert_peak_below(1 << 30);
}

/// Checks the most memory that this process has had, where the system says so.
fn assert_peak_below(most: u64) {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return;
    };
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|line| line.trim().strip_suffix(" kB"));
    let bytes = peak.unwrap().trim().parse::<u64>().unwrap() * 1024;
    assert!(bytes < most, "{bytes}");
}

/// The limit of a program's own is one that it reads of, as on every machine.
#[test]
fn a_program_may_have_a_smaller_memory() {
    let mut text = Text::with(
        Function::Worth,
        "(i32.store16 (i32.const 9) (memory.grow (i32.const 2))) (i64.const 12884901896)",
    );
    text.memory = "(memory (export \"memory\") 1 2)".into();
    let program = text.program().unwrap();
    assert_eq!(program.worth(b"{}", b"{}"), Ok(Worth(u16::MAX)));
    text.memory = "(memory (export \"memory\") 1 3)".into();
    let program = text.program().unwrap();
    assert_eq!(program.worth(b"{}", b"{}"), Ok(Worth(1)));
}

#[test]
fn tables_are_bounded() {
    let mut text = Text::new();
    text.head = "(table 6000 funcref) (table 6000 funcref)".into();
    assert_eq!(refusal(&text), Refusal::Table(12_000));
    let body = "(drop (table.grow $t (ref.null func) (i32.const 20000))) (i64.const 0)";
    let mut text = Text::with(Function::Answer, body);
    text.head = "(table $t 1 funcref)".into();
    assert_eq!(
        call(&text, Function::Answer),
        Err(WasmError::Table {
            function: Function::Answer,
            elements: 20_001,
            most: MAX_TABLE
        })
    );
}

#[test]
fn a_trap_is_named() {
    for (body, trap) in [
        ("unreachable", "panicked"),
        (
            "(i64.div_u (i64.const 1) (i64.const 0))",
            "integer divide by zero",
        ),
        (
            "(i64.div_s (i64.const 0x8000000000000000) (i64.const -1))",
            "integer overflow",
        ),
        ("(i64.load (i32.const -8))", "out of bounds memory access"),
        (
            "(i64.trunc_f32_s (f32.const nan))",
            "invalid conversion to integer",
        ),
        (
            "(call_indirect (result i64) (i32.const 0))",
            "uninitialized",
        ),
        (
            "(call_indirect (result i64) (i32.const 9))",
            "undefined element",
        ),
        ("(call $deep)", "call stack exhausted"),
    ] {
        for function in [Function::Load, Function::Answer, Function::Worth] {
            let mut text = Text::with(function, body);
            text.head = "(table 1 funcref)".into();
            text.tail = "(func $deep (result i64) (i64.add (call $deep) (i64.const 1)))".into();
            let error = call(&text, function).unwrap_err();
            assert!(matches!(error, WasmError::Trap { .. }), "{error:?}");
            let error = error.to_string();
            assert!(
                error.starts_with(function.name()) && error.contains(trap),
                "{error}"
            );
        }
    }
    let mut text = Text::new();
    text.head = "(data (i32.const 65536) \"x\")".into();
    let error = text.load().err().unwrap();
    assert!(matches!(error, WasmError::Trap { .. }), "{error:?}");
}

#[test]
fn an_output_that_is_too_long_is_refused_before_it_is_read() {
    for (length, most) in [(u32::MAX as usize, 1025), (1026, 1025)] {
        let text = Text::with(Function::Answer, &output(4, length));
        let expected = format!("an output of {length} bytes, and {most} is the most");
        assert_eq!(problem(&text, Function::Answer), expected);
    }
    let mut text = Text::with(Function::Answer, &output(0, MAX_ANSWER + 2));
    text.description = description(1, [64, MAX_ANSWER as u32, 64], NAME);
    text.memory = "(memory (export \"memory\") 3)".into();
    let expected = format!(
        "an output of {} bytes, and {} is the most",
        MAX_ANSWER + 2,
        MAX_ANSWER + 1
    );
    assert_eq!(problem(&text, Function::Answer), expected);
}

#[test]
fn an_output_of_another_form_is_refused() {
    // Bytes at 100, and the output's length.
    let cases: [(&str, usize, &str); 8] = [
        ("\\00", 0, "an empty output"),
        ("\\09abc", 4, "an output with the first byte 9 and 3 more"),
        ("\\00{", 2, "1 bytes that are not JSON"),
        ("\\00{}x", 4, "3 bytes that are not JSON"),
        ("\\00\\ff", 2, "1 bytes that are not JSON"),
        ("\\01x", 2, "an output with the first byte 1 and 1 more"),
        ("\\03\\ff", 2, "a reason that is not one line of text"),
        ("\\03a\\0ab", 4, "a reason that is not one line of text"),
    ];
    for (bytes, length, expected) in cases {
        let mut text = Text::with(Function::Answer, &output(100, length));
        text.tail = format!("(data (i32.const 100) \"{bytes}\")");
        let found = problem(&text, Function::Answer);
        assert!(found.starts_with(expected), "{found}");
    }
    let nested = Text {
        tail: format!("(data (i32.const 100) \"\\00{}\")", "[".repeat(60)),
        ..Text::with(Function::Answer, &output(100, 61))
    };
    assert!(problem(&nested, Function::Answer).starts_with("60 bytes that are not JSON"));
    let outside = Text::with(Function::Answer, &output(65_534, 3));
    let expected = "an output of 3 bytes at the address 65534, outside its memory of 65536 bytes";
    assert_eq!(problem(&outside, Function::Answer), expected);
    let last = Text::with(Function::Answer, &output(u32::MAX as usize, 3));
    assert!(problem(&last, Function::Answer).contains("outside its memory"));
    let worth = Text::with(Function::Worth, &output(8, 4));
    let expected = "a worth of 3 bytes, which has 2";
    assert_eq!(problem(&worth, Function::Worth), expected);
    let mut input = Text::new();
    input
        .bodies
        .insert(names::INPUT, "(i32.const 65535)".into());
    let program = input.program().unwrap();
    let error = program.answer(b"{}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "task_answer returned the address 65535 for an input of 2 bytes, outside its memory of \
         65536 bytes; see the interface in docs/wasm-tasks.md"
    );
}

#[test]
fn refusals_of_a_task_are_text_of_bounded_length() {
    let mut text = Text::with(Function::Answer, &output(100, MAX_REASON + 1));
    text.tail = format!("(data (i32.const 100) \"\\03{}\")", "a".repeat(MAX_REASON));
    let refused = WasmError::Refused("a".repeat(MAX_REASON));
    assert_eq!(call(&text, Function::Answer), Err(refused));
    text.bodies
        .insert(names::ANSWER, output(100, MAX_REASON + 2));
    let found = problem(&text, Function::Answer);
    assert!(found.ends_with("and 1025 is the most"), "{found}");
}

/// The bits of a value that is not a number are the same on every machine.
#[test]
fn values_that_are_not_a_number_have_one_pattern_of_bits() {
    let nan = "(f32.reinterpret_i32 (i32.const 0xffa12345))";
    let operations = [
        "(f32.sqrt (f32.const -1))".to_owned(),
        "(f32.div (f32.const 0) (f32.const 0))".into(),
        "(f32.sub (f32.const inf) (f32.const inf))".into(),
        "(f32.mul (f32.const -inf) (f32.const 0))".into(),
        format!("(f32.add {nan} (f32.const 1))"),
        format!("(f32.min (f32.const 1) {nan})"),
        format!("(f32.ceil {nan})"),
        format!("(f32.demote_f64 (f64.promote_f32 {nan}))"),
        format!("(f32x4.extract_lane 2 (f32x4.add (f32x4.splat {nan}) (f32x4.splat {nan})))"),
        "(f32x4.extract_lane 1 (f32x4.sqrt (f32x4.splat (f32.const -2))))".into(),
    ];
    for operation in operations {
        for (shift, half) in [(16, 0x7fc0), (0, 0)] {
            let body = format!(
                "(i32.store16 (i32.const 9)
                   (i32.shr_u (i32.reinterpret_f32 {operation}) (i32.const {shift})))
                 {}",
                output(8, 3)
            );
            let program = Text::with(Function::Worth, &body).program().unwrap();
            assert_eq!(program.worth(b"{}", b"{}"), Ok(Worth(half)), "{operation}");
        }
    }
}

#[test]
fn newer_wasm_is_refused() {
    let cases = [
        (
            "relaxed SIMD",
            "(func (param v128) (result v128)
               (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0)))",
        ),
        (
            "threads",
            "(func (result i32) (i32.atomic.load (i32.const 0)))",
        ),
        ("tail calls", "(func $f (return_call $f))"),
        ("memory64", "(memory i64 1)"),
        ("multiple memories", "(memory 1)"),
        ("exceptions", "(tag)"),
        ("structs", "(type (struct (field i32)))"),
    ];
    for (feature, tail) in cases {
        let mut text = Text::new();
        text.tail = tail.into();
        let refused = refusal(&text);
        assert!(
            matches!(&refused, Refusal::Invalid(_)),
            "{feature}: {refused}"
        );
    }
    let mut text = Text::new();
    text.memory = "(memory (export \"memory\") 1 2 shared)".into();
    assert!(matches!(refusal(&text), Refusal::Invalid(_)));
    for code in [
        &b""[..],
        b"\0asm",
        b"#!/bin/sh\n",
        b"\0asm\x0d\0\x01\0",
        b"\x7fELF",
    ] {
        let error = load(code).err().unwrap();
        assert!(
            matches!(error, WasmError::Code(Refusal::Invalid(_))),
            "{error:?}"
        );
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

#[test]
fn the_interface_must_be_whole() {
    let text = Text::new();
    for name in text.bodies.keys() {
        let mut without = Text::new();
        without.bodies.remove(name);
        assert_eq!(refusal(&without), Refusal::NoExport(name));
        without.tail = format!("(func (export {name:?}) (param f32))");
        assert!(matches!(refusal(&without), Refusal::Export(found, _) if found == *name));
        without.tail = format!("(global (export {name:?}) i32 (i32.const 0))");
        assert!(matches!(refusal(&without), Refusal::Export(found, _) if found == *name));
    }
    let mut text = Text::new();
    text.memory = "(memory 1)".into();
    assert_eq!(refusal(&text), Refusal::NoExport("memory"));
    text.tail = "(func (export \"memory\"))".into();
    assert_eq!(refusal(&text), Refusal::Export("memory", "a memory"));
}

#[test]
fn code_that_would_compile_slowly_is_refused() {
    let mut code = Text::new().code();
    // A custom section of a megabyte.
    code.extend([0, 0x80, 0x80, 0x40, 1, b'x']);
    code.extend(vec![0; MAX_CODE - 2]);
    let error = load(&code).err();
    assert_eq!(error, Some(WasmError::Code(Refusal::TooLarge(code.len()))));
    let mut text = Text::new();
    text.tail = format!("(func {})", "nop ".repeat(MAX_FUNCTION));
    assert!(matches!(refusal(&text), Refusal::Function(_, bytes) if bytes > MAX_FUNCTION));
    for many in [
        format!("(type (func (param {})))", "i64 ".repeat(MAX_VALUES + 1)),
        format!("(type (func (result {})))", "i64 ".repeat(MAX_VALUES + 1)),
    ] {
        text.tail = many;
        assert!(matches!(refusal(&text), Refusal::Values(count) if count == MAX_VALUES + 1));
    }
    text.tail = format!("(func (local {}))", "i64 ".repeat(MAX_LOCALS as usize + 1));
    assert!(matches!(refusal(&text), Refusal::Locals(_, count) if count == MAX_LOCALS + 1));
}

#[test]
fn a_description_must_be_true_and_within_limits() {
    let error = |description: Vec<u8>| {
        let mut text = Text::new();
        text.description = description;
        text.load().err().unwrap()
    };
    assert_eq!(
        error(description(2, [64; 3], NAME)),
        WasmError::Version {
            found: 2,
            expected: 1
        }
    );
    assert_eq!(
        error(description(1, [64; 3], "other/1\n")),
        WasmError::Name {
            found: "other/1\\n".into(),
            expected: NAME.into()
        }
    );
    for (place, part, most) in [
        (0, "question", MAX_QUESTION),
        (1, "answer", MAX_ANSWER),
        (2, "state", MAX_STATE),
    ] {
        let mut limits = [64; 3];
        limits[place] = most as u32 + 1;
        let found = most + 1;
        assert_eq!(
            error(description(1, limits, NAME)),
            WasmError::Limit { part, found, most }
        );
    }
    let short = error(vec![1; 15]);
    assert!(matches!(short, WasmError::Output { .. }), "{short:?}");
}

/// A load may keep what it likes in memory, and each call begins with exactly that. What a call
/// changes is gone with it.
#[test]
fn each_call_begins_with_the_memory_after_the_load() {
    let count = "(i32.store16 (i32.const 9) (i32.add (i32.load16_u (i32.const 9)) (i32.const 1)))";
    let mut text = Text::with(
        Function::Worth,
        &format!("{count} (global.set $g (i32.const 5)) {}", output(8, 3)),
    );
    text.head = "(global $g (mut i32) (i32.const 0))".into();
    let load = format!(
        "(drop (memory.grow (i32.const 1))) (i32.store (i32.const 131068) (i32.const 7))
         (i32.store16 (i32.const 9) (i32.const 0)) (global.set $g (i32.const 9)) {}",
        output(4, 1)
    );
    text.bodies.insert(names::LOAD, load);
    // The load has set data of the code to zero.
    let program = text.program().unwrap();
    for _ in 0..3 {
        assert_eq!(program.worth(b"{}", b"{}"), Ok(Worth(1)));
    }
    let read = "(i32.store16 (i32.const 9)
        (i32.add (i32.load (i32.const 131068)) (global.get $g)))";
    text.bodies
        .insert(names::WORTH, format!("{read} {}", output(8, 3)));
    let program = text.program().unwrap();
    // Memory is that after the load; globals are those of the code.
    assert_eq!(program.worth(b"{}", b"{}"), Ok(Worth(7)));
}

/// Prints the time in which code made to compile slowly compiles, at the limits.
///
/// ```sh
/// cargo test -p inktensor-wasm-task --test hostile -- --ignored --nocapture
/// ```
#[test]
#[ignore = "a measurement"]
fn time_of_the_slowest_code() {
    let locals = MAX_LOCALS as usize - 1;
    let all: String = (0..locals).fold(String::new(), |mut text, local| {
        write!(
            text,
            "(local.set {local} (i64.xor (local.get {local}) (local.get {})))",
            (local * 7 + 1) % locals
        )
        .unwrap();
        text
    });
    let jumps = |count: usize| {
        let open = "(block ".repeat(count);
        let labels: String = (0..count).map(|label| format!("{label} ")).collect();
        format!(
            "{open} (br_table {labels} (i32.wrap_i64 (local.get 0))) {}",
            ") (local.set 1 (i64.add (local.get 1) (local.get 2)))".repeat(count)
        )
    };
    let loops = |count: usize| {
        let one = "(local.set 3 (i64.mul (local.get 3) (local.get 2)))
            (br_if 0 (i32.wrap_i64 (local.get 3)))";
        format!(
            "{}{}",
            format!("(loop {one}").repeat(count),
            ")".repeat(count)
        )
    };
    let branches = |count: usize| {
        let one = |number: usize| {
            let (a, b) = (number * 13 % locals, number * 31 % locals);
            format!(
                "(if (i32.wrap_i64 (local.get {a})) (then (local.set {b} (i64.add (local.get {a})
                   (local.get {b})))) (else (local.set {a} (i64.rotl (local.get {b})
                   (local.get {a})))))"
            )
        };
        (0..count).map(one).collect::<String>()
    };
    for (name, body, count) in [
        (
            "locals in a loop",
            format!("(loop {all} (br_if 0 (i32.wrap_i64 (local.get 5))))"),
            20,
        ),
        ("jumps", jumps(2_600), 28),
        ("loops", loops(900), 62),
        ("branches over locals", branches(1_100), 28),
    ] {
        let function = format!("(func (local {}) {body})", "i64 ".repeat(locals));
        let mut text = Text::new();
        text.tail = function.repeat(count);
        let code = text.code();
        let started = std::time::Instant::now();
        let outcome = load(&code).err();
        println!(
            "{name}: {} bytes, {:?}, {outcome:?}",
            code.len(),
            started.elapsed()
        );
    }
}

/// Prints the time in which a core burns a billion units of fuel.
#[test]
#[ignore = "a measurement"]
fn time_of_fuel() {
    for body in [
        "(loop (br 0)) (i64.const 0)",
        "(local $x i64) (loop (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 3))
           (i64.load (i32.wrap_i64 (i64.and (local.get $x) (i64.const 0xfff)))))) (br 0))
         (i64.const 0)",
        "(local $x i64) (loop (local.set $x (i64.div_u (i64.const -1)
           (i64.or (local.get $x) (i64.const 1)))) (br 0)) (i64.const 0)",
        "(loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) (br 0)) (i64.const 0)",
    ] {
        let code = Text::with(Function::Answer, body).code();
        let answer = 1_000_000_000;
        let fuel = Fuel { answer, ..FUEL };
        let task = WasmTask::with_fuel(&code, &blake2(&code), NAME, fuel).unwrap();
        let program = task.with_state(b"").unwrap();
        let started = std::time::Instant::now();
        assert!(program.answer(b"{}").is_err());
        println!("{:?}: {body}", started.elapsed());
    }
}

/// Damage of a program is refused, stopped, or harmless.
#[test]
fn random_damage_never_ends_the_host() {
    let code = Text::new().code();
    let mut draw = Seed([9; 32]).draw();
    let mut loaded = 0;
    for _ in 0..2_000 {
        let mut damaged = code.clone();
        for _ in 0..=draw.index(3) {
            let place = draw.index(damaged.len());
            damaged[place] = u8::try_from(draw.below(256)).unwrap();
        }
        if let Ok(program) = load(&damaged).and_then(|task| task.with_state(b"")) {
            loaded += 1;
            let _ = program.question(&Seed([2; 32]));
            let _ = program.answer(b"{}");
            let _ = program.worth(b"{}", b"{}");
        }
    }
    assert!(loaded > 20, "{loaded}");
}
