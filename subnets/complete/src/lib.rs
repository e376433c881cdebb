//! The task `complete/1`: the first bytes of a text in, its continuation out.
//!
//! The state is a state of `train/1`, byte for byte: the hash that a training ends in is the hash
//! that a manifest of this task names. `docs/complete.md` is the specification.
//!
//! # Worth
//! A continuation follows from the model and the question to the last bit: see [`Choice`]. So an
//! answer is right if it is equal to ours, and worth nothing otherwise.
//!
//! # Questions
//! A validator's question has a prompt, and a seed of the choice, that are drawn. So answers cannot
//! be computed before the seed is known, nor kept from one epoch to the next.
//!
//! # JSON
//! A question is `{"prompt":[116,104,101],"bytes":8,"temperature":0,"seed":0}`. An answer is
//! `{"answer":[32,109,111,100,101,108,32,105]}`, with as many bytes as the question asks for.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod choice;
mod draw;
mod model;
mod text;

use alloc::vec::Vec;

use inktensor_task::{Body, Refused, Seed, Task};
use serde::{Deserialize, Serialize};

pub use choice::{Choice, TEMPERATURE_LIMIT};
pub use draw::{DRAWN_BYTES, PROMPT_LEAST};
pub use model::{CompleteError, Model, WORK_LIMIT};
pub use text::shown;

/// The most bytes of a prompt.
pub const PROMPT_LIMIT: usize = 1024;
/// The most bytes of a continuation.
pub const BYTES_LIMIT: u16 = 256;
/// The most bytes of a byte in a list of JSON, such as `255,`.
const LISTED: usize = 4;

/// The task `complete/1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Complete;

/// A text whose continuation is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The first bytes of the text: from 1 to [`PROMPT_LIMIT`], each in the model's vocabulary.
    pub prompt: Vec<u8>,
    /// Number of bytes to continue: from 1 to [`Model::most_bytes`].
    pub bytes: u16,
    /// Temperature in thousandths, at most [`TEMPERATURE_LIMIT`]. 0 takes the likeliest byte.
    pub temperature: u16,
    /// Seed of the choice. It has no influence at temperature 0.
    pub seed: u32,
}

impl Body for Question {
    const MAX_BYTES: usize = LISTED * PROMPT_LIMIT
        + "{\"prompt\":[],\"bytes\":65535,\"temperature\":65535,\"seed\":4294967295}".len();
}

/// A continuation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The bytes that follow the prompt.
    pub answer: Vec<u8>,
}

impl Body for Answer {
    const MAX_BYTES: usize = LISTED * BYTES_LIMIT as usize + "{\"answer\":[]}".len();
}

impl Task for Complete {
    type State = Model;
    type Question = Question;
    type Answer = Answer;

    const NAME: &'static str = "complete/1";

    fn question(&self, state: &Model, seed: &Seed) -> Question {
        draw::question(state, seed)
    }

    fn answer(&self, state: &Model, question: &Question) -> Result<Answer, Refused> {
        let answer = state.continuation(question)?;
        Ok(Answer { answer })
    }

    /// Compares the question with the limits and the model's vocabulary.
    fn check(&self, state: &Model, question: &Question) -> Result<(), Refused> {
        Ok(state.check(question)?)
    }
}

#[cfg(test)]
mod tests;
