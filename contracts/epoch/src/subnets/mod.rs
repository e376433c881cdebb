//! Storage of every subnet's epochs: the lifecycle, the epoch that closed last, and the outcome of
//! the last final one.

use crate::{
    closed_epoch::{is_newcomer, ClosedEpoch, Memory},
    lifecycle::{FinalEpoch, Lifecycle},
    settlement::{PaidPart, Settling},
};
use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Mapping},
};
use inktensor_primitives::{
    assertion::Assertion,
    epoch::{EpochClosed, EpochError, Finalized, Settled, Settlement},
    registry::Seat,
    AccountId, Digest, NetUid, Uid,
};

/// Outcome of a closed epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The assertion, which no call can change any more.
    pub assertion: Assertion,
    /// Hash of the assertion.
    pub digest: Digest,
}

impl Outcome {
    /// Returns the outcome of an epoch that ends with `assertion`.
    pub fn new(assertion: Assertion) -> Self {
        Self {
            digest: assertion.digest(),
            assertion,
        }
    }
}

/// Epochs of all subnets.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct SubnetStore {
    /// Lifecycle; absent before the first close.
    lifecycles: Mapping<NetUid, Lifecycle, ManualKey<0x4550_0020>>,
    /// The epoch that closed last.
    closed: Mapping<NetUid, ClosedEpoch, ManualKey<0x4550_0021>>,
    /// Memory that the last settled epoch has published.
    memories: Mapping<NetUid, Memory, ManualKey<0x4550_0023>>,
    /// Settlement of the last final epoch, until all its chunks are settled.
    settling: Mapping<NetUid, Settling, ManualKey<0x4550_0024>>,
}

impl SubnetStore {
    /// Returns the lifecycle of a subnet that started at `started_at`.
    pub fn lifecycle(&self, netuid: NetUid, started_at: u32) -> Lifecycle {
        self.stored_lifecycle(netuid)
            .unwrap_or_else(|| Lifecycle::new(started_at))
    }

    /// Returns the lifecycle of a subnet; nothing before the first close.
    pub fn stored_lifecycle(&self, netuid: NetUid) -> Option<Lifecycle> {
        self.lifecycles.get(netuid)
    }

    /// Returns the epoch that closed last.
    pub fn closed(&self, netuid: NetUid) -> Option<ClosedEpoch> {
        self.closed.get(netuid)
    }

    /// Returns the epoch that closed last, and the lifecycle of its subnet.
    ///
    /// # Errors
    /// `NothingClosed` before the first close.
    pub fn closed_epoch(&self, netuid: NetUid) -> Result<(Lifecycle, ClosedEpoch), EpochError> {
        match (self.lifecycles.get(netuid), self.closed.get(netuid)) {
            (Some(lifecycle), Some(closed)) => Ok((lifecycle, closed)),
            _ => Err(EpochError::NothingClosed),
        }
    }

    /// Returns the number of assertions of the closed epoch that stand.
    pub fn standing(&self, netuid: NetUid) -> u8 {
        self.lifecycles
            .get(netuid)
            .map_or(0, |lifecycle| lifecycle.standing())
    }

    /// Returns the roster of the last final epoch.
    pub fn roster(&self, netuid: NetUid) -> Vec<Uid> {
        let last = self.last_final(netuid);
        last.map(|last| last.roster).unwrap_or_default()
    }

    /// Returns true if the neuron on `seat` holds a permit by the last final epoch.
    pub fn has_permit(&self, netuid: NetUid, seat: &Seat) -> bool {
        self.last_final(netuid).is_some_and(|last| {
            !is_newcomer(seat.registered_epoch, Some(last.epoch))
                && last.roster.binary_search(&seat.uid).is_ok()
        })
    }

    fn last_final(&self, netuid: NetUid) -> Option<FinalEpoch> {
        self.lifecycles.get(netuid)?.last
    }

    /// Returns the memory that the closed epoch reads: what the last final epoch before it has
    /// published.
    pub fn memory(&self, netuid: NetUid) -> Option<Memory> {
        self.memories.get(netuid)
    }

    /// Returns the hashes of the memory that `closed`, the closed epoch, reads.
    pub fn memory_hashes(&self, closed: &ClosedEpoch) -> Vec<Option<Digest>> {
        self.memory(closed.header.netuid)
            .map(|memory| memory.for_epoch(closed))
            .unwrap_or_default()
    }

