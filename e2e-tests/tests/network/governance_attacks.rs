//! Attacks on governance: loans around snapshots, votes that count twice, griefing of places, raw
//! calls, and a guard and a majority that are captured.

use crate::governance::{governed, ready, tempo};
use inktensor_client::chain::{contracts, Chain, Typed};
use inktensor_e2e_tests::{
    accounts::*, bundles, governed_config, proposal, Network, Shape, GUARDS,
};
use inktensor_primitives::{
    governance::{
        Action, Choice, GovernanceError, GuardAct, NetworkRule, NewGuard, RawCall, State, Track,
        TrackField, DAY,
    },
    hash::blake2,
    staking::{Proxy, ROOT_EPOCH},
    AccountId, Digest, NetUid, Rao,
};
use psp22::PSP22;
use scale::Encode;

const WHALE: AccountId = named("whale");
const MULE: AccountId = named("mule");

fn stake(net: &mut Network, who: AccountId, tao: u64) {
    net.stake(NetUid::ROOT, who, ALICE_HOTKEY, Rao::from_tao(tao));
}

/// Stake that is put around the snapshot, in one block or for less than a root epoch, has no vote,
/// neither for itself nor through a proxy.
#[test]
fn loan_around_the_snapshot_has_no_vote() {
    let (mut net, netuid) = governed();
    net.as_(WHALE)
        .set_proxy(Proxy::Account(MULE))
        .expect("a proxy");
    let id = net.make_proposal(CHARLIE, proposal(vec![tempo(netuid, 720)]));
    let snapshot = net.proposal(id).snapshot.expect("a lead");
    // After the snapshot's root epoch has begun, for the rest of it.
    net.advance_to(snapshot * ROOT_EPOCH + 1);
    stake(&mut net, WHALE, 1_000_000);
    net.await_voting(id);
    for who in [WHALE, MULE] {
        net.refuses(who, |it| it.vote(id, Choice::Aye), GovernanceError::NoVotes);
    }
}

/// Everything that one block can buy: stake, a proxy, votes on every open proposal, and the stake
/// back. It changes no tally, no electorate and no threshold.
#[test]
fn one_block_of_money_changes_no_vote() {
    let (mut net, netuid) = governed();
    let id = net.make_proposal(CHARLIE, proposal(vec![tempo(netuid, 720)]));
    let stop = net.make_proposal(BOB, proposal(vec![Action::Cancel(id)]));
    net.as_(BOB).vote(stop, Choice::Nay).expect("voted");
    net.await_voting(id);
    net.as_(ALICE).vote(id, Choice::Aye).expect("voted");
    let before = [net.proposal(id), net.proposal(stop)];
    let block = net.block();
    stake(&mut net, WHALE, 2_000_000);
    net.as_(WHALE)
        .set_proxy(Proxy::Account(MULE))
        .expect("a proxy");
    for id in [id, stop] {
        for who in [WHALE, MULE] {
            net.refuses(who, |it| it.vote(id, Choice::Nay), GovernanceError::NoVotes);
        }
        net.as_(STRANGER)
            .recount(id, vec![WHALE, MULE, ALICE])
            .expect("counted");
    }
    let late = net.make_proposal(MULE, proposal(vec![Action::Cancel(id)]));
    for who in [WHALE, MULE] {
        net.refuses(
            who,
            |it| it.vote(late, Choice::Aye),
            GovernanceError::NoVotes,
        );
    }
    net.as_(WHALE).unstake_all(64).expect("removed");
    assert_eq!(net.block(), block);
    for (id, before) in [id, stop].into_iter().zip(before) {
        let after = net.proposal(id);
        assert_eq!(after.tally, before.tally);
        assert_eq!(after.electorate, before.electorate);
    }
}

/// A proposal that looks like another one, action by action and word by word, has another number
/// and another digest, and its votes and execution are its own.
#[test]
fn look_alike_is_another_proposal() {
    let (mut net, netuid) = governed();
    let change = || proposal(vec![tempo(netuid, 720)]);
    let first = net.make_proposal(BOB, change());
    let second = net.make_proposal(CHARLIE, change());
    let again = net.make_proposal(BOB, change());
    let digest = |net: &Network, id| net.proposal(id).digest;
    let digests = [first, second, again].map(|id| digest(&net, id));
    assert!(digests[0] != digests[1] && digests[0] != digests[2] && digests[1] != digests[2]);
    net.await_voting(first);
    net.as_(ALICE).vote(first, Choice::Aye).expect("voted");
    net.await_ready(first);
    net.refuses(STRANGER, |it| it.execute(second), GovernanceError::NotReady);
    net.as_(STRANGER).execute(first).expect("executed");
    assert_eq!(net.votes(second), (0, 0));
}

