//! `inktensor serve`: publishes a neuron's endpoints and commitment.

use crate::{
    args::{ListArgs, NetuidArg, SignArgs},
    error::{Failure, Verdict},
    output::{
        self,
        format::{short, tao},
        json::Hex,
        table::{number, text, Room, Table},
    },
    session::{Done, Session},
    values,
    views::{host_text, AxonView},
};
use inktensor_client::chain::Message;
use inktensor_primitives::{
    registry::{
        Axon, Commitment, CommitmentKind, Host, NetworkRules, Prometheus, Registry, RegistryError,
        ServingView,
    },
    NetUid, Rao,
};
use serde::Serialize;
use std::io::{self, Write};

/// Commands about what neurons serve.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Publish the address at which the signer's neuron answers
    #[command(after_help = example!(
        "serve axon --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --host 203.0.113.7 \
         --port 8091"
    ))]
    Axon(ServeAxon),
    /// Publish the address of the metrics of the signer's neuron
    #[command(after_help = example!(
        "serve prometheus --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --host \
         miner.example.org --port 7091"
    ))]
    Prometheus(ServePrometheus),
    /// Commit the signer's neuron to a text, a URL, a hash or bytes
    #[command(after_help = example!(
        "serve commit --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --kind url --data \
         https://example.org/model"
    ))]
    Commit(Commit),
    /// Stop serving, and get the deposit back
    #[command(after_help = example!(
        "serve stop --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1"
    ))]
    Stop(Stop),
    /// List what the neurons of a subnet serve
    #[command(after_help = example!("serve list --url ws://127.0.0.1:9944 --netuid 1"))]
    List(List),
}

/// The signer's neuron on a subnet.
#[derive(clap::Args)]
struct OwnNeuron {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
}

/// A host and a port.
#[derive(clap::Args)]
struct Endpoint {
    /// An IP address or a host name
    #[arg(long, value_parser = values::host, value_name = "HOST")]
    host: Host,
    /// The port
    #[arg(long, value_parser = values::whole::<u16>(1..=65_535), value_name = "NUMBER")]
    port: u16,
    /// The version of the software that runs there
    #[arg(
        long,
        value_parser = values::whole::<u32>(0..=4_294_967_295),
        value_name = "NUMBER",
        default_value = "0"
    )]
    version: u32,
}

/// Arguments of `serve axon`.
#[derive(clap::Args)]
pub struct ServeAxon {
    #[command(flatten)]
    own: OwnNeuron,
    #[command(flatten)]
    endpoint: Endpoint,
    /// The protocol, as the subnet numbers them
    #[arg(
        long,
        value_parser = values::whole::<u8>(0..=255),
        value_name = "NUMBER",
        default_value = "4"
    )]
    protocol: u8,
    /// The hash of the endpoint's certificate: 32 bytes in hexadecimal
    #[arg(long, value_name = "HASH", value_parser = fingerprint)]
    tls: Option<[u8; 32]>,
}

/// Arguments of `serve prometheus`.
#[derive(clap::Args)]
pub struct ServePrometheus {
    #[command(flatten)]
    own: OwnNeuron,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// A kind of commitment.
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

/// Arguments of `serve commit`.
#[derive(clap::Args)]
pub struct Commit {
    #[command(flatten)]
    own: OwnNeuron,
    /// The kind of data
    #[arg(long, value_enum)]
    kind: Kind,
    /// The data, at most 128 bytes
    #[arg(long, value_name = "TEXT|HEX")]
    data: String,
}

/// Arguments of `serve stop`.
#[derive(clap::Args)]
pub struct Stop {
    #[command(flatten)]
    own: OwnNeuron,
}

/// Arguments of `serve list`.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    netuid: NetuidArg,
}

#[derive(Serialize)]
struct PrometheusView {
    host: String,
    port: u16,
    version: u32,
}

