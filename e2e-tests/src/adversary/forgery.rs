//! Proofs that do not belong: put forward against an honest assertion, none may get through.

use super::{case::Case, chance::Chance, lie::Bend};
use inktensor_compute::epoch::{compute, EpochInputs, Trace};
use inktensor_primitives::{
    dispute::StepProof,
    kernel::{EpochHeader, MAX_CARRY, MAX_MEMORY, MAX_SCRATCH},
    NetUid,
};
use std::fmt;

/// A part of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the proof's, which are documented")]
pub enum ProofPart {
    Carry,
    CarrySibling,
    Scratch,
    ScratchSibling,
    Memory,
}

impl ProofPart {
    /// All five.
    pub const ALL: [ProofPart; 5] = [
        ProofPart::Carry,
        ProofPart::CarrySibling,
        ProofPart::Scratch,
        ProofPart::ScratchSibling,
        ProofPart::Memory,
    ];
    /// Those of any length.
    const BYTES: [ProofPart; 3] = [ProofPart::Carry, ProofPart::Scratch, ProofPart::Memory];

    /// The bytes, and how many there may be.
    fn bytes(self, proof: &mut StepProof) -> Option<(&mut Vec<u8>, usize)> {
        match self {
            ProofPart::Carry => Some((&mut proof.carry, MAX_CARRY)),
            ProofPart::Scratch => Some((&mut proof.scratch, MAX_SCRATCH)),
            ProofPart::Memory => Some((&mut proof.memory, MAX_MEMORY)),
            _ => None,
        }
    }

    fn flip(self, proof: &mut StepProof, chance: &mut Chance) -> Option<()> {
        let bytes: &mut [u8] = match self {
            ProofPart::Carry => &mut proof.carry,
            ProofPart::CarrySibling => &mut proof.carry_sibling,
            ProofPart::Scratch => &mut proof.scratch,
            ProofPart::ScratchSibling => &mut proof.scratch_sibling,
            ProofPart::Memory => &mut proof.memory,
        };
        let place = chance.place(bytes.len())?;
        bytes[place] ^= 1 << chance.below(8);
        Some(())
    }
}

/// Which two parts change places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Swap {
    CarryAndScratch,
    CarryAndMemory,
    ScratchAndMemory,
    Siblings,
    /// Carry and scratch, and their siblings too.
    Both,
}

/// Whose proof it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// The epoch before.
    EpochBefore,
    /// Another epoch of the same subnet with the same inputs.
    Epoch,
    /// Another subnet with the same inputs.
    Subnet,
    /// Another deployment with the same inputs.
    Deployment,
    /// Another kernel on the same inputs.
    Kernel,
    /// The same epoch as a liar tells it.
    Liar,
}

impl Foreign {
    const ALL: [Foreign; 6] = [
        Foreign::EpochBefore,
        Foreign::Epoch,
        Foreign::Subnet,
        Foreign::Deployment,
        Foreign::Kernel,
        Foreign::Liar,
    ];
}

/// A kind of proof that must fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    /// The right proof: the step is correct.
    Right,
    /// The right proof about another step.
    OtherStep,
    /// About a step that the epoch has not.
    BeyondLast,
    /// A bit of a part is another.
    Flipped(ProofPart),
    /// The bytes of a part are changed in some way.
    Bent(ProofPart, Bend),
    /// Two parts change places.
    Swapped(Swap),
    /// The end of the carry is put in front of the scratch.
    Shifted,
    /// What the epoch leaves is given for what it remembers.
    MemoryOfAfter,
    /// All parts are of nothing.
    Random,
    /// The parts are of another epoch.
    Parts(Foreign),
    /// Parts and assertion are of another epoch.
    Whole(Foreign),
    /// A digest of the assertion is another.
    AssertionBent,
}

