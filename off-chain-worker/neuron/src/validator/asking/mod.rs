//! The questions of a round: asked in one window, with a limit of how many are open.
//!
//! A neuron that does not answer holds its own places only. The questions for which it leaves no
//! time are signed, and count as silence: else it could keep the whole epoch from being concluded.

mod doors;
mod states;

use super::records::{AskedRecord, RoundRecord};
use crate::{
    clock,
    error::NeuronError,
    evidence::{
        kept,
        scoring::{Rules, Scoring},
        seeds::question_seed,
        Registration, ASK_PATH,
    },
    fold::round::{FoldRound, States},
    program::{Program, Runs},
    service::{random, Neuron},
    tasks::Working,
    threads::cores,
};
use doors::{Door, Doors, Entered, Visit};
use inktensor_primitives::{registry::Axon, Digest, NetUid, Uid};
use inktensor_task::{Seat, Seed};
use inktensor_train::FraudProof;
use inktensor_wire::{
    client::address::resolve, fields::Asked, signature::sha256, Blobs, Client, Context, Endpoint,
    Hotkey, Media, Outcome, Path, SignedRequest,
};
use states::Fetch;
use std::{
    net::SocketAddr,
    pin::pin,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
        Arc,
    },
    time::Duration,
};
use tokio::{sync::Semaphore, time::timeout};
use tracing::debug;

/// Open questions that all neurons share alike. A neuron that does not answer holds its own share
/// only, so it cannot keep others from being asked.
const OPEN: usize = 512;
/// Most open questions to one neuron: fewer than its server takes from one address.
const OPEN_TO_ONE: usize = 8;
/// Least milliseconds that a neuron must have for each of its questions, if it answers one after
/// the other on its share of the open ones.
const LEAST_TURN: u64 = 250;
/// Longest trial of a neuron that has not answered yet, see [`Doors`]: a handshake with the other
/// end of the world fits.
const TRIAL: Duration = Duration::from_secs(1);
/// Seconds that a question's deadline stays before the end of the window. A question that is signed
/// again for a receiver that has just started expires up to a second later.
const MARGIN: u64 = 1;

/// A question that was asked.
pub struct Answered {
    /// The uid of the neuron.
    pub uid: Uid,
    /// Number of the question.
    pub number: u16,
    /// The question with its outcome.
    pub record: AskedRecord,
}

/// The questions that are being asked. Each that ends is received once.
pub struct Asking {
    /// Outcomes, in the order in which they arrive.
    pub outcomes: Receiver<Answered>,
}

/// A round's work.
pub struct Work<'a> {
    /// The deployment.
    pub home: Digest,
    /// The subnet.
    pub netuid: NetUid,
    /// The task.
    pub working: &'a Arc<Working>,
    /// The round.
    pub round: &'a RoundRecord,
    /// The rules.
    pub rules: OwnRules,
}

/// The rules of a round, for as long as it lasts.
pub enum OwnRules {
    /// A task.
    Task(Arc<dyn Program>),
    /// A fold.
    Fold(FoldRound),
}

impl<'a> Work<'a> {
    /// Returns the work of a round. `blobs` has the states of a fold. Returns `None` for a fold's
    /// round that was begun as a task's, and for a contest, which asks nothing.
    pub fn of(
        home: Digest,
        netuid: NetUid,
        working: &'a Arc<Working>,
        round: &'a RoundRecord,
        blobs: &Arc<Blobs>,
    ) -> Option<Self> {
        let rules = match (&working.runs, &round.pledges) {
            (Runs::Task(program), _) => OwnRules::Task(Arc::clone(program)),
            (Runs::Fold(training), Some((pledges, start))) => OwnRules::Fold(FoldRound::of(
                training,
                working.manifest.questions,
                pledges,
                (home, netuid, round.epoch),
                *start,
                Arc::clone(blobs) as Arc<dyn States>,
            )),
            (Runs::Fold(_), None) | (Runs::Contest(_), _) => return None,
        };
        Some(Self {
            home,
            netuid,
            working,
            round,
            rules,
        })
    }

    /// Returns the work with proofs of fraud in earlier epochs, which a task has no use for.
    pub fn with_proofs(mut self, proofs: Vec<FraudProof>) -> Self {
        self.rules = match self.rules {
            OwnRules::Fold(round) => OwnRules::Fold(round.with_proofs(proofs)),
            rules @ OwnRules::Task(_) => rules,
        };
        self
    }

    /// Returns the rules of a fold, if the round is one of a fold.
    pub const fn fold(&self) -> Option<&FoldRound> {
        match &self.rules {
            OwnRules::Fold(round) => Some(round),
            OwnRules::Task(_) => None,
        }
    }

