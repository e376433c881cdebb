//! Lies about what steps hand on: carry and scratch.

use super::{
    super::{case::Case, chance::Chance},
    fields::{Field, Layout},
};
use inktensor_primitives::{
    assertion::Assertion,
    kernel::{MAX_CARRY, MAX_SCRATCH},
};
use std::{fmt, ops::Range};

/// What a step hands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To the next step.
    Carry,
    /// To the next phase.
    Scratch,
}

impl Part {
    /// Both.
    pub const ALL: [Part; 2] = [Part::Carry, Part::Scratch];

    /// Most bytes it may have.
    pub const fn limit(self) -> usize {
        match self {
            Part::Carry => MAX_CARRY,
            Part::Scratch => MAX_SCRATCH,
        }
    }
}

/// How bytes are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bend {
    /// A bit is another.
    Flipped,
    /// A byte is appended.
    Longer,
    /// The last byte is missing.
    Shorter,
    /// There are none.
    Gone,
    /// All are others.
    Replaced,
    /// They are another step's, or another chunk's.
    Borrowed,
    /// There are more than there may be.
    Oversized,
}

impl Bend {
    /// All ways.
    pub const ALL: [Bend; 7] = [
        Bend::Flipped,
        Bend::Longer,
        Bend::Shorter,
        Bend::Gone,
        Bend::Replaced,
        Bend::Borrowed,
        Bend::Oversized,
    ];

    /// Changes `bytes`, of which there may be up to `limit`; `other` is what may be borrowed. None
    /// if there is nothing to change.
    pub fn bend(
        self,
        bytes: &mut Vec<u8>,
        chance: &mut Chance,
        limit: usize,
        other: Option<&[u8]>,
    ) -> Option<()> {
        match self {
            Bend::Flipped => {
                let place = chance.place(bytes.len())?;
                bytes[place] ^= 1 << chance.below(8);
            }
            Bend::Longer => bytes.push(chance.pick([0, 1, 255])),
            Bend::Shorter => {
                bytes.pop()?;
            }
            Bend::Gone => {
                chance.place(bytes.len())?;
                bytes.clear();
            }
            Bend::Replaced => {
                chance.place(bytes.len())?;
                *bytes = chance.bytes(bytes.len());
            }
            Bend::Borrowed => *bytes = other.filter(|other| other != bytes)?.to_vec(),
            Bend::Oversized => bytes.resize(limit + 1, 0),
        }
        Some(())
    }
}

/// How the liar goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// With steps computed from what is falsified.
    Honestly,
    /// With the steps of the honest trace.
    AsBefore,
}

impl Then {
    /// Both ways.
    pub const ALL: [Then; 2] = [Then::Honestly, Then::AsBefore];
}

/// Falsifies what a step hands on.
pub fn handed(
    case: &Case,
    chance: &mut Chance,
    part: Part,
    bend: Bend,
    then: Then,
) -> Option<Assertion> {
    let mut trace = case.trace.clone();
    let k = chance.place(trace.steps.len())?;
    let other = chance.below(trace.steps.len());
    let other = match part {
        Part::Carry => &case.trace.steps[other].carry,
        Part::Scratch => &case.trace.steps[other].scratch,
    };
    let bytes = match part {
        Part::Carry => &mut trace.steps[k].carry,
        Part::Scratch => &mut trace.steps[k].scratch,
    };
    bend.bend(bytes, chance, part.limit(), Some(other))?;
    if then == Then::Honestly {
        case.go_on(&mut trace, k + 1);
    }
    Some(trace.assertion())
}

/// Falsifies a field of some carry.
pub fn carried(
    case: &Case,
    chance: &mut Chance,
    layout: Layout,
    name: &str,
    then: Then,
) -> Option<Assertion> {
    if !case.program.has(layout) {
        return None;
    }
    let header = &case.inputs.header;
    let chunks = case.chunks();
    falsify(case, chance, Part::Carry, then, |k, bytes| {
        let fields = layout.of_carry(header, (k + 1) / chunks, bytes);
        fields.into_iter().filter(|(field, _)| *field == name)
    })
}

/// Falsifies a field of some scratch.
pub fn scratched(
    case: &Case,
    chance: &mut Chance,
    layout: Layout,
    name: &str,
    then: Then,
) -> Option<Assertion> {
    if !case.program.has(layout) {
        return None;
    }
    let header = &case.inputs.header;
    let chunks = case.chunks();
    falsify(case, chance, Part::Scratch, then, |k, bytes| {
        let neurons = case.inputs.chunks[k % chunks].neurons.len();
        let fields = layout.of_scratch(header, k / chunks, neurons, bytes);
        fields.into_iter().filter(|(field, _)| *field == name)
    })
}

/// Changes the bytes of a step that `find` points to; of any step that has some.
fn falsify<F: Iterator<Item = Field>>(
    case: &Case,
    chance: &mut Chance,
    part: Part,
    then: Then,
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
    let (k, range) = chance.one(&found)?.clone();
    let mut trace = case.trace.clone();
    let step = &mut trace.steps[k];
    let bytes = match part {
        Part::Carry => &mut step.carry,
        Part::Scratch => &mut step.scratch,
    };
    change(&mut bytes[range], chance)?;
    if then == Then::Honestly {
        case.go_on(&mut trace, k + 1);
    }
    Some(trace.assertion())
}

/// Changes a field: a little, or wholly. None if chance left it as it was.
fn change(field: &mut [u8], chance: &mut Chance) -> Option<()> {
    let before = field.to_vec();
    match chance.below(4) {
        0 => {
            let place = chance.below(field.len());
            field[place] ^= 1 << chance.below(8);
        }
        1 => {
            let place = chance.below(field.len());
            field[place] = field[place].wrapping_add(1);
        }
        2 => field.copy_from_slice(&chance.bytes(field.len())),
        _ => field.fill(chance.pick([0, 255])),
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

impl fmt::Display for Bend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bend::Flipped => "a bit flipped",
            Bend::Longer => "a byte too many",
            Bend::Shorter => "a byte too few",
            Bend::Gone => "no bytes",
            Bend::Replaced => "other bytes",
            Bend::Borrowed => "another's bytes",
            Bend::Oversized => "beyond the limit",
        })
    }
}

impl fmt::Display for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Then::Honestly => "then honestly on",
            Then::AsBefore => "then the old steps",
        })
    }
}
