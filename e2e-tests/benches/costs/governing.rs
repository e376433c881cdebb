//! The costs of the messages of governance and of the treasury, on a network that is governed.

use crate::messages::{Recorder, Sent};
use inktensor_client::{
    chain::{contracts, Chain},
    deploy::Bundle,
};
use inktensor_e2e_tests::{
    accounts::*, bundles, governed_config, proposal, Network, Shape, GUARDS,
};
use inktensor_primitives::{
    governance::{
        Action, Choice, Governance, GovernanceTerms, GuardAct, NetworkRule, NewProposal, State,
        DAY, MAX_RECOUNTS,
    },
    registry::Hyperparameter,
    staking::Proxy,
    treasury::{NewBudget, NewStream, Treasury},
    AccountId, NetUid, Rao,
};
use scale::Encode;

/// The account that the treasury pays.
const PAYEE: AccountId = named("payee");

/// Returns the accounts of a recount, of whom each votes through Alice.
fn people() -> Vec<AccountId> {
    (0..).map(|i| nth("person", i)).take(MAX_RECOUNTS).collect()
}

/// Returns a governed network: Alice, Bob, and 32 people that vote through Alice.
fn network() -> (Recorder, NetUid) {
    let mut net = Network::deploy_with(&governed_config());
    let netuid = net.create_as_owner(&Shape::default());
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    for who in people() {
        net.as_(who).set_proxy(Proxy::Account(ALICE)).unwrap();
        net.stake(NetUid::ROOT, who, ALICE_HOTKEY, Rao::from_tao(1));
    }
    net.endow(Rao::from_tao(1_000_000));
    net.with_voters(&[(ALICE, 600), (BOB, 300)]);
    (Recorder::of(net), netuid)
}

/// Sends every message of governance and of the treasury.
pub fn all() -> Vec<Sent> {
    let (mut it, netuid) = network();
    let tempo = Action::SetHyperparameter(netuid, Hyperparameter::Tempo(720));
    let pay = Action::Pay {
        to: PAYEE,
        amount: Rao::from_tao(10),
    };
    let ids = proposals(&mut it, &tempo, &pay);
    votes(&mut it, ids);
    executions(&mut it, ids);
    grants(&mut it);
    guard(&mut it, &tempo);
    it.sent.extend(owned());
    it.sent
}

/// Makes proposals. Returns one that sets a hyperparameter, and one that pays.
fn proposals(it: &mut Recorder, tempo: &Action, pay: &Action) -> (u32, u32) {
    let governance = it.net.governing().governance;
    for who in [BOB, CHARLIE] {
        it.net.provide(who, governance, Rao::from_tao(4_000));
    }
    let whole = Rao::from_tao(100);
    let one = it.record("governance", "propose", "one action", |net| {
        let change = proposal(vec![tempo.clone()]);
        net.as_(BOB).propose_change(change, whole).unwrap()
    });
    let eight = vec![Action::ChangeRule(NetworkRule::SubnetLimit(64)); 8];
    let draft = NewProposal {
        title: "t".repeat(80),
        link: "l".repeat(256),
        ..proposal(eight)
    };
    let part = Rao::from_tao(20);
    let withdrawn = it.net.as_(CHARLIE).propose_change(draft.clone(), part);
    let withdrawn = withdrawn.unwrap();
    let draft = it.record("governance", "propose", "eight actions, a draft", |net| {
        net.as_(CHARLIE).propose_change(draft, part).unwrap()
    });
    it.record("governance", "back", "the rest", |net| {
        net.as_(BOB).back(draft, Rao::from_tao(180)).unwrap();
    });
    it.record("governance", "withdraw", "", |net| {
        net.as_(CHARLIE).withdraw(withdrawn).unwrap();
    });
    it.record("governance", "reclaim", "", |net| {
        net.as_(CHARLIE).reclaim(withdrawn).unwrap();
    });
    let paying = it.net.as_(CHARLIE);
    let two = paying
        .propose_change(proposal(vec![pay.clone()]), Rao::from_tao(20))
        .unwrap();
    it.net.await_voting(one);
    (one, two)
}