/// Stake that was there at the snapshot and is returned to its lender counts for nothing once it is
/// counted again, whichever account voted with it; and no vote of another account changes by it.
#[test]
fn stake_that_is_returned_after_the_vote_counts_no_more() {
    let (mut net, netuid) = governed();
    net.as_(WHALE)
        .set_proxy(Proxy::Account(MULE))
        .expect("a proxy");
    stake(&mut net, WHALE, 5_000);
    net.await_votes();
    let id = net.make_proposal(CHARLIE, proposal(vec![tempo(netuid, 720)]));
    net.await_voting(id);
    assert_eq!(
        net.as_(MULE).vote(id, Choice::Aye),
        Ok(Rao::from_tao(5_000))
    );
    net.as_(BOB).vote(id, Choice::Nay).expect("voted");
    assert!(matches!(net.proposal_state(id), State::Confirming(_)));
    net.as_(WHALE).unstake_all(64).expect("returned");
    net.as_(STRANGER).recount(id, vec![WHALE]).expect("counted");
    assert_eq!(net.votes(id), (0, 300));
    assert!(matches!(net.proposal_state(id), State::Voting(_)));
    // The lender votes itself, and then through its proxy: it counts once, for what is there.
    stake(&mut net, WHALE, 1_000);
    assert_eq!(
        net.as_(WHALE).vote(id, Choice::Aye),
        Ok(Rao::from_tao(1_000))
    );
    net.as_(STRANGER).recount(id, vec![MULE]).expect("counted");
    assert_eq!(net.votes(id), (1_000, 300));
    // The proxy of the snapshot counts, whatever is chosen later.
    net.as_(WHALE)
        .set_proxy(Proxy::Account(BOB))
        .expect("a proxy");
    net.as_(STRANGER)
        .recount(id, vec![BOB, WHALE])
        .expect("counted");
    assert_eq!(net.votes(id), (1_000, 300));
}

/// Stake that is handed to another coldkey after the snapshot votes once at most.
#[test]
fn stake_that_changes_hands_votes_once() {
    let (mut net, netuid) = governed();
    let id = net.make_proposal(CHARLIE, proposal(vec![tempo(netuid, 720)]));
    net.await_voting(id);
    net.as_(ALICE).vote(id, Choice::Aye).expect("voted");
    net.as_(ALICE)
        .transfer_stake(NetUid::ROOT, ALICE_HOTKEY, BOB, None)
        .expect("handed on");
    // Bob has 900 now and had 300.
    assert_eq!(net.as_(BOB).vote(id, Choice::Aye), Ok(Rao::from_tao(300)));
    net.as_(STRANGER).recount(id, vec![ALICE]).expect("counted");
    // Alice keeps what Dora's stake gives her.
    assert_eq!(net.votes(id), (400, 0));
}

/// All places of a track can be taken for some days, at a price; they are free after two days of
/// voting that nearly all are against.
#[test]
fn places_that_spam_has_taken_come_back() {
    let (mut net, netuid) = governed();
    let most = u32::from(Track::Rules.default_rules().places);
    let rule = || proposal(vec![Action::ChangeRule(NetworkRule::SubnetLimit(1))]);
    let mut ids = Vec::new();
    for number in 0..most {
        ids.push(net.make_proposal(nth("spam", number), rule()));
    }
    let deposit = Rao::from_tao(200);
    net.provide(BOB, net.governing().governance, Rao::from_tao(4_000));
    net.refuses(
        BOB,
        |it| it.propose_change(rule(), deposit),
        GovernanceError::NoPlace(4),
    );
    // Other tracks are free, and the fast one above all.
    net.make_proposal(CHARLIE, proposal(vec![tempo(netuid, 720)]));
    net.await_voting(ids[0]);
    for id in &ids {
        net.as_(ALICE).vote(*id, Choice::Nay).expect("voted");
    }
    let early = Track::Rules.default_rules().decide / 4;
    net.advance(early - 1);
    net.refuses(
        STRANGER,
        |it| it.close_proposal(ids[0]),
        GovernanceError::NotRejectable,
    );
    net.advance(1);
    net.as_(STRANGER).close_proposal(ids[0]).expect("closed");
    net.as_(BOB)
        .propose_change(rule(), deposit)
        .expect("a place");
}

