//! What the chain has told of an epoch.

use crate::verify::VerifyError;
use inktensor_client::{
    chain::{ChainError, ChainRead},
    deploy::Addresses,
};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::Disputed,
    epoch::{EpochClosed, Finalized, Proposed, Settled},
    AccountId, Digest, NetUid, Rao,
};
use std::collections::BTreeMap;

/// What was posted for an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// What it claims; none if the chain came to it itself, and told only its hash.
    pub assertion: Option<Assertion>,
    /// Its hash.
    pub digest: Digest,
    /// Who posted it; nobody if the chain came to it itself.
    pub proposer: Option<AccountId>,
    /// What became of it.
    pub fate: Fate,
    /// How many assertions of the epoch were slashed in all.
    pub slashed: usize,
}

/// What became of an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It can be disputed.
    Standing {
        /// First block at which it can be made final.
        deadline: u32,
    },
    /// It is final.
    Final,
    /// It was disproved.
    Slashed,
}

/// All that the chain has told of an epoch.
pub(crate) struct Told {
    /// Hash of the header that it closed with.
    pub header_hash: Digest,
    proposed: Vec<Proposed>,
    slashed: usize,
    final_digest: Option<Digest>,
    /// What each chunk was paid.
    pub settled: BTreeMap<u16, Rao>,
    /// Whether a later epoch of the subnet has begun to be paid: then its scores are the ones
    /// recorded.
    pub outdated: bool,
}

impl Told {
    /// What the chain has told of epoch `epoch` of `netuid`.
    pub fn about(
        chain: &dyn ChainRead,
        contracts: &Addresses,
        netuid: NetUid,
        epoch: u32,
    ) -> Result<Self, VerifyError> {
        let mut told: Option<Self> = None;
        let it = |subnet: NetUid, number: u32| subnet == netuid && number == epoch;
        let events = all(chain, contracts)?;
        for event in &events {
            if let Some(closed) = event.decode::<EpochClosed>() {
                if it(closed.netuid, closed.epoch) {
                    told = Some(Self::closed(closed.header_hash));
                }
            }
            let Some(told) = &mut told else { continue };
            if let Some(proposed) = event.decode::<Proposed>() {
                if it(proposed.netuid, proposed.epoch) {
                    told.proposed.push(proposed);
                }
            } else if let Some(disputed) = event.decode::<Disputed>() {
                told.slashed += usize::from(it(disputed.netuid, disputed.epoch));
            } else if let Some(finalized) = event.decode::<Finalized>() {
                if it(finalized.netuid, finalized.epoch) {
                    told.final_digest = Some(finalized.assertion);
                }
            } else if let Some(settled) = event.decode::<Settled>() {
                if it(settled.netuid, settled.epoch) {
                    told.settled.insert(settled.chunk, settled.paid);
                }
                told.outdated |= settled.netuid == netuid && settled.epoch > epoch;
            }
        }
        told.ok_or(VerifyError::NotClosed { netuid, epoch })
    }

    const fn closed(header_hash: Digest) -> Self {
        Self {
            header_hash,
            proposed: Vec::new(),
            slashed: 0,
            final_digest: None,
            settled: BTreeMap::new(),
            outdated: false,
        }
    }

    /// What counts of what was posted: what became final, else what stands, else what was posted
    /// last.
    pub fn posted(&self, netuid: NetUid, epoch: u32) -> Result<Posted, VerifyError> {
        let last = self.proposed.last();
        let chosen = match self.final_digest {
            Some(digest) => last.filter(|last| last.assertion.digest() == digest),
            None => Some(last.ok_or(VerifyError::NothingPosted { netuid, epoch })?),
        };
        let fate = match (self.final_digest, chosen) {
            (Some(_), _) | (None, None) => Fate::Final,
            // Assertions are posted one at a time, so all but the last were slashed.
            (None, Some(_)) if self.slashed == self.proposed.len() => Fate::Slashed,
            (None, Some(posted)) => Fate::Standing {
                deadline: posted.deadline,
            },
        };
        let digest = self
            .final_digest
            .or_else(|| chosen.map(|posted| posted.assertion.digest()))
            .ok_or(VerifyError::NothingPosted { netuid, epoch })?;
        Ok(Posted {
            assertion: chosen.map(|posted| posted.assertion.clone()),
            digest,
            proposer: chosen.map(|posted| posted.proposer),
            fate,
            slashed: self.slashed,
        })
    }
}

/// All that the epoch contract has told.
fn all(
    chain: &dyn ChainRead,
    contracts: &Addresses,
) -> Result<Vec<inktensor_client::chain::ContractEvent>, ChainError> {
    let mut events = chain.events(0)?;
    events.retain(|event| event.contract == contracts.epoch);
    Ok(events)
}
