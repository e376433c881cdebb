//! The proofs of a challenger, and the verdict that each must get.

use crate::Network;
use inktensor_compute::epoch::{EpochInputs, Trace};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::{Opening, StepProof},
    epoch::EpochError,
    NetUid,
};

/// The honest computation of a closed epoch.
#[derive(Clone, Debug)]
pub struct HonestEpoch {
    /// The inputs of the epoch.
    pub inputs: EpochInputs,
    /// The trace of the computation.
    pub trace: Trace,
    /// The honest assertion.
    pub assertion: Assertion,
}

/// A kind of proof. Numbers of steps wrap around one beyond the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The honest preimages of the first step that differs, or of step 0 if none does.
    Refutation,
    /// The honest preimages of a step.
    Step(u8),
    /// The same with an extra byte in one part.
    Altered(u8, Opening),
    /// The honest preimages of a step, about an assertion that was not posted.
    OtherAssertion(u8),
}

impl HonestEpoch {
    /// Computes the epoch that closed last.
    pub fn of(net: &Network, netuid: NetUid) -> Self {
        let computed = net.compute(netuid);
        Self {
            inputs: net.inputs(netuid),
            trace: computed.trace,
            assertion: computed.assertion,
        }
    }

    /// Returns the step and the proof of `evidence` about `posted`.
    pub fn proof(&self, evidence: Evidence, posted: &Assertion) -> (u32, StepProof) {
        let steps = self.trace.steps.len();
        let numbered =
            |step: u8| u32::try_from(usize::from(step) % (steps + 1)).expect("few steps");
        match evidence {
            Evidence::Refutation => match self.trace.refute(&self.inputs, posted) {
                Some(refutation) => refutation,
                None => (0, self.honest_proof(0, posted)),
            },
            Evidence::Step(step) => {
                let k = numbered(step);
                (k, self.honest_proof(k, posted))
            }
            Evidence::Altered(step, part) => {
                let k = numbered(step);
                let mut proof = self.honest_proof(k, posted);
                let bytes = match part {
                    Opening::Carry => &mut proof.carry,
                    Opening::Scratch => &mut proof.scratch,
                    Opening::Memory => &mut proof.memory,
                };
                bytes.push(0);
                (k, proof)
            }
            Evidence::OtherAssertion(step) => {
                let k = numbered(step);
                let mut other = posted.clone();
                other.header_hash[1] ^= 1;
                (k, self.honest_proof(k, &other))
            }
        }
    }

    /// Returns the honest preimages of step `k`, or of step 0 if there is no such step.
    fn honest_proof(&self, k: u32, about: &Assertion) -> StepProof {
        let proof = self.trace.proof(&self.inputs, about, k);
        let first = || self.trace.proof(&self.inputs, about, 0);
        proof.or_else(first).expect("an epoch has steps")
    }
}

/// Returns the verdict on the honest preimages of step `k`, with the part `altered` changed,
/// against `posted`.
///
/// The step is false if a digest that it is bound to differs from the honest one. This is written
/// from the protocol's text, not from the contract.
///
/// # Errors
/// `StepOutOfRange`; `OpeningMismatch` if the step builds on a false digest; `StepIsCorrect`.
pub fn verdict(
    known: &HonestEpoch,
    posted: &Assertion,
    k: u32,
    altered: Option<Opening>,
) -> Result<(), EpochError> {
    let honest = &known.assertion;
    let neurons = known.inputs.header.neurons;
    let plan = &known.trace.plan;
    let Some((phase, chunk)) = plan.place(k, neurons) else {
        return Err(EpochError::StepOutOfRange(plan.steps(neurons)));
    };
    let agrees = |before: u32| {
        let step = k.checked_sub(before).map(|step| step as usize);
        step.is_none_or(|step| honest.steps[step] == posted.steps[step])
    };
    let openings = [
        (Opening::Carry, agrees(1)),
        (Opening::Scratch, agrees(plan.chunks(neurons).into())),
        (Opening::Memory, true),
    ];
    for (part, opens) in openings {
        if altered == Some(part) || !opens {
            return Err(EpochError::OpeningMismatch(part));
        }
    }
    let (k, chunk) = (k as usize, usize::from(chunk));
    let is_true = honest.steps[k] == posted.steps[k]
        && (phase != plan.memory_phase || honest.memory[chunk] == posted.memory[chunk])
        && (phase != plan.results_phase || honest.results[chunk] == posted.results[chunk])
        && (k + 1 != honest.steps.len() || honest.roster == posted.roster);
    if is_true {
        Err(EpochError::StepIsCorrect)
    } else {
        Ok(())
    }
}
