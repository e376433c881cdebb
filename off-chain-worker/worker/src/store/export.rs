//! The memory of an epoch as a file, for a worker that did not compute the epoch.
//!
//! An import is checked against the hashes that became final on the chain, so the file may come
//! from any source.

use super::{
    codec::{self, CodecError},
    named, Home, StoreError,
};
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
    /// `NotExported` for a file of another kind; `NoExport`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        codec::open(KIND, KEY, bytes).map_err(|error| match error {
            // The first byte of any file reads as a format: the checksum decides.
            CodecError::Format(_) if !codec::is_sealed(KEY, bytes) => StoreError::NotExported,
            CodecError::Kind => StoreError::NotExported,
            CodecError::Length if !bytes.starts_with(&[codec::FORMAT, KIND]) => {
                StoreError::NotExported
            }
            error => StoreError::NoExport(error),
        })
    }

    /// Checks that the memory is of the deployment `home`.
    ///
    /// # Errors
    /// `OtherExport`.
    pub fn check_home(&self, home: &Home) -> Result<(), StoreError> {
        if self.home == *home {
            return Ok(());
        }
        Err(StoreError::OtherExport {
            found: named(&self.home),
            asked: named(home),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for other in [&b"{\"json\": true}"[..], &b""[..], &[0; 100][..]] {
            let refused = MemoryExport::from_bytes(other);
            assert!(matches!(refused, Err(StoreError::NotExported)));
        }
    }
}
