//! Miners of the simulation: honest ones, and one for each way of cheating.

use inktensor_task::{Blob, Digest, Fold, Load, Seat};
use inktensor_train::{Answer, Epoch, State, Trace, Train, Work};

/// The behavior of a miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behavior {
    /// Does so many steps as assigned, and serves them.
    Honest { steps: u16 },
    /// Does `done` steps and invents the states of the others.
    Claims { claimed: u16, done: u16 },
    /// Pledges the states of another miner as its own.
    CopiesTrace { of: u16 },
    /// Does its steps, and pledges the end of another miner.
    CopiesEnd { of: u16, steps: u16 },
    /// Begins with the state before the last one. `hides` puts the right start into the trace.
    StaleStart { steps: u16, hides: bool },
    /// Does its steps, and answers no probe.
    Silent { steps: u16 },
    /// Does its steps, and answers only the first validator.
    ServesOne { steps: u16 },
    /// Does its steps, and ends with a state that harms the model.
    Spoils { steps: u16, what: Spoiled },
    /// Does nothing.
    Offline,
}

/// The harm that an invented end does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoiled {
    /// Weights that predict badly.
    Weights,
    /// Moments that make the next step of everyone a leap.
    Moments,
    /// Weights from which there is no step.
    Overflow,
}

impl Behavior {
    /// Returns true for a miner that is to be paid.
    pub const fn is_honest(&self) -> bool {
        matches!(self, Self::Honest { .. })
    }
}

/// The work of a miner in an epoch.
#[derive(Clone, Debug)]
pub struct Worked {
    pub behavior: Behavior,
    pub trace: Trace,
    pub work: Option<Work>,
    blobs: Vec<Vec<u8>>,
}

impl Worked {
    /// Returns the answer to a probe of the validator with number `validator`.
    pub fn answer(&self, validator: usize, step: u16) -> Option<Answer> {
        match self.behavior {
            Behavior::Silent { .. } | Behavior::Offline => return None,
            Behavior::ServesOne { .. } if validator != 0 => return None,
            _ => {}
        }
        Some(Answer {
            state: self.blobs.get(usize::from(step))?.clone(),
            ..self.trace.answer(step)?
        })
    }

    /// Returns the blob of the state with this hash, if the miner serves it.
    pub fn end(&self, hash: &Digest) -> Option<Vec<u8>> {
        let found = self.trace.states().iter().position(|state| state == hash)?;
        self.blobs.get(found).cloned()
    }
}

/// Returns the work of all miners, by uid. `before` is the start of the epoch before.
pub fn work(
    train: &Train,
    epoch: &Epoch,
    start: &[u8],
    before: &[u8],
    behaviors: &[Behavior],
) -> Vec<Worked> {
    let mut all: Vec<Worked> = Vec::new();
    for (uid, behavior) in (0..).zip(behaviors) {
        let seat = seat(uid);
        let steps = |from: &[u8], steps| stepped(train, epoch, seat, from, steps);
        let blobs = match behavior {
            Behavior::Honest { steps: n }
            | Behavior::Silent { steps: n }
            | Behavior::ServesOne { steps: n }
            | Behavior::CopiesEnd { steps: n, .. } => steps(start, *n),
            Behavior::Claims { claimed, done } => {
                let mut blobs = steps(start, *done);
                while blobs.len() <= usize::from(*claimed) {
                    blobs.push(invented(&blobs[blobs.len() - 1]));
                }
                blobs
            }
            Behavior::Spoils { steps: n, what } => {
                let mut blobs = steps(start, *n);
                let last = blobs.pop().unwrap();
                blobs.push(spoiled(&last, *what));
                blobs
            }
            Behavior::CopiesTrace { of } => all[usize::from(*of)].blobs.clone(),
            Behavior::StaleStart { steps: n, hides } => {
                let mut blobs = steps(before, *n);
                if *hides {
                    blobs[0] = start.to_vec();
                }
                blobs
            }
            Behavior::Offline => vec![start.to_vec()],
        };
        let states = blobs.iter().map(|blob| inktensor_task::blake2(blob));
        let trace = Trace::of(*epoch, seat, states.collect());
        let mut pledge = trace.pledge();
        if let Behavior::CopiesEnd { of, .. } = behavior {
            let copied = all[usize::from(*of)].work;
            pledge.end = copied.map_or(pledge.end, |work| work.end);
        }
        all.push(Worked {
            behavior: *behavior,
            work: (*behavior != Behavior::Offline).then_some(pledge),
            trace,
            blobs,
        });
    }
    all
}

/// Returns the registration of the miner on `uid`.
pub const fn seat(uid: u16) -> Seat {
    Seat {
        uid,
        generation: 1_000 + uid as u32,
    }
}

/// Returns the blobs of the states from `from` on, as assigned.
fn stepped(train: &Train, epoch: &Epoch, seat: Seat, from: &[u8], steps: u16) -> Vec<Vec<u8>> {
    let mut state = State::load(from).unwrap();
    let mut blobs = vec![from.to_vec()];
    for step in 0..steps {
        state = train.step(state, &epoch.assignment(seat, step)).unwrap();
        blobs.push(state.to_blob());
    }
    blobs
}

/// Returns a state that counts one step more and changes a weight, which costs nothing.
fn invented(blob: &[u8]) -> Vec<u8> {
    let mut state = State::load(blob).unwrap();
    state.model.steps += 1;
    state.model.weights[0] += 1e-3;
    state.to_blob()
}

/// Returns a state of the same training and count of steps that harms the model.
pub fn spoiled(blob: &[u8], what: Spoiled) -> Vec<u8> {
    let mut state = State::load(blob).unwrap();
    let model = &mut state.model;
    match what {
        Spoiled::Weights => model.weights.iter_mut().for_each(|it| *it *= -9.0),
        Spoiled::Overflow => model.weights.fill(1e30),
        Spoiled::Moments => {
            model.first.fill(1.0);
            model.second.fill(0.0);
        }
    }
    state.to_blob()
}
