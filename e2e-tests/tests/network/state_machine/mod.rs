//! Anything anybody might do, in any order: each call answers as the game says, the invariants
//! hold, and no contract ever traps.
//!
//! A normal run tells the same few stories each time, so that it passes or fails by what changed,
//! and within a known time. `PROPTEST_CASES` asks for that many others, new ones at each run, or
//! those of `PROPTEST_RNG_SEED`. A failure is told as the shortest story found that fails.

mod stories;

use inktensor_e2e_tests::{
    accounts::named,
    model::{
        hotkey, person, worker, Action, Claim, Evidence, Given, Lie, Line, Tally, Until, Which,
        World, WATCHER, WORKERS,
    },
    Network, Shape, Template,
};
use inktensor_primitives::{registry::Hyperparameter, AccountId, Rao};
use proptest::{
    prelude::ProptestConfig,
    test_runner::{RngSeed, TestCaseError, TestRunner},
};
use std::{cell::RefCell, sync::OnceLock, time::Instant};
use stories::{story, Story};

const PEOPLE: u32 = 6;
/// Subnets: two with people, and one that nobody has joined yet.
const SUBNETS: usize = 3;
/// Owns the neurons that make an epoch large.
const CROWD: AccountId = named("crowd-owner");
/// Stories of a normal run.
const STORIES: u32 = 10;
/// Which ones: stories in which each kind of action is done, and refused.
const SEED: u64 = 1;
/// For how long a shorter story is looked for, in milliseconds.
const SHRINKING: u32 = 180_000;

/// Lets every contract that takes payments take what it wants from `who`.
fn allow_all(net: &mut Network, who: AccountId) {
    let addresses = net.addresses();
    for spender in [addresses.registry, addresses.staking, addresses.epoch] {
        net.as_(who).approve(spender, u128::MAX).expect("allowed");
    }
}

/// Two small subnets full of people with stake and permits, in the middle of their second epochs,
/// an empty one, and workers with collateral for some lies.
fn inhabited() -> Network {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    Network::begin_from(TEMPLATE.get_or_init(|| settled(0).template()))
}

/// The same with so many more neurons on the second subnet that its epochs have two chunks.
fn crowded() -> Network {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    Network::begin_from(TEMPLATE.get_or_init(|| settled(61).template()))
}

