//! The memory of a neuron that may be stopped at any instruction: one file in a folder.
//!
//! Every change is on the disk before its function returns. Values are sealed as those of the
//! worker's store: length and checksum are checked before anything is decoded. The chain is
//! trusted over the store.

use inktensor_client::ss58::ss58;
use inktensor_primitives::{hash::hex, AccountId, Digest, NetUid};
use inktensor_worker::store::{
    codec,
    file::{Batch, File},
    CodecError, StoreError,
};
use scale::{Decode, DecodeAll, Encode};
use std::path::Path;
use thiserror::Error;

/// Name of the file in its folder.
const FILE: &str = "neuron.redb";
/// Key of the values of which there is one.
const ONLY: &[u8] = b"only";

/// The neuron that a store belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Owner {
    /// Hash of the chain's first block.
    pub genesis: Digest,
    /// Address of the registry.
    pub registry: AccountId,
    /// The subnet.
    pub netuid: NetUid,
    /// The hotkey.
    pub hotkey: AccountId,
}

/// A kind of value with a table of its own.
pub trait Record: Encode + DecodeAll {
    /// Name of the table.
    const TABLE: &'static str;
    /// Number of the kind, written with each value.
    const KIND: u8;
}

impl Record for Owner {
    const TABLE: &'static str = "owner";
    const KIND: u8 = 1;
}

