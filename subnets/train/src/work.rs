//! The facts of an epoch, and the pledge of a miner's work in it.

use core::fmt;

use inktensor_task::{Assignment, Digest, Hash, Seat, Seed, Tag};
use scale::{Decode, Encode};

/// The tag of a leaf of a trace.
const TRACE: Tag = Tag(b"ink:trac");

/// The facts of an epoch that everyone reads from the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// The deployment.
    pub home: Digest,
    /// The subnet.
    pub netuid: u16,
    /// Number of the epoch.
    pub number: u32,
    /// The seed of the epoch, from which all rows follow.
    pub seed: Seed,
    /// Hash of the state that all miners begin with.
    pub start: Digest,
    /// Most steps that are paid. The owner's choice.
    pub most_steps: u16,
}

impl Epoch {
    /// Returns the assignment of step `step` to the miner on `seat`.
    pub const fn assignment(&self, seat: Seat, step: u16) -> Assignment {
        Assignment {
            epoch: self.seed,
            seat,
            step: step as u32,
        }
    }

    /// Returns the leaf of the state after `steps` steps of the miner on `seat`.
    pub fn leaf(&self, seat: Seat, steps: u32, state: &Digest) -> Digest {
        Hash::new(TRACE)
            .fixed(&self.home)
            .u16(self.netuid)
            .u32(self.number)
            .u16(seat.uid)
            .u32(seat.generation)
            .u32(steps)
            .fixed(state)
            .digest()
    }
}

/// The content of a miner's pledge of work.
///
/// It binds the miner to all its states at once, before any validator has drawn a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Work {
    /// The epoch.
    pub epoch: u32,
    /// Number of steps.
    pub steps: u16,
    /// Root of the trace, which has a leaf for the start and for the state after each step.
    pub root: Digest,
    /// Hash of the last state.
    pub end: Digest,
}

impl Work {
    /// Checks the pledge against the epoch, without anything that the miner serves.
    ///
    /// # Errors
    /// See [`Void`]. A void pledge counts as none: it is neither paid nor held against the miner.
    pub const fn check(&self, epoch: &Epoch) -> Result<(), Void> {
        let (steps, most) = (self.steps, epoch.most_steps);
        if self.epoch != epoch.number {
            return Err(Void::Epoch {
                found: self.epoch,
                needed: epoch.number,
            });
        }
        match steps {
            0 => Err(Void::Empty),
            _ if steps > most => Err(Void::Steps { steps, most }),
            _ => Ok(()),
        }
    }

    /// Returns the number of leaves of the trace.
    pub fn leaves(&self) -> usize {
        usize::from(self.steps).saturating_add(1)
    }
}

/// A reason for which a pledge of work does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Void {
    /// The pledge is of another epoch.
    Epoch {
        /// Epoch of the pledge.
        found: u32,
        /// The epoch in question.
        needed: u32,
    },
    /// The pledge has no steps.
    Empty,
    /// The pledge has more steps than an epoch pays.
    Steps {
        /// Steps of the pledge.
        steps: u16,
        /// Most steps.
        most: u16,
    },
}

impl fmt::Display for Void {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epoch { found, needed } => write!(
                f,
                "the pledge is of epoch {found}, not of {needed}; pledge in each epoch"
            ),
            Self::Empty => f.write_str("the pledge has no steps; pledge after the first step"),
            Self::Steps { steps, most } => write!(
                f,
                "the pledge has {steps} steps and an epoch pays {most}; stop after {most} steps"
            ),
        }
    }
}

impl core::error::Error for Void {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;
    use alloc::string::ToString;
    use inktensor_task::blake2;

    #[test]
    fn leaf_is_that_of_the_specification() {
        let epoch = toy::epoch();
        let mut preimage = b"ink:trac".to_vec();
        preimage.extend(epoch.home);
        preimage.extend(epoch.netuid.to_le_bytes());
        preimage.extend(epoch.number.to_le_bytes());
        preimage.extend([2, 1, 6, 5, 4, 3, 9, 0, 0, 0]);
        preimage.extend([8; 32]);
        let seat = Seat {
            uid: 0x0102,
            generation: 0x0304_0506,
        };
        assert_eq!(epoch.leaf(seat, 9, &[8; 32]), blake2(&preimage));
    }

    #[test]
    fn pledge_has_seventy_bytes() {
        let work = Work {
            epoch: 0x0102_0304,
            steps: 0x0506,
            root: [7; 32],
            end: [8; 32],
        };
        let bytes = [&[4, 3, 2, 1, 6, 5][..], &[7; 32], &[8; 32]].concat();
        assert_eq!(work.encode(), bytes);
    }

    #[test]
    fn pledges_of_other_epochs_and_sizes_are_void() {
        let epoch = toy::epoch();
        let work = |number, steps| Work {
            epoch: number,
            steps,
            root: [0; 32],
            end: [0; 32],
        };
        let (number, most) = (epoch.number, epoch.most_steps);
        assert_eq!(work(number, 1).check(&epoch), Ok(()));
        assert_eq!(work(number, most).check(&epoch), Ok(()));
        assert_eq!(work(number, 0).check(&epoch), Err(Void::Empty));
        let steps = most + 1;
        assert_eq!(
            work(number, steps).check(&epoch),
            Err(Void::Steps { steps, most })
        );
        let other = work(number + 1, 1).check(&epoch).unwrap_err();
        assert!(
            other.to_string().contains("is of epoch 8, not of 7"),
            "{other}"
        );
    }
}
