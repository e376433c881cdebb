//! The functions of a task as a Wasm program, over bytes. `docs/wasm-tasks.md` is the
//! specification.
//!
//! [`export!`](crate::export!) is all that an author uses. The functions of a fold are in [`fold`].

pub mod fold;

use crate::{Body, Fault, Load, Malformed, Refused, Seed, Stop, Task};
use alloc::vec::Vec;

/// Version of the interface between a program and its host.
pub const VERSION: u32 = 1;

/// First byte of an output: the result follows.
pub const DONE: u8 = 0;
/// First byte of an output: the input is not of the task's shape.
pub const SHAPE: u8 = 1;
/// First byte of an output: a body is too long. Its length and the limit follow, each a `u32`.
pub const TOO_LONG: u8 = 2;
/// First byte of an output: the task refuses the input. The reason follows, in UTF-8.
pub const REFUSED: u8 = 3;

/// First byte of an output: the result was not computed. The reason follows, in UTF-8.
pub const FAILED: u8 = 4;

/// Names of the exported functions.
pub mod names {
    /// Returns the place for an input.
    pub const INPUT: &str = "task_input";
    /// Describes the task.
    pub const DESCRIBE: &str = "task_describe";
    /// Loads the state.
    pub const LOAD: &str = "task_load";
    /// Draws a question.
    pub const QUESTION: &str = "task_question";
    /// Checks a question.
    pub const CHECK_QUESTION: &str = "task_check_question";
    /// Checks the shape of an answer.
    pub const CHECK_ANSWER: &str = "task_check_answer";
    /// Answers a question.
    pub const ANSWER: &str = "task_answer";
    /// Returns the worth of an answer.
    pub const WORTH: &str = "task_worth";
}

/// A reason for which a function has no result.
enum Problem {
    Malformed(Malformed),
    Refused(Refused),
    Failed(Fault),
}

impl From<Malformed> for Problem {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused(refused) => Self::Refused(refused),
            Stop::Failed(fault) => Self::Failed(fault),
        }
    }
}

/// Returns the output of a function.
fn output(result: Result<Vec<u8>, Problem>) -> Vec<u8> {
    let (first, rest) = match result {
        Ok(result) => (DONE, result),
        Err(Problem::Malformed(Malformed::Shape)) => (SHAPE, Vec::new()),
        Err(Problem::Malformed(Malformed::TooLong { bytes, most })) => {
            (TOO_LONG, [length(bytes), length(most)].concat())
        }
        Err(Problem::Refused(Refused(reason))) => (REFUSED, reason.into()),
        Err(Problem::Failed(Fault(reason))) => (FAILED, reason.into()),
    };
    let mut output = rest;
    // A state is long, and exact memory is a byte more.
    output.reserve_exact(1);
    output.insert(0, first);
    output
}

/// Returns a length as a `u32`. Lengths of a program in Wasm fit.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

/// Returns the description: the version, the limits of question, answer and state, and the name.
pub fn describe<T: Task>() -> Vec<u8> {
    let limits = [
        T::Question::MAX_BYTES,
        T::Answer::MAX_BYTES,
        T::State::MAX_BYTES,
    ];
    let mut description = VERSION.to_le_bytes().to_vec();
    description.extend(limits.map(length).concat());
    description.extend(T::NAME.as_bytes());
    output(Ok(description))
}

/// Returns the state in `input`, or the output that refuses it.
///
/// # Errors
/// Bytes that are not a state of the task.
pub fn load<T: Task>(input: &[u8]) -> Result<T::State, Vec<u8>> {
    T::State::load(input).map_err(|refused| output(Err(refused.into())))
}

/// Returns the output of a load that succeeded.
pub fn loaded() -> Vec<u8> {
    output(Ok(Vec::new()))
}

/// Draws the question of the seed in `input`.
pub fn question<T: Task>(task: &T, state: &T::State, input: &[u8]) -> Vec<u8> {
    output((|| {
        let seed = input.try_into().map_err(|_| Malformed::Shape)?;
        Ok(task.question(state, &Seed(seed)).to_json()?)
    })())
}

/// Checks the question in `input`, and returns it as the task writes it.
pub fn check_question<T: Task>(task: &T, state: &T::State, input: &[u8]) -> Vec<u8> {
    output((|| {
        let question = T::Question::from_json(input)?;
        task.check(state, &question)?;
        Ok(question.to_json()?)
    })())
}

/// Checks the answer in `input`, and returns it as the task writes it.
pub fn check_answer<T: Task>(_: &T, _: &T::State, input: &[u8]) -> Vec<u8> {
    output((|| Ok(T::Answer::from_json(input)?.to_json()?))())
}

/// Answers the question in `input`.
pub fn answer<T: Task>(task: &T, state: &T::State, input: &[u8]) -> Vec<u8> {
    output((|| {
        let question = T::Question::from_json(input)?;
        Ok(task.answer(state, &question)?.to_json()?)
    })())
}

/// Returns the worth of an answer, as a `u16`. The input is the length of the question as a `u32`,
/// the question, and the answer. An answer of another shape is worth nothing.
pub fn worth<T: Task>(task: &T, state: &T::State, input: &[u8]) -> Vec<u8> {
    output((|| {
        let (asked, answer) = parts(input).ok_or(Malformed::Shape)?;
        let question = T::Question::from_json(asked)?;
        let worth = T::Answer::from_json(answer)
            .map(|answer| task.worth(state, &question, &answer))
            .unwrap_or_default();
        Ok(worth.0.to_le_bytes().into())
    })())
}

