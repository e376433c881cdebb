//! The network of docs/contest.md in one process: honest miners beside copies and every fault, and
//! validators that lie, for three seeds.

#![allow(clippy::unwrap_used, clippy::panic)]

mod miner;
mod simulation;

use std::sync::OnceLock;

use inktensor_contest::{
    is_better, Examined, Fault, Finding, HeldOut, Lie as Item, Model, Standing, EPSILON_BLOCKS,
    EPSILON_LAST,
};
use inktensor_task::{Blob, Contest, Loss, NoLoss, Worth};

use miner::{
    changed, miners, seat, trained, unfinished, Behavior, Change, Miner, Useless, Wrong, TEMPO,
};
use simulation::{contest, drawn, Lie, Once, Simulation};

const SEEDS: [u64; 3] = [1, 2, 3];
const EPOCHS: u32 = 10;
/// The epoch in which the better model is pledged.
const BETTER: usize = 3;

/// Returns a copy of the model of uid `of`.
const fn copy(of: u16, how: Change) -> Behavior {
    Behavior::CopiesModel { of, how }
}

const fn tuned(steps: u32, rate: u16) -> Change {
    Change::Tuned { steps, rate }
}

const NOISE: Change = Change::Noise { millionths: 1_000 };

/// Miners with the epoch of their pledge. Honest ones have the uids 0 to 2.
const MINERS: [(u32, Behavior); 20] = [
    (0, Behavior::Honest { steps: 500 }),
    (0, Behavior::Honest { steps: 1_000 }),
    (BETTER as u32, Behavior::Honest { steps: 2_000 }),
    (1, copy(1, Change::Bits)),
    (1, copy(1, NOISE)),
    (1, copy(1, tuned(4, 100))),
    (2, copy(1, tuned(16, 100))),
    (2, copy(1, tuned(16, 30))),
    (0, Behavior::CopiesPledge { of: 1 }),
    (4, copy(2, Change::Bits)),
    (4, copy(2, tuned(4, 100))),
    (0, shows(Wrong::Unopened)),
    (0, shows(Wrong::OtherSalt)),
    (0, shows(Wrong::Missing)),
    (0, shows(Wrong::Damaged)),
    (0, shows(Wrong::TooLong)),
    (0, enters(Useless::CutOff)),
    (0, enters(Useless::NotANumber)),
    (0, enters(Useless::OtherShape)),
    (0, enters(Useless::Overflow)),
];

const fn shows(wrong: Wrong) -> Behavior {
    Behavior::Shows { wrong }
}

const fn enters(what: Useless) -> Behavior {
    Behavior::Enters { what }
}

/// Returns the contest and all miners of each seed.
fn made() -> &'static [(u64, Once, Vec<Miner>)] {
    static MADE: OnceLock<Vec<(u64, Once, Vec<Miner>)>> = OnceLock::new();
    let make = |seed| {
        let contest = Once::new(contest(seed));
        let miners = miners(&contest.contest, seed, &MINERS);
        (seed, contest, miners)
    };
    MADE.get_or_init(|| SEEDS.map(make).into())
}

/// Returns the networks with honest validators, one for each seed.
fn honest() -> &'static [Simulation<'static, Once>] {
    static PLAYED: OnceLock<Vec<Simulation<'static, Once>>> = OnceLock::new();
    PLAYED.get_or_init(|| played(Lie::Honest, EPOCHS))
}

fn played(lie: Lie, epochs: u32) -> Vec<Simulation<'static, Once>> {
    let play = |(seed, contest, miners): &'static (u64, Once, Vec<Miner>)| {
        Simulation::new(contest, *seed, miners, lie).play(epochs)
    };
    made().iter().map(play).collect()
}

/// Miners without a loss, with the fault of each.
const FAULTS: [(u16, Fault); 10] = [
    (8, Fault::OtherOpening),
    (11, Fault::Unopened),
    (12, Fault::OtherOpening),
    (13, Fault::Missing),
    (14, Fault::OtherBytes),
    (15, Fault::TooLong),
    (16, Fault::Unreadable),
    (17, Fault::Unreadable),
    (18, Fault::NoLoss(NoLoss::OtherShape)),
    (19, Fault::NoLoss(NoLoss::NotFinite)),
];

#[test]
fn cheats_earn_nothing_in_any_epoch() {
    for simulation in honest() {
        for epoch in &simulation.epochs {
            for ((_, behavior), pay) in MINERS.iter().zip(&epoch.pay) {
                assert!(behavior.is_honest() || *pay == 0.0, "{behavior:?} {pay}");
            }
            for line in epoch.verdicts.iter().flat_map(|it| &it.lines) {
                let is_honest = MINERS[usize::from(line.seat.uid)].1.is_honest();
                assert!(is_honest || line.average == Worth::NONE, "{line:?}");
            }
        }
    }
}

