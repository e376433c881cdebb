//! A worker as a service: one process that takes its steps on a chain at every new block, for
//! months.
//!
//! # Terms
//! * **turn**: one look at the chain. If there is a new block, all steps that are due are taken.
//! * **step in hand**: the transaction that is on its way. Asked to end, a worker waits for it and
//!   sends no other.
//! * **trouble**: the chain cannot be reached. The worker goes on looking, less often each time,
//!   and goes on by itself.
//! * **problem**: a step could not be taken. It is told once, and again when it changes.
//!
//! Nothing is lost when the process is killed instead: what it has to remember is in its store, and
//! the chain checks every step.

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
    chain_source::{Opened, SourceError},
    epochs::Ledger,
    kernels::Kernels,
    roles::{Keeper, Proposer, Report, RoleError, Watcher},
    store::{Home, Store, StoreError},
};
use config::{Config, Role};
use dry_run::Rehearsal;
use inktensor_client::{
    chain::{Chain, ChainError, Typed},
    deploy::Addresses,
    ss58::ss58,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    hash::blake2,
    registry::Registry,
    AccountId, NetUid,
};
use instrumented::Observed;
use lag::Standing;
use psp22::PSP22;
use signals::Stop;
use status::Status;
use std::{
    collections::{btree_map::Entry, BTreeMap},
    sync::Arc,
    time::Duration,
};
use thiserror::Error;
use tracing::{debug, error, info, warn};

/// The longest wait between two looks at a chain that does not answer.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why a worker cannot begin.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// There is no chain to work on.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The chain did not tell which one it is.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a worker shares with who watches it and who ends it.
#[derive(Clone, Debug)]
pub struct Ties {
    /// How the worker is.
    pub status: Arc<Status>,
    /// Whether it is to end.
    pub stop: Arc<Stop>,
}

/// A worker at work.
pub struct Service {
    chain: Observed,
    contracts: Addresses,
    account: AccountId,
    ledger: Ledger,
    crew: Vec<Tick>,
    ties: Ties,
    poll: Duration,
    stagger: Duration,
    /// Whether subnets and the account are looked at for who watches.
    is_watched: bool,
    /// The block of the last turn that reached the chain.
    seen: Option<u32>,
    /// Turns in a row that did not reach the chain.
    failures: u32,
    /// The problems that there are, as they were told.
    told: Problems,
}

type Tick = Box<dyn Fn(&mut dyn Chain, &mut Ledger) -> Result<Report, ChainError>>;

/// Problems by what they are about, a subnet or the chain, and by kind.
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
            // Somebody is wrong about an epoch, and somebody has to find out who.
            is_grave: matches!(
                error,
                RoleError::Slashed { .. }
                    | RoleError::EnginesDiffer { .. }
                    | RoleError::Disagreement { .. }
            ),
        }
    }
}

