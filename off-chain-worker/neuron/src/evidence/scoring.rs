//! From receipts to grades, averages and weights.
//!
//! A validator calls [`conclude`]. An auditor calls the same functions and compares.

use super::{
    seeds::{drawn, parts_of},
    Evidence, Grade, Head, Receipt, Registration, Standing,
};
use crate::{
    fold::round::FoldRound,
    manifest::Manifest,
    program::{Program, ProgramError},
    threads::in_order,
};
use inktensor_primitives::{Bps, Uid};
use inktensor_task::{weights_from_averages, Alpha, Seat, Seed, Worth};
use inktensor_wire::{Media, Outcome, SignedRequest, SignedResponse};
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
};

/// The rules of questions and of worth.
#[derive(Clone, Copy)]
pub enum Rules<'a> {
    /// A task with its state.
    Task(&'a dyn Program),
    /// A fold, in one epoch.
    Fold(&'a FoldRound),
}

/// The work of a subnet, and the seeds of a validator's round.
#[derive(Clone, Copy)]
pub struct Scoring<'a> {
    /// The rules.
    pub rules: Rules<'a>,
    /// The manifest.
    pub manifest: &'a Manifest,
    /// The seed of the questions, see [`question_seed`](super::seeds::question_seed).
    pub questions: Seed,
    /// The seed of the checks, see [`check_seed`](super::seeds::check_seed). It has no influence if
    /// the manifest demands that all answers are checked.
    pub checks: Option<Seed>,
    /// Threads that recompute answers.
    pub threads: NonZeroUsize,
}

/// A question with its outcome, before the grade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Uid of the miner.
    pub uid: Uid,
    /// Number of the question.
    pub number: u16,
    /// The question.
    pub request: SignedRequest,
    /// The outcome.
    pub outcome: Outcome,
}

/// Returns the miners and numbers of all questions, in the order of the receipts.
pub fn demanded(
    miners: &[Registration],
    questions: u16,
) -> impl Iterator<Item = (&Registration, u16)> {
    miners
        .iter()
        .flat_map(move |miner| (0..questions).map(move |number| (miner, number)))
}

/// Returns the answer in `outcome`, if there is a signed one.
pub const fn answer(outcome: &Outcome) -> Option<&SignedResponse> {
    match outcome {
        Outcome::Signed(response) => Some(response),
        Outcome::Refused(_) | Outcome::Silent { .. } | Outcome::Unsigned { .. } => None,
    }
}

/// Returns true if the miner itself signed the answer after the question had expired.
pub const fn is_late(request: &SignedRequest, response: &SignedResponse) -> bool {
    response.created > request.expires
}

