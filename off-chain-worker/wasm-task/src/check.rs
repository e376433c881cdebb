//! Checks that bytes are the code of a task or a fold, before any of it is compiled.
//!
//! It has Wasm 2.0 and nothing newer: with SIMD, without relaxed SIMD, threads, or memories of
//! 64 bits. It imports nothing, starts nothing by itself, exports its memory and the functions of
//! the interface, and stays within the limits of this crate.

use crate::{Interface, MAX_CODE, MAX_FUNCTION, MAX_LOCALS, MAX_TABLE, MAX_VALUES};
use std::collections::BTreeMap;
use thiserror::Error;
use wasmparser::{
    BinaryReaderError, ExternalKind, FuncType, FunctionBody, Parser, Payload, TypeRef, ValType,
    Validator, WasmFeatures,
};

/// First bytes of every Wasm file.
const MAGIC: &[u8] = b"\0asm";
/// Name of the exported memory.
pub const MEMORY: &str = "memory";
/// Most letters of a name in a refusal.
const SHOWN: usize = 64;

/// A reason to refuse bytes as a task or a fold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The code is too long.
    #[error("its code has {0} bytes, and {MAX_CODE} is the most; build with lto and strip")]
    TooLarge(usize),
    /// The bytes are damaged, or use what is newer than Wasm 2.0. The text has feature and place.
    #[error(
        "it is not valid Wasm 2.0: {0}; build for wasm32-unknown-unknown, without relaxed SIMD"
    )]
    Invalid(String),
    /// The program imports something: module and name.
    #[error(
        "it imports {0}.{1}, and a program imports nothing; build for wasm32-unknown-unknown, without \
         crates that need a system"
    )]
    Import(String, String),
    /// The program runs code when it is instantiated.
    #[error(
        "it has a start function, and a program runs only when it is called; build it as a cdylib"
    )]
    Start,
    /// A function is too long.
    #[error("a function at byte {0:#x} has {1} bytes, and {MAX_FUNCTION} is the most; divide it")]
    Function(usize, usize),
    /// A function has too many local variables.
    #[error(
        "a function at byte {0:#x} has {1} local variables, and {MAX_LOCALS} is the most; divide it"
    )]
    Locals(usize, u32),
    /// A type of functions or blocks has too many parameters or results.
    #[error(
        "a type has {0} parameters or results, and {MAX_VALUES} is the most; pass them in memory"
    )]
    Values(usize),
    /// The program begins with too much memory: pages, and the most of them.
    #[error("it begins with {0} pages of memory, and {1} is the most; use less static data")]
    Memory(u64, u32),
    /// The tables are too long together.
    #[error("its tables have {0} elements, and {MAX_TABLE} is the most")]
    Table(u64),
    /// An export is missing.
    #[error(
        "it does not export {0}; write inktensor_task::export!(TASK) or export_fold!(FOLD) in its \
         crate"
    )]
    NoExport(&'static str),
    /// An export has another kind or signature.
    #[error(
        "its export {0} is not {1}; write inktensor_task::export!(TASK) or export_fold!(FOLD) in \
         its crate"
    )]
    Export(&'static str, &'static str),
}

/// Checks that `code` has an interface.
///
/// # Errors
/// The first reason to refuse it.
pub fn check(code: &[u8], interface: Interface) -> Result<(), Refusal> {
    if code.len() > MAX_CODE {
        return Err(Refusal::TooLarge(code.len()));
    }
    // The parser's own text for this shows the bytes, over many lines.
    if !code.starts_with(MAGIC) {
        return Err(Refusal::Invalid("it is not a Wasm file".into()));
    }
    // The shape first: a refusal by name is better than one by a newer feature.
    let mut shape = Shape::default();
    for payload in Parser::new(0).parse_all(code) {
        shape.read(&payload.map_err(invalid)?, interface)?;
    }
    Validator::new_with_features(WasmFeatures::WASM2)
        .validate_all(code)
        .map_err(invalid)?;
    shape.exports(interface)
}

/// The shape of a module, as far as its interface is concerned.
#[derive(Default)]
struct Shape {
    types: Vec<Option<FuncType>>,
    /// Type of each function.
    functions: Vec<u32>,
    exports: BTreeMap<String, (ExternalKind, u32)>,
    /// Elements of all tables.
    elements: u64,
}

