//! The connection to the nodes of a chain: several addresses, one connection to each.
//!
//! A request that changes nothing is repeated until the timeout, at the next node when one does not
//! answer. All nodes have to be of the same chain.

use super::{greeting::greet, limits::Tariff};
use crate::chain::ChainError;
use inktensor_primitives::{hash::hex, Digest};
use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use subxt::{
    client::{ClientAtBlock, OnlineClientAtBlockImpl},
    config::RpcConfigFor,
    rpcs::{LegacyRpcMethods, RpcClient},
    PolkadotConfig,
};
use tokio::runtime::{Builder, Runtime};
use tracing::warn;

/// Wait after the first failure; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// Longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Wait for an answer after which the log has a line.
const SILENCE: Duration = Duration::from_secs(2);
/// Longest wait for the answer of one node of several.
const ALONE: Duration = Duration::from_secs(10);
/// Time for which one node of several is not asked after its first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// Longest such time.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Time for a node to accept a connection and send its first block.
const GREETING: Duration = Duration::from_secs(10);

/// The chain at the block of the connection: its types, its constants, its rules for signatures.
pub type At = ClientAtBlock<PolkadotConfig, OnlineClientAtBlockImpl<PolkadotConfig>>;

/// A connection to a node. Clones share it.
#[derive(Clone)]
pub struct Connection {
    /// Requests that subxt has a method for.
    pub rpc: LegacyRpcMethods<RpcConfigFor<PolkadotConfig>>,
    /// Other requests.
    pub raw: RpcClient,
    /// The chain's types and constants.
    pub at: Arc<At>,
    /// Limits of transactions.
    pub tariff: Tariff,
    /// Hash of the first block.
    pub genesis: Digest,
}

/// The failure of a request.
#[derive(Debug)]
pub enum Trouble {
    /// The node did not answer, or its answer is malformed. Another node may answer.
    Lost(String),
    /// The node answered with an error.
    Final(ChainError),
}

impl Trouble {
    /// Returns the failure of a connection, whose `error` may be nested.
    pub fn lost(error: &dyn std::fmt::Display) -> Self {
        Trouble::Lost(reason(error))
    }
}

impl From<ChainError> for Trouble {
    fn from(error: ChainError) -> Self {
        Trouble::Final(error)
    }
}

impl From<subxt::rpcs::Error> for Trouble {
    fn from(error: subxt::rpcs::Error) -> Self {
        match error {
            subxt::rpcs::Error::User(problem) => Trouble::Final(ChainError::Runtime(format!(
                "the node answered: {} ({})",
                problem.message, problem.code
            ))),
            lost => Trouble::lost(&lost),
        }
    }
}

/// Returns the innermost reason of a lost connection, once.
///
/// Each layer of the client puts its name in front of the text of the layer below.
fn reason(error: &dyn std::fmt::Display) -> String {
    const LAYERS: [&str; 3] = [
        "RPC error: ",
        "client error: ",
        "Error when opening the TCP socket: ",
    ];
    let text = error.to_string();
    let mut rest = text.as_str();
    while let Some(inner) = LAYERS.iter().find_map(|layer| strip(rest, layer)) {
        rest = inner;
    }
    match rest.split_once(" (os error") {
        Some((reason, _)) => reason.to_lowercase(),
        None => rest.into(),
    }
}

/// Strips `layer` from `text`, in upper or lower case.
fn strip<'a>(text: &'a str, layer: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(layer.len())?;
    head.eq_ignore_ascii_case(layer).then_some(rest)
}

/// The way to the nodes of a chain. Ways to single nodes of it share their connections.
pub struct Link {
    runtime: Arc<Runtime>,
    doors: Vec<Arc<Door>>,
    timeout: Duration,
    /// First block of the chain that the nodes must have.
    genesis: Arc<Mutex<Option<Digest>>>,
    state: Mutex<State>,
    /// Failures of a way to one node of several. It is not waited for: another one may answer.
    pauses: Option<Mutex<Pauses>>,
}

/// The pauses in which a node that failed is not asked.
#[derive(Debug, Default)]
struct Pauses {
    until: Option<Instant>,
    failures: u32,
}

