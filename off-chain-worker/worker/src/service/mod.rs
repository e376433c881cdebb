//! A worker as a service: one process that takes its steps on a chain at every new block, for
//! months.
//!
//! # Terms
//! * **turn**: one look at the chain. If there is a new block, all due steps are taken.
//! * **step in hand**: the transaction that is being sent. When asked to stop, a worker waits for
//!   it and sends no other.
//! * **trouble**: the chain cannot be reached. The worker looks again, less often each time, until
//!   the chain answers.
//! * **problem**: a step could not be taken. It is logged once, and again when it changes.
//!
//! A killed process loses nothing: its store has what it must remember, and the chain checks every
//! step.

pub mod config;
mod decode;
pub mod dry_run;
pub mod http;
mod instrumented;
mod lag;
mod log_actions;
pub mod logging;
pub mod metrics;
pub mod signals;
pub mod status;
#[cfg(test)]
mod tests;

use crate::{
    chain_source::{ChainSource, Opened, SourceError},
    epochs::EpochCache,
    kernels::Kernels,
    roles::{Keeper, Proposer, RoleError, TickReport, Watcher},
    store::{Home, Store, StoreError},
};
use config::{Config, Role};
use dry_run::DryRun;
use inktensor_client::{
    chain::{Chain, ChainError, ChainRead, Typed},
    deploy::Addresses,
    ss58::ss58,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    hash::blake2,
    registry::Registry,
    AccountId, NetUid,
};
use instrumented::Instrumented;
use lag::SubnetLag;
use psp22::PSP22;
use signals::Stop;
use status::Status;
use std::{
    collections::{btree_map::Entry, BTreeMap},
    sync::{
        mpsc::{self, RecvTimeoutError},
        Arc,
    },
    thread,
    time::Duration,
};
use thiserror::Error;
use tracing::{debug, error, info, warn};

/// Longest wait between two reads of a chain that does not answer.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Wait for the chain at the start after which the log has a line.
const SILENCE: Duration = Duration::from_secs(2);

/// An error that keeps a worker from starting.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// The chain cannot be opened.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The chain did not return its first block.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store is unusable.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The state that a worker shares with its monitoring and its signal handler.
#[derive(Clone, Debug)]
pub struct Handles {
    /// Health of the worker.
    pub status: Arc<Status>,
    /// Request to stop.
    pub stop: Arc<Stop>,
}

/// A running worker.
pub struct Service {
    chain: Instrumented,
    contracts: Addresses,
    account: AccountId,
    epochs: EpochCache,
    ticks: Vec<Tick>,
    handles: Handles,
    poll: Duration,
    stagger: Duration,
    /// True if subnets and the account are measured for monitoring.
    is_watched: bool,
    /// Block of the last turn that reached the chain.
    seen: Option<u32>,
    /// Number of consecutive turns that did not reach the chain.
    failures: u32,
    /// Present problems, as they were logged.
    logged: Problems,
}

type Tick = Box<dyn Fn(&mut dyn Chain, &mut EpochCache) -> Result<TickReport, ChainError>>;

/// Problems by subject, a subnet or the chain, and by kind.
type Problems = BTreeMap<(Option<NetUid>, &'static str), Problem>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    text: String,
    is_grave: bool,
}

impl Problem {
    fn with_chain(error: &ChainError) -> Self {
        Self {
            text: error.to_string(),
            is_grave: false,
        }
    }

    fn of_role(error: &RoleError) -> Self {
        Self {
            text: error.to_string(),
            // A participant is wrong about an epoch, which an operator has to look into.
            is_grave: matches!(
                error,
                RoleError::Slashed { .. }
                    | RoleError::EnginesDiffer { .. }
                    | RoleError::Disagreement { .. }
            ),
        }
    }
}

/// Opens the chain, and tries again while it is unreachable. Returns `None` if the worker is asked
/// to stop first.
///
/// # Errors
/// If the chain answers and cannot be used.
pub fn opened(
    handles: &Handles,
    chain: &ChainSource,
    poll: Duration,
    mut open: impl FnMut() -> Result<Opened, SourceError>,
) -> Result<Option<Opened>, SourceError> {
    let mut failures = 0;
    let mut logged = None;
    while handles.stop.asked_by().is_none() {
        let tried = match failures {
            0 => noticed(chain, &mut open),
            _ => open(),
        };
        match tried {
            Ok(opened) => return Ok(Some(opened)),
            Err(SourceError::Chain(trouble)) if trouble.is_of_the_connection() => {
                metrics::count_chain_error(&trouble);
                let text = trouble.to_string();
                handles.status.turned(Some(text.clone()));
                if logged.as_ref() != Some(&text) {
                    warn!("{text}");
                    logged = Some(text);
                }
                failures += 1;
                handles.stop.wait(pause(poll, failures));
            }
            Err(error) => return Err(error),
        }
    }
    handles.stop.log_end();
    Ok(None)
}

