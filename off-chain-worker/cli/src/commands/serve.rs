//! `inktensor serve`: what neurons show: where they answer, where their metrics are, what they
//! commit to.

use super::{Failure, Verdict};
use crate::{
    args::{ChainArguments, SignerArguments},
    output::table::{show, table, tao_text},
    session::{both, missing, print, tell},
};
use inktensor_client::chain::{query_all, Cost, Typed};
use inktensor_primitives::hash::hex;
use inktensor_primitives::{
    registry::{
        Axon, Commitment, CommitmentKind, Host, NetworkRules, Prometheus, Registry, ServingView,
    },
    NetUid, PAGE,
};
use serde_json::{json, Value};
use std::{
    io::Write,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show where the signer's neuron answers
    #[command(
        after_help = "Example:\n  inktensor serve axon --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --host 203.0.113.7 --port 8091"
    )]
    Axon(ServeAxon),
    /// Show where the metrics of the signer's neuron are
    #[command(
        after_help = "Example:\n  inktensor serve prometheus --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --host miner.example.org --port 7091"
    )]
    Prometheus(ServePrometheus),
    /// Commit the signer's neuron to a text, a URL, a hash or other bytes
    #[command(
        after_help = "Example:\n  inktensor serve commit --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --kind url --data https://example.org/model"
    )]
    Commit(Commit),
    /// Show nothing any more, and take the deposit back
    #[command(
        after_help = "Example:\n  inktensor serve stop --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1"
    )]
    Stop(Stop),
    /// List what the neurons of a subnet show
    #[command(
        after_help = "Example:\n  inktensor serve list --url ws://127.0.0.1:9944 --netuid 1"
    )]
    List(List),
}

/// On which chain and subnet, signed by whom.
#[derive(clap::Args)]
struct Place {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Where.
#[derive(clap::Args)]
struct Endpoint {
    /// An IP address or a host name
    #[arg(long, value_name = "HOST")]
    host: String,
    /// The port
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// The version of what runs there
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    version: u32,
}

impl Endpoint {
    fn host(&self) -> Host {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => Host::V4(address.octets()),
            Ok(IpAddr::V6(address)) => Host::V6(address.octets()),
            Err(_) => Host::Name(self.host.clone()),
        }
    }
}

/// Where a neuron answers.
#[derive(clap::Args)]
pub struct ServeAxon {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    endpoint: Endpoint,
    /// The protocol, as the subnet numbers them
    #[arg(long, value_name = "NUMBER", default_value_t = 4)]
    protocol: u8,
    /// Hash of the certificate that it shows: 32 bytes in hexadecimal
    #[arg(long, value_name = "HASH", value_parser = fingerprint)]
    tls: Option<[u8; 32]>,
}

/// Where a neuron's metrics are.
#[derive(clap::Args)]
pub struct ServePrometheus {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// What bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Bytes in hexadecimal, after 0x
    Raw,
    /// Text
    Text,
    /// A URL
    Url,
    /// A hash in hexadecimal, after 0x
    Hash,
}

/// To what.
#[derive(clap::Args)]
pub struct Commit {
    #[command(flatten)]
    place: Place,
    /// What the bytes are
    #[arg(long, value_enum)]
    kind: Kind,
    /// At most 128 bytes
    #[arg(long, value_name = "TEXT|HEX")]
    data: String,
}

/// Where to stop.
#[derive(clap::Args)]
pub struct Stop {
    #[command(flatten)]
    place: Place,
}

/// Which subnet.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    chain: ChainArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Axon(arguments) => axon(arguments, out)?,
        Command::Prometheus(arguments) => prometheus(arguments, out)?,
        Command::Commit(arguments) => commit(arguments, out)?,
        Command::Stop(arguments) => stop(&arguments.place, out)?,
        Command::List(arguments) => list(arguments, out)?,
    }
    Ok(Verdict::Good)
}

