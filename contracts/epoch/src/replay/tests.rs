//! A replay ends with the honest assertion, however its steps are spread over calls.

use super::*;
use crate::tests::honest::{honest, memory_left, run, small, Honest};
use inktensor_primitives::kernel::{KernelError, MAX_SCRATCH};
use proptest::prelude::*;

/// Runs `test` in a contract's environment.
fn in_contract(test: impl FnOnce()) {
    ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
        test();
        Ok(())
    })
    .unwrap();
}

/// Returns the memory that step `k` of `honest` reads, if any.
fn memory_of(honest: &Honest, k: u32) -> Option<Vec<u8>> {
    let input = honest.input(k);
    let reads = honest.closed.plan.phases[usize::from(input.phase)].memory;
    let there = usize::from(input.chunk) < honest.memory.len();
    (reads && there).then_some(input.memory)
}

fn hashes(honest: &Honest) -> Vec<Option<Digest>> {
    memory_left(honest).for_epoch(&honest.closed)
}

/// Executes the next step with the kernel of `honest`, whose output `bend` changes.
fn step(
    store: &mut ReplayStore,
    replay: &mut Replay,
    honest: &Honest,
    memory: Option<Vec<u8>>,
    bend: impl FnOnce(&mut StepOutput),
) -> Result<ExecutedStep, EpochError> {
    store.step(
        replay,
        &honest.closed,
        &hashes(honest),
        &mut memory.into_iter(),
        |_, chunk, _| Ok(honest.inputs[usize::from(chunk)].clone()),
        |input| {
            assert_eq!(input, honest.input(replay_next(&input, honest)));
            let mut output = run(&honest.closed, &input);
            bend(&mut output);
            Ok(output)
        },
    )
}

/// Returns the number of the step that reads `input`.
fn replay_next(input: &StepInput, honest: &Honest) -> u32 {
    let chunks = u32::from(honest.closed.chunks());
    u32::from(input.phase) * chunks + u32::from(input.chunk)
}

/// Executes one honest step.
fn honest_step(store: &mut ReplayStore, replay: &mut Replay, honest: &Honest) -> ExecutedStep {
    let memory = memory_of(honest, replay.next());
    step(store, replay, honest, memory, |_| ()).unwrap()
}

/// Returns true if storage has nothing of a replay.
fn is_empty(store: &ReplayStore, honest: &Honest) -> bool {
    let netuid = honest.closed.header.netuid;
    !store.progress.contains(netuid)
        && carry_parts().all(|part| !store.carries.contains((netuid, part)))
        && (0..honest.closed.chunks()).all(|chunk| !store.scratches.contains((netuid, chunk)))
}

proptest! {
    /// The assertion is the same to the bit for any number of steps per call, and nothing is left
    /// in storage.
    #[test]
    fn ends_with_the_honest_assertion(
        honest in honest(),
        calls in prop::collection::vec(1u32..5, 64),
    ) {
        in_contract(|| {
            let netuid = honest.closed.header.netuid;
            let mut store = ReplayStore::default();
            let (mut memory, mut results) = (Vec::new(), Vec::new());
            for steps in calls {
                let mut replay = store.resume(netuid);
                for _ in 0..steps {
                    if replay.next() == honest.closed.steps() {
                        break;
                    }
                    let step = honest_step(&mut store, &mut replay, &honest);
                    memory.extend(Some(step.memory).filter(|it| !it.is_empty()));
                    results.extend(step.results);
                }
                store.pause(netuid, &replay);
                if replay.next() == honest.closed.steps() {
                    assert!((0..honest.closed.chunks())
                        .all(|chunk| !store.scratches.contains((netuid, chunk))));
                    assert_eq!(replay.finish(&honest.closed), Ok(honest.assertion.clone()));
                    let outputs = |writes: fn(&StepOutput) -> bool| {
                        honest.outputs.iter().filter(move |output| writes(output))
                    };
                    let left: Vec<_> = outputs(|it| !it.memory.is_empty())
                        .map(|it| it.memory.clone())
                        .collect();
                    assert_eq!(memory, left);
                    let paid: Vec<_> = outputs(|it| !it.results.is_empty())
                        .map(|it| it.results.clone())
                        .collect();
                    assert_eq!(results, paid);
                    store.remove(netuid, honest.closed.chunks());
                    assert!(is_empty(&store, &honest));
                    return;
                }
            }
            panic!("64 calls are enough");
        });
    }

    /// A replay that is removed at any step leaves nothing in storage.
    #[test]
    fn is_removed_at_any_step(honest in honest(), stop in any::<prop::sample::Index>()) {
        in_contract(|| {
            let netuid = honest.closed.header.netuid;
            let mut store = ReplayStore::default();
            let mut replay = store.resume(netuid);
            for _ in 0..stop.index(honest.outputs.len()) {
                honest_step(&mut store, &mut replay, &honest);
            }
            store.pause(netuid, &replay);
            store.remove(netuid, honest.closed.chunks());
            assert!(is_empty(&store, &honest));
            assert_eq!(store.resume(netuid), Replay::default());
        });
    }

    /// The fees sum to the pot, however the steps are shared.
    #[test]
    fn the_whole_pot_is_earned(
        pot in 0..=Rao::CAP.0,
        parts in prop::collection::vec(0u32..100, 1..20),
    ) {
        let all: u32 = parts.iter().sum();
        prop_assume!(all > 0);
        let (mut done, mut paid) = (0, 0);
        for steps in parts {
            paid += fee(Rao(pot), done, done + steps, all).0;
            done += steps;
            let exact = u128::from(pot) * u128::from(done) / u128::from(all);
            prop_assert_eq!(u128::from(paid), exact);
        }
        prop_assert_eq!(paid, pot);
    }
}

