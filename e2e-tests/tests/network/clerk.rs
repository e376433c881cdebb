//! The clerk: votes whose stake has left are counted again, and proposals go their way.

use crate::governance::{governed, ready, tempo};
use inktensor_client::chain::ChainError;
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_e2e_tests::{
    accounts::*,
    engines::kernels,
    intercept::{Intercepted, Transaction},
    proposal, Network,
};
use inktensor_primitives::{
    governance::{Action as Change, Choice, State, Track, DAY},
    staking::Proxy,
    AccountId, NetUid, Rao,
};
use inktensor_worker::{
    epochs::EpochCache,
    roles::{Action, Clerk, RoleError, TickReport},
};

/// The holder that votes through Alice, see [`governed`].
const DORA: AccountId = named("dora");
const CLERK: AccountId = named("clerk");

fn clerk(net: &Network) -> Clerk {
    Clerk::on(CLERK, net.addresses()).expect("a governed network")
}

fn report(net: &mut Network, clerk: &Clerk) -> TickReport {
    let mut epochs = EpochCache::new(net.addresses(), kernels());
    let report = net.with_chain(|chain| clerk.tick(chain, &mut epochs));
    report.expect("the chain answers")
}

fn work(net: &mut Network, clerk: &Clerk) -> Vec<Action> {
    report(net, clerk).clean().expect("no problem")
}

/// Lets Alice vote for a new proposal with Dora's stake, and Bob against it, and waits until it is
/// in confirmation: with 700 TAO of 1000 in favour.
fn confirming(net: &mut Network, netuid: NetUid) -> u32 {
    let id = net.make_proposal(CHARLIE, proposal(vec![tempo(netuid, 720)]));
    net.await_voting(id);
    net.as_(ALICE).vote(id, Choice::Aye).expect("voted");
    net.as_(BOB).vote(id, Choice::Nay).expect("voted");
    assert_eq!(net.votes(id), (700, 300));
    net.advance(DAY * 14 / 10);
    let state = net.proposal_state(id);
    assert!(matches!(state, State::Confirming(_)), "{state:?}");
    id
}

#[test]
fn stake_that_leaves_after_its_proxy_has_voted_is_counted_again() {
    let (mut net, netuid) = governed();
    let working = clerk(&net);
    assert!(work(&mut net, &working).is_empty());
    let id = confirming(&mut net, netuid);
    let seen = report(&mut net, &working);
    let announced = &seen.proposals[0];
    assert_eq!((announced.id, announced.track), (id, "parameter"));
    let text = format!("set tempo of subnet {netuid} to 720 blocks");
    assert_eq!(announced.actions, text);
    assert!(seen.clean().expect("no problem").is_empty());
    net.as_(DORA).unstake_all(64).expect("removed");
    assert_eq!(net.votes(id), (700, 300));
    let state = net.proposal_state(id);
    assert!(matches!(state, State::Confirming(_)), "{state:?}");
    let counted = [Action::Recounted { id, accounts: 1 }];
    assert_eq!(work(&mut net, &working), counted);
    assert_eq!(net.votes(id), (600, 300));
    let state = net.proposal_state(id);
    assert!(matches!(state, State::Voting(_)), "{state:?}");
    // Another clerk reads the events of the past, and finds nothing left to do.
    let second = clerk(&net);
    assert!(work(&mut net, &second).is_empty());
    net.advance(1);
    for other in [&working, &second] {
        let done = report(&mut net, other);
        assert!(done.clean().expect("no problem").is_empty());
    }
}

#[test]
fn clerk_that_starts_late_finds_what_has_left() {
    let (mut net, netuid) = governed();
    let id = confirming(&mut net, netuid);
    for who in [DORA, BOB] {
        net.as_(who).unstake_all(64).expect("removed");
    }
    net.advance(300);
    let late = clerk(&net);
    let counted = [Action::Recounted { id, accounts: 2 }];
    assert_eq!(work(&mut net, &late), counted);
    assert_eq!(net.votes(id), (600, 0));
    // What comes back counts again, in one of the next rounds.
    net.stake(NetUid::ROOT, BOB, ALICE_HOTKEY, Rao::from_tao(900));
    net.advance(60);
    let counted = [Action::Recounted { id, accounts: 1 }];
    assert_eq!(work(&mut net, &late), counted);
    assert_eq!(net.votes(id), (600, 300));
}

