//! The mean kernel natively and as built: the same answers, also to inputs that no chain produces,
//! and never a trap.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use inktensor_client::deploy::Bundle;
use inktensor_compute::{
    engine::{
        check::check,
        native::Mean,
        wasm::{Wasm, WasmKernel},
        Engine, EngineError, PhaseJob,
    },
    epoch::{compute, EpochInputs},
};
use inktensor_primitives::{
    hash::blake2,
    kernel::{Budget, Rows, StepInput},
    Rao, Uid,
};
use proptest::prelude::*;
use std::sync::{Arc, OnceLock};
use support::metagraph::{odd_metagraph, Shape};

fn bundle() -> Bundle {
    Bundle::find("mean").unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the built kernel in wasmtime, as one from elsewhere and as workers trust it.
fn built() -> [&'static WasmKernel; 2] {
    static KERNELS: OnceLock<[Arc<WasmKernel>; 2]> = OnceLock::new();
    let kernels = KERNELS.get_or_init(|| {
        let code = bundle().code;
        let hash = blake2(&code);
        let trusting = Wasm::new().and_then(|wasm| wasm.trusting(hash));
        [Wasm::new(), trusting]
            .map(|wasm| wasm.and_then(|wasm| wasm.load(&code, &hash)))
            .map(|kernel| kernel.expect("the built kernel loads"))
    });
    kernels.each_ref().map(|kernel| &**kernel)
}

fn inputs(shape: &Shape, split: bool) -> EpochInputs {
    let vector = odd_metagraph(shape);
    let mut header = vector.header([7; 32]);
    header.params.clear();
    if split {
        let half = Rao(header.budget.total().0 / 2);
        header.budget = Budget::Split {
            miners: half,
            validators: half,
        };
    }
    let plan = Mean.plan(&header).expect("a plan");
    vector.inputs(header, &plan)
}

fn shape() -> impl Strategy<Value = Shape> {
    let neurons = prop_oneof![1..=6u16, 60..=70u16, 1..=200u16];
    (neurons, 0..=30u16, 0..=100u64, any::<u64>()).prop_map(
        |(neurons, validators, density, seed)| Shape {
            seed,
            ..Shape::plain(neurons, validators, density)
        },
    )
}

/// Returns the input of every step of the epoch.
fn steps(inputs: &EpochInputs) -> Vec<StepInput> {
    let plan = Mean.plan(&inputs.header).expect("a plan");
    let (mut carry, mut scratch) = (Vec::new(), vec![Vec::new(); inputs.chunks.len()]);
    let mut steps = Vec::new();
    for (phase, reads) in (0..).zip(&plan.phases) {
        for chunk in 0..plan.chunks(inputs.header.neurons) {
            let scratches: Vec<&[u8]> = scratch.iter().map(Vec::as_slice).collect();
            let job = PhaseJob {
                header: &inputs.header,
                reads: *reads,
                phase,
                carry: &[],
                scratch: &scratches,
                memory: &inputs.memory,
                inputs: &inputs.chunks,
                deadline: None,
            };
            let input = job.input(chunk, carry);
            let output = Mean.step(&input).expect("an honest step");
            carry = output.carry;
            scratch[usize::from(chunk)] = output.scratch;
            steps.push(input);
        }
    }
    steps
}

/// A change that makes an input differ from the chain's.
fn change(input: &mut StepInput, what: u8, place: usize, value: u64) {
    fn set<T>(items: &mut [T], place: usize, value: T) {
        let count = items.len().max(1);
        if let Some(item) = items.get_mut(place % count) {
            *item = value;
        }
    }
    let [byte, ..] = value.to_le_bytes();
    let small = u16::try_from(value % 65_536).unwrap();
    match what % 10 {
        0 => set(&mut input.carry, place, byte),
        1 => input.carry.truncate(place % (input.carry.len() + 1)),
        2 => set(&mut input.scratch, place, byte),
        3 => {
            let width = input.neurons.len().max(1);
            let mut cells = input.rows.cells(width);
            set(&mut cells, place, small);
            input.rows = Rows::from_cells(&cells, width);
        }
        4 => set(&mut input.header.roster, place, Uid(small)),
        5 => input.header.max_validators = small % 4,
        6 => input.chunk = small % 5,
        7 => input.phase = byte % 6,
        8 => {
            let count = input.neurons.len().max(1);
            if let Some(neuron) = input.neurons.get_mut(place % count) {
                neuron.stake = value;
            }
        }
        _ => input.header.budget = Budget::Combined(Rao(value)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn native_equals_wasmtime(shape in shape(), split: bool) {
        let inputs = inputs(&shape, split);
        let a = compute(&Mean, &inputs).expect("a trace");
        for built in built() {
            let b = compute(built, &inputs).expect("a trace");
            prop_assert_eq!(a.assertion().digest(), b.assertion().digest());
            prop_assert_eq!(&a.steps, &b.steps);
            prop_assert_eq!(&a.results, &b.results);
            prop_assert_eq!(&a.roster, &b.roster);
        }
        let paid: u64 = a.neurons().map(|result| result.emission.0).sum();
        prop_assert!(paid <= inputs.header.budget.total().0);
    }

    /// Answers to any input are the same too, and no step traps.
    #[test]
    fn changed_inputs_have_the_same_answer(
        shape in shape(),
        at in any::<proptest::sample::Index>(),
        changes in proptest::collection::vec((any::<u8>(), any::<usize>(), any::<u64>()), 1..5),
    ) {
        let steps = steps(&inputs(&shape, true));
        let mut input = steps[at.index(steps.len())].clone();
        for (what, place, value) in changes {
            change(&mut input, what, place, value);
        }
        let native = Mean.step(&input);
        prop_assert!(matches!(native, Ok(_) | Err(EngineError::Kernel(_))), "{:?}", native);
        for built in built() {
            prop_assert_eq!(&native, &built.step(&input));
        }
    }
}

#[test]
fn the_built_kernel_is_acceptable() {
    let code = bundle().code;
    let report = check(&code).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(report.code_hash, blake2(&code));
}

#[test]
fn the_largest_subnet_agrees() {
    let inputs = inputs(&Shape::plain(4096, 128, 100), true);
    let a = compute(&Mean, &inputs).expect("a trace").assertion();
    for built in built() {
        let b = compute(built, &inputs).expect("a trace").assertion();
        assert_eq!(a, b);
    }
}

/// A group must fit the kernel's memory and ink!'s buffer, or each step is computed twice.
#[test]
fn steps_of_every_size_are_computed_in_groups() {
    let [untrusted, trusted] = built();
    for (validators, density) in [(0, 100), (1, 100), (129, 100), (128, 1)] {
        let inputs = inputs(&Shape::with_permits(4096, validators, density, 128), true);
        compute(trusted, &inputs).expect("a trace");
        assert!(trusted.in_groups(), "{validators}, {density} %");
    }
    assert!(!untrusted.in_groups());
}
