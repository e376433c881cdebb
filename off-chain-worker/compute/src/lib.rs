//! Computes epochs with the kernel of a subnet: the same steps that the chain would execute, with
//! the digests that an assertion consists of. This example computes recorded epochs:
//!
//! ```no_run
//! use inktensor_compute::{
//!     engine::{native::Native, Engine},
//!     epoch::compute,
//!     vectors,
//! };
//! use inktensor_primitives::hash::hex;
//!
//! let text = std::fs::read_to_string("epochs.jsonl")?;
//! let engine = Native::new();
//! for epoch in vectors::read("epochs.jsonl", &text)? {
//!     let header = epoch.vector.header([0; 32]);
//!     let plan = engine.plan(&header)?;
//!     let trace = compute(&engine, &epoch.vector.inputs(header, &plan))?;
//!     println!("{} {}", epoch.label(), hex(&trace.assertion().digest()));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate knows the interface of kernels and the linked kernels. It knows no chain: inputs are
//! values, and so are results.
//!
//! # Map
//! * [`engine`]: runs kernel code, the chain's Wasm or the linked crate, and checks that Wasm is an
//!   acceptable kernel.
//! * [`epoch`]: inputs, trace and assertion of an epoch, the first difference between two
//!   assertions, and the proof for a dispute.
//! * [`vectors`]: epochs as JSON, for tests, recorded metagraphs and the offline audit.

// Tests of this crate share code with those beside it.
#[cfg(test)]
extern crate self as inktensor_compute;

pub mod engine;
pub mod epoch;
mod threads;
pub mod vectors;
