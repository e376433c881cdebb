//! Attacks by stake of an instant: on dividends, emission, permits, consensus and root. Each one
//! worked against the first version of the protocol.

use inktensor_client::chain::ChainRead;
use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    registry::Hyperparameter,
    staking::{Child, StakeMoved, MAX_TAKE, ROOT_EPOCH, TAKE_RAISE_INTERVAL},
    AccountId, Bps, NetUid, Rao, Uid,
};

const EVE: AccountId = named("eve");
const EVE_HOTKEY: AccountId = named("eve-hotkey");
/// The stake of the honest validator, and of Eve for an instant.
const MUCH: Rao = Rao::from_tao(100_000);
const ONE: Rao = Rao::from_tao(1);

/// Creates a subnet with Alice's validator, which has much stake, Eve's, which has one TAO, and two
/// miners.
fn subnet_of_both(net: &mut Network) -> NetUid {
    let netuid = net.create(Shape::default());
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    net.enrol(netuid, EVE, EVE_HOTKEY);
    net.stake(netuid, ALICE, ALICE_HOTKEY, MUCH);
    net.stake(netuid, EVE, EVE_HOTKEY, ONE);
    net.with_miners(netuid, 2);
    netuid
}

/// Returns such a subnet whose second epoch, with weights, can close now. Eve has much TAO that is
/// not staked.
fn due() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = subnet_of_both(net);
        net.run_epoch(netuid);
        net.honest_weights(netuid);
        let staking = net.addresses().staking;
        net.provide(EVE, staking, MUCH);
        wait_until_due(net, netuid);
        netuid
    });
    PREPARED.network()
}

fn wait_until_due(net: &mut Network, netuid: NetUid) {
    net.start_all();
    let closes_at = net.status(netuid).expect("a status").closes_at;
    net.advance_to(closes_at);
}

/// Eve's TAO, staked and not.
fn wealth(net: &Network, netuid: NetUid) -> u128 {
    net.balance(EVE) + net.stake_of(netuid, EVE_HOTKEY, EVE).to_u128()
}

/// Stakes much on Eve's hotkey, closes, and takes the stake back, all in one block.
fn flash(net: &mut Network, netuid: NetUid, place: NetUid) {
    let block = net.block();
    let staking = net.addresses().staking;
    net.as_(EVE)
        .increase_allowance(staking, MUCH.to_u128())
        .expect("allowed");
    net.as_(EVE)
        .add_stake(place, EVE_HOTKEY, MUCH)
        .expect("staked");
    net.as_(EVE).close(netuid).expect("closed");
    net.as_(EVE)
        .remove_stake(place, EVE_HOTKEY, MUCH)
        .expect("removed");
    assert_eq!(net.block(), block);
}

/// The stake that a uid has in the closed epoch.
fn weighed(net: &Network, netuid: NetUid, uid: u16) -> Rao {
    let inputs = net.chunk_inputs(netuid, 0).expect("readable");
    Rao(inputs.neurons[usize::from(uid)].stake)
}

#[test]
fn stake_of_one_block_earns_no_dividends() {
    let (mut net, netuid) = due();
    let before = wealth(&net, netuid);
    flash(&mut net, netuid, netuid);
    assert_eq!(wealth(&net, netuid), before);
    assert!(weighed(&net, netuid, 0) >= MUCH);
    let mine = weighed(&net, netuid, 1);
    assert!(mine < Rao::from_tao(10), "{mine}");
    let computed = net.finish_epoch(netuid);
    let pay = |uid: usize| computed.trace.results[0][uid].validator.0;
    assert!(pay(0) > 1_000 * pay(1), "{} and {}", pay(0), pay(1));
}

