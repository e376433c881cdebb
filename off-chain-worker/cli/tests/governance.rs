//! Governance by commands alone: the section "By commands" of docs/governance.md runs as printed,
//! and what it decided has happened.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use inktensor_devnet::account;
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The heading of the section that runs.
const SECTION: &str = "\n## By commands\n";
/// The longest run of the section, in seconds.
const TIMEOUT: &str = "120";
/// Rao of one TAO.
const TAO: u64 = 1_000_000_000;

/// Returns the commands of the section.
fn commands() -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = fs::read_to_string(docs.join("governance.md")).expect("the page");
    let (_, section) = page.split_once(SECTION).expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```sh\n").skip(1);
    let blocks = blocks.map(|it| it.split("```").next().unwrap_or_default());
    blocks.collect()
}

/// Runs `script` in a new folder, with this build's `inktensor` first on its search path.
fn run(script: &str) -> (PathBuf, Output) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("governance");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let program = Path::new(env!("CARGO_BIN_EXE_inktensor"));
    let programs = program.parent().expect("a folder").to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path)));
    // Background processes end with the script.
    let script = format!("trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{script}");
    let output = Command::new("timeout")
        .args([
            "-k", "10", TIMEOUT, "bash", "-euo", "pipefail", "-c", &script,
        ])
        .current_dir(&folder)
        .env("PATH", path.expect("a search path"))
        .env_remove("INKTENSOR_CHAIN")
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    (folder, output)
}

/// Runs a command on the chain that the script left.
fn on_chain(folder: &Path, columns: usize, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_inktensor"))
        .args(arguments)
        .args(["--chain", "chain"])
        .current_dir(folder)
        .env("COLUMNS", columns.to_string())
        .output()
        .expect("the binary runs")
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = on_chain(folder, 80, &[arguments, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Returns the one line of a command that is refused.
fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let output = on_chain(folder, 80, arguments);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

fn balance(folder: &Path, name: &str) -> u64 {
    let answer = json(folder, &["wallet", "balance", "--address", name]);
    answer["balance_rao"].as_u64().expect("an amount")
}

/// Returns the address of a contract of the chain.
fn contract(folder: &Path, name: &str) -> String {
    let record = fs::read_to_string(folder.join("chain/deployment.json")).expect("the record");
    let record: Value = serde_json::from_str(&record).expect("JSON");
    let address = record["contracts"][name]["address"].as_str();
    address.expect("an address").to_owned()
}

#[test]
fn holders_govern_by_the_commands_of_the_page() {
    let (folder, output) = run(&commands());
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    for said in [
        "tempo of subnet 1: 360 -> 720 blocks",
        "aye on proposal 0 with 490000 TAO; it passes from block ",
        "nay on proposal 0 with 90000 TAO",
        "so the proxy does not count its stake",
        "is the digest of what is shown here",
        "counts 99000 TAO of its own now",
        "proposal 0 is executed",
        "100 TAO of the deposit of proposal 0 are paid back",
        "veto of proposal 1: 1 of 2 consents",
        "veto of proposal 1: done, by 2 members",
        "proposal 2 is executed",
        "no guard: no account can hold",
        "all 9 contracts are as recorded",
        "no contract's code can change",
        "registry admin     governance (5",
        "no key of pallet Sudo",
    ] {
        assert!(printed.contains(said), "{said}\n{printed}\n{errors}");
    }
    for said in [
        "(tempo of subnet 1: 360 -> 60000 blocks)",
        "the guard can hold",
    ] {
        assert!(errors.contains(said), "{said}\n{errors}");
    }
    assert!(!printed.contains("Rao("), "{printed}");

    what_was_decided_has_happened(&folder);
    tables_fit_their_terminals(&folder);
    refusals_are_one_line(&folder);
    raw_calls_and_rescues_are_proposed(&folder);
}

fn what_was_decided_has_happened(folder: &Path) {
    let all = json(folder, &["gov", "list"]);
    let states: Vec<&Value> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["state"])
        .collect();
    assert_eq!(states, ["executed", "vetoed", "executed"]);
    assert_eq!(all[0]["track"], "parameter");
    assert_eq!(all[0]["ayes_rao"], 399_000 * TAO);
    assert_eq!(all[0]["nays_rao"], 90_000 * TAO);
    let of_subnet = ["subnet", "hyperparameters", "--netuid", "1"];
    let parameters = json(folder, &of_subnet);
    let mut parameters = parameters.as_array().unwrap().iter();
    let tempo = parameters.find(|it| it["parameter"] == "tempo").unwrap();
    assert!(
        [&tempo["value"], &tempo["next"]].contains(&&720.into()),
        "{tempo}"
    );
    assert_eq!(balance(folder, "dan"), 50 * TAO);
    assert!(balance(folder, "dora") > 30 * TAO);
    let check = json(folder, &["deployment", "check"]);
    assert_eq!(check["mismatches"], Value::Array(Vec::new()));
    assert_eq!(check["powers"]["is_governed"], true);
    assert_eq!(check["powers"]["guard"], Value::Null);
    assert_eq!(check["powers"]["sudo"], "absent");
    let carol = inktensor_client::ss58::ss58(&account("carol"));
    let votes = json(folder, &["gov", "votes", "0", "--account", &carol]);
    assert_eq!(votes["own_then_rao"], 100_000 * TAO);
    assert_eq!(votes["own_now_rao"], 99_000 * TAO);
    assert_eq!(votes["choice"], Value::Null);
    let shown = json(folder, &["gov", "show", "1", "--rehearse"]);
    assert_eq!(shown["is_digest_right"], true);
    assert_eq!(shown["actions"][0]["rehearsal"]["outcome"], "works");
}

fn tables_fit_their_terminals(folder: &Path) {
    for arguments in [
        &["gov", "list"][..],
        &["gov", "queue"],
        &["gov", "tracks"],
        &["treasury", "list"],
        &["treasury", "show"],
        &["gov", "guard", "show"],
    ] {
        for columns in [80, 160] {
            let output = on_chain(folder, columns, arguments);
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            let text = String::from_utf8_lossy(&output.stdout);
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(columns), "{widest:?}\n{text}");
        }
        json(folder, arguments);
    }
}

fn refusals_are_one_line(folder: &Path) {
    for (arguments, said) in [
        (&["gov", "show", "9"][..], "proposal 9"),
        (
            &["gov", "vote", "0", "--account", "alice", "--aye"],
            "governance: votes on the proposal are not counted now",
        ),
        (
            &["gov", "execute", "1", "--account", "eve"],
            "governance: the proposal is not ready",
        ),
        (
            &[
                "gov",
                "propose",
                "--account",
                "bob",
                "--title",
                "t",
                "--track-rule",
                "stop:places=0",
            ],
            "governance: the number of places of the track is out of its bounds",
        ),
        (
            &["gov", "propose", "--account", "bob", "--title", "nothing"],
            "no action",
        ),
        (
            &[
                "treasury",
                "draw",
                "0",
                "--account",
                "bob",
                "--to",
                "bob",
                "--amount",
                "1",
            ],
            "treasury: no budget",
        ),
    ] {
        let problem = refusal(folder, arguments);
        assert!(problem.contains(said), "{said}: {problem}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_inktensor"))
        .args(["devchain", "pass", "5", "--chain", "ws://127.0.0.1:9"])
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("pass by themselves"), "{text}");
}

