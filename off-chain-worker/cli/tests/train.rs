//! `inktensor train` from outside: a training that is killed goes on, a replay finds what was
//! changed, and the newest state continues texts.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

#[path = "../../wasm-task/tests/support/mod.rs"]
mod support;

use inktensor_complete::{Answer, Complete, Question};
use inktensor_neuron::program::linked;
use inktensor_primitives::hash::{blake2, hex};
use inktensor_task::{Body, Task, Worth};
use serde_json::Value;
use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(120);
/// Sizes and recipe of a model that learns in no time.
const TINY: &str = "--vocabulary 128 --context 12 --width 16 --layers 1 --heads 2 --hidden 32 \
                    --rows 4 --rate 0.01 --seats 2 --steps 6 --seed 5";

/// A folder for trainings, with a corpus.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("corpus"), "one two three four five ".repeat(60)).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn command(&self, words: &str, training: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inktensor"));
        let folder = match words {
            "replay" | "status" => "--in",
            _ => "--out",
        };
        command
            .args(["train", words, folder, &self.path(training)])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Returns the command that begins or continues a training of the tiny model.
    fn training(&self, training: &str, epochs: usize) -> Command {
        let mut command = self.command("run", training);
        command
            .args(["--corpus", &self.path("corpus")])
            .args(["--epochs", &epochs.to_string()])
            .args(TINY.split_whitespace());
        command
    }

    fn log(&self, training: &str) -> Vec<u8> {
        fs::read(self.0.join(training).join("log.jsonl")).unwrap_or_default()
    }

    /// Returns the number of whole lines of a log.
    fn whole_lines(&self, training: &str) -> usize {
        let log = self.log(training);
        log.iter().filter(|it| **it == b'\n').count()
    }

    fn lines(&self, training: &str) -> Vec<Value> {
        let log = String::from_utf8(self.log(training)).unwrap();
        let lines = log.lines();
        lines.map(|it| serde_json::from_str(it).unwrap()).collect()
    }

    fn blob(&self, training: &str, hash: &Value) -> PathBuf {
        let hash = hash.as_str().unwrap().trim_start_matches("0x");
        self.0.join(training).join("blobs").join(hash)
    }

    fn replay(&self, training: &str, more: &[&str]) -> (Option<i32>, Value) {
        let mut command = self.command("replay", training);
        let output = command.arg("--json").args(more).output().unwrap();
        (output.status.code(), document(&output))
    }
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn done(mut command: Command) -> Output {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    output
}

