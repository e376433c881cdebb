//! Ways in which a model behind a miner answers.

use inktensor_neuron::program::Program;
use std::{
    collections::VecDeque,
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::{sync_channel, SyncSender},
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
    },
    thread,
    time::Duration,
};

/// A model: from a question in the task's JSON to an answer.
pub trait Model: Send + Sync {
    /// Returns the answer, or `None` if the model gives none.
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>>;
}

/// A model that computes each answer with a program: the subnet's own, or one with other weights.
pub struct Truthful(pub Arc<dyn Program>);

impl Model for Truthful {
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        self.0.answer(question).ok()
    }
}

/// A model that gives the answer to an earlier question.
pub struct Stale {
    program: Arc<dyn Program>,
    earlier: Mutex<VecDeque<Vec<u8>>>,
}

impl Stale {
    /// Creates a model whose first answers are `earlier`, and whose later ones are those to
    /// questions as many places before.
    pub fn new(program: Arc<dyn Program>, earlier: Vec<Vec<u8>>) -> Self {
        Self {
            program,
            earlier: Mutex::new(earlier.into()),
        }
    }
}

impl Model for Stale {
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let now = self.program.answer(question).ok()?;
        let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
        earlier.push_back(now);
        earlier.pop_front()
    }
}

/// A model that gives every second answer after the deadline.
pub struct Slow {
    program: Arc<dyn Program>,
    delay: Duration,
    asked: AtomicU32,
}

impl Slow {
    /// Creates a model whose late answers take `delay`.
    pub fn new(program: Arc<dyn Program>, delay: Duration) -> Self {
        Self {
            program,
            delay,
            asked: AtomicU32::new(0),
        }
    }
}

impl Model for Slow {
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
            thread::sleep(self.delay);
        }
        self.program.answer(question).ok()
    }
}

/// A machine that computes one answer after the other, for all hotkeys behind which it stands.
///
/// It is as quick as the window demands of one hotkey: it just makes the questions to one. It takes
/// waiting questions from all over its queue, so that every validator gets the same part of
/// answers, and drops those that it has not begun in time. An idle machine first waits a moment for
/// the questions of all validators, which do not begin at the same instant.
pub struct Machine {
    program: Arc<dyn Program>,
    /// Time in which an answer must be finished.
    within: Duration,
    queue: Arc<Queue>,
}

/// The questions that wait for a machine.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// One sender for each question, in order of arrival: a message means that it is done.
    questions: Vec<SyncSender<()>>,
    /// Number of questions that were taken.
    taken: usize,
    ended: bool,
}

impl Waiting {
    /// Takes a question: successive ones are spread evenly over the queue.
    fn take(&mut self) -> Option<SyncSender<()>> {
        if self.questions.is_empty() {
            return None;
        }
        let place = place_of(self.taken, self.questions.len());
        self.taken = self.taken.wrapping_add(1);
        Some(self.questions.remove(place))
    }
}

/// Returns the place of the question that is taken as number `taken` from a queue that is not
/// empty. Places of successive numbers are spread evenly.
fn place_of(taken: usize, len: usize) -> usize {
    /// The golden ratio's part after the point, in parts of 2^16: its multiples spread evenly.
    const RATIO: usize = 40_503;
    let part = taken.wrapping_mul(RATIO) % (1 << 16);
    part.saturating_mul(len) >> 16
}

/// The part of its time that an idle machine waits for more questions: one over this number.
const GATHER_PART: u32 = 3;

impl Machine {
    /// Starts a machine that makes `answers` answers in `within`.
    pub fn start(program: Arc<dyn Program>, answers: u32, within: Duration) -> Self {
        let gather = within / GATHER_PART;
        let left = within.saturating_sub(gather);
        // The first answer is ready at once, and the last one at the end.
        let each = left.checked_div(answers.saturating_sub(1)).unwrap_or(left);
        let queue = Arc::new(Queue::default());
        let works = Arc::clone(&queue);
        thread::spawn(move || works.work(each, gather));
        Self {
            program,
            within,
            queue,
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, each: Duration, gather: Duration) {
        loop {
            let mut waiting = self.lock();
            let mut was_idle = false;
            while waiting.questions.is_empty() && !waiting.ended {
                was_idle = true;
                let woken = self.arrived.wait(waiting);
                waiting = woken.unwrap_or_else(PoisonError::into_inner);
            }
            if was_idle && !waiting.ended {
                drop(waiting);
                thread::sleep(gather);
                waiting = self.lock();
            }
            if waiting.ended {
                return;
            }
            let next = waiting.take();
            drop(waiting);
            let Some(done) = next else {
                continue;
            };
            // A question that was given up takes no time.
            if done.try_send(()).is_ok() {
                thread::sleep(each);
            }
        }
    }
}

impl Model for Machine {
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let (send, receive) = sync_channel(1);
        self.queue.lock().questions.push(send);
        self.queue.arrived.notify_one();
        receive.recv_timeout(self.within).ok()?;
        self.program.answer(question).ok()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.queue.lock().ended = true;
        self.queue.arrived.notify_one();
    }
}

