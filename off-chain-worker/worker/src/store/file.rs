//! The file of a store: tables of bytes, changed in transactions that happen as a whole or not at
//! all.

use super::StoreError;
use inktensor_client::io_error::reason;
use redb::{Builder, Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use std::{
    fs,
    ops::Bound,
    panic::{catch_unwind, AssertUnwindSafe},
    path::{Path, PathBuf},
};

/// Bytes of the file in memory at most.
const CACHE: usize = 64 * 1024 * 1024;

/// Keys are big-endian numbers, so that their order is the order of the numbers.
type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// A key and its value.
type Entry = (Vec<u8>, Vec<u8>);

/// A file of tables.
pub struct File {
    path: PathBuf,
    database: Database,
}

impl File {
    /// Opens or creates the file at `path`, with these tables.
    ///
    /// # Errors
    /// `Locked`, `Unavailable`, `Damaged`.
    pub fn open(path: PathBuf, tables: &[&'static str]) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| StoreError::Unavailable {
                path: path.clone(),
                reason: reason(&error),
            })?;
        }
        // On a page that makes no sense the database asserts instead of returning an error. No
        // other code holds it yet.
        let opened = catch_unwind(AssertUnwindSafe(|| checked(&path)));
        let database = match opened {
            Ok(database) => database.map_err(|error| store_error(&path, error))?,
            Err(_) => {
                return Err(StoreError::Damaged {
                    path,
                    what: "its pages contradict each other".into(),
                })
            }
        };
        let file = Self { path, database };
        file.change(|batch| {
            for table in tables {
                batch.make(table)?;
            }
            Ok(())
        })?;
        Ok(file)
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the value of `table` at `key`.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn get(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let read = || -> Result<_, redb::Error> {
            let table = self.database.begin_read()?.open_table(named(table))?;
            let value = table.get(key)?;
            Ok(value.map(|value| value.value().to_vec()))
        };
        read().map_err(|error| self.failed(error))
    }

    /// Returns all values of `table`, in order of key.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn all(&self, table: &'static str) -> Result<Vec<Entry>, StoreError> {
        let read = || -> Result<_, redb::Error> {
            let table = self.database.begin_read()?.open_table(named(table))?;
            let mut all = Vec::new();
            for entry in table.iter()? {
                let (key, value) = entry?;
                all.push((key.value().to_vec(), value.value().to_vec()));
            }
            Ok(all)
        };
        read().map_err(|error| self.failed(error))
    }

    /// Changes the tables. All changes are on the disk once this returns; if it fails or does not
    /// return, none is.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn change(
        &self,
        changes: impl FnOnce(&mut Batch) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let write = || -> Result<(), redb::Error> {
            let mut batch = Batch(self.database.begin_write()?);
            changes(&mut batch)?;
            batch.0.commit()?;
            Ok(())
        };
        write().map_err(|error| self.failed(error))
    }

    fn failed(&self, error: redb::Error) -> StoreError {
        store_error(&self.path, error)
    }
}

/// Opens the database and checks every page's checksum. Rolls back what a crash left incomplete.
/// back.
fn checked(path: &Path) -> Result<Database, redb::Error> {
    let mut database = Builder::new().set_cache_size(CACHE).create(path)?;
    database.check_integrity()?;
    Ok(database)
}

fn store_error(path: &Path, error: redb::Error) -> StoreError {
    let path = path.to_path_buf();
    match error {
        redb::Error::DatabaseAlreadyOpen => StoreError::Locked(path),
        redb::Error::Io(error)
            if !matches!(
                error.kind(),
                std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof
            ) =>
        {
            StoreError::Unavailable {
                path,
                reason: reason(&error),
            }
        }
        error => StoreError::Damaged {
            path,
            what: error.to_string(),
        },
    }
}

fn named(table: &'static str) -> Table {
    Table::new(table)
}

/// Changes that are made together.
pub struct Batch(WriteTransaction);

impl Batch {
    fn make(&mut self, table: &'static str) -> Result<(), redb::Error> {
        self.0.open_table(named(table))?;
        Ok(())
    }

    /// Stores `value` at `key`.
    pub fn put(
        &mut self,
        table: &'static str,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), redb::Error> {
        self.0.open_table(named(table))?.insert(key, value)?;
        Ok(())
    }

    /// Removes the value at `key`.
    pub fn remove(&mut self, table: &'static str, key: &[u8]) -> Result<(), redb::Error> {
        self.0.open_table(named(table))?.remove(key)?;
        Ok(())
    }

    /// Removes the values from key `first` up to, not including, `end`, except `spared`.
    pub fn remove_range(
        &mut self,
        table: &'static str,
        first: &[u8],
        end: &[u8],
        spared: Option<&[u8]>,
    ) -> Result<(), redb::Error> {
        let range = (Bound::Included(first), Bound::Excluded(end));
        self.0
            .open_table(named(table))?
            .retain_in::<&[u8], _>(range, |key, _| Some(key) == spared)?;
        Ok(())
    }
}
