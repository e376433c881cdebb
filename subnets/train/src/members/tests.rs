use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::toy;

fn seat(uid: u16) -> Seat {
    Seat { uid, generation: 1 }
}

fn work(steps: u16) -> Work {
    Work {
        epoch: toy::epoch().number,
        steps,
        root: [0; 32],
        end: [0; 32],
    }
}

fn pledged(count: u16) -> Vec<Member> {
    let pledges = (0..count).map(|uid| (seat(uid), work(1))).collect();
    candidates(&toy::epoch(), &pledges)
}

/// The start that voters of the tests name.
const START: Digest = [1; 32];
/// Another start.
const OTHER: Digest = [2; 32];

/// Returns voters with these stakes and votes, by uid from 100 on.
fn numbered(voters: impl IntoIterator<Item = (u64, Option<Vote>)>) -> BTreeMap<Seat, Voter> {
    (100..)
        .zip(voters)
        .map(|(uid, (stake, vote))| (seat(uid), Voter { stake, vote }))
        .collect()
}

/// Returns voters with these stakes, each with a ballot for some candidates.
fn voters(candidates: &[Member], votes: &[(u64, Option<&[u16]>)]) -> BTreeMap<Seat, Voter> {
    let vote = |uids: &[u16]| Vote {
        start: START,
        ballot: Ballot::new(candidates, |it| uids.contains(&it.seat.uid)),
    };
    numbered(votes.iter().map(|(stake, uids)| (*stake, uids.map(vote))))
}

/// Returns the start that voters with these stakes vote.
fn voted(votes: &[(u64, Option<Digest>)]) -> Option<Digest> {
    let vote = |start| Vote {
        start,
        ballot: Ballot::new(&[], |_| true),
    };
    let votes = votes.iter().map(|(stake, start)| (*stake, start.map(vote)));
    voted_start(&numbered(votes))
}

/// Returns the bytes of a ballot that begin with `first`.
fn padded(first: &[u8]) -> [u8; BALLOT_BYTES] {
    let mut bytes = [0; BALLOT_BYTES];
    bytes[..first.len()].copy_from_slice(first);
    bytes
}

fn uids(members: &[Member]) -> Vec<u16> {
    members.iter().map(|member| member.seat.uid).collect()
}

#[test]
fn candidates_are_pledges_that_count_in_order_of_uid() {
    let mut void = work(3);
    void.epoch += 1;
    let later = Seat {
        uid: 2,
        generation: 9,
    };
    let pledges = BTreeMap::from([
        (seat(4), work(3)),
        (seat(2), work(3)),
        (later, work(5)),
        (seat(1), void),
        (seat(3), work(0)),
    ]);
    let found = candidates(&toy::epoch(), &pledges);
    assert_eq!(uids(&found), [2, 4]);
    assert_eq!((found[0].seat, found[0].work.steps), (later, 5));
}

#[test]
fn pledges_with_most_steps_remain_of_too_many() {
    let pledges = (0..300).map(|uid| (seat(uid), work(1 + uid % 2))).collect();
    let found = candidates(&toy::epoch(), &pledges);
    assert_eq!(found.len(), MEMBERS_LIMIT);
    let odd = (0..300).filter(|uid| uid % 2 == 1);
    let even = (0..300).filter(|uid| uid % 2 == 0).take(18);
    let mut right: Vec<u16> = odd.chain(even).collect();
    right.sort_unstable();
    assert_eq!(uids(&found), right);
}

#[test]
fn member_needs_more_than_half_of_the_permitted_stake() {
    let all = pledged(4);
    let votes: [(u64, Option<&[u16]>); 3] = [
        (50, Some(&[0, 1])),
        (30, Some(&[1, 2])),
        (20, Some(&[1, 2, 3])),
    ];
    assert_eq!(uids(&members(&all, &voters(&all, &votes), &START)), [1]);
    let votes: [(u64, Option<&[u16]>); 3] = [(51, Some(&[0])), (30, None), (19, None)];
    assert_eq!(uids(&members(&all, &voters(&all, &votes), &START)), [0]);
    assert_eq!(members(&all, &BTreeMap::new(), &START), []);
    let stakes: [(u64, Option<&[u16]>); 2] = [(u64::MAX, Some(&[3])), (u64::MAX, Some(&[3]))];
    assert_eq!(uids(&members(&all, &voters(&all, &stakes), &START)), [3]);
}

#[test]
fn vote_for_another_start_names_no_member_and_counts_in_the_whole() {
    let all = pledged(4);
    let mut voters = voters(&all, &[(60, Some(&[0, 1])), (40, Some(&[1, 2]))]);
    assert_eq!(uids(&members(&all, &voters, &START)), [0, 1]);
    assert_eq!(members(&all, &voters, &OTHER), []);
    voters
        .get_mut(&seat(100))
        .unwrap()
        .vote
        .as_mut()
        .unwrap()
        .start = OTHER;
    assert_eq!(members(&all, &voters, &START), []);
    assert_eq!(uids(&members(&all, &voters, &OTHER)), [0, 1]);
}

