//! `inktensor verify` and `inktensor explain` from outside: every epoch of a kept demo is found
//! right and explained, and bad input is named in one line.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn inktensor(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_inktensor"))
        .args(arguments)
        .output()
        .expect("the binary runs")
}

fn text(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A folder with the chain of a demo of two epochs.
fn kept() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kept-demo");
    let _ = fs::remove_dir_all(&folder);
    let output = inktensor(&[
        "demo",
        "--epochs",
        "2",
        "--keep",
        &folder.display().to_string(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{:?}", text(&output));
    folder
}

/// Holds what is explained of the kept epochs against itself and the chain.
fn explained(folder: &str) {
    let explain = |netuid: &str, uid: &str, more: &[&str]| {
        let mut arguments = vec!["explain", "--netuid", netuid, "--uid", uid];
        arguments.extend(["--chain", folder]);
        arguments.extend(more);
        text(&inktensor(&arguments))
    };
    for netuid in ["1", "2"] {
        for (uid, epoch) in [("0", "0"), ("0", "1"), ("5", "1"), ("20", "1")] {
            let (code, out, problem) = explain(netuid, uid, &["--epoch", epoch, "--json"]);
            assert_eq!(code, Some(0), "{problem}{out}");
            let shown: Value = serde_json::from_str(&out).expect("one JSON document");
            assert_eq!(shown["posted"]["correct"], true, "{out}");
            assert_eq!(shown["posted"]["fate"], "final", "{out}");
            assert_eq!(shown["kernel"] == "yuma", shown["terms"] != Value::Null);
            let checks = shown["checks"].as_array().expect("checks");
            assert!(checks.iter().all(|check| check["holds"] == true), "{out}");
            let settled = "pay of its chunk, in rao, as the chain settled it";
            assert!(checks.iter().any(|check| check["what"] == settled), "{out}");
            let sum = |keys: [&str; 2]| -> u64 {
                let values = keys.map(|key| shown["budget"][key].as_u64().expect("an amount"));
                values.iter().sum()
            };
            let paid = sum(["to_miners", "to_validators"]);
            assert_eq!(shown["budget"]["chain"]["paid"], paid, "{out}");
            // Nothing is drawn before the first epoch has weights.
            assert_eq!(paid > 0, epoch == "1", "{out}");
            assert!(paid <= sum(["miners", "validators"]), "{out}");
            assert!(shown["neuron"]["hotkey"].is_string(), "{out}");
            let validator = shown["pay"]["validator"].as_u64().expect("an amount");
            let take = |key: &str| shown["pay"]["take"][key].as_u64().expect("an amount");
            assert_eq!(take("owner") + take("stakers"), validator, "{out}");
        }
    }
    // Without an epoch it is the last final one.
    let (code, out, _) = explain("1", "0", &[]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("uid 0 of subnet 1 in epoch 1,"), "{out}");
    assert!(out.contains("agree with the epoch"), "{out}");
    for (netuid, uid, problem) in [
        ("9", "0", "there is no subnet 9"),
        ("1", "4000", "there is no uid 4000"),
    ] {
        let (code, out, shown) = explain(netuid, uid, &[]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{shown}");
        assert!(shown.contains(problem), "{shown}");
    }
}

#[test]
fn epochs_of_a_kept_demo_are_verified_and_bad_input_is_named() {
    let kept = kept();
    let folder = kept.display().to_string();
    let verify = |netuid: &str, epoch: &str, more: &[&str]| {
        let mut arguments = vec!["verify", "--netuid", netuid, "--epoch", epoch];
        arguments.extend(["--chain", &folder]);
        arguments.extend(more);
        text(&inktensor(&arguments))
    };
    for netuid in ["1", "2"] {
        for epoch in ["0", "1"] {
            let (code, out, problem) = verify(netuid, epoch, &[]);
            assert_eq!(code, Some(0), "{problem}");
            let first = format!("epoch {epoch} of subnet {netuid}: correct");
            assert_eq!(out.lines().next(), Some(first.as_str()), "{out}");
        }
    }
    let (code, out, _) = verify("1", "1", &["--json"]);
    let document: Value = serde_json::from_str(&out).expect("one JSON document");
    assert_eq!(code, Some(0));
    assert_eq!(document["correct"], true);
    assert_eq!(document["posted"]["fate"], "final");
    assert_eq!(document["posted"]["assertion"], document["recomputed"]);

    explained(&folder);

    let refused = |(code, out, problem): (Option<i32>, String, String), what: &str| {
        assert_eq!((code, out.as_str()), (Some(2), ""), "{problem}");
        assert_eq!(problem.lines().count(), 1, "{problem}");
        assert!(problem.contains(what), "{problem}");
    };
    refused(verify("1", "99", &[]), "has not closed an epoch 99");
    refused(verify("9", "0", &[]), "there is no subnet 9");
    refused(
        verify("1", "0", &["--store", "nowhere"]),
        "nowhere: there is no store",
    );
    let nowhere = inktensor(&[
        "verify", "--netuid", "1", "--epoch", "0", "--chain", "nowhere",
    ]);
    refused(text(&nowhere), "--chain nowhere: ");
    memory_is_handed_on_as_a_file(&kept);
    let state = kept.join("chain.state");
    let mut bytes = fs::read(&state).unwrap();
    bytes.pop();
    fs::write(&state, bytes).unwrap();
    refused(
        verify("1", "0", &[]),
        "chain.state: the state file is corrupt",
    );
    fs::remove_dir_all(kept).unwrap();
}

/// Memory passes between workers as a file, and only the right one is accepted.
fn memory_is_handed_on_as_a_file(kept: &Path) {
    let store = |more: &[&str]| {
        let mut arguments = vec!["store"];
        arguments.extend(more);
        text(&inktensor(&arguments))
    };
    let shown = |path: PathBuf| path.display().to_string();
    let (chain, old) = (shown(kept.to_path_buf()), shown(kept.join("store")));
    let (new, file) = (shown(kept.join("newcomer")), shown(kept.join("memory")));
    let export = ["export", "--store", &old, "--netuid", "1", "--epoch"];
    let import = ["import", "--store", &new, "--chain", &chain, &file];

    let (code, out, problem) = store(&[&export[..], &["1", &file]].concat());
    assert_eq!(code, Some(0), "{problem}");
    assert!(
        out.starts_with("exported the memory of subnet 1 after epoch 1"),
        "{out}"
    );
    let (code, _, problem) = store(&[&export[..], &["1", &file]].concat());
    assert_eq!(code, Some(2), "an export never overwrites");
    assert!(problem.contains("memory"), "{problem}");
    let (code, _, problem) = store(&[&export[..], &["99", &file]].concat());
    assert_eq!(code, Some(2));
    assert!(
        problem.contains("after epoch 99 is not in this store"),
        "{problem}"
    );

    let (code, out, problem) = store(&import);
    assert_eq!(code, Some(0), "{problem}");
    assert!(
        out.starts_with("imported the memory of subnet 1 after epoch 1"),
        "{out}"
    );
    let again = shown(kept.join("again"));
    let (code, _, problem) = store(&[
        "export", "--store", &new, "--netuid", "1", "--epoch", "1", &again,
    ]);
    assert_eq!(code, Some(0), "{problem}");
    assert_eq!(fs::read(&again).unwrap(), fs::read(&file).unwrap());

    // The last final epoch's memory is what is needed; an older one has other hashes.
    fs::remove_file(&file).unwrap();
    let (code, _, problem) = store(&[&export[..], &["0", &file]].concat());
    assert_eq!(code, Some(0), "{problem}");
    let (code, _, problem) = store(&import);
    assert_eq!(code, Some(2));
    assert!(
        problem.contains("the hashes on the chain are of epoch 1"),
        "{problem}"
    );
    fs::write(&file, b"no memory").unwrap();
    let (code, _, problem) = store(&import);
    assert_eq!(code, Some(2));
    assert!(
        problem.contains("is not a file of `inktensor store export`"),
        "{problem}"
    );

    let kernel = format!("0x{}", "00".repeat(32));
    let (code, _, problem) = store(&["trust", "--store", &new, "--kernel", &kernel]);
    assert_eq!(code, Some(2));
    assert!(problem.contains("is trusted already"), "{problem}");
    let (code, _, problem) = store(&["trust", "--store", "nowhere", "--kernel", &kernel]);
    assert_eq!(code, Some(2));
    assert!(problem.contains("there is no store"), "{problem}");
}
