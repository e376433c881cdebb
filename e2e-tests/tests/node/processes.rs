//! Commands and workers as processes.

use super::people::Person;
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

/// Tells this program to be `inktensor`.
pub const AS_PROGRAM: &str = "INKTENSOR_NODE_TEST_AS_PROGRAM";
/// How long a worker may take to end when it is asked to.
const END: Duration = Duration::from_secs(30);
/// Milliseconds between two looks of a worker at the chain.
const POLL: &str = "200";

/// A command of `inktensor`.
pub struct Program {
    command: Command,
    said: String,
}

impl Program {
    /// A command that runs in `folder`.
    pub fn new(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command
            .env(AS_PROGRAM, "1")
            .env(CONTRACTS_DIR, Bundles::folder().expect("built"))
            .current_dir(folder)
            .stdin(Stdio::null());
        let program = Self {
            command,
            said: "inktensor".into(),
        };
        program.with(arguments)
    }

    /// The command with more arguments.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self.said.push(' ');
        self.said.push_str(&arguments.join(" "));
        self
    }

    /// Runs it; it has to go well. Returns what it says.
    pub fn text(mut self) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command.output().expect("it runs");
        let (said, problem) = (
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&stderr),
        );
        assert!(status.success(), "{}: {status}\n{said}{problem}", self.said);
        said.into_owned()
    }

    /// Runs it; it has to answer with a JSON document.
    pub fn json(self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Starts it, to run on.
    pub fn spawn(mut self) -> Running {
        let child = self.command.stdout(Stdio::null()).spawn();
        Running(child.expect("it starts"))
    }
}

/// A process that ends with the test.
pub struct Running(Child);

impl Running {
    /// Ends it without asking.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Asks it to end, and waits until it has. Whether it ended well.
    fn end(&mut self) -> bool {
        let asked = Command::new("kill")
            .args(["-TERM", &self.0.id().to_string()])
            .status();
        assert!(asked.expect("kill runs").success(), "it was asked");
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
    person: Person,
    url: String,
    process: Running,
}

impl Worker {
    /// Starts a worker of `person` on the node at `url`.
    pub fn start(folder: &Path, person: Person, url: &str) -> Self {
        let process = run(folder, person, url);
        Self {
            folder: folder.into(),
            person,
            url: url.into(),
            process,
        }
    }

    /// Kills it, wherever it is, and starts it again on the same store.
    pub fn kill_and_start_again(&mut self) {
        self.process.kill();
        self.process = run(&self.folder, self.person, &self.url);
    }

    /// Asks it to end. Returns what it has told.
    pub fn end(mut self) -> String {
        assert!(
            self.process.end(),
            "it ends when it is asked to\n{}",
            self.told()
        );
        self.told()
    }

    /// What it has told.
    pub fn told(&self) -> String {
        let text = fs::read_to_string(log(&self.folder, self.person));
        format!("{}:\n{}", self.person.name(), text.unwrap_or_default())
    }
}

fn log(folder: &Path, person: Person) -> PathBuf {
    folder.join(format!("{}.log", person.name()))
}

fn run(folder: &Path, person: Person, url: &str) -> Running {
    let (store, key) = (person.name(), person.key_file());
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
    let mut program = Program::new(folder, &arguments);
    let output = || -> File {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log(folder, person));
        file.expect("a log")
    };
    let child = program.command.stdout(output()).stderr(output()).spawn();
    Running(child.expect("a worker starts"))
}
