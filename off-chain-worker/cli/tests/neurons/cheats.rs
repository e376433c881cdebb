//! Miners of a training that cheat, as threads of the test.

use crate::network::{Net, NETUID};
use inktensor_client::{
    chain::rpc::{Urgent, Wait},
    keys,
};
use inktensor_neuron::{
    config::{Common, Fields, MineLayer},
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
    num::{NonZeroU16, NonZeroU64},
    sync::{Arc, RwLock},
    thread::{self, JoinHandle},
    time::Duration,
};

/// The way in which a miner cheats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
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
}

/// A cheat that runs until the value is dropped.
pub struct Cheat {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Cheat {
    fn drop(&mut self) {
        self.stop.ask("the test");
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Cheat {
    /// Starts a cheat whose key is that of `name`.
    pub fn start(net: &Net, name: &str, lie: Lie) -> Self {
        net.hotkey(name);
        let layer = MineLayer {
            netuid: NonZeroU16::new(NETUID.0),
            chain: Some(net.address().parse().unwrap()),
            suri_file: Some(net.suri(name)),
            listen: Some("127.0.0.1:0".parse().unwrap()),
            host: Some(format!("{name}.localhost")),
            store: Some(net.path(name).into()),
            blob: Some(vec![
                net.path("state").into(),
                net.path("task.toml").into(),
                net.path("corpus").into(),
            ]),
            allow_private: Some(true),
            poll: NonZeroU64::new(50),
            ..MineLayer::defaults()
        };
        let common = layer.common().unwrap();
        let stop = Arc::new(Stop::default());
        let handles = Handles {
            status: Arc::new(Status::new(Duration::from_secs(300))),
            stop: Arc::clone(&stop),
        };
        let thread = thread::spawn(move || run(&common, lie, handles));
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

fn run(common: &Common, lie: Lie, handles: Handles) {
    let keys = keys::from_file(common.suri_file.as_ref().unwrap()).unwrap();
    let open = || {
        common.chain.open(Access {
            deployment: None,
            keys: vec![keys.clone()],
            wait: Wait::Best,
            timeout: Duration::from_secs(10),
            urgent: Urgent::default(),
            is_writing: true,
        })
    };
    let ended = service::run(common, keys.clone(), &open, handles, &TABLES, |neuron| {
        let work = Blobs::at(&common.store.join("work"), fetch::limits())?;
        let hidden = Blobs::at(&common.store.join("hidden"), fetch::limits())?;
        Ok(Playing {
            lie,
            course: Course::default(),
            folders: Folders {
                work: Arc::new(work),
                served: match lie {
                    Lie::Hides => Arc::new(hidden),
                    _ => Arc::clone(&neuron.blobs),
                },
            },
            made: None,
            shown: Arc::default(),
        })
    });
    ended.unwrap();
}

type Showing = Arc<RwLock<Option<Arc<Shown>>>>;

/// Number of an epoch, the training, its facts, and the work that was pledged.
type Made = (u32, Arc<Training>, (Epoch, Seat), (Trace, Work));

struct Playing {
    lie: Lie,
    course: Course,
    folders: Folders,
    /// The epoch for which work was pledged, with it.
    made: Option<Made>,
    shown: Showing,
}

/// The endpoint of a cheat.
struct Endpoint(Lie, Showing);

impl Service for Endpoint {
    fn limit(&self, _: &Path) -> Option<usize> {
        Some(probe::QUESTION_BYTES)
    }

    async fn answer(&self, caller: &Caller, _: &Path, body: Vec<u8>) -> Response {
        let validator = Registration {
            uid: Uid(0),
            generation: caller.question.context.by.unwrap(),
            hotkey: caller.question.hotkey,
        };
        let shown = self.1.read().unwrap().clone();
        let answered = shown.filter(|_| self.0 != Lie::Silent).and_then(|shown| {
            let step = probe::read_question(&body).ok()?;
            let answer = shown.answer(step, &validator).ok()?;
            probe::answer(&answer).ok()
        });
        match answered {
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
        Endpoint(self.lie, Arc::clone(&self.shown))
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
        use inktensor_client::chain::ChainRead;
        self.course.look(neuron, chain, at)?;
        let number = at.view.status.open;
        let Some((working, training)) = fold_of(at, number) else {
            return Ok(());
        };
        let round = Round::new(at.view.status.opened_at, at.view.subnet.tempo).unwrap();
        let finalized = chain.finalized()?;
        let is_made = self.made.as_ref().is_some_and(|(of, ..)| *of == number);
        let block = at.view.block.number;
        if !is_made && finalized.number > round.assigned_at() && block <= round.cut_off() {
            let start = match self.lie {
                Lie::OtherStart => Some(other_start(&training.train, &neuron.blobs)?),
                _ => self.course.start(neuron, number)?,
            };
            let assigned = chain.ancestor(&finalized, round.assigned_at())?;
            let (Some(start), Some(assigned)) = (start, assigned) else {
                return Ok(());
            };
            let of = (neuron.home, NETUID, number);
            let epoch = facts(of, &assigned, start, training.most_steps);
            let seat = Seat {
                uid: at.seat.uid.0,
                generation: at.seat.generation,
            };
            let trace = self.trace(neuron, &training.train, epoch, seat)?;
            let mut work = trace.pledge();
            if self.lie == Lie::OtherEnd {
                work.end = [7; 32];
            }
            let mut publisher = Publisher {
                contracts: &neuron.contracts,
                netuid: NETUID,
                hotkey: neuron.account(),
                chain,
            };
            publisher.pledge(&pledge(&work))?;
            self.made = Some((number, Arc::clone(&training), (epoch, seat), (trace, work)));
        }
        let pledges = self.course.epoch(&neuron.store, number)?;
        let asked = pledges.and_then(|it| it.pledges).map(|it| it.asked);
        let made = self.made.as_ref().filter(|(of, ..)| *of == number);
        let shown = made.zip(asked).map(|((_, training, of, work), asked)| {
            let probes = Probes {
                home: neuron.home,
                netuid: NETUID,
                asked,
                questions: working.manifest.questions,
            };
            let (training, store) = (Arc::clone(training), Arc::clone(&neuron.store));
            let folders = self.folders.clone();
            Arc::new(Shown::new(
                training,
                *of,
                work.clone(),
                folders,
                (store, probes),
            ))
        });
        *self.shown.write().unwrap() = shown;
        Ok(())
    }

    fn between(&mut self, _: &Neuron<'_>) -> Result<(), NeuronError> {
        Ok(())
    }
}

/// Returns a state that no epoch begins with.
fn other_start(train: &Engine, blobs: &Blobs) -> Result<Digest, NeuronError> {
    let state = train.start(&Seed([9; 32])).unwrap();
    Ok(blobs.put(&state.to_blob())?)
}

impl Playing {
    /// Returns the trace of the steps, true or not, whose states are in the folder of work.
    fn trace(
        &self,
        neuron: &Neuron<'_>,
        train: &Engine,
        epoch: Epoch,
        seat: Seat,
    ) -> Result<Trace, NeuronError> {
        let mut state = State::load(&neuron.blobs.get(&epoch.start)?).unwrap();
        let mut trace = Trace::new(epoch, seat);
        for step in 0..epoch.most_steps {
            if self.lie == Lie::Claims && step >= 2 {
                state.model.weights[0] += 0.001;
                state.model.steps += 1;
            } else {
                state = train.step(state, &epoch.assignment(seat, step)).unwrap();
            }
            trace.push(self.folders.work.put(&state.to_blob())?);
        }
        Ok(trace)
    }
}
