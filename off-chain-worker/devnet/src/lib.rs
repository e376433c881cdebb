//! A chain for development and tests: in this process, in a folder, or served over TCP.

mod account;
pub mod chain_dir;
pub mod persisted;
mod protocol;
pub mod remote;
pub mod sandbox;
pub mod server;
pub mod state_file;

pub use account::account;
