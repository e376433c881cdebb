//! Attacks on pay: chunks that cannot be settled, deposits that others collect, pay that is moved
//! at a chosen moment, and parents that a child cannot leave.

use inktensor_e2e_tests::{
    accounts::*, engines::kernels, network::Costs, EpochRun, Network, Prepared, Shape,
};
use inktensor_primitives::{
    epoch::{EpochError, Stage},
    registry::Hyperparameter,
    staking::{Child, StakingError, CHILD_COOLDOWN, MAX_CHILDREN, MAX_PARENTS},
    AccountId, NetUid, Rao, Uid, PAGE,
};
use inktensor_worker::{
    epochs::EpochCache,
    roles::{Action, Keeper},
};

/// A quarter block: time in picoseconds, and bytes of proof.
const QUARTER: (u64, u64) = (500_000_000_000, 15 * 1024 * 1024 / 4);
/// Neurons whose pay is collected in one call.
const COLLECTED: usize = 16;

/// Returns true if a quarter block has room for each of the messages, with either weights.
fn fits_quarter(costs: &Costs) -> bool {
    [costs.v31.largest, costs.v38.largest]
        .iter()
        .all(|cost| cost.ref_time <= QUARTER.0 && cost.proof_size <= QUARTER.1)
}

/// Settles chunk 0 of a final epoch in as many calls as it takes. Returns the costs of each.
fn settle_first_chunk(net: &mut Network, netuid: NetUid, computed: &EpochRun) -> Vec<Costs> {
    let epoch = computed.header.epoch;
    let results = computed.trace.results[0].clone();
    let memory = computed.trace.memory[0].clone();
    let mut all = Vec::new();
    loop {
        let is_settling = net
            .status(netuid)
            .expect("a status")
            .settling
            .is_some_and(|it| !it.is_settled(0));
        if !is_settling {
            return all;
        }
        let (answer, costs) = net.weighed(|net| {
            net.as_(KEEPER)
                .settle_with(netuid, epoch, 0, &results, memory.clone())
        });
        assert!(answer.is_ok(), "{answer:?}");
        all.push(costs);
    }
}

/// Runs an epoch, and asserts that its keeper pays no deposit to settle the first chunk.
fn settle_without_deposit(net: &mut Network, netuid: NetUid) {
    net.close(netuid);
    let computed = net.assert_epoch(netuid);
    net.finalize(netuid);
    let costs = settle_first_chunk(net, netuid, &computed);
    let deposit: i128 = costs.iter().map(|it| it.v31.total.deposit).sum();
    assert!(deposit <= 0, "the keeper pays {deposit}");
}

/// Stakes the least amount on each of the first `count` hotkeys called `name`.
fn stake_all(net: &mut Network, netuid: NetUid, coldkey: AccountId, name: &str, count: u32) {
    let staking = net.addresses().staking;
    let each = Rao(2_000_000);
    net.provide(coldkey, staking, Rao(each.0 * u64::from(count)));
    for place in 0..count {
        net.as_(coldkey)
            .add_stake(netuid, nth(name, place), each)
            .expect("staked");
    }
}

/// Returns a subnet whose first chunk has 64 validators of 8 parents each, in an asserted epoch
/// that pays dividends to all. Each parent has five children. The second chunk has a miner.
fn families(net: &mut Network) -> (NetUid, EpochRun) {
    let validators = u32::from(PAGE);
    let parents = validators * u32::from(MAX_PARENTS);
    let netuid = net.create(Shape {
        seats: PAGE + 1,
        permits: PAGE,
        ..Shape::default()
    });
    // Parents and their other children have their seats elsewhere.
    let elsewhere = net.create(Shape {
        seats: 4096,
        ..Shape::default()
    });
    net.enrol_crowd(netuid, ALICE, "validator", validators);
    net.with_miners(netuid, 1);
    net.enrol_crowd(elsewhere, ALICE, "parent", parents);
    let others = parents * (u32::from(MAX_CHILDREN) - 1) / u32::from(MAX_PARENTS);
    net.enrol_crowd(elsewhere, ALICE, "other", others);
    stake_all(net, netuid, ALICE, "validator", validators);
    stake_all(net, netuid, ALICE, "parent", parents);
    for parent in 0..parents {
        let others = (0..u32::from(MAX_CHILDREN) - 1)
            .map(|child| nth("other", (parent * 4 + child) % others));
        let children = others
            .chain([nth("validator", parent % validators)])
            .map(|hotkey| Child {
                proportion: u64::MAX / u64::from(MAX_CHILDREN),
                hotkey,
            });
        net.as_(ALICE)
            .set_children(netuid, nth("parent", parent), children.collect())
            .expect("set");
    }
    // The stake weighs from the next epoch on, and gives permits then.
    net.run_epoch(netuid);
    net.run_epoch(netuid);
    assert_eq!(net.roster(netuid).len(), usize::from(PAGE));
    for uid in net.roster(netuid) {
        let hotkey = net.neuron(netuid, uid).expect("a neuron").hotkey;
        let uids: Vec<Uid> = (0..PAGE).map(Uid).collect();
        let weights = vec![1; uids.len()];
        net.as_(hotkey)
            .set_weights(netuid, uids, weights)
            .expect("set");
    }
    net.run_epoch(netuid);
    net.run_epoch(netuid);
    net.close(netuid);
    let computed = net.assert_epoch(netuid);
    (netuid, computed)
}

