//! Miners of a training that cheat: a thread that speaks the protocol by the library of the stock
//! miner, up to the point of its lie.

use crate::live::LiveError;
use inktensor_client::{
    chain::{
        rpc::{Urgent, Wait},
        ChainRead,
    },
    keys,
};
use inktensor_neuron::{
    clock,
    config::Common,
    error::NeuronError,
    evidence::{seeds::Round, Registration},
    fetch,
    fold::{
        course::{fold_of, Course, TABLES},
        pledges::{facts, pledge},
        probe,
        trainer::{Folders, Probes, Shown},
        Engine, Training,
    },
    missing::Part,
    publish::Publisher,
    service::{self, AtBlock, Neuron, Play},
};
use inktensor_primitives::{Digest, Uid};
use inktensor_task::{Blob, Fold, Load, Seat, Seed};
use inktensor_train::{Epoch, State, Trace, Work};
use inktensor_wire::{Blobs, Caller, Guests, Media, Path, Response, Service};
use inktensor_worker::{
    chain_source::Access,
    service::{instrumented::Instrumented, signals::Stop, status::Status, Handles},
};
use std::{
    path::Path as FilePath,
    sync::{Arc, PoisonError, RwLock},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Time after which a thread without progress counts as stalled.
const STALL: Duration = Duration::from_secs(300);
/// Longest wait for an answer of the chain.
const ANSWER: Duration = Duration::from_secs(10);
/// Time between two looks for work that may be shown.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Steps that [`Forgery::Claims`] does.
const DONE: u16 = 2;

/// The way in which a miner of a training cheats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forgery {
    /// Does two steps and invents the states after the others.
    Claims,
    /// Does all steps, and pledges another end.
    OtherEnd,
    /// Begins with a state of its own.
    OtherStart,
    /// Answers no probe.
    Silent,
    /// Answers, and serves no state.
    Hides,
    /// Does as [`Forgery::Claims`] in this epoch, and all steps in the others.
    Lapses(u32),
}

/// A miner that cheats until it is dropped.
pub struct Forger {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<Result<(), NeuronError>>>,
}

impl Drop for Forger {
    fn drop(&mut self) {
        self.stop.ask("the end of the run");
        if let Some(thread) = self.thread.take() {
            // The run is over, whatever the cheat ended with.
            let _ = thread.join();
        }
    }
}

impl Forger {
    /// Starts a miner that cheats, with the settings of a stock miner. `suri_file` has the secret
    /// URI of its hotkey.
    ///
    /// # Errors
    /// `Unusable` for a file without a secret URI.
    pub fn start(
        common: Common,
        suri_file: &FilePath,
        forgery: Forgery,
    ) -> Result<Self, LiveError> {
        let keys = keys::from_file(suri_file);
        let keys = keys.map_err(|error| LiveError::Unusable(error.to_string()))?;
        let stop = Arc::new(Stop::default());
        let handles = Handles {
            status: Arc::new(Status::new(STALL)),
            stop: Arc::clone(&stop),
        };
        let thread = thread::spawn(move || {
            let open = || {
                common.chain.open(Access {
                    deployment: None,
                    keys: vec![keys.clone()],
                    wait: Wait::Best,
                    timeout: ANSWER,
                    urgent: Urgent::default(),
                    is_writing: true,
                })
            };
            let playing = |neuron: &Neuron<'_>| Playing::new(neuron, forgery);
            service::run(&common, keys.clone(), &open, handles, &TABLES, playing)
        });
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }

    /// Checks that the miner still works.
    ///
    /// # Errors
    /// `Unusable` with the error that ended it.
    pub fn check(&mut self) -> Result<(), LiveError> {
        let ended = match self.thread.take_if(|thread| thread.is_finished()) {
            None => return Ok(()),
            Some(thread) => thread.join(),
        };
        Err(LiveError::Unusable(match ended {
            Ok(Err(error)) => error.to_string(),
            Ok(Ok(())) | Err(_) => "a cheating miner ended".into(),
        }))
    }
}

