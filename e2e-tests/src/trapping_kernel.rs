//! Kernels whose only step ends as a test wants it to.

use inktensor_compute::engine::wasm::PLAN;
use inktensor_primitives::{
    assertion::Assertion,
    dispute::StepProof,
    kernel::{EpochHeader, EpochPlan, KernelError, PhasePlan},
};
use scale::Encode;

/// Returns the text of a kernel whose plan has one phase over one chunk, and whose steps do `body`.
///
/// `$return` ends a step with the bytes at an address: flags, address, length. There are zeros at
/// 256; the bytes at 300 are ink!'s answer to input that it cannot read, those at 320 an honest
/// one.
pub fn text(body: &str) -> String {
    let selector = u32::from_le_bytes(PLAN);
    let plan = Ok::<_, ink::LangError>(Ok::<_, KernelError>(EpochPlan {
        chunk: 64,
        phases: vec![PhasePlan {
            rows: false,
            stake: false,
            memory: false,
        }],
        memory_phase: 0,
        results_phase: 0,
    }))
    .encode();
    let len = plan.len();
    let plan: String = plan.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(module
            (import "seal0" "input" (func $input (param i32 i32)))
            (import "seal0" "seal_return" (func $return (param i32 i32 i32)))
            (import "env" "memory" (memory 2 16))
            (data (i32.const 0) "{plan}")
            (data (i32.const 300) "\01\01")
            (data (i32.const 320) "\00\00\00\00\00\0c")
            (func (export "deploy"))
            (func (export "call")
                (i32.store (i32.const 512) (i32.const 100000))
                (call $input (i32.const 1024) (i32.const 512))
                (if (i32.eq (i32.load (i32.const 1024)) (i32.const {selector}))
                    (then (call $return (i32.const 0) (i32.const 0) (i32.const {len}))))
                {body}))"#
    )
}

/// The end of a step with an honest answer for three neurons: nothing for each.
pub const HONEST: &str = "(call $return (i32.const 0) (i32.const 320) (i32.const 115))";

/// Returns an assertion of one step about the epoch of `header`, which any account can make up.
pub fn made_up(header: &EpochHeader) -> Assertion {
    Assertion {
        header_hash: header.digest(),
        steps: vec![[1; 32]],
        memory: vec![[2; 32]],
        results: vec![[3; 32]],
        roster: Vec::new(),
    }
}

/// Returns the proof of the only step of `assertion`, which builds on nothing.
pub fn proof(assertion: &Assertion) -> StepProof {
    StepProof {
        assertion: assertion.clone(),
        carry: Vec::new(),
        carry_sibling: [0; 32],
        scratch: Vec::new(),
        scratch_sibling: [0; 32],
        memory: Vec::new(),
    }
}
