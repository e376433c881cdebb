//! Random sequences of calls: every answer is that of the model, the invariants hold, and no
//! contract traps.
//!
//! By default the sequences are the same in each run, so that a failure has its cause in a change.
//! `PROPTEST_CASES` sets another number of sequences, new in each run or those of
//! `PROPTEST_RNG_SEED`. A failure prints the shortest failing sequence found.

mod sequences;

use inktensor_e2e_tests::{
    accounts::named,
    model::{
        hotkey, person, worker, Action, Claim, Evidence, Given, Lie, Line, Lockstep, Tally, Until,
        Which, WATCHER, WORKERS,
    },
    Network, Prepared, Shape,
};
use inktensor_primitives::{registry::Hyperparameter, AccountId, Rao};
use proptest::{
    prelude::ProptestConfig,
    test_runner::{RngSeed, TestCaseError, TestRunner},
};
use sequences::{sequence, Sequence};
use std::{cell::RefCell, time::Instant};

const PERSONS: u32 = 6;
/// The number of subnets: two with neurons, and an empty one.
const SUBNETS: usize = 3;
/// The coldkey of the neurons that make an epoch large.
const CROWD: AccountId = named("crowd-owner");
/// The number of sequences by default.
const SEQUENCES: u32 = 10;
/// The default seed. Its sequences perform each kind of action, and have it refused.
const SEED: u64 = 1;
/// The time for finding a shorter failing sequence, in milliseconds.
const SHRINKING: u32 = 180_000;

/// Lets every contract that collects payments collect any amount from `who`.
fn allow_all(net: &mut Network, who: AccountId) {
    let addresses = net.addresses();
    for spender in [addresses.registry, addresses.staking, addresses.epoch] {
        net.as_(who).approve(spender, u128::MAX).expect("allowed");
    }
}

/// Returns a network with two small full subnets in their second epochs, an empty subnet, and
/// workers with collateral for some lies.
fn small() -> Network {
    static SMALL: Prepared<()> = Prepared::new(|net| populate(net, 0));
    SMALL.network().0
}

/// Returns the same network with so many neurons on the second subnet that its epochs have two
/// chunks.
fn crowded() -> Network {
    static CROWDED: Prepared<()> = Prepared::new(|net| populate(net, 61));
    CROWDED.network().0
}

fn populate(net: &mut Network, crowd: u16) {
    for i in 0..PERSONS {
        net.fund(person(i), Rao::from_tao(500));
        allow_all(net, person(i));
        // Hotkeys pay deposits.
        net.fund(hotkey(i), Rao::from_tao(1));
        allow_all(net, hotkey(i));
        net.agree(hotkey(i), person(i));
    }
    for i in 0..WORKERS {
        net.fund(worker(i), Rao::from_tao(200));
        allow_all(net, worker(i));
        let collateral = Rao::from_tao(20 + 40 * u64::from(i));
        net.as_(worker(i))
            .deposit_collateral(collateral)
            .expect("deposited");
    }
    for (persons, permits, crowd) in [(4, 2, 0), (5, 3, crowd)] {
        let settings = vec![Hyperparameter::ImmunityPeriod(20)];
        let netuid = net.create(Shape {
            seats: persons + crowd,
            permits,
            settings,
            ..Shape::default()
        });
        for i in 0..u32::from(persons) {
            let who = person(i);
            net.await_room(netuid);
            let price = net.price(netuid);
            net.as_(who)
                .register(netuid, hotkey(i), price)
                .expect("registered");
            let amount = Rao::from_tao(10 + u64::from(i));
            net.as_(who)
                .add_stake(netuid, hotkey(i), amount)
                .expect("staked");
        }
        net.enrol_crowd(netuid, CROWD, "crowd", crowd.into());
        net.run_epoch(netuid);
        net.honest_weights(netuid);
    }
    net.create(Shape::default());
}

/// Performs a sequence. Returns the counts of its actions.
fn perform(sequence: &Sequence) -> Tally {
    let net = if sequence.crowded { crowded() } else { small() };
    assert_eq!(usize::from(net.subnets()), SUBNETS);
    let mut lockstep = Lockstep::begin(net, sequence.watched);
    for Line(action) in &sequence.actions {
        lockstep.perform(action);
    }
    lockstep.tally().clone()
}

#[test]
fn random_sequences_agree_with_the_model() {
    let mut config = ProptestConfig {
        failure_persistence: None,
        max_shrink_time: SHRINKING,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = SEQUENCES;
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    let cases = config.cases;
    let start = Instant::now();
    let total = RefCell::new(Tally::new());
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&sequence(), |sequence| {
        let mut total = total.borrow_mut();
        for (kind, (done, refused)) in perform(&sequence) {
            let count = total.entry(kind).or_default();
            count.0 += done;
            count.1 += refused;
        }
        Ok::<_, TestCaseError>(())
    });
    let total = total.into_inner();
    let actions: u64 = total.values().map(|(done, refused)| done + refused).sum();
    println!(
        "{cases} sequences, {actions} actions in {:?}",
        start.elapsed()
    );
    for (kind, (done, refused)) in &total {
        println!("{kind:20} {done:8} done {refused:8} refused");
    }
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    if cases >= SEQUENCES {
        for kind in [
            "close",
            "propose",
            "propose a lie",
            "dispute",
            "finalize",
            "finalize and settle",
            "settle",
            "replay",
            "roll over",
            "move",
            "give",
            "commit",
            "claim root",
            "register",
        ] {
            let (done, refused) = total.get(kind).copied().unwrap_or_default();
            assert!(
                done > 0 && refused > 0,
                "{kind}: {done} done, {refused} refused"
            );
        }
    }
}