impl Shape {
    fn read(&mut self, payload: &Payload, interface: Interface) -> Result<(), Refusal> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types.clone() {
                    for ty in group.map_err(invalid)?.into_types() {
                        self.types.push(match ty.composite_type.inner {
                            wasmparser::CompositeInnerType::Func(signature) => {
                                Some(with_few_values(signature)?)
                            }
                            _ => None,
                        });
                    }
                }
            }
            Payload::ImportSection(imports) => {
                if let Some(import) = imports.clone().into_imports().next() {
                    let import = import.map_err(invalid)?;
                    let kind = match import.ty {
                        TypeRef::Memory(_) => " (a memory)",
                        TypeRef::Table(_) => " (a table)",
                        TypeRef::Global(_) => " (a global)",
                        _ => "",
                    };
                    let name = format!("{}{kind}", shown(import.name));
                    return Err(Refusal::Import(shown(import.module), name));
                }
            }
            Payload::FunctionSection(functions) => {
                for ty in functions.clone() {
                    self.functions.push(ty.map_err(invalid)?);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables.clone() {
                    let initial = table.map_err(invalid)?.ty.initial;
                    self.elements = self.elements.saturating_add(initial);
                }
                if self.elements > MAX_TABLE {
                    return Err(Refusal::Table(self.elements));
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories.clone() {
                    let initial = memory.map_err(invalid)?.initial;
                    let most = interface.most_pages();
                    if initial > u64::from(most) {
                        return Err(Refusal::Memory(initial, most));
                    }
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone() {
                    let export = export.map_err(invalid)?;
                    let (name, kind) = (export.name.to_owned(), export.kind);
                    self.exports.insert(name, (kind, export.index));
                }
            }
            Payload::StartSection { .. } => return Err(Refusal::Start),
            Payload::CodeSectionEntry(body) => within(body)?,
            _ => {}
        }
        Ok(())
    }

    /// Checks that the interface is exported.
    fn exports(&self, interface: Interface) -> Result<(), Refusal> {
        match self.exports.get(MEMORY) {
            None => return Err(Refusal::NoExport(MEMORY)),
            Some((ExternalKind::Memory, _)) => {}
            Some(_) => return Err(Refusal::Export(MEMORY, "a memory")),
        }
        let input = FuncType::new([ValType::I32], [ValType::I32]);
        self.function(interface.input(), &input, "a function from i32 to i32")?;
        let other = FuncType::new([], [ValType::I64]);
        for function in interface.functions() {
            self.function(function.name(), &other, "a function that returns i64")?;
        }
        Ok(())
    }

    fn function(
        &self,
        name: &'static str,
        signature: &FuncType,
        wanted: &'static str,
    ) -> Result<(), Refusal> {
        let (kind, index) = self.exports.get(name).ok_or(Refusal::NoExport(name))?;
        let found = self.signature(*index);
        match *kind == ExternalKind::Func && found == Some(signature) {
            true => Ok(()),
            false => Err(Refusal::Export(name, wanted)),
        }
    }

    fn signature(&self, function: u32) -> Option<&FuncType> {
        let ty = self.functions.get(usize::try_from(function).ok()?)?;
        self.types.get(usize::try_from(*ty).ok()?)?.as_ref()
    }
}

/// Checks the number of parameters and of results.
fn with_few_values(signature: FuncType) -> Result<FuncType, Refusal> {
    let count = signature.params().len().max(signature.results().len());
    match count <= MAX_VALUES {
        true => Ok(signature),
        false => Err(Refusal::Values(count)),
    }
}

/// Checks the length of a function, and the number of its local variables.
fn within(body: &FunctionBody) -> Result<(), Refusal> {
    let range = body.range();
    let bytes = range.end.saturating_sub(range.start);
    if bytes > MAX_FUNCTION {
        return Err(Refusal::Function(range.start, bytes));
    }
    let mut count = 0_u32;
    for locals in body.get_locals_reader().map_err(invalid)? {
        let (of_type, _) = locals.map_err(invalid)?;
        count = count.saturating_add(of_type);
    }
    match count <= MAX_LOCALS {
        true => Ok(()),
        false => Err(Refusal::Locals(range.start, count)),
    }
}

/// Returns a name of the module, shortened, with control characters escaped.
pub fn shown(name: &str) -> String {
    let letters = name.chars().take(SHOWN);
    letters.flat_map(char::escape_debug).collect()
}

fn invalid(error: BinaryReaderError) -> Refusal {
    Refusal::Invalid(format!("{} at byte {:#x}", error.message(), error.offset()))
}
