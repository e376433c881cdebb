//! Errors that end a neuron.

use crate::{program::ProgramError, publish::PublishError, store::NeuronStoreError};
use inktensor_client::chain::ChainError;
use inktensor_wire::{BlobError, IdentityError, MarkError, ServerError};
use inktensor_worker::{chain_source::SourceError, service::ServiceError};
use std::{io, path::PathBuf};
use thiserror::Error;

/// An error that ends a neuron, or keeps it from starting.
#[derive(Debug, Error)]
pub enum NeuronError {
    /// The chain cannot be opened.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The chain does not answer. The loop tries again.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A connection leads to another chain.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The store is unusable.
    #[error(transparent)]
    Store(#[from] NeuronStoreError),
    /// The server cannot run.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The certificate is unusable.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The file with the time of the newest accepted question is unusable.
    #[error(transparent)]
    Mark(#[from] MarkError),
    /// The folder of blobs is unusable.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A file to serve is unreadable.
    #[error("--blob {path}: {reason}", path = .path.display(), reason = inktensor_client::io_error::reason(.error))]
    BlobFile {
        /// The file.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// A file to enter is unreadable or no model.
    #[error("--entry {path}: {problem}", path = .path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: String,
    },
    /// The task cannot be used.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Nothing can be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The system gives no threads or no random bytes.
    #[error("the system: {0}")]
    System(#[from] io::Error),
    /// The neuron of the subnet's owner cannot validate, or take part in a training or a contest.
    #[error(
        "the hotkey {0} is the subnet owner's, whose one commitment names the manifest; run with \
         another hotkey"
    )]
    OwnersHotkey(String),
}
