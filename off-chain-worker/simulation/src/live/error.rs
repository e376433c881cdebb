//! Errors of a live run.

use inktensor_client::chain::{CallError, ChainError, ContractError};
use std::{io, path::PathBuf, time::Duration};
use thiserror::Error;

/// An error that ends a live run.
#[derive(Debug, Error)]
pub enum LiveError {
    /// Too few epochs for the claims.
    #[error("--epochs {given}: the claims are about epochs from 3 on; choose at least {least}")]
    TooFewEpochs {
        /// The number that was given.
        given: u32,
        /// The least number.
        least: u32,
    },
    /// A program did not start.
    #[error("{program}: it does not start: {error}")]
    Start {
        /// Path of the program.
        program: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// A process ended.
    #[error("the process {name} has ended ({status}); the end of its log: {log}")]
    Ended {
        /// Name of the process.
        name: String,
        /// Exit status.
        status: String,
        /// Last lines of its log.
        log: String,
    },
    /// A process did not get ready, or the chain did not reach a state.
    #[error(
        "{what} did not come within {} s; the machine may be too busy for the demo",
        .waited.as_secs()
    )]
    Late {
        /// The awaited event.
        what: String,
        /// The longest wait.
        waited: Duration,
    },
    /// A file of the run.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// A socket of the run.
    #[error("a local server: {0}")]
    Socket(io::Error),
    /// The chain does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A contract refused a transaction.
    #[error("{message} was refused: {reason}")]
    Refused {
        /// The message.
        message: &'static str,
        /// The contract's reason.
        reason: String,
    },
    /// A signal asked the run to stop.
    #[error(
        "stopped by {0} before the report; its processes have ended, and its files are removed"
    )]
    Stopped(&'static str),
    /// A part of the network is not what a run needs.
    #[error("{0}")]
    Unusable(String),
}

impl LiveError {
    /// Returns the conversion of the refusal of `message`.
    pub(super) fn refused<E: ContractError>(
        message: &'static str,
    ) -> impl FnOnce(CallError<E>) -> LiveError {
        move |error| match error {
            CallError::Chain(error) => LiveError::Chain(error),
            CallError::Refused(error) => LiveError::Refused {
                message,
                reason: error.text(),
            },
        }
    }

    /// Returns the conversion of an error of the file at `path`.
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> LiveError {
        let path = path.into();
        move |error| LiveError::File { path, error }
    }
}
