//! The verdict of a probe: one step run again, and one hash compared.

use core::fmt;

use inktensor_task::{blake2, merkle, Blob, Digest, Fault, Fold, Load, Refused, Seat, Stop};

use crate::{probe::places, Answer, Epoch, Void, Work};

/// The verdict on an answer to a probe. Only [`Verdict::True`] passes the probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The step is the one that the training demands.
    True,
    /// The pledge itself is false, as anyone can see from the answer: it is a proof of fraud.
    False(Fraud),
    /// The answer proves nothing: it does not fit the pledge. It counts as no answer.
    Unfit(Unfit),
}

/// The false item of a pledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fraud {
    /// The trace begins with another state than the epoch.
    Start {
        /// Hash of the state with which the trace begins.
        found: Digest,
    },
    /// The pledged end is not the last state of the trace.
    End {
        /// Hash of the last state of the trace.
        last: Digest,
    },
    /// The bytes that the trace names are not a state.
    State {
        /// Steps before the state.
        steps: u16,
    },
    /// The training refuses the step, so there is no state after it.
    Refused {
        /// Number of the step.
        step: u16,
        /// The reason.
        reason: Refused,
    },
    /// The step leads to another state.
    Step {
        /// Number of the step.
        step: u16,
        /// Hash of the state to which the step leads.
        right: Digest,
    },
}

/// The item of an answer or a proof that does not fit the pledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The proof names another deployment, subnet or epoch.
    Context,
    /// The proof names another miner.
    Seat,
    /// The proof names another pledge than the miner's.
    Pledge,
    /// The pledge does not count.
    Void(Void),
    /// The pledge does not have the step.
    Step {
        /// Number of the step.
        step: u16,
        /// Steps of the pledge.
        steps: u16,
    },
    /// The path of an opening does not lead to the pledged root.
    Path(Place),
    /// The state has more bytes than any state of the training.
    TooLong {
        /// Bytes of the state.
        bytes: usize,
        /// Most bytes of a state.
        most: usize,
    },
    /// The state is not the one that its leaf names.
    State,
}

/// An opening of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The state before the step.
    Before,
    /// The state after the step.
    After,
    /// The last state.
    Last,
}

/// Returns the verdict on `answer` for the miner on `seat`, whose pledge is `work`.
///
/// Checks are made in the order of [`Unfit`] and then of [`Fraud`], and the first one that fails
/// counts. A verdict of fraud needs hashes that the miner itself has pledged, so no one can make
/// one against a miner that has worked as assigned.
///
/// # Errors
/// A fault of the fold, which is no verdict.
pub fn judge<F: Fold>(
    fold: &F,
    epoch: &Epoch,
    seat: Seat,
    work: &Work,
    answer: &Answer,
) -> Result<Verdict, Fault> {
    if let Err(unfit) = fits::<F::State>(epoch, seat, work, answer) {
        return Ok(Verdict::Unfit(unfit));
    }
    Ok(match fraud(fold, epoch, seat, work, answer)? {
        None => Verdict::True,
        Some(fraud) => Verdict::False(fraud),
    })
}

/// Checks everything that needs no state: the pledge counts and has the step, and the paths lead to
/// its root.
///
/// # Errors
/// The first item that does not fit.
pub(crate) fn opens(epoch: &Epoch, seat: Seat, work: &Work, answer: &Answer) -> Result<(), Unfit> {
    work.check(epoch).map_err(Unfit::Void)?;
    let (step, steps) = (answer.step, work.steps);
    if step >= steps {
        return Err(Unfit::Step { step, steps });
    }
    let openings = [
        (Place::Before, &answer.before),
        (Place::After, &answer.after),
        (Place::Last, &answer.last),
    ];
    for ((place, opening), index) in openings.into_iter().zip(places(work, answer)) {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let leaf = epoch.leaf(seat, number, &opening.state);
        if !merkle::is_included(&work.root, work.leaves(), index, &leaf, &opening.path) {
            return Err(Unfit::Path(place));
        }
    }
    Ok(())
}

fn fits<S: Load>(epoch: &Epoch, seat: Seat, work: &Work, answer: &Answer) -> Result<(), Unfit> {
    opens(epoch, seat, work, answer)?;
    let (bytes, most) = (answer.state.len(), S::MAX_BYTES);
    if bytes > most {
        return Err(Unfit::TooLong { bytes, most });
    }
    match blake2(&answer.state) == answer.before.state {
        true => Ok(()),
        false => Err(Unfit::State),
    }
}

fn fraud<F: Fold>(
    fold: &F,
    epoch: &Epoch,
    seat: Seat,
    work: &Work,
    answer: &Answer,
) -> Result<Option<Fraud>, Fault> {
    let step = answer.step;
    if step == 0 && answer.before.state != epoch.start {
        return Ok(Some(Fraud::Start {
            found: answer.before.state,
        }));
    }
    if answer.last.state != work.end {
        return Ok(Some(Fraud::End {
            last: answer.last.state,
        }));
    }
    let Ok(state) = F::State::load(&answer.state) else {
        return Ok(Some(Fraud::State { steps: step }));
    };
    match fold.step(state, &epoch.assignment(seat, step)) {
        Err(Stop::Failed(fault)) => Err(fault),
        Err(Stop::Refused(reason)) => Ok(Some(Fraud::Refused { step, reason })),
        Ok(state) => {
            let right = state.hash();
            Ok((right != answer.after.state).then_some(Fraud::Step { step, right }))
        }
    }
}

/// A hash as its first eight digits.
struct Short<'a>(&'a Digest);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0
            .iter()
            .take(4)
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("..")
    }
}

impl fmt::Display for Fraud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { found } => write!(
                f,
                "the trace begins with state {}, which is not the epoch's",
                Short(found)
            ),
            Self::End { last } => write!(
                f,
                "the trace ends with state {}, which is not the pledged end",
                Short(last)
            ),
            Self::State { steps } => write!(
                f,
                "the bytes after {steps} steps are not a state of the training"
            ),
            Self::Refused { step, reason } => {
                write!(
                    f,
                    "step {step} is pledged and the training refuses it: {reason}"
                )
            }
            Self::Step { step, right } => write!(
                f,
                "step {step} leads to state {}, which is not the pledged one",
                Short(right)
            ),
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Context => f.write_str("the proof is of another deployment, subnet or epoch"),
            Self::Seat => f.write_str("the proof is of another miner"),
            Self::Pledge => f.write_str("the pledge in the proof is not the miner's on the chain"),
            Self::Void(void) => void.fmt(f),
            Self::Step { step, steps } => write!(
                f,
                "the answer is to step {step} and the pledge has {steps} steps, from 0 on"
            ),
            Self::Path(place) => write!(
                f,
                "the path of the state {} does not lead to the pledged root",
                match place {
                    Place::Before => "before the step",
                    Place::After => "after the step",
                    Place::Last => "after all steps",
                }
            ),
            Self::TooLong { bytes, most } => write!(
                f,
                "the state has {bytes} bytes, over the training's limit of {most}"
            ),
            Self::State => f.write_str("the state does not have the hash that its leaf names"),
        }
    }
}

#[cfg(test)]
mod tests;
