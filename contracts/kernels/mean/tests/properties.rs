//! Properties of the kernel on any subnet, and on any bytes.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod support;

use inktensor_primitives::{
    kernel::{
        Budget, NeuronInput, NeuronResult, Rows, StepInput, MAX_CARRY, MAX_SCRATCH, NO_COMMIT,
    },
    Rao, Uid,
};
use proptest::{collection::vec, prelude::*, sample::Index};
use support::{subnet, Ran, Subnet};

/// All TAO there is, in rao.
const CAP: u64 = Rao::CAP.0;

fn any_budget() -> impl Strategy<Value = Budget> {
    prop_oneof![
        (0..=CAP / 2, 0..=CAP / 2).prop_map(|(miners, validators)| Budget::Split {
            miners: Rao(miners),
            validators: Rao(validators),
        }),
        (0..=CAP).prop_map(|total| Budget::Combined(Rao(total))),
    ]
}

/// Makes any subnet that a chain could have: up to 200 neurons, so up to four chunks.
fn any_subnet() -> impl Strategy<Value = Subnet> {
    (1usize..200).prop_flat_map(|count| {
        let stake = prop_oneof![Just(0), 1u64..1_000, 0..=CAP / 200];
        let neurons = vec((stake, 0u64..20, 0u64..20), count);
        let weight = prop_oneof![2 => Just(0u16), 1 => any::<u16>()];
        let rows = vec((0..count, vec(weight, count)), 0..12);
        (
            neurons,
            rows,
            0u16..20,
            prop::option::of(0..count),
            any_budget(),
        )
            .prop_map(|(neurons, mut rows, permits, owner, budget)| {
                rows.sort();
                rows.dedup_by_key(|(uid, _)| *uid);
                let rows: Vec<(u16, &[u16])> = rows
                    .iter()
                    .map(|(uid, row)| (u16::try_from(*uid).unwrap(), row.as_slice()))
                    .collect();
                let stakes: Vec<u64> = neurons.iter().map(|neuron| neuron.0).collect();
                let mut net = subnet(&stakes, &rows);
                for (input, neuron) in net.neurons.iter_mut().zip(neurons) {
                    (_, input.registered_at, input.last_update) = neuron;
                }
                net.header.max_validators = permits;
                net.header.owner_uid = owner.map(|uid| Uid(u16::try_from(uid).unwrap()));
                net.header.budget = budget;
                net
            })
    })
}

