//! Tasks, built as Wasm programs: for tests of several crates, each of which uses some of them.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The Rust target of programs.
const TARGET: &str = "wasm32-unknown-unknown";
/// The profile of programs, in the workspace's `Cargo.toml`.
const PROFILE: &str = "wasm-task";
/// The environment variable under which nothing may be skipped.
const REQUIRE: &str = "INKTENSOR_REQUIRE_NODE";

/// The programs of this repository.
pub struct Programs {
    /// `embed/1`.
    pub embed: Vec<u8>,
    /// `factors/1`.
    pub factors: Vec<u8>,
    /// The fold `train/1`.
    pub train: Vec<u8>,
}

/// Returns the programs, or nothing if the target cannot be had and may be skipped.
///
/// They are built in a call of cargo with a target folder of its own, beside that of this test.
pub fn programs() -> Option<&'static Programs> {
    static PROGRAMS: OnceLock<Option<Programs>> = OnceLock::new();
    PROGRAMS.get_or_init(build).as_ref()
}

fn build() -> Option<Programs> {
    if !ensure_target() {
        assert!(
            env::var_os(REQUIRE).is_none(),
            "no Rust target {TARGET}; run `rustup target add {TARGET}`"
        );
        println!("SKIPPED Wasm: run `rustup target add {TARGET}`");
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join("wasm-tasks");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--profile", PROFILE])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&folder)
        .args(["-p", "inktensor-embed-wasm", "-p", "inktensor-factors"])
        .args(["-p", "inktensor-train-wasm"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", "-C target-feature=+simd128")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "no programs:\n{errors}");
    let built: PathBuf = folder.join(TARGET).join(PROFILE);
    let read = |name: &str| fs::read(built.join(name)).unwrap();
    Some(Programs {
        embed: read("inktensor_embed_wasm.wasm"),
        factors: read("inktensor_factors.wasm"),
        train: read("inktensor_train_wasm.wasm"),
    })
}

/// Returns true if the compiler has the target, or has it now.
fn ensure_target() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .unwrap();
    let folder = String::from_utf8(output.stdout).unwrap();
    let there = || Path::new(folder.trim()).is_dir();
    there() || {
        let added = Command::new("rustup")
            .args(["target", "add", TARGET])
            .status();
        added.is_ok_and(|status| status.success()) && there()
    }
}
