use super::*;
use inktensor_primitives::{
    assertion::step_digest,
    kernel::{EpochHeader, EpochPlan, PhasePlan},
    Uid,
};
use inktensor_test_support::header;

/// Two phases over three chunks; the second reads memory.
fn traced() -> (Trace, EpochInputs) {
    let header = EpochHeader {
        final_epoch: Some(7),
        neurons: 5,
        roster: vec![Uid(0)],
        ..header()
    };
    let phase = |memory| PhasePlan {
        rows: false,
        stake: true,
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

#[test]
fn a_trace_that_ends_early_refutes_what_differs_before() {
    let (whole, inputs) = traced();
    let (claimed, mut trace) = (whole.assertion(), whole);
    // The memory for step 4 is not known.
    trace.steps.truncate(4);
    trace.memory.truncate(1);
    trace.results.truncate(1);
    let refuted = |lie: &Assertion| trace.refute_known(&inputs, lie).map(|(k, _)| k);
    assert_eq!(refuted(&claimed), None);
    let mut lie = claimed.clone();
    lie.steps[4] = [7; 32];
    lie.memory[1] = [7; 32];
    assert_eq!(refuted(&lie), None);
    lie.memory[0] = [7; 32];
    assert_eq!(refuted(&lie), Some(3));
    lie.steps[1] = [7; 32];
    assert_eq!(refuted(&lie), Some(1));
}
