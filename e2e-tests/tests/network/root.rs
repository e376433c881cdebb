//! Root stake: weight on every subnet, and dividends. Also stake of less than an epoch.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    staking::{Child, StakingError, ROOT_EPOCH, ROOT_STREAM},
    AccountId, Bps, NetUid, Rao,
};

const THOUSAND: Rao = Rao::from_tao(1_000);
/// The weight of a thousand TAO on root: 226 245 882 of 2^32 (subtensor-reference.md 1.4).
const WEIGHS: Rao = Rao(52_676_974_330);

/// Returns two subnets after a final epoch, each with Alice's hotkey, a validator with 100 TAO, and
/// two miners.
fn with_validator() -> (Network, [NetUid; 2]) {
    static PREPARED: Prepared<[NetUid; 2]> = Prepared::new(|net| {
        let nets = [0; 2].map(|_| net.create(Shape::default()));
        for netuid in nets {
            net.enrol(netuid, ALICE, ALICE_HOTKEY);
            net.stake(netuid, ALICE, ALICE_HOTKEY, Rao::from_tao(100));
            net.with_miners(netuid, 2);
        }
        for netuid in nets {
            net.run_epoch(netuid);
        }
        nets
    });
    PREPARED.network()
}

/// Closes and finalizes an epoch that pays the validator.
fn make_final(net: &mut Network, netuid: NetUid) {
    net.honest_weights(netuid);
    net.close(netuid);
    net.assert_epoch(netuid);
    net.finalize(netuid);
}

fn weight(net: &Network, netuid: NetUid, hotkey: AccountId) -> Rao {
    let epoch = net.status(netuid).expect("a status").open;
    net.stake_at(netuid, hotkey, epoch).expect("readable")
}

/// Returns the hotkey's pay as a validator in the last final epoch.
fn dividends(net: &Network, netuid: NetUid) -> u64 {
    net.metagraph(netuid, 0)[0].score.validator.0
}

#[test]
fn root_stake_has_weight_on_every_subnet() {
    let (mut net, nets) = with_validator();
    let before = nets.map(|netuid| weight(&net, netuid, ALICE_HOTKEY));
    net.stake(NetUid::ROOT, BOB, ALICE_HOTKEY, THOUSAND);
    assert_eq!(
        nets.map(|netuid| weight(&net, netuid, ALICE_HOTKEY)),
        before
    );
    let at = (net.block() / ROOT_EPOCH + 2) * ROOT_EPOCH;
    net.advance_to(at - 1);
    assert_eq!(
        nets.map(|netuid| weight(&net, netuid, ALICE_HOTKEY)),
        before
    );
    net.advance(1);
    for (netuid, before) in nets.into_iter().zip(before) {
        let now = weight(&net, netuid, ALICE_HOTKEY);
        assert_eq!(now, Rao(before.0 + WEIGHS.0));
    }
    assert_eq!(net.stake_of(NetUid::ROOT, ALICE_HOTKEY, BOB), THOUSAND);
    assert_eq!(net.hotkey_stake(NetUid::ROOT, ALICE_HOTKEY), THOUSAND);
    assert_eq!(net.subnet_stake(NetUid::ROOT), THOUSAND);
    let listed = net.positions(BOB, 0);
    assert_eq!(
        (listed[0].netuid, listed[0].stake),
        (NetUid::ROOT, THOUSAND)
    );
}

#[test]
fn root_stake_of_a_closed_epoch_is_that_of_its_close() {
    let (mut net, [one, two]) = with_validator();
    let at = |net: &Network, netuid| {
        let closed = net.status(netuid).expect("a status").open - 1;
        net.stake_at(netuid, ALICE_HOTKEY, closed).expect("kept")
    };
    let without = weight(&net, one, ALICE_HOTKEY);
    net.stake(NetUid::ROOT, BOB, ALICE_HOTKEY, THOUSAND);
    net.mature_root();
    let held = weight(&net, one, ALICE_HOTKEY);
    assert_eq!(held, Rao(without.0 + WEIGHS.0));
    net.close(one);
    // Stake added later, between other closes, and in the same block.
    net.stake(NetUid::ROOT, BOB, ALICE_HOTKEY, THOUSAND);
    net.run_epoch(two);
    assert_eq!(at(&net, one), held);
    for _ in 0..5 {
        net.as_(BOB)
            .remove_stake(NetUid::ROOT, ALICE_HOTKEY, Rao::from_tao(150))
            .expect("removed");
        net.run_epoch(two);
        assert_eq!(at(&net, one), held);
        net.advance(ROOT_EPOCH);
        assert_eq!(at(&net, one), held);
    }
    net.as_(BOB)
        .remove_all_stake(NetUid::ROOT, ALICE_HOTKEY)
        .expect("removed");
    net.mature_root();
    assert_eq!(at(&net, one), held);
    assert_eq!(weight(&net, one, ALICE_HOTKEY), without);
}