impl Pauses {
    fn is_on(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Begins a pause, which doubles with each consecutive failure.
    fn fail(&mut self, now: Instant) {
        let pause = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        self.until = now.checked_add(pause.min(LONGEST_PAUSE));
    }
}

/// A node.
struct Door {
    address: String,
    /// Open connection. `None` before the first request, and after a failure.
    connection: Mutex<Option<Connection>>,
}

#[derive(Default)]
struct State {
    /// Index of the node in use.
    next: usize,
    /// True if the log has a line for the present wait.
    is_logged: bool,
}

fn locked<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    /// Creates the way to one of the nodes at `addresses`. `timeout` limits the wait for an answer.
    /// `genesis` is the chain's first block; by default the first node that answers decides.
    ///
    /// # Errors
    /// `Unreachable` if there is no address, or this machine has no threads left.
    pub fn new(
        addresses: Vec<String>,
        timeout: Duration,
        genesis: Option<Digest>,
    ) -> Result<Self, ChainError> {
        let unusable = |reason: String| ChainError::Unreachable {
            address: addresses.join(","),
            reason,
        };
        if addresses.is_empty() {
            return Err(unusable("no address is given".into()));
        }
        // One thread moves the bytes while this one waits for them.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("rpc")
            .enable_all()
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        let door = |address| {
            Arc::new(Door {
                address,
                connection: Mutex::default(),
            })
        };
        Ok(Self {
            runtime: Arc::new(runtime),
            doors: addresses.into_iter().map(door).collect(),
            timeout,
            genesis: Arc::new(Mutex::new(genesis)),
            state: Mutex::default(),
            pauses: None,
        })
    }

    /// Returns a way to each node alone. It asks once, and not at all for some time after a
    /// failure.
    pub fn each(&self) -> Vec<Self> {
        let alone = |door: &Arc<Door>| Self {
            runtime: Arc::clone(&self.runtime),
            doors: vec![Arc::clone(door)],
            timeout: self.timeout.min(ALONE),
            genesis: Arc::clone(&self.genesis),
            state: Mutex::default(),
            pauses: Some(Mutex::default()),
        };
        self.doors.iter().map(alone).collect()
    }

