//! False carries and scratches.

use super::super::{
    case::Case,
    layout::{Field, Layout},
    rng::Rng,
};
use inktensor_primitives::{
    assertion::Assertion,
    kernel::{MAX_CARRY, MAX_SCRATCH},
};
use std::{fmt, ops::Range};

/// The bytes that a step passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The input of the next step.
    Carry,
    /// The input of the same chunk in the next phase.
    Scratch,
}

impl Part {
    /// Both parts.
    pub const ALL: [Part; 2] = [Part::Carry, Part::Scratch];

    /// Returns the largest number of bytes.
    pub const fn limit(self) -> usize {
        match self {
            Part::Carry => MAX_CARRY,
            Part::Scratch => MAX_SCRATCH,
        }
    }
}

/// A change of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteChange {
    /// A bit flipped.
    Flipped,
    /// A byte appended.
    Longer,
    /// The last byte removed.
    Shorter,
    /// All bytes removed.
    Gone,
    /// All bytes replaced by random ones.
    Replaced,
    /// The bytes of another step or chunk.
    Borrowed,
    /// More bytes than the limit.
    Oversized,
}

impl ByteChange {
    /// All changes.
    pub const ALL: [ByteChange; 7] = [
        ByteChange::Flipped,
        ByteChange::Longer,
        ByteChange::Shorter,
        ByteChange::Gone,
        ByteChange::Replaced,
        ByteChange::Borrowed,
        ByteChange::Oversized,
    ];

    /// Changes `bytes`, which have at most `limit` bytes. `other` has the bytes to borrow. `None`
    /// if the change does not apply.
    pub fn apply(
        self,
        bytes: &mut Vec<u8>,
        rng: &mut Rng,
        limit: usize,
        other: Option<&[u8]>,
    ) -> Option<()> {
        match self {
            ByteChange::Flipped => {
                let place = rng.place(bytes.len())?;
                bytes[place] ^= 1 << rng.below(8);
            }
            ByteChange::Longer => bytes.push(rng.pick([0, 1, 255])),
            ByteChange::Shorter => {
                bytes.pop()?;
            }
            ByteChange::Gone => {
                rng.place(bytes.len())?;
                bytes.clear();
            }
            ByteChange::Replaced => {
                rng.place(bytes.len())?;
                *bytes = rng.bytes(bytes.len());
            }
            ByteChange::Borrowed => *bytes = other.filter(|other| other != bytes)?.to_vec(),
            ByteChange::Oversized => bytes.resize(limit + 1, 0),
        }
        Some(())
    }
}

/// The steps after a false one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Recomputed from the false one.
    Recomputed,
    /// Kept from the honest trace.
    Kept,
}

impl Rest {
    /// Both continuations.
    pub const ALL: [Rest; 2] = [Rest::Recomputed, Rest::Kept];
}

/// Falsifies the carry or scratch of a step.
pub fn bytes(
    case: &Case,
    rng: &mut Rng,
    part: Part,
    change: ByteChange,
    rest: Rest,
) -> Option<Assertion> {
    let mut trace = case.trace.clone();
    let k = rng.place(trace.steps.len())?;
    let other = rng.below(trace.steps.len());
    let other = match part {
        Part::Carry => &case.trace.steps[other].carry,
        Part::Scratch => &case.trace.steps[other].scratch,
    };
    let bytes = match part {
        Part::Carry => &mut trace.steps[k].carry,
        Part::Scratch => &mut trace.steps[k].scratch,
    };
    change.apply(bytes, rng, part.limit(), Some(other))?;
    if rest == Rest::Recomputed {
        case.recompute(&mut trace, k + 1);
    }
    Some(trace.assertion())
}

/// Falsifies a field of the carry of a step.
pub fn carry_field(
    case: &Case,
    rng: &mut Rng,
    layout: Layout,
    name: &str,
    rest: Rest,
) -> Option<Assertion> {
    if Layout::of(&case.kernel) != Some(layout) {
        return None;
    }
    let header = &case.inputs.header;
    let chunks = case.chunks();
    falsify(case, rng, Part::Carry, rest, |k, bytes| {
        let fields = layout.of_carry(header, (k + 1) / chunks, bytes);
        fields.into_iter().filter(|(field, _)| *field == name)
    })
}

/// Falsifies a field of the scratch of a step.
pub fn scratch_field(
    case: &Case,
    rng: &mut Rng,
    layout: Layout,
    name: &str,
    rest: Rest,
) -> Option<Assertion> {
    if Layout::of(&case.kernel) != Some(layout) {
        return None;
    }
    let header = &case.inputs.header;
    let chunks = case.chunks();
    falsify(case, rng, Part::Scratch, rest, |k, bytes| {
        let neurons = case.inputs.chunks[k % chunks].neurons.len();
        let fields = layout.of_scratch(header, k / chunks, neurons, bytes);
        fields.into_iter().filter(|(field, _)| *field == name)
    })
}

/// Changes bytes that `find` selects, of a random step that has some.
fn falsify<F: Iterator<Item = Field>>(
    case: &Case,
    rng: &mut Rng,
    part: Part,
    rest: Rest,
    find: impl Fn(usize, &[u8]) -> F,
) -> Option<Assertion> {
    let bytes_of = |k: usize| match part {
        Part::Carry => &case.trace.steps[k].carry,
        Part::Scratch => &case.trace.steps[k].scratch,
    };
    let found: Vec<(usize, Range<usize>)> = (0..case.steps())
        .flat_map(|k| find(k, bytes_of(k)).map(move |(_, range)| (k, range)))
        .filter(|(_, range)| !range.is_empty())
        .collect();
    let (k, range) = rng.one(&found)?.clone();
    let mut trace = case.trace.clone();
    let step = &mut trace.steps[k];
    let bytes = match part {
        Part::Carry => &mut step.carry,
        Part::Scratch => &mut step.scratch,
    };
    change_field(&mut bytes[range], rng)?;
    if rest == Rest::Recomputed {
        case.recompute(&mut trace, k + 1);
    }
    Some(trace.assertion())
}

/// Changes a field, partly or wholly. `None` if the bytes are the same.
fn change_field(field: &mut [u8], rng: &mut Rng) -> Option<()> {
    let before = field.to_vec();
    match rng.below(4) {
        0 => {
            let place = rng.below(field.len());
            field[place] ^= 1 << rng.below(8);
        }
        1 => {
            let place = rng.below(field.len());
            field[place] = field[place].wrapping_add(1);
        }
        2 => field.copy_from_slice(&rng.bytes(field.len())),
        _ => field.fill(rng.pick([0, 255])),
    }
    (field != before).then_some(())
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Carry => "carry",
            Part::Scratch => "scratch",
        })
    }
}

impl fmt::Display for ByteChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ByteChange::Flipped => "a bit flipped",
            ByteChange::Longer => "a byte too many",
            ByteChange::Shorter => "a byte too few",
            ByteChange::Gone => "no bytes",
            ByteChange::Replaced => "other bytes",
            ByteChange::Borrowed => "another's bytes",
            ByteChange::Oversized => "beyond the limit",
        })
    }
}

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rest::Recomputed => "then recomputed",
            Rest::Kept => "then the honest steps",
        })
    }
}
