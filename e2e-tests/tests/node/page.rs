//! The commands of docs/network.md and docs/join.md run as printed.

use super::processes::AS_INKTENSOR;
use inktensor_client::deploy::{Bundles, CONTRACTS_DIR};
use inktensor_e2e_tests::{
    node::{Node, Options},
    TempDir,
};
use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

/// The name of the test of docs/network.md.
pub const TEST: &str = "network_page_runs_as_printed";
/// The name of the test of docs/join.md, up to the section about nodes.
pub const JOIN: &str = "join_page_runs_as_printed";
/// The heartbeat in the page, and a faster one for the test.
const HEARTBEAT: [&str; 2] = ["--every 400", "--every 150"];
/// The port of the node in the page.
const PORT: &str = "9944";
/// The ports of the devchain and the neurons in the page.
const JOIN_PORTS: [&str; 4] = ["9955", "8090", "8091", "8092"];
/// The first heading that is not of the local part.
const ON_A_NODE: &str = "\n## On a node\n";
/// The longest run of a page, in seconds.
const TIMEOUT: u32 = 400;

/// Runs the commands of docs/network.md in order, in a folder of their own.
pub fn run() {
    // Prints that the node is missing, or fails if it is required.
    let Some(program) = Node::program() else {
        let none = Node::for_test(TEST, Options::default());
        return assert!(none.is_none());
    };
    let [slow, fast] = HEARTBEAT;
    let script = commands(&page("network.md"));
    assert!(script.contains(slow), "the page has a heartbeat");
    let script = with_free_ports(&script.replace(slow, fast), &[PORT]);
    demand(
        TIMEOUT,
        &script,
        &[("substrate-contracts-node", &starts(&program))],
        &[
            "all 7 contracts are as recorded",
            "epoch 4 of subnet 1: correct",
            "agree with the epoch",
        ],
    );
}

/// Runs the commands of docs/join.md in order: a miner and two validators on a devchain.
pub fn run_join() {
    let page = page("join.md");
    let (local, _) = page.split_once(ON_A_NODE).expect("a part about nodes");
    let script = with_free_ports(&commands(local), &JOIN_PORTS);
    demand(
        TIMEOUT,
        &script,
        &[],
        &[
            "right: it is what this computer computes",
            "true: 8 receipts, 4 answers checked by the validator, 4 computed again",
            "all conditions to take part are met",
        ],
    );
}

/// Returns a shell script's line that starts `program`.
pub fn starts(program: &Path) -> String {
    format!("exec '{}' \"$@\"", program.display())
}

/// Reads a page.
pub fn page(name: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    fs::read_to_string(docs.join(name)).expect("the page")
}

/// Returns the commands of a page without its first block, which sets the search path.
fn commands(page: &str) -> String {
    let mut blocks = blocks(page);
    assert!(blocks.len() > 5, "the page has commands");
    let prepared = blocks.remove(0);
    assert!(prepared.contains("PATH"), "{prepared}");
    blocks.concat()
}

/// Replaces each of `ports` by a free one.
pub fn with_free_ports(script: &str, ports: &[&str]) -> String {
    // All of them are held until each has one, so no two are the same.
    let listeners: Vec<TcpListener> = ports
        .iter()
        .map(|_| TcpListener::bind("127.0.0.1:0").expect("a port"))
        .collect();
    let mut script = script.to_owned();
    for (port, listener) in ports.iter().zip(&listeners) {
        assert!(script.contains(port), "the page has the port {port}");
        let free = listener.local_addr().expect("an address").port();
        script = script.replace(port, &free.to_string());
    }
    script
}

/// Runs `script` for at most `seconds`, with `inktensor` and `programs` on its search path, and
/// demands that it prints `wanted`.
pub fn demand(seconds: u32, script: &str, programs: &[(&str, &str)], wanted: &[&str]) {
    let folder = TempDir::new();
    let scripts = folder.path().join("programs");
    fs::create_dir_all(&scripts).expect("a folder");
    let this = env::current_exe().expect("this program");
    let inktensor = format!("{AS_INKTENSOR}=1 exec '{}' \"$@\"", this.display());
    write_script(&scripts, "inktensor", &inktensor);
    for (name, does) in programs {
        write_script(&scripts, name, does);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([scripts].into_iter().chain(env::split_paths(&path)));

    // Background processes end with the script.
    let script = format!("trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{script}");
    let output = Command::new("timeout")
        .args([
            &seconds.to_string(),
            "bash",
            "-euo",
            "pipefail",
            "-c",
            &script,
        ])
        .current_dir(folder.path())
        .env("PATH", path.expect("a search path"))
        .env("COLUMNS", "110")
        .env(CONTRACTS_DIR, Bundles::folder().expect("built"))
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{printed}\n{errors}",
        output.status
    );
    for text in wanted {
        assert!(
            printed.contains(text),
            "{text} is not in:\n{printed}\n{errors}"
        );
    }
}

/// Returns the blocks of commands.
pub fn blocks(page: &str) -> Vec<String> {
    let fenced = page.split("```sh\n").skip(1);
    let blocks = fenced.map(|rest| rest.split("```").next().unwrap_or_default().to_owned());
    blocks.collect()
}

/// Writes a shell script `name` that runs `does`.
fn write_script(folder: &Path, name: &str, does: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{does}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
}