/// Calls `open`, and logs a line if it takes long.
fn noticed<T>(chain: &ChainSource, open: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        scope.spawn(move || {
            if is_done.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                warn!("waiting for the chain at {chain}");
            }
        });
        let opened = open();
        drop(done);
        opened
    })
}

/// Returns the wait after `failures` consecutive turns that did not reach the chain: it doubles
/// each time, up to a limit.
fn pause(poll: Duration, failures: u32) -> Duration {
    let doubled = 2u32.saturating_pow(failures);
    poll.saturating_mul(doubled).min(LONGEST_WAIT.max(poll))
}

/// Returns the wait before acting on `block`. It differs by account and block, so that of several
/// equal workers another one is first each time.
fn stagger(longest: Duration, account: &AccountId, block: u32) -> Duration {
    let hash = blake2(&[account.as_ref(), &block.to_le_bytes()[..]].concat());
    let share = u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]]);
    longest.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

impl Service {
    /// Creates a worker that signs as `account` on an opened chain, with the kernels that `kernels`
    /// can run.
    ///
    /// # Errors
    /// If the store is unusable.
    pub fn new(
        config: &Config,
        account: AccountId,
        opened: Opened,
        kernels: Kernels,
        handles: Handles,
    ) -> Result<Self, ServiceError> {
        let Opened {
            chain, contracts, ..
        } = opened;
        let home = Home::on(chain.as_ref(), contracts.epoch)?;
        let store = Store::open(&config.store, home)?;
        let chain: Box<dyn Chain> = match config.dry_run {
            true => Box::new(DryRun::new(chain, contracts)),
            false => chain,
        };
        let (status, stop) = (Arc::clone(&handles.status), Arc::clone(&handles.stop));
        let roles: Vec<String> = config
            .roles
            .iter()
            .map(|role| format!("{role:?}").to_lowercase())
            .collect();
        let (roles, signer) = (roles.join(","), ss58(&account));
        metrics::set_info(&signer, &roles, config.dry_run);
        info!(
            account = signer,
            roles,
            dry_run = config.dry_run,
            version = env!("CARGO_PKG_VERSION"),
            "running on {}",
            config.chain
        );
        handles.status.has_begun();
        handles.status.turned(None);
        Ok(Self {
            chain: Instrumented::new(chain, contracts, status, stop),
            contracts,
            account,
            epochs: EpochCache::new(contracts, kernels).with_store(store),
            ticks: ticks(config, account, contracts),
            handles,
            poll: config.poll,
            stagger: config.stagger,
            is_watched: config.http.is_some(),
            seen: None,
            failures: 0,
            logged: Problems::new(),
        })
    }

    /// Works until it is asked to stop.
    pub fn run(mut self) {
        while self.handles.stop.asked_by().is_none() {
            self.turn();
            self.handles.stop.wait(pause(self.poll, self.failures));
        }
        self.handles.stop.log_end();
    }

    /// Looks at the chain once, and takes all due steps if there is a new block.
    fn turn(&mut self) {
        let looked = match self.chain.block() {
            Ok(block) if self.seen == Some(block) => Ok(()),
            Ok(block) => self.look(block),
            Err(trouble) => Err(trouble),
        };
        metrics::count_turn();
        match looked {
            Ok(()) => {
                if self.failures > 0 {
                    info!("the chain answers again");
                }
                self.failures = 0;
                self.handles.status.turned(None);
            }
            Err(trouble) => {
                self.failures = self.failures.saturating_add(1);
                // The view of the block may be incomplete.
                self.seen = None;
                self.handles.status.turned(Some(trouble.to_string()));
                let kind = metrics::chain_error(&trouble);
                self.log_problem(None, kind, Problem::with_chain(&trouble));
            }
        }
    }

