//! The next state: the join of the members' ends.

use alloc::vec::Vec;
use core::fmt;

use inktensor_task::{blake2, Blob, End, Fault, Fold, Load, Refused, Stop};

use crate::{Guard, Member};

/// A reason for which an end is not joined.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The end makes the model worse.
    Unsound {
        /// Uid of the member.
        uid: u16,
    },
    /// The fold was not computed, which says nothing about the end.
    Failed(Fault),
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
            Self::Failed(fault) => fault.fmt(f),
            Self::Unsound { uid } => write!(
                f,
                "the end of uid {uid} makes the model worse; run all its steps again to find the \
                 false one"
            ),
        }
    }
}

impl core::error::Error for JoinError {}

impl From<Stop> for JoinError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused(reason) => Self::Refused(reason),
            Stop::Failed(fault) => Self::Failed(fault),
        }
    }
}

/// The join of an epoch's ends.
pub struct Join<'a, F> {
    /// The training.
    pub fold: &'a F,
    /// Blob of the state with which the epoch began.
    pub start: &'a [u8],
    /// The guard of the epoch.
    pub guard: Guard,
}

impl<F: Fold> Join<'_, F> {
    /// Checks that `blob` is the pledged end of `member`, and may be joined. A validator names the
    /// member in its ballot only then.
    ///
    /// # Errors
    /// `Other`, `Refused`, `Unsound` or `Failed`.
    pub fn check_end(&self, member: &Member, blob: &[u8]) -> Result<(), JoinError> {
        let end = read(member, Some(blob))?;
        self.fold.join(self.load_start()?, [end])?;
        match self.guard.is_sound(self.fold, blob) {
            Err(fault) => Err(JoinError::Failed(fault)),
            Ok(true) => Ok(()),
            Ok(false) => Err(JoinError::Unsound {
                uid: member.seat.uid,
            }),
        }
    }

    /// Returns the state that the next epoch begins with.
    ///
    /// `fetch` returns the blob of a member's end. Blobs are fetched in order of uid, one at a
    /// time. The order of `members` has no influence.
    ///
    /// The state stays as it is if there are no members, if the training refuses one of their ends,
    /// or if the guard refuses the result. The second takes ballots of more than half of the
    /// stake for an end that [`check_end`](Self::check_end) refuses.
    ///
    /// # Errors
    /// `Missing` or `Other`: fetch again. `Refused` if the start is not a state. `Failed` after a
    /// fault of the fold.
    pub fn next_state(
        &self,
        members: &[Member],
        mut fetch: impl FnMut(&Member) -> Option<Vec<u8>>,
    ) -> Result<F::State, JoinError> {
        let mut sorted: Vec<Member> = members.to_vec();
        sorted.sort_unstable_by_key(|member| member.seat);
        let mut failed = None;
        let ends = sorted.iter().map_while(|member| {
            let blob = fetch(member);
            read(member, blob.as_deref())
                .map_err(|error| failed = Some(error))
                .ok()
        });
        let joined = self.fold.join(self.load_start()?, ends);
        let joined = match (failed, joined) {
            (Some(error @ (JoinError::Missing { .. } | JoinError::Other { .. })), _) => {
                return Err(error)
            }
            (_, Err(Stop::Failed(fault))) => return Err(JoinError::Failed(fault)),
            (None, Ok(joined)) => joined,
            _ => return self.load_start(),
        };
        match self.guard.is_sound(self.fold, &joined.to_blob()) {
            Err(fault) => Err(JoinError::Failed(fault)),
            Ok(true) => Ok(joined),
            Ok(false) => self.load_start(),
        }
    }

    fn load_start(&self) -> Result<F::State, JoinError> {
        F::State::load(self.start).map_err(JoinError::Refused)
    }
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