impl From<&Prometheus> for PrometheusView {
    fn from(it: &Prometheus) -> Self {
        Self {
            host: host_text(&it.host),
            port: it.port,
            version: it.version,
        }
    }
}

#[derive(Serialize)]
struct CommitmentView {
    kind: &'static str,
    data: Hex,
    block: u32,
    #[serde(skip)]
    text: String,
}

impl From<&Commitment> for CommitmentView {
    fn from(it: &Commitment) -> Self {
        Self {
            kind: kind_text(it.kind),
            data: Hex::from(&it.data),
            block: it.block,
            text: commitment_text(it),
        }
    }
}

#[derive(Serialize)]
struct Committed {
    netuid: u16,
    data: Hex,
}

#[derive(Serialize)]
struct Stopped {
    netuid: u16,
    deposit_rao: u64,
}

/// The endpoints and commitments of a subnet's neurons.
#[derive(Serialize)]
#[serde(transparent)]
struct Served(Vec<Row>);

#[derive(Serialize)]
struct Row {
    uid: u16,
    axon: Option<AxonView>,
    prometheus: Option<PrometheusView>,
    commitment: Option<CommitmentView>,
    deposit_rao: u64,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Axon(arguments) => axon(arguments, out)?,
        Command::Prometheus(arguments) => prometheus(arguments, out)?,
        Command::Commit(arguments) => commit(arguments, out)?,
        Command::Stop(arguments) => stop(&arguments.own, out)?,
        Command::List(arguments) => list(arguments, out)?,
    }
    Ok(Verdict::Good)
}

fn axon(arguments: &ServeAxon, out: &mut dyn Write) -> Result<(), Failure> {
    let own = &arguments.own;
    let axon = Axon {
        host: arguments.endpoint.host.clone(),
        port: arguments.endpoint.port,
        protocol: arguments.protocol,
        version: arguments.endpoint.version,
        tls: arguments.tls,
    };
    let mut session = own.sign.open()?;
    let (contracts, netuid) = (session.network.contracts(), own.netuid.netuid);
    let done = publish(&mut session, netuid, || {
        contracts.registry().serve_axon(netuid, axon.clone())
    })?;
    let answer = AxonView::from(&axon);
    let sentence = format!("published the axon {}", answer.text());
    own.sign.report(&sentence, &answer, &done.cost, out)
}

fn prometheus(arguments: &ServePrometheus, out: &mut dyn Write) -> Result<(), Failure> {
    let own = &arguments.own;
    let prometheus = Prometheus {
        host: arguments.endpoint.host.clone(),
        port: arguments.endpoint.port,
        version: arguments.endpoint.version,
    };
    let mut session = own.sign.open()?;
    let (contracts, netuid) = (session.network.contracts(), own.netuid.netuid);
    let done = publish(&mut session, netuid, || {
        contracts
            .registry()
            .serve_prometheus(netuid, prometheus.clone())
    })?;
    let answer = PrometheusView::from(&prometheus);
    let sentence = format!("published the metrics {}:{}", answer.host, answer.port);
    own.sign.report(&sentence, &answer, &done.cost, out)
}

fn commit(arguments: &Commit, out: &mut dyn Write) -> Result<(), Failure> {
    let own = &arguments.own;
    let text = &arguments.data;
    let bytes = || {
        values::bytes(text)
            .ok_or_else(|| Failure::input(format_args!("--data {text:?}: expected hexadecimal")))
    };
    let (kind, data) = match arguments.kind {
        Kind::Raw => (CommitmentKind::Raw, bytes()?),
        Kind::Hash => (CommitmentKind::Hash, bytes()?),
        Kind::Text => (CommitmentKind::Text, text.clone().into_bytes()),
        Kind::Url => (CommitmentKind::Url, text.clone().into_bytes()),
    };
    let mut session = own.sign.open()?;
    let (contracts, netuid) = (session.network.contracts(), own.netuid.netuid);
    let done = publish(&mut session, netuid, || {
        contracts.registry().commit(netuid, kind, data.clone())
    })?;
    let answer = Committed {
        netuid: netuid.0,
        data: Hex::from(&data),
    };
    let sentence = format!("committed to {} bytes", data.len());
    own.sign.report(&sentence, &answer, &done.cost, out)
}

