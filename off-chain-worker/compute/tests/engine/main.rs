//! The Wasm engine and malformed or malicious kernels.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fresh;
mod groups;

use inktensor_client::deploy::Bundle;
use inktensor_compute::engine::{
    check::{check, Refusal, MAX_CODE},
    wasm::{Wasm, PLAN, STEP},
    wasmi::{Interpreted, Measured, STEP_TIME},
    Engine, EngineError,
};
use inktensor_primitives::{
    hash::blake2,
    kernel::{EpochPlan, KernelError, Rows, StepInput, StepOutput},
    AccountId,
};
use inktensor_test_support::header;
use proptest::prelude::*;
use std::{
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

/// Returns the text of a kernel whose entry point does `body`, with all imports that a kernel may
/// have.
fn kernel_text(body: &str) -> String {
    format!(
        r#"(module
            (import "seal0" "input" (func $input (param i32 i32)))
            (import "seal0" "seal_return" (func $return (param i32 i32 i32)))
            (import "seal0" "value_transferred" (func $value (param i32 i32)))
            (import "seal1" "get_storage" (func $get (param i32 i32 i32 i32) (result i32)))
            (import "seal2" "set_storage" (func $set (param i32 i32 i32 i32) (result i32)))
            (import "env" "memory" (memory 2 16))
            (global $count (mut i32) (i32.const 0))
            (data (i32.const 1000) "\05")
            (func (export "deploy") (drop (call $set (i32.const 0) (i32.const 4) (i32.const 8) (i32.const 0))))
            (func (export "call") {body}))"#
    )
}

fn kernel(body: &str) -> Vec<u8> {
    wat::parse_str(kernel_text(body)).expect("Wasm text")
}

fn step_input() -> StepInput {
    StepInput {
        header: header(),
        phase: 0,
        chunk: 0,
        carry: Vec::new(),
        scratch: Vec::new(),
        memory: Vec::new(),
        neurons: Vec::new(),
        rows: Rows::default(),
    }
}

fn plan(body: &str) -> Result<EpochPlan, EngineError> {
    let code = kernel(body);
    let wasm = Wasm::with_limit(Duration::from_millis(200)).expect("wasmtime");
    wasm.load(&code, &blake2(&code))
        .expect("a kernel")
        .plan(&header())
}

fn trap(body: &str) -> String {
    match plan(body) {
        Err(EngineError::Trapped(reason)) => reason,
        other => panic!("not a trap: {other:?}"),
    }
}

fn refusal(text: &str) -> Refusal {
    check(&wat::parse_str(text).expect("Wasm text")).expect_err("a refusal")
}

/// Returns the body of a plan whose chunk is the 16-bit number at address 2; the rest is zero.
const RETURN_PLAN: &str = "(call $return (i32.const 0) (i32.const 0) (i32.const 7))";

#[test]
fn selectors_are_those_of_the_trait() {
    use ink::codegen::TraitCallBuilder;
    use inktensor_primitives::kernel::IncentiveKernel;
    use scale::Encode;
    type Calls = <ink::contract_ref!(IncentiveKernel, ink::env::DefaultEnvironment) as TraitCallBuilder>::Builder;
    let calls = Calls::from(AccountId::from([0; 32]));
    assert_eq!(
        calls.plan(header()).params().exec_input().encode(),
        (PLAN, header()).encode()
    );
    assert!(calls
        .step(step_input())
        .params()
        .exec_input()
        .encode()
        .starts_with(&STEP));
}

#[test]
fn an_answer_is_decoded_through_all_its_layers() {
    let plan = plan(&format!(
        "(i32.store16 (i32.const 2) (i32.const 64)) {RETURN_PLAN}"
    ))
    .expect("a plan");
    assert_eq!((plan.chunk, plan.phases.len()), (64, 0));
}

#[test]
fn a_kernels_refusal_is_told_from_a_trap() {
    let refused = plan("(i32.store (i32.const 0) (i32.const 0x030100)) (call $return (i32.const 1) (i32.const 0) (i32.const 3))");
    assert_eq!(refused, Err(EngineError::Kernel(KernelError::BadCarry)));
}

