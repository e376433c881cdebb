//! Attacks on single epochs: false assertions against an honest watcher, and forged proofs and
//! assertions side by side against an honest proposer.
//!
//! # Terms
//! * [`Lie`]: a kind of false assertion, which changes one thing about an epoch. *Completeness*:
//!   the watcher finds the first false step and the collateral is slashed, or the contract refuses
//!   the assertion.
//! * [`Forgery`]: a kind of wrong proof. *Soundness*: no forged proof overturns an honest
//!   assertion.
//! * [`Contest`]: assertions that stand side by side. The truth becomes final at its own deadline.
//! * [`Case`]: a random epoch, its honest trace, and the epoch before it.
//! * [`Judge`]: the rules that decide. [`NativeJudge`] links the contract's own rules natively;
//!   [`OnChain`] is the contract itself.
//! * [`Campaign`]: many runs, counted in a [`Tally`]. A run depends on the seed and its number
//!   only.
//!
//! # Limits
//! The native judge covers the shape, the header hash, places, deadlines, replayed steps and
//! disputes. Collateral and gas exist on the chain only, where sampled runs go too.

pub mod attack;
mod campaign;
mod case;
mod contest;
mod forgery;
mod generate;
mod hash_kernel;
mod judge;
mod kernel;
mod layout;
pub mod lie;
mod on_chain;
mod report;
mod rng;
mod run;
mod tally;

pub use campaign::Campaign;
pub use case::Case;
pub use contest::Contest;
pub use forgery::Forgery;
pub use generate::epoch;
pub use hash_kernel::{Fault, HashKernel};
pub use judge::{Judge, NativeJudge};
pub use kernel::Kernel;
pub use layout::Layout;
pub use lie::Lie;
pub use on_chain::{closed_epoch, random_epoch, OnChain};
pub use report::Report;
pub use rng::Rng;
pub use run::Kinds;
pub use tally::{Failure, Lies, Proofs, Tally};
