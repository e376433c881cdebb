//! Where a command finds its chain, and the contracts on it: a folder that holds one, a process
//! that serves one, or nodes.

mod deployments;

pub use deployments::{of_chain, FOLDER};

use inktensor_client::{
    chain::{
        rpc::{RpcChain, Settings, Wait, PATIENCE},
        Chain, ChainError,
    },
    deploy::{Addresses, RecordError},
};
use inktensor_devnet::remote::RemoteChain;
use inktensor_devnet::{
    chain_dir::{Kept, KeptError},
    persisted::KeptChain,
};
use inktensor_primitives::hash::hex;
use inktensor_primitives::Digest;
use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr, time::Duration};
use subxt_signer::sr25519::Keypair;
use thiserror::Error;

/// What the address of a served chain begins with.
const SERVED: &str = "tcp://";
/// What the address of a node begins with.
const NODE: [&str; 2] = ["ws://", "wss://"];

/// Where a chain is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainSource {
    /// Kept in a folder. What is sent to it is kept at once.
    Kept(PathBuf),
    /// Served by `inktensor devchain` at `HOST:PORT`.
    Served(String),
    /// Served by nodes at these addresses; the first that answers will do.
    Nodes(Vec<String>),
}

/// How to work with a chain.
pub struct Access {
    /// How long to wait for it, now and for each answer.
    pub patience: Duration,
    /// The file of the deployment on a chain of nodes; by default the one in [`FOLDER`] that is of
    /// the chain.
    pub deployment: Option<PathBuf>,
    /// The keys to sign with on a chain of nodes. Other chains take everybody's word.
    pub keys: Vec<Keypair>,
    /// When a transaction counts as carried out on a chain of nodes.
    pub wait: Wait,
}

impl Default for Access {
    /// To look, and not to sign.
    fn default() -> Self {
        Self {
            patience: PATIENCE,
            deployment: None,
            keys: Vec::new(),
            wait: Wait::Best,
        }
    }
}

/// A chain with the contracts on it.
pub struct Opened {
    /// The chain.
    pub chain: Box<dyn Chain>,
    /// Where the contracts are.
    pub contracts: Addresses,
    /// The store that is kept with the chain, if there is one.
    pub store: Option<PathBuf>,
}

/// Why there is no chain to work with.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The folder does not hold one, or the file of the deployment cannot be used.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// The process does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The process does not serve all contracts.
    #[error(transparent)]
    Contracts(#[from] RecordError),
    /// No file tells of a deployment on this chain.
    #[error("no deployment on this chain (first block {}) is written down in the folder {FOLDER}: deploy with `inktensor deploy`, or \
        name its file with --deployment", hex(.0))]
    NoDeployment(Digest),
    /// The file is of another chain.
    #[error("{}: the deployment is on another chain, whose first block is {}, not {}", path.display(), hex(written), hex(found))]
    OtherChain {
        /// The file.
        path: PathBuf,
        /// The chain it is of.
        written: Digest,
        /// The chain that answers.
        found: Digest,
    },
    /// Several files are of the chain.
    #[error("{} and {} are both of this chain: say which one with --deployment", .0.display(), .1.display())]
    Several(PathBuf, PathBuf),
}

impl ChainSource {
    /// The chain, with the contracts on it.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn open(&self, access: Access) -> Result<Opened, SourceError> {
        match self {
            ChainSource::Kept(folder) => {
                let kept = Kept::at(folder);
                Ok(Opened {
                    chain: Box::new(KeptChain::new(kept.chain()?, kept.clone())),
                    contracts: kept.contracts()?,
                    store: Some(kept.store()).filter(|store| store.exists()),
                })
            }
            ChainSource::Served(address) => {
                let chain = RemoteChain::connect(address, access.patience)?;
                let named: BTreeMap<_, _> = chain.contracts()?.into_iter().collect();
                Ok(Opened {
                    chain: Box::new(chain),
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
                Ok(Opened {
                    chain: Box::new(chain),
                    contracts,
                    store: None,
                })
            }
        }
    }
}

/// A chain of nodes, whatever is deployed on it.
///
/// # Errors
/// `Unreachable`.
pub fn connect(addresses: &[String], access: Access) -> Result<RpcChain, ChainError> {
    let settings = Settings {
        addresses: addresses.to_vec(),
        patience: access.patience,
        wait: access.wait,
        genesis: None,
    };
    RpcChain::connect(settings, access.keys)
}

impl FromStr for ChainSource {
    type Err = String;

    /// `ws://HOST:PORT` or `wss://..`, several of them with commas between, `tcp://HOST:PORT`, or
    /// else a folder.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_node = |text: &str| NODE.iter().any(|scheme| text.starts_with(scheme));
        if is_node(text) {
            let addresses: Vec<String> = text.split(',').map(|it| it.trim().into()).collect();
            return match addresses.iter().find(|it| !is_node(it)) {
                None => Ok(ChainSource::Nodes(addresses)),
                Some(other) => Err(format!("{other:?} does not begin with ws:// or wss://")),
            };
        }
        match text.split_once("://") {
            None => Ok(ChainSource::Kept(text.into())),
            Some(_) => text
                .strip_prefix(SERVED)
                .map(|address| ChainSource::Served(address.into()))
                .ok_or_else(|| "expected ws://, wss:// or tcp://, or a folder".into()),
        }
    }
}

impl fmt::Display for ChainSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChainSource::Kept(folder) => folder.display().fmt(f),
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
        ] {
            assert_eq!(ChainSource::from_str(text).unwrap().to_string(), text);
        }
        let served = ChainSource::from_str("tcp://localhost:1").unwrap();
        assert_eq!(served, ChainSource::Served("localhost:1".into()));
        for text in ["http://localhost:9944", "ws://one,tcp://two", "ws://one,"] {
            assert!(ChainSource::from_str(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_folder_without_a_chain_is_named() {
        let source = ChainSource::Kept("nowhere".into());
        let problem = source.open(Access::default()).err().unwrap().to_string();
        assert!(problem.contains("nowhere"), "{problem}");
    }
}