#[test]
fn each_call_starts_from_a_fresh_instance() {
    // Counts in a global, in data and in far memory; a fresh instance finds 0, 5 and 0.
    let body = format!(
        "(global.set $count (i32.add (global.get $count) (i32.const 1)))
         (i32.store (i32.const 1000) (i32.add (i32.load (i32.const 1000)) (i32.const 1)))
         (i32.store (i32.const 130000) (i32.add (i32.load (i32.const 130000)) (i32.const 1)))
         (i32.store16 (i32.const 2)
            (i32.add (global.get $count) (i32.add (i32.load (i32.const 1000)) (i32.load (i32.const 130000)))))
         {RETURN_PLAN}"
    );
    let code = kernel(&body);
    let wasm = Wasm::new().expect("wasmtime");
    let kernel = wasm.load(&code, &blake2(&code)).expect("a kernel");
    for _ in 0..100 {
        assert_eq!(kernel.plan(&header()).expect("a plan").chunk, 1 + 6 + 1);
    }
}

#[test]
fn the_root_cell_is_empty_and_nothing_is_sent() {
    let body = format!(
        "(i32.store (i32.const 100) (i32.const 16))
         (i32.store16 (i32.const 2) (call $get (i32.const 64) (i32.const 4) (i32.const 200) (i32.const 100)))
         (i32.store16 (i32.const 2) (i32.add (i32.load16_u (i32.const 2)) (i32.load (i32.const 100))))
         (i32.store (i32.const 100) (i32.const 16))
         (i64.store (i32.const 208) (i64.const -1))
         (call $value (i32.const 200) (i32.const 100))
         (i32.store16 (i32.const 2) (i32.add (i32.load16_u (i32.const 2)) (i32.load (i32.const 208))))
         (i32.store16 (i32.const 2) (i32.add (i32.load16_u (i32.const 2)) (i32.load (i32.const 100))))
         {RETURN_PLAN}"
    );
    // Success is 0, the cell has 0 bytes, the value is 0 in 16 bytes.
    assert_eq!(plan(&body).expect("a plan").chunk, 16);
}

#[test]
fn storage_is_out_of_reach() {
    let key = "(i32.store (i32.const 64) (i32.const 1)) (i32.store (i32.const 100) (i32.const 16))";
    // The chain answers that there is no such cell.
    let read = plan(&format!(
        "{key} (drop (call $get (i32.const 64) (i32.const 4) (i32.const 200) (i32.const 100)))"
    ));
    assert!(
        matches!(&read, Err(EngineError::Stopped(why)) if why.contains("read storage")),
        "{read:?}"
    );
    let code = kernel("(drop (call $set (i32.const 0) (i32.const 4) (i32.const 8) (i32.const 4)))");
    let write = Wasm::new().expect("wasmtime").load(&code, &blake2(&code));
    assert!(matches!(
        write.err(),
        Some(EngineError::Refused(Refusal::Reaches { .. }))
    ));
}

#[test]
fn a_kernel_that_runs_away_is_stopped() {
    assert!(matches!(
        plan("(loop (br 0))"),
        Err(EngineError::TooSlow(_))
    ));
}

#[test]
fn only_a_trusted_kernel_runs_without_a_clock() {
    let (good, bad) = (kernel(RETURN_PLAN), kernel("(loop (br 0))"));
    let wasm =
        Wasm::with_limit(Duration::from_millis(200)).and_then(|wasm| wasm.trusting(blake2(&good)));
    let wasm = wasm.expect("wasmtime");
    let load = |code: &[u8]| wasm.load(code, &blake2(code)).expect("a kernel");
    assert!(load(&good).plan(&header()).is_ok());
    assert!(matches!(
        load(&bad).plan(&header()),
        Err(EngineError::TooSlow(_))
    ));
}

