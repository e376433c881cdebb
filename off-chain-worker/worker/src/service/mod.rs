//! A worker as a service: one process that takes its steps on a chain at every new block, for
//! months.
//!
//! # Terms
//! * **loop**: the thread of one role, with a connection of its own. Roles share nothing but the
//!   store, so the watcher never waits for a settlement.
//! * **turn**: one look at the chain by a role. If there is a new block, the first due steps are
//!   taken, in one group of transactions. Then the role looks again.
//! * **step in hand**: the transactions that are being sent. When asked to stop, a worker waits for
//!   them and sends no other.
//! * **trouble**: the chain cannot be reached. The role looks again, less often each time, until
//!   the chain answers.
//! * **problem**: a step could not be taken. It is logged when it is found, once, and again when it
//!   changes.
//!
//! A killed process loses nothing: its store has what it must remember, and the chain checks every
//! step.

pub mod config;
mod decode;
pub mod dry_run;
pub mod http;
pub mod instrumented;
mod lag;
mod log_actions;
pub mod logging;
pub mod metrics;
mod monitor;
mod problems;
mod role_loop;
pub mod signals;
pub mod status;
#[cfg(test)]
pub(crate) mod tests;

use crate::{
    chain_source::{ChainSource, Opened, SourceError},
    epochs::EpochCache,
    kernels::Kernels,
    roles::{Clerk, Keeper, Proposer, Role as Turns, Subnets, Watcher},
    store::{Home, Store, StoreError},
};
use config::{Config, Role};
use dry_run::DryRun;
use inktensor_client::{
    chain::{Agreeing, Chain, ChainError, ChainRead},
    deploy::Addresses,
    ss58::ss58,
};
use inktensor_primitives::{hash::blake2, AccountId, Digest};
use instrumented::Instrumented;
use monitor::Monitor;
use role_loop::{Progress, RoleLoop};
use signals::Stop;
use status::{LoopStatus, Status};
use std::{
    rc::Rc,
    sync::{
        mpsc::{self, RecvTimeoutError},
        Arc,
    },
    thread,
    time::Duration,
};
use thiserror::Error;
use tracing::{info, warn};

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
    /// A further connection is to another chain or deployment than the first one.
    #[error("a connection leads to another chain or deployment than the first one; do the addresses in --chain name the same chain?")]
    OtherChain,
    /// The network has no governance, so there is nothing for a clerk to do.
    #[error("this network has no governance, and a clerk has nothing to do there; remove `clerk` from --role")]
    NoGovernance,
}

/// The state that a worker shares with its monitoring and its signal handler.
#[derive(Clone, Debug)]
pub struct Handles {
    /// Health of the worker.
    pub status: Arc<Status>,
    /// Request to stop.
    pub stop: Arc<Stop>,
}

