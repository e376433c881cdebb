//! A subnet at every documented limit at once: 4096 uids, 129 validators with full rows and full
//! memory, 64 of them in one chunk, each with 8 parents of 5 children, and root stake on all. Every
//! call of its epoch fits a block, with the weights of both versions of the pallet.

use crate::scenario::full_subnet;
use inktensor_client::chain::Cost;
use inktensor_compute::epoch::EpochInputs;
use inktensor_e2e_tests::{
    accounts::*,
    network::{Costs, BLOCK_PROOF},
    EpochRun, Network, Shape, Template,
};
use inktensor_primitives::{
    epoch::{EpochError, Stage},
    registry::Hyperparameter,
    staking::{Child, CHILD_COOLDOWN, MAX_CHILDREN, MAX_PARENTS},
    NetUid, Rao, Uid, MAX_UIDS, MAX_VALIDATORS, PAGE,
};
use std::sync::OnceLock;

/// The longest call, in picoseconds: half a second.
const TIME: u64 = 500_000_000_000;
/// Neurons whose stake one `gather` reads.
const GATHERED: u16 = 8;
/// Neurons whose pay one `collect` stakes.
const COLLECTED: u16 = 16;
/// The chunk with 64 validators that have parents. Miners begin at uid 128.
const HEAVY: u16 = 2;

/// Asserts that a block has room for each of the messages.
fn assert_bounded(what: &str, costs: &Costs) {
    for (version, bill) in [(31, &costs.v31), (38, &costs.v38)] {
        let Cost {
            ref_time,
            proof_size,
            ..
        } = bill.largest;
        let ms = ref_time / 1_000_000_000;
        assert!(
            ref_time <= TIME && proof_size <= BLOCK_PROOF,
            "{what} with the weights of {version}: {ms} ms, {} KiB",
            proof_size / 1024
        );
        eprintln!("{what} ({version}): {ms} ms, {} KiB", proof_size / 1024);
    }
}

/// Returns that subnet. Its closed epoch reads full rows, full memory and the stake of parents.
fn largest_closed_epoch() -> (Network, NetUid) {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    let netuid = NetUid(1);
    let template = TEMPLATE.get_or_init(|| {
        let (mut net, _) = full_subnet();
        net.set(netuid, Hyperparameter::MaxValidators(MAX_VALIDATORS));
        net.set(netuid, Hyperparameter::LiquidAlpha(true));
        net.enrol(netuid, OWNER, OWNER_HOTKEY);
        let farm = named("farm");
        let validators = u32::from(MAX_VALIDATORS);
        for i in 0..validators {
            net.stake(netuid, farm, nth("miner", i), Rao::from_tao(1_000));
            net.stake(NetUid::ROOT, farm, nth("miner", i), Rao::from_tao(10));
        }
        net.run_epoch(netuid);
        net.honest_weights(netuid);
        net.run_epoch(netuid);
        with_parents(&mut net, netuid);
        net.run_epoch(netuid);
        net.honest_weights(netuid);
        net.run_epoch(netuid);
        net.honest_weights(netuid);
        net.close(netuid);
        net.template()
    });
    let net = Network::begin_from(template);
    let header = net.header(netuid).expect("closed");
    assert_eq!(header.neurons, MAX_UIDS);
    assert_eq!(header.roster.len(), usize::from(MAX_VALIDATORS) + 1);
    (net, netuid)
}

/// Gives each validator as many parents as it may have, each with as many children as it may have,
/// and waits until they count.
fn with_parents(net: &mut Network, netuid: NetUid) {
    let farm = named("farm");
    let validators = u32::from(MAX_VALIDATORS);
    let each = u32::from(MAX_CHILDREN);
    let links = validators * u32::from(MAX_PARENTS);
    for parent in 0..links.div_ceil(each) {
        let hotkey = nth("miner", validators + parent);
        net.stake(netuid, farm, hotkey, Rao::from_tao(5));
        net.stake(NetUid::ROOT, farm, hotkey, Rao::from_tao(5));
        // The last parent may be left with fewer.
        let links = parent * each..((parent + 1) * each).min(links);
        let children = links.map(|link| Child {
            hotkey: nth("miner", link % validators),
            proportion: u64::MAX / 8,
        });
        let children = children.collect();
        net.as_(farm)
            .set_children(netuid, hotkey, children)
            .expect("set");
    }
    net.advance(CHILD_COOLDOWN + 1);
}

