//! The way to a node: several addresses, one connection at a time, and patience.
//!
//! What only asks is asked again, of the next node where one does not answer, until the patience is
//! over. All nodes have to be of the same chain.

use super::api::Gas;
use super::limits::Tariff;
use crate::chain::ChainError;
use inktensor_primitives::hash::hex;
use inktensor_primitives::Digest;
use std::{
    cell::RefCell,
    future::Future,
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

/// The wait after the first failure; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How long a node has to take a connection, and to say who it is.
const GREETING: Duration = Duration::from_secs(10);

/// The chain at the block at which the connection was made: its types, its constants, how it is
/// signed for.
pub type At = ClientAtBlock<PolkadotConfig, OnlineClientAtBlockImpl<PolkadotConfig>>;

/// A connection to a node. Clones are of the same connection.
#[derive(Clone)]
pub struct Connection {
    /// Requests as the node names them.
    pub rpc: LegacyRpcMethods<RpcConfigFor<PolkadotConfig>>,
    /// Requests that have no name there.
    pub raw: RpcClient,
    /// The chain's types and constants.
    pub at: Arc<At>,
    /// What transactions may take.
    pub tariff: Tariff,
    /// Hash of the first block.
    pub genesis: Digest,
}

/// Why a request came to nothing.
#[derive(Debug)]
pub enum Trouble {
    /// The node did not answer, or made no sense. Another one may.
    Lost(String),
    /// The answer is no.
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
            lost => Trouble::Lost(lost.to_string()),
        }
    }
}

/// The way to a node.
pub struct Link {
    runtime: Runtime,
    addresses: Vec<String>,
    patience: Duration,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// None before the first request, and after a failure.
    connection: Option<Connection>,
    /// The address to try next.
    next: usize,
    /// The chain that it has to be.
    genesis: Option<Digest>,
}

impl Link {
    /// A way to one of the nodes at `addresses`, for a client that waits no longer than `patience`
    /// for an answer. `genesis` says which chain it has to be; if it is not given, the first
    /// node does.
    ///
    /// # Errors
    /// `Unreachable` if there is no address, or this machine has no threads left.
    pub fn new(
        addresses: Vec<String>,
        patience: Duration,
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
            patience,
            state: RefCell::new(State {
                genesis,
                ..State::default()
            }),
        })
    }

    /// How long a client waits for an answer.
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    /// Asks for what changes nothing, as often as it takes.
    ///
    /// # Errors
    /// `Unreachable` when the patience is over, or what `request` says.
    pub fn ask<T, F>(&self, request: impl Fn(Connection) -> F) -> Result<T, ChainError>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let deadline = Instant::now() + self.patience;
        let mut wait = FIRST_WAIT;
        loop {
            match self.attempt(&request, deadline) {
                Ok(answer) => return Ok(answer),
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

    /// A connection that has just been seen to work, for what must not be sent twice.
    ///
    /// # Errors
    /// `Unreachable`.
    pub fn checked(&self) -> Result<Connection, ChainError> {
        self.ask(|connection| async move {
            let version = connection.rpc.state_get_runtime_version(None).await?;
            // What is signed for another version of the runtime is refused.
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

    /// Forgets the connection: the next request makes a new one, to the next address.
    pub fn give_up(&self) -> String {
        let mut state = self.state.borrow_mut();
        state.connection = None;
        let address = self.addresses.get(state.next % self.addresses.len());
        state.next = state.next.wrapping_add(1);
        address.cloned().unwrap_or_default()
    }

    fn attempt<T, F>(
        &self,
        request: &impl Fn(Connection) -> F,
        deadline: Instant,
    ) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let left = deadline.saturating_duration_since(Instant::now());
        let kept = self.state.borrow().connection.clone();
        let connection = match kept {
            Some(connection) => connection,
            None => self.connect(left.min(GREETING))?,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        // Made inside: a timer belongs to the runtime that it is made in.
        let answer = async { tokio::time::timeout(left, request(connection)).await };
        self.run(answer)
            .unwrap_or_else(|_| Err(Trouble::Lost("no answer came in time".into())))
    }

    fn connect(&self, patience: Duration) -> Result<Connection, Trouble> {
        let mut state = self.state.borrow_mut();
        let address = self.addresses.get(state.next % self.addresses.len());
        let address = address.cloned().unwrap_or_default();
        let connected = async { tokio::time::timeout(patience, greet(&address)).await };
        let connection = self
            .run(connected)
            .unwrap_or_else(|_| Err(Trouble::Lost("no connection came about in time".into())))?;
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
}

/// Connects, and learns which chain it is.
async fn greet(address: &str) -> Result<Connection, Trouble> {
    let lost = |error: &dyn std::fmt::Display| Trouble::Lost(error.to_string());
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

/// The limits in the chain's constants.
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
