//! Governance: the life of proposals, votes by proxies, the guard and the roles.

use inktensor_e2e_tests::{
    accounts::*, governed_config, proposal, Network, Prepared, Shape, GUARDS,
};
use inktensor_primitives::{
    governance::{
        Action, Choice, GovernanceError, GuardAct, NetworkRule, NewProposal, State, Track,
        TrackRules, DAY,
    },
    registry::{Hyperparameter, Parameter, RegistryError},
    staking::{Proxy, StakingError},
    AccountId, NetUid, Rao,
};

/// A holder that votes through Alice.
const DORA: AccountId = named("dora");

/// Returns a governed network with a subnet. Alice has 600 TAO on root, Bob 300, Charlie 60; Dora
/// has 100 and votes through Alice. All have votes.
pub fn governed() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::of(
        || Network::deploy_with(&governed_config()),
        |net| {
            let governance = net.governing().governance;
            assert_eq!(net.admin(), governance);
            // Governance sets no hyperparameter without a vote, so the subnet is its owner's.
            let netuid = net.create_as_owner(&Shape::default());
            net.enrol(netuid, ALICE, ALICE_HOTKEY);
            net.as_(DORA)
                .set_proxy(Proxy::Account(ALICE))
                .expect("Alice votes");
            net.with_voters(&[(ALICE, 600), (BOB, 300), (CHARLIE, 60), (DORA, 100)]);
            netuid
        },
    );
    PREPARED.network()
}

/// Returns an action that sets the tempo of a subnet.
pub fn tempo(netuid: NetUid, blocks: u32) -> Action {
    Action::SetHyperparameter(netuid, Hyperparameter::Tempo(blocks))
}

/// Returns a number of a subnet's hyperparameters.
fn number(net: &Network, netuid: NetUid, parameter: Parameter) -> u64 {
    let all = net.hyperparameters(netuid);
    let found = all.iter().find(|it| it.parameter == parameter);
    let found = found.expect("a number");
    found.next.unwrap_or(found.value)
}

/// Makes a proposal of Charlie for which Alice and Bob vote, and waits until it is ready.
pub fn ready(net: &mut Network, actions: Vec<Action>) -> u32 {
    let id = net.make_proposal(CHARLIE, proposal(actions));
    net.await_voting(id);
    for who in [ALICE, BOB] {
        net.as_(who).vote(id, Choice::Aye).expect("voted");
    }
    net.await_ready(id);
    id
}

#[test]
fn proposal_passes_waits_and_is_executed_by_a_stranger() {
    let (mut net, netuid) = governed();
    let (made, payee) = (net.block(), named("payee"));
    net.endow(Rao::from_tao(100_000));
    let pay = Action::Pay {
        to: payee,
        amount: Rao::from_tao(100),
    };
    let id = net.make_proposal(CHARLIE, proposal(vec![tempo(netuid, 720), pay]));
    let found = net.proposal(id);
    assert_eq!((found.track, found.made_at), (Track::Parameter, made));
    net.refuses(
        ALICE,
        |it| it.vote(id, Choice::Aye),
        GovernanceError::NotVoting,
    );
    net.await_voting(id);
    // Alice has her own stake, and Dora's.
    assert_eq!(net.as_(ALICE).vote(id, Choice::Aye), Ok(Rao::from_tao(700)));
    assert_eq!(net.as_(BOB).vote(id, Choice::Nay), Ok(Rao::from_tao(300)));
    // Dora overrides her proxy.
    assert_eq!(net.as_(DORA).vote(id, Choice::Nay), Ok(Rao::from_tao(100)));
    assert_eq!(net.votes(id), (600, 400));
    assert!(matches!(net.proposal_state(id), State::Voting(_)));
    net.as_(DORA).vote(id, Choice::Aye).expect("voted");
    net.as_(BOB).vote(id, Choice::Abstain).expect("voted");
    assert_eq!(net.votes(id), (700, 0));
    assert!(matches!(net.proposal_state(id), State::Confirming(_)));
    net.refuses(STRANGER, |it| it.execute(id), GovernanceError::NotReady);
    let State::Confirming(approved) = net.proposal_state(id) else {
        panic!("it passes");
    };
    net.advance_to(approved);
    let rules = Track::Parameter.default_rules();
    let eta = approved + rules.delay;
    assert_eq!(net.proposal_state(id), State::Queued(eta));
    net.advance_to(eta - 1);
    net.refuses(STRANGER, |it| it.execute(id), GovernanceError::NotReady);
    net.advance_to(eta);
    assert_eq!(number(&net, netuid, Parameter::Tempo), 20);
    net.as_(STRANGER).execute(id).expect("executed");
    assert_eq!(number(&net, netuid, Parameter::Tempo), 720);
    assert_eq!(net.balance(payee), Rao::from_tao(100).to_u128());
    assert_eq!(net.proposal_state(id), State::Executed);
    net.refuses(STRANGER, |it| it.execute(id), GovernanceError::NotReady);
    let deposit = rules.deposit;
    assert_eq!(net.as_(CHARLIE).reclaim(id), Ok(deposit));
    net.refuses(CHARLIE, |it| it.reclaim(id), GovernanceError::NotReturned);
    let swept = net
        .as_(STRANGER)
        .sweep(id, vec![ALICE, BOB, DORA, STRANGER]);
    assert_eq!(swept, Ok(3));
}