fn votes(it: &mut Recorder, (one, two): (u32, u32)) {
    it.record("governance", "vote", "a proxy of 32", |net| {
        net.as_(ALICE).vote(one, Choice::Aye).unwrap();
    });
    it.record("governance", "vote", "", |net| {
        net.as_(BOB).vote(one, Choice::Aye).unwrap();
    });
    let people = people();
    it.record("governance", "vote", "in place of a proxy", |net| {
        net.as_(people[0]).vote(one, Choice::Aye).unwrap();
    });
    it.record("governance", "recount", "one account, unchanged", |net| {
        net.as_(STRANGER).recount(one, vec![BOB]).unwrap();
    });
    for who in &people {
        it.net.as_(*who).unstake_all(64).unwrap();
    }
    it.record("governance", "recount", "32 accounts that left", |net| {
        net.as_(STRANGER).recount(one, people.clone()).unwrap();
    });
    for who in [ALICE, BOB] {
        it.net.as_(who).vote(two, Choice::Aye).unwrap();
    }
}

fn executions(it: &mut Recorder, (one, two): (u32, u32)) {
    it.net.await_ready(two);
    it.record("governance", "execute", "a payment", |net| {
        net.as_(STRANGER).execute(two).unwrap();
    });
    it.net.await_ready(one);
    it.record("governance", "execute", "a hyperparameter", |net| {
        net.as_(STRANGER).execute(one).unwrap();
    });
    it.record("governance", "sweep", "34 ballots", |net| {
        let all = [people(), vec![ALICE, BOB]].concat();
        net.as_(STRANGER).sweep(one, all).unwrap();
    });
    // One that all are against.
    let spam = it.net.make_proposal(
        CHARLIE,
        proposal(vec![Action::ChangeRule(NetworkRule::SubnetLimit(1))]),
    );
    it.net.await_voting(spam);
    it.net.as_(ALICE).vote(spam, Choice::Nay).unwrap();
    it.net.advance(4 * DAY);
    it.record("governance", "close", "", |net| {
        net.as_(STRANGER).close_proposal(spam).unwrap();
    });
    it.record("governance", "forfeit", "", |net| {
        net.as_(STRANGER).forfeit(spam).unwrap();
    });
}

/// Opens a stream and a budget by a vote, and lets them pay.
fn grants(it: &mut Recorder) {
    let start = it.net.block();
    let stream = NewStream {
        payee: PAYEE,
        total: Rao::from_tao(100),
        start,
        cliff: start,
        end: start + 1_000_000,
    };
    let budget = NewBudget {
        manager: BOB,
        total: Rao::from_tao(100),
        per_period: Rao::from_tao(50),
        period: 7_200,
        until: start + 1_000_000,
    };
    let actions = vec![Action::OpenStream(stream), Action::OpenBudget(budget)];
    let id = it.net.make_proposal(CHARLIE, proposal(actions));
    pass(it, id);
    it.record("governance", "execute", "a stream and a budget", |net| {
        net.as_(STRANGER).execute(id).unwrap();
    });
    it.record("treasury", "set_payee", "", |net| {
        let message = net.governing().treasury().set_payee(0, named("next-payee"));
        net.as_(PAYEE).send(message).unwrap();
    });
    it.record("treasury", "claim", "", |net| {
        net.as_(STRANGER).claim_stream(0).unwrap();
    });
    it.record("treasury", "draw", "", |net| {
        net.as_(BOB)
            .draw_budget(1, PAYEE, Rao::from_tao(5))
            .unwrap();
    });
}

fn guard(it: &mut Recorder, tempo: &Action) {
    let id = it.net.make_proposal(BOB, proposal(vec![tempo.clone()]));
    let lead_is_over = |net: &Network| !matches!(net.proposal_state(id), State::Lead(_));
    assert!(!lead_is_over(&it.net));
    pass(it, id);
    it.record("governance", "consent", "the first", |net| {
        net.as_(GUARDS[0]).consent(GuardAct::Veto(id)).unwrap();
    });
    it.record("governance", "consent", "the last, a veto", |net| {
        net.as_(GUARDS[1]).consent(GuardAct::Veto(id)).unwrap();
    });
}

