//! False digests, their number and order, the roster, and the header hash.

use super::super::{case::Case, rng::Rng};
use inktensor_primitives::{
    assertion::{
        carry_digest, memory_digest, results_digest, scratch_digest, step_digest, Assertion,
    },
    Digest, NetUid, Uid,
};
use std::fmt;

/// A list of digests in an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// The digests of steps.
    Steps,
    /// The digests of the chunks' carry-over state.
    Memory,
    /// The digests of the chunks' results.
    Results,
}

impl List {
    /// All three lists.
    pub const ALL: [List; 3] = [List::Steps, List::Memory, List::Results];

    fn of(self, assertion: &mut Assertion) -> &mut Vec<Digest> {
        match self {
            List::Steps => &mut assertion.steps,
            List::Memory => &mut assertion.memory,
            List::Results => &mut assertion.results,
        }
    }
}

/// A change of digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestChange {
    /// A bit of one flipped.
    Flipped,
    /// One replaced by a random one.
    Replaced,
    /// One set to zeros.
    Zeroed,
    /// Two swapped.
    Swapped,
    /// All moved by one place.
    Rotated,
    /// One copied from another place.
    Copied,
    /// One taken from the epoch before.
    Before,
    /// One that commits to the right bytes at another place.
    OtherPlace,
    /// One that commits to the right bytes of another subnet.
    OtherSubnet,
    /// One that commits to the right bytes of another epoch.
    OtherEpoch,
    /// All from one place on replaced by random ones.
    AllFrom,
}

impl DigestChange {
    /// All changes.
    pub const ALL: [DigestChange; 11] = [
        DigestChange::Flipped,
        DigestChange::Replaced,
        DigestChange::Zeroed,
        DigestChange::Swapped,
        DigestChange::Rotated,
        DigestChange::Copied,
        DigestChange::Before,
        DigestChange::OtherPlace,
        DigestChange::OtherSubnet,
        DigestChange::OtherEpoch,
        DigestChange::AllFrom,
    ];
}

/// A change of the number of digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// The last one removed.
    Short,
    /// Any one removed.
    Skipped,
    /// The last one repeated.
    Long,
    /// All removed.
    Empty,
}

impl Count {
    /// All changes.
    pub const ALL: [Count; 4] = [Count::Short, Count::Skipped, Count::Long, Count::Empty];
}

/// A change of the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RosterChange {
    /// A neuron added.
    Added,
    /// A neuron removed.
    Dropped,
    /// A neuron replaced by another.
    Exchanged,
    /// No permits.
    Empty,
    /// Permits for all neurons.
    All,
    /// The order reversed.
    Descending,
    /// A permit repeated.
    Twice,
    /// A permit for a free seat.
    FreeSeat,
    /// The roster that the epoch began with.
    Before,
}

impl RosterChange {
    /// All changes.
    pub const ALL: [RosterChange; 9] = [
        RosterChange::Added,
        RosterChange::Dropped,
        RosterChange::Exchanged,
        RosterChange::Empty,
        RosterChange::All,
        RosterChange::Descending,
        RosterChange::Twice,
        RosterChange::FreeSeat,
        RosterChange::Before,
    ];
}

/// Falsifies digests.
pub fn digest(case: &Case, rng: &mut Rng, list: List, change: DigestChange) -> Option<Assertion> {
    let mut assertion = case.trace.assertion();
    let digests = list.of(&mut assertion);
    let place = rng.place(digests.len())?;
    match change {
        DigestChange::Flipped => digests[place][rng.below(32)] ^= 1 << rng.below(8),
        DigestChange::Replaced => digests[place] = rng.digest(),
        DigestChange::Zeroed => digests[place] = Digest::default(),
        DigestChange::Swapped => {
            let (a, b) = rng.two(digests.len())?;
            digests.swap(a, b);
        }
        DigestChange::Rotated => digests.rotate_left(1),
        DigestChange::Copied => {
            let (from, to) = rng.two(digests.len())?;
            digests[to] = digests[from];
        }
        DigestChange::Before => {
            let mut before = case.before.as_ref()?.assertion();
            digests[place] = *list.of(&mut before).get(place)?;
        }
        DigestChange::OtherPlace | DigestChange::OtherSubnet | DigestChange::OtherEpoch => {
            digests[place] = rebound(case, list, change, place)?;
        }
        DigestChange::AllFrom => {
            for digest in digests.iter_mut().skip(place) {
                *digest = rng.digest();
            }
        }
    }
    Some(assertion)
}

