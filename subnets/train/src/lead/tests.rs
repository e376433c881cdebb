use alloc::{vec, vec::Vec};

use super::*;
use crate::{toy, Work};

fn seat(uid: u16) -> Seat {
    Seat { uid, generation: 1 }
}

fn member(uid: u16) -> Member {
    let work = Work {
        epoch: 7,
        steps: uid + 1,
        root: [1; 32],
        end: [2; 32],
    };
    Member {
        seat: seat(uid),
        work,
    }
}

fn right() -> Announcement {
    Announcement {
        members: vec![member(1), member(2), member(5)],
        next: [3; 32],
    }
}

fn with(change: fn(&mut Announcement)) -> Announcement {
    let mut announcement = right();
    change(&mut announcement);
    announcement
}

#[test]
fn first_false_item_of_an_announcement_is_named() {
    let found = |change| with(change).check(&right());
    assert_eq!(found(|_| ()), Ok(()));
    assert_eq!(
        found(|it| {
            it.members.remove(1);
        }),
        Err(LeadFault::LeavesOut { seat: seat(2) })
    );
    assert_eq!(
        found(|it| it.members.push(member(7))),
        Err(LeadFault::TakesIn { seat: seat(7) })
    );
    assert_eq!(
        found(|it| it.members[2].work.steps = 1),
        Err(LeadFault::Work { seat: seat(5) })
    );
    assert_eq!(found(|it| it.members.swap(0, 1)), Err(LeadFault::Order));
    assert_eq!(
        found(|it| it.members.push(member(5))),
        Err(LeadFault::Order)
    );
    assert_eq!(
        found(|it| it.next = [4; 32]),
        Err(LeadFault::State { right: [3; 32] })
    );
}

#[test]
fn most_stake_leads_and_of_equal_stakes_the_lower_uid() {
    let voter = |stake| Voter {
        stake,
        ballot: None,
    };
    let voters = [(1, 20), (2, 50), (3, 20), (4, 50), (5, 0)];
    let voters = voters.map(|(uid, stake)| (seat(uid), voter(stake))).into();
    let uids: Vec<u16> = order(&voters).into_iter().map(|seat| seat.uid).collect();
    assert_eq!(uids, [2, 4, 1, 3, 5]);
}

#[test]
fn false_and_missing_announcements_are_passed_over() {
    let stakes = [(1, 40), (2, 30), (3, 20), (4, 10)];
    let voters: BTreeMap<Seat, Voter> = stakes
        .map(|(uid, stake)| {
            let ballot = None;
            (seat(uid), Voter { stake, ballot })
        })
        .into();
    let leaves_out = with(|it| {
        it.members.remove(0);
    });
    let mut announcements = BTreeMap::from([
        (seat(1), leaves_out),
        (seat(3), right()),
        (seat(4), with(|it| it.next = [4; 32])),
        // Without a permit.
        (seat(9), right()),
    ]);
    let faults = vec![(seat(1), LeadFault::LeavesOut { seat: seat(1) })];
    let found = lead(&voters, &announcements, &right());
    let right_lead = Leading {
        lead: Some(seat(3)),
        faults: faults.clone(),
    };
    assert_eq!(found, right_lead);
    announcements.remove(&seat(3));
    let found = lead(&voters, &announcements, &right());
    assert_eq!((found.lead, found.faults.len()), (None, 2));
}

#[test]
fn largest_announcement_is_read_back_and_a_larger_one_is_refused() {
    let mut announcement = right();
    announcement.members = (0..256).map(member).collect();
    let file = announcement.to_file();
    assert_eq!(Announcement::from_file(&file), Ok(announcement.clone()));
    let cut = Announcement::from_file(&file[..file.len() - 1]);
    assert_eq!(cut, Err(FileError::Damaged));
    announcement.members.push(member(256));
    let longer = Announcement::from_file(&announcement.to_file());
    assert!(
        matches!(longer, Err(FileError::TooLong { .. })),
        "{longer:?}"
    );
}

#[test]
fn digest_covers_epoch_members_and_state() {
    let epoch = toy::epoch();
    let mut digests = vec![right().digest(&epoch)];
    digests.push(with(|it| it.next = [4; 32]).digest(&epoch));
    digests.push(with(|it| it.members[0].work.end = [4; 32]).digest(&epoch));
    let mut later = epoch;
    later.number += 1;
    digests.push(right().digest(&later));
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 4);
}
