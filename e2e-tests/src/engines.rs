//! The two engines that compute epochs off the chain.

use crate::bundles::bundles;
use inktensor_compute::{
    engine::{
        native::{Mean, Native},
        wasm::{Wasm, WasmKernel},
        Engine,
    },
    epoch::{compute, EpochInputs, Trace},
};
use inktensor_primitives::{hash::blake2, Digest};
use inktensor_worker::kernels::{EngineChoice, Kernels};
use std::sync::{Arc, OnceLock};

/// Returns the kernels of a worker that runs the chain's code in wasmtime. They are compiled once
/// per process.
pub fn kernels() -> Arc<Kernels> {
    static KERNELS: OnceLock<Arc<Kernels>> = OnceLock::new();
    let kernels = KERNELS
        .get_or_init(|| Arc::new(Kernels::new(EngineChoice::Wasm).expect("wasmtime starts")));
    Arc::clone(kernels)
}

/// Returns the kernel with code hash `hash`, loaded into wasmtime.
pub fn wasm(code: &[u8], hash: &Digest) -> Arc<WasmKernel> {
    static WASM: OnceLock<Wasm> = OnceLock::new();
    WASM.get_or_init(|| Wasm::new().expect("wasmtime starts"))
        .load(code, hash)
        .expect("the kernel is acceptable")
}

/// Returns the linked kernel that the code with `hash` is built from.
fn native(hash: &Digest) -> Box<dyn Engine> {
    if *hash == blake2(&bundles().mean.code) {
        Box::new(Mean)
    } else {
        Box::new(Native::new())
    }
}

/// Computes an epoch natively and in wasmtime.
///
/// # Panics
/// If the two differ in a byte.
pub fn compute_twice(kernel: &WasmKernel, inputs: &EpochInputs) -> Trace {
    let in_wasmtime = compute(kernel, inputs).expect("wasmtime computes the epoch");
    let native = native(&inputs.header.kernel_code);
    let natively = compute(&*native, inputs).expect("the native kernel computes the epoch");
    assert_eq!(in_wasmtime.assertion(), natively.assertion());
    assert_eq!(in_wasmtime.steps, natively.steps);
    assert_eq!(in_wasmtime.memory, natively.memory);
    assert_eq!(in_wasmtime.results, natively.results);
    assert_eq!(in_wasmtime.roster, natively.roster);
    in_wasmtime
}
