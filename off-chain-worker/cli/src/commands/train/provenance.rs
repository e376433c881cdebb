//! `inktensor provenance`: from an answer or a state back to the first seed of a training.

use super::{
    folder::{Folder, Stored},
    network::{self, OnSubnet},
    record::Line,
    replay::{replay, Replayed, Sampling},
};
use crate::{
    args,
    commands::model::read_at_most,
    error::{Failure, Verdict},
    output::{self, format::count, json::Hex, View},
    values,
};
use inktensor_neuron::program::linked;
use inktensor_primitives::hash::hex;
use inktensor_task::{Blob, Digest, Worth};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The most bytes of the file of an answer.
const ANSWER_LIMIT: u64 = 1 << 20;
/// Epochs at each end of a history that are printed. `--json` has all.
const SHOWN: usize = 4;

/// Arguments of `provenance`.
#[derive(clap::Args)]
#[command(after_help = example!(
    "provenance --in book --answer answer.json",
    "provenance --chain ws://127.0.0.1:9944 --netuid 2 --answer answer.json"
))]
pub struct Arguments {
    /// The hash of a state, or of a root, the corpus or the plan of a training
    #[arg(
        value_parser = values::digest,
        required_unless_present = "answer",
        conflicts_with = "answer"
    )]
    hash: Option<Digest>,
    /// An answer that `ask --json` has printed: its state is looked for, and the answer is computed
    /// again
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
    /// The folder of a training on this machine
    #[arg(long = "in", value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    subnet: OnSubnet,
    /// The seed of a subnet's first state, as `train start --seed` had it: the state is computed
    #[arg(
        long,
        value_parser = values::whole::<u64>(0..=u64::MAX),
        requires = "netuid",
        value_name = "NUMBER"
    )]
    first_seed: Option<u64>,
    #[command(flatten)]
    sampling: Sampling,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// An answer, as `ask --json` prints it. Other fields have no part in it.
#[derive(Deserialize)]
pub struct Answered {
    task: String,
    /// Hash of a program: then the task's name says nothing.
    program: Option<Value>,
    state: String,
    question: Value,
    answer: Value,
}

/// The part of a training that has the hash.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Plan,
    Corpus,
    Start,
    /// The state in which an epoch ends.
    End(u32),
    /// The state after a step of a seat.
    Step {
        epoch: u32,
        uid: u16,
        step: usize,
    },
    /// The root of a seat's work, as a pledge has it.
    Root {
        epoch: u32,
        uid: u16,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan => f.write_str("the plan"),
            Self::Corpus => f.write_str("the corpus"),
            Self::Start => f.write_str("the first state"),
            Self::End(epoch) => write!(f, "the state in which epoch {epoch} ends"),
            Self::Step { epoch, uid, step } => {
                write!(
                    f,
                    "the state after step {step} of seat {uid} in epoch {epoch}"
                )
            }
            Self::Root { epoch, uid } => {
                write!(f, "the root of the work of seat {uid} in epoch {epoch}")
            }
        }
    }
}

/// Returns the part of the epoch that has the hash.
fn place_in(line: &Line, hash: &Digest) -> Option<Place> {
    let epoch = line.epoch;
    if line.next.0 == *hash {
        return Some(Place::End(epoch));
    }
    line.work.iter().find_map(|seat| {
        let uid = seat.uid;
        if seat.root.0 == *hash {
            return Some(Place::Root { epoch, uid });
        }
        let step = seat.states.iter().position(|state| state.0 == *hash)?;
        Some(Place::Step { epoch, uid, step })
    })
}

/// An epoch of the history.
#[derive(Serialize)]
struct Link {
    epoch: u32,
    /// Steps of all seats.
    steps: usize,
    /// Seats whose ends were joined.
    joined: Vec<u16>,
    /// Hash of the state in which the epoch ends.
    end: Hex,
}

impl From<&Line> for Link {
    fn from(line: &Line) -> Self {
        Self {
            epoch: line.epoch,
            steps: line.worked(),
            joined: line.members.clone(),
            end: line.next.0.into(),
        }
    }
}

