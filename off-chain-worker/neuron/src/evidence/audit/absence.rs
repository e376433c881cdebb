//! Absent evidence, and files that are not the pledged one.
//!
//! Anyone can write a file, and a disk can damage one. So a file is held against a validator only
//! if the validator pledged its root, or served it under its own certificate.

use super::{Falsehood, Missing, Verdict};
use crate::evidence::facts::{ChainWeights, Facts};
use inktensor_primitives::Digest;

/// The place that a file of evidence comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The validator, over TLS with the certificate whose hash its hotkey published.
    Validator,
    /// Another place: a file, a mirror, or a connection that a third party can change.
    Elsewhere,
}

/// The reason why a pledged file was not to be had, with its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The auditor did not reach out: it refuses the address, or cannot resolve the name.
    NotAsked(String),
    /// The validator answered without the file, or is unreachable.
    Withheld(String),
}

/// Returns the verdict on a validator whose evidence is not to be had.
pub fn verify_absence(facts: &Facts, absence: Absence) -> Verdict {
    match (facts.pledged, absence) {
        (None, _) => unpledged(facts),
        (Some(_), Absence::NotAsked(cause)) => Verdict::Unjudged(Missing::NotAsked(cause)),
        (Some(_), Absence::Withheld(cause)) => Verdict::Unjudged(Missing::Withheld(cause)),
    }
}

/// Returns the verdict on a validator without a pledge, whatever files there are.
pub fn unpledged(facts: &Facts) -> Verdict {
    match without_pledge(facts) {
        Ok(missing) => Verdict::Unjudged(missing),
        Err(falsehood) => Verdict::False(falsehood),
    }
}

/// Returns the verdict on a file that proves nothing about the validator. Returns `None` if the
/// file can be audited. `root` computes the root of the file.
pub fn not_the_validators(
    root: impl FnOnce() -> Digest,
    origin: Origin,
    facts: &Facts,
) -> Option<Verdict> {
    if origin == Origin::Validator {
        return None;
    }
    let Some(pledged) = facts.pledged else {
        return Some(unpledged(facts));
    };
    let found = root();
    (found != pledged.root).then_some(Verdict::Unjudged(Missing::AnotherFile {
        found,
        pledged: pledged.root,
    }))
}

/// Returns the reason why a missing pledge cannot be judged.
///
/// # Errors
/// `NotPledged` for a validator with a permit that set weights in an epoch with a manifest.
pub(super) fn without_pledge(facts: &Facts) -> Result<Missing, Falsehood> {
    let (uid, epoch) = (facts.uid, facts.epoch);
    if facts.validator.is_none() {
        let block = facts.seed_block.number;
        return Ok(Missing::FreeUid { uid, epoch, block });
    }
    if facts.manifest.is_none() {
        return Ok(Missing::Manifest);
    }
    if !facts.permit {
        return Ok(Missing::NoPermit { uid, epoch });
    }
    if facts.closed_at.is_none() {
        return Ok(Missing::NotYetPledged);
    }
    match facts.weights {
        ChainWeights::Row(_) => Err(Falsehood::NotPledged),
        ChainWeights::Absent => Ok(Missing::LeftOut(epoch)),
        ChainWeights::Expected { epoch } => Ok(Missing::Weights(epoch)),
    }
}
