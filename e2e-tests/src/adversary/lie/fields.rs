//! What the bytes of the kernels' carries and scratches mean, so that a lie can be about each of
//! their fields.
//!
//! The kernels' own types are the rule; tests hold this map to them: every byte is in exactly one
//! field.

use super::super::program::Program;
use inktensor_primitives::kernel::EpochHeader;
use scale::{Compact, Decode};
use std::{fmt, ops::Range};

/// A field and where it is.
pub type Field = (&'static str, Range<usize>);

/// Whose bytes they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The Yuma kernel's.
    Yuma,
    /// The mean kernel's.
    Mean,
}

impl Layout {
    /// Both.
    pub const ALL: [Layout; 2] = [Layout::Yuma, Layout::Mean];

    /// The kernel.
    pub fn program(self) -> Program {
        match self {
            Layout::Yuma => Program::yuma(),
            Layout::Mean => Program::Mean,
        }
    }

    /// The names of all fields of carries.
    pub const fn carried(self) -> &'static [&'static str] {
        match self {
            Layout::Yuma => &YUMA_CARRIED,
            Layout::Mean => &MEAN_CARRIED,
        }
    }

    /// The names of all fields of scratches.
    pub const fn scratched(self) -> &'static [&'static str] {
        match self {
            Layout::Yuma => &["consensus", "rank", "incentive"],
            Layout::Mean => &["score"],
        }
    }

    /// The fields of a carry that `phase` reads.
    pub fn of_carry(self, header: &EpochHeader, phase: usize, bytes: &[u8]) -> Vec<Field> {
        match self {
            Layout::Yuma => locate(&carried(phase), header, 0, bytes),
            Layout::Mean => mean_carry(bytes).unwrap_or_default(),
        }
    }

    /// The fields of a scratch that `phase` leaves for a chunk of `neurons`.
    pub fn of_scratch(
        self,
        header: &EpochHeader,
        phase: usize,
        neurons: usize,
        bytes: &[u8],
    ) -> Vec<Field> {
        match self {
            Layout::Yuma => locate(scratched(phase), header, neurons, bytes),
            Layout::Mean if bytes.is_empty() => Vec::new(),
            Layout::Mean => vec![("score", 0..bytes.len())],
        }
    }
}

/// How many bytes a field has.
#[derive(Clone, Copy)]
enum Size {
    /// So many.
    Bytes(usize),
    /// So many for each validator of the roster.
    EachValidator(usize),
    /// So many for each neuron of the chunk.
    EachNeuron(usize),
    /// A count of two bytes, and so many bytes for each counted.
    Counted(usize),
}
use Size::*;

const STANDING: [(&str, Size); 3] = [
    ("total stake", Bytes(16)),
    ("a validator's reach", EachValidator(8)),
    ("whether bonds are remembered", EachValidator(1)),
];

/// Carries by the phase that reads them.
fn carried(phase: usize) -> Vec<(&'static str, Size)> {
    let own: &[(&str, Size)] = match phase {
        0 => &[],
        1 => &[
            ("a validator's stake", EachValidator(8)),
            ("a row's sum", EachValidator(4)),
            ("the leaders", Counted(8)),
        ],
        2 => &[
            ("active stake", EachValidator(8)),
            ("a row's sum", EachValidator(4)),
            ("the next roster", Counted(2)),
            ("the sum of ranks", Bytes(8)),
            ("whether any neuron has consensus", Bytes(1)),
            ("trust", EachValidator(8)),
        ],
        3 => &[
            ("active stake", EachValidator(8)),
            ("a row's sum", EachValidator(4)),
            ("the next roster", Counted(2)),
            ("the sum of ranks", Bytes(8)),
            ("whether any neuron has consensus", Bytes(1)),
            ("trust", EachValidator(2)),
            ("the sum of incentive", Bytes(8)),
            ("dividends", EachValidator(8)),
        ],
        4 => {
            return vec![
                ("total stake", Bytes(16)),
                ("active stake", EachValidator(8)),
                ("trust", EachValidator(2)),
                ("the next roster", Counted(2)),
                ("the sum of incentive", Bytes(8)),
                ("dividends", EachValidator(8)),
            ]
        }
        _ => return Vec::new(),
    };
    STANDING.iter().chain(own).copied().collect()
}

/// Scratches by the phase that leaves them.
fn scratched(phase: usize) -> &'static [(&'static str, Size)] {
    match phase {
        2 => &[("consensus", EachNeuron(8)), ("rank", EachNeuron(8))],
        3 => &[("consensus", EachNeuron(2)), ("incentive", EachNeuron(8))],
        _ => &[],
    }
}

