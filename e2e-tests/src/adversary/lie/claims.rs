//! Lies in the assertion itself: digests, their number and order, the roster, the header hash.

use super::super::{case::Case, chance::Chance};
use inktensor_primitives::{
    assertion::{
        carry_digest, memory_digest, results_digest, scratch_digest, step_digest, Assertion,
    },
    Digest, NetUid, Uid,
};
use std::fmt;

/// A list of digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// One per step.
    Steps,
    /// One per chunk: what it remembers.
    Memory,
    /// One per chunk: what its neurons get.
    Results,
}

impl List {
    /// All three.
    pub const ALL: [List; 3] = [List::Steps, List::Memory, List::Results];

    fn of(self, assertion: &mut Assertion) -> &mut Vec<Digest> {
        match self {
            List::Steps => &mut assertion.steps,
            List::Memory => &mut assertion.memory,
            List::Results => &mut assertion.results,
        }
    }
}

/// What is done to digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A bit of one is another.
    Flipped,
    /// One is of nothing.
    Replaced,
    /// One is all zeros.
    Zeroed,
    /// Two change places.
    Swapped,
    /// All move by one place.
    Rotated,
    /// One is that of another place.
    Copied,
    /// One is that of the epoch before.
    Before,
    /// One commits to the right bytes, but for another place.
    OtherPlace,
    /// One commits to the right bytes, but for another subnet.
    OtherSubnet,
    /// One commits to the right bytes, but for another epoch.
    OtherEpoch,
    /// All from one place on are of nothing.
    AllFrom,
}

impl Change {
    /// All of them.
    pub const ALL: [Change; 11] = [
        Change::Flipped,
        Change::Replaced,
        Change::Zeroed,
        Change::Swapped,
        Change::Rotated,
        Change::Copied,
        Change::Before,
        Change::OtherPlace,
        Change::OtherSubnet,
        Change::OtherEpoch,
        Change::AllFrom,
    ];
}

/// What is done to the number of digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// One is missing at the end.
    Short,
    /// One is missing somewhere.
    Skipped,
    /// One is too many.
    Long,
    /// There are none.
    Empty,
}

impl Count {
    /// All of them.
    pub const ALL: [Count; 4] = [Count::Short, Count::Skipped, Count::Long, Count::Empty];
}

/// What is done to the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permits {
    /// A neuron is added.
    Added,
    /// A neuron is dropped.
    Dropped,
    /// A neuron has another's permit.
    Exchanged,
    /// Nobody has one.
    Gone,
    /// Everybody has one.
    All,
    /// Two change places.
    Descending,
    /// One has two.
    Twice,
    /// A seat that nobody has.
    Nobody,
    /// It is the roster that the epoch began with.
    Before,
}

impl Permits {
    /// All of them.
    pub const ALL: [Permits; 9] = [
        Permits::Added,
        Permits::Dropped,
        Permits::Exchanged,
        Permits::Gone,
        Permits::All,
        Permits::Descending,
        Permits::Twice,
        Permits::Nobody,
        Permits::Before,
    ];
}

/// Falsifies digests.
pub fn digest(case: &Case, chance: &mut Chance, list: List, change: Change) -> Option<Assertion> {
    let mut told = case.trace.assertion();
    let digests = list.of(&mut told);
    let place = chance.place(digests.len())?;
    match change {
        Change::Flipped => digests[place][chance.below(32)] ^= 1 << chance.below(8),
        Change::Replaced => digests[place] = chance.digest(),
        Change::Zeroed => digests[place] = Digest::default(),
        Change::Swapped => {
            let (a, b) = chance.two(digests.len())?;
            digests.swap(a, b);
        }
        Change::Rotated => digests.rotate_left(1),
        Change::Copied => {
            let (from, to) = chance.two(digests.len())?;
            digests[to] = digests[from];
        }
        Change::Before => {
            let mut before = case.before.as_ref()?.assertion();
            digests[place] = *list.of(&mut before).get(place)?;
        }
        Change::OtherPlace | Change::OtherSubnet | Change::OtherEpoch => {
            digests[place] = elsewhere(case, list, change, place)?;
        }
        Change::AllFrom => {
            for digest in digests.iter_mut().skip(place) {
                *digest = chance.digest();
            }
        }
    }
    Some(told)
}

