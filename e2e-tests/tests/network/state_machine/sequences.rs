//! Random sequences of actions.

use super::PERSONS;
use inktensor_e2e_tests::model::{
    Action, Claim, Evidence, Given, Lie, Line, Until, Which, ROOT, WORKERS,
};
use inktensor_primitives::{
    dispute::Opening,
    registry::Hyperparameter,
    staking::{MAX_TAKE, ROOT_EPOCH},
    Rao,
};
use proptest::prelude::*;

/// A sequence of actions and the network to perform it on.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// True if the second subnet has so many neurons that its epochs have two chunks.
    pub crowded: bool,
    /// True if an honest watcher acts in each block.
    pub watched: bool,
    pub actions: Vec<Line<Action>>,
}

/// Returns random sequences.
pub fn sequence() -> impl Strategy<Value = Sequence> {
    let groups = prop::collection::vec(group(), 12..46);
    let flags = (prop::bool::weighted(0.2), prop::bool::weighted(0.6));
    (flags, groups).prop_map(|((crowded, watched), groups)| Sequence {
        crowded,
        watched,
        actions: groups.into_iter().flatten().map(Line).collect(),
    })
}

/// Returns groups of actions that belong together, mostly single ones.
fn group() -> impl Strategy<Value = Vec<Action>> {
    let one = prop_oneof![3 => progress(), 4 => worker_action(), 3 => user_action()];
    prop_oneof![
        10 => one.prop_map(|action| vec![action]),
        4 => contested_epoch(),
        2 => unproposed_epoch(),
        1 => stake_transfers(),
        1 => commit_and_reveal(),
        1 => root_dividends(),
        2 => two_steps(),
    ]
}

/// Finishes an epoch and closes the next one.
fn closing(net: usize, by: u32) -> [Action; 3] {
    let waited = Action::Wait(Until::Due(net));
    [Action::Next(net), waited, Action::Close(net, by)]
}

/// Posts some assertions beside each other and disputes them. Shrinks to fewer actions.
fn contested_epoch() -> impl Strategy<Value = Vec<Action>> {
    let by = || 0..WORKERS;
    let claims = prop::collection::vec((by(), claim()), 1..6);
    let contradicts = prop::collection::vec((by(), 0..4usize, evidence()), 0..5);
    let ends = prop_oneof![
        6 => Just(Vec::new()),
        2 => Just(vec![false]),
        2 => Just(vec![true]),
    ];
    let flags = (prop::bool::weighted(0.7), ends);
    (flags, 0..2usize, by(), claims, contradicts).prop_map(
        |((begins, ends), net, by, claims, contradictions)| {
            let begun = begins.then(|| closing(net, by));
            let posted = claims
                .into_iter()
                .map(|(by, claim)| Action::Propose(net, by, claim));
            let contradicted = contradictions
                .into_iter()
                .map(|(by, place, evidence)| Action::Dispute(net, by, place, evidence));
            let ripe = ends.into_iter().flat_map(move |together| {
                let ends = if together {
                    vec![Action::Finish(net, by, Which::Due)]
                } else {
                    vec![
                        Action::Finalize(net, by, Which::Due),
                        Action::Settle(net, by, 0, 0, Which::Due),
                    ]
                };
                [Action::Wait(Until::Due(net))].into_iter().chain(ends)
            });
            let actions = begun.into_iter().flatten().chain(posted);
            let actions = actions.chain(contradicted);
            actions.chain(ripe).collect()
        },
    )
}

/// Adds stake, moves a part to another hotkey and transfers a part. Shrinks to fewer actions.
fn stake_transfers() -> impl Strategy<Value = Vec<Action>> {
    let who = || 0..PERSONS;
    let amount = 3_000_000_000..9_000_000_000u64;
    (net(), net(), who(), who(), who(), amount).prop_map(|(net, to_net, by, to, friend, amount)| {
        vec![
            // Refused: source and destination are the same.
            Action::Move(net, by, net, by, by, 0),
            Action::Give(net, by, by, by, 0),
            Action::Stake(net, by, by, amount),
            Action::Move(net, by, to_net, to, by, amount / 3),
            Action::Give(net, by, by, friend, amount / 3),
        ]
    })
}

