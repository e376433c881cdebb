//! What an epoch reads from storage: at its close the rows of its roster, afterwards the inputs of
//! a chunk.
//!
//! The worker reads a chunk's inputs through `chunk_inputs`; the judge is to call the same
//! function, so the two cannot disagree.

use crate::{
    frozen::{is_newcomer, ClosedEpoch, RosterSeat},
    weights::{RowHead, RowStore},
};
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{
    epoch::EpochError,
    kernel::{ChunkInputs, EpochHeader, NeuronInput, NO_COMMIT},
    registry::{Neuron, Tenure},
    AccountId, NetUid, Rao, Uid, Versioned,
};

/// Where neurons and stake are read: registry and staking. Each call's errors are those of the
/// message of the same name.
pub trait Source {
    /// `Registry::neurons_at`.
    fn neurons_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        start: Uid,
        count: u16,
    ) -> Result<Vec<Neuron>, EpochError>;
    /// `Registry::tenures_at`.
    fn tenures_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        uids: Vec<Uid>,
    ) -> Result<Vec<Tenure>, EpochError>;
    /// `Staking::stakes_at`.
    fn stakes_at(
        &self,
        netuid: NetUid,
        hotkeys: Vec<AccountId>,
        epoch: u32,
    ) -> Result<Vec<Rao>, EpochError>;
}

/// Finds the row of each roster uid, as the epoch of `header`, which is closing, has it.
///
/// # Errors
/// Those of the registry; `PeerUnavailable` unless it answers for every uid.
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