impl Forgery {
    /// All kinds.
    pub fn all() -> Vec<Forgery> {
        let mut all = vec![
            Forgery::Right,
            Forgery::OtherStep,
            Forgery::BeyondLast,
            Forgery::Shifted,
            Forgery::MemoryOfAfter,
            Forgery::Random,
            Forgery::AssertionBent,
        ];
        all.extend(ProofPart::ALL.map(Forgery::Flipped));
        for part in ProofPart::BYTES {
            let bends = Bend::ALL.into_iter().filter(|bend| *bend != Bend::Flipped);
            all.extend(bends.map(|bend| Forgery::Bent(part, bend)));
        }
        let swaps = [
            Swap::CarryAndScratch,
            Swap::CarryAndMemory,
            Swap::ScratchAndMemory,
            Swap::Siblings,
            Swap::Both,
        ];
        all.extend(swaps.map(Forgery::Swapped));
        all.extend(Foreign::ALL.map(Forgery::Parts));
        all.extend(Foreign::ALL.map(Forgery::Whole));
        all
    }

    /// A step and a proof about it against the honest assertion of `case`. None if the epoch gives
    /// no occasion.
    pub fn forge(self, case: &Case, chance: &mut Chance) -> Option<(u32, StepProof)> {
        let honest = case.trace.assertion();
        let at = |trace: &Trace, inputs: &EpochInputs, k| trace.proof(inputs, &honest, k);
        let step = |chance: &mut Chance| u32::try_from(chance.place(case.steps())?).ok();
        let k = step(chance)?;
        let mut proof = at(&case.trace, &case.inputs, k)?;
        match self {
            Forgery::Right => (),
            Forgery::OtherStep => {
                let (from, to) = chance.two(case.steps())?;
                proof = at(&case.trace, &case.inputs, u32::try_from(from).ok()?)?;
                return Some((u32::try_from(to).ok()?, proof));
            }
            Forgery::BeyondLast => {
                let steps = u32::try_from(case.steps()).ok()?;
                return Some((chance.pick([steps, steps + 1, u32::MAX]), proof));
            }
            Forgery::Flipped(part) => part.flip(&mut proof, chance)?,
            Forgery::Bent(part, bend) => {
                let other = at(&case.trace, &case.inputs, step(chance)?)?;
                bend_part(part, bend, &mut proof, other, chance)?;
            }
            Forgery::Swapped(swap) => swap.apply(&mut proof),
            Forgery::Shifted => {
                let byte = proof.carry.pop()?;
                proof.scratch.insert(0, byte);
            }
            Forgery::MemoryOfAfter => {
                let place = usize::try_from(k).ok()? % case.chunks();
                proof.memory.clone_from(case.trace.memory.get(place)?);
            }
            Forgery::Random => {
                let count = chance.below(200);
                proof.carry = chance.bytes(count);
                proof.scratch = chance.bytes(count / 2);
                proof.memory = chance.bytes(count / 3);
                proof.carry_sibling = chance.digest();
                proof.scratch_sibling = chance.digest();
            }
            Forgery::Parts(foreign) => {
                let (trace, inputs) = foreign.traced(case, chance)?;
                let k = u32::try_from(chance.place(trace.steps.len().min(case.steps()))?).ok()?;
                return Some((k, at(&trace, &inputs, k)?));
            }
            Forgery::Whole(foreign) => {
                let (trace, inputs) = foreign.traced(case, chance)?;
                let k = u32::try_from(chance.place(trace.steps.len())?).ok()?;
                return Some((k, trace.proof(&inputs, &trace.assertion(), k)?));
            }
            Forgery::AssertionBent => {
                let place = chance.place(proof.assertion.steps.len())?;
                proof.assertion.steps[place][chance.below(32)] ^= 1;
            }
        }
        Some((k, proof))
    }
}

fn bend_part(
    part: ProofPart,
    bend: Bend,
    proof: &mut StepProof,
    mut other: StepProof,
    chance: &mut Chance,
) -> Option<()> {
    let (other, _) = part.bytes(&mut other)?;
    let (bytes, limit) = part.bytes(proof)?;
    // Far more than any transaction holds, at times.
    let limit = if chance.percent(5) { limit * 4 } else { limit };
    bend.bend(bytes, chance, limit, Some(other))
}

