//! The audit of evidence: five checks in order, each a function of files. No network, no clock.

mod absence;
pub(crate) mod claim;
mod receipts;
mod verdict;

pub use absence::{not_the_validators, unpledged, verify_absence, Absence, Origin};
pub use verdict::{AskedField, Checked, Falsehood, HeadField, Missing, Verdict};

use super::{
    any::AnyEvidence,
    facts::Facts,
    scoring::{self, Rules, Scoring},
    seeds::{check_seed, question_seed, Round},
    weights_digest, Evidence, Grade, Standing,
};
use crate::{
    fold::{
        fraud::{self, Ruling},
        round::{FoldRound, States},
        Training,
    },
    manifest::Manifest,
    program::Program,
};
use claim::{Claim, Claimed};
use inktensor_primitives::{Bps, Digest, Uid};
use inktensor_task::{NamedFold, Seed, Worth};
use inktensor_train::{FraudProof, Train};
use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc};

/// The evidence before, from which the averages continue.
#[derive(Clone, Copy, Debug)]
pub enum Before<'a> {
    /// The file.
    Given(&'a AnyEvidence),
    /// No file was to be had, or none is needed because none was pledged.
    NotGiven,
}

impl Before<'_> {
    /// Returns the root of the file.
    pub fn root(&self) -> Option<Digest> {
        match self {
            Self::Given(evidence) => Some(evidence.root()),
            Self::NotGiven => None,
        }
    }
}

/// The number of answers that an audit recomputes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// All that the validator checked.
    All,
    /// Some of them, drawn by the auditor's own seed.
    Some {
        /// Number of answers.
        count: usize,
        /// The seed.
        seed: u64,
    },
}

/// The work whose evidence is audited.
#[derive(Clone, Copy)]
pub enum Audited<'a> {
    /// A task with its state.
    Task(&'a dyn Program),
    /// A fold, with the states that answers name, and the decision on proofs of earlier epochs.
    Fold(
        &'a Arc<Training>,
        &'a Arc<dyn States>,
        &'a dyn Fn(&FraudProof) -> Ruling,
    ),
}

impl Audited<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Task(program) => program.name(),
            Self::Fold(..) => Train::NAME,
        }
    }
}

/// The auditor's own means.
#[derive(Clone, Copy)]
pub struct Auditor<'a> {
    /// The task or the fold of the manifest, whose hashes were compared with those of its blobs.
    pub work: Audited<'a>,
    /// The manifest's file.
    pub manifest: &'a [u8],
    /// The answers to recompute.
    pub sample: Sample,
    /// Threads that recompute.
    pub threads: NonZeroUsize,
}

/// Checks the evidence of a validator and names the first false item.
///
/// An item that cannot be judged stops only the checks that need it: a false item after it is still
/// found. A file from elsewhere whose root is not the pledged one is not judged at all.
pub fn verify(
    evidence: &Evidence,
    origin: Origin,
    before: Before<'_>,
    facts: &Facts,
    auditor: &Auditor<'_>,
) -> Verdict {
    if let Some(verdict) = not_the_validators(|| evidence.root(), origin, facts) {
        return verdict;
    }
    let mut audit = Audit {
        evidence,
        facts,
        auditor,
        missing: None,
        recomputed: 0,
    };
    match audit.all(before) {
        Err(falsehood) => Verdict::False(falsehood),
        Ok(()) => match audit.missing {
            Some(missing) => Verdict::Unjudged(missing),
            None => Verdict::True(Checked {
                receipts: evidence.receipts.len(),
                graded: evidence
                    .receipts
                    .iter()
                    .filter(|it| matches!(it.grade, Grade::Checked(_)))
                    .count(),
                recomputed: audit.recomputed,
                unproven: None,
            }),
        },
    }
}

struct Audit<'a> {
    evidence: &'a Evidence,
    facts: &'a Facts,
    auditor: &'a Auditor<'a>,
    /// The first item that cannot be judged.
    missing: Option<Missing>,
    recomputed: usize,
}

impl<'a> Audit<'a> {
    fn all(&mut self, before: Before<'_>) -> Result<(), Falsehood> {
        let Some(round) = self.facts.round() else {
            self.lacks(Missing::Tempo(self.facts.tempo));
            return self.claim().head();
        };
        self.claim().head()?;
        self.pledge(round)?;
        self.claim().seed_block()?;
        let manifest = self.manifest()?;
        let fold = self.fold(manifest.as_ref())?;
        let scoring = manifest
            .as_ref()
            .and_then(|manifest| self.scoring(manifest, fold.as_ref()));
        if let Some(scoring) = &scoring {
            self.demanded(scoring)?;
        }
        self.signatures()?;
        if let Some(scoring) = &scoring {
            if scoring.checks.is_some() || scoring.manifest.check >= Bps::ONE {
                self.grades(scoring)?;
            } else {
                self.lacks(Missing::CheckBlock);
            }
        }
        self.proofs()?;
        let before = self.before(before)?;
        if let (Some(scoring), Some(before)) = (&scoring, before) {
            self.averages(scoring, before)?;
        }
        self.weights()
    }

