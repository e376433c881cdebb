//! The form of what commands print.

pub mod format;
pub mod table;
