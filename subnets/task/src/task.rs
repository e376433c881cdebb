//! The trait that a subnet's author implements.

use crate::{Body, Load, Seed, Worth};
use core::fmt;
use scale::{Decode, Encode};

/// A registration on a subnet: a uid and the generation of the neuron on it.
///
/// A uid passes to another neuron when it is replaced. A generation is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Seat {
    /// The uid.
    pub uid: u16,
    /// Number of the neuron's registration on the subnet.
    pub generation: u32,
}

/// The reason why a task does not answer a question, or does not take a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub &'static str);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for Refused {}

/// A subnet's work. Pure: no clock, no network, no chance but the seed.
///
/// A deterministic task is two functions, [`question`](Task::question) and
/// [`answer`](Task::answer). The miner serves `answer`, or a model of its own that does as well.
/// The validator and every auditor compute [`worth`](Task::worth).
///
/// All functions must give the same bits on every machine: integers, or floats in a fixed order.
pub trait Task: Send + Sync {
    /// The state that every neuron has before, found by its hash: a model. `()` for no state.
    type State: Load;
    /// A question.
    type Question: Body;
    /// An answer.
    type Answer: Body;

    /// Name of the task with its version, such as `embed/1`.
    const NAME: &'static str;

    /// Returns the question that `seed` draws.
    ///
    /// The seed is that of one question: [`Seed::question`] has mixed in the epoch, the validator,
    /// the miner and the question's number. Users ask questions of the same form.
    fn question(&self, state: &Self::State, seed: &Seed) -> Self::Question;

    /// Returns the answer to `question`.
    ///
    /// # Errors
    /// A question that the task does not answer. It may come from any stranger, so nothing about it
    /// may be taken for granted.
    fn answer(
        &self,
        state: &Self::State,
        question: &Self::Question,
    ) -> Result<Self::Answer, Refused>;

    /// Checks at little cost that the task answers `question`. A model in another process is asked
    /// only what [`answer`](Task::answer) takes too. By default every question passes.
    ///
    /// # Errors
    /// Some or all of those of [`answer`](Task::answer), and no others.
    fn check(&self, state: &Self::State, question: &Self::Question) -> Result<(), Refused> {
        let _ = (state, question);
        Ok(())
    }

    /// Returns the worth of a miner's `answer`. By default all for an answer equal to ours, and
    /// nothing for another one.
    fn worth(
        &self,
        state: &Self::State,
        question: &Self::Question,
        answer: &Self::Answer,
    ) -> Worth {
        Worth::whole_if(self.answer(state, question).as_ref() == Ok(answer))
    }
}
