//! Kinds of wrong proofs. None of them may overturn an honest assertion.

use super::{case::Case, lie::ByteChange, rng::Rng};
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
    /// All five parts.
    pub const ALL: [ProofPart; 5] = [
        ProofPart::Carry,
        ProofPart::CarrySibling,
        ProofPart::Scratch,
        ProofPart::ScratchSibling,
        ProofPart::Memory,
    ];
    /// The parts without a fixed length.
    const BYTES: [ProofPart; 3] = [ProofPart::Carry, ProofPart::Scratch, ProofPart::Memory];

    /// Returns the bytes and their limit.
    fn bytes(self, proof: &mut StepProof) -> Option<(&mut Vec<u8>, usize)> {
        match self {
            ProofPart::Carry => Some((&mut proof.carry, MAX_CARRY)),
            ProofPart::Scratch => Some((&mut proof.scratch, MAX_SCRATCH)),
            ProofPart::Memory => Some((&mut proof.memory, MAX_MEMORY)),
            _ => None,
        }
    }

    fn flip(self, proof: &mut StepProof, rng: &mut Rng) -> Option<()> {
        let bytes: &mut [u8] = match self {
            ProofPart::Carry => &mut proof.carry,
            ProofPart::CarrySibling => &mut proof.carry_sibling,
            ProofPart::Scratch => &mut proof.scratch,
            ProofPart::ScratchSibling => &mut proof.scratch_sibling,
            ProofPart::Memory => &mut proof.memory,
        };
        let place = rng.place(bytes.len())?;
        bytes[place] ^= 1 << rng.below(8);
        Some(())
    }
}

/// The parts that are swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Swap {
    CarryAndScratch,
    CarryAndMemory,
    ScratchAndMemory,
    Siblings,
    /// Carry and scratch, with their siblings.
    Both,
}

/// The source of a foreign proof.
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
    /// The same epoch with a falsified step.
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

/// A kind of proof that must not overturn an honest assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    /// The right proof: the step is correct.
    Right,
    /// The right proof of another step.
    OtherStep,
    /// A proof of a step beyond the last.
    BeyondLast,
    /// A bit of a part flipped.
    Flipped(ProofPart),
    /// The bytes of a part changed.
    Changed(ProofPart, ByteChange),
    /// Two parts swapped.
    Swapped(Swap),
    /// The last byte of the carry moved to the scratch.
    Shifted,
    /// The carry-over state that the epoch leaves instead of the one that it reads.
    MemoryOfAfter,
    /// The carry-over state that the last final epoch left and did not publish.
    Withheld,
    /// All parts random.
    Random,
    /// The parts of a foreign proof.
    Parts(Foreign),
    /// A foreign proof with its assertion.
    Whole(Foreign),
    /// A bit of the assertion flipped.
    OtherAssertion,
}

