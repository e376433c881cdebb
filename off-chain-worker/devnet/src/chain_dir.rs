//! A folder that holds a chain between runs: its state, the record of its deployment, and a
//! worker's store.
//!
//! A process locks the folder while it uses the chain. Otherwise a transaction written to the
//! folder would be lost once the process that serves the chain stores its own state.

use crate::{
    sandbox::{SandboxChain, State},
    state_file::StateFileError,
};
use inktensor_client::{
    deploy::{Addresses, Record, RecordError},
    io_error::reason,
};
use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// File of the chain's state.
const STATE: &str = "chain.state";
/// File of the deployment's record.
const DEPLOYMENT: &str = "deployment.json";
/// Folder of the worker's store.
const STORE: &str = "store";
/// File that is locked while a process uses the chain. A process that serves the chain writes its
/// address there.
const LOCK: &str = "lock";
/// Largest length of an address in the lock file.
const LOCK_TEXT: u64 = 256;

/// A folder that holds a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainDir {
    folder: PathBuf,
}

/// The lock of a chain's folder, until it is dropped or the process ends.
#[derive(Debug)]
pub struct DirLock {
    /// The locked file. A folder that only may be read has none.
    file: Option<File>,
}

/// An error of a chain's folder, with the file's name.
#[derive(Debug, Error)]
pub enum ChainDirError {
    /// The file is unreadable or unwritable.
    #[error("{}: {}", path.display(), reason(source))]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// The folder already holds a chain.
    #[error("{}: the folder already holds a chain; name another folder, or remove it", .0.display())]
    Taken(PathBuf),
    /// The folder holds no chain.
    #[error("{}: there is no chain in this folder; `inktensor demo --keep DIR` and `inktensor devchain --state DIR` leave one", .0.display())]
    Missing(PathBuf),
    /// A process serves the chain.
    #[error("{} is served at {address}; use that address", folder.display())]
    Served {
        /// The folder.
        folder: PathBuf,
        /// Address of the server.
        address: String,
    },
    /// Another process uses the chain.
    #[error("{} is in use by another process; try again when it has ended", .0.display())]
    InUse(PathBuf),
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

    /// Locks the folder to read the chain. Several processes may read at once.
    ///
    /// # Errors
    /// `Missing`, `Served`, `InUse`, `File`.
    pub fn lock_to_read(&self) -> Result<DirLock, ChainDirError> {
        self.check_exists()?;
        match self.lock_file() {
            Ok(file) => self.locked(file, File::try_lock_shared),
            // A folder that only may be read has no writer.
            Err(_) => Ok(DirLock { file: None }),
        }
    }

    /// Locks the folder to change the chain, for this process alone.
    ///
    /// # Errors
    /// `Missing`, `Served`, `InUse`, `File`.
    pub fn lock_to_write(&self) -> Result<DirLock, ChainDirError> {
        self.check_exists()?;
        self.locked(self.lock_file()?, File::try_lock)
    }

    /// Creates the folder if it does not exist, and locks it for a process that serves the chain at
    /// `address`, or that makes the chain and has no address.
    ///
    /// # Errors
    /// `Served`, `InUse`, `File`.
    pub fn lock_to_serve(&self, address: Option<&str>) -> Result<DirLock, ChainDirError> {
        fs::create_dir_all(&self.folder).map_err(failed(&self.folder))?;
        let lock = self.locked(self.lock_file()?, File::try_lock)?;
        if let (Some(mut file), Some(address)) = (lock.file.as_ref(), address) {
            file.write_all(address.as_bytes())
                .map_err(failed(&self.path(LOCK)))?;
        }
        Ok(lock)
    }

    fn check_exists(&self) -> Result<(), ChainDirError> {
        if self.exists() {
            Ok(())
        } else {
            Err(ChainDirError::Missing(self.folder.clone()))
        }
    }

    /// Opens the lock file.
    fn lock_file(&self) -> Result<File, ChainDirError> {
        let path = self.path(LOCK);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        options.open(&path).map_err(failed(&path))
    }

    /// Locks `file` by `lock`, and clears the address of a server that has ended.
    fn locked(
        &self,
        file: File,
        lock: impl FnOnce(&File) -> Result<(), TryLockError>,
    ) -> Result<DirLock, ChainDirError> {
        let path = self.path(LOCK);
        match lock(&file) {
            Ok(()) => file.set_len(0).map_err(failed(&path))?,
            Err(TryLockError::Error(error)) => return Err(failed(&path)(error)),
            Err(TryLockError::WouldBlock) => {
                let mut address = String::new();
                let read = (&file).take(LOCK_TEXT).read_to_string(&mut address);
                read.map_err(failed(&path))?;
                let folder = self.folder.clone();
                return Err(match address.as_str() {
                    "" => ChainDirError::InUse(folder),
                    _ => ChainDirError::Served { folder, address },
                });
            }
        }
        Ok(DirLock { file: Some(file) })
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
                full_code: None,
                block: 1,
            };
            (name.to_owned(), entry)
        };
        let record = Record {
            network: "here".into(),
            genesis: [7; 32],
            contracts: contracts.named().map(entry).collect(),
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
    fn a_folder_in_use_is_refused_with_the_address_of_its_server() {
        let folder = folder("locked");
        let dir = ChainDir::at(&folder);
        assert!(matches!(dir.lock_to_read(), Err(ChainDirError::Missing(_))));
        let served = dir.lock_to_serve(Some("tcp://127.0.0.1:1")).unwrap();
        dir.save(&SandboxChain::new().state()).unwrap();
        let expected = format!(
            "{} is served at tcp://127.0.0.1:1; use that address",
            folder.display()
        );
        for refused in [dir.lock_to_read(), dir.lock_to_write()] {
            assert_eq!(refused.unwrap_err().to_string(), expected);
        }
        drop(served);
        let readers = [dir.lock_to_read().unwrap(), dir.lock_to_read().unwrap()];
        for refused in [dir.lock_to_write(), dir.lock_to_serve(None)] {
            assert!(matches!(refused, Err(ChainDirError::InUse(_))));
        }
        drop(readers);
        let writer = dir.lock_to_write().unwrap();
        assert!(matches!(dir.lock_to_read(), Err(ChainDirError::InUse(_))));
        drop(writer);
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
