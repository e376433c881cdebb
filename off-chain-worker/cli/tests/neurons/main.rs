//! `inktensor mine` and `inktensor validate` from outside, on a served chain: answers become
//! weights, weights become evidence that holds, and a miner that was killed comes back.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

mod cheats;
mod contest;
mod languages;
mod network;
#[path = "../../../wasm-task/tests/support/mod.rs"]
mod support;
mod training;

use inktensor_client::{
    chain::{ChainRead, Typed},
    ss58::ss58,
};
use inktensor_complete::shown;
use inktensor_devnet::account;
use inktensor_embed::{Embed, Model, Question};
use inktensor_primitives::{
    epoch::{CommitsView, Epochs, WeightsRow},
    hash::{blake2, hex},
    registry::{Axon, CommitmentMade},
};
use inktensor_task::{Body, Load, Task};
use network::{
    document, get, side_process, text, wait_for, Asks, Guarded, Net, FIRST, LONG_TEMPO, MINERS,
    NETUID, TEMPO, VALIDATORS,
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::Duration,
};

/// Returns four questions in a window of so many seconds, whose answers are all checked.
fn checked_whole(window: u16) -> Asks {
    Asks {
        questions: 4,
        window,
        check: "1.0",
    }
}

#[test]
fn answers_become_weights_whose_evidence_holds() {
    let mut net = Net::start("neurons", TEMPO, false);
    let state = net.set_task(&checked_whole(3));
    let model = side_process(&state, Duration::ZERO).url;
    let _m0 = net.neuron("mine", "m0", &[]);
    let mut m1 = net.neuron("mine", "m1", &["--model", &model]);
    let _v0 = net.neuron("validate", "v0", &["--http", "127.0.0.1:0"]);
    let _v1 = net.neuron("validate", "v1", &[]);

    for (name, _) in MINERS.iter().chain(&VALIDATORS) {
        net.wait_for_line(name, "published the endpoint");
    }
    net.pass_epoch(TEMPO);
    wait_for("permits", || net.status().final_epoch);
    for (name, _) in MINERS.iter().chain(&VALIDATORS) {
        net.wait_for_line(name, "loaded the manifest");
    }
    for (name, _) in VALIDATORS {
        net.wait_for_line(name, "all conditions to take part are met");
    }
    net.open_epoch(FIRST, TEMPO);

    // All answers are right.
    for weights in net.weights_of(FIRST) {
        let expected = MINERS.iter().map(|(_, uid)| (*uid, u16::MAX)).collect();
        assert_eq!(weights, expected, "{}", net.log("v0"));
    }
    // The validator is monitored as a worker is.
    let address = net.http("v0");
    let ready = get(&address, "/ready");
    assert!(
        ready.contains("200 OK") && ready.ends_with("validator: ok\n"),
        "{ready}"
    );
    let metrics = get(&address, "/metrics");
    let pledged = "inktensor_neuron_pledged_epoch{netuid=\"1\"} 2";
    assert!(metrics.contains(pledged), "{metrics}");

    // A miner that is killed has no answers, and loses half of its average. The port is another one
    // afterwards, and the miner publishes it.
    m1.0.kill().unwrap();
    m1.0.wait().unwrap();
    for weights in net.weights_of(FIRST + 1) {
        assert_eq!(weights[&MINERS[0].1], u16::MAX);
        let killed = weights[&MINERS[1].1];
        assert!((21_000..23_000).contains(&killed), "{killed}");
    }
    let _m1 = net.neuron("mine", "m1", &["--model", &model]);

    // Evidence of the first epoch is served now, and holds.
    let (folder, uid) = (net.path("cache"), VALIDATORS[0].1 .0.to_string());
    let common = ["--cache", &folder, "--allow-private", "--json"];
    let of_epoch = |command: &str, epoch: u32, more: &[&str]| {
        let epoch = epoch.to_string();
        let words = ["evidence", command, "--epoch", &epoch, "--uid", &uid];
        net.run(&words, &[&common[..], more].concat())
    };
    let file = net.path("evidence");
    let shown = of_epoch("show", FIRST, &["--out", &file]);
    let shown = document(&shown);
    assert_eq!(shown["miners"][0]["right"], 4, "{shown}");
    let verified = of_epoch("verify", FIRST, &[]);
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
    // 2 miners and the other validator, with 4 questions each, of which the validator answers none.
    assert_eq!(document(&verified)["receipts"], 12);
    assert_eq!(document(&verified)["recomputed"], 8);
    let sampled = of_epoch("verify", FIRST, &["--sample", "2", "--seed", "7"]);
    assert_eq!(document(&sampled)["recomputed"], 2);

    // An address that is refused here is not withheld evidence.
    let (cache, epoch) = (["--cache", &folder], FIRST.to_string());
    let words = ["evidence", "verify", "--epoch", &epoch, "--uid", &uid];
    let refused = net.run(&words, &cache);
    let said = text(&refused);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("--allow-private"), "{said}");
    assert!(!said.contains("withheld"), "{said}");
    // Neither a miner, nor a free uid, nor an epoch without a manifest is false.
    let miner = MINERS[0].1 .0.to_string();
    for (epoch, uid, part) in [
        (&*epoch, &*miner, "had no permit"),
        (&*epoch, "77", "was free"),
        ("1", &*uid, "no manifest"),
    ] {
        let words = ["evidence", "verify", "--epoch", epoch, "--uid", uid];
        let unjudged = net.run(&words, &cache);
        let said = text(&unjudged);
        assert_eq!(unjudged.status.code(), Some(2), "{said}");
        assert!(said.contains(part), "{said}");
    }

    // A changed file is not the one that was pledged, and accuses no validator.
    let mut changed = fs::read(&file).unwrap();
    // A byte of the last weight, before the vote and the proofs that a task does not have.
    let weight = changed.len() - 3;
    changed[weight] ^= 1;
    fs::write(&file, changed).unwrap();
    let refuted = of_epoch("verify", FIRST, &["--from", &file]);
    assert_eq!(refuted.status.code(), Some(2), "{}", text(&refuted));
    assert!(text(&refuted).contains("not the pledged file"));

    // Any key asks through a validator, and checks.
    let asked = wait_for("an answer outside of a window", || {
        let asked = net.run(&["ask", "--check", "a voyage across water"], &common);
        (asked.status.code() == Some(0)).then_some(asked)
    });
    assert_eq!(document(&asked)["right"], true);
    let notes = net.path("notes");
    fs::create_dir_all(&notes).unwrap();
    fs::write(
        format!("{notes}/a.txt"),
        "a voyage across water\n\nthe price of bread",
    )
    .unwrap();
    let found = net.run(
        &["search", "--in", &notes, "a voyage across water"],
        &common,
    );
    assert_eq!(
        document(&found)[0]["text"],
        "a voyage across water",
        "{}",
        text(&found)
    );

    // Text with many tokens for its length is found too, and files that are no text are named.
    let dense = "| `a_b` | 0x7f | (x) => {y} |\n".repeat(40);
    fs::write(format!("{notes}/dense.md"), &dense).unwrap();
    fs::write(format!("{notes}/c.bin"), [0, 1]).unwrap();
    for more in [&["--no-check"][..], &["--sample", "50"], &[]] {
        let words = ["search", "--in", &notes, "a voyage across water"];
        let found = net.run(&[&words[..], more].concat(), &common);
        assert_eq!(found.status.code(), Some(0), "{}", text(&found));
        let skipped = format!("skipped {notes}/c.bin: not text in UTF-8\n");
        assert!(text(&found).contains(&skipped), "{}", text(&found));
    }
    assert!(fs::exists(format!("{folder}/search")).unwrap());

    // A question that no miner answers is refused in one plain line.
    let long = "a ".repeat(300);
    let refused = |words: &[&str], line: &str| {
        // A validator that has just answered many questions refuses users for a while.
        wait_for(line, || {
            let refused = net.run(words, &common);
            assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
            let errors = String::from_utf8(refused.stderr).unwrap();
            let last = errors.lines().last().unwrap_or_default().to_owned();
            (last.starts_with("error: ") && last.ends_with(line.trim_end())).then_some(())
        });
    };
    let reason = "the text is over 128 tokens or 8192 bytes; split it\n";
    let by_validator = format!(" refuses the question: {reason}");
    refused(&["ask", &long], &by_validator);
    refused(
        &["ask", "--check", &long],
        &format!("the question: {reason}"),
    );
    refused(
        &["search", "--in", &notes, &long],
        &format!("the query: {reason}"),
    );
    refused(&["ask", " "], "the text is blank; give at least one word\n");
    let blank = "the query is blank; give at least one word\n";
    refused(&["search", "--in", &notes, ""], blank);

    fs::write(format!("{notes}/b.txt"), "a lamp at night").unwrap();
    let found = net.run(
        &["search", "--local", "--in", &notes, "a lamp at night"],
        &common,
    );
    assert_eq!(
        document(&found)[0]["file"],
        format!("{notes}/b.txt"),
        "{}",
        text(&found)
    );
    assert_eq!(
        document(&found)[0]["similarity"].as_f64().unwrap().round(),
        1.0
    );

    // The restarted miner answers again: its average grows.
    for weights in net.weights_of(FIRST + 2) {
        let back = weights[&MINERS[1].1];
        assert!(back > 40_000, "{back}: {}", net.log("m1"));
    }
    let shown = net.run(&["subnet", "task"], &common);
    assert_eq!(document(&shown)["content"]["task"], "embed/1");
    // Where the file cannot be fetched, the pledge is shown, and why it is not all.
    let empty = net.path("empty");
    let shown = net.run(&["subnet", "task"], &["--cache", &empty]);
    let said = text(&shown);
    assert_eq!(shown.status.code(), Some(0), "{said}");
    assert!(said.starts_with("manifest     0x"), "{said}");
    assert!(said.contains(", counts in epoch "), "{said}");
    assert!(said.contains("--allow-private"), "{said}");
    wait_for("evidence with averages of an epoch before", || {
        (net.status().open > FIRST + 1).then_some(())
    });
    let verified = of_epoch("verify", FIRST + 1, &[]);
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
    assert_eq!(
        ss58(&net.hotkey("v0")),
        document(&of_epoch("show", FIRST, &[]))["validator"]
    );
    assert!(net.chain.block().unwrap() > TEMPO);
}

