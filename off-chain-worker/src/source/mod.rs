//! Where a command finds its chain: a folder that holds one, or a process that serves one.

mod kept;

pub use kept::{Kept, KeptError};

use crate::{
    chain::{remote::RemoteChain, Chain, ChainError},
    deploy::{Addresses, RecordError},
};
use std::{
    collections::BTreeMap, convert::Infallible, fmt, path::PathBuf, str::FromStr, time::Duration,
};
use thiserror::Error;

/// What the address of a served chain begins with.
const SERVED: &str = "tcp://";

/// Where a chain is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainSource {
    /// Kept in a folder. What is sent to it changes a copy, not the folder.
    Kept(PathBuf),
    /// Served by `inktensor devchain` at `HOST:PORT`.
    Served(String),
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
    /// The folder does not hold one.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// The process does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The process does not serve all contracts.
    #[error(transparent)]
    Contracts(#[from] RecordError),
}

impl ChainSource {
    /// The chain. One that is served is waited for as long as `patience`, now and for each answer.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn open(&self, patience: Duration) -> Result<Opened, SourceError> {
        match self {
            ChainSource::Kept(folder) => {
                let kept = Kept::at(folder);
                Ok(Opened {
                    chain: Box::new(kept.chain()?),
                    contracts: kept.contracts()?,
                    store: Some(kept.store()).filter(|store| store.exists()),
                })
            }
            ChainSource::Served(address) => {
                let chain = RemoteChain::connect(address, patience)?;
                let named: BTreeMap<_, _> = chain.contracts()?.into_iter().collect();
                Ok(Opened {
                    chain: Box::new(chain),
                    contracts: Addresses::from_named(|name| named.get(name).copied())?,
                    store: None,
                })
            }
        }
    }
}

impl FromStr for ChainSource {
    type Err = Infallible;

    /// `tcp://HOST:PORT`, or else a folder.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix(SERVED) {
            Some(address) => ChainSource::Served(address.into()),
            None => ChainSource::Kept(text.into()),
        })
    }
}

impl fmt::Display for ChainSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChainSource::Kept(folder) => folder.display().fmt(f),
            ChainSource::Served(address) => write!(f, "{SERVED}{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_reads_as_it_is_written() {
        for text in ["tcp://127.0.0.1:9955", "some/folder"] {
            assert_eq!(ChainSource::from_str(text).unwrap().to_string(), text);
        }
        let served = ChainSource::from_str("tcp://localhost:1").unwrap();
        assert_eq!(served, ChainSource::Served("localhost:1".into()));
    }

    #[test]
    fn a_folder_without_a_chain_is_named() {
        let source = ChainSource::Kept("nowhere".into());
        let problem = source.open(Duration::ZERO).err().unwrap().to_string();
        assert!(problem.contains("nowhere"), "{problem}");
    }
}
