//! Rust 1.85 from the packages that Debian bookworm ships for its browsers, for machines where
//! rustup cannot download.
//!
//! The packages conflict with nothing when they are unpacked into a folder of their own and linked
//! to rustup.

use super::{listed, Toolchain, RELEASE};
use crate::{process, progress};
use anyhow::{bail, Context, Result};
use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

/// The name under which rustup knows the unpacked compiler.
const LINK: &str = "ink-1.85";
/// The variable that names the folder of the unpacked compiler, by default
/// `~/.local/share/inktensor`.
const HOME: &str = "INKTENSOR_HOME";
/// The packages' version. It must be said: the security suite offers a later compiler under the
/// same names.
const VERSION: &str = "1.85.0+dfsg3-1~deb12u3";
/// The compiler's parts.
const PACKAGES: [&str; 6] = [
    "rustc-web",
    "libstd-rust-web-1.85",
    "libstd-rust-web-dev",
    "rust-web-src",
    "cargo-web",
    "rust-web-clippy",
];
/// System packages that the unpacked programs load.
const LIBRARIES: [&str; 4] = ["libllvm19", "lld-19", "libpcre3", "libhttp-parser2.9"];
/// Debian's folder for libraries of this platform.
const PLATFORM: &str = "x86_64-linux-gnu";
/// Rust's name for the same.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// The linked compiler, if it is there and complete.
pub fn find() -> Option<Toolchain> {
    let list = process::ask(Command::new("rustup").args(["toolchain", "list"]))?;
    listed(&list)
        .contains(&LINK)
        .then(|| Toolchain::probe(LINK))
        .flatten()
}

/// The linked compiler, unpacked and linked if need be.
pub fn ensure() -> Result<Toolchain> {
    if let Some(found) = find() {
        return Ok(found);
    }
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) || process::find("apt-get").is_none()
    {
        bail!("Debian's packages fit x86-64 Linux with apt-get: run `rustup toolchain install {RELEASE} --component rust-src,clippy`");
    }
    progress::note(&format!(
        "installing Rust {RELEASE} for the contracts from Debian's packages"
    ));
    libraries()?;
    let home = home()?;
    let prefix = home.join(LINK);
    unpack(&home.join("packages"), &prefix)?;
    arrange(&prefix)?;
    process::run(
        Command::new("rustup")
            .args(["toolchain", "link", LINK])
            .arg(prefix.join("usr")),
    )?;
    find().with_context(|| {
        format!(
            "the compiler unpacked into {} does not run",
            prefix.display()
        )
    })
}

fn home() -> Result<PathBuf> {
    if let Some(home) = env::var_os(HOME) {
        return Ok(PathBuf::from(home));
    }
    let home = env::var_os("HOME").context("HOME is not set")?;
    Ok(PathBuf::from(home).join(".local/share/inktensor"))
}

/// Installs the libraries that are missing.
fn libraries() -> Result<()> {
    let missing: Vec<&str> = LIBRARIES
        .into_iter()
        .filter(|package| !is_installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !process::is_root() {
        bail!(
            "run `sudo apt-get install {}` and try again",
            missing.join(" ")
        );
    }
    let install = || {
        apt(Command::new("apt-get")
            .args(["install", "--yes", "--no-install-recommends"])
            .args(&missing))
        .with_context(|| format!("apt-get cannot install {}", missing.join(" ")))
    };
    // A machine may have no package lists yet.
    install().or_else(|_| update().and_then(|()| install()))
}

fn is_installed(package: &str) -> bool {
    process::ask(Command::new("dpkg-query").args([
        "--show",
        "--showformat=${db:Status-Status}",
        package,
    ]))
    .as_deref()
        == Some("installed")
}

/// Downloads the packages into `downloads` and unpacks them below `prefix`.
fn unpack(downloads: &Path, prefix: &Path) -> Result<()> {
    for folder in [downloads, prefix] {
        // What an interrupted run left behind may be half a compiler.
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }

    let wanted: Vec<String> = PACKAGES
        .iter()
        .map(|package| format!("{package}={VERSION}"))
        .collect();
    let download = || {
        apt(Command::new("apt-get")
            .arg("download")
            .args(&wanted)
            .current_dir(downloads))
        .with_context(|| format!("apt-get does not offer {VERSION} of {}", PACKAGES.join(" ")))
    };
    download().or_else(|first| {
        if process::is_root() {
            update().and_then(|()| download())
        } else {
            Err(first)
        }
    })?;

    for entry in
        fs::read_dir(downloads).with_context(|| format!("cannot read {}", downloads.display()))?
    {
        let package = entry
            .with_context(|| format!("cannot read {}", downloads.display()))?
            .path();
        process::run(Command::new("dpkg").arg("-x").arg(&package).arg(prefix))?;
    }
    fs::remove_dir_all(downloads).with_context(|| format!("cannot remove {}", downloads.display()))
}

/// Puts libraries and linker where rustup and rustc look for them.
fn arrange(prefix: &Path) -> Result<()> {
    let lib = prefix.join("usr/lib");
    let platform = lib.join(PLATFORM);
    for entry in
        fs::read_dir(&platform).with_context(|| format!("cannot read {}", platform.display()))?
    {
        let entry = entry.with_context(|| format!("cannot read {}", platform.display()))?;
        if entry.file_name().to_string_lossy().contains(".so") {
            link(&entry.path(), &lib.join(entry.file_name()))?;
        }
    }
    let programs = lib.join("rustlib").join(TRIPLE).join("bin");
    fs::create_dir_all(&programs)
        .with_context(|| format!("cannot create {}", programs.display()))?;
    link(Path::new("/usr/bin/lld-19"), &programs.join("rust-lld"))
}

fn link(from: &Path, to: &Path) -> Result<()> {
    if to.symlink_metadata().is_ok() {
        return Ok(());
    }
    symlink(from, to).with_context(|| format!("cannot link {} to {}", to.display(), from.display()))
}

fn update() -> Result<()> {
    apt(Command::new("apt-get").arg("update"))
}

fn apt(command: &mut Command) -> Result<()> {
    process::run(
        command
            .args(["-qq"])
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}
