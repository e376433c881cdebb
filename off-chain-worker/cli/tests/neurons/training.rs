//! A training on a network: miners pledge their work, validators probe it, and the joined state is
//! the start of the next epoch.

use crate::cheats;
use crate::network::{
    document, text as text_of, wait_for, Asks, Guarded, Net, FIRST, LONG_TEMPO, MINERS, NETUID,
    PATIENCE, VALIDATORS,
};
use crate::support;
use inktensor_client::chain::{ChainRead, Typed};
use inktensor_exact::{adamw::AdamW, gpt::Config};
use inktensor_neuron::program::linked;
use inktensor_primitives::{
    hash::{blake2, hex},
    registry::{Registry, ServingView},
    work::Pledge,
    Digest, Uid,
};
use inktensor_simulation::live::cheats::Forgery;
use inktensor_task::{Blob, Fold, Hash, Seed, Tag};
use inktensor_train::{Recipe, State, Train};
use serde_json::{json, Value};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// Most steps of a miner in an epoch.
const STEPS: u16 = 6;
/// Blocks of an epoch in which six cheats work beside the others: a minute.
const CHEATS_TEMPO: u32 = 240;

/// A small text that a small model learns something of.
fn corpus() -> Vec<u8> {
    "the miners train one model, and each step is on record. "
        .repeat(40)
        .into_bytes()
}

fn train() -> Train {
    let config = Config {
        vocabulary: 128,
        context: 8,
        width: 8,
        layers: 1,
        heads: 1,
        hidden: 8,
    };
    let recipe = Recipe {
        rows: 2,
        descent: AdamW::SMALL,
    };
    Train::new(config, recipe, corpus()).unwrap()
}

/// Returns the first state by the seed 1, as `train start` computes it.
fn first_state() -> State {
    let seeds = Seed(Hash::new(Tag(b"ink:trun")).u64(1).digest());
    train().start(&seeds.part("start")).unwrap()
}

impl Net {
    /// Pledges a manifest of a small training. Returns the words that give a neuron the corpus.
    fn set_training(&self) -> Vec<String> {
        self.set_training_by(None)
    }

    /// Pledges a manifest of a training, which a Wasm program computes, or native code. Returns the
    /// words that give a neuron the corpus and the program.
    fn set_training_by(&self, code: Option<&[u8]>) -> Vec<String> {
        let state = first_state().to_blob();
        let asks = Asks {
            questions: 3,
            window: 6,
            check: "1.0",
        };
        let mut named = format!("task = \"train/1\"\nsteps = {STEPS}");
        let corpus_file = self.path("corpus");
        fs::write(&corpus_file, corpus()).unwrap();
        let Some(code) = code else {
            let pledged = self.pledge(&named, &state, &asks, &[]);
            assert!(pledged.status.success(), "{}", text_of(&pledged));
            return vec!["--blob".into(), corpus_file];
        };
        let file = self.path("train.wasm");
        fs::write(&file, code).unwrap();
        named += &format!("\nprogram = \"{}\"", hex(&blake2(code)));
        let pledged = self.pledge(&named, &state, &asks, &["--blob", &file]);
        assert!(pledged.status.success(), "{}", text_of(&pledged));
        vec!["--blob".into(), format!("{corpus_file},{file}")]
    }

    /// Returns the endpoint and the pledge of a neuron.
    fn serving(&self, uid: Uid) -> Option<ServingView> {
        let serving = self.contracts.registry().serving(NETUID, uid);
        self.chain.query(serving).unwrap()
    }

    /// Waits for the first line of a neuron that has all of `parts`.
    fn line_of(&self, name: &str, parts: &[&str]) -> String {
        wait_for(&format!("{name}: {}", parts.join(" .. ")), || {
            let log = self.log(name);
            let mut lines = log.lines();
            let found = lines.find(|line| parts.iter().all(|part| line.contains(part)));
            found.map(str::to_owned)
        })
    }

    /// Returns the start of an epoch that a validator has voted for, once it has.
    fn voted(&self, validator: Uid, epoch: u32) -> Digest {
        wait_for(&format!("a vote of {validator:?} in epoch {epoch}"), || {
            let data = self.serving(validator)?.commitment?.data;
            match Pledge::from_data(&data) {
                Ok(Pledge::Fold {
                    epoch: of, start, ..
                }) if of == epoch => Some(start),
                _ => None,
            }
        })
    }
}

