//! A miner's steps: computed on a thread, one state after the other, up to the pledge.
//!
//! The states of the open epoch lie in a folder of their own, which is not served: no work is shown
//! before all have pledged. A state is whole on the disk before the store has its hash. So a miner
//! that was killed goes on after its last whole state.

use super::{course::keep, Training};
use crate::{
    error::NeuronError,
    evidence::{seeds::question_seed, Registration},
    store::{Record, Store},
};
use inktensor_primitives::{Digest, NetUid};
use inktensor_task::{Blob, Fold, Load, Seat};
use inktensor_train::{probed, Answer, Epoch, State, Trace, Work};
use inktensor_wire::Blobs;
use scale::{Decode, Encode};
use std::{
    collections::BTreeSet,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, PoisonError,
    },
    thread::{self, JoinHandle},
};
use tracing::warn;

/// The state after a step of this miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
struct StepRecord {
    /// Generation of the miner's seat.
    generation: u32,
    /// Hash of the state with which the epoch began.
    start: Digest,
    /// Hash of the state after the step.
    state: Digest,
}

impl Record for StepRecord {
    const TABLE: &'static str = "steps";
    const KIND: u8 = 22;
}

/// Tables of a trainer.
pub const TABLES: [&str; 1] = [StepRecord::TABLE];

/// Returns the key of a step, counted from 1.
fn of_step(epoch: u32, step: u16) -> Vec<u8> {
    [&epoch.to_be_bytes()[..], &step.to_be_bytes()].concat()
}

/// The folders of a miner's states.
#[derive(Clone, Debug)]
pub struct Folders {
    /// The states of the open epoch, which are not served.
    pub work: Arc<Blobs>,
    /// The blobs that are served.
    pub served: Arc<Blobs>,
}

impl Folders {
    /// Returns the last of these states that is here, with the number of states before it.
    fn newest(&self, states: &[Digest]) -> Option<(u16, State)> {
        let numbered = states.iter().enumerate().rev();
        let mut held = numbered.filter_map(|(steps, hash)| {
            let state = State::load(&self.get(hash)?).ok()?;
            Some((u16::try_from(steps).ok()?, state))
        });
        held.next()
    }

    /// Returns the bytes of a state.
    fn get(&self, state: &Digest) -> Option<Vec<u8>> {
        self.work
            .get(state)
            .or_else(|_| self.served.get(state))
            .ok()
    }
}

/// A miner's work in an epoch.
pub struct Trainer {
    training: Arc<Training>,
    epoch: Epoch,
    seat: Seat,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Trainer {
    /// Begins the work of an epoch, or goes on with it after the last whole state.
    ///
    /// # Errors
    /// If the store is unusable, or the system gives no thread.
    pub fn begin(
        training: &Arc<Training>,
        store: &Arc<Store>,
        folders: &Folders,
        (epoch, seat): (Epoch, Seat),
    ) -> Result<Self, NeuronError> {
        // Steps of earlier epochs are of no more use.
        forget(store, folders, epoch.number)?;
        let stop = Arc::new(AtomicBool::new(false));
        let job = Job {
            training: Arc::clone(training),
            store: Arc::clone(store),
            folders: folders.clone(),
            epoch,
            seat,
            stop: Arc::clone(&stop),
        };
        let done = done(store, &epoch, seat)?;
        let run = move || job.run(&done);
        let thread = thread::Builder::new().name("train".into()).spawn(run)?;
        Ok(Self {
            training: Arc::clone(training),
            epoch,
            seat,
            stop,
            thread,
        })
    }

    /// Returns the epoch of the work.
    pub const fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Asks for the end of the work after the step in hand.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Returns true if no further step follows.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Returns the trace of the steps that are done.
    ///
    /// # Errors
    /// If the store is unusable.
    pub fn trace(&self, store: &Store) -> Result<Trace, NeuronError> {
        let mut states = vec![self.epoch.start];
        states.extend(done(store, &self.epoch, self.seat)?);
        Ok(Trace::of(self.epoch, self.seat, states))
    }
}

impl Drop for Trainer {
    /// Asks for the end, and does not wait for the step in hand: it may take minutes.
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns the hashes of the states after the steps that are done.
fn done(store: &Store, epoch: &Epoch, seat: Seat) -> Result<Vec<Digest>, NeuronError> {
    let all = store.all::<StepRecord>(&epoch.number.to_be_bytes())?;
    let same =
        |record: &StepRecord| record.generation == seat.generation && record.start == epoch.start;
    let states = all.into_iter().map(|(_, record)| record);
    Ok(states.take_while(same).map(|it| it.state).collect())
}

/// Removes the steps of the epochs before `epoch`, and their states that are not served.
fn forget(store: &Store, folders: &Folders, epoch: u32) -> Result<(), NeuronError> {
    let end = epoch.to_be_bytes();
    for (key, record) in store.all::<StepRecord>(&[])? {
        if key.get(..4) < Some(&end[..]) {
            folders.work.remove(&record.state)?;
        }
    }
    store.change(|changes| {
        changes.remove_before::<StepRecord>(&end);
        Ok(())
    })?;
    Ok(())
}

/// The work of an epoch, on its thread.
struct Job {
    training: Arc<Training>,
    store: Arc<Store>,
    folders: Folders,
    epoch: Epoch,
    seat: Seat,
    stop: Arc<AtomicBool>,
}

impl Job {
    fn run(&self, done: &[Digest]) {
        if let Err(problem) = self.steps(done) {
            warn!(
                epoch = self.epoch.number,
                "the training ends here: {problem}"
            );
        }
    }