fn axon(arguments: &ServeAxon, out: &mut dyn Write) -> Result<(), Failure> {
    let place = &arguments.place;
    let axon = Axon {
        host: arguments.endpoint.host(),
        port: arguments.endpoint.port,
        protocol: arguments.protocol,
        version: arguments.endpoint.version,
        tls: arguments.tls,
    };
    let mut session = place.chain.sign(&place.signer)?;
    let approved = approve(&mut session, place)?;
    let document = axon_document(&axon);
    let sentence = format!("answers at {}:{}", host_text(&axon.host), axon.port);
    let message = session
        .contracts
        .registry()
        .serve_axon(NetUid(place.netuid), axon);
    let done = session.run("Registry::serve_axon", message)?;
    let cost = both(approved, done.cost);
    Ok(tell(place.json, &sentence, document, &cost, out)?)
}

fn prometheus(arguments: &ServePrometheus, out: &mut dyn Write) -> Result<(), Failure> {
    let place = &arguments.place;
    let prometheus = Prometheus {
        host: arguments.endpoint.host(),
        port: arguments.endpoint.port,
        version: arguments.endpoint.version,
    };
    let mut session = place.chain.sign(&place.signer)?;
    let approved = approve(&mut session, place)?;
    let document = prometheus_document(&prometheus);
    let sentence = format!(
        "metrics are at {}:{}",
        host_text(&prometheus.host),
        prometheus.port
    );
    let message = session
        .contracts
        .registry()
        .serve_prometheus(NetUid(place.netuid), prometheus);
    let done = session.run("Registry::serve_prometheus", message)?;
    let cost = both(approved, done.cost);
    Ok(tell(place.json, &sentence, document, &cost, out)?)
}

fn commit(arguments: &Commit, out: &mut dyn Write) -> Result<(), Failure> {
    let place = &arguments.place;
    let text = &arguments.data;
    let bytes = || {
        super::salt::bytes_of(text)
            .ok_or_else(|| Failure::input(format_args!("--data {text:?}: expected hexadecimal")))
    };
    let (kind, data) = match arguments.kind {
        Kind::Raw => (CommitmentKind::Raw, bytes()?),
        Kind::Hash => (CommitmentKind::Hash, bytes()?),
        Kind::Text => (CommitmentKind::Text, text.clone().into_bytes()),
        Kind::Url => (CommitmentKind::Url, text.clone().into_bytes()),
    };
    let mut session = place.chain.sign(&place.signer)?;
    let approved = approve(&mut session, place)?;
    let sentence = format!("committed to {} bytes", data.len());
    let document = json!({ "netuid": place.netuid, "data": hex(&data) });
    let message = session
        .contracts
        .registry()
        .commit(NetUid(place.netuid), kind, data);
    let done = session.run("Registry::commit", message)?;
    let cost = both(approved, done.cost);
    Ok(tell(place.json, &sentence, document, &cost, out)?)
}

fn stop(place: &Place, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = place.chain.sign(&place.signer)?;
    let message = session
        .contracts
        .registry()
        .stop_serving(NetUid(place.netuid));
    let done = session.run("Registry::stop_serving", message)?;
    let sentence = format!("shows nothing; {} TAO are back", tao_text(done.value));
    let document = json!({ "netuid": place.netuid, "deposit_rao": done.value.0 });
    Ok(tell(place.json, &sentence, document, &done.cost, out)?)
}

/// Lets the registry take the deposit, if the signer's neuron shows nothing yet.
fn approve(session: &mut super::chain::Session, place: &Place) -> Result<Cost, Failure> {
    let (registry, netuid) = (session.contracts.registry, NetUid(place.netuid));
    let seat = session.query(session.contracts.registry().seat(netuid, session.account))?;
    let seat = seat.ok_or_else(|| {
        missing(format_args!(
            "neuron of the signer on subnet {}",
            place.netuid
        ))
    })?;
    let serving: Option<ServingView> =
        session.query(session.contracts.registry().serving(netuid, seat.uid))?;
    if serving.is_some() {
        return Ok(Cost::default());
    }
    let rules: NetworkRules = session.query(session.contracts.registry().network_rules())?;
    session.approve(registry, rules.serving_deposit)
}

