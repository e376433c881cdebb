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

/// Times that events are read again because the chain has discarded more of them.
const TRIES: u32 = 5;

/// The pay of a chunk, as far as the events of its settlement are known. A chunk that does not fit
/// one call is settled in several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkPay {
    /// Number of neurons that were paid.
    pub neurons: u16,
    /// Their pay.
    pub paid: Rao,
}

/// The events that the epoch contract emitted about one epoch of one subnet.
#[derive(Default)]
pub struct EpochHistory {
    /// First block whose events are known.
    since: u32,
    header_hash: Option<Digest>,
    /// Events in which assertions come and go, oldest first.
    assertions: Vec<AssertionEvent>,
    settled: BTreeMap<u16, ChunkPay>,
    is_outdated: bool,
    published_memory: Vec<MemoryPublished>,
    published_results: Vec<ResultsPublished>,
}

/// Reads the events from block `from` on, without those that the chain has discarded. Returns the
/// first block whose events are known too.
///
/// # Errors
/// If the chain does not answer.
pub fn kept_events(
    chain: &dyn ChainRead,
    from: u32,
) -> Result<(Vec<ContractEvent>, u32), ChainError> {
    let mut since = from;
    let mut tries = TRIES;
    loop {
        match chain.events(since) {
            Ok(events) => return Ok((events, since)),
            // While they are read, the chain goes on and discards more.
            Err(ChainError::Pruned { first }) if first > since && tries > 0 => {
                since = first;
                tries = tries.saturating_sub(1);
            }
            Err(error) => return Err(error),
        }
    }
}

/// An event that changes the state of an assertion.
enum AssertionEvent {
    Proposed(Proposed),
    Disputed {
        assertion: Digest,
        step: u32,
    },
    Finalized {
        assertion: Digest,
        proposer: Option<AccountId>,
    },
}

impl EpochHistory {
    /// Reads the events about epoch `epoch` of `netuid` from block `from` on. If the chain has
    /// discarded some of them, the rest; see [`since`](Self::since).
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn read(
        chain: &dyn ChainRead,
        contracts: &Addresses,
        epoch: (NetUid, u32),
        from: u32,
    ) -> Result<Self, ChainError> {
        let (events, since) = kept_events(chain, from)?;
        Ok(Self {
            since,
            ..Self::of(&events, contracts.epoch, epoch)
        })
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
                    since: self.since,
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
                self.assertions.push(AssertionEvent::Finalized {
                    assertion: it.assertion,
                    proposer: it.proposer,
                });
            }
        } else if let Some(it) = event.decode::<Settled>() {
            if is_it(it.netuid, it.epoch) {
                let pay = self.settled.entry(it.chunk).or_default();
                pay.neurons = pay.neurons.saturating_add(it.neurons);
                pay.paid = Rao(pay.paid.0.saturating_add(it.paid.0));
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

    /// Returns the first block whose events are known.
    pub const fn since(&self) -> u32 {
        self.since
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

    /// Returns the pay of each chunk that is settled, at least partly.
    pub const fn settled(&self) -> &BTreeMap<u16, ChunkPay> {
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