/// Makes a token of another network, of which governance has 1000. Returns address and code.
fn foreign_token(net: &mut Network) -> (AccountId, Digest) {
    let code = blake2(&bundles().token.code);
    let holders = vec![(net.governing().governance, 1_000u128)];
    let input = [&ink::selector_bytes!("new")[..], &holders.encode()].concat();
    let made = net.with_chain(|chain| chain.instantiate(DEPLOYER, code, &input, b"foreign"));
    (made.expect("made").address, code)
}

/// Returns an action that transfers of the token at `target`, which has the code `code_hash`.
fn transfer(target: AccountId, code_hash: Digest, amount: u128) -> Action {
    Action::Raw(RawCall {
        target,
        code_hash,
        selector: ink::selector_bytes!("PSP22::transfer"),
        input: (BOB, amount, Vec::<u8>::new()).encode(),
        ref_time: 50_000_000_000,
        proof_size: 300_000,
        deposit: u128::from(u64::MAX),
    })
}

/// An account that ends the object of an action before its execution does not undo the proposal,
/// and an action does not stop what came after it was proposed.
#[test]
fn ended_objects_undo_no_proposal() {
    let (mut net, netuid) = governed();
    let until = net.block() + 6 * DAY;
    let nothing = proposal(vec![Action::LiftBrake]);
    net.provide(BOB, net.governing().governance, Rao::from_tao(500));
    net.refuses(
        BOB,
        |it| it.propose_change(nothing, Rao::from_tao(500)),
        GovernanceError::BadAction(0),
    );
    assert_eq!(net.guard_does(GuardAct::Brake(until)), Ok(true));
    let bait = net.make_proposal(CHARLIE, proposal(vec![tempo(netuid, 720)]));
    let other = net.make_proposal(CHARLIE, proposal(vec![tempo(netuid, 721)]));
    let first = net.make_proposal(nth("stop", 0), proposal(vec![Action::Cancel(bait)]));
    let actions = vec![
        Action::DismissGuard,
        Action::LiftBrake,
        Action::Cancel(bait),
        Action::Cancel(other),
    ];
    let stop = net.make_proposal(BOB, proposal(actions));
    for id in [first, stop] {
        for who in [ALICE, BOB] {
            net.as_(who).vote(id, Choice::Aye).expect("voted");
        }
    }
    net.await_ready(stop);
    // The bait is cancelled, and the guard ends its brake by itself.
    net.as_(STRANGER).execute(first).expect("executed");
    let now = net.block();
    assert_eq!(net.guard_does(GuardAct::Brake(now)), Ok(true));
    net.as_(STRANGER).execute(stop).expect("executed");
    assert_eq!(net.proposal_state(other), State::Cancelled);
    net.refuses(
        GUARDS[0],
        |it| it.consent(GuardAct::Brake(now + DAY)),
        GovernanceError::NotGuard,
    );
}

