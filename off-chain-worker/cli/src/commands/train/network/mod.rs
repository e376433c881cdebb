//! A training of a subnet, computed again and compared with the chain.

mod provenance;
mod status;

pub use provenance::trace;
pub use status::status;

use super::{code::Code, curve, replay::Sampling, run::nats};
use crate::{
    commands::{
        evidence::{blob, named, Chain, OptionalChain},
        neural::{unknown_key, Means, NeuralArgs},
    },
    error::{Failure, Verdict},
    output::{self, format::count, json::Hex, View},
    values,
};
use inktensor_client::{chain::Pinned, deploy::Addresses};
use inktensor_neuron::{
    evidence::history::History,
    fold::{
        history::{first_epoch, FalseStep, PastEpoch, Replayed},
        Training,
    },
    pledged::{manifest_now, PledgedManifest},
    program::Runs,
};
use inktensor_primitives::{hash::hex, Digest, NetUid};
use inktensor_task::{Fold, Load, Seed};
use inktensor_train::{Member, State, CORPUS_LIMIT, STATE_LIMIT};
use inktensor_wire::home;
use serde::Serialize;
use std::{
    io::{self, Write},
    sync::Arc,
};

/// Arguments that name a training of a subnet.
#[derive(clap::Args)]
pub struct OnSubnet {
    /// The subnet whose training is on the chain, instead of a folder
    #[arg(
        long,
        value_parser = values::netuid,
        required_unless_present = "folder",
        conflicts_with = "folder",
        value_name = "NUMBER"
    )]
    pub netuid: Option<NetUid>,
    #[command(flatten)]
    chain: OptionalChain,
    #[command(flatten)]
    neural: NeuralArgs,
}

/// The epochs of a training on a chain to compute again.
pub struct Asked<'a> {
    /// The first epoch; by default the first one of the manifest.
    pub from: Option<u32>,
    /// The last epoch; by default the last one whose votes can be counted.
    pub to: Option<u32>,
    /// The sample.
    pub sampling: &'a Sampling,
    /// The Wasm program to compute with, instead of the code that the manifest names.
    pub code: Option<&'a Code>,
    /// True for one JSON document.
    pub json: bool,
}

/// An epoch that was computed again.
#[derive(Serialize)]
struct Line {
    epoch: u32,
    /// Hash of the state with which the epoch begins.
    start: Hex,
    /// Number of pledges.
    pledges: usize,
    /// Uids of the miners whose ends are joined.
    members: Vec<u16>,
    steps: u64,
    /// Hash of the state that the next epoch begins with.
    next: Hex,
    /// Held-out loss of that state in nats a byte. All epochs of a manifest have the same rows.
    loss: Option<f64>,
    #[serde(skip)]
    millionths: Option<u64>,
}

/// The result of a replay.
#[derive(Serialize)]
struct Report {
    netuid: u16,
    manifest: Hex,
    /// First epoch of the manifest.
    first_epoch: u32,
    epochs: Vec<Line>,
    steps: u64,
    /// Number of epochs whose end most stake names as the start of the next one.
    confirmed: u32,
    /// Epochs whose start does not follow from the steps, after one in which most stake was silent.
    breaks: Vec<u32>,
    /// The seed of the sample. Absent without one.
    seed: Option<u64>,
    /// Hash of the Wasm program that computed everything. Absent for native code.
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<Hex>,
    /// The first false item. Absent if no hash differs from the chain's.
    wrong: Option<String>,
}

impl View for Report {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(seed) = self.seed {
            let epochs: Vec<u32> = self.epochs.iter().map(|it| it.epoch).collect();
            writeln!(out, "sample of seed {seed}: epochs {epochs:?}")?;
        }
        let losses: Vec<u64> = self.epochs.iter().filter_map(|it| it.millionths).collect();
        if losses.len() > 1 && self.seed.is_none() {
            writeln!(out, "\nheld-out loss in nats a byte after each epoch")?;
            for line in curve::lines(&losses) {
                writeln!(out, "{line}")?;
            }
        }
        if let Some(wrong) = &self.wrong {
            return writeln!(out, "false: {wrong}");
        }
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        for epoch in &self.breaks {
            writeln!(
                out,
                "epoch {epoch} begins with another state, after one in which most stake was silent"
            )?;
        }
        writeln!(
            out,
            "true: {}, {}; {} named by most stake as the next start",
            count(whole(self.epochs.len()), "epoch"),
            count(self.steps, "step"),
            count(self.confirmed, "end")
        )?;
        match &self.program {
            Some(program) => writeln!(out, "by the Wasm program {program}"),
            None => Ok(()),
        }
    }
}

