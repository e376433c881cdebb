//! Runs a task or a fold that is a Wasm program, without trust in it. `docs/wasm-tasks.md` is the
//! specification.
//!
//! The owner of a subnet names a hash, and every neuron runs the code that has it. The code has no
//! imports, so it is a pure function: it reaches no clock, no network and no file. It ends by fuel,
//! its memory is bounded, and its results are read with limits. Limits never decide what an answer
//! is worth or which step is right: a program that meets one fails, with an error that names it.
//!
//! * [`check`]: reads the code, and refuses what a program may not have
//! * [`WasmTask`]: a task, compiled; [`WasmProgram`]: a task with its state
//! * [`FoldCode`]: a fold, compiled; [`WasmFold`]: a fold of a state and data
//! * [`Fuel`], [`FoldFuel`], and the constants here: limits
//! * [`WasmError`], [`Refusal`]: errors

mod call;
mod check;
mod error;
mod fold;
mod guard;
mod image;
mod interface;
mod task;

pub use check::{check, Refusal};
pub use error::{Function, WasmError};
pub use fold::{FoldCode, FoldLimits, Opaque, WasmFold, WasmJoining};
pub use interface::Interface;
pub use task::{TaskLimits, WasmProgram, WasmTask};

/// Most bytes of a program's code.
pub const MAX_CODE: usize = 1024 * 1024;
/// Most bytes of one function's code. It bounds the time of compilation, which for one function
/// grows faster than its length.
pub const MAX_FUNCTION: usize = 32 * 1024;
/// Most local variables of a function, for the same reason.
pub const MAX_LOCALS: u32 = 1000;
/// Most parameters of a function or a block, and most results: an instruction that takes many would
/// take as long as many instructions, to compile and to run.
pub const MAX_VALUES: usize = 64;
/// Most elements of all tables together.
pub const MAX_TABLE: u64 = 10_000;
/// Most memory of a task, in pages of 64 KiB: room for MiniLM twice, as bytes and as numbers.
pub const MAX_PAGES: u32 = 4096;
/// Most memory of a fold, in pages of 64 KiB. A join of `train/1` has five copies of a state
/// besides the data, so it has no room for the longest state and the longest data together.
pub const MAX_FOLD_PAGES: u32 = 16_384;
/// Most bytes of a state.
pub const MAX_STATE: usize = 128 * 1024 * 1024;
/// Most bytes of the data of a fold: those of the corpus of `train/1`.
pub const MAX_DATA: usize = 256 * 1024 * 1024;
/// Most bytes of a question.
pub const MAX_QUESTION: usize = 64 * 1024;
/// Most bytes of an answer: those of an answer in evidence.
pub const MAX_ANSWER: usize = 64 * 1024;
/// Most bytes of a reason for a refusal.
pub const MAX_REASON: usize = 1024;
/// Most bytes of the stack of calls, besides what a program keeps in its memory.
pub const MAX_STACK: usize = 512 * 1024;
/// Bytes of a page of memory.
const PAGE: usize = 64 * 1024;

/// Fuel of a call. An instruction takes one unit, and one more for each byte that it copies or
/// fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fuel {
    /// For the description.
    pub describe: u64,
    /// For a question, and for the check of a question or an answer.
    pub light: u64,
    /// For the state.
    pub load: u64,
    /// For an answer, and for the worth of one.
    pub answer: u64,
}

impl Fuel {
    /// The fuel that every neuron gives. A core burns 1 000 000 000 units in three seconds at most,
    /// unless it waits for memory.
    pub const STANDARD: Self = Self {
        describe: 10_000_000,
        light: 200_000_000,
        load: 10_000_000_000,
        answer: 10_000_000_000,
    };

    /// Returns the fuel of a function of a task. Those of a fold get none here.
    const fn of(&self, function: Function) -> u64 {
        match function {
            Function::Describe => self.describe,
            Function::Load => self.load,
            Function::Question | Function::CheckQuestion | Function::CheckAnswer => self.light,
            Function::Answer | Function::Worth => self.answer,
            _ => 0,
        }
    }
}

/// Fuel of a call of a fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoldFuel {
    /// For the description.
    pub describe: u64,
    /// For the state and the data.
    pub load: u64,
    /// For the first state, a step, and a measure.
    pub step: u64,
    /// For the beginning of a join, for each end, and for the result.
    pub join: u64,
}

impl FoldFuel {
    /// The fuel that every host gives.
    pub const STANDARD: Self = Self {
        describe: 10_000_000,
        load: 20_000_000_000,
        step: 100_000_000_000,
        join: 20_000_000_000,
    };

    /// Returns the fuel of a function of a fold. Those of a task get none here.
    const fn of(&self, function: Function) -> u64 {
        match function {
            Function::DescribeFold => self.describe,
            Function::LoadFold => self.load,
            Function::Start | Function::Step | Function::Measure => self.step,
            Function::BeginJoin | Function::AddEnd | Function::FinishJoin => self.join,
            _ => 0,
        }
    }
}
