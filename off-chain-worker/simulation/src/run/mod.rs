//! Carries a scenario out on a chain in this process: deploys, registers, stakes, and lets epochs
//! pass.

mod epochs;
mod setup;

use crate::{report::Story, scenario::Scenario};
use inktensor_client::{
    chain::{CallError, ChainError, Meter},
    deploy::{Addresses, Bundles, DeployError, Deployment},
};
use inktensor_compute::{engine::EngineError, epoch::EpochError};
use inktensor_devnet::{sandbox::SandboxChain, state_file::State};
use inktensor_primitives::{NetUid, Rao};
use inktensor_worker::{
    epochs::Ledger,
    kernels::{EngineChoice, Kernels},
    roles::{Keeper, Proposer, RoleError, Watcher},
    store::StoreError,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    path::Path,
    sync::Arc,
};
use thiserror::Error;

/// A chain on which a scenario is carried out.
pub struct Stage<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) chain: Meter<SandboxChain>,
    pub(crate) deployment: Deployment,
    ledger: Ledger,
    keeper: Keeper,
    proposer: Proposer,
    watcher: Watcher,
    /// What the watcher computes by itself, in wasmtime.
    watched: Ledger,
    /// Both ways to run a kernel, to compare them.
    wasm: Arc<Kernels>,
    native: Kernels,
    subnets: Vec<Played>,
    pub(crate) story: Story,
    /// What was issued and promised at the last close.
    pub(crate) issuance: Option<epochs::Promise>,
    progress: Box<dyn FnMut(Progress<'_>) + 'a>,
}

/// How far a subnet has come.
struct Played {
    netuid: NetUid,
    /// The last open epoch in which its validators and nominators have acted.
    acted: Option<u32>,
    /// Uids that have set their recorded weights.
    recorded: BTreeSet<u16>,
    /// What each epoch's chunks were paid so far.
    paid: BTreeMap<u32, Rao>,
}

/// A scenario that was carried out.
pub struct Performance {
    /// What came of it.
    pub story: Story,
    /// The chain at its end.
    pub state: State,
    /// Where the contracts are on it.
    pub contracts: Addresses,
}

/// What the stage is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// Begins something that takes `steps` steps.
    Begin {
        /// What.
        what: &'a str,
        /// Its steps.
        steps: u64,
    },
    /// Has done one step.
    Step,
}

/// The scenario could not be carried out.
#[derive(Debug, Error)]
pub enum StageError {
    /// The contracts could not be deployed.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// The chain did not answer as it should.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A contract refused what the scenario asks for.
    #[error("{message} was refused: {error}")]
    Refused {
        /// The message.
        message: &'static str,
        /// The contract's error.
        error: String,
    },
    /// The keeper or the proposer is stuck.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// A kernel cannot be run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An epoch cannot be computed again.
    #[error(transparent)]
    Epoch(#[from] EpochError),
    /// The worker's store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Subnets stand still although blocks pass.
    #[error("no subnet has anything due; its epochs do not go on")]
    Stuck,
}

impl StageError {
    /// For the error of `message`.
    pub(crate) fn refused<E: Debug>(message: &'static str) -> impl FnOnce(CallError<E>) -> Self {
        move |error| match error {
            CallError::Chain(error) => StageError::Chain(error),
            CallError::Refused(error) => StageError::Refused {
                message,
                error: format!("{error:?}"),
            },
        }
    }
}

impl<'a> Stage<'a> {
    /// Carries `scenario` out for `epochs` epochs of every subnet and tells what came of it. The
    /// epochs that are posted are computed as `choice` says, and kept in a store in the folder
    /// `store`, if one is named.
    ///
    /// # Errors
    /// See [`StageError`].
    pub fn perform(
        scenario: &'a Scenario,
        bundles: &Bundles,
        choice: EngineChoice,
        epochs: u32,
        store: Option<&Path>,
        progress: impl FnMut(Progress<'_>) + 'a,
    ) -> Result<Performance, StageError> {
        let mut stage = Self::build(scenario, bundles, choice, store, Box::new(progress))?;
        stage.play(epochs)?;
        Ok(Performance {
            state: stage.chain.inner().state(),
            contracts: stage.contracts(),
            story: stage.tell()?,
        })
    }

    pub(crate) fn contracts(&self) -> Addresses {
        self.deployment.addresses
    }

    pub(crate) fn netuids(&self) -> Vec<NetUid> {
        self.subnets.iter().map(|played| played.netuid).collect()
    }

    pub(crate) fn begin(&mut self, what: &str, steps: usize) {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        (self.progress)(Progress::Begin { what, steps });
    }

    pub(crate) fn step(&mut self) {
        (self.progress)(Progress::Step);
    }
}
