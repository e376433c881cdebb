//! `inktensor evidence`: shows what a validator asked and concluded, and checks it.

mod chain;
mod contest;
mod models;
mod proofs;
mod source;
mod states;
mod verify;

pub use chain::{Chain, OptionalChain};
pub use source::{blob, endpoint_of, named, Named};

use self::source::{evidence_in, facts_of, served};
use super::neural::{AskerKey, NeuralArgs};
use crate::{
    args::{self, ChainArgs, NetuidArg},
    error::{Failure, Verdict},
    output::{
        self,
        json::{Address, Hex},
        table::{number, text, Room, Table},
        View,
    },
    values,
};
use inktensor_neuron::evidence::{
    any::AnyEvidence, audit::Absence, codec::facts_file, Evidence, Grade,
};
use inktensor_primitives::Uid;
use inktensor_task::Worth;
use serde::Serialize;
use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

/// Commands about evidence.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show the answers, entries and averages in a validator's evidence
    #[command(after_help = example!(
        "evidence show --url ws://127.0.0.1:9944 --netuid 1 --epoch 41 --uid 0"
    ))]
    Show(Show),
    /// Check a validator's evidence against the chain
    ///
    /// Signatures, questions, checked answers, averages and weights are computed again; of a
    /// contest the losses of all entries and everything that follows from them. Exit code:
    /// 0 if everything holds, 1 with the first false item, 2 if something cannot be judged.
    #[command(after_help = example!(
        "evidence verify --url ws://127.0.0.1:9944 --netuid 1 --epoch 41 --uid 0"
    ))]
    Verify(Verify),
    /// Write what the chain says about an epoch to a file, for later
    ///
    /// A node discards old states. With this file evidence can be checked after that.
    #[command(after_help = example!(
        "evidence facts --url ws://127.0.0.1:9944 --netuid 1 --epoch 41 --uid 0 --out facts"
    ))]
    Facts(WriteFacts),
}

/// A validator's epoch.
#[derive(clap::Args)]
struct Subject {
    #[command(flatten)]
    netuid: NetuidArg,
    /// The epoch
    #[arg(long, value_parser = values::whole::<u32>(0..=4_294_967_295), value_name = "NUMBER")]
    epoch: u32,
    /// The validator
    #[arg(long, value_parser = values::uid, value_name = "NUMBER")]
    uid: Uid,
}

/// The place of evidence.
#[derive(clap::Args)]
struct Source {
    /// The evidence's file; by default the validator is asked for it
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    neural: NeuralArgs,
}

/// Arguments of `evidence show`.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    chain: OptionalChain,
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    key: AskerKey,
    /// Write the evidence's file, to keep it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// Arguments of `evidence verify`.
#[derive(clap::Args)]
pub struct Verify {
    #[command(flatten)]
    chain: OptionalChain,
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    key: AskerKey,
    /// The evidence before, whose averages this one continues; by default the validator is asked
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// The facts of the chain, as `evidence facts` wrote them; by default the chain is read
    ///
    /// With --facts, --from, --before, and the manifest and the model in --cache or --blob, no
    /// chain is opened.
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// Compute so many answers again; all by default
    #[arg(
        long,
        value_parser = values::whole::<usize>(0..=1_000_000),
        value_name = "NUMBER"
    )]
    sample: Option<usize>,
    /// The seed of the sample; random by default, so that the validator cannot know it
    #[arg(
        long,
        value_parser = values::whole::<u64>(0..=u64::MAX),
        requires = "sample",
        value_name = "NUMBER"
    )]
    seed: Option<u64>,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// Arguments of `evidence facts`.
#[derive(clap::Args)]
pub struct WriteFacts {
    #[command(flatten)]
    chain: ChainArgs,
    #[command(flatten)]
    subject: Subject,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Show(arguments) => show(arguments, out),
        Command::Verify(arguments) => verify::verify(arguments, out),
        Command::Facts(arguments) => facts(arguments, out),
    }
}

fn facts(arguments: &WriteFacts, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let network = arguments.chain.open()?;
    let facts = facts_of(&network, &arguments.subject)?;
    let file = &arguments.out;
    fs::write(file, facts_file(&facts))
        .map_err(|error| Failure::unusable("--out", file, &error))?;
    writeln!(
        out,
        "wrote the facts of epoch {} to {}",
        facts.epoch,
        file.display()
    )?;
    Ok(Verdict::Good)
}

