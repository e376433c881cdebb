//! Kinds of false assertions. Each changes one thing about an epoch; the rest follows from the
//! change or stays honest.
//!
//! Every lie must end in one of two ways: the epoch contract refuses the assertion, or it is
//! slashed for its first false step.

mod carry_scratch;
mod digests;
mod inputs;
mod memory;
mod results;

pub use carry_scratch::{ByteChange, Part, Rest};
pub use digests::{Count, DigestChange, List, RosterChange};
pub use inputs::{Binding, HeaderField, InputField};
pub use memory::MemoryChange;
pub use results::ResultChange;

use super::{case::Case, kernel::Kernel, layout::Layout, rng::Rng};
use inktensor_primitives::assertion::Assertion;
use std::fmt;

/// A kind of lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// The bytes of a carry or scratch.
    Bytes(Part, ByteChange, Rest),
    /// A field of a carry.
    CarryField(Layout, &'static str, Rest),
    /// A field of a scratch.
    ScratchField(Layout, &'static str, Rest),
    /// The carry-over state of a chunk.
    Memory(MemoryChange),
    /// The results of neurons.
    Results(ResultChange),
    /// The roster.
    Roster(RosterChange),
    /// The value of digests.
    Digest(List, DigestChange),
    /// The number of digests.
    Count(List, Count),
    /// The header hash: a random one, or (true) that of the epoch before.
    HeaderHash(bool),
    /// A field of the header.
    Header(HeaderField, Binding),
    /// An input that the chain gathers.
    Input(InputField),
    /// The plan of the kernel.
    Plan,
    /// The kernel.
    Kernel,
}

impl Lie {
    /// Returns all kinds.
    pub fn all() -> Vec<Lie> {
        let mut all = Vec::new();
        for rest in Rest::ALL {
            for part in Part::ALL {
                all.extend(ByteChange::ALL.map(|change| Lie::Bytes(part, change, rest)));
            }
            for layout in Layout::ALL {
                let carried = layout.carried().iter();
                all.extend(carried.map(|name| Lie::CarryField(layout, name, rest)));
                let scratched = layout.scratched().iter();
                all.extend(scratched.map(|name| Lie::ScratchField(layout, name, rest)));
            }
        }
        all.extend(MemoryChange::ALL.map(Lie::Memory));
        all.extend(ResultChange::ALL.map(Lie::Results));
        all.extend(RosterChange::ALL.map(Lie::Roster));
        for list in List::ALL {
            all.extend(DigestChange::ALL.map(|change| Lie::Digest(list, change)));
            all.extend(Count::ALL.map(|count| Lie::Count(list, count)));
        }
        all.extend([false, true].map(Lie::HeaderHash));
        for binding in Binding::ALL {
            all.extend(HeaderField::ALL.map(|field| Lie::Header(field, binding)));
        }
        all.extend(InputField::ALL.map(Lie::Input));
        all.extend([Lie::Plan, Lie::Kernel]);
        all.retain(|lie| lie.is_possible());
        all
    }

    /// Returns true if the lie applies to any epoch.
    fn is_possible(self) -> bool {
        match self {
            // A step's digest is bound to subnet and epoch by the header hash only.
            Lie::Digest(List::Steps, change) => {
                !matches!(change, DigestChange::OtherSubnet | DigestChange::OtherEpoch)
            }
            _ => true,
        }
    }

    /// Returns a random kernel to whose epochs the lie applies.
    pub fn kernel(self, rng: &mut Rng) -> Kernel {
        match self {
            Lie::CarryField(layout, ..) | Lie::ScratchField(layout, ..) => Kernel::with(layout),
            Lie::Memory(change) if change.is_of_yuma() => Kernel::yuma(),
            // Yuma reads few fields of the header.
            Lie::Plan | Lie::Kernel => Kernel::hash(rng),
            Lie::Header(_, Binding::Honest) if rng.percent(70) => Kernel::hash(rng),
            _ => Kernel::random(rng),
        }
    }

    /// Returns a false assertion of this kind about `case`. `None` if the lie does not apply to the
    /// epoch, or the assertion would be honest.
    pub fn falsify(self, case: &Case, rng: &mut Rng) -> Option<Assertion> {
        let assertion = match self {
            Lie::Bytes(part, change, rest) => carry_scratch::bytes(case, rng, part, change, rest),
            Lie::CarryField(layout, name, rest) => {
                carry_scratch::carry_field(case, rng, layout, name, rest)
            }
            Lie::ScratchField(layout, name, rest) => {
                carry_scratch::scratch_field(case, rng, layout, name, rest)
            }
            Lie::Memory(change) => memory::memory(case, rng, change),
            Lie::Results(change) => results::results(case, rng, change),
            Lie::Roster(change) => digests::roster(case, rng, change),
            Lie::Digest(list, change) => digests::digest(case, rng, list, change),
            Lie::Count(list, count) => digests::count(case, rng, list, count),
            Lie::HeaderHash(of_before) => digests::header_hash(case, rng, of_before),
            Lie::Header(field, binding) => inputs::header(case, rng, field, binding),
            Lie::Input(field) => inputs::input(case, rng, field),
            Lie::Plan => inputs::plan(case, rng),
            Lie::Kernel => inputs::kernel(case, rng),
        }?;
        (assertion != case.trace.assertion()).then_some(assertion)
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lie::Bytes(part, change, rest) => write!(f, "{part}: {change}, {rest}"),
            Lie::CarryField(layout, name, rest) => write!(f, "{layout} carry: {name}, {rest}"),
            Lie::ScratchField(layout, name, rest) => write!(f, "{layout} scratch: {name}, {rest}"),
            Lie::Memory(change) => write!(f, "memory: {change}"),
            Lie::Results(change) => write!(f, "results: {change}"),
            Lie::Roster(change) => write!(f, "roster: {change}"),
            Lie::Digest(list, change) => write!(f, "digests of {list}: {change}"),
            Lie::Count(list, count) => write!(f, "digests of {list}: {count}"),
            Lie::HeaderHash(false) => write!(f, "header hash: random"),
            Lie::HeaderHash(true) => write!(f, "header hash: of the epoch before"),
            Lie::Header(field, binding) => write!(f, "header: {field}, {binding}"),
            Lie::Input(field) => write!(f, "inputs: {field}"),
            Lie::Plan => write!(f, "plan: another"),
            Lie::Kernel => write!(f, "kernel: another"),
        }
    }
}