fn raw_calls_and_rescues_are_proposed(folder: &Path) {
    let (mean, token) = (contract(folder, "mean"), contract(folder, "token"));
    let stranger = inktensor_client::ss58::ss58(&account("stranger"));
    let total_supply = "0x162df8c2:50000000000:300000:1000";
    let unknown = "0x00000000:50000000000:300000:1000";
    let propose = ["gov", "propose", "--account", "bob", "--title", "t"];
    for (option, value, said) in [
        (
            "--raw",
            format!("{stranger}={unknown}"),
            "there is no contract",
        ),
        (
            "--raw",
            format!("{mean}={unknown}"),
            "no message with this selector",
        ),
        (
            "--raw",
            format!("{token}={total_supply}"),
            "the call is of one of the network's own contracts",
        ),
        (
            "--rescue",
            format!("{token},bob=5"),
            "the token to rescue is TAO",
        ),
        (
            "--rescue",
            format!("{mean},bob=5"),
            "the other token refused the transfer",
        ),
    ] {
        let problem = refusal(folder, &[&propose[..], &[option, &value]].concat());
        assert!(problem.contains(said), "{said}: {problem}");
    }
    // What would be refused now can be proposed all the same.
    let raw = format!("{mean}={unknown}");
    let forced = ["--raw", &raw, "--force"];
    let made = json(folder, &[&propose[..], &forced].concat());
    assert_eq!(made["track"], "constitution");
    let shown = json(folder, &["gov", "show", "3"]);
    let text = shown["actions"][0]["text"].as_str().expect("text");
    let said = "message 0x00000000, arguments 0x (0 bytes), at most 50000000000 ref_time";
    assert!(text.contains(said), "{text}");
}
