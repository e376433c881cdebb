//! What owners, miners, validators and stakers do, from outside, on the chain that a demo left: it
//! is kept at once, and what does not work is said in one line.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

/// Commands on one kept chain.
struct Kept(String);

impl Kept {
    /// A demo of one epoch.
    fn demo() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kept-commands");
        let _ = fs::remove_dir_all(&folder);
        let folder = folder.display().to_string();
        let output = inktensor(&["demo", "--epochs", "2", "--keep", &folder]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        inktensor(&[arguments, &["--chain", &self.0]].concat())
    }

    /// Runs in a terminal of so many columns.
    fn in_columns(&self, columns: usize, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_inktensor"))
            .args(arguments)
            .args(["--chain", &self.0])
            .env("COLUMNS", columns.to_string())
            .output()
            .expect("the binary runs")
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// What a command says that cannot do its work: one line.
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.starts_with("error: "), "{text}");
        text
    }
}

fn inktensor(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_inktensor"))
        .args(arguments)
        .output()
        .expect("the binary runs")
}

#[test]
fn a_kept_chain_is_worked_on_and_looked_at_like_any_other() {
    let kept = Kept::demo();
    let before = kept
        .json(&["subnet", "list"])
        .as_array()
        .expect("a list")
        .len();

    // Whoever owns the hotkey with the most stake is rich.
    let graph = kept.json(&["metagraph", "--netuid", "1"]);
    let neurons = graph["neurons"].as_array().expect("neurons");
    let richest = neurons.iter().max_by_key(|it| it["stake_rao"].as_u64());
    let richest = richest.expect("a neuron");
    let text = |key: &str| richest[key].as_str().expect("text");
    let (hotkey, coldkey) = (text("hotkey"), text("coldkey"));

    // Stake comes out as TAO, and goes in again.
    let stakes = kept.json(&["stake", "list", "--coldkey", coldkey, "--netuid", "1"]);
    assert!(
        !stakes["stakes"].as_array().expect("a list").is_empty(),
        "{stakes}"
    );
    let position = ["--netuid", "1", "--hotkey", hotkey, "--account", coldkey];
    let taken = kept.json(&[&["stake", "remove", "--amount", "600"], &position[..]].concat());
    assert_eq!(taken["amount_rao"], 600_000_000_000u64);
    let balance = kept.json(&["wallet", "balance", "--address", coldkey]);
    let free = balance["balance_rao"].as_u64().expect("an amount");
    assert!(free >= 600_000_000_000, "{balance}");
    kept.json(&[&["stake", "add", "--amount", "1.5"], &position[..]].concat());
    let balance = kept.json(&["wallet", "balance", "--address", coldkey]);
    assert_eq!(balance["balance_rao"], free - 1_500_000_000);

    // On root it counts everywhere; nothing has been paid since.
    let root = ["--netuid", "0", "--hotkey", hotkey, "--account", coldkey];
    let add = kept.json(&[&["stake", "add", "--amount", "100"], &root[..]].concat());
    assert_eq!(add["netuid"], 0);
    let stakes = kept.json(&["stake", "list", "--coldkey", coldkey]);
    let first = &stakes["stakes"][0];
    assert_eq!(
        (
            &first["netuid"],
            &first["stake_rao"],
            &first["claimable_rao"]
        ),
        (&0.into(), &100_000_000_000u64.into(), &0.into())
    );
    // It weighs 5.27 TAO there, on whatever else weighs.
    let graph = kept.json(&["metagraph", "--netuid", "1"]);
    let neurons = graph["neurons"].as_array().expect("neurons");
    let it = neurons.iter().find(|it| it["hotkey"] == hotkey);
    let it = it.expect("the hotkey");
    let amount = |key: &str| it[key].as_u64().expect("an amount");
    assert_eq!(amount("weighs_rao") - amount("stake_rao"), 5_267_697_433);
    let problem = kept.refusal(&["stake", "claim", "--account", coldkey]);
    assert!(problem.contains("nothing to claim"), "{problem}");

    let stakers = kept.json(&["stake", "list", "--hotkey", hotkey, "--netuid", "0"]);
    assert_eq!(stakers["stakes"][0]["coldkey"], coldkey);

    // Bonds are what the chain has the hashes of.
    let bonds = kept.json(&["epoch", "bonds", "--netuid", "1"]);
    assert_eq!(bonds["proven"], true);
    let all = bonds["bonds"].as_array().expect("bonds");
    assert!(!all.is_empty());
    let one = kept.json(&["epoch", "bonds", "--netuid", "1", "--uid", "0"]);
    let one = one["bonds"].as_array().expect("bonds");
    let of_0 = all
        .iter()
        .filter(|it| it["validator"] == 0 || it["uid"] == 0);
    assert!(one.iter().eq(of_0));

    // A subnet, with a neuron on it; a name is an account here.
    let signer = ["--account", coldkey];
    let create = [
        "subnet", "create", "--name", "third", "--kernel", "mean", "--tempo", "50",
    ];
    let created = kept.json(&[&create[..], &signer[..]].concat());
    assert_eq!(created["netuid"].as_u64(), Some(before as u64 + 1));
    let netuid = created["netuid"].to_string();
    let of = ["--netuid", netuid.as_str()];
    kept.json(&[&["subnet", "start"], &of[..], &signer[..]].concat());
    kept.json(
        &[
            &["subnet", "set-symbol", "--symbol", "γ"],
            &of[..],
            &signer[..],
        ]
        .concat(),
    );
    let identity = [
        "subnet",
        "set-identity",
        "--name",
        "third",
        "--page",
        "https://example.org",
    ];
    kept.json(&[&identity[..], &of[..], &signer[..]].concat());
    let identity = kept.json(&[&["subnet", "get-identity"], &of[..]].concat());
    assert_eq!(identity["identity"]["page"], "https://example.org");
    let tempo = ["subnet", "set", "--parameter", "tempo", "--value", "60"];
    kept.json(&[&tempo[..], &of[..], &signer[..]].concat());
    let offer = ["subnet", "offer", "--to", "successor"];
    kept.json(&[&offer[..], &of[..], &signer[..]].concat());
    let accept = ["subnet", "accept", "--account", "successor"];
    kept.json(&[&accept[..], &of[..]].concat());
    let seat = [
        "neuron", "register", "--netuid", &netuid, "--hotkey", "somebody",
    ];
    let seated = kept.json(&[&seat[..], &signer[..]].concat());
    assert_eq!(seated["uid"], 0);
    let graph = kept.json(&["metagraph", "--netuid", &netuid]);
    assert_eq!(graph["neurons"][0]["hotkey"], seated["hotkey"]);
    let shown = kept.json(&["subnet", "show", "--netuid", &netuid]);
    assert_eq!(
        (
            &shown["name"],
            &shown["neurons"],
            &shown["symbol"],
            &shown["tempo"]
        ),
        (&"third".into(), &1.into(), &"γ".into(), &60.into())
    );
    let epoch = kept.json(&["epoch", "show", "--netuid", &netuid]);
    assert_eq!(
        (&epoch["open_epoch"], &epoch["stage"]["name"]),
        (&0.into(), &"open".into())
    );
    let set = [
        "weights",
        "set",
        "--netuid",
        &netuid,
        "--uids",
        "0",
        "--weights",
        "7",
    ];
    kept.json(&[&set[..], &["--account", "somebody"]].concat());
    kept.json(
        &[
            &["wallet", "transfer", "--to", "somebody", "--amount", "2"],
            &signer[..],
        ]
        .concat(),
    );
    let balance = kept.json(&["wallet", "balance", "--address", "somebody"]);
    assert_eq!(balance["balance_rao"], 2_000_000_000u64);
    assert_eq!(
        kept.json(&["deployment", "check"])["mismatches"],
        Value::Array(Vec::new())
    );

    // Tables are for 80 columns, and for 160.
    for arguments in [
        &["subnet", "list"][..],
        &["subnet", "hyperparameters", "--netuid", "1"],
        &["subnet", "price"],
        &["metagraph", "--netuid", "1"],
        &["metagraph", "--netuid", "1", "--lite"],
        &["neuron", "quote", "--netuid", "1"],
        &["neuron", "prune-candidates", "--netuid", "1"],
        &["stake", "list", "--coldkey", coldkey],
        &["stake", "list", "--hotkey", hotkey],
        &["stake", "get-take", "--hotkey", hotkey],
        &["epoch", "bonds", "--netuid", "1"],
        &["wallet", "overview", "--address", coldkey],
        &["delegate", "list"],
        &["emission", "show"],
        &["serve", "list", "--netuid", "1"],
        &["weights", "commits", "--netuid", "1", "--hotkey", hotkey],
    ] {
        for columns in [80, 160] {
            let output = kept.in_columns(columns, arguments);
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            let text = String::from_utf8_lossy(&output.stdout);
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(columns), "{widest:?}\n{text}");
            assert!(!text.trim().is_empty());
        }
        kept.json(arguments);
    }

    // What does not work is said, and changes nothing.
    for (arguments, said) in [
        (&["subnet", "show", "--netuid", "99"][..], "subnet 99"),
        (&["metagraph", "--netuid", "99"], "subnet 99"),
        (
            &["epoch", "bonds", "--netuid", "1", "--uid", "4000"],
            "uid 4000",
        ),
        (
            &[
                "stake",
                "add",
                "--netuid",
                "1",
                "--hotkey",
                hotkey,
                "--amount",
                "5",
                "--account",
                "beggar",
            ],
            "5 TAO are needed",
        ),
        (
            &[
                "stake",
                "remove",
                "--netuid",
                "1",
                "--hotkey",
                hotkey,
                "--all",
                "--account",
                "beggar",
            ],
            "NotEnoughStake",
        ),
        (
            &[
                "neuron",
                "register",
                "--netuid",
                "1",
                "--hotkey",
                hotkey,
                "--account",
                coldkey,
                "--max-price",
                "0",
            ],
            "more than --max-price",
        ),
        (
            &[
                "weights",
                "set",
                "--netuid",
                "1",
                "--uids",
                "1,2",
                "--weights",
                "3",
                "--account",
                "beggar",
            ],
            "each uid needs a weight",
        ),
        (
            &[
                "stake", "add", "--netuid", "1", "--hotkey", hotkey, "--amount", "5",
            ],
            "--account",
        ),
        (
            &[
                "run",
                "--role",
                "keeper",
                "--store",
                "nowhere",
                "--account",
                "me",
            ],
            "nothing happens on a chain in a folder",
        ),
    ] {
        let problem = kept.refusal(arguments);
        assert!(problem.contains(said), "{said} is not in: {problem}");
    }
    assert_eq!(
        kept.json(&["wallet", "balance", "--address", "beggar"])["balance_rao"],
        0
    );
}

#[test]
fn a_shell_is_told_how_to_complete() {
    for shell in ["bash", "zsh", "fish"] {
        let output = inktensor(&["completions", shell]);
        let script = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0));
        assert!(
            script.contains("metagraph") && script.contains("heartbeat"),
            "{shell}"
        );
    }
}

#[test]
fn a_node_is_not_signed_for_without_a_key_nor_with_a_name_for_an_address() {
    let node = ["--url", "ws://127.0.0.1:1"];
    let transfer = ["wallet", "transfer", "--to", "somebody", "--amount", "1"];
    let refusal = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_inktensor"))
            .args(arguments)
            .env_remove("INKTENSOR_SURI")
            .env_remove("INKTENSOR_SURI_FILE")
            .output()
            .expect("the binary runs");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let problem = refusal(&[&transfer[..], &node[..]].concat());
    assert!(problem.contains("--suri-file"), "{problem}");
    let problem = refusal(&[&["stake", "list", "--coldkey", "me"], &node[..]].concat());
    assert!(problem.starts_with("error: "), "{problem}");
}
