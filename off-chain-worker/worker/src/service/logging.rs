//! The log: one line for each event, on standard error, for people or for programs.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::io::{self, IsTerminal};
use thiserror::Error;
use tracing_subscriber::{fmt, layer::SubscriberExt, util::SubscriberInitExt, EnvFilter, Layer};

/// What is logged unless told otherwise: what the worker does, and what goes wrong elsewhere.
pub const DEFAULT_FILTER: &str = "warn,inktensor_worker=info";

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line to read
    Text,
    /// A JSON object a line
    Json,
}

/// Why there is no log.
#[derive(Debug, Error)]
pub enum LogError {
    /// The filter says nothing.
    #[error("log {filter:?}: {problem}; a filter is a level, or levels by module as in `info,subxt=debug`")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        problem: String,
    },
    /// This process has a log already.
    #[error("the log is set up already")]
    Twice,
}

/// Logs what `filter` lets through, from now on.
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
    // Nobody may be reading any more: that is no reason to end.
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