/// Computes epochs of a subnet's training again, and compares each start with the votes on it.
pub fn replay(
    subnet: &OnSubnet,
    netuid: NetUid,
    asked: &Asked<'_>,
    out: &mut dyn Write,
) -> Result<Verdict, Failure> {
    let chain = Chain::new(&subnet.chain);
    let means = subnet.neural.means(unknown_key()?)?;
    let mut replay = Replay::open(&chain, &means, netuid)?;
    if let Some(code) = asked.code {
        replay.compute_by(code)?;
    }
    replay.run(asked, out, |_, _| false)?;
    let report = &replay.report;
    output::show(asked.json, report, out)?;
    if report.wrong.is_none() && (report.confirmed == 0 || !report.breaks.is_empty()) {
        return Err(Failure::input(match report.breaks.first() {
            Some(epoch) => {
                format!("epoch {epoch} does not follow from the steps before it; replay from it on")
            }
            None => "most stake has named no end of these epochs yet; replay later, or from an \
                     earlier epoch"
                .into(),
        }));
    }
    Ok(Verdict::of(report.wrong.is_none()))
}

/// A training of a subnet that is computed again.
struct Replay<'a> {
    means: &'a Means,
    chain: &'a Chain<'a>,
    contracts: Addresses,
    home: Digest,
    netuid: NetUid,
    training: Arc<Training>,
    /// The manifest that was pledged last.
    pledged: PledgedManifest,
    /// Hash of the manifest's state.
    first: Digest,
    measured: Seed,
    report: Report,
}

impl<'a> Replay<'a> {
    fn open(chain: &'a Chain<'a>, means: &'a Means, netuid: NetUid) -> Result<Self, Failure> {
        let network = chain.network("the pledges", "name a folder with --in")?;
        let contracts = network.contracts();
        let pinned = Pinned::best(network.chain())?;
        let pledged = manifest_now(&pinned, &contracts, netuid)?.ok_or_else(|| {
            Failure::input(format_args!(
                "the owner of subnet {} has pledged no manifest, so it trains nothing",
                netuid.0
            ))
        })?;
        let named = named(means, chain, netuid, &pledged.manifest)?;
        let Runs::Fold(training) = named.runs else {
            return Err(Failure::input(format_args!(
                "subnet {} runs {}, which is no training",
                netuid.0, named.manifest.task
            )));
        };
        let genesis = network.chain().genesis()?;
        let program = training.train.program().map(Hex::from);
        Ok(Self {
            means,
            chain,
            contracts,
            home: home(&genesis, &contracts.registry),
            netuid,
            training,
            pledged,
            first: named.manifest.state,
            measured: Seed(pledged.manifest).part("measure"),
            report: Report {
                netuid: netuid.0,
                manifest: Hex::from(pledged.manifest),
                first_epoch: 0,
                epochs: Vec::new(),
                steps: 0,
                confirmed: 0,
                breaks: Vec::new(),
                seed: None,
                program,
                wrong: None,
            },
        })
    }

    /// Lets a Wasm program compute everything.
    ///
    /// A program that the manifest does not name proves nothing about its miners.
    fn compute_by(&mut self, code: &Code) -> Result<(), Failure> {
        let own = self.training.train.program();
        if let Some(own) = own.filter(|own| *own != code.hash) {
            return Err(Failure::input(format_args!(
                "--program {}: its hash is {}, and the manifest names the program {}; give that \
                 one, or leave --program out",
                code.file.display(),
                hex(&code.hash),
                hex(&own)
            )));
        }
        let fetch = |name, hash: &Digest, most| {
            let named = (name, hash);
            blob(self.means, self.chain, self.netuid, named, most, &[])
        };
        let state = fetch("model", &self.first, STATE_LIMIT)?;
        let corpus = State::read(&state).map_err(Failure::input)?.corpus;
        let corpus = fetch("corpus", &corpus, CORPUS_LIMIT)?;
        let training = self.training.by_program(code.named(), &state, corpus);
        let training = training.map_err(|error| Failure::in_file(&code.file, error))?;
        self.training = Arc::new(training);
        self.report.program = Some(code.hash.into());
        Ok(())
    }

