//! Checks 2 to 4: each receipt is the one that the seed demands, signed, and graded by the rules.

use super::{
    super::{
        scoring::{answer, demanded, Rules, Scoring},
        Receipt, Registration, ASK_PATH,
    },
    checked_worth, sample, AskedField, Audit, Falsehood, Missing,
};
use crate::evidence::Grade;
use inktensor_primitives::Uid;
use inktensor_task::{Seat, Worth};
use inktensor_wire::{Context, Media, SignedResponse};
use std::collections::{BTreeMap, BTreeSet};

impl Audit<'_> {
    /// Check 2: the receipts are those that the seed demands, in order, and no others.
    pub(super) fn demanded(&mut self, scoring: &Scoring<'_>) -> Result<(), Falsehood> {
        self.places(scoring)?;
        let mut signatures = BTreeSet::new();
        let asked = scoring.asked(&self.facts.miners);
        let demands = demanded(&asked, scoring.manifest.questions);
        for (receipt, (miner, number)) in self.evidence.receipts.iter().zip(demands) {
            let uid = miner.uid;
            self.asked(receipt, miner)
                .map_err(|field| Falsehood::Asked { uid, number, field })?;
            if !signatures.insert(receipt.asked.signature) {
                return Err(Falsehood::Repeated { uid, number });
            }
            let question = match scoring.question(miner.seat(), number) {
                Ok(question) => question,
                Err(error) => {
                    self.lacks(Missing::Program(error.to_string()));
                    return Ok(());
                }
            };
            if receipt.asked.verify_body(&question).is_err() {
                return Err(Falsehood::Question { uid, number });
            }
        }
        self.window(scoring.manifest.window)
    }

    /// Compares the places of the receipts with those that the seed demands.
    fn places(&self, scoring: &Scoring<'_>) -> Result<(), Falsehood> {
        let place = |receipt: &Receipt| (receipt.uid, receipt.number);
        let given: BTreeSet<(Uid, u16)> = self.evidence.receipts.iter().map(place).collect();
        let asked = scoring.asked(&self.facts.miners);
        let demands = || {
            demanded(&asked, scoring.manifest.questions).map(|(miner, number)| (miner.uid, number))
        };
        // A missing receipt weighs more than one too many, which leaves nothing out.
        if let Some((uid, number)) = demands().find(|place| !given.contains(place)) {
            return Err(Falsehood::ReceiptMissing { uid, number });
        }
        let mut demands = demands();
        for receipt in &self.evidence.receipts {
            let (uid, number) = place(receipt);
            if demands.next() != Some((uid, number)) {
                return Err(Falsehood::ReceiptExtra { uid, number });
            }
        }
        Ok(())
    }

    /// Compares the fields of a question with those that it must have.
    fn asked(&self, receipt: &Receipt, miner: &Registration) -> Result<(), AskedField> {
        let (asked, head) = (&receipt.asked, &self.evidence.head);
        let Context {
            home,
            netuid,
            epoch,
            by,
            to,
            seat,
        } = asked.context;
        let validator = &head.validator;
        let same = [
            (
                AskedField::Endpoint,
                asked.path.as_str() == ASK_PATH && asked.media == Media::Json,
            ),
            (
                AskedField::Context,
                (home, netuid, epoch) == (head.home, head.netuid, head.epoch),
            ),
            (
                AskedField::By,
                asked.hotkey == validator.hotkey && by == Some(validator.generation),
            ),
            (
                AskedField::To,
                to == miner.hotkey && seat == miner.generation,
            ),
        ];
        match same.into_iter().find(|(_, same)| !same) {
            Some((field, _)) => Err(field),
            None => Ok(()),
        }
    }

    /// Checks that all questions were asked and had to be answered in one window.
    fn window(&self, window: u16) -> Result<(), Falsehood> {
        let receipts = &self.evidence.receipts;
        let Some(start) = receipts.iter().map(|it| it.asked.created).min() else {
            return Ok(());
        };
        for receipt in receipts {
            let seconds = receipt.asked.expires.saturating_sub(start);
            if seconds > window.into() {
                return Err(Falsehood::Window {
                    uid: receipt.uid,
                    number: receipt.number,
                    seconds,
                    window,
                });
            }
        }
        Ok(())
    }

    /// Check 3: all signatures are by the hotkeys that the receipts name.
    pub(super) fn signatures(&self) -> Result<(), Falsehood> {
        for receipt in &self.evidence.receipts {
            let (uid, number) = (receipt.uid, receipt.number);
            receipt
                .asked
                .verify()
                .map_err(|error| Falsehood::QuestionSignature { uid, number, error })?;
            receipt
                .outcome
                .verify(&receipt.asked)
                .map_err(|error| Falsehood::AnswerSignature { uid, number, error })?;
        }
        Ok(())
    }

    /// Check 4: each grade is that of the rules, and checked ones are recomputed.
    pub(super) fn grades(&mut self, scoring: &Scoring<'_>) -> Result<(), Falsehood> {
        let mut to_check = Vec::new();
        let questions = usize::from(scoring.manifest.questions.max(1));
        let by_uid: BTreeMap<Uid, Seat> = self
            .facts
            .miners
            .iter()
            .map(|miner| (miner.uid, miner.seat()))
            .collect();
        for receipts in self.evidence.receipts.chunks(questions) {
            let Some(to) = receipts.first().and_then(|it| by_uid.get(&it.uid)) else {
                continue;
            };
            let outcomes = receipts
                .iter()
                .map(|it| (it.number, &it.asked, &it.outcome));
            let known = scoring.known_grades(*to, outcomes);
            for (receipt, known) in receipts.iter().zip(known) {
                let needs = || needs_a_state(scoring, *to, receipt);
                if receipt.grade == Grade::Withheld && known.is_none() && needs() {
                    continue;
                }
                if let Some(item) = by_rules(receipt, known)? {
                    to_check.push((receipt, *to, item));
                }
            }
        }
        let drawn = sample(to_check.len(), self.auditor.sample);
        let drawn: Vec<_> = drawn.iter().filter_map(|at| to_check.get(*at)).collect();
        let items: Vec<(Seat, u16, &SignedResponse)> = drawn
            .iter()
            .map(|(receipt, to, (response, _))| (*to, receipt.number, *response))
            .collect();
        let grades = scoring.recompute(&items);
        for ((receipt, _, (_, given)), found) in drawn.into_iter().zip(grades) {
            let found = match found {
                Ok(found) => checked_worth(found).unwrap_or(Worth::NONE),
                // Only this item cannot be judged.
                Err(error) => {
                    self.lacks(Missing::Program(error.to_string()));
                    continue;
                }
            };
            self.recomputed = self.recomputed.saturating_add(1);
            if *given != found {
                return Err(Falsehood::Worth {
                    uid: receipt.uid,
                    number: receipt.number,
                    given: *given,
                    found,
                });
            }
        }
        Ok(())
    }
}

