//! Kernels that hide what they do.

use super::*;
use std::time::{Duration, Instant};

const IMPORTS: &str = r#"
    (import "seal0" "input" (func $input (param i32 i32)))
    (import "seal0" "seal_return" (func $return (param i32 i32 i32)))
    (import "seal0" "value_transferred" (func $value (param i32 i32)))
    (import "seal1" "get_storage" (func $get (param i32 i32 i32 i32) (result i32)))
    (import "seal2" "set_storage" (func $set (param i32 i32 i32 i32) (result i32)))
    (import "env" "memory" (memory 2 16))"#;
/// A constructor as ink! makes it, and an entry point that reads the root cell and returns.
const CONSTRUCTOR: &str = r#"(func (export "deploy")
    (call $input (i32.const 0) (i32.const 4))
    (drop (call $set (i32.const 0) (i32.const 4) (i32.const 8) (i32.const 0))))"#;
const WRITE: &str = "(drop (call $set (i32.const 0) (i32.const 4) (i32.const 8) (i32.const 0)))";

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("Wasm text")
}

fn found(rest: &str) -> Result<CheckReport, Refusal> {
    check(&wasm(&format!("(module {IMPORTS} {CONSTRUCTOR} {rest})")))
}

/// The path to the function that is out of place.
fn path(rest: &str) -> String {
    match found(rest) {
        Err(Refusal::Reaches { path }) => path.to_string(),
        other => panic!("not a refusal for what it reaches: {other:?}"),
    }
}

#[test]
fn a_pure_kernel_may_write_its_empty_root_cell_in_the_constructor() {
    let report = found(
        r#"(func (export "call") (call $input (i32.const 0) (i32.const 4)) (call $done))
        (func $done (call $return (i32.const 0) (i32.const 0) (i32.const 0)))"#,
    )
    .expect("acceptable");
    assert_eq!(report.imports.len(), 5);
    assert_eq!(report.in_steps, ["seal0.input", "seal0.seal_return"]);
}

