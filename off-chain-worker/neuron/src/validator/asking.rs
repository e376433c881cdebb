//! The questions of a round: asked in one window, with a limit of how many are open.
//!
//! A neuron that does not answer holds its own places only. The questions for which it leaves no
//! time are signed, and count as silence: else it could keep the whole epoch from being concluded.

use super::records::{AskedRecord, RoundRecord};
use crate::{
    clock,
    error::NeuronError,
    evidence::{kept, scoring::Scoring, seeds::question_seed, Registration, ASK_PATH},
    service::{random, Neuron},
    tasks::Working,
};
use inktensor_primitives::{registry::Axon, Digest, NetUid, Uid};
use inktensor_task::Seed;
use inktensor_wire::{
    client::address::resolve, fields::Asked, signature::sha256, Client, Context, Endpoint, Hotkey,
    Media, Outcome, Path, SignedRequest,
};
use std::{
    collections::HashMap,
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
        Arc, Mutex, PoisonError,
    },
    thread,
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
}

impl Work<'_> {
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
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Scoring {
            program: self.working.program.as_ref(),
            manifest: &self.working.manifest,
            questions: self.questions(),
            checks,
            threads,
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
        let share = share(self.round.miners.len());
        let ends_at = self.ends_at();
        let scoring = self.scoring(None);
        let addresses = Arc::new(Addresses::of(share));
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
            };
            let (sender, addresses) = (sender.clone(), Arc::clone(&addresses));
            neuron.runtime.spawn(async move {
                if let Some(answered) = question.turn(&turn, &addresses).await {
                    // Fails only if the round was abandoned.
                    let _ = sender.send(answered);
                }
            });
        }
        Ok(Asking { outcomes })
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
    /// True once the neuron had its chance: a first question was asked in the window.
    had: AtomicBool,
}

impl Turn {
    fn of(share: usize) -> Self {
        Self {
            places: Semaphore::new(share),
            had: AtomicBool::new(false),
        }
    }
}

/// The open questions to each address. Neurons that publish one address share its places: with
/// another's address, a neuron cannot have that one flooded by validators.
struct Addresses {
    share: usize,
    places: Mutex<HashMap<SocketAddr, Arc<Semaphore>>>,
}

impl Addresses {
    fn of(share: usize) -> Self {
        Self {
            share,
            places: Mutex::default(),
        }
    }

    /// Returns the places of an address. There are no more addresses than neurons of the round,
    /// unless a name changes its address meanwhile.
    fn at(&self, address: SocketAddr) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Semaphore::new(self.share));
        Arc::clone(places.entry(address).or_insert_with(new))
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
}

