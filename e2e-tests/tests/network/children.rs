//! Child hotkeys: parts of a hotkey's stake that weigh for others, and what they earn by it.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    staking::{Child, StakingError, CHILDREN_INTERVAL, CHILD_COOLDOWN},
    AccountId, Bps, NetUid, Rao,
};

const HALF: u64 = u64::MAX / 2;

fn child(hotkey: AccountId, proportion: u64) -> Child {
    Child { proportion, hotkey }
}

/// A subnet that has closed an epoch, where `ALICE` owns a hotkey with 100 TAO and a second one,
/// and `BOB` a third.
fn family() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = net.create(Shape::default());
        net.enrol(netuid, ALICE, ALICE_HOTKEY);
        net.enrol(netuid, ALICE, named("alice-child"));
        net.enrol(netuid, BOB, BOB_HOTKEY);
        net.stake(netuid, ALICE, ALICE_HOTKEY, Rao::from_tao(100));
        net.run_epoch(netuid);
        netuid
    });
    PREPARED.network()
}

/// What weighs for a hotkey in the open epoch.
fn weight(net: &Network, netuid: NetUid, hotkey: AccountId) -> Rao {
    let epoch = net.status(netuid).expect("a status").open;
    net.stake_at(netuid, hotkey, epoch).expect("readable")
}

/// Lets the cooldown pass and the next epoch open.
fn grow_up(net: &mut Network, netuid: NetUid) {
    net.advance(CHILD_COOLDOWN + 1);
    net.run_epoch(netuid);
}

#[test]
fn children_weigh_from_the_first_epoch_after_the_cooldown() {
    let (mut net, netuid) = family();
    let kid = named("alice-child");
    net.as_(ALICE)
        .set_children(netuid, ALICE_HOTKEY, vec![child(kid, HALF)])
        .expect("set");
    let after = net.block() + CHILD_COOLDOWN;
    let view = net.children(netuid, ALICE_HOTKEY);
    assert_eq!(view.children, []);
    assert_eq!(view.pending.expect("pending").after, after);
    net.run_epoch(netuid);
    assert_eq!(weight(&net, netuid, kid), Rao::ZERO);
    let epoch = net.status(netuid).unwrap().open;
    grow_up(&mut net, netuid);
    // The epoch that was open during the cooldown reads as it did.
    assert_eq!(net.stake_at(netuid, kid, epoch), Ok(Rao::ZERO));
    let open = net.status(netuid).unwrap().open;
    assert_eq!(open, epoch + 1);
    let given = weight(&net, netuid, kid);
    let now = net.hotkey_stake(netuid, ALICE_HOTKEY);
    // A half is a little less in 32 bits.
    let half = now.0 / 2;
    assert!(
        given.0 <= half && half - given.0 <= now.0 >> 31,
        "{given:?}"
    );
    let both = weight(&net, netuid, ALICE_HOTKEY).0 + given.0;
    assert!(
        both <= now.0 && now.0 - both <= 1,
        "nothing is made or lost"
    );
    // Stake is where it was: it weighs elsewhere, and can be taken back.
    assert_eq!(net.hotkey_stake(netuid, kid), Rao::ZERO);
    assert_eq!(
        net.children(netuid, ALICE_HOTKEY).children,
        [child(kid, HALF)]
    );
    assert_eq!(net.parents(netuid, kid)[0].proportion, HALF);
}

#[test]
fn children_of_a_subnet_that_never_closed_count_at_once() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    let kid = named("alice-child");
    for hotkey in [ALICE_HOTKEY, kid] {
        net.enrol(netuid, ALICE, hotkey);
    }
    net.stake(netuid, ALICE, ALICE_HOTKEY, Rao::from_tao(100));
    net.as_(ALICE)
        .set_children(netuid, ALICE_HOTKEY, vec![child(kid, u64::MAX)])
        .expect("set");
    assert_eq!(weight(&net, netuid, kid), Rao::from_tao(100));
    assert_eq!(weight(&net, netuid, ALICE_HOTKEY), Rao::ZERO);
}

#[test]
fn set_children_of_a_bad_list_is_refused() {
    let (mut net, netuid) = family();
    let before = net.snapshot();
    let kid = named("alice-child");
    let many: Vec<Child> = (0..6).map(|i| child(nth("kid", i), 1)).collect();
    for (list, refused) in [
        (many, StakingError::TooManyChildren(5)),
        (
            vec![child(ALICE_HOTKEY, 1)],
            StakingError::BadChild(ALICE_HOTKEY),
        ),
        (
            vec![child(kid, u64::MAX), child(BOB_HOTKEY, 1)],
            StakingError::TooMuchGiven,
        ),
        (vec![child(named("nobody"), 1)], StakingError::UnknownHotkey),
        (
            vec![child(BOB_HOTKEY, 1)],
            StakingError::NotAccepted(BOB_HOTKEY),
        ),
    ] {
        assert_eq!(
            net.as_(ALICE).set_children(netuid, ALICE_HOTKEY, list),
            Err(refused)
        );
    }
    assert_eq!(
        net.as_(BOB).set_children(netuid, ALICE_HOTKEY, vec![]),
        Err(StakingError::NotHotkeyOwner)
    );
    for unknown in [NetUid(0), NetUid(9)] {
        assert_eq!(
            net.as_(ALICE).set_children(unknown, ALICE_HOTKEY, vec![]),
            Err(StakingError::UnknownSubnet)
        );
    }
    assert_eq!(net.snapshot(), before);
}