/// Returns the one line of a command that fails.
fn failure(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn wait_for_epochs(place: &Place, training: &str, child: &mut Child, epochs: usize) {
    let start = Instant::now();
    while place.whole_lines(training) < epochs {
        assert!(start.elapsed() < PATIENCE, "{epochs} epochs");
        assert_eq!(child.try_wait().unwrap(), None, "it ended early");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_training_that_is_killed_goes_on_to_the_same_states() {
    let place = Place::new("train-killed");
    let mut child = place.training("killed", 9000).spawn().unwrap();
    wait_for_epochs(&place, "killed", &mut child, 3);
    let refused = failure(place.training("killed", 9000));
    assert!(refused.contains("another process"), "{refused}");
    child.kill().unwrap();
    child.wait().unwrap();

    // A kill in the middle of a line leaves a part of it.
    let whole = place.log("killed");
    let whole = &whole[..=whole.iter().rposition(|it| *it == b'\n').unwrap()];
    let path = place.0.join("killed").join("log.jsonl");
    fs::write(&path, whole).unwrap();
    let mut log = OpenOptions::new().append(true).open(&path).unwrap();
    log.write_all(b"{\"epoch\":1").unwrap();
    drop(log);
    let epochs = place.whole_lines("killed") + 3;
    done(place.training("killed", epochs));
    done(place.training("at-once", epochs));
    assert_eq!(place.log("killed"), place.log("at-once"));
    assert_eq!(place.lines("killed").len(), epochs);

    // Nothing is left to do, and other options are refused.
    done(place.training("killed", epochs));
    assert_eq!(place.lines("killed").len(), epochs);
    let mut other = place.command("run", "killed");
    other.args(["--rate", "0.02"]);
    let refused = failure(other);
    assert!(refused.contains("has --rate 0.01"), "{refused}");
    let mut other = place.command("run", "killed");
    other.args(["--corpus", &place.path("killed/log.jsonl")]);
    let refused = failure(other);
    assert!(refused.contains("on another corpus"), "{refused}");
    let refused = failure(place.command("start", "killed"));
    assert!(refused.contains("the folder has a training"), "{refused}");
    let refused = failure(place.command("run", "none"));
    assert!(refused.contains("--corpus"), "{refused}");
}

#[test]
fn a_replay_finds_what_was_changed_by_name() {
    let place = Place::new("train-replayed");
    done(place.training("t", 6));
    let lines = place.lines("t");
    let (code, replayed) = place.replay("t", &[]);
    assert_eq!(code, Some(0), "{replayed}");
    assert_eq!(replayed["steps"], 6 * 2 * 6);
    let (_, part) = place.replay("t", &["--from", "2", "--to", "3"]);
    assert_eq!(part["replayed"], serde_json::json!([2, 3]));
    let sample = ["--sample", "2", "--seed", "7"];
    let (code, sampled) = place.replay("t", &sample);
    assert_eq!((code, sampled["steps"].as_u64()), (Some(0), Some(24)));
    assert_eq!(place.replay("t", &sample).1, sampled);

    let wrong = |more: &[&str]| {
        let (code, replayed) = place.replay("t", more);
        assert_eq!(code, Some(1), "{replayed}");
        replayed["wrong"].as_str().unwrap().to_owned()
    };
    // A checkpoint: the last byte of a moment.
    let checkpoint = &lines[3]["start"];
    let file = place.blob("t", checkpoint);
    let bytes = fs::read(&file).unwrap();
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&file, &changed).unwrap();
    let said = wrong(&[]);
    assert!(said.contains("in which epoch 2 ends"), "{said}");
    assert!(said.contains(checkpoint.as_str().unwrap()), "{said}");
    let said = wrong(&["--from", "3"]);
    assert!(said.contains("with which epoch 3 begins"), "{said}");
    assert_eq!(place.replay("t", &["--to", "1"]).0, Some(0));
    assert_eq!(fs::read(&file).unwrap(), changed, "evidence stays");
    fs::write(&file, bytes).unwrap();

    // Hashes of the log: of a step, of a root, of a next state.
    let path = place.0.join("t").join("log.jsonl");
    let log = fs::read_to_string(&path).unwrap();
    let replaced = |from: &Value, said: &str| {
        let other = format!("0x{}", "7".repeat(64));
        let changed = log.replacen(from.as_str().unwrap(), &other, 1);
        fs::write(&path, changed).unwrap();
        let found = wrong(&[]);
        assert!(found.contains(said), "{found}");
        assert!(found.contains(&other), "{found}");
    };
    let work = &lines[4]["work"][1];
    replaced(&work["states"][2], "after step 2 in epoch 4, seat 1");
    replaced(&work["root"], "the root in epoch 4, seat 1");
    replaced(&lines[4]["next"], "the next state of epoch 4");
    fs::write(&path, &log).unwrap();

    // Bytes of the corpus.
    let plan = fs::read(place.0.join("t").join("plan.json")).unwrap();
    let plan: Value = serde_json::from_slice(&plan).unwrap();
    let corpus = place.blob("t", &plan["corpus"]);
    fs::write(&corpus, "another text ".repeat(100)).unwrap();
    let said = wrong(&[]);
    assert!(said.starts_with("the corpus 0x"), "{said}");
    // What is missing is no verdict.
    fs::remove_file(&corpus).unwrap();
    let refused = failure(place.command("replay", "t"));
    assert!(refused.contains("blobs"), "{refused}");
}

/// A program that describes itself as `train/1`, loads everything, and traps at everything else.
const TRAPPING: &str = r#"(module
    (memory (export "memory") 64)
    (data (i32.const 8) "\00\01\00\00\00\00\00\01\00\00\00\01\00train/1")
    (func (export "fold_input") (param i32) (result i32) (i32.const 1024))
    (func (export "fold_describe") (result i64) (i64.const 0x1400000008))
    (func (export "fold_load") (result i64) (i64.const 0x100000008))
    (func (export "fold_start") (result i64) unreachable)
    (func (export "fold_step") (result i64) unreachable)
    (func (export "fold_measure") (result i64) unreachable)
    (func (export "fold_begin_join") (result i64) unreachable)
    (func (export "fold_add_end") (result i64) unreachable)
    (func (export "fold_finish_join") (result i64) unreachable))"#;

#[test]
fn a_replay_by_a_wasm_program_finds_the_same() {
    let Some(programs) = support::programs() else {
        return;
    };
    let place = Place::new("train-by-program");
    done(place.training("t", 4));
    let file = place.path("train.wasm");
    fs::write(&file, &programs.train).unwrap();
    let by_program = ["--program", &*file];
    let (code, replayed) = place.replay("t", &by_program);
    assert_eq!(code, Some(0), "{replayed}");
    assert_eq!(replayed["program"], hex(&blake2(&programs.train)));
    assert_eq!(replayed["steps"], 4 * 2 * 6);
    // But for the program, the document is that of native code.
    let (_, native) = place.replay("t", &[]);
    let mut without = replayed.clone();
    without.as_object_mut().unwrap().remove("program");
    assert_eq!(without, native);
    let shown = done({
        let mut command = place.command("replay", "t");
        command.args(by_program).args(["--from", "2"]);
        command
    });
    let shown = String::from_utf8(shown.stdout).unwrap();
    let hash = hex(&blake2(&programs.train));
    assert!(shown.ends_with(&format!("\nby the Wasm program {hash}\n")));

    // A changed hash is false by either.
    let path = place.0.join("t").join("log.jsonl");
    let log = fs::read_to_string(&path).unwrap();
    let state = place.lines("t")[2]["work"][1]["states"][3].clone();
    let other = format!("0x{}", "7".repeat(64));
    fs::write(&path, log.replacen(state.as_str().unwrap(), &other, 1)).unwrap();
    let (code, by_wasm) = place.replay("t", &by_program);
    assert_eq!(code, Some(1), "{by_wasm}");
    assert_eq!(by_wasm["wrong"], place.replay("t", &[]).1["wrong"]);
    fs::write(&path, &log).unwrap();

    // A program that fails finds nothing false.
    let trapping = wat::parse_str(TRAPPING).unwrap();
    for (bytes, reason) in [
        (&trapping[..], "fold_start trapped: it panicked"),
        (&programs.factors, "it does not export fold_input"),
        (b"no program", "it is not a Wasm file"),
    ] {
        fs::write(&file, bytes).unwrap();
        let mut command = place.command("replay", "t");
        command.args(by_program);
        let refused = failure(command);
        assert!(refused.contains(reason), "{refused}");
    }
}

/// Asserts that `provenance` verifies the answer of a state, in the form in which `ask` prints it.
fn the_answer_leads_back_to_the_seed(place: &Place, state: &Value, question: &[u8], answer: &[u8]) {
    let parsed = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap();
    let asked = |answer: Value| {
        let asked = serde_json::json!({
            "netuid": 1, "uid": 3, "task": "complete/1", "state": state,
            "question": parsed(question), "answer": answer, "right": true,
        });
        fs::write(place.path("answer.json"), asked.to_string()).unwrap();
    };
    let provenance = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inktensor"));
        command.args(["provenance", "--in", &place.path("t")]);
        command.args(arguments);
        command
    };
    let file = place.path("answer.json");
    let with_answer = ["--answer", file.as_str()];
    let json = ["--answer", file.as_str(), "--json"];
    asked(parsed(answer));
    let found = document(&done(provenance(&json)));
    assert_eq!(found["place"], "the state in which epoch 9 ends");
    assert_eq!(
        (&found["answer"], &found["first_seed"]),
        (&true.into(), &5.into())
    );
    assert_eq!(found["steps"], 10 * 2 * 6);
    assert_eq!(found["history"].as_array().map(Vec::len), Some(10));
    let text = String::from_utf8(done(provenance(&with_answer)).stdout).unwrap();
    assert!(text.lines().all(|it| it.chars().count() <= 80), "{text}");
    for said in [
        "the state in which epoch 9 ends",
        "and 2 epochs more, then",
        "right: this state gives the answer",
        "true: 10 of 10 epochs, 120 steps, every hash is the same",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }

    // Another answer, and a history with another hash.
    asked(serde_json::json!({"answer": [1, 2, 3]}));
    let output = provenance(&json).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(document(&output)["answer"], false);
    let lines = place.lines("t");
    let root = lines[2]["work"][1]["root"].as_str().unwrap();
    let found = document(&done(provenance(&[root, "--json"])));
    assert_eq!(found["place"], "the root of the work of seat 1 in epoch 2");
    assert_eq!(found["history"].as_array().map(Vec::len), Some(3));
    let log = place.log("t");
    let other = format!("0x{}", "7".repeat(64));
    let end = lines[1]["work"][0]["states"][5].as_str().unwrap();
    let changed = String::from_utf8(log.clone()).unwrap();
    let path = place.0.join("t").join("log.jsonl");
    fs::write(&path, changed.replacen(end, &other, 1)).unwrap();
    let output = provenance(&[root, "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let wrong = document(&output)["wrong"].as_str().map(str::to_owned);
    assert!(wrong.unwrap().contains("after step 5 in epoch 1, seat 0"));
    fs::write(&path, log).unwrap();

    // What is not there, or is no hash, is no verdict.
    let refused = failure(provenance(&[&other]));
    assert!(refused.contains("nothing in this training"), "{refused}");
    let refused = failure(provenance(&["0x12"]));
    assert!(refused.contains("0x12"), "{refused}");
    let refused = failure(provenance(&[]));
    assert!(refused.contains("HASH"), "{refused}");
    fs::write(&file, "{}").unwrap();
    let refused = failure(provenance(&with_answer));
    assert!(refused.contains("ask --json"), "{refused}");
}

#[test]
fn a_trained_state_continues_texts_and_its_answers_are_checked() {
    let place = Place::new("train-served");
    let mut start = place.command("start", "t");
    start.args(["--corpus", &place.path("corpus"), "--json"]);
    let started = document(&done({
        start.args(TINY.split_whitespace());
        start
    }));
    assert_eq!(
        (&started["epochs"], &started["steps"]),
        (&0.into(), &0.into())
    );
    let mut run = place.training("t", 10);
    run.arg("--json");
    let reached = document(&done(run));
    assert_eq!(reached["steps"], 10 * 6);
    assert!(reached["loss"].as_f64() < started["loss"].as_f64().map(|it| it / 4.0));

    let status = String::from_utf8(done(place.command("status", "t")).stdout).unwrap();
    assert!(
        status.lines().all(|it| it.chars().count() <= 80),
        "{status}"
    );
    assert!(
        status.contains("10 epochs of 2 seats with 6 steps"),
        "{status}"
    );
    assert!(status.contains("held-out loss"), "{status}");
    assert!(status.matches('*').count() >= 70, "{status}");

    // The state of the training is the state of the task, byte for byte.
    let state = fs::read(reached["file"].as_str().unwrap()).unwrap();
    let program = linked(Complete::NAME, &state).unwrap();
    let question = Question {
        prompt: b"three four ".to_vec(),
        bytes: 12,
        temperature: 0,
        seed: 0,
    };
    let question = question.to_json().unwrap();
    let answer = program.answer(&question).unwrap();
    let read = Answer::from_json(&answer).unwrap();
    assert_eq!(read.answer, b"five one two");
    assert_eq!(program.worth(&question, &answer), Ok(Worth::WHOLE));
    the_answer_leads_back_to_the_seed(&place, &reached["state"], &question, &answer);
    // Another copy of the state gives the same answer; another state, another answer.
    let again = linked(Complete::NAME, &state).unwrap();
    assert_eq!(again.answer(&question), Ok(answer.clone()));
    let first = place.blob("t", &started["state"]);
    let first = linked(Complete::NAME, &fs::read(first).unwrap()).unwrap();
    assert_eq!(first.worth(&question, &answer), Ok(Worth::NONE));
}