/// A nominator comes a block before the close and leaves after the pay.
#[test]
fn stake_from_before_the_close_until_after_the_pay_earns_nothing() {
    let (mut net, netuid) = due();
    net.as_(EVE)
        .add_stake(netuid, ALICE_HOTKEY, MUCH)
        .expect("staked");
    net.close(netuid);
    assert!(weighed(&net, netuid, 0) < Rao(MUCH.0 + MUCH.0 / 10));
    net.finish_epoch(netuid);
    let back = net.as_(EVE).remove_all_stake(netuid, ALICE_HOTKEY);
    assert_eq!(back, Ok(MUCH));
}

#[test]
fn stake_of_one_block_earns_no_emission_of_a_week() {
    let mut net = Network::deploy();
    let honest = subnet_of_both(&mut net);
    let evil = net.create(Shape {
        tempo: 10,
        owner: EVE,
        owner_hotkey: EVE_HOTKEY,
        ..Shape::default()
    });
    net.enrol(evil, EVE, EVE_HOTKEY);
    let staking = net.addresses().staking;
    net.provide(EVE, staking, MUCH);
    net.run_epoch(honest);

    wait_until_due(&mut net, evil);
    net.set(evil, Hyperparameter::Tempo(50_400));
    flash(&mut net, evil, evil);
    assert_eq!(net.matured_stake(evil), Rao::ZERO);
    assert_eq!(net.issuance().total_weight, net.matured_stake(honest));
    net.finish_epoch(evil);
    wait_until_due(&mut net, evil);
    assert_eq!(net.pending(evil), Rao::ZERO);
    let week = net.pending(honest);
    assert!(week > Rao::from_tao(50_000), "{week}");
    // Once more, for the dividends.
    flash(&mut net, evil, evil);
    assert_eq!(net.header(evil).expect("closed").budget.total(), Rao::ZERO);
}

/// The stake stays for one short epoch, leaves for a week, and is back for the close.
#[test]
fn stake_of_a_short_epoch_earns_no_emission_of_a_week() {
    let mut net = Network::deploy();
    let honest = subnet_of_both(&mut net);
    let evil = net.create(Shape {
        tempo: 10,
        owner: EVE,
        owner_hotkey: EVE_HOTKEY,
        ..Shape::default()
    });
    net.enrol(evil, EVE, EVE_HOTKEY);
    net.stake(evil, EVE, EVE_HOTKEY, MUCH);
    net.run_epoch(honest);
    wait_until_due(&mut net, evil);
    net.set(evil, Hyperparameter::Tempo(50_400));
    net.as_(EVE).close(evil).expect("closed");
    assert_eq!(net.matured_stake(evil), MUCH);
    net.as_(EVE)
        .remove_all_stake(evil, EVE_HOTKEY)
        .expect("removed");
    net.finish_epoch(evil);
    wait_until_due(&mut net, evil);
    let weight = net.issuance().total_weight;
    assert!(weight > MUCH, "the sample still counts: {weight}");
    let (seeming, others) = (net.pending(evil), net.pending(honest));
    assert!(seeming > Rao::from_tao(20_000), "{seeming}");
    flash(&mut net, evil, evil);
    assert_eq!(net.header(evil).expect("closed").budget.total(), Rao::ZERO);
    // All of it is the honest subnet's.
    let all = seeming.0 + others.0;
    let found = net.pending(honest).0;
    assert!(found <= all && all - found <= 2, "{found} of {all}");
}

