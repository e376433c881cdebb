//! False carry-over state.

use super::{
    super::{case::Case, rng::Rng},
    ByteChange,
};
use inktensor_primitives::{assertion::Assertion, kernel::MAX_MEMORY};
use inktensor_yuma::memory::Memory;
use std::fmt;

/// A change of a chunk's carry-over state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryChange {
    /// A change of its bytes.
    Bytes(ByteChange),
    /// A bond of a validator.
    Bond,
    /// The validator of a row of bonds.
    Validator,
    /// The first uid that the bonds are about.
    Start,
    /// A row removed.
    Row,
    /// The state before the epoch.
    Before,
}

impl MemoryChange {
    /// All changes.
    pub const ALL: [MemoryChange; 12] = [
        MemoryChange::Bytes(ByteChange::Flipped),
        MemoryChange::Bytes(ByteChange::Longer),
        MemoryChange::Bytes(ByteChange::Shorter),
        MemoryChange::Bytes(ByteChange::Gone),
        MemoryChange::Bytes(ByteChange::Replaced),
        MemoryChange::Bytes(ByteChange::Borrowed),
        MemoryChange::Bytes(ByteChange::Oversized),
        MemoryChange::Bond,
        MemoryChange::Validator,
        MemoryChange::Start,
        MemoryChange::Row,
        MemoryChange::Before,
    ];

    /// Returns true if the change needs the Yuma kernel's format.
    pub const fn is_of_yuma(self) -> bool {
        matches!(
            self,
            MemoryChange::Bond | MemoryChange::Validator | MemoryChange::Start | MemoryChange::Row
        )
    }
}

/// Falsifies the carry-over state of a chunk.
pub fn memory(case: &Case, rng: &mut Rng, change: MemoryChange) -> Option<Assertion> {
    let mut trace = case.trace.clone();
    let c = rng.place(trace.memory.len())?;
    let other = rng.below(trace.memory.len());
    let bytes = &mut trace.memory[c];
    if change.is_of_yuma() {
        rewrite(change, bytes, rng)?;
        return Some(trace.assertion());
    }
    match change {
        MemoryChange::Bytes(bytes_change) => {
            bytes_change.apply(bytes, rng, MAX_MEMORY, Some(&case.trace.memory[other]))?;
        }
        _ => *bytes = case.inputs.memory.get(c)?.clone(),
    }
    Some(trace.assertion())
}

/// Changes a state of the Yuma kernel into another that the kernel can read.
fn rewrite(change: MemoryChange, bytes: &mut Vec<u8>, rng: &mut Rng) -> Option<()> {
    const HEAD: usize = 6;
    let memory = Memory::read(bytes).filter(|_| !bytes.is_empty())?;
    let count = memory.uids().count();
    let rows = HEAD + 2 * count;
    let width = (bytes.len() - rows) / count.max(1);
    let place = rng.below(count);
    match change {
        MemoryChange::Bond => {
            let cell = rows + rng.below(bytes.len() - rows);
            bytes[cell] ^= 1 << rng.below(8);
        }
        MemoryChange::Validator => {
            // The last stays the largest.
            let uid = HEAD + 2 * (count - 1);
            bytes[uid] = bytes[uid].checked_add(1)?;
        }
        MemoryChange::Start => bytes[0] = bytes[0].wrapping_add(1),
        _ => {
            let count = u16::try_from(count - 1).ok()?;
            bytes.drain(rows + place * width..rows + (place + 1) * width);
            bytes.drain(HEAD + 2 * place..HEAD + 2 * place + 2);
            bytes[4..HEAD].copy_from_slice(&count.to_le_bytes());
        }
    }
    Some(())
}

impl fmt::Display for MemoryChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MemoryChange::Bytes(change) => change.fmt(f),
            MemoryChange::Bond => f.write_str("a bond"),
            MemoryChange::Validator => f.write_str("whose bonds a row has"),
            MemoryChange::Start => f.write_str("which uids it is about"),
            MemoryChange::Row => f.write_str("a row missing"),
            MemoryChange::Before => f.write_str("as it was before"),
        }
    }
}
