//! `inktensor audit`: recomputes epochs offline, from public data and without an account.

use crate::{
    error::{Failure, Verdict},
    offline::{read, EngineKind, Kernel},
    output::json,
};
use inktensor_compute::vectors::{Located, Outcome};
use std::{io::Write, path::PathBuf};

/// Arguments of `audit`.
#[derive(clap::Args)]
#[command(after_help = example!("audit epochs.jsonl --engine native"))]
pub struct Arguments {
    /// JSON files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The engine that runs the kernel
    #[arg(long, value_enum, default_value = "wasm")]
    engine: EngineKind,
    /// Another kernel than the built one, for the wasm engine
    #[arg(long, value_name = "FILE.wasm")]
    kernel: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let mut epochs = Vec::new();
    for file in &arguments.files {
        epochs.extend(read(file)?);
    }
    let kernel = Kernel::load(arguments.engine, arguments.kernel.as_deref())?;
    let (mut passed, mut failed) = (0usize, 0usize);
    for epoch in &epochs {
        let found = outcome(&kernel, epoch)?;
        match &epoch.vector.expected {
            None => json::print_line(&found, out)?,
            Some(expected) => {
                let mismatches = expected.mismatches(&found);
                for mismatch in &mismatches {
                    writeln!(out, "{}: {mismatch}", epoch.label())?;
                }
                if mismatches.is_empty() {
                    passed += 1;
                } else {
                    failed += 1;
                }
            }
        }
    }
    if passed + failed > 0 {
        writeln!(out, "{passed} passed, {failed} failed")?;
    }
    Ok(Verdict::of(failed == 0))
}

fn outcome(kernel: &Kernel, epoch: &Located) -> Result<Outcome, Failure> {
    kernel.compute(epoch, |_, trace| {
        let outcome = Outcome::of(trace);
        outcome.map_err(|error| Failure::input(format_args!("{}: {error}", epoch.place)))
    })
}
