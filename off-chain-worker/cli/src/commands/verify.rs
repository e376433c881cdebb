//! `inktensor verify`: recomputes a posted epoch, and compares.

use crate::{
    args::{NetuidArg, ReadArgs},
    error::{Failure, Verdict},
    output::{
        format::tao,
        json::{Address, Hex},
        View,
    },
    values, verifier,
};
use inktensor_compute::epoch::{Difference, StepPart};
use inktensor_primitives::{Rao, Uid};
use inktensor_worker::verify::{AssertionStatus, Finding, InputSource, PostedAssertion, Verified};
use serde::Serialize;
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// The most uids and values that are listed; there may be thousands.
const LISTED: usize = 40;

/// Arguments of `verify`.
#[derive(clap::Args)]
#[command(after_help = example!("verify --url ws://127.0.0.1:9944 --netuid 1 --epoch 3"))]
pub struct Arguments {
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The epoch
    #[arg(long, value_parser = values::whole::<u32>(0..=4_294_967_295), value_name = "NUMBER")]
    epoch: u32,
    /// A worker's store, for epochs whose inputs the node has discarded
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
}

/// A verified epoch.
#[derive(Serialize)]
struct VerifiedView {
    netuid: u16,
    epoch: u32,
    correct: bool,
    header: Hex,
    recomputed: Option<Hex>,
    no_honest_answer: Option<String>,
    steps: u32,
    inputs: &'static str,
    posted: Option<PostedView>,
    finding: Option<FindingView>,
}

#[derive(Serialize)]
struct PostedView {
    assertion: Hex,
    proposer: Option<Address>,
    fate: &'static str,
    deadline: Option<u32>,
    slashed: usize,
}

#[derive(Serialize)]
struct FindingView {
    first: Option<FirstView>,
    uids: Vec<u16>,
    permits: PermitsView,
    known_by_hash: Vec<u16>,
    paid: Vec<PaidView>,
    recorded: Vec<RecordedView>,
    memory_of_chunks: Vec<u16>,
    /// The first difference, as text.
    #[serde(skip)]
    difference: Option<String>,
}

/// The first difference.
#[derive(Serialize)]
#[serde(untagged)]
enum FirstView {
    Part {
        part: &'static str,
    },
    Step {
        step: u32,
        phase: u8,
        chunk: u16,
        part: &'static str,
    },
}

#[derive(Serialize)]
struct PermitsView {
    added: Vec<u16>,
    missing: Vec<u16>,
}

#[derive(Serialize)]
struct PaidView {
    chunk: u16,
    honest: u64,
    paid: u64,
}

#[derive(Serialize)]
struct RecordedView {
    uid: u16,
    value: &'static str,
    honest: u64,
    recorded: u64,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let (netuid, epoch) = (arguments.netuid.netuid, arguments.epoch);
    let network = arguments.read.open()?;
    let verified = verifier::verifying(&network, arguments.store.as_ref(), |verifier| {
        verifier.verify(netuid, epoch).map_err(Failure::input)
    })?;
    let view = VerifiedView::from(&verified);
    arguments.read.show(&view, out)?;
    Ok(Verdict::of(view.correct))
}

impl From<&Verified> for VerifiedView {
    fn from(verified: &Verified) -> Self {
        Self {
            netuid: verified.netuid.0,
            epoch: verified.epoch,
            correct: verified.finding.is_none(),
            header: Hex::from(verified.header_hash),
            recomputed: verified.honest.as_ref().ok().map(Hex::from),
            no_honest_answer: verified.honest.as_ref().err().map(ToString::to_string),
            steps: verified.steps,
            inputs: match verified.origin {
                InputSource::Chain => "chain",
                InputSource::Store => "store",
            },
            posted: verified.posted.as_ref().map(PostedView::from),
            finding: verified.finding.as_ref().map(FindingView::from),
        }
    }
}

impl From<&PostedAssertion> for PostedView {
    fn from(posted: &PostedAssertion) -> Self {
        let (fate, deadline) = match posted.fate {
            AssertionStatus::Standing { deadline } => ("standing", Some(deadline)),
            AssertionStatus::Final => ("final", None),
            AssertionStatus::Slashed => ("slashed", None),
        };
        Self {
            assertion: Hex::from(posted.digest),
            proposer: posted.proposer.map(Address),
            fate,
            deadline,
            slashed: posted.slashed,
        }
    }
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        let uids = |uids: &[Uid]| uids.iter().map(|uid| uid.0).collect::<Vec<_>>();
        let paid = finding.paid.iter().map(|it| PaidView {
            chunk: it.chunk,
            honest: it.honest.0,
            paid: it.paid.0,
        });
        let recorded = finding.values.iter().map(|it| RecordedView {
            uid: it.uid.0,
            value: it.value,
            honest: it.honest,
            recorded: it.recorded,
        });
        Self {
            first: finding.difference.as_ref().map(FirstView::from),
            uids: uids(&finding.uids),
            permits: PermitsView {
                added: uids(&finding.added),
                missing: uids(&finding.missing),
            },
            known_by_hash: finding.hidden.clone(),
            paid: paid.collect(),
            recorded: recorded.collect(),
            memory_of_chunks: finding.memory.clone(),
            difference: finding.difference.as_ref().map(ToString::to_string),
        }
    }
}

