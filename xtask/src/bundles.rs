//! Builds the contracts' bundles, each only when something that decides its code has changed.

use crate::{
    buffer,
    contracts::{self, Contract, CODE_LIMIT},
    fingerprint::Fingerprint,
    progress,
    project::Project,
    setup::Setup,
    stage,
};
use anyhow::{ensure, Context, Result};
use blake2b_simd::Params;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What a contract consists of when it is built.
const EXTENSIONS: [&str; 3] = ["contract", "json", "wasm"];
/// Raised when this program builds the same sources in another way.
const RECIPE: &[u8] = b"3";

/// Builds `selected`.
///
/// # Errors
/// If a contract does not build, or is larger than a chain takes.
pub fn build(project: &Project, setup: &Setup, selected: &[&Contract]) -> Result<()> {
    progress::stage("contracts");
    let builder = Builder::new(project, setup)?;
    for contract in selected {
        builder.build(contract)?;
    }
    selected
        .iter()
        .try_for_each(|contract| check_size(project, contract))
}

/// Builds all contracts.
pub fn build_all(project: &Project, setup: &Setup) -> Result<()> {
    build(project, setup, &contracts::select(&[])?)
}

/// Prints the sizes and code hashes of `selected`, which have been built.
pub fn print_table(project: &Project, selected: &[&Contract]) -> Result<()> {
    println!(
        "{:<10} {:>9} {:>9}  code hash",
        "contract", "KiB", "of limit"
    );
    for contract in selected {
        let code = code(project, contract)?;
        let hash = Params::new().hash_length(32).hash(&code).to_hex();
        let share = 100.0 * code.len() as f64 / CODE_LIMIT as f64;
        println!(
            "{:<10} {:>9.1} {share:>7.0} %  0x{hash}",
            contract.name,
            kib(&code)
        );
    }
    Ok(())
}

fn check_size(project: &Project, contract: &Contract) -> Result<()> {
    let code = code(project, contract)?;
    ensure!(
        code.len() <= CODE_LIMIT,
        "{} has {:.1} KiB of code, but a chain takes no more than {} KiB",
        contract.name,
        kib(&code),
        CODE_LIMIT / 1024
    );
    Ok(())
}

fn code(project: &Project, contract: &Contract) -> Result<Vec<u8>> {
    let path = bundle(project, contract, "wasm");
    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}

fn kib(code: &[u8]) -> f64 {
    code.len() as f64 / 1024.0
}

struct Builder<'a> {
    project: &'a Project,
    setup: &'a Setup,
    buffer: u64,
}

impl<'a> Builder<'a> {
    fn new(project: &'a Project, setup: &'a Setup) -> Result<Self> {
        let builder = Self {
            project,
            setup,
            buffer: buffer::size(project)?,
        };
        builder.prepare_target()?;
        create(&project.bundles())?;
        Ok(builder)
    }

    fn build(&self, contract: &Contract) -> Result<()> {
        let fingerprint = self.fingerprint(contract)?;
        let stamp = bundle(self.project, contract, "stamp");
        let complete = EXTENSIONS
            .iter()
            .all(|extension| bundle(self.project, contract, extension).is_file());
        if complete && fs::read_to_string(&stamp).is_ok_and(|before| before == fingerprint) {
            return Ok(());
        }
        // From here on what is there is stale.
        let _ = fs::remove_file(&stamp);
        let built = self.run_cargo_contract(contract)?;
        for extension in EXTENSIONS {
            let from = built.join(contract.name).with_extension(extension);
            let to = bundle(self.project, contract, extension);
            fs::copy(&from, &to)
                .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
        }
        fs::write(&stamp, fingerprint).with_context(|| format!("cannot write {}", stamp.display()))
    }

    /// Builds and returns the folder that holds the result.
    fn run_cargo_contract(&self, contract: &Contract) -> Result<PathBuf> {
        let target = self.project.contract_target();
        let manifest = stage::stage(self.project, contract)?;
        let mut command = self.setup.toolchain.command(&self.setup.cargo_contract);
        command
            .current_dir(self.project.contracts())
            .args(["contract", "build", "--release"])
            .args(["--optimization-passes", contract.goal.passes()])
            .arg("--manifest-path")
            .arg(manifest)
            .env("CARGO_TARGET_DIR", &target)
            // The manifest's copy must lie below `.cargo/config.toml` to see its `[env]`.
            .env("TMPDIR", scratch(&target))
            .env_remove(buffer::VARIABLE)
            .env_remove("RUST_BACKTRACE");
        let log = bundle(self.project, contract, "log");
        progress::run_logged(&format!("building {}", contract.name), &mut command, &log)?;
        Ok(target.join("ink"))
    }

    /// Empties the target folder if it was filled with another buffer size: cargo does not see that
    /// ink! depends on it.
    fn prepare_target(&self) -> Result<()> {
        let target = self.project.contract_target();
        let record = target.join("static-buffer-size");
        let size = self.buffer.to_string();
        if fs::read_to_string(&record).is_ok_and(|before| before == size) {
            return create(&scratch(&target));
        }
        if target.exists() {
            progress::note(
                "the size of the static buffer is new: building the contracts from scratch",
            );
            remove(&target)?;
        }
        create(&scratch(&target))?;
        fs::write(&record, size).with_context(|| format!("cannot write {}", record.display()))
    }

    /// Everything that decides the contract's code.
    fn fingerprint(&self, contract: &Contract) -> Result<String> {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add("recipe", RECIPE);
        fingerprint.add("compiler", self.setup.toolchain.version().as_bytes());
        fingerprint.add("cargo-contract", crate::cargo_contract::VERSION.as_bytes());
        fingerprint.add("buffer", self.buffer.to_string().as_bytes());
        fingerprint.add("goal", contract.goal.passes().as_bytes());
        let folder = self.project.contracts();
        fingerprint.add_file(&folder.join("Cargo.toml"))?;
        fingerprint.add_file(&folder.join("Cargo.lock"))?;
        fingerprint.add_package(&folder.join("primitives"))?;
        fingerprint.add_package(&folder.join(contract.folder))?;
        Ok(fingerprint.finish())
    }
}

fn bundle(project: &Project, contract: &Contract, extension: &str) -> PathBuf {
    project
        .bundles()
        .join(contract.name)
        .with_extension(extension)
}

fn scratch(target: &Path) -> PathBuf {
    target.join("tmp")
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

fn remove(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}
