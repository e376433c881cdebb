//! Miners of the simulation: honest ones, and one for each way of cheating.

use inktensor_contest::{Entry, HeldOut, Model, Opening, Pledge, Shown, Subnet, MODEL_LIMIT};
use inktensor_exact::{
    adamw::AdamW,
    gpt::{Config, State, Trainer},
    rng::Rng,
};
use inktensor_task::{blake2, Blob, Seat, Seed};

/// Sizes of all models: 2 736 weights.
pub const CONFIG: Config = Config {
    vocabulary: 64,
    context: 8,
    width: 16,
    layers: 1,
    heads: 2,
    hidden: 16,
};
/// Blocks of an epoch.
pub const TEMPO: u32 = 360;
/// The subnet of the simulation.
pub const SUBNET: Subnet = Subnet {
    home: [1; 32],
    netuid: 3,
};
/// Rows of a step of training.
const TRAINED_ROWS: u16 = 16;

/// The behavior of a miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behavior {
    /// Trains a model of its own for so many steps, with a rate that falls.
    Honest { steps: u32 },
    /// Pledges the model that another miner has shown.
    CopiesModel { of: u16, how: Change },
    /// Sees the pledge of another miner in the queue of transactions, and pledges the same bytes in
    /// the same block. Later it shows everything that the other miner shows.
    CopiesPledge { of: u16 },
    /// Pledges a good model, and shows less or something else.
    Shows { wrong: Wrong },
    /// Pledges a blob that has no loss, and shows it.
    Enters { what: Useless },
}

/// The change that a copier makes to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// None: the same bits.
    Bits,
    /// Noise of this deviation, in millionths.
    Noise { millionths: u16 },
    /// So many steps of training, with the rate in millionths.
    Tuned { steps: u32, rate: u16 },
}

/// A way of showing a good model that is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// No opening.
    Unopened,
    /// An opening with another salt.
    OtherSalt,
    /// No blob.
    Missing,
    /// One bit of the blob is another.
    Damaged,
    /// More bytes than the limit.
    TooLong,
}

/// A pledged blob that has no loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Useless {
    /// A model that ends early.
    CutOff,
    /// A weight that is not a number.
    NotANumber,
    /// A model of twice the hidden width.
    OtherShape,
    /// Finite weights that overflow.
    Overflow,
}

impl Behavior {
    /// Returns true for a miner that is to be paid.
    pub const fn is_honest(&self) -> bool {
        matches!(self, Self::Honest { .. })
    }
}

/// A miner: its pledge, and everything that it shows from the next cut-off on.
#[derive(Clone, Debug)]
pub struct Miner {
    pub behavior: Behavior,
    pub entry: Entry,
    pub shown: Shown,
}

impl Miner {
    /// Returns everything that the miner shows.
    pub fn show(&self) -> Shown {
        let is_long = matches!(
            self.behavior,
            Behavior::Shows {
                wrong: Wrong::TooLong
            }
        );
        let blob = match is_long {
            // Made when it is asked for: a copy of so many bytes takes its time.
            true => Some(vec![0; MODEL_LIMIT + 1]),
            false => self.shown.blob.clone(),
        };
        Shown {
            blob,
            ..self.shown.clone()
        }
    }
}

/// Returns all miners, by uid, each of which pledges once: in the epoch that stands with it.
pub fn miners(contest: &HeldOut, seed: u64, behaviors: &[(u32, Behavior)]) -> Vec<Miner> {
    let mut all: Vec<Miner> = Vec::new();
    for (uid, (epoch, behavior)) in (0..).zip(behaviors) {
        let made = miner(contest, seed, uid, *epoch, *behavior, &all);
        all.push(made);
    }
    all
}

