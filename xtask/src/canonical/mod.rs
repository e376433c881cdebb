//! Contracts that are the same from every folder and every machine with the same compiler.

mod metadata;
pub mod rustc;

pub use metadata::canonical;
