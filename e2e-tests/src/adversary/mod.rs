//! The adversaries: liars before an honest watcher, and forgers before an honest proposer.
//!
//! # Terms
//! * [`Lie`]: an assertion that changes one thing about an epoch. *Completeness*: the watcher finds
//!   the first step that is false, and the judge slashes; or the contract does not take the
//!   assertion at all.
//! * [`Forgery`]: a proof that does not belong. *Soundness*: put forward against an honest
//!   assertion it never gets through.
//! * [`Case`]: a random epoch, its honest trace, and the epoch before it.
//! * [`Court`]: who decides: [`Bench`] is the contract's own rules linked natively, [`OnChain`] the
//!   contract itself.
//! * [`Campaign`]: many runs, counted in a [`Tally`]. Each run depends on the seed and its own
//!   number only.
//!
//! # Limits
//! The bench knows shape, header hash and the judge; collateral, deadlines and who may call are the
//! chain's business, and sampled runs go there.

pub mod attack;
mod campaign;
mod case;
mod chance;
mod court;
mod echo;
mod forgery;
mod generate;
pub mod lie;
mod on_chain;
mod program;
mod report;
mod run;
mod tally;

pub use campaign::Campaign;
pub use case::Case;
pub use chance::Chance;
pub use court::{Bench, Court};
pub use echo::{Echo, Fault};
pub use forgery::Forgery;
pub use generate::epoch;
pub use lie::Lie;
pub use on_chain::{closed, scene, OnChain};
pub use program::Program;
pub use report::Report;
pub use run::Kinds;
pub use tally::{Failure, Lies, Proofs, Tally};