fn miner(
    contest: &HeldOut,
    seed: u64,
    uid: u16,
    epoch: u32,
    behavior: Behavior,
    others: &[Miner],
) -> Miner {
    let shown_by = |of: u16| others[usize::from(of)].shown.blob.as_deref().unwrap();
    let trained = |steps| trained(contest, seed * 1_000 + u64::from(uid), steps);
    let blob = match behavior {
        Behavior::Honest { steps } => trained(steps).to_blob(),
        Behavior::CopiesModel { of, how } => changed(contest, seed, shown_by(of), how),
        Behavior::CopiesPledge { of } => {
            let other = &others[usize::from(of)];
            let entry = Entry {
                seat: seat(uid),
                ..other.entry
            };
            let shown = other.shown.clone();
            return Miner {
                behavior,
                entry,
                shown,
            };
        }
        Behavior::Shows { .. } => trained(64).to_blob(),
        Behavior::Enters { what } => useless(&trained(64), what),
    };
    let mut opening = Opening {
        model: blake2(&blob),
        salt: Seed([uid as u8; 32]).part("salt").0,
    };
    let entry = Entry {
        block: epoch * TEMPO + 10 + u32::from(uid),
        seat: seat(uid),
        pledge: Pledge::sealed(&SUBNET, seat(uid), &opening),
    };
    let mut shown = Shown {
        opening: Some(opening),
        blob: Some(blob),
    };
    if let Behavior::Shows { wrong } = behavior {
        match wrong {
            Wrong::Unopened => shown.opening = None,
            Wrong::OtherSalt => {
                opening.salt[0] ^= 1;
                shown.opening = Some(opening);
            }
            Wrong::Missing => shown.blob = None,
            Wrong::Damaged => shown.blob.as_mut().unwrap()[999] ^= 1,
            Wrong::TooLong => {}
        }
    }
    Miner {
        behavior,
        entry,
        shown,
    }
}

/// Returns the registration of the miner on `uid`.
pub const fn seat(uid: u16) -> Seat {
    Seat {
        uid,
        generation: 1_000 + uid as u32,
    }
}

/// Returns a model that was trained with a rate that falls: half of the steps at 0.003, and an
/// eighth each at 0.001, 0.0003, 0.0001 and 0.00003.
pub fn trained(contest: &HeldOut, seed: u64, steps: u32) -> Model {
    let start = trainer(0.003).start(seed);
    let parts = [
        (0.003, steps / 2),
        (0.001, steps / 8),
        (0.0003, steps / 8),
        (0.0001, steps / 8),
        (0.00003, steps / 8),
    ];
    let state = (0..)
        .zip(parts)
        .fold(start, |state, (part, (rate, steps))| {
            stepped(contest, state, rate, steps, seed * 8 + part)
        });
    Model::new(CONFIG, state.weights).unwrap()
}

/// Returns a model that was trained at the rate of 0.003 to the end.
pub fn unfinished(contest: &HeldOut, seed: u64, steps: u32) -> Model {
    let state = stepped(contest, trainer(0.003).start(seed), 0.003, steps, seed);
    Model::new(CONFIG, state.weights).unwrap()
}

fn stepped(contest: &HeldOut, state: State, rate: f32, steps: u32, seed: u64) -> State {
    let trainer = trainer(rate);
    let mut draw = Seed([7; 32]).part(&seed.to_string());
    (0..steps).fold(state, |state, _| {
        draw = draw.part("next");
        let rows = contest.corpus().rows(&draw, TRAINED_ROWS);
        trainer.step(state, &rows).unwrap()
    })
}

fn trainer(rate: f32) -> Trainer {
    let recipe = AdamW {
        rate,
        ..AdamW::SMALL
    };
    Trainer::new(CONFIG, recipe).unwrap()
}

/// Returns the model in a blob after a change.
pub fn changed(contest: &HeldOut, seed: u64, blob: &[u8], how: Change) -> Vec<u8> {
    let model = Model::read(blob).unwrap();
    let mut weights = model.weights().to_vec();
    match how {
        Change::Bits => {}
        Change::Noise { millionths } => {
            let mut rng = Rng::new(seed);
            let deviation = f32::from(millionths) * 1e-6;
            weights
                .iter_mut()
                .for_each(|it| *it += deviation * rng.bell());
        }
        Change::Tuned { steps, rate } => {
            let start = State {
                weights,
                ..trainer(0.003).start(0)
            };
            let rate = f32::from(rate) * 1e-6;
            weights = stepped(contest, start, rate, steps, 77 + seed).weights;
        }
    }
    Model::new(CONFIG, weights).unwrap().to_blob()
}

fn useless(model: &Model, what: Useless) -> Vec<u8> {
    let mut blob = model.to_blob();
    let last = blob.len() - 4;
    match what {
        Useless::CutOff => blob.truncate(last),
        Useless::NotANumber => blob[last..].copy_from_slice(&f32::NAN.to_le_bytes()),
        Useless::OtherShape => {
            let config = Config {
                hidden: 2 * CONFIG.hidden,
                ..CONFIG
            };
            let weights = vec![0.01; config.parameters()];
            blob = Model::new(config, weights).unwrap().to_blob();
        }
        Useless::Overflow => {
            let mut weights = model.weights().to_vec();
            let gains = weights.len() - CONFIG.width;
            weights[gains..].fill(1e38);
            blob = Model::new(CONFIG, weights).unwrap().to_blob();
        }
    }
    blob
}
