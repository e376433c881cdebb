//! Growth of memory without the system: the module has its largest memory from the start, and a
//! global counts the pages that it has asked for.
//!
//! To grow a memory, and to return what was added, takes system calls that cost more than a step.
//! Here `memory.grow` becomes a call of a function that moves the counter within the maximum, and
//! `memory.size` reads the counter. Both give what the instructions give.
//!
//! One thing differs: a load or store of the kernel behind the counted pages does not trap, and
//! what it stores there stays. So this is for kernels that are trusted to make none, as safe code
//! does, see [`super::wasm::Wasm::trusting`]. The host's functions keep within the counted pages.

use super::check::{invalid, pages, Refusal, PAGE_SIZE};
use std::convert::Infallible;
use wasm_encoder::{
    reencode::{Error, Reencode},
    BlockType, CodeSection, ConstExpr, Function, FunctionSection, GlobalSection, GlobalType,
    Instruction, TypeSection, ValType,
};
use wasmparser::{
    CodeSectionReader, Data, DataKind, FunctionSectionReader, GlobalSectionReader, Operator,
    Parser, Payload, TypeRef, TypeSectionReader,
};
use wasmtime::{AsContextMut, Global};

/// The counter of a module, and the function that moves it.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    /// Index of the global.
    pub global: u32,
    /// Index of the function.
    function: u32,
    /// Index of the function's type.
    ty: u32,
    initial: i32,
    maximum: i32,
}

/// Returns the number of bytes of the pages that `counter` counts.
pub fn bytes(counter: Global, mut store: impl AsContextMut) -> usize {
    let pages = counter.get(&mut store).i32().unwrap_or_default();
    usize::try_from(pages)
        .unwrap_or(0)
        .saturating_mul(PAGE_SIZE)
}

impl Counter {
    /// Returns the counter for `code`. `None` if the module lacks what a counter is added to: a
    /// memory, or a section of types or globals. `None` too if it has data behind its first pages:
    /// it must not start, as on the chain.
    ///
    /// # Errors
    /// Errors that the check has found before.
    pub fn of(code: &[u8]) -> Result<Option<Self>, Refusal> {
        let (mut global, mut ty, mut function) = (None, None, 0u32);
        let mut memory = None;
        // The end of all data; `None` if it is not known.
        let mut data = Some(0);
        for payload in Parser::new(0).parse_all(code) {
            match payload.map_err(invalid)? {
                Payload::TypeSection(section) => ty = Some(section.count()),
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        match import.map_err(invalid)?.ty {
                            TypeRef::Func(_) => function = function.saturating_add(1),
                            TypeRef::Memory(ty) => memory = Some(pages(&ty)?),
                            _ => (),
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    function = function.saturating_add(section.count());
                }
                Payload::GlobalSection(section) => global = Some(section.count()),
                Payload::DataSection(section) => {
                    for segment in section {
                        let end = end_of(&segment.map_err(invalid)?);
                        data = data.zip(end).map(|(all, end)| all.max(end));
                    }
                }
                _ => (),
            }
        }
        // The check keeps both within 16.
        let number = |pages: u32| i32::try_from(pages).unwrap_or(i32::MAX);
        let within = |(initial, _): &(u32, u32)| {
            let begins = u64::from(*initial).saturating_mul(PAGE_SIZE as u64);
            data.is_some_and(|end| end <= begins)
        };
        let parts = global.zip(ty).zip(memory.filter(within));
        Ok(parts.map(|((global, ty), (initial, maximum))| Self {
            global,
            function,
            ty,
            initial: number(initial),
            maximum: number(maximum),
        }))
    }

    /// Returns the types, with that of the new function: from a number to a number.
    ///
    /// # Errors
    /// Errors that the check has found before.
    pub fn types(&mut self, section: TypeSectionReader) -> Result<TypeSection, Refusal> {
        let mut types = TypeSection::new();
        self.parse_type_section(&mut types, section)
            .map_err(refused)?;
        types.ty().function([ValType::I32], [ValType::I32]);
        Ok(types)
    }

    /// Returns the functions' types, with that of the new function.
    ///
    /// # Errors
    /// Errors that the check has found before.
    pub fn functions(
        &mut self,
        section: FunctionSectionReader,
    ) -> Result<FunctionSection, Refusal> {
        let mut functions = FunctionSection::new();
        self.parse_function_section(&mut functions, section)
            .map_err(refused)?;
        functions.function(self.ty);
        Ok(functions)
    }

    /// Returns the globals, with the counter.
    ///
    /// # Errors
    /// Errors that the check has found before.
    pub fn globals(&mut self, section: GlobalSectionReader) -> Result<GlobalSection, Refusal> {
        let mut globals = GlobalSection::new();
        self.parse_global_section(&mut globals, section)
            .map_err(refused)?;
        let counter = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        globals.global(counter, &ConstExpr::i32_const(self.initial));
        Ok(globals)
    }

    /// Returns the functions' code, with that of the new function.
    ///
    /// # Errors
    /// Errors that the check has found before.
    pub fn code(&mut self, section: CodeSectionReader) -> Result<CodeSection, Refusal> {
        let mut code = CodeSection::new();
        self.parse_code_section(&mut code, section)
            .map_err(refused)?;
        code.function(&self.grow());
        Ok(code)
    }

    /// Returns the function that adds pages: it returns their number before, or -1 if there would
    /// be more than the maximum.
    fn grow(&self) -> Function {
        let mut grow = Function::new([]);
        let mut more = grow.instructions();
        more.local_get(0)
            .i32_const(self.maximum)
            .global_get(self.global)
            .i32_sub()
            .i32_gt_u()
            .if_(BlockType::Empty)
            .i32_const(-1)
            .return_()
            .end()
            .global_get(self.global)
            .local_get(0)
            .global_get(self.global)
            .i32_add()
            .global_set(self.global)
            .end();
        grow
    }
}

impl Reencode for Counter {
    type Error = Infallible;

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Result<Instruction<'a>, Error> {
        match operator {
            Operator::MemoryGrow { .. } => Ok(Instruction::Call(self.function)),
            Operator::MemorySize { .. } => Ok(Instruction::GlobalGet(self.global)),
            other => wasm_encoder::reencode::utils::instruction(self, other),
        }
    }
}

/// Returns the address behind a segment, if it is a constant.
fn end_of(segment: &Data) -> Option<u64> {
    let DataKind::Active { offset_expr, .. } = &segment.kind else {
        return None;
    };
    let mut start = offset_expr.get_operators_reader();
    match start.read() {
        // An address is a number without a sign.
        Ok(Operator::I32Const { value }) => {
            u64::from(value.cast_unsigned()).checked_add(segment.data.len().try_into().ok()?)
        }
        _ => None,
    }
}

fn refused(error: Error) -> Refusal {
    Refusal::Invalid(error.to_string())
}