#[test]
fn a_validator_that_is_killed_goes_on_in_the_same_epoch() {
    let mut net = Net::start("killed", LONG_TEMPO, true);
    let state = net.set_task(&checked_whole(8));
    let model = side_process(&state, Duration::from_millis(400));
    let (name, uid) = VALIDATORS[0];
    let _m0 = net.neuron("mine", "m0", &["--model", &model.url]);
    let mut validator = net.neuron("validate", name, &[]);
    net.wait_for_line("m0", "published the endpoint");
    net.pass_epoch(LONG_TEMPO);
    wait_for("a permit", || net.status().final_epoch);
    net.wait_for_line("m0", "loaded the manifest");
    net.wait_for_line(name, "loaded the manifest");
    net.wait_for_line(name, "all conditions to take part are met");
    net.open_epoch(FIRST, LONG_TEMPO);
    net.forward(LONG_TEMPO / 2);

    // Killed with a part of the answers, and again after its pledge.
    net.wait_for_line(name, "asking, by the hash of block");
    wait_for("a question after two answers", || {
        (model.asked.lock().unwrap().len() > 2).then_some(())
    });
    let kill = |validator: &mut Guarded| {
        validator.0.kill().unwrap();
        validator.0.wait().unwrap();
    };
    kill(&mut validator);
    let mut validator = net.neuron("validate", name, &[]);
    net.wait_for_line(name, "continuing the round");
    net.wait_for_line(name, "pledged the evidence");
    kill(&mut validator);
    let _validator = net.neuron("validate", name, &[]);
    let hotkey = net.hotkey(name);
    wait_for("a commit to weights", || {
        let commits = net.contracts.epoch().commits(NETUID, hotkey);
        let commits: CommitsView = net.chain.query(commits).unwrap();
        (commits.commits.len() == 1).then_some(())
    });
    assert_eq!(net.status().open, FIRST, "{}", net.log(name));

    // Questions with a receipt were asked once, and there is one pledge.
    let asked = model.asked.lock().unwrap().clone();
    let once = asked
        .iter()
        .filter(|it| asked.iter().filter(|other| other == it).count() == 1);
    assert!(once.count() >= 1, "{asked:?}");
    let distinct: BTreeSet<&String> = asked.iter().collect();
    assert_eq!(distinct.len(), 4, "{asked:?}");
    let events = net.chain.events(0).unwrap();
    let pledges = events.iter().filter_map(|it| it.decode::<CommitmentMade>());
    assert_eq!(pledges.filter(|it| it.hotkey == hotkey).count(), 1);

    // Weights are revealed in the next epoch, and the evidence is served only then.
    let (folder, number) = (net.path("cache"), uid.0.to_string());
    let common = ["--cache", &folder, "--allow-private", "--json"];
    let verify = |net: &Net| {
        let words = ["evidence", "verify", "--epoch", "2", "--uid", &number];
        net.run(&words, &common)
    };
    let early = verify(&net);
    assert_eq!(early.status.code(), Some(2), "{}", text(&early));
    net.pass_epoch(LONG_TEMPO);
    net.wait_for_line(name, "revealed weights");
    let row = net.contracts.epoch().weights(NETUID, uid);
    let row: Option<WeightsRow> = net.chain.query(row).unwrap();
    let row = row.expect("a row");
    assert_eq!((row.uids, row.weights), (vec![MINERS[0].1], vec![u16::MAX]));
    let verified = wait_for("the evidence is served", || {
        let verified = verify(&net);
        (verified.status.code() != Some(2)).then_some(verified)
    });
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
    assert_eq!(document(&verified)["recomputed"], 4);
}

