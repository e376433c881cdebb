//! The task `embed/1`: a text in, a vector of its meaning out.
//!
//! The state is a BERT with its vocabulary, as [`pack`] writes it. A question is a text of at most
//! [`TOKENS_LIMIT`] tokens. An answer is the text's vector in whole thousandths.
//!
//! # Worth
//! The reference computes with `inktensor-exact`, so each neuron and each auditor has the same
//! reference to the last bit. A miner may compute in any language, on any hardware: an answer is
//! right if no component is off by more than [`TOLERANCE`] thousandths. Models in `f32` and
//! with weights in `f16` are within it; a model with weights in 8 bits or without a layer is not.
//!
//! # Questions
//! A validator's question is built from sentences of this crate in which words of the model's
//! vocabulary take the place of at least [`SWAPS_LEAST`] words. So answers cannot be computed
//! before the seed is known, nor kept from one epoch to the next.
//!
//! # JSON
//! A question is `{"text":"a voyage across water"}`. An answer is `{"answer":[12,-80,5]}`, with as
//! many whole numbers as the model has components, 384 for MiniLM.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod answer;
mod config;
mod draw;
mod model;
pub mod small;
mod state;
#[cfg(test)]
mod tests;

use alloc::string::String;

use inktensor_exact::wordpiece::TEXT_LIMIT;
use inktensor_task::{Body, Refused, Seed, Task, Worth};
use serde::{Deserialize, Serialize};

pub use answer::{Answer, TOLERANCE};
pub use config::config_from_json;
pub use draw::SWAPS_LEAST;
pub use model::{EmbedError, Model, ModelError, TOKENS_LIMIT, WORDS_LEAST};
pub use state::{pack, STATE_LIMIT};

/// The task `embed/1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Embed;

/// A text whose vector is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The text, of at most [`TEXT_LIMIT`] bytes and [`TOKENS_LIMIT`] tokens.
    pub text: String,
}

impl Body for Question {
    /// Room for a text of which JSON escapes every byte, as in `\u0001`.
    const MAX_BYTES: usize = 6 * TEXT_LIMIT + "{\"text\":\"\"}".len();
}

impl Task for Embed {
    type State = Model;
    type Question = Question;
    type Answer = Answer;

    const NAME: &'static str = "embed/1";

    fn question(&self, state: &Model, seed: &Seed) -> Question {
        Question {
            text: draw::text(state, seed),
        }
    }

    fn answer(&self, state: &Model, question: &Question) -> Result<Answer, Refused> {
        Ok(state.answer(&question.text)?)
    }

    /// Counts the tokens by the model's own vocabulary.
    fn check(&self, state: &Model, question: &Question) -> Result<(), Refused> {
        state.tokens(&question.text).map_err(EmbedError::from)?;
        Ok(())
    }

    fn worth(&self, state: &Model, question: &Question, answer: &Answer) -> Worth {
        let ours = state.answer(&question.text);
        Worth::whole_if(ours.is_ok_and(|ours| ours.agrees_with(answer)))
    }
}
