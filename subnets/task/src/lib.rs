//! Traits of a subnet's work: what validators ask, what miners answer, and what an answer is worth.
//!
//! A subnet's author writes a [`Task`]: pure functions without clock, network or chance.
//! Commitments, signatures, receipts, evidence, weights, retries, keys and limits belong to the
//! services that run the task.
//!
//! - [`Task`]: a question, its answer, the answer's worth
//! - [`Fold`]: long work in small steps, each of which can be checked alone
//! - [`Contest`]: entries that are compared by a [`Loss`] on data drawn after their pledge
//! - [`Seed`], [`Draw`]: numbers that follow from the chain
//! - [`Body`]: questions and answers on the wire; [`Load`]: what every neuron has before
//! - [`Worth`], [`Alpha`], [`weights_from_averages`]: from answers to weights, in integers
//! - [`Hash`], [`merkle`]: tagged hashes, and trees of them
//! - [`export!`], [`export_fold!`]: a task or a fold as a Wasm program, which neurons run without
//!   trust in it; [`guest`]: its functions
//!
//! Everything here gives the same bits on every machine.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
extern crate std;

mod body;
mod contest;
mod fold;
pub mod guest;
mod hash;
mod load;
pub mod merkle;
mod seed;
mod task;
mod weights;
mod worth;

pub use body::{Body, Malformed};
pub use contest::{Contest, Loss, NoLoss};
pub use fold::{Assignment, Blob, End, Fault, Fold, Measure, NamedFold, Stop};
pub use hash::{blake2, Digest, Hash, Tag};
pub use load::Load;
pub use seed::{Draw, Seed};
pub use task::{Refused, Seat, Task};
pub use weights::weights_from_averages;
pub use worth::{Alpha, Worth};

/// The page for authors, whose example is a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/subnet-author.md")]
struct SubnetAuthor;
