//! The places where commands find a chain with the contracts on it: a folder, a process that serves
//! a chain, or nodes.

mod deployments;

pub use deployments::{of_chain, FOLDER};

use inktensor_client::{
    chain::{
        rpc::{RpcChain, Settings, Urgent, Wait, TIMEOUT},
        Chain, ChainError, ChainRead,
    },
    deploy::{Addresses, RecordError},
};
use inktensor_devnet::{
    chain_dir::{ChainDir, ChainDirError},
    persisted::PersistedChain,
    remote::RemoteChain,
};
use inktensor_primitives::{hash::hex, Digest};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    rc::Rc,
    str::FromStr,
    time::Duration,
};
use subxt_signer::sr25519::Keypair;
use thiserror::Error;

/// Scheme of a served chain.
const SERVED: &str = "tcp://";
/// Schemes of a node.
const NODE: [&str; 2] = ["ws://", "wss://"];

/// The place of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainSource {
    /// A folder. Each transaction is written to it at once.
    Dir(PathBuf),
    /// A process, `inktensor devchain`, at `HOST:PORT`.
    Served(String),
    /// Nodes at these addresses. The first that answers is used.
    Nodes(Vec<String>),
}

/// The settings for opening a chain.
pub struct Access {
    /// Longest wait for the chain, at the start and for each answer.
    pub timeout: Duration,
    /// File of the deployment on a chain of nodes; by default the file in [`FOLDER`] that is of
    /// the chain.
    pub deployment: Option<PathBuf>,
    /// Keys to sign with on a chain of nodes. Other chains need none.
    pub keys: Vec<Keypair>,
    /// Moment at which a transaction counts as carried out on a chain of nodes.
    pub wait: Wait,
    /// Messages that go before all others on a chain of nodes.
    pub urgent: Urgent,
    /// True if transactions are sent. A chain in a folder is then used by this process alone.
    pub is_writing: bool,
}

impl Default for Access {
    /// Returns the settings for a chain that is only read.
    fn default() -> Self {
        Self {
            timeout: TIMEOUT,
            deployment: None,
            keys: Vec::new(),
            wait: Wait::Best,
            urgent: Urgent::default(),
            is_writing: false,
        }
    }
}

/// A chain with the contracts on it.
pub struct Opened {
    /// The chain.
    pub chain: Box<dyn Chain>,
    /// Each node of the chain alone, for second opinions; none for a chain of one node.
    pub nodes: Vec<Rc<dyn ChainRead>>,
    /// Addresses of the contracts.
    pub contracts: Addresses,
    /// Store in the chain's folder, if there is one.
    pub store: Option<PathBuf>,
}

/// An error of opening a chain.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The folder is unusable.
    #[error(transparent)]
    Dir(#[from] ChainDirError),
    /// The named file of the deployment is unusable.
    #[error("--deployment {0}")]
    Deployment(ChainDirError),
    /// The chain does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The process does not serve all contracts.
    #[error(transparent)]
    Contracts(#[from] RecordError),
    /// No file records a deployment on this chain.
    #[error("no deployment on this chain (first block {}) is recorded in the folder {FOLDER}: deploy with `inktensor deploy`, record one with `inktensor deployment record`, or \
        name its file with --deployment", hex(.0))]
    NoDeployment(Digest),
    /// The file is of another chain.
    #[error("{}: the deployment is on another chain: its first block is {}, the chain's is {}; name another file with --deployment, or another chain", path.display(), hex(written), hex(found))]
    OtherChain {
        /// The file.
        path: PathBuf,
        /// First block in the file.
        written: Digest,
        /// First block of the chain.
        found: Digest,
    },
    /// Several files are of the chain.
    #[error("{} and {} are both of this chain; choose one with --deployment", .0.display(), .1.display())]
    Several(PathBuf, PathBuf),
}

impl ChainSource {
    /// Opens the chain, with the contracts on it.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn open(&self, access: Access) -> Result<Opened, SourceError> {
        match self {
            ChainSource::Dir(folder) => {
                let kept = ChainDir::at(folder);
                let lock = if access.is_writing {
                    kept.lock_to_write()?
                } else {
                    kept.lock_to_read()?
                };
                Ok(Opened {
                    chain: Box::new(PersistedChain::open(kept.clone(), lock)?),
                    nodes: Vec::new(),
                    contracts: kept.contracts()?,
                    store: Some(kept.store()).filter(|store| store.exists()),
                })
            }
            ChainSource::Served(address) => {
                let chain = RemoteChain::connect(address, access.timeout)?;
                let named: BTreeMap<_, _> = chain.contracts()?.into_iter().collect();
                Ok(Opened {
                    chain: Box::new(chain),
                    nodes: Vec::new(),
                    contracts: Addresses::from_named(|name| named.get(name).copied())?,
                    store: None,
                })
            }
            ChainSource::Nodes(addresses) => {
                let deployment = access.deployment.clone();
                let mut chain = connect(addresses, access)?;
                let (_, record) = of_chain(deployment.as_deref(), chain.genesis()?)?;
                let contracts = record.addresses()?;
                chain.listen_to(contracts.named().map(|(_, address)| address));
                let nodes = chain.nodes().into_iter();
                Ok(Opened {
                    nodes: nodes
                        .map(|node| Rc::new(node) as Rc<dyn ChainRead>)
                        .collect(),
                    chain: Box::new(chain),
                    contracts,
                    store: None,
                })
            }
        }
    }
}

