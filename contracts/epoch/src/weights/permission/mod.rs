//! Permission to set weights: one rule for the calls and for the views that explain a refusal, so
//! that they cannot disagree.
//!
//! The order of the checks is the reference's. Source: subtensor-reference.md 5.1.

use super::canonical;
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    epoch::EpochError,
    registry::{Voter, WeightTerms},
    Rao, Uid,
};

/// Weights to set.
#[derive(Clone, Copy, Debug)]
pub struct WeightsUpdate<'a> {
    /// Uids that get a weight.
    pub uids: &'a [Uid],
    /// The weight of each uid.
    pub weights: &'a [u16],
    /// Version of the client.
    pub version_key: u64,
}

impl<'a> WeightsUpdate<'a> {
    /// Returns the update that gives `weights[i]` to `uids[i]`.
    pub const fn new(uids: &'a [Uid], weights: &'a [u16], version_key: u64) -> Self {
        Self {
            uids,
            weights,
            version_key,
        }
    }
}

/// Way in which weights reach the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `set_weights`, at this block.
    Set(u32),
    /// `reveal_weights`.
    Reveal,
}

/// Facts about a validator besides its terms. The rule reads each only when a check needs it.
pub trait Facts {
    /// Returns the stake of the hotkey on the subnet.
    fn stake(&self) -> Result<Rao, EpochError>;
    /// Returns the block of the neuron's last update or commit.
    fn updated_at(&self) -> Option<u32>;
    /// Returns true if the neuron holds a permit by the last final epoch.
    fn has_permit(&self) -> bool;
}

/// Returns the row of `update`, if `voter` may set it.
///
/// # Errors
/// `CommitFirst`, `LengthMismatch`, `StakeTooLow`, `VersionTooOld`, `WeightsTooSoon`, `NoPermit`,
/// `UnknownUid`, `DuplicateUid`, `TooFewWeights`, `EvidenceFirst`, in this order; those of the
/// facts.
pub fn row(
    voter: &Voter,
    way: Way,
    update: WeightsUpdate,
    facts: &impl Facts,
) -> Result<Vec<u16>, EpochError> {
    let WeightsUpdate {
        uids,
        weights,
        version_key,
    } = update;
    let terms = &voter.terms;
    if terms.commit_reveal && way != Way::Reveal {
        return Err(EpochError::CommitFirst);
    }
    let count = |items: usize| u32::try_from(items).unwrap_or(u32::MAX);
    if uids.len() != weights.len() {
        return Err(EpochError::LengthMismatch(
            count(uids.len()),
            count(weights.len()),
        ));
    }
    check_stake(voter, facts)?;
    if version_key < terms.version_key {
        return Err(EpochError::VersionTooOld(terms.version_key));
    }
    if let Way::Set(block) = way {
        check_rate(terms, block, facts.updated_at())?;
    }
    let is_self = uids == [voter.seat.uid];
    if !is_self && !voter.is_owner && !facts.has_permit() {
        return Err(EpochError::NoPermit);
    }
    let row = canonical(voter.seat.neurons, uids, weights)?;
    let least = terms.min_count.min(voter.seat.neurons);
    // An empty update clears the row.
    if !is_self && !uids.is_empty() && uids.len() < usize::from(least) {
        return Err(EpochError::TooFewWeights(least));
    }
    // The commit of a reveal was checked. Weights that clear the row need no evidence.
    if way != Way::Reveal && row.iter().any(|weight| *weight > 0) {
        check_evidence(voter)?;
    }
    Ok(row)
}

/// Checks that a validator has pledged evidence of the open epoch, if its subnet demands it.
///
/// The chain does not read the evidence: everyone can, by its root.
///
/// # Errors
/// `EvidenceFirst` with the open epoch.
pub fn check_evidence(voter: &Voter) -> Result<(), EpochError> {
    let open = voter.seat.epoch;
    if voter.terms.evidence && voter.evidence != Some(open) {
        return Err(EpochError::EvidenceFirst(open));
    }
    Ok(())
}

/// Checks that a validator has the stake that its subnet requires.
///
/// # Errors
/// `StakeTooLow`; those of the facts.
pub fn check_stake(voter: &Voter, facts: &impl Facts) -> Result<(), EpochError> {
    let threshold = voter.terms.stake_threshold;
    if voter.is_owner || threshold.is_zero() || facts.stake()? >= threshold {
        Ok(())
    } else {
        Err(EpochError::StakeTooLow(threshold))
    }
}

/// Checks that the rate limit has passed at `block` since the last update.
///
/// # Errors
/// `WeightsTooSoon`.
pub fn check_rate(
    terms: &WeightTerms,
    block: u32,
    updated_at: Option<u32>,
) -> Result<(), EpochError> {
    let next = updated_at.map_or(0, |at| at.saturating_add(terms.rate_limit));
    if block < next {
        Err(EpochError::WeightsTooSoon(next))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
