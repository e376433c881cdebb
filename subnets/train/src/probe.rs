//! Probes: the steps that a validator demands, and a miner's answer to one.

use alloc::{collections::BTreeSet, vec::Vec};

use inktensor_task::{Digest, Seat, Seed};
use scale::{Decode, Encode};

use crate::{
    file::{self, FileError},
    Work,
};

/// The most bytes of an answer or a proof besides its state.
pub const ANSWER_OVERHEAD: usize = 4096;
/// The first bytes of a file with an answer.
const ANSWER: &[u8; 8] = b"ink:prob";

/// Returns the steps that a validator with this seed probes, ascending: the first step, and
/// `drawn` others that the seed draws.
///
/// The first step is always among them. A miner that begins with another state than the epoch's
/// has just this one false step. The state before it is public, so the probe costs no transfer.
pub fn probes(seed: &Seed, seat: Seat, steps: u16, drawn: u16) -> BTreeSet<u16> {
    if steps == 0 {
        return BTreeSet::new();
    }
    let others = steps.saturating_sub(1);
    let mut draw = seed.part("probes").question(seat, 0).draw();
    let mut probed = BTreeSet::from([0]);
    // Floyd's draw without repetition: each set of numbers from 1 to `others` is equally likely.
    for most in others.saturating_sub(drawn)..others {
        let most = most.saturating_add(1);
        let number = draw.below(most.into()).saturating_add(1);
        let number = u16::try_from(number).unwrap_or(most);
        if !probed.insert(number) {
            probed.insert(most);
        }
    }
    probed
}

/// Returns the step that question `number` of a validator with this seed is about.
///
/// A validator asks `questions` probes of each pledge: its [`probes`] with `questions - 1` drawn
/// ones, in ascending order. If the pledge has fewer steps, the remaining questions ask the same
/// steps again, from the first on. The step is 0 for a pledge without steps, which is void.
pub fn probed(seed: &Seed, seat: Seat, steps: u16, questions: u16, number: u16) -> u16 {
    let steps = probes(seed, seat, steps, questions.saturating_sub(1));
    let index = usize::from(number).checked_rem(steps.len());
    index
        .and_then(|index| steps.into_iter().nth(index))
        .unwrap_or(0)
}

/// A state of a trace with its way to the root.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Opening {
    /// Hash of the state.
    pub state: Digest,
    /// Neighbours on the way from the leaf to the root.
    pub path: Vec<Digest>,
}

/// A miner's answer to a probe: all that is needed to run one step again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Answer {
    /// Number of the step, from 0 on.
    pub step: u16,
    /// The state before the step.
    pub before: Opening,
    /// The state after the step.
    pub after: Opening,
    /// The state after all steps. It binds the pledged end to the trace.
    pub last: Opening,
    /// Blob of the state before the step. May be fetched apart, by its hash `before.state`.
    pub state: Vec<u8>,
}

impl Answer {
    /// Returns the file of the answer.
    pub fn to_file(&self) -> Vec<u8> {
        file::write(ANSWER, self)
    }

    /// Reads the file of an answer, whose state has at most `state_bytes` bytes.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn from_file(bytes: &[u8], state_bytes: usize) -> Result<Self, FileError> {
        let most = state_bytes.saturating_add(ANSWER_OVERHEAD);
        file::read(ANSWER, "an answer to a probe", bytes, most)
    }
}

/// Returns the places of the three opened leaves in the trace.
pub(crate) fn places(work: &Work, answer: &Answer) -> [usize; 3] {
    let before = usize::from(answer.step);
    [before, before.saturating_add(1), work.steps.into()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn probes_are_the_first_step_and_as_many_others_as_there_are(
            seed: [u8; 32], steps: u16, drawn in 0u16..20,
        ) {
            let found = probes(&Seed(seed), toy::SEAT, steps, drawn);
            let others = steps.saturating_sub(1).min(drawn);
            prop_assert_eq!(found.len(), usize::from(others) + usize::from(steps > 0));
            prop_assert!(found.iter().all(|step| *step < steps));
            prop_assert_eq!(found.contains(&0), steps > 0);
        }
    }

    #[test]
    fn each_step_is_drawn_equally_often() {
        let mut counts = [0u32; 9];
        for number in 0..4_000u32 {
            let seat = Seat {
                uid: 1,
                generation: number,
            };
            for step in probes(&Seed([1; 32]), seat, 9, 2) {
                counts[usize::from(step)] += 1;
            }
        }
        assert_eq!(counts[0], 4_000);
        // Each of eight steps is one of the two in a quarter of the cases.
        let even = |count: &u32| (900..1_100).contains(count);
        assert!(counts[1..].iter().all(even), "{counts:?}");
    }

    #[test]
    fn probes_differ_by_validator_and_miner() {
        let drawn = |seed, uid| {
            let seat = Seat { uid, generation: 1 };
            probes(&Seed([seed; 32]), seat, u16::MAX, 4)
        };
        assert_ne!(drawn(1, 1), drawn(2, 1));
        assert_ne!(drawn(1, 1), drawn(1, 2));
        assert_eq!(drawn(1, 1), drawn(1, 1));
    }

    #[test]
    fn questions_ask_each_probe_once_and_then_again_from_the_first_on() {
        let seed = Seed([3; 32]);
        let asked = |steps, questions: u16, numbers: u16| -> Vec<u16> {
            let step = |number| probed(&seed, toy::SEAT, steps, questions, number);
            (0..numbers).map(step).collect()
        };
        let drawn: Vec<u16> = probes(&seed, toy::SEAT, 9, 3).into_iter().collect();
        assert_eq!(asked(9, 4, 4), drawn);
        assert_eq!(asked(3, 8, 8), [0, 1, 2, 0, 1, 2, 0, 1]);
        assert_eq!(asked(1, 3, 3), [0; 3]);
        // A manifest has at least one question, and a pledge that counts at least one step.
        assert_eq!(asked(9, 1, 2), [0; 2]);
        assert_eq!(asked(9, 0, 2), [0; 2]);
        assert_eq!(asked(0, 3, 3), [0; 3]);
        assert_eq!(probed(&seed, toy::SEAT, u16::MAX, u16::MAX, u16::MAX), 0);
    }

    #[test]
    fn files_of_answers_are_read_back_within_their_limit() {
        let (trace, states) = toy::worked(9);
        let mut answer = trace.answer(4).unwrap();
        answer.state = states[4].clone();
        let file = answer.to_file();
        assert_eq!(Answer::from_file(&file, 16), Ok(answer.clone()));
        answer.state = alloc::vec![0; 5_000];
        let (bytes, most) = (answer.to_file().len(), ANSWER_OVERHEAD + 16);
        assert_eq!(
            Answer::from_file(&answer.to_file(), 16),
            Err(FileError::TooLong { bytes, most })
        );
    }
}