/// Starts a miner or a validator with the corpus.
fn start(net: &Net, command: &str, name: &str, blobs: &[String]) -> Guarded {
    let more: Vec<&str> = blobs.iter().map(String::as_str).collect();
    net.neuron(command, name, &more)
}

/// Waits until all neurons have loaded the training, in the epoch before the first one of it.
fn load(net: &mut Net, names: &[&str], tempo: u32) {
    for name in names {
        net.wait_for_line(name, "published the endpoint");
    }
    net.pass_epoch(tempo);
    wait_for("permits", || net.status().final_epoch);
    for name in names {
        net.wait_for_line(name, "loaded the manifest");
    }
}

/// Waits until all neurons have loaded the training, and the first epoch of it is open.
fn begin(net: &mut Net, names: &[&str]) {
    load(net, names, LONG_TEMPO);
    net.open_epoch(FIRST, LONG_TEMPO);
}

#[test]
fn miners_train_one_model_and_its_evidence_holds() {
    let mut net = Net::start("training", LONG_TEMPO, false);
    let blobs = net.set_training();
    let all = ["m0", "m1", "v0", "v1"];
    let _m0 = start(&net, "mine", "m0", &blobs);
    let mut m1 = start(&net, "mine", "m1", &blobs);
    let _v0 = start(&net, "validate", "v0", &blobs);
    let _v1 = start(&net, "validate", "v1", &blobs);
    begin(&mut net, &all);

    // A miner that is killed shows the work that it has pledged.
    net.wait_for_line("m1", "pledged the work");
    m1.0.kill().unwrap();
    m1.0.wait().unwrap();
    let _m1 = start(&net, "mine", "m1", &blobs);
    // Both miners do all steps, and are paid alike.
    for weights in net.weights_of(FIRST) {
        let expected = MINERS.iter().map(|(_, uid)| (*uid, u16::MAX)).collect();
        assert_eq!(weights, expected, "{}", net.log("v0"));
    }
    let pledges = net.log("m1").matches("pledged the work").count();
    assert_eq!(pledges, 1, "{}", net.log("m1"));
    let first = first_state().hash();
    for (_, uid) in VALIDATORS {
        assert_eq!(net.voted(uid, FIRST), first);
    }
    // The next epoch begins with another state, the same for all.
    let second = net.voted(VALIDATORS[0].1, FIRST + 1);
    assert_eq!(net.voted(VALIDATORS[1].1, FIRST + 1), second);
    assert_ne!(second, first);
    for name in all {
        let line = format!("the next epoch begins with {}", hex(&second));
        net.wait_for_line(name, &line);
    }
    let third = net.voted(VALIDATORS[0].1, FIRST + 2);
    assert_ne!(third, second);

    // Anyone computes the probed steps again.
    let (folder, uid) = (net.path("cache"), VALIDATORS[0].1 .0.to_string());
    let epoch = (FIRST + 1).to_string();
    let words = ["evidence", "verify", "--epoch", &epoch, "--uid", &uid];
    let common = ["--cache", &folder, "--allow-private", "--json"];
    let verified = net.run(&words, &common);
    assert_eq!(verified.status.code(), Some(0), "{}", text_of(&verified));
    assert_eq!(document(&verified)["recomputed"], 6);

    // A stranger computes the whole training again, and finds the same starts as the votes.
    let replayed = net.run(&["train", "replay"], &common);
    assert_eq!(replayed.status.code(), Some(0), "{}", text_of(&replayed));
    let replayed = document(&replayed);
    assert_eq!(replayed["first_epoch"], FIRST);
    let epochs = replayed["epochs"].as_array().unwrap();
    assert!(epochs.len() >= 2, "{replayed}");
    assert_eq!(epochs[0]["start"], hex(&first));
    assert_eq!(epochs[0]["next"], hex(&second));
    assert_eq!(epochs[1]["next"], hex(&third));
    assert_eq!(epochs[1]["members"], json!([1, 2]));
    assert_eq!(epochs[1]["steps"], 12);

    // By a Wasm program, too.
    if let Some(programs) = support::programs() {
        let file = net.path("train.wasm");
        fs::write(&file, &programs.train).unwrap();
        let by_program = ["--program", &*file, "--to", &epoch];
        let words = [&common[..], &by_program].concat();
        let by_program = net.run(&["train", "replay"], &words);
        let said = text_of(&by_program);
        assert_eq!(by_program.status.code(), Some(0), "{said}");
        let by_program = document(&by_program);
        assert_eq!(by_program["program"], hex(&blake2(&programs.train)));
        assert_eq!(by_program["epochs"].as_array().unwrap()[..2], epochs[..2]);
    }

    let status = net.run(&["train", "status"], &common);
    let status = document(&status);
    let row = |epoch: u32| {
        let rows = status["epochs"].as_array().unwrap();
        rows.iter()
            .find(|row| row["epoch"] == epoch)
            .unwrap()
            .clone()
    };
    let expected = json!({
        "epoch": FIRST + 1, "start": hex(&second), "pledges": 2, "joined": 2, "steps": 12,
    });
    assert_eq!(row(FIRST + 1), expected, "{status}");
    let shown = text_of(&net.run(&["train", "status"], &common[..3]));
    assert!(shown.contains(&hex(&second)[..18]), "{shown}");

    // From an answer by the second state back to the first seed.
    let state = fs::read(format!("{folder}/{}", &hex(&second)[2..])).unwrap();
    let program = linked("complete/1", &state).unwrap();
    let question = program.question(&Seed([2; 32])).unwrap();
    let answer = program.answer(&question).unwrap();
    let text = |json: &[u8]| serde_json::from_slice::<Value>(json).unwrap();
    let mut answered = json!({
        "task": "complete/1",
        "state": hex(&second),
        "question": text(&question),
        "answer": text(&answer),
    });
    let file = net.path("answer.json");
    let provenance = |answered: &Value, more: &[&str]| {
        fs::write(&file, answered.to_string()).unwrap();
        let words = ["provenance", "--answer", &file];
        net.run(&words, &[&common[..], more].concat())
    };
    let found = provenance(&answered, &["--first-seed", "1"]);
    assert_eq!(found.status.code(), Some(0), "{}", text_of(&found));
    let found = document(&found);
    assert_eq!(
        found["place"],
        format!("the state in which epoch {FIRST} ends")
    );
    assert_eq!(
        (&found["answer"], &found["steps"]),
        (&json!(true), &json!(12))
    );
    let other = provenance(&answered, &["--first-seed", "2"]);
    assert_eq!(other.status.code(), Some(1), "{}", text_of(&other));
    answered["answer"] = text(
        &program
            .answer(&program.question(&Seed([3; 32])).unwrap())
            .unwrap(),
    );
    let wrong = provenance(&answered, &[]);
    assert_eq!(wrong.status.code(), Some(1), "{}", text_of(&wrong));
    assert_eq!(document(&wrong)["answer"], false);
}