/// Starts a miner, with more arguments, and the validator called `name`, and waits until the
/// validator has set weights and that epoch is over.
fn first_round(net: &mut Net, name: &str, more: &[&str]) -> [Guarded; 2] {
    let neurons = before_the_first_round(net, name, more);
    net.wait_for_line(name, "set weights");
    net.pass_epoch(TEMPO);
    neurons
}

/// Starts a miner and a validator, up to the opening of the first epoch with questions.
fn before_the_first_round(net: &mut Net, name: &str, more: &[&str]) -> [Guarded; 2] {
    let miner = net.neuron("mine", "m0", more);
    let validator = net.neuron("validate", name, &[]);
    net.wait_for_line("m0", "published the endpoint");
    net.wait_for_line(name, "published the endpoint");
    net.pass_epoch(TEMPO);
    wait_for("a permit", || net.status().final_epoch);
    net.wait_for_line("m0", "loaded the manifest");
    net.wait_for_line(name, "loaded the manifest");
    net.wait_for_line(name, "all conditions to take part are met");
    net.open_epoch(FIRST, TEMPO);
    [miner, validator]
}

#[test]
fn a_trained_state_is_mined_validated_and_asked() {
    let mut net = Net::start("complete", TEMPO, false);
    let corpus = net.path("corpus");
    fs::write(&corpus, "one two three four five ".repeat(60)).unwrap();
    let sizes = "--vocabulary 128 --context 12 --width 16 --layers 1 --hidden 32 --rows 4";
    let trained = std::process::Command::new(env!("CARGO_BIN_EXE_inktensor"))
        .args(["train", "run", "--epochs", "4", "--rate", "0.02", "--json"])
        .args(["--corpus", &corpus, "--out", &net.path("training")])
        .args(sizes.split_whitespace())
        .output()
        .unwrap();
    let trained = document(&trained);
    let state = fs::read(trained["file"].as_str().unwrap()).unwrap();
    net.set("complete/1", &state, &checked_whole(3));
    let question = inktensor_complete::Question {
        prompt: b"one two th".to_vec(),
        bytes: 9,
        temperature: 0,
        seed: 0,
    };
    let model = inktensor_complete::Model::read(&state).unwrap();
    let expected = shown(&model.continuation(&question).unwrap());
    let (name, uid) = VALIDATORS[0];
    let _neurons = first_round(&mut net, name, &[]);

    // Every answer is right, for the auditor too.
    let (folder, number) = (net.path("cache"), uid.0.to_string());
    let common = ["--cache", &folder, "--allow-private"];
    let verified = wait_for("the evidence is served", || {
        let words = ["evidence", "verify", "--epoch", "2", "--uid", &number];
        let verified = net.run(&words, &[&common[..], &["--json"]].concat());
        (verified.status.code() != Some(2)).then_some(verified)
    });
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
    assert_eq!(document(&verified)["recomputed"], 4);

    // A user asks, with a key that no one knows, and checks.
    let ask = |more: &[&str]| {
        let words = [&["ask", "--check", "one two th"][..], more].concat();
        wait_for("an answer outside of a window", || {
            let asked = net.run(&words, &common);
            (asked.status.code() == Some(0)).then_some(asked)
        })
    };
    let asked = text(&ask(&["--bytes", "9"]));
    assert!(asked.contains(&format!("\n{expected}\n")), "{asked}");
    assert!(
        asked.contains("right: it is what this computer computes"),
        "{asked}"
    );
    let asked = ask(&[
        "--bytes",
        "5",
        "--temperature",
        "0.8",
        "--seed",
        "3",
        "--json",
    ]);
    let file = net.path("answer.json");
    fs::write(&file, &asked.stdout).unwrap();
    let asked = document(&asked);
    assert_eq!(asked["right"], true, "{asked}");
    assert_eq!(asked["answer"]["answer"].as_array().unwrap().len(), 5);

    // The same document leads back to the seed of the training.
    let found = std::process::Command::new(env!("CARGO_BIN_EXE_inktensor"))
        .args(["provenance", "--json", "--answer", &file])
        .args(["--in", &net.path("training")])
        .output()
        .unwrap();
    assert_eq!(found.status.code(), Some(0), "{}", text(&found));
    let found = document(&found);
    assert_eq!(found["place"], "the state in which epoch 3 ends");
    assert_eq!(found["answer"], true, "{found}");
}

