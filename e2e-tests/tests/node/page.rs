//! The page about a network runs as it stands.

use super::programs::AS_PROGRAM;
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
pub const TEST: &str = "the_page_about_a_network_runs_as_it_stands";
/// The page.
const PAGE: &str = "../docs/network.md";
/// The port that the page speaks of.
const PORT: &str = "9944";
/// Seconds that it may take.
const PATIENCE: &str = "280";

/// Runs the page's commands, one after another, in a folder of their own.
pub fn run() {
    // Only to say that there is none, or that there has to be one.
    let Some(program) = Node::program() else {
        let none = Node::for_test(TEST, Options::default());
        return assert!(none.is_none());
    };
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(&page).expect("the page");
    let mut blocks = blocks(&page);
    assert!(blocks.len() > 5, "the page has commands");
    // The first one puts the programs on the search path.
    let prepared = blocks.remove(0);
    assert!(prepared.contains("PATH"), "{prepared}");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener
        .local_addr()
        .expect("an address")
        .port()
        .to_string();
    drop(listener);
    let script = blocks.concat().replace(PORT, &port);

    let folder = TempDir::new();
    let programs = folder.path().join("programs");
    fs::create_dir_all(&programs).expect("a folder");
    let this = env::current_exe().expect("this program");
    let shown = |path: &PathBuf| path.display().to_string();
    let inktensor = format!("{AS_PROGRAM}=1 exec '{}' \"$@\"", shown(&this));
    stand_in(&programs, "inktensor", &inktensor);
    let node = format!("exec '{}' \"$@\"", shown(&program));
    stand_in(&programs, "substrate-contracts-node", &node);
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path)));

    // What it has started ends with it, however it ends.
    let script = format!("trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{script}");
    let output = Command::new("timeout")
        .args([PATIENCE, "bash", "-euo", "pipefail", "-c", &script])
        .current_dir(folder.path())
        .env("PATH", path.expect("a search path"))
        .env(CONTRACTS_DIR, Bundles::folder().expect("built"))
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{said}\n{problem}",
        output.status
    );
    for wanted in [
        "all 7 contracts are as it is written",
        "epoch 4 of subnet 1: correct",
        "agree with the epoch",
    ] {
        assert!(
            said.contains(wanted),
            "{wanted} is not in:\n{said}\n{problem}"
        );
    }
}

/// The blocks of commands.
fn blocks(page: &str) -> Vec<String> {
    let fenced = page.split("```sh\n").skip(1);
    let blocks = fenced.map(|rest| rest.split("```").next().unwrap_or_default().to_owned());
    blocks.collect()
}

/// A program that stands in for another one.
fn stand_in(folder: &Path, name: &str, does: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{does}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
}