#[test]
fn vote_may_be_changed_counted_again_and_overridden_in_any_order() {
    let (mut net, netuid) = governed();
    let id = net.make_proposal(BOB, proposal(vec![tempo(netuid, 720)]));
    net.await_voting(id);
    net.as_(DORA).vote(id, Choice::Nay).expect("voted");
    assert_eq!(net.as_(ALICE).vote(id, Choice::Aye), Ok(Rao::from_tao(600)));
    assert_eq!(net.votes(id), (600, 100));
    // Half of Dora's stake leaves, and all of Charlie's, who has not voted.
    net.as_(DORA)
        .remove_stake(NetUid::ROOT, ALICE_HOTKEY, Rao::from_tao(50))
        .expect("removed");
    net.as_(CHARLIE).unstake_all(64).expect("removed");
    net.as_(STRANGER)
        .recount(id, vec![DORA, CHARLIE, STRANGER, ALICE])
        .expect("recounted");
    assert_eq!(net.votes(id), (600, 50));
    assert_eq!(net.ballot(id, STRANGER), None);
    // What comes back counts again, and no more than there was.
    net.stake(NetUid::ROOT, DORA, ALICE_HOTKEY, Rao::from_tao(900));
    net.as_(STRANGER)
        .recount(id, vec![DORA])
        .expect("recounted");
    assert_eq!(net.votes(id), (600, 100));
    net.refuses(
        STRANGER,
        |it| it.vote(id, Choice::Aye),
        GovernanceError::NoVotes,
    );
    net.refuses(
        STRANGER,
        |it| it.recount(id, vec![ALICE; 33]),
        GovernanceError::TooMany(32),
    );
    net.as_(STRANGER)
        .recount(id, vec![ALICE; 32])
        .expect("recounted");
}

#[test]
fn rule_of_the_network_changes_alone_and_after_its_announcement() {
    let (mut net, _) = governed();
    let before = net.network_rules();
    let fee = Rao::from_tao(1);
    let id = ready(
        &mut net,
        vec![
            Action::ChangeRule(NetworkRule::CreationInterval(300)),
            Action::ChangeRule(NetworkRule::SwapFee(fee)),
            Action::ChangeRule(NetworkRule::SubnetLimit(64)),
        ],
    );
    assert_eq!(net.proposal(id).track, Track::Rules);
    net.as_(STRANGER).execute(id).expect("executed");
    let announced = net.announced_rules().expect("announced");
    net.advance_to(announced.from);
    let mut expected = before;
    expected.swap_fee = fee;
    expected.creation_interval = 300;
    expected.subnet_limit = 64;
    assert_eq!(net.network_rules(), expected);
}

#[test]
fn execution_that_fails_changes_nothing_and_is_repeated() {
    let (mut net, netuid) = governed();
    // The treasury has nothing for the second action.
    let payee = named("payee");
    let pay = Action::Pay {
        to: payee,
        amount: Rao::from_tao(10),
    };
    let id = ready(&mut net, vec![tempo(netuid, 720), pay]);
    let refused = net.refused(STRANGER, |it| it.execute(id));
    assert!(
        matches!(refused, GovernanceError::Treasury(_)),
        "{refused:?}"
    );
    assert_eq!(number(&net, netuid, Parameter::Tempo), 20);
    net.endow(Rao::from_tao(1_000));
    net.as_(STRANGER).execute(id).expect("executed");
    assert_eq!(number(&net, netuid, Parameter::Tempo), 720);
    assert_eq!(net.balance(payee), Rao::from_tao(10).to_u128());
    // A tempo within bounds of the registry, and then one beyond them.
    let bad = ready(&mut net, vec![tempo(netuid, 360), tempo(netuid, 0)]);
    let refused = net.refused(STRANGER, |it| it.execute(bad));
    assert!(
        matches!(
            refused,
            GovernanceError::Registry(RegistryError::OutOfBounds { value: 0, .. })
        ),
        "{refused:?}"
    );
    assert_eq!(number(&net, netuid, Parameter::Tempo), 720);
    let State::Ready(until) = net.proposal_state(bad) else {
        panic!("it stays ready");
    };
    net.advance_to(until);
    assert_eq!(net.proposal_state(bad), State::Expired);
    net.refuses(STRANGER, |it| it.execute(bad), GovernanceError::NotReady);
    net.as_(CHARLIE).reclaim(bad).expect("it was approved");
}

