//! No sequence of messages inside one block improves a weight, a permit, pay or votes of those who
//! send it, compared with the same accounts having done nothing.
//!
//! Three colluding accounts send 2 to 12 messages in one block, at a random point of an epoch, on
//! up to four subnets. At the end of the block they take back what they added and put back what
//! they took, since stake that stays earns rightly. The same epochs then close on a copy of the
//! chain on which a stranger alone sent the public messages of the block. What the colluders are
//! worth in the next two epochs of each subnet, and at the ends of the next two root epochs, is
//! compared.
//!
//! By default the sequences are the same in each run. `PROPTEST_CASES` sets another number of
//! sequences, new in each run or those of `PROPTEST_RNG_SEED`.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape, Template};
use inktensor_primitives::{
    registry::Hyperparameter,
    staking::{Child, Proxy, MAX_TAKE, ROOT_EPOCH},
    AccountId, Bps, NetUid, Rao, Uid,
};
use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestCaseError, TestRunner},
};
use std::{collections::BTreeMap, time::Instant};

/// The number of colluding accounts, each with a coldkey and a hotkey.
const COLLUDERS: u32 = 3;
/// The number of subnets. The first colluder owns the last.
const SUBNETS: usize = 4;
/// The number of sequences by default.
const SEQUENCES: u32 = 24;
/// The default seed.
const SEED: u64 = 3;
/// TAO in the hands of each colluder: a hundred times its stake.
const LIQUID: Rao = Rao::from_tao(2_000);
/// Blocks over which the weight of a subnet in issuance is measured.
const SPAN: u32 = 7;
/// Positions of a coldkey that one message returns.
const PAGE: u32 = 64;
/// The place that stands for root.
const ROOT_PLACE: usize = SUBNETS;

/// One message of a colluder.
#[derive(Clone, Debug)]
enum Act {
    /// A coldkey (the last) adds stake on a hotkey.
    Add(usize, u32, u32, u64),
    /// That coldkey removes stake.
    Remove(usize, u32, u32, u64),
    /// That coldkey removes all stake.
    RemoveAll(usize, u32, u32),
    /// A coldkey moves stake from place and hotkey to place and hotkey.
    Move(usize, u32, usize, u32, u32, Option<u64>),
    /// A coldkey transfers stake on a hotkey to another coldkey.
    Transfer(usize, u32, u32, u32, Option<u64>),
    /// A coldkey removes all its stake.
    UnstakeAll(u32),
    /// A coldkey claims the dividends of its root stake.
    ClaimRoot(u32, u32),
    /// A coldkey sets its hotkey's take.
    Take(u32, u16),
    /// A coldkey sets its hotkey's take as a child.
    ChildTake(usize, u32, u16),
    /// A coldkey makes another's hotkey a child of its own, or ends that.
    Children(usize, u32, Option<u32>),
    /// A coldkey allows a parent.
    Parent(usize, u32, u32, bool),
    /// The owner of the last subnet sets a hyperparameter.
    Set(Hyperparameter),
    /// A coldkey registers one more hotkey.
    Register(usize, u32),
    /// A coldkey names a proxy for its votes: a coldkey, itself to set them aside, or none.
    Proxy(u32, Option<u32>),
    /// A subnet's epoch is closed. Anyone can do this, so it happens on the copy too.
    Close(usize),
    /// Pay of all neurons of a subnet is collected, by anyone.
    Collect(usize),
    /// Pay of the parents of a hotkey is handed on, by anyone.
    HandOn(usize, u32, u32),
}

/// A sequence and the point at which it happens.
#[derive(Clone, Debug)]
struct Sequence {
    /// Blocks after the preparation.
    wait: u32,
    /// Waits for the block at which these many subnets can close.
    closable: usize,
    acts: Vec<Act>,
}