fn with_families() -> (Network, NetUid, EpochRun) {
    static PREPARED: Prepared<(NetUid, EpochRun)> = Prepared::new(families);
    let (net, (netuid, computed)) = PREPARED.network();
    (net, netuid, computed)
}

/// Relations between hotkeys do not make a chunk too large: it is settled, in several calls if need
/// be, each within a quarter block.
#[test]
fn settle_of_64_validators_with_8_parents_fits_the_chain() {
    let (mut net, netuid, computed) = with_families();
    net.finalize(netuid);
    let results = &computed.trace.results[0];
    assert!(results.iter().all(|it| it.validator > Rao::ZERO));
    let all = settle_first_chunk(&mut net, netuid, &computed);
    for costs in &all {
        assert!(fits_quarter(costs), "{costs:?}");
    }
    println!("{} calls: {all:#?}", all.len());
    // What is due to all parents of a validator is handed on in one call.
    let parents: Vec<AccountId> = net
        .parents(netuid, nth("validator", 0))
        .iter()
        .map(|it| it.hotkey)
        .collect();
    assert_eq!(parents.len(), usize::from(MAX_PARENTS));
    let (handed, costs) = net.weighed(|net| {
        net.as_(STRANGER)
            .hand_on(netuid, nth("validator", 0), parents)
    });
    assert!(handed.is_ok() && fits_quarter(&costs), "{costs:?}");
    let uids: Vec<Uid> = (0..PAGE).map(Uid).collect();
    for uids in uids.chunks(COLLECTED) {
        let (collected, costs) =
            net.weighed(|net| net.as_(STRANGER).collect(netuid, uids.to_vec()));
        assert!(collected.is_ok() && fits_quarter(&costs), "{costs:?}");
    }
}

/// A keeper counts no parents. It settles the chunks although its first call has no room for them.
#[test]
fn keeper_settles_64_validators_with_8_parents_beside_others() {
    // A network whose events are there, to read memory from.
    let mut net = Network::deploy();
    let (netuid, _) = families(&mut net);
    net.advance_to(net.standing(netuid)[0].deadline);
    let mut ledger = EpochCache::new(net.addresses(), kernels());
    let keeper = Keeper::new(KEEPER, net.addresses());
    let report = net.with_chain(|chain| keeper.tick(chain, &mut ledger));
    let actions = report.expect("the chain answers").clean().expect("settled");
    let settled = |action: &&Action| matches!(action, Action::Settled { .. });
    assert!(actions.iter().filter(settled).count() > 1, "{actions:?}");
    let status = net.status(netuid).expect("a status");
    assert_eq!((status.stage, status.settling), (Stage::Open, None));
}

/// Owners that take their pay out after each epoch cost the keeper no deposit.
#[test]
fn settle_takes_no_deposit_although_owners_take_their_pay_out() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 40);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.run_epoch(netuid);
    for _ in 0..2 {
        for place in 0..40 {
            let (owner, hotkey) = (nth("miner-owner", place), nth("miner", place));
            if net.stake_of(netuid, hotkey, owner) > Rao::ZERO {
                net.as_(owner)
                    .remove_all_stake(netuid, hotkey)
                    .expect("removed");
            }
        }
        net.honest_weights(netuid);
        settle_without_deposit(&mut net, netuid);
        net.collect_all(netuid);
    }
}

/// A staker that deposits the least amount on each validator in each epoch, and collects the shares
/// of the deposit before, costs the keeper no deposit.
#[test]
fn settle_takes_no_deposit_although_stakers_come_and_go() {
    let (mut net, netuid, computed) = paid_epochs();
    net.finalize(netuid);
    settle_first_chunk(&mut net, netuid, &computed);
    for _ in 0..4 {
        stake_all(&mut net, netuid, CHARLIE, "validator", 2);
        net.honest_weights(netuid);
        settle_without_deposit(&mut net, netuid);
    }
    for place in 0..2 {
        net.as_(CHARLIE)
            .remove_all_stake(netuid, nth("validator", place))
            .expect("it has all its shares");
    }
}

