//! The ranking of entries: records, and the reason why another entry is not one.

use alloc::{collections::BTreeMap, vec::Vec};
use core::fmt;

use inktensor_task::{Digest, Loss, Seat, Worth};

use crate::{is_better, Fault};

/// Records that are worth something: the last ones.
///
/// Worth halves with each newer record. So the last record has more than half of all worth.
pub const PAID_RECORDS: u32 = 4;

/// An entry with its losses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Block of the pledge.
    pub block: u32,
    /// The miner.
    pub seat: Seat,
    /// Hash of the model's blob.
    pub model: Digest,
    /// The loss on each row.
    pub losses: Vec<Loss>,
}

/// The place of an entry among all entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A record: it won against all records before it.
    Record {
        /// Number of records that won against this one later.
        newer: u32,
    },
    /// Another entry has the same model, and is not later.
    SameModel {
        /// The other miner.
        of: Seat,
    },
    /// Another entry of the same block has the same losses in sum, and both won against the last
    /// record.
    Tied {
        /// The other miner.
        with: Seat,
    },
    /// The entry did not win against another one: a record before it, or the best of its block.
    NotBetter {
        /// The miner of the other entry.
        than: Seat,
    },
    /// The entry has no loss.
    Faulty(Fault),
}

impl Standing {
    /// Returns the worth: all for the last record, half of it for the one before, and so on for
    /// [`PAID_RECORDS`], rounded down. Other entries are worth nothing.
    pub const fn worth(&self) -> Worth {
        match self {
            Self::Record { newer } if *newer < PAID_RECORDS => Worth(Worth::WHOLE.0 >> *newer),
            _ => Worth::NONE,
        }
    }
}

/// Returns the standing of each entry. The order of `entries` has no influence.
///
/// A model counts once: with the entry that was pledged first, or with none if two share that
/// block. Then the entries are taken in order of blocks. Of those of a block that
/// [win](is_better) against the last record the one with the lowest sum of losses is a record.
/// Before the first record all win.
///
/// A record wins against all records before it. Their epsilons are smaller, and the standard error
/// of a sum of differences is at most the sum of the standard errors.
pub fn rank(entries: &[Judged]) -> BTreeMap<Seat, Standing> {
    let mut standings = same_models(entries);
    let mut rest: Vec<&Judged> = entries
        .iter()
        .filter(|entry| !standings.contains_key(&entry.seat))
        .collect();
    rest.sort_unstable_by_key(|entry| (entry.block, Loss::sum(&entry.losses), entry.seat));
    let mut records: Vec<&Judged> = Vec::new();
    for block in rest.chunk_by(|a, b| a.block == b.block) {
        let mut winners = block.to_vec();
        if let Some(last) = records.last() {
            let than = last.seat;
            winners.retain(|entry| entry.wins_against(last));
            standings.extend(
                block
                    .iter()
                    .map(|it| (it.seat, Standing::NotBetter { than })),
            );
        }
        records.extend(best(&winners, &mut standings));
    }
    let numbered = (0..).zip(records.iter().rev());
    standings.extend(numbered.map(|(newer, entry)| (entry.seat, Standing::Record { newer })));
    standings
}

impl Judged {
    /// Returns true if the entry wins against `earlier`.
    fn wins_against(&self, earlier: &Self) -> bool {
        let blocks = self.block.saturating_sub(earlier.block);
        is_better(&self.losses, &earlier.losses, blocks)
    }
}

/// Returns the best of entries of one block, which come in order of their sums, and writes the
/// standings of the others. Without a single best one it returns `None`.
fn best<'a>(
    winners: &[&'a Judged],
    standings: &mut BTreeMap<Seat, Standing>,
) -> Option<&'a Judged> {
    let (best, others) = winners.split_first()?;
    let is_tied = |entry: &Judged| Loss::sum(&entry.losses) == Loss::sum(&best.losses);
    standings.extend(others.iter().map(|entry| {
        let standing = match is_tied(entry) {
            true => Standing::Tied { with: best.seat },
            false => Standing::NotBetter { than: best.seat },
        };
        (entry.seat, standing)
    }));
    match others.first().filter(|second| is_tied(second)) {
        Some(second) => {
            let with = second.seat;
            standings.insert(best.seat, Standing::Tied { with });
            None
        }
        None => Some(best),
    }
}

/// Returns the standings of entries whose model is another entry's.
fn same_models(entries: &[Judged]) -> BTreeMap<Seat, Standing> {
    let mut sorted: Vec<&Judged> = entries.iter().collect();
    sorted.sort_unstable_by_key(|entry| (entry.model, entry.block, entry.seat));
    let mut standings = BTreeMap::new();
    for copies in sorted.chunk_by(|a, b| a.model == b.model) {
        let [first, second, ..] = copies else {
            continue;
        };
        let later = copies.iter().skip(1);
        let standing = Standing::SameModel { of: first.seat };
        standings.extend(later.map(|entry| (entry.seat, standing)));
        if first.block == second.block {
            let of = second.seat;
            standings.insert(first.seat, Standing::SameModel { of });
        }
    }
    standings
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record { newer: 0 } => f.write_str("the last record"),
            Self::Record { newer } => write!(f, "a record, with {newer} newer ones"),
            Self::SameModel { of } => write!(
                f,
                "the model of uid {}, which was not pledged later; enter a model of your own",
                of.uid
            ),
            Self::Tied { with } => write!(
                f,
                "the loss of uid {} in the same block; pledge a better model",
                with.uid
            ),
            Self::NotBetter { than } => write!(
                f,
                "not better than uid {} by epsilon; pledge a better model",
                than.uid
            ),
            Self::Faulty(fault) => fault.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
