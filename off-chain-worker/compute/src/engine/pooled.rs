//! Replaces a kernel's imported memory by one of its own, which the pooling allocator provides.
//!
//! A contract imports `env.memory`. wasmtime would allocate such a memory for each step, with
//! system calls that cost more than the step. A memory that the module defines comes from a pool,
//! with the module's data already in it. There is one memory with the same index, and functions
//! keep theirs. Memory and mutable globals are exported, since they are what a step can change. The
//! result never leaves this process, and the code hash is always that of the original bytes.
//!
//! The memory of a trusted kernel grows by a [`Counter`].

use super::{
    check::{self, invalid, Refusal},
    counted::Counter,
};
use std::borrow::Cow;
use wasm_encoder::{
    EntityType, ExportKind, ExportSection, ImportSection, MemorySection, MemoryType, Module,
    RawSection, SectionId,
};
use wasmparser::{BinaryReader, CodeSectionReader, Parser, Payload, TypeRef};

/// Export name of the memory. No clash is possible: a kernel exports functions only.
pub const MEMORY: &str = "memory";

/// Most mutable globals that are exported. A contract has one, the pointer to its stack.
const MAX_GLOBALS: usize = 64;

/// Returns the export name of the mutable global with this number. They are numbered from 0 on.
pub fn global(number: u32) -> String {
    format!("global {number}")
}

/// Code whose memory is its own.
pub struct Pooled {
    /// The code. It exports its memory, and its mutable globals if they are few.
    pub code: Vec<u8>,
    /// Number of mutable globals; `None` if they are too many to be exported.
    pub globals: Option<u32>,
    /// Number of the mutable global that counts the pages of the memory, if there is a counter.
    pub counter: Option<u32>,
}

/// Rewrites `code`, which [`check::check`] has accepted. The memory of a `trusted` kernel grows by
/// a counter.
///
/// # Errors
/// Errors that the check has found before.
pub fn with_own_memory(code: &[u8], trusted: bool) -> Result<Pooled, Refusal> {
    let mut module = Module::new();
    let mut memory = None;
    let mut counter = if trusted { Counter::of(code)? } else { None };
    let counted = counter.is_some();
    // Indices of the mutable globals.
    let mut globals = Vec::new();
    for payload in Parser::new(0).parse_all(code) {
        let payload = payload.map_err(invalid)?;
        if let Payload::GlobalSection(section) = &payload {
            // None are imported, so these have the first indices.
            for (index, found) in (0..).zip(section.clone()) {
                if found.map_err(invalid)?.ty.mutable {
                    globals.push(index);
                }
            }
        }
        match (payload, counter.as_mut()) {
            (Payload::ImportSection(section), _) => {
                let mut imports = ImportSection::new();
                for import in section.into_imports() {
                    let import = import.map_err(invalid)?;
                    match import.ty {
                        TypeRef::Func(ty) => {
                            imports.import(import.module, import.name, EntityType::Function(ty));
                        }
                        TypeRef::Memory(ty) => {
                            let (initial, maximum) = check::pages(&ty)?;
                            let begin = if counted { maximum } else { initial };
                            memory = Some((begin, maximum));
                        }
                        _ => {
                            return Err(Refusal::ImportKind(
                                import.module.to_owned(),
                                import.name.to_owned(),
                            ));
                        }
                    }
                }
                module.section(&imports);
            }
            (Payload::ExportSection(section), _) => {
                define(&mut module, &mut memory);
                let mut exports = ExportSection::new();
                for export in section {
                    let export = export.map_err(invalid)?;
                    exports.export(export.name, ExportKind::Func, export.index);
                }
                exports.export(MEMORY, ExportKind::Memory, 0);
                if globals.len() <= MAX_GLOBALS {
                    for (number, index) in (0..).zip(&globals) {
                        exports.export(&global(number), ExportKind::Global, *index);
                    }
                }
                module.section(&exports);
            }
            (Payload::TypeSection(section), Some(counter)) => {
                module.section(&counter.types(section)?);
            }
            (Payload::FunctionSection(section), Some(counter)) => {
                module.section(&counter.functions(section)?);
            }
            (Payload::GlobalSection(section), Some(counter)) => {
                define(&mut module, &mut memory);
                module.section(&counter.globals(section)?);
                globals.push(counter.global);
            }
            (Payload::CodeSectionStart { range, .. }, Some(counter)) => {
                let data = code.get(range.clone()).unwrap_or_default();
                let reader = BinaryReader::new(data, range.start);
                let section = CodeSectionReader::new(reader).map_err(invalid)?;
                module.section(&counter.code(section)?);
            }
            (payload, _) => {
                if let Some((id, range)) = payload.as_section() {
                    if id == u8::from(SectionId::Custom) {
                        continue;
                    }
                    // The order of sections is fixed; memories come after tables and before all
                    // that follows them.
                    if id > u8::from(SectionId::Memory) {
                        define(&mut module, &mut memory);
                    }
                    let data = code
                        .get(range)
                        .map_or(Cow::Borrowed(&[][..]), Cow::Borrowed);
                    module.section(&RawSection { id, data: &data });
                }
            }
        }
    }
    let count = u32::try_from(globals.len()).ok();
    let count = count.filter(|_| globals.len() <= MAX_GLOBALS);
    Ok(Pooled {
        code: module.finish(),
        globals: count,
        // It is the last one.
        counter: count
            .filter(|_| counted)
            .and_then(|count| count.checked_sub(1)),
    })
}

/// Writes the memory section, once.
fn define(module: &mut Module, memory: &mut Option<(u32, u32)>) {
    if let Some((initial, maximum)) = memory.take() {
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: u64::from(initial),
            maximum: Some(u64::from(maximum)),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        module.section(&memories);
    }
}
