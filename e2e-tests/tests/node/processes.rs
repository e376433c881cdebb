//! Commands and workers as processes.

use super::accounts::Account;
use inktensor_client::deploy::{Bundles, CONTRACTS_DIR};
use serde_json::Value;
use std::{
    env,
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The environment variable that makes this program run as `inktensor`.
pub const AS_INKTENSOR: &str = "INKTENSOR_NODE_TEST_AS_INKTENSOR";
/// The longest stop of a worker after a request to terminate.
const END: Duration = Duration::from_secs(30);
/// Milliseconds between two polls of a worker.
const POLL: &str = "200";

/// A command line of `inktensor`.
pub struct Invocation {
    command: Command,
    line: String,
}

impl Invocation {
    /// Creates a command that runs in `folder`.
    pub fn new(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command
            .env(AS_INKTENSOR, "1")
            .env(CONTRACTS_DIR, Bundles::folder().expect("built"))
            .current_dir(folder)
            .stdin(Stdio::null());
        let invocation = Self {
            command,
            line: "inktensor".into(),
        };
        invocation.with(arguments)
    }

    /// Adds arguments.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self.line.push(' ');
        self.line.push_str(&arguments.join(" "));
        self
    }

    /// Runs the command, which must succeed. Returns its output.
    pub fn text(mut self) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command.output().expect("it runs");
        let (output, errors) = (
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&stderr),
        );
        assert!(
            status.success(),
            "{}: {status}\n{output}{errors}",
            self.line
        );
        output.into_owned()
    }

    /// Runs the command, which must succeed. Returns its output as JSON.
    pub fn json(self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Starts the command without waiting for its end.
    pub fn spawn(mut self) -> Running {
        let child = self.command.stdout(Stdio::null()).spawn();
        Running(child.expect("it starts"))
    }
}

/// A process that is killed when dropped.
pub struct Running(Child);

impl Running {
    /// Kills the process.
    pub fn kill(&mut self) {
        // The process may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Terminates the process and waits for its end. Returns true if it ended successfully.
    fn end(&mut self) -> bool {
        let terminated = Command::new("kill")
            .args(["-TERM", &self.0.id().to_string()])
            .status();
        assert!(terminated.expect("kill runs").success(), "SIGTERM is sent");
        let start = Instant::now();
        while start.elapsed() < END {
            if let Some(status) = self.0.try_wait().expect("known") {
                return status.success();
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A worker with all roles.
pub struct Worker {
    folder: PathBuf,
    account: Account,
    url: String,
    process: Running,
}

impl Worker {
    /// Starts a worker of `account` on the node at `url`.
    pub fn start(folder: &Path, account: Account, url: &str) -> Self {
        let process = run(folder, account, url);
        Self {
            folder: folder.into(),
            account,
            url: url.into(),
            process,
        }
    }

    /// Kills the worker and starts it again on the same store.
    pub fn kill_and_start_again(&mut self) {
        self.process.kill();
        self.process = run(&self.folder, self.account, &self.url);
    }

    /// Terminates the worker. Returns its log.
    pub fn end(mut self) -> String {
        assert!(
            self.process.end(),
            "a worker ends after SIGTERM\n{}",
            self.log()
        );
        self.log()
    }

    /// Returns the worker's log.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(log_path(&self.folder, self.account));
        format!("{}:\n{}", self.account.name(), text.unwrap_or_default())
    }
}

fn log_path(folder: &Path, account: Account) -> PathBuf {
    folder.join(format!("{}.log", account.name()))
}

fn run(folder: &Path, account: Account, url: &str) -> Running {
    let (store, key) = (account.name(), account.key_file());
    let arguments = [
        "run",
        "--role",
        "keeper,proposer,watcher",
        "--chain",
        url,
        "--store",
        &store,
        "--suri-file",
        &key,
        "--poll",
        POLL,
        "--stagger",
        "300",
    ];
    let mut invocation = Invocation::new(folder, &arguments);
    let output = || -> File {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log_path(folder, account));
        file.expect("a log")
    };
    let child = invocation.command.stdout(output()).stderr(output()).spawn();
    Running(child.expect("a worker starts"))
}