/// Returns a kernel that counts to `turns`. Then its step returns a `StepOutput` without content:
/// two bytes for the layers around it, and the lengths of its five lists.
fn counting(turns: u32) -> Vec<u8> {
    kernel(&format!(
        "(loop
            (global.set $count (i32.add (global.get $count) (i32.const 1)))
            (br_if 0 (i32.lt_u (global.get $count) (i32.const {turns}))))
         (call $return (i32.const 0) (i32.const 0) (i32.const 7))"
    ))
}

/// Runs a step of `code` in the chain's own interpreter.
fn measured(code: &[u8]) -> Measured {
    let kernel = Interpreted::load(code, &blake2(code)).expect("a kernel");
    kernel.measure(&step_input())
}

/// A worker's engine is faster than the chain: it computes steps that no dispute could execute.
#[test]
fn a_step_above_the_time_of_the_chain_is_too_costly() {
    let (light, heavy) = (counting(1_000_000), counting(60_000_000));
    let one = measured(&counting(1)).time;
    let of_light = measured(&light);
    assert_eq!(of_light.output, Ok(StepOutput::default()));
    assert!(one < of_light.time / 1_000, "{one} of {}", of_light.time);
    assert!(of_light.time < STEP_TIME, "{}", of_light.time);
    let of_heavy = measured(&heavy);
    assert_eq!(of_heavy.output, Err(EngineError::TooCostly(STEP_TIME)));
    assert!(of_heavy.time <= STEP_TIME && of_heavy.time > STEP_TIME / 100 * 99);
    assert!(!EngineError::TooCostly(STEP_TIME).is_of_this_machine());
    let wasm = Wasm::new().expect("wasmtime");
    let loaded = wasm.load(&heavy, &blake2(&heavy)).expect("a kernel");
    assert_eq!(loaded.step(&step_input()), Ok(StepOutput::default()));
    // A step that never ends is no exception.
    let endless = measured(&kernel("(loop (br 0))"));
    assert_eq!(endless.output, Err(EngineError::TooCostly(STEP_TIME)));
}

#[test]
fn a_kernel_that_panics_traps() {
    assert!(trap("unreachable").contains("panicked"));
    assert!(trap("(drop (i32.div_u (i32.const 1) (i32.const 0)))").contains("divide by zero"));
    assert!(trap("(drop (i32.load (i32.const -1)))").contains("out of bounds"));
}

/// The chain's engine has a limit at another place, so this is no trap of the kernel.
#[test]
fn a_kernel_is_stopped_at_a_limit_of_the_engine() {
    let text = kernel_text("(call $deep)").replace(
        "(func (export \"deploy\")",
        "(func $deep (call $deep)) (func (export \"deploy\")",
    );
    let code = wat::parse_str(text).expect("Wasm text");
    let wasm = Wasm::new().expect("wasmtime");
    match wasm.load(&code, &blake2(&code)) {
        Ok(kernel) => assert!(matches!(
            kernel.plan(&header()),
            Err(EngineError::Stopped(_))
        )),
        // A check that refuses cycles of calls comes first.
        Err(error) => assert!(matches!(error, EngineError::Refused(_)), "{error}"),
    }
}

#[test]
fn an_answer_above_the_room_of_the_epoch_contract_is_no_verdict() {
    let grown = "(drop (memory.grow (i32.const 4)))";
    let answer = |len| {
        plan(&format!(
            "{grown} (call $return (i32.const 0) (i32.const 0) (i32.const {len}))"
        ))
    };
    assert!(matches!(answer(262_144), Err(EngineError::Stopped(_))));
    assert!(matches!(answer(131_072), Err(EngineError::BadAnswer(_))));
}

#[test]
fn addresses_outside_the_memory_are_refused() {
    assert!(
        trap("(call $return (i32.const 0) (i32.const -4) (i32.const 100))").contains("outside")
    );
    assert!(trap("(call $input (i32.const 0) (i32.const 131071))").contains("outside"));
    let small =
        "(i32.store (i32.const 100) (i32.const 3)) (call $input (i32.const 200) (i32.const 100))";
    assert!(trap(small).contains("too small"));
}

