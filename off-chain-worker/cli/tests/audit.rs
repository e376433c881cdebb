//! The command line: what `inktensor audit`, `inktensor explain` and `inktensor kernel check`
//! print, and how they end.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use serde_json::{json, Value};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The vectors that come with the kernel.
fn vectors_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/kernels/yuma/vectors/yuma.jsonl")
}

fn vectors() -> Vec<Value> {
    let text = fs::read_to_string(vectors_file()).expect("the kernel's vectors");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// A vector of four neurons with weights and bonds.
fn small() -> Value {
    vectors()
        .into_iter()
        .find(|vector| vector["name"] == "random-7042-n4-v2")
        .expect("the vector")
}

fn inktensor(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_inktensor"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // A command that refuses its arguments does not read its input.
    let _ = child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(input.as_bytes());
    child.wait_with_output().expect("the binary ends")
}

fn audit(input: &str) -> Output {
    inktensor(&["audit", "--engine", "native", "-"], input)
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

/// The one line on standard error of a command that refused its input.
fn refusal(output: &Output) -> String {
    let text = std::str::from_utf8(&output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(out(output), "", "nothing is printed beside the refusal");
    assert_eq!(text.lines().count(), 1, "{text}");
    text.trim_end().to_owned()
}

#[test]
fn all_vectors_pass_with_both_engines() {
    let file = vectors_file().display().to_string();
    for engine in ["native", "wasm"] {
        let output = inktensor(&["audit", "--engine", engine, &file], "");
        let summary = format!("{} passed, 0 failed\n", vectors().len());
        assert_eq!(
            (out(&output), output.status.code()),
            (summary.as_str(), Some(0)),
            "{engine}: {output:?}"
        );
    }
}

#[test]
fn without_expectation_the_outcome_is_printed_in_its_form() {
    for mut vector in vectors().into_iter().take(30) {
        let expected = vector
            .as_object_mut()
            .and_then(|object| object.remove("expected"))
            .expect("an expectation");
        let output = audit(&vector.to_string());
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(out(&output).lines().count(), 1);
        let found: Value = serde_json::from_str(out(&output)).expect("JSON");
        assert_eq!(found, expected);
    }
}

#[test]
fn every_difference_is_listed_with_both_values() {
    let mut vector = small();
    let expected = &mut vector["expected"];
    let (incentive, active) = (
        expected["incentive"][1].clone(),
        expected["active"][0].clone(),
    );
    expected["incentive"][1] = json!(incentive.as_u64().expect("a number") ^ 1);
    expected["active"][0] = json!(!active.as_bool().expect("a flag"));
    expected["emission"].as_array_mut().expect("a list").pop();
    expected["bonds"] = json!([[3, [[2, 9]]]]);
    let output = audit(&vector.to_string());
    assert_eq!(output.status.code(), Some(1));
    let text = out(&output);
    for line in [
        format!(
            "random-7042-n4-v2: incentive[1]: expected {}, found {incentive}",
            incentive.as_u64().unwrap() ^ 1
        ),
        format!(
            "random-7042-n4-v2: active[0]: expected {}, found {active}",
            !active.as_bool().unwrap()
        ),
        "random-7042-n4-v2: emission[3]: expected nothing, found ".to_owned(),
        "random-7042-n4-v2: bonds[3][2]: expected 9, found 0".to_owned(),
    ] {
        assert!(text.contains(&line), "{line:?} is not in {text}");
    }
    assert!(text.ends_with("0 passed, 1 failed\n"), "{text}");
}

#[test]
fn objects_may_be_spread_over_lines_and_files_may_hold_several() {
    let pretty = serde_json::to_string_pretty(&small()).expect("JSON");
    let output = audit(&format!("{pretty}\n{pretty} {}\n\n", small()));
    assert_eq!(
        (out(&output), output.status.code()),
        ("3 passed, 0 failed\n", Some(0))
    );
}

#[test]
fn fields_of_others_are_ignored_and_order_does_not_matter() {
    let mut vector = small();
    vector["source"] = json!({"network": "a test"});
    vector["recorded"] = json!([1.5, null]);
    vector["input"]["neurons"][0]["hotkey"] = json!("5C...");
    for rows in ["weights", "bonds"] {
        let rows = vector["input"][rows].as_array_mut().expect("rows");
        rows.reverse();
        for row in rows {
            let entries = row[1].as_array_mut().expect("entries");
            entries.reverse();
            if let Some(absent) = (0..4).find(|uid| entries.iter().all(|entry| entry[0] != *uid)) {
                entries.push(json!([absent, 0]));
            }
        }
    }
    let output = audit(&vector.to_string());
    assert_eq!(
        (out(&output), output.status.code()),
        ("1 passed, 0 failed\n", Some(0))
    );
}

#[test]
fn bad_values_are_refused_with_their_place() {
    type Break = fn(&mut Value);
    let cases: [(&str, Break, &str); 17] = [
        (
            "a column out of range",
            |v| v["input"]["weights"][0][1][0][0] = json!(4),
            "input.weights[0][1][0][0]: uid 4 is not below 4",
        ),
        (
            "a row of an unknown uid",
            |v| v["input"]["bonds"] = json!([[9, []]]),
            "input.bonds[0][0]: uid 9 is not below 4",
        ),
        (
            "a row twice",
            |v| v["input"]["weights"] = json!([[1, []], [1, []]]),
            "input.weights[1][0]: uid 1 has a row already",
        ),
        (
            "a column twice",
            |v| v["input"]["bonds"] = json!([[1, [[0, 5], [0, 5]]]]),
            "input.bonds[0][1][1][0]: uid 0 is in the row already",
        ),
        (
            "a weight too large",
            |v| v["input"]["weights"][0][1][0][1] = json!(65_536),
            "input.weights[0][1][0][1]: 65536 is not an integer from 0 to 65535",
        ),
        (
            "a negative stake",
            |v| v["input"]["neurons"][2]["stake"] = json!(-1),
            "input.neurons[2].stake: -1 is not an integer from 0 to 18446744073709551615",
        ),
        (
            "a stake too large",
            |v| {
                v["input"]["neurons"][2]["stake"] =
                    serde_json::from_str("18446744073709551616").unwrap()
            },
            "input.neurons[2].stake: 1",
        ),
        (
            "a fraction",
            |v| v["input"]["params"]["kappa"] = json!(0.5),
            "input.params.kappa: 0.5 is not an integer from 0 to 65535",
        ),
        (
            "a word for a number",
            |v| v["input"]["params"]["tempo"] = json!("long"),
            "input.params.tempo: \"long\" is not an integer from 0 to 4294967295",
        ),
        (
            "a number for a flag",
            |v| v["input"]["neurons"][0]["validator_permit"] = json!(1),
            "input.neurons[0].validator_permit: invalid type: integer `1`, expected a boolean",
        ),
        (
            "a row without uid",
            |v| v["input"]["weights"][0] = json!([[0, 1]]),
            "input.weights[0][0]: [0,1] is not an integer",
        ),
        (
            "no stake",
            |v| {
                v["input"]["neurons"][1]
                    .as_object_mut()
                    .unwrap()
                    .remove("stake");
            },
            "input.neurons[1]: missing field `stake`",
        ),
        (
            "no input",
            |v| {
                v.as_object_mut().unwrap().remove("input");
            },
            "missing field `input`",
        ),
        (
            "an owner without seat",
            |v| v["input"]["params"]["owner_uid"] = json!(4),
            "input.params.owner_uid: uid 4 is not below 4",
        ),
        (
            "too much inertia",
            |v| v["input"]["params"]["bonds_moving_average"] = json!(1_000_001),
            "input.params.bonds_moving_average: 1000001 is above 1000000",
        ),
        (
            "too many neurons",
            |v| {
                let one = v["input"]["neurons"][0].clone();
                v["input"]["neurons"] = json!(vec![one; 4097]);
            },
            "input.neurons: 4097 neurons, at most 4096 can be",
        ),
        (
            "an expectation of another form",
            |v| v["expected"]["active"] = json!(7),
            "expected.active: invalid type: integer `7`, expected a sequence",
        ),
    ];
    for (what, break_it, problem) in cases {
        let mut vector = small();
        break_it(&mut vector);
        let line = refusal(&audit(&format!("{}\n{vector}\n", small())));
        assert!(
            line.starts_with(&format!("error: standard input:2: {problem}")),
            "{what}: {line}"
        );
    }
}

#[test]
fn the_line_is_that_of_the_value() {
    let mut vector = small();
    vector["input"]["params"]["kappa"] = json!(70_000);
    let text = format!("\n{}", serde_json::to_string_pretty(&vector).expect("JSON"));
    let line = 1 + text
        .lines()
        .position(|line| line.contains("70000"))
        .expect("the line");
    let refused = refusal(&audit(&text));
    assert!(
        refused.contains(&format!(
            "standard input:{line}: input.params.kappa: 70000 is not"
        )),
        "{refused}"
    );
}

#[test]
fn what_is_no_json_is_refused_with_its_line() {
    let text = format!("{}\n{{\"name\": ]\n", small());
    assert!(refusal(&audit(&text)).contains("standard input:2: not JSON: "));
    assert!(refusal(&audit("{\"input\": {")).contains("standard input:1: not JSON: EOF"));
    assert!(refusal(&audit("")).contains("standard input:1: no epoch in it"));
    assert!(refusal(&audit("[1, 2]")).contains("standard input:1: "));
    assert!(refusal(&audit("12")).contains("standard input:1: "));
    let missing = inktensor(&["audit", "--engine", "native", "no/such/file.json"], "");
    assert!(refusal(&missing).contains("error: no/such/file.json: "));
    let folder = inktensor(
        &["audit", "--engine", "native", env!("CARGO_MANIFEST_DIR")],
        "",
    );
    assert!(refusal(&folder).contains(env!("CARGO_MANIFEST_DIR")));
    let wasm = inktensor(
        &[
            "audit",
            "--engine",
            "native",
            env!("CARGO_BIN_EXE_inktensor"),
        ],
        "",
    );
    assert!(refusal(&wasm).contains("utf-8"));
}

#[test]
fn the_built_kernel_is_needed_for_wasm_only() {
    let run = |engine: &str| {
        Command::new(env!("CARGO_BIN_EXE_inktensor"))
            .args(["audit", "--engine", engine])
            .arg(vectors_file())
            .env("INKTENSOR_CONTRACTS", "no/such/folder")
            .output()
            .expect("the binary runs")
    };
    assert_eq!(run("native").status.code(), Some(0));
    assert!(refusal(&run("wasm")).contains("cargo xtask build"));
}

#[test]
fn another_kernel_must_be_one() {
    let file = vectors_file().display().to_string();
    let output = inktensor(&["audit", "--kernel", &file, &file], "");
    assert!(refusal(&output).contains("not an acceptable kernel"));
    let output = inktensor(
        &["audit", "--engine", "native", "--kernel", &file, &file],
        "",
    );
    assert!(refusal(&output).contains("--kernel needs --engine wasm"));
    let built = inktensor_client::deploy::Bundles::folder()
        .expect("built contracts")
        .join("yuma.wasm");
    let built = built.display().to_string();
    let output = inktensor(
        &["audit", "--engine", "wasm", "--kernel", &built, &file],
        "",
    );
    assert_eq!(output.status.code(), Some(0));
    let output = inktensor(&["audit", "--kernel", "no/such.wasm", &file], "");
    let said = refusal(&output);
    assert!(said.starts_with("error: --kernel no/such.wasm: "), "{said}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let mut text = String::new();
    for mut vector in vectors() {
        vector["expected"] = Value::Null;
        text.push_str(&format!("{vector}\n"));
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_inktensor"))
        .args(["audit", "--engine", "native", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(text.as_bytes())
        .expect("the input is read");
    let output = child.wait_with_output().expect("the binary ends");
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}

#[test]
fn a_kernel_is_looked_at() {
    let built = inktensor_client::deploy::Bundles::folder().expect("built contracts");
    let check = |name: &str| {
        let file = built.join(name).display().to_string();
        inktensor(&["kernel", "check", &file], "")
    };
    let kernel = check("yuma.wasm");
    assert_eq!(kernel.status.code(), Some(0), "{kernel:?}");
    let hash =
        inktensor_primitives::hash::blake2(&fs::read(built.join("yuma.wasm")).expect("the kernel"));
    assert!(out(&kernel).contains(&inktensor_primitives::hash::hex(&hash)));
    let token = check("token.wasm");
    assert_eq!(token.status.code(), Some(1));
    let text = out(&token);
    assert!(
        text.contains("a step can reach seal") && text.contains(": call -> "),
        "{text}"
    );
    assert!(refusal(&check("no-such.wasm")).contains("no-such.wasm"));
}

#[test]
fn what_the_check_finds_is_told_to_programs() {
    let built = inktensor_client::deploy::Bundles::folder().expect("built contracts");
    let check = |name: &str| -> Value {
        let file = built.join(name).display().to_string();
        let output = inktensor(&["kernel", "check", "--json", &file], "");
        assert_eq!(out(&output).lines().count(), 1);
        let found: Value = serde_json::from_str(out(&output)).expect("JSON");
        let status = i32::from(found["acceptable"] != true);
        assert_eq!(output.status.code(), Some(status));
        found
    };
    let kernel = check("yuma.wasm");
    assert_eq!(kernel["acceptable"], true, "{kernel}");
    let steps: Vec<&str> = kernel["in_steps"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(!steps.contains(&"seal2.set_storage"), "{kernel}");
    assert_eq!(steps.len(), 4, "{kernel}");
    assert_eq!(kernel.get("refusal"), None);
    for contract in ["token", "registry", "staking", "emission", "epoch"] {
        let found = check(&format!("{contract}.wasm"));
        assert_eq!(found["acceptable"], false, "{found}");
        let path = found["path"].as_array().expect("a path");
        assert_eq!(path.first(), Some(&json!("call")), "{found}");
        let end = path.last().and_then(Value::as_str).expect("an end");
        assert!(end.starts_with("seal"), "{found}");
        assert!(found["refusal"].as_str().expect("a text").contains(end));
    }
}

#[test]
fn the_steps_of_a_kernel_are_measured() {
    let limit = 500_000_000_000u64;
    let built = inktensor_client::deploy::Bundles::folder().expect("built contracts");
    let file = built.join("yuma.wasm").display().to_string();
    let check = ["kernel", "check", &file, "--vectors", "-"];
    let epoch = small().to_string();
    let output = inktensor(&[&check[..], &["--json"]].concat(), &epoch);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let found: Value = serde_json::from_str(out(&output)).expect("JSON");
    let steps = &found["steps"];
    // Five phases over one chunk.
    assert_eq!(
        (&steps["count"], &steps["limit"]),
        (&json!(5), &json!(limit))
    );
    let longest = steps["longest"].as_u64().expect("a time");
    assert!(longest > 0 && longest < limit, "{steps}");
    let at = steps["at"].as_str().expect("a place");
    assert!(at.starts_with("random-7042-n4-v2, phase "), "{at}");
    let output = inktensor(&check, &epoch);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = out(&output);
    assert!(text.contains("steps      5, the longest takes "), "{text}");
    assert!(text.contains(" of 500 ms (random-7042-n4-v2, "), "{text}");
    assert!(refusal(&inktensor(&check, "{}")).contains("missing field `input`"));
}

#[test]
fn a_neuron_of_a_file_is_explained() {
    let vector = small();
    let expected = &vector["expected"];
    for uid in 0..4 {
        let explain = |more: &[&str]| {
            let number = uid.to_string();
            let arguments = ["explain", "--metagraph", "-", "--uid", &number];
            let output = inktensor(&[&arguments, more].concat(), &vector.to_string());
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            output
        };
        let shown: Value = serde_json::from_str(out(&explain(&["--json"]))).expect("JSON");
        assert_eq!(shown["pay"]["miner"], expected["server_emission"][uid]);
        assert_eq!(
            shown["pay"]["validator"],
            expected["validator_emission"][uid]
        );
        assert_eq!(shown["result"]["consensus"], expected["consensus"][uid]);
        assert_eq!(shown["kernel"], "yuma");
        let checks = shown["checks"].as_array().expect("checks");
        assert!(checks.len() > 10 && checks.iter().all(|check| check["holds"] == true));
        // Both engines lead to the same terms, but for the code that is named.
        let native = out(&explain(&["--json", "--engine", "native"])).to_owned();
        let mut native: Value = serde_json::from_str(&native).expect("JSON");
        native["kernel_code"] = shown["kernel_code"].clone();
        assert_eq!(native, shown);
        let output = explain(&[]);
        assert!(out(&output).starts_with(&format!("uid {uid} of subnet 0")));
        assert!(out(&output).contains("agree with the epoch"));
    }
}

#[test]
fn what_cannot_be_explained_is_refused_in_one_line() {
    let explain = |more: &[&str], input: &str| {
        let arguments = ["explain", "--engine", "native", "--metagraph", "-"];
        inktensor(&[&arguments, more].concat(), input)
    };
    let one = small().to_string();
    assert!(refusal(&explain(&["--uid", "4"], &one)).contains("there is no uid 4"));
    let several: String = vectors()
        .iter()
        .take(3)
        .map(|vector| format!("{vector}\n"))
        .collect();
    assert!(refusal(&explain(&["--uid", "0"], &several)).contains("--name"));
    let unnamed = explain(&["--uid", "0", "--name", "unknown"], &several);
    assert!(refusal(&unnamed).contains("named unknown"));
    let name = vectors()[1]["name"].as_str().expect("a name").to_owned();
    let named = explain(&["--uid", "0", "--name", &name], &several);
    assert_eq!(named.status.code(), Some(0), "{named:?}");
    assert!(refusal(&explain(&["--uid", "0"], "{}")).contains("input"));
}
