//! The two attacks: a lie before an honest watcher, and forged proofs before an honest proposer.
//! The same against any court.

use super::{case::Case, chance::Chance, court::Court, forgery::Forgery};
use inktensor_primitives::{assertion::Assertion, epoch::EpochError};

/// How a lie ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was not even taken.
    Refused,
    /// It was disproved, and its collateral slashed.
    Slashed,
}

/// What must never happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A lie that the court took was not slashed.
    #[error("a lie survives: {0}")]
    Survivor(String),
    /// An honest assertion was taken down, or not taken.
    #[error("an honest loss: {0}")]
    HonestLoss(String),
    /// Something panicked, which nothing may.
    #[error("a panic: {0}")]
    Panic(String),
    /// No epoch was found about which a lie of the kind can be told.
    #[error("no occasion: {0}")]
    NoOccasion(String),
}

/// Posts `lie` about `case`, and lets an honest watcher look at it.
///
/// # Errors
/// `Survivor`.
pub fn lie(
    court: &mut dyn Court,
    case: &Case,
    lie: &Assertion,
    chance: &mut Chance,
) -> Result<Ended, Broken> {
    let survives = |what: String| Err(Broken::Survivor(what));
    match court.propose(lie) {
        Ok(()) => (),
        Err(EpochError::HeaderMismatch | EpochError::BadShape) => return Ok(Ended::Refused),
        Err(error) => return survives(format!("propose: {error:?}")),
    }
    let Some((k, proof)) = court.watch(case, lie) else {
        return survives("the watcher sees nothing wrong".into());
    };
    // All before it is true: to dispute that is in vain.
    let Ok(earlier) = u32::try_from(chance.below(usize::try_from(k).unwrap_or_default())) else {
        return survives("too many steps".into());
    };
    if earlier < k {
        let vain = case.trace.proof(&case.inputs, lie, earlier);
        let verdict = vain.map(|proof| court.dispute(earlier, &proof));
        if verdict != Some(Err(EpochError::StepIsCorrect)) {
            return survives(format!("step {earlier} before the false {k}: {verdict:?}"));
        }
    }
    match court.dispute(k, &proof) {
        Ok(()) => Ok(Ended::Slashed),
        Err(error) => survives(format!("step {k}: {error:?}")),
    }
}

/// Posts the honest assertion of `case`.
///
/// # Errors
/// `HonestLoss` if it is not taken.
pub fn post_honestly(court: &mut dyn Court, case: &Case) -> Result<(), Broken> {
    court
        .propose(&case.trace.assertion())
        .map_err(|error| Broken::HonestLoss(format!("propose: {error:?}")))
}

/// Puts a forged proof forward against the honest assertion of `case`, which is posted. What the
/// court said; none if the epoch gives no occasion for such a proof.
///
/// # Errors
/// `HonestLoss`.
pub fn forge(
    court: &mut dyn Court,
    case: &Case,
    forgery: Forgery,
    chance: &mut Chance,
) -> Result<Option<EpochError>, Broken> {
    let Some((k, proof)) = forgery.forge(case, chance) else {
        return Ok(None);
    };
    match court.dispute(k, &proof) {
        Ok(()) => Err(Broken::HonestLoss(format!("step {k}: slashed"))),
        Err(error) if forgery == Forgery::Right && error != EpochError::StepIsCorrect => Err(
            Broken::HonestLoss(format!("step {k}, the right proof: {error:?}")),
        ),
        Err(error) => Ok(Some(error)),
    }
}