/// A brake that the guard shortens, and an announcement that another one replaces, are still what
/// the vote was about.
#[test]
fn objects_that_move_are_stopped_all_the_same() {
    let (mut net, _) = governed();
    let until = net.block() + 6 * DAY;
    assert_eq!(net.guard_does(GuardAct::Brake(until)), Ok(true));
    let lift = net.make_proposal(BOB, proposal(vec![Action::LiftBrake]));
    for who in [ALICE, BOB] {
        net.as_(who).vote(lift, Choice::Aye).expect("voted");
    }
    net.await_ready(lift);
    assert_eq!(net.guard_does(GuardAct::Brake(until - 1)), Ok(true));
    net.as_(STRANGER).execute(lift).expect("executed");
    assert_eq!(net.braked_until(), None);

    let rules = |limit| {
        vec![
            Action::ChangeRule(NetworkRule::CreationInterval(300)),
            Action::ChangeRule(NetworkRule::SubnetLimit(limit)),
        ]
    };
    let first = net.make_proposal(CHARLIE, proposal(rules(64)));
    let second = net.make_proposal(CHARLIE, proposal(rules(32)));
    net.await_voting(first);
    for id in [first, second] {
        for who in [ALICE, BOB] {
            net.as_(who).vote(id, Choice::Aye).expect("voted");
        }
    }
    net.await_ready(second);
    net.as_(STRANGER).execute(first).expect("executed");
    assert!(net.announced_rules().is_some());
    let stop = net.make_proposal(BOB, proposal(vec![Action::CancelRules]));
    for who in [ALICE, BOB] {
        net.as_(who).vote(stop, Choice::Aye).expect("voted");
    }
    net.await_ready(stop);
    net.as_(STRANGER).execute(second).expect("executed");
    net.as_(STRANGER).execute(stop).expect("executed");
    assert_eq!(net.announced_rules(), None);
    assert_ne!(net.network_rules().subnet_limit, 64);
}

/// An offer of which one role is accepted already is withdrawn as far as it is open.
#[test]
fn half_accepted_offers_are_withdrawn() {
    let (mut net, _) = governed();
    let heir = named("heir");
    let offer = ready(&mut net, vec![Action::OfferRoles(heir)]);
    net.as_(STRANGER).execute(offer).expect("executed");
    net.as_(heir).accept_admin().expect("offered");
    let stop = ready_stop(&mut net, vec![Action::WithdrawOffers]);
    net.as_(STRANGER).execute(stop).expect("executed");
    net.refused(heir, |it| it.accept_treasury());
}

/// Makes a proposal of Bob that stops something, and waits until it is ready.
fn ready_stop(net: &mut Network, actions: Vec<Action>) -> u32 {
    let id = net.make_proposal(BOB, proposal(actions));
    for who in [ALICE, BOB] {
        net.as_(who).vote(id, Choice::Aye).expect("voted");
    }
    net.await_ready(id);
    id
}

/// Rules of a track that would make a harder track the easier one are refused, and so are those
/// that no vote could change again.
#[test]
fn tracks_stay_in_order_and_open_to_change() {
    let (mut net, _) = governed();
    let whole = Rao::from_tao(2_000);
    net.provide(BOB, net.governing().governance, whole);
    let mut hard = Track::Parameter.default_rules();
    hard.support.floor = 200_000;
    hard.support.middle = 200_000;
    hard.support.start = 200_000;
    let mut locked = Track::Constitution.default_rules();
    locked.approval.floor = 800_000;
    locked.approval.middle = 800_000;
    for (track, rules, field) in [
        (Track::Parameter, hard, TrackField::Order),
        (Track::Constitution, locked, TrackField::Approval),
    ] {
        let change = proposal(vec![Action::SetTrack(track, rules)]);
        net.refuses(
            BOB,
            |it| it.propose_change(change, whole),
            GovernanceError::BadTrackRules(field),
        );
    }
}

/// A raw call reaches no contract of the network, is bound to the code that was voted on, and one
/// that fails undoes all.
#[test]
fn raw_calls_are_bound_to_foreign_code() {
    let (mut net, netuid) = governed();
    let (token, code) = foreign_token(&mut net);
    let own = net.governing();
    let whole = Rao::from_tao(2_000);
    net.provide(BOB, own.governance, whole);
    for target in [
        net.addresses().token,
        net.addresses().staking,
        own.treasury,
        own.governance,
    ] {
        let steal = proposal(vec![transfer(target, code, 1)]);
        net.refuses(
            BOB,
            |it| it.propose_change(steal, whole),
            GovernanceError::BadTarget,
        );
    }
    let other = proposal(vec![transfer(token, [1; 32], 1)]);
    net.refuses(
        BOB,
        |it| it.propose_change(other, whole),
        GovernanceError::OtherCode,
    );
    let balance = |net: &Network| -> u128 {
        let read = net.chain().query(contracts::psp22(token).balance_of(BOB));
        read.expect("the token answers")
    };
    let fails = ready(
        &mut net,
        vec![transfer(token, code, 400), transfer(token, code, 700)],
    );
    net.refuses(
        STRANGER,
        |it| it.execute(fails),
        GovernanceError::CallFailed,
    );
    assert_eq!(balance(&net), 0);
    let Action::Raw(call) = transfer(token, code, 1) else {
        unreachable!()
    };
    let hungry = Action::Raw(RawCall {
        ref_time: u64::MAX,
        ..call
    });
    let hungry = ready(&mut net, vec![hungry]);
    net.refuses(
        STRANGER,
        |it| it.execute(hungry),
        GovernanceError::NeedsRefTime(u64::MAX),
    );
    let works = ready(&mut net, vec![transfer(token, code, 400)]);
    net.as_(STRANGER).execute(works).expect("executed");
    assert_eq!(balance(&net), 400);
    // Code that is exchanged after the vote is not called.
    let late = ready(&mut net, vec![transfer(token, code, 1), tempo(netuid, 720)]);
    net.replace_code(token, &bundles().yuma.code);
    net.refuses(STRANGER, |it| it.execute(late), GovernanceError::OtherCode);
}

