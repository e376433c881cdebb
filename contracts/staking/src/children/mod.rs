//! Children and parents: hotkeys that have a part of another hotkey's weight, and the reverse.
//!
//! - `store`: links in storage, and the rules that read several hotkeys
//! - `links`: the links of one hotkey
//! - `effective`: a proportion by epoch, with its cooldown
//! - `inheritance`: weight given and dividends shared

mod effective;
mod inheritance;
mod links;
mod store;

pub use self::{
    inheritance::root_part,
    links::{ChildList, Due},
    store::{Children, Division},
};

#[cfg(test)]
mod tests;
