//! The off-chain worker: computes epochs with a kernel's own Wasm, posts them, settles them, and
//! checks those of others.

pub mod chain_source;
pub mod epochs;
pub mod explain;
pub mod history;
pub mod kernels;
pub mod roles;
pub mod service;
pub mod store;
pub mod verify;
