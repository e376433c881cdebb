//! What a worker is told: flag before environment before file before default.
//!
//! There is one list of fields, [`Layer`]. The flags are its fields, the environment variables are
//! the flags in capitals after `INKTENSOR_`, and the file has the same names with underscores.

use crate::chain_source::ChainSource;
use crate::service::logging::{LogFormat, DEFAULT_FILTER};
use clap::{Args, Command, FromArgMatches, ValueEnum};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt, fs, io,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroU64},
    path::{Path, PathBuf},
    time::Duration,
};
use thiserror::Error;

/// The environment variable that names the configuration file.
pub const FILE_VARIABLE: &str = "INKTENSOR_CONFIG";
/// What the name of a field's environment variable begins with.
const PREFIX: &str = "INKTENSOR_";
/// Milliseconds between two looks at the chain, unless told otherwise: well below the time of a
/// block.
const POLL: u64 = 200;
/// Seconds without a sign of life after which a worker counts as stalled, unless told otherwise:
/// far longer than an epoch takes to compute or a transaction waits for its block.
const STALLED_AFTER: u64 = 300;

/// What a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Closes epochs, makes them final, settles them
    Keeper,
    /// Computes closed epochs and posts them behind collateral
    Proposer,
    /// Computes what others have posted, and disputes what is false
    Watcher,
}

/// What one source tells; a field that it leaves out is for the next one to tell.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layer {
    /// What the worker does; required
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        num_args = 1,
        value_name = "ROLE,.."
    )]
    pub role: Option<Vec<Role>>,
    /// The chain: ws:// addresses of nodes, comma separated, or tcp://HOST:PORT of a devchain;
    /// required
    #[arg(long, visible_alias = "url", value_name = "ADDRESS,..")]
    #[serde(with = "as_text")]
    pub chain: Option<ChainSource>,
    /// The file of the deployment on a chain of nodes; by default the one in the folder
    /// `deployments` that is of the chain
    #[arg(long, value_name = "FILE")]
    pub deployment: Option<PathBuf>,
    /// The folder of its store, for this process alone; required
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// On a devchain, who signs and puts up collateral: a name, or an address. On a node the key tells
    #[arg(long, value_name = "NAME|ADDRESS")]
    pub account: Option<String>,
    /// A file with the secret URI of the key that signs, which only its owner may read
    ///
    /// Instead of it, the environment variable INKTENSOR_SURI may hold the secret URI, or
    /// --ask-suri asks for it.
    #[arg(long, value_name = "FILE")]
    pub suri_file: Option<PathBuf>,
    /// As keeper, let the chain execute epochs that nobody posts, with so many steps per call;
    /// costly, and off unless given
    #[arg(long, value_name = "STEPS")]
    pub replay: Option<NonZeroU32>,
    /// Milliseconds between two looks at the chain; 200 unless given
    #[arg(long, value_name = "MS")]
    pub poll: Option<NonZeroU64>,
    /// Of several equal workers, let another one be first at each block: most milliseconds that
    /// this one waits before it acts; 0 unless given
    #[arg(long, value_name = "MS")]
    pub stagger: Option<u64>,
    /// Seconds without a sign of life after which /health says that the worker has stalled; 300
    /// unless given
    #[arg(long, value_name = "SECONDS")]
    pub stalled_after: Option<NonZeroU64>,
    /// How a line of the log looks; text unless given
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What is logged: error, warn, info, debug or trace, or such levels by module as in
    /// `info,subxt=debug`; by default the worker's own lines from info on and other libraries'
    /// from warn on
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// Where to serve /metrics, /health and /ready; nowhere unless given. There is no access
    /// control: use 127.0.0.1, or what only your monitoring reaches. Port 0 takes a free one,
    /// which the log tells
    #[arg(long, value_name = "HOST:PORT")]
    pub http: Option<SocketAddr>,
    /// Send nothing: tell what would be sent, and what the contract would answer
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub dry_run: Option<bool>,
}

