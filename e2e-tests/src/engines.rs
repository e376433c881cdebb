//! The two executors off the chain.

use inktensor_primitives::Digest;
use inktensor_worker::{
    engine::{
        native::Native,
        wasm::{Wasm, WasmKernel},
    },
    epoch::{compute, EpochInputs, Trace},
};
use std::sync::{Arc, OnceLock};

/// The kernel with code hash `hash`, in wasmtime.
pub fn wasm(code: &[u8], hash: &Digest) -> Arc<WasmKernel> {
    static WASM: OnceLock<Wasm> = OnceLock::new();
    WASM.get_or_init(|| Wasm::new().expect("wasmtime starts"))
        .load(code, hash)
        .expect("the kernel is acceptable")
}

/// Computes an epoch natively and in wasmtime; both must agree in every byte.
pub fn compute_twice(kernel: &WasmKernel, inputs: &EpochInputs) -> Trace {
    let in_wasmtime = compute(kernel, inputs).expect("wasmtime computes the epoch");
    let natively = compute(&Native::new(), inputs).expect("the native kernel computes the epoch");
    assert_eq!(in_wasmtime.assertion(), natively.assertion());
    assert_eq!(in_wasmtime.steps, natively.steps);
    assert_eq!(in_wasmtime.memory, natively.memory);
    assert_eq!(in_wasmtime.results, natively.results);
    assert_eq!(in_wasmtime.roster, natively.roster);
    in_wasmtime
}
