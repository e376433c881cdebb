//! The members of an epoch: the miners whose ends make the next state.
//!
//! A validator's ballot names the pledges that it pays and whose ends it holds. A pledge is a
//! member if validators with more than half of the permitted stake name it. So the set follows from
//! the chain: no one chooses it.

use alloc::{collections::BTreeMap, vec::Vec};
use core::fmt;

use inktensor_task::Seat;
use scale::{Decode, Encode};

use crate::{Epoch, Work};

/// The most pledges of an epoch that are considered for the next state.
///
/// A ballot of them has 32 bytes, which fit a commitment beside the root of the evidence.
pub const MEMBERS_LIMIT: usize = 256;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot(Vec<u8>);

impl Ballot {
    /// Returns the ballot for those of `candidates` that `named` accepts.
    pub fn new(candidates: &[Member], mut named: impl FnMut(&Member) -> bool) -> Self {
        let byte = |eight: &[Member]| {
            let bits = (0u8..8).zip(eight);
            bits.fold(0, |byte, (bit, member)| {
                byte | u8::from(named(member)) << bit
            })
        };
        Self(candidates.chunks(8).map(byte).collect())
    }

    /// Returns the ballot in `bytes`, on `candidates` pledges.
    ///
    /// # Errors
    /// See [`BallotError`].
    pub fn from_bytes(bytes: &[u8], candidates: usize) -> Result<Self, BallotError> {
        let (found, needed) = (bytes.len(), candidates.div_ceil(8));
        if found != needed {
            return Err(BallotError::Length { found, needed });
        }
        let ballot = Self(bytes.to_vec());
        match (candidates..needed.saturating_mul(8)).find(|index| ballot.names(*index)) {
            Some(index) => Err(BallotError::Beyond { index, candidates }),
            None => Ok(ballot),
        }
    }

    /// Returns the bytes of the ballot.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns true if the ballot names candidate `index`.
    pub fn names(&self, index: usize) -> bool {
        self.0
            .get(index / 8)
            .is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }
}

/// A reason for which bytes are not a ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BallotError {
    /// Too few or too many bytes.
    Length {
        /// Number of bytes.
        found: usize,
        /// Number of bytes for the candidates.
        needed: usize,
    },
    /// A bit beyond the last candidate.
    Beyond {
        /// Number of the bit.
        index: usize,
        /// Number of candidates.
        candidates: usize,
    },
}

impl fmt::Display for BallotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { found, needed } => write!(
                f,
                "the ballot has {found} bytes and the candidates need {needed}; read the pledges \
                 at the cut-off again"
            ),
            Self::Beyond { index, candidates } => write!(
                f,
                "the ballot names candidate {index} of {candidates}, from 0 on; read the pledges \
                 at the cut-off again"
            ),
        }
    }
}

impl core::error::Error for BallotError {}

/// A validator with a permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    /// The stake, in rao.
    pub stake: u64,
    /// The ballot, if one was on the chain in time.
    pub ballot: Option<Ballot>,
}

/// Returns the members: the candidates that validators with more than half of the stake of all
/// `voters` name.
///
/// A validator without a ballot, or with one on another number of candidates, names none, and its
/// stake counts in the whole. So one more ballot never removes a member, and no minority adds one
/// or removes one.
pub fn members(candidates: &[Member], voters: &BTreeMap<Seat, Voter>) -> Vec<Member> {
    let whole = stake(voters.values());
    let length = candidates.len().div_ceil(8);
    let of_length = |voter: &&Voter, index| {
        let ballot = voter.ballot.as_ref();
        ballot.is_some_and(|ballot| ballot.0.len() == length && ballot.names(index))
    };
    let is_member = |index: usize| {
        let named = stake(voters.values().filter(|voter| of_length(voter, index)));
        named.saturating_mul(2) > whole
    };
    let numbered = candidates.iter().enumerate();
    numbered
        .filter(|(index, _)| is_member(*index))
        .map(|(_, member)| *member)
        .collect()
}

/// Returns the sum of stakes. 2^64 stakes of `u64` are within `u128`.
fn stake<'a>(voters: impl Iterator<Item = &'a Voter>) -> u128 {
    voters.fold(0, |sum, voter| sum.saturating_add(voter.stake.into()))
}

#[cfg(test)]
mod tests;
