//! An epoch under attack: its inputs, its honest trace, and the continuation from a falsified step.

use super::kernel::Kernel;
use inktensor_compute::{
    engine::Engine,
    epoch::{EpochInputs, StepTrace, Trace},
};
use inktensor_primitives::{assertion::Assertion, dispute::StepProof, kernel::StepInput, Digest};

/// An epoch under attack.
#[derive(Clone, Debug)]
pub struct Case {
    /// The kernel that computes it.
    pub kernel: Kernel,
    /// The inputs of the epoch.
    pub inputs: EpochInputs,
    /// The honest trace, up to the first step at which the kernel is at fault.
    pub trace: Trace,
    /// True if the trace ends before the epoch does.
    pub unfinished: bool,
    /// The trace of the last final epoch, if there is one.
    pub before: Option<Trace>,
    /// The memory of that epoch which was not published: chunks and bytes.
    pub withheld: Vec<(u16, Vec<u8>)>,
}

/// Returns an empty assertion, for proofs of which only the preimages matter.
fn blank() -> Assertion {
    Assertion {
        header_hash: Digest::default(),
        steps: Vec::new(),
        memory: Vec::new(),
        results: Vec::new(),
        roster: Vec::new(),
    }
}

impl Case {
    /// Returns the number of steps.
    pub fn steps(&self) -> usize {
        self.trace.steps.len()
    }

    /// Returns the number of chunks.
    pub fn chunks(&self) -> usize {
        self.inputs.chunks.len()
    }

    /// Returns the step of `lie` that an honest watcher disputes, with its proof.
    pub fn refute(&self, lie: &Assertion) -> Option<(u32, StepProof)> {
        if self.unfinished {
            self.trace.refute_unfinished(&self.inputs, lie)
        } else {
            self.trace.refute(&self.inputs, lie)
        }
    }

    /// Returns the input of step `k` if `trace` were true.
    pub fn input(&self, trace: &Trace, k: u32) -> Option<StepInput> {
        let header = &self.inputs.header;
        let (phase, chunk) = trace.plan.place(k, header.neurons)?;
        let reads = trace.plan.phases.get(usize::from(phase))?;
        let gathered = self.inputs.chunks.get(usize::from(chunk))?;
        let gathered = gathered.clone().for_phase(reads);
        let proof = trace.proof(&self.inputs, &blank(), k)?;
        Some(StepInput {
            header: header.clone(),
            phase,
            chunk,
            carry: proof.carry,
            scratch: proof.scratch,
            memory: proof.memory,
            neurons: gathered.neurons,
            rows: gathered.rows,
        })
    }

    /// Recomputes the steps of `trace` from `k` on. A step that the kernel refuses and all later
    /// steps keep their value.
    pub fn recompute(&self, trace: &mut Trace, k: usize) {
        let neurons = self.inputs.header.neurons;
        for k in k..trace.steps.len() {
            let number = u32::try_from(k).unwrap_or(u32::MAX);
            let Some((phase, chunk)) = trace.plan.place(number, neurons) else {
                return;
            };
            let Some(Ok(output)) = self
                .input(trace, number)
                .map(|input| self.kernel.step(&input))
            else {
                return;
            };
            let chunk = usize::from(chunk);
            if phase == trace.plan.memory_phase {
                trace.memory[chunk] = output.memory;
            }
            if phase == trace.plan.results_phase {
                trace.results[chunk] = output.results;
            }
            if k + 1 == trace.steps.len() {
                trace.roster = output.roster;
            }
            trace.steps[k] = StepTrace {
                carry: output.carry,
                scratch: output.scratch,
            };
        }
    }
}
