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
mod tests {
    use super::*;
    use inktensor_primitives::{
        assertion::step_digest,
        kernel::{Budget, EpochHeader, EpochPlan, PhasePlan},
        AccountId, NetUid, Rao, Uid,
    };

    /// Two phases over three chunks; the second reads memory.
    fn traced() -> (Trace, EpochInputs) {
        let header = EpochHeader {
            contract: AccountId::from([1; 32]),
            netuid: NetUid(3),
            epoch: 8,
            final_epoch: Some(7),
            opened_at: 0,
            closed_at: 10,
            previous_close: 0,
            tempo: 10,
            neurons: 5,
            kernel: AccountId::from([2; 32]),
            kernel_code: [0; 32],
            params: Vec::new(),
            max_validators: 1,
            owner_uid: None,
            budget: Budget::Combined(Rao(0)),
            roster: vec![Uid(0)],
            previous: [0; 32],
        };
        let phase = |memory| PhasePlan {
            rows: false,
            memory,
        };
        let trace = Trace {
            netuid: header.netuid,
            epoch: header.epoch,
            header_hash: header.digest(),
            plan: EpochPlan {
                chunk: 2,
                phases: vec![phase(false), phase(true)],
                memory_phase: 1,
                results_phase: 1,
            },
            steps: (0..6)
                .map(|k| StepTrace {
                    carry: vec![k],
                    scratch: vec![10 + k],
                })
                .collect(),
            memory: vec![vec![1]; 3],
            results: vec![Vec::new(); 3],
            roster: vec![Uid(1)],
            timing: Vec::new(),
        };
        let inputs = EpochInputs {
            header,
            chunks: Vec::new(),
            memory: vec![vec![20], vec![21], vec![22]],
        };
        (trace, inputs)
    }

    #[test]
    fn a_proof_opens_what_the_step_builds_on() {
        let (trace, inputs) = traced();
        let claimed = trace.assertion();
        let proof = trace.proof(&inputs, &claimed, 4).expect("a proof");
        assert_eq!(
            (&proof.carry[..], &proof.scratch[..], &proof.memory[..]),
            (&[3][..], &[11][..], &[21][..])
        );
        let header = &trace.header_hash;
        let carry = step_digest(header, 3, &carry_digest(&[3]), &proof.carry_sibling);
        let scratch = step_digest(header, 1, &proof.scratch_sibling, &scratch_digest(&[11]));
        assert_eq!((claimed.steps[3], claimed.steps[1]), (carry, scratch));
        assert_eq!(proof.assertion, claimed);
    }

    #[test]
    fn the_first_step_builds_on_nothing() {
        let (trace, inputs) = traced();
        let proof = trace
            .proof(&inputs, &trace.assertion(), 0)
            .expect("a proof");
        assert!(proof.carry.is_empty() && proof.scratch.is_empty() && proof.memory.is_empty());
        assert_eq!(trace.proof(&inputs, &trace.assertion(), 6), None);
    }

    #[test]
    fn without_an_honest_end_any_assertion_is_refuted() {
        let (whole, inputs) = traced();
        let (claimed, mut trace) = (whole.assertion(), whole);
        // The kernel has no answer to step 4.
        trace.steps.truncate(4);
        trace.memory.truncate(1);
        trace.results.truncate(1);
        let refuted = |lie: &Assertion| trace.refute_unfinished(&inputs, lie).map(|(k, _)| k);
        assert_eq!(refuted(&claimed), Some(4));
        let mut lie = claimed.clone();
        lie.steps[5] = [7; 32];
        lie.memory[1] = [7; 32];
        assert_eq!(refuted(&lie), Some(4));
        lie.results[0] = [7; 32];
        assert_eq!(refuted(&lie), Some(3));
        lie.steps[1] = [7; 32];
        assert_eq!(refuted(&lie), Some(1));
        lie.steps.pop();
        assert_eq!(refuted(&lie), None);
    }

    #[test]
    fn a_lie_is_refuted_at_its_first_step() {
        let (trace, inputs) = traced();
        assert_eq!(trace.refute(&inputs, &trace.assertion()), None);
        let mut lie = trace.assertion();
        lie.steps[5] = [7; 32];
        lie.memory[1] = [7; 32];
        let (k, proof) = trace.refute(&inputs, &lie).expect("refuted");
        assert_eq!(k, 4);
        assert_eq!(Some(proof), trace.proof(&inputs, &lie, 4));
        lie.header_hash = [0; 32];
        assert_eq!(trace.refute(&inputs, &lie), None);
    }
}
