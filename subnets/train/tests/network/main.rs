//! The network of docs/train.md in one process: honest miners of several speeds beside every cheat,
//! for three seeds.

#![allow(clippy::unwrap_used, clippy::panic)]

mod miner;
mod simulation;

use std::{collections::BTreeSet, sync::OnceLock};

use inktensor_task::{blake2, Blob, Fold, Load, Seed};
use inktensor_train::{
    voted_start, worth_of, Examined, Failure, FraudProof, Join, Member, State, Verdict, Vote,
};

use miner::{seat, Behavior, Spoiled};
use simulation::{
    epoch, failure, first_state, guard, train, Minority, Played, Simulation, MOST_STEPS,
};

const SEEDS: [u64; 3] = [1, 2, 3];
const EPOCHS: u32 = 9;
/// Epochs before the bound on cheats holds.
const FIRST: usize = 3;
/// The uid of the honest miner that a lying validator leaves out.
const VICTIM: u16 = 1;
/// The uid of the cheat that a lying validator takes in: it pledges a sound end of another miner.
const CHEAT: u16 = 7;

const MINERS: [Behavior; 17] = [
    Behavior::Honest { steps: 16 },
    Behavior::Honest { steps: 12 },
    Behavior::Honest { steps: 8 },
    Behavior::Honest { steps: 4 },
    Behavior::Honest { steps: 2 },
    Behavior::Claims {
        claimed: 16,
        done: 4,
    },
    Behavior::CopiesTrace { of: 0 },
    Behavior::CopiesEnd { of: 0, steps: 4 },
    Behavior::StaleStart {
        steps: 6,
        hides: false,
    },
    Behavior::StaleStart {
        steps: 6,
        hides: true,
    },
    Behavior::Silent { steps: 8 },
    // A core that makes six steps: all with one hotkey, copied for a second one.
    Behavior::Honest { steps: 6 },
    Behavior::CopiesTrace { of: 11 },
    // Another such core, divided between two hotkeys.
    Behavior::Honest { steps: 3 },
    Behavior::Honest { steps: 3 },
    Behavior::ServesOne { steps: 5 },
    Behavior::Offline,
];

/// Returns the networks of honest validators, one for each seed.
fn honest() -> &'static [Simulation] {
    static PLAYED: OnceLock<Vec<Simulation>> = OnceLock::new();
    PLAYED.get_or_init(|| played(Minority::Honest))
}

/// Returns the networks with a validator that votes another start, one for each seed.
fn other_start() -> &'static [Simulation] {
    static PLAYED: OnceLock<Vec<Simulation>> = OnceLock::new();
    PLAYED.get_or_init(|| played(Minority::OtherStart))
}

/// Returns the networks with a validator whose ballot leaves out an honest miner and takes in a
/// cheat, one for each seed.
fn other_ballot() -> &'static [Simulation] {
    static PLAYED: OnceLock<Vec<Simulation>> = OnceLock::new();
    let (without, with) = (VICTIM, CHEAT);
    PLAYED.get_or_init(|| played(Minority::OtherBallot { without, with }))
}

fn played(minority: Minority) -> Vec<Simulation> {
    SEEDS
        .map(|seed| Simulation::new(seed, &MINERS, minority).play(EPOCHS))
        .into()
}

fn all() -> impl Iterator<Item = &'static Simulation> {
    honest().iter().chain(other_start()).chain(other_ballot())
}

/// Returns the pay of each miner from epoch [`FIRST`] on.
fn pay(simulation: &Simulation) -> Vec<f64> {
    let of = |uid: usize| {
        let later = simulation.epochs[FIRST..].iter();
        later.map(|epoch| epoch.pay[uid]).sum()
    };
    (0..MINERS.len()).map(of).collect()
}

#[test]
fn cheats_earn_at_most_a_hundredth_of_the_least_honest_miner() {
    for simulation in all() {
        let pay = pay(simulation);
        let of = |honest: bool| {
            let miners = MINERS.iter().zip(&pay);
            miners.filter(move |(it, _)| it.is_honest() == honest)
        };
        let least = of(true).map(|(_, pay)| *pay).fold(f64::MAX, f64::min);
        assert!(least > 0.0);
        for (behavior, pay) in of(false) {
            let seed = simulation.seed;
            assert!(
                *pay <= least / 100.0,
                "seed {seed}: {behavior:?} {pay} {least}"
            );
        }
    }
}

