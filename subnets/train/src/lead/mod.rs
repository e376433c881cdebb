//! The lead: the validator whose announcement of the next state counts.
//!
//! Members and next state follow from the chain, so an announcement is a service: it puts the hash
//! of a checkpoint on the chain, by which it is fetched. A false one is void, and the next
//! validator leads.

use alloc::{collections::BTreeMap, vec::Vec};
use core::fmt;

use inktensor_task::{Digest, Seat, Tag};
use scale::{Decode, Encode};

use crate::{
    file::{self, FileError},
    Epoch, Member, Voter, MEMBERS_LIMIT,
};

/// The tag of an announcement.
const NEXT: Tag = Tag(b"ink:next");
/// The first bytes of a file with an announcement.
const ANNOUNCEMENT: &[u8; 8] = b"ink:anno";
/// The most bytes of a file: [`MEMBERS_LIMIT`] members of 76 bytes, and 64 others.
const FILE_LIMIT: usize = 76 * MEMBERS_LIMIT + 64;

/// A validator's claim of the members of an epoch and of the next state.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Announcement {
    /// The members, in ascending order of uid.
    pub members: Vec<Member>,
    /// Hash of the state that the next epoch begins with.
    pub next: Digest,
}

/// The false item of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadFault {
    /// The announcement leaves out a member.
    LeavesOut {
        /// The member.
        seat: Seat,
    },
    /// The announcement takes in a miner that is not a member.
    TakesIn {
        /// The miner.
        seat: Seat,
    },
    /// The announcement has another pledge than the member's.
    Work {
        /// The member.
        seat: Seat,
    },
    /// The members are out of order or doubled.
    Order,
    /// The members' ends lead to another state.
    State {
        /// Hash of the state to which they lead.
        right: Digest,
    },
}

impl Announcement {
    /// Returns the hash of the announcement, which is a part of the validator's pledge.
    pub fn digest(&self, epoch: &Epoch) -> Digest {
        epoch.hash(NEXT).bytes(&self.encode()).digest()
    }

    /// Returns the file of the announcement.
    pub fn to_file(&self) -> Vec<u8> {
        file::write(ANNOUNCEMENT, self)
    }

    /// Reads the file of an announcement.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn from_file(bytes: &[u8]) -> Result<Self, FileError> {
        file::read(ANNOUNCEMENT, "an announcement", bytes, FILE_LIMIT)
    }

    /// Compares the announcement with the right one, which anyone computes with [`members`] and
    /// [`next_state`].
    ///
    /// # Errors
    /// The first false item, in the order of [`LeadFault`]; of miners the one with the lowest uid.
    ///
    /// [`members`]: crate::members()
    /// [`next_state`]: crate::Join::next_state
    pub fn check(&self, right: &Self) -> Result<(), LeadFault> {
        let by_seat = |list: &[Member]| -> BTreeMap<Seat, Member> {
            list.iter().map(|member| (member.seat, *member)).collect()
        };
        let (ours, theirs) = (by_seat(&right.members), by_seat(&self.members));
        let missing = ours.keys().find(|seat| !theirs.contains_key(seat));
        if let Some(seat) = missing {
            return Err(LeadFault::LeavesOut { seat: *seat });
        }
        let extra = theirs.keys().find(|seat| !ours.contains_key(seat));
        if let Some(seat) = extra {
            return Err(LeadFault::TakesIn { seat: *seat });
        }
        let mut pairs = ours.values().zip(theirs.values());
        if let Some((member, _)) = pairs.find(|(ours, theirs)| ours != theirs) {
            return Err(LeadFault::Work { seat: member.seat });
        }
        if self.members != right.members {
            return Err(LeadFault::Order);
        }
        match self.next == right.next {
            true => Ok(()),
            false => Err(LeadFault::State { right: right.next }),
        }
    }
}

impl fmt::Display for LeadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeavesOut { seat } => write!(
                f,
                "the announcement leaves out uid {}, which most stake has verified",
                seat.uid
            ),
            Self::TakesIn { seat } => write!(
                f,
                "the announcement takes in uid {}, which most stake has not verified",
                seat.uid
            ),
            Self::Work { seat } => write!(
                f,
                "the announcement has another pledge of uid {} than the chain",
                seat.uid
            ),
            Self::Order => f.write_str("the members are out of order or doubled"),
            Self::State { .. } => {
                f.write_str("the ends of the members lead to another state than the announced one")
            }
        }
    }
}

/// The result of all announcements of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leading {
    /// The validator whose announcement counts, if there is one.
    pub lead: Option<Seat>,
    /// Validators before it whose announcements are false.
    pub faults: Vec<(Seat, LeadFault)>,
}

/// Returns validators in the order in which their announcements count: most stake first, of equal
/// stakes the lower uid.
pub fn order(voters: &BTreeMap<Seat, Voter>) -> Vec<Seat> {
    let mut seats: Vec<(&Seat, &Voter)> = voters.iter().collect();
    // A stable sort: of equal stakes the lower uid stays first.
    seats.sort_by_key(|(_, voter)| u64::MAX.saturating_sub(voter.stake));
    seats.into_iter().map(|(seat, _)| *seat).collect()
}

/// Returns the lead: the first validator in [`order`] whose announcement is the right one.
///
/// The next state does not depend on the result. Without a lead everyone uses the state that the
/// members' ends lead to.
pub fn lead(
    voters: &BTreeMap<Seat, Voter>,
    announcements: &BTreeMap<Seat, Announcement>,
    right: &Announcement,
) -> Leading {
    let mut faults = Vec::new();
    for seat in order(voters) {
        match announcements.get(&seat).map(|it| it.check(right)) {
            None => {}
            Some(Err(fault)) => faults.push((seat, fault)),
            Some(Ok(())) => {
                let lead = Some(seat);
                return Leading { lead, faults };
            }
        }
    }
    Leading { lead: None, faults }
}

#[cfg(test)]
mod tests;
