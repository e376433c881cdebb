//! The reasons to refuse a kernel.

use super::{Path, MAX_CODE, MAX_PAGES, MAX_TABLE};

/// A reason to refuse bytes as a kernel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The code is too long for the chain. Build for size, or do less.
    #[error("its code has {0} bytes, more than the limit of {MAX_CODE}")]
    TooLarge(usize),
    /// The bytes are not Wasm, or use more of Wasm than the chain accepts; the text names feature
    /// and place.
    #[error("it is not valid Wasm for a contract: {0}")]
    Invalid(String),
    /// Floats are not deterministic across machines. Use fixed point.
    #[error("it uses floating point at byte {0:#x}")]
    Floats(usize),
    /// A step could write to storage, call another contract, change its code, or read something
    /// other than its input. The path shows the calls. Use no such function in a message, and let
    /// messages take `&self`.
    #[error("a step can reach {end}, which no step may call: {path}", end = .path.end())]
    Reaches {
        /// Path from the entry point to the function.
        path: Path,
    },
    /// A table that not every worker has room for.
    #[error("its table has {0} elements, more than the limit of {MAX_TABLE}")]
    Table(u64),
    /// A pure step has no use for this function: module and name. No message reaches it.
    #[error("it imports {0}.{1}, which no kernel may call")]
    Import(String, String),
    /// A function is imported with another signature than the chain's.
    #[error("it imports {0}.{1} with a wrong signature")]
    ImportSignature(String, String),
    /// Something else than functions and memory is imported.
    #[error("it imports {0}.{1}, which is not a function")]
    ImportKind(String, String),
    /// Storage written by the constructor would exist on the chain and not in the worker. Give the
    /// contract no fields. The text names the function.
    #[error("{0} writes to storage a value that is not known to be empty")]
    Writes(String),
    /// ink! writes an empty root cell for messages to read. Without it a step would read another
    /// answer on the chain than in the worker.
    #[error("a step reads storage, and its constructor writes nothing: on the chain there would be no root cell")]
    NoRootCell,
    /// A contract imports its memory as `env.memory`.
    #[error("it does not import the memory env.memory")]
    NoMemory,
    /// The chain gives a contract at most [`MAX_PAGES`] pages. The kernel requests this number.
    #[error("it requests {0} pages of memory, more than the limit of {MAX_PAGES}")]
    Memory(u64),
    /// A contract exports `call` and `deploy` and nothing else.
    #[error("it exports {0}, a contract exports only the functions call and deploy")]
    Export(String),
    /// An entry point is missing.
    #[error("it does not export the function {0}")]
    NoEntry(&'static str),
    /// An entry point has parameters or results.
    #[error("its entry point {0} takes or returns values")]
    EntrySignature(String),
    /// Code that runs before the entry point.
    #[error("it has a start function")]
    Start,
}

impl Refusal {
    /// Returns the path to the forbidden function, if the refusal is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Refusal::Reaches { path } => Some(path),
            _ => None,
        }
    }
}
