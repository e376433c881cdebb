//! A contest on a network: miners enter models, validators judge them, and anyone computes a
//! verdict again.

use crate::network::{
    document, text as text_of, wait_for, Asks, Guarded, Net, FIRST, LONG_TEMPO, MINERS, NETUID,
    VALIDATORS,
};
use inktensor_client::chain::{Answer, Typed};
use inktensor_contest::{Definition, Finding, HeldOut, Model, Round, Shown};
use inktensor_exact::{
    adamw::AdamW,
    gpt::{Config, Trainer},
};
use inktensor_neuron::{
    contest::{
        entries::{epoch, rows_seed},
        evidence::ContestEvidence,
    },
    evidence::{any::AnyEvidence, read_facts, seeds::parts_of, Head},
};
use inktensor_primitives::{
    hash::{blake2, hex},
    registry::{CommitmentKind, Registry},
    Bps, Uid,
};
use inktensor_task::{Alpha, Blob, Seat, Seed};
use std::{collections::BTreeMap, fs};

/// Sizes of models: 2 736 weights.
const CONFIG: Config = Config {
    vocabulary: 128,
    context: 8,
    width: 16,
    layers: 1,
    heads: 2,
    hidden: 16,
};
/// The miner with the better model, which is entered later.
const BETTER: (&str, Uid) = MINERS[0];
const WORSE: (&str, Uid) = MINERS[1];

/// Words that are easily learned, in an order that is not.
fn corpus() -> Vec<u8> {
    let mut draw = Seed([9; 32]).draw();
    let words = [
        "rows ",
        "drawn later ",
        "tell models ",
        "apart ",
        "by loss ",
    ];
    let mut text = Vec::new();
    while text.len() < 260_000 {
        text.extend(draw.pick(&words).unwrap().bytes());
    }
    text
}

fn contest() -> HeldOut {
    HeldOut::new(CONFIG, corpus()).unwrap()
}

/// Returns the file of a model after so many steps.
fn trained(contest: &HeldOut, steps: u8) -> Vec<u8> {
    let trainer = Trainer::new(CONFIG, AdamW::SMALL).unwrap();
    let state = (0..steps).fold(trainer.start(5), |state, step| {
        let rows = contest.corpus().rows(&Seed([step; 32]), 8);
        trainer.step(state, &rows).unwrap()
    });
    Model::new(CONFIG, state.weights).unwrap().to_blob()
}

impl Net {
    /// Pledges a manifest of a contest.
    fn set_contest(&self) {
        let definition = Definition {
            config: CONFIG,
            corpus: blake2(&corpus()),
        };
        fs::write(self.path("corpus"), corpus()).unwrap();
        let mut asks = Asks {
            questions: 2,
            window: 2,
            check: "1.0",
        };
        let blobs = format!("{},{}", self.path("state"), self.path("corpus"));
        let mut set = |questions, more: &[&str]| {
            asks.questions = questions;
            let state = definition.to_blob();
            self.pledge("task = \"contest/1\"", &state, &asks, more)
        };
        for (questions, more, problem) in [
            (2, &["--blob", &*blobs][..], "write `questions = 1`"),
            (1, &[], "name its file with --blob"),
        ] {
            let refused = set(questions, more);
            let said = text_of(&refused);
            assert_eq!(refused.status.code(), Some(2), "{said}");
            assert!(said.contains(problem), "{said}");
        }
        let pledged = set(1, &["--blob", &blobs]);
        assert!(pledged.status.success(), "{}", text_of(&pledged));
    }

    fn contestant(&self, command: &str, name: &str, more: &[&str]) -> Guarded {
        let corpus = self.path("corpus");
        self.neuron(command, name, &[&["--blob", &*corpus], more].concat())
    }

    /// Starts a miner that enters a model.
    fn enter(&self, name: &str, model: &[u8]) -> Guarded {
        let file = self.path(&format!("{name}.model"));
        fs::write(&file, model).unwrap();
        self.contestant("mine", name, &["--entry", &file])
    }

    /// Waits for the second line of a log, of a process that was started again.
    fn wait_for_second(&self, name: &str, line: &str) {
        wait_for(&format!("{name}: {line}, again"), || {
            (self.log(name).matches(line).count() >= 2).then_some(())
        });
    }
}

