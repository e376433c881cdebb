//! The trait of long work: a fold of small steps, each of which can be checked alone.

use crate::{blake2, Digest, Hash, Load, Refused, Seat, Seed, Tag};
use alloc::{string::String, vec::Vec};
use core::fmt;

/// The tag of the seed of one step.
const STEP: Tag = Tag(b"ink:step");

/// A state that is written to a blob and read from one. The hash of the blob names the state.
pub trait Blob: Load {
    /// Returns the one blob of this state, which [`Load::load`] takes. No other blob is this state.
    fn to_blob(&self) -> Vec<u8>;

    /// Returns the hash of the blob.
    fn hash(&self) -> Digest {
        blake2(&self.to_blob())
    }
}

/// The place of a step: nothing about a step is left for a miner to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The seed of the epoch.
    pub epoch: Seed,
    /// The miner.
    pub seat: Seat,
    /// Number of the step in the epoch, from 0 on.
    pub step: u32,
}

impl Assignment {
    /// Returns the seed of this step. Steps of other epochs, seats and numbers have other seeds.
    pub fn seed(&self) -> Seed {
        Seed(
            Hash::new(STEP)
                .fixed(&self.epoch.0)
                .u16(self.seat.uid)
                .u32(self.seat.generation)
                .u32(self.step)
                .digest(),
        )
    }
}

/// The state in which the verified work of a miner ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End<S> {
    /// The miner.
    pub seat: Seat,
    /// Number of steps from the start of the epoch to the state.
    pub steps: u16,
    /// The state.
    pub state: S,
}

/// A figure of a state for people, in millionths. Lower is better. It has no influence on pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Measure(pub u64);

/// A fault of the code that computes a fold, or of the machine: a Wasm program that traps or does
/// not end. It proves nothing about a state or a miner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Fault {}