/// The history of a hash.
#[derive(Serialize)]
struct Provenance {
    /// The hash.
    hash: Hex,
    /// The part of the training that has the hash.
    place: String,
    /// Hash of the plan.
    plan: Hex,
    /// The number from which all seeds of the training follow.
    first_seed: u64,
    /// Hash of the corpus.
    corpus: Hex,
    /// Hash of the first state.
    start: Hex,
    /// The epochs up to that place.
    history: Vec<Link>,
    /// True if the answer is the one computed here. Absent without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<bool>,
    /// The computation of the epochs.
    #[serde(flatten)]
    replayed: Replayed,
}

impl View for Provenance {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{}\n  is {}. By the log it follows from",
            self.hash, self.place
        )?;
        writeln!(out, "  plan   {}", self.plan)?;
        writeln!(out, "  corpus {}", self.corpus)?;
        writeln!(
            out,
            "  seed   {}, which leads to the first state",
            self.first_seed
        )?;
        writeln!(out, "         {}", self.start)?;
        let hidden = self.history.len().saturating_sub(2 * SHOWN);
        for (place, link) in self.history.iter().enumerate() {
            if hidden > 0 && place == SHOWN {
                let hidden = i64::try_from(hidden).unwrap_or(i64::MAX);
                writeln!(out, "  and {} more, then", count(hidden, "epoch"))?;
            }
            if hidden > 0 && (SHOWN..SHOWN + hidden).contains(&place) {
                continue;
            }
            let steps = i64::try_from(link.steps).unwrap_or(i64::MAX);
            let joined = i64::try_from(link.joined.len()).unwrap_or(i64::MAX);
            writeln!(
                out,
                "  epoch {}: {}, {} joined",
                link.epoch,
                count(steps, "step"),
                count(joined, "seat"),
            )?;
            writeln!(out, "         {}", link.end)?;
        }
        match self.answer {
            Some(true) => writeln!(out, "right: this state gives the answer")?,
            Some(false) => writeln!(out, "wrong: this state gives another answer")?,
            None => {}
        }
        self.replayed.text(out)
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let answered = match &arguments.answer {
        Some(path) => Some(read_answer(path)?),
        None => None,
    };
    let hash = match (&answered, arguments.hash) {
        (Some((_, state)), _) => *state,
        (None, Some(hash)) => hash,
        (None, None) => return Err(Failure::input("name a hash, or a file with --answer")),
    };
    if let Some(netuid) = arguments.subnet.netuid {
        if arguments.sampling.is_given() {
            return Err(Failure::input(
                "--sample: the states of a subnet's epochs are not kept, so all are computed; \
                 leave it out",
            ));
        }
        let answered = answered.as_ref().map(|(answered, _)| answered);
        let (first_seed, json) = (arguments.first_seed, arguments.json);
        let subnet = (&arguments.subnet, netuid);
        return network::trace(subnet, &hash, first_seed, answered, json, out);
    }
    let folder = arguments.folder.as_ref();
    let folder = folder.ok_or_else(|| Failure::input("name a folder with --in"))?;
    let folder = Folder::open(folder)?;
    let (place, epochs) = find(&folder, &hash)?;
    let numbers: Vec<u32> = epochs.iter().map(|link| link.epoch).collect();
    let all = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    let last = numbers.last().copied();
    let (mut chosen, seed) = arguments.sampling.choose(numbers)?;
    // The epoch that has the hash is always computed.
    chosen.extend(last);
    let mut replayed = Replayed::new(all, seed);
    let compared =
        replay(&folder, (all, &chosen), None, &mut replayed).and_then(|()| match &answered {
            Some((answered, state)) => Ok(Some(is_right(&folder, answered, state)?)),
            None => Ok(None),
        });
    let answer = match compared {
        Ok(answer) => answer,
        Err(Stored::Changed(wrong)) => {
            replayed.wrong = Some(wrong);
            None
        }
        Err(Stored::Failed(failure)) => return Err(failure),
    };
    let plan = &folder.plan;
    let found = Provenance {
        hash: hash.into(),
        place: place.to_string(),
        plan: folder.home.into(),
        first_seed: plan.seed,
        corpus: plan.corpus.0.into(),
        start: plan.start.0.into(),
        history: epochs,
        answer,
        replayed,
    };
    output::show(arguments.json, &found, out)?;
    let is_true = found.replayed.wrong.is_none() && found.answer != Some(false);
    Ok(Verdict::of(is_true))
}

