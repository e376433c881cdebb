//! Lies about an epoch: each changes one thing, and says the rest as if that were true, or as if
//! nothing were changed.
//!
//! A lie is told as an assertion. What it is about decides how it must end: the epoch contract
//! takes it and the chain slashes it for the first step that is false, or the contract does not
//! take it at all.

mod claims;
mod fields;
mod handed;
mod kept;
mod pay;
mod premises;

pub use claims::{Change, Count, List, Permits};
pub use fields::Layout;
pub use handed::{Bend, Part, Then};
pub use kept::Kept;
pub use pay::Pay;
pub use premises::{HeaderField, InputField, Posing};

use super::{case::Case, chance::Chance, program::Program};
use inktensor_primitives::assertion::Assertion;
use std::fmt;

/// A kind of lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// About the bytes that a step hands on.
    Handed(Part, Bend, Then),
    /// About a field of a carry.
    Carried(Layout, &'static str, Then),
    /// About a field of a scratch.
    Scratched(Layout, &'static str, Then),
    /// About what a chunk remembers.
    Kept(Kept),
    /// About a neuron's result.
    Pay(Pay),
    /// About who gets a permit.
    Permits(Permits),
    /// About a digest, or several.
    Digest(List, Change),
    /// About how many digests there are.
    Count(List, Count),
    /// Names a header that nobody closed, or another epoch's.
    HeaderHash(bool),
    /// A field of the header is another.
    Header(HeaderField, Posing),
    /// An input is another.
    Input(InputField),
    /// The kernel cuts the epoch in another way.
    Plan,
    /// Another kernel computed it.
    Kernel,
}

impl Lie {
    /// All kinds.
    pub fn all() -> Vec<Lie> {
        let mut all = Vec::new();
        for then in Then::ALL {
            for part in Part::ALL {
                all.extend(Bend::ALL.map(|bend| Lie::Handed(part, bend, then)));
            }
            for layout in Layout::ALL {
                let carried = layout.carried().iter();
                all.extend(carried.map(|name| Lie::Carried(layout, name, then)));
                let scratched = layout.scratched().iter();
                all.extend(scratched.map(|name| Lie::Scratched(layout, name, then)));
            }
        }
        all.extend(Kept::ALL.map(Lie::Kept));
        all.extend(Pay::ALL.map(Lie::Pay));
        all.extend(Permits::ALL.map(Lie::Permits));
        for list in List::ALL {
            all.extend(Change::ALL.map(|change| Lie::Digest(list, change)));
            all.extend(Count::ALL.map(|count| Lie::Count(list, count)));
        }
        all.extend([false, true].map(Lie::HeaderHash));
        for posing in Posing::ALL {
            all.extend(HeaderField::ALL.map(|field| Lie::Header(field, posing)));
        }
        all.extend(InputField::ALL.map(Lie::Input));
        all.extend([Lie::Plan, Lie::Kernel]);
        all.retain(|lie| lie.is_possible());
        all
    }

    /// Whether there is any epoch about which it can be told.
    fn is_possible(self) -> bool {
        match self {
            // A step's digest says nothing of subnet, epoch or chunk but by header and number.
            Lie::Digest(List::Steps, change) => {
                !matches!(change, Change::OtherSubnet | Change::OtherEpoch)
            }
            _ => true,
        }
    }

    /// A kernel about whose epochs it can be told.
    pub fn program(self, chance: &mut Chance) -> Program {
        match self {
            Lie::Carried(layout, ..) | Lie::Scratched(layout, ..) => layout.program(),
            Lie::Kept(kept) if kept.is_of_yuma() => Program::yuma(),
            // Yuma reads little of the header.
            Lie::Plan | Lie::Kernel => Program::echo(chance),
            Lie::Header(_, Posing::Hidden) if chance.percent(70) => Program::echo(chance),
            _ => Program::random(chance),
        }
    }

    /// Tells it about `case`. None if nothing of the sort can be said of this epoch, or what is
    /// said is the truth.
    pub fn tell(self, case: &Case, chance: &mut Chance) -> Option<Assertion> {
        let told = match self {
            Lie::Handed(part, bend, then) => handed::handed(case, chance, part, bend, then),
            Lie::Carried(layout, name, then) => handed::carried(case, chance, layout, name, then),
            Lie::Scratched(layout, name, then) => {
                handed::scratched(case, chance, layout, name, then)
            }
            Lie::Kept(kept) => kept::kept(case, chance, kept),
            Lie::Pay(pay) => pay::pay(case, chance, pay),
            Lie::Permits(permits) => claims::permits(case, chance, permits),
            Lie::Digest(list, change) => claims::digest(case, chance, list, change),
            Lie::Count(list, count) => claims::count(case, chance, list, count),
            Lie::HeaderHash(of_another) => claims::header_hash(case, chance, of_another),
            Lie::Header(field, posing) => premises::header(case, chance, field, posing),
            Lie::Input(field) => premises::input(case, chance, field),
            Lie::Plan => premises::plan(case, chance),
            Lie::Kernel => premises::kernel(case, chance),
        }?;
        (told != case.trace.assertion()).then_some(told)
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lie::Handed(part, bend, then) => write!(f, "{part}: {bend}, {then}"),
            Lie::Carried(layout, name, then) => write!(f, "{layout} carry: {name}, {then}"),
            Lie::Scratched(layout, name, then) => write!(f, "{layout} scratch: {name}, {then}"),
            Lie::Kept(kept) => write!(f, "memory: {kept}"),
            Lie::Pay(pay) => write!(f, "results: {pay}"),
            Lie::Permits(permits) => write!(f, "roster: {permits}"),
            Lie::Digest(list, change) => write!(f, "digests of {list}: {change}"),
            Lie::Count(list, count) => write!(f, "digests of {list}: {count}"),
            Lie::HeaderHash(false) => write!(f, "header hash: of nothing"),
            Lie::HeaderHash(true) => write!(f, "header hash: of the epoch before"),
            Lie::Header(field, posing) => write!(f, "header: {field}, {posing}"),
            Lie::Input(field) => write!(f, "inputs: {field}"),
            Lie::Plan => write!(f, "plan: another"),
            Lie::Kernel => write!(f, "kernel: another"),
        }
    }
}
