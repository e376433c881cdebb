//! Checks a deployment's file against the chain.

use crate::{
    args::ReadArgs,
    error::{Failure, Verdict},
    output::View,
};
use inktensor_client::{
    chain::ChainRead,
    deploy::{check, Mismatch, Record},
};
use inktensor_devnet::chain_dir::{read_record, ChainDir};
use inktensor_primitives::hash::hex;
use inktensor_worker::chain_source::{connect, of_chain, Access, ChainSource};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt::Display,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Arguments of `deployment check`.
#[derive(clap::Args)]
pub struct Check {
    #[command(flatten)]
    read: ReadArgs,
    /// Compare the code with this release too: the file contracts/artifacts/manifest.json of a
    /// checkout
    #[arg(long, value_name = "FILE")]
    release: Option<PathBuf>,
}

/// The part of a release's manifest that concerns one contract.
#[derive(Deserialize)]
struct Released {
    code_hash: String,
}

/// The differences between a file and the chain.
#[derive(Serialize)]
struct Checked {
    file: PathBuf,
    mismatches: Vec<MismatchView>,
    #[serde(skip)]
    contracts: usize,
}

/// A difference.
#[derive(Serialize)]
pub struct MismatchView {
    what: String,
    written: String,
    found: String,
}

impl From<Mismatch> for MismatchView {
    fn from(it: Mismatch) -> Self {
        Self {
            what: it.what,
            written: it.written,
            found: it.found,
        }
    }
}

impl MismatchView {
    /// Returns the difference as a line.
    pub fn line(&self) -> String {
        format!(
            "{}: {} is recorded, {} is on the chain",
            self.what, self.written, self.found
        )
    }
}

impl View for Checked {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        for it in &self.mismatches {
            writeln!(out, "{}", it.line())?;
        }
        if self.mismatches.is_empty() {
            let (file, contracts) = (self.file.display(), self.contracts);
            writeln!(out, "{file}: all {contracts} contracts are as recorded")?;
        }
        Ok(())
    }
}

/// Runs the command.
pub fn run(arguments: &Check, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let (chain, file, record) = open(arguments)?;
    let found = check(chain.as_ref(), &record).map_err(Failure::input)?;
    let mut mismatches: Vec<MismatchView> = found.into_iter().map(MismatchView::from).collect();
    if let Some(release) = &arguments.release {
        mismatches.extend(other_code(release, &record)?);
    }
    let checked = Checked {
        file,
        mismatches,
        contracts: record.contracts.len(),
    };
    arguments.read.show(&checked, out)?;
    Ok(Verdict::of(checked.mismatches.is_empty()))
}

/// Returns the recorded contracts whose code is not that of the release with the manifest `file`.
fn other_code(file: &Path, record: &Record) -> Result<Vec<MismatchView>, Failure> {
    let failed =
        |problem: &dyn Display| Failure::input(format_args!("{}: {problem}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| failed(&error))?;
    let manifest: BTreeMap<String, Released> =
        serde_json::from_str(&text).map_err(|error| failed(&error))?;
    let mut other = Vec::new();
    for (name, entry) in &record.contracts {
        let released = manifest
            .get(name)
            .ok_or_else(|| failed(&format_args!("there is no contract {name} in this release")))?;
        let recorded = hex(&entry.code_hash);
        if recorded != released.code_hash {
            other.push(MismatchView {
                what: format!("code of {name} in the release"),
                written: released.code_hash.clone(),
                found: recorded,
            });
        }
    }
    Ok(other)
}

/// Opens the chain, and the file of a deployment on it.
fn open(arguments: &Check) -> Result<(Box<dyn ChainRead>, PathBuf, Record), Failure> {
    let named = arguments.read.chain.deployment.as_ref();
    match &arguments.read.chain.chain {
        ChainSource::Nodes(addresses) => {
            let chain = connect(addresses, Access::default()).map_err(Failure::input)?;
            let genesis = chain.genesis().map_err(Failure::input)?;
            // A file that is named is compared even if it is of another chain.
            let (file, record) = match named {
                Some(path) => (path.clone(), read_record(path).map_err(Failure::input)?),
                None => of_chain(None, genesis).map_err(Failure::input)?,
            };
            Ok((Box::new(chain), file, record))
        }
        ChainSource::Dir(folder) => {
            let kept = ChainDir::at(folder);
            let chain = kept.chain().map_err(Failure::input)?;
            let (file, record) = kept.record().map_err(Failure::input)?;
            Ok((Box::new(chain), file, record))
        }
        ChainSource::Served(_) => Err(Failure::input(
            "--chain: a devchain names its contracts itself; there is no file to check",
        )),
    }
}