fn list(arguments: &List, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let netuid = NetUid(arguments.netuid);
    let registry = || opened.contracts.registry();
    let subnet = opened.chain.query(registry().subnet(netuid))?;
    let subnet = subnet.ok_or_else(|| missing(format_args!("subnet {}", netuid.0)))?;
    let pages =
        (0..subnet.neurons.div_ceil(PAGE)).map(|page| registry().serving_page(netuid, page));
    let pages: Vec<Vec<ServingView>> = query_all(opened.chain.as_ref(), pages)?;
    let all: Vec<ServingView> = pages.into_iter().flatten().collect();
    if arguments.json {
        let documents: Vec<Value> = all.iter().map(document).collect();
        return Ok(print(&Value::Array(documents), out)?);
    }
    let header = ["uid", "axon", "metrics", "commitment"];
    let mut rows = table(header, &[0]);
    for it in &all {
        let axon = it.axon.as_ref();
        let prometheus = it.prometheus.as_ref();
        rows.add_row([
            it.uid.0.to_string(),
            axon.map_or_else(String::new, |it| {
                format!("{}:{}", host_text(&it.host), it.port)
            }),
            prometheus.map_or_else(String::new, |it| {
                format!("{}:{}", host_text(&it.host), it.port)
            }),
            it.commitment
                .as_ref()
                .map_or_else(String::new, commitment_text),
        ]);
    }
    Ok(show(&rows, out)?)
}

fn document(it: &ServingView) -> Value {
    json!({
        "uid": it.uid.0,
        "axon": it.axon.as_ref().map(axon_document),
        "prometheus": it.prometheus.as_ref().map(prometheus_document),
        "commitment": it.commitment.as_ref().map(|it| json!({
            "kind": kind_text(it.kind),
            "data": hex(&it.data),
            "block": it.block,
        })),
        "deposit_rao": it.deposit.0,
    })
}

fn axon_document(axon: &Axon) -> Value {
    json!({
        "host": host_text(&axon.host),
        "port": axon.port,
        "protocol": axon.protocol,
        "version": axon.version,
        "tls": axon.tls.as_ref().map(|hash| hex(hash)),
    })
}

fn prometheus_document(it: &Prometheus) -> Value {
    json!({ "host": host_text(&it.host), "port": it.port, "version": it.version })
}

fn host_text(host: &Host) -> String {
    match host {
        Host::V4(bytes) => Ipv4Addr::from(*bytes).to_string(),
        Host::V6(bytes) => format!("[{}]", Ipv6Addr::from(*bytes)),
        // Its syntax is checked where it is stored.
        Host::Name(name) => name.escape_debug().to_string(),
    }
}

fn kind_text(kind: CommitmentKind) -> &'static str {
    match kind {
        CommitmentKind::Raw => "raw",
        CommitmentKind::Text => "text",
        CommitmentKind::Url => "url",
        CommitmentKind::Hash => "hash",
    }
}

/// What fits a column: text as text, bytes as their beginning.
fn commitment_text(it: &Commitment) -> String {
    let text = match it.kind {
        CommitmentKind::Text | CommitmentKind::Url => {
            String::from_utf8_lossy(&it.data).escape_debug().to_string()
        }
        CommitmentKind::Raw | CommitmentKind::Hash => hex(&it.data),
    };
    crate::output::format::short(&text, 18, 4)
}

fn fingerprint(text: &str) -> Result<[u8; 32], String> {
    super::salt::bytes_of(text)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| format!("{text:?} is not 32 bytes in hexadecimal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_an_address_or_a_name() {
        let host = |text: &str| {
            Endpoint {
                host: text.into(),
                port: 1,
                version: 0,
            }
            .host()
        };
        assert_eq!(host("203.0.113.7"), Host::V4([203, 0, 113, 7]));
        assert!(matches!(host("2001:db8::1"), Host::V6(_)));
        assert_eq!(host("a.example"), Host::Name("a.example".into()));
        assert_eq!(host_text(&host("2001:db8::1")), "[2001:db8::1]");
    }
}