/// Stores the stakes of the chunks of which steps are tried, as a worker does where a step has no
/// room in a call.
fn gather_tried(net: &mut Network, netuid: NetUid, computed: &EpochRun) {
    let chunks = computed.trace.plan.chunks(computed.header.neurons);
    for chunk in [0, HEAVY, chunks - 1] {
        gather(net, netuid, chunk);
    }
}

/// Stores the stakes of a chunk, in parts.
fn gather(net: &mut Network, netuid: NetUid, chunk: u16) {
    let mut stored = 0;
    while stored < PAGE {
        let (answer, costs) = net.weighed(|net| net.as_(STRANGER).gather(netuid, chunk, GATHERED));
        stored = answer.expect("gathered");
        assert_bounded("gather", &costs);
    }
}

/// Returns the steps to try: of each phase the first chunk, the heavy one and the last.
fn steps(computed: &EpochRun) -> impl Iterator<Item = (u32, bool)> + '_ {
    let plan = &computed.trace.plan;
    let chunks = u32::from(plan.chunks(computed.header.neurons));
    (0u32..).zip(&plan.phases).flat_map(move |(phase, reads)| {
        [0, u32::from(HEAVY), chunks - 1].map(|chunk| {
            (
                phase * chunks + chunk,
                reads.stake && chunk == u32::from(HEAVY),
            )
        })
    })
}

/// Disputes honest steps.
fn dispute_each(net: &mut Network, inputs: &EpochInputs, computed: &EpochRun) {
    let netuid = inputs.header.netuid;
    for (k, _) in steps(computed) {
        let trace = &computed.trace;
        let proof = trace.proof(inputs, &computed.assertion, k).expect("a step");
        let (outcome, costs) = net.weighed(|net| net.as_(STRANGER).dispute(netuid, k, &proof));
        assert_eq!(outcome, Err(EpochError::StepIsCorrect), "step {k}");
        assert_bounded(&format!("dispute of step {k}"), &costs);
    }
}

#[test]
fn largest_subnet_closes_and_asserts_within_bounds() {
    let (mut net, netuid) = largest_closed_epoch();
    let (_, costs) = net.weighed(|net| net.assert_epoch(netuid));
    assert_bounded("propose", &costs);
    let ((), costs) = net.weighed(|net| net.finalize(netuid));
    assert_bounded("finalize", &costs);
    settle(&mut net, netuid);
    net.honest_weights(netuid);
    let roster = net.roster(netuid);
    let hotkey = net.neuron(netuid, roster[0]).expect("a neuron").hotkey;
    let all: Vec<_> = (0..MAX_UIDS).map(Uid).collect();
    let ((), costs) = net.weighed(|net| {
        let weights = vec![7; all.len()];
        net.as_(hotkey)
            .set_weights(netuid, all.clone(), weights)
            .expect("set");
    });
    assert_bounded("set_weights", &costs);
    let (_, costs) = net.weighed(|net| net.close(netuid));
    assert_bounded("close", &costs);
}

/// The largest call that a keeper sends for a final epoch: 64 validators with dividends, and as
/// many chunks beside theirs as it counts room for.
#[test]
fn call_that_finalizes_and_settles_64_validators_and_more_is_within_bounds() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 512,
        permits: 64,
        ..Shape::default()
    });
    net.with_validators(netuid, 64).with_miners(netuid, 448);
    net.run_epoch(netuid);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.close(netuid);
    let computed = net.assert_epoch(netuid);
    let paid = computed.trace.results[0].iter();
    assert!(paid.clone().all(|it| it.validator > Rao::ZERO));
    let ((), costs) = net.weighed(|net| net.finalize_and_settle(netuid));
    assert_eq!(costs.v38.calls, 2);
    assert_bounded("finalize_and_settle", &costs);
    assert_eq!(net.status(netuid).expect("a status").settling, None);
}

#[test]
fn lie_of_the_largest_subnet_is_disputed_within_bounds() {
    let (mut net, netuid) = largest_closed_epoch();
    let inputs = net.inputs(netuid);
    let computed = net.assert_epoch(netuid);
    gather_tried(&mut net, netuid, &computed);
    dispute_each(&mut net, &inputs, &computed);

    // The slash of the heaviest step: rows and stake.
    let mut net = largest_closed_epoch().0;
    gather(&mut net, netuid, HEAVY);
    let heaviest = steps(&computed).filter(|(_, heavy)| *heavy).nth(1);
    let (k, _) = heaviest.expect("a phase that reads both");
    let mut lie = computed.assertion.clone();
    lie.steps[usize::try_from(k).expect("small")][0] ^= 1;
    net.propose_lie(netuid, &lie);
    let (found, proof) = computed.trace.refute(&inputs, &lie).expect("a lie");
    assert_eq!(found, k);
    let (outcome, costs) = net.weighed(|net| net.as_(STRANGER).dispute(netuid, k, &proof));
    assert_eq!(outcome, Ok(()));
    assert_bounded("dispute that slashes", &costs);
}

