//! Callers in Python and JavaScript with packages of others, and a model in Python.
//!
//! Their packages are installed once, into the folder of builds. On a machine without the language
//! or without its packages each of them is skipped, with a line on standard error. With
//! [`REQUIRED`] set that is a failure.

use serde_json::Value;
use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::network::{text, Guarded};

/// The variable that makes a skipped language a failure.
const REQUIRED: &str = "INKTENSOR_WIRE_CLIENTS";
/// Time in which the installation of packages gives up on a registry, in seconds.
const REGISTRY_TIME: &str = "30";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the folder of the clients of one language.
fn client(language: &str) -> PathBuf {
    root().join("e2e-tests/wire-clients").join(language)
}

/// Returns the folder into which packages are installed, and true if those that `lock` names are
/// there.
fn packages(name: &str, lock: &str) -> (PathBuf, bool) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let stamp = fs::read_to_string(folder.join("stamp"));
    let installed = stamp.is_ok_and(|stamp| stamp == lock);
    if !installed {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
    }
    (folder, installed)
}

/// Runs a command of an installation.
fn run(command: &mut Command) -> Result<(), String> {
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{command:?}: {}", text(&output))),
        Err(problem) => Err(format!("{command:?}: {problem}")),
    }
}

/// Installs the packages of a list for Python, and returns their interpreter.
fn interpreter(name: &str, list: &Path) -> Result<PathBuf, String> {
    let lock = fs::read_to_string(list).unwrap();
    let (folder, installed) = packages(name, &lock);
    let interpreter = folder.join("bin/python");
    if !installed {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let pip = "-m pip install --quiet --disable-pip-version-check --no-deps";
        run(Command::new(&interpreter)
            .args(pip.split_whitespace())
            .args(["--timeout", REGISTRY_TIME, "-r"])
            .arg(list))?;
        fs::write(folder.join("stamp"), lock).unwrap();
    }
    Ok(interpreter)
}

/// Returns the command of the Python client.
fn python() -> Result<Command, String> {
    let folder = client("python");
    let interpreter = interpreter("wire-client-python", &folder.join("requirements.txt"))?;
    let mut command = Command::new(interpreter);
    command.arg("-B").arg(folder.join("client.py"));
    Ok(command)
}

/// Returns the command of the JavaScript client, which is copied beside its packages.
fn javascript() -> Result<Command, String> {
    run(Command::new("node").arg("--version"))?;
    let lock = fs::read_to_string(client("js").join("package-lock.json")).unwrap();
    let (folder, installed) = packages("wire-client-js", &lock);
    for file in ["package.json", "package-lock.json", "client.js"] {
        fs::copy(client("js").join(file), folder.join(file)).unwrap();
    }
    if !installed {
        run(Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(&folder))?;
        fs::write(folder.join("stamp"), lock).unwrap();
    }
    let mut command = Command::new("node");
    command.arg(folder.join("client.js"));
    Ok(command)
}

/// A language that is here, or skipped.
fn here<T>(what: &str, found: Result<T, String>) -> Option<T> {
    if let Err(reason) = &found {
        assert!(env::var_os(REQUIRED).is_none(), "{what}: {reason}");
        // Standard error itself: the test harness captures `eprintln!`.
        let _ = writeln!(io::stderr(), "SKIPPED {what}: {}", reason.trim_end());
    }
    found.ok()
}

/// Returns the commands of the clients whose language is here.
pub fn clients() -> Vec<Command> {
    let python = here("the Python client of the wire", python());
    let javascript = here("the JavaScript client of the wire", javascript());
    python.into_iter().chain(javascript).collect()
}

/// The model in Python: its interpreter, with numpy.
pub struct NumpyModel(PathBuf);

impl NumpyModel {
    /// Returns the model, if Python and numpy are here.
    pub fn find() -> Option<Self> {
        let list = root().join("subnets/embed/python/requirements.txt");
        here("the model in Python", interpreter("numpy-model", &list)).map(Self)
    }

    /// Serves a state of `embed/1`. Returns the process and its URL.
    pub fn serve(&self, state: &str) -> (Guarded, String) {
        let mut server = Command::new(&self.0);
        server
            .arg("-B")
            .arg(root().join("subnets/embed/python/serve.py"))
            .args(["--state", state, "--port", "0"]);
        let mut server = Guarded(server.stdout(Stdio::piped()).spawn().unwrap());
        let output = server.0.stdout.take().unwrap();
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap();
        (server, url.to_owned())
    }
}

/// Runs a client against the receiver that `line` describes, and expects `ok` from it.
pub fn asks(client: &mut Command, line: &Value) {
    let mut process = client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    writeln!(input, "{line}").unwrap();
    drop(input);
    let output: Output = process.wait_with_output().unwrap();
    let ends = String::from_utf8_lossy(&output.stdout).ends_with("ok\n");
    assert!(output.status.success() && ends, "{}", text(&output));
}
