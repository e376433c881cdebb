//! `inktensor run` from outside, on a served chain: it runs whole epochs, reports its health, ends
//! when it is asked to, and sends nothing when it is not to.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use inktensor_client::{
    chain::{Answer, ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_devnet::{account, remote::RemoteChain};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    registry::Registry,
    NetUid, Rao,
};
use psp22::PSP22;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(120);
const TEMPO: u32 = 10;
const NETUID: NetUid = NetUid(1);

/// A process that ends with the test.
struct Guarded(Option<Child>);

impl Guarded {
    fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("it runs")
    }

    /// Sends a signal, by the shell.
    fn signal(&mut self, name: &str) {
        let kill = format!("kill -{name} {}", self.child().id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.expect("a shell").success());
    }

    fn end(mut self) -> Output {
        let child = self.0.take().expect("it runs");
        child.wait_with_output().expect("it ends")
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn inktensor(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inktensor"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A served chain with a subnet of two neurons, and a worker with TAO.
struct Net {
    _devchain: Guarded,
    address: String,
    chain: RemoteChain,
    contracts: Addresses,
}

impl Net {
    fn start(block_time: &str) -> Self {
        let mut command = inktensor(&["devchain", "--listen", "127.0.0.1:0"]);
        command.args(["--block-time", block_time, "--challenge-period", "5"]);
        let mut devchain = Guarded(Some(command.stderr(Stdio::inherit()).spawn().unwrap()));
        let output = devchain.child().stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines().map(|line| line.unwrap());
        let address = lines
            .find_map(|line| Some(line.strip_prefix("listening on tcp://")?.to_owned()))
            .expect("it says where it listens");
        let chain = RemoteChain::connect(&address, PATIENCE).unwrap();
        let named: BTreeMap<_, _> = chain.contracts().unwrap().into_iter().collect();
        let contracts = Addresses::from_named(|name| named.get(name).copied()).unwrap();
        let mut net = Self {
            _devchain: devchain,
            address: format!("tcp://{address}"),
            chain,
            contracts,
        };
        net.populate();
        net
    }

    fn populate(&mut self) {
        let (bank, contracts) = (account("bank"), self.contracts);
        let most = Rao::from_tao(100_000);
        let approve = contracts
            .psp22()
            .approve(contracts.registry, most.to_u128());
        self.chain.send(bank, approve).answer().unwrap();
        let subnet = contracts.registry().create_subnet(
            "test".into(),
            bank,
            contracts.yuma,
            TEMPO,
            8,
            2,
            most,
            None,
        );
        let subnet = self.chain.send(bank, subnet).answer().unwrap();
        assert_eq!(subnet.value, NETUID);
        let start = contracts.registry().start(NETUID);
        self.chain.send(bank, start).answer().unwrap();
        for name in ["one", "two"] {
            let agree = contracts.registry().agree(Some(bank));
            self.chain.send(account(name), agree).answer().unwrap();
            let hotkey = account(name);
            let neuron = contracts.registry().register(NETUID, hotkey, most, None);
            self.chain.send(bank, neuron).answer().unwrap();
        }
        let worker = account("worker");
        let fund = contracts
            .psp22()
            .transfer(worker, Rao::from_tao(100).to_u128(), vec![]);
        self.chain.send(bank, fund).answer().unwrap();
    }

    fn status(&self) -> EpochStatus {
        let status = self.chain.query(self.contracts.epoch().status(NETUID));
        status.unwrap().expect("a subnet")
    }

    fn events(&self) -> usize {
        self.chain.events(0).unwrap().len()
    }

    /// A worker in all roles, whose log is JSON in the returned file.
    fn work(&self, name: &str, more: &[&str]) -> (Guarded, PathBuf) {
        let folder = fresh(name);
        let log = folder.join("log");
        let store = folder.join("store").display().to_string();
        let mut command = inktensor(&["run", "--role", "keeper,proposer,watcher"]);
        command
            .args(["--chain", &self.address, "--account", "worker"])
            .args(["--poll", "20", "--log-format", "json", "--store", &store])
            .args(more)
            .stderr(fs::File::create(&log).unwrap());
        (Guarded(Some(command.spawn().unwrap())), log)
    }
}

fn fresh(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The events in a log. Every line is one.
fn said(log: &Path) -> Vec<Value> {
    let text = fs::read_to_string(log).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let parsed = whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    parsed.collect()
}

fn message(event: &Value) -> &str {
    event["message"].as_str().unwrap_or_default()
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn wait_for_line(log: &Path, text: &str) -> Value {
    wait_for(text, || {
        said(log)
            .into_iter()
            .find(|event| message(event).contains(text))
    })
}

/// Returns the address at which a worker serves.
fn served(log: &Path) -> String {
    let line = wait_for_line(log, "metrics and health on");
    message(&line).split("http://").nth(1).unwrap().to_owned()
}

fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let code = head.split(' ').nth(1).unwrap();
    (code.parse().unwrap(), body.into())
}

fn value(page: &str, name: &str) -> Option<f64> {
    let after = |line: &'_ str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
    page.lines().find_map(after)
}

#[test]
fn a_worker_runs_epochs_tells_how_it_is_and_ends_when_it_is_asked_to() {
    let net = Net::start("40");
    let (mut worker, log) = net.work("run-service", &["--http", "127.0.0.1:0"]);
    let address = served(&log);
    wait_for("an epoch is final and paid", || {
        let status = net.status();
        (status.final_epoch >= Some(0) && status.settling.is_none()).then_some(())
    });
    let loops = "keeper: ok\nmonitor: ok\nproposer: ok\nwatcher: ok\n".to_owned();
    assert_eq!(get(&address, "/health"), (200, loops.clone()));
    assert_eq!(get(&address, "/ready"), (200, loops));
    assert_eq!(
        get(&address, "/health/watcher"),
        (200, "watcher: ok\n".into())
    );
    let metric = |name: &str| value(&get(&address, "/metrics").1, name);
    wait_for("the worker has measured the final epoch", || {
        (metric("inktensor_final_epoch{netuid=\"1\"}") >= Some(0.0)).then_some(())
    });
    for name in [
        "inktensor_epochs_closed_total{netuid=\"1\"}",
        "inktensor_epochs_proposed_total{netuid=\"1\"}",
        "inktensor_epochs_finalized_total{netuid=\"1\"}",
        "inktensor_chunks_settled_total{netuid=\"1\"}",
        "inktensor_gas_ref_time_picoseconds_total{message=\"Epochs::close\"}",
        "inktensor_transactions_total{message=\"Epochs::propose\",outcome=\"done\"}",
        "inktensor_collateral_added_rao_total",
        "inktensor_balance_rao",
        "inktensor_best_block",
        "inktensor_turns_total{role=\"watcher\"}",
        "inktensor_unchecked_assertion_blocks_left{netuid=\"1\"}",
    ] {
        assert!(metric(name) > Some(0.0), "{name}: {:?}", metric(name));
    }
    assert_eq!(metric("inktensor_ready"), Some(1.0));
    assert_eq!(
        metric("inktensor_epochs_disputed_total{netuid=\"1\"}"),
        Some(0.0)
    );
    worker.signal("TERM");
    let output = worker.end();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty());
    let events = said(&log);
    let last = events.last().unwrap();
    assert_eq!(
        (message(last), &last["signal"]),
        ("ended", &"SIGTERM".into())
    );
    assert!(
        events.iter().all(|event| event["level"] == "INFO"),
        "{events:?}"
    );
    for (text, field) in [
        ("closed an epoch", "epoch"),
        ("posted an epoch", "netuid"),
        ("added to the collateral", "amount_rao"),
        ("settled chunks", "chunk"),
    ] {
        let event = events.iter().find(|event| message(event) == text);
        assert!(event.unwrap()[field].is_u64(), "{text}");
    }
}

#[test]
fn a_dry_run_changes_nothing_and_tells_each_step_once() {
    let mut net = Net::start("0");
    net.chain.advance(TEMPO).unwrap();
    let (before, events) = (net.status(), net.events());
    let more = ["--dry-run", "--http", "127.0.0.1:0"];
    let (mut worker, log) = net.work("run-rehearsal", &more);
    let address = served(&log);
    wait_for_line(&log, "would send Epochs::close: it would be done");
    for _ in 0..5 {
        let block = net.chain.advance(1).unwrap();
        wait_for("the worker has seen the block", || {
            let page = get(&address, "/metrics").1;
            (value(&page, "inktensor_best_block") == Some(f64::from(block))).then_some(())
        });
    }
    worker.signal("INT");
    assert_eq!(worker.end().status.code(), Some(0));
    assert_eq!((net.status(), net.events()), (before, events));
    let said = said(&log);
    let rehearsed = said
        .iter()
        .filter(|it| message(it).starts_with("would send"));
    assert_eq!(rehearsed.count(), 1, "{said:?}");
}

#[test]
fn a_worker_goes_on_by_itself_when_the_chain_is_away_and_ends_meanwhile() {
    let net = Net::start("40");
    let (mut worker, log) = net.work("run-away", &["--http", "127.0.0.1:0"]);
    let address = served(&log);
    wait_for("the worker is ready", || {
        (get(&address, "/ready").0 == 200).then_some(())
    });
    // It is gone, and does not come back.
    drop(net);
    let reason = wait_for("the worker is not ready", || {
        let (code, reason) = get(&address, "/ready");
        (code == 503).then_some(reason)
    });
    assert!(reason.contains("does not answer"), "{reason}");
    assert_eq!(get(&address, "/health").0, 200);
    let page = get(&address, "/metrics").1;
    assert!(value(&page, "inktensor_chain_errors_total{kind=\"unreachable\"}") > Some(0.0));
    worker.signal("TERM");
    assert_eq!(worker.end().status.code(), Some(0));
    let problems = said(&log);
    let problems: Vec<_> = problems
        .iter()
        .filter(|event| event["level"] == "WARN")
        .collect();
    // Each role has a connection of its own.
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn what_holds_is_printed_and_no_secret_with_it() {
    let secret = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../inktensor.example.toml");
    let output = inktensor(&["run", "--config", example, "--poll", "7", "--print-config"])
        .env("INKTENSOR_SURI", secret)
        .env("INKTENSOR_STAGGER", "9")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("poll = 7 # --poll\n"), "{text}");
    assert!(text.contains("stagger = 9 # INKTENSOR_STAGGER\n"), "{text}");
    let store = format!("store = \"/var/lib/inktensor\" # {example}\n");
    assert!(text.contains(&store), "{text}");
    assert!(!text.contains("curtain"), "{text}");
}

#[test]
fn bad_input_is_told_in_one_line_without_secrets() {
    let store = fresh("run-refused").display().to_string();
    let base = ["run", "--role", "keeper", "--store", &store];
    let refused = |more: &[&str], suri: Option<&str>, what: &str| {
        let mut command = inktensor(&base);
        command.args(more);
        if let Some(suri) = suri {
            command.env("INKTENSOR_SURI", suri);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(what) && said.lines().count() == 1, "{said}");
        assert!(output.stdout.is_empty());
        said
    };
    let node = ["--chain", "ws://127.0.0.1:1"];
    let devchain = ["--chain", "tcp://127.0.0.1:1", "--account", "me"];
    let on = |chain: &[&'static str], more: &[&'static str]| [chain, more].concat();
    refused(&devchain[..2], None, "no signer is given");
    refused(&node, None, "no key is given");
    refused(&on(&node, &["--ask-suri"]), None, "needs a terminal");
    refused(&on(&devchain, &["--log", "=="]), None, "log \"==\"");
    refused(
        &on(&devchain, &["--deployment", "a.json"]),
        None,
        "remove --deployment",
    );
    refused(
        &on(&devchain, &["--config", "no/such.toml"]),
        None,
        "no/such.toml",
    );
    let said = refused(
        &node,
        Some("correct horse battery staple"),
        "this one has 4",
    );
    assert!(!said.contains("horse"), "{said}");
}
