//! `inktensor kernel`: checks the code of a kernel.

use crate::{
    args,
    error::{Failure, Verdict},
    offline,
    output::{
        json::{self, Hex},
        View,
    },
};
use inktensor_compute::{
    engine::{
        check::{check, CheckReport, Hop, Refusal, MAX_CODE, MAX_PAGES},
        wasmi::{Interpreted, STEP_TIME},
        Engine, EngineError,
    },
    epoch::{compute, ComputeError},
    vectors::Located,
};
use inktensor_primitives::{
    hash::blake2,
    kernel::{EpochHeader, EpochPlan, StepInput, StepOutput},
};
use serde::Serialize;
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The first bytes of every Wasm file.
const MAGIC: &[u8] = b"\0asm";

/// Commands about the code of kernels.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Check whether a Wasm file is an acceptable kernel
    ///
    /// Code is refused if the chain would not take it, or if it could behave differently on the
    /// chain and in the worker. With --vectors, the epochs of a file run step by step in the
    /// chain's own interpreter: code is refused if a step takes more than a quarter of a block.
    /// Exit code: 0 if the file is acceptable, 1 if it is refused, 2 if it cannot be read.
    #[command(after_help = example!("kernel check target/contracts/yuma.wasm"))]
    Check(Check),
}

/// Arguments of `kernel check`.
#[derive(clap::Args)]
pub struct Check {
    /// The Wasm file
    file: PathBuf,
    /// Measure the steps of these epochs, in the form of the test vectors; - is standard input
    #[arg(long, value_name = "FILE")]
    vectors: Option<PathBuf>,
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
    steps: Option<Steps>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    /// The calls from the entry point to the function that is out of place.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Vec<String>>,
}

/// The measured steps.
#[derive(Default, Serialize)]
struct Steps {
    /// Number of steps.
    count: u64,
    /// Time of the longest step that the chain charges, in picoseconds.
    longest: u64,
    /// Most time that a step may take.
    limit: u64,
    /// Epoch, phase and chunk of the longest step.
    at: String,
}

/// A kernel in the chain's interpreter that records the time of each step.
struct Metered {
    kernel: Interpreted,
    /// Phase, chunk and time of each step.
    times: Mutex<Vec<(u8, u16, u64)>>,
}

impl Engine for Metered {
    fn plan(&self, header: &EpochHeader) -> Result<EpochPlan, EngineError> {
        self.kernel.plan(header)
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        let measured = self.kernel.measure(input);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.push((input.phase, input.chunk, measured.time));
        measured.output
    }
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
    let mut finding = Finding::of(file.display().to_string(), &code);
    if let Some(vectors) = arguments.vectors.as_deref().filter(|_| finding.acceptable) {
        finding = finding.measured(&code, vectors)?;
    }
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
            steps: None,
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

    /// Adds the times of the steps of the epochs in `vectors`.
    fn measured(mut self, code: &[u8], vectors: &Path) -> Result<Self, Failure> {
        let kernel = Interpreted::load(code, &blake2(code)).map_err(Failure::input)?;
        let metered = Metered {
            kernel,
            times: Mutex::default(),
        };
        let mut steps = Steps {
            limit: STEP_TIME,
            ..Steps::default()
        };
        for epoch in offline::read(vectors)? {
            let outcome = steps.add(&metered, &epoch, blake2(code));
            match outcome {
                Ok(()) => {}
                Err(
                    error @ ComputeError::Step {
                        error: EngineError::TooCostly(_),
                        ..
                    },
                ) => {
                    self.acceptable = false;
                    self.refusal = Some(format!("{}: {error}", epoch.label()));
                }
                Err(error) => {
                    return Err(Failure::input(format_args!("{}: {error}", epoch.place)));
                }
            }
        }
        self.steps = Some(steps);
        Ok(self)
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

impl Steps {
    /// Adds the steps of an epoch.
    fn add(
        &mut self,
        metered: &Metered,
        epoch: &Located,
        code_hash: [u8; 32],
    ) -> Result<(), ComputeError> {
        let header = epoch.vector.header(code_hash);
        let plan = metered.plan(&header).map_err(ComputeError::Plan)?;
        let outcome = compute(metered, &epoch.vector.inputs(header, &plan));
        let times = metered.times.lock();
        for (phase, chunk, time) in times.unwrap_or_else(PoisonError::into_inner).drain(..) {
            self.count = self.count.saturating_add(1);
            if time > self.longest {
                self.longest = time;
                self.at = format!("{}, phase {phase}, chunk {chunk}", epoch.label());
            }
        }
        outcome.map(drop)
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
        writeln!(out, "in steps   {}", list(&self.in_steps))?;
        if let Some(Steps {
            count,
            longest,
            limit,
            at,
        }) = &self.steps
        {
            let tenths = longest / 100_000_000;
            let (whole, tenth, limit) = (tenths / 10, tenths % 10, limit / 1_000_000_000);
            writeln!(
                out,
                "steps      {count}, the longest takes {whole}.{tenth} of {limit} ms ({at})"
            )?;
        }
        Ok(())
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
