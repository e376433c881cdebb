//! Configuration of `inktensor mine` and `inktensor validate`.

#[cfg(test)]
mod tests;

pub use inktensor_worker::service::config::{names, Fields, Resolved};

use clap::Args;
use inktensor_primitives::{registry::Host, NetUid};
use inktensor_worker::{
    chain_source::ChainSource,
    service::{
        config::{as_text, field_of, variable_of, ConfigError},
        logging::LogFormat,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    net::SocketAddr,
    num::{NonZeroU16, NonZeroU64},
    path::PathBuf,
    time::Duration,
};

/// Filter of the log by default: the program's own lines from info on, and warnings of other
/// libraries.
pub const DEFAULT_FILTER: &str =
    "warn,inktensor_neuron=info,inktensor_wire=info,inktensor_worker=info";
/// Milliseconds between two reads of the chain by default: well below the time of a block.
const POLL: u64 = 200;
/// Seconds without a sign of life after which a neuron counts as stalled, by default: longer than a
/// window and the checks after it.
const STALLED_AFTER: u64 = 300;

/// Makes a layer: the fields that both services have, and its own.
macro_rules! layer {
    ($(#[$doc:meta])* $name:ident { $($(#[$attr:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Subnet; required
            #[arg(long, value_name = "NUMBER")]
            pub netuid: Option<NonZeroU16>,
            /// Chain: ws:// addresses of nodes, comma separated, or tcp://HOST:PORT of a devchain;
            /// required
            #[arg(long, visible_alias = "url", value_name = "ADDRESS,..")]
            #[serde(with = "as_text")]
            pub chain: Option<ChainSource>,
            /// File of the deployment on a chain of nodes; by default the one in the folder
            /// `deployments` that is of the chain
            #[arg(long, value_name = "FILE")]
            pub deployment: Option<PathBuf>,
            /// File with the secret URI of the hotkey, readable by its owner only; required. The
            /// hotkey signs on the wire and on the chain, on a devchain too
            #[arg(long, value_name = "FILE")]
            pub suri_file: Option<PathBuf>,
            /// Address to listen at; required. Port 0 takes a free one, which the log states
            #[arg(long, value_name = "HOST:PORT")]
            pub listen: Option<SocketAddr>,
            /// Name or IP address at which others reach this neuron; required. It is published on
            /// the chain
            #[arg(long, value_name = "HOST")]
            pub host: Option<String>,
            /// Port at which others reach this neuron; by default that of --listen
            #[arg(long, value_name = "PORT")]
            pub port: Option<NonZeroU16>,
            /// Folder of the store, for this process alone; required
            #[arg(long, value_name = "DIR")]
            pub store: Option<PathBuf>,
            /// Files to serve by their hash, such as the manifest and the model; those that are
            /// missing are fetched from mirrors and other neurons
            #[arg(long, value_delimiter = ',', num_args = 1, value_name = "FILE,..")]
            pub blob: Option<Vec<PathBuf>>,
            /// Connect to loopback and private addresses too, for tests on one machine
            #[arg(
                long,
                value_name = "true|false",
                num_args = 0..=1,
                default_missing_value = "true",
                require_equals = true
            )]
            pub allow_private: Option<bool>,
            $($(#[$attr])* pub $field: $type,)*
            /// Milliseconds between two reads of the chain; 200 by default
            #[arg(long, value_name = "MS")]
            pub poll: Option<NonZeroU64>,
            /// Seconds without a sign of life after which /health reports a stalled service; 300
            /// by default
            #[arg(long, value_name = "SECONDS")]
            pub stalled_after: Option<NonZeroU64>,
            /// Form of a line of the log; text by default
            #[arg(long, value_enum, value_name = "FORMAT")]
            pub log_format: Option<LogFormat>,
            /// Filter of the log: error, warn, info, debug or trace, or such levels by module
            #[arg(long, value_name = "FILTER")]
            pub log: Option<String>,
            /// Address of /metrics, /health and /ready; off by default. There is no access
            /// control: use 127.0.0.1, or an address that only your monitoring reaches. Port 0
            /// takes a free one, which the log states
            #[arg(long, value_name = "HOST:PORT")]
            pub http: Option<SocketAddr>,
        }

        impl Fields for $name {
            fn defaults() -> Self {
                Self {
                    allow_private: Some(false),
                    poll: NonZeroU64::new(POLL),
                    stalled_after: NonZeroU64::new(STALLED_AFTER),
                    log_format: Some(LogFormat::Text),
                    log: Some(DEFAULT_FILTER.into()),
                    ..Self::default()
                }
            }
        }

        impl $name {
            /// Returns the settings that both services have.
            ///
            /// # Errors
            /// `Missing` for a field without a value, `Variable` for a text that is not a host.
            pub fn common(&self) -> Result<Common, ConfigError> {
                let netuid = self.netuid.ok_or_else(|| missing("netuid"))?;
                let listen = self.listen.ok_or_else(|| missing("listen"))?;
                let host = self.host.clone().ok_or_else(|| missing("host"))?;
                Ok(Common {
                    netuid: NetUid(netuid.get()),
                    chain: self.chain.clone().ok_or_else(|| missing("chain"))?,
                    deployment: self.deployment.clone(),
                    suri_file: self.suri_file.clone(),
                    listen,
                    host: parse_host(&host)?,
                    port: self.port.map(NonZeroU16::get),
                    store: self.store.clone().ok_or_else(|| missing("store"))?,
                    blobs: self.blob.clone().unwrap_or_default(),
                    allow_private: self.allow_private.unwrap_or_default(),
                    poll: Duration::from_millis(
                        self.poll.ok_or_else(|| missing("poll"))?.get(),
                    ),
                    stalled_after: Duration::from_secs(
                        self.stalled_after.ok_or_else(|| missing("stalled-after"))?.get(),
                    ),
                    log_format: self.log_format.ok_or_else(|| missing("log-format"))?,
                    log: self.log.clone().ok_or_else(|| missing("log"))?,
                    http: self.http,
                })
            }
        }
    };
}

layer! {
    /// The configuration of a miner from one source.
    MineLayer {
        /// Model behind the miner: the address of a local HTTP server that takes a question by
        /// POST and returns the answer, both in JSON; by default the program that is built in
        #[arg(long, value_name = "URL")]
        model: Option<String>,
        /// Let --model be on another machine. The connection to it is not encrypted
        #[arg(
            long,
            value_name = "true|false",
            num_args = 0..=1,
            default_missing_value = "true",
            require_equals = true
        )]
        allow_remote_model: Option<bool>,
        /// Model to enter in a contest. It is pledged once, and served from the next cut-off on.
        /// Another model replaces the entry; without this option the entry goes on
        #[arg(long, value_name = "FILE")]
        entry: Option<PathBuf>,
        /// Replace an entry of this hotkey that another store has pledged
        #[arg(
            long,
            value_name = "true|false",
            num_args = 0..=1,
            default_missing_value = "true",
            require_equals = true
        )]
        replace_entry: Option<bool>,
    }
}

