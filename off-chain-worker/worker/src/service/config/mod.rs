//! Configuration of a worker: flag before environment before file before default.
//!
//! There is one list of fields, [`Layer`]. The flags are its fields, the environment variables are
//! the flags in capitals after `INKTENSOR_`, and the file has the same names with underscores.

mod amount;
mod layers;

pub use amount::Tao;
pub use layers::{names, Fields, Resolved};

use crate::{
    chain_source::ChainSource,
    service::logging::{LogFormat, DEFAULT_FILTER},
};
use clap::{Args, ValueEnum};
use inktensor_client::io_error::reason;
use inktensor_primitives::{NetUid, Rao};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    io,
    net::SocketAddr,
    num::{NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};
use thiserror::Error;

/// Name of the environment variable with the path of the configuration file.
pub const FILE_VARIABLE: &str = "INKTENSOR_CONFIG";
/// Prefix of a field's environment variable.
const PREFIX: &str = "INKTENSOR_";
/// Milliseconds between two reads of the chain by default: well below the time of a block.
const POLL: u64 = 200;
/// Seconds without a sign of life after which a worker counts as stalled, by default: far longer
/// than an epoch takes to compute or a transaction waits for its block.
const STALLED_AFTER: u64 = 300;

/// A role of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Closes epochs, makes them final, settles them
    Keeper,
    /// Computes closed epochs and posts them behind collateral
    Proposer,
    /// Computes every closed epoch, and disputes false assertions
    Watcher,
    /// Recounts votes on proposals, executes and closes them
    Clerk,
}

/// The configuration from one source. A later source fills in missing fields.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layer {
    /// Roles of the worker; required
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        num_args = 1,
        value_name = "ROLE,.."
    )]
    pub role: Option<Vec<Role>>,
    /// Chain: ws:// addresses of nodes, comma separated, or tcp://HOST:PORT of a devchain;
    /// required
    #[arg(long, visible_alias = "url", value_name = "ADDRESS,..")]
    #[serde(with = "as_text")]
    pub chain: Option<ChainSource>,
    /// File of the deployment on a chain of nodes; by default the one in the folder `deployments`
    /// that is of the chain
    #[arg(long, value_name = "FILE")]
    pub deployment: Option<PathBuf>,
    /// Folder of the worker's store, for this process alone; required
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Account that signs and deposits collateral on a devchain: a name, or an address. On a node
    /// the key decides
    #[arg(long, value_name = "NAME|ADDRESS")]
    pub account: Option<String>,
    /// File with the secret URI of the key that signs, readable by its owner only
    ///
    /// Instead of it, the environment variable INKTENSOR_SURI may hold the secret URI, or
    /// --ask-suri asks for it.
    #[arg(long, value_name = "FILE")]
    pub suri_file: Option<PathBuf>,
    /// Serve these subnets only; all by default
    #[arg(
        long,
        value_delimiter = ',',
        num_args = 1,
        value_name = "NETUID,..",
        value_parser = positive::<NonZeroU16>
    )]
    pub netuid: Option<Vec<NonZeroU16>>,
    /// As keeper and proposer, leave alone epochs that pay less than this amount of TAO for it; 0
    /// by default. A watcher checks all epochs
    #[arg(long, value_name = "TAO")]
    #[serde(with = "as_text")]
    pub min_fee: Option<Tao>,
    /// Most TAO that the proposer puts behind one assertion; by default four times what the first
    /// assertion of an epoch needs
    #[arg(long, value_name = "TAO")]
    #[serde(with = "as_text")]
    pub max_bond: Option<Tao>,
    /// As keeper, make the chain execute epochs that no proposer posts, with this number of steps
    /// per call; costly, and off by default
    #[arg(long, value_name = "STEPS", value_parser = positive::<NonZeroU32>)]
    pub replay: Option<NonZeroU32>,
    /// Number of the nodes in --chain that must give the same answers before the worker puts
    /// collateral behind an epoch, and before it takes an assertion for right; by default half of
    /// them, rounded up
    #[arg(long, value_name = "NODES", value_parser = positive::<NonZeroUsize>)]
    pub agree: Option<NonZeroUsize>,
    /// As proposer, post an epoch before its close is final. If a fork replaces the close, the
    /// transaction is not valid; by default the worker waits
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub early: Option<bool>,
    /// As watcher, the largest tip of a dispute on a chain of nodes, in the smallest part of the
    /// chain's coin; by default 256 times the fee. A dispute that no block takes doubles its tip
    /// with each block: choose a part of the reward
    #[arg(long, value_name = "AMOUNT")]
    pub max_tip: Option<u64>,
    /// Milliseconds between two reads of the chain; 200 by default
    #[arg(long, value_name = "MS", value_parser = positive::<NonZeroU64>)]
    pub poll: Option<NonZeroU64>,
    /// Longest wait in milliseconds before keeper, proposer and clerk act on a block, so that of
    /// several equal workers another one is first each time; 0 by default
    #[arg(long, value_name = "MS")]
    pub stagger: Option<u64>,
    /// Seconds without a sign of life of a role after which /health reports a stalled worker; 300
    /// by default
    #[arg(long, value_name = "SECONDS", value_parser = positive::<NonZeroU64>)]
    pub stalled_after: Option<NonZeroU64>,
    /// Form of a line of the log; text by default
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// Filter of the log: error, warn, info, debug or trace, or such levels by module as in
    /// `info,subxt=debug`; by default the worker's own lines from info on, and warnings of other
    /// libraries
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// Address of /metrics, /health and /ready; off by default. There is no access control: use
    /// 127.0.0.1, or an address that only your monitoring reaches. Port 0 takes a free one, which
    /// the log states
    #[arg(long, value_name = "HOST:PORT")]
    pub http: Option<SocketAddr>,
    /// Send nothing: log what would be sent, and what the contract would answer
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub dry_run: Option<bool>,
}