/// The owner names a hash. The validator fetches the program from the miner, and runs it.
#[test]
fn a_wasm_program_is_mined_validated_and_asked() {
    let Some(programs) = support::programs() else {
        return;
    };
    let mut net = Net::start("wasm", TEMPO, false);
    let (file, code) = (net.path("factors.wasm"), &programs.factors);
    fs::write(&file, code).unwrap();
    let hash = hex(&blake2(code));
    let named = |task: &str| format!("task = \"{task}\"\nprogram = \"{hash}\"");
    // A manifest is pledged once its program is here, and is what the manifest says.
    for (task, blob, reason) in [
        ("factors/1", &[][..], "name its file with --blob"),
        (
            "factors/2",
            &["--blob", &file],
            "the program is named `factors/1`",
        ),
    ] {
        let refused = net.pledge(&named(task), b"", &checked_whole(3), blob);
        let said = text(&refused);
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(
            said.contains("task.toml: ") && said.contains(reason),
            "{said}"
        );
    }
    let blob = ["--blob", &*file];
    let pledged = net.pledge(&named("factors/1"), b"", &checked_whole(3), &blob);
    assert!(pledged.status.success(), "{}", text(&pledged));
    let (name, uid) = VALIDATORS[0];
    let _neurons = first_round(&mut net, name, &blob);

    let (folder, number) = (net.path("auditor"), uid.0.to_string());
    let common = ["--cache", &folder, "--allow-private"];
    let verified = wait_for("the evidence is served", || {
        let words = ["evidence", "verify", "--epoch", "2", "--uid", &number];
        let verified = net.run(&words, &[&common[..], &["--json"]].concat());
        (verified.status.code() != Some(2)).then_some(verified)
    });
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
    assert_eq!(document(&verified)["recomputed"], 4);
    let weights = net.last_weights(uid);
    assert_eq!(weights, BTreeMap::from([(MINERS[0].1, u16::MAX)]));

    let asked = wait_for("an answer outside of a window", || {
        let words = ["ask", "--check", "{\"number\":360}", "--json"];
        let asked = net.run(&words, &common);
        (asked.status.code() == Some(0)).then_some(asked)
    });
    let asked = document(&asked);
    assert_eq!(asked["right"], true, "{asked}");
    assert_eq!(asked["answer"], json!({"factors": [2, 2, 2, 3, 3, 5]}));
    let shown = text(&net.run(&["subnet", "task"], &common));
    assert!(
        shown.contains(&format!("\nprogram      {hash}\n")),
        "{shown}"
    );
}

