//! Stake moved to other hotkeys, subnets and coldkeys, and removed from all; takes and nominations.

use inktensor_client::chain::ChainRead;
use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    registry::{Hyperparameter, NetworkRules, ANNOUNCED_FOR},
    staking::{StakeAdded, StakeMoved, StakingError, TAKE_RAISE_INTERVAL},
    AccountId, Bps, NetUid, Rao,
};

const TEN: Rao = Rao::from_tao(10);
const DAVE: AccountId = named("dave");

/// Returns two subnets with Alice's and Bob's hotkeys on both, and ten TAO of Charlie on Alice's
/// hotkey on the first.
fn with_stake() -> (Network, NetUid, NetUid) {
    static PREPARED: Prepared<(NetUid, NetUid)> = Prepared::new(|net| {
        let (one, two) = (net.create(Shape::default()), net.create(Shape::default()));
        for netuid in [one, two] {
            net.enrol(netuid, ALICE, ALICE_HOTKEY);
            net.enrol(netuid, BOB, BOB_HOTKEY);
        }
        net.stake(one, CHARLIE, ALICE_HOTKEY, TEN);
        (one, two)
    });
    let (net, (one, two)) = PREPARED.network();
    (net, one, two)
}

#[test]
fn move_stake_goes_to_another_hotkey_and_subnet() {
    let (mut net, one, two) = with_stake();
    let four = Rao::from_tao(4);
    assert_eq!(
        net.as_(CHARLIE)
            .move_stake(one, ALICE_HOTKEY, one, BOB_HOTKEY, Some(four)),
        Ok(four)
    );
    assert_eq!(net.stake_of(one, BOB_HOTKEY, CHARLIE), four);
    assert_eq!(
        net.as_(CHARLIE)
            .move_stake(one, ALICE_HOTKEY, two, ALICE_HOTKEY, None),
        Ok(Rao::from_tao(6))
    );
    assert_eq!(net.subnet_stake(one), four);
    assert_eq!(net.subnet_stake(two), Rao::from_tao(6));
    assert_eq!((net.total_stake(), net.balance(CHARLIE)), (TEN, 0));
    assert_eq!(net.position_count(CHARLIE), 2);
}

#[test]
fn move_stake_to_a_bad_destination_is_refused() {
    let (mut net, one, two) = with_stake();
    let before = net.snapshot();
    let mut try_to = |netuid, hotkey, amount| {
        net.as_(CHARLIE)
            .move_stake(one, ALICE_HOTKEY, netuid, hotkey, amount)
    };
    for (netuid, hotkey, amount, refused) in [
        (one, ALICE_HOTKEY, None, StakingError::SamePosition),
        (NetUid(9), ALICE_HOTKEY, None, StakingError::UnknownSubnet),
        (
            two,
            named("unregistered"),
            None,
            StakingError::UnknownHotkey,
        ),
        (
            two,
            BOB_HOTKEY,
            Some(Rao(TEN.0 + 1)),
            StakingError::NotEnoughStake(TEN),
        ),
        (
            two,
            BOB_HOTKEY,
            Some(Rao(1)),
            StakingError::TooLittle(Rao(2_000_000)),
        ),
    ] {
        assert_eq!(try_to(netuid, hotkey, amount), Err(refused));
    }
    assert_eq!(net.snapshot(), before);
}

#[test]
fn transfer_stake_changes_its_owner() {
    let (mut net, one, _) = with_stake();
    let four = Rao::from_tao(4);
    assert_eq!(
        net.as_(CHARLIE)
            .transfer_stake(one, ALICE_HOTKEY, BOB, Some(four)),
        Ok(four)
    );
    assert_eq!(net.stake_of(one, ALICE_HOTKEY, BOB), four);
    assert_eq!(net.stake_of(one, ALICE_HOTKEY, CHARLIE), Rao::from_tao(6));
    assert_eq!(net.hotkey_stake(one, ALICE_HOTKEY), TEN);
    assert_eq!(
        net.as_(CHARLIE)
            .transfer_stake(one, ALICE_HOTKEY, CHARLIE, None),
        Err(StakingError::SamePosition)
    );
    assert_eq!(net.as_(BOB).remove_all_stake(one, ALICE_HOTKEY), Ok(four));
}

#[test]
fn transfer_stake_with_transfers_off_is_refused() {
    let (mut net, one, _) = with_stake();
    net.set(one, Hyperparameter::TransferEnabled(false));
    net.run_epoch(one);
    net.refuses(
        CHARLIE,
        |it| it.transfer_stake(one, ALICE_HOTKEY, BOB, None),
        StakingError::TransfersOff,
    );
    net.as_(CHARLIE)
        .move_stake(one, ALICE_HOTKEY, one, BOB_HOTKEY, None)
        .expect("it may still move");
}