/// Who told the value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag,
    /// An environment variable.
    Environment,
    /// The configuration file.
    File(PathBuf),
    /// Nobody: it is the default.
    Default,
}

/// Why a worker does not know what to do.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// An environment variable has a value that its field cannot have.
    #[error("environment variable {name}: {problem}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// The file cannot be read.
    #[error("{path}: {error}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What happened.
        error: io::Error,
    },
    /// The file says something that it cannot say.
    #[error("{path}: line {line}: {field}{problem}", path = .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The field, with a colon; empty if it is about none.
        field: String,
        /// What is wrong.
        problem: String,
    },
    /// A value cannot be written down.
    #[error("configuration: {0}")]
    Unwritable(String),
    /// Nobody tells what has no default.
    #[error("{field} is missing: give --{flag}, set {variable}, or have `{field} = ..` in a file for --config")]
    Missing {
        /// Its name in the file.
        field: &'static str,
        /// Its flag.
        flag: &'static str,
        /// Its variable.
        variable: String,
    },
}

/// All that is told, and who told it. It is displayed as a file that tells the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    layer: Layer,
    origins: BTreeMap<String, Origin>,
}

/// What a worker is told, complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What it does.
    pub roles: BTreeSet<Role>,
    /// Where the chain is.
    pub chain: ChainSource,
    /// The record of the contracts' addresses.
    pub deployment: Option<PathBuf>,
    /// The folder of its store.
    pub store: PathBuf,
    /// Who signs on a devchain.
    pub account: Option<String>,
    /// Where the key is.
    pub suri_file: Option<PathBuf>,
    /// Steps of a replay per call, if it replays.
    pub replay: Option<NonZeroU32>,
    /// Time between two looks at the chain.
    pub poll: Duration,
    /// The longest wait before it acts on a block.
    pub stagger: Duration,
    /// Time without a sign of life after which it counts as stalled.
    pub stalled_after: Duration,
    /// How a line of the log looks.
    pub log_format: LogFormat,
    /// What is logged.
    pub log: String,
    /// Where metrics and health are served.
    pub http: Option<SocketAddr>,
    /// Whether nothing is sent.
    pub dry_run: bool,
}

impl Layer {
    /// What holds where nobody tells otherwise.
    pub fn defaults() -> Self {
        Self {
            poll: NonZeroU64::new(POLL),
            stagger: Some(0),
            stalled_after: NonZeroU64::new(STALLED_AFTER),
            log_format: Some(LogFormat::Text),
            log: Some(DEFAULT_FILTER.into()),
            dry_run: Some(false),
            ..Self::default()
        }
    }

    /// What the environment tells, which `variable` looks up.
    ///
    /// # Errors
    /// `Variable` if it cannot tell that.
    pub fn from_environment(
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        let command = flags();
        let mut words = Vec::new();
        for flag in names() {
            let name = variable_of(&flag);
            let Some(value) = variable(&name) else {
                continue;
            };
            let failed = |problem: String| ConfigError::Variable {
                name: name.clone(),
                problem,
            };
            if value.is_empty() {
                return Err(failed("it is empty; unset it or give it a value".into()));
            }
            let mut word = OsString::from(format!("--{flag}="));
            word.push(value);
            // Each alone, so that an error is known to be about this one.
            command
                .clone()
                .try_get_matches_from([&word])
                .map_err(|error| failed(first_line(&error)))?;
            words.push(word);
        }
        let matches = command.try_get_matches_from(words);
        matches
            .and_then(|matches| Self::from_arg_matches(&matches))
            .map_err(|error| ConfigError::Unwritable(first_line(&error)))
    }