/// A task that describes itself, loads, and traps at everything else.
const TRAPPING: &str = r#"(module
    (memory (export "memory") 1)
    (data (i32.const 8) "\00\01\00\00\00\40\00\00\00\40\00\00\00\40\00\00\00traps/1")
    (func (export "task_input") (param i32) (result i32) (i32.const 1024))
    (func (export "task_describe") (result i64) (i64.const 0x1800000008))
    (func (export "task_load") (result i64) (i64.const 0x100000008))
    (func (export "task_question") (result i64) unreachable)
    (func (export "task_check_question") (result i64) unreachable)
    (func (export "task_check_answer") (result i64) unreachable)
    (func (export "task_answer") (result i64) unreachable)
    (func (export "task_worth") (result i64) unreachable))"#;

/// A program that fails costs its subnet an epoch. The validator runs on, and starts again.
#[test]
fn a_program_that_draws_no_question_ends_no_validator() {
    let mut net = Net::start("traps", TEMPO, false);
    let (file, code) = (net.path("traps.wasm"), wat::parse_str(TRAPPING).unwrap());
    fs::write(&file, &code).unwrap();
    let named = format!("task = \"traps/1\"\nprogram = \"{}\"", hex(&blake2(&code)));
    let blob = ["--blob", &*file];
    let pledged = net.pledge(&named, b"", &checked_whole(3), &blob);
    assert!(pledged.status.success(), "{}", text(&pledged));
    let (name, _) = VALIDATORS[0];
    let [_miner, mut validator] = before_the_first_round(&mut net, name, &blob);
    let left_out = "this epoch is left out: the task draws no question: task_question trapped";
    net.wait_for_line(name, left_out);
    assert_eq!(validator.0.try_wait().unwrap(), None);

    // A round is on record. Another process finds it, and leaves the epoch out too.
    drop(validator);
    let mut validator = net.neuron("validate", name, &[]);
    wait_for("the epoch is left out again", || {
        (net.log(name).matches(left_out).count() == 2).then_some(())
    });
    net.pass_epoch(TEMPO);
    wait_for("the next epoch is left out", || {
        (net.log(name).matches(left_out).count() == 3).then_some(())
    });
    assert_eq!(validator.0.try_wait().unwrap(), None);
}