impl Forgery {
    /// Returns all kinds.
    pub fn all() -> Vec<Forgery> {
        let mut all = vec![
            Forgery::Right,
            Forgery::OtherStep,
            Forgery::BeyondLast,
            Forgery::Shifted,
            Forgery::MemoryOfAfter,
            Forgery::Withheld,
            Forgery::Random,
            Forgery::OtherAssertion,
        ];
        all.extend(ProofPart::ALL.map(Forgery::Flipped));
        for part in ProofPart::BYTES {
            let changes = ByteChange::ALL
                .into_iter()
                .filter(|change| *change != ByteChange::Flipped);
            all.extend(changes.map(|change| Forgery::Changed(part, change)));
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

    /// Returns a step and a forged proof of it against the honest assertion of `case`. `None` if
    /// the forgery does not apply to the epoch.
    pub fn forge(self, case: &Case, rng: &mut Rng) -> Option<(u32, StepProof)> {
        let honest = case.trace.assertion();
        let at = |trace: &Trace, inputs: &EpochInputs, k| trace.proof(inputs, &honest, k);
        let step = |rng: &mut Rng| u32::try_from(rng.place(case.steps())?).ok();
        let k = step(rng)?;
        let mut proof = at(&case.trace, &case.inputs, k)?;
        match self {
            Forgery::Right => (),
            Forgery::OtherStep => {
                let (from, to) = rng.two(case.steps())?;
                proof = at(&case.trace, &case.inputs, u32::try_from(from).ok()?)?;
                return Some((u32::try_from(to).ok()?, proof));
            }
            Forgery::BeyondLast => {
                let steps = u32::try_from(case.steps()).ok()?;
                return Some((rng.pick([steps, steps + 1, u32::MAX]), proof));
            }
            Forgery::Flipped(part) => part.flip(&mut proof, rng)?,
            Forgery::Changed(part, change) => {
                let other = at(&case.trace, &case.inputs, step(rng)?)?;
                change_part(part, change, &mut proof, other, rng)?;
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
            Forgery::Withheld => {
                let (chunk, bytes) = rng.one(&case.withheld)?;
                let plan = &case.trace.plan;
                let reads = plan.phases.iter().position(|phase| phase.memory)?;
                let k = reads * case.chunks() + usize::from(*chunk);
                let k = u32::try_from(k).ok()?;
                proof = at(&case.trace, &case.inputs, k)?;
                proof.memory.clone_from(bytes);
                return Some((k, proof));
            }
            Forgery::Random => {
                let count = rng.below(200);
                proof.carry = rng.bytes(count);
                proof.scratch = rng.bytes(count / 2);
                proof.memory = rng.bytes(count / 3);
                proof.carry_sibling = rng.digest();
                proof.scratch_sibling = rng.digest();
            }
            Forgery::Parts(foreign) => {
                let (trace, inputs) = foreign.trace(case, rng)?;
                let k = u32::try_from(rng.place(trace.steps.len().min(case.steps()))?).ok()?;
                return Some((k, at(&trace, &inputs, k)?));
            }
            Forgery::Whole(foreign) => {
                let (trace, inputs) = foreign.trace(case, rng)?;
                let k = u32::try_from(rng.place(trace.steps.len())?).ok()?;
                return Some((k, trace.proof(&inputs, &trace.assertion(), k)?));
            }
            Forgery::OtherAssertion => {
                let place = rng.place(proof.assertion.steps.len())?;
                proof.assertion.steps[place][rng.below(32)] ^= 1;
            }
        }
        Some((k, proof))
    }
}

fn change_part(
    part: ProofPart,
    change: ByteChange,
    proof: &mut StepProof,
    mut other: StepProof,
    rng: &mut Rng,
) -> Option<()> {
    let (other, _) = part.bytes(&mut other)?;
    let (bytes, limit) = part.bytes(proof)?;
    // At times far more than a transaction can hold.
    let limit = if rng.percent(5) { limit * 4 } else { limit };
    change.apply(bytes, rng, limit, Some(other))
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
    /// Returns the trace and inputs of the source.
    fn trace(self, case: &Case, rng: &mut Rng) -> Option<(Trace, EpochInputs)> {
        let mut inputs = case.inputs.clone();
        match self {
            Foreign::EpochBefore => return Some((case.before.clone()?, inputs)),
            Foreign::Liar => return self.liar(case, rng),
            _ => self.change(&mut inputs.header, rng),
        }
        let trace = compute(&case.kernel, &inputs).ok()?;
        Some((trace, inputs))
    }

    fn change(self, header: &mut EpochHeader, rng: &mut Rng) {
        match self {
            Foreign::Epoch => header.epoch = header.epoch.wrapping_add(1),
            Foreign::Subnet => header.netuid = NetUid(header.netuid.0.wrapping_add(1)),
            Foreign::Deployment => header.contract = rng.account(),
            _ => header.kernel_code = rng.digest(),
        }
    }

    /// Returns a trace that is recomputed from a falsified step.
    fn liar(self, case: &Case, rng: &mut Rng) -> Option<(Trace, EpochInputs)> {
        let mut trace = case.trace.clone();
        let k = rng.place(trace.steps.len())?;
        ByteChange::Flipped.apply(&mut trace.steps[k].carry, rng, MAX_CARRY, None)?;
        case.recompute(&mut trace, k + 1);
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
            Forgery::Changed(part, change) => write!(f, "{part}: {change}"),
            Forgery::Swapped(Swap::CarryAndScratch) => f.write_str("carry and scratch swapped"),
            Forgery::Swapped(Swap::CarryAndMemory) => f.write_str("carry and memory swapped"),
            Forgery::Swapped(Swap::ScratchAndMemory) => f.write_str("scratch and memory swapped"),
            Forgery::Swapped(Swap::Siblings) => f.write_str("siblings swapped"),
            Forgery::Swapped(Swap::Both) => f.write_str("carry and scratch swapped with siblings"),
            Forgery::Shifted => f.write_str("a byte moved from carry to scratch"),
            Forgery::MemoryOfAfter => f.write_str("memory: what the epoch leaves"),
            Forgery::Withheld => f.write_str("memory: not published"),
            Forgery::Random => f.write_str("all parts random"),
            Forgery::Parts(whose) => write!(f, "the parts of {whose}"),
            Forgery::Whole(whose) => write!(f, "parts and assertion of {whose}"),
            Forgery::OtherAssertion => f.write_str("the assertion: a bit flipped"),
        }
    }
}
