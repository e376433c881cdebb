//! Writes the tables into docs/costs.md, between two marks.

use inktensor_devnet::sandbox::PALLET_VERSION;
use std::{fs, io, path::Path};

const BEGIN: &str = "<!-- measured: begin, written by `cargo xtask bench` -->";
const END: &str = "<!-- measured: end -->";

/// Writes `tables`, under a line with the measured versions.
pub fn write(tables: &str) -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let version = locked(
        &fs::read_to_string(root.join("Cargo.lock"))?,
        "pallet-contracts",
    )?;
    assert!(
        version.starts_with(&format!("{PALLET_VERSION}.")),
        "the worker says pallet-contracts {PALLET_VERSION}, Cargo.lock has {version}"
    );
    let page = root.join("docs/costs.md");
    let text = fs::read_to_string(&page)?;
    let missing = |mark| io::Error::other(format!("docs/costs.md has no line `{mark}`"));
    let (before, rest) = text.split_once(BEGIN).ok_or_else(|| missing(BEGIN))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| missing(END))?;
    let measured = format!(
        "Measured with pallet-contracts {version} (Cargo.lock). 31: with its own weights; 38: with \
         those of\npallet-contracts 38.0.0."
    );
    fs::write(
        &page,
        format!("{before}{BEGIN}\n\n{measured}\n\n{tables}\n\n{END}{after}"),
    )
}

/// Returns the version of a package in a lock file.
fn locked(lock: &str, package: &str) -> io::Result<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines
        .next()
        .and_then(|line| line.strip_prefix("version = \""));
    version
        .and_then(|rest| rest.strip_suffix('"'))
        .map(str::to_owned)
        .ok_or_else(|| io::Error::other(format!("Cargo.lock has no {package}")))
}
