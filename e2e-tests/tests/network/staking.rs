//! Stake, share pools and take.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    staking::{StakingError, MAX_TAKE},
    AccountId, Bps, NetUid, Rao,
};

const TEN: Rao = Rao::from_tao(10);

/// Returns a network with a subnet on which Alice's hotkey is registered.
fn with_hotkey() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = net.create(Shape::default());
        net.enrol(netuid, ALICE, ALICE_HOTKEY);
        netuid
    });
    PREPARED.network()
}

/// Transfers `amount` to `who`, and lets the staking contract collect it.
fn provide(net: &mut Network, who: AccountId, amount: Rao) {
    let staking = net.addresses().staking;
    net.provide(who, staking, amount);
}

#[test]
fn add_stake_collects_tao_and_creates_a_position() {
    let (mut net, netuid) = with_hotkey();
    provide(&mut net, BOB, TEN);
    assert_eq!(net.as_(BOB).add_stake(netuid, ALICE_HOTKEY, TEN), Ok(()));
    assert_eq!(net.balance(BOB), 0);
    assert_eq!(net.stake_of(netuid, ALICE_HOTKEY, BOB), TEN);
    assert_eq!(net.hotkey_stake(netuid, ALICE_HOTKEY), TEN);
    assert_eq!(net.subnet_stake(netuid), TEN);
    assert_eq!(net.total_stake(), TEN);
}

#[test]
fn add_stake_without_payment_is_refused() {
    let (mut net, netuid) = with_hotkey();
    net.fund(BOB, TEN);
    net.refuses(
        BOB,
        |it| it.add_stake(netuid, ALICE_HOTKEY, TEN),
        StakingError::Payment(TEN),
    );
}

#[test]
fn add_stake_on_a_hotkey_that_never_registered_is_refused() {
    let (mut net, netuid) = with_hotkey();
    provide(&mut net, BOB, TEN);
    net.refuses(
        BOB,
        |it| it.add_stake(netuid, BOB_HOTKEY, TEN),
        StakingError::UnknownHotkey,
    );
}

#[test]
fn add_stake_on_an_unknown_subnet_is_refused() {
    let (mut net, _) = with_hotkey();
    provide(&mut net, BOB, TEN);
    net.refuses(
        BOB,
        |it| it.add_stake(NetUid(9), ALICE_HOTKEY, TEN),
        StakingError::UnknownSubnet,
    );
}

#[test]
fn add_stake_below_the_minimum_is_refused() {
    let (mut net, netuid) = with_hotkey();
    provide(&mut net, BOB, TEN);
    for amount in [Rao(0), Rao(1)] {
        assert!(matches!(
            net.refused(BOB, |it| it.add_stake(netuid, ALICE_HOTKEY, amount)),
            StakingError::TooLittle(_)
        ));
    }
}

#[test]
fn add_stake_of_the_minimum_succeeds() {
    let (mut net, netuid) = with_hotkey();
    provide(&mut net, BOB, TEN);
    let Err(StakingError::TooLittle(least)) = net.as_(BOB).add_stake(netuid, ALICE_HOTKEY, Rao(1))
    else {
        panic!("one rao is too little");
    };
    assert_eq!(
        net.as_(BOB)
            .add_stake(netuid, ALICE_HOTKEY, Rao(least.0 - 1)),
        Err(StakingError::TooLittle(least))
    );
    assert_eq!(net.as_(BOB).add_stake(netuid, ALICE_HOTKEY, least), Ok(()));
}

#[test]
fn remove_stake_pays_tao() {
    let (mut net, netuid) = with_hotkey();
    net.stake(netuid, BOB, ALICE_HOTKEY, TEN);
    let part = Rao::from_tao(4);
    assert_eq!(
        net.as_(BOB).remove_stake(netuid, ALICE_HOTKEY, part),
        Ok(())
    );
    assert_eq!(net.balance(BOB), part.to_u128());
    assert_eq!(net.stake_of(netuid, ALICE_HOTKEY, BOB), Rao::from_tao(6));
}

