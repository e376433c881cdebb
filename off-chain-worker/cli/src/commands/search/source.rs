//! Sources of answers: the subnet's program in this process, or the subnet's neurons.

use crate::error::Failure;
use inktensor_neuron::{
    ask::{Asker, UserError},
    program::Program,
};
use inktensor_primitives::{AccountId, Uid};
use std::{
    num::NonZeroUsize,
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{runtime::Runtime, sync::Semaphore, task::JoinSet, time::timeout};

/// Questions that are open at a time.
const OPEN: usize = 4;
/// Longest wait for an answer to a question. Users are refused while validators ask, and after
/// many questions in a short time.
const PATIENCE: Duration = Duration::from_secs(120);
/// Wait before another attempt, in which a bucket fills again.
const AGAIN: Duration = Duration::from_secs(1);
/// Longest wait for an answer of one neuron.
const DEADLINE: Duration = Duration::from_secs(20);

/// The outcome of a question.
pub enum Reply {
    /// An answer that was computed here.
    Computed(Vec<u8>),
    /// An answer that a miner signed.
    Given {
        /// The answer.
        body: Vec<u8>,
        /// The uid of the miner.
        uid: Uid,
        /// The hotkey of the miner.
        hotkey: AccountId,
    },
    /// A refusal that is the question's fault.
    Refused(String),
    /// No answer within the patience of this command.
    Silent(String),
}

/// A source of answers.
pub trait Source {
    /// A noun phrase for what the user waits for.
    const SUBJECT: &'static str;

    /// Returns the replies to these questions, in their order. Calls `notes` with the number of
    /// those that are there, and with the reason for which an answer takes long.
    ///
    /// # Errors
    /// If no question can be sent.
    fn replies(&self, questions: &[Vec<u8>], notes: &dyn Fn(&str)) -> Result<Vec<Reply>, Failure>;
}

/// The subnet's program, in this process.
pub struct Here(pub Arc<dyn Program>);

impl Source for Here {
    const SUBJECT: &'static str = "embeddings computed on this machine";

    fn replies(&self, questions: &[Vec<u8>], _: &dyn Fn(&str)) -> Result<Vec<Reply>, Failure> {
        let answers = in_parallel(questions, |question| self.0.answer(question));
        let replies = answers.into_iter().map(|answer| match answer {
            Ok(body) => Reply::Computed(body),
            Err(error) => Reply::Refused(error.to_string()),
        });
        Ok(replies.collect())
    }
}

/// Works on items on all cores. Returns the results in the order of the items.
pub fn in_parallel<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let turns = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else {
                return done;
            };
            done.push((at, work(item)));
        }
    };
    let mut all = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(items.len()))
            .map(|_| scope.spawn(turns))
            .collect();
        let mut all = turns();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}

/// The subnet's neurons.
pub struct Neurons<'a> {
    /// The runtime of the client.
    pub runtime: &'a Runtime,
    /// The user that asks.
    pub asker: Arc<Asker>,
}

impl Source for Neurons<'_> {
    const SUBJECT: &'static str = "answers of the subnet";

    fn replies(&self, questions: &[Vec<u8>], notes: &dyn Fn(&str)) -> Result<Vec<Reply>, Failure> {
        self.runtime.block_on(self.asked(questions, notes))
    }
}

impl Neurons<'_> {
    /// Asks a few questions at a time.
    async fn asked(
        &self,
        questions: &[Vec<u8>],
        notes: &dyn Fn(&str),
    ) -> Result<Vec<Reply>, Failure> {
        let open = Arc::new(Semaphore::new(OPEN));
        let (troubles, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        for (at, question) in questions.iter().enumerate() {
            let (asker, open) = (Arc::clone(&self.asker), Arc::clone(&open));
            let (question, troubles) = (question.clone(), troubles.clone());
            tasks.spawn(async move {
                // Fails only when the semaphore is closed, which never happens.
                let _open = open.acquire().await.ok();
                let begun = Instant::now();
                loop {
                    let error = match asker.asked(&question, DEADLINE).await {
                        Ok(receipt) => {
                            let reply = Reply::Given {
                                body: receipt.answer().to_vec(),
                                uid: receipt.uid,
                                hotkey: receipt.hotkey(),
                            };
                            return Ok((at, reply));
                        }
                        Err(error) => error,
                    };
                    match error {
                        UserError::BadQuestion { .. } => {
                            return Ok((at, Reply::Refused(error.to_string())));
                        }
                        UserError::NoAnswer(_) if begun.elapsed() >= PATIENCE => {
                            return Ok((at, Reply::Silent(error.to_string())));
                        }
                        // The receiver is there as long as tasks are waited for.
                        UserError::NoAnswer(reason) => drop(troubles.send(reason)),
                        other => return Err(Failure::input(other)),
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            });
        }
        let mut replies = Vec::with_capacity(questions.len());
        loop {
            match timeout(AGAIN, tasks.join_next()).await {
                Ok(None) => break,
                Ok(Some(reply)) => {
                    replies.push(reply.map_err(Failure::input)??);
                    notes(&format!(
                        "{} of {} answered",
                        replies.len(),
                        questions.len()
                    ));
                }
                Err(_) => {}
            }
            while let Ok(reason) = heard.try_recv() {
                notes(&reason);
            }
        }
        replies.sort_unstable_by_key(|(at, _)| *at);
        Ok(replies.into_iter().map(|(_, reply)| reply).collect())
    }
}