impl Swap {
    fn apply(self, proof: &mut StepProof) {
        use std::mem::swap;
        let StepProof {
            carry,
            carry_sibling,
            scratch,
            scratch_sibling,
            memory,
            ..
        } = proof;
        match self {
            Swap::CarryAndScratch => swap(carry, scratch),
            Swap::CarryAndMemory => swap(carry, memory),
            Swap::ScratchAndMemory => swap(scratch, memory),
            Swap::Siblings => swap(carry_sibling, scratch_sibling),
            Swap::Both => {
                swap(carry, scratch);
                swap(carry_sibling, scratch_sibling);
            }
        }
    }
}

impl Foreign {
    /// What its worker knows.
    fn traced(self, case: &Case, chance: &mut Chance) -> Option<(Trace, EpochInputs)> {
        let mut inputs = case.inputs.clone();
        match self {
            Foreign::EpochBefore => return Some((case.before.clone()?, inputs)),
            Foreign::Liar => return self.liar(case, chance),
            _ => self.change(&mut inputs.header, chance),
        }
        let trace = compute(&case.program, &inputs).ok()?;
        Some((trace, inputs))
    }

    fn change(self, header: &mut EpochHeader, chance: &mut Chance) {
        match self {
            Foreign::Epoch => header.epoch = header.epoch.wrapping_add(1),
            Foreign::Subnet => header.netuid = NetUid(header.netuid.0.wrapping_add(1)),
            Foreign::Deployment => header.contract = chance.account(),
            _ => header.kernel_code = chance.digest(),
        }
    }

    /// Steps that go on from a falsified one.
    fn liar(self, case: &Case, chance: &mut Chance) -> Option<(Trace, EpochInputs)> {
        let mut trace = case.trace.clone();
        let k = chance.place(trace.steps.len())?;
        Bend::Flipped.bend(&mut trace.steps[k].carry, chance, MAX_CARRY, None)?;
        case.go_on(&mut trace, k + 1);
        Some((trace, case.inputs.clone()))
    }
}

impl fmt::Display for ProofPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProofPart::Carry => "carry",
            ProofPart::CarrySibling => "carry's sibling",
            ProofPart::Scratch => "scratch",
            ProofPart::ScratchSibling => "scratch's sibling",
            ProofPart::Memory => "memory",
        })
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Foreign::EpochBefore => "the epoch before",
            Foreign::Epoch => "another epoch",
            Foreign::Subnet => "another subnet",
            Foreign::Deployment => "another deployment",
            Foreign::Kernel => "another kernel",
            Foreign::Liar => "a liar",
        })
    }
}

impl fmt::Display for Forgery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Forgery::Right => f.write_str("the right proof"),
            Forgery::OtherStep => f.write_str("the right proof of another step"),
            Forgery::BeyondLast => f.write_str("a step beyond the last"),
            Forgery::Flipped(part) => write!(f, "{part}: a bit flipped"),
            Forgery::Bent(part, bend) => write!(f, "{part}: {bend}"),
            Forgery::Swapped(Swap::CarryAndScratch) => f.write_str("carry and scratch swapped"),
            Forgery::Swapped(Swap::CarryAndMemory) => f.write_str("carry and memory swapped"),
            Forgery::Swapped(Swap::ScratchAndMemory) => f.write_str("scratch and memory swapped"),
            Forgery::Swapped(Swap::Siblings) => f.write_str("siblings swapped"),
            Forgery::Swapped(Swap::Both) => f.write_str("carry and scratch swapped with siblings"),
            Forgery::Shifted => f.write_str("a byte moved from carry to scratch"),
            Forgery::MemoryOfAfter => f.write_str("memory: what the epoch leaves"),
            Forgery::Random => f.write_str("all parts of nothing"),
            Forgery::Parts(whose) => write!(f, "the parts of {whose}"),
            Forgery::Whole(whose) => write!(f, "parts and assertion of {whose}"),
            Forgery::AssertionBent => f.write_str("the assertion: a bit flipped"),
        }
    }
}
