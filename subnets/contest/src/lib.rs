//! The subnet `contest`: the best model on data that was drawn after the pledge.
//!
//! Pure rules without clock, network or chance. `docs/contest.md` is the specification. In the
//! order of an epoch:
//!
//! - [`Definition`], [`HeldOut`], [`Model`]: the contest `contest/1`, and an entry of it
//! - [`Pledge`], [`Opening`], [`Entry`], [`entries`]: the hash that binds a miner, and its block
//! - [`find`], [`Finding`]: the losses of an entry, or the fault for which it has no loss
//! - [`epsilon`], [`is_better`], [`rank`]: records, and why another entry is not one
//! - [`Round`], [`Verdict`]: losses, worths, averages and weights of a validator
//! - [`Examined`], [`Lie`]: the first false item of a verdict
//!
//! All rules but the first two hold for any [`Contest`](inktensor_task::Contest).
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod definition;
mod epsilon;
mod error;
mod examine;
mod find;
mod held_out;
mod model;
mod pledge;
mod rank;
#[cfg(test)]
mod toy;
mod verdict;

pub use definition::{Definition, DEFINITION_BYTES};
pub use epsilon::{epsilon, is_better, EPSILON_BLOCKS, EPSILON_FIRST, EPSILON_LAST, ERRORS};
pub use error::{ContestError, ModelError};
pub use examine::{Examined, Lie};
pub use find::{find, Fault, Finding, Shown};
pub use held_out::{HeldOut, ROWS, WORK_LIMIT};
pub use model::{Model, MODEL_LIMIT};
pub use pledge::{entries, Entry, Epoch, Opening, Pledge, Subnet, ENTRIES_LIMIT, OPENING_BYTES};
pub use rank::{rank, Judged, Standing, PAID_RECORDS};
pub use verdict::{Averages, Line, Round, Verdict};
