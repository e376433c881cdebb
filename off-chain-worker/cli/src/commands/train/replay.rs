//! `inktensor train replay`: a training, computed again and compared hash by hash.

use super::{
    code::Code,
    course::Course,
    folder::{Folder, Stored},
    network::{self, Asked, OnSubnet},
    record::{Line, SeatLine},
};
use crate::{
    args,
    error::{Failure, Verdict},
    output::{self, format::count, json::Hex, View},
    values,
};
use inktensor_neuron::service::random;
use inktensor_primitives::hash::hex;
use inktensor_task::{Blob, Digest, Hash, Seed, Tag};
use serde::Serialize;
use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::PathBuf,
};

/// The tag of the seed of a sample.
const SAMPLE: Tag = Tag(b"ink:samp");

/// Arguments of `train replay`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of a training on this machine
    #[arg(long = "in", value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    subnet: OnSubnet,
    /// The first epoch; by default the first one of the training
    #[arg(
        long,
        value_parser = values::whole::<u32>(0..=u32::MAX.into()),
        value_name = "EPOCH"
    )]
    from: Option<u32>,
    /// The last epoch; by default the newest one
    #[arg(
        long,
        value_parser = values::whole::<u32>(0..=u32::MAX.into()),
        value_name = "EPOCH"
    )]
    to: Option<u32>,
    #[command(flatten)]
    sampling: Sampling,
    /// Compute everything by this Wasm program of train/1, instead of native code
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// The epochs to compute again.
#[derive(Default, clap::Args)]
pub struct Sampling {
    /// Compute so many of the epochs again, which are drawn; all by default
    #[arg(
        long,
        value_parser = values::whole::<u32>(1..=1_000_000),
        value_name = "NUMBER"
    )]
    sample: Option<u32>,
    /// The seed of the sample; random by default
    #[arg(
        long,
        value_parser = values::whole::<u64>(0..=u64::MAX),
        requires = "sample",
        value_name = "NUMBER"
    )]
    seed: Option<u64>,
}

impl Sampling {
    /// Returns true if not all epochs are asked for.
    pub const fn is_given(&self) -> bool {
        self.sample.is_some()
    }

    /// Returns those of `epochs` to compute again, and the seed of the sample.
    pub fn choose(&self, epochs: Vec<u32>) -> Result<(BTreeSet<u32>, Option<u64>), Failure> {
        let Some(number) = self.sample else {
            return Ok((epochs.into_iter().collect(), None));
        };
        let seed = match self.seed {
            Some(seed) => seed,
            None => u64::from_le_bytes(random().map_err(Failure::input)?),
        };
        Ok((drawn(epochs, number, seed), Some(seed)))
    }
}

/// The result of a replay.
#[derive(Debug, Serialize)]
pub struct Replayed {
    /// Epochs of the training.
    epochs: u32,
    /// Epochs that were computed again, each to its end.
    replayed: Vec<u32>,
    /// Steps that were computed again.
    steps: usize,
    /// The seed of the sample. Absent without one.
    seed: Option<u64>,
    /// Hash of the Wasm program that computed everything. Absent for native code.
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<Hex>,
    /// The first false item. Absent if every hash is the same.
    pub wrong: Option<String>,
}

impl Replayed {
    /// Returns the result before anything of a training of `epochs` was computed, of a sample of
    /// this seed.
    pub const fn new(epochs: u32, seed: Option<u64>) -> Self {
        Self {
            epochs,
            replayed: Vec::new(),
            steps: 0,
            seed,
            program: None,
            wrong: None,
        }
    }
}

