//! `inktensor weights`: sets a validator's weights, commits to them, reveals them, and checks
//! whether that would be refused.

use crate::{
    args::{ListArgs, NetuidArg, ReadArgs, SignArgs, Who},
    error::{Failure, Verdict},
    output::{
        self,
        format::{count, share_of},
        json::{Address, Hex},
        table::{number, text, Room, Table},
        View,
    },
    salt::{salt_in, Salt},
    session::Session,
    values::{self, Weight},
};
use inktensor_primitives::{
    epoch::{
        CommitState, CommitsView, CommittedWeights, EpochError, Epochs, WeightsCommitted,
        WeightsRow,
    },
    registry::Registry,
    NetUid, Uid,
};
use serde::Serialize;
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// Commands about weights.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Set the weights of the signer's neuron, replacing all
    ///
    /// Only the ratio of the weights counts. Whole numbers are sent as they are. With decimals, as
    /// in 0.6,0.4, all are scaled so that the largest is 65535, and rounded.
    #[command(after_help = example!(
        "weights set --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --uids 2,3 \
         --weights 30,70"
    ))]
    Set(Set),
    /// Clear the weights of the signer's neuron
    #[command(after_help = example!(
        "weights clear --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1"
    ))]
    Clear(Clear),
    /// Commit the signer's neuron to weights without showing them
    ///
    /// The salt file is made with 32 random bytes if it does not exist. The salt and the weights
    /// are needed to reveal the commit: keep both until then.
    #[command(after_help = example!(
        "weights commit --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --uids 2,3 \
         --weights 30,70 --salt-file salt"
    ))]
    Commit(Commit),
    /// Reveal weights that were committed to
    ///
    /// Anyone who has the weights and the salt may reveal them, for any neuron.
    #[command(after_help = example!(
        "weights reveal --url ws://127.0.0.1:9944 --suri-file any.suri --netuid 1 --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --uids 2,3 --weights 30,70 --salt-file \
         salt"
    ))]
    Reveal(Reveal),
    /// Check whether setting or revealing weights would be refused
    ///
    /// Exit code: 0 if the weights can be set, 1 if not.
    #[command(
        visible_alias = "why-not",
        after_help = example!(
            "weights check --url ws://127.0.0.1:9944 --netuid 1 --hotkey \
             5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --uids 2,3 --weights 30,70"
        )
    )]
    Check(Check),
    /// List the commits of a neuron that are not revealed
    #[command(after_help = example!(
        "weights commits --url ws://127.0.0.1:9944 --netuid 1 --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
    ))]
    Commits(Commits),
    /// Show the weights that a neuron has set
    #[command(after_help = example!(
        "weights show --url ws://127.0.0.1:9944 --netuid 1 --uid 0"
    ))]
    Show(Show),
}

/// Weights for neurons of a subnet.
#[derive(clap::Args)]
struct Weights {
    #[command(flatten)]
    netuid: NetuidArg,
    /// The neurons that the weights are for
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = values::uid,
        required = true,
        value_name = "UID,.."
    )]
    uids: Vec<Uid>,
    /// The weight of each, as 60,40 or 0.6,0.4; only their ratio counts
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = values::weight,
        required = true,
        value_name = "WEIGHT,.."
    )]
    weights: Vec<Weight>,
    /// The client's version, for subnets that ask for a least one
    #[arg(
        long,
        value_parser = values::whole::<u64>(0..=u64::MAX),
        default_value = "0",
        value_name = "NUMBER"
    )]
    version_key: u64,
}

/// Weights as the chain takes them.
struct Row {
    netuid: NetUid,
    uids: Vec<Uid>,
    weights: Vec<u16>,
    version_key: u64,
}

impl Weights {
    fn row(&self) -> Result<Row, Failure> {
        if self.uids.len() != self.weights.len() {
            return Err(Failure::input(format_args!(
                "--uids has {} entries, --weights has {}: each uid needs a weight",
                self.uids.len(),
                self.weights.len()
            )));
        }
        let weights = values::weights(&self.weights);
        if weights.iter().all(|weight| *weight == 0) {
            return Err(Failure::input(
                "all weights are 0; clear the weights with `inktensor weights clear`, or give one \
                 above 0",
            ));
        }
        Ok(Row {
            netuid: self.netuid.netuid,
            uids: self.uids.clone(),
            weights,
            version_key: self.version_key,
        })
    }
}

impl Row {
    fn count(&self) -> String {
        count(
            u32::try_from(self.weights.len()).unwrap_or(u32::MAX),
            "weight",
        )
    }

