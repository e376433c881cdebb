//! The order in which the steps of a phase are computed.

use super::*;
use inktensor_test_support::header;
use std::time::Duration;

fn inputs(count: usize) -> Vec<ChunkInputs> {
    let chunk = ChunkInputs {
        // 64 KiB beside the carry: a group has one or two.
        neurons: vec![NeuronInput::default(); 1_500],
        rows: Rows::new(),
    };
    vec![chunk; count]
}

fn job<'a>(header: &'a EpochHeader, inputs: &'a [ChunkInputs]) -> PhaseJob<'a> {
    PhaseJob {
        header,
        reads: PhasePlan::ALL,
        phase: 0,
        carry: &[],
        scratch: &[],
        memory: &[],
        inputs,
        deadline: None,
    }
}

/// Returns an output that names its step.
fn output(chunk: u16, carry: &[u8]) -> StepOutput {
    StepOutput {
        carry: [carry, &[chunk.to_le_bytes()[0]]].concat(),
        ..StepOutput::default()
    }
}

fn outputs(chunks: Range<u16>, carry: &[u8]) -> Vec<StepOutput> {
    let mut outputs: Vec<StepOutput> = Vec::new();
    for chunk in chunks {
        let carry = outputs.last().map_or(carry, |output| &output.carry);
        outputs.push(output(chunk, carry));
    }
    outputs
}

#[test]
fn groups_and_single_steps_pass_on_the_carry() {
    let (header, inputs) = (header(), inputs(7));
    let job = job(&header, &inputs);
    let step = |chunk, carry: &[u8]| Ok(output(chunk, carry));
    let expected = job.run(step).unwrap();
    // Every third group fails, and its steps are computed one by one.
    for first in 0..3 {
        let mut groups = first;
        let group = |chunks: Range<u16>, carry: &[u8]| {
            assert!(chunks.len() > 1);
            groups += 1;
            (groups % 3 != 0).then(|| outputs(chunks, carry))
        };
        assert_eq!(job.run_in_groups(group, step).unwrap(), expected);
        assert!(groups > first + 1);
    }
}

#[test]
fn a_deadline_between_groups_keeps_the_groups_before() {
    let (header, inputs) = (header(), inputs(6));
    let deadline = Instant::now() + Duration::from_millis(300);
    let job = PhaseJob {
        deadline: Some(deadline),
        ..job(&header, &inputs)
    };
    let group = |chunks: Range<u16>, carry: &[u8]| {
        std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
        Some(outputs(chunks, carry))
    };
    let failed = job
        .run_in_groups(group, |_, _| panic!("a step"))
        .expect_err("out of time");
    assert_eq!(failed.error, EngineError::OutOfTime);
    assert_eq!(failed.chunk, 2);
    assert_eq!(failed.before, outputs(0..2, &[]));
}
