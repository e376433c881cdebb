use super::*;
use crate::engine::EngineError;
use inktensor_primitives::{
    assertion::{carry_digest, memory_digest, results_digest, scratch_digest, step_digest},
    kernel::{
        BrokenPromise, ChunkInputs, EpochHeader, KernelError, PhasePlan, Rows, StepInput,
        MAX_CARRY, MAX_MEMORY, MAX_SCRATCH,
    },
};
use inktensor_test_support::header;

const NEURONS: u16 = 5;
const CHUNK: u16 = 2;
const CHUNKS: u16 = 3;

type Break = fn(&mut StepOutput);

/// A kernel whose outputs list its inputs, and which can break a promise.
#[derive(Default)]
struct Listing {
    break_at: Option<(u8, u16, Break)>,
    unsound: bool,
}

impl Engine for Listing {
    fn plan(&self, _: &EpochHeader) -> Result<EpochPlan, EngineError> {
        let phase = |rows, memory| PhasePlan {
            rows,
            stake: true,
            memory,
        };
        Ok(EpochPlan {
            chunk: if self.unsound { 3 } else { CHUNK },
            phases: vec![phase(false, false), phase(true, true), phase(false, false)],
            memory_phase: 1,
            results_phase: 2,
        })
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        let (phase, chunk) = (input.phase, u8::try_from(input.chunk).unwrap());
        assert_eq!(input.rows.is_empty(), phase != 1, "only phase 1 reads rows");
        assert_eq!(
            input.memory.is_empty(),
            phase != 1,
            "only phase 1 reads memory"
        );
        let note = |mut notes: Vec<u8>| {
            notes.push(phase * 10 + chunk);
            notes
        };
        let mut output = StepOutput {
            carry: note(input.carry.clone()),
            scratch: note(input.scratch.clone()),
            ..StepOutput::default()
        };
        if phase == 1 {
            output.memory = note(input.memory.clone());
        }
        if phase == 2 {
            output.results = vec![NeuronResult::default(); input.neurons.len()];
            output.roster = if input.chunk + 1 == CHUNKS {
                vec![Uid(1), Uid(4)]
            } else {
                Vec::new()
            };
        }
        match self.break_at {
            Some((p, c, break_it)) if (p, c) == (phase, input.chunk) => break_it(&mut output),
            _ => (),
        }
        Ok(output)
    }
}

fn inputs() -> EpochInputs {
    let chunk = |len: usize| ChunkInputs {
        neurons: vec![Default::default(); len],
        rows: Rows::from_cells(&vec![9; len], len),
    };
    EpochInputs {
        header: EpochHeader {
            neurons: NEURONS,
            roster: vec![Uid(0)],
            ..header()
        },
        chunks: vec![chunk(2), chunk(2), chunk(1)],
        memory: vec![vec![70], vec![71], vec![72]],
    }
}

#[test]
fn carry_goes_from_step_to_step_and_scratch_from_phase_to_phase() {
    let trace = compute(&Listing::default(), &inputs()).expect("a trace");
    let last = trace.steps.last().expect("a step");
    assert_eq!(last.carry, [0, 1, 2, 10, 11, 12, 20, 21, 22]);
    assert_eq!(last.scratch, [2, 12, 22]);
    assert_eq!(trace.memory, [vec![70, 10], vec![71, 11], vec![72, 12]]);
    assert_eq!(
        trace.results.iter().map(Vec::len).collect::<Vec<_>>(),
        [2, 2, 1]
    );
    assert_eq!(
        (trace.roster.as_slice(), trace.timing.len()),
        (&[Uid(1), Uid(4)][..], 3)
    );
}

#[test]
fn the_assertion_binds_every_step_to_header_number_carry_and_scratch() {
    let inputs = inputs();
    let assertion = compute(&Listing::default(), &inputs)
        .expect("a trace")
        .assertion();
    let header = inputs.header.digest();
    assert_eq!(assertion.header_hash, header);
    assert_eq!(
        (
            assertion.steps.len(),
            assertion.memory.len(),
            assertion.results.len()
        ),
        (9, 3, 3)
    );
    let step = step_digest(
        &header,
        4,
        &carry_digest(&[0, 1, 2, 10, 11]),
        &scratch_digest(&[1, 11]),
    );
    assert_eq!(assertion.steps[4], step);
    assert_eq!(
        assertion.memory[2],
        memory_digest(NetUid(3), 8, 2, &[72, 12])
    );
    assert_eq!(
        assertion.results[2],
        results_digest(NetUid(3), 8, 2, &[NeuronResult::default()])
    );
}

