//! The outcome of what was posted: of an epoch's assertions, and of this worker's own.

use super::{AssertionEvent, EpochHistory};
use inktensor_primitives::{assertion::Assertion, epoch::Proposed, AccountId, Digest};

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
    /// Returns the assertion that counts: the final one, else the first that stands, else the one
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
        let standing = self.standing();
        let chosen = match final_digest {
            Some(digest) => self
                .proposed()
                .rfind(|posted| posted.assertion.digest() == digest),
            None => standing.first().copied().or(last),
        };
        let fate = match (final_digest, standing.first()) {
            (Some(_), _) => AssertionStatus::Final,
            (None, Some(first)) => AssertionStatus::Standing {
                deadline: first.deadline,
            },
            (None, None) => AssertionStatus::Slashed,
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

    /// Returns the posted assertions that no dispute has removed, in the order in which they were
    /// posted.
    fn standing(&self) -> Vec<&Proposed> {
        let mut standing: Vec<(Digest, &Proposed)> = Vec::new();
        for event in &self.assertions {
            match event {
                AssertionEvent::Proposed(posted) => {
                    standing.push((posted.assertion.digest(), posted));
                }
                AssertionEvent::Disputed { assertion, .. } => {
                    standing.retain(|(digest, _)| digest != assertion);
                }
                AssertionEvent::Finalized { .. } => {}
            }
        }
        standing.into_iter().map(|(_, posted)| posted).collect()
    }

    /// Returns the outcome of the assertions that `account` posted: the first that was slashed, if
    /// one was. With `only`, the outcome of those with that digest.
    pub fn intent_outcome(&self, account: AccountId, only: Option<Digest>) -> IntentOutcome {
        let mut own: Vec<Digest> = Vec::new();
        for event in &self.assertions {
            match event {
                AssertionEvent::Proposed(proposed) if proposed.proposer == account => {
                    let digest = proposed.assertion.digest();
                    if only.is_none_or(|only| only == digest) {
                        own.push(digest);
                    }
                }
                AssertionEvent::Disputed { assertion, step } if own.contains(assertion) => {
                    return IntentOutcome::Slashed { step: *step };
                }
                AssertionEvent::Proposed(_) | AssertionEvent::Disputed { .. } => {}
                AssertionEvent::Finalized { .. } => return IntentOutcome::Final,
            }
        }
        if own.is_empty() {
            IntentOutcome::NotPosted
        } else {
            IntentOutcome::Standing
        }
    }
}