#[test]
fn better_models_are_paid_and_copies_are_not() {
    let contest = contest();
    let (better, worse) = (trained(&contest, 200), trained(&contest, 40));
    let mut net = Net::start("contest", LONG_TEMPO, false);
    net.set_contest();
    let (copier, silent) = (net.register("copier"), net.register("silent"));
    let mut m1 = net.enter(WORSE.0, &worse);
    let _v0 = net.contestant("validate", VALIDATORS[0].0, &[]);
    let mut v1 = net.contestant("validate", VALIDATORS[1].0, &[]);
    let lost = net.enter("silent", &trained(&contest, 60));
    for (name, _) in VALIDATORS {
        net.wait_for_line(name, "published the endpoint");
    }
    net.pass_epoch(LONG_TEMPO);
    wait_for("permits", || net.status().final_epoch);
    // Entries before the first epoch of a contest count in it. The order of pledges counts too.
    net.wait_for_line(WORSE.0, "the entry is on the chain");
    net.wait_for_line("silent", "the entry is on the chain");
    drop(lost);
    let _m0 = net.enter(BETTER.0, &better);
    net.wait_for_line(BETTER.0, "the entry is on the chain");
    for (name, _) in VALIDATORS {
        net.wait_for_line(name, "loaded the manifest");
    }
    let hidden = format!(
        "{}/blobs/{}",
        net.path(BETTER.0),
        &hex(&blake2(&better))[2..]
    );
    net.pass_epoch(LONG_TEMPO);
    assert!(
        !fs::exists(&hidden).unwrap(),
        "a model is secret up to the cut-off"
    );

    // A validator that is killed in its round continues. The miner that was killed costs it a
    // window, so the round takes as long.
    net.forward(LONG_TEMPO / 2);
    let (name, uid) = VALIDATORS[1];
    net.wait_for_line(name, "judging, by the hash of block");
    v1.0.kill().unwrap();
    v1.0.wait().unwrap();
    let v1 = net.contestant("validate", name, &[]);
    for weights in net.weights_of(FIRST) {
        let uids: Vec<Uid> = weights.keys().copied().collect();
        assert_eq!(uids, [BETTER.1, WORSE.1], "{}", net.log(name));
        assert_eq!(weights[&BETTER.1], u16::MAX);
        assert!((32_000..33_000).contains(&weights[&WORSE.1]), "{weights:?}");
    }
    net.wait_for_line(name, "continuing the round");

    // A miner that is killed keeps its entry.
    m1.0.kill().unwrap();
    m1.0.wait().unwrap();
    let m1 = net.contestant("mine", WORSE.0, &[]);
    net.wait_for_second(WORSE.0, "showing the entry");
    let pledges = net.log(WORSE.0).matches("pledged the entry").count();
    assert_eq!(pledges, 1, "{}", net.log(WORSE.0));

    // The model is public now, and a copy is entered. Its first cut-off is that of the next epoch.
    assert_eq!(blake2(&fs::read(&hidden).unwrap()), blake2(&better));
    let copying = net.enter("copier", &better);
    net.wait_for_line("copier", "the entry is on the chain");
    net.pass_epoch(LONG_TEMPO);
    let first = served(&net, name, FIRST);
    drop(v1);
    net.forward(LONG_TEMPO / 2 + 3);
    let lines = format!("uid={} loss=", copier.0);
    wait_for("a second verdict", || {
        let log = net.log(VALIDATORS[0].0);
        (log.matches("set weights").count() == 2).then_some(())
    });
    let log = net.log(VALIDATORS[0].0);
    let copied = log.lines().find(|it| it.contains(&lines));
    let copied = copied.expect("a line about the copier");
    let reason = format!("worth nothing: the model of uid {}", BETTER.1 .0);
    assert!(copied.contains(&reason), "{copied}");
    let weights = net.last_weights(VALIDATORS[0].1);
    assert_eq!(
        weights.keys().copied().collect::<Vec<_>>(),
        [BETTER.1, WORSE.1]
    );

    // The other validator is away, and pledges a verdict with a loss that is too low.
    let forged = forged(&mut net, &contest, &first, (&better, &worse), uid);
    let file = net.path("forged");
    fs::write(&file, forged.file()).unwrap();

    // Anyone computes verdicts again, the second one from the averages of the first.
    net.pass_epoch(LONG_TEMPO);
    for (of, entries) in [(FIRST, 3), (FIRST + 1, 4)] {
        let verified = verify(&net, VALIDATORS[0].1, of, &[]);
        assert_eq!(verified.status.code(), Some(0), "{}", text_of(&verified));
        let verified = document(&verified);
        assert_eq!(verified["receipts"], entries, "{verified}");
        assert_eq!(verified["recomputed"], entries - 1, "{verified}");
        assert_eq!(verified["unproven"][0], silent.0, "{verified}");
    }
    let verified = verify(&net, uid, FIRST + 1, &["--from", &file]);
    let said = text_of(&verified);
    assert_eq!(verified.status.code(), Some(1), "{said}");
    let named = format!("4: the finding about uid {} is ", WORSE.1 .0);
    assert!(
        said.contains(&named) && said.contains("off by 0.000"),
        "{said}"
    );

    // Another model replaces an entry. One of another store is given up on demand alone.
    drop((m1, copying));
    let _m1 = net.enter(WORSE.0, &trained(&contest, 80));
    net.wait_for_line(WORSE.0, "is entered no more");
    net.wait_for_second(WORSE.0, "pledged the entry");
    fs::rename(net.path("copier"), net.path("copier-before")).unwrap();
    let other = net.enter("copier", &worse);
    net.wait_for_line("copier", "that is not in this store");
    drop(other);
    let file = net.path("copier.model");
    let more = ["--entry", &*file, "--replace-entry"];
    let _other = net.contestant("mine", "copier", &more);
    net.wait_for_second("copier", "pledged the entry");
}

