//! A live network on one machine: processes of the stock binary that mine, validate and audit over
//! loopback with TLS, honest ones and cheats, on a devchain with the real contracts.
//!
//! # Map
//! * [`plan`]: who takes part, from a seed;
//! * [`network`]: the chain, its subnets of questions and of a training, the registrations;
//! * [`process`]: processes, their logs and their CPU time; [`parent`]: their end; [`folder`]:
//!   their files;
//! * [`models`]: honest and cheating models behind stock miners; [`cheats`]: neurons that break
//!   the protocol; [`local_http`]: the server of both;
//! * [`pace`], [`conduct`]: windows and blocks that follow the machine;
//! * [`claims`]: what the network promises, with bounds; [`report`]: the facts.

mod auditor;
mod cast;
pub mod cheats;
pub mod claims;
pub mod conduct;
mod error;
pub mod folder;
pub mod local_http;
pub mod models;
pub mod network;
pub mod pace;
pub mod parent;
pub mod plan;
pub mod process;
pub mod report;
mod run;
mod training;
mod work;

pub use error::LiveError;
pub use run::{run, Settings, LEAST_EPOCHS};
