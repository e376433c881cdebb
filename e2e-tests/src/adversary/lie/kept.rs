//! Lies about what chunks remember.

use super::{
    super::{case::Case, chance::Chance},
    Bend,
};
use inktensor_primitives::{assertion::Assertion, kernel::MAX_MEMORY};
use std::fmt;
use yuma::memory::Memory;

/// What is changed in a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The bytes, in some way.
    Bytes(Bend),
    /// Collateral.
    Collateral,
    /// Whose bonds a row has.
    Validator,
    /// Which uids the bonds are in.
    Start,
    /// A row is missing.
    Row,
    /// It is what the chunk remembered before.
    Before,
}

impl Kept {
    /// All kinds.
    pub const ALL: [Kept; 12] = [
        Kept::Bytes(Bend::Flipped),
        Kept::Bytes(Bend::Longer),
        Kept::Bytes(Bend::Shorter),
        Kept::Bytes(Bend::Gone),
        Kept::Bytes(Bend::Replaced),
        Kept::Bytes(Bend::Borrowed),
        Kept::Bytes(Bend::Oversized),
        Kept::Collateral,
        Kept::Validator,
        Kept::Start,
        Kept::Row,
        Kept::Before,
    ];

    /// Whether it needs a memory as the Yuma kernel writes it.
    pub const fn is_of_yuma(self) -> bool {
        matches!(
            self,
            Kept::Collateral | Kept::Validator | Kept::Start | Kept::Row
        )
    }
}

/// Falsifies what a chunk remembers.
pub fn kept(case: &Case, chance: &mut Chance, kept: Kept) -> Option<Assertion> {
    let mut trace = case.trace.clone();
    let c = chance.place(trace.memory.len())?;
    let other = chance.below(trace.memory.len());
    let bytes = &mut trace.memory[c];
    if kept.is_of_yuma() {
        rewrite(kept, bytes, chance)?;
        return Some(trace.assertion());
    }
    match kept {
        Kept::Bytes(bend) => {
            bend.bend(bytes, chance, MAX_MEMORY, Some(&case.trace.memory[other]))?;
        }
        _ => *bytes = case.inputs.memory.get(c)?.clone(),
    }
    Some(trace.assertion())
}

/// Changes a memory of the Yuma kernel into another that it could read.
fn rewrite(kept: Kept, bytes: &mut Vec<u8>, chance: &mut Chance) -> Option<()> {
    const HEAD: usize = 6;
    let memory = Memory::read(bytes).filter(|_| !bytes.is_empty())?;
    let count = memory.uids().count();
    let rows = HEAD + 2 * count;
    let width = (bytes.len() - rows) / count.max(1);
    let place = chance.below(count);
    match kept {
        Kept::Collateral => {
            let cell = rows + chance.below(bytes.len() - rows);
            bytes[cell] ^= 1 << chance.below(8);
        }
        Kept::Validator => {
            // The last stays the largest.
            let uid = HEAD + 2 * (count - 1);
            bytes[uid] = bytes[uid].checked_add(1)?;
        }
        Kept::Start => bytes[0] = bytes[0].wrapping_add(1),
        _ => {
            let count = u16::try_from(count - 1).ok()?;
            bytes.drain(rows + place * width..rows + (place + 1) * width);
            bytes.drain(HEAD + 2 * place..HEAD + 2 * place + 2);
            bytes[4..HEAD].copy_from_slice(&count.to_le_bytes());
        }
    }
    Some(())
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kept::Bytes(bend) => bend.fmt(f),
            Kept::Collateral => f.write_str("collateral"),
            Kept::Validator => f.write_str("whose bonds a row has"),
            Kept::Start => f.write_str("which uids it is about"),
            Kept::Row => f.write_str("a row missing"),
            Kept::Before => f.write_str("as it was before"),
        }
    }
}
