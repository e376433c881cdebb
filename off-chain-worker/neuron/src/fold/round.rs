//! A validator's round of a fold: which steps it probes, and the worth of answers.

use super::{pledges::Pledges, probe, Training};
use crate::{
    evidence::{Grade, Registration},
    program::ProgramError,
};
use inktensor_primitives::{Digest, NetUid};
use inktensor_task::{Seat, Seed, Worth};
use inktensor_train::{
    judge, probed, Answer, Epoch, Examined, Failure, FraudProof, Record, Verdict, Work,
    BARRED_EPOCHS,
};
use inktensor_wire::Blobs;
use std::{collections::BTreeMap, sync::Arc};

/// A source of states by their hash.
pub trait States: Send + Sync {
    /// Returns the bytes of a state. Returns `None` if the miner has not served them in time.
    ///
    /// # Errors
    /// `State`, if it is not known whether the miner has served them.
    fn state(&self, hash: &Digest) -> Result<Option<Vec<u8>>, ProgramError>;
}

/// The states that a validator has fetched in its window.
impl States for Blobs {
    fn state(&self, hash: &Digest) -> Result<Option<Vec<u8>>, ProgramError> {
        Ok(self.get(hash).ok())
    }
}

/// The facts by which a validator's questions and grades follow.
#[derive(Clone)]
pub struct FoldRound {
    /// The fold.
    pub training: Arc<Training>,
    /// The epoch.
    pub epoch: Epoch,
    /// The pledges that count, by the miners' seats.
    pub works: BTreeMap<Seat, Work>,
    /// Probes of a validator to a miner.
    pub questions: u16,
    /// The states that answers name.
    pub states: Arc<dyn States>,
    /// Proofs of fraud in earlier epochs, by seat, which stand and bar their miners.
    pub proofs: Vec<FraudProof>,
}

impl FoldRound {
    /// Returns the round of an epoch that begins with the state `start`.
    pub fn of(
        training: &Arc<Training>,
        questions: u16,
        pledges: &Pledges,
        (home, netuid, number): (Digest, NetUid, u32),
        start: Digest,
        states: Arc<dyn States>,
    ) -> Self {
        let epoch = pledges.epoch(home, netuid, number, start, training.most_steps);
        let mut works = pledges.by_seat();
        works.retain(|_, work| work.check(&epoch).is_ok());
        Self {
            training: Arc::clone(training),
            epoch,
            works,
            questions,
            states,
            proofs: Vec::new(),
        }
    }

    /// Returns those of `miners` whose pledge counts. They alone are asked.
    pub fn asked(&self, miners: &[Registration]) -> Vec<Registration> {
        let pledged = |it: &&Registration| self.works.contains_key(&it.seat());
        miners.iter().filter(pledged).copied().collect()
    }

    /// Returns the body of question `number` to the miner on `to`, by a validator's seed.
    ///
    /// # Errors
    /// Never for a step; see [`probe::question`].
    pub fn question(&self, seed: &Seed, to: Seat, number: u16) -> Result<Vec<u8>, ProgramError> {
        Ok(probe::question(self.step(seed, to, number))?)
    }

    /// Returns the step that question `number` to the miner on `to` is about.
    pub fn step(&self, seed: &Seed, to: Seat, number: u16) -> u16 {
        let steps = self.works.get(&to).map_or(0, |work| work.steps);
        probed(seed, to, steps, self.questions, number)
    }

    /// Returns the grade of an answer: the whole worth if the step is the one that the training
    /// demands, and none if it is not. An answer whose state was not served is withheld.
    ///
    /// # Errors
    /// `State`, and `Fault` for a fold that was not computed.
    pub fn grade(
        &self,
        seed: &Seed,
        to: Seat,
        number: u16,
        body: &[u8],
    ) -> Result<Grade, ProgramError> {
        let (Some(work), Some(mut answer)) =
            (self.works.get(&to), self.answer(seed, to, number, body))
        else {
            return Ok(Grade::Checked(Worth::NONE));
        };
        let Some(state) = self.states.state(&answer.before.state)? else {
            return Ok(Grade::Withheld);
        };
        answer.state = state;
        let verdict = judge(&self.training.train, &self.epoch, to, work, &answer)?;
        Ok(Grade::Checked(Worth::whole_if(verdict == Verdict::True)))
    }

    /// Returns the answer in `body`, unless it is one to another question.
    pub(super) fn answer(&self, seed: &Seed, to: Seat, number: u16, body: &[u8]) -> Option<Answer> {
        let answer = probe::read_answer(body).ok()?;
        (answer.step == self.step(seed, to, number)).then_some(answer)
    }

    /// Returns the hash of the state that the grade of an answer needs besides the epoch's start,
    /// which everyone has.
    pub fn needed(&self, seed: &Seed, to: Seat, number: u16, body: &[u8]) -> Option<Digest> {
        let answer = self.answer(seed, to, number, body)?;
        let state = answer.before.state;
        (state != self.epoch.start).then_some(state)
    }

    /// Returns the worth of a miner in the epoch, and the last epoch in which a probe of it failed.
    /// `grades` are those of its questions, and none for a miner without a pledge that counts.
    pub fn worth_of_epoch(
        &self,
        to: Seat,
        grades: &[Grade],
        failed: Option<u32>,
    ) -> (Worth, Option<u32>) {
        let examined = match (self.works.get(&to), grades) {
            (None, _) | (_, []) => Examined::Absent,
            (Some(work), grades) => {
                let passed = |grade: &Grade| *grade == Grade::Checked(Worth::WHOLE);
                match grades.iter().all(passed) {
                    true => Examined::Verified { steps: work.steps },
                    // The number of the step has no influence on the record.
                    false => Examined::Failed(Failure::Unanswered { step: 0 }),
                }
            }
        };
        let record = Record { failed };
        let (worth, record) = record.after(self.epoch.number, &examined, self.epoch.most_steps);
        // A bar that is over has no influence, and is not carried on.
        let over = |failed: &u32| self.epoch.number.saturating_sub(*failed) > BARRED_EPOCHS;
        (worth, record.failed.filter(|failed| !over(failed)))
    }
}
