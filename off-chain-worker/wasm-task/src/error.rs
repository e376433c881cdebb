//! Errors of tasks in Wasm.

use crate::{check::Refusal, MAX_DATA, MAX_STATE};
use inktensor_task::{
    guest::{fold, names},
    Digest, Malformed,
};
use std::fmt;
use thiserror::Error;

/// An exported function of a task or a fold, beside the one for inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Describes the task.
    Describe,
    /// Loads the state.
    Load,
    /// Draws a question.
    Question,
    /// Checks a question.
    CheckQuestion,
    /// Checks the shape of an answer.
    CheckAnswer,
    /// Answers a question.
    Answer,
    /// Returns the worth of an answer.
    Worth,
    /// Describes the fold.
    DescribeFold,
    /// Makes the fold of a state and data.
    LoadFold,
    /// Returns the first state.
    Start,
    /// Does a step.
    Step,
    /// Measures a state.
    Measure,
    /// Begins a join.
    BeginJoin,
    /// Adds an end to a join.
    AddEnd,
    /// Ends a join.
    FinishJoin,
}

impl Function {
    /// All functions of a task.
    pub const TASK: [Self; 7] = [
        Self::Describe,
        Self::Load,
        Self::Question,
        Self::CheckQuestion,
        Self::CheckAnswer,
        Self::Answer,
        Self::Worth,
    ];

    /// All functions of a fold.
    pub const FOLD: [Self; 8] = [
        Self::DescribeFold,
        Self::LoadFold,
        Self::Start,
        Self::Step,
        Self::Measure,
        Self::BeginJoin,
        Self::AddEnd,
        Self::FinishJoin,
    ];

    /// Returns the name of the export.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Describe => names::DESCRIBE,
            Self::Load => names::LOAD,
            Self::Question => names::QUESTION,
            Self::CheckQuestion => names::CHECK_QUESTION,
            Self::CheckAnswer => names::CHECK_ANSWER,
            Self::Answer => names::ANSWER,
            Self::Worth => names::WORTH,
            Self::DescribeFold => fold::names::DESCRIBE,
            Self::LoadFold => fold::names::LOAD,
            Self::Start => fold::names::START,
            Self::Step => fold::names::STEP,
            Self::Measure => fold::names::MEASURE,
            Self::BeginJoin => fold::names::BEGIN_JOIN,
            Self::AddEnd => fold::names::ADD_END,
            Self::FinishJoin => fold::names::FINISH_JOIN,
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An error of a task or a fold in Wasm.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WasmError {
    /// The code has another hash.
    #[error(
        "the program has the hash 0x{found}, and 0x{expected} is expected; use the file that the \
         manifest names",
        found = hex(.found),
        expected = hex(.expected)
    )]
    Hash {
        /// Hash of the code.
        found: Digest,
        /// Hash that the manifest names.
        expected: Digest,
    },
    /// The code is not one of a task or a fold.
    #[error("the program is refused: {0}")]
    Code(#[from] Refusal),
    /// The program is of another version of the interface.
    #[error(
        "the program has version {found} of the interface, and this host has version {expected}; \
         build the program with the inktensor-task of this version"
    )]
    Version {
        /// Version of the program.
        found: u32,
        /// Version of this host.
        expected: u32,
    },
    /// The program has another name.
    #[error(
        "the program is named `{}`, and the manifest says `{expected}`; correct `task` or `program` \
         in the manifest", found.escape_debug()
    )]
    Name {
        /// Name in the program.
        found: String,
        /// Name in the manifest.
        expected: String,
    },
    /// A limit of the program is above that of all programs.
    #[error(
        "the program takes {part}s of up to {found} bytes, and {most} is the most; lower its limit"
    )]
    Limit {
        /// Part of the program: question, answer, state; or a blob of data.
        part: &'static str,
        /// Bytes that the program declares.
        found: usize,
        /// Most bytes.
        most: usize,
    },
    /// The state has too many bytes.
    #[error(
        "the state has {bytes} bytes, and the program takes at most {most}; name another state"
    )]
    StateTooLong {
        /// Length of the state.
        bytes: usize,
        /// Most bytes, at most [`MAX_STATE`].
        most: usize,
    },
    /// The data of a fold have too many bytes.
    #[error("the data have {bytes} bytes, and the program takes at most {most}; name other data")]
    DataTooLong {
        /// Length of the data.
        bytes: usize,
        /// Most bytes, at most [`MAX_DATA`].
        most: usize,
    },
    /// A function has used up its fuel.
    #[error("{function} did not end within {fuel} units of fuel; bound its loops, or do less")]
    NoEnd {
        /// The function.
        function: Function,
        /// Fuel of a call.
        fuel: u64,
    },
    /// A function asks for more memory than it may have.
    #[error(
        "{function} asks for {bytes} bytes of memory, and {most} is the most; use a smaller state, \
         or keep less"
    )]
    Memory {
        /// The function.
        function: Function,
        /// Bytes of memory that it asks for.
        bytes: usize,
        /// Most bytes.
        most: usize,
    },
    /// A function asks for longer tables than it may have.
    #[error("{function} asks for {elements} elements of a table, and {most} is the most")]
    Table {
        /// The function.
        function: Function,
        /// Elements that it asks for.
        elements: usize,
        /// Most elements.
        most: u64,
    },
    /// A function has trapped: a panic, a division by zero, an access outside its memory.
    #[error(
        "{function} trapped: {trap}; refuse such an input instead, or report it to the author"
    )]
    Trap {
        /// The function.
        function: Function,
        /// The trap.
        trap: String,
    },
    /// A function has returned what is no output.
    #[error("{function} returned {problem}; see the interface in docs/wasm-tasks.md")]
    Output {
        /// The function.
        function: Function,
        /// The problem, with the value and the limit.
        problem: String,
    },
    /// This machine cannot run the program.
    #[error("this machine cannot run the program: {0}")]
    Machine(String),
    /// A question or an answer that is not of the task's form.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The task or the fold refuses its input, for this reason.
    #[error("{0}")]
    Refused(String),
}

// The length of the longest input, with the length of the state before it, is a `u32`.
const _: () = assert!(MAX_STATE + MAX_DATA + 4 < u32::MAX as usize);

fn hex(digest: &Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