#[test]
fn an_epoch_without_steps_earns_nothing() {
    assert_eq!(fee(Rao(5), 0, 0, 0), Rao::ZERO);
}

#[test]
fn wrong_memory_is_refused() {
    in_contract(|| {
        let honest = small();
        let mut store = ReplayStore::default();
        let mut replay = store.resume(honest.closed.header.netuid);
        let good = memory_of(&honest, 0).unwrap();
        let long = [&good[..], &[0]].concat();
        for bad in [None, Some(Vec::new()), Some(long)] {
            let mut attempt = replay.clone();
            assert_eq!(
                step(&mut store, &mut attempt, &honest, bad, |_| ()),
                Err(EpochError::OpeningMismatch(Opening::Memory))
            );
        }
        assert!(step(&mut store, &mut replay, &honest, Some(good), |_| ()).is_ok());
    });
}

#[test]
fn a_step_after_the_last_is_refused() {
    in_contract(|| {
        let honest = small();
        let mut store = ReplayStore::default();
        let mut replay = store.resume(honest.closed.header.netuid);
        for _ in 0..4 {
            honest_step(&mut store, &mut replay, &honest);
        }
        assert_eq!(
            step(&mut store, &mut replay, &honest, None, |_| ()),
            Err(EpochError::StepOutOfRange(4))
        );
    });
}

/// An output that no honest worker asserts cannot become final by a replay either.
#[test]
fn a_broken_promise_is_refused() {
    in_contract(|| {
        let honest = small();
        let bends: [fn(&mut StepOutput); 4] = [
            |it| it.carry = vec![0; MAX_CARRY + 1],
            |it| it.scratch = vec![0; MAX_SCRATCH + 1],
            |it| it.roster = vec![Uid(0)],
            |it| it.results = vec![NeuronResult::default()],
        ];
        for bend in bends {
            let mut store = ReplayStore::default();
            let mut replay = store.resume(honest.closed.header.netuid);
            let memory = memory_of(&honest, 0);
            assert_eq!(
                step(&mut store, &mut replay, &honest, memory, bend),
                Err(EpochError::BrokenPromise)
            );
        }
    });
}

#[test]
fn more_permits_than_there_are_are_refused() {
    in_contract(|| {
        let mut closed = small().closed;
        closed.header.max_validators = 2;
        let honest = Honest::compute(closed, 2, 9);
        let mut store = ReplayStore::default();
        let mut replay = store.resume(honest.closed.header.netuid);
        for _ in 0..3 {
            honest_step(&mut store, &mut replay, &honest);
        }
        let seats = |it: &mut StepOutput| it.roster = vec![Uid(0), Uid(1), Uid(2)];
        step(&mut store, &mut replay, &honest, None, seats).unwrap();
        assert_eq!(replay.finish(&honest.closed), Err(EpochError::BadShape));
    });
}

#[test]
fn an_error_of_the_kernel_is_returned() {
    in_contract(|| {
        let honest = small();
        let mut store = ReplayStore::default();
        let mut replay = store.resume(honest.closed.header.netuid);
        for error in [
            EpochError::Kernel(KernelError::BadInputs),
            EpochError::KernelFailed,
            EpochError::KernelTrapped,
            EpochError::KernelChanged,
        ] {
            let refused = store.step(
                &mut replay,
                &honest.closed,
                &hashes(&honest),
                &mut memory_of(&honest, 0).into_iter(),
                |_, chunk, _| Ok(honest.inputs[usize::from(chunk)].clone()),
                |_| Err(error.clone()),
            );
            assert_eq!(refused, Err(error));
        }
    });
}

/// The largest carry is stored in parts that fit a value; a shorter one after it leaves none of
/// them behind.
#[test]
fn a_carry_of_any_length_is_stored_whole() {
    in_contract(|| {
        let netuid = NetUid(3);
        let mut store = ReplayStore::default();
        for len in [MAX_CARRY, CARRY_PART + 1, CARRY_PART, 1, 0] {
            let carry: Vec<u8> = (0u8..=255).cycle().take(len).collect();
            let replay = Replay {
                carry,
                ..Replay::default()
            };
            store.pause(netuid, &replay);
            assert_eq!(store.resume(netuid), replay);
        }
    });
}