    /// Returns the hashes of the memory that the last final epoch has published so far, as
    /// `closed`, the epoch that closed last, or the one after it reads them.
    pub fn last_memory_hashes(&self, closed: &ClosedEpoch) -> Vec<Option<Digest>> {
        match self.settling.get(closed.header.netuid) {
            Some(settling) => settling.published().for_epoch(closed),
            None => self.memory_hashes(closed),
        }
    }

    /// Returns the settlement in progress.
    pub fn settlement(&self, netuid: NetUid) -> Option<Settlement> {
        self.settling
            .get(netuid)
            .map(|settling| settling.settlement)
    }

    /// Stores the lifecycle of a subnet.
    pub fn set_lifecycle(&mut self, netuid: NetUid, lifecycle: &Lifecycle) {
        self.lifecycles.insert(netuid, lifecycle);
    }

    /// Stores the epoch that closes, and the lifecycle after the close.
    pub fn close(&mut self, lifecycle: &Lifecycle, closed: &ClosedEpoch) -> EpochClosed {
        let header = &closed.header;
        self.lifecycles.insert(header.netuid, lifecycle);
        self.closed.insert(header.netuid, closed);
        EpochClosed {
            netuid: header.netuid,
            epoch: header.epoch,
            header_hash: closed.header_hash,
            neurons: header.neurons,
            budget: header.budget.total(),
        }
    }

    /// Stores the lifecycle after `closed`, which becomes final at `block`. Returns the event, and
    /// the settlement, which is to be stored. `proposer` is the worker that posted the assertion,
    /// `None` after a replay.
    pub fn finalize(
        &mut self,
        lifecycle: &Lifecycle,
        closed: &ClosedEpoch,
        outcome: Outcome,
        proposer: Option<AccountId>,
        block: u32,
    ) -> (Finalized, Settling) {
        let netuid = closed.header.netuid;
        let Outcome { assertion, digest } = outcome;
        self.lifecycles.insert(netuid, lifecycle);
        let settling = Settling::begin(closed, assertion, block, proposer.is_none());
        let finalized = Finalized {
            netuid,
            epoch: closed.header.epoch,
            proposer,
            assertion: digest,
        };
        (finalized, settling)
    }

    /// Stores the settlement of a subnet.
    pub fn set_settling(&mut self, netuid: NetUid, settling: &Settling) {
        self.settling.insert(netuid, settling);
    }

    /// Returns the settlement of the last final epoch, to settle a chunk.
    ///
    /// # Errors
    /// `NotSettling`.
    pub fn settling(&self, netuid: NetUid) -> Result<Settling, EpochError> {
        self.settling.get(netuid).ok_or(EpochError::NotSettling)
    }

    /// Records that the next neurons of chunks of `settling` are paid. Returns an event for each of
    /// `parts`.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn settle(
        &mut self,
        netuid: NetUid,
        settling: &mut Settling,
        parts: &[PaidPart],
    ) -> Result<Vec<Settled>, EpochError> {
        let mut events = Vec::with_capacity(parts.len());
        for part in parts {
            let settled = settling.record(part.chunk, part.neurons, part.amount)?;
            events.push(Settled {
                netuid,
                epoch: settling.settlement.epoch,
                chunk: part.chunk,
                neurons: part.neurons,
                paid: part.amount,
                settled,
                complete: settling.settlement.is_complete(),
            });
        }
        if settling.settlement.is_complete() {
            self.end(netuid, settling);
        } else {
            self.settling.insert(netuid, &*settling);
        }
        Ok(events)
    }

    /// Ends the settlement of the last final epoch, if one is in progress and its window has
    /// passed at `block`. Returns that settlement; the rest of its budget returns to the subnet.
    ///
    /// # Errors
    /// `Unsettled` with the first block after the window, `Overflow`.
    pub fn end_settlement(
        &mut self,
        netuid: NetUid,
        block: u32,
        settle_window: u32,
    ) -> Result<Option<Settlement>, EpochError> {
        let Some(settling) = self.settling.get(netuid) else {
            return Ok(None);
        };
        let held_until = settling.held_until(settle_window)?;
        if block < held_until {
            return Err(EpochError::Unsettled(held_until));
        }
        self.end(netuid, &settling);
        Ok(Some(settling.settlement))
    }

    /// Ends a settlement. The next epoch reads the memory that is published by now.
    fn end(&mut self, netuid: NetUid, settling: &Settling) {
        self.memories.insert(netuid, &settling.published());
        self.settling.remove(netuid);
    }
}

#[cfg(test)]
mod tests;
