//! `inktensor kernel`: looks at the code of a kernel.

use super::{Failure, Verdict};
use inktensor_compute::engine::check::{check, Hop, Refusal, Report, MAX_CODE, MAX_PAGES};
use inktensor_primitives::hash::blake2;
use inktensor_primitives::hash::hex;
use serde::Serialize;
use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Say whether a Wasm file is an acceptable kernel, and its code hash
    ///
    /// Refused is code that the chain would not take, and code that could do something else on the
    /// chain than in the worker. Exit code: 0 if it is acceptable, 1 if it is refused, 2 if
    /// the file cannot be read.
    #[command(after_help = "Example:\n  inktensor kernel check target/contracts/yuma.wasm")]
    Check {
        /// The Wasm file
        file: PathBuf,
        /// Print one line of JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Command::Check { file, json } = command;
    let code = fs::read(file).map_err(|error| Failure::in_file(file, error))?;
    let checked = check(&code);
    let verdict = match &checked {
        Ok(_) => Verdict::Good,
        Err(_) => Verdict::Bad,
    };
    let shown = file.display();
    if *json {
        let finding = Finding::of(shown.to_string(), &code, &checked);
        let line = serde_json::to_string(&finding).map_err(io::Error::from)?;
        writeln!(out, "{line}")?;
        return Ok(verdict);
    }
    match checked {
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
            writeln!(out, "in steps   {}", report.in_steps.join(", "))?;
        }
        Err(refusal) => writeln!(out, "{shown} is not an acceptable kernel: {refusal}")?,
    }
    Ok(verdict)
}

/// What the check found, for programs.
#[derive(Serialize)]
struct Finding {
    file: String,
    acceptable: bool,
    code_hash: String,
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<Pages>,
    #[serde(skip_serializing_if = "Option::is_none")]
    imports: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_steps: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    /// From the entry point to the function that is out of place.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Vec<String>>,
}

/// Pages of 64 KiB.
#[derive(Serialize)]
struct Pages {
    initial: u32,
    maximum: u32,
}

impl Finding {
    fn of(file: String, code: &[u8], checked: &Result<Report, Refusal>) -> Self {
        let (report, refusal) = match checked {
            Ok(report) => (Some(report), None),
            Err(refusal) => (None, Some(refusal)),
        };
        let path = refusal.and_then(Refusal::path);
        Self {
            file,
            acceptable: report.is_some(),
            code_hash: hex(&blake2(code)),
            size: code.len(),
            memory: report.map(|report| Pages {
                initial: report.initial_pages,
                maximum: report.maximum_pages,
            }),
            imports: report.map(|report| report.imports.clone()),
            in_steps: report.map(|report| report.in_steps.clone()),
            refusal: refusal.map(Refusal::to_string),
            path: path.map(|path| path.0.iter().map(Hop::to_string).collect()),
        }
    }
}