#[test]
fn a_kernel_that_breaks_a_promise_is_found_out() {
    let cases: [(u8, u16, Break, BrokenPromise); 8] = [
        (
            0,
            0,
            |o| o.carry = vec![0; MAX_CARRY + 1],
            BrokenPromise::LongCarry(MAX_CARRY + 1),
        ),
        (
            1,
            2,
            |o| o.scratch = vec![0; MAX_SCRATCH + 1],
            BrokenPromise::LongScratch(MAX_SCRATCH + 1),
        ),
        (
            1,
            1,
            |o| o.memory = vec![0; MAX_MEMORY + 1],
            BrokenPromise::LongMemory(MAX_MEMORY + 1),
        ),
        (
            2,
            1,
            |o| o.memory = vec![0],
            BrokenPromise::UnexpectedMemory,
        ),
        (
            2,
            2,
            |o| o.results.push(NeuronResult::default()),
            BrokenPromise::ResultCount {
                given: 2,
                expected: 1,
            },
        ),
        (
            0,
            2,
            |o| o.results.push(NeuronResult::default()),
            BrokenPromise::ResultCount {
                given: 1,
                expected: 0,
            },
        ),
        (
            2,
            1,
            |o| o.roster = vec![Uid(0)],
            BrokenPromise::EarlyRoster,
        ),
        (
            2,
            2,
            |o| o.roster = vec![Uid(4), Uid(1)],
            BrokenPromise::BadRoster,
        ),
    ];
    for (phase, chunk, break_it, promise) in cases {
        let kernel = Listing {
            break_at: Some((phase, chunk, break_it)),
            unsound: false,
        };
        let found = compute(&kernel, &inputs()).expect_err("an error");
        let expected = ComputeError::BadOutput {
            phase,
            chunk,
            promise,
        };
        assert_eq!(found, expected);
    }
}

#[test]
fn an_attempt_has_every_step_before_the_one_that_fails() {
    let whole = compute(&Listing::default(), &inputs()).expect("a trace");
    let broken: [(u8, u16); 3] = [(0, 0), (1, 1), (2, 2)];
    for (phase, chunk) in broken {
        let kernel = Listing {
            break_at: Some((phase, chunk, |o| o.carry = vec![0; MAX_CARRY + 1])),
            unsound: false,
        };
        let Attempt { trace, failure } = attempt(&kernel, &inputs()).expect("an attempt");
        assert!(failure.expect("a failure").is_verdict());
        let done = usize::from(u16::from(phase) * CHUNKS + chunk);
        assert_eq!(trace.steps, whole.steps[..done]);
        let assertion = trace.assertion();
        assert_eq!(assertion.steps, whole.assertion().steps[..done]);
    }
}

#[test]
fn steps_before_one_that_the_kernel_refuses_are_kept() {
    struct Refusing(Listing);
    impl Engine for Refusing {
        fn plan(&self, header: &EpochHeader) -> Result<EpochPlan, EngineError> {
            self.0.plan(header)
        }
        fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
            if (input.phase, input.chunk) == (1, 2) {
                return Err(EngineError::Kernel(KernelError::BadMemory));
            }
            self.0.step(input)
        }
    }
    let whole = compute(&Listing::default(), &inputs()).expect("a trace");
    let Attempt { trace, failure } =
        attempt(&Refusing(Listing::default()), &inputs()).expect("an attempt");
    let failure = failure.expect("a failure");
    assert_eq!(failure.refusal(), Some(KernelError::BadMemory));
    assert!(failure.is_verdict());
    assert_eq!(trace.steps, whole.steps[..5]);
    assert_eq!(trace.memory, whole.memory[..2]);
}

#[test]
fn plan_and_inputs_must_fit() {
    let unsound = Listing {
        break_at: None,
        unsound: true,
    };
    assert_eq!(
        compute(&unsound, &inputs()).err(),
        Some(ComputeError::UnsoundPlan)
    );
    let mut inputs = inputs();
    inputs.memory.pop();
    assert_eq!(
        compute(&Listing::default(), &inputs).err(),
        Some(ComputeError::WrongChunks(2, 3))
    );
}

/// Returns the number of steps computed within `limits`, and the failure.
fn within(limits: &Limits) -> (usize, Option<ComputeError>) {
    let attempt = attempt_within(&Listing::default(), &inputs(), limits).expect("a plan");
    (attempt.trace.steps.len(), attempt.failure)
}

#[test]
fn steps_before_an_unknown_part_are_computed() {
    let whole = compute(&Listing::default(), &inputs()).expect("a trace");
    let memory_of = |chunk| Limits {
        unknown_memory: [chunk].into(),
        ..Limits::default()
    };
    let inputs_of = |chunk| Limits {
        unknown_inputs: [chunk].into(),
        ..Limits::default()
    };
    let unknown = |phase, chunk| Some(ComputeError::Unknown { phase, chunk });
    assert_eq!(within(&memory_of(0)), (3, unknown(1, 0)));
    assert_eq!(within(&memory_of(2)), (5, unknown(1, 2)));
    assert_eq!(within(&inputs_of(0)), (0, unknown(0, 0)));
    assert_eq!(within(&inputs_of(1)), (1, unknown(0, 1)));
    let mut other = inputs();
    other.memory[2] = vec![1, 2, 3];
    let partial = attempt_within(&Listing::default(), &other, &memory_of(2)).expect("a plan");
    assert_eq!(partial.trace.steps, whole.steps[..5]);
    assert_eq!(partial.trace.memory, whole.memory[..2]);
}

#[test]
fn an_epoch_out_of_time_keeps_its_first_steps() {
    let late = Limits {
        deadline: Some(Instant::now()),
        ..Limits::default()
    };
    let out_of_time = ComputeError::Step {
        phase: 0,
        chunk: 0,
        error: EngineError::OutOfTime,
    };
    assert!(out_of_time.is_of_this_machine());
    assert_eq!(within(&late), (0, Some(out_of_time)));
}
