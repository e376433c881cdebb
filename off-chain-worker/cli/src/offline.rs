//! Files for the commands that need no chain: epochs in the form of the test vectors, and a kernel.

use crate::error::Failure;
use inktensor_client::deploy::Bundle;
use inktensor_compute::{
    engine::{native::Native, wasm::Wasm, Engine},
    epoch::{compute, ComputeError, EpochInputs, Trace},
    vectors::{self, Located},
};
use inktensor_primitives::{hash::blake2, Digest};
use inktensor_worker::explain::KernelKind;
use std::{
    fs,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

/// The name of the kernel's bundle.
const KERNEL: &str = "yuma";
/// The file name that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// An engine that runs a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum EngineKind {
    /// The chain's own bytes, in wasmtime
    Wasm,
    /// The same kernel compiled for this machine, on all cores
    Native,
}

/// Reads the epochs in `file`.
pub fn read(file: &Path) -> Result<Vec<Located>, Failure> {
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

/// A kernel that computes epochs.
pub struct Kernel {
    /// The engine that runs it.
    pub engine: Arc<dyn Engine>,
    /// The code hash; zero if no code is run.
    pub code_hash: Digest,
    /// The kind, which says if the inner terms are known.
    pub kind: KernelKind,
}

impl Kernel {
    /// Loads the built kernel, or the one in `file`.
    pub fn load(engine: EngineKind, file: Option<&Path>) -> Result<Self, Failure> {
        if engine == EngineKind::Native {
            if file.is_some() {
                return Err(Failure::input(
                    "--kernel needs --engine wasm: only the built kernel is linked natively",
                ));
            }
            // No code is run, so none is named; the hash has no effect on results.
            return Ok(Self {
                engine: Arc::new(Native::new()),
                code_hash: Digest::default(),
                kind: KernelKind::Yuma,
            });
        }
        let code = match file {
            Some(file) => {
                fs::read(file).map_err(|error| Failure::unusable("--kernel", file, &error))?
            }
            None => Bundle::find(KERNEL).map_err(Failure::input)?.code,
        };
        let code_hash = blake2(&code);
        let wasm = match file {
            Some(_) => Wasm::new(),
            None => Wasm::new().and_then(|wasm| wasm.trusting(code_hash)),
        };
        let loaded = wasm.and_then(|wasm| wasm.load(&code, &code_hash));
        let engine = loaded.map_err(|error| match file {
            Some(file) => Failure::in_file(file, error),
            None => Failure::input(error),
        })?;
        Ok(Self {
            engine,
            code_hash,
            kind: match file {
                Some(_) => known(&code_hash),
                None => KernelKind::Yuma,
            },
        })
    }

    /// Computes an epoch, of which `act` gets the inputs and the trace.
    pub fn compute<T>(
        &self,
        epoch: &Located,
        act: impl FnOnce(&EpochInputs, &Trace) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let failed = |error: ComputeError| Failure::input(format_args!("{}: {error}", epoch.place));
        let header = epoch.vector.header(self.code_hash);
        let plan = self.engine.plan(&header);
        let plan = plan.map_err(|error| failed(ComputeError::Plan(error)))?;
        let inputs = epoch.vector.inputs(header, &plan);
        let trace = compute(&*self.engine, &inputs).map_err(failed)?;
        act(&inputs, &trace)
    }
}

/// Returns the kind of the kernel with this code hash: the built one is known.
pub fn known(code_hash: &Digest) -> KernelKind {
    match Bundle::find(KERNEL) {
        Ok(built) if blake2(&built.code) == *code_hash => KernelKind::Yuma,
        _ => KernelKind::Other,
    }
}
