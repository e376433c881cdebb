//! Tests of the harness: each invariant detects a violation.
//!
//! Accounts need no keys here, so a test can sign for a contract and break what its code keeps.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{NetUid, Rao};

/// Returns a network with stake, collateral, a final epoch and an asserted one.
fn populated() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = net.create(Shape::default());
        net.with_validators(netuid, 1).with_miners(netuid, 2);
        net.run_epoch(netuid);
        net.honest_weights(netuid);
        net.close(netuid);
        net.assert_epoch(netuid);
        net.assert_invariants();
        netuid
    });
    PREPARED.network()
}

#[test]
#[should_panic(expected = "staking has what it owes")]
fn missing_stake_is_detected() {
    let (mut net, _) = populated();
    let staking = net.addresses().staking;
    net.as_(staking).transfer(ALICE, Rao(1)).expect("moved");
    net.assert_invariants();
}

#[test]
#[should_panic(expected = "epoch has the collateral")]
fn missing_collateral_is_detected() {
    let (mut net, _) = populated();
    let epoch = net.addresses().epoch;
    net.as_(epoch).transfer(ALICE, Rao(1)).expect("moved");
    net.assert_invariants();
}

#[test]
#[should_panic(expected = "keeps no TAO")]
fn tao_left_in_a_contract_is_detected() {
    let (mut net, _) = populated();
    let emission = net.addresses().emission;
    net.fund(emission, Rao(1));
    net.assert_invariants();
}

#[test]
#[should_panic(expected = "the registry has what it holds")]
fn tao_without_a_lock_is_detected() {
    let (mut net, _) = populated();
    let registry = net.addresses().registry;
    net.fund(registry, Rao(1));
    net.assert_invariants();
}

#[test]
#[should_panic(expected = "only emission's ledger mints")]
fn tao_minted_outside_the_ledger_is_detected() {
    let (mut net, _) = populated();
    let emission = net.addresses().emission;
    net.as_(emission).mint(Rao(1)).expect("minted");
    net.as_(emission).burn(1).expect("burned");
    net.assert_invariants();
}

#[test]
#[should_panic(expected = "chunk 0 of epoch 1")]
fn changed_input_of_a_closed_epoch_is_detected() {
    let (mut net, netuid) = populated();
    // Skipping an epoch in the registry and staking makes writes change the closed epoch.
    let epoch = net.addresses().epoch;
    net.as_(epoch)
        .begin_staking_epoch(netuid, 2)
        .expect("begun");
    net.stake(netuid, ALICE, nth("miner", 0), Rao::from_tao(5));
    net.assert_invariants();
}

#[test]
#[should_panic(expected = "is honest")]
fn false_assertion_of_a_final_epoch_is_detected() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_miners(netuid, 2);
    net.close(netuid);
    let mut lie = net.compute(netuid).assertion;
    lie.results[0] = [1; 32];
    net.expect_honest(netuid);
    net.propose_lie(netuid, &lie);
    net.finalize(netuid);
    net.assert_invariants();
}

#[test]
fn snapshot_differs_in_storage_without_a_view() {
    let (mut net, _) = populated();
    let before = net.snapshot();
    net.as_(ALICE).approve(BOB, 5).expect("approved");
    let after = net.snapshot();
    assert_ne!(before, after);
    assert_eq!(before.balances, after.balances);
    assert_ne!(before.storage["token"], after.storage["token"]);
}

#[test]
fn networks_of_one_template_are_independent() {
    let mut first = Network::deploy();
    first.fund(ALICE, Rao(7));
    first.advance(3);
    let second = Network::deploy();
    assert_eq!(second.balance(ALICE), 0);
    assert_ne!(first.block(), second.block());
}
