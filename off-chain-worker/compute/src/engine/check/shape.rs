//! The imports, memory, exports and calls of a kernel, read section by section.

use super::{
    graph::{shown, CallGraph},
    imports::{signature, Import, SET_STORAGE},
    invalid, Refusal, MAX_TABLE,
};
use std::collections::HashMap;
use wasmparser::{
    CompositeInnerType, ConstExpr, Element, ElementItems, ExternalKind, FuncType, FunctionBody,
    KnownCustom, MemoryType, Name, Operator, Payload, TypeRef,
};

/// A kernel's module as far as its sections are read.
#[derive(Default)]
pub struct Shape {
    /// Number of each type's signature; `None` if it is not a function's. Equal signatures have
    /// one number.
    types: Vec<Option<u32>>,
    signatures: HashMap<FuncType, u32>,
    /// Type of each function.
    functions: Vec<u32>,
    /// Imported functions, as `module.name`.
    pub imports: Vec<String>,
    /// First import that no kernel may have.
    pub unknown: Option<Refusal>,
    /// Imported memory.
    pub memory: Option<MemoryType>,
    /// Entry points: name and function.
    pub entries: Vec<(String, u32)>,
    /// Call graph.
    pub graph: CallGraph,
    /// Index of the next function whose body is read.
    next_body: u32,
    /// Functions that write to storage a value that is not known to be empty.
    pub writers: Vec<u32>,
}

impl Shape {
    /// Reads the next section of validated code.
    ///
    /// # Errors
    /// What no kernel may have.
    pub fn read(&mut self, payload: &Payload) -> Result<(), Refusal> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types.clone() {
                    for ty in group.map_err(invalid)?.into_types() {
                        let number = match ty.composite_type.inner {
                            CompositeInnerType::Func(signature) => Some(self.number(signature)),
                            _ => None,
                        };
                        self.types.push(number);
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
                self.next_body = index(self.functions.len());
                for ty in functions.clone() {
                    self.functions.push(ty.map_err(invalid)?);
                    self.graph.function();
                }
            }
            Payload::TableSection(tables) => {
                for table in tables.clone() {
                    let ty = table.map_err(invalid)?.ty;
                    let most = ty.maximum.unwrap_or(ty.initial).max(ty.initial);
                    if most > MAX_TABLE {
                        return Err(Refusal::Table(most));
                    }
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone() {
                    let export = export.map_err(invalid)?;
                    self.export(export.name, export.kind, export.index)?;
                }
            }
            Payload::StartSection { .. } => return Err(Refusal::Start),
            Payload::GlobalSection(globals) => {
                for global in globals.clone() {
                    self.references(&global.map_err(invalid)?.init_expr)?;
                }
            }
            Payload::ElementSection(elements) => {
                for element in elements.clone() {
                    self.element(element.map_err(invalid)?)?;
                }
            }
            Payload::CodeSectionEntry(body) => self.body(body)?,
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    self.names(names);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns the number of a signature.
    fn number(&mut self, signature: FuncType) -> u32 {
        let next = index(self.signatures.len());
        *self.signatures.entry(signature).or_insert(next)
    }

    fn import(&mut self, module: &str, name: &str, ty: TypeRef) -> Result<(), Refusal> {
        let refuse =
            |refusal: fn(String, String) -> Refusal| Err(refusal(shown(module), shown(name)));
        match ty {
            TypeRef::Func(ty) => {
                self.functions.push(ty);
                let function = index(self.functions.len().saturating_sub(1));
                let full = format!("{}.{}", shown(module), shown(name));
                match Import::find(module, name) {
                    Some(known) if !self.has(function, &known.signature()) => {
                        return refuse(Refusal::ImportSignature);
                    }
                    Some(_) => self.imports.push(full.clone()),
                    None => {
                        self.unknown
                            .get_or_insert(Refusal::Import(shown(module), shown(name)));
                    }
                }
                self.graph.import(full);
                Ok(())
            }
            TypeRef::Memory(memory) if (module, name) == ("env", "memory") => {
                self.memory = Some(memory);
                Ok(())
            }
            _ => refuse(Refusal::ImportKind),
        }
    }

    fn export(&mut self, name: &str, kind: ExternalKind, function: u32) -> Result<(), Refusal> {
        if kind != ExternalKind::Func || !["call", "deploy"].contains(&name) {
            return Err(Refusal::Export(shown(name)));
        }
        if !self.has(function, &signature(0, 0)) {
            return Err(Refusal::EntrySignature(name.to_owned()));
        }
        self.entries.push((name.to_owned(), function));
        Ok(())
    }

    /// Returns true if `function` has this signature.
    fn has(&self, function: u32, signature: &FuncType) -> bool {
        let number = self.signatures.get(signature);
        number.is_some() && self.signature_of(function) == number.copied()
    }

    /// Returns the number of the signature of `function`.
    fn signature_of(&self, function: u32) -> Option<u32> {
        self.signature_at(*self.functions.get(usize::try_from(function).ok()?)?)
    }

    /// Returns the number of the signature of a type.
    fn signature_at(&self, ty: u32) -> Option<u32> {
        *self.types.get(usize::try_from(ty).ok()?)?
    }

    fn element(&mut self, element: Element) -> Result<(), Refusal> {
        match element.items {
            ElementItems::Functions(functions) => {
                for function in functions {
                    self.refer(function.map_err(invalid)?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    self.references(&expression.map_err(invalid)?)?;
                }
            }
        }
        Ok(())
    }

    /// Adds the functions that a constant expression refers to.
    fn references(&mut self, expression: &ConstExpr) -> Result<(), Refusal> {
        for operator in expression.get_operators_reader() {
            if let Operator::RefFunc { function_index } = operator.map_err(invalid)? {
                self.refer(function_index);
            }
        }
        Ok(())
    }

    /// Adds `function` to the table.
    fn refer(&mut self, function: u32) {
        if let Some(signature) = self.signature_of(function) {
            self.graph.enter_table(signature, function);
        }
        if self.graph.import_name(function) == Some(SET_STORAGE) {
            // Its callers cannot be known.
            self.writers.push(function);
        }
    }

    /// Reads the next function's calls.
    fn body(&mut self, body: &FunctionBody) -> Result<(), Refusal> {
        let caller = self.next_body;
        self.next_body = self.next_body.saturating_add(1);
        // True if the operator before this one pushed a zero: the last argument of a call that
        // follows.
        let mut zero = false;
        for operator in body.get_operators_reader().map_err(invalid)? {
            let operator = operator.map_err(invalid)?;
            match operator {
                Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                    self.graph.call(caller, function_index);
                    if self.graph.import_name(function_index) == Some(SET_STORAGE) && !zero {
                        self.writers.push(caller);
                    }
                }
                Operator::CallIndirect { type_index, .. }
                | Operator::ReturnCallIndirect { type_index, .. } => {
                    if let Some(signature) = self.signature_at(type_index) {
                        self.graph.call_table(caller, signature);
                    }
                }
                Operator::RefFunc { function_index } => self.refer(function_index),
                _ => {}
            }
            zero = matches!(operator, Operator::I32Const { value: 0 });
        }
        Ok(())
    }

    /// Adds the functions' names. They are for people: unreadable names are left out.
    fn names(&mut self, names: wasmparser::NameSectionReader) {
        for subsection in names.into_iter().map_while(Result::ok) {
            if let Name::Function(functions) = subsection {
                for naming in functions.into_iter().map_while(Result::ok) {
                    self.graph.name(naming.index, naming.name);
                }
            }
        }
    }
}

/// Converts a count to an index. Every item has bytes of its own, so there are far fewer than 2^32.
fn index(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