    /// Takes the steps that are due at `block`. The error is trouble with the chain, after which
    /// the block is looked at again.
    fn look(&mut self, block: u32) -> Result<(), ChainError> {
        self.handles.status.saw(block);
        self.handles
            .stop
            .wait(stagger(self.stagger, &self.account, block));
        let mut problems = Problems::new();
        let mut trouble = None;
        for tick in &self.ticks {
            match tick(&mut self.chain, &mut self.epochs) {
                Ok(report) => {
                    if let Some(found) = gather(&report, block, &mut problems) {
                        trouble.get_or_insert(found);
                    }
                }
                Err(error) => {
                    let kind = metrics::chain_error(&error);
                    problems.insert((None, kind), Problem::with_chain(&error));
                    trouble.get_or_insert(error);
                }
            }
        }
        self.log_problems(problems);
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        if self.is_watched {
            self.measure(block)?;
        }
        self.seen = Some(block);
        Ok(())
    }

    /// Measures the progress of each subnet, and the account's property.
    fn measure(&self, block: u32) -> Result<(), ChainError> {
        let subnets: u16 = self.chain.query(self.contracts.registry().subnets())?;
        for netuid in (1..=subnets).map(NetUid) {
            let status: Option<EpochStatus> =
                self.chain.query(self.contracts.epoch().status(netuid))?;
            if let Some(status) = status {
                metrics::set_subnet(netuid, &SubnetLag::at(&status, block));
            }
        }
        let collateral = self
            .chain
            .query(self.contracts.epoch().collateral(self.account))?;
        let balance = self.contracts.psp22().balance_of(self.account);
        metrics::set_account(&collateral, self.chain.query(balance)?);
        Ok(())
    }

    /// Logs new problems, and removes solved ones.
    fn log_problems(&mut self, problems: Problems) {
        self.logged.retain(|about, problem| {
            let stays = problems.contains_key(about);
            if !stays {
                let (netuid, kind) = *about;
                metrics::set_problem(netuid, kind, false);
                debug!(
                    netuid = netuid.map(|it| it.0),
                    kind, "no longer: {}", problem.text
                );
            }
            stays
        });
        for ((netuid, kind), problem) in problems {
            self.log_problem(netuid, kind, problem);
        }
    }

    fn log_problem(&mut self, about: Option<NetUid>, kind: &'static str, problem: Problem) {
        let logged = self.logged.entry((about, kind));
        if matches!(&logged, Entry::Occupied(logged) if *logged.get() == problem) {
            return;
        }
        metrics::set_problem(about, kind, true);
        let netuid = about.map(|it| it.0);
        if problem.is_grave {
            error!(netuid, kind, "{}", problem.text);
        } else {
            warn!(netuid, kind, "{}", problem.text);
        }
        logged.insert_entry(problem);
    }
}

/// Logs and counts the actions of a role at `block`, and adds its problems. Returns its trouble
/// with the chain.
fn gather(report: &TickReport, block: u32, problems: &mut Problems) -> Option<ChainError> {
    for action in &report.actions {
        metrics::count_action(action);
        log_actions::log(action, block);
    }
    for (netuid, how) in &report.overtaken {
        metrics::count_overtaken(*netuid);
        debug!(block, netuid = netuid.0, %how, "another account was first");
    }
    let mut trouble = None;
    for (netuid, problem) in &report.problems {
        match problem {
            // A dry run, or a worker that stops.
            RoleError::Chain(ChainError::NotSent(_)) => continue,
            RoleError::Chain(error) if error.is_of_the_connection() => {
                trouble.get_or_insert_with(|| error.clone());
            }
            _ => {
                let kind = metrics::role_error(problem);
                problems.insert((Some(*netuid), kind), Problem::of_role(problem));
            }
        }
    }
    trouble
}

/// Roles in the order of their urgency: a false assertion can be disputed for a limited time,
/// everything else can wait for a turn.
const ORDER: [Role; 3] = [Role::Watcher, Role::Keeper, Role::Proposer];

/// Returns the roles of this worker, in the order of their turns.
fn ticks(config: &Config, account: AccountId, contracts: Addresses) -> Vec<Tick> {
    let (replay, early) = (config.replay, config.early);
    let tick = |role: Role| -> Tick {
        match role {
            Role::Keeper => {
                let keeper = Keeper::new(account, contracts);
                let keeper = replay.map_or(keeper, |steps| keeper.replaying(steps));
                Box::new(move |chain, epochs| keeper.tick(chain, epochs))
            }
            Role::Proposer => {
                let proposer = Proposer::new(account, contracts).posting_early(early);
                Box::new(move |chain, epochs| proposer.tick(chain, epochs))
            }
            Role::Watcher => {
                let watcher = Watcher::new(account, contracts);
                Box::new(move |chain, epochs| watcher.tick(chain, epochs))
            }
        }
    };
    let has = |role: &Role| config.roles.contains(role);
    ORDER.into_iter().filter(has).map(tick).collect()
}
