//! `inktensor audit`: recomputes epochs offline, from public data and without an account.

use super::{
    offline::{read, Kernel},
    EngineKind, Failure, Verdict,
};
use inktensor_compute::{
    epoch::{compute, EpochError},
    vectors::{Located, Outcome},
};
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// What to recompute, and with what.
#[derive(clap::Args)]
pub struct Arguments {
    /// JSON files; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What runs the kernel
    #[arg(long, value_enum, default_value = "wasm")]
    engine: EngineKind,
    /// A kernel other than the built one, for the wasm engine
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
        let found = kernel.outcome(epoch)?;
        match &epoch.vector.expected {
            None => writeln!(
                out,
                "{}",
                serde_json::to_string(&found).map_err(io::Error::from)?
            )?,
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
    Ok(if failed == 0 {
        Verdict::Good
    } else {
        Verdict::Bad
    })
}

impl Kernel {
    fn outcome(&self, epoch: &Located) -> Result<Outcome, Failure> {
        let failed = |error: EpochError| Failure::input(format_args!("{}: {error}", epoch.place));
        let header = epoch.vector.header(self.code_hash);
        let plan = self
            .engine
            .plan(&header)
            .map_err(|error| failed(EpochError::Plan(error)))?;
        let trace = compute(&*self.engine, &epoch.vector.inputs(header, &plan)).map_err(failed)?;
        Outcome::of(&trace)
            .map_err(|error| Failure::input(format_args!("{}: {error}", epoch.place)))
    }
}
