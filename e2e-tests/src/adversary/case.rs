//! An epoch under attack: its inputs, the honest trace, and what goes on from a falsified step.

use super::program::Program;
use inktensor_compute::{
    engine::Engine,
    epoch::{EpochInputs, StepTrace, Trace},
};
use inktensor_primitives::{assertion::Assertion, dispute::StepProof, kernel::StepInput, Digest};

/// See the module.
#[derive(Clone, Debug)]
pub struct Case {
    /// What computes it.
    pub program: Program,
    /// What it depends on.
    pub inputs: EpochInputs,
    /// What it honestly comes to; up to the step to which the kernel gives no honest answer, if
    /// there is one.
    pub trace: Trace,
    /// Whether the trace ends before the epoch does.
    pub unfinished: bool,
    /// What the last final epoch came to, if there is one.
    pub before: Option<Trace>,
}

/// An assertion of nothing, where only preimages are asked for.
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
    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.trace.steps.len()
    }

    /// Number of chunks.
    pub fn chunks(&self) -> usize {
        self.inputs.chunks.len()
    }

    /// The step of `lie` that an honest watcher disputes, if any, and the proof about it.
    pub fn refute(&self, lie: &Assertion) -> Option<(u32, StepProof)> {
        if self.unfinished {
            self.trace.refute_unfinished(&self.inputs, lie)
        } else {
            self.trace.refute(&self.inputs, lie)
        }
    }

    /// What step `k` is given by one who believes `trace`.
    pub fn input(&self, trace: &Trace, k: u32) -> Option<StepInput> {
        let header = &self.inputs.header;
        let (phase, chunk) = trace.plan.place(k, header.neurons)?;
        let reads = trace.plan.phases.get(usize::from(phase))?;
        let gathered = self.inputs.chunks.get(usize::from(chunk))?;
        let proof = trace.proof(&self.inputs, &blank(), k)?;
        Some(StepInput {
            header: header.clone(),
            phase,
            chunk,
            carry: proof.carry,
            scratch: proof.scratch,
            memory: proof.memory,
            neurons: gathered.neurons.clone(),
            rows: if reads.rows {
                gathered.rows.clone()
            } else {
                Vec::new()
            },
        })
    }

    /// Computes the steps of `trace` from `k` on anew from those before. A step that the kernel
    /// refuses, and all after it, stay as they are.
    pub fn go_on(&self, trace: &mut Trace, k: usize) {
        let neurons = self.inputs.header.neurons;
        for k in k..trace.steps.len() {
            let number = u32::try_from(k).unwrap_or(u32::MAX);
            let Some((phase, chunk)) = trace.plan.place(number, neurons) else {
                return;
            };
            let Some(Ok(output)) = self
                .input(trace, number)
                .map(|input| self.program.step(&input))
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
