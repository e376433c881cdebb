//! Money of governance: deposits, the treasury's limits, streams and budgets.

use crate::governance::{governed, ready, tempo};
use inktensor_e2e_tests::{accounts::*, proposal, Network};
use inktensor_primitives::{
    governance::{Action, Choice, GovernanceError, State, Track, DAY},
    treasury::{NewBudget, NewStream, TreasuryError},
    AccountId, NetUid, Rao,
};

const SINK: AccountId = named("sink");

fn pay(tao: u64) -> Action {
    Action::Pay {
        to: SINK,
        amount: Rao::from_tao(tao),
    }
}

fn spent(net: &Network) -> u64 {
    u64::try_from(net.balance(SINK)).expect("TAO") / Rao::PER_TAO
}

#[test]
fn draft_is_backed_by_others_and_lapses_without_them() {
    let (mut net, netuid) = governed();
    let governance = net.governing().governance;
    for who in [ALICE, BOB, CHARLIE] {
        net.provide(who, governance, Rao::from_tao(500));
    }
    let change = || proposal(vec![tempo(netuid, 720)]);
    net.refuses(
        CHARLIE,
        |it| it.propose_change(change(), Rao(Rao::from_tao(10).0 - 1)),
        GovernanceError::DepositTooSmall(Rao::from_tao(10)),
    );
    let ten = Rao::from_tao(10);
    let id = net
        .as_(CHARLIE)
        .propose_change(change(), ten)
        .expect("made");
    let lost = net
        .as_(CHARLIE)
        .propose_change(change(), ten)
        .expect("made");
    assert!(matches!(net.proposal_state(id), State::Draft(_)));
    net.refuses(
        CHARLIE,
        |it| it.propose_change(change(), ten),
        GovernanceError::TooManyProposals(2),
    );
    net.refuses(
        BOB,
        |it| it.back(id, Rao::ZERO),
        GovernanceError::DepositTooSmall(Rao(1)),
    );
    assert_eq!(
        net.as_(BOB).back(id, Rao::from_tao(50)),
        Ok(Rao::from_tao(50))
    );
    // No more is taken than is missing.
    assert_eq!(
        net.as_(ALICE).back(id, Rao::from_tao(500)),
        Ok(Rao::from_tao(40))
    );
    assert!(matches!(net.proposal_state(id), State::Lead(_)));
    net.refuses(BOB, |it| it.back(id, Rao(1)), GovernanceError::NotADraft);
    // Once it is complete, votes decide.
    net.refuses(CHARLIE, |it| it.withdraw(id), GovernanceError::NotADraft);
    net.refuses(BOB, |it| it.withdraw(lost), GovernanceError::NotProposer);
    net.refuses(CHARLIE, |it| it.reclaim(lost), GovernanceError::NotReturned);
    // Each draft has cost a hundredth of the deposit.
    assert_eq!(net.treasury_free(), Rao::from_tao(2));
    net.advance(14 * DAY);
    assert_eq!(net.proposal_state(lost), State::Lapsed);
    assert_eq!(net.as_(CHARLIE).reclaim(lost), Ok(ten));
    net.refuses(ALICE, |it| it.reclaim(id), GovernanceError::NotReturned);
    assert_eq!(net.as_(STRANGER).forfeit(id), Ok(Rao::from_tao(100)));
    let withdrawn = net
        .as_(CHARLIE)
        .propose_change(change(), ten)
        .expect("made");
    net.as_(CHARLIE).withdraw(withdrawn).expect("withdrawn");
    assert_eq!(net.as_(CHARLIE).reclaim(withdrawn), Ok(ten));
}

#[test]
fn deposit_of_spam_is_the_treasurys() {
    let (mut net, netuid) = governed();
    let id = net.make_proposal(CHARLIE, proposal(vec![tempo(netuid, 720)]));
    net.await_voting(id);
    net.as_(ALICE).vote(id, Choice::Nay).expect("voted");
    net.refuses(
        STRANGER,
        |it| it.close_proposal(id),
        GovernanceError::NotRejectable,
    );
    net.refuses(STRANGER, |it| it.forfeit(id), GovernanceError::NotForfeited);
    net.advance(2 * DAY);
    net.as_(STRANGER).close_proposal(id).expect("closed");
    assert_eq!(net.proposal_state(id), State::Closed);
    net.refuses(CHARLIE, |it| it.reclaim(id), GovernanceError::NotReturned);
    let before = net.treasury_free();
    assert_eq!(net.as_(STRANGER).forfeit(id), Ok(Rao::from_tao(100)));
    net.refuses(STRANGER, |it| it.forfeit(id), GovernanceError::NotForfeited);
    assert_eq!(net.treasury_free().0 - before.0, Rao::from_tao(100).0);
}

