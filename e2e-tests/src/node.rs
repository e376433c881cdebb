//! A node: `substrate-contracts-node` as a process of its own.
//!
//! # Usage
//! ```no_run
//! use inktensor_e2e_tests::node::{Node, Options};
//!
//! let Some(node) = Node::for_test("my_test", Options::default()) else { return };
//! println!("a new chain at {}", node.url());
//! ```
//! # Limits
//! The node makes a block only when a transaction arrives, and none if it is idle. A node outlives
//! a test that is killed.

use serde_json::{json, Value};
use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};
use thiserror::Error;

use crate::{tools::NODE, TempDir};

/// The node's log line before its address, once it accepts connections.
const LISTENING: &str = "Running JSON-RPC server: addr=127.0.0.1:";
/// The longest start: some seconds on an idle machine, most of them for the genesis.
const START: Duration = Duration::from_secs(120);
/// The longest stop after a request to terminate.
const STOP: Duration = Duration::from_secs(60);
/// The interval at which a process and its log are read.
const POLL: Duration = Duration::from_millis(20);
/// Bytes at the end of the log that an error shows.
const TAIL: u64 = 2_000;

/// Errors of starting and stopping a node.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The program is missing.
    #[error("no {}: set {}, or run `cargo xtask setup`", NODE.name, NODE.variable)]
    NoProgram,
    /// The program cannot be run.
    #[error("cannot run {program}: {source}")]
    Spawn {
        /// The program.
        program: String,
        /// The cause.
        source: io::Error,
    },
    /// An operation on a file or a process fails.
    #[error("{what}: {source}")]
    Io {
        /// The operation.
        what: String,
        /// The cause.
        source: io::Error,
    },
    /// The node ended before it answered.
    #[error(
        "the node ended ({status}) before it answered; its log is {log}, which ends with:\n{tail}"
    )]
    Ended {
        /// The exit status.
        status: ExitStatus,
        /// The path of its log.
        log: String,
        /// The end of the log.
        tail: String,
    },
    /// The node did not answer in time.
    #[error("the node did not answer within {} s; its log is {log}, which ends with:\n{tail}", START.as_secs())]
    Late {
        /// The path of its log.
        log: String,
        /// The end of the log.
        tail: String,
    },
}

/// Options of a node.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder of its chain, which is continued if there is one and kept. By default a
    /// temporary folder.
    pub base: Option<PathBuf>,
    /// The file that its log is appended to. By default a file in the folder of the chain.
    pub log: Option<PathBuf>,
    /// The port of its RPC. By default a free one.
    pub rpc_port: Option<u16>,
    /// More arguments.
    pub arguments: Vec<OsString>,
}

/// A running node. It is killed when dropped.
#[derive(Debug)]
pub struct Node {
    program: PathBuf,
    base: PathBuf,
    log: PathBuf,
    arguments: Vec<OsString>,
    rpc_port: u16,
    process: Option<Child>,
    /// Goes last, after the process that writes in it.
    own: Option<TempDir>,
}

impl Node {
    /// Returns the node's program, where [`NODE`] is found.
    pub fn program() -> Option<PathBuf> {
        NODE.find()
    }

    /// Starts a node for `test`. Without a program, prints one line and returns `None`; the test is
    /// skipped.
    ///
    /// # Panics
    /// If the node does not start, or if there is no program while
    /// [`REQUIRE_NODE`](crate::tools::REQUIRE_NODE) is set.
    pub fn for_test(test: &str, options: Options) -> Option<Self> {
        NODE.for_test(test)?;
        Some(Self::start(options).unwrap_or_else(|error| panic!("{test}: {error}")))
    }

    /// Starts a node of a development chain and waits until it answers.
    ///
    /// # Errors
    /// See [`NodeError`].
    pub fn start(options: Options) -> Result<Self, NodeError> {
        let program = Self::program().ok_or(NodeError::NoProgram)?;
        let (base, own) = match options.base {
            Some(base) => (base, None),
            None => {
                let own = TempDir::new();
                (own.path().to_owned(), Some(own))
            }
        };
        fs::create_dir_all(&base).map_err(io_error(format!("making {}", base.display())))?;
        let mut node = Self {
            program,
            log: options.log.unwrap_or_else(|| base.join("node.log")),
            base,
            arguments: options.arguments,
            rpc_port: options.rpc_port.unwrap_or(0),
            process: None,
            own,
        };
        node.run()?;
        Ok(node)
    }

