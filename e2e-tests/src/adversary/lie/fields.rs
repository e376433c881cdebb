//! What the bytes of the Yuma kernel's carries and scratches mean, so that a lie can be about each of their fields.
//!
//! The kernel's own types are the rule; tests hold this map to them: every byte is in exactly one field.

use inktensor_primitives::kernel::EpochHeader;
use std::ops::Range;

/// A field and where it is.
pub type Field = (&'static str, Range<usize>);

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

/// The names of all fields of carries.
pub const CARRIED: [&str; 13] = [
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

/// The names of all fields of scratches.
pub const SCRATCHED: [&str; 3] = ["consensus", "rank", "incentive"];

/// The fields of a carry that `phase` reads.
pub fn of_carry(header: &EpochHeader, phase: usize, bytes: &[u8]) -> Vec<Field> {
    locate(&carried(phase), header, 0, bytes)
}

/// The fields of a scratch that `phase` leaves for a chunk of `neurons`.
pub fn of_scratch(header: &EpochHeader, phase: usize, neurons: usize, bytes: &[u8]) -> Vec<Field> {
    locate(scratched(phase), header, neurons, bytes)
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

#[cfg(test)]
mod tests {
    use super::{
        super::super::{epoch, Chance, Program},
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
    fn every_byte_that_the_kernel_hands_on_is_in_a_field() {
        let mut chance = Chance::new(3, 0);
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            let (case, _) = epoch(&mut chance, Program::yuma()).expect("an epoch");
            let header = &case.inputs.header;
            for (k, step) in case.trace.steps.iter().enumerate() {
                let (phase, chunk) = (k / case.chunks(), k % case.chunks());
                let next = (k + 1) / case.chunks();
                let neurons = case.inputs.chunks[chunk].neurons.len();
                let carry = of_carry(header, next, &step.carry);
                let scratch = of_scratch(header, phase, neurons, &step.scratch);
                assert!(covers(&carry, &step.carry), "step {k}: {carry:?}");
                assert!(covers(&scratch, &step.scratch), "step {k}: {scratch:?}");
                seen.extend(carry.into_iter().map(|(name, _)| ("carry", name)));
                seen.extend(scratch.into_iter().map(|(name, _)| ("scratch", name)));
            }
        }
        let mut named: BTreeSet<_> = CARRIED.map(|name| ("carry", name)).into();
        named.extend(SCRATCHED.map(|name| ("scratch", name)));
        assert_eq!(seen, named);
    }
}