#[test]
fn bits_beyond_the_last_candidate_name_none() {
    let (all, more) = (pledged(4), pledged(9));
    let vote = Vote {
        start: START,
        ballot: Ballot::new(&more, |it| it.seat.uid != 2),
    };
    let found = members(&all, &numbered([(60, Some(vote)), (40, None)]), &START);
    assert_eq!(uids(&found), [0, 1, 3]);
}

#[test]
fn start_needs_more_than_half_of_the_permitted_stake() {
    let majority = [(30, Some(START)), (49, Some(OTHER)), (21, Some(START))];
    assert_eq!(voted(&majority), Some(START));
    // Exactly half.
    assert_eq!(voted(&[(50, Some(START)), (50, Some(OTHER))]), None);
    assert_eq!(voted(&[(50, Some(START)), (50, None)]), None);
    // Silent stake counts in the whole.
    assert_eq!(voted(&[(40, Some(START)), (60, None)]), None);
    assert_eq!(voted(&[(51, Some(START)), (49, None)]), Some(START));
    assert_eq!(voted(&[(0, Some(START))]), None);
    assert_eq!(voted(&[]), None);
    let most = [(u64::MAX, Some(OTHER)), (u64::MAX, Some(OTHER))];
    assert_eq!(voted(&most), Some(OTHER));
}

#[test]
fn most_named_start_is_that_of_most_votes_and_of_equal_ones_the_lower() {
    let most = |all: &[(u64, Option<Digest>)]| {
        let vote = |start| Vote {
            start,
            ballot: Ballot::from_bytes([0; BALLOT_BYTES]),
        };
        let all = all.iter().map(|(stake, start)| (*stake, start.map(vote)));
        most_named_start(&numbered(all.collect::<Vec<_>>()))
    };
    assert_eq!(
        most(&[(10, Some(OTHER)), (9, Some(START)), (90, None)]),
        Some(OTHER)
    );
    assert_eq!(
        most(&[(5, Some(OTHER)), (5, Some(START))]),
        Some(START.min(OTHER))
    );
    assert_eq!(most(&[(5, None)]), None);
}

#[test]
fn bits_of_a_ballot_are_in_order_of_the_candidates() {
    let ballot = Ballot::new(&pledged(10), |it| it.seat.uid % 3 == 0);
    assert_eq!(*ballot.bytes(), padded(&[0b0100_1001, 0b10]));
    assert_eq!(Ballot::from_bytes(*ballot.bytes()), ballot);
}

/// Stakes with a ballot each, of eight candidates; some are without.
fn votes() -> impl Strategy<Value = Vec<(u64, Option<u8>)>> {
    prop::collection::vec((1u64..100, any::<Option<u8>>()), 1..8)
}

fn by_bits(votes: &[(u64, Option<u8>)]) -> BTreeMap<Seat, Voter> {
    let vote = |bits: u8| Vote {
        start: START,
        ballot: Ballot(padded(&[bits])),
    };
    numbered(votes.iter().map(|(stake, bits)| (*stake, bits.map(vote))))
}

proptest! {
    #[test]
    fn one_more_vote_never_removes_a_member(votes in votes(), bits: u8) {
        let all = pledged(8);
        let before = members(&all, &by_bits(&votes), &START);
        for index in 0..votes.len() {
            if votes[index].1.is_none() {
                let mut more = votes.clone();
                more[index].1 = Some(bits);
                let after = members(&all, &by_bits(&more), &START);
                prop_assert!(before.iter().all(|member| after.contains(member)));
            }
        }
    }

    #[test]
    fn minority_neither_adds_nor_removes_what_all_others_agree_on(
        votes in votes(), honest: u8, minority in any::<prop::sample::Index>(),
    ) {
        let all = pledged(8);
        let whole: u64 = votes.iter().map(|(stake, _)| stake).sum();
        let at = minority.index(votes.len());
        prop_assume!(votes[at].0 * 2 < whole);
        let votes: Vec<_> = votes
            .iter()
            .enumerate()
            .map(|(index, (stake, bits))| (*stake, if index == at { *bits } else { Some(honest) }))
            .collect();
        let right = Ballot(padded(&[honest]));
        let found = members(&all, &by_bits(&votes), &START);
        let named = (0..8).filter(|index| right.names(*index)).map(|index| index as u16);
        prop_assert_eq!(uids(&found), named.collect::<Vec<_>>());
    }

    #[test]
    fn ballots_are_read_back(count in 0u16..=MEMBERS_LIMIT as u16, seed: u64) {
        let all = pledged(count);
        let ballot = Ballot::new(&all, |it| seed >> (it.seat.uid % 64) & 1 == 1);
        prop_assert_eq!(Ballot::from_bytes(*ballot.bytes()), ballot);
        for (index, member) in all.iter().enumerate() {
            prop_assert_eq!(ballot.names(index), seed >> (member.seat.uid % 64) & 1 == 1);
        }
    }
}