/// Computes the rule on the whole subnet at once.
fn reference(net: &Subnet) -> Ran {
    let neurons = &net.neurons;
    let rows: Vec<(u16, u64, Vec<u128>)> = net
        .header
        .roster
        .iter()
        .zip(&net.rows)
        .map(|(uid, row)| {
            let own = &neurons[usize::from(uid.0)];
            let counted = (0u16..).zip(row).map(|(column, weight)| {
                let stale = neurons[usize::from(column)].registered_at >= own.last_update;
                if stale || column == uid.0 {
                    0
                } else {
                    u128::from(*weight)
                }
            });
            (uid.0, own.stake, counted.collect::<Vec<u128>>())
        })
        .filter(|(_, _, row)| row.iter().sum::<u128>() > 0)
        .collect();
    let scores: Vec<u128> = (0..neurons.len())
        .map(|column| {
            let behind = rows.iter().map(|(_, stake, row)| {
                (u128::from(*stake) << 32) / row.iter().sum::<u128>() * row[column]
            });
            (behind.sum::<u128>() + (1 << 31)) >> 32
        })
        .collect();
    let voting: u128 = rows.iter().map(|(_, stake, _)| u128::from(*stake)).sum();
    let all: u128 = scores.iter().sum();
    let stake: u128 = neurons.iter().map(|neuron| u128::from(neuron.stake)).sum();
    let (miners, validators) = match net.header.budget {
        Budget::Split { miners, validators } => (miners.0, validators.0),
        Budget::Combined(total) => (total.0 / 2, total.0 - total.0 / 2),
    };
    let of = |whole: u64, part: u128, all: u128| match all {
        0 => 0,
        all => u64::try_from(u128::from(whole) * part / all).unwrap(),
    };
    let share = |part, all| u16::try_from(of(65_535, part, all)).unwrap();

    let mut order: Vec<u16> = (0..net.header.neurons).collect();
    order.sort_by_key(|uid| (u64::MAX - neurons[usize::from(*uid)].stake, *uid));
    let mut roster: Vec<Uid> = order
        .into_iter()
        .filter(|uid| neurons[usize::from(*uid)].stake > 0)
        .take(usize::from(net.header.max_validators))
        .map(Uid)
        .chain(net.header.owner_uid)
        .collect();
    roster.sort();
    roster.dedup();

    let results = (0u16..)
        .zip(neurons)
        .map(|(uid, neuron)| {
            let vote = rows.iter().find(|row| row.0 == uid);
            let behind = vote.map_or(0, |(_, stake, _)| u128::from(*stake));
            let score = scores[usize::from(uid)];
            let (miner, validator) = (of(miners, score, all), of(validators, behind, voting));
            NeuronResult {
                incentive: share(score, all),
                dividends: share(behind, voting),
                consensus: share(score, all),
                validator_trust: if vote.is_some() { 65_535 } else { 0 },
                stake_weight: share(neuron.stake.into(), stake),
                active: true,
                permit: roster.contains(&Uid(uid)),
                miner: Rao(miner),
                validator: Rao(validator),
                emission: Rao(miner + validator),
            }
        })
        .collect();
    Ran { results, roster }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The rule has the same results in steps as on the whole subnet.
    #[test]
    fn steps_follow_the_rule(net in any_subnet()) {
        prop_assert_eq!(net.run(), Ok(reference(&net)));
    }

    /// Pay never exceeds the budget. Where neurons have claims, at most a rao per neuron is not
    /// paid.
    #[test]
    fn pay_is_within_the_budget(net in any_subnet()) {
        let ran = net.run().unwrap();
        let (miners, validators) = match net.header.budget {
            Budget::Split { miners, validators } => (miners.0, validators.0),
            Budget::Combined(total) => (total.0 / 2, total.0.div_ceil(2)),
        };
        let paid = |pay: fn(&NeuronResult) -> Rao| ran.results.iter().map(|it| pay(it).0).sum::<u64>();
        let neurons = u64::from(net.header.neurons);
        for (paid, budget) in [
            (paid(|it| it.miner), miners),
            (paid(|it| it.validator), validators),
        ] {
            prop_assert!(paid <= budget);
            prop_assert!(paid == 0 || budget - paid <= neurons);
        }
    }

    #[test]
    fn steps_in_groups_are_the_steps_one_by_one(net in any_subnet(), most in 1usize..4) {
        net.assert_groups(&net.steps().unwrap(), most);
    }

    /// Carries and scratches are within the protocol's limits.
    #[test]
    fn carries_and_scratches_are_within_their_limits(net in any_subnet()) {
        for (_, output) in net.steps().unwrap() {
            prop_assert!(output.carry.len() <= MAX_CARRY);
            prop_assert!(output.scratch.len() <= MAX_SCRATCH);
            prop_assert!(output.memory.is_empty());
        }
    }

    /// A step whose input is changed in any way returns a result or an error.
    #[test]
    fn no_change_of_an_input_makes_a_step_panic(
        net in any_subnet(),
        step in any::<Index>(),
        changes in vec(any_change(), 1..6),
    ) {
        let steps = net.steps().unwrap();
        let mut input = step.get(&steps).0.clone();
        for change in changes {
            change.make(&mut input);
        }
        let _ = inktensor_mean::plan(&input.header);
        let _ = inktensor_mean::step(&input);
    }

    /// So does a step with any input at all.
    #[test]
    fn no_input_makes_a_step_panic(
        neurons in vec(any_neuron(), 0..70),
        counted in any::<bool>(),
        (cells, width) in (vec(any::<u16>(), 0..200), 1usize..=64),
        (phase, chunk) in (0u8..6, 0u16..3),
        (carry, scratch, memory) in (any_bytes(), any_bytes(), any_bytes()),
        (count, permits) in (any::<u16>(), any::<u16>()),
        owner in prop::option::of(any::<u16>().prop_map(Uid)),
        roster in vec(any::<u16>().prop_map(Uid), 0..4),
        budget in prop_oneof![
            any::<u64>().prop_map(|total| Budget::Combined(Rao(total))),
            (any::<u64>(), any::<u64>()).prop_map(|(miners, validators)| Budget::Split {
                miners: Rao(miners),
                validators: Rao(validators),
            }),
        ],
    ) {
        let mut header = subnet(&[1], &[]).header;
        header.neurons = if counted { u16::try_from(neurons.len()).unwrap() } else { count };
        header.max_validators = permits;
        header.owner_uid = owner;
        header.roster = roster;
        header.budget = budget;
        let rows = Rows::from_cells(&cells, width);
        let _ = inktensor_mean::step(&StepInput {
            header, phase, chunk, carry, scratch, memory, neurons, rows,
        });
    }
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(Vec::new()), vec(any::<u8>(), 0..100)]
}

