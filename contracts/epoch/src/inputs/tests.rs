//! Inputs are those of the close, whatever the open epoch writes.

use super::*;
use crate::{
    tests::closed_epoch,
    weights::{canonical, rewrite, RowCell, RowWriter},
};
use ink::env::{
    test::{callee, get_contract_storage_rw},
    DefaultEnvironment,
};
use inktensor_primitives::{registry::roster_with_owner, AccountId};
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

/// Returns a row set by `generation` at block 70 in epoch 4, and again at block 90 in epoch 5.
fn rewritten(generation: u32) -> RowCell {
    let mut cell = RowCell::default();
    for (open, block) in [(4, 70), (5, 90)] {
        let head = rewrite(&cell.head, open, generation, block, 1)
            .unwrap()
            .head;
        cell.head.write(open, Some(head));
    }
    cell
}

#[test]
fn the_closed_epoch_is_read_not_the_open_one() {
    // Epoch 4 is closed; uids 2 and 3 are on its roster; epoch 3 is the last final one.
    let closed = closed_epoch(4, Some(3), &[2, 3]);
    let neurons = [neuron(7, 1), neuron(8, 1), neuron(9, 4), neuron(10, 4)];
    let stakes = [Rao(1), Rao(2), Rao(3), Rao(4)];
    let unset = RowCell::default();
    let heads = HeadPage(vec![unset, rewritten(7), rewritten(7), rewritten(9)]);
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
    let closed = closed_epoch(4, Some(3), &[]);
    assert_eq!(
        neuron_inputs(&closed, Uid(0), &[neuron(1, 1)], &[], &HeadPage::default()),
        Err(EpochError::PeerUnavailable)
    );
}

/// Neurons of one epoch.
#[derive(Clone)]
struct Neurons(Vec<Neuron>);

/// Returns the stake of a hotkey.
fn stake_of(hotkey: AccountId) -> Rao {
    Rao(AsRef::<[u8; 32]>::as_ref(&hotkey)
        .iter()
        .map(|byte| u64::from(*byte))
        .sum())
}

impl Source for Neurons {
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

    fn stakes_at(
        &self,
        _: NetUid,
        hotkeys: Vec<AccountId>,
        _: u32,
    ) -> Result<Vec<Rao>, EpochError> {
        Ok(hotkeys.into_iter().map(stake_of).collect())
    }
}

impl Neurons {
    fn tenures(&self, uids: &[Uid]) -> Vec<Tenure> {
        let neurons = uids.iter().map(|uid| &self.0[usize::from(uid.0)]);
        let tenures = neurons.map(|neuron| Tenure {
            generation: neuron.generation,
            registered_epoch: neuron.registered_epoch,
        });
        tenures.collect()
    }
}

/// Neurons whose stakes can be read only from a hotkey on.
struct Rest(Neurons, usize);

impl Source for Rest {
    fn neurons_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        start: Uid,
        count: u16,
    ) -> Result<Vec<Neuron>, EpochError> {
        self.0.neurons_at(netuid, epoch, start, count)
    }

    fn stakes_at(
        &self,
        netuid: NetUid,
        hotkeys: Vec<AccountId>,
        epoch: u32,
    ) -> Result<Vec<Rao>, EpochError> {
        assert_eq!(hotkeys.len(), self.1);
        self.0.stakes_at(netuid, hotkeys, epoch)
    }
}