#[test]
fn reason_of_every_cheat_is_named() {
    let same = |of| Standing::SameModel { of: seat(of) };
    let not_better = |than| Standing::NotBetter { than: seat(than) };
    let copies = [
        (3, same(1)),
        (4, not_better(1)),
        (5, not_better(1)),
        (6, not_better(1)),
        (7, not_better(1)),
        (9, same(2)),
        (10, not_better(2)),
    ];
    let faulty = FAULTS.map(|(uid, fault)| (uid, Standing::Faulty(fault)));
    for simulation in honest() {
        for epoch in &simulation.epochs {
            for standings in &epoch.standings {
                for (uid, right) in copies.iter().chain(&faulty) {
                    let is_there = MINERS[usize::from(*uid)].0 <= epoch.number;
                    let right = is_there.then_some(right);
                    assert_eq!(standings.get(&seat(*uid)), right, "{uid}");
                }
            }
        }
    }
}

#[test]
fn really_better_model_wins() {
    let record = |newer| Some(Standing::Record { newer });
    for simulation in honest() {
        for epoch in &simulation.epochs {
            let is_there = epoch.number >= BETTER as u32;
            let right = match is_there {
                true => [record(2), record(1), record(0)],
                false => [record(1), record(0), None],
            };
            for standings in &epoch.standings {
                let found = [0, 1, 2].map(|uid| standings.get(&seat(uid)).copied());
                assert_eq!(found, right, "seed {}", simulation.seed);
            }
        }
        let pay = |epoch: usize| &simulation.epochs[epoch].pay;
        assert!(pay(BETTER - 1)[1] > 0.66 && pay(BETTER - 1)[2] == 0.0);
        // Averages follow in some epochs.
        assert!(pay(9)[2] > 0.5 && pay(9)[1] < 0.33, "{:?}", pay(9));
    }
}

#[test]
fn copies_take_nothing_from_honest_miners() {
    for (simulation, (seed, contest, miners)) in honest().iter().zip(made()) {
        let honest: Vec<Miner> = miners
            .iter()
            .filter(|it| it.behavior.is_honest())
            .cloned()
            .collect();
        let alone = Simulation::new(contest, *seed, &honest, Lie::Honest).play(EPOCHS);
        for (with, without) in simulation.epochs.iter().zip(&alone.epochs) {
            assert_eq!(with.pay[..3], without.pay);
            for (with, without) in with.verdicts.iter().zip(&without.verdicts) {
                assert_eq!(with.weights, without.weights);
            }
        }
    }
}

#[test]
fn order_of_validators_and_pledges_does_not_matter() {
    for (simulation, (seed, contest, miners)) in honest().iter().zip(made()) {
        let other = Simulation::new(contest, *seed, miners, Lie::Honest).reordered();
        for (epoch, other) in simulation.epochs.iter().zip(&other.play(5).epochs) {
            assert_eq!(epoch.verdicts, other.verdicts);
            assert_eq!(epoch.pay, other.pay);
        }
    }
}

#[test]
fn honest_verdicts_are_true() {
    let words = FAULTS.iter().filter(|(_, fault)| fault.is_word());
    let right = Examined::True {
        unproven: words.map(|(uid, _)| seat(*uid)).collect(),
        unchecked: Vec::new(),
    };
    for epoch in honest().iter().flat_map(|it| &it.epochs) {
        assert_eq!(epoch.examined, vec![right.clone(); 3]);
    }
}

#[test]
fn verdicts_are_the_same_for_one_that_computes_every_loss() {
    let (seed, contest, miners) = &made()[0];
    let other = Simulation::new(&contest.contest, *seed, miners, Lie::Honest).play(2);
    for (epoch, other) in honest()[0].epochs.iter().zip(&other.epochs) {
        assert_eq!(epoch.verdicts, other.verdicts);
        assert_eq!(epoch.examined, other.examined);
    }
}

/// Plays networks whose first validator lies. Checks that the lie has no effect on pay, and each
/// examination of it from epoch 1 on.
fn lied(lie: Lie, check: impl Fn(&Examined)) {
    for (lying, honest) in played(lie, 4).iter().zip(honest()) {
        for (epoch, right) in lying.epochs.iter().zip(&honest.epochs) {
            assert_eq!(epoch.pay, right.pay);
            assert_eq!(epoch.verdicts[1..], right.verdicts[1..]);
            assert_eq!(epoch.examined[1..], right.examined[1..]);
            if epoch.number > 0 {
                check(&epoch.examined[0]);
            }
        }
    }
}

/// Plays networks whose first validator lies, and checks each lie that is found.
fn found(lie: Lie, check: impl Fn(Item)) {
    lied(lie, |examined| match examined {
        Examined::False(item) => check(item.clone()),
        other => panic!("{lie:?}: {other:?}"),
    });
}

