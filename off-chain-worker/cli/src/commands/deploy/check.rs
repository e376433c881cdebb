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
use inktensor_worker::chain_source::{connect, of_chain, Access, ChainSource};
use serde::Serialize;
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// Arguments of `deployment check`.
#[derive(clap::Args)]
pub struct Check {
    #[command(flatten)]
    read: ReadArgs,
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
    let mismatches = check(chain.as_ref(), &record).map_err(Failure::input)?;
    let checked = Checked {
        file,
        mismatches: mismatches.into_iter().map(MismatchView::from).collect(),
        contracts: record.contracts.len(),
    };
    arguments.read.show(&checked, out)?;
    Ok(Verdict::of(checked.mismatches.is_empty()))
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
