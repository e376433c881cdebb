//! Replaces a kernel's imported memory by one of its own, which the pooling allocator provides.
//!
//! A contract imports `env.memory`. wasmtime would allocate such a memory for each step, with
//! system calls that cost more than the step. A memory that the module defines comes from a pool,
//! with the module's data already in it. Nothing else changes: there is one memory with the same
//! index, and functions keep theirs. The result never leaves this process, and the code hash is
//! always that of the original bytes.

use super::check::{self, Refusal};
use std::borrow::Cow;
use wasm_encoder::{
    EntityType, ExportKind, ExportSection, ImportSection, MemorySection, MemoryType, Module,
    RawSection, SectionId,
};
use wasmparser::{BinaryReaderError, Parser, Payload, TypeRef};

/// Export name of the memory. No clash is possible: a kernel exports functions only.
pub const MEMORY: &str = "memory";

/// Rewrites `code`, which [`check::check`] has accepted.
///
/// # Errors
/// Errors that the check has found before.
pub fn with_own_memory(code: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut module = Module::new();
    let mut memory = None;
    for payload in Parser::new(0).parse_all(code) {
        let payload = payload.map_err(invalid)?;
        match payload {
            Payload::ImportSection(section) => {
                let mut imports = ImportSection::new();
                for import in section.into_imports() {
                    let import = import.map_err(invalid)?;
                    match import.ty {
                        TypeRef::Func(ty) => {
                            imports.import(import.module, import.name, EntityType::Function(ty));
                        }
                        TypeRef::Memory(ty) => memory = Some(check::pages(&ty)?),
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
            Payload::ExportSection(section) => {
                define(&mut module, &mut memory);
                let mut exports = ExportSection::new();
                for export in section {
                    let export = export.map_err(invalid)?;
                    exports.export(export.name, ExportKind::Func, export.index);
                }
                exports.export(MEMORY, ExportKind::Memory, 0);
                module.section(&exports);
            }
            payload => {
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
    Ok(module.finish())
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

fn invalid(error: BinaryReaderError) -> Refusal {
    Refusal::Invalid(format!("{} at byte {:#x}", error.message(), error.offset()))
}