#[test]
fn proposal_that_is_ready_is_executed_once() {
    let (mut net, netuid) = governed();
    let id = ready(&mut net, vec![tempo(netuid, 720)]);
    let (first, second) = (clerk(&net), clerk(&net));
    // A dry run sends nothing, and is no problem.
    let mut epochs = EpochCache::new(net.addresses(), kernels());
    let mut wanted = 0;
    let dry = net.with_chain(|chain| {
        let intercept = |_: &mut SandboxChain, _: Transaction<'_>| {
            wanted += 1;
            Err(ChainError::NotSent("this is a dry run".into()))
        };
        first.tick(&mut Intercepted { chain, intercept }, &mut epochs)
    });
    let dry = dry.expect("the chain answers");
    assert!(dry.clean().expect("no problem").is_empty());
    assert_eq!((wanted, net.proposal_state(id).is_final()), (1, false));
    let done = report(&mut net, &first);
    assert_eq!(done.figures.as_ref().map(|it| it.ready), Some(0));
    let executed = [Action::Executed { id }];
    assert_eq!(done.clean().expect("no problem"), executed);
    assert_eq!(net.proposal_state(id), State::Executed);
    assert!(work(&mut net, &second).is_empty());
}

#[test]
fn proposal_that_cannot_be_executed_is_tried_again() {
    let (mut net, _) = governed();
    net.endow(Rao::from_tao(100_000));
    // Both together are more than a tenth of the treasury.
    let (to, amount) = (named("payee"), Rao::from_tao(9_000));
    let pay = || proposal(vec![Change::Pay { to, amount }]);
    let ids = [CHARLIE, BOB].map(|who| net.make_proposal(who, pay()));
    assert_eq!(net.proposal(ids[0]).track, Track::SpendLarge);
    net.await_voting(ids[1]);
    for id in ids {
        for who in [ALICE, BOB] {
            net.as_(who).vote(id, Choice::Aye).expect("voted");
        }
    }
    net.await_ready(ids[1]);
    let working = clerk(&net);
    let tried = report(&mut net, &working);
    assert_eq!(tried.actions, [Action::Executed { id: ids[0] }]);
    let [RoleError::NotExecuted { proposals }] = &tried.general_problems[..] else {
        panic!("one is refused: {:?}", tried.general_problems);
    };
    let [(id, reason)] = &proposals[..] else {
        panic!("one is refused: {proposals:?}");
    };
    assert!(*id == ids[1] && reason.contains("30 days"), "{reason}");
    assert_eq!(tried.figures.expect("figures").ready, 1);
    // The problem stays between two attempts.
    let waiting = report(&mut net, &working);
    assert_eq!(waiting.general_problems.len(), 1);
    net.endow(Rao::from_tao(100_000));
    net.advance(10);
    let executed = [Action::Executed { id: ids[1] }];
    assert_eq!(work(&mut net, &working), executed);
    assert_eq!(net.balance(to), 2 * amount.to_u128());
}

#[test]
fn proposal_that_nearly_all_are_against_is_closed_and_its_deposit_lost() {
    let (mut net, netuid) = governed();
    let id = net.make_proposal(CHARLIE, proposal(vec![tempo(netuid, 720)]));
    let deposit = net.proposal(id).put;
    net.await_voting(id);
    net.as_(BOB).vote(id, Choice::Nay).expect("voted");
    let working = clerk(&net);
    assert!(work(&mut net, &working).is_empty());
    net.advance(2 * DAY);
    let before = net.treasury_free();
    let amount = deposit;
    assert_eq!(
        work(&mut net, &working),
        [Action::EndedEarly { id }, Action::Forfeited { id, amount }]
    );
    assert_eq!(net.proposal_state(id), State::Closed);
    assert_eq!(net.treasury_free().0, before.0 + deposit.0);
    let second = clerk(&net);
    assert!(work(&mut net, &second).is_empty());
}

#[test]
fn network_without_governance_has_no_clerk() {
    let net = Network::deploy();
    assert!(Clerk::on(CLERK, net.addresses()).is_none());
}

#[test]
fn person_of_a_proxy_may_change_to_a_vote_of_its_own() {
    let (mut net, netuid) = governed();
    let id = confirming(&mut net, netuid);
    let working = clerk(&net);
    assert!(work(&mut net, &working).is_empty());
    net.as_(DORA).vote(id, Choice::Nay).expect("voted");
    net.as_(DORA).set_proxy(Proxy::None).expect("set");
    net.advance(60);
    assert!(work(&mut net, &working).is_empty());
    assert_eq!(net.votes(id), (600, 400));
    net.as_(DORA).unstake_all(64).expect("removed");
    net.advance(1);
    let counted = [Action::Recounted { id, accounts: 1 }];
    assert_eq!(work(&mut net, &working), counted);
    assert_eq!(net.votes(id), (600, 300));
}
