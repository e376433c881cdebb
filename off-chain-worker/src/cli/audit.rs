//! `inktensor audit`: recomputes epochs offline, from public data and without an account.

use super::{EngineKind, Failure, Verdict};
use crate::{
    deploy::Bundle,
    engine::{native::Native, wasm::Wasm, Engine},
    epoch::{compute, EpochError},
    vectors::{self, Located, Outcome},
};
use inktensor_primitives::{hash::blake2, Digest};
use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// What the name of the kernel's bundle is.
const KERNEL: &str = "yuma";
/// The file name that stands for standard input.
const STANDARD_INPUT: &str = "-";

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
    let kernel = Kernel::load(arguments)?;
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

fn read(file: &Path) -> Result<Vec<Located>, Failure> {
    let (name, bytes) = if file.as_os_str() == STANDARD_INPUT {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes);
        ("standard input".to_owned(), read)
    } else {
        (file.display().to_string(), fs::read(file))
    };
    let named = |error: &dyn std::fmt::Display| Failure::input(format_args!("{name}: {error}"));
    let text =
        String::from_utf8(bytes.map_err(|error| named(&error))?).map_err(|error| named(&error))?;
    vectors::read(&name, &text).map_err(Failure::input)
}

/// The kernel that computes all epochs.
struct Kernel {
    engine: Arc<dyn Engine>,
    code_hash: Digest,
}

impl Kernel {
    fn load(arguments: &Arguments) -> Result<Self, Failure> {
        if arguments.engine == EngineKind::Native {
            if arguments.kernel.is_some() {
                return Err(Failure::input(
                    "--kernel needs --engine wasm: only the built kernel is linked natively",
                ));
            }
            // No code is run, so none is named; the hash has no effect on results.
            return Ok(Self {
                engine: Arc::new(Native::new()),
                code_hash: Digest::default(),
            });
        }
        let code = match &arguments.kernel {
            Some(file) => fs::read(file).map_err(|error| Failure::in_file(file, error))?,
            None => Bundle::find(KERNEL).map_err(Failure::input)?.code,
        };
        let code_hash = blake2(&code);
        let wasm = match &arguments.kernel {
            Some(_) => Wasm::new(),
            None => Wasm::new().and_then(|wasm| wasm.trusting(code_hash)),
        };
        let loaded = wasm.and_then(|wasm| wasm.load(&code, &code_hash));
        let engine = loaded.map_err(|error| match &arguments.kernel {
            Some(file) => Failure::in_file(file, error),
            None => Failure::input(error),
        })?;
        Ok(Self { engine, code_hash })
    }

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