#[test]
fn proposal_waits_for_the_one_that_it_names() {
    let (mut net, netuid) = governed();
    let first = net.make_proposal(BOB, proposal(vec![tempo(netuid, 720)]));
    let second = NewProposal {
        after: Some(first),
        ..proposal(vec![tempo(netuid, 360)])
    };
    let unknown = NewProposal {
        after: Some(9),
        ..second.clone()
    };
    net.refuses(
        CHARLIE,
        |it| it.propose_change(unknown, Rao::from_tao(100)),
        GovernanceError::UnknownProposal(9),
    );
    let second = net.make_proposal(CHARLIE, second);
    net.await_voting(first);
    for id in [first, second] {
        net.as_(ALICE).vote(id, Choice::Aye).expect("voted");
    }
    net.await_ready(second);
    net.refuses(
        STRANGER,
        |it| it.execute(second),
        GovernanceError::After(first),
    );
    net.as_(STRANGER).execute(first).expect("executed");
    net.as_(STRANGER).execute(second).expect("executed");
    assert_eq!(number(&net, netuid, Parameter::Tempo), 360);
}

#[test]
fn guard_holds_vetoes_and_brakes_until_a_vote_dismisses_it() {
    let (mut net, netuid) = governed();
    let id = ready(&mut net, vec![tempo(netuid, 720)]);
    net.refuses(
        STRANGER,
        |it| it.consent(GuardAct::Veto(id)),
        GovernanceError::NotGuard,
    );
    assert_eq!(net.guard_does(GuardAct::Hold(id)), Ok(true));
    let State::Queued(at) = net.proposal_state(id) else {
        panic!("it is held");
    };
    assert_eq!(at, net.block() + 7 * DAY);
    net.refuses(
        GUARDS[2],
        |it| it.consent(GuardAct::Hold(id)),
        GovernanceError::BeyondGuard,
    );
    assert_eq!(net.guard_does(GuardAct::Veto(id)), Ok(true));
    assert_eq!(net.proposal_state(id), State::Vetoed);
    net.as_(CHARLIE).reclaim(id).expect("it was approved");

    // The same actions again, by the thresholds of the constitution, are beyond the guard.
    let other = NewProposal {
        overriding: Some(id),
        ..proposal(vec![tempo(netuid, 721)])
    };
    net.provide(CHARLIE, net.governing().governance, Rao::from_tao(2_000));
    net.refuses(
        CHARLIE,
        |it| it.propose_change(other, Rao::from_tao(2_000)),
        GovernanceError::NotVetoed,
    );
    let again = NewProposal {
        overriding: Some(id),
        ..proposal(vec![tempo(netuid, 720)])
    };
    let again = net.make_proposal(CHARLIE, again);
    assert_eq!(net.proposal(again).track, Track::Constitution);

    // The guard brakes, and is dismissed by a vote on the fast track, which it cannot veto.
    let until = net.block() + 3 * DAY;
    assert_eq!(net.guard_does(GuardAct::Brake(until)), Ok(true));
    assert_eq!(net.braked_until(), Some(until));
    net.provide(BOB, net.addresses().staking, Rao::from_tao(5));
    net.refuses(
        BOB,
        |it| it.add_stake(NetUid::ROOT, ALICE_HOTKEY, Rao::from_tao(5)),
        StakingError::Braked(until),
    );
    let stop = net.make_proposal(BOB, proposal(vec![Action::DismissGuard, Action::LiftBrake]));
    assert!(net.proposal_state(stop).is_voting(), "it votes at once");
    for who in [ALICE, BOB] {
        net.as_(who).vote(stop, Choice::Aye).expect("voted");
    }
    net.await_ready(stop);
    net.refuses(
        GUARDS[0],
        |it| it.consent(GuardAct::Veto(stop)),
        GovernanceError::BeyondGuard,
    );
    net.as_(STRANGER).execute(stop).expect("executed");
    assert_eq!(net.braked_until(), None);
    assert!(net.block() < until);
    net.refuses(
        GUARDS[0],
        |it| it.consent(GuardAct::Hold(again)),
        GovernanceError::NotGuard,
    );
    net.await_voting(again);
    for who in [ALICE, BOB] {
        net.as_(who).vote(again, Choice::Aye).expect("voted");
    }
    net.await_ready(again);
    net.as_(STRANGER).execute(again).expect("executed");
    assert_eq!(number(&net, netuid, Parameter::Tempo), 720);
}