#[test]
fn stake_moved_through_three_closes_weighs_in_none() {
    let mut net = Network::deploy();
    let nets = [0; 3].map(|_| subnet_of_both(&mut net));
    for netuid in nets {
        net.run_epoch(netuid);
    }
    let [one, two, three] = nets;
    for netuid in nets {
        wait_until_due(&mut net, netuid);
    }
    let staking = net.addresses().staking;
    net.provide(EVE, staking, MUCH);
    let block = net.block();
    net.as_(EVE)
        .add_stake(one, EVE_HOTKEY, MUCH)
        .expect("staked");
    let mut here = one;
    for next in [two, three, NetUid::ROOT] {
        net.as_(EVE).close(here).expect("closed");
        net.as_(EVE)
            .move_stake(here, EVE_HOTKEY, next, EVE_HOTKEY, Some(MUCH))
            .expect("moved");
        here = next;
    }
    assert_eq!(net.block(), block);
    let mut weights = 0;
    for netuid in nets {
        let mine = weighed(&net, netuid, 1);
        assert!(mine < Rao::from_tao(10), "{mine}");
        weights += net.matured_stake(netuid).0;
    }
    let issuance = net.issuance();
    assert_eq!(issuance.total_weight, Rao(weights));
    let staked: u64 = nets.iter().map(|it| net.subnet_stake(*it).0).sum();
    assert!(weights <= staked, "{weights} of {staked}");
}

/// With one permit, the stake of an instant wins none, and its weights are no consensus.
#[test]
fn stake_of_one_block_gives_no_permit() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        permits: 1,
        ..Shape::default()
    });
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    net.enrol(netuid, EVE, EVE_HOTKEY);
    net.stake(netuid, ALICE, ALICE_HOTKEY, Rao::from_tao(10));
    net.stake(netuid, EVE, EVE_HOTKEY, ONE);
    net.with_miners(netuid, 2);
    let staking = net.addresses().staking;
    net.provide(EVE, staking, MUCH);
    for _ in 0..3 {
        wait_until_due(&mut net, netuid);
        flash(&mut net, netuid, netuid);
        net.finish_epoch(netuid);
        assert_eq!(net.roster(netuid), [Uid(0)]);
    }
}

#[test]
fn root_stake_of_one_block_has_no_weight() {
    let (mut net, netuid) = due();
    flash(&mut net, netuid, NetUid::ROOT);
    assert!(weighed(&net, netuid, 1) < Rao::from_tao(10));
    net.finish_epoch(netuid);
    // Around the beginning of a root epoch.
    net.honest_weights(netuid);
    let next = (net.block() / ROOT_EPOCH + 1) * ROOT_EPOCH;
    net.advance_to(next - 1);
    let staking = net.addresses().staking;
    net.as_(EVE)
        .increase_allowance(staking, MUCH.to_u128())
        .expect("allowed");
    net.as_(EVE)
        .add_stake(NetUid::ROOT, EVE_HOTKEY, MUCH)
        .expect("staked");
    net.advance(1);
    net.as_(EVE).close(netuid).expect("closed");
    net.as_(EVE)
        .remove_all_stake(NetUid::ROOT, EVE_HOTKEY)
        .expect("removed");
    assert!(weighed(&net, netuid, 1) < Rao::from_tao(10));
    net.finish_epoch(netuid);
    let after = (net.block() / ROOT_EPOCH + 1) * ROOT_EPOCH;
    net.advance_to(after);
    net.close(netuid);
    assert!(weighed(&net, netuid, 1) < Rao::from_tao(10));
}