    /// Returns the neurons that are asked, with their endpoints.
    pub fn asked(&self) -> Vec<&'a (Registration, Axon)> {
        let is_asked = |miner: &Registration| match &self.rules {
            OwnRules::Fold(fold) => fold.works.contains_key(&miner.seat()),
            OwnRules::Task(_) => true,
        };
        let miners = self.round.miners.iter();
        miners.filter(|(miner, _)| is_asked(miner)).collect()
    }

    /// Returns the seed of the questions.
    pub fn questions(&self) -> Seed {
        let round = self.round;
        question_seed(
            &self.home,
            self.netuid,
            round.epoch,
            &round.seed_block.hash,
            &round.validator,
        )
    }

    /// Returns the last second of the window.
    pub fn ends_at(&self) -> u64 {
        let window = self.working.manifest.window.into();
        self.round.began_at.saturating_add(window)
    }

    /// Returns true if a question could still be asked in the window.
    pub fn is_open(&self) -> bool {
        seconds_left(self.ends_at()).is_some()
    }

    /// Returns the scoring of the round.
    pub fn scoring(&self, checks: Option<Seed>) -> Scoring<'_> {
        let rules = match &self.rules {
            OwnRules::Task(program) => Rules::Task(program.as_ref()),
            OwnRules::Fold(round) => Rules::Fold(round),
        };
        Scoring {
            rules,
            manifest: &self.working.manifest,
            questions: self.questions(),
            checks,
            threads: cores(),
        }
    }

    /// Starts to ask these questions: neurons with their endpoints, and numbers.
    ///
    /// # Errors
    /// For a task that breaks its own limits, and if the system gives no random bytes.
    pub fn ask(
        &self,
        neuron: &Neuron<'_>,
        questions: &[(&(Registration, Axon), u16)],
    ) -> Result<Asking, NeuronError> {
        let (sender, outcomes) = mpsc::channel();
        let share = share(self.asked().len());
        let ends_at = self.ends_at();
        let scoring = self.scoring(None);
        let doors = Arc::new(Doors::of(share));
        let mut of_one: Option<(Uid, Arc<Turn>)> = None;
        for ((miner, axon), number) in questions {
            let body = scoring.question(miner.seat(), *number)?;
            let turn = match &of_one {
                Some((uid, turn)) if *uid == miner.uid => Arc::clone(turn),
                _ => {
                    let turn = Arc::new(Turn::of(share));
                    of_one = Some((miner.uid, Arc::clone(&turn)));
                    turn
                }
            };
            let question = Question {
                client: Arc::clone(&neuron.client),
                hotkey: neuron.hotkey.clone(),
                allow_private: neuron.common.allow_private,
                endpoint: Endpoint::from(axon),
                context: Context {
                    home: self.home,
                    netuid: self.netuid,
                    epoch: self.round.epoch,
                    by: Some(self.round.validator.generation),
                    to: miner.hotkey,
                    seat: miner.generation,
                },
                uid: miner.uid,
                number: *number,
                body,
                nonce: random()?,
                ends_at,
                states: self.states(neuron, miner.seat(), *number),
            };
            let (sender, doors) = (sender.clone(), Arc::clone(&doors));
            neuron.runtime.spawn(async move {
                if let Some(answered) = question.turn(&turn, &doors).await {
                    // Fails only if the round was abandoned.
                    let _ = sender.send(answered);
                }
            });
        }
        Ok(Asking { outcomes })
    }

    /// Returns the states that a question to a miner of a fold needs, besides its answer.
    fn states(&self, neuron: &Neuron<'_>, to: Seat, number: u16) -> Option<Fetch> {
        let round = self.fold()?;
        let work = round.works.get(&to)?;
        Some(Fetch {
            blobs: Arc::clone(&neuron.blobs),
            store: Arc::clone(&neuron.store),
            epoch: round.epoch.number,
            most: round.training.state_bytes(),
            end: (number == 0).then_some(work.end),
            ends_at: self.ends_at(),
        })
    }
}

/// Returns the most open questions to one neuron, in a round with so many.
fn share(miners: usize) -> usize {
    let share = OPEN.checked_div(miners).unwrap_or(OPEN);
    share.clamp(1, OPEN_TO_ONE)
}

/// Returns true if every neuron of a round has time for its questions: a neuron that has not would
/// be called silent for the limit of this validator.
pub fn leaves_time(miners: usize, questions: u16, window: u16) -> bool {
    let turns = usize::from(questions).div_ceil(share(miners));
    let millis = u64::try_from(turns)
        .unwrap_or(u64::MAX)
        .saturating_mul(LEAST_TURN);
    millis <= u64::from(window).saturating_mul(1_000)
}

/// The open questions to one neuron.
struct Turn {
    places: Semaphore,
    /// Lets one transfer of a state from the neuron through at a time.
    transfers: Semaphore,
    /// True once the neuron had its chance: a first question was asked in the window.
    had: AtomicBool,
}

impl Turn {
    fn of(share: usize) -> Self {
        Self {
            places: Semaphore::new(share),
            transfers: Semaphore::new(1),
            had: AtomicBool::new(false),
        }
    }
}

/// One question on its way.
struct Question {
    client: Arc<Client>,
    hotkey: Hotkey,
    allow_private: bool,
    endpoint: Endpoint,
    context: Context,
    uid: Uid,
    number: u16,
    body: Vec<u8>,
    /// The nonce of a question that is signed and not sent.
    nonce: [u8; 16],
    ends_at: u64,
    /// The states to fetch with the answer, of a fold.
    states: Option<Fetch>,
}