    fn steps(&self, done: &[Digest]) -> Result<(), String> {
        // A state that was lost is computed again: it has the same hash.
        let mut all = vec![self.epoch.start];
        all.extend(done);
        let newest = self.folders.newest(&all);
        let (first, mut state) =
            newest.ok_or("the state that the epoch begins with is not here")?;
        for step in first..self.epoch.most_steps {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let assignment = self.epoch.assignment(self.seat, step);
            let stepped = self.training.train.step(state, &assignment);
            state = stepped.map_err(|error| error.to_string())?;
            let hash = self.folders.work.put(&state.to_blob());
            let record = StepRecord {
                generation: self.seat.generation,
                start: self.epoch.start,
                state: hash.map_err(|error| error.to_string())?,
            };
            let key = of_step(self.epoch.number, step);
            let put = self.store.put(&key, &record);
            put.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// The chain's facts from which the probes of all validators follow.
#[derive(Clone, Copy, Debug)]
pub struct Probes {
    /// The deployment.
    pub home: Digest,
    /// The subnet.
    pub netuid: NetUid,
    /// Hash of the block that the probes follow from.
    pub asked: Digest,
    /// Probes of a validator to a miner.
    pub questions: u16,
}

/// Returns the states of all steps in a store.
///
/// # Errors
/// If the store is unusable.
pub fn states(store: &Store) -> Result<BTreeSet<Digest>, NeuronError> {
    let all = store.all::<StepRecord>(&[])?;
    Ok(all.into_iter().map(|(_, record)| record.state).collect())
}

/// Pledged work, of which states are shown.
pub struct Shown {
    training: Arc<Training>,
    epoch: Epoch,
    seat: Seat,
    trace: Trace,
    /// The pledge.
    pub work: Work,
    folders: Folders,
    store: Arc<Store>,
    probes: Probes,
    /// Lets one state at a time be read, or computed again.
    one: Mutex<()>,
}

impl Shown {
    /// Returns the work of a trainer, of which the first steps up to `steps` were pledged.
    ///
    /// # Errors
    /// If the store is unusable.
    pub fn of(
        trainer: &Trainer,
        steps: u16,
        folders: &Folders,
        (store, probes): (&Arc<Store>, Probes),
    ) -> Result<Self, NeuronError> {
        let trace = trainer.trace(store)?;
        let states = trace.states().iter();
        let states = states.take(usize::from(steps).saturating_add(1));
        let (epoch, seat) = (trainer.epoch, trainer.seat);
        let trace = Trace::of(epoch, seat, states.copied().collect());
        let work = trace.pledge();
        let (training, store) = (Arc::clone(&trainer.training), Arc::clone(store));
        let of = (epoch, seat);
        Ok(Self::new(
            training,
            of,
            (trace, work),
            folders.clone(),
            (store, probes),
        ))
    }

    /// Returns the work of a trace, pledged as `work`.
    pub fn new(
        training: Arc<Training>,
        (epoch, seat): (Epoch, Seat),
        (trace, work): (Trace, Work),
        folders: Folders,
        (store, probes): (Arc<Store>, Probes),
    ) -> Self {
        Self {
            training,
            epoch,
            seat,
            trace,
            work,
            folders,
            store,
            probes,
            one: Mutex::new(()),
        }
    }

    /// Returns true if a step is one of those that the caller's seed draws. Other steps are not
    /// shown: a caller could have all states put on the disk.
    fn is_drawn(&self, step: u16, caller: &Registration) -> bool {
        let Probes {
            home,
            netuid,
            asked,
            questions,
        } = self.probes;
        let seed = question_seed(&home, netuid, self.work.epoch, &asked, caller);
        let drawn = |number| probed(&seed, self.seat, self.work.steps, questions, number);
        (0..questions).any(|number| drawn(number) == step)
    }

    /// Returns the answer to a probe of `caller`, and serves the blob of the state before the step.
    ///
    /// # Errors
    /// The reason for which there is no answer.
    pub fn answer(&self, step: u16, caller: &Registration) -> Result<Answer, String> {
        let answer = self.trace.answer(step);
        let answer = answer
            .filter(|_| self.is_drawn(step, caller))
            .ok_or_else(|| {
                format!("step {step} is not one of those that your seed of this epoch draws")
            })?;
        self.show(step.into(), &answer.before.state)?;
        Ok(answer)
    }

    /// Serves the blob of the pledged end.
    ///
    /// # Errors
    /// The reason for which it is not served.
    pub fn show_end(&self) -> Result<(), String> {
        self.show(self.work.steps.into(), &self.work.end)
    }

    /// Serves the state after `steps` steps.
    fn show(&self, steps: usize, state: &Digest) -> Result<(), String> {
        let _one = self.one.lock().unwrap_or_else(PoisonError::into_inner);
        if self.folders.served.contains(state) {
            return Ok(());
        }
        let kept = keep(&self.store, self.work.epoch, state);
        kept.map_err(|error| error.to_string())?;
        let blob = match self.folders.get(state) {
            Some(blob) => blob,
            None => self.computed(steps)?,
        };
        let served = self.folders.served.put(&blob);
        served.map(drop).map_err(|error| error.to_string())
    }

    /// Computes a state that was lost, from the newest one before it that is here.
    fn computed(&self, steps: usize) -> Result<Vec<u8>, String> {
        let lost = || "a state of the pledged work is lost".to_owned();
        let before = self.trace.states().get(..steps).ok_or_else(lost)?;
        let (first, mut state) = self.folders.newest(before).ok_or_else(lost)?;
        let last = u16::try_from(steps).unwrap_or(u16::MAX);
        for step in first..last {
            let assignment = self.epoch.assignment(self.seat, step);
            let stepped = self.training.train.step(state, &assignment);
            state = stepped.map_err(|error| error.to_string())?;
        }
        Ok(state.to_blob())
    }
}
