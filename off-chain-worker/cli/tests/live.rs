//! `inktensor demo --live` from outside: a short run, whose claims hold whatever else the machine
//! does meanwhile.
#![allow(clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_inktensor"))
        .args(["demo", "--live"])
        .args(arguments)
        .output()
        .expect("the binary runs")
}

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().expect(name)
}

#[test]
fn the_claims_of_a_short_run_hold() {
    let output = demo(&["--epochs", "5", "--json"]);
    let problem = String::from_utf8_lossy(&output.stderr);
    let printed = std::str::from_utf8(&output.stdout).expect("UTF-8");
    let report: Value = serde_json::from_str(printed)
        .unwrap_or_else(|error| panic!("{error}: {printed}\n{problem}"));
    let claims = items(&report, "claims");
    let failed: Vec<&Value> = claims.iter().filter(|it| it["holds"] != true).collect();
    assert!(failed.is_empty(), "{failed:#?}\n{report:#}\n{problem}");
    assert_eq!(output.status.code(), Some(0), "{problem}");

    // Every role is there, and each that should be was asked.
    let miners = items(&report, "miners");
    assert_eq!((miners.len(), claims.len()), (12, 24));
    assert!(miners
        .iter()
        .all(|it| it["work"]["asked"].as_u64() > Some(0)));
    let validators = items(&report, "validators");
    assert!(validators.iter().all(|it| items(it, "audits").len() == 3));
    let named = |name: &str| {
        let of_name = |it: &&Value| it["name"] == name;
        miners.iter().find(of_name).expect(name)
    };
    assert!(named("signer")["work"]["unsigned"].as_u64() > Some(0));
    assert!(named("int8")["work"]["wrong"].as_u64() > Some(0));
    assert!(named("relay")["work"]["right"] == 0);
    assert!(named("offline")["work"]["late"] == named("offline")["work"]["asked"]);

    // The training beside: all probes of honest miners pass, and none of the cheats' all.
    let training = &report["training"];
    assert_eq!(items(training, "replays").len(), 2);
    for miner in items(training, "miners") {
        let (work, name) = (&miner["work"], miner["name"].as_str().expect("a name"));
        let is_honest = name.starts_with("pupil");
        assert_eq!(work["right"] == work["asked"], is_honest, "{miner}");
        assert!(work["asked"].as_u64() > Some(0), "{miner}");
    }
}

#[test]
fn too_few_epochs_are_refused_before_anything_starts() {
    let output = demo(&["--epochs", "4"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(problem.contains("choose at least 5"), "{problem}");
    assert_eq!(problem.lines().count(), 1, "{problem}");
}

#[test]
fn options_of_the_other_demo_are_refused() {
    let output = demo(&["--keep", "folder"]);
    assert_eq!(output.status.code(), Some(2));
}

/// A demo that runs, with a folder of its own for temporary files.
struct Running {
    demo: Child,
    folder: PathBuf,
}

impl Running {
    /// Starts a demo and waits until it has started some of its neurons.
    fn start(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let demo = Command::new(env!("CARGO_BIN_EXE_inktensor"))
            .args(["demo", "--live", "--epochs", "5"])
            .env("TMPDIR", &folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let running = Self { demo, folder };
        wait_for("processes of the demo", || running.processes().len() > 4);
        running
    }

    /// Returns the processes that have the folder in their environment: those of the demo.
    fn processes(&self) -> Vec<u32> {
        let folder = format!("TMPDIR={}", self.folder.display());
        let entries = fs::read_dir("/proc").expect("/proc");
        let numbers = entries.filter_map(|it| it.ok()?.file_name().to_str()?.parse().ok());
        let is_of_demo = |id: &u32| {
            let of_process = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            of_process
                .split(|byte| *byte == 0)
                .any(|it| it == folder.as_bytes())
        };
        numbers.filter(is_of_demo).collect()
    }

    /// Sends a signal to the demo, and not to its processes. Waits until all of them have ended.
    fn signal(&mut self, signal: &str) {
        let id = self.demo.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.expect("kill runs").success());
        let ended = self.demo.wait().expect("it ends");
        assert!(!ended.success(), "{ended}");
        wait_for("the end of all processes", || self.processes().is_empty());
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).expect("the folder");
        entries.filter_map(|it| Some(it.ok()?.path())).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.demo.kill();
        let _ = self.demo.wait();
        for id in self.processes() {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
        }
    }
}

fn wait_for(what: &str, mut is_met: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_met() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_run_that_a_signal_stops_leaves_nothing() {
    for signal in ["INT", "TERM"] {
        let mut running = Running::start("stopped");
        running.signal(signal);
        assert_eq!(running.files(), Vec::<PathBuf>::new(), "{signal}");
    }
}

#[test]
fn no_process_outlives_a_run_that_is_killed() {
    Running::start("killed-run").signal("KILL");
}
