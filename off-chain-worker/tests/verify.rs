//! `inktensor verify` from outside: every epoch of a kept demo is found right, and bad input is named in one line.
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

    let refused = |(code, out, problem): (Option<i32>, String, String), what: &str| {
        assert_eq!((code, out.as_str()), (Some(2), ""), "{problem}");
        assert_eq!(problem.lines().count(), 1, "{problem}");
        assert!(problem.contains(what), "{problem}");
    };
    refused(verify("1", "99", &[]), "has not closed an epoch 99");
    refused(verify("9", "0", &[]), "subnet 9 has not closed");
    refused(
        verify("1", "0", &["--store", "nowhere"]),
        "nowhere: there is no store",
    );
    let nowhere = inktensor(&[
        "verify", "--netuid", "1", "--epoch", "0", "--chain", "nowhere",
    ]);
    refused(text(&nowhere), "--chain nowhere: ");
    let state = kept.join("chain.state");
    let mut bytes = fs::read(&state).unwrap();
    bytes.pop();
    fs::write(&state, bytes).unwrap();
    refused(verify("1", "0", &[]), "chain.state: the state is damaged");
    fs::remove_dir_all(kept).unwrap();
}