/// Connects to a chain of nodes, with or without a deployment.
///
/// # Errors
/// `Unreachable`.
pub fn connect(addresses: &[String], access: Access) -> Result<RpcChain, ChainError> {
    let settings = Settings {
        addresses: addresses.to_vec(),
        timeout: access.timeout,
        wait: access.wait,
        genesis: None,
        urgent: access.urgent,
    };
    RpcChain::connect(settings, access.keys)
}

impl FromStr for ChainSource {
    type Err = String;

    /// Parses `ws://HOST:PORT` or `wss://..`, several of them with commas between,
    /// `tcp://HOST:PORT`, or a folder.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("it is empty; name ws://HOST:PORT, tcp://HOST:PORT, or a folder".into());
        }
        if after_scheme(text).is_some() {
            let addresses: Vec<String> = text.split(',').map(|it| it.trim().into()).collect();
            for address in &addresses {
                let rest = after_scheme(address)
                    .ok_or_else(|| format!("{address:?} does not begin with ws:// or wss://"))?;
                // A path may follow, and a user may stand before.
                let host = rest.split(['/', '?']).next().unwrap_or_default();
                let host = host.rsplit('@').next().unwrap_or_default();
                check_host(host, false).map_err(|problem| format!("{address}: {problem}"))?;
            }
            return Ok(ChainSource::Nodes(addresses));
        }
        match text.split_once("://") {
            None if is_bare_address(text) => Err(format!(
                "the scheme is missing: ws://{text} is a node, tcp://{text} is a devchain"
            )),
            None => Ok(ChainSource::Dir(text.into())),
            Some(_) => {
                let address = text
                    .strip_prefix(SERVED)
                    .ok_or("expected ws://, wss:// or tcp://, or a folder")?;
                check_host(address, true).map_err(|problem| format!("{text}: {problem}"))?;
                Ok(ChainSource::Served(address.into()))
            }
        }
    }
}

/// Returns the rest of a node's address.
fn after_scheme(address: &str) -> Option<&str> {
    NODE.iter().find_map(|scheme| address.strip_prefix(scheme))
}

/// Checks HOST:PORT, where an IPv6 address is in brackets. Without `needs_port` the port may be
/// missing.
fn check_host(text: &str, needs_port: bool) -> Result<(), String> {
    let end = match text.starts_with('[') {
        true => text.find(']').map(|at| at + 1).ok_or("a ] is missing")?,
        false => text.find(':').unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at(end);
    if host.is_empty() || host.contains(char::is_whitespace) {
        return Err("the host is missing; expected HOST:PORT".into());
    }
    match rest.strip_prefix(':') {
        None if rest.is_empty() && !needs_port => Ok(()),
        None => Err("the port is missing; expected HOST:PORT".into()),
        Some(port) => match port.parse::<u16>() {
            Ok(1..) => Ok(()),
            _ => Err(format!(
                "the port is {port:?}; expected a number from 1 to {}",
                u16::MAX
            )),
        },
    }
}

/// Returns true if `text` is HOST:PORT, and no folder has that name.
fn is_bare_address(text: &str) -> bool {
    let is_address = text
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    is_address && !text.contains('/') && !Path::new(text).exists()
}

impl fmt::Display for ChainSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChainSource::Dir(folder) => folder.display().fmt(f),
            ChainSource::Served(address) => write!(f, "{SERVED}{address}"),
            ChainSource::Nodes(addresses) => f.write_str(&addresses.join(",")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_reads_as_it_is_written() {
        for text in [
            "tcp://127.0.0.1:9955",
            "some/folder",
            "ws://127.0.0.1:9944",
            "wss://one:443,ws://two:9944",
            "wss://node.example/rpc",
            "ws://[::1]:9944",
            "tcp://[::1]:9955",
        ] {
            assert_eq!(ChainSource::from_str(text).unwrap().to_string(), text);
        }
        let served = ChainSource::from_str("tcp://localhost:1").unwrap();
        assert_eq!(served, ChainSource::Served("localhost:1".into()));
        for text in [
            "",
            "http://localhost:9944",
            "ws://one,tcp://two",
            "ws://one,",
            "ws://",
            "ws://:9944",
            "ws://localhost:abc",
            "ws://localhost:",
            "ws://localhost:0",
            "wss://one:443,ws://two:65536",
            "ws://[::1:9944",
            "tcp://localhost",
            "tcp://localhost:1/",
        ] {
            assert!(ChainSource::from_str(text).is_err(), "{text}");
        }
        let bare = ChainSource::from_str("127.0.0.1:9944").unwrap_err();
        assert!(bare.contains("ws://127.0.0.1:9944"), "{bare}");
    }

    #[test]
    fn a_folder_without_a_chain_is_named() {
        let source = ChainSource::Dir("nowhere".into());
        let problem = source.open(Access::default()).err().unwrap().to_string();
        assert!(problem.contains("nowhere"), "{problem}");
    }
}
