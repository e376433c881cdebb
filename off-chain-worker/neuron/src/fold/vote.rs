//! A validator's vote: the state with which the epoch began, and the ends that may be joined.

use super::round::FoldRound;
use crate::evidence::{Evidence, Grade};
use inktensor_primitives::{work::BALLOT_BYTES, Digest, Uid};
use inktensor_task::{Seat, Seed, Worth};
use inktensor_train::{candidates, Ballot, Guard, Join, Member};
use scale::{Decode, Encode};
use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

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
pub fn vote(round: &FoldRound, evidence: &Evidence, guard: Seed) -> FoldVote {
    let paid = paid(round, evidence);
    let candidates = candidates(&round.epoch, &round.works);
    let fold = &round.training.train;
    let held = |hash: &Digest| round.states.state(hash).ok().flatten();
    let start = held(&round.epoch.start).unwrap_or_default();
    let join = Guard::new(fold, &start, guard).ok().map(|guard| Join {
        fold,
        start: &start,
        guard,
    });
    let named = |member: &Member| {
        let (Some(join), true) = (&join, paid.contains(&member.seat)) else {
            return false;
        };
        let end = held(&member.work.end);
        end.is_some_and(|end| join.check_end(member, &end).is_ok())
    };
    let sound = on_all_cores(&candidates, named);
    FoldVote {
        start: round.epoch.start,
        ballot: *Ballot::new(&candidates, |it| sound.contains(&it.seat)).bytes(),
    }
}

/// Returns the seats of the members that `is_sound` accepts. An end takes two measures and a step.
fn on_all_cores(members: &[Member], is_sound: impl Fn(&Member) -> bool + Sync) -> BTreeSet<Seat> {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let work = || {
        let mut sound = BTreeSet::new();
        while let Some(member) = members.get(next.fetch_add(1, Ordering::Relaxed)) {
            if is_sound(member) {
                sound.insert(member.seat);
            }
        }
        sound
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(members.len()))
            .map(|_| scope.spawn(work))
            .collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(sound) => all.extend(sound),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
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
