//! The commands of owners, miners, validators and stakers, from outside, on the chain that a demo
//! left: answers are kept at once, and a refusal is one line and changes nothing.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use inktensor_client::{chain::Typed, ss58};
use inktensor_devnet::chain_dir::ChainDir;
use psp22::PSP22;
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

/// Commands on one chain in a folder.
struct Kept(String);

impl Kept {
    /// Runs a demo of two epochs.
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

    /// Runs a command in a terminal of so many columns.
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

    /// Returns the one line of a command that is refused.
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

    // The owner of the hotkey with the most stake is rich.
    let graph = kept.json(&["metagraph", "--netuid", "1"]);
    let neurons = graph["neurons"].as_array().expect("neurons");
    let richest = neurons.iter().max_by_key(|it| it["stake_rao"].as_u64());
    let richest = richest.expect("a neuron");
    let text = |key: &str| richest[key].as_str().expect("text");
    let (hotkey, coldkey) = (text("hotkey"), text("coldkey"));
    let pending = |it: &Value| {
        let amount = |key: &str| it[key].as_u64().expect("an amount");
        amount("stake_rao") - amount("weighs_rao")
    };
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
    // The youngest deposits went first: collected pay, for example. What is left is of others.
    let find = |graph: &Value| {
        let neurons = graph["neurons"].as_array().expect("neurons");
        let it = neurons.iter().find(|it| it["hotkey"] == hotkey);
        it.expect("the hotkey").clone()
    };
    let of_others = pending(&find(&kept.json(&["metagraph", "--netuid", "1"])));
    let added = kept.json(&[&["stake", "add", "--amount", "1.5"], &position[..]].concat());
    assert!(added["weighs_from"].as_u64() > Some(1), "{added}");
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
    // Neither weighs yet: stake on a subnet does in its next epoch, root stake after a root epoch.
    let it = find(&kept.json(&["metagraph", "--netuid", "1"]));
    assert_eq!(pending(&it) - of_others, 1_500_000_000);
    let stakes = kept.json(&["stake", "list", "--coldkey", coldkey, "--netuid", "1"]);
    assert_eq!(stakes["stakes"][0]["pending_rao"], 1_500_000_000);
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
    let identity = kept.json(&[&["subnet", "show-identity"], &of[..]].concat());
    assert_eq!(identity["identity"]["page"], "https://example.org");
    let tempo = ["subnet", "set", "--parameter", "tempo", "--value", "60"];
    kept.json(&[&tempo[..], &of[..], &signer[..]].concat());
    let offer = ["subnet", "offer", "--to", "successor"];
    kept.json(&[&offer[..], &of[..], &signer[..]].concat());
    let accept = ["subnet", "accept", "--account", "successor"];
    kept.json(&[&accept[..], &of[..]].concat());
    let seat = [
        "neuron", "register", "--netuid", &netuid, "--hotkey", "miner",
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
    kept.json(&[&set[..], &["--account", "miner"]].concat());
    kept.json(
        &[
            &["wallet", "transfer", "--to", "miner", "--amount", "2"],
            &signer[..],
        ]
        .concat(),
    );
    let balance = kept.json(&["wallet", "balance", "--address", "miner"]);
    assert_eq!(balance["balance_rao"], 2_000_000_000u64);
    assert_eq!(
        kept.json(&["deployment", "check"])["mismatches"],
        Value::Array(Vec::new())
    );

    let output = kept.run(&["deployment", "check"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("absent: accounts have all roles"), "{text}");

    // The demo deploys the code of this release, and another release has other code.
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../contracts/artifacts/manifest.json")
        .display()
        .to_string();
    let check = ["deployment", "check", "--release"];
    kept.json(&[&check[..], &[&manifest]].concat());
    let text = fs::read_to_string(&manifest).expect("the manifest");
    let mut other: Value = serde_json::from_str(&text).expect("JSON");
    other["token"]["code_hash"] = "0x00".into();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("other-release.json");
    fs::write(&file, other.to_string()).expect("a file");
    let output = kept.run(&[&check[..], &[&file.display().to_string()]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("code of token in the release: 0x00"),
        "{text}"
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
        &["stake", "show-take", "--hotkey", hotkey],
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

    lists_are_csv_too(&kept);
    refusals_send_nothing(&kept, hotkey, coldkey);
    weights_are_cleared_only_by_name(&kept, &netuid);

    // A refusal is one line, and changes nothing.
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
            "error: staking: ",
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
            "a chain in a folder makes no blocks",
        ),
        (&["gov", "list"], "this deployment has no governance"),
        (&["treasury", "show"], "this deployment has no governance"),
    ] {
        let problem = kept.refusal(arguments);
        assert!(problem.contains(said), "{said} is not in: {problem}");
    }
    assert_eq!(
        kept.json(&["wallet", "balance", "--address", "beggar"])["balance_rao"],
        0
    );
}

/// CSV has a line for each row, and the fields of the JSON document as columns.
fn lists_are_csv_too(kept: &Kept) {
    let output = kept.run(&["metagraph", "--netuid", "1", "--csv"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let graph = kept.json(&["metagraph", "--netuid", "1"]);
    let neurons = graph["neurons"].as_array().expect("neurons");
    assert_eq!(text.lines().count(), neurons.len() + 1, "{text}");
    assert!(text.starts_with("uid,hotkey,identity,coldkey,"), "{text}");
    assert!(neurons.iter().any(|it| it["updated_at"].as_u64().is_some()));
    let wide = kept.run(&["metagraph", "--netuid", "1", "--wide"]);
    let wide = String::from_utf8_lossy(&wide.stdout).into_owned();
    for column in ["coldkey", "updated", "axon"] {
        assert!(wide.contains(column), "{wide}");
    }
}

/// A command that approves TAO first checks before whether the contract would refuse.
fn refusals_send_nothing(kept: &Kept, hotkey: &str, coldkey: &str) {
    let folder = ChainDir::at(&kept.0);
    let contracts = folder.contracts().expect("the contracts");
    let owner = ss58::parse_address(coldkey).expect("an address");
    let allowed = || {
        let chain = folder.chain().expect("the chain");
        let of = |spender| {
            let message = contracts.psp22().allowance(owner, spender);
            chain.query(message).expect("the token answers")
        };
        let both: (u128, u128) = (of(contracts.staking), of(contracts.registry));
        both
    };
    let before = allowed();
    let stake = ["stake", "add", "--account", coldkey];
    for (command, said) in [
        (
            vec!["--netuid", "99", "--hotkey", hotkey, "--amount", "5"],
            "error: there is no subnet 99",
        ),
        (
            vec!["--netuid", "1", "--hotkey", "stranger", "--amount", "5"],
            "error: staking: ",
        ),
        (
            vec!["--netuid", "1", "--hotkey", hotkey, "--amount", "0.000001"],
            "0.002",
        ),
    ] {
        let problem = kept.refusal(&[&stake[..], &command[..]].concat());
        assert!(problem.contains(said), "{problem}");
        assert!(!problem.contains("Rao("), "{problem}");
    }
    let create = ["subnet", "create", "--account", coldkey, "--name", ""];
    let problem = kept.refusal(&create);
    assert!(problem.starts_with("error: registry: "), "{problem}");
    let register = ["neuron", "register", "--netuid", "1", "--account", coldkey];
    let problem = kept.refusal(&[&register[..], &["--hotkey", hotkey]].concat());
    assert!(problem.starts_with("error: registry: "), "{problem}");
    let serve = ["serve", "axon", "--netuid", "1", "--account", coldkey];
    let problem = kept.refusal(&[&serve[..], &["--host", "10.0.0.1", "--port", "1"]].concat());
    assert!(problem.starts_with("error: registry: "), "{problem}");
    assert_eq!(allowed(), before, "nothing was approved");
}

/// Weights of zero are refused, and a refused commit leaves no file.
fn weights_are_cleared_only_by_name(kept: &Kept, netuid: &str) {
    let of = ["--netuid", netuid, "--account", "miner"];
    let zero = ["weights", "set", "--uids", "0", "--weights", "0"];
    let problem = kept.refusal(&[&zero[..], &of[..]].concat());
    assert!(problem.contains("weights clear"), "{problem}");
    let show = ["weights", "show", "--netuid", netuid, "--uid", "0"];
    let text = String::from_utf8_lossy(&kept.run(&show).stdout).into_owned();
    assert!(text.contains("100.00 %"), "{text}");
    let salt = Path::new(&kept.0).join("salt");
    let file = salt.display().to_string();
    let commit = ["weights", "commit", "--uids", "0", "--weights", "1"];
    let commit = [&commit[..], &["--salt-file", &file], &of[..]].concat();
    let problem = kept.refusal(&commit);
    assert!(problem.starts_with("error: epoch: "), "{problem}");
    assert!(!salt.exists(), "a refused commit leaves no salt");
    let half = ["weights", "set", "--uids", "0", "--weights", "0.5"];
    let set = kept.json(&[&half[..], &of[..]].concat());
    assert_eq!(set["weights"], serde_json::json!([65_535]));
    // Without a permit a neuron may only weigh itself.
    let problem = kept.refusal(&[&["weights", "clear"], &of[..]].concat());
    assert!(problem.contains("no permit"), "{problem}");
}

#[test]
fn completions_are_printed() {
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
fn a_node_needs_a_key_and_addresses() {
    let node = ["--url", "ws://127.0.0.1:1"];
    let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    let transfer = ["wallet", "transfer", "--to", alice, "--amount", "1"];
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
    let named = [&transfer[..], &node[..], &["--account", "Alice"]].concat();
    let problem = refusal(&named);
    assert!(problem.contains("on a devchain only"), "{problem}");
    let problem = refusal(&[&["stake", "list", "--coldkey", "me"], &node[..]].concat());
    assert!(problem.contains("names are for devchains"), "{problem}");
}