#[test]
fn remove_stake_above_the_position_is_refused() {
    let (mut net, netuid) = with_hotkey();
    net.stake(netuid, BOB, ALICE_HOTKEY, TEN);
    net.stake(netuid, CHARLIE, ALICE_HOTKEY, TEN);
    net.refuses(
        BOB,
        |it| it.remove_stake(netuid, ALICE_HOTKEY, Rao(TEN.0 + 1)),
        StakingError::NotEnoughStake(TEN),
    );
    net.refuses(
        STRANGER,
        |it| it.remove_stake(netuid, ALICE_HOTKEY, Rao(TEN.0)),
        StakingError::NotEnoughStake(Rao::ZERO),
    );
}

#[test]
fn remove_all_stake_leaves_nothing() {
    let (mut net, netuid) = with_hotkey();
    net.stake(netuid, BOB, ALICE_HOTKEY, TEN);
    assert_eq!(net.as_(BOB).remove_all_stake(netuid, ALICE_HOTKEY), Ok(TEN));
    assert_eq!(net.balance(BOB), TEN.to_u128());
    assert_eq!(net.total_stake(), Rao::ZERO);
    assert_eq!(
        net.as_(BOB).remove_all_stake(netuid, ALICE_HOTKEY),
        Err(StakingError::NotEnoughStake(Rao::ZERO))
    );
}

#[test]
fn set_take_by_the_hotkeys_owner_succeeds() {
    let (mut net, _) = with_hotkey();
    assert_eq!(net.as_(ALICE).set_take(ALICE_HOTKEY, MAX_TAKE), Ok(()));
    assert_eq!(net.take(ALICE_HOTKEY), MAX_TAKE);
}

#[test]
fn set_take_by_another_account_is_refused() {
    let (mut net, _) = with_hotkey();
    for who in [BOB, ALICE_HOTKEY, DEPLOYER] {
        net.refuses(
            who,
            |it| it.set_take(ALICE_HOTKEY, Bps(1)),
            StakingError::NotHotkeyOwner,
        );
    }
}

#[test]
fn set_take_above_the_maximum_is_refused() {
    let (mut net, _) = with_hotkey();
    net.refuses(
        ALICE,
        |it| it.set_take(ALICE_HOTKEY, Bps(MAX_TAKE.0 + 1)),
        StakingError::TakeAbove(MAX_TAKE),
    );
}

#[test]
fn stake_at_a_closed_epoch_does_not_change() {
    let (mut net, netuid) = with_hotkey();
    net.stake(netuid, BOB, ALICE_HOTKEY, TEN);
    net.close(netuid);
    net.stake(netuid, BOB, ALICE_HOTKEY, TEN);
    assert_eq!(net.stake_at(netuid, ALICE_HOTKEY, 0), Ok(TEN));
    // New stake weighs from the next epoch on.
    assert_eq!(net.stake_at(netuid, ALICE_HOTKEY, 1), Ok(TEN));
    assert_eq!(net.stake_at(netuid, ALICE_HOTKEY, 2), Ok(Rao::from_tao(20)));
    assert_eq!(net.positions(BOB, 0)[0].pending, TEN);
}

#[test]
fn stake_at_an_epoch_no_longer_kept_is_refused() {
    let (mut net, netuid) = with_hotkey();
    net.stake(netuid, BOB, ALICE_HOTKEY, TEN);
    for _ in 0..2 {
        net.run_epoch(netuid);
        net.stake(netuid, BOB, ALICE_HOTKEY, TEN);
    }
    assert_eq!(
        net.stake_at(netuid, ALICE_HOTKEY, 0),
        Err(StakingError::TooOld)
    );
}

