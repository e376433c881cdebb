//! Runs a scenario on a chain in this process: deploys, registers, stakes, and lets epochs pass.

mod collect;
mod epochs;
mod setup;
mod supply;

use crate::{report::Report, scenario::Scenario};
use inktensor_client::{
    chain::{CallError, ChainError, ContractError, Meter},
    deploy::{Addresses, Bundles, DeployError, Deployment},
};
use inktensor_compute::{engine::EngineError, epoch::ComputeError};
use inktensor_devnet::sandbox::{SandboxChain, State};
use inktensor_primitives::{NetUid, Rao};
use inktensor_worker::{
    epochs::EpochCache,
    kernels::{EngineChoice, Kernels},
    roles::{Keeper, Proposer, RoleError, Watcher},
    store::StoreError,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};
use thiserror::Error;

/// A scenario on its chain.
pub struct Simulation<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) chain: Meter<SandboxChain>,
    pub(crate) deployment: Deployment,
    epochs: EpochCache,
    keeper: Keeper,
    proposer: Proposer,
    watcher: Watcher,
    /// Epochs that the watcher computes by itself, in wasmtime.
    watcher_epochs: EpochCache,
    /// Both engines for kernels, to compare them.
    wasm: Arc<Kernels>,
    native: Kernels,
    subnets: Vec<SubnetRun>,
    pub(crate) report: Report,
    /// Emission at the last close.
    pub(crate) issuance: Option<epochs::IssuanceAtClose>,
    progress: Box<dyn FnMut(Progress<'_>) + 'a>,
}

/// The progress of a subnet.
struct SubnetRun {
    netuid: NetUid,
    /// Last open epoch in which its validators and nominators have acted.
    acted: Option<u32>,
    /// Uids that have set their recorded weights.
    recorded: BTreeSet<u16>,
    /// Pay of each epoch's settled chunks so far.
    paid: BTreeMap<u32, Rao>,
}

/// A scenario that has run.
pub struct Finished {
    /// Report of the run.
    pub report: Report,
    /// State of the chain at the end.
    pub state: State,
    /// Addresses of the contracts.
    pub contracts: Addresses,
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The start of a part with `steps` steps.
    Begin {
        /// Name of the part.
        what: &'a str,
        /// Number of steps.
        steps: u64,
    },
    /// The end of a step.
    Step,
}

/// An error of a run.
#[derive(Debug, Error)]
pub enum SimulationError {
    /// The contracts could not be deployed.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// The chain failed.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A contract refused a message of the scenario.
    #[error("{message} was refused: {error}")]
    Refused {
        /// Name of the message.
        message: &'static str,
        /// The contract's error.
        error: String,
    },
    /// A role failed.
    #[error(transparent)]
    Behaviour(#[from] RoleError),
    /// A kernel cannot run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An epoch cannot be computed again.
    #[error(transparent)]
    Epoch(#[from] ComputeError),
    /// The worker's store is unusable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No subnet makes progress although blocks pass.
    #[error("no step is due on any subnet: the epochs do not continue")]
    Stuck,
}

impl SimulationError {
    /// Converts the error of `message`.
    pub(crate) fn refused<E: ContractError>(
        message: &'static str,
    ) -> impl FnOnce(CallError<E>) -> Self {
        move |error| match error {
            CallError::Chain(error) => SimulationError::Chain(error),
            CallError::Refused(error) => SimulationError::Refused {
                message,
                error: error.text(),
            },
        }
    }
}

impl<'a> Simulation<'a> {
    /// Runs `scenario` for `epochs` epochs of every subnet, and returns the report. The worker
    /// computes epochs with the engine `choice`, and keeps them in a store in the folder `store`,
    /// if there is one.
    ///
    /// # Errors
    /// See [`SimulationError`].
    pub fn run(
        scenario: &'a Scenario,
        bundles: &Bundles,
        choice: EngineChoice,
        epochs: u32,
        store: Option<&Path>,
        progress: impl FnMut(Progress<'_>) + 'a,
    ) -> Result<Finished, SimulationError> {
        let mut simulation = Self::build(scenario, bundles, choice, store, Box::new(progress))?;
        simulation.run_epochs(epochs)?;
        Ok(Finished {
            state: simulation.chain.inner().state(),
            contracts: simulation.contracts(),
            report: simulation.finish()?,
        })
    }

    pub(crate) fn contracts(&self) -> Addresses {
        self.deployment.addresses
    }

    pub(crate) fn netuids(&self) -> Vec<NetUid> {
        self.subnets.iter().map(|subnet| subnet.netuid).collect()
    }

    pub(crate) fn begin(&mut self, what: &str, steps: usize) {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        (self.progress)(Progress::Begin { what, steps });
    }

    pub(crate) fn step(&mut self) {
        (self.progress)(Progress::Step);
    }
}
