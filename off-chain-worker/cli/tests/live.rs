//! `inktensor demo --live` from outside: a short run, whose claims hold whatever else the machine
//! does meanwhile.
#![allow(clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::process::{Command, Output};

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_inktensor"))
        .args(["demo", "--live"])
        .args(arguments)
        .output()
        .expect("the binary runs")
}

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().expect(name)
}

#[test]
fn the_claims_of_a_short_run_hold() {
    let output = demo(&["--epochs", "5", "--json"]);
    let problem = String::from_utf8_lossy(&output.stderr);
    let printed = std::str::from_utf8(&output.stdout).expect("UTF-8");
    let report: Value = serde_json::from_str(printed)
        .unwrap_or_else(|error| panic!("{error}: {printed}\n{problem}"));
    let claims = items(&report, "claims");
    let failed: Vec<&Value> = claims.iter().filter(|it| it["holds"] != true).collect();
    assert!(failed.is_empty(), "{failed:#?}\n{report:#}\n{problem}");
    assert_eq!(output.status.code(), Some(0), "{problem}");

    // Every role is there, and each that should be was asked.
    let miners = items(&report, "miners");
    assert_eq!((miners.len(), claims.len()), (12, 15));
    assert!(miners
        .iter()
        .all(|it| it["work"]["asked"].as_u64() > Some(0)));
    let validators = items(&report, "validators");
    assert!(validators.iter().all(|it| items(it, "audits").len() == 3));
    let named = |name: &str| {
        let of_name = |it: &&Value| it["name"] == name;
        miners.iter().find(of_name).expect(name)
    };
    assert!(named("signer")["work"]["unsigned"].as_u64() > Some(0));
    assert!(named("int8")["work"]["wrong"].as_u64() > Some(0));
    assert!(named("relay")["work"]["right"] == 0);
    assert!(named("offline")["work"]["late"] == named("offline")["work"]["asked"]);
}

#[test]
fn too_few_epochs_are_refused_before_anything_starts() {
    let output = demo(&["--epochs", "3"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(problem.contains("choose at least 4"), "{problem}");
    assert_eq!(problem.lines().count(), 1, "{problem}");
}

#[test]
fn options_of_the_other_demo_are_refused() {
    let output = demo(&["--keep", "folder"]);
    assert_eq!(output.status.code(), Some(2));
}
