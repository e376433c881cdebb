//! Says whether Wasm bytes are an acceptable kernel.
//!
//! A kernel must run on the chain, so all that `pallet-contracts` refuses is refused here: floats,
//! newer Wasm features, exports other than its two entry points, more memory than a contract has.
//! And it must be a pure function, so that it does the same in a worker and on the chain:
//!
//! * It imports nothing but its input, its return, and what ink! calls around messages and
//!   constructors.
//! * A step, that is whatever the entry point `call` can reach, may only call `seal0.input`,
//!   `seal0.seal_return`, `seal0.value_transferred` and `seal1.get_storage`. A call through the
//!   table is taken to reach every function in any element segment that has the signature the call
//!   asks for, whatever its place: Wasm traps on another signature.
//! * Storage holds nothing: a write is left to the constructor, which ink! lets write the empty
//!   root cell, and the length of what it writes must be the constant 0, right before the call. A
//!   kernel whose steps read storage needs such a constructor.
//!
//! What is left to the time of running: reading a cell other than the root cell stops a kernel in
//! the worker, since only ink!'s own reading of the root cell has a place in a step.

mod graph;
mod imports;
mod refusal;
mod shape;

pub use graph::{Hop, Path};
pub use refusal::Refusal;

use imports::{Import, GET_STORAGE, SET_STORAGE};
use inktensor_primitives::{hash::blake2, Digest};
use shape::Shape;
use wasmparser::{BinaryReaderError, MemoryType, Parser, Validator, WasmFeatures};

/// Most bytes of a contract's code: `MaxCodeLen` of the chains that Inktensor is for.
pub const MAX_CODE: usize = 123 * 1024;
/// Most pages of a contract's memory, 64 KiB each: `pallet-contracts`' schedule.
pub const MAX_PAGES: u32 = 16;

/// The entry point that steps come in by.
const CALL: &str = "call";
/// The entry point that runs once, when the kernel is instantiated.
const DEPLOY: &str = "deploy";

/// Wasm as `pallet-contracts` takes it: the first version and sign extension, without floats.
const FEATURES: WasmFeatures = WasmFeatures::SIGN_EXTENSION.union(WasmFeatures::GC_TYPES);

/// What is known about an acceptable kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// blake2b-256 of the code: what a subnet names its kernel by.
    pub code_hash: Digest,
    /// Bytes of code.
    pub size: usize,
    /// Pages of memory it starts with.
    pub initial_pages: u32,
    /// Pages of memory it may grow to.
    pub maximum_pages: u32,
    /// The functions it imports, as `module.name`.
    pub imports: Vec<String>,
    /// Those of them that a step can reach.
    pub in_steps: Vec<String>,
}

/// Checks `code`.
///
/// # Errors
/// The first reason to refuse it.
pub fn check(code: &[u8]) -> Result<Report, Refusal> {
    if code.len() > MAX_CODE {
        return Err(Refusal::TooLarge(code.len()));
    }
    Validator::new_with_features(FEATURES)
        .validate_all(code)
        .map_err(invalid)?;
    let mut shape = Shape::default();
    for payload in Parser::new(0).parse_all(code) {
        shape.read(&payload.map_err(invalid)?)?;
    }
    let (initial_pages, maximum_pages) = pages(&shape.memory.ok_or(Refusal::NoMemory)?)?;
    let entry = |name: &'static str| {
        let found = shape.entries.iter().find(|(found, _)| found == name);
        found
            .map(|(_, function)| *function)
            .ok_or(Refusal::NoEntry(name))
    };
    let deploy = entry(DEPLOY)?;
    let in_steps = steps(&shape, entry(CALL)?)?;
    if let Some(unknown) = shape.unknown {
        return Err(unknown);
    }
    if let Some(writer) = shape.writers.first() {
        return Err(Refusal::Writes(shape.graph.hop(*writer).to_string()));
    }
    if in_steps.iter().any(|name| name == GET_STORAGE) && !writes(&shape, deploy) {
        return Err(Refusal::NoRootCell);
    }
    Ok(Report {
        code_hash: blake2(code),
        size: code.len(),
        initial_pages,
        maximum_pages,
        imports: shape.imports,
        in_steps,
    })
}

/// The imports that a step can reach, if it may call them all.
fn steps(shape: &Shape, call: u32) -> Result<Vec<String>, Refusal> {
    let reach = shape.graph.reach(call);
    let mut names = Vec::new();
    for import in reach.imports() {
        let name = shape.graph.import_name(import).unwrap_or_default();
        let known = name
            .split_once('.')
            .and_then(|(module, name)| Import::find(module, name));
        if !known.is_some_and(|known| known.in_steps) {
            if let Some(path) = reach.path(CALL, import) {
                return Err(Refusal::Reaches { path });
            }
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

/// Whether `function` can reach the writing of storage.
fn writes(shape: &Shape, function: u32) -> bool {
    let reached = shape.graph.reach(function).imports();
    let mut names = reached
        .into_iter()
        .filter_map(|import| shape.graph.import_name(import));
    names.any(|name| name == SET_STORAGE)
}

/// The pages a memory starts with and may grow to; without a maximum, what the chain allows.
pub(super) fn pages(memory: &MemoryType) -> Result<(u32, u32), Refusal> {
    let within = |pages: u64| {
        u32::try_from(pages)
            .ok()
            .filter(|pages| *pages <= MAX_PAGES)
            .ok_or(Refusal::Memory(pages))
    };
    let maximum = memory.maximum.unwrap_or(u64::from(MAX_PAGES));
    Ok((within(memory.initial)?, within(maximum)?))
}

/// The parser's refusal, with floats told apart: they are the commonest mistake.
fn invalid(error: BinaryReaderError) -> Refusal {
    if error.message().starts_with("floating-point") {
        Refusal::Floats(error.offset())
    } else {
        Refusal::Invalid(format!("{} at byte {:#x}", error.message(), error.offset()))
    }
}

#[cfg(test)]
mod tests;