#[test]
fn pay_follows_verified_work() {
    for simulation in all() {
        let steps = |uid: usize| {
            let later = simulation.epochs[FIRST..].iter();
            later.map(|epoch| f64::from(epoch.verified[uid])).sum()
        };
        let steps: Vec<f64> = (0..MINERS.len()).map(steps).collect();
        let found = spearman(&pay(simulation), &steps);
        assert!(found >= 0.95, "seed {}: {found}", simulation.seed);
    }
}

#[test]
fn honest_miners_never_lose() {
    for simulation in all() {
        for epoch in &simulation.epochs {
            for (uid, behavior) in MINERS.iter().enumerate() {
                let Behavior::Honest { steps } = behavior else {
                    continue;
                };
                assert_eq!(epoch.verified[uid], *steps);
                let right = worth_of(*steps, MOST_STEPS);
                assert!(epoch.worths.iter().all(|of| of[uid] == right));
                let is_member = |it: &Member| usize::from(it.seat.uid) == uid;
                assert!(epoch.members.iter().any(is_member));
            }
        }
    }
}

#[test]
fn no_accusation_of_an_honest_miner_stands() {
    let lying = other_start().iter().chain(other_ballot());
    for epoch in lying.flat_map(|it| &it.epochs) {
        assert_eq!(epoch.accusations, (32, 0));
    }
}

#[test]
fn changed_byte_of_a_proof_is_found() {
    for simulation in honest() {
        let Examined::Failed(Failure::Fraud { fraud, proof }) =
            &simulation.epochs[0].examined[1][5]
        else {
            panic!("the fraud of the first epoch is not found");
        };
        let epoch = epoch(simulation.seed, 0, simulation.first);
        let work = proof.work;
        let decided = |file: &[u8]| {
            let proof = FraudProof::from_file(file, simulation.train.state_bytes()).ok()?;
            Some(proof.decide(&simulation.train, &epoch, seat(5), &work))
        };
        let file = proof.to_file();
        assert_eq!(decided(&file), Some(Ok(Verdict::False(*fraud))));
        let mut draw = Seed([5; 32]).draw();
        for _ in 0..500 {
            let mut changed = file.clone();
            let (at, bit) = (draw.index(file.len()), draw.below(8));
            changed[at] ^= 1 << bit;
            let found = decided(&changed);
            assert!(
                !matches!(found, Some(Ok(Verdict::True | Verdict::False(_)) | Err(_))),
                "{at} {bit}"
            );
        }
    }
}

#[test]
fn each_cheat_is_named() {
    for simulation in all() {
        let found = |uid: usize| -> BTreeSet<&str> {
            let epochs = simulation.epochs.iter();
            // The second validator is always honest.
            epochs
                .map(|epoch| failure(&epoch.examined[1][uid]))
                .collect()
        };
        for (uid, right) in [
            (5, "step"),
            (6, "step"),
            (7, "end"),
            (8, "start"),
            (9, "step"),
            (10, "unanswered"),
            (12, "step"),
            (15, "unanswered"),
            (16, "absent"),
        ] {
            let found = found(uid);
            assert!(found.contains(right), "{uid} {found:?}");
            // Only a miner that has done a part of its work may pass.
            assert!(found.len() == 1 || uid == 5, "{uid} {found:?}");
        }
    }
}

#[test]
fn second_hotkey_on_one_core_adds_nothing() {
    for simulation in all() {
        let pay = pay(simulation);
        let (whole, copied, halves) = (pay[11], pay[12], pay[13] + pay[14]);
        assert_eq!(copied, 0.0);
        assert!((halves / whole - 1.0).abs() < 1e-3, "{halves} {whole}");
    }
}

/// Returns the vote of the validator with most stake.
fn first_vote(epoch: &Played) -> Vote {
    epoch.voters[&seat(100)].vote.unwrap()
}

#[test]
fn most_stake_names_the_start_of_every_epoch() {
    for simulation in all() {
        let mut start = simulation.first;
        for epoch in &simulation.epochs {
            assert_eq!(voted_start(&epoch.voters), Some(start));
            start = epoch.next;
        }
    }
}

