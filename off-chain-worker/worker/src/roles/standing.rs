//! The assertions that stand on a subnet. Roles handle each of them alone.

use inktensor_client::{
    chain::{ChainError, ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    epoch::{EpochRules, EpochStatus, Epochs},
    Digest, NetUid,
};

/// An assertion that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingAssertion {
    /// The subnet.
    pub netuid: NetUid,
    /// The epoch.
    pub epoch: u32,
    /// Digest of the assertion.
    pub digest: Digest,
    /// First block at which the assertion can no longer be disputed.
    pub deadline: u32,
}

impl StandingAssertion {
    /// Returns the block in which the assertion was posted: there are no events of it before.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn posted_at(
        &self,
        chain: &dyn ChainRead,
        contracts: &Addresses,
    ) -> Result<u32, ChainError> {
        let rules: EpochRules = chain.query(contracts.epoch().rules())?;
        Ok(self.deadline.saturating_sub(rules.challenge_period))
    }
}

/// Returns the assertions that stand on `netuid`, in the order in which they were posted: the first
/// has the earliest deadline.
pub fn standing(netuid: NetUid, status: &EpochStatus) -> Vec<StandingAssertion> {
    let standing = status.stage.standing().iter();
    let standing = standing.map(|posted| StandingAssertion {
        netuid,
        epoch: closed_epoch(status),
        digest: posted.assertion,
        deadline: posted.deadline,
    });
    standing.collect()
}

/// Returns the epoch that is closed and not final: the one before the open one.
pub const fn closed_epoch(status: &EpochStatus) -> u32 {
    status.open.saturating_sub(1)
}
