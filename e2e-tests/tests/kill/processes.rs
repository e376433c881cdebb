//! The processes: the chain, and workers that can be killed and started again.

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

/// Milliseconds between two blocks.
const BLOCK_TIME: &str = "40";
/// Milliseconds between two looks of a worker at the chain.
const POLL: &str = "20";
/// How long a process may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// Places of the roles.
pub const PROPOSER: usize = 0;
/// Closes, finalises, settles.
pub const KEEPER_ROLE: usize = 1;
/// Disputes.
pub const WATCHER: usize = 2;

/// What is run, and who signs.
pub const ROLES: [(&str, AccountId); 3] =
    [("proposer", WORKER), ("keeper", KEEPER), ("watcher", ALICE)];

/// A process that ends with the test.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        // It may have ended by itself.
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
    _process: Guarded,
    /// Where it is, as `HOST:PORT`.
    pub address: String,
}

impl Devchain {
    /// Serves the chain in `folder`.
    pub fn start(folder: &Path) -> Self {
        let mut command = inktensor();
        command
            .args([
                "devchain",
                "--listen",
                "127.0.0.1:0",
                "--block-time",
                BLOCK_TIME,
            ])
            .arg("--state")
            .arg(folder)
            .stdout(Stdio::piped());
        let mut process = Guarded(command.spawn().expect("the chain starts"));
        let output = process.0.stdout.take().expect("it is piped");
        let address = BufReader::new(output)
            .lines()
            .map(|line| line.expect("text"))
            .find_map(|line| Some(line.strip_prefix("listening on tcp://")?.to_owned()));
        Self {
            _process: process,
            address: address.expect("it says where it listens"),
        }
    }

    /// A client of it.
    pub fn connect(&self) -> RemoteChain {
        RemoteChain::connect(&self.address, PATIENCE).expect("it answers")
    }
}

/// A worker's process.
pub struct Worker {
    /// Its role.
    pub role: &'static str,
    command: Box<dyn Fn() -> Command + Send>,
    process: Guarded,
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
        let process = Guarded(command().spawn().expect("a worker starts"));
        Self {
            role,
            command: Box::new(command),
            process,
            log,
        }
    }

    /// Waits until it has begun to work.
    pub fn wait_until_ready(&self) {
        let start = Instant::now();
        while !self.told().contains("running on") {
            assert!(start.elapsed() < PATIENCE, "{}: {}", self.role, self.told());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills it, wherever it is, and starts it again on the same store. It has to be running: no
    /// worker ends by itself.
    pub fn kill_and_start_again(&mut self) {
        let ended = self.process.0.try_wait().expect("known");
        assert_eq!(ended, None, "{} has ended: {}", self.role, self.told());
        // On Unix this is SIGKILL: it is not asked.
        self.process.0.kill().expect("killed");
        self.process.0.wait().expect("gone");
        self.process = Guarded((self.command)().spawn().expect("a worker starts"));
    }

    /// Ends it. Returns what it has told.
    pub fn end(self) -> String {
        let told = self.told();
        drop(self.process);
        format!("{}:\n{told}", self.role)
    }

    fn told(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

fn appended(path: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.expect("a log")
}
