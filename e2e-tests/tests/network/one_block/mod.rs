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
//! A block has [`TOGETHER`] sequences, each on a copy of its own, that are compared with the same
//! copy without them. By default the blocks are the same in each run. `PROPTEST_CASES` sets another
//! number of blocks, new in each run or those of `PROPTEST_RNG_SEED`.

mod acts;
mod outcome;

use acts::{act, perform, public, Act};
use outcome::{compare, outcome};

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape, Template};
use inktensor_primitives::{AccountId, NetUid, Rao};
use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestCaseError, TestRunner},
};
use std::{collections::BTreeMap, time::Instant};

/// The number of colluding accounts, each with a coldkey and a hotkey.
const COLLUDERS: u32 = 3;
/// The number of subnets. The first colluder owns the last.
const SUBNETS: usize = 4;
/// Sequences of one block, each on a copy of the chain.
const TOGETHER: usize = 8;
/// The number of blocks by default.
const BLOCKS: u32 = 5;
/// The default seed.
const SEED: u64 = 3;
/// TAO in the hands of each colluder: a hundred times its stake.
const LIQUID: Rao = Rao::from_tao(2_000);
/// Positions of a coldkey that one message returns.
const PAGE: u32 = 64;
/// The place that stands for root.
const ROOT_PLACE: usize = SUBNETS;

/// A place of a sequence: a message of a colluder, or the next public message of the block.
#[derive(Clone, Debug)]
enum Slot {
    Ours(Act),
    Public,
}

/// The point at which sequences happen, what anyone does in that block, and the sequences.
#[derive(Clone, Debug)]
struct Block {
    /// Blocks after the preparation.
    wait: u32,
    /// Waits for the block at which these many subnets can close.
    closable: usize,
    public: Vec<Act>,
    sequences: Vec<Vec<Slot>>,
}

fn slot() -> impl Strategy<Value = Slot> {
    prop_oneof![3 => act().prop_map(Slot::Ours), 1 => Just(Slot::Public)]
}

fn block() -> impl Strategy<Value = Block> {
    let public = prop::collection::vec(public(), 0..=4);
    let sequence = prop::collection::vec(slot(), 2..=12);
    let sequences = prop::collection::vec(sequence, TOGETHER);
    (0..40u32, 0..=SUBNETS, public, sequences).prop_map(|(wait, closable, public, sequences)| {
        Block {
            wait,
            closable,
            public,
            sequences,
        }
    })
}

/// Returns the messages of a sequence. Public messages without a place come last.
fn messages(block: &Block, sequence: &[Slot]) -> Vec<Act> {
    let mut public = block.public.iter().cloned();
    let mut all: Vec<Act> = Vec::new();
    for slot in sequence {
        match slot {
            Slot::Ours(act) => all.push(act.clone()),
            Slot::Public => all.extend(public.next()),
        }
    }
    all.extend(public);
    all
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

/// Waits for the point of a block.
fn wait_for(net: &mut Network, point: &Block) {
    net.advance(point.wait);
    let mut due: Vec<u32> = netuids(net)
        .into_iter()
        .filter_map(|netuid| net.status(netuid))
        .map(|status| status.closes_at)
        .collect();
    due.sort_unstable();
    if let Some(block) = point.closable.checked_sub(1).and_then(|i| due.get(i)) {
        net.advance_to(*block);
    }
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
fn check(block: &Block) -> Result<(), TestCaseError> {
    let mut net = prepared();
    wait_for(&mut net, block);
    let before = places(&net);
    count_votes(&mut net, &before);
    let point: Template = net.template();
    drop(net);

    let mut nothing = Network::begin_from(&point);
    for act in &block.public {
        perform(&mut nothing, act);
    }
    let nothing = outcome(nothing);
    for sequence in &block.sequences {
        let acts = messages(block, sequence);
        let mut acted = Network::begin_from(&point);
        let begun = acted.block();
        for act in &acts {
            perform(&mut acted, act);
        }
        restore(&mut acted, &before);
        assert_eq!(acted.block(), begun, "all of it happens in one block");
        let sets = acts.iter().any(|act| matches!(act, Act::Set(_)));
        let chosen = sets.then(|| netuid(&acted, SUBNETS - 1));
        compare(&nothing, &outcome(acted), chosen)
            .map_err(|gain| TestCaseError::fail(format!("{gain}, by {acts:?}")))?;
    }
    Ok(())
}

#[test]
fn sequence_inside_one_block_improves_nothing() {
    let mut config = ProptestConfig {
        failure_persistence: None,
        max_shrink_time: 120_000,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = BLOCKS;
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    let cases = config.cases;
    let start = Instant::now();
    let mut runner = TestRunner::new(config);
    let found = runner.run(&block(), |block| check(&block));
    let took = start.elapsed();
    println!("{cases} blocks of {TOGETHER} sequences in {took:?}");
    if let Err(failure) = found {
        panic!("{failure}");
    }
}