impl Scoring<'_> {
    /// Returns the body of question `number` to the miner on `to`.
    ///
    /// # Errors
    /// For a task that breaks its own limits.
    pub fn question(&self, to: Seat, number: u16) -> Result<Vec<u8>, ProgramError> {
        match self.rules {
            Rules::Task(program) => program.question(&self.questions.question(to, number.into())),
            Rules::Fold(round) => round.question(&self.questions, to, number),
        }
    }

    /// Returns those of `miners` that are asked: all by a task, and by a fold those with a pledge
    /// that counts.
    pub fn asked(&self, miners: &[Registration]) -> Vec<Registration> {
        match self.rules {
            Rules::Task(_) => miners.to_vec(),
            Rules::Fold(round) => round.asked(miners),
        }
    }

    /// Returns the grade of an answer to question `number` of the miner on `to`, by recomputing it.
    ///
    /// # Errors
    /// For a task that breaks its own limits, and for a state of a fold that is not at hand.
    pub fn grade(
        &self,
        to: Seat,
        number: u16,
        response: &SignedResponse,
    ) -> Result<Grade, ProgramError> {
        let (Media::Json, Some(body)) = (response.media, response.body()) else {
            return Ok(Grade::Checked(Worth::NONE));
        };
        match self.rules {
            Rules::Task(program) => {
                let question = self.question(to, number)?;
                Ok(Grade::Checked(program.worth(&question, body)?))
            }
            Rules::Fold(round) => round.grade(&self.questions, to, number, body),
        }
    }

    /// Returns the grades that need no recomputation, and `None` for each answer to check. All
    /// outcomes are those of one miner, in order of their numbers.
    pub fn known_grades<'o>(
        &self,
        to: Seat,
        outcomes: impl Iterator<Item = (u16, &'o SignedRequest, &'o Outcome)> + Clone,
    ) -> Vec<Option<Grade>> {
        let in_time = |request: &SignedRequest, outcome: &Outcome| {
            answer(outcome).is_some_and(|response| !is_late(request, response))
        };
        let answered: Vec<u16> = outcomes
            .clone()
            .filter(|(_, request, outcome)| in_time(request, outcome))
            .map(|(number, _, _)| number)
            .collect();
        let to_check = match self.checks {
            Some(seed) if self.manifest.check < Bps::ONE => {
                drawn(&seed, to, &answered, self.manifest.check)
            }
            // Without a seed the answers are all checked, which is more than any seed demands.
            _ => answered,
        };
        outcomes
            .map(|(number, request, outcome)| match answer(outcome) {
                None => Some(Grade::Unanswered),
                Some(response) if is_late(request, response) => Some(Grade::Late),
                Some(_) if to_check.binary_search(&number).is_ok() => None,
                Some(_) => Some(Grade::Unchecked),
            })
            .collect()
    }

    /// Recomputes answers on several threads, and returns the grade of each in the order of
    /// `items`: seat, number, answer; or the error for it, see [`Self::grade`].
    pub fn recompute(
        &self,
        items: &[(Seat, u16, &SignedResponse)],
    ) -> Vec<Result<Grade, ProgramError>> {
        in_order(items, self.threads, |(to, number, response)| {
            self.grade(*to, *number, response)
        })
    }

    /// Returns the averages after this epoch, one for each miner. `grades` are those of all
    /// questions, in the order of [`demanded`]. `before` are the averages of the evidence before.
    pub fn standings(
        &self,
        miners: &[Registration],
        grades: &[Grade],
        before: &[Standing],
    ) -> Vec<Standing> {
        let alpha = Alpha(parts_of(self.manifest.alpha));
        let questions = usize::from(self.manifest.questions.max(1));
        let before = before.iter().map(|it| (it.seat(), *it));
        let mut before: BTreeMap<Seat, Standing> = before.collect();
        if let Rules::Fold(round) = self.rules {
            round.bar(miners, &mut before);
        }
        let barred = self.barred(miners, &before);
        let asked = self.asked(miners);
        let of_miner: BTreeMap<Seat, &[Grade]> = asked
            .iter()
            .map(Registration::seat)
            .zip(grades.chunks(questions))
            .collect();
        let mut standings: Vec<Standing> = miners
            .iter()
            .map(|miner| {
                let seat = miner.seat();
                let before = before.get(&seat);
                let grades = of_miner.get(&seat).copied().unwrap_or_default();
                let (now, failed) = match self.rules {
                    Rules::Task(_) => (epoch_worth(grades), None),
                    Rules::Fold(round) => {
                        let failed = before.and_then(|it| it.failed);
                        round.worth_of_epoch(seat, grades, failed)
                    }
                };
                Standing {
                    uid: miner.uid,
                    generation: miner.generation,
                    average: alpha.average(before.map_or(Worth::NONE, |it| it.average), now),
                    failed,
                }
            })
            .collect();
        standings.extend(barred);
        standings.sort_unstable_by_key(|it| it.uid);
        standings
    }

    /// Returns the standings of a fold's miners that are barred and have no endpoint now: an epoch
    /// without one ends no bar. A uid with another registration has a standing of its own.
    fn barred(&self, miners: &[Registration], before: &BTreeMap<Seat, Standing>) -> Vec<Standing> {
        let Rules::Fold(round) = self.rules else {
            return Vec::new();
        };
        let served: BTreeSet<Uid> = miners.iter().map(|miner| miner.uid).collect();
        let absent = before.values().filter(|it| !served.contains(&it.uid));
        let carried = absent.filter_map(|it| {
            let (_, failed) = round.worth_of_epoch(it.seat(), &[], it.failed);
            failed.map(|_| Standing {
                average: Worth::NONE,
                failed,
                ..*it
            })
        });
        carried.collect()
    }
}

/// Returns the worth of a miner in an epoch: the mean over all its questions, rounded down.
/// Unchecked answers count as the mean of the checked ones, rounded down.
pub fn epoch_worth(grades: &[Grade]) -> Worth {
    let (mut sum, mut checked, mut unchecked, mut all) = (0u64, 0u32, 0u64, 0u32);
    for grade in grades {
        all = all.saturating_add(1);
        match grade {
            Grade::Checked(worth) => {
                sum = sum.saturating_add(worth.0.into());
                checked = checked.saturating_add(1);
            }
            Grade::Unchecked => unchecked = unchecked.saturating_add(1),
            Grade::Late | Grade::Unanswered | Grade::Withheld => {}
        }
    }
    let mean = Worth::mean(sum, checked);
    let assumed = unchecked.saturating_mul(mean.0.into());
    Worth::mean(sum.saturating_add(assumed), all)
}

/// Returns the weights that follow from averages, by uid and without zeros.
pub fn weights(standings: &[Standing]) -> Vec<(Uid, u16)> {
    let averages: Vec<(u16, Worth)> = standings.iter().map(|it| (it.uid.0, it.average)).collect();
    let weights = weights_from_averages(&averages);
    weights
        .into_iter()
        .map(|(uid, weight)| (Uid(uid), weight))
        .collect()
}