#[ink::test]
fn gathered_stakes_are_not_read_again() {
    let hotkey = |uid: u8| Neuron {
        hotkey: AccountId::from([uid + 1; 32]),
        ..neuron(uid.into(), 0)
    };
    let neurons = Neurons((0..8).map(hotkey).collect());
    let rows = RowStore::default();
    let mut stakes = StakeStore::default();
    let closed = closed_epoch(CLOSED, None, &[]);
    let (netuid, chunk) = (closed.header.netuid, 1);
    let all = Inputs::new(&neurons, &rows, &stakes)
        .of_chunk(&closed, chunk, &PhasePlan::ALL)
        .unwrap();
    for (count, left, stored) in [(0, 4, 0), (3, 4, 3), (9, 1, 4), (9, 0, 4)] {
        // What `of_chunk` reads, and what `gather` reads.
        let rest = Rest(neurons.clone(), left);
        let inputs = Inputs::new(&rest, &rows, &stakes);
        assert_eq!(
            inputs.of_chunk(&closed, chunk, &PhasePlan::ALL),
            Ok(all.clone())
        );
        let part = Rest(neurons.clone(), left.min(count));
        let inputs = Inputs::new(&part, &rows, &stakes);
        let gathered = inputs
            .gather(&closed, chunk, u16::try_from(count).unwrap())
            .unwrap();
        assert_eq!(gathered.len(), stored);
        stakes.put(netuid, chunk, CLOSED, gathered);
    }
    let mut next = closed;
    next.header.epoch += 1;
    assert_eq!(stakes.gathered(netuid, chunk, next.header.epoch), []);
    assert_eq!(stakes.gathered(netuid, chunk, CLOSED).len(), 4);
}

/// Returns the number of cells of this contract that `act` reads.
fn cells_read<T>(act: impl FnOnce() -> T) -> usize {
    let reads = || get_contract_storage_rw::<DefaultEnvironment>(&callee::<DefaultEnvironment>()).0;
    let before = reads();
    act();
    reads() - before
}

/// Attack P6: a dispute pays for the rows of the whole roster in a phase that reads none.
#[ink::test]
fn a_phase_pays_for_its_own_inputs_only() {
    let registry = Neurons((0..8u16).map(|uid| neuron(uid.into(), 0)).collect());
    let mut closed = closed_epoch(CLOSED, None, &[0, 1, 2]);
    let netuid = closed.header.netuid;
    let (mut rows, mut stakes) = (RowStore::default(), StakeStore::default());
    for (uid, generation) in closed.header.roster.iter().zip(0..) {
        let writer = RowWriter {
            netuid,
            uid: *uid,
            generation,
            open: CLOSED,
            block: 70,
        };
        let heads = rows.heads(netuid, *uid);
        rows.write(writer, heads, &[7; 8]).unwrap();
    }
    let tenures = registry.tenures(&closed.header.roster);
    closed.seats = roster_seats(&rows, &closed.header, &tenures).unwrap();
    let chunk = 1;
    stakes.put(netuid, chunk, CLOSED, vec![Rao(5)]);

    let one = cells_read(|| rows.heads(netuid, Uid(0)));
    assert!(one > 0);
    for (reads_rows, reads_stake) in [(false, false), (true, false), (false, true), (true, true)] {
        let reads = PhasePlan {
            rows: reads_rows,
            stake: reads_stake,
            memory: false,
        };
        // One stake of the four is gathered. The source fails if it is asked for others.
        let source = Rest(registry.clone(), if reads_stake { 3 } else { 0 });
        let stored = Inputs::new(&source, &rows, &stakes);
        let cells = cells_read(|| stored.of_chunk(&closed, chunk, &reads).unwrap());
        let (of_rows, of_stake) = (3 * usize::from(reads_rows), usize::from(reads_stake));
        assert_eq!(cells, one * (1 + of_rows + of_stake), "{reads:?}");
    }
}