fn place() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0..SUBNETS, 1 => Just(ROOT_PLACE)]
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![
        1 => 0..10_000_000u64,
        2 => 1_000_000_000..100_000_000_000u64,
        3 => 500_000_000_000..=LIQUID.0,
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let who = || 0..COLLUDERS;
    let some = || prop::option::of(amount());
    prop_oneof![
        8 => (place(), who(), who(), amount()).prop_map(|(at, on, by, x)| Act::Add(at, on, by, x)),
        3 => (place(), who(), who(), amount())
            .prop_map(|(at, on, by, x)| Act::Remove(at, on, by, x)),
        3 => (place(), who(), who()).prop_map(|(at, on, by)| Act::RemoveAll(at, on, by)),
        6 => (place(), who(), place(), who(), who(), some())
            .prop_map(|(at, on, to, other, by, x)| Act::Move(at, on, to, other, by, x)),
        3 => (place(), who(), who(), who(), some())
            .prop_map(|(at, on, by, to, x)| Act::Transfer(at, on, by, to, x)),
        1 => who().prop_map(Act::UnstakeAll),
        1 => (who(), who()).prop_map(|(on, by)| Act::ClaimRoot(on, by)),
        1 => (who(), 0..=MAX_TAKE.0).prop_map(|(by, take)| Act::Take(by, take)),
        1 => (0..SUBNETS, who(), 0..=MAX_TAKE.0).prop_map(|(at, by, x)| Act::ChildTake(at, by, x)),
        2 => (0..SUBNETS, who(), prop::option::of(who()))
            .prop_map(|(at, by, child)| Act::Children(at, by, child)),
        1 => (0..SUBNETS, who(), who(), any::<bool>())
            .prop_map(|(at, by, parent, yes)| Act::Parent(at, by, parent, yes)),
        2 => setting().prop_map(Act::Set),
        1 => (0..SUBNETS, who()).prop_map(|(at, by)| Act::Register(at, by)),
        2 => (who(), prop::option::of(who())).prop_map(|(by, to)| Act::Proxy(by, to)),
        8 => (0..SUBNETS).prop_map(Act::Close),
        2 => (0..SUBNETS).prop_map(Act::Collect),
        1 => (0..SUBNETS, who(), who()).prop_map(|(at, on, to)| Act::HandOn(at, on, to)),
    ]
}

/// Returns parameters that an owner would set to its own advantage.
fn setting() -> impl Strategy<Value = Hyperparameter> {
    prop_oneof![
        (1..400u32).prop_map(Hyperparameter::Tempo),
        (0..400u32).prop_map(Hyperparameter::ImmunityPeriod),
        any::<u16>().prop_map(Hyperparameter::Kappa),
        (0..8u16).prop_map(Hyperparameter::MaxValidators),
        amount().prop_map(|x| Hyperparameter::MinStake(Rao(x))),
        any::<bool>().prop_map(Hyperparameter::Yuma3),
        any::<u16>().prop_map(Hyperparameter::BondsPenalty),
    ]
}

fn sequence() -> impl Strategy<Value = Sequence> {
    let acts = prop::collection::vec(act(), 2..=12);
    (0..40u32, 0..=SUBNETS, acts).prop_map(|(wait, closable, acts)| Sequence {
        wait,
        closable,
        acts,
    })
}

fn coldkey(i: u32) -> AccountId {
    nth("colluder", i)
}

fn hotkey(i: u32) -> AccountId {
    nth("colluder-hotkey", i)
}

fn netuids(net: &Network) -> Vec<NetUid> {
    net.live_subnets()
}

/// Returns the subnet of an index, or root.
fn netuid(net: &Network, place: usize) -> NetUid {
    netuids(net).get(place).copied().unwrap_or(NetUid::ROOT)
}