/// A reason for which a fold has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The fold refuses the input. Everyone gets the same refusal, so it is a result as well.
    Refused(Refused),
    /// The fold was not computed.
    Failed(Fault),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) => reason.fmt(f),
            Self::Failed(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for Stop {}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

/// Work that is a fold of small steps from a public state.
///
/// All miners of an epoch begin with one state. Each applies as many steps as it can, and pledges
/// the hashes of all its states. Anyone who has the state before a step repeats that step alone and
/// compares one hash.
///
/// All functions must give the same bits on every machine: integers, or floats in a fixed order. A
/// step that is refused ends a miner's work, so a refusal is a result as well: it must follow from
/// the state and the assignment. Native code refuses, and never returns [`Stop::Failed`].
///
/// ```
/// use inktensor_task::{Assignment, Blob, End, Fold, Load, Measure, Refused, Seed, Stop};
///
/// /// A sum of drawn numbers.
/// struct Sum;
/// struct Total(u64);
///
/// impl Load for Total {
///     const MAX_BYTES: usize = 8;
///     fn load(blob: &[u8]) -> Result<Self, Refused> {
///         let bytes = blob.try_into().map_err(|_| Refused("a total has eight bytes"))?;
///         Ok(Total(u64::from_le_bytes(bytes)))
///     }
/// }
/// impl Blob for Total {
///     fn to_blob(&self) -> Vec<u8> {
///         self.0.to_le_bytes().into()
///     }
/// }
/// impl Fold for Sum {
///     type State = Total;
///     /// The start, and the sum of it and all gains.
///     type Joining = (u64, u64);
///     fn start(&self, _: &Seed) -> Result<Total, Stop> {
///         Ok(Total(0))
///     }
///     fn step(&self, state: Total, assignment: &Assignment) -> Result<Total, Stop> {
///         Ok(Total(state.0.wrapping_add(assignment.seed().draw().below(100).into())))
///     }
///     fn begin_join(&self, start: Total) -> Result<(u64, u64), Stop> {
///         Ok((start.0, start.0))
///     }
///     fn add_end(&self, (start, sum): &mut (u64, u64), end: End<Total>) -> Result<(), Stop> {
///         *sum = sum.wrapping_add(end.state.0.wrapping_sub(*start));
///         Ok(())
///     }
///     fn finish_join(&self, (_, sum): (u64, u64)) -> Result<Total, Stop> {
///         Ok(Total(sum))
///     }
///     fn measure(&self, state: &Total, _: &Seed) -> Result<Measure, Stop> {
///         Ok(Measure(state.0))
///     }
/// }
///
/// let ends = [1, 2].map(|uid| End {
///     seat: inktensor_task::Seat { uid, generation: 1 },
///     steps: 1,
///     state: Total(10 + u64::from(uid)),
/// });
/// assert_eq!(Sum.join(Total(10), ends).map(|it| it.0), Ok(13));
/// ```
pub trait Fold: Send + Sync {
    /// The state between steps.
    type State: Blob;
    /// A join in the making.
    type Joining: Send;

    /// Returns the first state of all, which follows from `seed`.
    ///
    /// # Errors
    /// Settings from which no work can begin.
    fn start(&self, seed: &Seed) -> Result<Self::State, Stop>;

    /// Returns the state after one step.
    ///
    /// # Errors
    /// A state or an assignment from which there is no step. The state may come from a stranger.
    fn step(&self, state: Self::State, assignment: &Assignment) -> Result<Self::State, Stop>;

    /// Begins the join of ends that continue `start`.
    ///
    /// # Errors
    /// A state of other work.
    fn begin_join(&self, start: Self::State) -> Result<Self::Joining, Stop>;

    /// Adds an end to a join. Ends come in ascending order of uid, one for each. A join that has
    /// refused an end is over.
    ///
    /// # Errors
    /// An end that does not continue the start, or comes out of order.
    fn add_end(&self, joining: &mut Self::Joining, end: End<Self::State>) -> Result<(), Stop>;

    /// Returns the state that the next epoch begins with: the start for no ends.
    ///
    /// # Errors
    /// Ends that lead to no state.
    fn finish_join(&self, joining: Self::Joining) -> Result<Self::State, Stop>;

    /// Returns the state that the next epoch begins with: `start` for no ends.
    ///
    /// Ends come in ascending order of uid, one for each. They are taken one by one, so memory does
    /// not grow with their number.
    ///
    /// # Errors
    /// Those of the three functions that it calls.
    fn join(
        &self,
        start: Self::State,
        ends: impl IntoIterator<Item = End<Self::State>>,
    ) -> Result<Self::State, Stop> {
        let mut joining = self.begin_join(start)?;
        for end in ends {
            self.add_end(&mut joining, end)?;
        }
        self.finish_join(joining)
    }

    /// Returns the figure of `state` on data that `seed` draws and no step has seen.
    ///
    /// # Errors
    /// A state of other work.
    fn measure(&self, state: &Self::State, seed: &Seed) -> Result<Measure, Stop>;
}

/// A fold with a name, which is made from a state and data. It can be a Wasm program, by
/// [`export_fold!`](crate::export_fold!).
pub trait NamedFold: Fold + Sized {
    /// Name of the work with its version, such as `train/1`.
    const NAME: &'static str;
    /// Most bytes of the data.
    const MAX_DATA: usize;

    /// Returns the fold that `state` is a state of, on this data. The caller has compared the hash
    /// of the data with the one that the state names, or the fold does.
    ///
    /// # Errors
    /// Data of another work, or a state from which none can begin.
    fn of_blobs(state: &Self::State, data: Vec<u8>) -> Result<Self, Refused>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    /// A state of two bytes.
    struct Pair(u8, u8);

    impl Load for Pair {
        const MAX_BYTES: usize = 2;

        fn load(blob: &[u8]) -> Result<Self, Refused> {
            match blob {
                [first, second] => Ok(Pair(*first, *second)),
                _ => Err(Refused("a pair has two bytes")),
            }
        }
    }

    impl Blob for Pair {
        fn to_blob(&self) -> Vec<u8> {
            [self.0, self.1].into()
        }
    }

    fn assignment(epoch: u8, uid: u16, generation: u32, step: u32) -> Assignment {
        Assignment {
            epoch: Seed([epoch; 32]),
            seat: Seat { uid, generation },
            step,
        }
    }

    #[test]
    fn hash_of_a_state_is_that_of_its_blob() {
        assert_eq!(Pair(3, 4).hash(), blake2(&[3, 4]));
        let read = Pair::load(&Pair(3, 4).to_blob()).unwrap();
        assert_eq!(read.hash(), Pair(3, 4).hash());
        assert_ne!(Pair(4, 3).hash(), Pair(3, 4).hash());
    }

    #[test]
    fn seed_of_a_step_is_that_of_the_specification() {
        let preimage = b"ink:step".iter().copied().chain([7; 32]);
        let preimage: Vec<u8> = preimage.chain([2, 1, 6, 5, 4, 3, 9, 8, 0, 0]).collect();
        let found = assignment(7, 0x0102, 0x0304_0506, 0x0809).seed();
        assert_eq!(found, Seed(blake2(&preimage)));
    }

    #[test]
    fn seeds_of_steps_differ_by_every_field() {
        let seeds = [
            assignment(7, 1, 2, 3),
            assignment(8, 1, 2, 3),
            assignment(7, 2, 2, 3),
            assignment(7, 1, 3, 3),
            assignment(7, 1, 2, 4),
        ]
        .map(|it| it.seed().0);
        assert_eq!(BTreeSet::from(seeds).len(), seeds.len());
        let question = assignment(7, 1, 2, 3).epoch.question(
            Seat {
                uid: 1,
                generation: 2,
            },
            3,
        );
        assert_ne!(question.0, seeds[0]);
    }
}
