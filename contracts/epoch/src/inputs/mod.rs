//! Inputs of an epoch from storage: the rows of its roster at the close, afterwards the inputs of a
//! chunk.
//!
//! The worker reads the inputs of a chunk through the message `chunk_inputs`. Dispute and replay
//! call the same function, so the worker and the chain cannot disagree.

mod stakes;

pub use stakes::StakeStore;

use crate::{
    closed_epoch::{is_newcomer, ClosedEpoch, RosterSeat},
    weights::{HeadPage, RowHead, RowStore},
};
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{
    epoch::EpochError,
    kernel::{ChunkInputs, EpochHeader, NeuronInput, PhasePlan, Rows, NO_COMMIT},
    registry::{Neuron, Tenure},
    AccountId, NetUid, Rao, Uid,
};

/// Source of neurons and stake: registry and staking. The errors of each call are those of the
/// message of the same name.
pub trait Source {
    /// Calls `Registry::neurons_at`.
    fn neurons_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        start: Uid,
        count: u16,
    ) -> Result<Vec<Neuron>, EpochError>;
    /// Calls `Staking::stakes_at`.
    fn stakes_at(
        &self,
        netuid: NetUid,
        hotkeys: Vec<AccountId>,
        epoch: u32,
    ) -> Result<Vec<Rao>, EpochError>;
}

/// Returns the seat of each roster uid, whose neurons have these tenures, at the close of the epoch
/// of `header`.
///
/// # Errors
/// `PeerUnavailable` unless there is a tenure for every uid.
pub fn roster_seats(
    rows: &RowStore,
    header: &EpochHeader,
    tenures: &[Tenure],
) -> Result<Vec<RosterSeat>, EpochError> {
    let roster = &header.roster;
    if tenures.len() != roster.len() {
        return Err(EpochError::PeerUnavailable);
    }
    let mut seats = Vec::with_capacity(tenures.len());
    // The roster ascends, so each page of heads is read once.
    let mut page = None;
    let mut heads = HeadPage::default();
    for (uid, tenure) in roster.iter().zip(tenures) {
        if page != Some(uid.page()) {
            page = Some(uid.page());
            heads = rows.heads(header.netuid, *uid);
        }
        let head = head_at(&heads, *uid, header.epoch)?;
        let is_owner = header.owner_uid == Some(*uid);
        let seat = RosterSeat::freeze(*tenure, head, is_owner, header.final_epoch);
        seats.push(seat);
    }
    Ok(seats)
}

/// Storage with the inputs of steps.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a, S> {
    source: &'a S,
    rows: &'a RowStore,
    stakes: &'a StakeStore,
}

impl<'a, S: Source> Inputs<'a, S> {
    /// Returns the inputs in these places.
    pub const fn new(source: &'a S, rows: &'a RowStore, stakes: &'a StakeStore) -> Self {
        Self {
            source,
            rows,
            stakes,
        }
    }

    /// Returns the inputs that a phase reads of `chunk` of the closed epoch.
    ///
    /// # Errors
    /// `ChunkOutOfRange` with the number of chunks, or those of registry and staking.
    pub fn of_chunk(
        &self,
        closed: &ClosedEpoch,
        chunk: u16,
        reads: &PhasePlan,
    ) -> Result<ChunkInputs, EpochError> {
        let header = &closed.header;
        let EpochHeader { netuid, epoch, .. } = *header;
        let (start, len) = span(closed, chunk)?;
        let seated = self.source.neurons_at(netuid, epoch, start, len)?;
        let stakes = if reads.stake {
            let mut stakes = self.stakes.gathered(netuid, chunk, epoch);
            let rest = seated.get(stakes.len()..).unwrap_or_default();
            stakes.extend(self.stakes_of(header, rest)?);
            stakes
        } else {
            vec![Rao::ZERO; seated.len()]
        };
        let heads = self.rows.heads(netuid, start);
        let neurons = neuron_inputs(closed, start, &seated, &stakes, &heads)?;
        let rows = if reads.rows {
            self.rows_of(closed, (start, len))
        } else {
            Rows::default()
        };
        Ok(ChunkInputs { neurons, rows })
    }

