//! The log: one line for each event, on standard error, for people or for programs.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::io::{self, IsTerminal};
use thiserror::Error;
use tracing_subscriber::{fmt, layer::SubscriberExt, util::SubscriberInitExt, EnvFilter, Layer};

/// Filter by default: the worker's own lines from info on, and warnings of other libraries.
pub const DEFAULT_FILTER: &str = "warn,inktensor_worker=info";

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line to read
    Text,
    /// A JSON object a line
    Json,
}

/// An error of setting up the log.
#[derive(Debug, Error)]
pub enum LogError {
    /// The filter is malformed.
    #[error("log {filter:?}: {problem}; a filter is a level, or levels by module as in `info,subxt=debug`")]
    Filter {
        /// The filter.
        filter: String,
        /// Error in the filter.
        problem: String,
    },
    /// This process already has a log.
    #[error("the log is already set up")]
    Twice,
}

/// Starts to log what `filter` lets through.
///
/// # Errors
/// See [`LogError`].
pub fn start(format: LogFormat, filter: &str) -> Result<(), LogError> {
    let filter = EnvFilter::builder()
        .parse(filter)
        .map_err(|error| LogError::Filter {
            filter: filter.into(),
            problem: error.to_string(),
        })?;
    // A closed standard error must not end the worker.
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .log_internal_errors(false);
    let lines = match format {
        LogFormat::Text => lines
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|_| LogError::Twice)
}