#[test]
fn root_stake_earns_its_share_of_the_dividends() {
    let (mut net, [netuid, _]) = with_validator();
    net.as_(ALICE)
        .set_take(ALICE_HOTKEY, Bps(1_000))
        .expect("lowered");
    net.stake(NetUid::ROOT, BOB, ALICE_HOTKEY, THOUSAND);
    // The take counts from the next epoch on.
    net.run_epoch(netuid);
    net.mature_root();
    let own = net.hotkey_stake(netuid, ALICE_HOTKEY);
    net.honest_weights(netuid);
    let epoch = net.run_epoch(netuid).header.epoch;
    let paid = dividends(&net, netuid);
    assert!(paid > 0);
    let rest = paid - paid / 10;
    // What the owner has collected since the epoch opened does not weigh in it.
    let weighed = net.stake_at(netuid, ALICE_HOTKEY, epoch).expect("kept");
    let due = u128::from(rest) * WEIGHS.to_u128() / weighed.to_u128();
    let due = u64::try_from(due).expect("small");
    let found = net.root_dividends(ALICE_HOTKEY);
    assert!(found.left.0.abs_diff(due) <= due >> 28, "{found:?}, {due}");
    assert_eq!(net.root_unclaimed(), found.left);
    // The subnet's stakers get the rest.
    let grown = net.hotkey_stake(netuid, ALICE_HOTKEY).0 - own.0;
    assert_eq!(grown, paid - found.left.0);
}

#[test]
fn claim_root_pays_block_by_block() {
    let (mut net, [netuid, _]) = with_validator();
    net.stake(NetUid::ROOT, BOB, ALICE_HOTKEY, THOUSAND);
    net.stake(NetUid::ROOT, CHARLIE, ALICE_HOTKEY, Rao::from_tao(3_000));
    assert_eq!(
        net.as_(BOB).claim_root(ALICE_HOTKEY),
        Err(StakingError::NothingToClaim)
    );
    net.mature_root();
    net.honest_weights(netuid);
    net.run_epoch(netuid);
    let all = net.root_dividends(ALICE_HOTKEY).left.0;
    assert!(all > 1_000_000);
    net.advance(ROOT_STREAM / 2);
    let claimed = net.as_(BOB).claim_root(ALICE_HOTKEY).expect("claimed");
    assert!(claimed.0.abs_diff(all / 8) <= 2, "{claimed:?} of {all}");
    assert_eq!(net.balance(BOB), claimed.to_u128());
    net.advance(ROOT_STREAM);
    let claimed = net.as_(BOB).claim_root(ALICE_HOTKEY).expect("claimed");
    assert!(claimed.0.abs_diff(all / 8) <= 2, "{claimed:?} of {all}");
    let others = net.root_claim(ALICE_HOTKEY, CHARLIE);
    assert!(others.0.abs_diff(all / 4 * 3) <= 4, "{others:?} of {all}");
    // The stake is unchanged.
    assert_eq!(net.stake_of(NetUid::ROOT, ALICE_HOTKEY, BOB), THOUSAND);
}

#[test]
fn root_stake_of_one_block_earns_one_blocks_part() {
    let (mut net, [netuid, _]) = with_validator();
    net.stake(NetUid::ROOT, BOB, ALICE_HOTKEY, THOUSAND);
    net.mature_root();
    make_final(&mut net, netuid);
    // A hundred times as much stake is added for one block.
    net.stake(NetUid::ROOT, CHARLIE, ALICE_HOTKEY, Rao::from_tao(100_000));
    net.settle(netuid);
    let all = net.root_dividends(ALICE_HOTKEY).left.0;
    assert!(all > 0);
    assert_eq!(net.root_claim(ALICE_HOTKEY, CHARLIE), Rao::ZERO);
    net.advance(1);
    let got = net
        .as_(CHARLIE)
        .remove_all_stake(NetUid::ROOT, ALICE_HOTKEY)
        .expect("removed");
    let earned = got.0 - Rao::from_tao(100_000).0;
    assert!(earned <= all / u64::from(ROOT_STREAM), "{earned} of {all}");
}

