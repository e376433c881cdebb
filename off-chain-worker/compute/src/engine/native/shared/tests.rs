//! Threads that come and go at any moment.

#[allow(dead_code)]
#[path = "../../../../tests/support/metagraph.rs"]
mod metagraph;

use super::*;
use crate::epoch::EpochInputs;
use inktensor_primitives::kernel::EpochPlan;
use metagraph::{odd_metagraph, Shape};
use proptest::prelude::*;
use std::{
    panic::{catch_unwind, AssertUnwindSafe},
    thread,
    time::Duration,
};

/// An epoch and its plan.
struct Given {
    inputs: EpochInputs,
    plan: EpochPlan,
}

impl Given {
    fn new(neurons: u16, validators: u16, density: u64, seed: u64) -> Self {
        let vector = odd_metagraph(&Shape {
            seed,
            ..Shape::plain(neurons, validators, density)
        });
        let header = vector.header([7; 32]);
        let plan = inktensor_yuma::plan(&header).unwrap();
        Self {
            inputs: vector.inputs(header, &plan),
            plan,
        }
    }

    fn job(&self) -> EpochJob<'_> {
        EpochJob {
            header: &self.inputs.header,
            plan: &self.plan,
            memory: &self.inputs.memory,
            inputs: &self.inputs.chunks,
            deadline: None,
        }
    }
}

/// Returns a pause of a thread before each chunk: none, or one of up to some microseconds.
fn pauses(seed: u64) -> impl Fn() + Send {
    let state = AtomicUsize::new(usize::try_from(seed % 997).unwrap());
    move || {
        let number = state.fetch_add(389, Ordering::Relaxed) % 997;
        match number % 5 {
            0 => thread::sleep(Duration::from_micros(number as u64 / 10)),
            1 => thread::yield_now(),
            _ => (),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn threads_at_any_pace_give_the_bytes_of_one(
        neurons in 1..800u16,
        validators in 0..20u16,
        density in 1..=100u64,
        seed: u64,
        late in prop::collection::vec(0..400u64, 0..4),
        more in 0..3usize,
    ) {
        let given = Given::new(neurons, validators, density, seed);
        let expected = compute(&given.job(), Help::default()).expect("an epoch").outputs;
        // There may be room for threads that never come.
        let shared = Shared::new(&given.job(), late.len() + more).expect("an epoch");
        let ends = thread::scope(|scope| {
            for late in &late {
                let (shared, pause) = (&shared, pauses(seed ^ late));
                scope.spawn(move || {
                    thread::sleep(Duration::from_micros(*late));
                    shared.help(&pause);
                });
            }
            shared.lead(&pauses(seed))
        });
        let found = shared.finish(Instant::now(), &ends.expect("an epoch"));
        prop_assert_eq!(found.outputs, expected);
    }
}

#[test]
fn a_step_that_fails_ends_the_epoch_for_all() {
    for broken in 0..9 {
        let mut given = Given::new(64 * 9, 5, 50, 1);
        given.inputs.chunks[broken].rows.push(0, []);
        let shared = Shared::new(&given.job(), 2).expect("an epoch");
        let ends = thread::scope(|scope| {
            for seed in 0..2 {
                let (shared, pause) = (&shared, pauses(seed));
                scope.spawn(move || shared.help(&pause));
            }
            shared.lead(&pauses(2))
        });
        assert!(ends.is_none());
    }
}

#[test]
fn a_thread_that_panics_leaves_nobody_waiting() {
    for last in 0..20 {
        let given = Given::new(64 * 9, 5, 50, 1);
        let shared = Shared::new(&given.job(), 1).expect("an epoch");
        let left = AtomicUsize::new(last);
        let ends = thread::scope(|scope| {
            scope.spawn(|| {
                let panics = || {
                    let taken = left.fetch_sub(1, Ordering::Relaxed);
                    assert_ne!(taken, 0, "a thread that panics");
                };
                catch_unwind(AssertUnwindSafe(|| shared.help(&panics))).ok();
            });
            let start = Instant::now();
            shared.lead(&|| {
                thread::sleep(Duration::from_micros(50));
                // At least one time the thread panics while the other one works.
                while last == 0
                    && left.load(Ordering::Relaxed) == 0
                    && start.elapsed() < Duration::from_secs(30)
                {
                    thread::yield_now();
                }
            })
        });
        // The thread may have come too late to take so many chunks.
        let panicked = left.load(Ordering::Relaxed) == usize::MAX;
        assert!(ends.is_none() || !panicked);
        assert!(panicked || last > 0);
    }
}

#[test]
fn inputs_that_are_not_of_the_plan_are_refused() {
    let given = Given::new(200, 5, 50, 1);
    let mut other = given.plan.clone();
    other.chunk = 32;
    let fewer = &given.inputs.chunks[1..];
    for job in [
        EpochJob {
            plan: &other,
            ..given.job()
        },
        EpochJob {
            inputs: fewer,
            ..given.job()
        },
    ] {
        assert!(compute(&job, Help::default()).is_none());
    }
}
