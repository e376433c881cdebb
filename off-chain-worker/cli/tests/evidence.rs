//! `inktensor evidence verify` with files only: no chain is opened, and a file accuses only the
//! validator that it is of.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use inktensor_client::chain::BlockId;
use inktensor_embed::small;
use inktensor_neuron::{
    evidence::{
        codec::{evidence_file, facts_file},
        facts::{ChainWeights, Facts, Pledged},
        Evidence, Head, Registration,
    },
    fold::pledges::Pledges,
    manifest::Manifest,
};
use inktensor_primitives::{
    hash::{blake2, hex},
    Digest, NetUid, Uid,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const EPOCH: u32 = 7;

/// A validator's epoch without miners, as files in a folder.
struct Files {
    folder: PathBuf,
    facts: Facts,
    evidence: Evidence,
}

fn pledge(facts: &mut Facts, evidence: &Evidence) {
    facts.pledged = Pledged::of(&evidence.pledge(), 135);
}

impl Files {
    fn write(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("evidence-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let state = small::state(1).unwrap();
        let manifest = format!(
            "task = \"embed/1\"\nstate = \"{}\"\nquestions = 4\nwindow = 3\ncheck = 1.0\n\
             alpha = 0.5\n",
            hex(&blake2(&state))
        );
        fs::write(folder.join("model"), &state).unwrap();
        fs::write(folder.join("manifest"), &manifest).unwrap();
        let manifest = Manifest::hash(manifest.as_bytes());
        let validator = Registration {
            uid: Uid(1),
            generation: 3,
            hotkey: [9; 32].into(),
        };
        let seed_block = BlockId {
            number: 122,
            hash: [4; 32],
        };
        let home: Digest = [5; 32];
        let netuid = NetUid(1);
        let evidence = Evidence {
            head: Head {
                home,
                netuid,
                epoch: EPOCH,
                validator,
                manifest,
                seed_block,
                before: None,
            },
            receipts: Vec::new(),
            standings: Vec::new(),
            weights: Vec::new(),
            vote: None,
            proofs: Vec::new(),
        };
        let mut facts = Facts {
            home,
            netuid,
            epoch: EPOCH,
            uid: Uid(1),
            opened_at: 100,
            tempo: 40,
            closed_at: Some(140),
            seed_block,
            check_block: Some([6; 32]),
            validator: Some(validator),
            permit: true,
            miners: Vec::new(),
            manifest: Some(manifest),
            pledges: Pledges::default(),
            entries: Vec::new(),
            start: None,
            before: None,
            pledged: None,
            weights: ChainWeights::Row(Vec::new()),
        };
        pledge(&mut facts, &evidence);
        let files = Self {
            folder,
            facts,
            evidence,
        };
        files.save();
        files
    }

    fn save(&self) {
        fs::write(self.folder.join("facts"), facts_file(&self.facts)).unwrap();
        let evidence = evidence_file(&self.evidence);
        fs::write(self.folder.join("evidence"), evidence).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Runs the audit of a validator's epoch with these files. Returns the exit code and all text.
    fn verify_as(&self, subject: [&str; 3], more: &[&str]) -> (i32, String) {
        let [netuid, epoch, uid] = subject;
        let mut command = Command::new(env!("CARGO_BIN_EXE_inktensor"));
        command.args(["evidence", "verify", "--netuid", netuid]);
        command.args(["--epoch", epoch, "--uid", uid]);
        command.args(["--cache", &self.path("cache")]).args(more);
        command.env_remove("INKTENSOR_CHAIN");
        let output: Output = command.output().unwrap();
        let text = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
        (output.status.code().unwrap(), text.concat())
    }

    fn verify(&self, more: &[&str]) -> (i32, String) {
        let blobs = [self.path("manifest"), self.path("model")].join(",");
        let (facts, evidence) = (self.path("facts"), self.path("evidence"));
        let files = ["--facts", &facts, "--from", &evidence, "--blob", &blobs];
        self.verify_as(["1", "7", "1"], &[&files[..], more].concat())
    }
}

#[test]
fn an_audit_of_files_opens_no_chain() {
    let files = Files::write("offline");
    let (code, text) = files.verify(&[]);
    assert!(code == 0 && text.starts_with("true: 0 receipts"), "{text}");
    // A chain that is named and does not answer is not asked.
    let (code, text) = files.verify(&["--chain", "tcp://127.0.0.1:1"]);
    assert_eq!(code, 0, "{text}");
    // The manifest and the model are kept.
    let (facts, evidence) = (files.path("facts"), files.path("evidence"));
    let kept = ["--facts", &facts, "--from", &evidence];
    let (code, text) = files.verify_as(["1", "7", "1"], &kept);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn what_must_be_read_from_a_chain_is_named() {
    let files = Files::write("missing");
    let (facts, evidence) = (files.path("facts"), files.path("evidence"));
    for (more, what, remedy) in [
        (&["--from", &evidence][..], "the facts", "--facts"),
        (
            &["--facts", &facts][..],
            "the validator's endpoint",
            "--from",
        ),
        (
            &["--facts", &facts, "--from", &evidence][..],
            "the manifest 0x",
            "--blob",
        ),
    ] {
        let (code, text) = files.verify_as(["1", "7", "1"], more);
        assert_eq!(code, 2, "{text}");
        for part in [what, "--chain", remedy] {
            assert!(text.contains(part), "{text}");
        }
    }
}

#[test]
fn facts_of_another_epoch_are_refused() {
    let files = Files::write("facts");
    let (facts, evidence) = (files.path("facts"), files.path("evidence"));
    let given = ["--facts", &facts, "--from", &evidence];
    for subject in [["9", "7", "1"], ["1", "999", "1"], ["1", "7", "3"]] {
        let (code, text) = files.verify_as(subject, &given);
        assert_eq!(code, 2, "{text}");
        let [netuid, epoch, uid] = subject;
        let named = format!("subnet {netuid}, epoch {epoch}, uid {uid}");
        assert!(text.contains(&named), "{text}");
        assert!(text.contains("subnet 1, epoch 7, uid 1"), "{text}");
    }
}

#[test]
fn another_file_proves_nothing() {
    let mut files = Files::write("other");
    let pledged = hex(&files.evidence.root());
    for change in [
        |it: &mut Evidence| it.head.epoch += 1,
        |it: &mut Evidence| it.head.home[0] ^= 1,
        |it: &mut Evidence| it.weights.push((Uid(2), 9)),
    ] {
        let honest = files.evidence.clone();
        change(&mut files.evidence);
        files.save();
        let (code, text) = files.verify(&[]);
        assert_eq!(code, 2, "{text}");
        let found = hex(&files.evidence.root());
        for part in ["not the pledged file", &found, &pledged] {
            assert!(text.contains(part), "{text}");
        }
        // The validator that pledges such a file is judged by it.
        let facts = files.facts.clone();
        pledge(&mut files.facts, &files.evidence);
        files.save();
        let (code, text) = files.verify(&[]);
        assert_eq!(code, 1, "{text}");
        (files.facts, files.evidence) = (facts, honest);
    }
}

#[test]
fn a_missing_pledge_is_false_only_beside_weights() {
    let mut files = Files::write("unpledged");
    files.facts.pledged = None;
    let honest = files.facts.clone();
    type Change = fn(&mut Facts);
    let cases: [(Change, i32, &str); 6] = [
        (|_| (), 1, "set weights in this epoch and pledged no"),
        (
            |it| it.weights = ChainWeights::Absent,
            2,
            "left epoch 7 out",
        ),
        (|it| it.manifest = None, 2, "no manifest"),
        (|it| it.permit = false, 2, "uid 1 had no permit"),
        (|it| it.validator = None, 2, "uid 1 was free"),
        (|it| it.closed_at = None, 2, "the epoch is open"),
    ];
    for (change, expected, part) in cases {
        files.facts = honest.clone();
        change(&mut files.facts);
        files.save();
        let facts = files.path("facts");
        for (code, text) in [
            files.verify(&[]),
            files.verify_as(["1", "7", "1"], &["--facts", &facts]),
        ] {
            assert_eq!(code, expected, "{text}");
            assert!(text.contains(part), "{text}");
        }
    }
}