    /// Remembers the first item that cannot be judged.
    fn lacks(&mut self, missing: Missing) {
        self.missing.get_or_insert(missing);
    }

    fn claim(&self) -> Claim<'a> {
        Claim {
            head: &self.evidence.head,
            weights: &self.evidence.weights,
            facts: self.facts,
        }
    }

    /// Check 1: the evidence is the one that was pledged, in time.
    fn pledge(&mut self, round: Round) -> Result<(), Falsehood> {
        let evidence = self.evidence;
        let missing = self.claim().pledge(round, || Claimed {
            root: evidence.root(),
            weights: weights_digest(&evidence.receipts_root(), &evidence.weights),
            receipts: evidence.receipts.len(),
        })?;
        missing.into_iter().for_each(|missing| self.lacks(missing));
        Ok(())
    }

    /// Check 2: the questions are those of the manifest that counts. Returns the manifest, unless
    /// it cannot be judged.
    fn manifest(&mut self) -> Result<Option<Manifest>, Falsehood> {
        let (file, loaded) = (self.auditor.manifest, self.auditor.work.name());
        match self.claim().manifest(file, loaded)? {
            Ok(manifest) => Ok(Some(manifest)),
            Err(missing) => {
                self.lacks(missing);
                Ok(None)
            }
        }
    }

    /// Check 2: the vote of a fold names the state with which most stake began the epoch, and
    /// evidence of a task has none. Returns the rules of the fold.
    fn fold(&mut self, manifest: Option<&Manifest>) -> Result<Option<FoldRound>, Falsehood> {
        let Some(manifest) = manifest else {
            return Ok(None);
        };
        let (Audited::Fold(training, states, _), Some(vote)) =
            (self.auditor.work, self.evidence.vote)
        else {
            return match (self.auditor.work, self.evidence.vote) {
                (Audited::Task(_), None) => Ok(None),
                _ => Err(Falsehood::Vote),
            };
        };
        if self.facts.pledged.is_some_and(|it| it.vote != Some(vote)) {
            return Err(Falsehood::Vote);
        }
        match self.facts.start {
            Some(start) if start != vote.start => {
                return Err(Falsehood::Start {
                    found: vote.start,
                    expected: start,
                })
            }
            Some(_) => {}
            None => self.lacks(Missing::Start),
        }
        let questions = manifest.questions;
        let round = self
            .facts
            .fold_round(training, questions, vote.start, states);
        Ok(Some(round.with_proofs(self.evidence.proofs.clone())))
    }

    /// Check 4: each proof of fraud that bars a miner stands. Evidence of a task names none.
    fn proofs(&mut self) -> Result<(), Falsehood> {
        let (proofs, epoch) = (&self.evidence.proofs, self.evidence.head.epoch);
        let falls = |proof: &FraudProof, reason| Falsehood::Proof {
            uid: Uid(proof.seat.uid),
            epoch: proof.epoch,
            reason,
        };
        let Audited::Fold(_, _, decide) = self.auditor.work else {
            let first = proofs.first();
            return first.map_or(Ok(()), |it| Err(falls(it, "a task has no proofs".into())));
        };
        fraud::check_places(proofs, epoch).map_err(|(proof, reason)| falls(proof, reason))?;
        for proof in proofs {
            match decide(proof) {
                Ruling::Stands => {}
                Ruling::Falls(reason) => return Err(falls(proof, reason)),
                Ruling::Open(reason) => self.lacks(Missing::Proof {
                    uid: Uid(proof.seat.uid),
                    epoch: proof.epoch,
                    reason,
                }),
            }
        }
        Ok(())
    }

    fn scoring<'m>(
        &self,
        manifest: &'m Manifest,
        fold: Option<&'m FoldRound>,
    ) -> Option<Scoring<'m>>
    where
        'a: 'm,
    {
        let rules = match (self.auditor.work, fold) {
            (Audited::Task(program), _) => Rules::Task(program),
            (Audited::Fold(..), Some(round)) => Rules::Fold(round),
            (Audited::Fold(..), None) => return None,
        };
        let head = &self.evidence.head;
        let (home, netuid, epoch) = (&head.home, head.netuid, head.epoch);
        let validator = &head.validator;
        let questions = question_seed(home, netuid, epoch, &head.seed_block.hash, validator);
        let checks = self.facts.check_block;
        Some(Scoring {
            rules,
            manifest,
            questions,
            checks: checks.map(|hash| check_seed(home, netuid, epoch, &hash, validator)),
            threads: self.auditor.threads,
        })
    }

    /// Check 5: the averages continue from the evidence that was pledged before. Returns its
    /// averages, unless they cannot be judged.
    fn before<'b>(&mut self, before: Before<'b>) -> Result<Option<&'b [Standing]>, Falsehood> {
        let (head, standings): (_, &[Standing]) = match before {
            Before::Given(AnyEvidence::Asked(it)) => (Some(&it.head), &it.standings),
            // Averages of a contest are of other work.
            Before::Given(AnyEvidence::Contest(it)) => (Some(&it.head), &[]),
            Before::NotGiven => (None, &[]),
        };
        let given = head.zip(before.root());
        match self.claim().continues(given)? {
            Ok(true) => Ok(Some(standings)),
            Ok(false) => Ok(Some(&[])),
            Err(missing) => {
                self.lacks(missing);
                Ok(None)
            }
        }
    }

    /// Check 5: averages follow from grades, and weights from averages.
    fn averages(&self, scoring: &Scoring<'_>, before: &[Standing]) -> Result<(), Falsehood> {
        let grades: Vec<Grade> = self.evidence.receipts.iter().map(|it| it.grade).collect();
        let expected = scoring.standings(&self.facts.miners, &grades, before);
        let mut given = self.evidence.standings.iter();
        for found in &expected {
            let given = given.next();
            if given != Some(found) {
                let same = given.filter(|it| it.uid == found.uid);
                return Err(Falsehood::Average {
                    uid: found.uid,
                    given: same.map(|it| it.average),
                    found: Some(found.average),
                });
            }
        }
        if let Some(extra) = given.next() {
            return Err(Falsehood::Average {
                uid: extra.uid,
                given: Some(extra.average),
                found: None,
            });
        }
        let expected = scoring::weights(&expected);
        match difference(&self.evidence.weights, &expected) {
            None => Ok(()),
            Some((uid, given, found)) => Err(Falsehood::Weight { uid, given, found }),
        }
    }

    /// Check 5: the weights are those on the chain.
    fn weights(&mut self) -> Result<(), Falsehood> {
        let missing = self.claim().chain_weights()?;
        missing.into_iter().for_each(|missing| self.lacks(missing));
        Ok(())
    }
}

