//! `inktensor evidence`: shows what a validator asked and concluded, and checks it.

use super::neural::{AskerKey, Means, NeuralArgs};
use crate::{
    args::{self, ChainArgs, NetuidArg},
    commands::model::read_at_most,
    error::{Failure, Verdict},
    network::Network,
    output::{
        self,
        json::{Address, Hex},
        table::{number, text, Room, Table},
        View,
    },
    values,
};
use inktensor_neuron::{
    evidence::{
        audit::{self, Auditor, Before, Sample},
        codec::{facts_file, read_evidence, read_facts, MAX_FILE},
        facts::Facts,
        read_facts as from_chain, Evidence, Grade,
    },
    fetch::speaks,
    service::random,
    view::neurons_at,
};
use inktensor_primitives::{NetUid, Uid};
use inktensor_task::Worth;
use inktensor_wire::{Endpoint, Path as WirePath};
use serde::Serialize;
use std::{
    fs,
    io::{self, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// Longest transfer of a file of evidence.
const DEADLINE: Duration = Duration::from_secs(120);

/// Commands about evidence.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show the answers and averages in a validator's evidence
    #[command(after_help = example!(
        "evidence show --url ws://127.0.0.1:9944 --netuid 1 --epoch 41 --uid 0"
    ))]
    Show(Show),
    /// Check a validator's evidence against the chain
    ///
    /// Signatures, questions, checked answers, averages and weights are computed again. Exit code:
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
    chain: ChainArgs,
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
    subject: Subject,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    key: AskerKey,
    /// The evidence before, whose averages this one continues; by default the validator is asked
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// The facts of the chain, as `evidence facts` wrote them; by default the chain is read
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
    subject: Subject,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Show(arguments) => show(arguments, out),
        Command::Verify(arguments) => verify(arguments, out),
        Command::Facts(arguments) => facts(arguments, out),
    }
}

/// The result of an audit.
#[derive(Serialize)]
struct Audited {
    netuid: u16,
    epoch: u32,
    uid: u16,
    verdict: &'static str,
    /// The first false item, or the first one that cannot be judged.
    reason: Option<String>,
    receipts: Option<usize>,
    checked_by_validator: Option<usize>,
    recomputed: Option<usize>,
    /// The seed of the sample. Absent if all answers are computed again.
    seed: Option<u64>,
}

impl View for Audited {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(seed) = self.seed {
            writeln!(out, "sample of seed {seed}")?;
        }
        match &self.reason {
            Some(reason) => writeln!(out, "{}: {reason}", self.verdict),
            None => writeln!(
                out,
                "true: {} receipts, {} answers checked by the validator, {} computed again",
                self.receipts.unwrap_or_default(),
                self.checked_by_validator.unwrap_or_default(),
                self.recomputed.unwrap_or_default()
            ),
        }
    }
}

fn verify(arguments: &Verify, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let subject = &arguments.subject;
    let netuid = subject.netuid.netuid;
    let network = subject.chain.open()?;
    let means = arguments.source.neural.means(arguments.key.hotkey()?)?;
    let facts = match &arguments.facts {
        Some(file) => facts_in(file)?,
        None => facts_of(&network, subject)?,
    };
    let evidence = match &arguments.source.from {
        Some(file) => Some(evidence_in(file)?),
        None => served(&means, &network, netuid, subject.uid, subject.epoch)?,
    };
    let sample = match arguments.sample {
        Some(count) => Sample::Some {
            count,
            seed: match arguments.seed {
                Some(seed) => seed,
                None => u64::from_le_bytes(random().map_err(Failure::input)?),
            },
        },
        None => Sample::All,
    };
    let verdict = match &evidence {
        None => audit::verify_absence(&facts),
        Some(evidence) => {
            let before = match (&arguments.before, facts.before) {
                (Some(file), _) => Some(evidence_in(file)?),
                (None, Some(pledged)) => {
                    served(&means, &network, netuid, subject.uid, pledged.epoch)?
                }
                (None, None) => None,
            };
            let before = before.as_ref().map_or(Before::NotGiven, Before::Given);
            let manifest = facts.manifest.unwrap_or(evidence.head.manifest);
            let task = means.task(&network, netuid, &manifest)?;
            let auditor = Auditor {
                program: task.program.as_ref(),
                manifest: &task.file,
                sample,
                threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            };
            audit::verify(evidence, before, &facts, &auditor)
        }
    };
    let mut answer = Audited {
        netuid: netuid.0,
        epoch: subject.epoch,
        uid: subject.uid.0,
        verdict: "true",
        reason: None,
        receipts: None,
        checked_by_validator: None,
        recomputed: None,
        seed: match sample {
            Sample::Some { seed, .. } => Some(seed),
            Sample::All => None,
        },
    };
    let result = match verdict {
        audit::Verdict::True(checked) => {
            answer.receipts = Some(checked.receipts);
            answer.checked_by_validator = Some(checked.graded);
            answer.recomputed = Some(checked.recomputed);
            Ok(Verdict::Good)
        }
        audit::Verdict::False(falsehood) => {
            answer.verdict = "false";
            answer.reason = Some(falsehood.to_string());
            Ok(Verdict::Bad)
        }
        audit::Verdict::Unjudged(missing) => {
            answer.verdict = "cannot be judged";
            answer.reason = Some(missing.to_string());
            Err(Failure::input(format_args!("cannot be judged: {missing}")))
        }
    };
    // The line on standard error says it without --json.
    if result.is_ok() || arguments.json {
        output::show(arguments.json, &answer, out)?;
    }
    result
}