/// Switches commit-reveal on, commits weights, and reveals them in the next epoch or too early.
/// Shrinks to fewer actions.
fn commit_and_reveal() -> impl Strategy<Value = Vec<Action>> {
    let passes = prop::bool::weighted(0.7);
    (0..2usize, 0..3u32, 0..WORKERS, passes).prop_map(|(net, who, by, passes)| {
        let row = vec![(1, 5)];
        let asked = Action::Rule(net, Hyperparameter::CommitRevealWeights(true));
        // Refused: the epoch is not open.
        let refused = Action::Commit(net, who, row.clone(), Which::Other);
        let committed = Action::Commit(net, who, row.clone(), Which::Due);
        let passed = passes.then(|| closing(net, by));
        let revealed = Action::Reveal(net, who, row);
        // The rule counts from the next epoch on.
        let actions = [refused, asked].into_iter().chain(closing(net, by));
        let actions = actions.chain([committed]);
        let actions = actions.chain(passed.into_iter().flatten());
        actions.chain([revealed]).collect()
    })
}

/// Stakes on root, waits until the stake weighs, runs three epochs and claims the dividends.
/// Shrinks to fewer actions.
fn root_dividends() -> impl Strategy<Value = Vec<Action>> {
    // Each epoch is closed, proposed, finalized and settled.
    const THREE_EPOCHS: usize = 14;
    let amount = 3_000_000_000..9_000_000_000u64;
    (0..2usize, 0..3u32, amount).prop_map(|(net, who, amount)| {
        let mut actions = vec![
            // Refused: there is no root stake.
            Action::ClaimRoot(who, PERSONS - 1),
            Action::Register(net, who),
            Action::Stake(ROOT, who, who, amount),
            // Stake on root weighs once it was there for a whole root epoch.
            Action::Wait(Until::Blocks(2 * ROOT_EPOCH)),
        ];
        actions.extend(vec![Action::Next(net); THREE_EPOCHS]);
        actions.push(Action::Wait(Until::Blocks(20)));
        actions.push(Action::ClaimRoot(who, who));
        actions
    })
}

/// Performs two actions of which the second needs the first. Shrinks to fewer actions.
fn two_steps() -> impl Strategy<Value = Vec<Action>> {
    let who = || 0..PERSONS;
    prop_oneof![
        (net(), who())
            .prop_map(|(net, who)| vec![Action::Offer(net, who), Action::Accept(net, who)]),
        (net(), who())
            .prop_map(|(net, who)| vec![Action::Serve(net, who, 1), Action::StopServing(net, who)]),
        (net(), who()).prop_map(|(net, who)| {
            let room = Action::Rule(net, Hyperparameter::MaxUids(64));
            let mut actions = vec![room];
            actions.extend(closing(net, 0));
            actions.push(Action::Register(net, who));
            actions
        }),
    ]
}

/// Closes an epoch and replays it, partly or wholly, or rolls it over. Shrinks to fewer actions.
fn unproposed_epoch() -> impl Strategy<Value = Vec<Action>> {
    let by = || 0..WORKERS;
    let replays = prop::collection::vec((by(), 1..5u32, given()), 0..4);
    let rolls_over = prop::option::weighted(0.5, by());
    (
        prop::bool::weighted(0.8),
        0..2usize,
        by(),
        replays,
        rolls_over,
    )
        .prop_map(|(begins, net, by, replays, rolls_over)| {
            let begun = begins.then(|| closing(net, by));
            let ripe = [Action::Wait(Until::Due(net))];
            let replayed = replays
                .into_iter()
                .map(|(by, steps, given)| Action::Replay(net, by, steps, given));
            let waited = Action::Wait(Until::Blocks(30));
            let rolled_over = rolls_over.map(|by| [waited, Action::RollOver(net, by)]);
            let actions = begun.into_iter().flatten().chain(ripe).chain(replayed);
            actions.chain(rolled_over.into_iter().flatten()).collect()
        })
}

fn given() -> impl Strategy<Value = Given> {
    prop_oneof![
        7 => Just(Given::Right),
        1 => Just(Given::Altered),
        1 => Just(Given::TooFew),
        1 => Just(Given::TooMany),
    ]
}

