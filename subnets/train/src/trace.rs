//! The trace of a miner: the hashes of all its states in an epoch.

use alloc::{vec, vec::Vec};

use inktensor_task::{merkle, Digest, Seat};

use crate::{Answer, Epoch, Opening, Work};

/// The hashes of a miner's states in an epoch, from the start on. The states themselves are blobs,
/// kept or computed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    epoch: Epoch,
    seat: Seat,
    states: Vec<Digest>,
}

impl Trace {
    /// Returns the trace without steps of the miner on `seat`.
    pub fn new(epoch: Epoch, seat: Seat) -> Self {
        Self {
            states: vec![epoch.start],
            epoch,
            seat,
        }
    }

    /// Returns the trace with any states: of a miner that resumes, or of a test of a cheat.
    pub const fn of(epoch: Epoch, seat: Seat, states: Vec<Digest>) -> Self {
        Self {
            epoch,
            seat,
            states,
        }
    }

    /// Appends the hash of the state after the next step. Returns false, and appends nothing, if
    /// the epoch pays no more steps.
    pub fn push(&mut self, state: Digest) -> bool {
        let pays = self.steps() < self.epoch.most_steps;
        if pays {
            self.states.push(state);
        }
        pays
    }

    /// Returns the number of steps.
    pub fn steps(&self) -> u16 {
        u16::try_from(self.states.len().saturating_sub(1)).unwrap_or(u16::MAX)
    }

    /// Returns the hashes of the states, from the start on.
    pub fn states(&self) -> &[Digest] {
        &self.states
    }

    /// Returns the pledge of this work.
    pub fn pledge(&self) -> Work {
        Work {
            epoch: self.epoch.number,
            steps: self.steps(),
            root: merkle::root(&self.leaves()),
            end: self.states.last().copied().unwrap_or_default(),
        }
    }

    /// Returns the answer to a probe of step `step`, without the state before it. Returns `None`
    /// if the trace does not have the step.
    ///
    /// The blob of that state has the hash `before.state`.
    pub fn answer(&self, step: u16) -> Option<Answer> {
        let leaves = self.leaves();
        let open = |index: usize| {
            Some(Opening {
                state: *self.states.get(index)?,
                path: merkle::path(&leaves, index)?,
            })
        };
        let before = usize::from(step);
        Some(Answer {
            step,
            before: open(before)?,
            after: open(before.checked_add(1)?)?,
            last: open(leaves.len().checked_sub(1)?)?,
            state: Vec::new(),
        })
    }

    fn leaves(&self) -> Vec<Digest> {
        (0..)
            .zip(&self.states)
            .map(|(steps, state)| self.epoch.leaf(self.seat, steps, state))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;

    #[test]
    fn trace_ends_with_the_most_steps() {
        let mut epoch = toy::epoch();
        epoch.most_steps = 2;
        let mut trace = Trace::new(epoch, toy::SEAT);
        assert_eq!(trace.pledge().end, epoch.start);
        assert!(trace.push([1; 32]) && trace.push([2; 32]) && !trace.push([3; 32]));
        assert_eq!(trace.states(), [epoch.start, [1; 32], [2; 32]]);
        let pledge = trace.pledge();
        assert_eq!((pledge.steps, pledge.end), (2, [2; 32]));
        assert_eq!(pledge.check(&epoch), Ok(()));
    }

    #[test]
    fn answer_opens_the_leaves_around_its_step_and_the_last_one() {
        let (trace, _) = toy::worked(5);
        let pledge = trace.pledge();
        for step in 0..5u16 {
            let answer = trace.answer(step).unwrap();
            let at = usize::from(step);
            let opened = [
                (at, &answer.before),
                (at + 1, &answer.after),
                (5, &answer.last),
            ];
            for (index, opening) in opened {
                assert_eq!(opening.state, trace.states()[index]);
                let leaf = toy::epoch().leaf(toy::SEAT, index as u32, &opening.state);
                assert!(merkle::is_included(
                    &pledge.root,
                    6,
                    index,
                    &leaf,
                    &opening.path
                ));
            }
        }
        assert_eq!(trace.answer(5), None);
        assert_eq!(Trace::new(toy::epoch(), toy::SEAT).answer(0), None);
    }

    #[test]
    fn roots_differ_by_seat_and_epoch() {
        let root = |epoch, seat| Trace::of(epoch, seat, vec![[1; 32], [2; 32]]).pledge().root;
        let (epoch, seat) = (toy::epoch(), toy::SEAT);
        let mut others = vec![root(epoch, seat)];
        for change in 0..5 {
            let (mut epoch, mut seat) = (epoch, seat);
            match change {
                0 => epoch.number += 1,
                1 => epoch.netuid += 1,
                2 => epoch.home = [9; 32],
                3 => seat.uid += 1,
                _ => seat.generation += 1,
            }
            others.push(root(epoch, seat));
        }
        others.sort_unstable();
        others.dedup();
        assert_eq!(others.len(), 6);
    }
}