/// The owner names a program: miners and validators work by it, and so does an auditor.
#[test]
fn a_training_by_a_wasm_program_is_mined_validated_and_audited() {
    let Some(programs) = support::programs() else {
        return;
    };
    let mut net = Net::start("training-wasm", LONG_TEMPO, false);
    let blobs = net.set_training_by(Some(&programs.train));
    let all = ["m0", "m1", "v0", "v1"];
    let _m0 = start(&net, "mine", "m0", &blobs);
    let _v0 = start(&net, "validate", "v0", &blobs);
    // These fetch the program, the corpus and the state by their hashes.
    let _m1 = start(&net, "mine", "m1", &[]);
    let _v1 = start(&net, "validate", "v1", &[]);
    begin(&mut net, &all);
    for weights in net.weights_of(FIRST) {
        let expected = MINERS.iter().map(|(_, uid)| (*uid, u16::MAX)).collect();
        assert_eq!(weights, expected, "{}", net.log("v0"));
    }
    let second = net.voted(VALIDATORS[0].1, FIRST + 1);
    assert_eq!(net.voted(VALIDATORS[1].1, FIRST + 1), second);
    assert_ne!(second, first_state().hash());

    let (folder, uid) = (net.path("cache"), VALIDATORS[0].1 .0.to_string());
    let epoch = FIRST.to_string();
    let words = ["evidence", "verify", "--epoch", &epoch, "--uid", &uid];
    let common = ["--cache", &folder, "--allow-private", "--json"];
    let verified = net.run(&words, &common);
    assert_eq!(verified.status.code(), Some(0), "{}", text_of(&verified));
    assert_eq!(document(&verified)["recomputed"], 6);
    // The end of an epoch is confirmed by the votes of the next one.
    let words = [&common[..], &["--to", &epoch]].concat();
    let replayed = wait_for("a confirmed end", || {
        let replayed = net.run(&["train", "replay"], &words);
        (replayed.status.code() != Some(2)).then_some(replayed)
    });
    assert_eq!(replayed.status.code(), Some(0), "{}", text_of(&replayed));
    let replayed = document(&replayed);
    assert_eq!(replayed["program"], hex(&blake2(&programs.train)));
    assert_eq!(replayed["epochs"][0]["next"], hex(&second));
}

