//! The verdict of a validator about all entries of an epoch.

use alloc::{collections::BTreeMap, vec::Vec};

use inktensor_task::{weights_from_averages, Alpha, Contest, Digest, Seat, Seed, Tag, Worth};
use scale::{Decode, Encode};

use crate::{entries, find, rank, Entry, Epoch, Finding, Judged, Shown, Standing, Subnet};

/// The tag of a verdict.
const VERDICT: Tag = Tag(b"ink:cont");

/// Moving averages of worth, by miner.
pub type Averages = BTreeMap<Seat, Worth>;

/// A validator's verdict: a line for each entry, in ascending order of seat, and the weights.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Verdict {
    /// The lines.
    pub lines: Vec<Line>,
    /// Weights by uid, without zeros.
    pub weights: Vec<(u16, u16)>,
}

/// The line of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Line {
    /// The miner.
    pub seat: Seat,
    /// The finding.
    pub finding: Finding,
    /// Worth in this epoch.
    pub worth: Worth,
    /// Moving average of worth, with this epoch.
    pub average: Worth,
}

impl Verdict {
    /// Returns the averages, from which those of the next epoch follow.
    pub fn averages(&self) -> Averages {
        let lines = self.lines.iter();
        lines.map(|line| (line.seat, line.average)).collect()
    }

    /// Returns the hash of the verdict of the validator on `validator`, for the data of `seed`:
    /// `H("ink:cont"; home, netuid, epoch, uid, generation, seed, counted SCALE of the verdict)`.
    pub fn hash(&self, subnet: &Subnet, epoch: u32, validator: Seat, seed: &Seed) -> Digest {
        subnet
            .hash(VERDICT)
            .u32(epoch)
            .u16(validator.uid)
            .u32(validator.generation)
            .fixed(&seed.0)
            .bytes(&self.encode())
            .digest()
    }
}

/// Everything that a verdict follows from, but for what miners show.
#[derive(Debug)]
pub struct Round<'a, C> {
    /// The contest.
    pub contest: &'a C,
    /// The epoch.
    pub epoch: &'a Epoch,
    /// Pledges of registered miners, in any order. [`entries`] chooses those that are judged.
    pub pledges: &'a [Entry],
    /// The validator's own seed of data.
    pub seed: Seed,
    /// The averages of the validator's last verdict.
    pub before: &'a Averages,
    /// The weight of this epoch in averages.
    pub alpha: Alpha,
}

impl<C: Contest> Round<'_, C> {
    /// Returns the entries, in ascending order of seat.
    pub fn entries(&self) -> Vec<Entry> {
        entries(self.epoch, self.pledges.iter().copied())
    }

    /// Returns the finding about an entry of which this was shown.
    pub fn find(&self, entry: &Entry, shown: &Shown) -> Finding {
        find(self.contest, &self.epoch.subnet, entry, shown, &self.seed)
    }

    /// Returns the verdict. `show` returns everything that was shown of an entry: one model is in
    /// memory at a time.
    pub fn judge(&self, mut show: impl FnMut(&Entry) -> Shown) -> Verdict {
        let judged = |entry: Entry| (entry, self.find(&entry, &show(&entry)));
        let found: Vec<(Entry, Finding)> = self.entries().into_iter().map(judged).collect();
        self.conclude(&found)
    }

    /// Returns the standing of each entry, which follows from the findings of a verdict alone.
    pub fn standings(&self, verdict: &Verdict) -> BTreeMap<Seat, Standing> {
        let lines = verdict.lines.iter();
        let findings: BTreeMap<Seat, &Finding> =
            lines.map(|line| (line.seat, &line.finding)).collect();
        let found = |entry: Entry| Some((entry, (*findings.get(&entry.seat)?).clone()));
        let found: Vec<(Entry, Finding)> = self.entries().into_iter().filter_map(found).collect();
        standings(&found)
    }

    /// Returns the verdict that follows from findings, which are in ascending order of seat.
    pub fn conclude(&self, found: &[(Entry, Finding)]) -> Verdict {
        let standings = standings(found);
        let lines: Vec<Line> = found
            .iter()
            .map(|(entry, finding)| {
                let seat = entry.seat;
                let standing = standings.get(&seat);
                let worth = standing.map_or(Worth::NONE, Standing::worth);
                let average = self.before.get(&seat).copied().unwrap_or_default();
                Line {
                    seat,
                    finding: finding.clone(),
                    worth,
                    average: self.alpha.average(average, worth),
                }
            })
            .collect();
        let averages: Vec<(u16, Worth)> = lines
            .iter()
            .map(|line| (line.seat.uid, line.average))
            .collect();
        Verdict {
            weights: weights_from_averages(&averages),
            lines,
        }
    }
}

/// Returns the standing of each entry with these findings.
fn standings(found: &[(Entry, Finding)]) -> BTreeMap<Seat, Standing> {
    let judged: Vec<Judged> = found
        .iter()
        .filter_map(|(entry, finding)| match finding {
            Finding::Judged { model, losses } => Some(Judged {
                block: entry.block,
                seat: entry.seat,
                model: *model,
                losses: losses.clone(),
            }),
            Finding::Faulty(_) => None,
        })
        .collect();
    let mut standings = rank(&judged);
    standings.extend(found.iter().filter_map(|(entry, finding)| match finding {
        Finding::Faulty(fault) => Some((entry.seat, Standing::Faulty(*fault))),
        Finding::Judged { .. } => None,
    }));
    standings
}

#[cfg(test)]
mod tests;