    fn numbers(&self) -> Vec<u16> {
        self.uids.iter().map(|uid| uid.0).collect()
    }
}

/// Arguments of `weights set`.
#[derive(clap::Args)]
pub struct Set {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    weights: Weights,
}

/// Arguments of `weights clear`.
#[derive(clap::Args)]
pub struct Clear {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The client's version, for subnets that ask for a least one
    #[arg(
        long,
        value_parser = values::whole::<u64>(0..=u64::MAX),
        default_value = "0",
        value_name = "NUMBER"
    )]
    version_key: u64,
}

/// Arguments of `weights commit`.
#[derive(clap::Args)]
pub struct Commit {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    weights: Weights,
    /// The file with the salt, in hexadecimal
    #[arg(long, value_name = "FILE")]
    salt_file: PathBuf,
}

/// Arguments of `weights reveal`.
#[derive(clap::Args)]
pub struct Reveal {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    weights: Weights,
    /// The hotkey that committed; by default the signer
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Option<Who>,
    /// The file with the salt, in hexadecimal
    #[arg(long, value_name = "FILE")]
    salt_file: PathBuf,
}

/// Arguments of `weights check`.
#[derive(clap::Args)]
pub struct Check {
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    weights: Weights,
    /// The hotkey that would set them
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
    /// The file with the salt, to check a reveal
    #[arg(long, value_name = "FILE")]
    salt_file: Option<PathBuf>,
}

/// Arguments of `weights commits`.
#[derive(clap::Args)]
pub struct Commits {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
}

/// Arguments of `weights show`.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The validator's uid
    #[arg(long, value_parser = values::uid, value_name = "NUMBER")]
    uid: Uid,
}

#[derive(Serialize)]
struct WeightsWere {
    netuid: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    hotkey: Option<Address>,
    uids: Vec<u16>,
    weights: Vec<u16>,
}

#[derive(Serialize)]
struct Committed {
    netuid: u16,
    epoch: u32,
    hash: Hex,
    reveals_in: Option<u32>,
}

/// The reason for which weights would be refused.
#[derive(Serialize)]
struct Checked {
    netuid: u16,
    hotkey: Address,
    reason: Option<String>,
}

impl View for Checked {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.reason {
            Some(reason) => writeln!(out, "{reason}"),
            None => writeln!(out, "the weights can be set"),
        }
    }
}

/// Commits that are not revealed.
#[derive(Serialize)]
struct CommitList {
    netuid: u16,
    hotkey: Address,
    commits: Vec<CommitRow>,
    missed: u32,
}

#[derive(Serialize)]
struct CommitRow {
    hash: Hex,
    epoch: u32,
    block: u32,
    reveals_in: u32,
    state: &'static str,
}

/// The weights that a neuron has set.
#[derive(Serialize)]
struct WeightsOf {
    netuid: u16,
    uid: u16,
    hotkey: Option<Address>,
    updated_at: u32,
    uids: Vec<u16>,
    weights: Vec<u16>,
    #[serde(skip)]
    rows: Vec<WeightRow>,
}

#[derive(Serialize)]
struct WeightRow {
    uid: u16,
    weight: u16,
    share: f64,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Set(arguments) => set(arguments, out)?,
        Command::Clear(arguments) => clear(arguments, out)?,
        Command::Commit(arguments) => commit(arguments, out)?,
        Command::Reveal(arguments) => reveal(arguments, out)?,
        Command::Check(arguments) => return check(arguments, out),
        Command::Commits(arguments) => commits(arguments, out)?,
        Command::Show(arguments) => show(arguments, out)?,
    }
    Ok(Verdict::Good)
}

