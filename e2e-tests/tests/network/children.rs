//! Child hotkeys: delegated weight, and the dividends that it earns.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    staking::{Child, StakingError, CHILDREN_INTERVAL, CHILD_COOLDOWN},
    AccountId, Bps, NetUid, Rao,
};

const HALF: u64 = u64::MAX / 2;

fn child(hotkey: AccountId, proportion: u64) -> Child {
    Child { proportion, hotkey }
}

/// Returns a subnet after its first epoch. `ALICE` owns a hotkey with 100 TAO and a second one, and
/// `BOB` a third.
fn with_parent_and_child() -> (Network, NetUid) {
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

/// Returns the weight of a hotkey in the open epoch.
fn weight(net: &Network, netuid: NetUid, hotkey: AccountId) -> Rao {
    let epoch = net.status(netuid).expect("a status").open;
    net.stake_at(netuid, hotkey, epoch).expect("readable")
}

/// Waits for the cooldown and opens the next epoch.
fn pass_cooldown(net: &mut Network, netuid: NetUid) {
    net.advance(CHILD_COOLDOWN + 1);
    net.run_epoch(netuid);
}

#[test]
fn children_have_weight_from_the_first_epoch_after_the_cooldown() {
    let (mut net, netuid) = with_parent_and_child();
    let kid = named("alice-child");
    // A take would be stake that does not weigh yet.
    net.as_(ALICE)
        .set_take(ALICE_HOTKEY, Bps(0))
        .expect("lowered");
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
    pass_cooldown(&mut net, netuid);
    // The epoch that was open during the cooldown has the old weights.
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
    assert!(both <= now.0 && now.0 - both <= 1, "the sum is unchanged");
    // The stake stays on the parent and can be removed.
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
    let (mut net, netuid) = with_parent_and_child();
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
        (
            vec![child(named("unregistered"), 1)],
            StakingError::UnknownHotkey,
        ),
        (
            vec![child(BOB_HOTKEY, 1)],
            StakingError::NotAccepted(BOB_HOTKEY),
        ),
    ] {
        net.refuses(
            ALICE,
            |it| it.set_children(netuid, ALICE_HOTKEY, list),
            refused,
        );
    }
    net.refuses(
        BOB,
        |it| it.set_children(netuid, ALICE_HOTKEY, vec![]),
        StakingError::NotHotkeyOwner,
    );
    for unknown in [NetUid(0), NetUid(9)] {
        net.refuses(
            ALICE,
            |it| it.set_children(unknown, ALICE_HOTKEY, vec![]),
            StakingError::UnknownSubnet,
        );
    }
}

#[test]
fn set_children_again_too_soon_is_refused() {
    let (mut net, netuid) = with_parent_and_child();
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
fn set_children_in_a_cycle_is_refused() {
    let (mut net, netuid) = with_parent_and_child();
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
fn allow_parent_is_needed_first_and_can_be_withdrawn() {
    let (mut net, netuid) = with_parent_and_child();
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
    // The list that does not count yet is dropped at both ends.
    net.as_(BOB)
        .allow_parent(netuid, BOB_HOTKEY, ALICE_HOTKEY, false)
        .expect("ended");
    assert_eq!(net.parents(netuid, BOB_HOTKEY), []);
    assert_eq!(net.children(netuid, ALICE_HOTKEY).pending, None);
    net.advance(CHILDREN_INTERVAL);
    let again = vec![child(BOB_HOTKEY, HALF)];
    net.refuses(
        ALICE,
        |it| it.set_children(netuid, ALICE_HOTKEY, again),
        StakingError::NotAccepted(BOB_HOTKEY),
    );
}

/// Bob's hotkey validates with Alice's stake only, keeps its take, and passes on the rest.
#[test]
fn dividends_of_a_child_go_to_its_parent_less_the_take() {
    let (mut net, netuid) = with_parent_and_child();
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
    pass_cooldown(&mut net, netuid);
    // Bob's hotkey gets a permit in its first epoch with weight, and pay in the next.
    net.run_epoch(netuid);
    let bob = net.seat(netuid, BOB_HOTKEY).expect("a seat").uid;
    assert!(net.roster(netuid).contains(&bob));
    net.honest_weights(netuid);
    // What earlier epochs have made due is handed on before.
    net.as_(CHARLIE)
        .hand_on(netuid, BOB_HOTKEY, vec![ALICE_HOTKEY])
        .expect("handed on");
    let before = net.hotkey_stake(netuid, ALICE_HOTKEY);
    let had = net.hotkey_stake(netuid, BOB_HOTKEY);
    let computed = net.run_epoch(netuid);
    let paid = computed.trace.results[0][usize::from(bob.0)].validator;
    assert!(paid > Rao::ZERO);
    // The parent has no weight left, but earns as a miner.
    let own = computed.trace.results[0][0];
    assert_eq!(own.validator, Rao::ZERO);
    let due = net.parents(netuid, BOB_HOTKEY)[0].due;
    assert_eq!(net.dues(), due);
    let fee = net
        .as_(STRANGER)
        .hand_on(netuid, BOB_HOTKEY, vec![ALICE_HOTKEY])
        .expect("handed on");
    assert_eq!(
        (net.balance(STRANGER), net.dues()),
        (fee.to_u128(), Rao::ZERO)
    );
    assert!(due.0 / 400 - fee.0 <= 2, "{fee:?} of {due:?}");
    let got = net.hotkey_stake(netuid, ALICE_HOTKEY).0 - before.0 - own.miner.0;
    assert_eq!(got + fee.0, due.0);
    let kept = net.hotkey_stake(netuid, BOB_HOTKEY).0 - had.0;
    assert_eq!(due.0 + kept, paid.0, "every rao is paid");
    net.refuses(
        STRANGER,
        |it| it.hand_on(netuid, BOB_HOTKEY, vec![ALICE_HOTKEY]),
        StakingError::NothingDue,
    );
    // The take, and a little for its own earlier earnings, which have weight too.
    let tenth = paid.0 / 10;
    assert!(
        tenth <= kept && kept < tenth + tenth / 10,
        "{kept} of {paid:?}"
    );
}

#[test]
fn set_child_take_is_bounded_and_raised_slowly() {
    let (mut net, netuid) = with_parent_and_child();
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
