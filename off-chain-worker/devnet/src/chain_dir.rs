//! A folder that holds a chain between runs: its state, where the contracts are, and a worker's
//! store.

use crate::{
    sandbox::SandboxChain,
    state_file::{SavedError, State},
};
use inktensor_client::deploy::{Addresses, Record, RecordError};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The file of the chain's state.
const STATE: &str = "chain.state";
/// The file of the contracts' addresses.
const DEPLOYMENT: &str = "deployment.json";
/// The folder of the worker's store.
const STORE: &str = "store";

/// A folder that holds a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    folder: PathBuf,
}

/// Why a chain could not be kept, or found again. Each names the file.
#[derive(Debug, Error)]
pub enum KeptError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder already holds a chain.
    #[error("{}: a chain is kept here already; name another folder, or remove it", .0.display())]
    Taken(PathBuf),
    /// The state cannot be used.
    #[error("{}: {source}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SavedError,
    },
    /// The addresses cannot be used.
    #[error("{}: {source}", path.display())]
    Deployment {
        /// The file.
        path: PathBuf,
        /// Why.
        source: RecordError,
    },
}

impl Kept {
    /// What is, or will be, in `folder`.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Whether a chain is kept here.
    pub fn exists(&self) -> bool {
        self.path(STATE).exists()
    }

    /// Makes the folder, for a chain to be kept in.
    ///
    /// # Errors
    /// `Taken` if one is kept here already; `File`.
    pub fn create(&self) -> Result<(), KeptError> {
        if self.exists() {
            return Err(KeptError::Taken(self.folder.clone()));
        }
        fs::create_dir_all(&self.folder).map_err(failed(&self.folder))
    }

    /// Where the worker's store is, or will be.
    pub fn store(&self) -> PathBuf {
        self.path(STORE)
    }

    /// Writes down where the contracts are.
    ///
    /// # Errors
    /// `File`.
    pub fn save_record(&self, record: &Record) -> Result<(), KeptError> {
        self.write(DEPLOYMENT, record.to_text().as_bytes())
    }

    /// Keeps the state of the chain. One that is cut short leaves the state before as it was.
    ///
    /// # Errors
    /// `File`.
    pub fn save(&self, state: &State) -> Result<(), KeptError> {
        self.write(STATE, &state.to_bytes())
    }

    /// The chain, as it was kept. What happens on it is not kept by itself.
    ///
    /// # Errors
    /// `File`, `State`.
    pub fn chain(&self) -> Result<SandboxChain, KeptError> {
        let path = self.path(STATE);
        let bytes = fs::read(&path).map_err(failed(&path))?;
        let state =
            State::from_bytes(&bytes).map_err(|source| KeptError::State { path, source })?;
        Ok(SandboxChain::begin_from(&state))
    }

    /// Where the contracts are.
    ///
    /// # Errors
    /// `File`, `Deployment`.
    pub fn contracts(&self) -> Result<Addresses, KeptError> {
        let (path, record) = self.record()?;
        let addresses = record.addresses();
        addresses.map_err(|source| KeptError::Deployment { path, source })
    }

    /// What is written down of the deployment, and in which file.
    ///
    /// # Errors
    /// `File`, `Deployment`.
    pub fn record(&self) -> Result<(PathBuf, Record), KeptError> {
        let path = self.path(DEPLOYMENT);
        let record = read_record(&path)?;
        Ok((path, record))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), KeptError> {
        write_whole(&self.path(name), bytes)
    }
}

/// Writes a file at once or not at all.
///
/// # Errors
/// `File`.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), KeptError> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(failed(path))
}

/// The record in the file at `path`.
///
/// # Errors
/// `File`, `Deployment`.
pub fn read_record(path: &Path) -> Result<Record, KeptError> {
    let text = fs::read_to_string(path).map_err(failed(path))?;
    let record = Record::from_text(&text);
    record.map_err(|source| KeptError::Deployment {
        path: path.to_owned(),
        source,
    })
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> KeptError {
    let path = path.to_owned();
    |source| KeptError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_client::{chain::Chain, deploy::Entry};

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("inktensor-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn a_chain_is_found_as_it_was_kept() {
        let folder = folder("kept");
        let kept = Kept::at(&folder);
        assert!(!kept.exists());
        kept.create().unwrap();
        let contracts = Addresses::from_named(|_| Some([5; 32].into())).unwrap();
        let entry = |(name, address): (&str, _)| {
            let entry = Entry {
                address,
                code_hash: [6; 32],
                block: 1,
            };
            (name.to_owned(), entry)
        };
        let record = Record {
            network: "here".into(),
            genesis: [7; 32],
            contracts: contracts.named().map(entry).into(),
        };
        kept.save_record(&record).unwrap();
        assert_eq!(kept.record().unwrap().1, record);
        let mut chain = SandboxChain::new();
        for block in [4, 9] {
            chain.advance(block - chain.block().unwrap());
            kept.save(&chain.state()).unwrap();
            assert_eq!(kept.chain().unwrap().block(), Ok(block));
        }
        assert_eq!(kept.contracts().unwrap(), contracts);
        assert!(matches!(kept.create(), Err(KeptError::Taken(_))));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_missing_or_damaged_is_named() {
        let folder = folder("damaged");
        let kept = Kept::at(&folder);
        let problem = kept.chain().err().unwrap().to_string();
        assert!(problem.contains("chain.state"), "{problem}");
        kept.create().unwrap();
        fs::write(folder.join(STATE), "nothing").unwrap();
        fs::write(folder.join(DEPLOYMENT), "nothing").unwrap();
        assert!(matches!(kept.chain(), Err(KeptError::State { .. })));
        let problem = kept.contracts().unwrap_err().to_string();
        assert!(problem.contains("deployment.json"), "{problem}");
        fs::remove_dir_all(folder).unwrap();
    }
}
