use super::*;
use ink::env::Event;
use inktensor_primitives::kernel::NeuronResult;
use scale::Encode;

const CONTRACT: [u8; 32] = [9; 32];
const ME: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];
const NETUID: NetUid = NetUid(3);
const EPOCH: u32 = 4;
const ABOUT: (NetUid, u32) = (NETUID, EPOCH);

fn event<E: Event + Encode>(event: &E) -> ContractEvent {
    ContractEvent {
        block: 1,
        contract: CONTRACT.into(),
        topics: E::SIGNATURE_TOPIC.into_iter().collect(),
        data: event.encode(),
    }
}

fn assertion(number: u8) -> Assertion {
    Assertion {
        header_hash: [number; 32],
        steps: Vec::new(),
        memory: Vec::new(),
        results: Vec::new(),
        roster: Vec::new(),
    }
}

fn proposed(netuid: NetUid, epoch: u32, proposer: [u8; 32]) -> ContractEvent {
    claimed(netuid, epoch, proposer, 0)
}

/// Posts the assertion with this number.
fn claimed(netuid: NetUid, epoch: u32, proposer: [u8; 32], number: u8) -> ContractEvent {
    event(&Proposed {
        netuid,
        epoch,
        proposer: proposer.into(),
        deadline: 9,
        assertion: assertion(number),
    })
}

fn disputed(netuid: NetUid, epoch: u32) -> ContractEvent {
    refuted(netuid, epoch, 0)
}

/// Disputes the assertion with this number.
fn refuted(netuid: NetUid, epoch: u32, number: u8) -> ContractEvent {
    event(&Disputed {
        netuid,
        epoch,
        challenger: OTHER.into(),
        assertion: assertion(number).digest(),
        step: 7,
        slashed: Rao(2),
        reward: Rao(1),
    })
}

fn history(events: &[ContractEvent]) -> EpochHistory {
    EpochHistory::of(events, CONTRACT.into(), ABOUT)
}

fn own(events: &[ContractEvent]) -> IntentOutcome {
    history(events).intent_outcome(ME.into(), None)
}

#[test]
fn what_was_not_posted_stays_so_whatever_others_do() {
    assert_eq!(own(&[]), IntentOutcome::NotPosted);
    let others = [
        proposed(NETUID, EPOCH, OTHER),
        disputed(NETUID, EPOCH),
        proposed(NETUID, EPOCH - 1, ME),
        proposed(NetUid(8), EPOCH, ME),
        disputed(NetUid(8), EPOCH),
    ];
    assert_eq!(own(&others), IntentOutcome::NotPosted);
}

#[test]
fn an_own_assertion_stands_until_it_is_disproved() {
    let mine = proposed(NETUID, EPOCH, ME);
    assert_eq!(own(std::slice::from_ref(&mine)), IntentOutcome::Standing);
    let elsewhere = disputed(NetUid(8), EPOCH);
    assert_eq!(own(&[mine.clone(), elsewhere]), IntentOutcome::Standing);
    let slashed = IntentOutcome::Slashed { step: 7 };
    assert_eq!(own(&[mine.clone(), disputed(NETUID, EPOCH)]), slashed);
    // A later assertion of another proposer does not undo it.
    let again = proposed(NETUID, EPOCH, OTHER);
    assert_eq!(own(&[mine, disputed(NETUID, EPOCH), again]), slashed);
}

#[test]
fn only_the_assertion_with_the_digest_counts() {
    let events = [proposed(NETUID, EPOCH, ME), disputed(NETUID, EPOCH)];
    let outcome = |digest| history(&events).intent_outcome(ME.into(), Some(digest));
    let slashed = IntentOutcome::Slashed { step: 7 };
    assert_eq!(outcome(assertion(0).digest()), slashed);
    assert_eq!(outcome([5; 32]), IntentOutcome::NotPosted);
}

#[test]
fn a_lie_of_another_proposer_is_not_an_own_one() {
    let events = [
        proposed(NETUID, EPOCH, OTHER),
        disputed(NETUID, EPOCH),
        proposed(NETUID, EPOCH, ME),
    ];
    assert_eq!(own(&events), IntentOutcome::Standing);
}

#[test]
fn a_dispute_is_of_the_assertion_that_it_names() {
    let events = [
        claimed(NETUID, EPOCH, OTHER, 1),
        claimed(NETUID, EPOCH, ME, 2),
        claimed(NETUID, EPOCH, OTHER, 3),
        refuted(NETUID, EPOCH, 1),
        refuted(NETUID, EPOCH, 3),
    ];
    assert_eq!(own(&events), IntentOutcome::Standing);
    let posted = history(&events).posted().expect("posted");
    assert_eq!(posted.digest, assertion(2).digest());
    assert_eq!(posted.slashed, 2);
    let posted = history(&events[..3]).posted().expect("posted");
    assert_eq!(
        posted.digest,
        assertion(1).digest(),
        "the first that stands"
    );
}