/// Returns true if the grade of an answer needs a state that the miner has to serve.
fn needs_a_state(scoring: &Scoring<'_>, to: Seat, receipt: &Receipt) -> bool {
    let Rules::Fold(round) = scoring.rules else {
        return false;
    };
    let response = answer(&receipt.outcome).filter(|it| it.media == Media::Json);
    let body = response.and_then(SignedResponse::body);
    body.is_some_and(|body| {
        let needed = round.needed(&scoring.questions, to, receipt.number, body);
        needed.is_some()
    })
}

/// Compares a grade with the one of the rules. Returns the answer and the worth that it is given,
/// if it has to be recomputed.
fn by_rules(
    receipt: &Receipt,
    known: Option<Grade>,
) -> Result<Option<(&SignedResponse, Worth)>, Falsehood> {
    let (uid, number, given) = (receipt.uid, receipt.number, receipt.grade);
    match (known, checked_worth(given), answer(&receipt.outcome)) {
        (Some(found), _, _) if found == given => Ok(None),
        (Some(found), _, _) => Err(Falsehood::Grade {
            uid,
            number,
            given,
            found,
        }),
        (None, Some(worth), Some(response)) => match response.body() {
            Some(_) => Ok(Some((response, worth))),
            None => Err(Falsehood::NoBody { uid, number }),
        },
        (None, _, _) if given == Grade::Unchecked => Err(Falsehood::Unchecked { uid, number }),
        (None, _, _) => Err(Falsehood::Grade {
            uid,
            number,
            given,
            found: Grade::Checked(Worth::NONE),
        }),
    }
}
