//! Arithmetic and models with the same bits on every machine.
//!
//! A result of this crate is a function of its arguments alone: the same bits in builds for SSE2,
//! AVX2 and AVX-512, and as Wasm in wasmtime and V8. So a claim about a model's output, or about a
//! step of its training, is checked by running the step again and comparing a hash.
//!
//! The rules that keep it so:
//!
//! - `f32` in a fixed order: each operation documents the order of its additions.
//! - No fused multiply-add, no `algebraic_*`, no reduction whose order depends on a width.
//! - Nothing from the platform: `exp`, `ln` and `erf` are polynomials of this crate. The square
//!   root is IEEE 754's, which has one right answer.
//! - Values that are not finite are errors.
//! - No hash maps, no threads that share a sum, no clock, no chance but a seed.
//!
//! `clippy.toml` of this crate and its test `source` refuse what would break them.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod adamw;
pub mod bert;
mod error;
pub mod gpt;
pub mod ops;
pub mod rng;
pub mod safetensors;
pub mod wordpiece;

pub use error::ExactError;
