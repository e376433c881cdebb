use alloc::{vec, vec::Vec};

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

/// Returns voters with these stakes, each with a ballot for some candidates.
fn voters(candidates: &[Member], votes: &[(u64, Option<&[u16]>)]) -> BTreeMap<Seat, Voter> {
    let voter = |(stake, named): &(u64, Option<&[u16]>)| Voter {
        stake: *stake,
        ballot: named.map(|uids| Ballot::new(candidates, |it| uids.contains(&it.seat.uid))),
    };
    (100..)
        .zip(votes)
        .map(|(uid, vote)| (seat(uid), voter(vote)))
        .collect()
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
    let even = (0..300).filter(|uid| uid % 2 == 0).take(106);
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
    assert_eq!(uids(&members(&all, &voters(&all, &votes))), [1]);
    let votes: [(u64, Option<&[u16]>); 3] = [(51, Some(&[0])), (30, None), (19, None)];
    assert_eq!(uids(&members(&all, &voters(&all, &votes))), [0]);
    assert_eq!(members(&all, &BTreeMap::new()), []);
    let stakes: [(u64, Option<&[u16]>); 2] = [(u64::MAX, Some(&[3])), (u64::MAX, Some(&[3]))];
    assert_eq!(uids(&members(&all, &voters(&all, &stakes))), [3]);
}

#[test]
fn ballot_on_other_candidates_names_none() {
    let (all, more) = (pledged(4), pledged(9));
    let mut voters = voters(&all, &[(60, Some(&[0])), (40, None)]);
    let ballot = Ballot::new(&more, |_| true);
    voters.get_mut(&seat(100)).unwrap().ballot = Some(ballot);
    assert_eq!(members(&all, &voters), []);
}

#[test]
fn ballots_of_other_lengths_and_bits_are_refused() {
    let ballot = Ballot::new(&pledged(10), |it| it.seat.uid % 3 == 0);
    assert_eq!(ballot.bytes(), [0b0100_1001, 0b10]);
    assert_eq!(Ballot::from_bytes(ballot.bytes(), 10), Ok(ballot));
    let length = BallotError::Length {
        found: 1,
        needed: 2,
    };
    assert_eq!(Ballot::from_bytes(&[1], 10), Err(length));
    let beyond = BallotError::Beyond {
        index: 10,
        candidates: 10,
    };
    assert_eq!(Ballot::from_bytes(&[0, 0b100], 10), Err(beyond));
    assert!(Ballot::from_bytes(&[], 0).unwrap().bytes().is_empty());
}

/// Stakes with a ballot each, of eight candidates; some are without.
fn votes() -> impl Strategy<Value = Vec<(u64, Option<u8>)>> {
    prop::collection::vec((1u64..100, any::<Option<u8>>()), 1..8)
}

fn by_bits(votes: &[(u64, Option<u8>)]) -> BTreeMap<Seat, Voter> {
    let voter = |(stake, bits): &(u64, Option<u8>)| Voter {
        stake: *stake,
        ballot: bits.map(|bits| Ballot(vec![bits])),
    };
    (0..)
        .zip(votes)
        .map(|(uid, vote)| (seat(uid), voter(vote)))
        .collect()
}

proptest! {
    #[test]
    fn one_more_ballot_never_removes_a_member(votes in votes(), bits: u8) {
        let all = pledged(8);
        let before = members(&all, &by_bits(&votes));
        for index in 0..votes.len() {
            if votes[index].1.is_none() {
                let mut more = votes.clone();
                more[index].1 = Some(bits);
                let after = members(&all, &by_bits(&more));
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
        let right = Ballot(vec![honest]);
        let found = members(&all, &by_bits(&votes));
        let named = (0..8).filter(|index| right.names(*index)).map(|index| index as u16);
        prop_assert_eq!(uids(&found), named.collect::<Vec<_>>());
    }

    #[test]
    fn ballots_are_read_back(count in 0u16..MEMBERS_LIMIT as u16, seed: u64) {
        let all = pledged(count);
        let ballot = Ballot::new(&all, |it| seed >> (it.seat.uid % 64) & 1 == 1);
        prop_assert!(ballot.bytes().len() <= 32);
        let read = Ballot::from_bytes(ballot.bytes(), all.len());
        prop_assert_eq!(read, Ok(ballot.clone()));
        for (index, member) in all.iter().enumerate() {
            prop_assert_eq!(ballot.names(index), seed >> (member.seat.uid % 64) & 1 == 1);
        }
    }
}