/// Opens the chain, and tries again while it is unreachable. Calls `waits` with the trouble at each
/// failure. Returns `None` if the worker is asked to stop first.
///
/// # Errors
/// If the chain answers and cannot be used.
pub fn opened(
    stop: &Stop,
    chain: &ChainSource,
    poll: Duration,
    mut open: impl FnMut() -> Result<Opened, SourceError>,
    waits: impl Fn(String),
) -> Result<Option<Opened>, SourceError> {
    let mut failures = 0;
    let mut logged = None;
    while stop.asked_by().is_none() {
        let tried = match failures {
            0 => noticed(chain, &mut open),
            _ => open(),
        };
        match tried {
            Ok(opened) => return Ok(Some(opened)),
            Err(SourceError::Chain(trouble)) if trouble.is_of_the_connection() => {
                metrics::count_chain_error(&trouble);
                let text = trouble.to_string();
                waits(text.clone());
                if logged.as_ref() != Some(&text) {
                    warn!("{text}");
                    logged = Some(text);
                }
                failures += 1;
                stop.wait(pause(poll, failures));
            }
            Err(error) => return Err(error),
        }
    }
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
pub fn pause(poll: Duration, failures: u32) -> Duration {
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

/// A worker: all that its loops share.
pub struct Service<'a, O> {
    config: &'a Config,
    account: AccountId,
    /// Opens a connection. Each loop calls it for itself.
    open: O,
    contracts: Addresses,
    genesis: Digest,
    store: Arc<Store>,
    kernels: Arc<Kernels>,
    handles: Handles,
}

/// Runs a worker that signs as `account`, with the kernels that `kernels` can run, until it is
/// asked to stop. `open` opens a connection to the chain; each role has its own.
///
/// # Errors
/// If the chain or the store cannot be used. A chain that does not answer is waited for.
pub fn run<O>(
    config: &Config,
    account: AccountId,
    open: O,
    kernels: Kernels,
    handles: Handles,
) -> Result<(), ServiceError>
where
    O: Fn() -> Result<Opened, SourceError> + Sync,
{
    let waits = |trouble| handles.status.opening(Some(trouble));
    let first = opened(&handles.stop, &config.chain, config.poll, &open, waits)?;
    if let Some(first) = first {
        handles.status.opening(None);
        let service = Service::new(config, account, open, &first, kernels, handles.clone())?;
        drop(first);
        service.work()?;
    }
    handles.stop.log_end();
    Ok(())
}

impl<'a, O: Fn() -> Result<Opened, SourceError> + Sync> Service<'a, O> {
    /// Creates a worker on an opened chain.
    ///
    /// # Errors
    /// If the store is unusable, or a role has nothing to do on this network.
    fn new(
        config: &'a Config,
        account: AccountId,
        open: O,
        first: &Opened,
        kernels: Kernels,
        handles: Handles,
    ) -> Result<Self, ServiceError> {
        if config.roles.contains(&Role::Clerk) && first.contracts.governing.is_none() {
            return Err(ServiceError::NoGovernance);
        }
        let home = Home::on(first.chain.as_ref(), first.contracts.epoch)?;
        let store = Arc::new(Store::open(&config.store, home)?);
        let roles: Vec<&str> = config.roles.iter().map(|role| name(*role)).collect();
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
        Ok(Self {
            config,
            account,
            open,
            contracts: first.contracts,
            genesis: home.genesis,
            store,
            kernels: Arc::new(kernels),
            handles,
        })
    }

    /// Runs a thread for each role, and one for monitoring if it is served.
    fn work(&self) -> Result<(), ServiceError> {
        thread::scope(|scope| {
            let mut threads = Vec::new();
            for role in &self.config.roles {
                let status = self.handles.status.begin_loop(name(*role));
                threads.push(scope.spawn(move || {
                    self.guarded(|| {
                        if let Some(opened) = self.connect(&status)? {
                            self.role_loop(*role, opened, status)?.run();
                        }
                        Ok(())
                    })
                }));
            }
            if self.config.http.is_some() {
                let status = self.handles.status.begin_loop(monitor::NAME);
                threads.push(scope.spawn(move || {
                    self.guarded(|| {
                        if let Some(opened) = self.connect(&status)? {
                            let chain = self.instrumented(opened.chain, &status);
                            self.monitor(chain, status).run();
                        }
                        Ok(())
                    })
                }));
            }
            let ended = threads.into_iter().map(|thread| match thread.join() {
                Ok(ended) => ended,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            // All of them have ended before the first error is returned.
            let ended: Vec<Result<(), ServiceError>> = ended.collect();
            ended.into_iter().collect()
        })
    }

    /// Runs the loop of a thread. When one ends, all do: a worker without one of its roles must not
    /// look alive.
    fn guarded(&self, work: impl FnOnce() -> Result<(), ServiceError>) -> Result<(), ServiceError> {
        /// Asks the worker to stop, also after a panic.
        struct StopAll<'a>(&'a Stop);
        impl Drop for StopAll<'_> {
            fn drop(&mut self) {
                self.0.ask("the end of a role");
            }
        }
        let _guard = StopAll(&self.handles.stop);
        work()
    }

    /// Opens a connection for a loop. Returns `None` if the worker is asked to stop first.
    fn connect(&self, status: &Arc<LoopStatus>) -> Result<Option<Opened>, ServiceError> {
        let waits = |trouble| status.turned(Some(trouble));
        let (stop, chain) = (&self.handles.stop, &self.config.chain);
        let Some(opened) = opened(stop, chain, self.config.poll, &self.open, waits)? else {
            return Ok(None);
        };
        let found = opened.chain.genesis()?;
        if (found, opened.contracts) != (self.genesis, self.contracts) {
            return Err(ServiceError::OtherChain);
        }
        Ok(Some(opened))
    }

    fn instrumented(&self, chain: Box<dyn Chain>, status: &Arc<LoopStatus>) -> Instrumented {
        let chain: Box<dyn Chain> = match self.config.dry_run {
            true => Box::new(DryRun::new(chain, self.contracts)),
            false => chain,
        };
        Instrumented::new(
            chain,
            self.contracts,
            Arc::clone(&self.handles.status),
            Arc::clone(status),
            Arc::clone(&self.handles.stop),
        )
    }

    fn subnets(&self) -> Subnets {
        Subnets::of(self.contracts).only(self.config.netuids.iter().copied())
    }

    /// Returns the chain of a role, and its views of single nodes. What a keeper or a clerk reads
    /// wrong costs a fee. The other roles believe what enough nodes agree on.
    fn believed(&self, role: Role, opened: Opened) -> (Box<dyn Chain>, Vec<Rc<dyn ChainRead>>) {
        let Opened { chain, nodes, .. } = opened;
        match role {
            Role::Proposer | Role::Watcher if nodes.len() > 1 => {
                let agreeing = Agreeing::new(chain, nodes.clone(), self.config.agree);
                (Box::new(agreeing), nodes)
            }
            Role::Keeper | Role::Proposer | Role::Watcher | Role::Clerk => (chain, Vec::new()),
        }
    }

    fn role_loop(
        &self,
        role: Role,
        opened: Opened,
        status: Arc<LoopStatus>,
    ) -> Result<RoleLoop, ServiceError> {
        let config = self.config;
        let (chain, views) = self.believed(role, opened);
        let chain = self.instrumented(chain, &status);
        Ok(RoleLoop {
            name: name(role),
            role: turns(role, config, self.account, self.contracts)?,
            chain,
            views,
            epochs: EpochCache::new(self.contracts, Arc::clone(&self.kernels))
                .with_store(Arc::clone(&self.store)),
            subnets: self.subnets(),
            handles: self.handles.clone(),
            status,
            account: self.account,
            poll: config.poll,
            // A watcher waits for nothing.
            stagger: match role {
                Role::Watcher => Duration::ZERO,
                Role::Keeper | Role::Proposer | Role::Clerk => config.stagger,
            },
            progress: Progress::of(name(role)),
        })
    }

    fn monitor(&self, chain: Instrumented, status: Arc<LoopStatus>) -> Monitor {
        Monitor {
            chain,
            contracts: self.contracts,
            account: self.account,
            subnets: self.subnets(),
            handles: self.handles.clone(),
            status,
            poll: self.config.poll,
        }
    }
}

/// Returns the name of a role.
const fn name(role: Role) -> &'static str {
    match role {
        Role::Keeper => "keeper",
        Role::Proposer => "proposer",
        Role::Watcher => "watcher",
        Role::Clerk => "clerk",
    }
}

/// Returns the role with its settings.
///
/// # Errors
/// If the role has nothing to do on this network.
fn turns(
    role: Role,
    config: &Config,
    account: AccountId,
    contracts: Addresses,
) -> Result<Box<dyn Turns>, ServiceError> {
    Ok(match role {
        Role::Keeper => {
            let mut keeper = Keeper::new(account, contracts).for_at_least(config.min_fee);
            if let Some(steps) = config.replay {
                keeper = keeper.replaying(steps);
            }
            if config.roles.contains(&Role::Proposer) {
                keeper = keeper.proposing();
            }
            Box::new(keeper)
        }
        Role::Proposer => {
            let proposer = Proposer::new(account, contracts)
                .for_at_least(config.min_fee)
                .posting_early(config.early);
            Box::new(match config.max_bond {
                Some(limit) => proposer.limited_to(limit),
                None => proposer,
            })
        }
        Role::Watcher => Box::new(Watcher::new(account, contracts)),
        Role::Clerk => Box::new(Clerk::on(account, contracts).ok_or(ServiceError::NoGovernance)?),
    })
}
