//! Errors of a store.

use super::codec::CodecError;
use std::path::PathBuf;
use thiserror::Error;

/// An error of a store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process has the store open. End that process, or choose another folder for this
    /// one.
    #[error("the store {} is open in another process; end that one or choose another folder", .0.display())]
    Locked(PathBuf),
    /// The folder has no store.
    #[error("there is no store at {}; name the folder of a worker's store", .0.display())]
    Missing(PathBuf),
    /// The folder or the file cannot be created, read or written.
    #[error("the store {}: {reason}", path.display())]
    Unavailable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        reason: String,
    },
    /// The file is not a store, or damaged. Move it away and start with an empty one: only the
    /// memory of the last final epoch cannot be computed again, and another worker can export it.
    #[error("the store {} is damaged: {what}; move it away, start with an empty one, and import the last final epoch's memory with `inktensor store import`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The damage.
        what: String,
    },
    /// The store belongs to another deployment. Choose another folder.
    #[error("the store {} belongs to another deployment ({found}), not to {asked}; choose another folder", path.display())]
    OtherDeployment {
        /// The file.
        path: PathBuf,
        /// Deployment of the store.
        found: String,
        /// Deployment in use.
        asked: String,
    },
    /// The file is not an exported memory.
    #[error("this is not a file of `inktensor store export`")]
    NotExported,
    /// The exported memory is damaged, too large, or of another format.
    #[error("the exported memory is unusable: {0}; export it again")]
    NoExport(CodecError),
    /// The export is of another deployment.
    #[error("this memory was exported from another deployment ({found}), not from {asked}")]
    OtherExport {
        /// Deployment of the export.
        found: String,
        /// Deployment in use.
        asked: String,
    },
}