impl From<&Difference> for FirstView {
    fn from(difference: &Difference) -> Self {
        match difference {
            Difference::Header => FirstView::Part { part: "header" },
            Difference::Shape => FirstView::Part { part: "shape" },
            Difference::Step {
                k,
                phase,
                chunk,
                part,
            } => FirstView::Step {
                step: *k,
                phase: *phase,
                chunk: *chunk,
                part: match part {
                    StepPart::Step => "step",
                    StepPart::Memory => "memory",
                    StepPart::Results => "results",
                    StepPart::Roster => "roster",
                },
            },
        }
    }
}

impl View for VerifiedView {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let verdict = if self.correct { "correct" } else { "WRONG" };
        let (epoch, netuid) = (self.epoch, self.netuid);
        writeln!(out, "epoch {epoch} of subnet {netuid}: {verdict}")?;
        writeln!(out, "header     {}", self.header)?;
        match &self.posted {
            Some(posted) => posted.text(out)?,
            None => writeln!(
                out,
                "posted     in a block that the node has discarded; compared with the scores and \
                 the memory on the chain"
            )?,
        }
        let (steps, inputs) = (self.steps, self.inputs);
        match (&self.recomputed, &self.no_honest_answer) {
            (Some(honest), _) => writeln!(
                out,
                "recomputed {honest}, {steps} steps, inputs from the {inputs}"
            )?,
            (None, error) => writeln!(
                out,
                "recomputed no assertion of the epoch can be right: {}; inputs from the {inputs}",
                error.as_deref().unwrap_or_default()
            )?,
        }
        match &self.finding {
            None => Ok(()),
            Some(finding) => finding.text(out),
        }
    }
}

impl PostedView {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let fate = match self.deadline {
            Some(deadline) => format!("can be disputed before block {deadline}"),
            None => self.fate.into(),
        };
        writeln!(out, "posted     {}, {fate}", self.assertion)?;
        match &self.proposer {
            Some(proposer) => writeln!(out, "by         {proposer}")?,
            None => writeln!(out, "by         the chain itself, which executed the epoch")?,
        }
        if self.slashed > 0 {
            writeln!(out, "slashed    {} of the epoch's assertions", self.slashed)?;
        }
        Ok(())
    }
}

impl FindingView {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.difference {
            Some(difference) => writeln!(out, "first      {difference}")?,
            None => writeln!(
                out,
                "first      not known: the chain's events have only a hash of the outcome"
            )?,
        }
        writeln!(out, "concerns   uids {}", listed(&self.uids))?;
        let is_hashed = matches!(
            self.first,
            Some(FirstView::Step {
                part: "step" | "memory",
                ..
            })
        );
        if is_hashed {
            writeln!(out, "           the posted value is known by its hash only")?;
        }
        if !self.permits.added.is_empty() {
            let uids = listed(&self.permits.added);
            writeln!(out, "permit     too many: uids {uids}")?;
        }
        if !self.permits.missing.is_empty() {
            let uids = listed(&self.permits.missing);
            writeln!(out, "permit     missing: uids {uids}")?;
        }
        for chunk in &self.known_by_hash {
            writeln!(
                out,
                "results    chunk {chunk}: other values were posted; they are known by their hash \
                 only"
            )?;
        }
        for it in &self.paid {
            writeln!(
                out,
                "paid       chunk {}: {} TAO instead of {}",
                it.chunk,
                tao(Rao(it.paid)),
                tao(Rao(it.honest))
            )?;
        }
        for chunk in &self.memory_of_chunks {
            writeln!(
                out,
                "memory     chunk {chunk}: the chain has the hash of another one"
            )?;
        }
        for it in self.recorded.iter().take(LISTED) {
            writeln!(
                out,
                "recorded   uid {}: {} is {} instead of {}",
                it.uid, it.value, it.recorded, it.honest
            )?;
        }
        match self.recorded.len().saturating_sub(LISTED) {
            0 => Ok(()),
            more => writeln!(out, "           and {more} more values; --json lists all"),
        }
    }
}

/// Returns the first of `uids`, and how many more there are.
fn listed(uids: &[u16]) -> String {
    let mut text: Vec<String> = uids.iter().take(LISTED).map(u16::to_string).collect();
    if uids.len() > LISTED {
        text.push(format!("and {} more", uids.len().saturating_sub(LISTED)));
    }
    text.join(", ")
}
