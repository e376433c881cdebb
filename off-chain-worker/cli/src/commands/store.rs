//! `inktensor store`: memory from and for stopped workers, and trust in a kernel.

use crate::{
    args::{self, ReadArgs},
    error::{Failure, Verdict},
    output::{self, format::count, json::Hex, View},
    values, verifier,
};
use inktensor_primitives::{Digest, NetUid};
use inktensor_worker::{
    epochs::{check_export, EpochCache},
    store::{Home, MemoryExport, Store, StoreError},
};
use serde::Serialize;
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Commands about the store of a stopped worker.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Export the memory of an epoch, for another worker
    ///
    /// A worker that did not compute the last final epoch needs the memory of that epoch. The
    /// worker whose store this is must be stopped first: a store belongs to one process.
    #[command(after_help = example!(
        "store export --store worker --netuid 1 --epoch 7 memory"
    ))]
    Export(Export),
    /// Import the memory that another worker exported
    ///
    /// The memory must have the hashes that became final on the chain. The worker whose store this
    /// is must be stopped.
    #[command(after_help = example!(
        "store import --store worker --url ws://127.0.0.1:9944 memory"
    ))]
    Import(Import),
    /// Trust a kernel again, after an assertion was disproved
    ///
    /// Find out first who or what was wrong. The epoch is computed again; the disproved assertion
    /// is never posted again. The worker must be stopped.
    #[command(after_help = example!(
        "store trust --store worker --kernel \
         0x45e0f2f26ba1a9b1d5cd5a0f2c1ab0ac0ef1e3e4fd0b4e8f1f3e7f2a7d2b9c11"
    ))]
    Trust(Trust),
}

/// Arguments of `store export`.
#[derive(clap::Args)]
pub struct Export {
    /// The folder of the store; its worker must be stopped
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// The subnet
    #[arg(long, value_parser = values::netuid, value_name = "NUMBER")]
    netuid: NetUid,
    /// The epoch; a new worker needs the last final one
    #[arg(long, value_parser = values::whole::<u32>(0..=4_294_967_295), value_name = "NUMBER")]
    epoch: u32,
    /// The file, which must not exist yet
    file: PathBuf,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// Arguments of `store import`.
#[derive(clap::Args)]
pub struct Import {
    /// The folder of the store, created if it does not exist; its worker must be stopped
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    #[command(flatten)]
    read: ReadArgs,
    /// The file
    file: PathBuf,
}

/// Arguments of `store trust`.
#[derive(clap::Args)]
pub struct Trust {
    /// The folder of the store; its worker must be stopped
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// The kernel's code hash
    #[arg(long, value_parser = values::digest, value_name = "HASH")]
    kernel: Digest,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// An export that was written or read.
#[derive(Serialize)]
struct Exported<'a> {
    netuid: u16,
    epoch: u32,
    chunks: usize,
    file: &'a Path,
    #[serde(skip)]
    is_import: bool,
}

impl<'a> Exported<'a> {
    fn new(export: &MemoryExport, file: &'a Path, is_import: bool) -> Self {
        Self {
            netuid: export.netuid.0,
            epoch: export.epoch,
            chunks: export.memory.len(),
            file,
            is_import,
        }
    }
}

impl View for Exported<'_> {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let memory = format!(
            "the memory of subnet {} after epoch {} ({})",
            self.netuid,
            self.epoch,
            count(u32::try_from(self.chunks).unwrap_or(u32::MAX), "chunk")
        );
        let file = self.file.display();
        if self.is_import {
            writeln!(
                out,
                "imported {memory} from {file}; it has the hashes that are on the chain"
            )
        } else {
            writeln!(out, "exported {memory} to {file}")
        }
    }
}

#[derive(Serialize)]
struct Trusted {
    kernel: Hex,
    trusted: bool,
}

impl View for Trusted {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "the kernel {} is trusted again", self.kernel)
    }
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Export(arguments) => export(arguments, out)?,
        Command::Import(arguments) => import(arguments, out)?,
        Command::Trust(arguments) => trust(arguments, out)?,
    }
    Ok(Verdict::Good)
}

fn export(arguments: &Export, out: &mut dyn Write) -> Result<(), Failure> {
    let (netuid, epoch, file) = (arguments.netuid, arguments.epoch, &arguments.file);
    let store = Store::reopen(&arguments.store).map_err(Failure::input)?;
    let export = store.export(netuid, epoch).map_err(Failure::input)?;
    let export = export.ok_or_else(|| {
        let problem = format_args!(
            "the memory of subnet {} after epoch {epoch} is not in this store",
            netuid.0
        );
        Failure::in_file(&arguments.store, problem)
    })?;
    let bytes = export.to_bytes().map_err(Failure::input)?;
    let made = fs::File::create_new(file).and_then(|mut file| file.write_all(&bytes));
    made.map_err(|error| Failure::unusable("", file, &error))?;
    let view = Exported::new(&export, file, false);
    Ok(output::show(arguments.json, &view, out)?)
}

fn import(arguments: &Import, out: &mut dyn Write) -> Result<(), Failure> {
    let file = &arguments.file;
    let bytes = fs::read(file).map_err(|error| Failure::unusable("", file, &error))?;
    let export = MemoryExport::from_bytes(&bytes).map_err(|error| match error {
        StoreError::NotExported => Failure::input(format_args!(
            "{} is not a file of `inktensor store export`",
            file.display()
        )),
        error => Failure::in_file(file, error),
    })?;
    let network = arguments.read.open()?;
    // Before the store: a refused import leaves no new folder.
    let home = Home::on(network.chain(), network.contracts().epoch).map_err(Failure::input)?;
    export
        .check_home(&home)
        .map_err(|error| Failure::in_file(file, error))?;
    check_export(network.chain(), &network.contracts(), &export)
        .map_err(|error| Failure::in_file(file, error))?;
    let store = verifier::store(&network, &arguments.store)?;
    // An import runs no kernel.
    let ledger = EpochCache::new(network.contracts(), verifier::kernels(None)?).with_store(store);
    ledger
        .import(network.chain(), &export)
        .map_err(|error| Failure::in_file(file, error))?;
    Ok(arguments
        .read
        .show(&Exported::new(&export, file, true), out)?)
}

fn trust(arguments: &Trust, out: &mut dyn Write) -> Result<(), Failure> {
    let store = Store::reopen(&arguments.store).map_err(Failure::input)?;
    let kernel = Hex::from(arguments.kernel);
    if !store.trust(&arguments.kernel).map_err(Failure::input)? {
        let problem = format_args!("the kernel {kernel} is trusted already");
        return Err(Failure::in_file(&arguments.store, problem));
    }
    let view = Trusted {
        kernel,
        trusted: true,
    };
    Ok(output::show(arguments.json, &view, out)?)
}
