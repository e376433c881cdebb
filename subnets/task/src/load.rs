//! The state that a task starts from.

use crate::Refused;

/// A state that is read from a blob. The subnet's manifest names the blob's hash.
pub trait Load: Sized + Send + Sync {
    /// Most bytes of a blob.
    const MAX_BYTES: usize;

    /// Returns the state in `blob`, of at most [`MAX_BYTES`](Load::MAX_BYTES) bytes. The caller has
    /// compared the blob's hash with the manifest's.
    ///
    /// # Errors
    /// Bytes that are not a state of this task.
    fn load(blob: &[u8]) -> Result<Self, Refused>;
}

impl Load for () {
    const MAX_BYTES: usize = 0;

    fn load(blob: &[u8]) -> Result<Self, Refused> {
        match blob {
            [] => Ok(()),
            _ => Err(Refused("this task has no state; its blob must be empty")),
        }
    }
}
