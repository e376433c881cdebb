//! The command line `inktensor`: tables and sentences for people, JSON for programs.

pub mod args;
pub mod commands;
pub mod output;
pub mod salt;
pub mod session;
pub mod verifier;

pub use commands::main;
