//! Says whether Wasm bytes are an acceptable kernel.
//!
//! A kernel must run on the chain, so all that `pallet-contracts` refuses is refused here: floats, newer Wasm features,
//! exports other than its two entry points, more memory than a contract has. And it must be a pure function, so it may
//! import nothing but its input, its return, and what ink! reads around a message.

use inktensor_primitives::{hash::blake2, Digest};
use wasmparser::{
    BinaryReaderError, CompositeInnerType, ExternalKind, FuncType, MemoryType, Parser, Payload,
    TypeRef, ValType, Validator, WasmFeatures,
};

/// Most bytes of a contract's code: `MaxCodeLen` of the chains that Inktensor is for.
pub const MAX_CODE: usize = 123 * 1024;
/// Most pages of a contract's memory, 64 KiB each: `pallet-contracts`' schedule.
pub const MAX_PAGES: u32 = 16;

/// A function that a kernel may import. All parameters and results are `i32`.
struct Import {
    module: &'static str,
    name: &'static str,
    parameters: usize,
    results: usize,
}

/// All that a pure ink! contract imports.
const IMPORTS: [Import; 5] = [
    Import {
        module: "seal0",
        name: "input",
        parameters: 2,
        results: 0,
    },
    Import {
        module: "seal0",
        name: "seal_return",
        parameters: 3,
        results: 0,
    },
    Import {
        module: "seal0",
        name: "value_transferred",
        parameters: 2,
        results: 0,
    },
    // ink! reads the root cell before a message. A kernel's is empty.
    Import {
        module: "seal1",
        name: "get_storage",
        parameters: 4,
        results: 1,
    },
    // ink! writes the root cell in the constructor. A step that calls it is stopped.
    Import {
        module: "seal2",
        name: "set_storage",
        parameters: 4,
        results: 1,
    },
];

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
}

/// Why bytes are no acceptable kernel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The chain would not take so much code. Build for size, or do less.
    #[error("its code has {0} bytes, {MAX_CODE} are allowed")]
    TooLarge(usize),
    /// Not Wasm, or Wasm that uses more than the chain takes; the reason names the feature and the place.
    #[error("it is not valid Wasm for a contract: {0}")]
    Invalid(String),
    /// Floats are not deterministic across machines. Use fixed point.
    #[error("it uses floating point at byte {0:#x}")]
    Floats(usize),
    /// A pure step has no use for this function: module and name.
    #[error("it imports {0}.{1}, which no kernel may call")]
    Import(String, String),
    /// A function is imported with another signature than the chain's.
    #[error("it imports {0}.{1} with a wrong signature")]
    ImportSignature(String, String),
    /// Something else than functions and memory is imported.
    #[error("it imports {0}.{1}, which is not a function")]
    ImportKind(String, String),
    /// A contract imports its memory as `env.memory`.
    #[error("it does not import the memory env.memory")]
    NoMemory,
    /// The chain gives a contract at most [`MAX_PAGES`] pages: how many it asks for.
    #[error("it asks for {0} pages of memory, {MAX_PAGES} are allowed")]
    Memory(u64),
    /// A contract exports `call` and `deploy` and nothing else.
    #[error("it exports {0}, a contract exports only the functions call and deploy")]
    Export(String),
    /// An entry point is missing.
    #[error("it does not export the function {0}")]
    NoEntry(&'static str),
    /// An entry point takes or returns something.
    #[error("its entry point {0} takes or returns values")]
    EntrySignature(String),
    /// Code that runs before the entry point.
    #[error("it has a start function")]
    Start,
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
    let memory = shape.memory.ok_or(Refusal::NoMemory)?;
    let (initial_pages, maximum_pages) = pages(&memory)?;
    for entry in ["call", "deploy"] {
        if !shape.entries.iter().any(|found| found == entry) {
            return Err(Refusal::NoEntry(entry));
        }
    }
    Ok(Report {
        code_hash: blake2(code),
        size: code.len(),
        initial_pages,
        maximum_pages,
        imports: shape.imports,
    })
}

/// What a kernel asks of its surroundings, read section by section.
#[derive(Default)]
struct Shape {
    /// Per type: the function's signature, `None` if it is not a function's.
    types: Vec<Option<FuncType>>,
    /// Per function: its type.
    functions: Vec<u32>,
    imports: Vec<String>,
    memory: Option<MemoryType>,
    entries: Vec<String>,
}

impl Shape {
    fn read(&mut self, payload: &Payload) -> Result<(), Refusal> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types.clone() {
                    for ty in group.map_err(invalid)?.into_types() {
                        self.types.push(match ty.composite_type.inner {
                            CompositeInnerType::Func(signature) => Some(signature),
                            _ => None,
                        });
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    let import = import.map_err(invalid)?;
                    self.import(import.module, import.name, import.ty)?;
                }
            }
            Payload::FunctionSection(functions) => {
                for ty in functions.clone() {
                    self.functions.push(ty.map_err(invalid)?);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone() {
                    let export = export.map_err(invalid)?;
                    self.export(export.name, export.kind, export.index)?;
                }
            }
            Payload::StartSection { .. } => return Err(Refusal::Start),
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, module: &str, name: &str, ty: TypeRef) -> Result<(), Refusal> {
        let refuse = |refusal: fn(String, String) -> Refusal| {
            Err(refusal(module.to_owned(), name.to_owned()))
        };
        match ty {
            TypeRef::Func(ty) => {
                let Some(known) = IMPORTS
                    .iter()
                    .find(|known| (known.module, known.name) == (module, name))
                else {
                    return refuse(Refusal::Import);
                };
                self.functions.push(ty);
                if self.signature(self.functions.len() - 1)
                    != Some(&signature(known.parameters, known.results))
                {
                    return refuse(Refusal::ImportSignature);
                }
                self.imports.push(format!("{module}.{name}"));
                Ok(())
            }
            TypeRef::Memory(memory) if (module, name) == ("env", "memory") => {
                self.memory = Some(memory);
                Ok(())
            }
            _ => refuse(Refusal::ImportKind),
        }
    }

    fn export(&mut self, name: &str, kind: ExternalKind, index: u32) -> Result<(), Refusal> {
        if kind != ExternalKind::Func || !["call", "deploy"].contains(&name) {
            return Err(Refusal::Export(name.to_owned()));
        }
        let function = usize::try_from(index).unwrap_or(usize::MAX);
        if self.signature(function) != Some(&signature(0, 0)) {
            return Err(Refusal::EntrySignature(name.to_owned()));
        }
        self.entries.push(name.to_owned());
        Ok(())
    }

    fn signature(&self, function: usize) -> Option<&FuncType> {
        let ty = *self.functions.get(function)?;
        self.types.get(usize::try_from(ty).ok()?)?.as_ref()
    }
}

/// A signature of `i32` only.
fn signature(parameters: usize, results: usize) -> FuncType {
    FuncType::new(vec![ValType::I32; parameters], vec![ValType::I32; results])
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