/// The source of a field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueSource {
    /// A flag.
    Flag,
    /// An environment variable.
    Environment,
    /// The configuration file.
    File(PathBuf),
    /// The default.
    Default,
}

/// An error of a worker's configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// An environment variable has a value that its field cannot have.
    #[error("environment variable {name}: {problem}")]
    Variable {
        /// Name of the variable.
        name: String,
        /// Error of the value.
        problem: String,
    },
    /// The file is unreadable.
    #[error("--config {path}: {reason}", path = .path.display(), reason = reason(.error))]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// The file has a wrong field or value.
    #[error("{path}:{line}: {field}{problem}", path = .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The field, with a colon; empty if the error is about none.
        field: String,
        /// Error of the line.
        problem: String,
    },
    /// A value cannot be written as TOML.
    #[error("configuration: {0}")]
    Unwritable(String),
    /// More nodes must agree than there are.
    #[error(
        "--agree {wanted}: --chain names {nodes} node(s); name more, or let fewer of them agree"
    )]
    TooFewNodes {
        /// Number of nodes that must agree.
        wanted: usize,
        /// Number of nodes.
        nodes: usize,
    },
    /// A field without a default is missing.
    #[error("{field} is missing: give --{flag}, set {variable}, or write `{field} = ..` in a file for --config")]
    Missing {
        /// Name of the field in the file.
        field: &'static str,
        /// Flag of the field.
        flag: &'static str,
        /// Variable of the field.
        variable: String,
    },
}

/// The configuration of a worker from all sources.
pub type ResolvedConfig = Resolved<Layer>;

/// The complete configuration of a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Roles of the worker.
    pub roles: BTreeSet<Role>,
    /// Place of the chain.
    pub chain: ChainSource,
    /// File with the record of the deployment.
    pub deployment: Option<PathBuf>,
    /// Folder of the store.
    pub store: PathBuf,
    /// Signer on a devchain.
    pub account: Option<String>,
    /// File with the key.
    pub suri_file: Option<PathBuf>,
    /// Subnets to serve; all if empty.
    pub netuids: BTreeSet<NetUid>,
    /// Least fee of an epoch that the worker keeps or proposes.
    pub min_fee: Rao,
    /// Most collateral behind an assertion, if it is not the default.
    pub max_bond: Option<Rao>,
    /// Steps of a replay per call; `None` for a worker that does not replay.
    pub replay: Option<NonZeroU32>,
    /// Number of nodes that must give the same answers.
    pub agree: usize,
    /// True if epochs are posted before their close is final.
    pub early: bool,
    /// Largest tip of a dispute; `None` for the usual multiple of its fee.
    pub max_tip: Option<u128>,
    /// Time between two reads of the chain.
    pub poll: Duration,
    /// Longest wait before it acts on a block.
    pub stagger: Duration,
    /// Time without a sign of life after which it counts as stalled.
    pub stalled_after: Duration,
    /// Form of a line of the log.
    pub log_format: LogFormat,
    /// Filter of the log.
    pub log: String,
    /// Address of metrics and health.
    pub http: Option<SocketAddr>,
    /// True if nothing is sent.
    pub dry_run: bool,
}

