//! Kernels that try to keep something from one step to the next.

use super::kernel_text;
use inktensor_compute::engine::{
    wasm::{Wasm, WasmKernel},
    Engine,
};
use inktensor_primitives::hash::blake2;
use inktensor_test_support::header;
use std::{sync::Arc, thread};

/// A kernel that looks for what an earlier call left behind, in every place where it then leaves
/// something itself: two globals, its data, memory that it began with, the size of its memory, and
/// memory that it adds, if it `grows`. It returns the number of places where it found something, as
/// the plan's chunk. Kernels with different marks have different code.
fn keeper(mark: u32, pages: u32, grows: bool) -> Vec<u8> {
    let found = |test: &str| {
        format!("(if {test} (then (local.set $found (i32.add (local.get $found) (i32.const 1)))))")
    };
    let traces = |places: &[u32]| -> String {
        let trace = |at: &u32| {
            let left = format!("(i32.load (i32.const {at}))");
            format!(
                "{} (i32.store (i32.const {at}) (i32.const -1))",
                found(&left)
            )
        };
        places.iter().map(trace).collect()
    };
    let end = pages * 65_536;
    let grown = match grows {
        false => String::new(),
        true => {
            let grow = format!(
                "(i32.ne (memory.grow (i32.const {})) (i32.const {pages}))",
                16 - pages
            );
            found(&grow) + &traces(&[end, end + 4_096, 589_824, 1_048_572])
        }
    };
    let body = format!(
        "(local $found i32)
         {global} (global.set $count (i32.const {mark}))
         {wide} (global.set $wide (i64.const {mark}))
         {data} (i32.store8 (i32.const 1000) (i32.const 6))
         {size}
         {begun}
         {grown}
         (i64.store (i32.const 0) (i64.const 0))
         (i32.store16 (i32.const 2) (local.get $found))
         (call $return (i32.const 0) (i32.const 0) (i32.const 7))",
        global = found("(global.get $count)"),
        wide = found("(i64.ne (global.get $wide) (i64.const -7))"),
        data = found("(i32.ne (i32.load8_u (i32.const 1000)) (i32.const 5))"),
        size = found(&format!("(i32.ne (memory.size) (i32.const {pages}))")),
        begun = traces(&[996, 1_004, 4_096, 65_532, 65_536, end - 4_096, end - 4]),
    );
    let text = kernel_text(&body)
        .replace("(memory 2 16)", &format!("(memory {pages} 16)"))
        .replace(
            "(global $count",
            "(global $fixed i32 (i32.const 3)) (global $wide (mut i64) (i64.const -7)) \
             (global $count",
        );
    wat::parse_str(text).expect("Wasm text")
}

fn load(wasm: &Wasm, code: &[u8]) -> Arc<WasmKernel> {
    wasm.load(code, &blake2(code)).expect("a kernel")
}

fn found(kernel: &WasmKernel) -> u16 {
    kernel.plan(&header()).expect("a plan").chunk
}

#[test]
fn nothing_is_left_of_a_step_whether_watched_or_trusted() {
    // A kernel whose instances are used again, one that needs new ones, one of each whose memory is
    // too large to be cleared, and more kernels than instances may wait.
    let mut codes = vec![
        keeper(0, 2, false),
        keeper(1, 2, true),
        keeper(2, 15, false),
        keeper(3, 15, true),
    ];
    codes.extend((4..12).map(|mark| keeper(mark, 2, mark % 4 == 0)));
    let watching = Wasm::new().expect("wasmtime");
    let trusting = codes
        .iter()
        .try_fold(Wasm::new().expect("wasmtime"), |wasm, code| {
            wasm.trusting(blake2(code))
        });
    for wasm in [watching, trusting.expect("wasmtime")] {
        // They take turns in the same slots of the pool, and may not find each other's traces.
        let kernels: Vec<Arc<WasmKernel>> = codes.iter().map(|code| load(&wasm, code)).collect();
        for _ in 0..20 {
            for kernel in &kernels {
                assert_eq!([found(kernel), found(kernel)], [0, 0]);
            }
        }
        thread::scope(|scope| {
            for kernel in kernels.iter().chain(&kernels) {
                scope.spawn(move || (0..50).for_each(|_| assert_eq!(found(kernel), 0)));
            }
        });
    }
}

/// Globals that are too many to be written again are those of a fresh instance.
#[test]
fn nothing_is_left_in_many_globals() {
    let text = kernel_text(
        "(i32.store16 (i32.const 2) (global.get $last))
         (global.set $last (i32.const 1))
         (call $return (i32.const 0) (i32.const 0) (i32.const 7))",
    );
    for many in [1, 63, 64, 1_000] {
        let globals = "(global (mut i32) (i32.const 0)) ".repeat(many);
        let globals = format!("{globals} (global $last (mut i32) (i32.const 0)) (global $count");
        let text = text.replace("(global $count", &globals);
        let wasm = Wasm::new().expect("wasmtime");
        let kernel = load(&wasm, &wat::parse_str(text).expect("Wasm text"));
        assert_eq!([found(&kernel), found(&kernel)], [0, 0], "{many}");
    }
}

