//! False carry-over state.

use super::{
    super::{case::Case, rng::Rng},
    ByteChange,
};
use inktensor_primitives::{assertion::Assertion, kernel::MAX_MEMORY, Uid};
use inktensor_yuma::memory::{Memory, MemoryWriter};
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
    let memory = Memory::read(bytes).filter(|_| !bytes.is_empty())?;
    let mut start = memory.start();
    let mut rows: Vec<(Uid, Vec<u16>)> = memory
        .rows()
        .map(|(uid, row)| (uid, row.collect()))
        .collect();
    let place = rng.below(rows.len());
    match change {
        MemoryChange::Bond => {
            let row = &mut rows.get_mut(place)?.1;
            let column = rng.below(row.len());
            *row.get_mut(column)? ^= 1 << rng.below(16);
        }
        // The last stays the largest.
        MemoryChange::Validator => rows.last_mut()?.0 .0 += 1,
        MemoryChange::Start => start.0 = start.0.wrapping_add(1),
        _ => drop(rows.remove(place)),
    }
    let len = u16::try_from(rows.first().map_or(1, |(_, row)| row.len())).ok()?;
    let mut writer = MemoryWriter::new(start, len);
    for (uid, row) in &rows {
        writer.push(*uid, row);
    }
    *bytes = writer.end();
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
