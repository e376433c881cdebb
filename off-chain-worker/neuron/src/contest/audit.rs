//! The audit of a verdict: the checks of [evidence](crate::evidence::audit), each a function of
//! files. No network, no clock.

use super::{
    cores::OnCores,
    entries::{epoch, rows_seed},
    evidence::ContestEvidence,
};
use crate::evidence::{
    any::AnyEvidence,
    audit::{
        claim::Claim, not_the_validators, sample, Before, Checked, Falsehood, Missing, Origin,
        Sample, Verdict,
    },
    facts::Facts,
    seeds::{parts_of, Round as Blocks},
};
use crate::manifest::Manifest;
use inktensor_contest::{
    Averages, Entry, Examined, Finding, HeldOut, Lie, Opening, Round, Shown, Verdict as Lines,
};
use inktensor_primitives::{Digest, Uid};
use inktensor_task::{Alpha, Contest, Seat};
use std::collections::BTreeSet;

/// The auditor's own means.
pub struct Auditor<'a> {
    /// The contest of the manifest.
    pub contest: &'a HeldOut,
    /// The manifest's file.
    pub manifest: &'a [u8],
    /// The findings to compute again.
    pub sample: Sample,
    /// Returns the model of the miner on a uid with a hash, if it is to be had. Hashes are compared
    /// here.
    pub model: &'a dyn Fn(Uid, &Digest) -> Option<Vec<u8>>,
}

/// Checks the evidence of a validator of a contest and names the first false item, as
/// [`verify`](crate::evidence::audit::verify) does.
pub fn verify(
    evidence: &ContestEvidence,
    origin: Origin,
    before: Before<'_>,
    facts: &Facts,
    auditor: &Auditor<'_>,
) -> Verdict {
    if let Some(verdict) = not_the_validators(|| evidence.root(), origin, facts) {
        return verdict;
    }
    let weights = evidence.weights();
    let mut audit = Audit {
        evidence,
        claim: Claim {
            head: &evidence.head,
            weights: &weights,
            facts,
        },
        auditor,
        missing: None,
    };
    match audit.all(before) {
        Err(falsehood) => Verdict::False(falsehood),
        Ok(checked) => match (audit.missing, checked) {
            (Some(missing), _) => Verdict::Unjudged(missing),
            (None, Some(checked)) => Verdict::True(checked),
            (None, None) => Verdict::Unjudged(Missing::Manifest),
        },
    }
}

struct Audit<'a> {
    evidence: &'a ContestEvidence,
    claim: Claim<'a>,
    auditor: &'a Auditor<'a>,
    /// The first item that cannot be judged.
    missing: Option<Missing>,
}

