//! `inktensor demo` from outside: the report is right, the same each time, and fits a terminal.
#![allow(clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_inktensor"))
        .arg("demo")
        .args(arguments)
        .output()
        .expect("the binary runs")
}

/// Returns the output of a successful run.
fn printed(output: &Output) -> &str {
    let problem = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{problem}");
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

/// The last line on standard error of a run that refused its input.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let problem = String::from_utf8_lossy(&output.stderr);
    assert_eq!(problem.lines().count(), 1, "{problem}");
    problem.trim_end().into()
}

fn story(engine: &str) -> Value {
    let output = demo(&["--epochs", "3", "--json", "--engine", engine]);
    serde_json::from_str(printed(&output)).expect("one JSON document and nothing else")
}

/// Without the time that computing took.
fn timeless(mut story: Value) -> Value {
    for epoch in story["epochs"].as_array_mut().expect("epochs") {
        epoch.as_object_mut().expect("an epoch").remove("phases");
    }
    story
}

fn sum(terms: &Value) -> u128 {
    let terms = terms.as_array().expect("terms").iter();
    terms
        .map(|term| u128::from(term["rao"].as_u64().expect("an amount")))
        .sum()
}

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().expect(name)
}

/// A file with the vectors of these numbers.
fn vectors(name: &str, numbers: std::ops::Range<usize>) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../contracts/kernels/yuma/vectors/yuma.jsonl");
    let text = fs::read_to_string(source).expect("the kernel's vectors");
    let lines: Vec<&str> = text
        .lines()
        .skip(numbers.start)
        .take(numbers.len())
        .collect();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, lines.join("\n")).expect("a file");
    file
}

#[test]
fn the_story_adds_up_and_does_not_depend_on_the_engine() {
    let story = story("wasm");
    assert_eq!(timeless(story.clone()), timeless(self::story("native")));

    let supply = items(&story, "supply");
    assert!(supply.len() >= 9);
    for equation in supply {
        assert_eq!(equation["holds"], true, "{equation}");
        assert_eq!(
            sum(&equation["left"]),
            sum(&equation["right"]),
            "{equation}"
        );
    }
    let epochs = items(&story, "epochs");
    for netuid in [1, 2] {
        let of_subnet = epochs.iter().filter(|epoch| epoch["netuid"] == netuid);
        assert!(of_subnet.count() >= 3);
    }
    assert!(epochs.iter().all(|epoch| epoch["engines_agree"] == true));
}

/// Returns the pay of all neurons of a role.
fn paid_to(subnet: &Value, role: &str) -> u64 {
    let neurons = items(subnet, "neurons").iter();
    let paid = neurons.filter(|neuron| neuron["role"] == role);
    paid.flat_map(|neuron| neuron["paid"].as_object().expect("pay").values())
        .map(|amount| amount.as_u64().expect("an amount"))
        .sum()
}

#[test]
fn each_kernel_pays_by_its_rule() {
    let story = story("native");
    let [yuma, mean] = items(&story, "subnets") else {
        panic!("two subnets");
    };
    assert_eq!(
        (&yuma["kernel"], &mean["kernel"]),
        (&"yuma".into(), &"mean".into())
    );
    for subnet in [yuma, mean] {
        assert!(paid_to(subnet, "honest") > 0);
        assert_eq!(paid_to(subnet, "idle"), 0, "stake alone earns nothing");
    }
    assert!(paid_to(yuma, "miner") > paid_to(yuma, "honest"));
    assert_eq!(
        paid_to(yuma, "cabal miner"),
        0,
        "a minority moves no incentive"
    );
    assert_eq!(
        paid_to(yuma, "cabal"),
        0,
        "weights against consensus earn nothing"
    );
    // The mean clips nothing: a minority moves as much as its stake.
    assert!(paid_to(mean, "cabal miner") > 0);
    assert!(paid_to(mean, "miner") > paid_to(mean, "cabal miner"));
    assert!(paid_to(mean, "cabal") > 0);
    for (netuid, phases) in [(1, 5), (2, 4)] {
        let mut epochs = items(&story, "epochs").iter();
        let epoch = epochs
            .find(|epoch| epoch["netuid"] == netuid)
            .expect("an epoch");
        assert_eq!(items(epoch, "phases").len(), phases);
    }
    let nominators = items(&story, "nominators");
    let gained = |fact: &&Value| fact["worth"].as_u64() > fact["staked"].as_u64();
    assert!(nominators.iter().filter(gained).count() >= 6);
}

#[test]
fn a_recorded_metagraph_is_recreated_in_tables_of_a_hundred_columns() {
    let file = vectors("recorded.json", 42..43);
    let output = demo(&["--epochs", "2", "--metagraph", &file.display().to_string()]);
    let text = printed(&output);
    assert!(
        text.contains("Subnet 1 \"random-7042-n4-v2\": kernel yuma"),
        "{text}"
    );
    assert!(
        text.contains("Subnet 2 \"companion\": kernel mean"),
        "{text}"
    );
    assert!(text.contains("Every rao is accounted for."), "{text}");
    assert!(text.contains("bonds were left behind"), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn bad_input_is_answered_with_one_line_that_names_the_place() {
    let missing = refusal(&demo(&["--metagraph", "nowhere.json"]));
    assert!(missing.contains("nowhere.json"), "{missing}");
    let two = vectors("two.jsonl", 0..2);
    let two = refusal(&demo(&["--metagraph", &two.display().to_string()]));
    assert!(two.contains("there are 2"), "{two}");

    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("address.json");
    let text = fs::read_to_string(vectors("one.json", 0..1)).expect("the file");
    let mut vector: Value = serde_json::from_str(&text).expect("JSON");
    vector["input"]["neurons"][0]["hotkey"] = "nonsense".into();
    fs::write(&file, vector.to_string()).expect("a file");
    let address = refusal(&demo(&["--metagraph", &file.display().to_string()]));
    let place = "address.json:1: input.neurons[0].hotkey: nonsense is not an SS58 address";
    assert!(address.contains(place), "{address}");
}
