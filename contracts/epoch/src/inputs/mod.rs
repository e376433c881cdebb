//! Inputs of an epoch from storage: the rows of its roster at the close, afterwards the inputs of a
//! chunk.
//!
//! The worker reads the inputs of a chunk through the message `chunk_inputs`. Dispute and replay
//! call the same function, so the worker and the chain cannot disagree.

use crate::{
    closed_epoch::{is_newcomer, ClosedEpoch, RosterSeat},
    weights::{RowHead, RowStore},
};
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{
    epoch::EpochError,
    kernel::{ChunkInputs, EpochHeader, NeuronInput, NO_COMMIT},
    registry::{Neuron, Tenure},
    AccountId, NetUid, Rao, Uid, Versioned,
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
    /// Calls `Registry::tenures_at`.
    fn tenures_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        uids: Vec<Uid>,
    ) -> Result<Vec<Tenure>, EpochError>;
    /// Calls `Staking::stakes_at`.
    fn stakes_at(
        &self,
        netuid: NetUid,
        hotkeys: Vec<AccountId>,
        epoch: u32,
    ) -> Result<Vec<Rao>, EpochError>;
}

/// Returns the seat of each roster uid at the close of the epoch of `header`.
///
/// # Errors
/// Those of the registry; `PeerUnavailable` unless the registry answers for every uid.
pub fn roster_seats(
    source: &impl Source,
    rows: &RowStore,
    header: &EpochHeader,
) -> Result<Vec<RosterSeat>, EpochError> {
    let roster = &header.roster;
    if roster.is_empty() {
        return Ok(Vec::new());
    }
    let tenures = source.tenures_at(header.netuid, header.epoch, roster.clone())?;
    if tenures.len() != roster.len() {
        return Err(EpochError::PeerUnavailable);
    }
    let mut seats = Vec::with_capacity(tenures.len());
    // The roster ascends, so each page of heads is read once.
    let mut page = None;
    let mut heads = Vec::new();
    for (uid, tenure) in roster.iter().zip(tenures) {
        if page != Some(uid.page()) {
            page = Some(uid.page());
            heads = rows.heads(header.netuid, uid.page());
        }
        let head = head_at(heads.get(uid.offset()), header.epoch)?;
        let is_owner = header.owner_uid == Some(*uid);
        let seat = RosterSeat::freeze(tenure, head, is_owner, header.final_epoch);
        seats.push(seat);
    }
    Ok(seats)
}

/// Returns the inputs from storage for the steps of `chunk` of the closed epoch; the rows only
/// `with_rows`.
///
/// # Errors
/// `ChunkOutOfRange` with the number of chunks, or those of registry and staking.
pub fn chunk_inputs(
    source: &impl Source,
    rows: &RowStore,
    closed: &ClosedEpoch,
    chunk: u16,
    with_rows: bool,
) -> Result<ChunkInputs, EpochError> {
    let header = &closed.header;
    let EpochHeader { netuid, epoch, .. } = *header;
    let chunks = closed.plan.chunks(header.neurons);
    if chunk >= chunks {
        return Err(EpochError::ChunkOutOfRange(chunks));
    }
    let (start, len) = closed.plan.span(chunk, header.neurons);
    let seated = source.neurons_at(netuid, epoch, start, len)?;
    let hotkeys = seated.iter().map(Neuron::identity).collect();
    let stakes = source.stakes_at(netuid, hotkeys, epoch)?;
    let heads = rows.heads(netuid, start.page());
    let heads = heads.get(start.offset()..).unwrap_or_default();
    let neurons = neuron_inputs(closed, start, &seated, &stakes, heads)?;

    if !with_rows {
        return Ok(ChunkInputs {
            neurons,
            rows: Vec::new(),
        });
    }
    // A chunk has at least one neuron.
    let width = usize::from(len).max(1);
    let mut cells = vec![0; width.saturating_mul(header.roster.len())];
    let seats = header.roster.iter().zip(&closed.seats);
    for ((uid, seat), out) in seats.zip(cells.chunks_mut(width)) {
        if let Some(row) = seat.row {
            rows.read(netuid, *uid, row, start, out);
        }
    }
    Ok(ChunkInputs {
        neurons,
        rows: cells,
    })
}

/// Returns the row head of a uid at the end of `epoch`.
fn head_at(
    cell: Option<&Versioned<Option<RowHead>>>,
    epoch: u32,
) -> Result<Option<RowHead>, EpochError> {
    match cell {
        // The stored epochs are the open one and the closed one.
        Some(cell) => Ok(*cell.at(epoch).map_err(|_| EpochError::Overflow)?),
        None => Ok(None),
    }
}

/// Returns the neurons of a chunk from uid `start` on, as consensus sees them. `heads` are the row
/// heads from the same uid on; there may be fewer.
///
/// # Errors
/// `PeerUnavailable` unless there is one stake per neuron.
fn neuron_inputs(
    closed: &ClosedEpoch,
    start: Uid,
    neurons: &[Neuron],
    stakes: &[Rao],
    heads: &[Versioned<Option<RowHead>>],
) -> Result<Vec<NeuronInput>, EpochError> {
    if neurons.len() != stakes.len() {
        return Err(EpochError::PeerUnavailable);
    }
    let header = &closed.header;
    let mut inputs = Vec::with_capacity(neurons.len());
    for ((uid, place), (neuron, stake)) in (start.0..).zip(0usize..).zip(neurons.iter().zip(stakes))
    {
        let updated_at = head_at(heads.get(place), header.epoch)?
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
