//! Proposing and finalizing assertions, and the collateral behind them.

use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    assertion::Assertion,
    epoch::{Collateral, EpochError, PostedAssertion, Stage},
    AccountId, NetUid, Rao, Uid,
};

/// Returns a network whose subnet of two validators and three miners has closed its first epoch.
fn with_closed_epoch() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = net.create(Shape::default());
        net.with_validators(netuid, 2).with_miners(netuid, 3);
        net.close(netuid);
        netuid
    });
    PREPARED.network()
}

/// Returns the same network with its first epoch asserted.
fn with_asserted_epoch() -> (Network, NetUid, Assertion) {
    static PREPARED: Prepared<(NetUid, Assertion)> = Prepared::new(|net| {
        let netuid = net.create(Shape::default());
        net.with_validators(netuid, 2).with_miners(netuid, 3);
        net.close(netuid);
        let computed = net.assert_epoch(netuid);
        (netuid, computed.assertion)
    });
    let (net, (netuid, assertion)) = PREPARED.network();
    (net, netuid, assertion)
}

fn collateral_of(net: &Network) -> Rao {
    net.rules().collateral
}

/// A name, and a change that makes an assertion misshapen.
type Change = (&'static str, fn(&mut Assertion));

/// Deposits the collateral of one assertion for `who`.
fn give_collateral(net: &mut Network, who: AccountId) {
    let collateral = collateral_of(net);
    net.give_collateral(who, collateral);
}

#[test]
fn propose_locks_the_collateral() {
    let (mut net, netuid) = with_closed_epoch();
    let assertion = net.compute(netuid).assertion;
    give_collateral(&mut net, ALICE);
    assert_eq!(net.as_(ALICE).propose(netuid, &assertion), Ok(()));
    let collateral = collateral_of(&net);
    assert_eq!(
        net.collateral(ALICE),
        Collateral {
            free: Rao::ZERO,
            locked: collateral
        }
    );
    let deadline = net.block() + net.rules().challenge_period;
    assert_eq!(
        net.status(netuid).expect("a status").stage,
        Stage::Asserted(vec![PostedAssertion {
            assertion: assertion.digest(),
            proposer: ALICE,
            collateral,
            deadline
        }])
    );
}

#[test]
fn propose_without_collateral_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    let assertion = net.compute(netuid).assertion;
    let collateral = collateral_of(&net);
    let epoch = net.addresses().epoch;
    net.provide(ALICE, epoch, collateral);
    let almost = Rao(collateral.0 - 1);
    net.as_(ALICE)
        .deposit_collateral(almost)
        .expect("deposited");
    for who in [ALICE, STRANGER] {
        net.refuses(
            who,
            |it| it.propose(netuid, &assertion),
            EpochError::CollateralTooSmall(collateral),
        );
    }
}

#[test]
fn propose_with_nothing_closed_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    let assertion = net.compute(netuid).assertion;
    let second = net.create(Shape::default());
    net.with_miners(second, 1);
    give_collateral(&mut net, ALICE);
    net.refuses(
        ALICE,
        |it| it.propose(second, &assertion),
        EpochError::NothingClosed,
    );
}

#[test]
fn propose_of_the_same_assertion_is_refused() {
    let (mut net, netuid, assertion) = with_asserted_epoch();
    give_collateral(&mut net, ALICE);
    net.refuses(
        ALICE,
        |it| it.propose(netuid, &assertion),
        EpochError::AlreadyAsserted,
    );
}

#[test]
fn propose_for_another_epoch_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    give_collateral(&mut net, ALICE);
    let mut assertion = net.compute(netuid).assertion;
    assertion.header_hash[0] ^= 1;
    net.refuses(
        ALICE,
        |it| it.propose(netuid, &assertion),
        EpochError::HeaderMismatch,
    );
}

#[test]
fn propose_of_bad_shape_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    give_collateral(&mut net, ALICE);
    let honest = net.compute(netuid).assertion;
    let changes: [Change; 9] = [
        ("one step less", |it| {
            it.steps.pop();
        }),
        ("one step more", |it| it.steps.push([1; 32])),
        ("no memory", |it| it.memory.clear()),
        ("one memory more", |it| it.memory.push([1; 32])),
        ("no results", |it| it.results.clear()),
        ("more results", |it| it.results.push([1; 32])),
        ("a descending roster", |it| it.roster = vec![Uid(1), Uid(0)]),
        ("a uid twice", |it| it.roster = vec![Uid(1), Uid(1)]),
        ("an untaken uid", |it| it.roster = vec![Uid(0), Uid(5)]),
    ];
    for (_, change) in changes {
        let mut assertion = honest.clone();
        change(&mut assertion);
        net.refuses(
            ALICE,
            |it| it.propose(netuid, &assertion),
            EpochError::BadShape,
        );
    }
}

#[test]
fn propose_of_more_permits_than_there_are_is_refused() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        permits: 1,
        ..Shape::default()
    });
    net.with_miners(netuid, 4);
    net.close(netuid);
    give_collateral(&mut net, ALICE);
    let mut assertion = net.compute(netuid).assertion;
    // One permit, and one seat kept for the subnet's owner.
    assertion.roster = vec![Uid(0), Uid(1), Uid(2)];
    net.refuses(
        ALICE,
        |it| it.propose(netuid, &assertion),
        EpochError::BadShape,
    );
}