/// Builds four subnets with the same honest validators and miners. The colluders' hotkeys validate
/// on each, with a twentieth of the stake, and one of them owns the last subnet.
fn populate(net: &mut Network) {
    let addresses = net.addresses();
    for i in 0..COLLUDERS {
        net.fund(coldkey(i), Rao::from_tao(3_000));
        for spender in [addresses.registry, addresses.staking, addresses.epoch] {
            net.as_(coldkey(i))
                .approve(spender, u128::MAX)
                .expect("allowed");
        }
    }
    let tempos = [20, 27, 34, 41];
    for (index, tempo) in tempos.into_iter().enumerate() {
        let mut shape = Shape {
            tempo,
            seats: 16,
            permits: 4,
            ..Shape::default()
        };
        if index + 1 == SUBNETS {
            shape.owner = coldkey(0);
            shape.owner_hotkey = hotkey(0);
        }
        let netuid = net.create(shape);
        net.with_validators(netuid, 3).with_miners(netuid, 3);
        for i in 0..COLLUDERS {
            if net.seat(netuid, hotkey(i)).is_none() {
                net.enrol(netuid, coldkey(i), hotkey(i));
            }
            net.stake(netuid, coldkey(i), hotkey(i), Rao::from_tao(5));
        }
        net.stake(
            NetUid::ROOT,
            nth("validator-owner", 0),
            nth("validator", 0),
            Rao::from_tao(50),
        );
        net.stake(NetUid::ROOT, coldkey(1), hotkey(1), Rao::from_tao(2));
    }
    for netuid in netuids(net) {
        net.run_epoch(netuid);
        net.run_epoch(netuid);
        net.honest_weights(netuid);
    }
    for i in 0..COLLUDERS {
        let has = net.balance(coldkey(i));
        let keep = LIQUID.to_u128();
        let rest = u64::try_from(has.saturating_sub(keep)).expect("TAO");
        net.as_(coldkey(i)).transfer(BANK, Rao(rest)).expect("sent");
    }
}

fn prepared() -> Network {
    static PREPARED: Prepared<()> = Prepared::new(populate);
    PREPARED.network().0
}

/// Waits for the point of the sequence.
fn wait_for(net: &mut Network, sequence: &Sequence) {
    net.advance(sequence.wait);
    let mut due: Vec<u32> = netuids(net)
        .into_iter()
        .filter_map(|netuid| net.status(netuid))
        .map(|status| status.closes_at)
        .collect();
    due.sort_unstable();
    if let Some(block) = sequence.closable.checked_sub(1).and_then(|i| due.get(i)) {
        net.advance_to(*block);
    }
}

