//! Votes of coldkeys: stake as of the ends of root epochs.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    staking::{Proxy, StakingError, Standing, ROOT_EPOCH, VOTE_EPOCHS_KEPT},
    AccountId, NetUid, Rao,
};

const TEN: Rao = Rao::from_tao(10);

/// Returns two subnets with Alice's and Bob's hotkeys, and ten TAO of Charlie on Alice's.
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

/// Waits for the end of the root epoch. Returns its number.
fn end_root_epoch(net: &mut Network) -> u32 {
    let epoch = net.block() / ROOT_EPOCH;
    net.advance_to((epoch + 1) * ROOT_EPOCH);
    epoch
}

fn standing(net: &Network, who: AccountId, epoch: u32) -> Standing {
    net.standings(vec![who], epoch).expect("kept").0[0]
}

#[test]
fn stake_votes_after_a_whole_root_epoch_wherever_it_is() {
    let (mut net, one, two) = with_stake();
    let first = end_root_epoch(&mut net);
    assert_eq!(standing(&net, CHARLIE, first).own, Rao::ZERO);
    // A move within the root epoch changes no vote.
    net.as_(CHARLIE)
        .move_stake(one, ALICE_HOTKEY, two, BOB_HOTKEY, Some(Rao::from_tao(4)))
        .expect("moved");
    net.as_(CHARLIE)
        .move_stake(one, ALICE_HOTKEY, NetUid::ROOT, ALICE_HOTKEY, None)
        .expect("moved");
    let second = end_root_epoch(&mut net);
    let found = standing(&net, CHARLIE, second);
    assert_eq!((found.own, found.own_now), (TEN, TEN));
    assert_eq!(net.standings(vec![], second), Ok((vec![], TEN)));
    let open = second + 1;
    assert_eq!(
        net.standings(vec![CHARLIE], open),
        Err(StakingError::NotEnded(open))
    );
    // What leaves later shows in the present stake alone.
    net.as_(CHARLIE).unstake_all(64).expect("unstaked");
    let found = standing(&net, CHARLIE, second);
    assert_eq!((found.own, found.own_now), (TEN, Rao::ZERO));
    net.advance((VOTE_EPOCHS_KEPT + 2) * ROOT_EPOCH);
    assert_eq!(standing(&net, CHARLIE, second).own, TEN);
}

#[test]
fn stake_of_one_block_has_no_vote() {
    let (mut net, one, _) = with_stake();
    let much = Rao::from_tao(100_000);
    let epoch = net.block() / ROOT_EPOCH;
    net.advance_to((epoch + 1) * ROOT_EPOCH - 1);
    net.stake(one, BOB, ALICE_HOTKEY, much);
    net.advance(1);
    net.as_(BOB)
        .remove_all_stake(one, ALICE_HOTKEY)
        .expect("removed");
    end_root_epoch(&mut net);
    for epoch in [epoch, epoch + 1] {
        assert_eq!(standing(&net, BOB, epoch).own, Rao::ZERO);
    }
}

#[test]
fn proxy_votes_with_the_stake_of_others() {
    let (mut net, one, _) = with_stake();
    net.stake(one, BOB, BOB_HOTKEY, Rao::from_tao(3));
    for who in [CHARLIE, BOB] {
        let proxy = Proxy::Account(STRANGER);
        net.as_(who).set_proxy(proxy).expect("set");
    }
    net.refuses(
        BOB,
        |it| it.set_proxy(Proxy::Account(BOB)),
        StakingError::SelfProxy,
    );
    end_root_epoch(&mut net);
    net.as_(BOB).set_proxy(Proxy::Aside).expect("set");
    let epoch = end_root_epoch(&mut net);
    assert_eq!(standing(&net, STRANGER, epoch).others, TEN);
    let bob = standing(&net, BOB, epoch);
    assert_eq!((bob.own, bob.proxy), (Rao::from_tao(3), Proxy::Aside));
    assert_eq!(net.standings(vec![], epoch), Ok((vec![], TEN)));
}

/// Pay changes votes when it is counted. A transfer moves votes.
#[test]
fn pay_is_counted_when_asked_for() {
    let (mut net, one, _) = with_stake();
    for _ in 0..2 {
        net.run_epoch(one);
    }
    let stake = net.stake_of(one, ALICE_HOTKEY, CHARLIE);
    assert!(stake > TEN, "{stake}");
    let epoch = end_root_epoch(&mut net);
    assert_eq!(standing(&net, CHARLIE, epoch).own_now, TEN);
    let grown = Rao(stake.0 - TEN.0);
    let counted = net.as_(STRANGER).count_vote(one, ALICE_HOTKEY, CHARLIE);
    assert_eq!(counted, Ok(grown));
    assert_eq!(standing(&net, CHARLIE, epoch).own_now, stake);
    let again = net.as_(STRANGER).count_vote(one, ALICE_HOTKEY, CHARLIE);
    assert_eq!(again, Ok(Rao::ZERO));
    // Half of it goes to Bob, whose vote it is after a root epoch.
    let half = Rao(stake.0 / 2);
    net.as_(CHARLIE)
        .transfer_stake(one, ALICE_HOTKEY, BOB, Some(half))
        .expect("given");
    let epoch = end_root_epoch(&mut net);
    let after = end_root_epoch(&mut net);
    let bob = [epoch, after].map(|epoch| standing(&net, BOB, epoch).own.0);
    assert_eq!(bob[0], 0);
    assert!(bob[1].abs_diff(half.0) <= 1, "{bob:?}");
}
