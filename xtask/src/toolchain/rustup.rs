//! Rust 1.85 as rustup installs it.

use super::{listed, Toolchain, RELEASE};
use crate::{process, progress};
use anyhow::{Context, Result};
use std::process::Command;

/// The toolchain, if it is installed and complete.
pub fn find() -> Option<Toolchain> {
    let list = process::ask(Command::new("rustup").args(["toolchain", "list"]))?;
    listed(&list)
        .into_iter()
        .filter(|name| is_release(name))
        .find_map(Toolchain::probe)
}

/// The toolchain, installed or completed if need be.
pub fn ensure() -> Result<Toolchain> {
    if let Some(found) = find() {
        return Ok(found);
    }
    progress::note(&format!(
        "installing Rust {RELEASE} for the contracts with rustup"
    ));
    process::run(Command::new("rustup").args([
        "toolchain",
        "install",
        RELEASE,
        "--profile",
        "minimal",
        "--component",
        "rust-src,clippy",
        "--no-self-update",
    ]))
    .context("rustup cannot install it")?;
    find().with_context(|| {
        format!("rustup installed Rust {RELEASE}, but it has no rust-src or clippy")
    })
}

/// True for `1.85`, `1.85.1` and either followed by a platform.
fn is_release(name: &str) -> bool {
    name.strip_prefix(RELEASE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_release_counts() {
        assert!(is_release("1.85"));
        assert!(is_release("1.85-x86_64-unknown-linux-gnu"));
        assert!(is_release("1.85.1-x86_64-unknown-linux-gnu"));
        assert!(!is_release("1.850"));
        assert!(!is_release("ink-1.85"));
        assert!(!is_release("stable-x86_64-unknown-linux-gnu"));
    }
}
