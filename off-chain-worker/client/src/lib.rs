//! A client of an Inktensor network, for bots, dashboards and tools: reads the contracts, sends
//! transactions and follows events. This example prints the hotkeys of a subnet:
//!
//! ```no_run
//! use inktensor_client::{
//!     chain::{
//!         rpc::{RpcChain, Settings},
//!         Typed,
//!     },
//!     deploy::Record,
//!     ss58::ss58,
//! };
//! use inktensor_primitives::{registry::Registry, NetUid};
//!
//! let chain = RpcChain::connect(Settings::of("ws://127.0.0.1:9944"), [])?;
//! let record = std::fs::read_to_string("deployments/development.json")?;
//! let contracts = Record::from_text(&record)?.addresses()?;
//! for view in chain.query(contracts.registry().metagraph(NetUid(1), 0))? {
//!     println!("{} {}", view.uid, ss58(&view.neuron.hotkey));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Calls block.** Each call of a chain returns when the node has answered, or after a timeout.
//! In an asynchronous program, make the calls on a thread of their own, such as tokio's
//! `spawn_blocking`.
//!
//! The folder `examples` holds whole programs: `metagraph` reads, `stake` sends transactions,
//! `follow_events` waits for events. Neither they nor this crate compile a chain or an engine for
//! kernels.
//!
//! # Map
//! * [`chain`]: the traits [`ChainRead`](chain::ChainRead) and [`Chain`](chain::Chain), typed
//!   messages, and [`chain::rpc`], the chain that a node serves.
//! * [`deploy`]: the contracts' addresses, the file that records them, and the deployment itself.
//! * [`foreign_text`]: texts of other accounts, as they may be shown.
//! * [`io_error`]: errors of files as text.
//! * [`keys`]: the key that signs.
//! * [`ss58`]: addresses as text.
//!
//! The messages, events and errors of each contract are in the crate `inktensor-primitives`.

pub mod chain;
pub mod deploy;
pub mod foreign_text;
pub mod io_error;
pub mod keys;
pub mod ss58;

pub use inktensor_primitives::{AccountId, Digest};
