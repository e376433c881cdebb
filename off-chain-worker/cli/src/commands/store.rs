//! `inktensor store`: what a stopped worker knows, for others, and whom it is to trust again.

use super::{Failure, Verdict};
use crate::{args::ChainArguments, session::print, verifier};
use inktensor_client::ss58::digest;
use inktensor_primitives::hash::hex;
use inktensor_primitives::{Digest, NetUid};
use inktensor_worker::{
    epochs::Ledger,
    store::{MemoryExport, Store},
};
use serde_json::{json, Value};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Write what a subnet remembers from an epoch to a file, for a worker that was not there to
    /// compute it
    #[command(
        after_help = "Example:\n  inktensor store export --store worker --netuid 1 --epoch 7 memory"
    )]
    Export {
        /// The folder of the store; its worker must not be running
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
        /// The subnet
        #[arg(long)]
        netuid: u16,
        /// The epoch: the last final one of the subnet is what a newcomer needs
        #[arg(long)]
        epoch: u32,
        /// The file, which must not be there yet
        file: PathBuf,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Take in such a file, if it has the hashes that became final on the chain
    #[command(
        after_help = "Example:\n  inktensor store import --store worker --url ws://127.0.0.1:9944 memory"
    )]
    Import {
        /// The folder of the store, which is made if it is not there; its worker must not be
        /// running
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
        #[command(flatten)]
        chain: ChainArguments,
        /// The file
        file: PathBuf,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Put collateral behind a kernel again with which an assertion of this worker was disproved
    ///
    /// Find out first who or what was wrong. The epoch that was disproved is computed anew; the
    /// assertion that was disproved is never posted again.
    #[command(after_help = "Example:\n  inktensor store trust --store worker --kernel 0x45e0…")]
    Trust {
        /// The folder of the store; its worker must not be running
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
        /// The kernel's code hash
        #[arg(long, value_parser = code_hash, value_name = "0x..")]
        kernel: Digest,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Export {
            store,
            netuid,
            epoch,
            file,
            json,
        } => export(store, NetUid(*netuid), *epoch, file, *json, out),
        Command::Import {
            store,
            chain,
            file,
            json,
        } => import(store, chain, file, *json, out),
        Command::Trust {
            store,
            kernel,
            json,
        } => trust(store, kernel, *json, out),
    }
}

fn export(
    folder: &Path,
    netuid: NetUid,
    epoch: u32,
    file: &Path,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<Verdict, Failure> {
    let store = Store::reopen(folder).map_err(Failure::input)?;
    let export = store.export(netuid, epoch).map_err(Failure::input)?;
    let export = export.ok_or_else(|| {
        Failure::in_file(
            folder,
            format_args!(
                "what subnet {} remembers from epoch {epoch} is not known",
                netuid.0
            ),
        )
    })?;
    let bytes = export.to_bytes().map_err(Failure::input)?;
    let made = fs::File::create_new(file).and_then(|mut file| file.write_all(&bytes));
    made.map_err(|error| Failure::in_file(file, error))?;
    if as_json {
        print(&described(&export, file), out)?;
        return Ok(Verdict::Good);
    }
    writeln!(
        out,
        "wrote what {} chunks of subnet {} remember from epoch {epoch} to {}",
        export.memory.len(),
        netuid.0,
        file.display()
    )?;
    Ok(Verdict::Good)
}

fn import(
    folder: &Path,
    chain: &ChainArguments,
    file: &Path,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<Verdict, Failure> {
    let bytes = fs::read(file).map_err(|error| Failure::in_file(file, error))?;
    let export = MemoryExport::from_bytes(&bytes).map_err(|error| Failure::in_file(file, error))?;
    let opened = chain.open()?;
    let store = verifier::store(&opened, folder)?;
    let ledger = Ledger::new(opened.contracts, verifier::kernels()?).with_store(store);
    ledger
        .import(opened.chain.as_ref(), &export)
        .map_err(|error| Failure::in_file(file, error))?;
    if as_json {
        print(&described(&export, file), out)?;
        return Ok(Verdict::Good);
    }
    writeln!(
        out,
        "took in what {} chunks of subnet {} remember from epoch {}; the hashes on the chain are theirs",
        export.memory.len(),
        export.netuid.0,
        export.epoch
    )?;
    Ok(Verdict::Good)
}

fn trust(
    folder: &Path,
    kernel: &Digest,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<Verdict, Failure> {
    let store = Store::reopen(folder).map_err(Failure::input)?;
    let shown = hex(kernel);
    if store.trust(kernel).map_err(Failure::input)? {
        if as_json {
            print(&json!({ "kernel": shown, "trusted": true }), out)?;
        } else {
            writeln!(out, "the kernel {shown} is trusted again")?;
        }
        return Ok(Verdict::Good);
    }
    Err(Failure::in_file(
        folder,
        format_args!("nothing speaks against the kernel {shown}"),
    ))
}

/// What a file holds, for programs.
fn described(export: &MemoryExport, file: &Path) -> Value {
    json!({
        "netuid": export.netuid.0,
        "epoch": export.epoch,
        "chunks": export.memory.len(),
        "file": file,
    })
}

fn code_hash(text: &str) -> Result<Digest, String> {
    digest(text).ok_or_else(|| "expected 32 bytes in hexadecimal after 0x".into())
}