fn settled(crowd: u16) -> Network {
    let mut net = Network::deploy();
    for i in 0..PEOPLE {
        net.fund(person(i), Rao::from_tao(500));
        allow_all(&mut net, person(i));
        // Hotkeys pay deposits.
        net.fund(hotkey(i), Rao::from_tao(1));
        allow_all(&mut net, hotkey(i));
    }
    for i in 0..WORKERS {
        net.fund(worker(i), Rao::from_tao(200));
        allow_all(&mut net, worker(i));
        let collateral = Rao::from_tao(20 + 40 * u64::from(i));
        net.as_(worker(i))
            .deposit_collateral(collateral)
            .expect("deposited");
    }
    for (people, permits, crowd) in [(4, 2, 0), (5, 3, crowd)] {
        let settings = vec![Hyperparameter::ImmunityPeriod(10)];
        let netuid = net.create(Shape {
            seats: people + crowd,
            permits,
            settings,
            ..Shape::default()
        });
        for i in 0..u32::from(people) {
            let who = person(i);
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
    net
}

/// Tells a story to its end.
fn tell(story: &Story) -> Tally {
    let net = if story.crowded {
        crowded()
    } else {
        inhabited()
    };
    assert_eq!(usize::from(net.subnets()), SUBNETS);
    let mut world = World::begin(net, story.watched);
    for Line(action) in &story.actions {
        world.perform(action);
    }
    world.tally().clone()
}

#[test]
fn every_story_goes_by_the_book() {
    let mut config = ProptestConfig {
        failure_persistence: None,
        max_shrink_time: SHRINKING,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = STORIES;
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    let cases = config.cases;
    let start = Instant::now();
    let total = RefCell::new(Tally::new());
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&story(), |story| {
        let mut total = total.borrow_mut();
        for (kind, (done, refused)) in tell(&story) {
            let count = total.entry(kind).or_default();
            count.0 += done;
            count.1 += refused;
        }
        Ok::<_, TestCaseError>(())
    });
    let total = total.into_inner();
    let actions: u64 = total.values().map(|(done, refused)| done + refused).sum();
    println!(
        "{cases} stories, {actions} actions in {:?}",
        start.elapsed()
    );
    for (kind, (done, refused)) in &total {
        println!("{kind:16} {done:8} done {refused:8} refused");
    }
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    if cases >= STORIES {
        for kind in [
            "close",
            "propose",
            "propose a lie",
            "dispute",
            "finalize",
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
fn an_epoch_of_two_chunks_goes_by_the_book() {
    let mut world = World::begin(crowded(), true);
    for action in [
        Action::Live(1),
        Action::Propose(1, 1, Claim::Lie(Lie::Step(3))),
        Action::Dispute(1, 0, Evidence::Step(2)),
        Action::Dispute(1, 0, Evidence::Step(4)),
        Action::Dispute(1, 0, Evidence::Step(5)),
        Action::Dispute(1, 0, Evidence::Step(3)),
        Action::Propose(1, 2, Claim::Lie(Lie::Results(1))),
        Action::Dispute(1, 1, Evidence::Step(8)),
        Action::Dispute(1, 1, Evidence::Step(9)),
        Action::Wait(Until::Due(1)),
        Action::Replay(1, 0, 5, Given::Right),
        Action::Replay(1, 1, 2, Given::TooFew),
        Action::Replay(1, 1, 4, Given::Right),
        Action::Replay(1, 2, 4, Given::Right),
        Action::Settle(1, 0, 0, 1, Which::Due),
        Action::Settle(1, 1, 0, 1, Which::Due),
        Action::Settle(1, 1, 0, 0, Which::Due),
        Action::Live(1),
        Action::Live(1),
        Action::Live(1),
    ] {
        world.perform(&action);
    }
    let tally = world.tally();
    assert_eq!((tally["propose a lie"], tally["dispute"]), ((2, 0), (2, 4)));
    assert_eq!((tally["replay"], tally["settle"]), ((2, 1), (2, 1)));
    assert_eq!(
        (tally["replay to the end"], tally["finalize"]),
        ((1, 0), (1, 0))
    );
}

/// A watched world that has gone through `actions`.
fn after(actions: &[Action]) -> World {
    let mut world = World::begin(inhabited(), true);
    for action in actions {
        world.perform(action);
    }
    world
}

#[test]
fn a_watched_lie_is_gone_before_the_next_block() {
    let collateral = Network::deploy().rules().collateral;
    let mut world = after(&[
        Action::Live(0),
        Action::Propose(0, 1, Claim::Lie(Lie::Results(0))),
        Action::Wait(Until::Blocks(1)),
    ]);
    assert_eq!(world.tally()["dispute"], (1, 0));
    assert_eq!(world.game.account(WATCHER).purse, Rao(collateral.0 / 2));
}

#[test]
#[should_panic(expected = "Asserted")]
fn a_deadline_that_is_not_the_games_is_noticed() {
    let mut world = after(&[Action::Live(0)]);
    world.game.rules.challenge_period += 1;
    world.perform(&Action::Live(0));
}

#[test]
#[should_panic(expected = "Ok(())")]
fn a_dispute_that_the_game_refuses_is_noticed() {
    let lie = Claim::Lie(Lie::Step(2));
    let mut world = after(&[Action::Live(0), Action::Propose(0, 1, lie)]);
    // In this game nobody may dispute any more.
    world.game.block += 100;
    world.perform(&Action::Dispute(0, 2, Evidence::Refutation));
}

#[test]
#[should_panic(expected = "Collateral")]
fn collateral_that_is_not_the_games_is_noticed() {
    let mut world = after(&[]);
    world.game.account(worker(0)).collateral.free.0 += 1;
    world.perform(&Action::Wait(Until::Blocks(1)));
}
