//! `inktensor weights`: sets a validator's weights, commits to them, reveals them, and says why
//! that would be refused.

use super::{Failure, Verdict};
use crate::{
    args::{ChainArguments, Session, SignerArguments, Who},
    output::table::{account, show, table},
    salt::{salt_for_commit, salt_in},
    session::{missing, print, tell},
};
use inktensor_client::{chain::Typed, ss58::ss58};
use inktensor_primitives::hash::hex;
use inktensor_primitives::{
    epoch::{CommitState, CommitsView, CommittedWeights, EpochError, Epochs, WeightsRow},
    registry::Registry,
    AccountId, NetUid, Uid,
};
use serde_json::{json, Value};
use std::{io::Write, path::PathBuf};

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Set the weights of the signer's neuron, replacing all before
    #[command(
        after_help = "Example:\n  inktensor weights set --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --uids 2,3 --weights 30,70"
    )]
    Set(Set),
    /// Commit the signer's neuron to weights without showing them
    ///
    /// The salt file is made with 32 random bytes if it does not exist. Whoever has it and the
    /// weights can reveal them; without it nobody can, so keep it until then.
    #[command(
        after_help = "Example:\n  inktensor weights commit --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --uids 2,3 --weights 30,70 --salt-file salt"
    )]
    Commit(Commit),
    /// Reveal weights that were committed to, for the signer's neuron or another's
    #[command(
        after_help = "Example:\n  inktensor weights reveal --url ws://127.0.0.1:9944 --suri-file any.suri --netuid 1 --hotkey 5FHneW46… --uids 2,3 --weights 30,70 --salt-file salt"
    )]
    Reveal(Reveal),
    /// Say why setting weights would be refused now
    ///
    /// Exit code: 0 if they can be set, 1 if not.
    #[command(
        after_help = "Example:\n  inktensor weights why-not --url ws://127.0.0.1:9944 --netuid 1 --hotkey 5FHneW46… --uids 2,3 --weights 30,70"
    )]
    WhyNot(WhyNot),
    /// Show what a neuron has committed to and not revealed
    #[command(
        after_help = "Example:\n  inktensor weights commits --url ws://127.0.0.1:9944 --netuid 1 --hotkey 5FHneW46…"
    )]
    Commits(Commits),
    /// Show the weights that the neuron on a uid has set
    #[command(
        after_help = "Example:\n  inktensor weights show --url ws://127.0.0.1:9944 --netuid 1 --uid 0"
    )]
    Show(Show),
}

/// The weights.
#[derive(clap::Args)]
struct Ballot {
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Whom they are for; none to clear them
    #[arg(long, value_delimiter = ',', value_name = "UID,..")]
    uids: Vec<u16>,
    /// The weight of each, 0 to 65535; only their ratio counts
    #[arg(long, value_delimiter = ',', value_name = "WEIGHT,..")]
    weights: Vec<u16>,
    /// The version of the client that found them, which a subnet's owner may ask for
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    version_key: u64,
}

impl Ballot {
    fn uids(&self) -> Result<Vec<Uid>, Failure> {
        if self.uids.len() != self.weights.len() {
            return Err(Failure::input(format_args!(
                "--uids has {} entries, --weights has {}: each uid needs a weight",
                self.uids.len(),
                self.weights.len()
            )));
        }
        Ok(self.uids.iter().copied().map(Uid).collect())
    }
}

