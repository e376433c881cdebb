//! The native kernel and the built one are the same function: equal digests of every step, memory
//! and result.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use inktensor_compute::{
    engine::{native::Native, wasm::WasmKernel, Engine, EngineError},
    epoch::{compute, EpochInputs},
    vectors::Params,
};
use proptest::prelude::*;
use std::sync::{Arc, OnceLock};
use support::{
    built_kernel, inputs,
    metagraph::{metagraph, odd_metagraph, plain_params, Shape},
    untrusted_kernel,
};

prop_compose! {
    fn params(validators: u16)(
        yuma3: bool,
        liquid_alpha: bool,
        commit_reveal: bool,
        kappa in prop_oneof![Just(32_767), Just(0), Just(65_535), any::<u16>()],
        bonds_penalty in prop_oneof![Just(65_535), Just(0), any::<u16>()],
        bonds_moving_average in prop_oneof![Just(900_000), Just(0), Just(1_000_000), 0..=1_000_000u64],
        alpha_low: u16,
        alpha_high: u16,
        alpha_sigmoid_steepness: i16,
        max_allowed_validators in 0..=validators.saturating_add(8),
        min_stake in prop_oneof![Just(0), 0..1u64 << 50],
        previous in prop_oneof![Just(0), 999_000..999_999u64],
        owner in prop_oneof![Just(None), (0..1_000u16).prop_map(Some)]
    ) -> Params {
        Params {
            yuma3, liquid_alpha, commit_reveal, kappa, bonds_penalty, bonds_moving_average, alpha_low, alpha_high,
            alpha_sigmoid_steepness, max_allowed_validators, min_stake,
            last_mechanism_step_block: previous,
            owner_uid: owner,
            ..plain_params(validators)
        }
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    let neurons = prop_oneof![1..=6u16, 60..=70u16, 1..=300u16];
    let validators = prop_oneof![0..=4u16, 0..=40u16];
    let density = prop_oneof![Just(100), Just(0), 1..=100u64];
    (neurons, validators, density, any::<u64>()).prop_flat_map(
        |(neurons, validators, density, seed)| {
            params(validators).prop_map(move |params| {
                let owner_uid = params.owner_uid.map(|uid| uid % neurons);
                Shape {
                    seed,
                    neurons,
                    validators,
                    density,
                    params: Params {
                        owner_uid,
                        ..params
                    },
                }
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn native_equals_wasmtime(shape in shape()) {
        let native = Native::new();
        let inputs = inputs(&native, &odd_metagraph(&shape));
        let a = compute(&native, &inputs).expect("a trace");
        // In groups, and step by step.
        for wasm in [built_kernel_once(), untrusted_kernel_once()] {
            let b = compute(wasm, &inputs).expect("a trace");
            prop_assert_eq!(a.assertion().digest(), b.assertion().digest());
            prop_assert_eq!(&a.steps, &b.steps);
            prop_assert_eq!(&a.memory, &b.memory);
            prop_assert_eq!(&a.results, &b.results);
            prop_assert_eq!(&a.roster, &b.roster);
        }
    }
}

/// Compiling the kernel for each case would take longer than the cases.
fn built_kernel_once() -> &'static WasmKernel {
    static KERNEL: OnceLock<Arc<WasmKernel>> = OnceLock::new();
    KERNEL.get_or_init(built_kernel)
}

fn untrusted_kernel_once() -> &'static WasmKernel {
    static KERNEL: OnceLock<Arc<WasmKernel>> = OnceLock::new();
    KERNEL.get_or_init(untrusted_kernel)
}

/// A group must fit the kernel's memory and ink!'s buffer, or each step is computed twice.
#[test]
fn steps_of_every_size_are_computed_in_groups() {
    let shapes = [
        (4096, 257, 100),
        (700, 129, 97),
        (4096, 257, 1),
        (4096, 64, 1),
        (4096, 1, 100),
        (4096, 0, 100),
    ];
    for (neurons, validators, density) in shapes {
        for (yuma3, liquid_alpha) in [(true, false), (true, true), (false, false)] {
            let shape = Shape::with_permits(neurons, validators, density, 256);
            let params = Params {
                yuma3,
                liquid_alpha,
                ..shape.params
            };
            let inputs = inputs(&Native::new(), &metagraph(&Shape { params, ..shape }));
            let kernel = built_kernel_once();
            compute(kernel, &inputs).expect("a trace");
            assert!(kernel.in_groups(), "{neurons} x {validators}, {density} %");
        }
    }
    assert!(!untrusted_kernel_once().in_groups());
}

#[test]
fn all_cores_agree_with_one() {
    // More work than one core computes alone, in sparse and in dense rows.
    for (neurons, density) in [(4096, 10), (1100, 70)] {
        let vector = metagraph(&Shape::plain(neurons, 64, density));
        let engines = [Native::on_one_core(), Native::new()];
        let [one, all] = engines.map(|engine| support::trace(&engine, &vector).assertion());
        assert_eq!(one, all);
    }
}

#[test]
fn the_largest_subnet_agrees() {
    let native = Native::new();
    let inputs = inputs(&native, &metagraph(&Shape::plain(4096, 64, 100)));
    let a = compute(&native, &inputs).expect("a trace").assertion();
    let b = compute(built_kernel_once(), &inputs)
        .expect("a trace")
        .assertion();
    assert_eq!(a, b);
}

/// A false assertion that was not disputed can leave any bytes. They count as no memory.
#[test]
fn bytes_that_are_no_memory_count_as_none_in_both() {
    let native = Native::new();
    let mut garbled = inputs(&native, &metagraph(&Shape::plain(130, 8, 100)));
    garbled.memory[1] = vec![1, 2, 3];
    let mut none = garbled.clone();
    none.memory[1] = Vec::new();
    let outcome = |inputs: &EpochInputs| {
        let a = compute(&native, inputs).expect("a trace");
        let b = compute(built_kernel_once(), inputs).expect("a trace");
        assert_eq!(a.assertion(), b.assertion());
        a.results
    };
    assert_eq!(outcome(&garbled), outcome(&none));
}

#[test]
fn both_refuse_the_same_inputs_at_the_same_place() {
    let native = Native::new();
    let good = inputs(&native, &metagraph(&Shape::plain(130, 8, 100)));
    let break_it: [fn(&mut EpochInputs); 3] = [
        |inputs| inputs.header.params.push(0),
        |inputs| inputs.chunks[2].neurons.truncate(1),
        |inputs| inputs.chunks[1].rows.push(0, []),
    ];
    for broken in break_it {
        let mut inputs = good.clone();
        broken(&mut inputs);
        let a = compute(&native, &inputs).expect_err("a refusal");
        let b = compute(built_kernel_once(), &inputs).expect_err("a refusal");
        assert_eq!(a, b);
        assert!(a.refusal().is_some(), "{a}");
    }
    let mut inputs = good;
    inputs.header.params.clear();
    let refused = native.plan(&inputs.header);
    assert!(matches!(refused, Err(EngineError::Kernel(_))));
    assert_eq!(refused, built_kernel_once().plan(&inputs.header));
}
