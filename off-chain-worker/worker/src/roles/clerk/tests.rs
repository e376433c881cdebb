use super::{decide::*, docket::*, following::*, *};
use ink::env::Event;
use inktensor_client::chain::ContractEvent;
use inktensor_primitives::{
    governance::{Choice, ProposalView, Tally, Track, Voted, MAX_RECOUNTS},
    staking::{Proxy, ProxySet, StakeRemoved},
    NetUid,
};
use scale::Encode;

const TAO: u64 = Rao::PER_TAO;

fn account(number: u16) -> AccountId {
    let mut bytes = [7; 32];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    bytes.into()
}

fn standing(own: u64, now: u64, proxy: Proxy) -> Standing {
    Standing {
        own: Rao(own * TAO),
        others: Rao::ZERO,
        proxy,
        own_now: Rao(now * TAO),
    }
}

fn ballot(own: u64, choice: Option<Choice>, share: u64) -> Ballot {
    Ballot {
        choice,
        own: Rao(own * TAO),
        others: Rao::ZERO,
        gone: Rao::ZERO,
        share: Rao(share * TAO),
    }
}

#[test]
fn a_vote_is_counted_again_when_its_stake_has_changed() {
    let aye = Some(Choice::Aye);
    let voted = ballot(10, aye, 0);
    let stale = |own, now| is_stale(&standing(own, now, Proxy::None), Some(&voted), false);
    assert!(!stale(10, 10));
    assert!(!stale(10, 50));
    assert!(stale(10, 9));
    assert!(stale(10, 0));
    // It has come back.
    let left = ballot(4, aye, 0);
    assert!(is_stale(&standing(10, 10, Proxy::None), Some(&left), false));
    // Single rao are not worth a fee.
    let mut dust = standing(10, 10, Proxy::None);
    dust.own_now = Rao(10 * TAO - 999_999);
    assert!(!is_stale(&dust, Some(&voted), false));
    // What was set aside has no vote.
    assert!(!is_stale(
        &standing(10, 3, Proxy::Aside),
        Some(&ballot(0, aye, 0)),
        false
    ));
}

#[test]
fn a_person_is_counted_again_once_the_proxy_has_voted() {
    let proxy = Proxy::Account(account(1));
    let left = standing(10, 3, proxy);
    assert!(!is_stale(&left, None, false));
    assert!(is_stale(&left, None, true));
    assert!(!is_stale(&left, Some(&ballot(3, None, 7)), true));
    assert!(!is_stale(&standing(10, 12, proxy), None, true));
    // A ballot that exists because others have left it.
    assert!(!is_stale(
        &standing(10, 10, proxy),
        Some(&ballot(0, None, 0)),
        true
    ));
    // Without a proxy and without a vote there is nothing to count.
    assert!(!is_stale(&standing(10, 3, Proxy::None), None, true));
}

fn proposal(id: u32, state: State, ayes: u64, nays: u64) -> ProposalView {
    let track = Track::Parameter;
    ProposalView {
        id,
        proposer: account(9),
        track,
        rules: track.default_rules(),
        is_immune: false,
        digest: [3; 32],
        made_at: 0,
        put: Rao::from_tao(100),
        snapshot: Some(2),
        electorate: Some(Rao(1_000 * TAO)),
        tally: Tally {
            ayes: Rao(ayes * TAO),
            nays: Rao(nays * TAO),
            abstains: Rao::ZERO,
        },
        after: None,
        approval: 0,
        support: 0,
        state,
    }
}

