//! The members of an epoch: the miners whose ends make the next state.
//!
//! A validator's vote has the hash of the epoch's start, and a ballot that names the pledges which
//! the validator pays and whose ends it holds. A pledge is a member if validators with more than
//! half of the permitted stake name it. So start and members follow from the chain: no one chooses
//! them.

use alloc::{collections::BTreeMap, vec::Vec};

use inktensor_task::{Digest, Seat};
use scale::{Decode, Encode};

use crate::{Epoch, Work};

/// The most pledges of an epoch that are considered for the next state.
///
/// A ballot of them has 21 bytes, which fit a commitment beside root, weights and start.
pub const MEMBERS_LIMIT: usize = 168;
/// Bytes of a ballot: one bit for each candidate.
pub const BALLOT_BYTES: usize = MEMBERS_LIMIT / 8;

/// A pledge that counts, with its miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Member {
    /// The miner.
    pub seat: Seat,
    /// The pledge.
    pub work: Work,
}

/// Returns the pledges that ballots are about, in ascending order of uid.
///
/// `pledges` are those of the chain at the cut-off. Void pledges are left out. Of more than
/// [`MEMBERS_LIMIT`] those with most steps remain, of equal ones those with the lower uid.
pub fn candidates(epoch: &Epoch, pledges: &BTreeMap<Seat, Work>) -> Vec<Member> {
    // One for each uid: of two generations the later one holds it.
    let counted: BTreeMap<u16, Member> = pledges
        .iter()
        .filter(|(_, work)| work.check(epoch).is_ok())
        .map(|(seat, work)| {
            let (seat, work) = (*seat, *work);
            (seat.uid, Member { seat, work })
        })
        .collect();
    let mut found: Vec<Member> = counted.into_values().collect();
    // A stable sort: of equal steps the lower uid stays first.
    found.sort_by_key(|member| u16::MAX.saturating_sub(member.work.steps));
    found.truncate(MEMBERS_LIMIT);
    found.sort_unstable_by_key(|member| member.seat);
    found
}

/// A validator's choice among the candidates: bit `i % 8` of byte `i / 8` is that of candidate `i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot([u8; BALLOT_BYTES]);

impl Ballot {
    /// Returns the ballot for those of `candidates` that `named` accepts.
    pub fn new(candidates: &[Member], mut named: impl FnMut(&Member) -> bool) -> Self {
        let mut bytes = [0; BALLOT_BYTES];
        for (byte, eight) in bytes.iter_mut().zip(candidates.chunks(8)) {
            for (bit, member) in (0u8..8).zip(eight) {
                *byte |= u8::from(named(member)) << bit;
            }
        }
        Self(bytes)
    }

    /// Returns the ballot in `bytes`. Bits beyond the last candidate have no effect.
    pub const fn from_bytes(bytes: [u8; BALLOT_BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the ballot.
    pub const fn bytes(&self) -> &[u8; BALLOT_BYTES] {
        &self.0
    }

    /// Returns true if the ballot names candidate `index`.
    pub fn names(&self, index: usize) -> bool {
        self.0
            .get(index / 8)
            .is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }
}

/// A validator's vote in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Hash of the state with which the epoch began.
    pub start: Digest,
    /// The choice among the candidates.
    pub ballot: Ballot,
}

/// A validator with a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voter {
    /// The stake, in rao.
    pub stake: u64,
    /// The vote, if one was on the chain in time.
    pub vote: Option<Vote>,
}

/// Returns the start of the epoch that validators with more than half of the stake of all `voters`
/// name, if there is one.
///
/// The stake of a validator without a vote counts in the whole.
pub fn voted_start(voters: &BTreeMap<Seat, Voter>) -> Option<Digest> {
    let whole = stake(voters.values());
    let mut sums = named_starts(voters).into_iter();
    sums.find(|(_, sum)| is_majority(*sum, whole))
        .map(|(start, _)| start)
}

/// Returns the start that most of the stake of all votes names, however little that is; of equal
/// ones the lower hash. Neurons that know no start agree by it.
pub fn most_named_start(voters: &BTreeMap<Seat, Voter>) -> Option<Digest> {
    let sums = named_starts(voters).into_iter().rev();
    sums.max_by_key(|(_, sum)| *sum).map(|(start, _)| start)
}

/// Returns the stake that names each start.
fn named_starts(voters: &BTreeMap<Seat, Voter>) -> BTreeMap<Digest, u128> {
    let mut named: BTreeMap<Digest, u128> = BTreeMap::new();
    for voter in voters.values() {
        if let Some(vote) = &voter.vote {
            let sum = named.entry(vote.start).or_default();
            *sum = sum.saturating_add(voter.stake.into());
        }
    }
    named
}

/// Returns the members: the candidates that validators with more than half of the stake of all
/// `voters` name.
///
/// A validator without a vote, or with a vote for another start, names none, and its stake counts
/// in the whole. So one more vote never removes a member, and no minority adds one or removes one.
/// Bits of a ballot beyond the last candidate name none.
pub fn members(
    candidates: &[Member],
    voters: &BTreeMap<Seat, Voter>,
    start: &Digest,
) -> Vec<Member> {
    let whole = stake(voters.values());
    let names = |voter: &&Voter, index| {
        let vote = voter.vote.as_ref();
        vote.is_some_and(|vote| vote.start == *start && vote.ballot.names(index))
    };
    let is_member = |index: usize| {
        let named = stake(voters.values().filter(|voter| names(voter, index)));
        is_majority(named, whole)
    };
    let numbered = candidates.iter().enumerate();
    numbered
        .filter(|(index, _)| is_member(*index))
        .map(|(_, member)| *member)
        .collect()
}

/// Returns true if `part` is more than half of `whole`.
const fn is_majority(part: u128, whole: u128) -> bool {
    part.saturating_mul(2) > whole
}

/// Returns the sum of stakes. 2^64 stakes of `u64` are within `u128`.
fn stake<'a>(voters: impl Iterator<Item = &'a Voter>) -> u128 {
    voters.fold(0, |sum, voter| sum.saturating_add(voter.stake.into()))
}

#[cfg(test)]
mod tests;
