//! The outcome of what was posted: of an epoch's assertion, and of this worker's own.

use super::{AssertionEvent, EpochHistory};
use inktensor_primitives::{assertion::Assertion, AccountId, Digest};

/// The assertion of an epoch that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedAssertion {
    /// The assertion. `None` if a replay on the chain made the epoch final: then only the digest is
    /// public. `None` too if the event of the proposal is not known.
    pub assertion: Option<Assertion>,
    /// Digest of the assertion.
    pub digest: Digest,
    /// The proposer, or `None` after a replay on the chain.
    pub proposer: Option<AccountId>,
    /// Status of the assertion.
    pub fate: AssertionStatus,
    /// Number of assertions of the epoch that were slashed.
    pub slashed: usize,
}

/// Status of an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionStatus {
    /// The assertion can be disputed.
    Standing {
        /// First block at which it can be made final.
        deadline: u32,
    },
    /// The assertion is final.
    Final,
    /// The assertion was disproved.
    Slashed,
}

/// Outcome of an assertion that this worker was about to post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentOutcome {
    /// The assertion never reached the chain.
    NotPosted,
    /// The assertion can still be disputed, or its epoch was rolled over.
    Standing,
    /// The assertion was disproved, and its collateral is lost.
    Slashed {
        /// The disproved step.
        step: u32,
    },
    /// The epoch is final, by this assertion or another.
    Final,
}

impl EpochHistory {
    /// Returns the assertion that counts: the final one, else the one that stands, else the one
    /// posted last. Returns `None` if nothing was posted and nothing is final.
    pub fn posted(&self) -> Option<PostedAssertion> {
        let finality = self.assertions.iter().rev().find_map(|event| match event {
            AssertionEvent::Finalized {
                assertion,
                proposer,
            } => Some((*assertion, *proposer)),
            AssertionEvent::Proposed(_) | AssertionEvent::Disputed { .. } => None,
        });
        let final_digest = finality.map(|(digest, _)| digest);
        let is_dispute = |event: &&AssertionEvent| matches!(event, AssertionEvent::Disputed { .. });
        let slashed = self.assertions.iter().filter(is_dispute).count();
        let last = self.proposed().next_back();
        let chosen = match final_digest {
            Some(digest) => last.filter(|last| last.assertion.digest() == digest),
            None => Some(last?),
        };
        let fate = match (final_digest, chosen) {
            (Some(_), _) | (None, None) => AssertionStatus::Final,
            // Assertions are posted one at a time, so all but the last were slashed.
            (None, Some(_)) if slashed == self.proposed().count() => AssertionStatus::Slashed,
            (None, Some(posted)) => AssertionStatus::Standing {
                deadline: posted.deadline,
            },
        };
        let digest = final_digest.or_else(|| chosen.map(|posted| posted.assertion.digest()))?;
        Some(PostedAssertion {
            assertion: chosen.map(|posted| posted.assertion.clone()),
            digest,
            // The event of the proposal may have been discarded.
            proposer: match finality {
                Some((_, proposer)) => proposer,
                None => chosen.map(|posted| posted.proposer),
            },
            fate,
            slashed,
        })
    }

    /// Returns the outcome of the first assertion that `account` posted; with `only`, of the first
    /// with that digest.
    pub fn intent_outcome(&self, account: AccountId, only: Option<Digest>) -> IntentOutcome {
        let mut outcome = IntentOutcome::NotPosted;
        for event in &self.assertions {
            match event {
                AssertionEvent::Proposed(proposed) => {
                    let counts = proposed.proposer == account
                        && only.is_none_or(|digest| proposed.assertion.digest() == digest);
                    if counts {
                        outcome = IntentOutcome::Standing;
                    }
                }
                AssertionEvent::Disputed { step } if outcome == IntentOutcome::Standing => {
                    return IntentOutcome::Slashed { step: *step };
                }
                AssertionEvent::Disputed { .. } => {}
                AssertionEvent::Finalized { .. } => return IntentOutcome::Final,
            }
        }
        outcome
    }
}
