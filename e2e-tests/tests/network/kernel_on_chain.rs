//! The kernel's steps on the chain: the deployed contract returns what the native crate and
//! wasmtime return.

use inktensor_compute::{
    engine::{native::Native, Engine},
    epoch::{EpochInputs, Trace},
    vectors::{self, Outcome},
};
use inktensor_e2e_tests::{
    bundles, engines,
    network::{opinion, BLOCK_PROOF, BLOCK_TIME},
    steps::{step_input, step_output},
    Network, Shape,
};
use inktensor_primitives::{
    hash::blake2,
    kernel::{KernelError, StepInput},
    registry::Hyperparameter,
    Uid, MAX_VALIDATORS,
};
use serde_json::json;
use std::{fs, path::Path};

/// Vectors that are small enough for an interpreter. Together they cover Yuma2 and Yuma3, liquid
/// alpha, commit-reveal, an owner, penalties, no validator, and one to three chunks.
const SELECTION: [&str; 14] = [
    "random-7000-n1-v1",
    "random-7002-n4-v2",
    "random-7003-n8-v4",
    "random-7008-n100-v64",
    "random-7009-n130-v32",
    "random-7012-n4-v2",
    "random-7018-n100-v64",
    "random-7019-n130-v32",
    "random-7027-n65-v16",
    "random-7031-n2-v1",
    "random-7046-n64-v16",
    "random-8003-n64-v16",
    "random-8009-n65-v16",
    "random-8017-n33-v9",
];

/// The name of a change to a step's input, the kernel's error, and the change.
type Bend = (&'static str, KernelError, fn(&mut StepInput));

/// Runs every step of `inputs` on the chain and compares it with both engines off the chain.
fn assert_same_on_chain(net: &Network, inputs: &EpochInputs) -> Trace {
    let code = &bundles().yuma.code;
    let trace = engines::compute_twice(&engines::wasm(code, &blake2(code)), inputs);
    assert_eq!(net.kernel_plan(&inputs.header), Ok(trace.plan.clone()));
    for k in 0..trace.steps.len() {
        let on_chain = net.kernel_step(step_input(inputs, &trace, k));
        assert_eq!(on_chain, Ok(step_output(inputs, &trace, k)), "step {k}");
    }
    trace
}

#[test]
fn step_matches_the_vectors_on_chain() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/kernels/yuma/vectors/yuma.jsonl");
    let text = fs::read_to_string(&path).expect("the vectors");
    let all = vectors::read("yuma.jsonl", &text).expect("the vectors are sound");
    let net = Network::deploy();
    let code = blake2(&bundles().yuma.code);
    for name in SELECTION {
        let vector = &all
            .iter()
            .find(|it| it.vector.name.as_deref() == Some(name))
            .unwrap_or_else(|| panic!("no vector {name}"))
            .vector;
        let header = vector.header(code);
        let plan = Native::new().plan(&header).expect("a plan");
        let trace = assert_same_on_chain(&net, &vector.inputs(header, &plan));
        let outcome = Outcome::of(&trace).expect("readable memory");
        let expected = vector.expected.as_ref().expect("expectations");
        assert_eq!(&outcome, expected, "{name}");
    }
}

#[test]
fn step_matches_the_chains_own_epochs() {
    for settings in [
        vec![],
        vec![Hyperparameter::Yuma3(false)],
        vec![Hyperparameter::LiquidAlpha(true)],
    ] {
        let mut net = Network::deploy();
        let netuid = net.create(Shape {
            seats: 128,
            settings,
            ..Shape::default()
        });
        net.with_validators(netuid, 3).with_miners(netuid, 66);
        for _ in 0..3 {
            net.close(netuid);
            let inputs = net.inputs(netuid);
            assert_same_on_chain(&net, &inputs);
            net.assert_epoch(netuid);
            net.finalize(netuid);
            net.settle(netuid);
            net.honest_weights(netuid);
        }
    }
}