/// A guard that all members of have turned against the network vetoes four times and brakes for
/// half of the time, until it is dismissed.
#[test]
fn captured_guard_vetoes_four_times() {
    let (mut net, netuid) = governed();
    for number in 0..4 {
        let id = ready(&mut net, vec![tempo(netuid, 700 + number)]);
        assert_eq!(net.guard_does(GuardAct::Veto(id)), Ok(true));
        net.as_(CHARLIE).reclaim(id).expect("approved");
    }
    let fifth = ready(&mut net, vec![tempo(netuid, 704)]);
    let refused = net.refused(GUARDS[0], |it| it.consent(GuardAct::Veto(fifth)));
    assert!(matches!(refused, GovernanceError::NoVeto(_)), "{refused:?}");
    net.as_(STRANGER).execute(fifth).expect("executed");
}

/// Until all tracks are open, the slowest ones take proposals of a guard alone.
#[test]
fn new_network_has_training_wheels() {
    let mut config = governed_config();
    let terms = config.governance.as_mut().expect("terms");
    terms.opens_after = 90 * DAY;
    terms.guard = None;
    let mut net = Network::deploy_with(&config);
    net.create_as_owner(&Shape::default());
    let owner_hotkey = OWNER_HOTKEY;
    net.stake(NetUid::ROOT, ALICE, owner_hotkey, Rao::from_tao(500));
    net.await_votes();
    net.provide(ALICE, net.governing().governance, Rao::from_tao(4_000));
    let whole = Rao::from_tao(2_000);
    let roles = proposal(vec![Action::OfferRoles(ALICE)]);
    let refused = net.refused(ALICE, |it| it.propose_change(roles, whole));
    assert!(matches!(refused, GovernanceError::NotOpenYet(_)));
    let guard = NewGuard {
        members: GUARDS.to_vec(),
        threshold: 2,
        term: 90 * DAY,
        vetoes: 1,
    };
    let id = net
        .as_(ALICE)
        .propose_change(proposal(vec![Action::SetGuard(guard)]), whole)
        .expect("proposed");
    assert_eq!(net.proposal(id).track, Track::Constitution);
    net.await_voting(id);
    net.as_(ALICE).vote(id, Choice::Aye).expect("voted");
    net.await_ready(id);
    net.as_(STRANGER).execute(id).expect("executed");
    let act = GuardAct::Brake(net.block() + DAY);
    assert_eq!(net.guard_does(act), Ok(true));
}

/// No state of governance delays an epoch: it closes and pays with the brake on, with a proposal
/// that fails, and while nothing is voted.
#[test]
fn no_state_of_governance_delays_an_epoch() {
    let (mut net, netuid) = governed();
    net.with_validators(netuid, 2).with_miners(netuid, 2);
    let bad = ready(&mut net, vec![tempo(netuid, 0)]);
    net.refused(STRANGER, |it| it.execute(bad));
    let until = net.block() + 3 * DAY;
    assert_eq!(net.guard_does(GuardAct::Brake(until)), Ok(true));
    net.honest_weights(netuid);
    let first = net.run_epoch(netuid);
    net.honest_weights(netuid);
    let second = net.run_epoch(netuid);
    assert_eq!(second.header.epoch, first.header.epoch + 1);
    assert!(net.block() < until);
}
