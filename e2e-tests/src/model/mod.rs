//! The game as the protocol describes it, to hold the contracts against.
//!
//! # Terms
//! * [`Game`]: the rules alone, in plain integers. Says what each call answers and what it changes.
//!   It shares no code with the epoch contract.
//! * [`Action`]: one thing that somebody tries. A list of them is a story that can be printed,
//!   shortened and told again.
//! * [`World`]: a network and a game side by side. Each action is done in both, and both must agree
//!   on the answer, on where every epoch stands, on every collateral and every purse. A refused action
//!   must have changed nothing.
//!
//! # Limits
//! Stake, seats and weights are the network's business: the game only takes over how many neurons
//! there are and how long an epoch lasts. What neurons earn is computed by the worker, not by the
//! game.

mod action;
mod claim;
mod evidence;
mod game;
mod world;

pub use action::{Action, Given, Line, Until, Which, ROOT};
pub use claim::{Claim, Claimed, Lie};
pub use evidence::{verdict, Evidence, Known};
pub use game::{Account, ClosedEpoch, Fit, Game, PayOut, Standing, SubnetGame};
pub use world::{hotkey, person, worker, Tally, World, WATCHER, WORKERS};