#[test]
fn a_step_that_writes_is_refused_with_the_way_to_the_write() {
    assert_eq!(
        path(&format!(r#"(func (export "call") {WRITE})"#)),
        "call -> seal2.set_storage"
    );
    let through = format!(
        r#"(func (export "call") (call $first)) (func $first (call $second))
        (func $second {WRITE}) (func $unused {WRITE})"#
    );
    assert_eq!(
        path(&through),
        "call -> func 7 (first) -> func 8 (second) -> seal2.set_storage"
    );
}

#[test]
fn a_step_that_calls_out_is_refused_by_the_way_there_and_else_by_name() {
    let module = |call: &str| {
        check(&wasm(&format!(
            r#"(module (import "seal2" "call" (func $out (param i32) (result i32)))
            (import "seal0" "set_code_hash" (func $code (param i32) (result i32)))
            {IMPORTS} (func (export "deploy")) (func (export "call") {call})
            (func $hidden (drop (call $code (i32.const 0)))))"#
        )))
    };
    let reached = module("call $hidden").expect_err("a refusal");
    assert_eq!(
        reached.path().map(Path::to_string).as_deref(),
        Some("call -> func 9 (hidden) -> seal0.set_code_hash")
    );
    assert_eq!(
        module("(drop (call $out (i32.const 0)))")
            .expect_err("a refusal")
            .to_string(),
        "a step can reach seal2.call, which no step may call: call -> seal2.call"
    );
    assert_eq!(
        module("nop"),
        Err(Refusal::Import("seal2".into(), "call".into()))
    );
}

#[test]
fn a_write_hidden_in_the_table_is_found() {
    let hidden = format!(
        r#"(type $plain (func)) (table 3 funcref) (elem (i32.const 1) $harmless $writes)
        (func (export "call") (call $step)) (func $step (call_indirect (type $plain) (i32.const 0)))
        (func $harmless) (func $writes {WRITE})"#
    );
    assert_eq!(
        path(&hidden),
        "call -> func 7 (step) -> table -> func 9 (writes) -> seal2.set_storage"
    );
    // The host's function itself, and an equal type under another number.
    let itself = r#"(type $other (func (param i32 i32 i32 i32) (result i32)))
        (table 1 funcref) (elem (i32.const 0) $set)
        (func (export "call") (drop (call_indirect (type $other)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))"#;
    assert_eq!(path(itself), "call -> table -> seal2.set_storage");
}

#[test]
fn a_table_entry_of_another_signature_cannot_be_called() {
    let apart = format!(
        r#"(type $number (func (result i32))) (table 2 funcref) (elem (i32.const 0) $writes $number)
        (func (export "call") (drop (call_indirect (type $number) (i32.const 1))))
        (func $number (result i32) (i32.const 1)) (func $writes {WRITE})"#
    );
    assert!(found(&apart).is_ok());
}

#[test]
fn a_table_is_as_large_as_every_worker_has_room_for() {
    let table = |limits: &str| {
        found(&format!(
            r#"(table {limits} funcref) (func (export "call"))"#
        ))
    };
    assert!(table("1024").is_ok());
    assert_eq!(table("1025"), Err(Refusal::Table(1025)));
    assert_eq!(table("1 20000"), Err(Refusal::Table(20_000)));
}

#[test]
fn all_segments_count_in_all_their_forms() {
    let segments = format!(
        r#"(type $plain (func)) (table 4 funcref) (elem (i32.const 0) $harmless)
        (elem (i32.const 1) $harmless) (elem (i32.const 2) $writes)
        (func (export "call") (call_indirect (type $plain) (i32.const 0)))
        (func $harmless) (func $writes {WRITE})"#
    );
    assert!(path(&segments).contains("table -> func 8 (writes)"));
    // Expressions and references in code are not in the first version of Wasm: the chain takes
    // neither.
    for newer in [
        "(elem (i32.const 0) funcref (ref.func $writes))",
        "(elem declare func $writes) (func (drop (ref.func $writes)))",
        "(elem func $writes)",
    ] {
        let module =
            format!(r#"(table 4 funcref) {newer} (func (export "call")) (func $writes {WRITE})"#);
        assert!(found(&module).is_err(), "{newer}");
    }
}

#[test]
fn cycles_come_to_an_end() {
    let harmless = r#"(func (export "call") (call $even)) (func $even (call $odd)) (func $odd (call $even) (call $self))
        (func $self (call $self))"#;
    assert!(found(harmless).is_ok());
    let writes = format!(
        r#"(func (export "call") (call $even)) (func $even (call $odd)) (func $odd (call $even) (call $self))
        (func $self (call $self) {WRITE})"#
    );
    assert_eq!(
        path(&writes),
        "call -> func 7 (even) -> func 8 (odd) -> func 9 (self) -> seal2.set_storage"
    );
}

#[test]
fn a_deep_graph_is_searched_to_its_end_and_shown_by_its_ends() {
    let depth = 10_000;
    let mut text = format!(r#"(module {IMPORTS} {CONSTRUCTOR} (func (export "call") (call 7))"#);
    for at in 1..depth {
        text.push_str(&format!("(func (call {}))", at + 7));
    }
    text.push_str(&format!("(func {WRITE}))"));
    let refusal = check(&wasm(&text)).expect_err("a refusal");
    let path = refusal.path().expect("a path");
    assert_eq!(path.0.len(), depth + 2);
    let shown = path.to_string();
    assert!(shown.starts_with("call -> func 7 -> func 8"), "{shown}");
    assert!(
        shown.ends_with("-> func 10006 -> seal2.set_storage"),
        "{shown}"
    );
    assert!(shown.contains("(9978 more)"), "{shown}");
}

#[test]
fn a_dense_graph_takes_no_long_time() {
    // Every function calls every other through one table: a million pairs.
    let functions = 1_000;
    let mut text = format!(
        r#"(module {IMPORTS} {CONSTRUCTOR} (type $plain (func)) (table {functions} funcref)
        (func (export "call") (call_indirect (type $plain) (i32.const 0)))"#
    );
    for _ in 0..functions {
        text.push_str("(func (call_indirect (type $plain) (i32.const 0)))");
    }
    text.push_str("(elem (i32.const 0)");
    for at in 0..functions {
        text.push_str(&format!(" {}", at + 7));
    }
    text.push_str("))");
    let code = wasm(&text);
    let start = Instant::now();
    assert!(check(&code).is_ok());
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn one_function_may_not_be_both_entry_points_and_write() {
    let both = format!(
        r#"(module {IMPORTS} (func $both {WRITE}) (export "call" (func $both)) (export "deploy" (func $both)))"#
    );
    assert!(check(&wasm(&both)).is_err_and(|refusal| refusal.path().is_some()));
}

#[test]
fn what_a_constructor_leaves_in_storage_must_be_known_to_be_empty() {
    let constructor = |body: &str| {
        check(&wasm(&format!(
            r#"(module {IMPORTS} (global $zero i32 (i32.const 0)) (func $put (param i32)
                (drop (call $set (i32.const 0) (i32.const 4) (i32.const 8) (local.get 0))))
            (func $empty {WRITE})
            (func (export "deploy") {body}) (func (export "call")))"#
        )))
    };
    let writes = |function: &str| Err(Refusal::Writes(function.into()));
    // The function with an argument is refused though nothing calls it.
    assert_eq!(constructor("call $empty"), writes("func 5 (put)"));
    let alone = |write: &str| {
        check(&wasm(&format!(
            r#"(module {IMPORTS} (func (export "deploy") {write}) (func (export "call")))"#
        )))
    };
    assert!(alone(WRITE).is_ok());
    for write in [
        "(drop (call $set (i32.const 0) (i32.const 4) (i32.const 8) (i32.const 1)))",
        "(drop (call $set (i32.const 0) (i32.const 4) (i32.const 8) (i32.load (i32.const 0))))",
        "(drop (call $set (i32.const 0) (i32.const 4) (i32.const 8) (if (result i32) (i32.const 1) (then (i32.const 7)) (else (i32.const 0)))))",
    ] {
        assert_eq!(alone(write), writes("func 5"), "{write}");
    }
    let taken = check(&wasm(&format!(
        r#"(module {IMPORTS} (table 1 funcref) (elem (i32.const 0) $set)
        (func (export "deploy")) (func (export "call")))"#
    )));
    assert_eq!(taken, writes("seal2.set_storage"));
}

#[test]
fn a_root_cell_that_steps_read_must_have_been_written() {
    let module = |constructor: &str| {
        check(&wasm(&format!(
            r#"(module {IMPORTS} (func (export "deploy") {constructor}) (func (export "call")
                (drop (call $get (i32.const 0) (i32.const 4) (i32.const 8) (i32.const 4)))))"#
        )))
    };
    assert_eq!(module("nop"), Err(Refusal::NoRootCell));
    assert!(module(WRITE).is_ok());
}

