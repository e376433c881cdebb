//! The processes: a served chain, and workers that can be killed and started again.

use inktensor_devnet::remote::RemoteChain;
use inktensor_e2e_tests::accounts::*;
use inktensor_primitives::hash::hex;
use inktensor_primitives::AccountId;
use std::{
    env,
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Milliseconds between two polls of a worker.
const POLL: &str = "20";
/// The longest start of a process.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The last lines of a log that a failing test prints.
const LINES_OF_A_FAILURE: usize = 40;

/// The index of the proposer in [`ROLES`].
pub const PROPOSER: usize = 0;
/// The index of the keeper.
pub const KEEPER_ROLE: usize = 1;
/// The index of the watcher.
pub const WATCHER: usize = 2;

/// The roles and the accounts that sign for them.
pub const ROLES: [(&str, AccountId); 3] =
    [("proposer", WORKER), ("keeper", KEEPER), ("watcher", ALICE)];

/// A process that is killed when dropped.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn inktensor() -> Command {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.stdin(Stdio::null());
    command
}

/// The process that serves the chain.
pub struct Devchain {
    _process: KillOnDrop,
    /// The address, as `HOST:PORT`.
    pub address: String,
}

impl Devchain {
    /// Starts a process that serves the chain in `folder`.
    pub fn start(folder: &Path) -> Self {
        let mut command = inktensor();
        command
            .args([
                "devchain",
                "--listen",
                "127.0.0.1:0",
                // The clock of the test makes blocks.
                "--block-time",
                "0",
            ])
            .arg("--state")
            .arg(folder)
            .stdout(Stdio::piped());
        let mut process = KillOnDrop(command.spawn().expect("the chain starts"));
        let output = process.0.stdout.take().expect("it is piped");
        let address = BufReader::new(output)
            .lines()
            .map(|line| line.expect("text"))
            .find_map(|line| Some(line.strip_prefix("listening on tcp://")?.to_owned()));
        Self {
            _process: process,
            address: address.expect("an address in the output"),
        }
    }

    /// Connects to the served chain.
    pub fn connect(&self) -> RemoteChain {
        RemoteChain::connect(&self.address, TIMEOUT).expect("it answers")
    }
}

/// A worker's process.
pub struct Worker {
    /// The role of the worker.
    pub role: &'static str,
    command: Box<dyn Fn() -> Command + Send>,
    process: KillOnDrop,
    log: PathBuf,
}

impl Worker {
    /// Starts a worker with its store in `store`.
    pub fn start(role: &'static str, account: AccountId, chain: &str, store: &Path) -> Self {
        let log = store.join("log");
        let (chain, account) = (format!("tcp://{chain}"), hex(account.as_ref()));
        let (store, output) = (store.to_owned(), log.clone());
        let command = move || {
            let mut command = inktensor();
            command
                .args(["run", "--role", role, "--chain", &chain])
                .args(["--account", &account, "--poll", POLL])
                .arg("--store")
                .arg(&store)
                .stdout(appended(&output))
                .stderr(appended(&output));
            command
        };
        let process = KillOnDrop(command().spawn().expect("a worker starts"));
        Self {
            role,
            command: Box::new(command),
            process,
            log,
        }
    }

    /// Waits until the worker runs.
    pub fn wait_until_ready(&self) {
        let start = Instant::now();
        while !self.log().contains("running on") {
            assert!(start.elapsed() < TIMEOUT, "{}: {}", self.role, self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills the worker, which must be running, and starts it again on the same store.
    pub fn kill_and_start_again(&mut self) {
        let ended = self.process.0.try_wait().expect("known");
        assert_eq!(ended, None, "{} has ended: {}", self.role, self.log());
        // SIGKILL: the worker cannot react.
        self.process.0.kill().expect("killed");
        self.process.0.wait().expect("gone");
        self.process = KillOnDrop((self.command)().spawn().expect("a worker starts"));
    }

    /// Stops the worker. Returns its log.
    pub fn end(self) -> String {
        format!("{}:\n{}", self.role, self.log())
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Worker {
    /// A test that fails prints the end of the log.
    fn drop(&mut self) {
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.len().saturating_sub(LINES_OF_A_FAILURE);
            eprintln!("{}:\n{}", self.role, lines[last..].join("\n"));
        }
    }
}

fn appended(path: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.expect("a log")
}