/// The digest of the right bytes at `place`, bound to what they are not of.
fn elsewhere(case: &Case, list: List, change: Change, place: usize) -> Option<Digest> {
    let trace = &case.trace;
    let (mut netuid, mut epoch) = (trace.netuid, trace.epoch);
    let mut k = u32::try_from(place).ok()?;
    match change {
        Change::OtherSubnet => netuid = NetUid(netuid.0.wrapping_add(1)),
        Change::OtherEpoch => epoch = epoch.wrapping_sub(1),
        _ => k += 1,
    }
    let chunk = u16::try_from(k).ok()?;
    Some(match list {
        List::Steps => {
            let step = &trace.steps[place];
            let (carry, scratch) = (carry_digest(&step.carry), scratch_digest(&step.scratch));
            step_digest(&trace.header_hash, k, &carry, &scratch)
        }
        List::Memory => memory_digest(netuid, epoch, chunk, &trace.memory[place]),
        List::Results => results_digest(netuid, epoch, chunk, &trace.results[place]),
    })
}

/// Falsifies how many digests there are.
pub fn count(case: &Case, chance: &mut Chance, list: List, count: Count) -> Option<Assertion> {
    let mut told = case.trace.assertion();
    let digests = list.of(&mut told);
    match count {
        Count::Short => {
            digests.pop()?;
        }
        Count::Skipped => {
            let place = chance.place(digests.len())?;
            digests.remove(place);
        }
        Count::Long => {
            let last = *digests.last()?;
            digests.push(last);
        }
        Count::Empty => digests.clear(),
    }
    Some(told)
}

/// Falsifies who gets a permit.
pub fn permits(case: &Case, chance: &mut Chance, permits: Permits) -> Option<Assertion> {
    let mut told = case.trace.assertion();
    let neurons = case.inputs.header.neurons;
    let roster = &mut told.roster;
    let others: Vec<Uid> = (0..neurons)
        .map(Uid)
        .filter(|uid| !roster.contains(uid))
        .collect();
    match permits {
        Permits::Added => roster.push(*chance.one(&others)?),
        Permits::Dropped => {
            let place = chance.place(roster.len())?;
            roster.remove(place);
        }
        Permits::Exchanged => {
            let place = chance.place(roster.len())?;
            roster[place] = *chance.one(&others)?;
        }
        Permits::Gone => roster.clear(),
        Permits::All => *roster = (0..neurons).map(Uid).collect(),
        Permits::Descending => {
            chance.two(roster.len())?;
            roster.reverse();
            return Some(told);
        }
        Permits::Twice => {
            let uid = *roster.last()?;
            roster.push(uid);
            return Some(told);
        }
        Permits::Nobody => roster.push(Uid(chance.pick([neurons, u16::MAX]))),
        Permits::Before => roster.clone_from(&case.inputs.header.roster),
    }
    roster.sort_unstable();
    Some(told)
}

/// Names another header.
pub fn header_hash(case: &Case, chance: &mut Chance, of_before: bool) -> Option<Assertion> {
    let mut told = case.trace.assertion();
    told.header_hash = if of_before {
        case.before.as_ref()?.header_hash
    } else {
        chance.digest()
    };
    Some(told)
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            List::Steps => "steps",
            List::Memory => "memory",
            List::Results => "results",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Change::Flipped => "a bit flipped",
            Change::Replaced => "one of nothing",
            Change::Zeroed => "one zero",
            Change::Swapped => "two swapped",
            Change::Rotated => "all moved by one",
            Change::Copied => "one twice",
            Change::Before => "one of the epoch before",
            Change::OtherPlace => "one for another place",
            Change::OtherSubnet => "one for another subnet",
            Change::OtherEpoch => "one for another epoch",
            Change::AllFrom => "of nothing from one on",
        })
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Count::Short => "the last missing",
            Count::Skipped => "one missing",
            Count::Long => "one too many",
            Count::Empty => "none",
        })
    }
}

impl fmt::Display for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Permits::Added => "one added",
            Permits::Dropped => "one dropped",
            Permits::Exchanged => "one exchanged",
            Permits::Gone => "nobody",
            Permits::All => "everybody",
            Permits::Descending => "descending",
            Permits::Twice => "one twice",
            Permits::Nobody => "a seat that nobody has",
            Permits::Before => "the old one",
        })
    }
}