type Showing = Arc<RwLock<Option<Arc<Shown>>>>;

/// Work that was pledged.
struct Made {
    epoch: u32,
    training: Arc<Training>,
    of: (Epoch, Seat),
    work: (Trace, Work),
}

struct Playing {
    forgery: Forgery,
    course: Course,
    folders: Folders,
    made: Option<Made>,
    shown: Showing,
}

/// The endpoint of a cheat.
struct Endpoint(Forgery, Showing);

impl Endpoint {
    /// Returns the work of an epoch, once it may be shown: a validator may see the block of its
    /// probes before this miner does.
    async fn shown(&self, epoch: u32, expires: u64) -> Option<Arc<Shown>> {
        loop {
            let shown = self
                .1
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let shown = shown.filter(|it| it.work.epoch == epoch);
            if shown.is_some() || clock::now() >= expires {
                return shown;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Returns the answer to a probe of a validator.
    async fn answered(&self, caller: &Caller, body: &[u8]) -> Option<Vec<u8>> {
        if self.0 == Forgery::Silent {
            return None;
        }
        let validator = Registration {
            // No seed depends on the uid of the validator.
            uid: Uid(0),
            generation: caller.question.context.by?,
            hotkey: caller.question.hotkey,
        };
        let asked = &caller.question;
        let shown = self.shown(asked.context.epoch, asked.expires).await?;
        let step = probe::read_question(body).ok()?;
        let answer = shown.answer(step, &validator).ok()?;
        probe::answer(&answer).ok()
    }
}

impl Service for Endpoint {
    fn limit(&self, _: &Path) -> Option<usize> {
        Some(probe::QUESTION_BYTES)
    }

    async fn answer(&self, caller: &Caller, _: &Path, body: Vec<u8>) -> Response {
        match self.answered(caller, &body).await {
            Some(body) => Response::ok(Media::Json, body),
            None => Response::refuse(503, "no answer"),
        }
    }

    fn hello(&self) -> Vec<u8> {
        b"{}".to_vec()
    }
}

impl Play for Playing {
    const NAME: &'static str = "cheat";
    const PART: Part = Part::Miner;
    type Service = Endpoint;

    fn service(&self) -> Endpoint {
        Endpoint(self.forgery, Arc::clone(&self.shown))
    }

    fn guests(&self) -> Guests {
        Guests::Refused
    }

    fn block(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<(), NeuronError> {
        self.course.look(neuron, chain, at)?;
        let epoch = at.view.status.open;
        if self.made.as_ref().is_none_or(|made| made.epoch != epoch) {
            self.made = self.pledged(neuron, chain, at)?;
        }
        let shown = self.shown(neuron, at)?.map(Arc::new);
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = shown;
        Ok(())
    }

    fn between(&mut self, _: &Neuron<'_>) -> Result<(), NeuronError> {
        Ok(())
    }
}

impl Playing {
    fn new(neuron: &Neuron<'_>, forgery: Forgery) -> Result<Self, NeuronError> {
        let folder = |name| Blobs::at(&neuron.common.store.join(name), fetch::limits());
        let (work, hidden) = (folder("work")?, folder("hidden")?);
        Ok(Self {
            forgery,
            course: Course::default(),
            folders: Folders {
                work: Arc::new(work),
                served: match forgery {
                    Forgery::Hides => Arc::new(hidden),
                    _ => Arc::clone(&neuron.blobs),
                },
            },
            made: None,
            shown: Arc::default(),
        })
    }

    /// Pledges work of the open epoch, if it is time for it.
    fn pledged(
        &self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<Option<Made>, NeuronError> {
        let number = at.view.status.open;
        let Some((_, training)) = fold_of(at, number) else {
            return Ok(None);
        };
        let round = Round::new(at.view.status.opened_at, at.view.subnet.tempo);
        let finalized = chain.finalized()?;
        let block = at.view.block.number;
        let round = round.filter(|it| finalized.number > it.assigned_at() && block <= it.cut_off());
        let Some(round) = round else {
            return Ok(None);
        };
        let start = match self.forgery {
            Forgery::OtherStart => other_start(&training.train, &neuron.blobs)?,
            _ => self.course.start(neuron, number)?,
        };
        let assigned = chain.ancestor(&finalized, round.assigned_at())?;
        let (Some(start), Some(assigned)) = (start, assigned) else {
            return Ok(None);
        };
        let netuid = neuron.common.netuid;
        let of = (neuron.home, netuid, number);
        let epoch = facts(of, &assigned, start, training.most_steps);
        let seat = Seat {
            uid: at.seat.uid.0,
            generation: at.seat.generation,
        };
        let Some(trace) = self.trace(neuron, &training.train, epoch, seat)? else {
            return Ok(None);
        };
        let mut work = trace.pledge();
        if self.forgery == Forgery::OtherEnd {
            work.end = [7; 32];
        }
        let mut publisher = Publisher {
            contracts: &neuron.contracts,
            netuid,
            hotkey: neuron.account(),
            chain,
        };
        publisher.pledge(&pledge(&work))?;
        Ok(Some(Made {
            epoch: number,
            training: Arc::clone(&training),
            of: (epoch, seat),
            work: (trace, work),
        }))
    }

    /// Returns the work of the open epoch, once it may be shown.
    fn shown(&self, neuron: &Neuron<'_>, at: &AtBlock<'_>) -> Result<Option<Shown>, NeuronError> {
        let epoch = at.view.status.open;
        let (Some((working, _)), Some(made)) = (fold_of(at, epoch), &self.made) else {
            return Ok(None);
        };
        let pledges = self.course.epoch(&neuron.store, epoch)?;
        let asked = pledges.and_then(|it| it.pledges).map(|it| it.asked);
        let Some(asked) = asked.filter(|_| made.epoch == epoch) else {
            return Ok(None);
        };
        let probes = Probes {
            home: neuron.home,
            netuid: neuron.common.netuid,
            asked,
            questions: working.manifest.questions,
        };
        Ok(Some(Shown::new(
            Arc::clone(&made.training),
            made.of,
            made.work.clone(),
            self.folders.clone(),
            (Arc::clone(&neuron.store), probes),
        )))
    }

    /// Returns the trace of the steps, true or not, whose states are in the folder of work. Nothing
    /// if the start is not here, or a step is refused.
    fn trace(
        &self,
        neuron: &Neuron<'_>,
        train: &Engine,
        epoch: Epoch,
        seat: Seat,
    ) -> Result<Option<Trace>, NeuronError> {
        let Ok(mut state) = State::load(&neuron.blobs.get(&epoch.start)?) else {
            return Ok(None);
        };
        let mut trace = Trace::new(epoch, seat);
        let invents = match self.forgery {
            Forgery::Claims => true,
            Forgery::Lapses(number) => number == epoch.number,
            _ => false,
        };
        for step in 0..epoch.most_steps {
            if invents && step >= DONE {
                invent(&mut state);
            } else {
                match train.step(state, &epoch.assignment(seat, step)) {
                    Ok(after) => state = after,
                    Err(_) => return Ok(None),
                }
            }
            trace.push(self.folders.work.put(&state.to_blob())?);
        }
        Ok(Some(trace))
    }
}

/// Changes a state into one that no step leads to.
fn invent(state: &mut State) {
    if let Some(first) = state.model.weights.first_mut() {
        *first += 0.001;
    }
    state.model.steps = state.model.steps.saturating_add(1);
}

/// Returns a state that no epoch begins with.
fn other_start(train: &Engine, blobs: &Blobs) -> Result<Option<Digest>, NeuronError> {
    match train.start(&Seed([9; 32])) {
        Ok(state) => Ok(Some(blobs.put(&state.to_blob())?)),
        Err(_) => Ok(None),
    }
}
