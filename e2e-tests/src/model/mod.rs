//! A model of the protocol, to compare the contracts with.
//!
//! # Terms
//! * [`Protocol`]: the rules alone, in plain integers: the answer of each call, and its effect. It
//!   shares no code with the epoch contract.
//! * [`Action`]: one thing that an account tries. A list of actions can be printed, shortened and
//!   repeated.
//! * [`Lockstep`]: a network and a model, which perform the same actions. Both must agree on every
//!   answer, on the state of every epoch, and on every collateral and balance. A refused action
//!   must change nothing.
//!
//! # Limits
//! The model has no stake, seats or weights: it copies the number of neurons and the tempo from the
//! network. The pay of neurons is computed by the worker.

mod action;
mod claim;
mod evidence;
mod lockstep;
mod protocol;

pub use action::{Action, Given, Line, Until, Which, ROOT};
pub use claim::{Claim, Claimed, Lie};
pub use evidence::{verdict, Evidence, HonestEpoch};
pub use lockstep::{hotkey, person, worker, Lockstep, Tally, WATCHER, WORKERS};
pub use protocol::{Account, ClosedEpoch, Fit, PayOut, Posted, Protocol, SubnetModel};