#[test]
fn the_state_and_the_votes_decide_about_a_step() {
    let step = |state, ayes, nays| step_of(&proposal(0, state, ayes, nays));
    assert_eq!(step(State::Ready(9), 5, 0), Some(Step::Execute));
    assert_eq!(step(State::Queued(9), 5, 0), None);
    assert_eq!(step(State::Voting(9), 1, 5), Some(Step::Close));
    assert_eq!(step(State::Voting(9), 1, 4), None);
    assert_eq!(step(State::Voting(9), 0, 0), None);
    assert_eq!(step(State::Rejected, 1, 5), Some(Step::Forfeit));
    assert_eq!(step(State::Rejected, 0, 0), Some(Step::Forfeit));
    assert_eq!(step(State::Rejected, 1, 4), Some(Step::Forfeit));
    assert_eq!(step(State::Withdrawn, 1, 0), None);
    assert_eq!(step(State::Executed, 1, 0), None);
    let draft = ProposalView {
        snapshot: None,
        ..proposal(0, State::Withdrawn, 0, 0)
    };
    assert_eq!(step_of(&draft), None);
    let paid = ProposalView {
        put: Rao::ZERO,
        ..proposal(0, State::Rejected, 0, 9)
    };
    assert_eq!(step_of(&paid), None);
}

#[test]
fn a_failing_step_is_tried_less_and_less_often() {
    let mut attempts = Attempts::default();
    let mut block = 100;
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        assert!(attempts.is_due(3, Step::Execute, block));
        attempts.fail(3, Step::Execute, block, "no TAO".into());
        assert!(!attempts.is_due(3, Step::Execute, block + wait - 1));
        block += wait;
    }
    assert!(attempts.is_due(4, Step::Execute, 0));
    attempts.fail(5, Step::Close, block, "too early".into());
    assert_eq!(attempts.unexecuted(), [(3, "no TAO".into())]);
    attempts.retain(|id, _| id != 3);
    assert!(attempts.unexecuted().is_empty() && attempts.is_due(3, Step::Execute, block));
    attempts.succeed(5, Step::Close);
    assert!(attempts.is_due(5, Step::Close, block));
}

const SOURCES: Sources = Sources {
    staking: AccountId([1; 32]),
    governance: AccountId([2; 32]),
};

fn event<E: Event + Encode>(contract: AccountId, block: u32, event: &E) -> ContractEvent {
    ContractEvent {
        block,
        contract,
        topics: E::SIGNATURE_TOPIC.into_iter().collect(),
        data: event.encode(),
    }
}

fn removed(coldkey: AccountId, block: u32) -> ContractEvent {
    let removed = StakeRemoved {
        netuid: NetUid(1),
        coldkey,
        hotkey: account(99),
        amount: Rao(1),
    };
    event(SOURCES.staking, block, &removed)
}

fn proxy_set(coldkey: AccountId, proxy: AccountId) -> ContractEvent {
    let proxy = Proxy::Account(proxy);
    event(SOURCES.staking, 1, &ProxySet { coldkey, proxy })
}

#[test]
fn who_leaves_is_looked_at_first_and_once() {
    let mut following = Following::default();
    following.set_voting(&[4].into());
    let left = removed(account(1), 10);
    following.handle(&SOURCES, &left);
    assert_eq!(following.pages(10), [(4, vec![account(1)])]);
    // The block is read again, and nothing is new.
    following.handle(&SOURCES, &left);
    assert!(following.pages(11).is_empty());
    following.handle(&SOURCES, &removed(account(1), 11));
    assert_eq!(following.pages(12), [(4, vec![account(1)])]);
    // Another contract emits what it likes.
    let mut fake = removed(account(5), 12);
    fake.contract = account(50);
    following.handle(&SOURCES, &fake);
    assert!(following.pages(13).is_empty());
    following.put_back(4, [account(1)]);
    assert_eq!(following.pages(14), [(4, vec![account(1)])]);
}

#[test]
fn people_are_looked_at_when_their_proxy_votes() {
    let mut following = Following::default();
    following.handle(&SOURCES, &proxy_set(account(1), account(2)));
    following.set_voting(&[4].into());
    // The first round has everyone.
    assert_eq!(following.pages(10), [(4, vec![account(1)])]);
    assert!(following.pages(11).is_empty());
    let voted = Voted {
        id: 4,
        account: account(2),
        choice: Choice::Aye,
        weight: Rao(1),
    };
    following.handle(&SOURCES, &event(SOURCES.governance, 12, &voted));
    assert_eq!(following.pages(12), [(4, vec![account(1)])]);
    // The next round has the proxy too.
    assert_eq!(following.pages(100), [(4, vec![account(1), account(2)])]);
}

