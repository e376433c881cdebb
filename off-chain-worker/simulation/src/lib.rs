//! A network that acts by itself on a development chain, for the demo: validators measure miners
//! and set weights, nominators stake, and a worker computes, posts, settles and watches the epochs.
//! This example runs two epochs and prints the pay:
//!
//! ```no_run
//! use inktensor_client::deploy::Bundles;
//! use inktensor_simulation::{run::Simulation, scenario::Scenario};
//! use inktensor_worker::kernels::EngineChoice;
//!
//! let scenario = Scenario::generate(1);
//! let bundles = Bundles::load()?;
//! let finished = Simulation::run(&scenario, &bundles, EngineChoice::Wasm, 2, None, |_| ())?;
//! for epoch in finished.report.epochs {
//!     println!("subnet {}, epoch {}: {} rao", epoch.netuid, epoch.epoch, epoch.paid);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Map
//! * [`scenario`]: the plan of a network, generated from a seed or taken from a metagraph.
//! * [`run`]: carries the plan out on a chain in this process.
//! * [`report`]: the facts of a run, for tables and JSON.
//! * [`live`]: a network of processes, with miners that serve models and validators that ask.
//! * [`Rng`]: random numbers from a seed.

pub mod live;
pub mod report;
mod rng;
pub mod run;
pub mod scenario;

pub use rng::Rng;