/// Returns the evidence of an epoch from all questions with their outcomes.
///
/// `asked` has one item for each of [`demanded`] of the miners that [are asked](Scoring::asked), in
/// that order: a miner that could not be reached is silent. `before` are the averages of the
/// evidence whose root is in the head. The vote of a fold is made from the result.
///
/// # Errors
/// For a task that breaks its own limits.
pub fn conclude(
    head: Head,
    miners: &[Registration],
    asked: Vec<Asked>,
    before: &[Standing],
    scoring: &Scoring<'_>,
) -> Result<Evidence, ProgramError> {
    let questions = usize::from(scoring.manifest.questions.max(1));
    let probed = scoring.asked(miners);
    let mut known = Vec::with_capacity(asked.len());
    for (miner, of_miner) in probed.iter().zip(asked.chunks(questions)) {
        let outcomes = of_miner
            .iter()
            .map(|it| (it.number, &it.request, &it.outcome));
        known.extend(scoring.known_grades(miner.seat(), outcomes));
    }
    let to_check: Vec<(Seat, u16, &SignedResponse)> = demanded(&probed, scoring.manifest.questions)
        .zip(asked.iter().zip(&known))
        .filter(|(_, (_, grade))| grade.is_none())
        .filter_map(|((miner, _), (it, _))| {
            let response = answer(&it.outcome)?;
            Some((miner.seat(), it.number, response))
        })
        .collect();
    let checked = scoring.recompute(&to_check).into_iter();
    let checked: Result<Vec<Grade>, ProgramError> = checked.collect();
    let mut checked = checked?.into_iter();
    let grades: Vec<Grade> = known
        .into_iter()
        .map(|known| {
            known
                .or_else(|| checked.next())
                .unwrap_or(Grade::Unanswered)
        })
        .collect();
    let standings = scoring.standings(miners, &grades, before);
    let receipts = asked.into_iter().zip(grades).map(|(it, grade)| Receipt {
        uid: it.uid,
        number: it.number,
        asked: it.request,
        outcome: it.outcome,
        grade,
    });
    Ok(Evidence {
        head,
        receipts: receipts.collect(),
        weights: weights(&standings),
        standings,
        vote: None,
        proofs: match scoring.rules {
            Rules::Task(_) => Vec::new(),
            Rules::Fold(round) => round.proofs.clone(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::NetUid;
    use inktensor_wire::{Content, Context, Path};

    #[test]
    fn unchecked_answers_count_as_the_checked_ones() {
        let checked = |worth| Grade::Checked(Worth(worth));
        for (grades, worth) in [
            (&[][..], 0),
            (&[checked(100)], 100),
            (&[checked(100), checked(0)], 50),
            (&[checked(100), Grade::Unchecked], 100),
            (&[checked(101), checked(0), Grade::Unchecked], 50),
            (
                &[
                    checked(100),
                    Grade::Unchecked,
                    Grade::Late,
                    Grade::Unanswered,
                ],
                50,
            ),
            (&[Grade::Late, Grade::Unanswered], 0),
            (&[Grade::Unchecked], 0),
            (&[checked(65_535); 64], 65_535),
        ] {
            assert_eq!(epoch_worth(grades), Worth(worth), "{grades:?}");
        }
    }

    #[test]
    fn answer_is_late_from_the_second_after_its_question_expires() {
        let request = SignedRequest {
            path: Path::new("/v1/ask").unwrap(),
            media: Media::Json,
            body: [0; 32],
            context: Context {
                home: [0; 32],
                netuid: NetUid(1),
                epoch: 1,
                by: None,
                to: [0; 32].into(),
                seat: 1,
            },
            hotkey: [0; 32].into(),
            created: 100,
            expires: 120,
            nonce: [0; 16],
            signature: [0; 64],
        };
        let response = |created| SignedResponse {
            status: 200,
            media: Media::Json,
            content: Content::Digest([0; 32]),
            created,
            signature: [0; 64],
        };
        for (created, late) in [(0, false), (120, false), (121, true), (u64::MAX, true)] {
            assert_eq!(is_late(&request, &response(created)), late, "{created}");
        }
    }

    #[test]
    fn demanded_questions_are_by_miner_and_number() {
        let miner = |uid| Registration {
            uid: Uid(uid),
            generation: 1,
            hotkey: [1; 32].into(),
        };
        let miners = [miner(2), miner(5)];
        let found: Vec<_> = demanded(&miners, 2)
            .map(|(it, number)| (it.uid.0, number))
            .collect();
        assert_eq!(found, [(2, 0), (2, 1), (5, 0), (5, 1)]);
    }
}
