//! The fields in the bytes of the kernels' carries and scratches, so that a lie can change each
//! one.
//!
//! The kernels' own types are the source. A test of the generated epochs holds this map to them:
//! every byte is in exactly one field.

use inktensor_primitives::kernel::EpochHeader;
use scale::{Compact, Decode};
use std::{fmt, ops::Range};

/// The name of a field and its range of bytes.
pub type Field = (&'static str, Range<usize>);

/// The layout of a kernel's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The layout of the Yuma kernel.
    Yuma,
    /// The layout of the mean kernel.
    Mean,
}

impl Layout {
    /// Both layouts.
    pub const ALL: [Layout; 2] = [Layout::Yuma, Layout::Mean];

    /// Returns the names of all fields of carries.
    pub const fn carried(self) -> &'static [&'static str] {
        match self {
            Layout::Yuma => &YUMA_CARRIED,
            Layout::Mean => &MEAN_CARRIED,
        }
    }

    /// Returns the names of all fields of scratches.
    pub const fn scratched(self) -> &'static [&'static str] {
        match self {
            Layout::Yuma => &["consensus", "rank", "incentive"],
            Layout::Mean => &["score"],
        }
    }

    /// Returns the fields of a carry that `phase` reads.
    pub fn of_carry(self, header: &EpochHeader, phase: usize, bytes: &[u8]) -> Vec<Field> {
        match self {
            Layout::Yuma => locate(&carried(phase), header, 0, bytes),
            Layout::Mean => mean_carry(bytes).unwrap_or_default(),
        }
    }

    /// Returns the fields of a scratch that `phase` writes for a chunk of `neurons`.
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

/// The size of a field.
#[derive(Clone, Copy)]
enum Size {
    /// A fixed number of bytes.
    Bytes(usize),
    /// A number of bytes for each validator of the roster.
    EachValidator(usize),
    /// A number of bytes for each neuron of the chunk.
    EachNeuron(usize),
    /// A count of two bytes, and a number of bytes for each item.
    Counted(usize),
}
use Size::*;

const PREFIX: [(&str, Size); 3] = [
    ("total stake", Bytes(16)),
    ("a validator's reach", EachValidator(8)),
    ("whether bonds are remembered", EachValidator(1)),
];

/// Returns the fields of carries that `phase` reads.
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
    PREFIX.iter().chain(own).copied().collect()
}

/// Returns the fields of scratches that `phase` writes.
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

/// The fields of the mean kernel's carry, the same in all phases: SCALE of seats, leaders and two
/// sums.
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