#[test]
fn cheats_of_a_training_earn_nothing_and_change_no_state() {
    let mut net = Net::start("cheats", CHEATS_TEMPO, false);
    let blobs = net.set_training();
    let lies = [
        ("claims", Forgery::Claims),
        ("other-end", Forgery::OtherEnd),
        ("other-start", Forgery::OtherStart),
        ("silent", Forgery::Silent),
        ("hides", Forgery::Hides),
        ("lapses", Forgery::Lapses(FIRST)),
    ];
    let uids = lies.map(|(name, _)| net.register(name));
    let lapsed = uids[lies.len() - 1];
    let _m0 = start(&net, "mine", "m0", &blobs);
    let _v0 = start(&net, "validate", "v0", &blobs);
    let mut v1 = start(&net, "validate", "v1", &blobs);
    let _cheats = lies.map(|(name, lie)| cheats::start(&net, name, lie));
    load(&mut net, &["m0", "v0", "v1"], CHEATS_TEMPO);
    for (uid, (name, _)) in uids.iter().zip(lies) {
        wait_for(&format!("the endpoint of {name}"), || {
            net.serving(*uid)?.axon
        });
    }
    // The second validator is away while the first one probes.
    v1.0.kill().unwrap();
    v1.0.wait().unwrap();
    net.open_epoch(FIRST, CHEATS_TEMPO);
    // One that comes late, with an empty store.
    let _m1 = start(&net, "mine", "m1", &blobs);
    wait_for("the work of the miner that lapses", || {
        let data = net.serving(lapsed)?.commitment?.data;
        matches!(Pledge::from_data(&data), Ok(Pledge::Work { .. })).then_some(())
    });
    let (first, uid) = (format!("epoch={FIRST}"), format!("uid={}", lapsed.0));
    net.line_of("v0", &["a probe proves a fraud", &first, &uid]);
    net.voted(VALIDATORS[0].1, FIRST);
    // Its window is over in this epoch, and the miner lies in no later one.
    let status = net.status();
    let now = net.chain.block().unwrap();
    let over = status.opened_at + CHEATS_TEMPO * 3 / 4;
    if status.open == FIRST && now < over {
        net.chain.advance(over - now).unwrap();
    }
    let _v1 = start(&net, "validate", "v1", &blobs);
    let took = format!("took a proof of fraud from uid {}", VALIDATORS[0].1 .0);
    net.line_of("v1", &[&took, &first, &uid]);
    proof_stands(&net, lapsed);

    let bars = format!("a proof of fraud in epoch {FIRST} bars the miner");
    let line = net.line_of("v1", &[&bars, &uid]);
    let epoch = line.split("epoch=").nth(1).unwrap();
    let epoch = epoch.split_whitespace().next().unwrap();
    let epoch: u32 = epoch.parse().unwrap();
    // The bar is in force in the next epoch, too.
    let opened_at = net.status().opened_at;
    for (name, uid) in VALIDATORS {
        let mut paid = net.weights_since(uid, opened_at);
        // Late, and paid from its first whole epoch on.
        paid.remove(&MINERS[1].1);
        let paid: Vec<Uid> = paid.into_keys().collect();
        assert_eq!(paid, [MINERS[0].1], "{uid:?}: {}", net.log(name));
    }
    net.open_epoch(epoch + 1, CHEATS_TEMPO);
    evidence_holds(&net, epoch);
    wait_for("pay of the miner that came late", || {
        let paid = net.last_weights(VALIDATORS[0].1);
        paid.contains_key(&MINERS[1].1).then_some(())
    });
}