/// Deposits of several epochs whose shares stay uncollected cost the keeper no deposit, although
/// they leave the pool's cell.
#[test]
fn settle_takes_no_deposit_although_deposits_lie_uncollected() {
    let (mut net, netuid, computed) = paid_epochs();
    net.finalize(netuid);
    settle_first_chunk(&mut net, netuid, &computed);
    let stakers = [0, 1, 2, 3].map(|place| nth("staker", place));
    let turns = stakers.iter().map(Some).chain([None; 3]);
    for staker in turns {
        if let Some(staker) = staker {
            stake_all(&mut net, netuid, *staker, "validator", 2);
        }
        net.honest_weights(netuid);
        settle_without_deposit(&mut net, netuid);
    }
    for staker in stakers {
        for place in 0..2 {
            net.as_(staker)
                .remove_all_stake(netuid, nth("validator", place))
                .expect("it has all its shares");
        }
    }
}

/// The first settlement of a subnet costs the keeper no deposit.
#[test]
fn first_settlement_takes_no_deposit() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    // The keeper's fee needs a balance, which is the keeper's own.
    net.fund(KEEPER, Rao::from_tao(1));
    for _ in 0..2 {
        settle_without_deposit(&mut net, netuid);
        net.honest_weights(netuid);
    }
}

/// Returns a subnet with validators and miners whose closed epoch pays, and its assertion.
fn paid_epochs() -> (Network, NetUid, EpochRun) {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 40);
    for _ in 0..3 {
        net.run_epoch(netuid);
        net.honest_weights(netuid);
    }
    net.close(netuid);
    let computed = net.assert_epoch(netuid);
    (net, netuid, computed)
}

/// A caller that has no room for a whole chunk pays a few neurons at a time, and all are paid what
/// one call would have paid.
#[test]
fn settle_of_few_neurons_at_a_time_pays_the_same() {
    let (mut net, netuid, computed) = paid_epochs();
    net.finalize(netuid);
    let template = net.template();
    let results = &computed.trace.results[0];
    let memory = &computed.trace.memory[0];
    let chunk = (netuid, computed.header.epoch, 0);
    let paid = |most: u16| {
        let mut net = Network::begin_from(&template);
        let (mut calls, mut sum) = (0, 0);
        while net
            .status(netuid)
            .and_then(|status| status.settling)
            .is_some_and(|settling| !settling.is_settled(0))
        {
            let caller = net.as_(KEEPER);
            let some = caller.settle_some(chunk, results, memory.clone(), most);
            sum += some.expect("settled").0;
            calls += 1;
        }
        let owed: Vec<Rao> = net.metagraph(netuid, 0).iter().map(|it| it.owed).collect();
        (calls, sum, owed, net.balance(KEEPER))
    };
    let neurons = u32::from(computed.header.neurons);
    let whole = paid(PAGE);
    assert_eq!(whole.0, 1);
    for (most, calls) in [(15, neurons.div_ceil(15)), (1, neurons), (0, neurons)] {
        let (made, sum, owed, balance) = paid(most);
        assert_eq!(made, calls, "{most} at a time");
        assert_eq!((sum, &owed, balance), (whole.1, &whole.2, whole.3));
    }
}

/// Pay that an owner collects between a close and its settlement has no part in the dividends of
/// the closed epoch, for which it did not weigh.
#[test]
fn collect_before_the_settlement_gains_nothing() {
    let (mut net, netuid, hotkey) = with_pay();
    let template = net.template();
    let gain = |collects: bool| {
        let mut net = Network::begin_from(&template);
        net.close(netuid);
        let owed = net.metagraph(netuid, 0)[0].owed;
        if collects {
            net.as_(ALICE)
                .collect(netuid, vec![Uid(0)])
                .expect("collected");
        }
        let before = net.stake_of(netuid, hotkey, ALICE);
        let computed = net.assert_epoch(netuid);
        net.finalize(netuid);
        settle_first_chunk(&mut net, netuid, &computed);
        assert!(owed > Rao::ZERO);
        net.stake_of(netuid, hotkey, ALICE).0 - before.0
    };
    let (with, without) = (gain(true), gain(false));
    assert!(without > 0);
    assert!(with <= without, "{with} instead of {without}");
}

