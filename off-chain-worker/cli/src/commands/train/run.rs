//! `inktensor train start` and `inktensor train run`.

use super::{folder::Folder, plan::PlanArgs, record::Line};
use crate::{
    args,
    error::{Failure, Verdict},
    output::{self, format::count, json::Hex, View},
    values,
};
use inktensor_task::Digest;
use serde::Serialize;
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// Millionths of a nat.
const MILLION: f64 = 1e6;

/// Arguments of `train start`.
#[derive(clap::Args)]
pub struct Start {
    /// The folder of the training, which does not exist yet or is empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    plan: PlanArgs,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// Arguments of `train run`.
#[derive(clap::Args)]
pub struct Run {
    /// The folder of the training
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    plan: PlanArgs,
    /// The epochs of the whole training, with those that are done
    #[arg(
        long,
        value_parser = values::whole::<u32>(0..=9_000),
        default_value = "10",
        value_name = "NUMBER"
    )]
    epochs: u32,
    /// Print one JSON document at the end
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// The newest state of a training.
#[derive(Serialize)]
struct Reached {
    /// Epochs that are done.
    epochs: u32,
    /// Steps that the state counts.
    steps: u32,
    /// Held-out loss in nats a byte.
    loss: f64,
    /// Hash of the state.
    state: Hex,
    /// File of the state.
    file: String,
}

impl Reached {
    fn of(folder: &Folder, last: Option<&Line>) -> Self {
        let plan = &folder.plan;
        let (epochs, steps, loss, state): (_, _, _, Digest) = match last {
            Some(line) => {
                let done = line.epoch.saturating_add(1);
                (done, line.steps, line.loss, line.next.0)
            }
            None => (0, 0, plan.loss, plan.start.0),
        };
        Self {
            epochs,
            steps,
            loss: nats(loss),
            state: state.into(),
            file: folder.blob_file(&state).display().to_string(),
        }
    }
}

impl View for Reached {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{}, held-out loss {:.4} nats a byte",
            count(self.epochs, "epoch"),
            self.loss
        )?;
        writeln!(out, "state {}", self.state)?;
        writeln!(out, "file {}", self.file)
    }
}

/// Returns a loss in nats.
pub fn nats(millionths: u64) -> f64 {
    millionths as f64 / MILLION
}

/// Runs `train start`.
pub fn start(arguments: &Start, out: &mut dyn Write) -> Result<Verdict, Failure> {
    if Folder::exists(&arguments.out) {
        return Err(Failure::in_file(
            &arguments.out,
            "the folder has a training; continue it with `train run`, or name another --out",
        ));
    }
    let folder = arguments.plan.new_folder(&arguments.out)?;
    output::show(arguments.json, &Reached::of(&folder, None), out)?;
    Ok(Verdict::Good)
}

/// Runs `train run`.
pub fn run(arguments: &Run, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let folder = arguments.plan.folder(&arguments.out)?;
    let (mut log, mut last) = folder.append()?;
    let (course, mut state) = folder.course(None)?;
    if let Some(line) = &last {
        state = folder.state(&line.next.0, "the newest state")?;
    }
    let done = |last: Option<&Line>| last.map_or(0, |line| line.epoch.saturating_add(1));
    for epoch in done(last.as_ref())..arguments.epochs {
        let before = last.map_or(folder.plan.start, |line: Line| line.next);
        let computed = course.epoch(epoch, &state)?;
        // The state is whole before the log names it.
        folder.put(&computed.next)?;
        let line = Line::of(epoch, before.0, &computed);
        log.push(&line)?;
        if !arguments.json {
            writeln!(
                out,
                "epoch {epoch}: {}, {} of {} joined, held-out loss {:.4}",
                count(i64::try_from(line.worked()).unwrap_or(i64::MAX), "step"),
                line.members.len(),
                count(folder.plan.seats, "seat"),
                nats(line.loss)
            )?;
            out.flush()?;
        }
        state = computed.next;
        last = Some(line);
    }
    output::show(arguments.json, &Reached::of(&folder, last.as_ref()), out)?;
    Ok(Verdict::Good)
}
