//! A fold of one number, for tests of rules that hold for any work.

use alloc::vec::Vec;

use inktensor_task::{Assignment, Blob, End, Fold, Load, Measure, Refused, Seat, Seed};

use crate::{Epoch, Trace};

/// The work of the tests.
pub struct Toy;

/// A number. Its blob is `toytoy/1` and the number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(pub u64);

/// The miner of the tests.
pub const SEAT: Seat = Seat {
    uid: 3,
    generation: 5,
};
/// A number from which there is no step.
pub const STUCK: u64 = 13;
/// A number that is worse than all others.
pub const SPOILED: u64 = 99;
const MAGIC: &[u8; 8] = b"toytoy/1";

impl Load for Number {
    const MAX_BYTES: usize = 16;

    fn load(blob: &[u8]) -> Result<Self, Refused> {
        let number = blob.strip_prefix(MAGIC).and_then(|it| it.try_into().ok());
        let number = number.ok_or(Refused("not a number of the tests"))?;
        Ok(Self(u64::from_le_bytes(number)))
    }
}

impl Blob for Number {
    fn to_blob(&self) -> Vec<u8> {
        [MAGIC.as_slice(), &self.0.to_le_bytes()].concat()
    }
}

impl Fold for Toy {
    type State = Number;

    const NAME: &'static str = "toy/1";

    fn start(&self, seed: &Seed) -> Result<Number, Refused> {
        Ok(Number(seed.draw().word()))
    }

    fn step(&self, state: Number, assignment: &Assignment) -> Result<Number, Refused> {
        match state.0 {
            STUCK => Err(Refused("stuck")),
            number => Ok(Number(
                number.wrapping_mul(31) ^ assignment.seed().draw().word(),
            )),
        }
    }

    fn join(
        &self,
        start: Number,
        ends: impl IntoIterator<Item = End<Number>>,
    ) -> Result<Number, Refused> {
        let mut last = None;
        ends.into_iter().try_fold(start, |sum, end| {
            if last >= Some(end.seat.uid) || end.state.0 == STUCK {
                return Err(Refused("out of order or stuck"));
            }
            last = Some(end.seat.uid);
            let weighed = end.state.0.wrapping_mul(end.steps.into());
            Ok(Number(sum.0.wrapping_mul(31).wrapping_add(weighed)))
        })
    }

    fn measure(&self, state: &Number, _: &Seed) -> Result<Measure, Refused> {
        let worse = u64::from(state.0 == SPOILED);
        Ok(Measure(1_000 + 50 * worse))
    }
}

/// Returns the state that the tests begin with.
pub fn start() -> Number {
    Number(1)
}

/// Returns the epoch of the tests.
pub fn epoch() -> Epoch {
    Epoch {
        home: [1; 32],
        netuid: 2,
        number: 7,
        seed: Seed([4; 32]),
        start: start().hash(),
        most_steps: 16,
    }
}

/// Returns the trace and the blobs of a miner that worked as assigned for so many steps.
pub fn worked(steps: u16) -> (Trace, Vec<Vec<u8>>) {
    worked_from(start(), steps)
}

/// Returns the trace and the blobs of a miner that worked as assigned, from another start.
pub fn worked_from(mut state: Number, steps: u16) -> (Trace, Vec<Vec<u8>>) {
    let mut blobs = Vec::from([state.to_blob()]);
    for step in 0..steps {
        state = Toy.step(state, &epoch().assignment(SEAT, step)).unwrap();
        blobs.push(state.to_blob());
    }
    (traced(&blobs), blobs)
}

/// Returns the trace of these states.
pub fn traced(blobs: &[Vec<u8>]) -> Trace {
    let states = blobs.iter().map(|blob| inktensor_task::blake2(blob));
    Trace::of(epoch(), SEAT, states.collect())
}