/// Returns a subnet on which the hotkey of `ALICE` on uid 0 has earned pay that it is owed, with a
/// nominator.
fn with_pay() -> (Network, NetUid, AccountId) {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    net.stake(netuid, ALICE, ALICE_HOTKEY, Rao::from_tao(10));
    net.stake(netuid, BOB, ALICE_HOTKEY, Rao::from_tao(90));
    net.with_miners(netuid, 2);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.close(netuid);
    net.assert_epoch(netuid);
    net.finalize(netuid);
    net.settle_chunks(netuid);
    net.honest_weights(netuid);
    (net, netuid, ALICE_HOTKEY)
}

#[test]
fn collect_of_nothing_is_refused() {
    let (mut net, netuid, _) = with_pay();
    net.as_(STRANGER)
        .collect(netuid, vec![Uid(0)])
        .expect("collected");
    net.refuses(
        STRANGER,
        |it| it.collect(netuid, vec![Uid(0)]),
        EpochError::NothingOwed,
    );
    net.refuses(
        STRANGER,
        |it| it.collect_left(netuid, ALICE_HOTKEY),
        EpochError::NothingOwed,
    );
}

/// A neuron that is replaced again and again loses nothing that it has earned.
#[test]
fn pay_of_the_replaced_waits_for_its_owner() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 3,
        settings: vec![Hyperparameter::ImmunityPeriod(20)],
        ..Shape::default()
    });
    net.with_validators(netuid, 1).with_miners(netuid, 2);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.close(netuid);
    let computed = net.assert_epoch(netuid);
    net.finalize(netuid);
    net.settle_chunks(netuid);
    let uid = net.enrol(netuid, ALICE, ALICE_HOTKEY);
    let gone = computed.neuron(uid.0).hotkey;
    let owed = computed.trace.results[0][usize::from(uid.0)].miner;
    assert!(owed > Rao::ZERO);
    assert_eq!(net.left(netuid, gone), owed);
    assert_eq!(net.metagraph(netuid, 0)[usize::from(uid.0)].owed, Rao::ZERO);
    let owner = computed.neuron(uid.0).coldkey;
    assert_eq!(net.as_(STRANGER).collect_left(netuid, gone), Ok(owed));
    assert_eq!(net.stake_of(netuid, gone, owner), owed);
}

/// A child gets rid of a parent that it has accepted, after the cooldown of a list of children.
#[test]
fn allow_parent_withdrawn_ends_the_parents_weight() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    net.enrol(netuid, BOB, BOB_HOTKEY);
    net.stake(netuid, ALICE, ALICE_HOTKEY, Rao::from_tao(100));
    net.run_epoch(netuid);
    net.as_(BOB)
        .allow_parent(netuid, BOB_HOTKEY, ALICE_HOTKEY, true)
        .expect("accepted");
    let part = Child {
        proportion: 1 << 63,
        hotkey: BOB_HOTKEY,
    };
    net.as_(ALICE)
        .set_children(netuid, ALICE_HOTKEY, vec![part])
        .expect("set");
    net.advance(CHILD_COOLDOWN + 1);
    net.run_epoch(netuid);
    let weight = |net: &Network, hotkey| {
        let open = net.status(netuid).expect("a status").open;
        net.stake_at(netuid, hotkey, open).expect("readable")
    };
    let given = weight(&net, BOB_HOTKEY);
    assert!(given > Rao::ZERO);
    let whole = Rao(given.0 + weight(&net, ALICE_HOTKEY).0);
    net.as_(BOB)
        .allow_parent(netuid, BOB_HOTKEY, ALICE_HOTKEY, false)
        .expect("refused");
    assert_eq!(weight(&net, BOB_HOTKEY), given, "the open epoch stays");
    net.refuses(
        ALICE,
        |it| it.set_children(netuid, ALICE_HOTKEY, vec![part]),
        StakingError::NotAccepted(BOB_HOTKEY),
    );
    net.advance(CHILD_COOLDOWN + 1);
    net.run_epoch(netuid);
    assert_eq!(weight(&net, BOB_HOTKEY), Rao::ZERO);
    assert!(whole.0 - 1 <= weight(&net, ALICE_HOTKEY).0);
    // The parent keeps its place until it has what it is due.
    assert_eq!(net.parents(netuid, BOB_HOTKEY).len(), 1);
    net.as_(STRANGER)
        .hand_on(netuid, BOB_HOTKEY, vec![ALICE_HOTKEY])
        .expect("due");
    assert_eq!(net.parents(netuid, BOB_HOTKEY), []);
    assert_eq!(net.children(netuid, ALICE_HOTKEY).children, []);
}
