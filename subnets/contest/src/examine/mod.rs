//! The examination of a verdict by anyone.

use alloc::vec::Vec;
use core::fmt;

use inktensor_task::{Contest, Loss, Seat, Worth};

use crate::{Entry, Finding, Line, Round, Shown, Verdict};

/// The result of an examination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Examined {
    /// No item is false.
    True {
        /// Miners whose fault is the validator's word alone: see
        /// [`Fault::is_word`](crate::Fault::is_word).
        unproven: Vec<Seat>,
        /// Miners whose model the examiner does not have.
        unchecked: Vec<Seat>,
    },
    /// An item is false: the first one.
    False(Lie),
}

/// The first false item of a verdict, in the order of checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lie {
    /// An entry of the epoch has no line.
    LeftOut {
        /// The miner.
        seat: Seat,
    },
    /// A line is of no entry, or out of order.
    Extra {
        /// The miner of the line.
        seat: Seat,
    },
    /// A finding is not that of the pledge, the blob and the seed.
    Finding {
        /// The miner.
        seat: Seat,
        /// The finding in the verdict.
        found: Finding,
        /// The right one.
        right: Finding,
    },
    /// A worth does not follow from the findings.
    Worth {
        /// The miner.
        seat: Seat,
        /// The worth in the verdict.
        found: Worth,
        /// The right one.
        right: Worth,
    },
    /// An average does not follow from the worth and the average before.
    Average {
        /// The miner.
        seat: Seat,
        /// The average in the verdict.
        found: Worth,
        /// The right one.
        right: Worth,
    },
    /// A weight does not follow from the averages, or the weights are out of order.
    Weight {
        /// The first uid whose weight is false.
        uid: u16,
        /// The weight in the verdict. Zero if there is no weight in its place.
        found: u16,
        /// The right one.
        right: u16,
    },
}

impl Lie {
    /// Returns the number by which the item is off: for losses, that of their means.
    ///
    /// A fault in place of a loss, an entry that is left out and an extra line have no number.
    pub fn off_by(&self) -> Option<u32> {
        match self {
            Self::Finding { found, right, .. } => {
                let (found, right) = (found.loss()?, right.loss()?);
                Some(found.0.abs_diff(right.0))
            }
            Self::Worth { found, right, .. } | Self::Average { found, right, .. } => {
                Some(found.0.abs_diff(right.0).into())
            }
            Self::Weight { found, right, .. } => Some(found.abs_diff(*right).into()),
            Self::LeftOut { .. } | Self::Extra { .. } => None,
        }
    }
}

impl<C: Contest> Round<'_, C> {
    /// Returns the result of computing `verdict` again.
    ///
    /// `show` returns what the examiner has of an entry, from any source: the hash decides. Worths,
    /// averages and weights are compared with those that follow from the verdict's own findings.
    pub fn examine(&self, verdict: &Verdict, mut show: impl FnMut(&Entry) -> Shown) -> Examined {
        let (mut unproven, mut unchecked) = (Vec::new(), Vec::new());
        let found = match paired(self.entries(), &verdict.lines) {
            Ok(found) => found,
            Err(lie) => return Examined::False(lie),
        };
        for (entry, found) in &found {
            let seat = entry.seat;
            let right = self.find(entry, &show(entry));
            match (found.is_word(), right.is_word()) {
                (true, _) => unproven.push(seat),
                (false, true) => unchecked.push(seat),
                (false, false) if *found == right => {}
                (false, false) => {
                    let found = found.clone();
                    return Examined::False(Lie::Finding { seat, found, right });
                }
            }
        }
        match conclusion(verdict, &self.conclude(&found)) {
            Some(lie) => Examined::False(lie),
            None => Examined::True {
                unproven,
                unchecked,
            },
        }
    }
}

/// Returns each entry with its finding in the verdict. Both are in ascending order of seat.
fn paired(entries: Vec<Entry>, lines: &[Line]) -> Result<Vec<(Entry, Finding)>, Lie> {
    let mut lines = lines.iter();
    let mut found = Vec::with_capacity(entries.len());
    for entry in entries {
        match lines.next() {
            Some(line) if line.seat == entry.seat => found.push((entry, line.finding.clone())),
            Some(Line { seat, .. }) if *seat < entry.seat => {
                return Err(Lie::Extra { seat: *seat });
            }
            _ => return Err(Lie::LeftOut { seat: entry.seat }),
        }
    }
    match lines.next() {
        Some(Line { seat, .. }) => Err(Lie::Extra { seat: *seat }),
        None => Ok(found),
    }
}

/// Returns the first difference of two verdicts with the same findings.
fn conclusion(verdict: &Verdict, right: &Verdict) -> Option<Lie> {
    let pairs = || verdict.lines.iter().zip(&right.lines);
    let worth = pairs().find(|(found, right)| found.worth != right.worth);
    if let Some((found, right)) = worth {
        return Some(Lie::Worth {
            seat: right.seat,
            found: found.worth,
            right: right.worth,
        });
    }
    let average = pairs().find(|(found, right)| found.average != right.average);
    if let Some((found, right)) = average {
        return Some(Lie::Average {
            seat: right.seat,
            found: found.average,
            right: right.average,
        });
    }
    let (mut founds, mut rights) = (verdict.weights.iter(), right.weights.iter());
    loop {
        let (found, right) = match (founds.next(), rights.next()) {
            (None, None) => return None,
            (found, right) if found == right => continue,
            pair => pair,
        };
        let weight = |of: Option<&(u16, u16)>, uid| match of {
            Some((of, weight)) if *of == uid => *weight,
            _ => 0,
        };
        let uid = [found, right].into_iter().flatten().map(|(uid, _)| *uid);
        let uid = uid.min().unwrap_or_default();
        return Some(Lie::Weight {
            uid,
            found: weight(found, uid),
            right: weight(right, uid),
        });
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftOut { seat } => write!(f, "the entry of uid {} has no line", seat.uid),
            Self::Extra { seat } => write!(
                f,
                "the line of uid {} is of no entry, or out of order",
                seat.uid
            ),
            Self::Finding { seat, found, right } => {
                write!(
                    f,
                    "the finding about uid {} is \"{found}\", and the right one is \"{right}\"",
                    seat.uid
                )?;
                match self.off_by() {
                    Some(parts) => write!(f, ": off by {}", Loss(parts)),
                    None => Ok(()),
                }
            }
            Self::Worth { seat, found, right } => write!(
                f,
                "the worth of uid {} is {}, and {} follows from the findings",
                seat.uid, found.0, right.0
            ),
            Self::Average { seat, found, right } => write!(
                f,
                "the average of uid {} is {}, and {} follows from its worth",
                seat.uid, found.0, right.0
            ),
            Self::Weight { uid, found, right } => write!(
                f,
                "the weight of uid {uid} is {found}, and {right} follows from the averages"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
