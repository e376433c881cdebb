//! Checks of this repository's own rules: words, links and shapes. `CONTRIBUTING.md` explains them.

mod links;
mod shapes;
mod text;
mod words;

use crate::{process, project::Project};
use anyhow::{bail, Context, Result};
use std::{fs, path::Path, process::Command};

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, below the root.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The rule and what breaks it.
    pub message: String,
}

/// A file of the repository.
struct Source {
    /// The path below the root.
    name: String,
    text: String,
}

/// Checks every file that git tracks.
///
/// # Errors
/// If a rule is broken: each place is printed.
pub fn check(project: &Project) -> Result<()> {
    let sources = sources(project)?;
    let mut findings = words::check(&sources);
    findings.extend(links::check(project.root(), &sources));
    findings.extend(shapes::check(&sources));
    for Finding {
        file,
        line,
        message,
    } in &findings
    {
        eprintln!("{file}:{line}: {message}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => bail!("1 finding; CONTRIBUTING.md explains the rules"),
        count => bail!("{count} findings; CONTRIBUTING.md explains the rules"),
    }
}

/// Reads the Rust and Markdown files that git tracks or would add.
fn sources(project: &Project) -> Result<Vec<Source>> {
    let list = process::ask(Command::new("git").current_dir(project.root()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))
    .context("git does not list the files; run this in a clone of the repository")?;
    let wanted = |name: &&str| name.ends_with(".rs") || name.ends_with(".md");
    list.lines()
        .filter(wanted)
        .filter(|name| project.root().join(name).is_file())
        .map(|name| read(project.root(), name))
        .collect()
}

fn read(root: &Path, name: &str) -> Result<Source> {
    let path = root.join(name);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Source {
        name: name.to_owned(),
        text,
    })
}
