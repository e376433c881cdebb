//! The off-chain worker: computes epochs with a kernel's own Wasm, posts them, settles them, and
//! checks those of others.
//!
//! Data flows one way: [`chain`] gives inputs, [`engine`] runs the kernel, [`epoch`] folds its
//! steps into an assertion, [`roles`] decide what to send. The binary never holds consensus rules:
//! they are in the kernel. It never holds contract rules: they are in the contracts.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod chain;
pub mod cli;
pub mod deploy;
pub mod devchain;
pub mod engine;
pub mod epoch;
pub mod explain;
pub mod keys;
pub mod roles;
pub mod scenario;
pub mod service;
pub mod source;
pub mod store;
pub mod vectors;
pub mod verify;
