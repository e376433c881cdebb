//! `inktensor train status`: the held-out loss of a training.

use super::{
    curve,
    folder::Folder,
    network::{self, OnSubnet},
    run::nats,
};
use crate::{
    args,
    error::{Failure, Verdict},
    output::{self, format::count, json::Hex, View},
    values,
};
use serde::Serialize;
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// Arguments of `train status`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of a training on this machine
    #[arg(long = "in", value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    subnet: OnSubnet,
    /// Epochs of a subnet before the open one
    #[arg(
        long,
        value_parser = values::whole::<u32>(1..=1_000),
        default_value = "12",
        value_name = "NUMBER"
    )]
    epochs: u32,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// A training, up to its newest epoch.
#[derive(Serialize)]
struct Status {
    /// Hash of the corpus.
    corpus: Hex,
    /// Hash of the first state.
    start: Hex,
    /// Number of seats.
    seats: u16,
    /// Steps of a seat in an epoch.
    steps_of_seat: u16,
    /// Epochs that are done.
    epochs: u32,
    /// Steps of all seats together.
    steps: u64,
    /// Steps that the newest state counts.
    counted: u32,
    /// Hash of the newest state.
    state: Hex,
    /// Held-out loss of the first state and after each epoch, in nats a byte.
    loss: Vec<f64>,
    #[serde(skip)]
    millionths: Vec<u64>,
}

impl View for Status {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{} of {} with {}: {}, of which the state counts {}",
            count(self.epochs, "epoch"),
            count(self.seats, "seat"),
            count(self.steps_of_seat, "step"),
            count(self.steps, "step"),
            self.counted
        )?;
        writeln!(out, "corpus {}", self.corpus)?;
        writeln!(out, "start  {}", self.start)?;
        writeln!(out, "state  {}", self.state)?;
        let newest = self.loss.last().copied().unwrap_or_default();
        writeln!(out, "\nheld-out loss in nats a byte, {newest:.4} now")?;
        for line in curve::lines(&self.millionths) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    if let Some(netuid) = arguments.subnet.netuid {
        let (subnet, json) = (&arguments.subnet, arguments.json);
        return network::status(subnet, netuid, arguments.epochs, json, out);
    }
    let folder = arguments.folder.as_ref();
    let folder = folder.ok_or_else(|| Failure::input("name a folder with --in"))?;
    let status = status(&Folder::open(folder)?)?;
    output::show(arguments.json, &status, out)?;
    Ok(Verdict::Good)
}

fn status(folder: &Folder) -> Result<Status, Failure> {
    let plan = &folder.plan;
    let (mut epochs, mut steps, mut counted) = (0, 0u64, 0);
    let (mut state, mut millionths) = (plan.start.0, vec![plan.loss]);
    for line in folder.lines()? {
        let line = line?;
        epochs = line.epoch.saturating_add(1);
        steps = steps.saturating_add(u64::try_from(line.worked()).unwrap_or(u64::MAX));
        counted = line.steps;
        state = line.next.0;
        millionths.push(line.loss);
    }
    Ok(Status {
        corpus: plan.corpus.0.into(),
        start: plan.start.0.into(),
        seats: plan.seats,
        steps_of_seat: plan.steps,
        epochs,
        steps,
        counted,
        state: state.into(),
        loss: millionths.iter().copied().map(nats).collect(),
        millionths,
    })
}