    /// What the file at `path` tells.
    ///
    /// # Errors
    /// `File`, `Line`.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| ConfigError::File {
            path: path.into(),
            error,
        })?;
        let read = serde_path_to_error::deserialize(toml::Deserializer::new(&text));
        read.map_err(|error| {
            let field = match error.path().to_string() {
                field if field == "." => String::new(),
                field => format!("{field}: "),
            };
            let error = error.into_inner();
            let before = error.span().and_then(|span| text.get(..span.start));
            ConfigError::Line {
                path: path.into(),
                line: before
                    .unwrap_or_default()
                    .matches('\n')
                    .count()
                    .saturating_add(1),
                field,
                problem: error.message().replace('\n', " "),
            }
        })
    }

    fn table(&self) -> Result<toml::Table, ConfigError> {
        toml::Table::try_from(self).map_err(|error| ConfigError::Unwritable(error.to_string()))
    }
}

impl Told {
    /// What these flags, the environment, the file at `file` and the defaults tell together.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn by(
        flags: &Layer,
        variable: &dyn Fn(&str) -> Option<OsString>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let named = variable(FILE_VARIABLE).map(PathBuf::from);
        let mut layers = vec![(Origin::Default, Layer::defaults())];
        if let Some(path) = file.map(Path::to_owned).or(named) {
            let layer = Layer::from_file(&path)?;
            layers.push((Origin::File(path), layer));
        }
        layers.push((Origin::Environment, Layer::from_environment(variable)?));
        layers.push((Origin::Flag, flags.clone()));
        let (mut table, mut origins) = (toml::Table::new(), BTreeMap::new());
        for (origin, layer) in layers {
            for (field, value) in layer.table()? {
                origins.insert(field.clone(), origin.clone());
                table.insert(field, value);
            }
        }
        let layer = table
            .try_into()
            .map_err(|error: toml::de::Error| ConfigError::Unwritable(error.to_string()))?;
        Ok(Self { layer, origins })
    }

    /// What a worker needs to know.
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
            replay,
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
        Ok(Config {
            roles,
            chain: chain.ok_or_else(|| missing("chain"))?,
            deployment,
            store: store.ok_or_else(|| missing("store"))?,
            account,
            suri_file,
            replay,
            poll: Duration::from_millis(poll.ok_or_else(|| missing("poll"))?.get()),
            stagger: Duration::from_millis(stagger.unwrap_or_default()),
            stalled_after: Duration::from_secs(
                stalled_after.ok_or_else(|| missing("stalled-after"))?.get(),
            ),
            log_format: log_format.ok_or_else(|| missing("log-format"))?,
            log: log.ok_or_else(|| missing("log"))?,
            http,
            dry_run: dry_run.unwrap_or_default(),
        })
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.layer.table().map_err(|_| fmt::Error)?;
        for flag in names() {
            let field = field_of(&flag);
            match (table.get(&field), self.origins.get(&field)) {
                (Some(value), Some(origin)) => {
                    let from = match origin {
                        Origin::Flag => format!("--{flag}"),
                        Origin::Environment => variable_of(&flag),
                        Origin::File(path) => path.display().to_string(),
                        Origin::Default => "the default".into(),
                    };
                    writeln!(f, "{field} = {value} # {from}")?;
                }
                _ => writeln!(f, "# {field} is not set")?,
            }
        }
        Ok(())
    }
}

/// The flags of all fields, in their order.
pub fn names() -> Vec<String> {
    let command = flags();
    let flags = command.get_arguments().filter_map(|flag| flag.get_long());
    flags.map(str::to_owned).collect()
}

/// The environment variable of the field with this flag.
pub fn variable_of(flag: &str) -> String {
    format!("{PREFIX}{}", field_of(flag).to_uppercase())
}

/// The name in a file of the field with this flag.
pub fn field_of(flag: &str) -> String {
    flag.replace('-', "_")
}

fn flags() -> Command {
    let command = Command::new("environment");
    Layer::augment_args(command.no_binary_name(true).disable_help_flag(true))
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").into()
}

fn missing(flag: &'static str) -> ConfigError {
    ConfigError::Missing {
        // The fields without a default have names of one word.
        field: flag,
        flag,
        variable: variable_of(flag),
    }
}

/// A value as the text that it is read from.
mod as_text {
    use serde::{de::Error, Deserialize, Deserializer, Serializer};
    use std::{fmt::Display, str::FromStr};

    pub fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

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
