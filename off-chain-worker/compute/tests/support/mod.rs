//! Helpers that several tests share.
#![allow(dead_code)]

pub mod metagraph;

use inktensor_client::deploy::Bundle;
use inktensor_compute::{
    engine::{
        wasm::{Wasm, WasmKernel},
        Engine, EngineError,
    },
    epoch::{compute, EpochInputs, Trace},
    vectors::{self, Located, Vector},
};
use inktensor_primitives::{hash::blake2, Digest};
use std::{fs, path::Path, sync::Arc};

/// Returns the built Yuma kernel in wasmtime, trusted as workers trust it.
pub fn built_kernel() -> Arc<WasmKernel> {
    built(|wasm, hash| wasm.trusting(hash))
}

/// Returns the built Yuma kernel in wasmtime as one from elsewhere.
pub fn untrusted_kernel() -> Arc<WasmKernel> {
    built(|wasm, _| Ok(wasm))
}

fn built(trust: impl FnOnce(Wasm, Digest) -> Result<Wasm, EngineError>) -> Arc<WasmKernel> {
    let bundle = Bundle::find("yuma").unwrap_or_else(|error| panic!("{error}"));
    let hash = blake2(&bundle.code);
    Wasm::new()
        .and_then(|wasm| trust(wasm, hash))
        .and_then(|wasm| wasm.load(&bundle.code, &hash))
        .expect("the built kernel loads")
}

/// Returns the vectors that come with the kernel.
pub fn kernel_vectors() -> Vec<Located> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../contracts/kernels/yuma/vectors/yuma.jsonl");
    let text = fs::read_to_string(&file).expect("the kernel's vectors");
    vectors::read("yuma.jsonl", &text).expect("the kernel's vectors are well formed")
}

/// Returns the inputs of a vector's epoch.
pub fn inputs(engine: &dyn Engine, vector: &Vector) -> EpochInputs {
    let header = vector.header([7; 32]);
    let plan = engine.plan(&header).expect("a plan");
    vector.inputs(header, &plan)
}

/// Returns the trace of a vector's epoch.
pub fn trace(engine: &dyn Engine, vector: &Vector) -> Trace {
    compute(engine, &inputs(engine, vector)).expect("a trace")
}
