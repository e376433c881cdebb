//! The commands of docs/network.md run as printed.

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
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The name of the test.
pub const TEST: &str = "network_page_runs_as_printed";
/// The page.
const PAGE: &str = "../docs/network.md";
/// The heartbeat in the page, and a faster one for the test.
const HEARTBEAT: [&str; 2] = ["--every 400", "--every 150"];
/// The port in the page.
const PORT: &str = "9944";
/// The longest run of the page, in seconds.
const TIMEOUT: &str = "280";

/// Runs the page's commands in order, in a folder of their own.
pub fn run() {
    // Prints that the node is missing, or fails if it is required.
    let Some(program) = Node::program() else {
        let none = Node::for_test(TEST, Options::default());
        return assert!(none.is_none());
    };
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(&page).expect("the page");
    let mut blocks = blocks(&page);
    assert!(blocks.len() > 5, "the page has commands");
    // The first block sets the search path.
    let prepared = blocks.remove(0);
    assert!(prepared.contains("PATH"), "{prepared}");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener
        .local_addr()
        .expect("an address")
        .port()
        .to_string();
    drop(listener);
    let [slow, fast] = HEARTBEAT;
    let script = blocks.concat();
    assert!(script.contains(slow), "the page has a heartbeat");
    let script = script.replace(PORT, &port).replace(slow, fast);

    let folder = TempDir::new();
    let programs = folder.path().join("programs");
    fs::create_dir_all(&programs).expect("a folder");
    let this = env::current_exe().expect("this program");
    let shown = |path: &PathBuf| path.display().to_string();
    let inktensor = format!("{AS_INKTENSOR}=1 exec '{}' \"$@\"", shown(&this));
    write_script(&programs, "inktensor", &inktensor);
    let node = format!("exec '{}' \"$@\"", shown(&program));
    write_script(&programs, "substrate-contracts-node", &node);
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path)));

    // Background processes end with the script.
    let script = format!("trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{script}");
    let output = Command::new("timeout")
        .args([TIMEOUT, "bash", "-euo", "pipefail", "-c", &script])
        .current_dir(folder.path())
        .env("PATH", path.expect("a search path"))
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
    for wanted in [
        "all 7 contracts are as recorded",
        "epoch 4 of subnet 1: correct",
        "agree with the epoch",
    ] {
        assert!(
            printed.contains(wanted),
            "{wanted} is not in:\n{printed}\n{errors}"
        );
    }
}

/// Returns the blocks of commands.
fn blocks(page: &str) -> Vec<String> {
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
