//! The task `factors/1`: a number in, its prime factors out. The example of `docs/subnet-author.md`
//! as a crate, and as a Wasm program.

use inktensor_task::{Body, Refused, Seed, Task};
use serde::{Deserialize, Serialize};

/// The task.
pub struct Factors;

/// A number to factor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The number.
    pub number: u32,
}

/// Prime factors, ascending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The factors.
    pub factors: Vec<u32>,
}

impl Body for Question {
    const MAX_BYTES: usize = 32;
}

impl Body for Answer {
    const MAX_BYTES: usize = 256;
}

impl Task for Factors {
    type State = ();
    type Question = Question;
    type Answer = Answer;

    const NAME: &'static str = "factors/1";

    fn question(&self, _: &(), seed: &Seed) -> Question {
        Question {
            number: 2 + seed.draw().below(1_000_000),
        }
    }

    fn answer(&self, _: &(), question: &Question) -> Result<Answer, Refused> {
        let (mut rest, mut by, mut factors) = (question.number, 2, Vec::new());
        if !(2..2_000_000).contains(&rest) {
            return Err(Refused("factors/1 takes numbers from 2 to 1999999"));
        }
        while by * by <= rest {
            if rest % by == 0 {
                factors.push(by);
                rest /= by;
            } else {
                by += 1;
            }
        }
        factors.push(rest);
        Ok(Answer { factors })
    }
}

inktensor_task::export!(Factors);
