//! The questions of a round: asked in one window, with a limit of how many are open.

use super::records::{AskedRecord, RoundRecord};
use crate::{
    clock,
    evidence::{scoring::Scoring, seeds::question_seed, Registration, ASK_PATH},
    program::ProgramError,
    tasks::Working,
};
use inktensor_primitives::{registry::Axon, Digest, NetUid, Uid};
use inktensor_task::Seed;
use inktensor_wire::{Client, Context, Endpoint, Media, Path};
use std::{
    num::NonZeroUsize,
    sync::{
        mpsc::{self, Receiver, Sender},
        Arc,
    },
    thread,
    time::Duration,
};
use tokio::{runtime::Runtime, sync::Semaphore};
use tracing::debug;

/// Open questions that all neurons share alike. A neuron that does not answer holds its own share
/// only, so it cannot keep others from being asked.
const OPEN: usize = 512;
/// Most open questions to one neuron: fewer than its server takes from one address.
const OPEN_TO_ONE: usize = 8;
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

    /// Returns the scoring of the round, if the task's program is loaded.
    pub fn scoring(&self, checks: Option<Seed>) -> Option<Scoring<'_>> {
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Some(Scoring {
            program: self.working.program.as_deref()?,
            manifest: &self.working.manifest,
            questions: self.questions(),
            checks,
            threads,
        })
    }

    /// Starts to ask these questions: neurons with their endpoints, and numbers.
    ///
    /// # Errors
    /// For a task that breaks its own limits.
    pub fn ask(
        &self,
        client: &Arc<Client>,
        runtime: &Runtime,
        questions: &[(&(Registration, Axon), u16)],
    ) -> Result<Asking, ProgramError> {
        let (sender, outcomes) = mpsc::channel();
        let share = OPEN.checked_div(self.round.miners.len()).unwrap_or(OPEN);
        let share = share.clamp(1, OPEN_TO_ONE);
        let ends_at = self.ends_at();
        let Some(scoring) = self.scoring(None) else {
            return Ok(Asking { outcomes });
        };
        let mut of_one: Option<(Uid, Arc<Semaphore>)> = None;
        for ((miner, axon), number) in questions {
            let body = scoring.question(miner.seat(), *number)?;
            let to_one = match &of_one {
                Some((uid, semaphore)) if *uid == miner.uid => Arc::clone(semaphore),
                _ => {
                    let semaphore = Arc::new(Semaphore::new(share));
                    of_one = Some((miner.uid, Arc::clone(&semaphore)));
                    semaphore
                }
            };
            let question = Question {
                client: Arc::clone(client),
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
                ends_at,
            };
            let sender = sender.clone();
            runtime.spawn(async move {
                // Fails only when the semaphore is closed, which never happens.
                let _share = to_one.acquire().await.ok();
                question.ask(&sender).await;
            });
        }
        Ok(Asking { outcomes })
    }
}

/// One question on its way.
struct Question {
    client: Arc<Client>,
    endpoint: Endpoint,
    context: Context,
    uid: Uid,
    number: u16,
    body: Vec<u8>,
    ends_at: u64,
}

impl Question {
    /// Asks, and sends the outcome. A question for which no time is left has none.
    async fn ask(self, sender: &Sender<Answered>) {
        let (uid, number) = (self.uid, self.number);
        let Some(left) = seconds_left(self.ends_at) else {
            debug!(uid = uid.0, number, "no time was left for a question");
            return;
        };
        let path = match Path::new(ASK_PATH) {
            Ok(path) => path,
            Err(error) => {
                debug!("{error}");
                return;
            }
        };
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
                    outcome: exchange.outcome,
                };
                // Fails only if the round was abandoned.
                let _ = sender.send(Answered {
                    uid,
                    number,
                    record,
                });
            }
            Err(error) => debug!(uid = uid.0, number, "not asked: {error}"),
        }
    }
}

/// Returns the deadline of a question that is asked now, in seconds.
fn seconds_left(ends_at: u64) -> Option<u64> {
    let left = ends_at.checked_sub(clock::now())?.checked_sub(MARGIN)?;
    (left > 0).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_leaves_a_margin_before_the_end_of_the_window() {
        let now = clock::now();
        assert!(seconds_left(now + 10).is_some_and(|left| (8..=9).contains(&left)));
        assert_eq!(seconds_left(now + MARGIN), None);
        assert_eq!(seconds_left(now.saturating_sub(5)), None);
    }
}
