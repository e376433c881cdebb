//! `inktensor kernel`: looks at the code of a kernel.

use super::{Failure, Verdict};
use crate::engine::{
    check::{check, MAX_CODE, MAX_PAGES},
    hex,
};
use std::{fs, io::Write, path::PathBuf};

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Say whether a Wasm file is an acceptable kernel, and its code hash
    Check {
        /// The Wasm file
        file: PathBuf,
    },
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Command::Check { file } = command;
    let code = fs::read(file).map_err(|error| Failure::in_file(file, error))?;
    let shown = file.display();
    match check(&code) {
        Ok(report) => {
            writeln!(out, "{shown} is an acceptable kernel")?;
            writeln!(out, "code hash  {}", hex(&report.code_hash))?;
            writeln!(out, "size       {} of {MAX_CODE} bytes", report.size)?;
            let (initial, maximum) = (report.initial_pages, report.maximum_pages);
            writeln!(
                out,
                "memory     {initial} to {maximum} of {MAX_PAGES} pages"
            )?;
            writeln!(out, "imports    {}", report.imports.join(", "))?;
            Ok(Verdict::Good)
        }
        Err(refusal) => {
            writeln!(out, "{shown} is not an acceptable kernel: {refusal}")?;
            Ok(Verdict::Bad)
        }
    }
}