#[test]
fn evidence_of_a_sampled_check_holds() {
    let mut net = Net::start("sampled", TEMPO, false);
    net.set_task(&Asks {
        questions: 16,
        check: "0.5",
        window: 3,
    });
    let (name, uid) = VALIDATORS[0];
    let _neurons = first_round(&mut net, name, &[]);

    // All 16 answers are checked, or none but the certain one, once in 32 768 runs each.
    let (folder, number) = (net.path("cache"), uid.0.to_string());
    let common = ["--cache", &folder, "--allow-private", "--json"];
    let of_epoch = |command: &str| {
        let words = ["evidence", command, "--epoch", "2", "--uid", &number];
        net.run(&words, &common)
    };
    let verified = wait_for("the evidence is served", || {
        let verified = of_epoch("verify");
        (verified.status.code() != Some(2)).then_some(verified)
    });
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
    let verified = document(&verified);
    let miner = &document(&of_epoch("show"))["miners"][0];
    let (right, unchecked) = (&miner["right"], &miner["unchecked"]);
    let counts = [right, unchecked].map(|it| it.as_u64().unwrap());
    assert_eq!(counts.iter().sum::<u64>(), 16, "{miner}");
    assert!(counts.iter().all(|it| *it > 0), "{miner}");
    // The auditor computes what the validator says to have computed, and nothing else counts.
    assert_eq!(verified["checked_by_validator"], *right, "{verified}");
    // What was not checked counts as the mean of what was.
    assert_eq!(
        (&miner["wrong"], &miner["weight"]),
        (&0.into(), &65_535.into())
    );
}

#[test]
fn callers_and_a_model_in_other_languages_take_part() {
    let (mut clients, model) = (languages::clients(), languages::NumpyModel::find());
    if clients.is_empty() && model.is_none() {
        return;
    }
    let mut net = Net::start("languages", TEMPO, false);
    let state = net.set_task(&checked_whole(3));
    let served = model.map(|it| it.serve(&net.path("state")));
    let (name, uid) = MINERS[1];
    let _second = served.as_ref().map(|(_, url)| {
        let miner = net.neuron("mine", name, &["--model", url]);
        net.wait_for_line(name, "published the endpoint");
        miner
    });
    let (validator, caller) = (VALIDATORS[0], VALIDATORS[1]);
    let _neurons = first_round(&mut net, validator.0, &[]);

    // A validator takes the answers of numpy for right.
    let mut paid = BTreeMap::from([(MINERS[0].1, u16::MAX)]);
    if served.is_some() {
        paid.insert(uid, u16::MAX);
    }
    assert_eq!(net.last_weights(validator.1), paid, "{}", net.log(name));

    let model = Model::load(&state).unwrap();
    let question = Question {
        text: "a voyage across a body of water".into(),
    };
    let answer = Embed.answer(&model, &question).unwrap().to_json().unwrap();
    for client in &mut clients {
        for miner in paid.keys() {
            let mut line = net.receiver(*miner, caller);
            line["task"] = json!(Embed::NAME);
            line["question"] = json!({ "text": question.text });
            line["answer"] = serde_json::from_slice(&answer).unwrap();
            line["refused"] = json!({ "text": "a ".repeat(300) });
            languages::asks(client, &line);
        }
    }
}

