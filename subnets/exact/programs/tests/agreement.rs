//! The programs end in the recorded hashes in every build and engine.
//!
//! Each build is a separate call of cargo with a target folder of its own, `exact-NAME` beside the
//! folder of this test's build. So flags of one never reach another.

#![allow(clippy::unwrap_used, clippy::panic)]

use inktensor_exact_programs::PROGRAMS;
use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};
use wasmtime::{Config, Engine, Instance, Module, Store};

/// The Rust target of the Wasm build.
const WASM: &str = "wasm32-unknown-unknown";
/// The name of the package, and of its program.
const PACKAGE: &str = "inktensor-exact-programs";
/// The environment variable under which no part but V8 may be skipped.
const REQUIRE: &str = "INKTENSOR_REQUIRE_NODE";

#[test]
fn this_build_has_the_recorded_hashes() {
    let hashes = PROGRAMS.map(|program| (program.run)().unwrap().finish());
    assert_recorded("this build", &hashes);
}

#[test]
fn each_vector_width_has_the_recorded_hashes() {
    for cpu in cpus() {
        let folder = build(cpu, &format!("-C target-cpu={cpu}"), &[]);
        let output = run(&mut Command::new(folder.join("release").join(PACKAGE)));
        let printed = String::from_utf8(output.stdout).unwrap();
        let mut hashes = Vec::new();
        for (line, program) in printed.lines().zip(PROGRAMS) {
            let (name, hash) = line.split_once(' ').unwrap();
            assert_eq!(name, program.name);
            hashes.push(u64::from_str_radix(hash, 16).unwrap());
        }
        assert_recorded(cpu, &hashes);
    }
}

#[test]
fn wasm_in_wasmtime_has_the_recorded_hashes() {
    let Some(file) = wasm() else { return };
    let mut config = Config::new();
    config
        .wasm_relaxed_simd(false)
        .cranelift_nan_canonicalization(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::from_file(&engine, file).unwrap();
    assert_eq!(module.imports().count(), 0, "a program may import nothing");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let count = instance
        .get_typed_func::<(), u32>(&mut store, "count")
        .unwrap()
        .call(&mut store, ())
        .unwrap();
    let run = instance
        .get_typed_func::<u32, u64>(&mut store, "run")
        .unwrap();
    let hashes: Vec<u64> = (0..count)
        .map(|index| run.call(&mut store, index).unwrap())
        .collect();
    assert_recorded("wasmtime", &hashes);
}

#[test]
fn wasm_in_v8_has_the_recorded_hashes() {
    let Some(file) = wasm() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run.mjs");
    let mut command = Command::new("node");
    let output = match command.arg(script).arg(file).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("SKIPPED V8: no `node` on the search path");
            return;
        }
        output => output.unwrap(),
    };
    let printed = String::from_utf8(checked(&command, output).stdout).unwrap();
    let hashes: Vec<u64> = printed
        .lines()
        .map(|hash| u64::from_str_radix(hash, 16).unwrap())
        .collect();
    assert_recorded("V8", &hashes);
}

#[test]
fn page_has_the_recorded_hashes() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/exact.md");
    let page = fs::read_to_string(page).unwrap();
    for program in PROGRAMS {
        let row = format!("| `{}` | `{:016x}` |", program.name, program.recorded);
        assert!(page.contains(&row), "docs/exact.md lacks {row}");
    }
}

fn assert_recorded(build: &str, hashes: &[u64]) {
    assert_eq!(hashes.len(), PROGRAMS.len(), "{build}");
    let others: Vec<String> = PROGRAMS
        .iter()
        .zip(hashes)
        .filter(|(program, hash)| program.recorded != **hash)
        .map(|(program, hash)| format!("{} {hash:016x}", program.name))
        .collect();
    assert!(
        others.is_empty(),
        "hashes of {build} that are not the recorded ones: {others:?}"
    );
}

/// The CPUs to build for: all levels that this machine can run.
#[cfg(target_arch = "x86_64")]
fn cpus() -> Vec<&'static str> {
    use std::arch::is_x86_feature_detected;
    let has_v3 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("movbe");
    let has_v4 = has_v3
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    let levels = [
        ("x86-64", true),
        ("x86-64-v3", has_v3),
        ("x86-64-v4", has_v4),
    ];
    for (cpu, _) in levels.iter().filter(|(_, runs)| !runs) {
        println!("SKIPPED {cpu}: this machine cannot run it");
    }
    levels
        .into_iter()
        .filter_map(|(cpu, runs)| runs.then_some(cpu))
        .collect()
}

/// The CPUs to build for: any, and this machine's.
#[cfg(not(target_arch = "x86_64"))]
fn cpus() -> Vec<&'static str> {
    vec!["generic", "native"]
}

/// Returns the Wasm build, or nothing if its target cannot be had and may be skipped.
fn wasm() -> Option<&'static Path> {
    static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        if !ensure_target() {
            assert!(
                env::var_os(REQUIRE).is_none(),
                "no Rust target {WASM}; run `rustup target add {WASM}`"
            );
            println!("SKIPPED Wasm: run `rustup target add {WASM}`");
            return None;
        }
        let flags = "-C target-feature=+simd128";
        let folder = build("wasm", flags, &["--lib", "--target", WASM]);
        Some(
            folder
                .join(WASM)
                .join("release/inktensor_exact_programs.wasm"),
        )
    });
    file.as_deref()
}

/// Returns true if the compiler has the target, or has it now.
fn ensure_target() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = run(Command::new(rustc).args(["--print", "target-libdir", "--target", WASM]));
    let folder = String::from_utf8(output.stdout).unwrap();
    let there = || Path::new(folder.trim()).is_dir();
    there() || {
        let added = Command::new("rustup")
            .args(["target", "add", WASM])
            .status();
        added.is_ok_and(|status| status.success()) && there()
    }
}

/// Builds the programs, and returns the target folder.
fn build(name: &str, flags: &str, arguments: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join(format!("exact-{name}"));
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo)
        .args(["build", "--quiet", "--release", "--package", PACKAGE])
        .args(arguments)
        .arg("--target-dir")
        .arg(&folder)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", flags));
    folder
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    checked(command, output)
}

fn checked(command: &Command, output: Output) -> Output {
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