    /// Returns the stakes that are gathered of `chunk` of the closed epoch, and of up to `count`
    /// neurons more.
    ///
    /// # Errors
    /// `ChunkOutOfRange` with the number of chunks, or those of registry and staking.
    pub fn gather(
        &self,
        closed: &ClosedEpoch,
        chunk: u16,
        count: u16,
    ) -> Result<Vec<Rao>, EpochError> {
        let header = &closed.header;
        let EpochHeader { netuid, epoch, .. } = *header;
        let (start, len) = span(closed, chunk)?;
        let mut stakes = self.stakes.gathered(netuid, chunk, epoch);
        let done = u16::try_from(stakes.len()).unwrap_or(u16::MAX).min(len);
        let count = len.saturating_sub(done).min(count);
        let start = Uid(start.0.saturating_add(done));
        let seated = self.source.neurons_at(netuid, epoch, start, count)?;
        stakes.extend(self.stakes_of(header, &seated)?);
        Ok(stakes)
    }

    /// Returns the stake of each of `neurons`.
    fn stakes_of(&self, header: &EpochHeader, neurons: &[Neuron]) -> Result<Vec<Rao>, EpochError> {
        if neurons.is_empty() {
            return Ok(Vec::new());
        }
        let hotkeys = neurons.iter().map(Neuron::identity).collect();
        let stakes = self
            .source
            .stakes_at(header.netuid, hotkeys, header.epoch)?;
        if stakes.len() == neurons.len() {
            Ok(stakes)
        } else {
            Err(EpochError::PeerUnavailable)
        }
    }

    /// Returns the roster's weights for the `len` uids from `start` on.
    fn rows_of(&self, closed: &ClosedEpoch, (start, len): (Uid, u16)) -> Rows {
        let header = &closed.header;
        let cells = usize::from(len).saturating_mul(header.roster.len());
        let mut rows = Rows::with_room(header.roster.len(), cells);
        for (uid, seat) in header.roster.iter().zip(&closed.seats) {
            match seat.row {
                Some(row) => self
                    .rows
                    .read(header.netuid, *uid, row, (start, len), &mut rows),
                None => rows.push(0, []),
            }
        }
        rows
    }
}

/// Returns the first uid of `chunk` of the closed epoch, and the number of its uids.
///
/// # Errors
/// `ChunkOutOfRange` with the number of chunks.
fn span(closed: &ClosedEpoch, chunk: u16) -> Result<(Uid, u16), EpochError> {
    let neurons = closed.header.neurons;
    let chunks = closed.plan.chunks(neurons);
    if chunk >= chunks {
        return Err(EpochError::ChunkOutOfRange(chunks));
    }
    Ok(closed.plan.span(chunk, neurons))
}

/// Returns the row head of a uid of the page `heads` at the end of `epoch`.
fn head_at(heads: &HeadPage, uid: Uid, epoch: u32) -> Result<Option<RowHead>, EpochError> {
    // The stored epochs are the open one and the closed one.
    heads.head_at(uid, epoch).map_err(|_| EpochError::Overflow)
}

/// Returns the neurons of a chunk from uid `start` on, as consensus sees them. `heads` is the page
/// of row heads that has the chunk.
///
/// # Errors
/// `PeerUnavailable` unless there is one stake per neuron.
fn neuron_inputs(
    closed: &ClosedEpoch,
    start: Uid,
    neurons: &[Neuron],
    stakes: &[Rao],
    heads: &HeadPage,
) -> Result<Vec<NeuronInput>, EpochError> {
    if neurons.len() != stakes.len() {
        return Err(EpochError::PeerUnavailable);
    }
    let header = &closed.header;
    let mut inputs = Vec::with_capacity(neurons.len());
    for (uid, (neuron, stake)) in (start.0..).zip(neurons.iter().zip(stakes)) {
        let updated_at = head_at(heads, Uid(uid), header.epoch)?
            .filter(|head| head.generation == neuron.generation)
            .map_or(neuron.registered_at, |head| head.updated_at);
        let newcomer = is_newcomer(neuron.registered_epoch, header.final_epoch);
        inputs.push(NeuronInput {
            stake: stake.0,
            last_update: updated_at.into(),
            registered_at: neuron.registered_at.into(),
            commit_block: NO_COMMIT,
            permit: !newcomer && header.roster.binary_search(&Uid(uid)).is_ok(),
            newcomer,
        });
    }
    Ok(inputs)
}

#[cfg(test)]
mod tests;