/// Returns actions that advance epochs.
fn progress() -> impl Strategy<Value = Action> {
    prop_oneof![
        5 => net().prop_map(Action::Next),
        1 => (1..50u32).prop_map(|blocks| Action::Wait(Until::Blocks(blocks))),
        2 => net().prop_map(|net| Action::Wait(Until::Due(net))),
        1 => net().prop_map(|net| Action::Wait(Until::AlmostDue(net))),
    ]
}

/// Returns calls of workers, due or not.
fn worker_action() -> impl Strategy<Value = Action> {
    let by = || 0..WORKERS;
    prop_oneof![
        2 => (net(), by()).prop_map(|(net, by)| Action::Close(net, by)),
        5 => (net(), by(), claim()).prop_map(|(net, by, claim)| Action::Propose(net, by, claim)),
        5 => (net(), by(), 0..4usize, evidence())
            .prop_map(|(net, by, place, with)| Action::Dispute(net, by, place, with)),
        2 => (net(), by(), which()).prop_map(|(net, by, which)| Action::Finalize(net, by, which)),
        2 => (net(), by(), which()).prop_map(|(net, by, which)| Action::Finish(net, by, which)),
        3 => (net(), by(), -1..2i8, 0..2u16, which())
            .prop_map(|(net, by, later, chunk, which)| Action::Settle(net, by, later, chunk, which)),
        2 => (net(), by(), 0..7u32, given())
            .prop_map(|(net, by, steps, given)| Action::Replay(net, by, steps, given)),
        1 => (net(), by()).prop_map(|(net, by)| Action::RollOver(net, by)),
        3 => (by(), rao()).prop_map(|(by, amount)| Action::Deposit(by, amount)),
        1 => (by(), rao()).prop_map(|(by, amount)| Action::Withdraw(by, amount)),
        1 => (by(), rao()).prop_map(|(by, amount)| Action::Fund(by, amount)),
    ]
}

/// Returns calls of stakers, neurons and owners.
fn user_action() -> impl Strategy<Value = Action> {
    let who = || 0..PERSONS;
    let row = prop::collection::btree_map(0..5u16, any::<u16>(), 0..4);
    prop_oneof![
        3 => (net(), who()).prop_map(|(net, who)| Action::Register(net, who)),
        4 => (place(), pair(), rao())
            .prop_map(|(net, (on, by), amount)| Action::Stake(net, on, by, amount)),
        2 => (place(), pair(), rao())
            .prop_map(|(net, (on, by), amount)| Action::Unstake(net, on, by, amount)),
        1 => (place(), pair()).prop_map(|(net, (on, by))| Action::UnstakeAll(net, on, by)),
        1 => pair().prop_map(|(on, by)| Action::ClaimRoot(on, by)),
        1 => (who(), 0..=MAX_TAKE.0 + 1).prop_map(|(who, take)| Action::Take(who, take)),
        3 => (net(), who(), row)
            .prop_map(|(net, who, row)| Action::Weights(net, who, row.into_iter().collect())),
        1 => (net(), setting()).prop_map(|(net, value)| Action::Set(net, value)),
        1 => (who(), rao()).prop_map(|(who, amount)| Action::Burn(who, amount)),
        6 => rarer_action(),
        4 => weights_commit(),
    ]
}

/// Returns rarer calls: moved stake, children, subnet transfers, serving.
fn rarer_action() -> impl Strategy<Value = Action> {
    let who = || 0..PERSONS;
    prop_oneof![
        5 => (place(), pair(), place(), who(), rao()).prop_map(
            |(net, (on, by), to_net, to, amount)| Action::Move(net, on, to_net, to, by, amount)
        ),
        4 => (place(), pair(), who(), rao())
            .prop_map(|(net, (on, by), to, amount)| Action::Give(net, on, by, to, amount)),
        3 => (net(), who(), who(), prop::bool::weighted(0.8))
            .prop_map(|(net, who, parent, allowed)| Action::Parent(net, who, parent, allowed)),
        3 => (net(), who(), children())
            .prop_map(|(net, who, children)| Action::Children(net, who, children)),
        // Long enough for children to count.
        1 => Just(Action::Wait(Until::Blocks(7_201))),
        1 => (who(), 0..4u16).prop_map(|(by, limit)| Action::UnstakeEverywhere(by, limit)),
        3 => (net(), who(), 0..3u16).prop_map(|(net, who, port)| Action::Serve(net, who, port)),
        1 => (net(), who()).prop_map(|(net, who)| Action::StopServing(net, who)),
        1 => (net(), who()).prop_map(|(net, who)| Action::Offer(net, who)),
        1 => (net(), who()).prop_map(|(net, who)| Action::Accept(net, who)),
        1 => net().prop_map(Action::Release),
        1 => (net(), any::<bool>()).prop_map(
            |(net, on)| Action::Rule(net, Hyperparameter::RegistrationAllowed(on))
        ),
    ]
}