#[test]
fn memory_ends_where_a_contracts_does() {
    let body = format!("(i32.store16 (i32.const 2) (memory.grow (i32.const 14))) (i32.store16 (i32.const 2) (i32.add (i32.load16_u (i32.const 2)) (memory.grow (i32.const 1)))) {RETURN_PLAN}");
    // 14 pages can be added to the first two, then growing fails with -1.
    assert_eq!(plan(&body).expect("a plan").chunk, 1);
}

#[test]
fn an_answer_must_be_one() {
    assert!(matches!(plan("nop"), Err(EngineError::BadAnswer(_))));
    assert!(matches!(
        plan("(call $return (i32.const 0) (i32.const 0) (i32.const 3))"),
        Err(EngineError::BadAnswer(_))
    ));
    assert!(matches!(
        plan("(call $return (i32.const 0) (i32.const 0) (i32.const 60))"),
        Err(EngineError::BadAnswer(_))
    ));
    assert!(trap("(call $return (i32.const 2) (i32.const 0) (i32.const 0))").contains("flags"));
}

#[test]
fn code_is_held_to_its_hash_and_compiled_once() {
    let code = kernel(RETURN_PLAN);
    let wasm = Wasm::new().expect("wasmtime");
    let wrong = wasm.load(&code, &[1; 32]).err();
    assert_eq!(
        wrong,
        Some(EngineError::WrongCode {
            expected: [1; 32],
            found: blake2(&code)
        })
    );
    let first = wasm.load(&code, &blake2(&code)).expect("a kernel");
    let second = wasm.load(&code, &blake2(&code)).expect("a kernel");
    assert!(Arc::ptr_eq(&first, &second));
}

/// Code that is made to compile slowly stalls no caller for longer than the limit, and is there
/// once it is compiled.
#[test]
fn a_kernel_that_compiles_slowly_is_waited_for_within_the_limit() {
    let (code, hash) = (built(), blake2(built()));
    let start = Instant::now();
    let wasm = Wasm::new().expect("wasmtime");
    let wasm = wasm.compiling_within(Duration::ZERO);
    let too_slow = EngineError::CompileTooSlow(Duration::ZERO);
    assert_eq!(wasm.load(code, &hash).err(), Some(too_slow.clone()));
    assert!(too_slow.is_of_this_machine(), "worth another try");
    let kernel = loop {
        match wasm.load(code, &hash) {
            Ok(kernel) => break kernel,
            Err(error) => assert_eq!(error, too_slow),
        }
        assert!(start.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(10));
    };
    let again = wasm.load(code, &hash).expect("compiled once");
    assert!(Arc::ptr_eq(&kernel, &again));
}

#[test]
fn a_kernel_is_reported_with_its_hash() {
    let code = kernel(RETURN_PLAN);
    let report = check(&code).expect("an acceptable kernel");
    assert_eq!((report.code_hash, report.size), (blake2(&code), code.len()));
    assert_eq!((report.initial_pages, report.maximum_pages), (2, 16));
    assert_eq!(report.imports.len(), 5);
}

const MEMORY: &str = r#"(import "env" "memory" (memory 2 16))"#;
const ENTRIES: &str = r#"(func (export "call")) (func (export "deploy"))"#;

