//! A network that acts by itself on a development chain: scenario, run and report.

pub mod report;
mod rng;
pub mod run;
pub mod scenario;
