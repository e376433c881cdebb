//! A miner: answers the questions of validators, by the program that is built in or by a model in
//! another process.

use crate::{
    clock,
    config::Common,
    error::NeuronError,
    missing::Part,
    program::{self, Limits},
    service::{self, AtBlock, Neuron, Play},
    side_process::{SideProcess, SideProcessError},
    tasks::Working,
};
use inktensor_client::ss58::ss58;
use inktensor_primitives::{hash::hex, AccountId};
use inktensor_wire::{Caller, Guests, Media, Path, Response, Service};
use inktensor_worker::{
    chain_source::{Opened, SourceError},
    service::{instrumented::Instrumented, Handles},
};
use metrics::counter;
use serde_json::json;
use std::{
    sync::{Arc, PoisonError, RwLock},
    thread,
    time::Duration,
};
use subxt_signer::sr25519::Keypair;
use tokio::sync::Semaphore;

/// The path of questions.
pub const ASK: &str = "/v1/ask";
/// Questions to this miner, by outcome: answered, refused or failed.
pub const QUESTIONS: &str = "inktensor_neuron_questions_total";

/// A model that answers.
#[derive(Clone, Debug)]
pub enum Model {
    /// The program that is built in.
    Linked,
    /// A model in another process.
    Side(SideProcess),
}

impl Model {
    /// Returns the model at an address, or the program that is built in.
    ///
    /// # Errors
    /// `Address`.
    pub fn of(url: Option<&str>, allow_remote: Option<bool>) -> Result<Self, SideProcessError> {
        match url {
            Some(url) => SideProcess::at(url, allow_remote.unwrap_or_default()).map(Self::Side),
            None => Ok(Self::Linked),
        }
    }
}

/// Runs a miner until it is asked to stop.
///
/// # Errors
/// See [`NeuronError`].
pub fn run(
    common: &Common,
    model: Model,
    keys: Keypair,
    open: &(dyn Fn() -> Result<Opened, SourceError> + Sync),
    handles: Handles,
) -> Result<(), NeuronError> {
    service::run(common, keys, open, handles, &[], |neuron| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Ok(Miner(Arc::new(Shared {
            model,
            hotkey: neuron.account(),
            netuid: common.netuid.0,
            known: RwLock::default(),
            cores: Arc::new(Semaphore::new(cores)),
        })))
    })
}

/// A miner.
pub struct Miner(Arc<Shared>);

/// The state that the loop writes and the server reads.
pub struct Shared {
    model: Model,
    hotkey: AccountId,
    netuid: u16,
    known: RwLock<Known>,
    /// One permit for each core: questions wait for one, up to their deadline.
    cores: Arc<Semaphore>,
}

#[derive(Clone, Default)]
struct Known {
    epoch: u32,
    generation: u32,
    /// The tasks of the open epoch and of the next one.
    tasks: [Option<Arc<Working>>; 2],
}