/// Opens a chain by `open`, and tries again for as long as it cannot be reached, until the worker
/// is to end: then there is none.
///
/// # Errors
/// If it can be reached and is not one to work on.
pub fn opened(
    ties: &Ties,
    poll: Duration,
    mut open: impl FnMut() -> Result<Opened, SourceError>,
) -> Result<Option<Opened>, SourceError> {
    let mut failures = 0;
    let mut told = None;
    while ties.stop.asked_by().is_none() {
        match open() {
            Ok(opened) => return Ok(Some(opened)),
            Err(SourceError::Chain(trouble)) if trouble.is_of_the_connection() => {
                metrics::chain_failed(&trouble);
                let text = trouble.to_string();
                ties.status.turned(Some(text.clone()));
                if told.as_ref() != Some(&text) {
                    warn!("{text}");
                    told = Some(text);
                }
                failures += 1;
                ties.stop.wait(pause(poll, failures));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The wait after so many turns in a row that did not reach the chain: it doubles each time, up to
/// a limit.
fn pause(poll: Duration, failures: u32) -> Duration {
    let doubled = 2u32.saturating_pow(failures);
    poll.saturating_mul(doubled).min(LONGEST_WAIT.max(poll))
}

/// The wait before acting on `block`: another one for each account and block, so that of several
/// equal workers another one is first each time.
fn stagger(longest: Duration, account: &AccountId, block: u32) -> Duration {
    let hash = blake2(&[account.as_ref(), &block.to_le_bytes()[..]].concat());
    let share = u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]]);
    longest.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

impl Service {
    /// A worker that signs as `account` on an opened chain, with what `kernels` can run.
    ///
    /// # Errors
    /// If the store cannot be used.
    pub fn new(
        config: &Config,
        account: AccountId,
        opened: Opened,
        kernels: Kernels,
        ties: Ties,
    ) -> Result<Self, ServiceError> {
        let Opened {
            chain, contracts, ..
        } = opened;
        let home = Home::on(chain.as_ref(), contracts.epoch)?;
        let store = Store::open(&config.store, home)?;
        let chain: Box<dyn Chain> = match config.dry_run {
            true => Box::new(Rehearsal::new(chain, contracts)),
            false => chain,
        };
        let (status, stop) = (Arc::clone(&ties.status), Arc::clone(&ties.stop));
        let roles: Vec<String> = config
            .roles
            .iter()
            .map(|role| format!("{role:?}").to_lowercase())
            .collect();
        let (roles, signer) = (roles.join(","), ss58(&account));
        metrics::told_who(&signer, &roles, config.dry_run);
        info!(
            account = signer,
            roles,
            dry_run = config.dry_run,
            version = env!("CARGO_PKG_VERSION"),
            "running on {}",
            config.chain
        );
        ties.status.has_begun();
        ties.status.turned(None);
        Ok(Self {
            chain: Observed::new(chain, contracts, status, stop),
            contracts,
            account,
            ledger: Ledger::new(contracts, kernels).with_store(store),
            crew: crew(config, account, contracts),
            ties,
            poll: config.poll,
            stagger: config.stagger,
            is_watched: config.http.is_some(),
            seen: None,
            failures: 0,
            told: Problems::new(),
        })
    }

    /// Works until it is asked to end.
    pub fn run(mut self) {
        while self.ties.stop.asked_by().is_none() {
            self.turn();
            self.ties.stop.wait(pause(self.poll, self.failures));
        }
    }

    /// Looks at the chain once, and takes all steps that are due if there is a new block.
    fn turn(&mut self) {
        let looked = match self.chain.block() {
            Ok(block) if self.seen == Some(block) => Ok(()),
            Ok(block) => self.look(block),
            Err(trouble) => Err(trouble),
        };
        metrics::turned();
        match looked {
            Ok(()) => {
                if self.failures > 0 {
                    info!("the chain answers again");
                }
                self.failures = 0;
                self.ties.status.turned(None);
            }
            Err(trouble) => {
                self.failures = self.failures.saturating_add(1);
                // Whatever it did see may be half of it.
                self.seen = None;
                self.ties.status.turned(Some(trouble.to_string()));
                let kind = metrics::chain_error(&trouble);
                self.tell(None, kind, Problem::with_chain(&trouble));
            }
        }
    }

    /// Takes the steps that are due at `block`. The error is trouble with the chain, after which
    /// the block has to be looked at again.
    fn look(&mut self, block: u32) -> Result<(), ChainError> {
        self.ties.status.saw(block);
        self.ties
            .stop
            .wait(stagger(self.stagger, &self.account, block));
        let mut problems = Problems::new();
        let mut trouble = None;
        for tick in &self.crew {
            match tick(&mut self.chain, &mut self.ledger) {
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
        self.tell_all(problems);
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        if self.is_watched {
            self.measure(block)?;
        }
        self.seen = Some(block);
        Ok(())
    }

    /// Measures where each subnet stands, and what the account owns.
    fn measure(&self, block: u32) -> Result<(), ChainError> {
        let subnets: u16 = self.chain.query(self.contracts.registry().subnets())?;
        for netuid in (1..=subnets).map(NetUid) {
            let status: Option<EpochStatus> =
                self.chain.query(self.contracts.epoch().status(netuid))?;
            if let Some(status) = status {
                metrics::stands(netuid, &Standing::at(&status, block));
            }
        }
        let collateral = self
            .chain
            .query(self.contracts.epoch().collateral(self.account))?;
        let balance = self.contracts.psp22().balance_of(self.account);
        metrics::owns(&collateral, self.chain.query(balance)?);
        Ok(())
    }

    /// Tells of the problems that are new, and forgets those that are gone.
    fn tell_all(&mut self, problems: Problems) {
        self.told.retain(|about, problem| {
            let stays = problems.contains_key(about);
            if !stays {
                let (netuid, kind) = *about;
                metrics::has_problem(netuid, kind, false);
                debug!(
                    netuid = netuid.map(|it| it.0),
                    kind, "no longer: {}", problem.text
                );
            }
            stays
        });
        for ((netuid, kind), problem) in problems {
            self.tell(netuid, kind, problem);
        }
    }

    fn tell(&mut self, about: Option<NetUid>, kind: &'static str, problem: Problem) {
        let told = self.told.entry((about, kind));
        if matches!(&told, Entry::Occupied(told) if *told.get() == problem) {
            return;
        }
        metrics::has_problem(about, kind, true);
        let netuid = about.map(|it| it.0);
        if problem.is_grave {
            error!(netuid, kind, "{}", problem.text);
        } else {
            warn!(netuid, kind, "{}", problem.text);
        }
        told.insert_entry(problem);
    }
}

/// Tells and counts what a role did at `block`, and adds its problems. Returns the trouble with the
/// chain that it had.
fn gather(report: &Report, block: u32, problems: &mut Problems) -> Option<ChainError> {
    for action in &report.actions {
        metrics::took(action);
        actions::tell(action, block);
    }
    for (netuid, how) in &report.overtaken {
        metrics::overtaken(*netuid);
        debug!(block, netuid = netuid.0, %how, "somebody else was quicker");
    }
    let mut trouble = None;
    for (netuid, problem) in &report.problems {
        match problem {
            // A dry run, or the end of the worker.
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

/// The roles in the order of their haste: a lie can be disputed only so long, all else can wait for
/// a turn.
const ORDER: [Role; 3] = [Role::Watcher, Role::Keeper, Role::Proposer];

/// The roles that this worker has, in the order in which they take their turns.
fn crew(config: &Config, account: AccountId, contracts: Addresses) -> Vec<Tick> {
    let replay = config.replay;
    let tick = |role: Role| -> Tick {
        match role {
            Role::Keeper => {
                let keeper = Keeper::new(account, contracts);
                let keeper = replay.map_or(keeper, |steps| keeper.replaying(steps));
                Box::new(move |chain, ledger| keeper.tick(chain, ledger))
            }
            Role::Proposer => {
                let proposer = Proposer::new(account, contracts);
                Box::new(move |chain, ledger| proposer.tick(chain, ledger))
            }
            Role::Watcher => {
                let watcher = Watcher::new(account, contracts);
                Box::new(move |chain, ledger| watcher.tick(chain, ledger))
            }
        }
    };
    let has = |role: &Role| config.roles.contains(role);
    ORDER.into_iter().filter(has).map(tick).collect()
}
