//! A folder that holds a chain between runs: its state, the record of its deployment, and a
//! worker's store.

use crate::{
    sandbox::{SandboxChain, State},
    state_file::StateFileError,
};
use inktensor_client::deploy::{Addresses, Record, RecordError};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// File of the chain's state.
const STATE: &str = "chain.state";
/// File of the deployment's record.
const DEPLOYMENT: &str = "deployment.json";
/// Folder of the worker's store.
const STORE: &str = "store";

/// A folder that holds a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainDir {
    folder: PathBuf,
}

/// An error of a chain's folder, with the file's name.
#[derive(Debug, Error)]
pub enum ChainDirError {
    /// The file is unreadable or unwritable.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// The folder already holds a chain.
    #[error("{}: the folder already holds a chain; name another folder, or remove it", .0.display())]
    Taken(PathBuf),
    /// The state is unusable.
    #[error("{}: {source}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// The error.
        source: StateFileError,
    },
    /// The record is unusable.
    #[error("{}: {source}", path.display())]
    Deployment {
        /// The file.
        path: PathBuf,
        /// The error.
        source: RecordError,
    },
}

impl ChainDir {
    /// Names the folder. It need not exist.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Returns true if the folder holds a chain.
    pub fn exists(&self) -> bool {
        self.path(STATE).exists()
    }

    /// Creates the folder.
    ///
    /// # Errors
    /// `Taken` if the folder already holds a chain; `File`.
    pub fn create(&self) -> Result<(), ChainDirError> {
        if self.exists() {
            return Err(ChainDirError::Taken(self.folder.clone()));
        }
        fs::create_dir_all(&self.folder).map_err(failed(&self.folder))
    }

    /// Returns the path of the worker's store.
    pub fn store(&self) -> PathBuf {
        self.path(STORE)
    }

    /// Writes the record of the deployment.
    ///
    /// # Errors
    /// `File`.
    pub fn save_record(&self, record: &Record) -> Result<(), ChainDirError> {
        self.write(DEPLOYMENT, record.to_text().as_bytes())
    }

    /// Writes the state of the chain. The file has the old state or the new one, never a part.
    ///
    /// # Errors
    /// `File`.
    pub fn save(&self, state: &State) -> Result<(), ChainDirError> {
        self.write(STATE, &state.to_bytes())
    }

    /// Reads the chain. Later changes are not written by themselves.
    ///
    /// # Errors
    /// `File`, `State`.
    pub fn chain(&self) -> Result<SandboxChain, ChainDirError> {
        let path = self.path(STATE);
        let bytes = fs::read(&path).map_err(failed(&path))?;
        let state =
            State::from_bytes(&bytes).map_err(|source| ChainDirError::State { path, source })?;
        Ok(SandboxChain::begin_from(&state))
    }

    /// Returns the addresses of the contracts.
    ///
    /// # Errors
    /// `File`, `Deployment`.
    pub fn contracts(&self) -> Result<Addresses, ChainDirError> {
        let (path, record) = self.record()?;
        let addresses = record.addresses();
        addresses.map_err(|source| ChainDirError::Deployment { path, source })
    }

    /// Returns the record of the deployment, and the path of its file.
    ///
    /// # Errors
    /// `File`, `Deployment`.
    pub fn record(&self) -> Result<(PathBuf, Record), ChainDirError> {
        let path = self.path(DEPLOYMENT);
        let record = read_record(&path)?;
        Ok((path, record))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ChainDirError> {
        write_whole(&self.path(name), bytes)
    }
}

/// Writes a file as a whole or not at all.
///
/// # Errors
/// `File`.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ChainDirError> {
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

/// Reads the record in the file at `path`.
///
/// # Errors
/// `File`, `Deployment`.
pub fn read_record(path: &Path) -> Result<Record, ChainDirError> {
    let text = fs::read_to_string(path).map_err(failed(path))?;
    let record = Record::from_text(&text);
    record.map_err(|source| ChainDirError::Deployment {
        path: path.to_owned(),
        source,
    })
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> ChainDirError {
    let path = path.to_owned();
    |source| ChainDirError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_client::{chain::ChainRead, deploy::Entry};

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("inktensor-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn a_chain_is_found_as_it_was_kept() {
        let folder = folder("saved");
        let dir = ChainDir::at(&folder);
        assert!(!dir.exists());
        dir.create().unwrap();
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
        dir.save_record(&record).unwrap();
        assert_eq!(dir.record().unwrap().1, record);
        let mut chain = SandboxChain::new();
        for block in [4, 9] {
            chain.advance(block - chain.block().unwrap());
            dir.save(&chain.state()).unwrap();
            assert_eq!(dir.chain().unwrap().block(), Ok(block));
        }
        assert_eq!(dir.contracts().unwrap(), contracts);
        assert!(matches!(dir.create(), Err(ChainDirError::Taken(_))));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn errors_name_the_missing_or_damaged_file() {
        let folder = folder("damaged");
        let dir = ChainDir::at(&folder);
        let problem = dir.chain().err().unwrap().to_string();
        assert!(problem.contains("chain.state"), "{problem}");
        dir.create().unwrap();
        fs::write(folder.join(STATE), "nothing").unwrap();
        fs::write(folder.join(DEPLOYMENT), "nothing").unwrap();
        assert!(matches!(dir.chain(), Err(ChainDirError::State { .. })));
        let problem = dir.contracts().unwrap_err().to_string();
        assert!(problem.contains("deployment.json"), "{problem}");
        fs::remove_dir_all(folder).unwrap();
    }
}
