//! A fold of one number, for tests of rules that hold for any work.

use alloc::vec::Vec;

use inktensor_task::{
    Assignment, Blob, End, Fault, Fold, Load, Measure, Refused, Seat, Seed, Stop,
};

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
/// A number from which the fold cannot be computed.
pub const BROKEN: u64 = 77;
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

/// Returns a fault for the number of a fold that cannot be computed.
fn computed(number: &Number) -> Result<(), Fault> {
    match number.0 {
        BROKEN => Err(Fault("broken".into())),
        _ => Ok(()),
    }
}

impl Fold for Toy {
    type State = Number;
    /// The sum, and the uid of the last end.
    type Joining = (u64, Option<u16>);

    fn start(&self, seed: &Seed) -> Result<Number, Stop> {
        Ok(Number(seed.draw().word()))
    }

    fn step(&self, state: Number, assignment: &Assignment) -> Result<Number, Stop> {
        computed(&state)?;
        match state.0 {
            STUCK => Err(Refused("stuck").into()),
            number => Ok(Number(
                number.wrapping_mul(31) ^ assignment.seed().draw().word(),
            )),
        }
    }

    fn begin_join(&self, start: Number) -> Result<Self::Joining, Stop> {
        Ok((start.0, None))
    }

    fn add_end(&self, joining: &mut Self::Joining, end: End<Number>) -> Result<(), Stop> {
        let (sum, last) = joining;
        computed(&end.state)?;
        if *last >= Some(end.seat.uid) || end.state.0 == STUCK {
            return Err(Refused("out of order or stuck").into());
        }
        *last = Some(end.seat.uid);
        let weighed = end.state.0.wrapping_mul(end.steps.into());
        *sum = sum.wrapping_mul(31).wrapping_add(weighed);
        Ok(())
    }

    fn finish_join(&self, (sum, _): Self::Joining) -> Result<Number, Stop> {
        Ok(Number(sum))
    }

    fn measure(&self, state: &Number, _: &Seed) -> Result<Measure, Stop> {
        computed(state)?;
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