fn verify(net: &Net, uid: Uid, epoch: u32, more: &[&str]) -> std::process::Output {
    let (folder, uid, epoch) = (net.path("auditor"), uid.0.to_string(), epoch.to_string());
    let words = ["evidence", "verify", "--epoch", &epoch, "--uid", &uid];
    let common = ["--cache", &folder, "--allow-private", "--json"];
    net.run(&words, &[&common[..], more].concat())
}

/// Returns the evidence that a validator serves, from the folder of its blobs.
fn served(net: &Net, name: &str, epoch: u32) -> ContestEvidence {
    let folder = format!("{}/blobs", net.path(name));
    wait_for("the evidence is served", || {
        let files = fs::read_dir(&folder).unwrap();
        let found = files.filter_map(|file| {
            let bytes = fs::read(file.unwrap().path()).ok()?;
            match AnyEvidence::read(&bytes).ok()? {
                AnyEvidence::Contest(evidence) => Some(evidence),
                AnyEvidence::Asked(_) => None,
            }
        });
        let mut found = found.filter(|it| it.head.epoch == epoch);
        found.next()
    })
}

/// Pledges a verdict of the epoch after `first` for the validator on `uid`. In it the worse model
/// has a lower loss on its first row. Returns the evidence.
fn forged(
    net: &mut Net,
    contest: &HeldOut,
    first: &ContestEvidence,
    (better, worse): (&[u8], &[u8]),
    uid: Uid,
) -> ContestEvidence {
    let facts = read_facts::read(&net.chain, &net.contracts, NETUID, FIRST + 1, uid).unwrap();
    let head = Head {
        home: facts.home,
        netuid: NETUID,
        epoch: facts.epoch,
        validator: facts.validator.unwrap(),
        manifest: facts.manifest.unwrap(),
        seed_block: facts.seed_block,
        before: facts.before.map(|it| it.root),
    };
    let of = epoch(facts.home, NETUID, facts.epoch, facts.round().unwrap());
    let before = first.verdict.averages();
    let rules = Round {
        contest,
        epoch: &of,
        pledges: &facts.entries,
        seed: rows_seed(&head),
        before: &before,
        alpha: Alpha(parts_of(Bps(5_000))),
    };
    let models = BTreeMap::from([(BETTER.1 .0, better), (WORSE.1 .0, worse)]);
    let mut openings: Vec<(Seat, _)> = Vec::new();
    let mut findings = Vec::new();
    for entry in rules.entries() {
        let shown = Shown {
            opening: first.opening(entry.seat),
            blob: models.get(&entry.seat.uid).map(|it| it.to_vec()),
        };
        let mut finding = rules.find(&entry, &shown);
        if let Finding::Judged { losses, .. } = &mut finding {
            openings.push((entry.seat, shown.opening.unwrap()));
            if entry.seat.uid == WORSE.1 .0 {
                losses[0].0 -= 100_000;
            }
        }
        findings.push((entry, finding));
    }
    let evidence = ContestEvidence {
        verdict: rules.conclude(&findings),
        head,
        openings,
    };
    let data = evidence.pledge().to_data();
    let commit = net
        .contracts
        .registry()
        .commit(NETUID, CommitmentKind::Raw, data);
    let hotkey = net.hotkey(VALIDATORS[1].0);
    net.chain.send(hotkey, commit).answer().unwrap();
    evidence
}