fn stop(own: &OwnNeuron, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = own.sign.open()?;
    let (contracts, netuid) = (session.network.contracts(), own.netuid.netuid);
    let done = session.send(contracts.registry().stop_serving(netuid))?;
    let answer = Stopped {
        netuid: netuid.0,
        deposit_rao: done.value.0,
    };
    let sentence = format!(
        "stopped serving; the deposit of {} TAO is back",
        tao(done.value)
    );
    own.sign.report(&sentence, &answer, &done.cost, out)
}

/// Sends a message that publishes something, with a deposit if the signer's neuron serves nothing
/// yet.
pub fn publish<M: Into<Message<Result<(), RegistryError>>>>(
    session: &mut Session,
    netuid: NetUid,
    message: impl Fn() -> M,
) -> Result<Done<()>, Failure> {
    session.too_soon = "the neuron served too recently";
    let registry = || session.network.contracts().registry();
    let seat = session
        .network
        .query(registry().seat(netuid, session.account))?;
    let serving: Option<ServingView> = match seat {
        Some(seat) => session
            .network
            .query(registry().serving(netuid, seat.uid))?,
        // The contract refuses.
        None => None,
    };
    if serving.is_some() {
        return session.pay(Rao::ZERO, message);
    }
    let rules: NetworkRules = session.network.query(registry().network_rules())?;
    session.pay(rules.serving_deposit, message)
}

fn list(arguments: &List, out: &mut dyn Write) -> Result<(), Failure> {
    let network = arguments.list.open()?;
    let serving = network.serving(arguments.netuid.netuid)?;
    let rows = serving.iter().map(|it| Row {
        uid: it.uid.0,
        axon: it.axon.as_ref().map(AxonView::from),
        prometheus: it.prometheus.as_ref().map(PrometheusView::from),
        commitment: it.commitment.as_ref().map(CommitmentView::from),
        deposit_rao: it.deposit.0,
    });
    Ok(arguments.list.show(&Served(rows.collect()), out)?)
}

impl output::List for Served {
    type Row = Row;

    fn rows(&self) -> &[Row] {
        &self.0
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            number("uid"),
            text("axon"),
            text("metrics"),
            text("commitment"),
        ];
        let mut table = Table::new(room, columns);
        for it in &self.0 {
            let metrics = it.prometheus.as_ref();
            let commitment = it.commitment.as_ref();
            table.row([
                it.uid.to_string(),
                it.axon.as_ref().map(AxonView::text).unwrap_or_default(),
                metrics
                    .map(|it| format!("{}:{}", it.host, it.port))
                    .unwrap_or_default(),
                commitment.map(|it| it.text.clone()).unwrap_or_default(),
            ]);
        }
        table.print(out)
    }
}

const fn kind_text(kind: CommitmentKind) -> &'static str {
    match kind {
        CommitmentKind::Raw => "raw",
        CommitmentKind::Text => "text",
        CommitmentKind::Url => "url",
        CommitmentKind::Hash => "hash",
    }
}

/// Returns what fits a column: text as text, of bytes the beginning and the end.
fn commitment_text(it: &Commitment) -> String {
    let text = match it.kind {
        CommitmentKind::Text | CommitmentKind::Url => {
            String::from_utf8_lossy(&it.data).escape_debug().to_string()
        }
        CommitmentKind::Raw | CommitmentKind::Hash => Hex::from(&it.data).to_string(),
    };
    short(&text, 18, 4)
}

fn fingerprint(text: &str) -> Result<[u8; 32], String> {
    values::bytes(text)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| format!("{text:?} is not 32 bytes in hexadecimal"))
}
