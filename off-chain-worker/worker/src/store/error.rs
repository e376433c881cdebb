//! What can go wrong with a store.

use super::codec::CodecError;
use std::path::PathBuf;
use thiserror::Error;

/// The store cannot be opened, read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process has it open. End that one, or give this one a folder of its own.
    #[error("the store {} is open in another process; end that one or choose another folder", .0.display())]
    Locked(PathBuf),
    /// There is no store.
    #[error("there is no store at {}", .0.display())]
    Missing(PathBuf),
    /// The folder or the file cannot be made, read or written.
    #[error("the store {}: {reason}", path.display())]
    Unavailable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is no store, or damaged beyond repair. Move it away and start with an empty one:
    /// what cannot be computed again is the memory of the last final epoch, which another
    /// worker can export.
    #[error("the store {} is damaged: {what}; move it away, start anew, and bring in the last final epoch's memory with `inktensor store import`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// It belongs to another deployment. Choose another folder.
    #[error("the store {} belongs to another deployment ({found}), not to {asked}; choose another folder", path.display())]
    OtherDeployment {
        /// The file.
        path: PathBuf,
        /// The deployment that it belongs to.
        found: String,
        /// The deployment that was asked for.
        asked: String,
    },
    /// The bytes to bring in are no export of a memory.
    #[error("this is no exported memory: {0}")]
    NoExport(CodecError),
    /// The export is of another deployment.
    #[error("this memory was exported from another deployment ({found}), not from {asked}")]
    OtherExport {
        /// Where it was exported.
        found: String,
        /// The deployment at hand.
        asked: String,
    },
}