/// Checks that the second validator serves the proof that it has taken, and that anyone decides it.
fn proof_stands(net: &Net, lapsed: Uid) {
    let (folder, out) = (net.path("cache"), net.path("proofs"));
    let common = ["--cache", &folder, "--allow-private"];
    let second = VALIDATORS[1].1 .0.to_string();
    let served = ["--uid", &second, "--out", &out, "--json"];
    // Proofs about the first step of an open epoch wait for its votes, and are others.
    let of_lapsed = |row: &Value| row["uid"] == lapsed.0 && row["epoch"] == FIRST;
    let stands = |row: &Value| of_lapsed(row) && row["verdict"] == "stands";
    let begun = Instant::now();
    loop {
        let decided = net.run(&["train", "proof"], &[&common[..], &served].concat());
        let document: Result<Value, _> = serde_json::from_slice(&decided.stdout);
        let document = document.unwrap_or_default();
        let mut rows = document["proofs"].as_array().into_iter().flatten();
        if rows.any(stands) {
            break;
        }
        let said = text_of(&decided);
        assert!(begun.elapsed() < PATIENCE, "no proof that stands: {said}");
        thread::sleep(Duration::from_millis(500));
    }

    // A file has its state, and needs no neuron but for the training.
    let file = format!("{out}/proof-{FIRST}-{}", lapsed.0);
    let decide = |file: &str| net.run(&["train", "proof", file], &common);
    let decided = decide(&file);
    let said = text_of(&decided);
    assert_eq!(decided.status.code(), Some(0), "{said}");
    assert!(said.contains("on the chain: 1 of 1"), "{said}");
    assert!(
        said.lines().all(|line| line.chars().count() <= 80),
        "{said}"
    );
    // The same claim about another pledge.
    let mut other = fs::read(&file).unwrap();
    other[59] ^= 1;
    let changed = net.path("changed");
    fs::write(&changed, other).unwrap();
    let decided = decide(&changed);
    let said = text_of(&decided);
    assert_eq!(decided.status.code(), Some(1), "{said}");
    assert!(said.contains("is not the miner's on the chain"), "{said}");
}

/// Checks the evidence of the second validator, which bars a miner by the proof of another one.
fn evidence_holds(net: &Net, epoch: u32) {
    let folder = net.path("cache");
    let common = ["--cache", &folder, "--allow-private"];
    let (epoch, second) = (epoch.to_string(), VALIDATORS[1].1 .0.to_string());
    let words = ["evidence", "verify", "--epoch", &epoch, "--uid", &second];
    let verified = wait_for("served evidence", || {
        let verified = net.run(&words, &common);
        (!text_of(&verified).contains("withheld")).then_some(verified)
    });
    assert_eq!(verified.status.code(), Some(0), "{}", text_of(&verified));
}

#[test]
fn a_training_goes_on_after_all_its_neurons_were_away() {
    let mut net = Net::start("away", LONG_TEMPO, false);
    let blobs = net.set_training();
    let all = [
        ("mine", "m0"),
        ("mine", "m1"),
        ("validate", "v0"),
        ("validate", "v1"),
    ];
    let start_all = |net: &Net| all.map(|(command, name)| start(net, command, name, &blobs));
    let running = start_all(&net);
    begin(&mut net, &all.map(|(_, name)| name));
    net.weights_of(FIRST);
    let line = "the next epoch begins with";
    for (_, name) in all {
        net.wait_for_line(name, line);
    }
    // A whole epoch without any neuron. In the next one no start has most stake, and in the one
    // after it all take the newest start that they were sure of.
    drop(running);
    wait_for("the epoch closes", || {
        (net.status().open > FIRST).then_some(())
    });
    net.pass_epoch(LONG_TEMPO);
    let _running = start_all(&net);
    for (_, name) in all {
        wait_for("a second start", || {
            let published = net.log(name).matches("serving on").count();
            (published == 2).then_some(())
        });
    }
    for line in [
        "most stake names no state",
        "most stake names no start; taking",
    ] {
        net.pass_epoch(LONG_TEMPO);
        for (_, name) in all {
            net.wait_for_line(name, line);
        }
    }
    let second = net.voted(VALIDATORS[0].1, FIRST + 4);
    assert_eq!(net.voted(VALIDATORS[1].1, FIRST + 4), second);
    assert_ne!(second, first_state().hash());
    let line = format!("the next epoch begins with {}", hex(&second));
    assert!(net.log("m0").contains(&line), "{}", net.log("m0"));
    // Work goes on from there.
    let third = net.voted(VALIDATORS[0].1, FIRST + 5);
    assert_ne!(third, second);
}
