//! A miner: answers the questions of validators, by the program that is built in or by a model in
//! another process.
//!
//! Both are spared the questions that the task does not answer, and both serve waiting callers in
//! turns: a validator with many open questions does not hold up another one.

mod entry;
mod places;
#[cfg(test)]
mod tests;
mod training;
mod turns;

use crate::{
    answering::{self, About, Refusal},
    clock,
    config::Common,
    contest::show::OPENING,
    error::NeuronError,
    evidence::Registration,
    fold::{probe, trainer::Shown},
    missing::Part,
    program::{Program, ProgramError, Runs},
    service::{self, AtBlock, Neuron, Play},
    side_process::{SideProcess, SideProcessError, CONNECTIONS},
    tasks::Working,
};
use entry::Entering;
pub use entry::Named;
use inktensor_contest::Opening;
use inktensor_primitives::AccountId;
use inktensor_wire::{Caller, Guests, Media, Page, Path, Response, Service};
use inktensor_worker::{
    chain_source::{Opened, SourceError},
    service::{instrumented::Instrumented, Handles},
};
use places::{Place, Places};
use scale::Encode;
use serde_json::json;
use std::{
    sync::{Arc, PoisonError, RwLock},
    thread,
    time::Duration,
};
use subxt_signer::sr25519::Keypair;
use training::{Shelf, Work, TABLES};

