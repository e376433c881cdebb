//! The next state: the join of the members' ends.

use alloc::vec::Vec;
use core::fmt;

use inktensor_task::{blake2, End, Fold, Load, Refused};

use crate::Member;

/// A reason for which an end is not joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// The end of a member is not at hand.
    Missing {
        /// Uid of the member.
        uid: u16,
    },
    /// The bytes are not the end that the member pledged.
    Other {
        /// Uid of the member.
        uid: u16,
    },
    /// The pledged end is not a state of the training, or the start is not one.
    Refused(Refused),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { uid } => write!(
                f,
                "the end of uid {uid} is missing; fetch it by its hash from any neuron"
            ),
            Self::Other { uid } => write!(
                f,
                "the bytes for uid {uid} do not have the hash of its pledged end; fetch them again"
            ),
            Self::Refused(reason) => reason.fmt(f),
        }
    }
}

impl core::error::Error for JoinError {}

/// Returns the state that the next epoch begins with.
///
/// `start` is the blob of the epoch's start, and `fetch` returns the blob of a member's end. Blobs
/// are fetched in order of uid, one at a time. The order of `members` has no influence.
///
/// The state stays as it is if there are no members, or if the training refuses one of their ends.
/// Validators vote for ends that [`check_end`] accepts, so the latter takes more than half of the
/// stake.
///
/// # Errors
/// `Missing` or `Other`: fetch again. `Refused` if `start` is not a state.
pub fn next_state<F: Fold>(
    fold: &F,
    start: &[u8],
    members: &[Member],
    mut fetch: impl FnMut(&Member) -> Option<Vec<u8>>,
) -> Result<F::State, JoinError> {
    let state = || F::State::load(start).map_err(JoinError::Refused);
    let mut sorted: Vec<Member> = members.to_vec();
    sorted.sort_unstable_by_key(|member| member.seat);
    let mut failed = None;
    let ends = sorted.iter().map_while(|member| {
        let blob = fetch(member);
        read(member, blob.as_deref())
            .map_err(|error| failed = Some(error))
            .ok()
    });
    let joined = fold.join(state()?, ends);
    match (failed, joined) {
        (Some(error @ (JoinError::Missing { .. } | JoinError::Other { .. })), _) => Err(error),
        (None, Ok(joined)) => Ok(joined),
        (Some(JoinError::Refused(_)), _) | (None, Err(_)) => state(),
    }
}

/// Checks that `blob` is the pledged end of `member`, and that the training would join it to
/// `start`.
///
/// # Errors
/// `Other` or `Refused`.
pub fn check_end<F: Fold>(
    fold: &F,
    start: &[u8],
    member: &Member,
    blob: &[u8],
) -> Result<(), JoinError> {
    let end = read(member, Some(blob))?;
    let start = F::State::load(start).map_err(JoinError::Refused)?;
    fold.join(start, [end]).map_err(JoinError::Refused)?;
    Ok(())
}

fn read<S: Load>(member: &Member, blob: Option<&[u8]>) -> Result<End<S>, JoinError> {
    let (seat, steps, uid) = (member.seat, member.work.steps, member.seat.uid);
    let blob = blob.ok_or(JoinError::Missing { uid })?;
    if blob.len() > S::MAX_BYTES || blake2(blob) != member.work.end {
        return Err(JoinError::Other { uid });
    }
    let state = S::load(blob).map_err(JoinError::Refused)?;
    Ok(End { seat, steps, state })
}

#[cfg(test)]
mod tests;