#[test]
fn names_cannot_write_to_the_terminal() {
    let named =
        format!(r#"(func (export "call") (call $x)) (func $x (@name "a\1b[2J\0ab") {WRITE})"#);
    let shown = path(&named);
    assert!(shown.contains(r"\u{1b}[2J\nb"), "{shown}");
    assert!(!shown.contains('\u{1b}') && !shown.contains('\n'));
    let import = check(&wasm(
        r#"(module (import "seal0\1b" "x\0a" (func)) (import "env" "memory" (memory 1))
        (func (export "call")) (func (export "deploy")))"#,
    ));
    assert_eq!(
        import,
        Err(Refusal::Import(r"seal0\u{1b}".into(), r"x\n".into()))
    );
}

#[test]
fn a_broken_name_section_is_no_reason_to_refuse() {
    let text = format!(
        r#"(module {IMPORTS} {CONSTRUCTOR} (func (export "call"))
        (@custom "name" "\01\ff\ff\ff\ff\ff\ff"))"#
    );
    assert!(check(&wasm(&text)).is_ok());
}

#[test]
fn functions_that_any_contract_imports_are_named() {
    let code = wasm(
        r#"(module (import "seal1" "terminate" (func (param i32)))
        (import "env" "memory" (memory 2 16)))"#,
    );
    assert_eq!(
        imported_functions(&code),
        Ok(vec!["seal1.terminate".into()])
    );
    assert!(imported_functions(b"text").is_err());
}
