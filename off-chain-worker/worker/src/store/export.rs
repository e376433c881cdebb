//! The memory of an epoch as a file, for a worker that was not there to compute it.
//!
//! Whoever brings it in checks it against the hashes that became final on the chain, so it may come
//! from anybody.

use super::{codec, Home, StoreError};
use inktensor_primitives::NetUid;
use scale::{Decode, Encode};

/// Kind of the file, see [`codec`].
const KIND: u8 = 32;
/// What the file's checksum covers besides its bytes.
const KEY: &[u8] = b"inktensor memory";

/// What each chunk of a subnet remembers from an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MemoryExport {
    /// The deployment.
    pub home: Home,
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch that left it.
    pub epoch: u32,
    /// The bytes of each chunk.
    pub memory: Vec<Vec<u8>>,
}

impl MemoryExport {
    /// The file.
    ///
    /// # Errors
    /// `NoExport` if it is larger than any memory within the limits of the protocol.
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