    /// Returns the address of its RPC.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.rpc_port)
    }

    /// Returns the port of its RPC.
    pub fn rpc_port(&self) -> u16 {
        self.rpc_port
    }

    /// Returns the path of its log.
    pub fn log(&self) -> &Path {
        &self.log
    }
    /// Returns the node's answer to a request.
    ///
    /// # Errors
    /// `Io` if it does not answer, or with an error.
    pub fn ask(&self, method: &str, params: Value) -> Result<Value, NodeError> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = post(self.rpc_port, &body.to_string());
        let answer = answer.map_err(io_error(format!("asking {method}")))?;
        let unusable = || {
            let problem = io::Error::other(answer.clone());
            io_error(format!("the answer to {method}"))(problem)
        };
        let (_, json) = answer.split_once("\r\n\r\n").ok_or_else(unusable)?;
        let json: Value = serde_json::from_str(json).map_err(|_| unusable())?;
        json.get("result").cloned().ok_or_else(unusable)
    }

    /// Connects the node to `other`, as a peer. Another call connects them again: the address of a
    /// peer that was restarted is another one.
    ///
    /// # Errors
    /// `Io` if one of them does not answer.
    pub fn join(&self, other: &Node) -> Result<(), NodeError> {
        let addresses = other.ask("system_localListenAddresses", json!([]))?;
        let addresses = addresses.as_array().into_iter().flatten();
        let local = addresses.filter_map(Value::as_str);
        let mut local = local.filter(|it| it.starts_with("/ip4/127.0.0.1/tcp/"));
        let address = local.next().unwrap_or_default();
        let identity = address.rsplit('/').next().unwrap_or_default();
        self.ask("system_removeReservedPeer", json!([identity]))?;
        self.ask("system_addReservedPeer", json!([address]))?;
        Ok(())
    }

    /// Terminates the node, and kills it if it does not end in time.
    ///
    /// # Errors
    /// `Io` if it can be neither asked nor killed.
    pub fn stop(&mut self) -> Result<(), NodeError> {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let asked = Command::new("kill")
            .args(["-TERM", &process.id().to_string()])
            .status()
            .map_err(io_error("running `kill`"))?;
        let deadline = Instant::now() + STOP;
        while asked.success() && Instant::now() < deadline {
            if ended(process)?.is_some() {
                self.process = None;
                return Ok(());
            }
            thread::sleep(POLL);
        }
        self.kill()
    }

    /// Kills the node, as a power cut would.
    ///
    /// # Errors
    /// `Io` if it cannot be killed.
    pub fn kill(&mut self) -> Result<(), NodeError> {
        if let Some(mut process) = self.process.take() {
            process.kill().map_err(io_error("killing the node"))?;
            process.wait().map_err(io_error("awaiting the node"))?;
        }
        Ok(())
    }

    /// Restarts the node with the same chain at the same address.
    ///
    /// # Errors
    /// See [`NodeError`].
    pub fn restart(&mut self) -> Result<(), NodeError> {
        self.stop()?;
        self.run()
    }

    fn run(&mut self) -> Result<(), NodeError> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(io_error(format!("opening {}", self.log.display())))?;
        // What an earlier run of the same node said is not an answer.
        let said = log.metadata().map_err(self.log_error())?.len();
        let errors = log.try_clone().map_err(self.log_error())?;
        let process = Command::new(&self.program)
            .arg("--dev")
            .arg("--base-path")
            .arg(&self.base)
            .args(["--rpc-port", &self.rpc_port.to_string(), "--port", "0"])
            .args(["--no-telemetry", "--no-prometheus", "--no-mdns"])
            .args(["--no-hardware-benchmarks", "--disable-log-color"])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|source| NodeError::Spawn {
                program: self.program.display().to_string(),
                source,
            })?;
        self.process = Some(process);
        let answered = self.wait_for_answer(said);
        if answered.is_err() {
            self.keep_log();
        }
        self.rpc_port = answered?;
        Ok(())
    }

    /// Waits until the node answers. Returns the port on which it does.
    fn wait_for_answer(&mut self, said: u64) -> Result<u16, NodeError> {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if let Some(process) = &mut self.process {
                if let Some(status) = ended(process)? {
                    self.process = None;
                    return Err(NodeError::Ended {
                        status,
                        log: self.log.display().to_string(),
                        tail: self.read_log(said.max(self.last_bytes()?))?,
                    });
                }
            }
            let port = port(&self.read_log(said)?);
            if let Some(port) = port.filter(|port| accepts(*port)) {
                return Ok(port);
            }
            thread::sleep(POLL);
        }
        self.kill()?;
        Err(NodeError::Late {
            log: self.log.display().to_string(),
            tail: self.read_log(said.max(self.last_bytes()?))?,
        })
    }

    /// Returns the position of the last bytes of the log.
    fn last_bytes(&self) -> Result<u64, NodeError> {
        let length = fs::metadata(&self.log).map_err(self.log_error())?.len();
        Ok(length.saturating_sub(TAIL))
    }

    /// Returns the log from byte `from` on.
    fn read_log(&self, from: u64) -> Result<String, NodeError> {
        let mut bytes = Vec::new();
        File::open(&self.log)
            .and_then(|mut log| {
                log.seek(SeekFrom::Start(from))?;
                log.read_to_end(&mut bytes)
            })
            .map_err(self.log_error())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn log_error(&self) -> impl FnOnce(io::Error) -> NodeError {
        io_error(format!("reading {}", self.log.display()))
    }

    /// Keeps a temporary folder, so that the log in it can be read.
    fn keep_log(&mut self) {
        if let Some(own) = self.own.take() {
            own.keep();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // The node may have ended already.
        let _ = self.kill();
        if thread::panicking() {
            self.keep_log();
            let _ = writeln!(io::stderr(), "the node's log is {}", self.log.display());
        }
    }
}

/// Returns the exit status of `process`, if it has ended.
fn ended(process: &mut Child) -> Result<Option<ExitStatus>, NodeError> {
    process
        .try_wait()
        .map_err(io_error("looking after the node"))
}

/// Sends a request to the node on this port. Returns the whole answer.
fn post(port: u16, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let length = body.len();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Names the failed operation.
fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> NodeError {
    let what = what.into();
    move |source| NodeError::Io { what, source }
}

/// Returns the port in a node's log, if it is complete.
fn port(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once(LISTENING)?;
    // The digits are complete only when something follows them.
    let (digits, _) = rest.split_once(|c: char| !c.is_ascii_digit())?;
    digits.parse().ok()
}

/// Returns true if a connection to `port` succeeds.
fn accepts(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_the_port() {
        let line =
            "INFO main sc_rpc_server: Running JSON-RPC server: addr=127.0.0.1:36259,[::1]:40131\n";
        assert_eq!(port(line), Some(36259));
        assert_eq!(port("Running JSON-RPC server: addr=127.0.0.1:362"), None);
        assert_eq!(port("Running"), None);
    }

    #[test]
    fn a_node_that_cannot_start_says_why_and_where_its_log_is() {
        // A temporary folder would be kept after the failure.
        let folder = TempDir::new();
        let options = Options {
            base: Some(folder.path().to_owned()),
            arguments: vec!["--no-such-flag".into()],
            ..Options::default()
        };
        let started = Node::start(options);
        if Node::program().is_none() {
            assert!(matches!(started, Err(NodeError::NoProgram)));
            return;
        }
        let error = started.unwrap_err().to_string();
        assert!(error.contains("--no-such-flag"), "{error}");
        assert!(error.contains("node.log"), "{error}");
    }

    #[test]
    fn a_killed_node_starts_again_where_it_was() {
        let name = "a_killed_node_starts_again_where_it_was";
        let Some(mut node) = Node::for_test(name, Options::default()) else {
            return;
        };
        let url = node.url();
        assert!(accepts(node.rpc_port()));
        node.kill().unwrap();
        assert!(!accepts(node.rpc_port()));
        node.restart().unwrap();
        assert_eq!(node.url(), url);
        assert!(accepts(node.rpc_port()));
        node.stop().unwrap();
        assert!(!accepts(node.rpc_port()));
    }
}
