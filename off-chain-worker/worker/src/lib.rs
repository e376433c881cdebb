//! The off-chain worker: computes epochs, posts them, settles them, and checks those of others.
//! This example verifies a posted epoch:
//!
//! ```no_run
//! use inktensor_primitives::NetUid;
//! use inktensor_worker::{
//!     chain_source::{Access, ChainSource},
//!     kernels::{EngineChoice, Kernels},
//!     verify::Verifier,
//! };
//!
//! let source: ChainSource = "ws://127.0.0.1:9944".parse()?;
//! let opened = source.open(Access::default())?;
//! let verifier = Verifier {
//!     chain: opened.chain.as_ref(),
//!     contracts: opened.contracts,
//!     kernels: &Kernels::new(EngineChoice::Wasm)?,
//!     store: None,
//! };
//! let verified = verifier.verify(NetUid(1), 7)?;
//! println!("epoch 7 is {}", if verified.finding.is_none() { "right" } else { "wrong" });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Data flows one way: a chain has the inputs, an engine runs the kernel, the steps become an
//! assertion, and the roles send it. The worker holds no rule of a contract and none of consensus:
//! those are in the contracts and in the kernel.
//!
//! # Map
//! * [`service`]: the worker as a process, with configuration, log, metrics and health.
//! * [`roles`]: keeper, proposer, watcher and clerk, the steps that a worker takes.
//! * [`epochs`]: the epochs that the worker has computed; [`store`]: the file that keeps them.
//! * [`history`]: the events of one epoch.
//! * [`verify`] and [`explain`]: checks a posted epoch, and explains a neuron's pay.
//! * [`kernels`]: the kernels of the subnets, by code hash.
//! * [`chain_source`]: opens a chain by address or folder.

pub mod chain_source;
pub mod epochs;
pub mod error;
pub mod explain;
pub mod history;
pub mod kernels;
pub mod roles;
pub mod service;
pub mod store;
pub mod verify;