/// Collects what storage contributes to the steps of `chunk` of the closed epoch.
///
/// # Errors
/// `ChunkOutOfRange`, or those of registry and staking.
pub fn chunk_inputs(
    source: &impl Source,
    rows: &RowStore,
    closed: &ClosedEpoch,
    chunk: u16,
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

/// The head that a uid had at the end of `epoch`.
fn head_at(
    cell: Option<&Versioned<Option<RowHead>>>,
    epoch: u32,
) -> Result<Option<RowHead>, EpochError> {
    match cell {
        // The two epochs kept are the open one and the closed one.
        Some(cell) => Ok(*cell.at(epoch).map_err(|_| EpochError::Overflow)?),
        None => Ok(None),
    }
}

/// The neurons of a chunk from uid `start` on, as consensus sees them. `heads` are the row heads
/// from the same uid on; there may be fewer.
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
mod tests {
    use super::*;
    use crate::{
        testing,
        weights::{canonical, rewrite, RowWriter},
    };
    use inktensor_primitives::AccountId;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn neuron(generation: u32, registered_epoch: u32) -> Neuron {
        Neuron {
            hotkey: AccountId::from([1; 32]),
            coldkey: AccountId::from([2; 32]),
            registered_at: 50,
            registered_epoch,
            generation,
            identity: None,
        }
    }

    /// A row set by `generation` at block 70 in epoch 4, and again at block 90 in epoch 5.
    fn rewritten(generation: u32) -> Versioned<Option<RowHead>> {
        let mut cell = Versioned::default();
        for (open, block) in [(4, 70), (5, 90)] {
            let head = rewrite(&cell, open, generation, block, 1).unwrap().head;
            cell.write(open, Some(head));
        }
        cell
    }

    #[test]
    fn the_closed_epoch_is_read_not_the_open_one() {
        // Epoch 4 is closed; uids 2 and 3 are on its roster; epoch 3 is the last final one.
        let closed = testing::closed_epoch(4, Some(3), &[2, 3]);
        let neurons = [neuron(7, 1), neuron(8, 1), neuron(9, 4), neuron(10, 4)];
        let stakes = [Rao(1), Rao(2), Rao(3), Rao(4)];
        let heads = [rewritten(7), rewritten(7), rewritten(9)];
        let inputs = neuron_inputs(&closed, Uid(1), &neurons, &stakes, &heads).unwrap();
        let seen: Vec<_> = inputs
            .iter()
            .map(|neuron| {
                (
                    neuron.stake,
                    neuron.last_update,
                    neuron.permit,
                    neuron.newcomer,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (1, 70, false, false),
                // The row is of the neuron before: updated when it registered.
                (2, 50, true, false),
                (3, 70, false, true), // On the roster, but the permit was another's.
                (4, 50, false, true),
            ]
        );
        assert!(inputs
            .iter()
            .all(|neuron| neuron.commit_block == NO_COMMIT && neuron.registered_at == 50));
    }

    #[test]
    fn a_stake_for_each_neuron() {
        let closed = testing::closed_epoch(4, Some(3), &[]);
        assert_eq!(
            neuron_inputs(&closed, Uid(0), &[neuron(1, 1)], &[], &[]),
            Err(EpochError::PeerUnavailable)
        );
    }

    /// Neurons and stakes of one epoch.
    #[derive(Clone)]
    struct Book(Vec<Neuron>);

    /// The stake that the book gives a hotkey.
    fn stake_of(hotkey: AccountId) -> Rao {
        Rao(AsRef::<[u8; 32]>::as_ref(&hotkey)
            .iter()
            .map(|byte| u64::from(*byte))
            .sum())
    }

    impl Source for Book {
        fn neurons_at(
            &self,
            _: NetUid,
            _: u32,
            start: Uid,
            count: u16,
        ) -> Result<Vec<Neuron>, EpochError> {
            let start = usize::from(start.0);
            Ok(self.0[start..start + usize::from(count)].to_vec())
        }

        fn tenures_at(&self, _: NetUid, _: u32, uids: Vec<Uid>) -> Result<Vec<Tenure>, EpochError> {
            let tenure = |uid: Uid| {
                let neuron = &self.0[usize::from(uid.0)];
                Tenure {
                    generation: neuron.generation,
                    registered_epoch: neuron.registered_epoch,
                }
            };
            Ok(uids.into_iter().map(tenure).collect())
        }

        fn stakes_at(
            &self,
            _: NetUid,
            hotkeys: Vec<AccountId>,
            _: u32,
        ) -> Result<Vec<Rao>, EpochError> {
            Ok(hotkeys.into_iter().map(stake_of).collect())
        }
    }

    /// What happens on a subnet: a neuron sets weights, or is replaced.
    #[derive(Clone, Debug)]
    enum Event {
        Weights(u16, BTreeMap<u16, u16>),
        Replace(u16),
    }

    const NEURONS: u16 = 70;
    const CLOSED: u32 = 2;

    fn event() -> impl Strategy<Value = (u32, Event)> {
        // Few validators, so that they write often; on both pages.
        let uid = prop_oneof![0u16..4, 62u16..66];
        let weights = prop::collection::btree_map(0..NEURONS, any::<u16>(), 0..10);
        let event = prop_oneof![
            4 => (uid.clone(), weights).prop_map(|(uid, row)| Event::Weights(uid, row)),
            1 => uid.prop_map(Event::Replace),
        ];
        (0..=CLOSED + 1, event)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// Neurons and rows are those of the end of the closed epoch, whatever the open one writes, and however it is cut.
        #[test]
        fn inputs_are_those_of_the_close(
            mut events in prop::collection::vec(event(), 0..60),
            roster in prop::collection::btree_set(prop_oneof![0u16..4, 62u16..66], 0..6),
            final_epoch in prop::option::of(0u32..CLOSED),
            owner in prop::option::of(0u16..4),
        ) {
            ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
                events.sort_by_key(|(epoch, _)| *epoch);
                let mut book = Book((0..NEURONS).map(|uid| neuron(uid.into(), 0)).collect());
                let mut set: BTreeMap<u16, (u32, u32, Vec<u16>)> = BTreeMap::new();
                let mut rows = RowStore::default();
                let mut roster: Vec<Uid> = roster.iter().copied().map(Uid).collect();
                roster = crate::frozen::roster_with_owner(roster, owner.map(Uid));
                let mut closed = testing::closed_epoch(CLOSED, final_epoch, &[]);
                closed.header.neurons = NEURONS;
                closed.header.owner_uid = owner.map(Uid);
                closed.header.roster = roster.clone();
                let netuid = closed.header.netuid;

                let mut frozen = None;
                for (block, (open, event)) in (100u32..).zip(events) {
                    if open > CLOSED && frozen.is_none() {
                        closed.seats = roster_seats(&book, &rows, &closed.header).unwrap();
                        frozen = Some((book.clone(), set.clone()));
                    }
                    match event {
                        Event::Weights(uid, weights) => {
                            let (uids, values): (Vec<Uid>, Vec<u16>) =
                                weights.iter().map(|(uid, weight)| (Uid(*uid), *weight)).unzip();
                            let row = canonical(NEURONS, &uids, &values).unwrap();
                            let generation = book.0[usize::from(uid)].generation;
                            let writer = RowWriter { netuid, uid: Uid(uid), generation, open, block };
                            rows.write(writer, &row).unwrap();
                            let shown = rows.row(netuid, Uid(uid), generation).unwrap();
                            assert_eq!(
                                canonical(NEURONS, &shown.uids, &shown.weights).as_ref(),
                                Ok(&row)
                            );
                            set.insert(uid, (generation, block, row));
                        }
                        Event::Replace(uid) => {
                            let place = &mut book.0[usize::from(uid)];
                            *place = Neuron { registered_at: block, ..neuron(1_000 + block, open) };
                            place.hotkey = AccountId::from([u8::try_from(block).unwrap(); 32]);
                        }
                    }
                }
                let (book, set) = match frozen {
                    Some(frozen) => frozen,
                    None => {
                        closed.seats = roster_seats(&book, &rows, &closed.header).unwrap();
                        (book, set)
                    }
                };

                let newcomer =
                    |neuron: &Neuron| final_epoch.is_some_and(|last| neuron.registered_epoch > last);
                for size in [16, 64] {
                    closed.plan.chunk = size;
                    let mut neurons = Vec::new();
                    let mut columns = vec![Vec::new(); roster.len()];
                    for chunk in 0..closed.plan.chunks(NEURONS) {
                        let inputs = chunk_inputs(&book, &rows, &closed, chunk).unwrap();
                        let width = inputs.neurons.len();
                        for (row, part) in columns.iter_mut().zip(inputs.rows.chunks(width)) {
                            row.extend_from_slice(part);
                        }
                        neurons.extend(inputs.neurons);
                    }
                    for ((uid, input), neuron) in (0u16..).zip(&neurons).zip(&book.0) {
                        let updated = set
                            .get(&uid)
                            .filter(|(generation, ..)| *generation == neuron.generation)
                            .map_or(neuron.registered_at, |(_, block, _)| *block);
                        assert_eq!(*input, NeuronInput {
                            stake: stake_of(neuron.hotkey).0,
                            last_update: updated.into(),
                            registered_at: neuron.registered_at.into(),
                            commit_block: NO_COMMIT,
                            permit: roster.contains(&Uid(uid)) && !newcomer(neuron),
                            newcomer: newcomer(neuron),
                        });
                    }
                    for (uid, row) in roster.iter().zip(columns) {
                        let neuron = &book.0[usize::from(uid.0)];
                        let counts = owner == Some(uid.0) || !newcomer(neuron);
                        let expected = set
                            .get(&uid.0)
                            .filter(|(generation, ..)| counts && *generation == neuron.generation)
                            .map_or(vec![0; usize::from(NEURONS)], |(.., row)| row.clone());
                        assert_eq!(row, expected, "row of {uid:?} in chunks of {size}");
                    }
                    let chunks = closed.plan.chunks(NEURONS);
                    assert_eq!(
                        chunk_inputs(&book, &rows, &closed, chunks),
                        Err(EpochError::ChunkOutOfRange(chunks))
                    );
                }
                Ok(())
            })
            .unwrap();
        }
    }
}