impl Question {
    /// Waits for a place, and asks. Returns nothing if the neuron was not asked in the window at
    /// all, so that it cannot be called silent.
    async fn turn(self, turn: &Turn, addresses: &Addresses) -> Option<Answered> {
        // These fail only when the semaphore is closed, which never happens.
        let _share = turn.places.acquire().await.ok();
        if let Some(left) = seconds_left(self.ends_at) {
            turn.had.store(true, Ordering::Relaxed);
            let (host, port) = (&self.endpoint.host, self.endpoint.port);
            let resolved = resolve(host, port, self.allow_private);
            let resolved = timeout(Duration::from_secs(left), resolved).await;
            let place = match resolved {
                Ok(Ok(address)) => addresses.at(address).acquire_owned().await.ok(),
                // The client finds the same problem, and it is the outcome.
                Ok(Err(_)) | Err(_) => None,
            };
            if let Some(left) = seconds_left(self.ends_at) {
                let answered = self.ask(left).await;
                drop(place);
                return answered;
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

    /// Asks, for at most `left` seconds.
    async fn ask(self, left: u64) -> Option<Answered> {
        let (uid, number) = (self.uid, self.number);
        let path = path()?;
        let deadline = Duration::from_secs(left);
        let asked = self.client.ask(
            &self.endpoint,
            &self.context,
            &path,
            Media::Json,
            self.body,
            deadline,
        );
        match asked.await {
            Ok(exchange) => {
                if let Some(cause) = exchange.cause {
                    debug!(uid = uid.0, number, "{cause}");
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
mod tests {
    use super::*;
    use inktensor_primitives::registry::Host;
    use inktensor_wire::{Content, SignedResponse};
    use std::{net::TcpListener, time::Instant};
    use subxt_signer::sr25519::dev;
    use tokio::runtime::Runtime;

    /// Returns questions to a neuron that takes connections and never answers.
    fn to_a_tarpit(listener: &TcpListener, uid: u16, seconds: u64) -> Vec<Question> {
        let hotkey = Hotkey::new(dev::alice());
        let client = Client::new(hotkey.clone(), Default::default(), true);
        let client = Arc::new(client);
        let ends_at = clock::now() + seconds;
        (0..4)
            .map(|number| Question {
                client: Arc::clone(&client),
                hotkey: hotkey.clone(),
                allow_private: true,
                endpoint: Endpoint {
                    host: Host::V4([127, 0, 0, 1]),
                    port: listener.local_addr().unwrap().port(),
                    tls: None,
                },
                context: Context {
                    home: [5; 32],
                    netuid: NetUid(1),
                    epoch: 2,
                    by: Some(3),
                    to: [9; 32].into(),
                    seat: 4,
                },
                uid: Uid(uid),
                number,
                body: vec![0; 8],
                nonce: [number.try_into().unwrap(); 16],
                ends_at,
            })
            .collect()
    }

    fn outcomes(questions: Vec<(Question, Arc<Turn>)>, share: usize) -> Vec<Option<Answered>> {
        let addresses = Arc::new(Addresses::of(share));
        let runtime = Runtime::new().unwrap();
        let asked: Vec<_> = questions
            .into_iter()
            .map(|(question, turn)| {
                let addresses = Arc::clone(&addresses);
                runtime.spawn(async move { question.turn(&turn, &addresses).await })
            })
            .collect();
        asked
            .into_iter()
            .map(|it| runtime.block_on(it).unwrap())
            .collect()
    }

    #[test]
    fn questions_for_which_a_neuron_leaves_no_time_are_silence() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let turn = Arc::new(Turn::of(1));
        let first = to_a_tarpit(&listener, 1, 3);
        let (began_at, ends_at) = (clock::now(), first[0].ends_at);
        // Another neuron that publishes the same address waits for it, and is silent too.
        let second = to_a_tarpit(&listener, 2, 3);
        let other = Arc::new(Turn::of(1));
        let all = first
            .into_iter()
            .map(|it| (it, Arc::clone(&turn)))
            .chain(second.into_iter().map(|it| (it, Arc::clone(&other))));
        let all = outcomes(all.collect(), 1);
        assert_eq!(all.len(), 8);
        let mut sent = 0;
        for it in all {
            let AskedRecord { request, outcome } = it.expect("an outcome").record;
            request.verify().unwrap();
            assert!(request.created >= began_at && request.expires <= ends_at + 1);
            match outcome {
                Outcome::Silent { millis: 0 } => {}
                Outcome::Silent { .. } => sent += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(sent, 1);
    }

    #[test]
    fn a_neuron_that_was_not_asked_is_not_called_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let turn = Arc::new(Turn::of(1));
        let late = to_a_tarpit(&listener, 1, 0);
        let late = late.into_iter().map(|it| (it, Arc::clone(&turn))).collect();
        let start = Instant::now();
        assert!(outcomes(late, 1).iter().all(Option::is_none));
        assert!(start.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn a_round_leaves_each_neuron_time_for_its_questions() {
        assert!(leaves_time(64, 64, 2));
        // With 512 neurons each has one open question.
        assert!(leaves_time(512, 8, 2));
        assert!(!leaves_time(512, 9, 2));
        assert!(leaves_time(4096, 16, 4));
        assert!(leaves_time(0, 64, 2));
    }

    #[test]
    fn an_answer_above_the_limit_of_evidence_is_not_kept() {
        use crate::evidence::codec::MAX_ANSWER;
        let response = |status, length| SignedResponse {
            status,
            media: Media::Json,
            content: Content::Whole(vec![7; length]),
            created: 1,
            signature: [1; 64],
        };
        let longest = Outcome::Signed(response(200, MAX_ANSWER));
        assert_eq!(kept(longest.clone()), longest);
        let longer = Outcome::Signed(response(200, MAX_ANSWER + 1));
        assert_eq!(kept(longer), Outcome::Unsigned { status: 200 });
        let refused = Outcome::Refused(response(500, MAX_ANSWER + 1));
        let Outcome::Refused(refused) = kept(refused) else {
            panic!("a refusal stays one");
        };
        assert_eq!(refused.body(), None);
        assert_eq!(
            refused.body_digest(),
            response(500, MAX_ANSWER + 1).body_digest()
        );
    }

    #[test]
    fn a_deadline_leaves_a_margin_before_the_end_of_the_window() {
        let now = clock::now();
        assert!(seconds_left(now + 10).is_some_and(|left| (8..=9).contains(&left)));
        assert_eq!(seconds_left(now + MARGIN), None);
        assert_eq!(seconds_left(now.saturating_sub(5)), None);
    }
}
