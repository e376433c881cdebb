//! The close-down of a network, and its succession: what ends, what goes on, and who mints then.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    epoch::EpochError,
    registry::{RegistryError, BRAKE_PERIOD, CLOSE_DOWN_DELAY},
    staking::StakingError,
    token::{Successor, SUCCESSION_DELAY},
    AccountId, NetUid, Rao,
};

/// The contract that mints after the succession.
const MINTER: AccountId = named("next-emission");

fn successor() -> Successor {
    Successor {
        minter: MINTER,
        registry: named("next-registry"),
    }
}

/// Returns a network with a running subnet whose first epoch is final, and the block at which the
/// network closes down.
fn with_close_down() -> (Network, NetUid, u32) {
    static PREPARED: Prepared<(NetUid, u32)> = Prepared::new(|net| {
        let netuid = net.create(Shape::default());
        net.with_validators(netuid, 2).with_miners(netuid, 2);
        net.run_epoch(netuid);
        net.as_(ADMIN).close_down(successor()).expect("announced");
        (netuid, net.block() + CLOSE_DOWN_DELAY)
    });
    let (net, (netuid, at)) = PREPARED.network();
    (net, netuid, at)
}

#[test]
fn close_down_is_announced_and_can_be_withdrawn() {
    let mut net = Network::deploy();
    for who in [STRANGER, OWNER, DEPLOYER] {
        net.refuses(
            who,
            |it| it.close_down(successor()),
            RegistryError::NotAdmin,
        );
        net.refuses(who, |it| it.cancel_close_down(), RegistryError::NotAdmin);
    }
    net.refuses(
        ADMIN,
        |it| it.cancel_close_down(),
        RegistryError::NothingAnnounced,
    );
    net.as_(ADMIN).close_down(successor()).expect("announced");
    let now = net.block();
    assert_eq!(net.closes_down_at(), Some(now + CLOSE_DOWN_DELAY));
    let succession = net.succession().expect("announced");
    assert_eq!(
        (succession.to, succession.at),
        (successor(), now + SUCCESSION_DELAY)
    );
    net.advance(CLOSE_DOWN_DELAY - 1);
    net.as_(ADMIN).cancel_close_down().expect("withdrawn");
    assert_eq!((net.closes_down_at(), net.succession()), (None, None));
    net.advance(SUCCESSION_DELAY);
    assert_eq!(net.minter(), Some(net.addresses().emission));
    assert!(net.as_(MINTER).mint(Rao(1)).is_err());
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 1);
    net.run_epoch(netuid);
}

#[test]
fn network_runs_until_it_is_closed_down() {
    let (mut net, netuid, at) = with_close_down();
    net.honest_weights(netuid);
    assert_eq!(net.run_epoch(netuid).header.epoch, 1);
    net.refuses(
        OWNER,
        |it| it.withdraw_lock(netuid),
        RegistryError::NotClosedDown,
    );
    assert!(net.as_(MINTER).mint(Rao(1)).is_err());

    // The last epoch closes one block before, and is paid after.
    net.honest_weights(netuid);
    net.advance_to(at - 1);
    let last = net.close(netuid);
    assert_eq!(net.block(), at - 1);
    assert!(last.budget.total() > Rao::ZERO);
    let minted = net.total_minted();
    net.finish_epoch(netuid);
    let status = net.status(netuid).expect("a status");
    assert_eq!(
        (status.final_epoch, status.settling),
        (Some(last.epoch), None)
    );
    assert!(net.total_minted() > minted, "it is paid");
    assert!(net.block() > at);
}

#[test]
fn closed_network_sells_nothing_and_returns_everything() {
    let (mut net, netuid, at) = with_close_down();
    net.advance_to(at);
    let closed = RegistryError::ClosedDown(at);
    net.refuses(
        KEEPER,
        |it| it.close(netuid),
        EpochError::Registry(closed.clone()),
    );
    let kernel = net.addresses().yuma;
    net.refuses(
        ALICE,
        |it| it.create_subnet("text".into(), ALICE_HOTKEY, kernel, 20, 64, 4, Rao::CAP),
        closed.clone(),
    );
    net.refuses(
        ALICE,
        |it| it.register(netuid, ALICE_HOTKEY, Rao::CAP),
        closed.clone(),
    );
    for answer in [
        net.as_(ADMIN).close_down(successor()),
        net.as_(ADMIN).cancel_close_down(),
    ] {
        assert_eq!(answer, Err(closed.clone()));
    }

    // Each owner has its lock back, once.
    let (lock, had) = (net.subnet(netuid).expect("it").lock, net.balance(OWNER));
    assert!(lock > Rao::ZERO);
    net.refuses(
        ALICE,
        |it| it.withdraw_lock(netuid),
        RegistryError::NotOwner,
    );
    assert_eq!(net.as_(OWNER).withdraw_lock(netuid), Ok(lock));
    assert_eq!(net.balance(OWNER), had + lock.to_u128());
    let retired = net.block();
    net.refuses(
        OWNER,
        |it| it.withdraw_lock(netuid),
        RegistryError::Retired(retired),
    );
    assert_eq!(net.held(), Rao::ZERO);
    assert!(net.live_subnets().is_empty());

    // Each staker takes its stake out.
    for i in 0..2 {
        let (owner, hotkey) = (nth("validator-owner", i), nth("validator", i));
        let stake = net.stake_of(netuid, hotkey, owner);
        assert!(stake >= Rao::from_tao(100));
        assert_eq!(net.as_(owner).remove_all_stake(netuid, hotkey), Ok(stake));
        assert_eq!(net.balance(owner), stake.to_u128());
    }
}

