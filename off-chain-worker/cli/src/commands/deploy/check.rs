//! Checks a deployment's file against the chain.

use super::powers::{changing_imports, Powers};
use crate::{
    args::ReadArgs,
    error::{Failure, Verdict},
    network::{connect, not_opened},
    output::{waiting::Waiting, View},
};
use inktensor_client::{
    chain::ChainRead,
    deploy::{check, Mismatch, Record},
};
use inktensor_devnet::chain_dir::{read_record, ChainDir};
use inktensor_primitives::hash::hex;
use inktensor_worker::chain_source::{of_chain, Access, ChainSource, SourceError};
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
    /// Absent if the contracts are not as recorded.
    powers: Option<Powers>,
    #[serde(skip)]
    contracts: usize,
    #[serde(skip)]
    release: Option<PathBuf>,
}

/// A chain, and the file of a deployment on it.
struct Opened {
    chain: Box<dyn ChainRead>,
    file: PathBuf,
    record: Record,
    /// The notice while the chain does not answer.
    _waiting: Option<Waiting>,
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
            if let Some(release) = &self.release {
                let release = release.display();
                writeln!(
                    out,
                    "{release}: all {contracts} have the code of this release"
                )?;
            }
            writeln!(
                out,
                "no contract's code can change: none imports a function for that\n"
            )?;
        }
        match &self.powers {
            Some(powers) => powers.text(out),
            None => Ok(()),
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Check, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Opened {
        chain,
        file,
        record,
        ..
    } = &open(arguments)?;
    let found = check(chain.as_ref(), record).map_err(Failure::input)?;
    let mut mismatches: Vec<MismatchView> = found.into_iter().map(MismatchView::from).collect();
    let mut powers = None;
    if mismatches.is_empty() {
        let changing = changing_imports(chain.as_ref(), record)?;
        mismatches.extend(changing.into_iter().map(MismatchView::from));
        let contracts = record.addresses().map_err(Failure::input)?;
        powers = Some(Powers::read(chain.as_ref(), &contracts)?);
    }
    if let Some(release) = &arguments.release {
        mismatches.extend(other_code(release, record)?);
    }
    let checked = Checked {
        file: file.clone(),
        mismatches,
        powers,
        contracts: record.contracts.len(),
        release: arguments.release.clone(),
    };
    arguments.read.show(&checked, out)?;
    Ok(Verdict::of(checked.mismatches.is_empty()))
}

/// Returns the recorded contracts whose code is not that of the release with the manifest `file`.
fn other_code(file: &Path, record: &Record) -> Result<Vec<MismatchView>, Failure> {
    let failed = |problem: &dyn Display| {
        Failure::input(format_args!("--release {}: {problem}", file.display()))
    };
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| Failure::unusable("--release", file, &error))?;
    let manifest: BTreeMap<String, Released> = serde_json::from_str(&text).map_err(|error| {
        failed(&format_args!(
            "this is not the manifest of a release ({error}); name the file \
             contracts/artifacts/manifest.json of a checkout"
        ))
    })?;
    let mut other = Vec::new();
    for (name, entry) in &record.contracts {
        // A release names a full code as its contract, and the front apart.
        let codes = match entry.full_code {
            Some(full) => vec![
                (name.clone(), full),
                (format!("{name}_front"), entry.code_hash),
            ],
            None => vec![(name.clone(), entry.code_hash)],
        };
        for (name, code_hash) in codes {
            let released = manifest.get(&name).ok_or_else(|| {
                failed(&format_args!("there is no contract {name} in this release"))
            })?;
            let recorded = hex(&code_hash);
            if recorded != released.code_hash {
                other.push(MismatchView {
                    what: format!("code of {name} in the release"),
                    written: released.code_hash.clone(),
                    found: recorded,
                });
            }
        }
    }
    Ok(other)
}

/// Opens the chain, and the file of a deployment on it.
fn open(arguments: &Check) -> Result<Opened, Failure> {
    let named = arguments.read.chain.deployment.as_ref();
    let source = &arguments.read.chain.chain;
    match source {
        ChainSource::Nodes(addresses) => {
            let (chain, waiting) = connect(addresses, Access::default())?;
            let genesis = chain.genesis().map_err(Failure::input)?;
            // A file that is named is compared even if it is of another chain.
            let (file, record) = match named {
                Some(path) => {
                    let record = read_record(path).map_err(SourceError::Deployment);
                    (path.clone(), record.map_err(Failure::input)?)
                }
                None => of_chain(None, genesis).map_err(Failure::input)?,
            };
            Ok(Opened {
                chain: Box::new(chain),
                file,
                record,
                _waiting: Some(waiting),
            })
        }
        ChainSource::Dir(folder) => {
            let kept = ChainDir::at(folder);
            let failed = |error| not_opened(source, SourceError::Dir(error));
            // Locked only while it is read: all of the chain is in memory afterwards.
            let _lock = kept.lock_to_read().map_err(failed)?;
            let chain = kept.chain().map_err(failed)?;
            let (file, record) = kept.record().map_err(failed)?;
            Ok(Opened {
                chain: Box::new(chain),
                file,
                record,
                _waiting: None,
            })
        }
        ChainSource::Served(_) => Err(Failure::input(
            "--chain: a devchain names its contracts itself; there is no file to check",
        )),
    }
}