impl Audit<'_> {
    fn all(&mut self, before: Before<'_>) -> Result<Option<Checked>, Falsehood> {
        let facts = self.claim.facts;
        self.claim.head()?;
        let Some(round) = facts.round() else {
            self.lacks(Missing::Tempo(facts.tempo));
            return Ok(None);
        };
        let evidence = self.evidence;
        let missing = self.claim.pledge(round, || evidence.claimed())?;
        missing.into_iter().for_each(|missing| self.lacks(missing));
        self.claim.seed_block()?;
        let manifest = self.claim.manifest(self.auditor.manifest, HeldOut::NAME)?;
        let checked = match manifest {
            Ok(manifest) => self.verdict(&manifest, before, round)?,
            Err(missing) => {
                self.lacks(missing);
                None
            }
        };
        let missing = self.claim.chain_weights()?;
        missing.into_iter().for_each(|missing| self.lacks(missing));
        Ok(checked)
    }

    /// Remembers the first item that cannot be judged.
    fn lacks(&mut self, missing: Missing) {
        self.missing.get_or_insert(missing);
    }

    /// Checks 2, 4 and 5: lines, findings, worths, averages and weights of the verdict.
    fn verdict(
        &mut self,
        manifest: &Manifest,
        before: Before<'_>,
        blocks: Blocks,
    ) -> Result<Option<Checked>, Falsehood> {
        let (evidence, facts) = (self.evidence, self.claim.facts);
        let head = &evidence.head;
        let entries = &facts.entries;
        self.openings(entries)?;
        // A false one is named after findings that are false. Without the averages before, those of
        // the verdict's lines cannot be judged.
        let before = self.before(before);
        let averages = before.clone().ok().flatten().unwrap_or_default();
        let of = epoch(head.home, head.netuid, head.epoch, blocks);
        let contest = OnCores(self.auditor.contest);
        let rules = Round {
            contest: &contest,
            epoch: &of,
            pledges: entries,
            seed: rows_seed(head),
            before: &averages,
            alpha: Alpha(parts_of(manifest.alpha)),
        };
        let judged = judged(&evidence.verdict);
        let chosen = sample(judged.len(), self.auditor.sample);
        let chosen: BTreeSet<Seat> = chosen
            .into_iter()
            .filter_map(|index| judged.get(index).copied())
            .collect();
        let show = |entry: &Entry| {
            let opening = evidence.opening(entry.seat);
            let wanted = opening.filter(|_| chosen.contains(&entry.seat));
            let blob = wanted.and_then(|it| (self.auditor.model)(Uid(entry.seat.uid), &it.model));
            Shown { opening, blob }
        };
        let (unproven, unchecked) = match rules.examine(&evidence.verdict, show) {
            Examined::False(lie @ (Lie::Average { .. } | Lie::Weight { .. })) => {
                return match before? {
                    Some(_) => Err(Falsehood::Contest(lie)),
                    None => Ok(None),
                };
            }
            Examined::False(lie) => return Err(Falsehood::Contest(lie)),
            Examined::True {
                unproven,
                unchecked,
            } => (unproven, unchecked),
        };
        before?;
        self.spare_openings(&judged)?;
        let missed = unchecked.iter().find(|seat| chosen.contains(seat));
        if let Some((seat, opening)) = missed.zip(missed.and_then(|it| evidence.opening(*it))) {
            self.lacks(Missing::Model {
                uid: Uid(seat.uid),
                model: opening.model,
            });
        }
        Ok(Some(Checked {
            receipts: evidence.verdict.lines.len(),
            graded: judged.len(),
            recomputed: chosen.len(),
            unproven: Some(unproven.into_iter().map(|seat| Uid(seat.uid)).collect()),
        }))
    }

    /// Check 4: each finding that is not the validator's word rests on an opening of the pledge.
    fn openings(&self, entries: &[Entry]) -> Result<(), Falsehood> {
        let subnet = super::evidence::subnet_of(&self.evidence.head);
        for line in &self.evidence.verdict.lines {
            let entry = entries.iter().find(|entry| entry.seat == line.seat);
            // A line without an entry is named as an extra one.
            let Some(entry) = entry.filter(|_| !line.finding.is_word()) else {
                continue;
            };
            let opens = |it: &Opening| {
                let same = match &line.finding {
                    Finding::Judged { model, .. } => *model == it.model,
                    Finding::Faulty(_) => true,
                };
                same && entry.pledge.is_opened(&subnet, entry.seat, it)
            };
            if !self.evidence.opening(line.seat).as_ref().is_some_and(opens) {
                return Err(Falsehood::Opening(Uid(line.seat.uid)));
            }
        }
        Ok(())
    }

    /// Check 4: there is no opening but those of the findings that anyone computes again, in their
    /// order. One beside them contradicts the validator's own word.
    fn spare_openings(&self, judged: &[Seat]) -> Result<(), Falsehood> {
        let mut needed = judged.iter();
        let mut shown = self.evidence.openings.iter();
        let spare = shown.find(|(seat, _)| needed.next() != Some(seat));
        spare.map_or(Ok(()), |(seat, _)| Err(Falsehood::Opening(Uid(seat.uid))))
    }

    /// Check 5: the averages continue from the evidence that was pledged before. Returns its
    /// averages, unless they cannot be judged.
    fn before(&mut self, before: Before<'_>) -> Result<Option<Averages>, Falsehood> {
        let (head, averages) = match before {
            Before::Given(AnyEvidence::Contest(it)) => (Some(&it.head), it.verdict.averages()),
            // Averages of a task or a fold are of other work.
            Before::Given(AnyEvidence::Asked(it)) => (Some(&it.head), Averages::new()),
            Before::NotGiven => (None, Averages::new()),
        };
        match self.claim.continues(head.zip(before.root()))? {
            Ok(true) => Ok(Some(averages)),
            Ok(false) => Ok(Some(Averages::new())),
            Err(missing) => {
                self.lacks(missing);
                Ok(None)
            }
        }
    }
}

/// Returns the miners of the findings that anyone computes again, in order of lines.
fn judged(verdict: &Lines) -> Vec<Seat> {
    let lines = verdict.lines.iter();
    lines
        .filter(|line| !line.finding.is_word())
        .map(|line| line.seat)
        .collect()
}