/// An error of a neuron's store.
#[derive(Debug, Error)]
pub enum NeuronStoreError {
    /// The file is unusable.
    #[error(transparent)]
    File(#[from] StoreError),
    /// A value is damaged, too large, or of another version.
    #[error("the store {path}: the value in {table} is unusable: {error}; move the store away and start with an empty one")]
    Value {
        /// The file.
        path: String,
        /// The table.
        table: &'static str,
        /// The error.
        error: CodecError,
    },
    /// The store belongs to another neuron.
    #[error("the store {path} belongs to {found}, not to {asked}; choose another folder")]
    OtherNeuron {
        /// The file.
        path: String,
        /// Neuron of the store.
        found: String,
        /// Neuron of this process.
        asked: String,
    },
}

/// The store of a neuron.
pub struct Store {
    file: File,
}

impl Store {
    /// Opens or creates the store in `folder` for the neuron `owner`, with these tables.
    ///
    /// # Errors
    /// `File`, `OtherNeuron`, `Value`.
    pub fn open(
        folder: &Path,
        owner: Owner,
        tables: &[&'static str],
    ) -> Result<Self, NeuronStoreError> {
        let mut all = vec![Owner::TABLE];
        all.extend(tables);
        let store = Self {
            file: File::open(folder.join(FILE), &all)?,
        };
        match store.only::<Owner>()? {
            Some(found) if found == owner => {}
            Some(found) => {
                return Err(NeuronStoreError::OtherNeuron {
                    path: store.path(),
                    found: named(&found),
                    asked: named(&owner),
                })
            }
            None => store.put_only(&owner)?,
        }
        Ok(store)
    }

    /// Returns the value at `key`.
    ///
    /// # Errors
    /// `File`, `Value`.
    pub fn get<R: Record>(&self, key: &[u8]) -> Result<Option<R>, NeuronStoreError> {
        let bytes = self.file.get(R::TABLE, key)?;
        let value = bytes.map(|bytes| codec::open(R::KIND, key, &bytes));
        value.transpose().map_err(|error| self.value::<R>(error))
    }

    /// Returns all values whose keys begin with `start`, in order of key.
    ///
    /// # Errors
    /// `File`, `Value`.
    pub fn all<R: Record>(&self, start: &[u8]) -> Result<Vec<(Vec<u8>, R)>, NeuronStoreError> {
        let entries = self.file.all(R::TABLE)?.into_iter();
        entries
            .filter(|(key, _)| key.starts_with(start))
            .map(|(key, bytes)| {
                let value = codec::open(R::KIND, &key, &bytes);
                let value = value.map_err(|error| self.value::<R>(error))?;
                Ok((key, value))
            })
            .collect()
    }

    /// Stores a value at `key`.
    ///
    /// # Errors
    /// `File`, `Value`.
    pub fn put<R: Record>(&self, key: &[u8], value: &R) -> Result<(), NeuronStoreError> {
        self.change(|changes| changes.put(key, value))
    }

    /// Returns the only value of its kind.
    ///
    /// # Errors
    /// `File`, `Value`.
    pub fn only<R: Record>(&self) -> Result<Option<R>, NeuronStoreError> {
        self.get(ONLY)
    }

    /// Stores the only value of its kind.
    ///
    /// # Errors
    /// `File`, `Value`.
    pub fn put_only<R: Record>(&self, value: &R) -> Result<(), NeuronStoreError> {
        self.put(ONLY, value)
    }

    /// Makes several changes, all or none of which are on the disk afterwards.
    ///
    /// # Errors
    /// `File`, `Value`.
    pub fn change(
        &self,
        make: impl FnOnce(&mut Changes) -> Result<(), Unsealed>,
    ) -> Result<(), NeuronStoreError> {
        let mut changes = Changes(Vec::new());
        make(&mut changes).map_err(|Unsealed(table, error)| NeuronStoreError::Value {
            path: self.path(),
            table,
            error,
        })?;
        self.file.change(|batch| {
            for change in &changes.0 {
                change.carry_out(batch)?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn value<R: Record>(&self, error: CodecError) -> NeuronStoreError {
        NeuronStoreError::Value {
            path: self.path(),
            table: R::TABLE,
            error,
        }
    }

    fn path(&self) -> String {
        self.file.path().display().to_string()
    }
}

/// A value that cannot be written: its table, and the error.
#[derive(Debug)]
pub struct Unsealed(&'static str, CodecError);

/// Changes that are made together.
pub struct Changes(Vec<Change>);

enum Change {
    Put(&'static str, Vec<u8>, Vec<u8>),
    Remove(&'static str, Vec<u8>),
    RemoveBefore(&'static str, Vec<u8>),
}

impl Changes {
    /// Stores a value at `key`.
    ///
    /// # Errors
    /// For a value that is too large.
    pub fn put<R: Record>(&mut self, key: &[u8], value: &R) -> Result<(), Unsealed> {
        let sealed = codec::seal(R::KIND, key, value);
        let sealed = sealed.map_err(|error| Unsealed(R::TABLE, error))?;
        self.0.push(Change::Put(R::TABLE, key.to_vec(), sealed));
        Ok(())
    }

    /// Stores the only value of its kind.
    ///
    /// # Errors
    /// For a value that is too large.
    pub fn put_only<R: Record>(&mut self, value: &R) -> Result<(), Unsealed> {
        self.put(ONLY, value)
    }

    /// Removes the value at `key`.
    pub fn remove<R: Record>(&mut self, key: &[u8]) {
        self.0.push(Change::Remove(R::TABLE, key.to_vec()));
    }

    /// Removes all values with keys before `end`.
    pub fn remove_before<R: Record>(&mut self, end: &[u8]) {
        self.0.push(Change::RemoveBefore(R::TABLE, end.to_vec()));
    }
}

impl Change {
    fn carry_out(&self, batch: &mut Batch) -> Result<(), redb::Error> {
        match self {
            Change::Put(table, key, sealed) => batch.put(table, key, sealed),
            Change::Remove(table, key) => batch.remove(table, key),
            Change::RemoveBefore(table, end) => batch.remove_range(table, &[], end, None),
        }
    }
}

fn named(owner: &Owner) -> String {
    format!(
        "the neuron {} on subnet {} of the registry {} on the chain {}",
        ss58(&owner.hotkey),
        owner.netuid.0,
        ss58(&owner.registry),
        hex(&owner.genesis)
    )
}

#[cfg(test)]
mod tests;