/// The copy that the lying validator pays.
const FRIEND: u16 = 4;
/// The original that it harms.
const VICTIM: u16 = 1;

#[test]
fn lower_loss_of_a_friend_is_off_by_its_tenth() {
    found(Lie::Favors(seat(FRIEND)), |item| {
        let Item::Finding {
            seat: of, right, ..
        } = &item
        else {
            panic!("{item}");
        };
        assert_eq!(*of, seat(FRIEND));
        let tenth = right.loss().unwrap().0 / 10;
        assert!(item.off_by().unwrap().abs_diff(tenth) <= 1, "{item}");
        // A twentieth of a nat at least.
        assert!(tenth > 50_000);
    });
}

#[test]
fn invented_fault_is_found() {
    found(Lie::Harms(seat(VICTIM)), |item| match item {
        Item::Finding {
            seat: of, found, ..
        } => {
            assert_eq!(of, seat(VICTIM));
            assert_eq!(found, Finding::Faulty(Fault::Unreadable));
        }
        other => panic!("{other}"),
    });
}

#[test]
fn copied_verdict_has_losses_of_another_seed() {
    found(Lie::CopiesVerdict, |item| {
        assert!(matches!(item, Item::Finding { seat: of, .. } if of == seat(0)));
        assert!(item.off_by() > Some(0), "{item}");
    });
}

#[test]
fn lies_after_true_findings_are_named() {
    found(Lie::Pays(seat(FRIEND)), |item| {
        let right = Item::Worth {
            seat: seat(FRIEND),
            found: Worth::WHOLE,
            right: Worth::NONE,
        };
        assert_eq!(item, right);
    });
    found(Lie::Remembers(seat(FRIEND)), |item| {
        assert!(matches!(
            item,
            Item::Average {
                found: Worth(1_234),
                ..
            }
        ));
    });
    found(Lie::LeavesOut(seat(VICTIM)), |item| {
        assert_eq!(item, Item::LeftOut { seat: seat(VICTIM) });
    });
    found(Lie::Weighs(seat(FRIEND)), |item| {
        assert!(matches!(
            item,
            Item::Weight {
                uid: 0,
                found: 0,
                ..
            }
        ));
    });
}

#[test]
fn called_silence_has_no_effect_and_is_named_as_a_word() {
    lied(Lie::CallsSilent(seat(VICTIM)), |examined| match examined {
        Examined::True { unproven, .. } => assert!(unproven.contains(&seat(VICTIM))),
        other => panic!("{other:?}"),
    });
}

/// Returns the number of draws of 75, 25 for each seed of the text, in which a copy wins against
/// its original: when it is pledged an epoch later, when it is pledged a week later, and when it is
/// pledged a week later and epsilon alone decides.
fn wins<const N: usize>(
    original: fn(&HeldOut, u64) -> Model,
    copies: [Change; N],
) -> [[usize; 3]; N] {
    let mut counts = [[0; 3]; N];
    for (seed, Once { contest, .. }, _) in made() {
        let original = original(contest, *seed);
        let copies = copies.map(|how| {
            let blob = changed(contest, *seed, &original.to_blob(), how);
            Model::read(&blob).unwrap()
        });
        for number in 0..25 {
            let draw = drawn(*seed, number, "draws");
            let earlier = contest.losses(&original, &draw).unwrap();
            for (copy, counts) in copies.iter().zip(&mut counts) {
                let later = contest.losses(copy, &draw).unwrap();
                let kept = u64::from(1_000_000 - EPSILON_LAST);
                let wins = [
                    is_better(&later, &earlier, TEMPO),
                    is_better(&later, &earlier, EPSILON_BLOCKS),
                    Loss::sum(&later) * 1_000_000 <= Loss::sum(&earlier) * kept,
                ];
                for (count, is_win) in counts.iter_mut().zip(wins) {
                    *count += usize::from(is_win);
                }
            }
        }
    }
    counts
}

#[test]
fn copy_of_a_model_that_is_trained_out_wins_by_rare_luck_alone() {
    let found = wins(
        |contest, seed| trained(contest, seed, 1_200),
        [NOISE, tuned(4, 100), tuned(16, 30), tuned(64, 100)],
    );
    // The bits of any machine.
    assert_eq!(found, [[0, 0, 9], [0, 0, 11], [0, 0, 9], [0, 1, 23]]);
}

#[test]
fn copy_of_an_unfinished_model_wins_if_it_finishes_the_training() {
    let found = wins(
        |contest, seed| unfinished(contest, seed, 1_200),
        [NOISE, tuned(8, 300)],
    );
    assert_eq!(found, [[0, 0, 4], [59, 59, 75]]);
}