impl View for Replayed {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(wrong) = &self.wrong {
            return writeln!(out, "false: {wrong}");
        }
        if let Some(seed) = self.seed {
            writeln!(out, "sample of seed {seed}: epochs {:?}", self.replayed)?;
        }
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        writeln!(
            out,
            "true: {} of {}, {}, every hash is the same",
            self.replayed.len(),
            count(self.epochs, "epoch"),
            count(whole(self.steps), "step")
        )?;
        match &self.program {
            Some(program) => writeln!(out, "by the Wasm program {program}"),
            None => Ok(()),
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let code = arguments.program.as_deref().map(Code::read).transpose()?;
    if let Some(netuid) = arguments.subnet.netuid {
        let asked = Asked {
            from: arguments.from,
            to: arguments.to,
            sampling: &arguments.sampling,
            code: code.as_ref(),
            json: arguments.json,
        };
        return network::replay(&arguments.subnet, netuid, &asked, out);
    }
    let folder = arguments.folder.as_ref();
    let folder = folder.ok_or_else(|| Failure::input("name a folder with --in"))?;
    let folder = Folder::open(folder)?;
    let from = arguments.from.unwrap_or(0);
    let mut epochs = 0u32;
    for line in folder.lines()? {
        epochs = line?.epoch.saturating_add(1);
    }
    let last = arguments.to.unwrap_or(epochs.saturating_sub(1));
    if epochs > 0 && (from > last || last >= epochs) {
        return Err(Failure::input(format_args!(
            "there are epochs 0 to {}; name some of them with --from and --to",
            epochs.saturating_sub(1)
        )));
    }
    let range: Vec<u32> = (from..=last).take_while(|it| *it < epochs).collect();
    let (chosen, seed) = arguments.sampling.choose(range)?;
    let mut replayed = Replayed::new(epochs, seed);
    replayed.program = code.as_ref().map(|code| code.hash.into());
    match replay(&folder, (epochs, &chosen), code.as_ref(), &mut replayed) {
        Ok(()) => {}
        Err(Stored::Changed(wrong)) => replayed.wrong = Some(wrong),
        Err(Stored::Failed(failure)) => return Err(failure),
    }
    output::show(arguments.json, &replayed, out)?;
    Ok(Verdict::of(replayed.wrong.is_none()))
}

/// Returns `number` of the epochs, drawn by `seed`.
fn drawn(mut epochs: Vec<u32>, number: u32, seed: u64) -> BTreeSet<u32> {
    let mut draw = Seed(Hash::new(SAMPLE).u64(seed).digest()).draw();
    draw.shuffle(&mut epochs);
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    epochs.into_iter().take(number).collect()
}

/// Computes the chosen epochs again, and counts them in `done`.
///
/// The first state is computed in any case, and the first `epochs` lines must join up.
pub fn replay(
    folder: &Folder,
    (epochs, chosen): (u32, &BTreeSet<u32>),
    code: Option<&Code>,
    done: &mut Replayed,
) -> Result<(), Stored> {
    let (course, stored) = folder.course(code)?;
    let (plan, start) = (&folder.plan, course.start()?);
    compare("the first state", &plan.start.0, &start.hash())?;
    equal(
        "the held-out loss of the first state",
        plan.loss,
        course.loss(&stored)?.0,
    )?;
    let mut before = plan.start.0;
    for line in folder
        .lines()?
        .take(usize::try_from(epochs).unwrap_or(usize::MAX))
    {
        let line = line?;
        line.check(&before).map_err(Stored::Changed)?;
        before = line.next.0;
        if !chosen.contains(&line.epoch) {
            continue;
        }
        replay_epoch(folder, &course, &line)?;
        done.replayed.push(line.epoch);
        done.steps = done.steps.saturating_add(line.worked());
    }
    Ok(())
}

fn replay_epoch(folder: &Folder, course: &Course, line: &Line) -> Result<(), Stored> {
    let epoch = line.epoch;
    let name = format!("the state with which epoch {epoch} begins");
    let start = folder.state(&line.start.0, &name)?;
    let computed = course.epoch(epoch, &start)?;
    let right = Line::of(epoch, line.start.0, &computed);
    equal(
        &format!("the number of seats in epoch {epoch}"),
        line.work.len(),
        right.work.len(),
    )?;
    for (found, right) in line.work.iter().zip(&right.work) {
        compare_work(epoch, found, right)?;
    }
    let of = |what| format!("{what} of epoch {epoch}");
    let uids = |members: &[u16]| {
        let uids: Vec<String> = members.iter().map(ToString::to_string).collect();
        format!("[{}]", uids.join(", "))
    };
    equal(
        &of("the joined seats"),
        uids(&line.members),
        uids(&right.members),
    )?;
    compare(&of("the next state"), &line.next.0, &right.next.0)?;
    equal(&of("the counted steps"), line.steps, right.steps)?;
    equal(&of("the held-out loss"), line.loss, right.loss)?;
    let name = format!("the state in which epoch {epoch} ends");
    folder.state(&line.next.0, &name)?;
    Ok(())
}

fn compare_work(epoch: u32, found: &SeatLine, right: &SeatLine) -> Result<(), Stored> {
    let place = format!("epoch {epoch}, seat {}", right.uid);
    equal(&format!("the seat in {place}"), found.uid, right.uid)?;
    for (step, (found, right)) in found.states.iter().zip(&right.states).enumerate() {
        compare(
            &format!("the state after step {step} in {place}"),
            &found.0,
            &right.0,
        )?;
    }
    equal(
        &format!("the number of steps in {place}"),
        found.states.len(),
        right.states.len(),
    )?;
    compare(
        &format!("the root in {place}"),
        &found.root.0,
        &right.root.0,
    )
}

fn compare(what: &str, found: &Digest, right: &Digest) -> Result<(), Stored> {
    equal(what, hex(found), hex(right))
}

fn equal<T: PartialEq + std::fmt::Display>(what: &str, found: T, right: T) -> Result<(), Stored> {
    match found == right {
        true => Ok(()),
        false => Err(Stored::Changed(format!("{what} is {found}, not {right}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_follows_from_its_seed_and_reaches_every_epoch() {
        let sample = |seed| drawn((5..25).collect(), 3, seed);
        assert_eq!(sample(1), sample(1));
        assert_eq!(sample(1).len(), 3);
        let seen: BTreeSet<u32> = (0..200).flat_map(sample).collect();
        assert_eq!(seen, (5..25).collect());
        assert_eq!(drawn(vec![4], 9, 1), BTreeSet::from([4]));
        assert!(drawn(Vec::new(), 9, 1).is_empty());
    }
}
