//! Inputs and outputs of single steps of a traced epoch.

use inktensor_compute::epoch::{EpochInputs, Trace};
use inktensor_primitives::kernel::{StepInput, StepOutput};

/// Returns the input of step `k` of a traced epoch.
pub fn step_input(inputs: &EpochInputs, trace: &Trace, k: usize) -> StepInput {
    let chunks = inputs.chunks.len();
    let (phase, chunk) = (k / chunks, k % chunks);
    let reads = trace.plan.phases[phase];
    let gathered = inputs.chunks[chunk].clone().for_phase(&reads);
    StepInput {
        header: inputs.header.clone(),
        phase: u8::try_from(phase).expect("few phases"),
        chunk: u16::try_from(chunk).expect("few chunks"),
        carry: k
            .checked_sub(1)
            .map(|before| trace.steps[before].carry.clone())
            .unwrap_or_default(),
        scratch: k
            .checked_sub(chunks)
            .map(|before| trace.steps[before].scratch.clone())
            .unwrap_or_default(),
        memory: if reads.memory {
            inputs.memory[chunk].clone()
        } else {
            Vec::new()
        },
        neurons: gathered.neurons,
        rows: gathered.rows,
    }
}

/// Returns the output of step `k` of a traced epoch.
pub fn step_output(inputs: &EpochInputs, trace: &Trace, k: usize) -> StepOutput {
    let chunks = inputs.chunks.len();
    let (phase, chunk) = (k / chunks, k % chunks);
    let is = |due: u8| phase == usize::from(due);
    StepOutput {
        carry: trace.steps[k].carry.clone(),
        scratch: trace.steps[k].scratch.clone(),
        memory: if is(trace.plan.memory_phase) {
            trace.memory[chunk].clone()
        } else {
            Vec::new()
        },
        results: if is(trace.plan.results_phase) {
            trace.results[chunk].clone()
        } else {
            Vec::new()
        },
        roster: if k + 1 == trace.steps.len() {
            trace.roster.clone()
        } else {
            Vec::new()
        },
    }
}