#[test]
fn guard_that_has_captured_nothing_loses_its_power_by_itself() {
    let (mut net, netuid) = governed();
    net.advance_to(360 * DAY + 10);
    net.stake(NetUid::ROOT, ALICE, ALICE_HOTKEY, Rao::from_tao(1));
    net.await_votes();
    let id = ready(&mut net, vec![tempo(netuid, 720)]);
    for act in [GuardAct::Veto(id), GuardAct::Hold(id), GuardAct::Brake(9)] {
        net.refuses(GUARDS[0], |it| it.consent(act), GovernanceError::NotGuard);
    }
    net.as_(STRANGER).execute(id).expect("executed");
}

#[test]
fn constitution_changes_tracks_and_guard_and_passes_the_roles_on() {
    let (mut net, _) = governed();
    let rules = TrackRules {
        deposit: Rao::from_tao(7),
        ..Track::Parameter.default_rules()
    };
    let heir = named("heir");
    let id = ready(
        &mut net,
        vec![
            Action::SetTrack(Track::Parameter, rules),
            Action::OfferRoles(heir),
        ],
    );
    assert_eq!(net.proposal(id).track, Track::Constitution);
    let wrong = TrackRules { places: 0, ..rules };
    let wrong = proposal(vec![Action::SetTrack(Track::Parameter, wrong)]);
    net.provide(BOB, net.governing().governance, Rao::from_tao(2_000));
    let refused = net.refused(BOB, |it| it.propose_change(wrong, Rao::from_tao(2_000)));
    assert!(matches!(refused, GovernanceError::BadTrackRules(_)));
    net.as_(STRANGER).execute(id).expect("executed");
    assert_eq!(net.track_rules(Track::Parameter), rules);
    assert_eq!(net.offered_admin(), Some(heir));
    net.as_(heir).accept_admin().expect("offered");
    assert_eq!(net.admin(), heir);
}

#[test]
fn proposal_is_cancelled_by_another_one() {
    let (mut net, netuid) = governed();
    let id = net.make_proposal(CHARLIE, proposal(vec![tempo(netuid, 720)]));
    let stop = net.make_proposal(BOB, proposal(vec![Action::Cancel(id)]));
    for who in [ALICE, BOB] {
        net.as_(who).vote(stop, Choice::Aye).expect("voted");
    }
    net.await_ready(stop);
    net.as_(STRANGER).execute(stop).expect("executed");
    assert_eq!(net.proposal_state(id), State::Cancelled);
    net.as_(CHARLIE).reclaim(id).expect("no vote was counted");
    let mixed = proposal(vec![Action::Cancel(stop), tempo(netuid, 720)]);
    net.provide(BOB, net.governing().governance, Rao::from_tao(500));
    net.refuses(
        BOB,
        |it| it.propose_change(mixed, Rao::from_tao(500)),
        GovernanceError::BadAction(0),
    );
}

#[test]
fn deployer_has_no_right_left() {
    let mut net = Network::deploy_with(&governed_config());
    let governance = net.governing().governance;
    let kernel = net.addresses().yuma;
    for who in [DEPLOYER, ADMIN, TREASURY] {
        net.refuses(who, |it| it.retire_kernel(kernel), RegistryError::NotAdmin);
        net.refuses(who, |it| it.brake(100), RegistryError::NotAdmin);
        net.refuses(who, |it| it.offer_admin(Some(who)), RegistryError::NotAdmin);
        net.refused(who, |it| it.pay_from_treasury(who, Rao(1)));
        net.refused(who, |it| it.offer_treasury(Some(who)));
        net.refuses(who, |it| it.accept_roles(), GovernanceError::NothingOffered);
    }
    assert_eq!((net.admin(), net.offered_admin()), (governance, None));
    assert_eq!(net.treasury(), net.governing().treasury);
}