const YUMA_CARRIED: [&str; 13] = [
    "total stake",
    "a validator's reach",
    "whether bonds are remembered",
    "a validator's stake",
    "a row's sum",
    "the leaders",
    "active stake",
    "the next roster",
    "the sum of ranks",
    "whether any neuron has consensus",
    "trust",
    "the sum of incentive",
    "dividends",
];

/// The mean kernel's carry, the same in all phases: SCALE of seats, leaders and two sums.
const MEAN_CARRIED: [&str; 9] = [
    "the number of seats",
    "a seat's stake",
    "a seat's update",
    "a seat's row",
    "the number of leaders",
    "a leader's stake",
    "a leader's uid",
    "all stake",
    "all scores",
];

fn mean_carry(bytes: &[u8]) -> Option<Vec<Field>> {
    let [seats, stake, update, row, leaders, lead, uid, all_stake, all_scores] = MEAN_CARRIED;
    let mut fields: Vec<Field> = Vec::new();
    let mut start = 0;
    let mut field = |name, len| {
        fields.push((name, start..start + len));
        start += len;
        start
    };
    let mut at = 0;
    for (number, parts) in [
        (seats, &[(stake, 8), (update, 8), (row, 4)][..]),
        (leaders, &[(lead, 8), (uid, 2)]),
    ] {
        let mut rest = bytes.get(at..)?;
        let before = rest.len();
        let Compact(count) = Compact::<u32>::decode(&mut rest).ok()?;
        at = field(number, before - rest.len());
        for _ in 0..count {
            for (name, len) in parts {
                at = field(name, *len);
            }
        }
    }
    field(all_stake, 8);
    field(all_scores, 8);
    Some(fields)
}

fn locate(
    fields: &[(&'static str, Size)],
    header: &EpochHeader,
    neurons: usize,
    bytes: &[u8],
) -> Vec<Field> {
    let mut start = 0;
    fields
        .iter()
        .map(|(name, size)| {
            let len = match size {
                Bytes(len) => *len,
                EachValidator(each) => each * header.roster.len(),
                EachNeuron(each) => each * neurons,
                Counted(each) => {
                    let count = bytes.get(start..start + 2).unwrap_or(&[0, 0]);
                    2 + each * usize::from(u16::from_le_bytes([count[0], count[1]]))
                }
            };
            let range = start..start + len;
            start += len;
            (*name, range)
        })
        .collect()
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Layout::Yuma => "yuma's",
            Layout::Mean => "mean's",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::{epoch, Chance},
        *,
    };
    use std::collections::BTreeSet;

    /// One after the other, from the first byte to the last.
    fn covers(fields: &[Field], bytes: &[u8]) -> bool {
        let starts = fields.iter().map(|(_, range)| range.start);
        let ends: Vec<usize> = fields.iter().map(|(_, range)| range.end).collect();
        starts.eq([0]
            .into_iter()
            .chain(ends.iter().copied())
            .take(fields.len()))
            && ends.last().copied().unwrap_or_default() == bytes.len()
    }

    #[test]
    fn every_byte_that_a_kernel_hands_on_is_in_a_field() {
        for layout in Layout::ALL {
            let mut chance = Chance::new(3, 0);
            let (mut carried, mut scratched) = (BTreeSet::new(), BTreeSet::new());
            for _ in 0..200 {
                let (case, _) = epoch(&mut chance, layout.program()).expect("an epoch");
                let header = &case.inputs.header;
                for (k, step) in case.trace.steps.iter().enumerate() {
                    let (phase, chunk) = (k / case.chunks(), k % case.chunks());
                    let next = (k + 1) / case.chunks();
                    let neurons = case.inputs.chunks[chunk].neurons.len();
                    let carry = layout.of_carry(header, next, &step.carry);
                    let scratch = layout.of_scratch(header, phase, neurons, &step.scratch);
                    assert!(covers(&carry, &step.carry), "step {k}: {carry:?}");
                    assert!(covers(&scratch, &step.scratch), "step {k}: {scratch:?}");
                    carried.extend(carry.into_iter().map(|(name, _)| name));
                    scratched.extend(scratch.into_iter().map(|(name, _)| name));
                }
            }
            assert_eq!(
                carried,
                BTreeSet::from_iter(layout.carried().iter().copied())
            );
            assert_eq!(
                scratched,
                BTreeSet::from_iter(layout.scratched().iter().copied())
            );
        }
    }
}
