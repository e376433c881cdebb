//! Assertions side by side: lies before, beside and after the truth, copies, and replayed steps.
//!
//! In each contest every lie is slashed or refused, the truth is accepted in the block in which it
//! is posted, and becomes final at its own deadline.

use super::{attack::Broken, case::Case, judge::Judge, rng::Rng};
use inktensor_primitives::{
    assertion::Assertion,
    epoch::{EpochError, MAX_ASSERTIONS},
};
use std::fmt;

/// A kind of contest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contest {
    /// The truth alone.
    Alone,
    /// This number of lies stand before the truth.
    Before(u8),
    /// Lies stand in all places, until one is disputed.
    Full,
    /// This number of lies stand after the truth, and are never disputed.
    After(u8),
    /// The truth and a lie are copied.
    Copies,
    /// Lies are disputed in the last block in which they can be.
    LastBlock,
    /// The refutation of a lie is used against the truth.
    OtherProof,
    /// The chain has replayed some steps.
    Replayed,
}

/// The lies that stand beside the truth at the end of a contest.
pub type Left = Vec<Assertion>;

impl Contest {
    /// All contests.
    pub const ALL: [Contest; 12] = [
        Contest::Alone,
        Contest::Before(1),
        Contest::Before(2),
        Contest::Before(3),
        Contest::Full,
        Contest::After(1),
        Contest::After(2),
        Contest::After(3),
        Contest::Copies,
        Contest::LastBlock,
        Contest::OtherProof,
        Contest::Replayed,
    ];

    /// Holds the contest about the epoch of `case`, of which nothing is asserted. At the end the
    /// truth stands, before the lies that are returned.
    ///
    /// # Errors
    /// `Survivor` if a lie is not slashed, `HonestLoss` if the truth is refused or falls.
    pub fn hold(self, judge: &mut dyn Judge, case: &Case, rng: &mut Rng) -> Result<Left, Broken> {
        let truth = case.trace.assertion();
        match self {
            Contest::Alone => post_truth(judge, &truth)?,
            Contest::Before(count) => {
                let mut lies = post_lies(judge, case, rng, count.into())?;
                post_truth(judge, &truth)?;
                while let Some(place) = rng.place(lies.len()) {
                    slash(judge, case, &lies.swap_remove(place))?;
                }
            }
            Contest::Full => {
                let mut lies = post_lies(judge, case, rng, MAX_ASSERTIONS.into())?;
                let refused = judge.propose(&truth);
                if refused != Err(EpochError::TooManyAssertions(MAX_ASSERTIONS)) {
                    return Err(Broken::Survivor(format!("a fifth place: {refused:?}")));
                }
                while let Some(place) = rng.place(lies.len()) {
                    slash(judge, case, &lies.swap_remove(place))?;
                    if lies.len() + 1 == usize::from(MAX_ASSERTIONS) {
                        post_truth(judge, &truth)?;
                    }
                }
            }
            Contest::After(count) => {
                post_truth(judge, &truth)?;
                return post_lies(judge, case, rng, count.into());
            }
            Contest::Copies => copies(judge, case, &truth, rng)?,
            Contest::LastBlock => {
                let lies = post_lies(judge, case, rng, 2)?;
                post_truth(judge, &truth)?;
                judge.advance(judge.period().saturating_sub(1));
                for lie in &lies {
                    slash(judge, case, lie)?;
                }
            }
            Contest::OtherProof => {
                post_truth(judge, &truth)?;
                for lie in post_lies(judge, case, rng, 2)? {
                    let Some((k, mut proof)) = judge.watch(case, &lie) else {
                        return Err(unseen());
                    };
                    proof.assertion = truth.clone();
                    if judge.dispute(k, &proof).is_ok() {
                        return Err(Broken::HonestLoss(format!("step {k} of a lie")));
                    }
                    slash(judge, case, &lie)?;
                }
            }
            Contest::Replayed => replayed(judge, case, &truth, rng)?,
        }
        Ok(Vec::new())
    }

    /// Ends the contest: at its deadline the truth, and none of the lies that are `left`, is final.
    ///
    /// # Errors
    /// `Survivor`, `HonestLoss`.
    pub fn end(judge: &mut dyn Judge, case: &Case, left: &Left) -> Result<(), Broken> {
        let truth = case.trace.assertion();
        if judge.standing().first() != Some(&truth.digest()) {
            return Err(Broken::HonestLoss("it does not stand first".into()));
        }
        judge.advance(judge.period());
        for lie in left {
            let refused = judge.finalize(lie);
            if refused != Err(EpochError::AssertionMismatch) {
                return Err(Broken::Survivor(format!("final beside: {refused:?}")));
            }
        }
        let ended = judge.finalize(&truth);
        ended.map_err(|error| Broken::HonestLoss(format!("finalize: {error:?}")))
    }
}