/// Questions to this miner, by outcome: answered, refused or failed.
pub const QUESTIONS: &str = "inktensor_neuron_questions_total";
/// Most questions that wait for a place: as many as a server has open by default.
const WAITING: usize = 64;
/// Pause before a miner looks again for work that it may show.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

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

    /// Returns the number of questions that are worked on at a time: one for each core, or one for
    /// each connection to another process.
    fn places(&self) -> usize {
        match self {
            Self::Linked => thread::available_parallelism().map_or(1, usize::from),
            Self::Side(_) => CONNECTIONS,
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
    entry: &Named,
    keys: Keypair,
    open: &(dyn Fn() -> Result<Opened, SourceError> + Sync),
    handles: Handles,
) -> Result<(), NeuronError> {
    service::run(common, keys, open, handles, &TABLES, |neuron| {
        let training = Work::at(common, neuron)?;
        let shared = Shared {
            places: Arc::new(Places::new(model.places(), WAITING)),
            model,
            hotkey: neuron.account(),
            netuid: common.netuid.0,
            known: RwLock::default(),
            shelf: training.shelf(),
        };
        Ok(Miner {
            shared: Arc::new(shared),
            training,
            entering: Entering::at(common, neuron, entry)?,
        })
    })
}

/// A miner.
pub struct Miner {
    shared: Arc<Shared>,
    /// The work on a training.
    training: Work,
    /// The entry in a contest.
    entering: Entering,
}

/// The state that the loop writes and the server reads.
pub struct Shared {
    model: Model,
    hotkey: AccountId,
    netuid: u16,
    known: RwLock<Known>,
    /// The pledged work of an epoch of a training, once it may be shown.
    shelf: Shelf,
    /// Questions wait for a place up to their deadline.
    places: Arc<Places>,
}

#[derive(Clone, Default)]
struct Known {
    /// True once the miner has looked at a block.
    has_looked: bool,
    epoch: u32,
    generation: u32,
    /// The tasks of the open epoch and of the next one.
    tasks: [Option<Arc<Working>>; 2],
    /// Epoch of a training for which work is pledged.
    pledges: Option<u32>,
    /// The opening of an entry, once it may be shown.
    opening: Option<Opening>,
}

impl Shared {
    fn known(&self) -> Known {
        let known = self.known.read();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn shown(&self) -> Option<Arc<Shown>> {
        let shelf = self.shelf.read();
        shelf.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Play for Miner {
    const NAME: &'static str = "miner";
    const PART: Part = Part::Miner;
    type Service = Answers;

    fn service(&self) -> Answers {
        Answers(Arc::clone(&self.shared))
    }

    fn guests(&self) -> Guests {
        // Work is for validators. Users ask through one.
        Guests::Refused
    }

    fn block(
        &mut self,
        neuron: &Neuron<'_>,
        chain: &mut Instrumented,
        at: &AtBlock<'_>,
    ) -> Result<(), NeuronError> {
        self.training.block(neuron, chain, at)?;
        self.entering.block(neuron, chain, at)?;
        let epoch = at.view.status.open;
        let known = Known {
            has_looked: true,
            epoch,
            generation: at.seat.generation,
            tasks: [epoch, epoch.saturating_add(1)].map(|epoch| at.tasks.at(epoch).cloned()),
            pledges: self.training.pledged(),
            opening: self.entering.opening(),
        };
        *self
            .shared
            .known
            .write()
            .unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    fn between(&mut self, _: &Neuron<'_>) -> Result<(), NeuronError> {
        Ok(())
    }
}

/// The work behind a miner's endpoints.
pub struct Answers(Arc<Shared>);

impl Answers {
    async fn work(&self, caller: &Caller, body: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let epoch = caller.question.context.epoch;
        self.wait_for_a_block(caller.question.expires).await;
        let working = self.working(epoch)?;
        let program = match &working.runs {
            Runs::Task(program) => Arc::clone(program),
            Runs::Fold(_) => return self.probe(caller, body).await,
            Runs::Contest(_) => {
                let name = working.manifest.task.clone();
                return Err((404, ProgramError::Contest(name).to_string()));
            }
        };
        let place = Arc::clone(&self.0.places).take(caller.question.hotkey);
        let place = place.await.ok_or_else(|| {
            let text = format!("{WAITING} questions wait already, the most; ask again later");
            (503, text)
        })?;
        let checking = Arc::clone(&program);
        let question = answering::on_a_thread(move || checking.check_question(&body)).await?;
        let question = question.map_err(|error| answering::refusal(&error, 400))?;
        match &self.0.model {
            Model::Linked => compute(program, question, place).await,
            Model::Side(process) => {
                let left = caller.question.expires.saturating_sub(clock::now());
                let answer = ask(process, &program, &question, Duration::from_secs(left)).await;
                drop(place);
                answer
            }
        }
    }

    /// Answers a probe of the work that this miner has pledged.
    async fn probe(&self, caller: &Caller, body: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let question = &caller.question;
        let (epoch, expires) = (question.context.epoch, question.expires);
        let validator = Registration {
            uid: caller.uid.unwrap_or_default(),
            generation: question.context.by.unwrap_or_default(),
            hotkey: question.hotkey,
        };
        let shown = self.shown(epoch, expires).await.ok_or_else(|| {
            let text =
                format!("this miner has pledged no work of epoch {epoch}, or shows it later");
            (503, text)
        })?;
        let step = probe::read_question(&body).map_err(|error| (400, error.to_string()))?;
        let answer = answering::on_a_thread(move || shown.answer(step, &validator)).await?;
        let answer = answer.map_err(|problem| (400, problem))?;
        probe::answer(&answer).map_err(|error| (500, error.to_string()))
    }

    /// Waits until this miner has looked at a block after its start.
    async fn wait_for_a_block(&self, expires: u64) {
        while !self.0.known().has_looked && clock::now() < expires {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Returns the pledged work of an epoch, once it may be shown. A validator may see the block of
    /// its probes before this miner does, so the work is waited for.
    async fn shown(&self, epoch: u32, expires: u64) -> Option<Arc<Shown>> {
        loop {
            let shown = self.0.shown().filter(|it| it.work.epoch == epoch);
            let is_due = self.0.known().pledges == Some(epoch) && clock::now() < expires;
            if shown.is_some() || !is_due {
                return shown;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Returns the task of the epoch that a caller names. It may see the next block before this
    /// miner does, or after.
    fn working(&self, asked: u32) -> Result<Arc<Working>, Refusal> {
        let known = self.0.known();
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
        let working = known.tasks.get(place).cloned().flatten();
        working.ok_or_else(|| (503, format!("no task is loaded for epoch {asked}")))
    }
}

/// Computes an answer on a thread of its own.
async fn compute(
    program: Arc<dyn Program>,
    question: Vec<u8>,
    place: Place,
) -> Result<Vec<u8>, Refusal> {
    let answer = answering::on_a_thread(move || {
        // The place goes with the work: a question that expires does not make room before its work
        // has ended.
        let _place = place;
        program.answer(&question)
    });
    answer
        .await?
        .map_err(|error| answering::refusal(&error, 400))
}

/// Asks a model in another process, whose answer is not signed unread.
async fn ask(
    process: &SideProcess,
    program: &Arc<dyn Program>,
    question: &[u8],
    time: Duration,
) -> Result<Vec<u8>, Refusal> {
    let task = program.name();
    let most = program.limits().answer;
    let answer = process.answer(question, time, most).await;
    let answer = answer.map_err(|error| {
        tracing::warn!("{error}");
        (503, "the model does not answer".into())
    })?;
    program.check_answer(&answer).map_err(|error| {
        tracing::warn!("the model's answer is not one of {task}: {error}");
        (503, "the model's answer is not one of the task".into())
    })
}

impl Service for Answers {
    fn limit(&self, path: &Path) -> Option<usize> {
        answering::limit(path)
    }

    async fn answer(&self, caller: &Caller, _: &Path, body: Vec<u8>) -> Response {
        answering::response(QUESTIONS, self.work(caller, body).await)
    }

    fn hello(&self) -> Vec<u8> {
        let known = self.0.known();
        let about = About {
            part: "miner",
            hotkey: &self.0.hotkey,
            netuid: self.0.netuid,
            generation: known.generation,
            epoch: known.epoch,
            task: known.tasks[0].as_deref(),
        };
        about.hello([("free_places", json!(self.0.places.free()))])
    }

    fn page(&self, path: &Path) -> Option<Page> {
        let opening = (path.as_str() == OPENING).then(|| self.0.known().opening)??;
        Some(Page::Bytes {
            media: Media::Octets,
            body: opening.encode(),
        })
    }
}