/// Returns up to two children.
fn children() -> impl Strategy<Value = Vec<(u32, u64)>> {
    let part = prop_oneof![
        Just(u64::MAX),
        Just(u64::MAX / 2),
        Just(u64::MAX / 3),
        Just(1)
    ];
    prop::collection::vec((0..PERSONS, part), 0..3)
}

/// Returns commits and reveals. There are few different rows, so that some reveals match.
fn weights_commit() -> impl Strategy<Value = Action> {
    let who = || 0..3u32;
    let row = || prop_oneof![Just(vec![(1, 5)]), Just(vec![(0, 3), (2, 4)])];
    prop_oneof![
        2 => (net(), any::<bool>())
            .prop_map(|(net, on)| Action::Rule(net, Hyperparameter::CommitRevealWeights(on))),
        4 => (net(), who(), row(), which())
            .prop_map(|(net, who, row, which)| Action::Commit(net, who, row, which)),
        4 => (net(), who(), row()).prop_map(|(net, who, row)| Action::Reveal(net, who, row)),
    ]
}

/// Returns the person of the hotkey and the staker, mostly the same.
fn pair() -> impl Strategy<Value = (u32, u32)> {
    let who = || 0..PERSONS;
    prop_oneof![2 => who().prop_map(|who| (who, who)), 1 => (who(), who())]
}

fn net() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0), 4 => Just(1), 1 => Just(2)]
}

/// Returns a subnet or root.
fn place() -> impl Strategy<Value = usize> {
    prop_oneof![5 => net(), 1 => Just(ROOT)]
}

fn rao() -> impl Strategy<Value = u64> {
    prop_oneof![0..10u64, 1_900_000..2_100_000u64, 0..50_000_000_000u64]
}

fn claim() -> impl Strategy<Value = Claim> {
    prop_oneof![
        3 => Just(Claim::Honest),
        7 => lie().prop_map(Claim::Lie),
        1 => Just(Claim::OtherHeader),
        1 => Just(Claim::Misshapen),
    ]
}

fn lie() -> impl Strategy<Value = Lie> {
    prop_oneof![
        any::<u8>().prop_map(Lie::Step),
        any::<u8>().prop_map(Lie::From),
        any::<u8>().prop_map(Lie::Memory),
        any::<u8>().prop_map(Lie::Results),
        any::<u8>().prop_map(Lie::Overpay),
        Just(Lie::Roster),
    ]
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let part = prop_oneof![
        Just(Opening::Carry),
        Just(Opening::Scratch),
        Just(Opening::Memory)
    ];
    prop_oneof![
        3 => Just(Evidence::Refutation),
        4 => any::<u8>().prop_map(Evidence::Step),
        1 => (any::<u8>(), part).prop_map(|(step, part)| Evidence::Altered(step, part)),
        1 => any::<u8>().prop_map(Evidence::OtherAssertion),
    ]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![5 => Just(Which::Due), 1 => Just(Which::Other)]
}

fn setting() -> impl Strategy<Value = Hyperparameter> {
    prop_oneof![
        (1..60u32).prop_map(Hyperparameter::Tempo),
        (0..7u16).prop_map(Hyperparameter::MaxUids),
        (0..4u16).prop_map(Hyperparameter::MaxValidators),
        (0..30u32).prop_map(Hyperparameter::ImmunityPeriod),
        any::<u16>().prop_map(Hyperparameter::Kappa),
        any::<u16>().prop_map(Hyperparameter::BondsPenalty),
        any::<bool>().prop_map(Hyperparameter::Yuma3),
        any::<bool>().prop_map(Hyperparameter::LiquidAlpha),
        rao().prop_map(|amount| Hyperparameter::MinStake(Rao(amount))),
    ]
}