/// Returns the digest of the right bytes at `place`, bound to another place, subnet or epoch.
fn rebound(case: &Case, list: List, change: DigestChange, place: usize) -> Option<Digest> {
    let trace = &case.trace;
    let (mut netuid, mut epoch) = (trace.netuid, trace.epoch);
    let mut k = u32::try_from(place).ok()?;
    match change {
        DigestChange::OtherSubnet => netuid = NetUid(netuid.0.wrapping_add(1)),
        DigestChange::OtherEpoch => epoch = epoch.wrapping_sub(1),
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

/// Falsifies the number of digests.
pub fn count(case: &Case, rng: &mut Rng, list: List, count: Count) -> Option<Assertion> {
    let mut assertion = case.trace.assertion();
    let digests = list.of(&mut assertion);
    match count {
        Count::Short => {
            digests.pop()?;
        }
        Count::Skipped => {
            let place = rng.place(digests.len())?;
            digests.remove(place);
        }
        Count::Long => {
            let last = *digests.last()?;
            digests.push(last);
        }
        Count::Empty => digests.clear(),
    }
    Some(assertion)
}

/// Falsifies the roster.
pub fn roster(case: &Case, rng: &mut Rng, change: RosterChange) -> Option<Assertion> {
    let mut assertion = case.trace.assertion();
    let neurons = case.inputs.header.neurons;
    let roster = &mut assertion.roster;
    let others: Vec<Uid> = (0..neurons)
        .map(Uid)
        .filter(|uid| !roster.contains(uid))
        .collect();
    match change {
        RosterChange::Added => roster.push(*rng.one(&others)?),
        RosterChange::Dropped => {
            let place = rng.place(roster.len())?;
            roster.remove(place);
        }
        RosterChange::Exchanged => {
            let place = rng.place(roster.len())?;
            roster[place] = *rng.one(&others)?;
        }
        RosterChange::Empty => roster.clear(),
        RosterChange::All => *roster = (0..neurons).map(Uid).collect(),
        RosterChange::Descending => {
            rng.two(roster.len())?;
            roster.reverse();
            return Some(assertion);
        }
        RosterChange::Twice => {
            let uid = *roster.last()?;
            roster.push(uid);
            return Some(assertion);
        }
        RosterChange::FreeSeat => roster.push(Uid(rng.pick([neurons, u16::MAX]))),
        RosterChange::Before => roster.clone_from(&case.inputs.header.roster),
    }
    roster.sort_unstable();
    Some(assertion)
}

/// Falsifies the header hash.
pub fn header_hash(case: &Case, rng: &mut Rng, of_before: bool) -> Option<Assertion> {
    let mut assertion = case.trace.assertion();
    assertion.header_hash = if of_before {
        case.before.as_ref()?.header_hash
    } else {
        rng.digest()
    };
    Some(assertion)
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

impl fmt::Display for DigestChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DigestChange::Flipped => "a bit flipped",
            DigestChange::Replaced => "one random",
            DigestChange::Zeroed => "one zero",
            DigestChange::Swapped => "two swapped",
            DigestChange::Rotated => "all moved by one",
            DigestChange::Copied => "one twice",
            DigestChange::Before => "one of the epoch before",
            DigestChange::OtherPlace => "one for another place",
            DigestChange::OtherSubnet => "one for another subnet",
            DigestChange::OtherEpoch => "one for another epoch",
            DigestChange::AllFrom => "random from one on",
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

impl fmt::Display for RosterChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RosterChange::Added => "one added",
            RosterChange::Dropped => "one dropped",
            RosterChange::Exchanged => "one exchanged",
            RosterChange::Empty => "no permits",
            RosterChange::All => "all neurons",
            RosterChange::Descending => "descending",
            RosterChange::Twice => "one twice",
            RosterChange::FreeSeat => "a free seat",
            RosterChange::Before => "the old one",
        })
    }
}