/// Returns the first uid whose weights differ between two rows, with both weights. Rows that differ
/// in order or have a uid twice differ too: then the weights of the first such place are returned.
fn difference(left: &[(Uid, u16)], right: &[(Uid, u16)]) -> Option<(Uid, u16, u16)> {
    if left == right {
        return None;
    }
    let of = |row: &[(Uid, u16)]| row.iter().copied().collect::<BTreeMap<Uid, u16>>();
    let (by_left, by_right) = (of(left), of(right));
    let weight = |row: &BTreeMap<Uid, u16>, uid: &Uid| row.get(uid).copied().unwrap_or_default();
    let uids = by_left.keys().chain(by_right.keys());
    let mut differing: Vec<Uid> = uids
        .filter(|uid| by_left.get(uid) != by_right.get(uid))
        .copied()
        .collect();
    differing.sort_unstable();
    let place = || {
        let pairs = left.iter().zip(right);
        let first = pairs.clone().find(|(a, b)| a != b).map(|(a, _)| a.0);
        first.or_else(|| left.get(right.len()).map(|it| it.0))
    };
    let uid = differing.first().copied().or_else(place)?;
    Some((uid, weight(&by_left, &uid), weight(&by_right, &uid)))
}

/// Returns `count` of the numbers below `len`, drawn by `seed`, ascending.
pub(crate) fn sample(len: usize, sample: Sample) -> Vec<usize> {
    let mut all: Vec<usize> = (0..len).collect();
    if let Sample::Some { count, seed } = sample {
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(seed.to_le_bytes()) {
            *to = from;
        }
        Seed(bytes).part("audit").draw().shuffle(&mut all);
        all.truncate(count);
        all.sort_unstable();
    }
    all
}

/// Returns the worth in a grade of a checked answer.
const fn checked_worth(grade: Grade) -> Option<Worth> {
    match grade {
        Grade::Checked(worth) => Some(worth),
        Grade::Unchecked | Grade::Late | Grade::Unanswered | Grade::Withheld => None,
    }
}