#[test]
fn unstake_all_removes_stake_page_by_page() {
    let (mut net, one, two) = with_stake();
    net.stake(two, CHARLIE, BOB_HOTKEY, TEN);
    net.stake(two, CHARLIE, ALICE_HOTKEY, TEN);
    assert_eq!(net.position_count(CHARLIE), 3);
    let places: Vec<_> = net
        .positions(CHARLIE, 0)
        .into_iter()
        .map(|it| (it.netuid, it.hotkey, it.stake))
        .collect();
    assert_eq!(
        places,
        [
            (one, ALICE_HOTKEY, TEN),
            (two, BOB_HOTKEY, TEN),
            (two, ALICE_HOTKEY, TEN)
        ]
    );
    assert!(net.positions(CHARLIE, 1).is_empty());
    for limit in [0, 65] {
        assert_eq!(
            net.as_(CHARLIE).unstake_all(limit),
            Err(StakingError::TooMany(64))
        );
    }
    assert_eq!(net.as_(CHARLIE).unstake_all(2), Ok((Rao::from_tao(20), 1)));
    assert_eq!(net.as_(CHARLIE).unstake_all(64), Ok((TEN, 0)));
    assert_eq!(net.balance(CHARLIE), Rao::from_tao(30).to_u128());
    assert_eq!(
        net.as_(CHARLIE).unstake_all(64),
        Err(StakingError::NotEnoughStake(Rao::ZERO))
    );
}

#[test]
fn pay_is_listed_for_its_owner() {
    let (mut net, one, _) = with_stake();
    net.run_epoch(one);
    net.honest_weights(one);
    net.run_epoch(one);
    let paid = net.stake_of(one, ALICE_HOTKEY, ALICE) > Rao::ZERO;
    assert!(paid, "the validator's take");
    let listed = net.positions(ALICE, 0);
    assert!(listed.iter().any(|it| it.hotkey == ALICE_HOTKEY));
}

#[test]
fn nomination_below_the_minimum_is_refused_or_paid_out_whole() {
    let (mut net, one, two) = with_stake();
    let rules = NetworkRules {
        nominator_min: Rao::from_tao(5),
        creation_interval: 300,
        ..net.network_rules()
    };
    net.as_(ADMIN).set_network_rules(rules).expect("announced");
    net.advance(ANNOUNCED_FOR);
    let staking = net.addresses().staking;
    net.provide(STRANGER, staking, TEN);
    let five = Rao::from_tao(5);
    assert_eq!(
        net.as_(STRANGER)
            .add_stake(one, ALICE_HOTKEY, Rao(five.0 - 1)),
        Err(StakingError::TooLittle(five))
    );
    assert_eq!(net.as_(STRANGER).add_stake(one, ALICE_HOTKEY, five), Ok(()));
    // Less than five TAO cannot stay.
    assert_eq!(
        net.as_(CHARLIE)
            .remove_stake(one, ALICE_HOTKEY, Rao::from_tao(6)),
        Ok(())
    );
    assert_eq!(net.balance(CHARLIE), TEN.to_u128());
    assert_eq!(
        net.as_(STRANGER)
            .move_stake(one, ALICE_HOTKEY, two, BOB_HOTKEY, Some(Rao::from_tao(2))),
        Ok(five),
        "the rest moves too"
    );
    // The owner's own stake has no minimum.
    net.stake(one, ALICE, ALICE_HOTKEY, Rao::from_tao(1));
    assert_eq!(net.stake_of(one, ALICE_HOTKEY, ALICE), Rao::from_tao(1));
}

#[test]
fn set_take_is_raised_slowly_and_lowered_at_any_time() {
    let (mut net, _, _) = with_stake();
    assert_eq!(net.take_info(ALICE_HOTKEY).raises_from, 0);
    assert_eq!(net.as_(ALICE).set_take(ALICE_HOTKEY, Bps(500)), Ok(()));
    let again = net.block() + TAKE_RAISE_INTERVAL + 1;
    assert_eq!(net.take_info(ALICE_HOTKEY).raises_from, again);
    net.refuses(
        ALICE,
        |it| it.set_take(ALICE_HOTKEY, Bps(501)),
        StakingError::TakeTooSoon(again),
    );
    assert_eq!(net.as_(ALICE).set_take(ALICE_HOTKEY, Bps(499)), Ok(()));
    net.advance(TAKE_RAISE_INTERVAL);
    assert!(net.as_(ALICE).set_take(ALICE_HOTKEY, Bps(500)).is_err());
    net.advance(1);
    assert_eq!(net.as_(ALICE).set_take(ALICE_HOTKEY, Bps(1_800)), Ok(()));
}

#[test]
fn stake_added_and_removed_within_an_epoch_has_no_weight() {
    let (mut net, one, _) = with_stake();
    net.close(one);
    let epoch = net.status(one).unwrap().open;
    let before = net.stake_at(one, ALICE_HOTKEY, epoch);
    let rich = Rao::from_tao(100_000);
    net.stake(one, STRANGER, ALICE_HOTKEY, rich);
    net.advance(5);
    assert_eq!(
        net.as_(STRANGER).remove_all_stake(one, ALICE_HOTKEY),
        Ok(rich)
    );
    net.finish_epoch(one);
    let header = net.close(one);
    assert_eq!(header.epoch, epoch);
    assert_eq!(net.stake_at(one, ALICE_HOTKEY, epoch), before);
    let inputs = net.chunk_inputs(one, 0).expect("readable");
    assert_eq!(Ok(Rao(inputs.neurons[0].stake)), before);
    // Stake added after the close has no weight in the closed epoch either.
    net.stake(one, STRANGER, ALICE_HOTKEY, rich);
    assert_eq!(net.chunk_inputs(one, 0), Ok(inputs));
}