layer! {
    /// The configuration of a validator from one source.
    ValidateLayer {
        /// Answer questions of accounts without a permit, by handing them to miners; true by
        /// default
        #[arg(
            long,
            value_name = "true|false",
            num_args = 0..=1,
            default_missing_value = "true",
            require_equals = true
        )]
        users: Option<bool>,
    }
}

/// The settings that both services have.
#[derive(Clone, Debug, PartialEq)]
pub struct Common {
    /// The subnet.
    pub netuid: NetUid,
    /// Place of the chain.
    pub chain: ChainSource,
    /// File with the record of the deployment.
    pub deployment: Option<PathBuf>,
    /// File with the hotkey's secret URI.
    pub suri_file: Option<PathBuf>,
    /// Address to listen at.
    pub listen: SocketAddr,
    /// Host that is published.
    pub host: Host,
    /// Port that is published; `None` for that of `listen`.
    pub port: Option<u16>,
    /// Folder of the store.
    pub store: PathBuf,
    /// Files to serve as blobs.
    pub blobs: Vec<PathBuf>,
    /// True if loopback and private addresses are connected to.
    pub allow_private: bool,
    /// Time between two reads of the chain.
    pub poll: Duration,
    /// Time without a sign of life after which it counts as stalled.
    pub stalled_after: Duration,
    /// Form of a line of the log.
    pub log_format: LogFormat,
    /// Filter of the log.
    pub log: String,
    /// Address of metrics and health.
    pub http: Option<SocketAddr>,
}

fn missing(flag: &'static str) -> ConfigError {
    ConfigError::Missing {
        // Fields without a default have names of one word.
        field: flag,
        flag,
        variable: variable_of(flag),
    }
}

/// Parses an IP address or a host name.
///
/// # Errors
/// `Variable` with the flag, for a text that is neither.
fn parse_host(text: &str) -> Result<Host, ConfigError> {
    use std::net::IpAddr;
    match text.parse() {
        Ok(IpAddr::V4(address)) => return Ok(Host::V4(address.octets())),
        Ok(IpAddr::V6(address)) => return Ok(Host::V6(address.octets())),
        Err(_) => {}
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || it == b'-')
    };
    let is_number = |label: &str| label.bytes().all(|it| it.is_ascii_digit());
    let labels: Vec<&str> = text.split('.').collect();
    let is_name = labels.len() > 1
        && labels.iter().all(|label| is_label(label))
        && labels.last().is_some_and(|last| !is_number(last))
        && text.len() <= inktensor_primitives::registry::MAX_HOST;
    if is_name {
        return Ok(Host::Name(text.into()));
    }
    Err(ConfigError::Variable {
        name: format!("{} (--host)", variable_of("host")),
        problem: format!(
            "{text:?} is not an IP address or a host name with a dot; on one machine use a name \
             such as m0.localhost with --allow-private ({})",
            field_of("allow-private")
        ),
    })
}