#[test]
fn a_block_has_a_few_pages_and_every_account_has_its_turn() {
    let mut following = Following::default();
    let ids: BTreeSet<u32> = (0..12).collect();
    for number in 0..100 {
        following.handle(&SOURCES, &proxy_set(account(number), account(1_000)));
    }
    following.set_voting(&ids);
    let mut seen: BTreeMap<u32, BTreeSet<AccountId>> = BTreeMap::new();
    for block in 0..20 {
        let pages = following.pages(block);
        assert!(pages.len() <= GROUP, "{}", pages.len());
        for (id, page) in pages {
            assert!(page.len() <= MAX_RECOUNTS);
            seen.entry(id).or_default().extend(page);
        }
    }
    assert!(seen.len() == 12 && seen.values().all(|it| it.len() == 100));
}

#[test]
fn an_account_rests_after_a_recount() {
    let mut following = Following::default();
    following.count(4, &[account(1)], 10);
    for (block, rests) in [(29, true), (30, false)] {
        following.pages(block);
        assert_eq!(following.was_counted(4, &account(1)), rests);
    }
}

#[test]
fn a_proposal_that_has_ended_is_read_for_a_while_and_then_only_counted() {
    let mut docket = Docket::default();
    docket.update(proposal(0, State::Ready(90), 9, 0), 10);
    assert_eq!(docket.steps(), [(0, Step::Execute)]);
    docket.update(proposal(0, State::Executed, 9, 0), 11);
    // A fork without the execution.
    docket.update(proposal(0, State::Ready(90), 9, 0), 12);
    assert_eq!(docket.steps(), [(0, Step::Execute)]);
    docket.update(proposal(0, State::Executed, 9, 0), 13);
    docket.update(proposal(0, State::Executed, 9, 0), 62);
    assert_eq!(docket.present().count(), 1);
    docket.update(proposal(0, State::Executed, 9, 0), 63);
    assert_eq!(docket.present().count(), 0);
    let counts = docket.counts();
    assert_eq!(counts, [((Track::Parameter, "executed"), 1)].into());
}

#[test]
fn a_lost_deposit_is_wanted_until_it_is_paid_or_turns_out_to_be_none() {
    let mut docket = Docket::default();
    for block in [10, 100] {
        docket.update(proposal(0, State::Rejected, 0, 9), block);
        assert_eq!(docket.steps(), [(0, Step::Forfeit)]);
    }
    docket.settle(0);
    assert!(docket.steps().is_empty());
    docket.update(proposal(0, State::Rejected, 0, 9), 101);
    assert_eq!(docket.present().count(), 0);
}

#[test]
fn figures_are_of_the_proposals_that_end_first() {
    let mut docket = Docket::default();
    docket.update(proposal(0, State::Voting(500), 30, 10), 100);
    docket.update(proposal(1, State::Draft(200), 0, 0), 100);
    docket.update(proposal(2, State::Ready(400), 80, 0), 100);
    docket.update(proposal(3, State::Executed, 80, 0), 100);
    let ids = |most| -> Vec<u32> {
        let figures = docket.figures(100, Rao::ZERO, most);
        figures.iter().map(|it| it.id).collect()
    };
    assert_eq!((ids(9), ids(2)), (vec![2, 0, 1], vec![2, 0]));
    let first = docket.figures(100, Rao::from_tao(2_000), 9)[1];
    assert_eq!(first.ends_in, 400);
    assert!((first.approval() - 0.75).abs() < 1e-9);
    assert!((first.support() - 0.015).abs() < 1e-9);
    assert_eq!(docket.snapshots(), [(0, 2)].into());
    assert_eq!(docket.first_block(), Some(14_400));
}
