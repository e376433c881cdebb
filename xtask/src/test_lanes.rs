//! Runs the test programs of the worker's workspace in two lanes at once.
//!
//! `cargo test` runs one test program after another. Some start nodes and workers as processes and
//! wait for them most of their time; those run beside the others, which keep the cores busy.

use crate::{process, progress};
use anyhow::{bail, Context, Result};
use serde::Deserialize;
use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

/// Test programs that start processes and wait for them.
const WAITING: [&str; 8] = [
    "by_hand",
    "client",
    "governance",
    "kill",
    "live",
    "neurons",
    "node",
    "run",
];

/// A line of cargo's messages, as far as it names a program.
#[derive(Deserialize)]
struct Message {
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// A program of tests.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Program {
    /// Name of the target.
    name: String,
    /// The file.
    executable: PathBuf,
    /// Folder of the package, where cargo runs its tests.
    folder: PathBuf,
    /// True if it waits for processes most of its time.
    waits: bool,
}

/// Compiles the tests with `cargo`, to which it adds `test --workspace`, and returns the programs.
pub fn compile(cargo: &mut Command) -> Result<Programs> {
    let arguments = ["test", "--workspace", "--no-run", "--message-format"];
    cargo.args(arguments).arg("json-render-diagnostics");
    let output = cargo
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run `{}`", process::display(cargo)))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", process::display(cargo), output.status);
    }
    let text = String::from_utf8(output.stdout).context("cargo's messages are not UTF-8")?;
    Ok(Programs(text.lines().filter_map(program).collect()))
}

/// Returns the test program that a line of cargo's messages names, if it names one.
fn program(line: &str) -> Option<Program> {
    let message: Message = serde_json::from_str(line).ok()?;
    let target = message.target?;
    message.profile.filter(|profile| profile.test)?;
    let is_test = target.kind.iter().any(|kind| kind == "test");
    Some(Program {
        waits: is_test && WAITING.contains(&target.name.as_str()),
        name: target.name,
        executable: message.executable?,
        folder: message.manifest_path?.parent()?.to_owned(),
    })
}

/// The test programs of a workspace.
pub struct Programs(Vec<Program>);

impl Programs {
    /// Runs all programs with the variables of `environment`, those that wait beside the others.
    /// The output of a program beside the others is shown when it has ended.
    ///
    /// # Errors
    /// With the names of the programs that failed, after all have run.
    pub fn run(self, environment: &[(&str, PathBuf)]) -> Result<()> {
        let (waiting, busy): (Vec<_>, Vec<_>) = self.0.into_iter().partition(|it| it.waits);
        let (results, ended) = mpsc::channel();
        let mut failed = Vec::new();
        thread::scope(|scope| {
            scope.spawn(move || {
                for program in waiting {
                    let output = program.command(environment).output();
                    // The receiver lives as long as this scope.
                    let _ = results.send((program.name, output));
                }
            });
            for program in busy {
                progress::note(&program.executable.display().to_string());
                if let Err(error) = process::run(&mut program.command(environment)) {
                    failed.push(format!("{}: {error:#}", program.name));
                }
            }
            for (name, output) in ended {
                match output {
                    Ok(output) => {
                        progress::note(&name);
                        print!("{}", String::from_utf8_lossy(&output.stdout));
                        eprint!("{}", String::from_utf8_lossy(&output.stderr));
                        if !output.status.success() {
                            failed.push(format!("{name} ({})", output.status));
                        }
                    }
                    Err(error) => failed.push(format!("{name} cannot run: {error}")),
                }
            }
        });
        if !failed.is_empty() {
            bail!("failed tests in {}", failed.join(", "));
        }
        Ok(())
    }
}

impl Program {
    /// Returns the command that runs the program as cargo would.
    fn command(&self, environment: &[(&str, PathBuf)]) -> Command {
        let mut command = Command::new(&self.executable);
        command
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: &str, name: &str, test: bool) -> String {
        format!(
            r#"{{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","target":{{"kind":["{kind}"],"name":"{name}"}},"profile":{{"test":{test}}},"executable":"/t/{name}-1"}}"#
        )
    }

    #[test]
    fn programs_of_tests_are_found_and_sorted() {
        let network = program(&line("test", "network", true)).unwrap();
        assert_eq!(network.folder, PathBuf::from("/p"));
        assert!(!network.waits);
        assert!(program(&line("test", "node", true)).unwrap().waits);
        assert!(!program(&line("lib", "node", true)).unwrap().waits);
        assert_eq!(program(&line("bin", "inktensor", false)), None);
        assert_eq!(program(r#"{"reason":"build-finished"}"#), None);
    }
}