/// Divides an input into a first part, whose length as a `u32` precedes it, and the rest.
fn parts(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = input.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
pub use memory::Guest;

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod memory {
    use super::loaded;
    use crate::Task;
    use alloc::{vec, vec::Vec};
    use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

    /// An input and an output in a program's memory.
    pub struct Buffers {
        input: Mutex<Vec<u8>>,
        output: Mutex<Vec<u8>>,
    }

    impl Buffers {
        /// Returns empty buffers.
        pub const fn new() -> Self {
            Self {
                input: Mutex::new(Vec::new()),
                output: Mutex::new(Vec::new()),
            }
        }

        /// Makes room for an input of so many bytes, and returns its address.
        pub fn input(&self, length: usize) -> usize {
            let mut input = locked(&self.input);
            // The one before is freed first.
            *input = Vec::new();
            *input = vec![0; length];
            // The host writes there.
            input.as_mut_ptr().expose_provenance()
        }

        /// Takes the input, which is gone then.
        pub fn take(&self) -> Vec<u8> {
            core::mem::take(&mut *locked(&self.input))
        }

        /// Keeps an output, and returns its length and its address.
        pub fn finish(&self, bytes: Vec<u8>) -> u64 {
            let mut output = locked(&self.output);
            *output = bytes;
            (output.len() as u64) << 32 | output.as_ptr().addr() as u64
        }
    }

    /// A task in a program's memory, with its state.
    pub struct Guest<T: Task> {
        task: T,
        state: OnceLock<T::State>,
        buffers: Buffers,
    }

    impl<T: Task> Guest<T> {
        /// Returns a task without a state.
        pub const fn new(task: T) -> Self {
            Self {
                task,
                state: OnceLock::new(),
                buffers: Buffers::new(),
            }
        }

        /// Makes room for an input of so many bytes, and returns its address.
        pub fn input(&self, length: usize) -> usize {
            self.buffers.input(length)
        }

        /// Describes the task.
        pub fn describe(&self) -> u64 {
            self.buffers.finish(super::describe::<T>())
        }

        /// Loads the state in the input. The first state that is loaded stays.
        pub fn load(&self) -> u64 {
            let mut input = self.buffers.take();
            let output = match super::load::<T>(&input) {
                Ok(state) => {
                    self.state.get_or_init(|| state);
                    loaded()
                }
                Err(refusal) => refusal,
            };
            // Each call begins with a copy of the memory after this one, zeros left out.
            input.fill(0);
            core::hint::black_box(&mut input);
            drop(input);
            self.buffers.finish(output)
        }

        /// Runs a function on the input.
        ///
        /// # Panics
        /// Without a state, which a host loads first.
        #[allow(clippy::expect_used)]
        pub fn run(&self, function: fn(&T, &T::State, &[u8]) -> Vec<u8>) -> u64 {
            let state = self.state.get().expect("task_load comes first");
            let output = function(&self.task, state, &self.buffers.take());
            self.buffers.finish(output)
        }
    }

    /// Locks memory of a program, which has one thread.
    pub fn locked<T>(memory: &Mutex<T>) -> MutexGuard<'_, T> {
        memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Exports a task as a Wasm program.
///
/// The argument is the task, a unit struct. For other targets than `wasm32-unknown-unknown` nothing
/// is exported. A program has one task, so let no other crate depend on the one with this line.
///
/// ```
/// # use inktensor_task::{Refused, Seed, Task, Body};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # struct Number { number: u32 }
/// # impl Body for Number { const MAX_BYTES: usize = 32; }
/// # struct Twice;
/// # impl Task for Twice {
/// #     type State = ();
/// #     type Question = Number;
/// #     type Answer = Number;
/// #     const NAME: &'static str = "twice/1";
/// #     fn question(&self, _: &(), seed: &Seed) -> Number {
/// #         Number { number: seed.draw().below(9) }
/// #     }
/// #     fn answer(&self, _: &(), question: &Number) -> Result<Number, Refused> {
/// #         Ok(Number { number: question.number.wrapping_mul(2) })
/// #     }
/// # }
/// inktensor_task::export!(Twice);
/// # fn main() {}
/// ```
///
/// # Unsafe code
/// The exported functions have fixed symbols, `#[unsafe(no_mangle)]`, since the linker exports a
/// function under no other condition. That is all: memory is reached through locks. The lint
/// `unsafe_code` does not look into macros of other crates, so a crate may forbid unsafe code and
/// use this one.
#[macro_export]
macro_rules! export {
    ($task:path) => {
        #[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
        const _: () = {
            static GUEST: $crate::guest::Guest<$task> = $crate::guest::Guest::new($task);

            #[unsafe(no_mangle)]
            extern "C" fn task_input(length: usize) -> usize {
                GUEST.input(length)
            }
            #[unsafe(no_mangle)]
            extern "C" fn task_describe() -> u64 {
                GUEST.describe()
            }
            #[unsafe(no_mangle)]
            extern "C" fn task_load() -> u64 {
                GUEST.load()
            }
            #[unsafe(no_mangle)]
            extern "C" fn task_question() -> u64 {
                GUEST.run($crate::guest::question)
            }
            #[unsafe(no_mangle)]
            extern "C" fn task_check_question() -> u64 {
                GUEST.run($crate::guest::check_question)
            }
            #[unsafe(no_mangle)]
            extern "C" fn task_check_answer() -> u64 {
                GUEST.run($crate::guest::check_answer)
            }
            #[unsafe(no_mangle)]
            extern "C" fn task_answer() -> u64 {
                GUEST.run($crate::guest::answer)
            }
            #[unsafe(no_mangle)]
            extern "C" fn task_worth() -> u64 {
                GUEST.run($crate::guest::worth)
            }
        };
    };
}
