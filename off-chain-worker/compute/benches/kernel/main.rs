//! Times of a whole epoch: the kernel natively and in wasmtime, and the plain transcription of the
//! rule as the baseline of the same run. The figures go into docs/performance.md.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]

mod plot;
mod report;
#[path = "../../tests/support/mod.rs"]
mod support;
mod targets;

use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput};
use inktensor_compute::{
    engine::{native::Native, Engine, EngineError},
    epoch::compute,
    vectors::Vector,
};
use inktensor_primitives::kernel::{KernelError, Rows, StepInput};
use inktensor_yuma_reference::{epoch, Metagraph};
use mimalloc::MiMalloc;
use std::{hint::black_box, time::Duration};
use support::{
    built_kernel, inputs,
    metagraph::{metagraph, Shape},
};

/// The allocator of the worker's program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Numbers of neurons and validators. A subnet may have 128 validators; the kernel itself goes to
/// 256.
const SIZES: [(u16, u16); 5] = [(256, 64), (1024, 64), (4096, 64), (4096, 128), (4096, 256)];
/// Shares of the weights and bonds that are not zero, in per cent.
const DENSITIES: [u64; 2] = [100, 10];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let wasm = built_kernel();
    for (neurons, validators) in SIZES {
        for density in DENSITIES {
            metagraphs(&mut criterion, &*wasm, neurons, validators, density);
        }
    }
    let measured = |(neurons, validators, density): &(u16, u16, u64)| {
        SIZES.contains(&(*neurons, *validators)) && DENSITIES.contains(density)
    };
    let points = plot::PANELS.iter().flat_map(|panel| panel.points);
    for (neurons, validators, density) in points.filter(|point| !measured(point)) {
        metagraphs(&mut criterion, &*wasm, *neurons, *validators, *density);
    }
    single(&mut criterion, &*wasm);
    criterion.final_summary();
    report::write(&SIZES, &DENSITIES).expect("the report is written");
}

/// Measures epochs of one random metagraph.
fn metagraphs(
    criterion: &mut Criterion,
    wasm: &dyn Engine,
    neurons: u16,
    validators: u16,
    density: u64,
) {
    let vector = metagraph(&Shape::plain(neurons, validators, density));
    let mut group = criterion.benchmark_group(report::group(neurons, validators, density));
    group.sampling_mode(SamplingMode::Flat);
    let cells = u64::from(neurons) * u64::from(validators) * density / 100;
    group.throughput(Throughput::Elements(cells));
    epochs(&mut group, wasm, &vector);
    transcription(&mut group, &vector);
    group.finish();
}

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

fn epochs(group: &mut Group, wasm: &dyn Engine, vector: &Vector) {
    let one = Native::on_one_core();
    let all = Native::new();
    let engines: [(&str, &dyn Engine); 3] = [
        (report::WASMTIME, wasm),
        (report::ONE_CORE, &one),
        (report::ALL_CORES, &all),
    ];
    for (name, engine) in engines {
        let inputs = inputs(engine, vector);
        group.bench_function(name, |bench| {
            bench.iter(|| compute(engine, black_box(&inputs)).expect("a trace"));
        });
    }
}

fn transcription(group: &mut Group, vector: &Vector) {
    let input = serde_json::to_value(&vector.input).expect("JSON");
    let metagraph: Metagraph = serde_json::from_value(input).expect("the same form");
    group.bench_function(report::TRANSCRIPTION, |bench| {
        bench.iter(|| epoch(black_box(&metagraph)));
    });
}

/// Measures everything but the kernel's arithmetic: entering a step, and hashing an epoch's
/// outcome.
fn single(criterion: &mut Criterion, wasm: &dyn Engine) {
    let vector = metagraph(&Shape::plain(4096, 64, 100));
    let inputs = inputs(wasm, &vector);
    let no_step = StepInput {
        header: inputs.header.clone(),
        phase: u8::MAX,
        chunk: 0,
        carry: Vec::new(),
        scratch: Vec::new(),
        memory: Vec::new(),
        neurons: Vec::new(),
        rows: Rows::default(),
    };
    let refused = Err(EngineError::Kernel(KernelError::StepOutOfRange));
    assert_eq!(
        wasm.step(&no_step),
        refused,
        "a step that does nothing but be called"
    );
    let mut group = criterion.benchmark_group(report::BESIDE);
    group.bench_function(report::CALL, |bench| {
        bench.iter(|| wasm.step(black_box(&no_step)));
    });
    let trace = compute(wasm, &inputs).expect("a trace");
    group.bench_function(report::DIGESTS, |bench| {
        bench.iter(|| black_box(&trace).assertion());
    });
    group.finish();
}