#[test]
fn largest_subnet_is_replayed_within_bounds() {
    let (mut net, netuid) = largest_closed_epoch();
    net.expect_honest(netuid);
    let computed = net.compute(netuid);
    let due = net.status(netuid).expect("a status").replays_at;
    net.advance_to(due.expect("it can be replayed"));
    gather_tried(&mut net, netuid, &computed);
    let tried: Vec<u32> = steps(&computed).map(|(k, _)| k).collect();
    let mut next = 0;
    while net.status(netuid).expect("a status").stage != Stage::Open {
        let memory = net.memory_for(netuid, next, 1);
        let step = |net: &mut Network| net.as_(STRANGER).replay(netuid, 1, memory);
        if tried.contains(&next) {
            let (answer, costs) = net.weighed(step);
            assert_bounded(&format!("replay of step {next}"), &costs);
            next = answer.expect("replayed");
        } else {
            next = step(&mut net).expect("replayed");
        }
    }
    settle(&mut net, netuid);
}

/// Settles the final epoch, and collects all pay. The chunk with parents is within bounds too.
fn settle(net: &mut Network, netuid: NetUid) {
    let ((), costs) = net.weighed(|net| net.settle_chunks(netuid));
    assert_bounded("settle", &costs);
    let heavy: Vec<Uid> = (HEAVY * PAGE..(HEAVY + 1) * PAGE).map(Uid).collect();
    for uids in heavy.chunks(usize::from(COLLECTED)) {
        let (collected, costs) =
            net.weighed(|net| net.as_(STRANGER).collect(netuid, uids.to_vec()));
        collected.expect("owed");
        assert_bounded("collect", &costs);
    }
    net.collect_all(netuid);
}

/// Registers a neuron in place of the one that earned least, and pays that one's owner.
fn replace_one(net: &mut Network, netuid: NetUid, computed: &EpochRun) {
    net.await_room(netuid);
    let (price, registry) = (net.price(netuid), net.addresses().registry);
    net.provide(OWNER, registry, price);
    let newcomer = named("newcomer");
    let (place, costs) = net.weighed(|net| net.as_(OWNER).register(netuid, newcomer, price));
    let uid = place.expect("registered");
    assert_bounded("register in place of another", &costs);
    let gone = computed.neuron(uid.0).hotkey;
    let (collected, costs) = net.weighed(|net| net.as_(STRANGER).collect_left(netuid, gone));
    assert!(collected.expect("it earned") > Rao::ZERO);
    assert_bounded("collect_left", &costs);
}

/// Hands on what a hotkey has earned for as many parents as it may have.
fn hand_on(net: &mut Network, netuid: NetUid) {
    let child = nth("miner", 0);
    let parents = net.parents(netuid, child).into_iter();
    let due: Vec<_> = parents
        .filter(|parent| parent.due > Rao::ZERO)
        .map(|parent| parent.hotkey)
        .collect();
    assert_eq!(due.len(), usize::from(MAX_PARENTS));
    let (handed, costs) = net.weighed(|net| net.as_(STRANGER).hand_on(netuid, child, due));
    assert!(handed.expect("due") > Rao::ZERO);
    assert_bounded("hand_on", &costs);
}

#[test]
fn largest_subnet_hands_on_and_pays_a_replaced_neuron_within_bounds() {
    let (mut net, netuid) = largest_closed_epoch();
    let computed = net.assert_epoch(netuid);
    net.finalize(netuid);
    net.settle_chunks(netuid);
    hand_on(&mut net, netuid);
    replace_one(&mut net, netuid, &computed);
}

#[test]
fn largest_subnet_is_rolled_over_within_bounds() {
    let (mut net, netuid) = largest_closed_epoch();
    let due = net.status(netuid).expect("a status").rolls_over_at;
    net.advance_to(due.expect("it can be rolled over"));
    let (rolled, costs) = net.weighed(|net| net.as_(STRANGER).roll_over(netuid));
    assert!(rolled.expect("rolled over") > Rao::ZERO);
    assert_bounded("roll_over", &costs);
}