#[test]
fn spending_needs_the_track_of_its_sum() {
    let (mut net, _) = governed();
    net.endow(Rao::from_tao(100_000));
    for (number, actions, track) in [
        (0, vec![pay(100)], Track::SpendSmall),
        (1, vec![pay(50), pay(50)], Track::SpendSmall),
        (2, vec![pay(51), pay(50)], Track::SpendLarge),
    ] {
        let id = net.make_proposal(nth("proposer", number), proposal(actions));
        assert_eq!(net.proposal(id).track, track);
    }
    let id = ready(&mut net, vec![pay(90)]);
    net.as_(STRANGER).execute(id).expect("executed");
    assert_eq!(spent(&net), 90);
}

/// All voters agree to empty the treasury, as often as they like: a tenth goes out in 30 days.
#[test]
fn captured_majority_takes_a_tenth_in_thirty_days() {
    let (mut net, _) = governed();
    let all = 100_000;
    net.endow(Rao::from_tao(all));
    let governance = net.governing().governance;
    net.provide(BOB, governance, Rao::from_tao(4_000));
    net.provide(CHARLIE, governance, Rao::from_tao(4_000));
    let mut ids = Vec::new();
    for (who, tao) in [(BOB, 9_000), (BOB, 5_000), (CHARLIE, 2_000), (CHARLIE, 990)] {
        let deposit = Rao::from_tao(500);
        let id = net
            .as_(who)
            .propose_change(proposal(vec![pay(tao)]), deposit)
            .expect("proposed");
        ids.push(id);
    }
    net.await_voting(ids[3]);
    for id in &ids {
        for who in [ALICE, BOB] {
            net.as_(who).vote(*id, Choice::Aye).expect("voted");
        }
    }
    net.await_ready(ids[3]);
    net.as_(STRANGER).execute(ids[0]).expect("executed");
    for id in &ids[1..3] {
        let refused = net.refused(STRANGER, |it| it.execute(*id));
        assert!(matches!(
            refused,
            GovernanceError::Treasury(TreasuryError::AboveLimit { .. })
        ));
    }
    net.as_(STRANGER).execute(ids[3]).expect("executed");
    assert_eq!(spent(&net), 9_990);
    assert!(spent(&net) <= all / 10);
}

#[test]
fn streams_and_budgets_pay_as_they_were_voted() {
    let (mut net, _) = governed();
    net.endow(Rao::from_tao(1_000_000));
    let start = net.block();
    let stream = NewStream {
        payee: SINK,
        total: Rao::from_tao(1_000),
        start,
        cliff: start,
        end: start + 100 * DAY,
    };
    let budget = NewBudget {
        manager: BOB,
        total: Rao::from_tao(300),
        per_period: Rao::from_tao(100),
        period: 10 * DAY,
        until: start + 200 * DAY,
    };
    let id = ready(
        &mut net,
        vec![Action::OpenStream(stream), Action::OpenBudget(budget)],
    );
    net.as_(STRANGER).execute(id).expect("executed");
    let passed = u64::from(net.block() - start);
    let vested = Rao(Rao::from_tao(1_000).0 * passed / u64::from(100 * DAY));
    assert_eq!(net.as_(STRANGER).claim_stream(0), Ok(vested));
    let hundred = Rao::from_tao(100);
    net.as_(BOB).draw_budget(1, SINK, hundred).expect("drawn");
    net.refused(BOB, |it| it.draw_budget(1, SINK, Rao(1)));
    net.refused(ALICE, |it| it.draw_budget(1, SINK, Rao(1)));
    net.advance(10 * DAY);
    net.as_(BOB).draw_budget(1, SINK, hundred).expect("drawn");
    // A vote ends both; what has vested stays the payee's.
    let end = ready(&mut net, vec![Action::Revoke(0), Action::Revoke(1)]);
    assert_eq!(net.proposal(end).track, Track::Rules);
    net.as_(STRANGER).execute(end).expect("executed");
    net.refused(BOB, |it| it.draw_budget(1, SINK, Rao(1)));
    assert!(net.as_(STRANGER).claim_stream(0).expect("vested") > Rao::ZERO);
    net.advance(DAY);
    net.refused(STRANGER, |it| it.claim_stream(0));
}

#[test]
fn emission_pays_the_treasury_of_governance() {
    let (mut net, netuid) = governed();
    net.with_validators(netuid, 2).with_miners(netuid, 2);
    let before = net.treasury_free();
    for _ in 0..3 {
        net.honest_weights(netuid);
        net.run_epoch(netuid);
    }
    assert!(net.treasury_free() > before);
    assert_eq!(net.treasury(), net.governing().treasury);
    assert!(netuid > NetUid::ROOT);
}
