//! A validator's vote: the state with which the epoch began, and the ends that may be joined.

use super::round::FoldRound;
use crate::{
    evidence::{Evidence, Grade},
    threads::{cores, in_order},
};
use inktensor_primitives::{work::BALLOT_BYTES, Digest, Uid};
use inktensor_task::{Fault, Seat, Seed, Stop, Worth};
use inktensor_train::{candidates, Ballot, Guard, Join, JoinError, Member};
use scale::{Decode, Encode};
use std::collections::BTreeSet;

/// A vote, as a pledge holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FoldVote {
    /// Hash of the state with which the epoch began.
    pub start: Digest,
    /// One bit for each candidate whose end may be joined.
    pub ballot: [u8; BALLOT_BYTES],
}

/// Returns the vote on the ends of the miners that are paid in this epoch, by complete evidence. An
/// end whose bytes are not at hand, or that would harm the model, is not named.
///
/// # Errors
/// A fault of the fold, which says nothing about an end.
pub fn vote(round: &FoldRound, evidence: &Evidence, guard: Seed) -> Result<FoldVote, Fault> {
    let paid = paid(round, evidence);
    let candidates = candidates(&round.epoch, &round.works);
    let fold = &round.training.train;
    let held = |hash: &Digest| round.states.state(hash).ok().flatten();
    let start = held(&round.epoch.start).unwrap_or_default();
    let join = match Guard::new(fold, &start, guard) {
        Ok(guard) => Some(Join {
            fold,
            start: &start,
            guard,
        }),
        Err(Stop::Refused(_)) => None,
        Err(Stop::Failed(fault)) => return Err(fault),
    };
    let named = |member: &Member| {
        let (Some(join), true) = (&join, paid.contains(&member.seat)) else {
            return Ok(false);
        };
        let Some(end) = held(&member.work.end) else {
            return Ok(false);
        };
        match join.check_end(member, &end) {
            Err(JoinError::Failed(fault)) => Err(fault),
            checked => Ok(checked.is_ok()),
        }
    };
    // An end takes two measures and a step.
    let sound = in_order(&candidates, cores(), named);
    let sound: Vec<bool> = sound.into_iter().collect::<Result<_, Fault>>()?;
    let sound = candidates.iter().zip(sound).filter(|(_, sound)| *sound);
    let sound: BTreeSet<Seat> = sound.map(|(member, _)| member.seat).collect();
    Ok(FoldVote {
        start: round.epoch.start,
        ballot: *Ballot::new(&candidates, |it| sound.contains(&it.seat)).bytes(),
    })
}

/// Returns the miners that passed all probes, and that no earlier failure bars.
fn paid(round: &FoldRound, evidence: &Evidence) -> BTreeSet<Seat> {
    let failed: BTreeSet<Uid> = evidence
        .receipts
        .iter()
        .filter(|it| it.grade != Grade::Checked(Worth::WHOLE))
        .map(|it| it.uid)
        .collect();
    let asked: BTreeSet<Uid> = evidence.receipts.iter().map(|it| it.uid).collect();
    let standings = evidence.standings.iter();
    let paid = standings
        .filter(|it| asked.contains(&it.uid) && !failed.contains(&it.uid) && it.failed.is_none());
    let seats = paid.map(|it| it.seat());
    seats
        .filter(|seat| round.works.contains_key(seat))
        .collect()
}