/// The summary of a validator's evidence.
#[derive(Serialize)]
struct Summary {
    netuid: u16,
    epoch: u32,
    validator: Address,
    root: Hex,
    manifest: Hex,
    seed_block: u32,
    miners: Vec<Miner>,
}

#[derive(Serialize)]
struct Miner {
    uid: u16,
    hotkey: Address,
    asked: u32,
    right: u32,
    wrong: u32,
    unchecked: u32,
    late: u32,
    unanswered: u32,
    withheld: u32,
    /// Moving average of worth, in parts of 65 535.
    average: u16,
    /// Weight that the validator sets.
    weight: u16,
}

impl View for Summary {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "evidence of {} in epoch {}",
            self.validator, self.epoch
        )?;
        writeln!(out, "root {}", self.root)?;
        let columns = [
            number("uid"),
            text("hotkey"),
            number("right"),
            number("wrong"),
            number("unchecked"),
            number("late"),
            number("unanswered"),
            number("average"),
            number("weight"),
        ];
        let room = Room::of_terminal();
        let mut table = Table::new(room, columns);
        for it in &self.miners {
            table.row([
                it.uid.to_string(),
                room.account(&it.hotkey.0),
                it.right.to_string(),
                it.wrong.to_string(),
                it.unchecked.to_string(),
                it.late.to_string(),
                it.unanswered.to_string(),
                it.average.to_string(),
                it.weight.to_string(),
            ]);
        }
        table.print(out)
    }
}

fn show(arguments: &Show, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let subject = &arguments.subject;
    let evidence = match &arguments.source.from {
        Some(file) => evidence_in(file)?,
        None => {
            let chain = Chain::new(&arguments.chain);
            let means = arguments.source.neural.means(arguments.key.hotkey()?)?;
            let netuid = subject.netuid.netuid;
            let found = served(&means, &chain, netuid, subject.uid, subject.epoch)?;
            let (uid, epoch) = (subject.uid.0, subject.epoch);
            let (evidence, _) = found.map_err(|absence| match absence {
                Absence::NotAsked(cause) => {
                    Failure::input(format_args!("uid {uid} was not asked: {cause}"))
                }
                Absence::Withheld(cause) => Failure::input(format_args!(
                    "uid {uid} does not serve evidence of epoch {epoch} ({cause}); it is served \
                     from the reveal of its weights on"
                )),
            })?;
            evidence
        }
    };
    if let Some(file) = &arguments.out {
        fs::write(file, evidence.file())
            .map_err(|error| Failure::unusable("--out", file, &error))?;
    }
    match &evidence {
        AnyEvidence::Asked(evidence) => output::show(arguments.json, &summary(evidence), out)?,
        AnyEvidence::Contest(evidence) => {
            output::show(arguments.json, &contest::summary(evidence), out)?;
        }
    }
    Ok(Verdict::Good)
}

fn summary(evidence: &Evidence) -> Summary {
    let mut miners: Vec<Miner> = Vec::new();
    for receipt in &evidence.receipts {
        let is_new = miners.last().is_none_or(|it| it.uid != receipt.uid.0);
        if is_new {
            let standing = evidence.standings.iter().find(|it| it.uid == receipt.uid);
            let weight = evidence.weights.iter().find(|(uid, _)| *uid == receipt.uid);
            miners.push(Miner {
                uid: receipt.uid.0,
                hotkey: receipt.asked.context.to.into(),
                asked: 0,
                right: 0,
                wrong: 0,
                unchecked: 0,
                late: 0,
                unanswered: 0,
                withheld: 0,
                average: standing.map_or(0, |it| it.average.0),
                weight: weight.map_or(0, |(_, weight)| *weight),
            });
        }
        if let Some(miner) = miners.last_mut() {
            miner.asked += 1;
            let count = match receipt.grade {
                Grade::Checked(Worth::NONE) => &mut miner.wrong,
                Grade::Checked(_) => &mut miner.right,
                Grade::Unchecked => &mut miner.unchecked,
                Grade::Late => &mut miner.late,
                Grade::Unanswered => &mut miner.unanswered,
                Grade::Withheld => &mut miner.withheld,
            };
            *count += 1;
        }
    }
    Summary {
        netuid: evidence.head.netuid.0,
        epoch: evidence.head.epoch,
        validator: evidence.head.validator.hotkey.into(),
        root: Hex::from(evidence.root()),
        manifest: Hex::from(evidence.head.manifest),
        seed_block: evidence.head.seed_block.number,
        miners,
    }
}