fn facts(arguments: &WriteFacts, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let network = arguments.subject.chain.open()?;
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

fn facts_of(network: &Network, subject: &Subject) -> Result<Facts, Failure> {
    let contracts = network.contracts();
    let (netuid, epoch, uid) = (subject.netuid.netuid, subject.epoch, subject.uid);
    from_chain::read(network.chain(), &contracts, netuid, epoch, uid).map_err(Failure::input)
}

fn facts_in(path: &Path) -> Result<Facts, Failure> {
    let bytes = read_at_most(path, u64::try_from(MAX_FILE).unwrap_or(u64::MAX))?;
    read_facts(&bytes).map_err(|error| Failure::in_file(path, error))
}

fn evidence_in(path: &Path) -> Result<Evidence, Failure> {
    let bytes = read_at_most(path, u64::try_from(MAX_FILE).unwrap_or(u64::MAX))?;
    read_evidence(&bytes).map_err(|error| Failure::in_file(path, error))
}

/// Returns the evidence that the validator on `uid` serves. Returns `None` if it serves none.
fn served(
    means: &Means,
    network: &Network,
    netuid: NetUid,
    uid: Uid,
    epoch: u32,
) -> Result<Option<Evidence>, Failure> {
    let contracts = network.contracts();
    let block = network.chain().best()?;
    let neurons = neurons_at(network.chain(), &contracts, netuid, block)?;
    let neuron = neurons.iter().find(|it| it.view.uid == uid);
    let axon = neuron
        .filter(|it| speaks(it))
        .and_then(|it| it.axon.as_ref());
    let Some(axon) = axon else {
        return Ok(None);
    };
    let path = WirePath::new(&format!("/v1/evidence/{epoch}")).map_err(Failure::input)?;
    let endpoint = Endpoint::from(axon);
    let page = means.client.page(&endpoint, &path, MAX_FILE, DEADLINE);
    match means.runtime.block_on(page) {
        Ok(bytes) => read_evidence(&bytes).map(Some).map_err(Failure::input),
        // What is not served may be withheld, which the audit judges.
        Err(_) => Ok(None),
    }
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
            let network = subject.chain.open()?;
            let means = arguments.source.neural.means(arguments.key.hotkey()?)?;
            let netuid = subject.netuid.netuid;
            let found = served(&means, &network, netuid, subject.uid, subject.epoch)?;
            found.ok_or_else(|| {
                Failure::input(format_args!(
                    "uid {} does not serve evidence of epoch {}; it is served from the reveal of \
                     its weights on",
                    subject.uid.0, subject.epoch
                ))
            })?
        }
    };
    if let Some(file) = &arguments.out {
        let bytes = inktensor_neuron::evidence::codec::evidence_file(&evidence);
        fs::write(file, bytes).map_err(|error| Failure::unusable("--out", file, &error))?;
    }
    output::show(arguments.json, &summary(&evidence), out)?;
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
