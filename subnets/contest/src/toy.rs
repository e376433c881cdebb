//! A contest of numbers, for tests of rules that hold for any contest.

use alloc::{vec, vec::Vec};

use inktensor_task::{blake2, Blob, Contest, Load, Loss, NoLoss, Refused, Seat, Seed};

use crate::{Entry, Epoch, Opening, Pledge, Shown, Subnet};

/// The contest of the tests.
pub struct Toy;

/// A number, which is its own loss on the one row.
pub struct Number(pub u64);

/// A number of another shape.
pub const OTHER_SHAPE: u64 = u64::MAX;
/// A number without a finite loss.
pub const OVERFLOW: u64 = u64::MAX - 1;
/// The low bits of a number are no part of its loss: other bits with the same loss.
const SHIFT: u32 = 8;

/// The subnet of the tests.
pub const SUBNET: Subnet = Subnet {
    home: [1; 32],
    netuid: 2,
};

impl Load for Number {
    const MAX_BYTES: usize = 8;

    fn load(blob: &[u8]) -> Result<Self, Refused> {
        let number = blob.try_into().map_err(|_| Refused("not a number"))?;
        Ok(Self(u64::from_le_bytes(number)))
    }
}

impl Blob for Number {
    fn to_blob(&self) -> Vec<u8> {
        self.0.to_le_bytes().into()
    }
}

impl Contest for Toy {
    type Entry = Number;
    const NAME: &'static str = "toy/1";
    const UNIT: &'static str = "points";

    fn losses(&self, entry: &Number, _: &Seed) -> Result<Vec<Loss>, NoLoss> {
        match entry.0 {
            OTHER_SHAPE => Err(NoLoss::OtherShape),
            OVERFLOW => Err(NoLoss::NotFinite),
            number => Ok(vec![Loss((number >> SHIFT) as u32)]),
        }
    }
}

/// Returns the epoch of the tests.
pub fn epoch() -> Epoch {
    Epoch {
        subnet: SUBNET,
        number: 7,
        cut_off: 1_000_000,
    }
}

/// Returns the registration on `uid`.
pub const fn seat(uid: u16) -> Seat {
    Seat {
        uid,
        generation: 100 + uid as u32,
    }
}

/// Returns the blob of a number with this loss. Other low bits are other blobs.
pub fn blob(loss: u32, low: u8) -> Vec<u8> {
    Number((u64::from(loss) << SHIFT) | u64::from(low)).to_blob()
}

/// Returns a sealed entry of a model with this loss, and all that its miner shows.
pub fn entered(block: u32, uid: u16, loss: u32) -> (Entry, Shown) {
    entered_blob(block, uid, blob(loss, uid as u8))
}

/// Returns a sealed entry of this blob, and all that its miner shows.
pub fn entered_blob(block: u32, uid: u16, blob: Vec<u8>) -> (Entry, Shown) {
    let opening = Opening {
        model: blake2(&blob),
        salt: [uid as u8; 32],
    };
    let entry = Entry {
        block,
        seat: seat(uid),
        pledge: Pledge::sealed(&SUBNET, seat(uid), &opening),
    };
    let shown = Shown {
        opening: Some(opening),
        blob: Some(blob),
    };
    (entry, shown)
}