#[test]
fn nominators_of_a_hotkey_are_listed() {
    let (mut net, one, two) = with_stake();
    assert_eq!(net.nominator_count(ALICE_HOTKEY), 1);
    for (who, netuid, tao) in [(BOB, one, 5), (BOB, two, 9)] {
        net.stake(netuid, who, ALICE_HOTKEY, Rao::from_tao(tao));
    }
    let listed = |net: &Network| {
        let mut all: Vec<_> = net.nominators(ALICE_HOTKEY, 0);
        all.sort_by_key(|it| it.stake);
        let all = all.into_iter();
        all.map(|it| (it.netuid, it.coldkey, it.stake))
            .collect::<Vec<_>>()
    };
    let five = (one, BOB, Rao::from_tao(5));
    let ten = (one, CHARLIE, TEN);
    let nine = (two, BOB, Rao::from_tao(9));
    assert_eq!(listed(&net), [five, nine, ten]);
    net.as_(BOB)
        .remove_all_stake(one, ALICE_HOTKEY)
        .expect("removed");
    assert_eq!(listed(&net), [nine, ten]);
    assert_eq!(net.nominator_count(ALICE_HOTKEY), 2);
    assert_eq!(net.nominators(ALICE_HOTKEY, 1), []);
}

/// Returns the last event of this kind in the block.
fn last_moved(net: &Network) -> StakeMoved {
    let events = net.chain().events(net.block()).expect("the events");
    let moved = events.iter().rev().find_map(|it| it.decode::<StakeMoved>());
    moved.expect("an event")
}

#[test]
fn transfer_between_close_and_pay_keeps_the_pay() {
    let (mut net, one, _) = with_stake();
    net.with_miners(one, 2);
    net.run_epoch(one);
    net.honest_weights(one);
    net.close(one);
    // Dave gets all of it before the epoch is paid.
    let given = net.stake_of(one, ALICE_HOTKEY, CHARLIE);
    net.as_(CHARLIE)
        .transfer_stake(one, ALICE_HOTKEY, DAVE, None)
        .expect("given");
    let moved = last_moved(&net);
    assert_eq!((moved.amount, moved.forgoes), (given, Rao::ZERO));
    assert_eq!(net.stake_of(one, ALICE_HOTKEY, DAVE), given);
    let alice = net.stake_of(one, ALICE_HOTKEY, ALICE).0;
    let computed = net.finish_epoch(one);
    let paid = computed.trace.results[0][0].validator.0;
    let grown = net.stake_of(one, ALICE_HOTKEY, DAVE).0 - given.0;
    let taken = net.stake_of(one, ALICE_HOTKEY, ALICE).0 - alice;
    assert!(grown > paid / 2, "{grown} of {paid}");
    assert!(paid - grown - taken <= 2);
    // It weighs in the open epoch as if it had always been Dave's.
    let open = net.status(one).expect("a status").open;
    let weighs = net.stake_at(one, ALICE_HOTKEY, open).expect("readable");
    // All but the take, which is a deposit of the open epoch.
    assert_eq!(weighs.0 + taken, net.hotkey_stake(one, ALICE_HOTKEY).0);
}

#[test]
fn move_of_stake_tells_what_it_forgoes() {
    let (mut net, one, two) = with_stake();
    net.run_epoch(one);
    net.stake(one, CHARLIE, ALICE_HOTKEY, Rao::from_tao(3));
    let events = net.chain().events(net.block()).expect("the events");
    let added = events.iter().rev().find_map(|it| it.decode::<StakeAdded>());
    assert_eq!(added.expect("an event").weighs_from, 2);
    // The three TAO of the open epoch go first, and forgo nothing.
    net.as_(CHARLIE)
        .move_stake(one, ALICE_HOTKEY, two, ALICE_HOTKEY, Some(Rao::from_tao(2)))
        .expect("moved");
    assert_eq!(last_moved(&net).forgoes, Rao::ZERO);
    net.as_(CHARLIE)
        .move_stake(one, ALICE_HOTKEY, one, BOB_HOTKEY, Some(Rao::from_tao(5)))
        .expect("moved");
    assert_eq!(last_moved(&net).forgoes, Rao::from_tao(4));
    let open = net.status(one).expect("a status").open;
    assert_eq!(net.stake_at(one, BOB_HOTKEY, open), Ok(Rao::ZERO));
    assert_eq!(
        net.stake_at(one, BOB_HOTKEY, open + 1),
        Ok(Rao::from_tao(5))
    );
}
