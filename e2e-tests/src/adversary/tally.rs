//! The counts of a campaign.

use super::attack::{Broken, Ended};
use inktensor_primitives::epoch::EpochError;
use std::collections::BTreeMap;

/// The outcomes of one kind of lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lies {
    /// Lies disproved, with their collateral slashed.
    pub slashed: u64,
    /// Lies refused by the contract.
    pub refused: u64,
}

/// The outcomes of one kind of forged proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proofs {
    /// Proofs about a correct step.
    pub correct: u64,
    /// Proofs of which a part does not open.
    pub unopened: u64,
    /// Proofs refused for another reason.
    pub refused: u64,
}

/// A run in which an attack succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number of the run.
    pub run: u64,
    /// The attack.
    pub attack: String,
    /// The violated property.
    pub broken: Broken,
}

/// All counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The number of runs.
    pub runs: u64,
    /// Runs that went through the contracts too.
    pub on_chain: u64,
    /// Outcomes by kind of lie.
    pub lies: BTreeMap<String, Lies>,
    /// Outcomes by kind of proof.
    pub proofs: BTreeMap<String, Proofs>,
    /// Contests that ended with the truth, by kind.
    pub contests: BTreeMap<String, u64>,
    /// All failures, by run.
    pub failures: Vec<Failure>,
}

impl Tally {
    /// Counts a lie.
    pub fn lie(&mut self, kind: &str, ended: Ended) {
        let lies = self.lies.entry(kind.to_owned()).or_default();
        match ended {
            Ended::Slashed => lies.slashed += 1,
            Ended::Refused => lies.refused += 1,
        }
    }

    /// Counts a forged proof and the judge's error.
    pub fn proof(&mut self, kind: &str, error: &EpochError) {
        let proofs = self.proofs.entry(kind.to_owned()).or_default();
        match error {
            EpochError::StepIsCorrect => proofs.correct += 1,
            EpochError::OpeningMismatch(_) => proofs.unopened += 1,
            _ => proofs.refused += 1,
        }
    }

    /// Counts a contest.
    pub fn contest(&mut self, kind: &str) {
        *self.contests.entry(kind.to_owned()).or_default() += 1;
    }

    /// Records a failure.
    pub fn failure(&mut self, run: u64, attack: &str, broken: Broken) {
        self.failures.push(Failure {
            run,
            attack: attack.to_owned(),
            broken,
        });
    }

    /// Adds the counts of `other`. The order of additions does not matter.
    pub fn add(&mut self, other: Tally) {
        self.runs += other.runs;
        self.on_chain += other.on_chain;
        for (kind, more) in other.lies {
            let lies = self.lies.entry(kind).or_default();
            lies.slashed += more.slashed;
            lies.refused += more.refused;
        }
        for (kind, more) in other.proofs {
            let proofs = self.proofs.entry(kind).or_default();
            proofs.correct += more.correct;
            proofs.unopened += more.unopened;
            proofs.refused += more.refused;
        }
        for (kind, more) in other.contests {
            *self.contests.entry(kind).or_default() += more;
        }
        self.failures.extend(other.failures);
        self.failures.sort_by_key(|failure| failure.run);
    }

    /// Returns the number of lies that survived.
    pub fn survivors(&self) -> usize {
        self.broken(|broken| matches!(broken, Broken::Survivor(_)))
    }

    /// Returns the number of honest assertions that were lost.
    pub fn honest_losses(&self) -> usize {
        self.broken(|broken| matches!(broken, Broken::HonestLoss(_)))
    }

    fn broken(&self, which: impl Fn(&Broken) -> bool) -> usize {
        let failures = self.failures.iter();
        failures.filter(|failure| which(&failure.broken)).count()
    }

    /// Returns the outcomes of all lies.
    pub fn all_lies(&self) -> Lies {
        self.lies.values().fold(Lies::default(), |sum, it| Lies {
            slashed: sum.slashed + it.slashed,
            refused: sum.refused + it.refused,
        })
    }

    /// Returns the outcomes of all forged proofs.
    pub fn all_proofs(&self) -> Proofs {
        let proofs = self.proofs.values();
        proofs.fold(Proofs::default(), |sum, it| Proofs {
            correct: sum.correct + it.correct,
            unopened: sum.unopened + it.unopened,
            refused: sum.refused + it.refused,
        })
    }
}