#[test]
fn root_stake_moves_to_subnets_and_back() {
    let (mut net, [netuid, _]) = with_validator();
    net.stake(NetUid::ROOT, BOB, ALICE_HOTKEY, THOUSAND);
    net.mature_root();
    net.honest_weights(netuid);
    net.run_epoch(netuid);
    net.advance(ROOT_STREAM);
    let half = Some(Rao::from_tao(500));
    net.as_(BOB)
        .move_stake(NetUid::ROOT, ALICE_HOTKEY, netuid, ALICE_HOTKEY, half)
        .expect("moved");
    net.as_(BOB)
        .transfer_stake(NetUid::ROOT, ALICE_HOTKEY, CHARLIE, half)
        .expect("given");
    assert_eq!(net.stake_of(NetUid::ROOT, ALICE_HOTKEY, BOB), Rao::ZERO);
    assert_eq!(
        net.stake_of(NetUid::ROOT, ALICE_HOTKEY, CHARLIE),
        Rao::from_tao(500)
    );
    // Its earned dividends stay claimable.
    let owed = net.root_claim(ALICE_HOTKEY, BOB);
    assert!(owed > Rao::ZERO);
    assert_eq!(net.root_claim(ALICE_HOTKEY, CHARLIE), Rao::ZERO);
    assert_eq!(net.as_(BOB).claim_root(ALICE_HOTKEY), Ok(owed));
    net.as_(BOB)
        .move_stake(netuid, ALICE_HOTKEY, NetUid::ROOT, ALICE_HOTKEY, None)
        .expect("moved back");
    let (got, left) = net.as_(BOB).unstake_all(1).expect("unstaked");
    assert_eq!((got, left), (Rao::from_tao(500), 0));
}

#[test]
fn last_root_stake_removed_takes_the_streaming_dividends() {
    let (mut net, [netuid, _]) = with_validator();
    net.stake(NetUid::ROOT, BOB, ALICE_HOTKEY, THOUSAND);
    net.mature_root();
    net.honest_weights(netuid);
    net.run_epoch(netuid);
    let left = net.root_dividends(ALICE_HOTKEY).left;
    assert!(left > Rao::ZERO);
    let got = net
        .as_(BOB)
        .remove_all_stake(NetUid::ROOT, ALICE_HOTKEY)
        .expect("removed");
    assert_eq!(got, Rao(THOUSAND.0 + left.0));
    assert_eq!(net.root_unclaimed(), Rao::ZERO);
}

#[test]
fn dividends_without_root_stake_go_to_the_subnets_stakers() {
    let (mut net, [netuid, _]) = with_validator();
    net.stake(NetUid::ROOT, BOB, ALICE_HOTKEY, THOUSAND);
    net.mature_root();
    make_final(&mut net, netuid);
    net.as_(BOB)
        .remove_all_stake(NetUid::ROOT, ALICE_HOTKEY)
        .expect("removed");
    let before = net.hotkey_stake(netuid, ALICE_HOTKEY).0;
    net.settle(netuid);
    let grown = net.hotkey_stake(netuid, ALICE_HOTKEY).0 - before;
    assert_eq!(grown, dividends(&net, netuid));
    assert_eq!(net.root_unclaimed(), Rao::ZERO);
}

#[test]
fn root_stake_counts_for_children_on_a_subnet() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    let kid = named("alice-child");
    for hotkey in [ALICE_HOTKEY, kid] {
        net.enrol(netuid, ALICE, hotkey);
    }
    net.stake(NetUid::ROOT, BOB, ALICE_HOTKEY, THOUSAND);
    let child = Child {
        proportion: u64::MAX,
        hotkey: kid,
    };
    net.as_(ALICE)
        .set_children(netuid, ALICE_HOTKEY, vec![child])
        .expect("set");
    // A subnet needs stake of its own for a share of emission.
    let ten = Rao::from_tao(10);
    net.stake(netuid, BOB, ALICE_HOTKEY, ten);
    net.with_miners(netuid, 2);
    net.mature_root();
    assert_eq!(weight(&net, netuid, kid), Rao(ten.0 + WEIGHS.0));
    assert_eq!(weight(&net, netuid, ALICE_HOTKEY), Rao::ZERO);
    // Root itself has no children.
    assert_eq!(
        net.as_(ALICE)
            .set_children(NetUid::ROOT, ALICE_HOTKEY, vec![child]),
        Err(StakingError::UnknownSubnet)
    );
    // The child's dividends go to the parent's root stake.
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.run_epoch(netuid);
    assert_eq!(net.root_dividends(ALICE_HOTKEY).left, Rao::ZERO);
    net.as_(STRANGER)
        .hand_on(netuid, kid, vec![ALICE_HOTKEY])
        .expect("handed on");
    assert!(net.root_dividends(ALICE_HOTKEY).left > Rao::ZERO);
}