impl Question {
    /// Waits for a place, and asks. Returns nothing if the neuron was not asked in the window at
    /// all, so that it cannot be called silent.
    async fn turn(self, turn: &Turn, doors: &Doors) -> Option<Answered> {
        // These fail only when the semaphore is closed, which never happens.
        let _share = turn.places.acquire().await.ok();
        if let Some(left) = seconds_left(self.ends_at) {
            turn.had.store(true, Ordering::Relaxed);
            let (host, port) = (&self.endpoint.host, self.endpoint.port);
            let resolved = resolve(host, port, self.allow_private);
            let resolved = timeout(Duration::from_secs(left), resolved).await;
            // The client finds the same problem of an address, and it is the outcome.
            let entering = match resolved {
                Ok(Ok(address)) => {
                    let visit = self.visit(address);
                    let door = doors.at(address);
                    match door.enter(&visit).await {
                        Some(entered) => Some((address, door, visit, entered)),
                        None => {
                            debug!(uid = self.uid.0, self.number, "its endpoint has failed");
                            return self.unsent();
                        }
                    }
                }
                Ok(Err(_)) | Err(_) => None,
            };
            if let Some(left) = seconds_left(self.ends_at) {
                return self.ask(left, entering, turn).await;
            }
        }
        match turn.had.load(Ordering::Relaxed) {
            true => self.unsent(),
            false => {
                debug!(uid = self.uid.0, self.number, "the window was over");
                None
            }
        }
    }

    fn visit(&self, address: SocketAddr) -> Visit {
        Visit {
            uid: self.uid,
            endpoint: self.endpoint.clone(),
            has_answered: self.client.remembers(address, self.context.to),
        }
    }

    /// Asks, for at most `left` seconds, and records at the door what the endpoint does.
    async fn ask(
        self,
        left: u64,
        entering: Option<(SocketAddr, Arc<Door>, Visit, Entered)>,
        turn: &Turn,
    ) -> Option<Answered> {
        let (uid, number, to) = (self.uid, self.number, self.context.to);
        let path = path()?;
        let deadline = Duration::from_secs(left);
        let asked = self.client.ask(
            &self.endpoint,
            &self.context,
            &path,
            Media::Json,
            self.body.clone(),
            deadline,
        );
        let mut asked = pin!(asked);
        let mut entering = entering;
        let asked = match timeout(TRIAL, asked.as_mut()).await {
            Ok(asked) => asked,
            Err(_) => {
                if let Some((_, door, visit, entered)) = &mut entering {
                    door.goes_on(visit, entered);
                }
                asked.await
            }
        };
        match asked {
            Ok(exchange) => {
                if let Some((address, door, visit, _)) = &entering {
                    let failed = door.note(visit, &exchange.outcome, exchange.cause.as_ref());
                    let is_signed =
                        matches!(exchange.outcome, Outcome::Signed(_) | Outcome::Refused(_));
                    if is_signed || failed {
                        self.client.remember(*address, to, is_signed);
                    }
                }
                if let Some(cause) = exchange.cause {
                    debug!(uid = uid.0, number, "{cause}");
                }
                if let Some(states) = &self.states {
                    let (client, endpoint) = (&self.client, &self.endpoint);
                    let fetched = states.run(client, endpoint, &exchange.outcome, &turn.transfers);
                    // Without its states the question has no grade, and the round no end.
                    fetched.await.ok()?;
                }
                let record = AskedRecord {
                    request: exchange.request,
                    outcome: kept(exchange.outcome),
                };
                Some(Answered {
                    uid,
                    number,
                    record,
                })
            }
            Err(error) => {
                debug!(uid = uid.0, number, "not asked: {error}");
                None
            }
        }
    }

    /// Returns the record of a question for which the neuron left no time: signed for the end of
    /// the window, not sent, and silence.
    fn unsent(&self) -> Option<Answered> {
        let asked = Asked {
            path: path()?,
            media: Media::Json,
            body: sha256(&self.body),
            context: self.context,
            created: self.ends_at.checked_sub(MARGIN)?,
            expires: self.ends_at,
            nonce: self.nonce,
        };
        let request = SignedRequest::sign(&self.hotkey, asked).ok()?;
        Some(Answered {
            uid: self.uid,
            number: self.number,
            record: AskedRecord {
                request,
                outcome: Outcome::Silent { millis: 0 },
            },
        })
    }
}

/// Returns the path of questions, which is well-formed.
fn path() -> Option<Path> {
    Path::new(ASK_PATH)
        .inspect_err(|error| debug!("{error}"))
        .ok()
}

/// Returns the deadline of a question that is asked now, in seconds.
fn seconds_left(ends_at: u64) -> Option<u64> {
    let left = ends_at.checked_sub(clock::now())?.checked_sub(MARGIN)?;
    (left > 0).then_some(left)
}

#[cfg(test)]
mod tests;