impl Shared {
    fn known(&self) -> Known {
        let known = self.known.read();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Play for Miner {
    const NAME: &'static str = "miner";
    const PART: Part = Part::Miner;
    type Service = Answers;

    fn service(&self) -> Answers {
        Answers(Arc::clone(&self.0))
    }

    fn guests(&self) -> Guests {
        // Work is for validators. Users ask through one.
        Guests::Refused
    }

    fn needs_program(&self) -> bool {
        matches!(self.0.model, Model::Linked)
    }

    fn block(
        &mut self,
        _: &Neuron<'_>,
        _: &mut Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<(), NeuronError> {
        let epoch = at.view.status.open;
        let known = Known {
            epoch,
            generation: at.seat.generation,
            tasks: [epoch, epoch.saturating_add(1)].map(|epoch| at.tasks.at(epoch).cloned()),
        };
        *self.0.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    fn between(&mut self, _: &Neuron<'_>) -> Result<(), NeuronError> {
        Ok(())
    }
}

/// The work behind a miner's endpoints.
pub struct Answers(Arc<Shared>);

impl Answers {
    async fn work(&self, caller: &Caller, body: Vec<u8>) -> Result<Vec<u8>, (u16, String)> {
        let asked = caller.question.context.epoch;
        let known = self.0.known();
        // The caller may see the next block before this miner does, or after.
        let place = match asked.checked_sub(known.epoch) {
            Some(0) => 0,
            Some(1) => 1,
            _ if asked.checked_add(1) == Some(known.epoch) => 0,
            _ => {
                let open = known.epoch;
                let text = format!("epoch {asked} is not open; epoch {open} is: read the chain");
                return Err((409, text));
            }
        };
        let Some(working) = known.tasks.get(place).cloned().flatten() else {
            return Err((503, format!("no task is loaded for epoch {asked}")));
        };
        match &self.0.model {
            Model::Linked => self.compute(&working, body).await,
            Model::Side(process) => {
                let task = &working.manifest.task;
                let most = Limits::of(task)
                    .map_err(|error| (503, error.to_string()))?
                    .answer;
                // The model is spared what is not of the task, and its answer is not signed unread.
                let question = program::rewritten_question(task, &body);
                let question = question.map_err(|error| (400, error.to_string()))?;
                let left = caller.question.expires.saturating_sub(clock::now());
                let left = Duration::from_secs(left);
                let answer = process.answer(&question, left, most).await;
                let answer = answer.map_err(|error| {
                    tracing::warn!("{error}");
                    (503, "the model does not answer".into())
                })?;
                program::rewritten_answer(task, &answer).map_err(|error| {
                    tracing::warn!("the model's answer is not one of {task}: {error}");
                    (503, "the model's answer is not one of the task".into())
                })
            }
        }
    }

    /// Computes an answer on a thread of its own.
    async fn compute(
        &self,
        working: &Arc<Working>,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, (u16, String)> {
        let Some(program) = working.program.clone() else {
            return Err((503, "the task's program is not loaded".into()));
        };
        // The permit goes with the work: a question that expires does not make room before its
        // work has ended. Fails only when the semaphore is closed, which never happens.
        let core = Arc::clone(&self.0.cores).acquire_owned().await.ok();
        let answer = tokio::task::spawn_blocking(move || {
            let _core = core;
            program.answer(&body)
        });
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err((400, error.to_string())),
            Err(_) => Err((500, "the program failed".into())),
        }
    }
}

impl Service for Answers {
    fn limit(&self, path: &Path) -> Option<usize> {
        (path.as_str() == ASK).then(program::most_question)
    }

    async fn answer(&self, caller: &Caller, path: &Path, body: Vec<u8>) -> Response {
        if path.as_str() != ASK {
            return Response::refuse(404, "a miner answers at /v1/ask");
        }
        let answered = self.work(caller, body).await;
        let outcome = match &answered {
            Ok(_) => "answered",
            Err((400..=499, _)) => "refused",
            Err(_) => "failed",
        };
        counter!(QUESTIONS, "outcome" => outcome).increment(1);
        match answered {
            Ok(body) => Response::ok(Media::Json, body),
            Err((status, reason)) => Response::refuse(status, &reason),
        }
    }

    fn hello(&self) -> Vec<u8> {
        let known = self.0.known();
        let task = known.tasks[0].as_ref();
        let hello = json!({
            "part": "miner",
            "hotkey": ss58(&self.0.hotkey),
            "netuid": self.0.netuid,
            "generation": known.generation,
            "epoch": known.epoch,
            "task": task.map(|it| it.manifest.task.clone()),
            "manifest": task.map(|it| hex(&it.hash)),
            "state": task.map(|it| hex(&it.manifest.state)),
            "version": env!("CARGO_PKG_VERSION"),
            "free_cores": self.0.cores.available_permits(),
        });
        hello.to_string().into_bytes()
    }
}
