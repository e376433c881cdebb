use super::*;
use crate::kernel::PhasePlan;
use ink::prelude::vec;

/// Two phases over chunks of 4 uids; the first writes memory, the second results.
fn plan() -> EpochPlan {
    let phase = PhasePlan {
        rows: false,
        stake: false,
        memory: false,
    };
    EpochPlan {
        chunk: 4,
        phases: vec![phase, phase],
        memory_phase: 0,
        results_phase: 1,
    }
}

const NEURONS: u16 = 6;

fn check(phase: u8, chunk: u16, output: StepOutput) -> Result<(), BrokenPromise> {
    output.check(&plan(), NEURONS, phase, chunk)
}

fn results(count: usize) -> Vec<NeuronResult> {
    vec![NeuronResult::default(); count]
}

/// The output of the last step, with `roster`.
fn last(roster: &[u16]) -> StepOutput {
    StepOutput {
        results: results(2),
        roster: roster.iter().copied().map(Uid).collect(),
        ..StepOutput::default()
    }
}

#[test]
fn bytes_up_to_the_limits_are_allowed() {
    let output = StepOutput {
        carry: vec![1; MAX_CARRY],
        scratch: vec![2; MAX_SCRATCH],
        memory: vec![3; MAX_MEMORY],
        ..StepOutput::default()
    };
    assert_eq!(check(0, 0, output.clone()), Ok(()));
    let mut long = output.clone();
    long.carry.push(0);
    assert_eq!(
        check(0, 0, long),
        Err(BrokenPromise::LongCarry(MAX_CARRY + 1))
    );
    let mut long = output.clone();
    long.scratch.push(0);
    assert_eq!(
        check(0, 0, long),
        Err(BrokenPromise::LongScratch(MAX_SCRATCH + 1))
    );
    let mut long = output;
    long.memory.push(0);
    assert_eq!(
        check(0, 0, long),
        Err(BrokenPromise::LongMemory(MAX_MEMORY + 1))
    );
}

#[test]
fn memory_is_written_in_the_memory_phase_only() {
    let with_memory = |count| StepOutput {
        memory: vec![1],
        results: results(count),
        ..StepOutput::default()
    };
    assert_eq!(check(0, 1, with_memory(0)), Ok(()));
    assert_eq!(
        check(1, 0, with_memory(4)),
        Err(BrokenPromise::UnexpectedMemory)
    );
}

#[test]
fn each_neuron_of_the_chunk_has_one_result_in_the_results_phase() {
    let with_results = |count| StepOutput {
        results: results(count),
        ..StepOutput::default()
    };
    for (phase, chunk, expected) in [(0, 0, 0), (0, 1, 0), (1, 0, 4), (1, 1, 2)] {
        for given in 0..6 {
            let refused = Err(BrokenPromise::ResultCount { given, expected });
            let allowed = given == usize::from(expected);
            assert_eq!(
                check(phase, chunk, with_results(given)),
                if allowed { Ok(()) } else { refused }
            );
        }
    }
}

#[test]
fn the_last_step_alone_writes_a_roster() {
    assert_eq!(check(1, 1, last(&[0, 2, 5])), Ok(()));
    assert_eq!(check(1, 1, last(&[])), Ok(()));
    let mut early = last(&[0]);
    early.results = results(4);
    assert_eq!(check(1, 0, early), Err(BrokenPromise::EarlyRoster));
    let mut early = last(&[0]);
    early.results = results(0);
    assert_eq!(check(0, 1, early), Err(BrokenPromise::EarlyRoster));
}

#[test]
fn a_roster_ascends_within_the_neurons() {
    for roster in [&[0, 0][..], &[2, 1], &[6], &[1, 6], &[u16::MAX]] {
        assert_eq!(check(1, 1, last(roster)), Err(BrokenPromise::BadRoster));
    }
}

#[test]
fn the_first_broken_promise_is_returned() {
    let output = StepOutput {
        memory: vec![1],
        results: results(1),
        roster: vec![Uid(9)],
        ..StepOutput::default()
    };
    assert_eq!(check(1, 0, output), Err(BrokenPromise::UnexpectedMemory));
}

#[test]
fn texts_have_the_value_and_the_limit() {
    assert_eq!(
        BrokenPromise::LongCarry(16_385).to_string(),
        "the carry has 16385 bytes, more than the limit of 16384"
    );
    let broken = BrokenPromise::ResultCount {
        given: 3,
        expected: 4,
    };
    assert_eq!(
        broken.to_string(),
        "there are 3 results, and 4 are required"
    );
}