fn unseen() -> Broken {
    Broken::Survivor("the watcher sees nothing wrong".into())
}

fn post_truth(judge: &mut dyn Judge, truth: &Assertion) -> Result<(), Broken> {
    let posted = judge.propose(truth);
    posted.map_err(|error| Broken::HonestLoss(format!("propose: {error:?}")))
}

/// Posts `count` different lies.
fn post_lies(
    judge: &mut dyn Judge,
    case: &Case,
    rng: &mut Rng,
    count: usize,
) -> Result<Vec<Assertion>, Broken> {
    let mut lies = Vec::new();
    while lies.len() < count {
        let lie = any_lie(case, rng, 0)?;
        judge
            .propose(&lie)
            .map_err(|error| Broken::Survivor(format!("a lie beside: {error:?}")))?;
        lies.push(lie);
    }
    Ok(lies)
}

/// Returns the honest assertion with another digest of a step from `first` on, of a memory or of
/// results.
fn any_lie(case: &Case, rng: &mut Rng, first: usize) -> Result<Assertion, Broken> {
    let mut lie = case.trace.assertion();
    let list = match rng.below(4) {
        _ if first > 0 => lie.steps.get_mut(first..).unwrap_or_default(),
        0 | 1 => &mut lie.steps[..],
        2 => &mut lie.memory[..],
        _ => &mut lie.results[..],
    };
    let place = rng.place(list.len());
    let place = place.ok_or_else(|| Broken::NoOccasion("nothing to falsify".into()))?;
    list[place] = rng.digest();
    Ok(lie)
}

/// Disputes `lie`, which must fall alone.
fn slash(judge: &mut dyn Judge, case: &Case, lie: &Assertion) -> Result<(), Broken> {
    let mut others = judge.standing();
    let Some((k, proof)) = judge.watch(case, lie) else {
        return Err(unseen());
    };
    judge
        .dispute(k, &proof)
        .map_err(|error| Broken::Survivor(format!("step {k}: {error:?}")))?;
    others.retain(|digest| *digest != lie.digest());
    if judge.standing() != others {
        return Err(Broken::HonestLoss("another assertion fell too".into()));
    }
    Ok(())
}

fn copies(
    judge: &mut dyn Judge,
    case: &Case,
    truth: &Assertion,
    rng: &mut Rng,
) -> Result<(), Broken> {
    let twice = |judge: &mut dyn Judge, assertion: &Assertion| match judge.propose(assertion) {
        Err(EpochError::AlreadyAsserted) => Ok(()),
        other => Err(Broken::Survivor(format!("a copy: {other:?}"))),
    };
    post_truth(judge, truth)?;
    twice(judge, truth)?;
    let lies = post_lies(judge, case, rng, 1)?;
    for lie in &lies {
        twice(judge, lie)?;
        slash(judge, case, lie)?;
        // The place is free, for the same lie too. The same proof refutes it.
        judge
            .propose(lie)
            .map_err(|error| Broken::Survivor(format!("a lie again: {error:?}")))?;
        slash(judge, case, lie)?;
    }
    Ok(())
}

/// Replays some steps. Lies about them are refused, lies about later ones are slashed.
fn replayed(
    judge: &mut dyn Judge,
    case: &Case,
    truth: &Assertion,
    rng: &mut Rng,
) -> Result<(), Broken> {
    let Some(most) = case.steps().checked_sub(1).filter(|most| *most > 0) else {
        // Replaying the only step would end the epoch.
        return post_truth(judge, truth);
    };
    let steps = 1 + rng.below(most.min(3));
    judge.replay(case, steps);
    let mut contradiction = truth.clone();
    contradiction.steps[rng.below(steps)] = rng.digest();
    let refused = judge.propose(&contradiction);
    if refused != Err(EpochError::ContradictsReplay) {
        return Err(Broken::Survivor(format!("against a replay: {refused:?}")));
    }
    let later = any_lie(case, rng, steps)?;
    judge
        .propose(&later)
        .map_err(|error| Broken::Survivor(format!("after a replay: {error:?}")))?;
    post_truth(judge, truth)?;
    slash(judge, case, &later)
}

impl fmt::Display for Contest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Contest::Alone => f.write_str("the truth alone"),
            Contest::Before(1) => f.write_str("a lie before the truth"),
            Contest::Before(count) => write!(f, "{count} lies before the truth"),
            Contest::Full => f.write_str("lies in all places"),
            Contest::After(1) => f.write_str("a lie after the truth"),
            Contest::After(count) => write!(f, "{count} lies after the truth"),
            Contest::Copies => f.write_str("copies of truth and lie"),
            Contest::LastBlock => f.write_str("disputes in the last block"),
            Contest::OtherProof => f.write_str("a lie's refutation against the truth"),
            Contest::Replayed => f.write_str("replayed steps"),
        }
    }
}