#[test]
fn foreign_imports_are_refused_by_name() {
    let import = |import: &str| refusal(&format!("(module {import} {MEMORY} {ENTRIES})"));
    assert_eq!(
        import(r#"(import "seal0" "caller" (func (param i32 i32)))"#),
        Refusal::Import("seal0".into(), "caller".into())
    );
    assert_eq!(
        import(r#"(import "seal1" "input" (func (param i32 i32)))"#),
        Refusal::Import("seal1".into(), "input".into())
    );
    assert_eq!(
        import(r#"(import "seal0" "input" (func (param i64 i32)))"#),
        Refusal::ImportSignature("seal0".into(), "input".into())
    );
    assert_eq!(
        import(r#"(import "env" "table" (table 1 funcref))"#),
        Refusal::ImportKind("env".into(), "table".into())
    );
}

#[test]
fn floats_and_newer_features_are_refused() {
    let function = |body: &str| refusal(&format!("(module {MEMORY} {ENTRIES} (func {body}))"));
    assert!(matches!(
        function("(drop (f32.const 1))"),
        Refusal::Floats(_)
    ));
    assert!(matches!(function("(param f64)"), Refusal::Floats(_)));
    assert!(matches!(
        function("(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))"),
        Refusal::Invalid(_)
    ));
    assert!(matches!(
        function("(result i32 i32) (i32.const 0) (i32.const 0)"),
        Refusal::Invalid(_)
    ));
    assert!(matches!(
        function("(drop (v128.const i64x2 0 0))"),
        Refusal::Invalid(_)
    ));
    assert!(check(b"not wasm").is_err());
}

#[test]
fn a_kernel_has_the_form_of_a_contract() {
    let module = |text: &str| refusal(&format!("(module {text})"));
    assert_eq!(module(ENTRIES), Refusal::NoMemory);
    assert_eq!(
        module(&format!(r#"(import "env" "memory" (memory 17)) {ENTRIES}"#)),
        Refusal::Memory(17)
    );
    assert_eq!(
        module(&format!(
            r#"(import "env" "memory" (memory 2 99)) {ENTRIES}"#
        )),
        Refusal::Memory(99)
    );
    assert_eq!(
        module(&format!(r#"{MEMORY} (func (export "call"))"#)),
        Refusal::NoEntry("deploy")
    );
    assert_eq!(
        module(&format!(r#"{MEMORY} {ENTRIES} (func (export "more"))"#)),
        Refusal::Export("more".into())
    );
    assert_eq!(
        module(&format!(
            r#"{MEMORY} (func (export "call") (param i32)) (func (export "deploy"))"#
        )),
        Refusal::EntrySignature("call".into())
    );
    assert_eq!(
        module(&format!("{MEMORY} {ENTRIES} (func $f) (start $f)")),
        Refusal::Start
    );
    let padded = [kernel(RETURN_PLAN), vec![0; MAX_CODE]].concat();
    assert_eq!(check(&padded), Err(Refusal::TooLarge(padded.len())));
}

/// Returns the built kernel's code.
fn built() -> &'static [u8] {
    static CODE: OnceLock<Vec<u8>> = OnceLock::new();
    CODE.get_or_init(|| Bundle::find("yuma").expect("the built kernel").code)
}

/// Checks broken code: any answer will do, if it comes soon.
fn is_answered(code: &[u8]) {
    let start = Instant::now();
    let _ = check(code);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_broken_kernel_is_answered(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0u32..8), 1..9),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
        moved in prop::option::weighted(0.2, any::<[prop::sample::Index; 3]>()),
    ) {
        let mut code = built().to_vec();
        for (place, bit) in flips {
            code[place.index(built().len())] ^= 1 << bit;
        }
        if let Some([from, to, len]) = moved {
            let from = from.index(code.len());
            let piece = code[from..from + len.index(code.len() - from)].to_vec();
            let to = to.index(code.len());
            code.splice(to..to, piece);
        }
        if let Some(cut) = cut {
            code.truncate(cut.index(code.len()));
        }
        is_answered(&code);
    }

    #[test]
    fn flips_in_the_sections_before_the_code_are_answered(
        flips in prop::collection::vec((0usize..1024, any::<u8>()), 1..4),
    ) {
        let mut code = built().to_vec();
        for (place, byte) in flips {
            code[place] = byte;
        }
        is_answered(&code);
    }
}

#[test]
fn the_built_kernels_are_acceptable_and_no_other_contract_is() {
    for kernel in ["yuma", "mean"] {
        let code = Bundle::find(kernel).expect("a built kernel").code;
        let report = check(&code).expect("acceptable");
        assert!(report.imports.contains(&"seal2.set_storage".to_owned()));
        assert!(!report.in_steps.contains(&"seal2.set_storage".to_owned()));
    }
    for contract in ["token", "registry", "staking", "emission", "epoch"] {
        let code = Bundle::find(contract).expect("a built contract").code;
        let refusal = check(&code).expect_err("a refusal");
        assert!(refusal.path().is_some(), "{contract}: {refusal}");
    }
}