fn any_neuron() -> impl Strategy<Value = NeuronInput> {
    (any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(stake, last_update, registered_at)| {
        NeuronInput {
            stake,
            last_update,
            registered_at,
            commit_block: NO_COMMIT,
            permit: false,
            newcomer: false,
        }
    })
}

/// A change of an input that no chain makes.
#[derive(Clone, Debug)]
enum Change {
    Carry(Index, u8),
    Scratch(Index, u8),
    Weight(Index, u16),
    Neuron(Index, NeuronInput),
    Roster(Index, u16),
    Budget(u64, u64),
    Permits(u16),
    Place(u8, u16),
}

fn any_change() -> impl Strategy<Value = Change> {
    let byte = || prop_oneof![Just(0u8), Just(255), any::<u8>()];
    prop_oneof![
        4 => (any::<Index>(), byte()).prop_map(|(at, byte)| Change::Carry(at, byte)),
        2 => (any::<Index>(), byte()).prop_map(|(at, byte)| Change::Scratch(at, byte)),
        1 => (any::<Index>(), any::<u16>()).prop_map(|(at, weight)| Change::Weight(at, weight)),
        1 => (any::<Index>(), any_neuron()).prop_map(|(at, neuron)| Change::Neuron(at, neuron)),
        1 => (any::<Index>(), any::<u16>()).prop_map(|(at, uid)| Change::Roster(at, uid)),
        1 => (any::<u64>(), any::<u64>()).prop_map(|(one, two)| Change::Budget(one, two)),
        1 => any::<u16>().prop_map(Change::Permits),
        1 => (0u8..5, 0u16..5).prop_map(|(phase, chunk)| Change::Place(phase, chunk)),
    ]
}

impl Change {
    fn make(self, input: &mut StepInput) {
        fn set<T>(items: &mut [T], at: Index, value: T) {
            if !items.is_empty() {
                items[at.index(items.len())] = value;
            }
        }
        match self {
            Change::Carry(at, byte) => set(&mut input.carry, at, byte),
            Change::Scratch(at, byte) => set(&mut input.scratch, at, byte),
            Change::Weight(at, weight) => {
                let width = input.neurons.len().max(1);
                let mut cells = input.rows.cells(width);
                set(&mut cells, at, weight);
                input.rows = Rows::from_cells(&cells, width);
            }
            Change::Neuron(at, neuron) => set(&mut input.neurons, at, neuron),
            Change::Roster(at, uid) => set(&mut input.header.roster, at, Uid(uid)),
            Change::Budget(miners, validators) => {
                input.header.budget = Budget::Split {
                    miners: Rao(miners),
                    validators: Rao(validators),
                };
            }
            Change::Permits(permits) => input.header.max_validators = permits,
            Change::Place(phase, chunk) => (input.phase, input.chunk) = (phase, chunk),
        }
    }
}