    /// Computes epochs again, up to the first one at which `ends` returns true for it and the hash
    /// of the state that it leads to. Returns true if there was one.
    fn run(
        &mut self,
        asked: &Asked<'_>,
        out: &mut dyn Write,
        mut ends: impl FnMut(&PastEpoch, (&[Member], &Digest)) -> bool,
    ) -> Result<bool, Failure> {
        let network = self.chain.network("the pledges", "replay a folder")?;
        let read = |first| History::read(network.chain(), &self.contracts, self.netuid, first);
        let now = read(u32::MAX).map_err(Failure::input)?;
        let first = first_epoch(&now, &self.contracts, self.netuid, &self.pledged);
        let first = first.map_err(Failure::input)?;
        self.report.first_epoch = first;
        let from = asked.from.unwrap_or(first);
        let last = asked.to.unwrap_or_else(|| now.open.saturating_sub(1));
        if from < first || from > last || last > now.open {
            return Err(Failure::input(format_args!(
                "the training has epochs {first} to {}; name some of them with --from and --to",
                now.open.saturating_sub(1)
            )));
        }
        let history = read(from).map_err(Failure::input)?;
        let (chosen, seed) = asked.sampling.choose((from..=last).collect())?;
        self.report.seed = seed;
        // The state that the last epoch led to, with that epoch's number.
        let mut before: Option<(u32, Digest)> = None;
        for number in chosen {
            let of = (self.home, self.netuid);
            let epoch = PastEpoch::read(&history, &self.contracts, of, &self.training, number);
            let Some(epoch) = epoch.map_err(Failure::input)? else {
                return Err(Failure::input(format_args!(
                    "the votes of epoch {number} are not on the chain yet; replay it after its end"
                )));
            };
            let computed = before
                .filter(|(of, _)| of.checked_add(1) == Some(number))
                .map(|(_, state)| state)
                .or_else(|| (number == first).then_some(self.first));
            let Some(start) = self.start(&epoch, computed)? else {
                return Ok(false);
            };
            let most = self.training.state_bytes();
            let what = "state with which the epoch begins,";
            let bytes = blob(
                self.means,
                self.chain,
                self.netuid,
                (what, &start),
                most,
                &[],
            )?;
            match epoch.replay(&self.training, &bytes, &self.means.blobs) {
                Ok(replayed) => {
                    let next = self.done(&epoch, start, &replayed, asked.json, out)?;
                    before = Some((number, next));
                    self.confirm(&history, &epoch, &next)?;
                    if self.report.wrong.is_some() {
                        return Ok(false);
                    }
                    if ends(&epoch, (&replayed.members, &next)) {
                        return Ok(true);
                    }
                }
                Err(problem @ (FalseStep::Folder(_) | FalseStep::Failed(_))) => {
                    return Err(Failure::input(problem))
                }
                Err(wrong) => {
                    self.report.wrong = Some(wrong.to_string());
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    /// Compares the state that an epoch leads to with the votes of the next one, if these are on
    /// the chain. Without most stake in the epoch itself, neurons may lawfully go on from another
    /// state.
    fn confirm(
        &mut self,
        history: &History<'_>,
        epoch: &PastEpoch,
        next: &Digest,
    ) -> Result<(), Failure> {
        let number = epoch.number.saturating_add(1);
        if number > history.open {
            return Ok(());
        }
        let of = (self.home, self.netuid);
        let following = PastEpoch::read(history, &self.contracts, of, &self.training, number);
        let following = following.map_err(Failure::input)?;
        match following.and_then(|it| it.voted_start()) {
            None => {}
            Some(voted) if voted == *next => {
                self.report.confirmed = self.report.confirmed.saturating_add(1);
            }
            Some(_) if epoch.voted_start().is_none() => self.report.breaks.push(number),
            Some(voted) => {
                self.report.wrong = Some(format!(
                    "epoch {number} begins with {} by the votes, and with {} by the steps",
                    hex(&voted),
                    hex(next)
                ));
            }
        }
        Ok(())
    }

    /// Returns the state with which an epoch begins: the computed one, which most stake must name
    /// too, or else the one that most stake names. Returns `None` after a false item.
    fn start(
        &mut self,
        epoch: &PastEpoch,
        computed: Option<Digest>,
    ) -> Result<Option<Digest>, Failure> {
        let number = epoch.number;
        match (computed, epoch.voted_start()) {
            (Some(_), Some(voted)) if self.report.breaks.contains(&number) => Ok(Some(voted)),
            (Some(computed), Some(voted)) if computed != voted => {
                self.report.wrong = Some(format!(
                    "epoch {number} begins with {} by the votes, and with {} by the steps",
                    hex(&voted),
                    hex(&computed)
                ));
                Ok(None)
            }
            (Some(start), _) | (None, Some(start)) => Ok(Some(start)),
            (None, None) => Err(Failure::input(format_args!(
                "no state is known that most stake began epoch {number} with; replay from an \
                 earlier epoch"
            ))),
        }
    }

    /// Counts an epoch that was computed, and keeps the state that it led to.
    fn done(
        &mut self,
        epoch: &PastEpoch,
        start: Digest,
        replayed: &Replayed,
        json: bool,
        out: &mut dyn Write,
    ) -> Result<Digest, Failure> {
        let next = self.means.blobs.put(&replayed.next);
        let next = next.map_err(Failure::input)?;
        let state = State::load(&replayed.next).ok();
        let measure = state.and_then(|it| self.training.train.measure(&it, &self.measured).ok());
        let millionths = measure.map(|it| it.0);
        let line = Line {
            epoch: epoch.number,
            start: Hex::from(start),
            pledges: epoch.pledges.works.len(),
            members: replayed.members.iter().map(|it| it.seat.uid).collect(),
            steps: replayed.steps,
            next: Hex::from(next),
            loss: millionths.map(nats),
            millionths,
        };
        if !json {
            let loss = line
                .loss
                .map_or_else(String::new, |loss| format!(", held-out loss {loss:.4}"));
            let pledges = i64::try_from(line.pledges).unwrap_or(i64::MAX);
            writeln!(
                out,
                "epoch {}: {}, {} of {} joined{loss}",
                line.epoch,
                count(line.steps, "step"),
                line.members.len(),
                count(pledges, "pledge")
            )?;
            out.flush()?;
        }
        self.report.steps = self.report.steps.saturating_add(replayed.steps);
        self.report.epochs.push(line);
        Ok(next)
    }
}
