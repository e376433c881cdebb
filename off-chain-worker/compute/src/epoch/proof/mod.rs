//! The proof against a false assertion: the step to dispute, and the preimages that it builds on.

use super::{first_difference, Difference, EpochInputs, StepPart, StepTrace, Trace};
use crate::epoch::difference::first_step;
use inktensor_primitives::{
    assertion::{carry_digest, scratch_digest, Assertion},
    dispute::StepProof,
};

impl Trace {
    /// Returns the first step at which `claimed` differs from this honest trace of `inputs`, and
    /// the proof for it. Returns `None` if there is nothing to dispute: they are equal, or the
    /// chain does not accept `claimed`.
    pub fn refute(&self, inputs: &EpochInputs, claimed: &Assertion) -> Option<(u32, StepProof)> {
        let neurons = inputs.header.neurons;
        match first_difference(&self.plan, neurons, &self.assertion(), claimed)? {
            Difference::Step { k, .. } => Some((k, self.proof(inputs, claimed, k)?)),
            Difference::Header | Difference::Shape => None,
        }
    }

    /// Refutes `claimed` with a trace that ends early, because something is not known here or the
    /// machine failed. Returns `None` if `claimed` agrees with every computed step: then it may be
    /// true, or false at a later step.
    pub fn refute_known(
        &self,
        inputs: &EpochInputs,
        claimed: &Assertion,
    ) -> Option<(u32, StepProof)> {
        let neurons = inputs.header.neurons;
        if claimed.header_hash != self.header_hash || !claimed.has_counts(&self.plan, neurons) {
            return None;
        }
        let known = u32::try_from(self.steps.len()).ok()?;
        match first_step(&self.plan, neurons, &self.assertion(), claimed, known)? {
            Difference::Step { k, .. } => Some((k, self.proof(inputs, claimed, k)?)),
            Difference::Header | Difference::Shape => None,
        }
    }

    /// Refutes `claimed` with a trace that ends where the kernel has no honest answer. No honest
    /// assertion exists then, so every assertion that the chain accepts is false, at the latest at
    /// the step after the last one of this trace.
    pub fn refute_unfinished(
        &self,
        inputs: &EpochInputs,
        claimed: &Assertion,
    ) -> Option<(u32, StepProof)> {
        match self.first_unanswered(inputs.header.neurons, claimed)? {
            Difference::Step { k, .. } => Some((k, self.proof(inputs, claimed, k)?)),
            Difference::Header | Difference::Shape => None,
        }
    }

    /// Returns the first false step of `claimed`, for a trace of an epoch with `neurons` neurons
    /// that ends where the kernel has no honest answer: at the latest the step after its last one.
    /// Returns `None` if the chain does not accept `claimed`.
    pub fn first_unanswered(&self, neurons: u16, claimed: &Assertion) -> Option<Difference> {
        let plan = &self.plan;
        if claimed.header_hash != self.header_hash || !claimed.has_counts(plan, neurons) {
            return None;
        }
        let next = u32::try_from(self.steps.len()).ok()?;
        first_step(plan, neurons, &self.assertion(), claimed, next).or_else(|| {
            let (phase, chunk) = plan.place(next, neurons)?;
            Some(Difference::Step {
                k: next,
                phase,
                chunk,
                part: StepPart::Step,
            })
        })
    }

    /// Returns the proof for step `k` of `claimed`, with everything that the step builds on by this
    /// trace of `inputs`. Returns `None` if there is no such step.
    pub fn proof(&self, inputs: &EpochInputs, claimed: &Assertion, k: u32) -> Option<StepProof> {
        let neurons = inputs.header.neurons;
        let (phase, chunk) = self.plan.place(k, neurons)?;
        let reads = self.plan.phases.get(usize::from(phase))?;
        let before = |steps: u32| {
            let step = k.checked_sub(steps)?;
            self.steps.get(usize::try_from(step).ok()?)
        };
        let (carry, carry_sibling) = before(1).map_or_else(Default::default, |step| {
            (step.carry.clone(), scratch_digest(&step.scratch))
        });
        let same_chunk: Option<&StepTrace> = before(self.plan.chunks(neurons).into());
        let (scratch, scratch_sibling) = same_chunk.map_or_else(Default::default, |step| {
            (step.scratch.clone(), carry_digest(&step.carry))
        });
        let memory = inputs.memory.get(usize::from(chunk));
        Some(StepProof {
            assertion: claimed.clone(),
            carry,
            carry_sibling,
            scratch,
            scratch_sibling,
            memory: memory.filter(|_| reads.memory).cloned().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests;