#[test]
fn take_raised_after_the_close_cuts_no_pay() {
    let mut net = Network::deploy();
    let netuid = subnet_of_both(&mut net);
    net.as_(ALICE)
        .set_take(ALICE_HOTKEY, Bps(0))
        .expect("lowered");
    net.stake(netuid, BOB, ALICE_HOTKEY, MUCH);
    net.run_epoch(netuid);
    net.advance(TAKE_RAISE_INTERVAL);
    net.honest_weights(netuid);
    net.run_epoch(netuid);
    net.close(netuid);
    net.as_(ALICE)
        .set_take(ALICE_HOTKEY, Bps(1_800))
        .expect("raised");
    let had = [ALICE, BOB].map(|who| net.stake_of(netuid, ALICE_HOTKEY, who).0);
    let computed = net.finish_epoch(netuid);
    let paid = computed.trace.results[0][0].validator.0;
    let [alice, bob] = [ALICE, BOB].map(|who| net.stake_of(netuid, ALICE_HOTKEY, who).0);
    let (owner, nominator) = (alice - had[0], bob - had[1]);
    assert!(owner.abs_diff(nominator) <= 2, "{owner} and {nominator}");
    assert!(paid > 0 && paid.abs_diff(owner + nominator) <= 2, "{paid}");

    // The raise counts for the epoch that opened after it: not for the one that was open.
    for due in [0, 1_800] {
        let had = net.stake_of(netuid, ALICE_HOTKEY, BOB).0;
        let all = net.hotkey_stake(netuid, ALICE_HOTKEY).0;
        let computed = net.run_epoch(netuid);
        let paid = computed.trace.results[0][0].validator.0;
        let gain = net.stake_of(netuid, ALICE_HOTKEY, BOB).0 - had;
        let rest = paid - paid / 10_000 * due;
        let share = u128::from(rest) * u128::from(had) / u128::from(all);
        let share = u64::try_from(share).expect("fits");
        assert!(gain.abs_diff(share) <= share / 1_000, "{gain} of {share}");
    }
}

/// Eve's hotkey validates with Alice's stake. What it keeps of that pay counts as a take does.
#[test]
fn child_take_raised_after_the_close_cuts_no_pay() {
    let mut net = Network::deploy();
    let netuid = subnet_of_both(&mut net);
    net.as_(EVE)
        .allow_parent(netuid, EVE_HOTKEY, ALICE_HOTKEY, true)
        .expect("allowed");
    let child = Child {
        proportion: u64::MAX,
        hotkey: EVE_HOTKEY,
    };
    net.as_(ALICE)
        .set_children(netuid, ALICE_HOTKEY, vec![child])
        .expect("set");
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.close(netuid);
    // There was no child take, so it can be raised at any time.
    net.as_(EVE)
        .set_child_take(netuid, EVE_HOTKEY, MAX_TAKE)
        .expect("raised");
    let due = |net: &Network| net.parents(netuid, EVE_HOTKEY)[0].due.0;
    // The raise counts neither for the closed epoch nor for the one that was open.
    for take in [0, 0, u64::from(MAX_TAKE.0)] {
        let had = due(&net);
        let computed = net.finish_epoch(netuid);
        let paid = computed.trace.results[0][1].validator.0;
        let rest = paid - paid / 10_000 * take;
        let gain = due(&net) - had;
        // Eve's own stake is a hundred thousandth, and what she has kept so far.
        assert!(
            gain > 0 && gain.abs_diff(rest) <= rest / 1_000,
            "{gain} of {rest}, of {paid} in all"
        );
        net.close(netuid);
    }
}

/// A move to another hotkey and back, and a gift to an accomplice, between close and pay.
#[test]
fn moves_between_close_and_pay_gain_nothing() {
    let (mut net, netuid) = due();
    net.as_(EVE)
        .add_stake(netuid, ALICE_HOTKEY, MUCH)
        .expect("staked");
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.close(netuid);
    let stake = net.stake_of(netuid, ALICE_HOTKEY, EVE);
    net.as_(EVE)
        .move_stake(netuid, ALICE_HOTKEY, netuid, EVE_HOTKEY, None)
        .expect("moved");
    let block = net.block();
    let events = net.chain().events(block).expect("the events");
    let moved = events.iter().rev().find_map(|it| it.decode::<StakeMoved>());
    assert_eq!(moved.expect("an event").forgoes, stake);
    assert!(stake.0.abs_diff(MUCH.0) <= 1, "{stake}");
    let before = net.stake_of(netuid, EVE_HOTKEY, EVE).0;
    let computed = net.finish_epoch(netuid);
    // What Eve's hotkey earned is for the one TAO that weighed there.
    let gain = net.stake_of(netuid, EVE_HOTKEY, EVE).0 - before;
    let due = computed.trace.results[0][1];
    assert!(gain <= due.validator.0 + due.miner.0);
}
