//! JavaScript: the bindings of the contracts, and what clients do with them on a node.

use crate::{
    bundles, contracts, fingerprint::Fingerprint, node, process, progress, project::Project,
};
use anyhow::{bail, Context, Result};
use std::{fs, process::Command};

/// The oldest Node.js whose test runner ends when its tests do.
const NODE_JS: (u32, u32) = (20, 14);
/// The files that decide the installed packages.
const MANIFESTS: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// Writes the bindings of all contracts, or fails with the name of each that is stale.
pub fn bindings(project: &Project, check: bool) -> Result<()> {
    bundles::ensure_all(project)?;
    install(project)?;
    generate(project, check)
}

/// Runs the tests of JavaScript clients, each file of them on a node of its own.
pub fn test(project: &Project) -> Result<()> {
    let node = node::find(project)?.with_context(node::missing)?;
    bundles::ensure_all(project)?;
    install(project)?;
    generate(project, true)?;
    progress::heading("tests of JavaScript clients");
    for script in ["lint", "build"] {
        process::run(npm(project).args(["run", "--silent", script]))?;
    }
    process::run(
        npm(project)
            .args(["run", "--silent", "test"])
            .env(node::VARIABLE, node)
            .env("INKTENSOR_CONTRACTS", project.bundles()),
    )
}

/// Installs the packages that the lock file names, unless they are there.
fn install(project: &Project) -> Result<()> {
    require_node_js()?;
    let folder = project.js();
    let mut fingerprint = Fingerprint::below(&folder);
    for name in MANIFESTS {
        fingerprint.add_file(&folder.join(name))?;
    }
    let fingerprint = fingerprint.finish();
    // Inside, so that it goes with them.
    let stamp = folder.join("node_modules/.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|before| before == fingerprint) {
        return Ok(());
    }
    progress::heading("packages of JavaScript");
    let log = project.target().join("js").join("npm.log");
    progress::run_logged("npm ci", npm(project).arg("ci"), &log)?;
    fs::write(&stamp, fingerprint).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Runs the generator, which says which files it wrote, or which are stale.
fn generate(project: &Project, check: bool) -> Result<()> {
    progress::heading("bindings");
    let mut command = Command::new("node");
    command
        .current_dir(project.root())
        .arg(project.js().join("bindings/generate.js"));
    if check {
        command.arg("--check");
    }
    command.arg(project.bindings());
    let bound = contracts::ALL.iter().filter(|it| it.has_bindings);
    process::run(command.args(bound.map(|contract| contract.name)))
}

fn npm(project: &Project) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(project.js());
    command
}

fn require_node_js() -> Result<()> {
    let (major, minor) = NODE_JS;
    let advice = format!("install Node.js {major}.{minor} or later, see https://nodejs.org");
    let Some(answer) = process::ask(Command::new("node").arg("--version")) else {
        bail!("`node` is missing, needed for JavaScript clients: {advice}");
    };
    if version(&answer).is_none_or(|version| version < NODE_JS) {
        bail!("`node` is {answer}, too old for the tests of JavaScript clients: {advice}");
    }
    if process::find("npm").is_none() {
        bail!("`npm` is missing, needed for JavaScript clients: it comes with Node.js; {advice}");
    }
    Ok(())
}

/// Major and minor version in an answer such as `v20.20.2`.
fn version(answer: &str) -> Option<(u32, u32)> {
    let mut numbers = answer.strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_js_compare() {
        assert_eq!(version("v20.20.2"), Some((20, 20)));
        assert!(version("v18.20.4").unwrap() < NODE_JS);
        assert!(version("v22.1.0").unwrap() > NODE_JS);
        assert_eq!(version("nonsense"), None);
    }
}
