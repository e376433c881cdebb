//! A trusted kernel that cannot compute neighbouring steps in one call.

use super::kernel_text;
use inktensor_compute::{
    engine::wasm::{Wasm, PLAN, STEP},
    epoch::{compute, EpochInputs},
};
use inktensor_primitives::{
    hash::blake2,
    kernel::{ChunkInputs, EpochHeader, EpochPlan, NeuronResult, PhasePlan, Rows},
};
use inktensor_test_support::header;
use scale::Encode;

/// The message of groups fails in this kernel, and its steps succeed.
#[test]
fn steps_are_computed_one_by_one_where_groups_fail() {
    let phase = PhasePlan {
        rows: false,
        stake: false,
        memory: false,
    };
    let plan = EpochPlan {
        chunk: 64,
        phases: vec![phase],
        memory_phase: 0,
        results_phase: 0,
    };
    let text =
        |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("\\{byte:02x}")).collect() };
    let answer = |bytes: Vec<u8>| [vec![0, 0], bytes].concat();
    let plan = answer(plan.encode());
    let bytes = Vec::<u8>::new();
    let results = vec![NeuronResult::default(); 64];
    let output = (&bytes, &bytes, &bytes, results, &bytes);
    let output = answer(output.encode());
    let code = kernel_text(&format!(
        "(i32.store (i32.const 8) (i32.const 60000))
         (call $input (i32.const 8192) (i32.const 8))
         (if (i32.eq (i32.load (i32.const 8192)) (i32.const {plan_selector}))
            (then (call $return (i32.const 0) (i32.const 2000) (i32.const {plan_len}))))
         (if (i32.eq (i32.load (i32.const 8192)) (i32.const {step_selector}))
            (then (call $return (i32.const 0) (i32.const 3000) (i32.const {output_len}))))
         (unreachable)",
        plan_selector = u32::from_le_bytes(PLAN),
        plan_len = plan.len(),
        step_selector = u32::from_le_bytes(STEP),
        output_len = output.len(),
    ))
    .replace(
        "(func (export \"deploy\")",
        &format!(
            "(data (i32.const 2000) \"{}\") (data (i32.const 3000) \"{}\")
             (func (export \"deploy\")",
            text(&plan),
            text(&output)
        ),
    );
    let code = wat::parse_str(code).expect("Wasm text");
    let wasm = Wasm::new().and_then(|wasm| wasm.trusting(blake2(&code)));
    let kernel = wasm.and_then(|wasm| wasm.load(&code, &blake2(&code)));
    let kernel = kernel.expect("a kernel");
    let chunk = ChunkInputs {
        neurons: vec![Default::default(); 64],
        rows: Rows::default(),
    };
    let inputs = EpochInputs {
        header: EpochHeader {
            neurons: 128,
            roster: Vec::new(),
            ..header()
        },
        chunks: vec![chunk; 2],
        memory: vec![Vec::new(); 2],
    };
    for in_groups in [true, false] {
        assert_eq!(kernel.in_groups(), in_groups);
        let trace = compute(&*kernel, &inputs).expect("a trace");
        assert_eq!(trace.neurons().count(), 128);
    }
}
