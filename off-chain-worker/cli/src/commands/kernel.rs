//! `inktensor kernel`: checks the code of a kernel.

use crate::{
    args,
    error::{Failure, Verdict},
    output::{
        json::{self, Hex},
        View,
    },
};
use inktensor_compute::engine::check::{check, CheckReport, Hop, Refusal, MAX_CODE, MAX_PAGES};
use inktensor_primitives::hash::blake2;
use serde::Serialize;
use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

/// The first bytes of every Wasm file.
const MAGIC: &[u8] = b"\0asm";

/// Commands about the code of kernels.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Check whether a Wasm file is an acceptable kernel
    ///
    /// Code is refused if the chain would not take it, or if it could behave differently on the
    /// chain and in the worker. Exit code: 0 if the file is acceptable, 1 if it is refused, 2 if
    /// it cannot be read.
    #[command(after_help = example!("kernel check target/contracts/yuma.wasm"))]
    Check(Check),
}

/// Arguments of `kernel check`.
#[derive(clap::Args)]
pub struct Check {
    /// The Wasm file
    file: PathBuf,
    /// Print one line of JSON
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// The outcome of a check.
#[derive(Serialize)]
struct Finding {
    file: String,
    acceptable: bool,
    code_hash: Hex,
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<Pages>,
    #[serde(skip_serializing_if = "Option::is_none")]
    imports: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_steps: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    /// The calls from the entry point to the function that is out of place.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Vec<String>>,
}

/// Memory in pages of 64 KiB.
#[derive(Serialize)]
struct Pages {
    initial: u32,
    maximum: u32,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let Command::Check(arguments) = command;
    let file = &arguments.file;
    let code = fs::read(file).map_err(|error| Failure::unusable("", file, &error))?;
    let finding = Finding::of(file.display().to_string(), &code);
    if arguments.json {
        json::print_line(&finding, out)?;
    } else {
        finding.text(out)?;
    }
    Ok(Verdict::of(finding.acceptable))
}

impl Finding {
    fn of(file: String, code: &[u8]) -> Self {
        let finding = Self {
            file,
            acceptable: false,
            code_hash: Hex::from(blake2(code)),
            size: code.len(),
            memory: None,
            imports: None,
            in_steps: None,
            refusal: None,
            path: None,
        };
        if !code.starts_with(MAGIC) {
            return Self {
                refusal: Some("it is not a Wasm file".into()),
                ..finding
            };
        }
        match check(code) {
            Ok(report) => finding.accepted(report),
            Err(refusal) => finding.refused(&refusal),
        }
    }

    fn accepted(self, report: CheckReport) -> Self {
        Self {
            acceptable: true,
            memory: Some(Pages {
                initial: report.initial_pages,
                maximum: report.maximum_pages,
            }),
            imports: Some(report.imports),
            in_steps: Some(report.in_steps),
            ..self
        }
    }

    fn refused(self, refusal: &Refusal) -> Self {
        let hops = |path: &inktensor_compute::engine::check::Path| {
            path.0.iter().map(Hop::to_string).collect()
        };
        Self {
            path: refusal.path().map(hops),
            refusal: Some(refusal.to_string()),
            ..self
        }
    }
}

impl View for Finding {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let file = &self.file;
        if let Some(refusal) = &self.refusal {
            return writeln!(out, "{file} is not an acceptable kernel: {refusal}");
        }
        writeln!(out, "{file} is an acceptable kernel")?;
        writeln!(out, "code hash  {}", self.code_hash)?;
        writeln!(out, "size       {} of {MAX_CODE} bytes", self.size)?;
        if let Some(Pages { initial, maximum }) = &self.memory {
            writeln!(
                out,
                "memory     {initial} to {maximum} of {MAX_PAGES} pages"
            )?;
        }
        let list = |names: &Option<Vec<String>>| names.as_deref().unwrap_or_default().join(", ");
        writeln!(out, "imports    {}", list(&self.imports))?;
        writeln!(out, "in steps   {}", list(&self.in_steps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_a_kernel() {
        let finding = Finding::of("notes.txt".into(), b"some text");
        let mut out = Vec::new();
        finding.text(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "notes.txt is not an acceptable kernel: it is not a Wasm file\n"
        );
    }
}
