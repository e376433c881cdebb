//! The two attacks, against any judge: a lie before an honest watcher, and forged proofs against an
//! honest proposer.

use super::{case::Case, forgery::Forgery, judge::Judge, rng::Rng};
use inktensor_primitives::{assertion::Assertion, dispute::StepProof, epoch::EpochError};

/// The outcome of a lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The judge refused the assertion.
    Refused,
    /// The assertion was disproved, and its collateral slashed.
    Slashed,
}

/// A violation of completeness or soundness.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An accepted lie was not slashed.
    #[error("a lie survives: {0}")]
    Survivor(String),
    /// An honest assertion was overturned or refused.
    #[error("an honest loss: {0}")]
    HonestLoss(String),
    /// A panic.
    #[error("a panic: {0}")]
    Panic(String),
    /// No epoch was found that a lie of this kind applies to.
    #[error("no occasion: {0}")]
    NoOccasion(String),
}

/// Posts `lie` about `case`, and disputes it as an honest watcher does.
///
/// # Errors
/// `Survivor`.
pub fn lie(
    judge: &mut dyn Judge,
    case: &Case,
    lie: &Assertion,
    rng: &mut Rng,
) -> Result<Ended, Broken> {
    let survives = |what: String| Err(Broken::Survivor(what));
    match judge.propose(lie) {
        Ok(()) => (),
        Err(EpochError::HeaderMismatch | EpochError::BadShape) => return Ok(Ended::Refused),
        Err(error) => return survives(format!("propose: {error:?}")),
    }
    let Some((k, proof)) = judge.watch(case, lie) else {
        return survives("the watcher sees nothing wrong".into());
    };
    // All earlier steps are true, so disputing one of them must fail.
    let Ok(earlier) = u32::try_from(rng.below(usize::try_from(k).unwrap_or_default())) else {
        return survives("too many steps".into());
    };
    if earlier < k {
        let proof = case.trace.proof(&case.inputs, lie, earlier);
        let verdict = proof.map(|proof| judge.dispute(earlier, &proof));
        if verdict != Some(Err(EpochError::StepIsCorrect)) {
            return survives(format!("step {earlier} before the false {k}: {verdict:?}"));
        }
    }
    match judge.dispute(k, &proof) {
        Ok(()) => Ok(Ended::Slashed),
        Err(error) => survives(format!("step {k}: {error:?}")),
    }
}

/// Disputes the posted honest assertion of `case` with a forged proof. Returns the judge's error,
/// or `None` if the forgery does not apply to the epoch.
///
/// # Errors
/// `HonestLoss`.
pub fn forge(
    judge: &mut dyn Judge,
    case: &Case,
    forgery: Forgery,
    rng: &mut Rng,
) -> Result<Option<EpochError>, Broken> {
    let Some((k, proof)) = forgery.forge(case, rng) else {
        return Ok(None);
    };
    match judge.dispute(k, &proof) {
        Ok(()) => Err(Broken::HonestLoss(format!("step {k}: slashed"))),
        Err(EpochError::StepIsCorrect) if starves(judge, k, &proof, rng) => Err(
            Broken::HonestLoss(format!("step {k}: slashed with too little gas")),
        ),
        Err(error) if forgery == Forgery::Right && error != EpochError::StepIsCorrect => Err(
            Broken::HonestLoss(format!("step {k}, the right proof: {error:?}")),
        ),
        Err(error) => Ok(Some(error)),
    }
}

/// Disputes a correct step with too little gas. Returns true if the assertion is overturned.
fn starves(judge: &mut dyn Judge, k: u32, proof: &StepProof, rng: &mut Rng) -> bool {
    (0..3).any(|_| {
        let permille = u64::from(rng.within(1, 999));
        judge.dispute_starved(k, proof, permille)
    })
}
