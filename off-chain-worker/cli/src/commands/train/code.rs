//! A Wasm program of a training, in a file.

use crate::{commands::model::read_at_most, error::Failure};
use inktensor_neuron::program::MAX_CODE;
use inktensor_task::{blake2, Digest};
use std::path::{Path, PathBuf};

/// The code of a program.
pub struct Code {
    /// The file.
    pub file: PathBuf,
    /// Hash of the code.
    pub hash: Digest,
    bytes: Vec<u8>,
}

impl Code {
    /// Reads a file of at most [`MAX_CODE`] bytes.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let bytes = read_at_most(file, u64::try_from(MAX_CODE).unwrap_or(u64::MAX))?;
        Ok(Self {
            file: file.into(),
            hash: blake2(&bytes),
            bytes,
        })
    }

    /// Returns the code and its hash.
    pub fn named(&self) -> (&[u8], &Digest) {
        (&self.bytes, &self.hash)
    }
}