impl Fields for Layer {
    fn defaults() -> Self {
        Self {
            min_fee: Some(Tao(Rao::ZERO)),
            poll: NonZeroU64::new(POLL),
            stagger: Some(0),
            stalled_after: NonZeroU64::new(STALLED_AFTER),
            log_format: Some(LogFormat::Text),
            log: Some(DEFAULT_FILTER.into()),
            early: Some(false),
            dry_run: Some(false),
            ..Self::default()
        }
    }
}

impl Resolved<Layer> {
    /// Returns the complete configuration.
    ///
    /// # Errors
    /// `Missing`.
    pub fn complete(self) -> Result<Config, ConfigError> {
        let Layer {
            role,
            chain,
            deployment,
            store,
            account,
            suri_file,
            netuid,
            min_fee,
            max_bond,
            replay,
            agree,
            early,
            max_tip,
            poll,
            stagger,
            stalled_after,
            log_format,
            log,
            http,
            dry_run,
        } = self.layer;
        let roles: BTreeSet<Role> = role.unwrap_or_default().into_iter().collect();
        if roles.is_empty() {
            return Err(missing("role"));
        }
        let chain = chain.ok_or_else(|| missing("chain"))?;
        Ok(Config {
            roles,
            deployment,
            store: store.ok_or_else(|| missing("store"))?,
            account,
            suri_file,
            netuids: netuid
                .unwrap_or_default()
                .into_iter()
                .map(|netuid| NetUid(netuid.get()))
                .collect(),
            min_fee: min_fee.map_or(Rao::ZERO, |fee| fee.0),
            max_bond: max_bond.map(|most| most.0),
            replay,
            agree: agreeing(&chain, agree)?,
            early: early.unwrap_or_default(),
            max_tip: max_tip.map(u128::from),
            poll: Duration::from_millis(poll.ok_or_else(|| missing("poll"))?.get()),
            stagger: Duration::from_millis(stagger.unwrap_or_default()),
            stalled_after: Duration::from_secs(
                stalled_after.ok_or_else(|| missing("stalled-after"))?.get(),
            ),
            log_format: log_format.ok_or_else(|| missing("log-format"))?,
            log: log.ok_or_else(|| missing("log"))?,
            http,
            dry_run: dry_run.unwrap_or_default(),
            chain,
        })
    }
}

/// Returns the number of nodes that must agree: `wanted`, or half of those at `chain`, rounded up.
fn agreeing(chain: &ChainSource, wanted: Option<NonZeroUsize>) -> Result<usize, ConfigError> {
    let nodes = match chain {
        ChainSource::Nodes(nodes) => nodes.len(),
        ChainSource::Dir(_) | ChainSource::Served(_) => 1,
    };
    let wanted = wanted.map_or_else(|| nodes.div_ceil(2), NonZeroUsize::get);
    if wanted > nodes {
        return Err(ConfigError::TooFewNodes { wanted, nodes });
    }
    Ok(wanted)
}

/// Returns the environment variable of the field with this flag.
pub fn variable_of(flag: &str) -> String {
    format!("{PREFIX}{}", field_of(flag).to_uppercase())
}

/// Returns the name in a file of the field with this flag.
pub fn field_of(flag: &str) -> String {
    flag.replace('-', "_")
}

/// Returns the line of an error in the TOML file `text`, counted from 1, and the error as one line.
pub fn toml_problem(text: &str, error: &toml::de::Error) -> (usize, String) {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.unwrap_or_default().matches('\n').count();
    let problem = error.message().replace('\n', " ").replace('`', "");
    let problem = problem.replace(", expected ", "; expected ");
    (line.saturating_add(1), problem)
}

/// Reads a number that must not be zero.
fn positive<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse()
        .map_err(|_| "expected a whole number of at least 1".into())
}

fn missing(flag: &'static str) -> ConfigError {
    ConfigError::Missing {
        // Fields without a default have names of one word.
        field: flag,
        flag,
        variable: variable_of(flag),
    }
}

/// Serde for a value that has a text form.
pub mod as_text {
    use serde::{de::Error, Deserialize, Deserializer, Serializer};
    use std::{fmt::Display, str::FromStr};

    /// Writes a value as text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a value from text.
    ///
    /// # Errors
    /// Those of the deserializer, and of the text.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr,
        T::Err: Display,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Some).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
