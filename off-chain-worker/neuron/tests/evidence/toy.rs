//! A cheap task: the sum of a few small numbers. Near misses are worth a half.

use inktensor_task::{Body, Refused, Seed, Task, Worth};
use serde::{Deserialize, Serialize};

/// The task.
pub struct Sum;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    pub numbers: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Total {
    pub total: u32,
}

impl Body for Numbers {
    const MAX_BYTES: usize = 64;
}

impl Body for Total {
    const MAX_BYTES: usize = 32;
}

impl Task for Sum {
    type State = ();
    type Question = Numbers;
    type Answer = Total;

    const NAME: &'static str = "sum/1";

    /// Few questions exist, so two of a miner are often the same.
    fn question(&self, _: &(), seed: &Seed) -> Numbers {
        let mut draw = seed.draw();
        Numbers {
            numbers: (0..2).map(|_| draw.below(2) as u8).collect(),
        }
    }

    fn answer(&self, _: &(), question: &Numbers) -> Result<Total, Refused> {
        Ok(Total {
            total: question.numbers.iter().map(|it| u32::from(*it)).sum(),
        })
    }

    fn worth(&self, state: &(), question: &Numbers, answer: &Total) -> Worth {
        match self.answer(state, question) {
            Ok(ours) => match ours.total.abs_diff(answer.total) {
                0 => Worth::WHOLE,
                1 => Worth(32_768),
                _ => Worth::NONE,
            },
            Err(_) => Worth::NONE,
        }
    }
}