#[test]
fn dividends_are_shared_by_stake_after_take() {
    let (mut net, netuid) = with_hotkey();
    net.as_(ALICE)
        .set_take(ALICE_HOTKEY, Bps(1_000))
        .expect("set");
    net.stake(netuid, BOB, ALICE_HOTKEY, Rao::from_tao(30));
    net.stake(netuid, CHARLIE, ALICE_HOTKEY, Rao::from_tao(10));
    // The first epoch has no budget, since no weight was sampled before.
    net.run_epoch(netuid);
    let computed = net.run_epoch(netuid);
    let [result] = computed
        .trace
        .results
        .concat()
        .try_into()
        .expect("one neuron");
    let paid = u128::from(result.validator.0);
    assert!(paid > 0 && result.miner == Rao::ZERO, "{result:?}");
    let gain = |net: &mut Network, who, had: Rao| {
        u128::from(net.stake_of(netuid, ALICE_HOTKEY, who).0 - had.0)
    };
    let take = paid / 10;
    let bob = gain(&mut net, BOB, Rao::from_tao(30));
    let charlie = gain(&mut net, CHARLIE, Rao::from_tao(10));
    let alice = gain(&mut net, ALICE, Rao::ZERO);
    // The take is collected, so it has no part in the rest.
    let (pool, rest) = (40_000_000_000, paid - take);
    for (gain, expected) in [
        (bob, 30_000_000_000 * rest / pool),
        (charlie, 10_000_000_000 * rest / pool),
        (alice, take),
    ] {
        assert!(gain.abs_diff(expected) <= 1, "{gain} instead of {expected}");
    }
    assert!(paid - (alice + bob + charlie) <= 3, "only rounding is lost");
}

#[test]
fn first_staker_cannot_take_from_the_second() {
    // Mallory stakes the minimum, lets the pool grow by dividends, and removes nearly all, so that
    // one share would be worth much. Then Bob stakes.
    let (mut net, netuid) = with_hotkey();
    provide(&mut net, ALICE, TEN);
    let Err(StakingError::TooLittle(least)) =
        net.as_(ALICE).add_stake(netuid, ALICE_HOTKEY, Rao(1))
    else {
        panic!("one rao is too little");
    };
    net.as_(ALICE)
        .add_stake(netuid, ALICE_HOTKEY, least)
        .expect("staked");
    for _ in 0..2 {
        net.run_epoch(netuid);
    }
    let grown = net.stake_of(netuid, ALICE_HOTKEY, ALICE);
    assert!(grown.0 > 1_000 * least.0, "the reward inflates the share");
    let leave_one = Rao(grown.0 - 1);
    net.as_(ALICE)
        .remove_stake(netuid, ALICE_HOTKEY, leave_one)
        .expect("removed");

    let odd = Rao(3_333_333_333);
    net.stake(netuid, BOB, ALICE_HOTKEY, odd);
    let bob = net.stake_of(netuid, ALICE_HOTKEY, BOB);
    assert!(odd.0 - bob.0 <= 1, "Bob lost {} rao", odd.0 - bob.0);
    let mallory = net.stake_of(netuid, ALICE_HOTKEY, ALICE);
    assert!(mallory.0 <= 1, "Mallory won {} rao", mallory.0);
}

#[test]
fn first_staker_cannot_inflate_a_share_by_dividends() {
    let (mut net, netuid) = with_hotkey();
    let least = Rao(2_000_000);
    net.stake(netuid, ALICE, ALICE_HOTKEY, least);
    for _ in 0..3 {
        net.run_epoch(netuid);
    }
    // With one share worth thousands of TAO, Bob's deposit would buy a rounded-down number of
    // shares.
    let odd = Rao(2_999_999);
    net.stake(netuid, BOB, ALICE_HOTKEY, odd);
    let bob = net.stake_of(netuid, ALICE_HOTKEY, BOB);
    assert!(odd.0 - bob.0 <= 1, "Bob lost {} rao", odd.0 - bob.0);
}

#[test]
fn deposit_and_withdrawal_gain_nothing() {
    let (mut net, netuid) = with_hotkey();
    net.stake(netuid, ALICE, ALICE_HOTKEY, Rao(7_777_777));
    for _ in 0..2 {
        net.run_epoch(netuid);
    }
    let amount = Rao(1_234_567_891);
    net.stake(netuid, BOB, ALICE_HOTKEY, amount);
    let back = net
        .as_(BOB)
        .remove_all_stake(netuid, ALICE_HOTKEY)
        .expect("removed");
    assert!(back <= amount && amount.0 - back.0 <= 1, "{back:?}");
}