/// A step that traps leaves as little behind as one that returns.
#[test]
fn nothing_is_left_of_a_step_that_failed() {
    let text = kernel_text(
        "(if (i32.load (i32.const 131068))
            (then (call $return (i32.const 0) (i32.const 0) (i32.const 7))))
         (i32.store (i32.const 131068) (i32.const 1))
         (drop (memory.grow (i32.const 14)))
         (i32.store (i32.const 1048572) (i32.const 1))
         unreachable",
    );
    let code = wat::parse_str(text).expect("Wasm text");
    let wasm = Wasm::new().expect("wasmtime");
    let kernel = load(&wasm, &code);
    for _ in 0..50 {
        assert!(kernel.plan(&header()).is_err());
    }
}

/// Returns the kernel `text` as one from elsewhere and as a trusted one.
fn both(text: &str) -> [Arc<WasmKernel>; 2] {
    let code = wat::parse_str(text).expect("Wasm text");
    let trusting = Wasm::new().and_then(|wasm| wasm.trusting(blake2(&code)));
    [Wasm::new(), trusting].map(|wasm| load(&wasm.expect("wasmtime"), &code))
}

/// The memory of a trusted kernel grows by a counter, which the kernel cannot tell.
#[test]
fn memory_of_a_trusted_kernel_grows_as_any() {
    let grow = |pages: i32| {
        format!(
            "(local.set $seen (i32.add (i32.mul (local.get $seen) (i32.const 31))
                (i32.mul (memory.size) (memory.grow (i32.const {pages})))))"
        )
    };
    let cases: [&[i32]; 6] = [
        &[0, 1, 0, 13, 0],
        &[14, 0, 1],
        &[15, 3, 11, 1],
        &[-1, 1],
        &[i32::MIN, i32::MAX, 2],
        &[1; 16],
    ];
    let mut answers = Vec::new();
    for (case, max) in cases
        .iter()
        .flat_map(|case| [(case, " 16"), (case, " 9"), (case, "")])
    {
        let steps: String = case.iter().copied().map(grow).collect();
        let text = kernel_text(&format!(
            "(local $seen i32) {steps}
             (i64.store (i32.const 0) (i64.const 0))
             (i32.store16 (i32.const 2) (local.get $seen))
             (call $return (i32.const 0) (i32.const 0) (i32.const 7))"
        ));
        let text = text.replace("(memory 2 16)", &format!("(memory 2{max})"));
        let [plain, trusted] = both(&text);
        for _ in 0..3 {
            assert_eq!(found(&plain), found(&trusted), "{case:?} of{max}");
        }
        answers.push(found(&plain));
    }
    answers.sort_unstable();
    answers.dedup();
    assert!(answers.len() > 6, "the cases differ");
}

/// The host reads and writes nothing behind the memory that a kernel has, trusted or not.
#[test]
fn the_host_keeps_within_the_memory() {
    let input = "(i32.store (i32.const 8) (i32.const 65536))";
    let answer = "(call $return (i32.const 0) (i32.const 0) (i32.const 7))";
    for body in [
        format!("{input} (call $input (i32.const 131072) (i32.const 8)) {answer}"),
        format!("{input} (call $input (i32.const 130900) (i32.const 8)) {answer}"),
        format!("(call $input (i32.const 16) (i32.const 131072)) {answer}"),
        "(call $return (i32.const 0) (i32.const 131070) (i32.const 7))".into(),
        "(call $return (i32.const 0) (i32.const 900000) (i32.const 7))".into(),
    ] {
        let [plain, trusted] = both(&kernel_text(&body)).map(|kernel| kernel.plan(&header()));
        let error = plain.expect_err("outside").to_string();
        assert!(error.contains("outside its memory"), "{error}");
        assert_eq!(trusted.expect_err("outside").to_string(), error);
    }
}

#[test]
fn data_behind_the_first_pages_is_refused_of_a_trusted_kernel_too() {
    let text = kernel_text("(call $return (i32.const 0) (i32.const 0) (i32.const 7))");
    for (place, fits) in [(131_071, true), (131_072, false), (-1, false)] {
        let data = format!("(data (i32.const {place}) \"\\05\")");
        let text = text.replace("(data (i32.const 1000) \"\\05\")", &data);
        for kernel in both(&text) {
            assert_eq!(kernel.plan(&header()).is_ok(), fits, "{place}");
        }
    }
}

/// Memory that the step before had, and this one has not added, is out of reach.
#[test]
fn memory_of_the_step_before_is_out_of_reach() {
    let text = kernel_text(
        "(i32.store (i32.const 8) (i32.const 65536))
         (call $input (i32.const 16) (i32.const 8))
         (if (i32.gt_u (i32.load (i32.const 8)) (i32.const 400))
            (then (drop (memory.grow (i32.const 14)))))
         (i32.store (i32.const 131072) (i32.const 1))
         (call $return (i32.const 0) (i32.const 131080) (i32.const 7))",
    );
    let code = wat::parse_str(text).expect("Wasm text");
    let wasm = Wasm::new().expect("wasmtime");
    let kernel = load(&wasm, &code);
    let (small, mut large) = (header(), header());
    large.params = vec![0; 1_000];
    for _ in 0..20 {
        assert!(kernel.plan(&large).is_ok(), "it adds memory");
        let trapped = kernel.plan(&small).expect_err("a trap").to_string();
        assert!(trapped.contains("out of bounds"), "{trapped}");
    }
}