/// Event on a subnet: a neuron sets weights, or is replaced.
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

    /// Neurons and rows are those of the end of the closed epoch, whatever the open one writes, and
    /// however the epoch is cut into chunks.
    #[test]
    fn inputs_are_those_of_the_close(
        mut events in prop::collection::vec(event(), 0..60),
        roster in prop::collection::btree_set(prop_oneof![0u16..4, 62u16..66], 0..6),
        final_epoch in prop::option::of(0u32..CLOSED),
        owner in prop::option::of(0u16..4),
    ) {
        ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
            events.sort_by_key(|(epoch, _)| *epoch);
            let mut registry = Neurons((0..NEURONS).map(|uid| neuron(uid.into(), 0)).collect());
            let mut set: BTreeMap<u16, (u32, u32, Vec<u16>)> = BTreeMap::new();
            let mut rows = RowStore::default();
            let mut roster: Vec<Uid> = roster.iter().copied().map(Uid).collect();
            roster = roster_with_owner(roster, owner.map(Uid));
            let mut closed = closed_epoch(CLOSED, final_epoch, &[]);
            closed.header.neurons = NEURONS;
            closed.header.owner_uid = owner.map(Uid);
            closed.header.roster = roster.clone();
            let netuid = closed.header.netuid;

            let mut frozen = None;
            for (block, (open, event)) in (100u32..).zip(events) {
                if open > CLOSED && frozen.is_none() {
                    closed.seats = roster_seats(&rows, &closed.header, &registry.tenures(&roster)).unwrap();
                    frozen = Some((registry.clone(), set.clone()));
                }
                match event {
                    Event::Weights(uid, weights) => {
                        let (uids, values): (Vec<Uid>, Vec<u16>) =
                            weights.iter().map(|(uid, weight)| (Uid(*uid), *weight)).unzip();
                        let row = canonical(NEURONS, &uids, &values).unwrap();
                        let generation = registry.0[usize::from(uid)].generation;
                        let writer = RowWriter { netuid, uid: Uid(uid), generation, open, block };
                        let heads = rows.heads(netuid, Uid(uid));
                        rows.write(writer, heads, &row).unwrap();
                        let shown = rows.row(netuid, Uid(uid), generation).unwrap();
                        assert_eq!(
                            canonical(NEURONS, &shown.uids, &shown.weights).as_ref(),
                            Ok(&row)
                        );
                        set.insert(uid, (generation, block, row));
                    }
                    Event::Replace(uid) => {
                        let place = &mut registry.0[usize::from(uid)];
                        *place = Neuron { registered_at: block, ..neuron(1_000 + block, open) };
                        place.hotkey = AccountId::from([u8::try_from(block).unwrap(); 32]);
                    }
                }
            }
            let (registry, set) = match frozen {
                Some(frozen) => frozen,
                None => {
                    closed.seats = roster_seats(&rows, &closed.header, &registry.tenures(&roster)).unwrap();
                    (registry, set)
                }
            };

            let neither = PhasePlan { rows: false, stake: false, memory: false };
            let newcomer =
                |neuron: &Neuron| final_epoch.is_some_and(|last| neuron.registered_epoch > last);
            let stakes = StakeStore::default();
            let stored = Inputs::new(&registry, &rows, &stakes);
            for size in [16, 64] {
                closed.plan.chunk = size;
                let mut neurons = Vec::new();
                let mut columns = vec![Vec::new(); roster.len()];
                for chunk in 0..closed.plan.chunks(NEURONS) {
                    let inputs = stored.of_chunk(&closed, chunk, &PhasePlan::ALL).unwrap();
                    let alone = stored.of_chunk(&closed, chunk, &neither).unwrap();
                    assert_eq!(alone, inputs.clone().for_phase(&neither));
                    let width = inputs.neurons.len();
                    assert_eq!(inputs.rows.len(), roster.len());
                    for (row, part) in columns.iter_mut().zip(inputs.rows.cells(width).chunks(width)) {
                        row.extend_from_slice(part);
                    }
                    neurons.extend(inputs.neurons);
                }
                for ((uid, input), neuron) in (0u16..).zip(&neurons).zip(&registry.0) {
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
                    let neuron = &registry.0[usize::from(uid.0)];
                    let counts = owner == Some(uid.0) || !newcomer(neuron);
                    let expected = set
                        .get(&uid.0)
                        .filter(|(generation, ..)| counts && *generation == neuron.generation)
                        .map_or(vec![0; usize::from(NEURONS)], |(.., row)| row.clone());
                    assert_eq!(row, expected, "row of {uid:?} in chunks of {size}");
                }
                let chunks = closed.plan.chunks(NEURONS);
                assert_eq!(
                    stored.of_chunk(&closed, chunks, &PhasePlan::ALL),
                    Err(EpochError::ChunkOutOfRange(chunks))
                );
            }
            Ok(())
        })
        .unwrap();
    }
}