/// What to set.
#[derive(clap::Args)]
pub struct Set {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    #[command(flatten)]
    ballot: Ballot,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What to commit to.
#[derive(clap::Args)]
pub struct Commit {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    #[command(flatten)]
    ballot: Ballot,
    /// The file with the salt, in hexadecimal
    #[arg(long, value_name = "FILE")]
    salt_file: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What to reveal.
#[derive(clap::Args)]
pub struct Reveal {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    #[command(flatten)]
    ballot: Ballot,
    /// Whose commit it is; the signer's if none is named
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Option<Who>,
    /// The file with the salt, in hexadecimal
    #[arg(long, value_name = "FILE")]
    salt_file: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What somebody would set.
#[derive(clap::Args)]
pub struct WhyNot {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    ballot: Ballot,
    /// Who would set them
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
    /// The file with the salt, to ask about a reveal
    #[arg(long, value_name = "FILE")]
    salt_file: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Whose commits.
#[derive(clap::Args)]
pub struct Commits {
    #[command(flatten)]
    chain: ChainArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// The hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Whose weights.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    chain: ChainArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// The validator's uid
    #[arg(long, value_name = "NUMBER")]
    uid: u16,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Set(arguments) => set(arguments, out)?,
        Command::Commit(arguments) => commit(arguments, out)?,
        Command::Reveal(arguments) => reveal(arguments, out)?,
        Command::WhyNot(arguments) => return why_not(arguments, out),
        Command::Commits(arguments) => commits(arguments, out)?,
        Command::Show(arguments) => show_row(arguments, out)?,
    }
    Ok(Verdict::Good)
}

fn set(arguments: &Set, out: &mut dyn Write) -> Result<(), Failure> {
    let ballot = &arguments.ballot;
    let uids = ballot.uids()?;
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let message = session.contracts.epoch().set_weights(
        NetUid(ballot.netuid),
        uids,
        ballot.weights.clone(),
        ballot.version_key,
    );
    let done = session.run("Epochs::set_weights", message)?;
    let (count, netuid) = (ballot.uids.len(), ballot.netuid);
    let sentence = format!("set {count} weights on subnet {netuid}");
    let document = json!({ "netuid": netuid, "uids": ballot.uids, "weights": ballot.weights });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}

fn commit(arguments: &Commit, out: &mut dyn Write) -> Result<(), Failure> {
    let ballot = &arguments.ballot;
    let uids = ballot.uids()?;
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let salt = salt_for_commit(&arguments.salt_file)?;
    let committed = committed(&session, ballot, &uids, &salt)?;
    let (epoch, hash) = (committed.epoch, committed.digest());
    let message = session
        .contracts
        .epoch()
        .commit_weights(NetUid(ballot.netuid), epoch, hash);
    let done = session.run("Epochs::commit_weights", message)?;
    let told = done
        .events
        .iter()
        .find_map(|event| event.decode::<inktensor_primitives::epoch::WeightsCommitted>());
    let reveals_in = told.map(|told| told.reveals_in);
    let sentence = match reveals_in {
        Some(due) => format!(
            "committed to {} weights on subnet {}; reveal them while epoch {due} is open",
            uids.len(),
            ballot.netuid
        ),
        None => format!(
            "committed to {} weights on subnet {}",
            uids.len(),
            ballot.netuid
        ),
    };
    let document = json!({
        "netuid": ballot.netuid,
        "epoch": epoch,
        "hash": hex(&hash),
        "reveals_in": reveals_in,
    });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}

fn committed<'a>(
    session: &Session,
    ballot: &'a Ballot,
    uids: &'a [Uid],
    salt: &'a [u8],
) -> Result<CommittedWeights<'a>, Failure> {
    let netuid = NetUid(ballot.netuid);
    let message = session.contracts.registry().voter(netuid, session.account);
    let voter = session.query(message)?;
    let voter = voter
        .ok_or_else(|| missing(format_args!("neuron of the signer on subnet {}", netuid.0)))?;
    Ok(CommittedWeights {
        contract: session.contracts.epoch,
        netuid,
        hotkey: session.account,
        generation: voter.seat.generation,
        epoch: voter.seat.epoch,
        uids,
        weights: &ballot.weights,
        salt,
        version_key: ballot.version_key,
    })
}

fn reveal(arguments: &Reveal, out: &mut dyn Write) -> Result<(), Failure> {
    let ballot = &arguments.ballot;
    let uids = ballot.uids()?;
    let hotkey = arguments.hotkey.as_ref();
    let hotkey = hotkey
        .map(|who| who.on(&arguments.chain.chain))
        .transpose()?;
    let salt = salt_in(&arguments.salt_file)?;
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let hotkey: AccountId = hotkey.unwrap_or(session.account);
    let message = session.contracts.epoch().reveal_weights(
        NetUid(ballot.netuid),
        hotkey,
        uids,
        ballot.weights.clone(),
        salt,
        ballot.version_key,
    );
    let done = session.run("Epochs::reveal_weights", message)?;
    let (count, netuid) = (ballot.uids.len(), ballot.netuid);
    let sentence = format!(
        "revealed {count} weights of {} on subnet {netuid}",
        ss58(&hotkey)
    );
    let document = json!({
        "netuid": netuid,
        "hotkey": ss58(&hotkey),
        "uids": ballot.uids,
        "weights": ballot.weights,
    });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}

fn why_not(arguments: &WhyNot, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let ballot = &arguments.ballot;
    let (netuid, uids) = (NetUid(ballot.netuid), ballot.uids()?);
    let opened = arguments.chain.open()?;
    let hotkey = arguments.hotkey.on(&arguments.chain.chain)?;
    let (epochs, weights) = (opened.contracts.epoch(), ballot.weights.clone());
    let reason: Option<EpochError> = match &arguments.salt_file {
        None => {
            opened
                .chain
                .query(epochs.why_not(netuid, hotkey, uids, weights, ballot.version_key))?
        }
        Some(file) => opened.chain.query(epochs.why_not_reveal(
            netuid,
            hotkey,
            uids,
            weights,
            salt_in(file)?,
            ballot.version_key,
        ))?,
    };
    let verdict = if reason.is_none() {
        Verdict::Good
    } else {
        Verdict::Bad
    };
    let reason = reason.map(|reason| format!("{reason:?}"));
    if arguments.json {
        let document = json!({ "netuid": netuid.0, "hotkey": ss58(&hotkey), "reason": reason });
        print(&document, out)?;
    } else {
        writeln!(out, "{}", reason.as_deref().unwrap_or("nothing is wrong"))?;
    }
    Ok(verdict)
}

fn commits(arguments: &Commits, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let hotkey = arguments.hotkey.on(&arguments.chain.chain)?;
    let netuid = NetUid(arguments.netuid);
    let found: CommitsView = opened
        .chain
        .query(opened.contracts.epoch().commits(netuid, hotkey))?;
    let state = |state| match state {
        CommitState::Waiting => "waiting",
        CommitState::Due => "due",
        CommitState::Missed => "missed",
    };
    if arguments.json {
        let commits = found.commits.iter().map(|it| {
            json!({
                "hash": hex(&it.hash),
                "epoch": it.epoch,
                "block": it.block,
                "reveals_in": it.reveals_in,
                "state": state(it.state),
            })
        });
        let commits: Vec<Value> = commits.collect();
        let document = json!({
            "netuid": netuid.0,
            "hotkey": ss58(&hotkey),
            "commits": commits,
            "missed": found.missed,
        });
        return Ok(print(&document, out)?);
    }
    let header = ["hash", "in epoch", "at block", "reveal in", "state"];
    let mut rows = table(header, &[1, 2, 3]);
    for it in &found.commits {
        let hash = hex(&it.hash);
        rows.add_row([
            hash.get(..14).unwrap_or(&hash).to_owned(),
            it.epoch.to_string(),
            it.block.to_string(),
            it.reveals_in.to_string(),
            state(it.state).into(),
        ]);
    }
    show(&rows, out)?;
    writeln!(out, "\n{} never revealed", found.missed)?;
    Ok(())
}

fn show_row(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let (netuid, uid) = (NetUid(arguments.netuid), Uid(arguments.uid));
    let row: Option<WeightsRow> = opened
        .chain
        .query(opened.contracts.epoch().weights(netuid, uid))?;
    let row = row.ok_or_else(|| {
        missing(format_args!(
            "row of weights of uid {} on subnet {}",
            uid.0, netuid.0
        ))
    })?;
    let uids: Vec<u16> = row.uids.iter().map(|uid| uid.0).collect();
    if arguments.json {
        let document = json!({
            "netuid": netuid.0,
            "uid": uid.0,
            "updated_at": row.updated_at,
            "uids": uids,
            "weights": row.weights,
        });
        return Ok(print(&document, out)?);
    }
    let message = opened.contracts.registry().neuron(netuid, uid);
    if let Some(neuron) = opened.chain.query(message)? {
        writeln!(
            out,
            "{}, at block {}",
            account(&neuron.hotkey),
            row.updated_at
        )?;
    }
    let mut rows = table(["uid", "weight"], &[0, 1]);
    for (uid, weight) in uids.iter().zip(&row.weights) {
        rows.add_row([uid.to_string(), weight.to_string()]);
    }
    Ok(show(&rows, out)?)
}