#[test]
fn pay_of_a_chunk_that_is_settled_in_several_calls_adds_up() {
    let settled = |chunk, neurons, paid| {
        event(&Settled {
            netuid: NETUID,
            epoch: EPOCH,
            chunk,
            neurons,
            paid: Rao(paid),
            settled: chunk == 1,
            complete: false,
        })
    };
    let events = [settled(0, 3, 7), settled(1, 2, 1), settled(0, 1, 5)];
    let found = history(&events);
    let pay = |neurons, paid| ChunkPay {
        neurons,
        paid: Rao(paid),
    };
    let expected = BTreeMap::from([(0, pay(4, 12)), (1, pay(2, 1))]);
    assert_eq!(found.settled(), &expected);
}

#[test]
fn the_assertion_that_counts_is_the_final_or_the_last_one() {
    assert_eq!(history(&[]).posted(), None);
    let first = proposed(NETUID, EPOCH, OTHER);
    let posted = history(std::slice::from_ref(&first)).posted();
    let posted = posted.expect("posted");
    assert_eq!(posted.fate, AssertionStatus::Standing { deadline: 9 });
    assert_eq!(posted.proposer, Some(OTHER.into()));
    let lost = [first.clone(), disputed(NETUID, EPOCH)];
    let posted = history(&lost).posted().expect("posted");
    assert_eq!((posted.fate, posted.slashed), (AssertionStatus::Slashed, 1));
    let finalized = |assertion| {
        event(&Finalized {
            netuid: NETUID,
            epoch: EPOCH,
            proposer: Some(OTHER.into()),
            assertion,
        })
    };
    let done = [first.clone(), finalized(assertion(0).digest())];
    let posted = history(&done).posted().expect("posted");
    assert_eq!(posted.fate, AssertionStatus::Final);
    assert_eq!(posted.assertion, Some(assertion(0)));
    // A replay on the chain makes an epoch final without an assertion.
    let replayed = [first, disputed(NETUID, EPOCH), finalized([6; 32])];
    let posted = history(&replayed).posted().expect("posted");
    assert_eq!((posted.assertion, posted.digest), (None, [6; 32]));
}

#[test]
fn an_assertion_is_found_by_its_digest() {
    let history = history(&[proposed(NETUID, EPOCH, OTHER)]);
    let digest = assertion(0).digest();
    assert_eq!(history.assertion(&digest), Some(&assertion(0)));
    assert_eq!(history.assertion(&[5; 32]), None);
}

fn part(about: (NetUid, u32), chunk: u16, offset: u32, bytes: &[u8]) -> ContractEvent {
    event(&MemoryPublished {
        netuid: about.0,
        epoch: about.1,
        chunk,
        offset,
        bytes: bytes.to_vec(),
    })
}

fn result(about: (NetUid, u32), chunk: u16) -> ContractEvent {
    event(&ResultsPublished {
        netuid: about.0,
        epoch: about.1,
        chunk,
        results: vec![NeuronResult::default(); usize::from(chunk) + 1],
    })
}

#[test]
fn parts_make_a_memory_whole() {
    let history = history(&[
        part(ABOUT, 0, 0, &[1, 2]),
        part((NetUid(8), 4), 0, 0, &[7]),
        part(ABOUT, 0, 2, &[3]),
        part((NetUid(3), 5), 1, 0, &[7]),
        part(ABOUT, 2, 0, &[4]),
    ]);
    let whole = vec![vec![1, 2, 3], vec![], vec![4]];
    assert_eq!(history.published_memory(3), Some(whole));
    assert_eq!(history.published_memory(2), None);
}

#[test]
fn a_chunk_with_a_gap_is_empty_and_the_others_are_known() {
    let history = history(&[
        part(ABOUT, 0, 0, &[1, 2]),
        part(ABOUT, 0, 3, &[3]),
        // The node has forgotten the block of the first part.
        part(ABOUT, 1, 2, &[4]),
        part(ABOUT, 2, 0, &[5]),
    ]);
    let known = vec![vec![], vec![], vec![5]];
    assert_eq!(history.published_memory(3), Some(known));
}

#[test]
fn results_come_chunk_by_chunk() {
    let events = [
        result(ABOUT, 0),
        result((NetUid(8), 4), 0),
        result(ABOUT, 1),
    ];
    let lens = |events: &[ContractEvent]| {
        let found = history(events).published_results()?;
        Some(found.iter().map(Vec::len).collect::<Vec<_>>())
    };
    assert_eq!(lens(&events), Some(vec![1, 2]));
    assert_eq!(lens(&events[..2]), Some(vec![1]));
    assert_eq!(lens(&events[2..]), None);
    assert_eq!(lens(&[]), None);
}

#[test]
fn events_of_another_contract_are_ignored() {
    let other = EpochHistory::of(&[result(ABOUT, 0)], [1; 32].into(), ABOUT);
    assert_eq!(other.published_results(), None);
}
