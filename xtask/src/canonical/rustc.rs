//! A compiler whose Wasm does not depend on where the sources and the compiler lie.
//!
//! Cargo hashes the absolute path of a crate outside the registry into `-C metadata`, from which
//! rustc makes the names of symbols, and the names decide the order of functions in the code. The
//! paths of core and alloc reach every other crate's hash in the same way. So cargo is given this
//! program as `RUSTC_WRAPPER`: for the chain's target it replaces the hash by one of the crate's
//! name, version and features.
//!
//! cargo-contract also compiles each contract for this machine, to run it once and print its
//! metadata, with the optimisation of the chain's code. This program leaves that out.

use anyhow::{Context, Result};
use blake2b_simd::Params;
use std::{
    env,
    ffi::OsString,
    path::PathBuf,
    process::{Command, ExitCode},
};

/// The variable that makes this program the compiler.
const VARIABLE: &str = "INKTENSOR_CANONICAL_RUSTC";
/// The target of contracts.
const TARGET: &str = "wasm32-unknown-unknown";

/// Makes `cargo`, and all that it runs, compile through this program.
///
/// # Errors
/// If the system does not tell this program's path.
pub fn wrap(cargo: &mut Command) -> Result<()> {
    let this: PathBuf = env::current_exe().context("cannot find the path of this program")?;
    cargo.env("RUSTC_WRAPPER", this).env(VARIABLE, "1");
    Ok(())
}

/// Compiles, if cargo has called this program as its compiler.
pub fn run_if_asked() -> Option<Result<ExitCode>> {
    env::var_os(VARIABLE)?;
    let mut arguments = env::args_os().skip(1);
    let rustc = arguments.next()?;
    let arguments: Vec<OsString> = arguments.collect();
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let mut command = Command::new(rustc);
    command.args(canonical(arguments, &version));
    Some(crate::process::hand_over(&mut command))
}

/// Returns `arguments` of rustc with the canonical `-C metadata` of a crate for the chain.
fn canonical(mut arguments: Vec<OsString>, version: &str) -> Vec<OsString> {
    let text: Vec<&str> = arguments
        .iter()
        .map(|word| word.to_str().unwrap_or_default())
        .collect();
    let after = |flag: &str| {
        let position = text.iter().position(|word| *word == flag)?;
        text.get(position.checked_add(1)?).copied()
    };
    if after("--target") != Some(TARGET) {
        return unoptimised(arguments);
    }
    let Some(place) = text
        .windows(2)
        .position(|pair| pair[0] == "-C" && pair[1].starts_with("metadata="))
    else {
        return arguments;
    };
    let mut features: Vec<&str> = text
        .iter()
        .copied()
        .filter(|word| word.starts_with("feature="))
        .collect();
    features.sort_unstable();
    let mut identity = Params::new().hash_length(8).to_state();
    for part in [after("--crate-name").unwrap_or_default(), version]
        .into_iter()
        .chain(features)
    {
        identity.update(part.as_bytes()).update(b"\0");
    }
    let metadata = format!("metadata={}", identity.finalize().to_hex());
    arguments[place + 1] = metadata.into();
    arguments
}

/// Returns `arguments` of rustc without optimisation, for code that runs once.
fn unoptimised(arguments: Vec<OsString>) -> Vec<OsString> {
    const DROPPED: [&str; 3] = ["opt-level=", "lto", "linker-plugin-lto"];
    let mut kept: Vec<OsString> = Vec::with_capacity(arguments.len());
    for word in arguments {
        let text = word.to_str().unwrap_or_default();
        let dropped = DROPPED.iter().any(|flag| text.starts_with(flag));
        if dropped && kept.last().is_some_and(|flag| flag == "-C") {
            kept.pop();
        } else {
            kept.push(word);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(target: &str, hash: &str, features: [&str; 2]) -> Vec<OsString> {
        let words = format!(
            "--crate-name primitives src/lib.rs --cfg feature=\"{}\" --cfg feature=\"{}\" -C \
             metadata={hash} -C extra-filename=-{hash} --target {target}",
            features[0], features[1]
        );
        canonical(words.split(' ').map(OsString::from).collect(), "0.1.0")
    }

    fn metadata(arguments: &[OsString]) -> &OsString {
        let of = |word: &&OsString| word.to_string_lossy().starts_with("metadata=");
        arguments.iter().find(of).unwrap()
    }

    #[test]
    fn metadata_depends_on_the_crate_and_not_on_cargos_hash() {
        let one = compiled(TARGET, "aa", ["a", "b"]);
        let two = compiled(TARGET, "bb", ["b", "a"]);
        assert_eq!(metadata(&one), metadata(&two));
        assert_ne!(metadata(&one), "metadata=aa");
        assert!(one.contains(&"extra-filename=-aa".into()));
        let other = compiled(TARGET, "aa", ["a", "c"]);
        assert_ne!(metadata(&one), metadata(&other));
    }

    #[test]
    fn crates_of_this_machine_are_left_alone() {
        let host = compiled("x86_64-unknown-linux-gnu", "aa", ["a", "b"]);
        assert_eq!(metadata(&host), "metadata=aa");
    }

    #[test]
    fn code_that_runs_once_is_not_optimised() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        let given = "lto.rs -C opt-level=z -C lto -C panic=abort -C linker-plugin-lto -C lto=fat";
        assert_eq!(unoptimised(words(given)), words("lto.rs -C panic=abort"));
    }
}