fn set(arguments: &Set, out: &mut dyn Write) -> Result<(), Failure> {
    let row = arguments.weights.row()?;
    let mut session = arguments.sign.open()?;
    let contracts = session.network.contracts();
    let message = contracts.epoch().set_weights(
        row.netuid,
        row.uids.clone(),
        row.weights.clone(),
        row.version_key,
    );
    let done = session.send(message)?;
    let sentence = format!("set {} on subnet {}", row.count(), row.netuid.0);
    let answer = WeightsWere {
        netuid: row.netuid.0,
        hotkey: None,
        uids: row.numbers(),
        weights: row.weights,
    };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

fn clear(arguments: &Clear, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let mut session = arguments.sign.open()?;
    let contracts = session.network.contracts();
    let (uids, weights) = (Vec::new(), Vec::new());
    let message = contracts
        .epoch()
        .set_weights(netuid, uids, weights, arguments.version_key);
    let done = session.send(message)?;
    let sentence = format!("cleared the weights on subnet {}", netuid.0);
    let answer = WeightsWere {
        netuid: netuid.0,
        hotkey: None,
        uids: Vec::new(),
        weights: Vec::new(),
    };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

fn commit(arguments: &Commit, out: &mut dyn Write) -> Result<(), Failure> {
    let row = arguments.weights.row()?;
    let mut session = arguments.sign.open()?;
    let contracts = session.network.contracts();
    let salt = Salt::for_commit(&arguments.salt_file)?;
    let committed = committed(&session, &row, &salt.bytes)?;
    let (epoch, hash) = (committed.epoch, committed.digest());
    let message = || contracts.epoch().commit_weights(row.netuid, epoch, hash);
    // A refused commit leaves no salt file, and a commit that is carried out always has one.
    session.check(message)?;
    salt.save()?;
    let done = session.send(message());
    if matches!(done, Err(Failure::Refused(_))) {
        salt.discard();
    }
    let done = done?;
    let answer = Committed {
        netuid: row.netuid.0,
        epoch,
        hash: Hex::from(hash),
        reveals_in: done.event::<WeightsCommitted>().map(|it| it.reveals_in),
    };
    let mut sentence = format!("committed to {} on subnet {}", row.count(), row.netuid.0);
    if let Some(due) = answer.reveals_in {
        sentence.push_str(&format!("; reveal them while epoch {due} is open"));
    }
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

fn committed<'a>(
    session: &Session,
    row: &'a Row,
    salt: &'a [u8],
) -> Result<CommittedWeights<'a>, Failure> {
    let contracts = session.network.contracts();
    let message = contracts.registry().voter(row.netuid, session.account);
    let voter = session.network.query(message)?;
    let voter = voter.ok_or_else(|| {
        Failure::missing(format_args!(
            "neuron of the signer on subnet {}; register one with `inktensor neuron register`",
            row.netuid.0
        ))
    })?;
    Ok(CommittedWeights {
        contract: contracts.epoch,
        netuid: row.netuid,
        hotkey: session.account,
        generation: voter.seat.generation,
        epoch: voter.seat.epoch,
        uids: &row.uids,
        weights: &row.weights,
        salt,
        version_key: row.version_key,
    })
}

fn reveal(arguments: &Reveal, out: &mut dyn Write) -> Result<(), Failure> {
    let row = arguments.weights.row()?;
    let salt = salt_in(&arguments.salt_file)?;
    let mut session = arguments.sign.open()?;
    let hotkey = arguments
        .sign
        .account_or(arguments.hotkey.as_ref(), &session)?;
    let contracts = session.network.contracts();
    let message = contracts.epoch().reveal_weights(
        row.netuid,
        hotkey,
        row.uids.clone(),
        row.weights.clone(),
        salt,
        row.version_key,
    );
    let done = session.send(message)?;
    let hotkey = Address(hotkey);
    let sentence = format!(
        "revealed {} of {hotkey} on subnet {}",
        row.count(),
        row.netuid.0
    );
    let answer = WeightsWere {
        netuid: row.netuid.0,
        hotkey: Some(hotkey),
        uids: row.numbers(),
        weights: row.weights,
    };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

fn check(arguments: &Check, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let row = arguments.weights.row()?;
    let hotkey = arguments.read.chain.account(&arguments.hotkey)?;
    let network = arguments.read.open()?;
    let epochs = network.contracts().epoch();
    let (netuid, uids, weights) = (row.netuid, row.uids, row.weights);
    let reason: Option<EpochError> = match &arguments.salt_file {
        None => network.query(epochs.why_not(netuid, hotkey, uids, weights, row.version_key))?,
        Some(file) => {
            let salt = salt_in(file)?;
            let message =
                epochs.why_not_reveal(netuid, hotkey, uids, weights, salt, row.version_key);
            network.query(message)?
        }
    };
    let answer = Checked {
        netuid: netuid.0,
        hotkey: hotkey.into(),
        reason: reason.as_ref().map(ToString::to_string),
    };
    arguments.read.show(&answer, out)?;
    Ok(Verdict::of(answer.reason.is_none()))
}

fn commits(arguments: &Commits, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let hotkey = arguments.list.chain.account(&arguments.hotkey)?;
    let network = arguments.list.open()?;
    let found: CommitsView = network.query(network.contracts().epoch().commits(netuid, hotkey))?;
    let rows = found.commits.iter().map(|it| CommitRow {
        hash: Hex::from(it.hash),
        epoch: it.epoch,
        block: it.block,
        reveals_in: it.reveals_in,
        state: match it.state {
            CommitState::Waiting => "waiting",
            CommitState::Due => "due",
            CommitState::Missed => "missed",
        },
    });
    let answer = CommitList {
        netuid: netuid.0,
        hotkey: hotkey.into(),
        commits: rows.collect(),
        missed: found.missed,
    };
    Ok(arguments.list.show(&answer, out)?)
}

fn show(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let (netuid, uid) = (arguments.netuid.netuid, arguments.uid);
    let network = arguments.list.open()?;
    let row: Option<WeightsRow> =
        network.query(network.contracts().epoch().weights(netuid, uid))?;
    let row = row.ok_or_else(|| {
        Failure::missing(format_args!(
            "row of weights of uid {} on subnet {}: the neuron has set none",
            uid.0, netuid.0
        ))
    })?;
    let neuron = network.query(network.contracts().registry().neuron(netuid, uid))?;
    let answer = WeightsOf::new(netuid, uid, neuron.map(|it| it.hotkey.into()), row);
    Ok(arguments.list.show(&answer, out)?)
}

impl WeightsOf {
    fn new(netuid: NetUid, uid: Uid, hotkey: Option<Address>, row: WeightsRow) -> Self {
        let sum: u32 = row.weights.iter().map(|weight| u32::from(*weight)).sum();
        let uids: Vec<u16> = row.uids.iter().map(|uid| uid.0).collect();
        let rows = uids
            .iter()
            .zip(&row.weights)
            .map(|(uid, weight)| WeightRow {
                uid: *uid,
                weight: *weight,
                share: f64::from(*weight) / f64::from(sum.max(1)),
            });
        Self {
            netuid: netuid.0,
            uid: uid.0,
            hotkey,
            updated_at: row.updated_at,
            rows: rows.collect(),
            uids,
            weights: row.weights,
        }
    }
}

impl output::List for CommitList {
    type Row = CommitRow;

    fn rows(&self) -> &[CommitRow] {
        &self.commits
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            text("hash"),
            number("in epoch"),
            number("at block"),
            number("reveal in"),
            text("state"),
        ];
        let mut table = Table::new(room, columns);
        for it in &self.commits {
            let hash = it.hash.as_str();
            let start = hash.get(..14).filter(|_| room != Room::All);
            table.row([
                start.unwrap_or(hash).into(),
                it.epoch.to_string(),
                it.block.to_string(),
                it.reveals_in.to_string(),
                it.state.into(),
            ]);
        }
        table.print(out)?;
        writeln!(out, "\nnever revealed: {}", count(self.missed, "commit"))
    }
}

impl output::List for WeightsOf {
    type Row = WeightRow;

    fn rows(&self) -> &[WeightRow] {
        &self.rows
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        if let Some(hotkey) = &self.hotkey {
            let hotkey = room.account(&hotkey.0);
            writeln!(out, "{hotkey}, at block {}", self.updated_at)?;
        }
        let columns = [number("uid"), number("weight"), number("share")];
        let mut table = Table::new(room, columns);
        for it in &self.rows {
            table.row([
                it.uid.to_string(),
                it.weight.to_string(),
                share_of(it.share),
            ]);
        }
        table.print(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::List;

    fn row(weights: &[&str]) -> Result<Row, Failure> {
        let all = Weights {
            netuid: NetuidArg { netuid: NetUid(1) },
            uids: (0..2).map(Uid).collect(),
            weights: weights
                .iter()
                .map(|it| values::weight(it).unwrap())
                .collect(),
            version_key: 0,
        };
        all.row()
    }

    #[test]
    fn weights_of_zero_are_not_set() {
        assert_eq!(row(&["60", "40"]).unwrap().weights, [60, 40]);
        assert_eq!(row(&["0.5", "0.5"]).unwrap().weights, [65_535, 65_535]);
        let problem = row(&["0", "0.0"]).err().unwrap().to_string();
        assert!(problem.contains("weights clear"), "{problem}");
        let problem = row(&["1"]).err().unwrap().to_string();
        assert!(problem.contains("each uid needs a weight"), "{problem}");
    }

    #[test]
    fn shares_add_up_to_one() {
        let row = WeightsRow {
            updated_at: 7,
            uids: vec![Uid(2), Uid(3), Uid(4)],
            weights: vec![65_535, 32_768, 10_923],
        };
        let shown = WeightsOf::new(NetUid(1), Uid(0), None, row);
        let mut out = Vec::new();
        shown.table(Room::Narrow, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for share in ["60.00 %", "30.00 %", "10.00 %"] {
            assert!(text.contains(share), "{text}");
        }
    }
}
