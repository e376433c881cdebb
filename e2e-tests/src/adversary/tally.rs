//! What the adversary counts.

use super::attack::{Broken, Ended};
use inktensor_primitives::epoch::EpochError;
use std::collections::BTreeMap;

/// How the lies of a kind ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lies {
    /// Disproved, the collateral slashed.
    pub slashed: u64,
    /// Not taken by the contract.
    pub refused: u64,
}

/// How forged proofs of a kind ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proofs {
    /// The step is correct.
    pub correct: u64,
    /// A part does not open.
    pub unopened: u64,
    /// Refused for another reason.
    pub refused: u64,
}

/// A run that broke what must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its number.
    pub run: u64,
    /// The attack.
    pub attack: String,
    /// What broke.
    pub broken: Broken,
}

/// All counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs.
    pub runs: u64,
    /// Runs that were played through the real contracts too.
    pub on_chain: u64,
    /// By kind of lie.
    pub lies: BTreeMap<String, Lies>,
    /// By kind of proof.
    pub proofs: BTreeMap<String, Proofs>,
    /// What broke.
    pub failures: Vec<Failure>,
}

impl Tally {
    /// Notes a lie.
    pub fn lie(&mut self, kind: &str, ended: Ended) {
        let lies = self.lies.entry(kind.to_owned()).or_default();
        match ended {
            Ended::Slashed => lies.slashed += 1,
            Ended::Refused => lies.refused += 1,
        }
    }

    /// Notes a forged proof and what was said to it.
    pub fn proof(&mut self, kind: &str, said: &EpochError) {
        let proofs = self.proofs.entry(kind.to_owned()).or_default();
        match said {
            EpochError::StepIsCorrect => proofs.correct += 1,
            EpochError::OpeningMismatch(_) => proofs.unopened += 1,
            _ => proofs.refused += 1,
        }
    }

    /// Notes what broke.
    pub fn failure(&mut self, run: u64, attack: &str, broken: Broken) {
        self.failures.push(Failure {
            run,
            attack: attack.to_owned(),
            broken,
        });
    }

    /// Adds what another counted. The order of additions does not matter.
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
        self.failures.extend(other.failures);
        self.failures.sort_by_key(|failure| failure.run);
    }

    /// Lies that survived.
    pub fn survivors(&self) -> usize {
        self.broken(|broken| matches!(broken, Broken::Survivor(_)))
    }

    /// Honest assertions that were lost.
    pub fn honest_losses(&self) -> usize {
        self.broken(|broken| matches!(broken, Broken::HonestLoss(_)))
    }

    fn broken(&self, which: impl Fn(&Broken) -> bool) -> usize {
        let failures = self.failures.iter();
        failures.filter(|failure| which(&failure.broken)).count()
    }

    /// All lies.
    pub fn all_lies(&self) -> Lies {
        self.lies.values().fold(Lies::default(), |sum, it| Lies {
            slashed: sum.slashed + it.slashed,
            refused: sum.refused + it.refused,
        })
    }

    /// All forged proofs.
    pub fn all_proofs(&self) -> Proofs {
        let proofs = self.proofs.values();
        proofs.fold(Proofs::default(), |sum, it| Proofs {
            correct: sum.correct + it.correct,
            unopened: sum.unopened + it.unopened,
            refused: sum.refused + it.refused,
        })
    }
}