/// Returns the part of the training that has the hash, and the epochs up to it.
fn find(folder: &Folder, hash: &Digest) -> Result<(Place, Vec<Link>), Failure> {
    let plan = &folder.plan;
    let first = [
        (plan.start.0, Place::Start),
        (plan.corpus.0, Place::Corpus),
        (folder.home, Place::Plan),
    ];
    for (of, place) in first {
        if of == *hash {
            return Ok((place, Vec::new()));
        }
    }
    let mut epochs = Vec::new();
    for line in folder.lines()? {
        let line = line?;
        epochs.push(Link::from(&line));
        if let Some(place) = place_in(&line, hash) {
            return Ok((place, epochs));
        }
    }
    Err(Failure::input(format_args!(
        "nothing in this training has the hash {}; name the folder of the training that it is from",
        hex(hash)
    )))
}

/// Returns an answer and the hash of its state.
fn read_answer(path: &Path) -> Result<(Answered, Digest), Failure> {
    let text = read_at_most(path, ANSWER_LIMIT)?;
    let answered: Answered = serde_json::from_slice(&text)
        .map_err(|error| Failure::in_file(path, format_args!("{error}; use `ask --json`")))?;
    if answered.program.is_some() {
        return Err(Failure::in_file(
            path,
            "the answer is of a Wasm program, and a training has none",
        ));
    }
    let state = values::digest(&answered.state)
        .map_err(|error| Failure::in_file(path, format_args!("state: {error}")))?;
    Ok((answered, state))
}

/// Returns true if the task gives the answer with the training's state.
fn is_right(folder: &Folder, answered: &Answered, hash: &Digest) -> Result<bool, Stored> {
    let state = folder.state(hash, "the state of the answer")?;
    Ok(answered.is_of(&state.to_blob())?)
}

impl Answered {
    /// Returns true if the task gives the answer with the state in a blob.
    pub fn is_of(&self, state: &[u8]) -> Result<bool, Failure> {
        let program = linked(&self.task, state).map_err(Failure::input)?;
        let text = |value: &Value| serde_json::to_vec(value).map_err(Failure::input);
        let worth = program.worth(&text(&self.question)?, &text(&self.answer)?);
        Ok(worth.map_err(Failure::input)? == Worth::WHOLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::train::record::{Named, SeatLine};

    #[test]
    fn each_hash_of_an_epoch_has_its_place() {
        let seat = |uid: u16, states: &[u8], root: u8| SeatLine {
            uid,
            states: states.iter().map(|it| Named([*it; 32])).collect(),
            root: Named([root; 32]),
        };
        let line = Line {
            epoch: 7,
            start: Named([1; 32]),
            work: vec![seat(0, &[2, 3], 4), seat(5, &[6, 7], 8)],
            members: vec![0, 5],
            next: Named([9; 32]),
            steps: 2,
            loss: 1,
        };
        for (byte, expected) in [
            (1, None),
            (2, Some("the state after step 0 of seat 0 in epoch 7")),
            (4, Some("the root of the work of seat 0 in epoch 7")),
            (7, Some("the state after step 1 of seat 5 in epoch 7")),
            (8, Some("the root of the work of seat 5 in epoch 7")),
            (9, Some("the state in which epoch 7 ends")),
        ] {
            let found = place_in(&line, &[byte; 32]).map(|place| place.to_string());
            assert_eq!(found.as_deref(), expected);
        }
        // The end of the only seat is the state in which the epoch ends.
        let alone = Line {
            work: vec![seat(0, &[2, 9], 4)],
            ..line
        };
        assert_eq!(place_in(&alone, &[9; 32]), Some(Place::End(7)));
    }
}