#[test]
fn set_children_again_too_soon_is_refused() {
    let (mut net, netuid) = family();
    let list = vec![child(named("alice-child"), 1)];
    net.as_(ALICE)
        .set_children(netuid, ALICE_HOTKEY, list)
        .expect("set");
    let again = net.block() + CHILDREN_INTERVAL;
    assert_eq!(
        net.as_(ALICE).set_children(netuid, ALICE_HOTKEY, vec![]),
        Err(StakingError::ChildrenTooSoon(again))
    );
    net.advance(CHILDREN_INTERVAL);
    net.as_(ALICE)
        .set_children(netuid, ALICE_HOTKEY, vec![])
        .expect("set");
}

#[test]
fn a_cycle_is_refused() {
    let (mut net, netuid) = family();
    let kid = named("alice-child");
    net.as_(ALICE)
        .set_children(netuid, ALICE_HOTKEY, vec![child(kid, 1)])
        .expect("set");
    assert_eq!(
        net.as_(ALICE)
            .set_children(netuid, kid, vec![child(ALICE_HOTKEY, 1)]),
        Err(StakingError::Cycle(ALICE_HOTKEY))
    );
}

#[test]
fn a_foreign_child_accepts_first_and_ends_it_only_after_the_parent() {
    let (mut net, netuid) = family();
    assert_eq!(
        net.as_(ALICE)
            .allow_parent(netuid, BOB_HOTKEY, ALICE_HOTKEY, true),
        Err(StakingError::NotHotkeyOwner)
    );
    net.as_(BOB)
        .allow_parent(netuid, BOB_HOTKEY, ALICE_HOTKEY, true)
        .expect("accepted");
    assert_eq!(net.parents(netuid, BOB_HOTKEY)[0].proportion, 0);
    net.as_(ALICE)
        .set_children(netuid, ALICE_HOTKEY, vec![child(BOB_HOTKEY, HALF)])
        .expect("set");
    assert_eq!(
        net.as_(BOB)
            .allow_parent(netuid, BOB_HOTKEY, ALICE_HOTKEY, false),
        Err(StakingError::StillParent)
    );
    net.advance(CHILDREN_INTERVAL);
    net.as_(ALICE)
        .set_children(netuid, ALICE_HOTKEY, vec![])
        .expect("set");
    net.as_(BOB)
        .allow_parent(netuid, BOB_HOTKEY, ALICE_HOTKEY, false)
        .expect("ended");
    assert_eq!(net.parents(netuid, BOB_HOTKEY), []);
}

/// Bob's hotkey validates with Alice's stake alone, keeps its take, and hands on the rest.
#[test]
fn dividends_of_a_child_go_to_its_parent_but_for_its_take() {
    let (mut net, netuid) = family();
    net.with_miners(netuid, 2);
    net.as_(BOB)
        .allow_parent(netuid, BOB_HOTKEY, ALICE_HOTKEY, true)
        .expect("accepted");
    net.as_(BOB)
        .set_child_take(netuid, BOB_HOTKEY, Bps(1_000))
        .expect("set");
    net.as_(ALICE)
        .set_children(netuid, ALICE_HOTKEY, vec![child(BOB_HOTKEY, u64::MAX)])
        .expect("set");
    grow_up(&mut net, netuid);
    // The epoch in which Bob's hotkey first weighs gives it a permit, the next one pays it.
    net.run_epoch(netuid);
    let bob = net.seat(netuid, BOB_HOTKEY).expect("a seat").uid;
    assert!(net.roster(netuid).contains(&bob));
    net.honest_weights(netuid);
    let before = net.hotkey_stake(netuid, ALICE_HOTKEY);
    let had = net.hotkey_stake(netuid, BOB_HOTKEY);
    let computed = net.run_epoch(netuid);
    let paid = computed.trace.results[0][usize::from(bob.0)].validator;
    assert!(paid > Rao::ZERO);
    // The parent's own part: it has no weight left, but it is a miner too.
    let own = computed.trace.results[0][0];
    assert_eq!(own.validator, Rao::ZERO);
    let got = net.hotkey_stake(netuid, ALICE_HOTKEY).0 - before.0 - own.miner.0;
    let kept = net.hotkey_stake(netuid, BOB_HOTKEY).0 - had.0;
    assert_eq!(got + kept, paid.0, "every rao lands");
    // Its take, and a little for what it has earned and kept before, which weighs too.
    let tenth = paid.0 / 10;
    assert!(
        tenth <= kept && kept < tenth + tenth / 10,
        "{kept} of {paid:?}"
    );
}

#[test]
fn set_child_take_is_bounded_and_raised_slowly() {
    let (mut net, netuid) = family();
    assert_eq!(
        net.as_(ALICE).set_child_take(netuid, BOB_HOTKEY, Bps(1)),
        Err(StakingError::NotHotkeyOwner)
    );
    assert_eq!(
        net.as_(BOB).set_child_take(netuid, BOB_HOTKEY, Bps(1_801)),
        Err(StakingError::TakeAbove(Bps(1_800)))
    );
    net.as_(BOB)
        .set_child_take(netuid, BOB_HOTKEY, Bps(5))
        .expect("set");
    assert_eq!(net.child_take(netuid, BOB_HOTKEY).take, Bps(5));
    assert!(matches!(
        net.as_(BOB).set_child_take(netuid, BOB_HOTKEY, Bps(6)),
        Err(StakingError::TakeTooSoon(_))
    ));
}