#[test]
fn epoch_of_two_chunks_agrees_with_the_model() {
    let mut lockstep = Lockstep::begin(crowded(), true);
    for action in [
        Action::Next(1),
        Action::Propose(1, 1, Claim::Lie(Lie::Step(3))),
        Action::Dispute(1, 0, 0, Evidence::Step(2)),
        Action::Dispute(1, 0, 0, Evidence::Step(4)),
        Action::Dispute(1, 0, 0, Evidence::Step(5)),
        Action::Dispute(1, 0, 0, Evidence::Step(3)),
        Action::Propose(1, 2, Claim::Lie(Lie::Results(1))),
        Action::Dispute(1, 1, 0, Evidence::Step(8)),
        Action::Dispute(1, 1, 0, Evidence::Step(9)),
        Action::Wait(Until::Due(1)),
        Action::Replay(1, 0, 5, Given::Right),
        Action::Replay(1, 1, 2, Given::TooFew),
        Action::Replay(1, 1, 4, Given::Right),
        Action::Replay(1, 2, 4, Given::Right),
        Action::Settle(1, 0, 0, 1, Which::Due),
        Action::Settle(1, 1, 0, 1, Which::Due),
        Action::Settle(1, 1, 0, 0, Which::Due),
        Action::Next(1),
        Action::Next(1),
        Action::Next(1),
    ] {
        lockstep.perform(&action);
    }
    let tally = lockstep.tally();
    assert_eq!((tally["propose a lie"], tally["dispute"]), ((2, 0), (2, 4)));
    assert_eq!((tally["replay"], tally["settle"]), ((2, 1), (2, 1)));
    assert_eq!(
        (tally["replay to the end"], tally["finalize"]),
        ((1, 0), (1, 0))
    );
}

#[test]
fn epoch_that_one_call_finalizes_and_settles_agrees_with_the_model() {
    let mut lockstep = Lockstep::begin(crowded(), true);
    for action in [
        Action::Next(1),
        Action::Finish(1, 0, Which::Due),
        Action::Propose(1, 1, Claim::Honest),
        Action::Finish(1, 0, Which::Due),
        Action::Wait(Until::Due(1)),
        Action::Finish(1, 0, Which::Other),
        Action::Finish(1, 2, Which::Due),
        Action::Finish(1, 2, Which::Due),
        Action::Settle(1, 1, 0, 0, Which::Due),
        Action::Settle(1, 1, 0, 1, Which::Due),
        Action::Next(1),
    ] {
        lockstep.perform(&action);
    }
    let tally = lockstep.tally();
    assert_eq!(
        (tally["finalize and settle"], tally["settle"]),
        ((1, 4), (1, 1))
    );
}

/// Returns a watched pair of network and model after `actions`.
fn after(actions: &[Action]) -> Lockstep {
    let mut lockstep = Lockstep::begin(small(), true);
    for action in actions {
        lockstep.perform(action);
    }
    lockstep
}

#[test]
fn watched_lie_is_overturned_before_the_next_block() {
    let collateral = Network::deploy().rules().collateral;
    let mut lockstep = after(&[
        Action::Next(0),
        Action::Propose(0, 1, Claim::Lie(Lie::Results(0))),
        Action::Wait(Until::Blocks(1)),
    ]);
    assert_eq!(lockstep.tally()["dispute"], (1, 0));
    assert_eq!(
        lockstep.protocol.account(WATCHER).balance,
        Rao(collateral.0 / 2)
    );
}

#[test]
#[should_panic(expected = "Asserted")]
fn wrong_deadline_is_detected() {
    let mut lockstep = after(&[Action::Next(0)]);
    lockstep.protocol.rules.challenge_period += 1;
    lockstep.perform(&Action::Next(0));
}

#[test]
#[should_panic(expected = "Ok(())")]
fn wrong_dispute_is_detected() {
    let lie = Claim::Lie(Lie::Step(2));
    let mut lockstep = after(&[Action::Next(0), Action::Propose(0, 1, lie)]);
    // In the model the challenge period is over.
    lockstep.protocol.block += 100;
    lockstep.perform(&Action::Dispute(0, 2, 0, Evidence::Refutation));
}

#[test]
#[should_panic(expected = "Collateral")]
fn wrong_collateral_is_detected() {
    let mut lockstep = after(&[]);
    lockstep.protocol.account(worker(0)).collateral.free.0 += 1;
    lockstep.perform(&Action::Wait(Until::Blocks(1)));
}
