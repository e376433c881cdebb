//! A succession by vote, played to its end: a second generation of contracts takes over emission,
//! stake moves by its owners, and no more is minted than the curve issues.

use crate::governance::governed;
use inktensor_client::{
    chain::{Answer, Typed},
    deploy::{estimate, Config},
};
use inktensor_e2e_tests::{accounts::*, bundles, curve, governed_config, proposal, Network, Shape};
use inktensor_primitives::{
    governance::{Action, Choice, Track},
    staking::Staking,
    token::Successor,
    AccountId, NetUid, Rao,
};

/// The account that deploys the second generation.
const HEIR: AccountId = named("heir");

/// Returns the configuration of a second generation with the token of the first one.
fn second(net: &Network) -> Config {
    Config {
        deployer: HEIR,
        holders: Vec::new(),
        succeeds: Some(net.addresses().token),
        ..governed_config()
    }
}

#[test]
fn second_generation_takes_over_emission_and_stake_follows_its_owners() {
    let (mut net, netuid) = governed();
    net.with_validators(netuid, 2).with_miners(netuid, 2);
    for _ in 0..2 {
        net.honest_weights(netuid);
        net.run_epoch(netuid);
    }
    // The addresses of the second generation are known before it is there.
    let config = second(&net);
    let planned = estimate(net.chain(), bundles(), &config).expect("planned");
    let heirs = planned.addresses;
    let successor = Successor {
        minter: heirs.emission,
        registry: heirs.registry,
    };

    // A vote on the constitution announces them.
    let id = net.make_proposal(BOB, proposal(vec![Action::CloseDown(successor)]));
    assert_eq!(net.proposal(id).track, Track::Constitution);
    net.await_voting(id);
    for who in [ALICE, BOB] {
        net.as_(who).vote(id, Choice::Aye).expect("voted");
    }
    net.await_ready(id);
    assert_eq!(net.succession(), None);
    net.as_(STRANGER).execute(id).expect("executed");
    let succession = net.succession().expect("announced");
    assert_eq!(succession.to, successor);

    // The first generation runs until it is closed, and pays what it has closed.
    net.honest_weights(netuid);
    net.run_epoch(netuid);
    net.advance_to(net.closes_down_at().expect("announced"));
    let stake = net.stake_of(NetUid::ROOT, ALICE_HOTKEY, ALICE);
    assert!(stake >= Rao::from_tao(600));
    net.advance_to(succession.at);
    let (before, issued) = (net.total_minted(), net.issuance().issued);
    assert!(before <= issued.to_u128());

    // The second generation is deployed where it was announced, and counts what was minted.
    let old = net.begin_generation(&config);
    assert_eq!(net.addresses(), heirs);
    assert_eq!(net.minter(), Some(heirs.emission));
    assert_eq!(net.issuance().issued.to_u128(), before);
    assert_eq!(net.admin(), net.governing().governance);

    // Alice takes her stake back from the first generation, and stakes it on the second one.
    let balance = net.balance(ALICE);
    let unstake = old.staking().unstake_all(64);
    net.with_chain(|chain| chain.send(ALICE, unstake).answer().expect("her own"));
    assert!(net.balance(ALICE) - balance >= stake.to_u128());
    let next = net.create_as_owner(&Shape::default());
    net.with_validators(next, 2).with_miners(next, 2);
    net.as_(ALICE)
        .approve(heirs.staking, u128::MAX)
        .expect("approved");
    net.as_(ALICE)
        .add_stake(next, nth("validator", 0), stake)
        .expect("staked");

    // Epochs of the second generation pay from the same curve, and the first one mints no more.
    let begun = net.block();
    for _ in 0..3 {
        net.honest_weights(next);
        net.run_epoch(next);
    }
    let now = net.issuance();
    assert!(net.total_minted() > before, "the second generation pays");
    assert!(now.minted > Rao::ZERO);
    let blocks = net.block() - begun;
    assert!(now.issued <= curve::issue(issued, blocks + 100));
    assert!(net.total_minted() <= now.issued.to_u128());
    assert!(now.issued <= Rao::CAP);
    assert!(net.as_(old.emission).mint(Rao(1)).is_err());
    let left: Rao = net
        .chain()
        .query(old.staking().stake(NetUid::ROOT, ALICE_HOTKEY, BOB))
        .expect("an answer");
    assert!(left > Rao::ZERO, "who does nothing keeps its stake");
}
