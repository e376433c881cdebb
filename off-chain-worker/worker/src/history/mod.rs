//! The events of one epoch: who posted it, what came of that, what it paid, and what a replay
//! published. Public data, for accounts that did not compute the epoch.
//!
//! Roles and [`verify`](crate::verify) read an epoch's past here only. The chain checks every call
//! that is made from it.

mod outcome;
mod replay;
#[cfg(test)]
mod tests;

pub use outcome::{AssertionStatus, IntentOutcome, PostedAssertion};

use inktensor_client::{
    chain::{ChainError, ChainRead, ContractEvent},
    deploy::Addresses,
};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::Disputed,
    epoch::{EpochClosed, Finalized, MemoryPublished, Proposed, ResultsPublished, Settled},
    AccountId, Digest, NetUid, Rao,
};
use std::collections::BTreeMap;

/// The events that the epoch contract emitted about one epoch of one subnet.
#[derive(Default)]
pub struct EpochHistory {
    header_hash: Option<Digest>,
    /// Events in which assertions come and go, oldest first.
    assertions: Vec<AssertionEvent>,
    settled: BTreeMap<u16, Rao>,
    is_outdated: bool,
    published_memory: Vec<MemoryPublished>,
    published_results: Vec<ResultsPublished>,
}

/// An event that changes the state of an assertion.
enum AssertionEvent {
    Proposed(Proposed),
    Disputed { assertion: Digest, step: u32 },
    Finalized { assertion: Digest },
}

impl EpochHistory {
    /// Reads the events about epoch `epoch` of `netuid` from block `from` on.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn read(
        chain: &dyn ChainRead,
        contracts: &Addresses,
        epoch: (NetUid, u32),
        from: u32,
    ) -> Result<Self, ChainError> {
        Ok(Self::of(&chain.events(from)?, contracts.epoch, epoch))
    }

    /// Collects the events of `contract` about epoch `epoch` of `netuid`. `events` are in order.
    pub fn of(
        events: &[ContractEvent],
        contract: AccountId,
        (netuid, epoch): (NetUid, u32),
    ) -> Self {
        let mut history = Self::default();
        for event in events.iter().filter(|event| event.contract == contract) {
            history.add(event, netuid, epoch);
        }
        history
    }

    fn add(&mut self, event: &ContractEvent, netuid: NetUid, epoch: u32) {
        let is_it = |subnet: NetUid, number: u32| subnet == netuid && number == epoch;
        if let Some(it) = event.decode::<EpochClosed>() {
            if is_it(it.netuid, it.epoch) {
                *self = Self {
                    header_hash: Some(it.header_hash),
                    ..Self::default()
                };
            }
        } else if let Some(it) = event.decode::<Proposed>() {
            if is_it(it.netuid, it.epoch) {
                self.assertions.push(AssertionEvent::Proposed(it));
            }
        } else if let Some(it) = event.decode::<Disputed>() {
            if is_it(it.netuid, it.epoch) {
                let (assertion, step) = (it.assertion, it.step);
                self.assertions
                    .push(AssertionEvent::Disputed { assertion, step });
            }
        } else if let Some(it) = event.decode::<Finalized>() {
            if is_it(it.netuid, it.epoch) {
                let assertion = it.assertion;
                self.assertions
                    .push(AssertionEvent::Finalized { assertion });
            }
        } else if let Some(it) = event.decode::<Settled>() {
            if is_it(it.netuid, it.epoch) {
                // A chunk that does not fit one call is settled in several.
                let sum = self.settled.entry(it.chunk).or_default();
                *sum = Rao(sum.0.saturating_add(it.paid.0));
            }
            self.is_outdated |= it.netuid == netuid && it.epoch > epoch;
        } else if let Some(it) = event.decode::<MemoryPublished>() {
            if is_it(it.netuid, it.epoch) {
                self.published_memory.push(it);
            }
        } else if let Some(it) = event.decode::<ResultsPublished>() {
            if is_it(it.netuid, it.epoch) {
                self.published_results.push(it);
            }
        }
    }

    /// Returns the hash of the header that the epoch closed with, or `None` if the events do not
    /// include its close.
    pub const fn header_hash(&self) -> Option<Digest> {
        self.header_hash
    }

    /// Returns the posted assertion with this digest.
    pub fn assertion(&self, digest: &Digest) -> Option<&Assertion> {
        self.proposed()
            .map(|proposed| &proposed.assertion)
            .find(|assertion| assertion.digest() == *digest)
    }

    /// Returns the pay of each settled chunk.
    pub const fn settled(&self) -> &BTreeMap<u16, Rao> {
        &self.settled
    }

    /// Returns true if a later epoch of the subnet has been settled in part. Then the scores on
    /// the chain are those of that epoch.
    pub const fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    fn proposed(&self) -> impl DoubleEndedIterator<Item = &Proposed> {
        self.assertions.iter().filter_map(|event| match event {
            AssertionEvent::Proposed(proposed) => Some(proposed),
            AssertionEvent::Disputed { .. } | AssertionEvent::Finalized { .. } => None,
        })
    }
}