/// Returns an epoch of 192 neurons with all permits and full rows.
pub fn largest_steps() -> EpochInputs {
    let neurons: Vec<_> = (0..192u64)
        .map(|uid| {
            json!({
                "commit_block": null, "last_update": 9_000 + uid % 7, "registered_at": 100 + uid,
                "stake": 1_000_000_000_000 + uid * 7_777_777_777, "validator_permit": uid < u64::from(MAX_VALIDATORS),
            })
        })
        .collect();
    let row = |of: u16, salt: u16| {
        let cells = (0..192u16).map(|uid| (uid, 1 + opinion(Uid(of), Uid(uid)).wrapping_mul(salt)));
        json!([of, cells.collect::<Vec<_>>()])
    };
    let owner = 191;
    let roster: Vec<_> = (0..MAX_VALIDATORS).chain([owner]).collect();
    let vector = json!({ "name": "largest", "input": {
        "params": {
            "activity_cutoff": 5_000, "alpha_high": 58_982, "alpha_low": 45_875, "alpha_sigmoid_steepness": 1_000,
            "bonds_moving_average": 900_000, "bonds_penalty": 32_768, "commit_reveal": true, "current_block": 10_000,
            "kappa": 32_767, "last_mechanism_step_block": 9_900, "liquid_alpha": true,
            "max_allowed_validators": MAX_VALIDATORS, "min_stake": 0, "owner_uid": owner,
            "rao_emission": 100_000_000_000u64, "tempo": 99, "yuma3": true,
        },
        "neurons": neurons,
        "weights": roster.iter().map(|uid| row(*uid, 61)).collect::<Vec<_>>(),
        "bonds": roster.iter().map(|uid| row(*uid, 37)).collect::<Vec<_>>(),
    }});
    let [located] = vectors::read("largest", &vector.to_string())
        .expect("it is sound")
        .try_into()
        .expect("one object");
    let header = located.vector.header(blake2(&bundles().yuma.code));
    let plan = Native::new().plan(&header).expect("a plan");
    located.vector.inputs(header, &plan)
}

#[test]
fn largest_step_fits_a_quarter_of_a_block() {
    let net = Network::deploy();
    let inputs = largest_steps();
    assert_eq!(inputs.header.roster.len(), usize::from(MAX_VALIDATORS) + 1);
    let trace = assert_same_on_chain(&net, &inputs);
    for k in 0..trace.steps.len() {
        let costs = net.kernel_step_costs(step_input(&inputs, &trace, k));
        for cost in [costs.v31.total, costs.v38.total] {
            assert!(cost.ref_time < BLOCK_TIME / 4, "step {k}: {cost:?}");
            assert!(cost.proof_size < BLOCK_PROOF / 4, "step {k}: {cost:?}");
        }
    }
}

#[test]
fn step_refuses_bad_inputs_like_the_other_engines() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 1).with_miners(netuid, 2);
    net.close(netuid);
    let inputs = net.inputs(netuid);
    let trace = net.compute(netuid).trace;
    // With one chunk a step's number is its phase. This phase has every kind of input.
    let honest = step_input(&inputs, &trace, usize::from(trace.plan.memory_phase));
    let bends: [Bend; 6] = [
        ("phase", KernelError::StepOutOfRange, |it| it.phase = 99),
        ("chunk", KernelError::StepOutOfRange, |it| it.chunk = 1),
        ("neurons", KernelError::BadInputs, |it| {
            it.neurons.pop();
        }),
        ("rows", KernelError::BadInputs, |it| it.rows.push(1, [1])),
        ("carry", KernelError::BadCarry, |it| {
            it.carry.pop();
        }),
        ("scratch", KernelError::BadScratch, |it| {
            it.scratch.pop();
        }),
    ];
    for (what, error, bend) in bends {
        let mut input = honest.clone();
        bend(&mut input);
        assert_eq!(net.kernel_step(input.clone()), Err(error), "{what}");
        let natively = Native::new().step(&input);
        assert!(natively.is_err(), "{what}: {natively:?}");
    }
    let mut input = honest;
    input.header.params.clear();
    assert_eq!(net.kernel_step(input), Err(KernelError::BadParams));
}
