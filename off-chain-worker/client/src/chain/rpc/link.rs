//! The connection to a node: several addresses, one connection at a time.
//!
//! A request that changes nothing is repeated until the timeout, at the next node when one does not
//! answer. All nodes have to be of the same chain.

use super::{api::Gas, limits::Tariff};
use crate::chain::ChainError;
use inktensor_primitives::{hash::hex, Digest};
use std::{
    cell::RefCell,
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};
use subxt::{
    backend::LegacyBackend,
    client::{ClientAtBlock, OnlineClientAtBlockImpl},
    config::RpcConfigFor,
    dynamic,
    ext::scale_decode::DecodeAsType,
    rpcs::{LegacyRpcMethods, RpcClient},
    OnlineClient, PolkadotConfig,
};
use tokio::runtime::{Builder, Runtime};
use tracing::warn;

/// Wait after the first failure; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// Longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Wait for an answer after which the log has a line.
const SILENCE: Duration = Duration::from_secs(2);
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
            lost => Trouble::Lost(reason(&lost)),
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

/// The way to the nodes of a chain.
pub struct Link {
    runtime: Runtime,
    addresses: Vec<String>,
    timeout: Duration,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Open connection. `None` before the first request, and after a failure.
    connection: Option<Connection>,
    /// Index of the next address.
    next: usize,
    /// First block of the chain that the nodes must have.
    genesis: Option<Digest>,
    /// True if the log has a line for the present wait.
    is_logged: bool,
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
        Ok(Self {
            runtime,
            addresses,
            timeout,
            state: RefCell::new(State {
                genesis,
                ..State::default()
            }),
        })
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
        loop {
            match self.attempt(&request, start, deadline) {
                Ok(answer) => {
                    self.state.borrow_mut().is_logged = false;
                    return Ok(answer);
                }
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Lost(reason)) => {
                    let address = self.give_up();
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

    /// Runs `work` to its end on this thread.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Drops the connection. The next request opens a new one, to the next address. Returns the
    /// address of the dropped one.
    pub fn give_up(&self) -> String {
        let address = self.address();
        let mut state = self.state.borrow_mut();
        state.connection = None;
        state.next = state.next.wrapping_add(1);
        address
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
        let kept = self.state.borrow().connection.clone();
        let connection = match kept {
            Some(connection) => connection,
            None => self.connect(start, left().min(GREETING))?,
        };
        self.wait(start, left(), request(connection))
            .unwrap_or_else(|| Err(Trouble::Lost("no answer came in time".into())))
    }

    fn connect(&self, start: Instant, timeout: Duration) -> Result<Connection, Trouble> {
        let address = self.address();
        let connection = self
            .wait(start, timeout, greet(&address))
            .unwrap_or_else(|| Err(Trouble::Lost("no connection in time".into())))?;
        let mut state = self.state.borrow_mut();
        let known = *state.genesis.get_or_insert(connection.genesis);
        if known != connection.genesis {
            return Err(Trouble::Lost(format!(
                "{address} is of another chain: its first block is {}, not {}",
                hex(&connection.genesis),
                hex(&known)
            )));
        }
        state.connection = Some(connection.clone());
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
        self.run(async {
            let mut work = pin!(tokio::time::timeout(timeout, work));
            let silence = SILENCE.saturating_sub(start.elapsed());
            if let Ok(done) = tokio::time::timeout(silence, &mut work).await {
                return done.ok();
            }
            if !std::mem::replace(&mut self.state.borrow_mut().is_logged, true) {
                warn!("waiting for the node at {}", self.address());
            }
            work.await.ok()
        })
    }

    /// Returns the address in use.
    pub fn address(&self) -> String {
        let next = self.state.borrow().next;
        let address = self.addresses.get(next % self.addresses.len());
        address.cloned().unwrap_or_default()
    }
}

/// Connects, and reads the chain's first block and constants.
async fn greet(address: &str) -> Result<Connection, Trouble> {
    let lost = |error: &dyn std::fmt::Display| Trouble::Lost(reason(error));
    let raw = RpcClient::from_insecure_url(address).await?;
    let rpc = LegacyRpcMethods::new(raw.clone());
    let best = rpc.chain_get_block_hash(None).await?;
    let best = best.ok_or_else(|| lost(&"it has no blocks"))?;
    let backend: LegacyBackend<PolkadotConfig> = LegacyBackend::builder().build(raw.clone());
    let client = OnlineClient::<PolkadotConfig>::from_backend(Arc::new(backend))
        .await
        .map_err(|error| lost(&error))?;
    let at = client.at_block(best).await.map_err(|error| lost(&error))?;
    Ok(Connection {
        tariff: tariff(&at)?,
        genesis: client.genesis_hash().0,
        at: Arc::new(at),
        rpc,
        raw,
    })
}

/// Reads the limits from the chain's constants.
fn tariff(at: &At) -> Result<Tariff, ChainError> {
    #[derive(DecodeAsType)]
    #[decode_as_type(crate_path = "subxt::ext::scale_decode")]
    struct Weight {
        ref_time: u64,
        proof_size: u64,
    }
    #[derive(DecodeAsType)]
    #[decode_as_type(crate_path = "subxt::ext::scale_decode")]
    struct OfClass {
        max_extrinsic: Option<Weight>,
    }
    #[derive(DecodeAsType)]
    #[decode_as_type(crate_path = "subxt::ext::scale_decode")]
    struct PerClass {
        normal: OfClass,
    }
    #[derive(DecodeAsType)]
    #[decode_as_type(crate_path = "subxt::ext::scale_decode")]
    struct BlockWeights {
        max_block: Weight,
        per_class: PerClass,
    }
    fn constant<T: DecodeAsType>(at: &At, pallet: &str, name: &str) -> Result<T, ChainError> {
        at.constants()
            .entry(dynamic::constant::<T>(pallet, name))
            .map_err(|error| {
                let problem = format!("the chain has no usable {pallet}.{name}: {error}");
                ChainError::Runtime(problem)
            })
    }
    let weights: BlockWeights = constant(at, "System", "BlockWeights")?;
    let most = weights
        .per_class
        .normal
        .max_extrinsic
        .unwrap_or(weights.max_block);
    Ok(Tariff {
        most: Gas {
            ref_time: most.ref_time,
            proof_size: most.proof_size,
        },
        per_item: constant(at, "Contracts", "DepositPerItem")?,
        per_byte: constant(at, "Contracts", "DepositPerByte")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_stated_once() {
        let nested = "RPC error: client error: RPC error: client error: Error when opening the \
                      TCP socket: Connection refused (os error 111)";
        assert_eq!(reason(&nested), "connection refused");
        assert_eq!(reason(&"no such host"), "no such host");
        assert_eq!(reason(&"\u{fc}"), "\u{fc}");
    }
}