impl<M: Model + ?Sized> Model for Arc<M> {
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        (**self).answer(question)
    }
}

impl<M: Model + ?Sized> Model for Box<M> {
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        (**self).answer(question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_neuron::program::{Limits, ProgramError};
    use inktensor_task::{Seed, Worth};
    use std::time::Instant;

    /// Answers with the question itself.
    struct Echo;

    impl Program for Echo {
        fn name(&self) -> &'static str {
            "echo/1"
        }

        fn limits(&self) -> Limits {
            Limits::WASM
        }

        fn question(&self, seed: &Seed) -> Result<Vec<u8>, ProgramError> {
            Ok(seed.0.to_vec())
        }

        fn check_question(&self, question: &[u8]) -> Result<Vec<u8>, ProgramError> {
            Ok(question.to_vec())
        }

        fn check_answer(&self, answer: &[u8]) -> Result<Vec<u8>, ProgramError> {
            Ok(answer.to_vec())
        }

        fn answer(&self, question: &[u8]) -> Result<Vec<u8>, ProgramError> {
            Ok(question.to_vec())
        }

        fn worth(&self, question: &[u8], answer: &[u8]) -> Result<Worth, ProgramError> {
            Ok(Worth::whole_if(question == answer))
        }
    }

    fn echo() -> Arc<dyn Program> {
        Arc::new(Echo)
    }

    #[test]
    fn stale_answers_are_those_to_earlier_questions() {
        let model = Stale::new(echo(), vec![b"x".to_vec(), b"y".to_vec()]);
        let answers: Vec<_> = [b"a", b"b", b"c"]
            .map(|it| model.answer(it).unwrap())
            .into();
        assert_eq!(answers, [b"x", b"y", b"a"]);
    }

    #[test]
    fn every_second_answer_of_a_slow_model_is_late() {
        let delay = Duration::from_millis(30);
        let model = Slow::new(echo(), delay);
        let late = |model: &Slow| {
            let start = Instant::now();
            assert_eq!(model.answer(b"a").unwrap(), b"a");
            start.elapsed() >= delay
        };
        // The first may be late on a busy machine, the second always is.
        late(&model);
        assert!(late(&model));
    }

    #[test]
    fn questions_are_taken_evenly_from_the_whole_queue() {
        let mut waiting = Waiting::default();
        let (send, _receive) = sync_channel(1);
        waiting.questions = vec![send; 24];
        let mut left: Vec<usize> = (0..24).collect();
        let mut taken = [0; 3];
        for _ in 0..12 {
            taken[left.remove(place_of(waiting.taken, left.len())) / 8] += 1;
            waiting.take().unwrap();
        }
        assert_eq!(waiting.questions.len(), 12);
        assert!(
            taken.iter().all(|count| (3..=5).contains(count)),
            "{taken:?}"
        );
    }

    #[test]
    fn a_machine_does_one_question_after_the_other_and_skips_those_given_up() {
        let queue = Arc::new(Queue::default());
        let (given_up, receive) = sync_channel(1);
        drop(receive);
        let (first, second) = (sync_channel(1), sync_channel(1));
        queue.lock().questions = vec![given_up, first.0, second.0];
        let works = Arc::clone(&queue);
        // Busy with the first one for longer than any test.
        thread::spawn(move || works.work(Duration::from_secs(3_600), Duration::ZERO));
        let patience = Duration::from_secs(60);
        let done = [first.1, second.1].map(|it| it.recv_timeout(patience / 60).is_ok());
        assert_ne!(done[0], done[1]);
        assert_eq!(queue.lock().questions.len(), 1);
    }
}
