//! Children and parents: hotkeys that have a part of another hotkey's weight, and the reverse.
//!
//! - `store`: relations in storage, and the rules that read several hotkeys
//! - `relations`: the relations of one hotkey
//! - `inheritance`: weight given and dividends shared

mod inheritance;
mod relations;
mod store;

pub use self::{inheritance::root_part, relations::ChildList, store::Children};

#[cfg(test)]
mod tests;