    /// Returns the longest wait for an answer.
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends a request that changes nothing, repeatedly until it is answered.
    ///
    /// # Errors
    /// `Unreachable` after the timeout, or the error of `request`.
    pub fn ask<T, F>(&self, request: impl Fn(Connection) -> F) -> Result<T, ChainError>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let start = Instant::now();
        let deadline = start + self.timeout;
        let mut wait = FIRST_WAIT;
        if let Some(pauses) = &self.pauses {
            if locked(pauses).is_on(start) {
                return Err(ChainError::Unreachable {
                    address: self.address(),
                    reason: "it did not answer the last time".into(),
                });
            }
        }
        loop {
            let answer = self.attempt(&request, start, deadline);
            if let (Some(pauses), Ok(_) | Err(Trouble::Final(_))) = (&self.pauses, &answer) {
                *locked(pauses) = Pauses::default();
            }
            match answer {
                Ok(answer) => {
                    locked(&self.state).is_logged = false;
                    return Ok(answer);
                }
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Lost(reason)) => {
                    let address = self.give_up();
                    if let Some(pauses) = &self.pauses {
                        locked(pauses).fail(Instant::now());
                        return Err(ChainError::Unreachable { address, reason });
                    }
                    if Instant::now() + wait >= deadline {
                        return Err(ChainError::Unreachable { address, reason });
                    }
                    std::thread::sleep(wait);
                    wait = wait.saturating_mul(2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// Returns a connection that has just answered, for a request that must not be repeated.
    ///
    /// # Errors
    /// `Unreachable`.
    pub fn checked(&self) -> Result<Connection, ChainError> {
        self.ask(|connection| async move {
            let version = connection.rpc.state_get_runtime_version(None).await?;
            // The chain refuses signatures for another version of its runtime.
            if version.spec_version != connection.at.spec_version() {
                return Err(Trouble::Lost("the chain has a new runtime".into()));
            }
            Ok(connection)
        })
    }

    /// Runs `work` to its end on this thread, for at most the timeout.
    pub fn run<T>(&self, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let limited = async { tokio::time::timeout(self.timeout, work).await };
        self.runtime
            .block_on(limited)
            .unwrap_or_else(|_| Err(Trouble::Lost("no answer came in time".into())))
    }

    /// Drops the connection. The next request opens a new one, to the next address. Returns the
    /// address of the dropped one.
    pub fn give_up(&self) -> String {
        let door = self.door();
        *locked(&door.connection) = None;
        let mut state = locked(&self.state);
        state.next = state.next.wrapping_add(1);
        door.address.clone()
    }

    /// Returns the index of the node in use.
    pub fn in_use(&self) -> usize {
        let next = locked(&self.state).next;
        next.checked_rem(self.doors.len()).unwrap_or_default()
    }

    /// Uses the node with this index from now on.
    pub fn prefer(&self, index: usize) {
        locked(&self.state).next = index;
    }

    fn attempt<T, F>(
        &self,
        request: &impl Fn(Connection) -> F,
        start: Instant,
        deadline: Instant,
    ) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let left = || deadline.saturating_duration_since(Instant::now());
        let door = self.door();
        let kept = locked(&door.connection).clone();
        let connection = match kept {
            Some(connection) => connection,
            None => self.connect(&door, start, left().min(GREETING))?,
        };
        self.wait(start, left(), request(connection))
            .unwrap_or_else(|| Err(Trouble::Lost("no answer came in time".into())))
    }

    fn connect(
        &self,
        door: &Door,
        start: Instant,
        timeout: Duration,
    ) -> Result<Connection, Trouble> {
        let address = &door.address;
        let connection = self
            .wait(start, timeout, greet(address))
            .unwrap_or_else(|| Err(Trouble::Lost("no connection in time".into())))?;
        let known = *locked(&self.genesis).get_or_insert(connection.genesis);
        if known != connection.genesis {
            return Err(Trouble::Lost(format!(
                "{address} is of another chain: its first block is {}, not {}",
                hex(&connection.genesis),
                hex(&known)
            )));
        }
        *locked(&door.connection) = Some(connection.clone());
        Ok(connection)
    }

    /// Runs `work` for at most `timeout`. Logs a line if the wait since `start` gets long, once
    /// until a node answers.
    fn wait<T>(
        &self,
        start: Instant,
        timeout: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        // Created inside: a timer belongs to the runtime that it is created in.
        self.runtime.block_on(async {
            let mut work = pin!(tokio::time::timeout(timeout, work));
            let silence = SILENCE.saturating_sub(start.elapsed());
            if let Ok(done) = tokio::time::timeout(silence, &mut work).await {
                return done.ok();
            }
            if !std::mem::replace(&mut locked(&self.state).is_logged, true) {
                warn!("waiting for the node at {}", self.address());
            }
            work.await.ok()
        })
    }

    /// Returns the address in use.
    pub fn address(&self) -> String {
        self.door().address.clone()
    }

    /// Returns the addresses of all nodes, separated by commas.
    pub fn addresses(&self) -> String {
        let addresses: Vec<&str> = self.doors.iter().map(|it| it.address.as_str()).collect();
        addresses.join(",")
    }

    fn door(&self) -> Arc<Door> {
        match self.doors.get(self.in_use()) {
            Some(door) => Arc::clone(door),
            // There is at least one.
            None => Arc::new(Door {
                address: String::new(),
                connection: Mutex::default(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_node_of_several_is_left_alone_longer_with_each_failure() {
        let now = Instant::now();
        let mut pauses = Pauses::default();
        assert!(!pauses.is_on(now));
        pauses.fail(now);
        assert!(pauses.is_on(now) && !pauses.is_on(now + FIRST_PAUSE));
        pauses.fail(now);
        assert!(pauses.is_on(now + FIRST_PAUSE));
        for _ in 0..40 {
            pauses.fail(now);
        }
        assert!(!pauses.is_on(now + LONGEST_PAUSE));
    }

    #[test]
    fn a_reason_is_stated_once() {
        let nested = "RPC error: client error: RPC error: client error: Error when opening the \
                      TCP socket: Connection refused (os error 111)";
        assert_eq!(reason(&nested), "connection refused");
        assert_eq!(reason(&"no such host"), "no such host");
        assert_eq!(reason(&"\u{fc}"), "\u{fc}");
    }
}