#[test]
fn copies_of_an_endpoint_earn_nothing_and_cost_the_miner_nothing() {
    let mut net = Net::start("copies", LONG_TEMPO, false);
    // More questions than a server takes connections of one address at once.
    net.set_task(&Asks {
        questions: 48,
        window: 8,
        check: "1.0",
    });
    let (victim, uid) = MINERS[1];
    let _victim = net.neuron("mine", victim, &["--http", "127.0.0.1:0"]);
    let _validators = VALIDATORS.map(|(name, _)| net.neuron("validate", name, &[]));
    for name in [victim, VALIDATORS[0].0, VALIDATORS[1].0] {
        net.wait_for_line(name, "published the endpoint");
    }
    // One copy has a certificate of its own, the other one that of the miner. Both are asked before
    // the miner, whose uid is above theirs.
    let axon = net.axon(uid);
    let other = Axon {
        tls: Some([0x11; 32]),
        ..axon.clone()
    };
    let copies = [(account("owner"), other), (net.hotkey(MINERS[0].0), axon)];
    for (hotkey, copy) in copies {
        net.publish(hotkey, copy);
    }
    net.pass_epoch(LONG_TEMPO);
    wait_for("permits", || net.status().final_epoch);
    for name in [victim, VALIDATORS[0].0, VALIDATORS[1].0] {
        net.wait_for_line(name, "loaded the manifest");
    }
    for (name, _) in VALIDATORS {
        net.wait_for_line(name, "all conditions to take part are met");
    }

    // With an endpoint that has not answered yet, and with one that has.
    for epoch in [FIRST, FIRST + 1] {
        net.open_epoch(epoch, LONG_TEMPO);
        net.forward(LONG_TEMPO / 2);
        for weights in net.weights_of(epoch) {
            assert_eq!(weights, BTreeMap::from([(uid, u16::MAX)]), "epoch {epoch}");
        }
    }
    net.pass_epoch(LONG_TEMPO);
    let neurons = wait_for("pay of an epoch with weights", || {
        let neurons = net.neurons();
        (neurons[usize::from(uid.0)].score.incentive > 0).then_some(neurons)
    });
    for neuron in &neurons {
        let all = if neuron.uid == uid { u16::MAX } else { 0 };
        assert_eq!(neuron.score.incentive, all, "uid {}", neuron.uid.0);
    }
    // Every question was answered, and the miner's operator sees the copies.
    let (folder, number) = (net.path("cache"), VALIDATORS[0].1 .0.to_string());
    let common = ["--cache", &folder, "--allow-private", "--json"];
    for epoch in [FIRST, FIRST + 1] {
        let epoch = epoch.to_string();
        let words = ["evidence", "show", "--epoch", &epoch, "--uid", &number];
        let shown = wait_for("the evidence is served", || {
            let shown = net.run(&words, &common);
            (shown.status.code() == Some(0)).then_some(shown)
        });
        let shown = document(&shown);
        let miners = shown["miners"].as_array().unwrap().iter();
        let right: BTreeMap<_, _> = miners
            .map(|it| (it["uid"].as_u64().unwrap(), it["right"].as_u64().unwrap()))
            .filter(|(_, right)| *right > 0)
            .collect();
        assert_eq!(right, BTreeMap::from([(uid.0.into(), 48)]), "{shown}");
    }
    net.wait_for_line(victim, "were meant for another certificate or hotkey");
    // A copy is connected to about once in a round of a validator, and not for each question.
    let metrics = get(&net.http(victim), "/metrics");
    let name = "inktensor_neuron_misled_connections{netuid=\"1\"} ";
    let misled = metrics.lines().find_map(|line| line.strip_prefix(name));
    let misled: u32 = misled.expect("the metric").parse().unwrap();
    assert!((1..=24).contains(&misled), "{misled}");
}