/// Sends a message. A refusal is as good as no message.
fn perform(net: &mut Network, act: &Act) {
    let on = |net: &Network, place: usize| netuid(net, place);
    match act.clone() {
        Act::Add(at, hot, by, x) => {
            let at = on(net, at);
            let _ = net.as_(coldkey(by)).add_stake(at, hotkey(hot), Rao(x));
        }
        Act::Remove(at, hot, by, x) => {
            let at = on(net, at);
            let _ = net.as_(coldkey(by)).remove_stake(at, hotkey(hot), Rao(x));
        }
        Act::RemoveAll(at, hot, by) => {
            let at = on(net, at);
            let _ = net.as_(coldkey(by)).remove_all_stake(at, hotkey(hot));
        }
        Act::Move(at, hot, to, other, by, x) => {
            let (at, to) = (on(net, at), on(net, to));
            let moved = net.as_(coldkey(by));
            let _ = moved.move_stake(at, hotkey(hot), to, hotkey(other), x.map(Rao));
        }
        Act::Transfer(at, hot, by, to, x) => {
            let at = on(net, at);
            let sent = net.as_(coldkey(by));
            let _ = sent.transfer_stake(at, hotkey(hot), coldkey(to), x.map(Rao));
        }
        Act::UnstakeAll(by) => {
            let _ = net.as_(coldkey(by)).unstake_all(8);
        }
        Act::ClaimRoot(hot, by) => {
            let _ = net.as_(coldkey(by)).claim_root(hotkey(hot));
        }
        Act::Take(by, take) => {
            let _ = net.as_(coldkey(by)).set_take(hotkey(by), Bps(take));
        }
        Act::ChildTake(at, by, take) => {
            let at = on(net, at);
            let _ = net
                .as_(coldkey(by))
                .set_child_take(at, hotkey(by), Bps(take));
        }
        Act::Children(at, by, child) => {
            let at = on(net, at);
            let children = child.map(|child| Child {
                hotkey: hotkey(child),
                proportion: u64::MAX,
            });
            let children = children.into_iter().collect();
            let _ = net.as_(coldkey(by)).set_children(at, hotkey(by), children);
        }
        Act::Parent(at, by, parent, yes) => {
            let at = on(net, at);
            let allowed = net.as_(coldkey(by));
            let _ = allowed.allow_parent(at, hotkey(by), hotkey(parent), yes);
        }
        Act::Set(value) => {
            let at = on(net, SUBNETS - 1);
            let _ = net.as_(coldkey(0)).set_hyperparameter(at, value);
        }
        Act::Register(at, by) => {
            let at = on(net, at);
            let price = net.price(at);
            let _ = net.as_(coldkey(by)).register(at, nth("more", by), price);
        }
        Act::Proxy(by, to) => {
            let proxy = match to {
                Some(to) if to == by => Proxy::Aside,
                Some(to) => Proxy::Account(coldkey(to)),
                None => Proxy::None,
            };
            let _ = net.as_(coldkey(by)).set_proxy(proxy);
        }
        Act::Close(at) => {
            let at = on(net, at);
            let _ = net.as_(STRANGER).close(at);
        }
        Act::Collect(at) => {
            let at = on(net, at);
            let neurons = net.metagraph(at, 0).into_iter();
            let owed = neurons.filter(|neuron| neuron.owed > Rao::ZERO);
            let uids: Vec<Uid> = owed.map(|neuron| neuron.uid).collect();
            let _ = net.as_(STRANGER).collect(at, uids);
            let _ = net.as_(STRANGER).collect_cut(at);
        }
        Act::HandOn(at, hot, to) => {
            let at = on(net, at);
            let parents = vec![hotkey(to)];
            let _ = net.as_(STRANGER).hand_on(at, hotkey(hot), parents);
        }
    }
}

/// Returns true for what anyone can do to the same effect.
const fn is_public(act: &Act) -> bool {
    matches!(act, Act::Close(_) | Act::Collect(_) | Act::HandOn(..))
}

/// Stake of each colluder on each colluder's hotkey, where there is some.
type Places = BTreeMap<(NetUid, AccountId, AccountId), Rao>;

fn places(net: &Network) -> Places {
    let mut found = Places::new();
    for cold in (0..COLLUDERS).map(coldkey) {
        for page in 0..net.position_count(cold).div_ceil(PAGE) {
            for position in net.positions(cold, page) {
                if (0..COLLUDERS).map(hotkey).any(|hot| hot == position.hotkey) {
                    let place = (position.netuid, position.hotkey, cold);
                    found.insert(place, position.stake);
                }
            }
        }
    }
    found
}

/// Counts the votes of pay so far, as anyone can do.
fn count_votes(net: &mut Network, places: &Places) {
    for (netuid, hot, cold) in places.keys() {
        let counted = net.as_(STRANGER).count_vote(*netuid, *hot, *cold);
        counted.expect("counted");
    }
}

/// Takes back what was added, then puts back what was taken, all in the same block.
fn restore(net: &mut Network, before: &Places) {
    for (place, is) in places(net) {
        let (netuid, hot, cold) = place;
        let was = before.get(&place).copied().unwrap_or_default();
        if is > was {
            // A rest too small to stay goes as well.
            let kept = net.as_(cold).remove_stake(netuid, hot, Rao(is.0 - was.0));
            if kept.is_err() {
                let _ = net.as_(cold).remove_all_stake(netuid, hot);
            }
        }
    }
    let left = places(net);
    for (place, was) in before {
        let (netuid, hot, cold) = *place;
        let is = left.get(place).copied().unwrap_or_default();
        if is < *was {
            let _ = net.as_(cold).add_stake(netuid, hot, Rao(was.0 - is.0));
        }
    }
}