/// Lets a proposal pass, and waits until it is ready.
fn pass(it: &mut Recorder, id: u32) {
    it.net.await_voting(id);
    for who in [ALICE, BOB] {
        it.net.as_(who).vote(id, Choice::Aye).unwrap();
    }
    it.net.await_ready(id);
}

/// Makes a contract that no deployment has. Returns its address.
fn make(net: &mut Network, bundle: &Bundle, arguments: &[u8]) -> AccountId {
    let input = [&ink::selector_bytes!("new")[..], arguments].concat();
    let made = net.with_chain(|chain| {
        let code = chain.upload(DEPLOYER, &bundle.code).unwrap();
        chain.instantiate(DEPLOYER, code, &input, b"by hand")
    });
    made.unwrap().address
}

/// Sends the messages of a treasury's owner, which is an account here, and hands its role and the
/// registry admin's over to governance.
fn owned() -> Vec<Sent> {
    let mut it = Recorder::of(Network::deploy());
    let addresses = it.net.addresses();
    let owner = BOB;
    let at = make(
        &mut it.net,
        &bundles().treasury,
        &(addresses.token, owner).encode(),
    );
    let foreign = vec![(at, 1_000u128)].encode();
    let foreign = make(&mut it.net, &bundles().token, &foreign);
    it.net.fund(at, Rao::from_tao(1_000_000));
    let treasury = || contracts::treasury(at);
    let start = it.net.block();
    let stream = NewStream {
        payee: PAYEE,
        total: Rao::from_tao(100),
        start,
        cliff: start,
        end: start + 1_000,
    };
    let budget = NewBudget {
        manager: BOB,
        total: Rao::from_tao(100),
        per_period: Rao::from_tao(100),
        period: 7_200,
        until: start + 1_000_000,
    };
    it.record("treasury", "pay", "", |net| {
        let message = treasury().pay(PAYEE, Rao::from_tao(10));
        net.as_(owner).send(message).unwrap();
    });
    it.record("treasury", "open_stream", "", |net| {
        let message = treasury().open_stream(stream);
        net.as_(owner).send(message).unwrap();
    });
    it.record("treasury", "open_budget", "", |net| {
        let message = treasury().open_budget(budget);
        net.as_(owner).send(message).unwrap();
    });
    it.record("treasury", "revoke", "a budget", |net| {
        net.as_(owner).send(treasury().revoke(1)).unwrap();
    });
    it.net.advance(1_000);
    it.net.as_(STRANGER).send(treasury().claim(0)).unwrap();
    it.record("treasury", "close", "a stream", |net| {
        net.as_(STRANGER).send(treasury().close(0)).unwrap();
    });
    it.record("treasury", "rescue", "", |net| {
        let message = treasury().rescue(foreign, PAYEE, 1_000);
        net.as_(owner).send(message).unwrap();
    });
    let next = named("next-owner");
    it.record("treasury", "offer_owner", "", |net| {
        let message = treasury().offer_owner(Some(next));
        net.as_(owner).send(message).unwrap();
    });
    it.record("treasury", "accept_owner", "", |net| {
        net.as_(next).send(treasury().accept_owner()).unwrap();
    });
    let terms = GovernanceTerms {
        electorate_floor: Rao::from_tao(100),
        opens_after: 0,
        guard: None,
    };
    let governance = (addresses.governed(at), terms).encode();
    let governance = make(&mut it.net, &bundles().governance, &governance);
    it.net.as_(ADMIN).offer_admin(Some(governance)).unwrap();
    let offer = treasury().offer_owner(Some(governance));
    it.net.as_(next).send(offer).unwrap();
    it.record("governance", "accept_roles", "both", |net| {
        let message = contracts::governance(governance).accept_roles();
        net.as_(STRANGER).send(message).unwrap();
    });
    it.sent
}
