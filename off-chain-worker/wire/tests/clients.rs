//! Clients in Python and JavaScript, with packages of others, ask a receiver and check receipts.
//!
//! Both are skipped, with a printed line, on a machine without the language or without its
//! packages. With `INKTENSOR_WIRE_CLIENTS=1` that is a failure.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../examples/echo.rs"]
mod echo;

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The variable that makes a skipped client a failure.
const REQUIRED: &str = "INKTENSOR_WIRE_CLIENTS";

/// Returns the folder of the clients of one language.
fn client(language: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("e2e-tests/wire-clients").join(language)
}

/// Returns the folder into which the packages of one language are installed, and true if those
/// that `lock` names are there.
fn packages(language: &str, lock: &str) -> (PathBuf, bool) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("wire-client-{language}"));
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
    let output = command.stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{command:?}: {}", text(&output))),
        Err(problem) => Err(format!("{command:?}: {problem}")),
    }
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

/// Installs the packages of the Python client, and returns its interpreter.
fn python() -> Result<PathBuf, String> {
    let lock = fs::read_to_string(client("python").join("requirements.txt")).unwrap();
    let (folder, installed) = packages("python", &lock);
    let interpreter = folder.join("bin/python");
    if !installed {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(&interpreter)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ])
            .arg("-r")
            .arg(client("python").join("requirements.txt")))?;
        fs::write(folder.join("stamp"), lock).unwrap();
    }
    Ok(interpreter)
}

/// Installs the packages of the JavaScript client, and returns its script, beside them.
fn javascript() -> Result<PathBuf, String> {
    run(Command::new("node").arg("--version"))?;
    let lock = fs::read_to_string(client("js").join("package-lock.json")).unwrap();
    let (folder, installed) = packages("js", &lock);
    for file in ["package.json", "package-lock.json", "client.js"] {
        fs::copy(client("js").join(file), folder.join(file)).unwrap();
    }
    if !installed {
        run(Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(&folder))?;
        fs::write(folder.join("stamp"), lock).unwrap();
    }
    Ok(folder.join("client.js"))
}

/// Runs a client against a receiver, and expects `ok` from it.
async fn asks(program: &Path, script: &Path) {
    let (running, line) = echo::start().await.unwrap();
    let mut client = Command::new(program)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let waits = tokio::task::spawn_blocking(move || {
        let mut input = client.stdin.take().unwrap();
        input.write_all(line.as_bytes()).unwrap();
        drop(input);
        client.wait_with_output().unwrap()
    });
    let output = waits.await.unwrap();
    let text = text(&output);
    assert!(output.status.success() && text.ends_with("ok\n"), "{text}");
    // One answer; a replay, a forgery and a question without signature are refused.
    let counts = running.counts();
    assert_eq!(
        (counts.answered, counts.forged, counts.unsigned),
        (1, 1, 2),
        "{counts:?}"
    );
}

fn skip(language: &str, reason: &str) {
    assert!(env::var_os(REQUIRED).is_none(), "{language}: {reason}");
    println!("skipped the {language} client of the wire: {reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_client_asks_and_checks_the_receipt() {
    match python() {
        Ok(interpreter) => asks(&interpreter, &client("python").join("client.py")).await,
        Err(reason) => skip("Python", &reason),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_javascript_client_asks_and_checks_the_receipt() {
    match javascript() {
        Ok(script) => asks(Path::new("node"), &script).await,
        Err(reason) => skip("JavaScript", &reason),
    }
}