/// The worth of a subnet for the colluders in one epoch.
#[derive(Clone, Debug, Default)]
struct Worth {
    /// Weight of each hotkey, in rao.
    weights: BTreeMap<AccountId, u64>,
    /// Permits of the epoch after.
    permits: usize,
    /// Pay of all their neurons, as parts of a billion of the epoch's pay.
    pay: u64,
}

fn is_ours(net: &Network, hotkey_of: &AccountId) -> bool {
    let owner = net.owner_of(*hotkey_of);
    owner.is_some_and(|owner| (0..COLLUDERS).map(coldkey).any(|ours| ours == owner))
}

/// Computes, finalizes and settles the closed epoch.
fn worth(net: &mut Network, netuid: NetUid) -> Worth {
    let inputs = net.inputs(netuid);
    let stakes: Vec<u64> = inputs
        .chunks
        .iter()
        .flat_map(|chunk| chunk.neurons.iter().map(|neuron| neuron.stake))
        .collect();
    let run = net.finish_epoch(netuid);
    let mut worth = Worth::default();
    let (mut all, mut ours) = (0u128, 0u128);
    for (uid, result) in (0..).zip(run.trace.neurons()) {
        let neuron = run.neuron(uid).hotkey;
        let pay = u128::from(result.miner.0) + u128::from(result.validator.0);
        all += pay;
        if !is_ours(net, &neuron) {
            continue;
        }
        ours += pay;
        worth.weights.insert(neuron, stakes[usize::from(uid)]);
        worth.permits += usize::from(run.trace.roster.iter().any(|of| of.0 == uid));
    }
    let part = (ours * 1_000_000_000).checked_div(all).unwrap_or_default();
    worth.pay = u64::try_from(part).expect("a part");
    worth
}

/// Returns the product of each subnet's issuance over some blocks and all weight: its weight in
/// issuance, up to a factor that all have in common.
fn shares(net: &mut Network) -> BTreeMap<NetUid, u128> {
    let netuids = netuids(net);
    let before: Vec<Rao> = netuids.iter().map(|netuid| net.pending(*netuid)).collect();
    net.advance(SPAN);
    let total = net.issuance().total_weight.to_u128();
    let after = netuids.iter().map(|netuid| net.pending(*netuid));
    let grown = before.iter().zip(after);
    let shares = grown.map(|(before, after)| u128::from(after.0 - before.0) * total);
    netuids.iter().copied().zip(shares).collect()
}

/// Votes of all colluders at the end of a root epoch, in rao.
#[derive(Clone, Copy, Debug)]
struct Votes {
    own: u64,
    /// Of their own and of others, by proxy.
    by_proxy: u64,
}

/// Waits for the end of the root epoch. Returns the votes at that point.
fn votes(net: &mut Network) -> Votes {
    let epoch = net.block() / ROOT_EPOCH;
    net.advance_to((epoch + 1) * ROOT_EPOCH);
    let accounts = (0..COLLUDERS).map(coldkey).collect();
    let (standings, _) = net.standings(accounts, epoch).expect("kept");
    Votes {
        own: standings.iter().map(|it| it.own.0).sum(),
        by_proxy: standings.iter().map(|it| it.others.0).sum(),
    }
}

/// All that is compared.
struct Outcome {
    shares: Vec<BTreeMap<NetUid, u128>>,
    votes: Vec<Votes>,
    epochs: BTreeMap<(NetUid, u32), Worth>,
}

/// Lets each subnet finish the epochs of the block and one more.
fn outcome(mut net: Network) -> Outcome {
    let mut outcome = Outcome {
        shares: vec![shares(&mut net)],
        votes: Vec::new(),
        epochs: BTreeMap::new(),
    };
    for round in 0..2 {
        for netuid in netuids(&net) {
            if !matches!(
                net.status(netuid).expect("a status").stage,
                inktensor_primitives::epoch::Stage::Closed
            ) {
                net.close(netuid);
            }
            let found = worth(&mut net, netuid);
            outcome.epochs.insert((netuid, round), found);
        }
        outcome.shares.push(shares(&mut net));
    }
    for _ in 0..2 {
        outcome.votes.push(votes(&mut net));
    }
    outcome
}