#[test]
fn finalize_before_the_deadline_is_refused() {
    let (mut net, netuid, assertion) = with_asserted_epoch();
    let deadline = net.block() + net.rules().challenge_period;
    net.advance_to(deadline - 1);
    net.refuses(
        KEEPER,
        |it| it.finalize(netuid, &assertion),
        EpochError::ChallengePeriod(deadline),
    );
}

#[test]
fn finalize_from_the_deadline_on_succeeds() {
    let (mut net, netuid, assertion) = with_asserted_epoch();
    let deadline = net.block() + net.rules().challenge_period;
    net.advance_to(deadline);
    assert_eq!(net.as_(STRANGER).finalize(netuid, &assertion), Ok(()));
    let status = net.status(netuid).expect("a status");
    assert_eq!((status.stage, status.final_epoch), (Stage::Open, Some(0)));
    assert_eq!(net.roster(netuid), assertion.roster);
    let unpublished = vec![None; assertion.memory.len()];
    assert_eq!(net.memory_hashes(netuid), unpublished);
    net.settle(netuid);
    let published: Vec<_> = assertion.memory.iter().copied().map(Some).collect();
    assert_eq!(net.memory_hashes(netuid), published);
}

#[test]
fn finalize_frees_the_collateral() {
    let (mut net, netuid, _) = with_asserted_epoch();
    let collateral = collateral_of(&net);
    let free = net.collateral(WORKER).free;
    net.finalize(netuid);
    assert_eq!(
        net.collateral(WORKER),
        Collateral {
            free: Rao(free.0 + collateral.0),
            locked: Rao::ZERO
        }
    );
}

#[test]
fn finalize_of_another_assertion_is_refused() {
    let (mut net, netuid, mut assertion) = with_asserted_epoch();
    net.advance(net.rules().challenge_period);
    assertion.results[0][0] ^= 1;
    net.refuses(
        KEEPER,
        |it| it.finalize(netuid, &assertion),
        EpochError::AssertionMismatch,
    );
}

#[test]
fn finalize_of_another_subnets_assertion_is_refused() {
    let (mut net, netuid, _) = with_asserted_epoch();
    let second = net.create(Shape::default());
    net.with_miners(second, 2);
    net.close(second);
    let other = net.assert_epoch(second).assertion;
    net.advance(net.rules().challenge_period);
    net.refuses(
        KEEPER,
        |it| it.finalize(netuid, &other),
        EpochError::AssertionMismatch,
    );
}

#[test]
fn propose_on_two_subnets_locks_two_collaterals() {
    let (mut net, first, _) = with_asserted_epoch();
    let second = net.create(Shape::default());
    net.with_miners(second, 2);
    net.close(second);
    net.assert_epoch(second);
    let collateral = collateral_of(&net);
    assert_eq!(net.collateral(WORKER).locked, Rao(2 * collateral.0));
    net.finalize(first);
    assert_eq!(
        net.collateral(WORKER),
        Collateral {
            free: collateral,
            locked: collateral
        }
    );
}

#[test]
fn finalize_with_nothing_asserted_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    let assertion = net.compute(netuid).assertion;
    net.advance(net.rules().challenge_period);
    net.refuses(
        KEEPER,
        |it| it.finalize(netuid, &assertion),
        EpochError::NotAsserted,
    );
}

#[test]
fn finalize_twice_is_refused() {
    let (mut net, netuid, assertion) = with_asserted_epoch();
    net.finalize(netuid);
    net.refuses(
        KEEPER,
        |it| it.finalize(netuid, &assertion),
        EpochError::NotAsserted,
    );
}

#[test]
fn deposit_and_withdrawal_move_collateral() {
    let mut net = Network::deploy();
    give_collateral(&mut net, ALICE);
    let collateral = collateral_of(&net);
    assert_eq!(net.total_collateral(), collateral);
    assert_eq!(net.as_(ALICE).withdraw_collateral(collateral), Ok(()));
    assert_eq!(net.collateral(ALICE), Collateral::default());
    assert_eq!(net.balance(ALICE), collateral.to_u128());
    assert_eq!(net.total_collateral(), Rao::ZERO);
}

#[test]
fn deposit_without_payment_is_refused() {
    let mut net = Network::deploy();
    let collateral = collateral_of(&net);
    net.fund(ALICE, collateral);
    net.refuses(
        ALICE,
        |it| it.deposit_collateral(collateral),
        EpochError::Payment(collateral),
    );
}

#[test]
fn withdrawal_of_locked_collateral_is_refused() {
    let (mut net, netuid) = with_closed_epoch();
    let assertion = net.compute(netuid).assertion;
    give_collateral(&mut net, ALICE);
    net.as_(ALICE).propose(netuid, &assertion).expect("posted");
    let collateral = collateral_of(&net);
    net.refuses(
        ALICE,
        |it| it.withdraw_collateral(collateral),
        EpochError::CollateralTooSmall(collateral),
    );
}
