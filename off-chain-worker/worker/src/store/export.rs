//! The memory of an epoch as a file, for a worker that did not compute the epoch.
//!
//! An import is checked against the hashes that became final on the chain, so the file may come
//! from any source.

use super::{codec, Home, StoreError};
use inktensor_primitives::NetUid;
use scale::{Decode, Encode};

/// Kind of the file, see [`codec`].
const KIND: u8 = 32;
/// Key in the file's checksum.
const KEY: &[u8] = b"inktensor memory";

/// The memory of a subnet's chunks from an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MemoryExport {
    /// Deployment of the memory.
    pub home: Home,
    /// The subnet.
    pub netuid: NetUid,
    /// Epoch that produced the memory.
    pub epoch: u32,
    /// Bytes of each chunk.
    pub memory: Vec<Vec<u8>>,
}

impl MemoryExport {
    /// Returns the bytes of the file.
    ///
    /// # Errors
    /// `NoExport` if the memory is larger than the protocol's limits allow.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        codec::seal(KIND, KEY, self).map_err(StoreError::NoExport)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// `NoExport`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        codec::open(KIND, KEY, bytes).map_err(StoreError::NoExport)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::codec::CodecError;

    #[test]
    fn an_export_comes_back_whole_or_not_at_all() {
        let export = MemoryExport {
            home: Home {
                genesis: [1; 32],
                epoch: [2; 32].into(),
            },
            netuid: NetUid(3),
            epoch: 4,
            memory: vec![vec![5, 6], vec![]],
        };
        let bytes = export.to_bytes().expect("small");
        assert_eq!(MemoryExport::from_bytes(&bytes).expect("whole"), export);
        let cut = MemoryExport::from_bytes(&bytes[..bytes.len() - 1]);
        assert!(matches!(cut, Err(StoreError::NoExport(CodecError::Length))));
    }
}