#[test]
fn root_stake_on_a_hotkey_that_never_registered_is_refused() {
    let (mut net, _) = with_validator();
    let staking = net.addresses().staking;
    net.provide(BOB, staking, THOUSAND);
    net.refuses(
        BOB,
        |it| it.add_stake(NetUid::ROOT, named("unregistered"), THOUSAND),
        StakingError::UnknownHotkey,
    );
}

/// Stake of less than an epoch has weight in no epoch, not even in an open one.
#[test]
fn stake_of_less_than_an_epoch_has_no_weight() {
    let (mut net, [netuid, _]) = with_validator();
    for place in [netuid, NetUid::ROOT] {
        let before = weight(&net, netuid, ALICE_HOTKEY);
        let open = net.status(netuid).expect("a status").open;
        net.stake(place, BOB, ALICE_HOTKEY, THOUSAND);
        assert_eq!(weight(&net, netuid, ALICE_HOTKEY), before);
        net.as_(BOB)
            .remove_all_stake(place, ALICE_HOTKEY)
            .expect("removed");
        net.close(netuid);
        assert_eq!(net.stake_at(netuid, ALICE_HOTKEY, open), Ok(before));
        // Stake added after the close has no weight in the closed epoch.
        net.stake(place, BOB, ALICE_HOTKEY, THOUSAND);
        assert_eq!(net.stake_at(netuid, ALICE_HOTKEY, open), Ok(before));
        net.assert_epoch(netuid);
        net.finalize(netuid);
        net.settle(netuid);
        net.as_(BOB)
            .remove_all_stake(place, ALICE_HOTKEY)
            .expect("removed");
    }
}

/// Stake added for the pay of the epoch before, and removed after it, gains nothing.
#[test]
fn stake_added_for_the_pay_gains_nothing() {
    let (mut net, [netuid, _]) = with_validator();
    make_final(&mut net, netuid);
    let own = net.stake_of(netuid, ALICE_HOTKEY, ALICE);
    let much = Rao::from_tao(100_000);
    net.stake(netuid, BOB, ALICE_HOTKEY, much);
    net.settle(netuid);
    let paid = dividends(&net, netuid);
    assert!(paid > 0);
    let got = net
        .as_(BOB)
        .remove_all_stake(netuid, ALICE_HOTKEY)
        .expect("removed");
    assert_eq!(got, much);
    let grown = net.stake_of(netuid, ALICE_HOTKEY, ALICE).0 - own.0;
    assert_eq!(grown, paid);
}

/// Stake shares in the pay of the epochs that it was there for from their opening to their close.
#[test]
fn stake_earns_from_the_epoch_after_it_came() {
    let (mut net, [netuid, _]) = with_validator();
    net.as_(ALICE)
        .set_take(ALICE_HOTKEY, Bps(0))
        .expect("lowered");
    net.honest_weights(netuid);
    let same = net.hotkey_stake(netuid, ALICE_HOTKEY);
    net.stake(netuid, BOB, ALICE_HOTKEY, same);
    net.run_epoch(netuid);
    assert_eq!(net.stake_of(netuid, ALICE_HOTKEY, BOB), same);
    // The take of the epoch before is a deposit of the open one.
    let take: u64 = net
        .positions(ALICE, 0)
        .iter()
        .filter(|it| it.netuid == netuid)
        .map(|it| it.pending.0)
        .sum();
    let others = net.hotkey_stake(netuid, ALICE_HOTKEY).0 - same.0 - take;
    net.honest_weights(netuid);
    net.run_epoch(netuid);
    let paid = dividends(&net, netuid);
    let grown = net.stake_of(netuid, ALICE_HOTKEY, BOB).0 - same.0;
    let share = u128::from(paid) * same.to_u128() / u128::from(same.0 + others);
    assert!(u128::from(grown).abs_diff(share) <= 2, "{grown} of {paid}");
}
