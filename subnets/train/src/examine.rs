//! The examination of a miner by a validator.

use alloc::boxed::Box;
use core::fmt;

use inktensor_task::{Fault, Fold, Seat, Seed};

use crate::{judge, probes, Answer, Epoch, Fraud, FraudProof, Unfit, Verdict, Work};

/// The result of a miner's epoch, for one validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Examined {
    /// No pledge that counts.
    Absent,
    /// All probes passed.
    Verified {
        /// Steps of the pledge.
        steps: u16,
    },
    /// A probe failed, or another validator has proven a fraud.
    Failed(Failure),
}

/// The first probe that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer in time.
    Unanswered {
        /// Number of the step.
        step: u16,
    },
    /// An answer that does not fit the pledge.
    Unfit {
        /// Number of the step.
        step: u16,
        /// The item that does not fit.
        unfit: Unfit,
    },
    /// A false pledge.
    Fraud {
        /// The false item.
        fraud: Fraud,
        /// The proof for everyone else.
        proof: Box<FraudProof>,
    },
}

/// Returns the result of probing the miner on `seat`, which pledged `work`.
///
/// `seed` is the validator's own. `drawn` steps are drawn besides the first one. `ask` returns the
/// miner's answer with its state, or `None` without one in time. Asking ends with the first
/// failure.
///
/// # Errors
/// A fault of the fold, which is no result of the miner.
pub fn examine<F: Fold>(
    fold: &F,
    epoch: &Epoch,
    seat: Seat,
    work: Option<&Work>,
    seed: &Seed,
    drawn: u16,
    mut ask: impl FnMut(u16) -> Option<Answer>,
) -> Result<Examined, Fault> {
    let Some(work) = work.filter(|work| work.check(epoch).is_ok()) else {
        return Ok(Examined::Absent);
    };
    for step in probes(seed, seat, work.steps, drawn) {
        let Some(answer) = ask(step) else {
            return Ok(Examined::Failed(Failure::Unanswered { step }));
        };
        let verdict = match answer.step == step {
            true => judge(fold, epoch, seat, work, &answer)?,
            // The answer to another question.
            false => Verdict::Unfit(Unfit::Step {
                step: answer.step,
                steps: work.steps,
            }),
        };
        match verdict {
            Verdict::True => {}
            Verdict::Unfit(unfit) => {
                return Ok(Examined::Failed(Failure::Unfit { step, unfit }));
            }
            Verdict::False(fraud) => {
                let proof = Box::new(FraudProof::new(epoch, seat, work, answer));
                return Ok(Examined::Failed(Failure::Fraud { fraud, proof }));
            }
        }
    }
    Ok(Examined::Verified { steps: work.steps })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered { step } => write!(f, "the probe of step {step} has no answer"),
            Self::Unfit { step, unfit } => write!(f, "the probe of step {step} failed: {unfit}"),
            Self::Fraud { fraud, .. } => fraud.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy::{self, Toy};
    use alloc::{format, vec::Vec};

    const SEED: Seed = Seed([6; 32]);

    /// Probes a miner that serves `blobs` as its states.
    fn probed(
        blobs: &[Vec<u8>],
        mut asked: impl FnMut(u16, Option<Answer>) -> Option<Answer>,
    ) -> Examined {
        let trace = toy::traced(blobs);
        let work = trace.pledge();
        examine(
            &Toy,
            &toy::epoch(),
            toy::SEAT,
            Some(&work),
            &SEED,
            3,
            |step| {
                let answer = trace.answer(step).map(|answer| Answer {
                    state: blobs[usize::from(step)].clone(),
                    ..answer
                });
                asked(step, answer)
            },
        )
        .unwrap()
    }

    #[test]
    fn work_as_assigned_is_verified_and_each_probe_is_asked_once() {
        let (_, blobs) = toy::worked(9);
        let mut steps = Vec::new();
        let found = probed(&blobs, |step, answer| {
            steps.push(step);
            answer
        });
        assert_eq!(found, Examined::Verified { steps: 9 });
        let drawn: Vec<u16> = probes(&SEED, toy::SEAT, 9, 3).into_iter().collect();
        assert_eq!(steps, drawn);
    }

    #[test]
    fn missing_and_void_pledges_are_absent() {
        let (trace, _) = toy::worked(9);
        let mut old = trace.pledge();
        old.epoch -= 1;
        for work in [None, Some(&old)] {
            let found = examine(&Toy, &toy::epoch(), toy::SEAT, work, &SEED, 3, |_| None);
            assert_eq!(found, Ok(Examined::Absent));
        }
    }

    #[test]
    fn silence_fails() {
        let (_, blobs) = toy::worked(9);
        let found = probed(&blobs, |_, _| None);
        assert_eq!(found, Examined::Failed(Failure::Unanswered { step: 0 }));
    }

    #[test]
    fn true_answer_to_another_probe_fails() {
        let (trace, blobs) = toy::worked(9);
        let mut other = trace.answer(1).unwrap();
        other.state = blobs[1].clone();
        let found = probed(&blobs, |_, _| Some(other.clone()));
        let unfit = Unfit::Step { step: 1, steps: 9 };
        assert_eq!(found, Examined::Failed(Failure::Unfit { step: 0, unfit }));
    }

    #[test]
    fn false_step_fails_with_a_proof_that_stands() {
        let (_, mut blobs) = toy::worked(9);
        blobs[1][9] ^= 1;
        let Examined::Failed(Failure::Fraud { fraud, proof }) = probed(&blobs, |_, it| it) else {
            panic!("the fraud is not found");
        };
        let work = toy::traced(&blobs).pledge();
        let decided = proof.decide(&Toy, &toy::epoch(), toy::SEAT, &work);
        assert_eq!(decided, Ok(Verdict::False(fraud)));
        let text = format!("{}", Failure::Fraud { fraud, proof });
        assert!(text.starts_with("step 0 leads to state 0x"), "{text}");
    }
}
