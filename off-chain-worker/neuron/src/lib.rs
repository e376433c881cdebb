//! Miners and validators as services, and evidence of what validators did.
//!
//! A miner answers questions. A validator asks each miner in each epoch, checks answers by
//! recomputing them, keeps the receipts, pledges the root of its evidence and sets weights. Both
//! may be killed at any instruction: what they must remember is in a store.
//!
//! # Map
//! * [`service`], [`answering`]: what both have as a process and as a server; [`miner`],
//!   [`validator`]: the two parts;
//! * [`manifest`], [`pledged`], [`tasks`], [`program`]: what a subnet runs, and since when;
//! * [`fold`]: trainings, which miners share and validators probe;
//! * [`contest`]: contests, in which miners enter models and validators compare them;
//! * [`view`]: what a neuron reads of its subnet at a block;
//! * [`missing`]: what keeps a hotkey from taking part, with commands;
//! * [`publish`]: endpoints and pledges in the registry;
//! * [`side_process`]: a model in another process; [`fetch`]: blobs by their hash;
//! * [`noted`], [`threads`]: problems in the log, and work on all cores;
//! * [`store`]: the memory of a neuron; [`config`]: its settings.

pub mod answering;
pub mod ask;
pub mod clock;
pub mod config;
pub mod contest;
pub mod error;
pub mod evidence;
pub mod fetch;
pub mod fold;
pub mod manifest;
pub mod miner;
pub mod missing;
pub mod noted;
pub mod pledged;
pub mod program;
pub mod publish;
pub mod service;
pub mod side_process;
pub mod store;
pub mod tasks;
pub mod threads;
pub mod validator;
pub mod view;