#[test]
fn minority_that_votes_another_start_changes_no_state() {
    for (honest, lying) in honest().iter().zip(other_start()) {
        for (right, epoch) in honest.epochs.iter().zip(&lying.epochs) {
            assert_ne!(first_vote(epoch).start, first_vote(right).start);
            assert_eq!(epoch.members, right.members);
            assert_eq!(epoch.next, right.next);
        }
    }
}

#[test]
fn minority_with_another_ballot_changes_no_state() {
    for (honest, lying) in honest().iter().zip(other_ballot()) {
        for (right, epoch) in honest.epochs.iter().zip(&lying.epochs) {
            // Two bits differ: that of the honest miner and that of the cheat.
            let ballots = [right, epoch].map(|it| *first_vote(it).ballot.bytes());
            let pairs = ballots[0].iter().zip(ballots[1]);
            let bits: u32 = pairs.map(|(a, b)| (a ^ b).count_ones()).sum();
            assert_eq!(bits, 2);
            assert_eq!(epoch.members, right.members);
            assert_eq!(epoch.next, right.next);
        }
    }
}

#[test]
fn invented_end_that_passes_its_probes_harms_no_model_and_loses_pay() {
    let spoils = |what| Behavior::Spoils { steps: 16, what };
    let miners = [
        Behavior::Honest { steps: 16 },
        Behavior::Honest { steps: 8 },
        spoils(Spoiled::Weights),
        spoils(Spoiled::Moments),
        spoils(Spoiled::Overflow),
    ];
    let (mut passed, mut pay) = ([0; 5], [0.0; 5]);
    for seed in SEEDS {
        let played = Simulation::new(seed, &miners, Minority::Honest).play(16);
        for epoch in &played.epochs {
            let uids: Vec<u16> = epoch.members.iter().map(|it| it.seat.uid).collect();
            assert_eq!(uids, [0, 1]);
            for uid in 0..miners.len() {
                pay[uid] += epoch.pay[uid];
                passed[uid] += u32::from(epoch.verified[uid] > 0);
            }
        }
        assert_learned(&played);
    }
    // Each passed in some epochs: the guard alone kept it out of the model.
    assert!(passed[2..].iter().all(|it| *it > 0), "{passed:?}");
    // Their pay shows that no bar was the reason. It is far below that of an honest step.
    let most = pay[0] / 2.0;
    let pays = |it: &f64| *it > 0.0 && *it < most;
    assert!(pay[2..].iter().all(pays), "{passed:?} {pay:?}");
}

#[test]
fn every_state_is_replayed_from_the_first_seed_without_a_blob() {
    for simulation in honest() {
        let train = train(simulation.seed);
        let mut start = first_state(&train, simulation.seed);
        assert_eq!(blake2(&start), simulation.first);
        for (number, played) in (0..).zip(&simulation.epochs) {
            let epoch = epoch(simulation.seed, number, blake2(&start));
            let end = |member: &Member| {
                let mut state = State::load(&start).unwrap();
                for step in 0..member.work.steps {
                    let assignment = epoch.assignment(member.seat, step);
                    state = train.step(state, &assignment).unwrap();
                }
                Some(state.to_blob())
            };
            let join = Join {
                fold: &train,
                start: &start,
                guard: guard(&train, &start, simulation.seed, number),
            };
            let next = join.next_state(&played.members, end).unwrap();
            start = next.to_blob();
            assert_eq!(blake2(&start), played.next);
        }
    }
}

#[test]
fn model_gets_better() {
    honest().iter().for_each(assert_learned);
}

/// Checks that the held-out loss fell by a fifth.
fn assert_learned(simulation: &Simulation) {
    let losses: Vec<u64> = simulation.epochs.iter().map(|it| it.loss).collect();
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    assert!(last * 10 < first * 8, "{losses:?}");
}

/// Returns the rank correlation of two lists. Equal values share the mean of their ranks.
fn spearman(left: &[f64], right: &[f64]) -> f64 {
    let ranks = |values: &[f64]| -> Vec<f64> {
        let rank = |value: &f64| {
            let below = values.iter().filter(|it| *it < value).count() as f64;
            let equal = values.iter().filter(|it| *it == value).count() as f64;
            below + (equal + 1.0) / 2.0
        };
        values.iter().map(rank).collect()
    };
    let (left, right) = (ranks(left), ranks(right));
    let mean = (left.len() as f64 + 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum()
    };
    product(&left, &right) / (product(&left, &left) * product(&right, &right)).sqrt()
}
