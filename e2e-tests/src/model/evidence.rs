//! What a challenger may come with, and what must come of it.

use crate::Network;
use inktensor_compute::epoch::{EpochInputs, Trace};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::{Opening, StepProof},
    epoch::EpochError,
    NetUid,
};

/// What an honest observer knows of a closed epoch.
#[derive(Clone, Debug)]
pub struct Known {
    /// What it depends on.
    pub inputs: EpochInputs,
    /// Its honest computation.
    pub trace: Trace,
    /// What that commits to.
    pub honest: Assertion,
}

/// What a challenger comes with. Numbers of steps wrap around one beyond the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The honest preimages of the first step that differs; of the first of all if none does.
    Refutation,
    /// The honest preimages of some step.
    Step(u8),
    /// The same with one part spoiled.
    Torn(u8, Opening),
    /// The honest preimages of some step, about an assertion that was not posted.
    OtherAssertion(u8),
}

impl Known {
    /// What can be known of the epoch that closed last.
    pub fn of(net: &Network, netuid: NetUid) -> Self {
        let ran = net.compute(netuid);
        Self {
            inputs: net.inputs(netuid),
            trace: ran.trace,
            honest: ran.assertion,
        }
    }

    /// Step and proof that `evidence` about `standing` comes to.
    pub fn proof(&self, evidence: Evidence, standing: &Assertion) -> (u32, StepProof) {
        let steps = self.trace.steps.len();
        let numbered =
            |step: u8| u32::try_from(usize::from(step) % (steps + 1)).expect("few steps");
        match evidence {
            Evidence::Refutation => match self.trace.refute(&self.inputs, standing) {
                Some(refutation) => refutation,
                None => (0, self.honest_proof(0, standing)),
            },
            Evidence::Step(step) => {
                let k = numbered(step);
                (k, self.honest_proof(k, standing))
            }
            Evidence::Torn(step, part) => {
                let k = numbered(step);
                let mut proof = self.honest_proof(k, standing);
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
                let mut other = standing.clone();
                other.header_hash[1] ^= 1;
                (k, self.honest_proof(k, &other))
            }
        }
    }

    /// The honest preimages of step `k`; of the first step if there is no such step.
    fn honest_proof(&self, k: u32, about: &Assertion) -> StepProof {
        let proof = self.trace.proof(&self.inputs, about, k);
        let first = || self.trace.proof(&self.inputs, about, 0);
        proof.or_else(first).expect("an epoch has steps")
    }
}

/// What must come of the honest preimages of step `k`, of which the part `torn` is spoiled, against
/// `standing`: the step is false if one of the digests that it is bound to is not the honest one.
/// Written from the protocol's text, not from the judge.
///
/// # Errors
/// `StepOutOfRange`, `OpeningMismatch` if the step builds on a digest that is not honest either,
/// `StepIsCorrect`.
pub fn verdict(
    known: &Known,
    standing: &Assertion,
    k: u32,
    torn: Option<Opening>,
) -> Result<(), EpochError> {
    let honest = &known.honest;
    let neurons = known.inputs.header.neurons;
    let plan = &known.trace.plan;
    let Some((phase, chunk)) = plan.place(k, neurons) else {
        return Err(EpochError::StepOutOfRange(plan.steps(neurons)));
    };
    let agrees = |before: u32| {
        let step = k.checked_sub(before).map(|step| step as usize);
        step.is_none_or(|step| honest.steps[step] == standing.steps[step])
    };
    let openings = [
        (Opening::Carry, agrees(1)),
        (Opening::Scratch, agrees(plan.chunks(neurons).into())),
        (Opening::Memory, true),
    ];
    for (part, opens) in openings {
        if torn == Some(part) || !opens {
            return Err(EpochError::OpeningMismatch(part));
        }
    }
    let (k, chunk) = (k as usize, usize::from(chunk));
    let is_true = honest.steps[k] == standing.steps[k]
        && (phase != plan.memory_phase || honest.memory[chunk] == standing.memory[chunk])
        && (phase != plan.results_phase || honest.results[chunk] == standing.results[chunk])
        && (k + 1 != honest.steps.len() || honest.roster == standing.roster);
    if is_true {
        Err(EpochError::StepIsCorrect)
    } else {
        Ok(())
    }
}
