//! Checks that Wasm bytes are an acceptable kernel.
//!
//! A kernel must run on the chain. So the check refuses what `pallet-contracts` refuses: floats,
//! newer Wasm features, exports other than the two entry points, more memory than a contract has. A
//! kernel must also be a pure function, so that it computes the same in a worker and on the chain:
//!
//! * It imports only its input, its return, and the functions that ink! calls around messages and
//!   constructors.
//! * A step, that is every function that the entry point `call` can reach, may only call
//!   `seal0.input`, `seal0.seal_return`, `seal0.value_transferred` and `seal1.get_storage`. A call
//!   through the table counts as a call of every function in any element segment with the right
//!   signature, whatever its place: Wasm traps on another signature.
//! * Storage is empty. Only the constructor may write, as ink!'s does, the empty root cell: the
//!   length of the value must be the constant 0, right before the call. A kernel whose steps read
//!   storage needs such a constructor.
//! * A table has at most 1024 elements.
//!
//! One rule is left to the run: a step that reads a cell other than the root cell stops in the
//! worker, since only ink!'s own reading of the root cell is part of a step.

mod graph;
mod imports;
mod refusal;
mod shape;

pub use graph::{Hop, Path};
pub use refusal::Refusal;

use graph::shown;
use imports::{Import, GET_STORAGE, SET_STORAGE};
use inktensor_primitives::{hash::blake2, Digest};
use shape::Shape;
use wasmparser::{
    BinaryReaderError, MemoryType, Parser, Payload, TypeRef, Validator, WasmFeatures,
};

/// Largest length of a contract's code in bytes: `MaxCodeLen` of the chains that Inktensor is for.
pub const MAX_CODE: usize = 123 * 1024;
/// Largest memory of a contract, in pages of 64 KiB: the schedule of `pallet-contracts`.
pub const MAX_PAGES: u32 = 16;
/// Bytes of a page of memory.
pub const PAGE_SIZE: usize = 64 * 1024;

/// Largest number of elements of a table. The chain takes more, and some machine would not.
pub const MAX_TABLE: u64 = 1024;

/// Entry point of all steps.
const CALL: &str = "call";
/// Entry point that runs once, when the kernel is instantiated.
const DEPLOY: &str = "deploy";

/// First bytes of every Wasm file.
const MAGIC: &[u8] = b"\0asm";
/// Wasm as `pallet-contracts` accepts it: the first version and sign extension, without floats.
const FEATURES: WasmFeatures = WasmFeatures::SIGN_EXTENSION.union(WasmFeatures::GC_TYPES);

/// The properties of an acceptable kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// blake2b-256 of the code: a subnet names its kernel by this hash.
    pub code_hash: Digest,
    /// Length of the code in bytes.
    pub size: usize,
    /// Initial pages of memory.
    pub initial_pages: u32,
    /// Largest number of pages of memory.
    pub maximum_pages: u32,
    /// Imported functions, as `module.name`.
    pub imports: Vec<String>,
    /// Imported functions that a step can reach.
    pub in_steps: Vec<String>,
}

/// Checks `code`.
///
/// # Errors
/// The first reason to refuse it.
pub fn check(code: &[u8]) -> Result<CheckReport, Refusal> {
    if code.len() > MAX_CODE {
        return Err(Refusal::TooLarge(code.len()));
    }
    // The parser's own text for this shows the bytes, over many lines.
    if !code.starts_with(MAGIC) {
        return Err(Refusal::Invalid("it is not a Wasm file".into()));
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
    Ok(CheckReport {
        code_hash: blake2(code),
        size: code.len(),
        initial_pages,
        maximum_pages,
        imports: shape.imports,
        in_steps,
    })
}

/// Returns the functions that the code of any contract imports, as `module.name`.
///
/// # Errors
/// `Invalid` if the code is not Wasm.
pub fn imported_functions(code: &[u8]) -> Result<Vec<String>, Refusal> {
    if !code.starts_with(MAGIC) {
        return Err(Refusal::Invalid("it is not a Wasm file".into()));
    }
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(code) {
        let Payload::ImportSection(imports) = payload.map_err(invalid)? else {
            continue;
        };
        for import in imports.into_imports() {
            let import = import.map_err(invalid)?;
            if matches!(import.ty, TypeRef::Func(_)) {
                names.push(format!("{}.{}", shown(import.module), shown(import.name)));
            }
        }
    }
    Ok(names)
}

/// Returns the imports that a step can reach, if a step may call all of them.
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

/// Returns true if `function` can reach a write to storage.
fn writes(shape: &Shape, function: u32) -> bool {
    let reached = shape.graph.reach(function).imports();
    let mut names = reached
        .into_iter()
        .filter_map(|import| shape.graph.import_name(import));
    names.any(|name| name == SET_STORAGE)
}

/// Returns the initial and the largest number of pages of a memory; without a maximum, the chain's
/// limit.
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

/// Converts the parser's error. Floats are an error of their own: they are the commonest mistake.
pub(super) fn invalid(error: BinaryReaderError) -> Refusal {
    if error.message().starts_with("floating-point") {
        Refusal::Floats(error.offset())
    } else {
        Refusal::Invalid(format!("{} at byte {:#x}", error.message(), error.offset()))
    }
}

#[cfg(test)]
mod tests;