#[test]
fn successor_mints_the_rest_below_the_cap_and_nothing_else() {
    let (mut net, netuid, at) = with_close_down();
    let balances = |net: &Network| {
        [BANK, OWNER, TREASURY, net.addresses().staking].map(|who| net.balance(who))
    };
    let before = balances(&net);
    net.advance_to(at + (SUCCESSION_DELAY - CLOSE_DOWN_DELAY) - 1);
    assert_eq!(net.minter(), Some(net.addresses().emission));
    assert!(net.as_(MINTER).mint(Rao(1)).is_err());
    net.advance(1);
    assert_eq!(net.minter(), Some(MINTER));
    assert_eq!(net.token_registry(), Some(successor().registry));
    assert_eq!(net.succession(), None);
    let emission = net.addresses().emission;
    assert!(net.as_(emission).mint(Rao(1)).is_err());

    let left = Rao::CAP.to_u128() - net.total_minted();
    let left = Rao(u64::try_from(left).expect("below the cap"));
    assert!(net.as_(MINTER).mint(Rao(left.0 + 1)).is_err());
    assert_eq!(net.as_(MINTER).mint(left), Ok(()));
    assert!(net.as_(MINTER).mint(Rao(1)).is_err());
    assert_eq!(net.total_minted(), net.cap());
    assert_eq!(net.balance(MINTER), left.to_u128());
    assert_eq!(balances(&net), before, "balances are not touched");
    let (owner, hotkey) = (nth("validator-owner", 0), nth("validator", 0));
    assert!(net.as_(owner).remove_all_stake(netuid, hotkey).is_ok());
}

#[test]
fn brake_stops_new_stake_seats_and_subnets_for_a_week_at_most() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 1).with_miners(netuid, 1);
    let (staking, registry) = (net.addresses().staking, net.addresses().registry);
    let (owner, hotkey) = (nth("validator-owner", 0), nth("validator", 0));
    net.provide(owner, staking, Rao::from_tao(10));
    net.provide(ALICE, registry, Rao::from_tao(100));
    let until = net.block() + BRAKE_PERIOD;
    net.refuses(ALICE, |it| it.brake(until), RegistryError::NotAdmin);
    let longer = net.refused(ADMIN, |it| it.brake(until + 1));
    assert!(matches!(longer, RegistryError::OutOfBounds { .. }));
    net.as_(ADMIN).brake(until).expect("set");
    assert_eq!(net.braked_until(), Some(until));

    let kernel = net.addresses().yuma;
    let braked = RegistryError::Braked(until);
    net.refuses(
        ALICE,
        |it| it.create_subnet("text".into(), ALICE_HOTKEY, kernel, 20, 64, 4, Rao::CAP),
        braked.clone(),
    );
    net.refuses(
        ALICE,
        |it| it.register(netuid, ALICE_HOTKEY, Rao::CAP),
        braked,
    );
    for place in [netuid, NetUid::ROOT] {
        net.refuses(
            owner,
            |it| it.add_stake(place, hotkey, Rao::from_tao(1)),
            StakingError::Braked(until),
        );
    }
    // All that is there goes on.
    for _ in 0..2 {
        net.run_epoch(netuid);
        net.honest_weights(netuid);
    }
    net.as_(owner)
        .remove_stake(netuid, hotkey, Rao::from_tao(1))
        .expect("out");

    net.advance_to(until);
    net.as_(owner)
        .add_stake(netuid, hotkey, Rao::from_tao(1))
        .expect("in again");
    let next = until + BRAKE_PERIOD;
    net.refuses(
        ADMIN,
        |it| it.brake(until + 1),
        RegistryError::TooSoon(next),
    );
}