/// Returns true if `more` exceeds `less` by more than roundings do.
fn exceeds(more: u128, less: u128) -> bool {
    more > less + less / 1_000 + 1_000
}

/// Compares. What an owner sets counts from the next epoch on, for all to see before: that epoch of
/// the subnet `chosen`, whose owner has set something, is another one.
fn compare(
    nothing: &Outcome,
    acted: &Outcome,
    chosen: Option<NetUid>,
) -> Result<(), TestCaseError> {
    let is_same = |netuid: NetUid, round: u32| Some(netuid) != chosen || round == 0;
    for (key, was) in &nothing.epochs {
        if !is_same(key.0, key.1) {
            continue;
        }
        let is = &acted.epochs[key];
        prop_assert!(
            !exceeds(is.pay.into(), was.pay.into()),
            "pay {key:?}: {} instead of {} billionths",
            is.pay,
            was.pay
        );
        prop_assert!(
            is.permits <= was.permits,
            "permits {key:?}: {} instead of {}",
            is.permits,
            was.permits
        );
        for (hot, weight) in &is.weights {
            let before = was.weights.get(hot).copied().unwrap_or_default();
            prop_assert!(
                !exceeds((*weight).into(), before.into()),
                "weight {key:?}: {weight} instead of {before} rao"
            );
        }
    }
    for (round, (was, is)) in (0..).zip(nothing.shares.iter().zip(&acted.shares)) {
        // Before the first epoch, after it, and after the second.
        let shares = was
            .iter()
            .filter(|(netuid, _)| is_same(**netuid, round / 2));
        for (netuid, share) in shares {
            prop_assert!(
                !exceeds(is[netuid], *share),
                "weight of {netuid:?} in issuance, {round}: {} instead of {share}",
                is[netuid]
            );
        }
    }
    for (was, is) in nothing.votes.iter().zip(&acted.votes) {
        // Each coldkey's stake counts for one proxy, whichever that is.
        let most = was.own.max(was.by_proxy).into();
        let (own, by_proxy) = (is.own.into(), is.by_proxy.into());
        prop_assert!(
            !exceeds(own, most) && !exceeds(by_proxy, most),
            "votes: {is:?} instead of {was:?}"
        );
    }
    Ok(())
}

fn check(sequence: &Sequence) -> Result<(), TestCaseError> {
    let mut net = prepared();
    wait_for(&mut net, sequence);
    let before = places(&net);
    count_votes(&mut net, &before);
    let point: Template = net.template();
    drop(net);

    let mut nothing = Network::begin_from(&point);
    for act in sequence.acts.iter().filter(|act| is_public(act)) {
        perform(&mut nothing, act);
    }
    let mut acted = Network::begin_from(&point);
    let block = acted.block();
    for act in &sequence.acts {
        perform(&mut acted, act);
    }
    restore(&mut acted, &before);
    assert_eq!(acted.block(), block, "all of it happens in one block");
    let sets = sequence.acts.iter().any(|act| matches!(act, Act::Set(_)));
    let chosen = sets.then(|| netuid(&acted, SUBNETS - 1));
    compare(&outcome(nothing), &outcome(acted), chosen)
}

#[test]
fn sequence_inside_one_block_improves_nothing() {
    let mut config = ProptestConfig {
        failure_persistence: None,
        max_shrink_time: 120_000,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = SEQUENCES;
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    let cases = config.cases;
    let start = Instant::now();
    let mut runner = TestRunner::new(config);
    let found = runner.run(&sequence(), |sequence| check(&sequence));
    println!("{cases} sequences in {:?}", start.elapsed());
    if let Err(failure) = found {
        panic!("{failure}");
    }
}
