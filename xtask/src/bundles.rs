//! The contracts that everything else uses: the committed ones while they fit the sources, else
//! built again.

use crate::{
    artifacts::{hash, pretty, Artifact, Entry, Manifest},
    buffer, canonical,
    contracts::{self, Contract, CODE_LIMIT},
    fingerprint::Fingerprint,
    progress,
    project::Project,
    setup::Setup,
    stage_manifest,
};
use anyhow::{bail, ensure, Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Raised when this program builds the same sources in another way.
const RECIPE: &[u8] = b"5";
/// The contract that is built in a second folder by a check: the smallest.
const BUILT_TWICE: &str = "mean";

/// Makes `selected` ready in `target/contracts`. Those whose sources differ from the committed
/// artifact are built, and become the artifact.
///
/// # Errors
/// If a contract does not build, or is larger than a chain takes.
pub fn ensure(project: &Project, selected: &[&'static Contract]) -> Result<()> {
    let mut manifest = Manifest::read(project)?;
    let mut builder = None;
    for contract in selected {
        let fingerprint = fingerprint(project, contract)?;
        let fitting = manifest
            .entry(contract)
            .filter(|entry| entry.fingerprint == fingerprint);
        let committed = fitting.zip(Artifact::read(project, contract));
        if let Some((entry, artifact)) = committed.filter(|(entry, it)| it.fits(entry)) {
            artifact.assemble(project, contract, entry)?;
            continue;
        }
        if builder.is_none() {
            builder = Some(Builder::new(project)?);
        }
        let builder = builder.as_ref().context("a builder was just made")?;
        let (artifact, entry) = builder.build(project, contract)?;
        artifact.write(project, contract)?;
        manifest.record(project, contract, entry.clone())?;
        artifact.assemble(project, contract, &entry)?;
    }
    Ok(())
}

/// Makes all contracts ready.
pub fn ensure_all(project: &Project) -> Result<()> {
    ensure(project, &contracts::select(&[])?)
}

/// Builds `selected` again and compares them with the committed artifacts. Builds one of them in
/// a second folder too. Changes no artifact.
///
/// # Errors
/// If an artifact is stale, or another compiler made it, or the build differs.
pub fn check(project: &Project, selected: &[&'static Contract]) -> Result<()> {
    let manifest = Manifest::read(project)?;
    let builder = Builder::new(project)?;
    let elsewhere = Elsewhere::copy(project)?;
    let mut differing = Vec::new();
    for contract in selected {
        let entry = manifest
            .entry(contract)
            .with_context(|| stale(contract.name, "is not in the manifest"))?;
        if entry.fingerprint != fingerprint(project, contract)? {
            bail!(stale(contract.name, "was built from other sources"));
        }
        ensure!(
            entry.compiler == builder.compiler(),
            "{} was built by {}, and the compiler here is {}; install that one to compare",
            contract.name,
            entry.compiler,
            builder.compiler()
        );
        let committed = Artifact::read(project, contract)
            .filter(|artifact| artifact.fits(entry))
            .with_context(|| stale(contract.name, "has files that differ from the manifest"))?;
        let mut folders = vec![project];
        if contract.name == BUILT_TWICE {
            folders.push(&elsewhere.0);
        }
        for folder in folders {
            let (artifact, _) = builder.build(folder, contract)?;
            let place = folder.contracts();
            if artifact.code != committed.code {
                differing.push(format!(
                    "{}: code of {} from {}, committed is {}",
                    contract.name,
                    hash(&artifact.code),
                    place.display(),
                    entry.code_hash
                ));
            }
            if artifact.metadata != committed.metadata {
                let name = contract.name;
                differing.push(format!("{name}: metadata from {}", place.display()));
            }
        }
    }
    ensure!(
        differing.is_empty(),
        "what is committed is not what these sources build:\n  {}",
        differing.join("\n  ")
    );
    progress::note(&format!(
        "{} contracts: code and metadata are those committed",
        selected.len()
    ));
    Ok(())
}

/// Prints the sizes and code hashes of `selected`, which are ready.
pub fn print_table(project: &Project, selected: &[&'static Contract]) -> Result<()> {
    let manifest = Manifest::read(project)?;
    println!(
        "{:<10} {:>9} {:>9}  code hash",
        "contract", "KiB", "of limit"
    );
    for contract in selected {
        let entry = manifest
            .entry(contract)
            .with_context(|| stale(contract.name, "is not in the manifest"))?;
        let share = 100.0 * entry.size as f64 / CODE_LIMIT as f64;
        println!(
            "{:<10} {:>9.1} {share:>7.0} %  {}",
            contract.name,
            kib(entry.size),
            entry.code_hash
        );
    }
    Ok(())
}

fn stale(name: &str, why: &str) -> String {
    format!("{name} {why}; run `cargo xtask build` and commit what it writes")
}

fn kib(size: usize) -> f64 {
    size as f64 / 1024.0
}

/// A copy of the contracts in another folder.
struct Elsewhere(Project);

impl Elsewhere {
    fn copy(project: &Project) -> Result<Self> {
        // Below `.cargo/config.toml`, which sets the size of the static buffer.
        let copy = Project::at(&project.contract_target().join("elsewhere"));
        remove(copy.root())?;
        copy_tree(&project.contracts(), &copy.contracts())?;
        Ok(Self(copy))
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        // A copy that stays does no harm: the next one replaces it.
        let _ = fs::remove_dir_all(self.0.root());
    }
}

/// Runs cargo-contract.
struct Builder {
    setup: Setup,
    target: PathBuf,
    logs: PathBuf,
}

impl Builder {
    fn new(project: &Project) -> Result<Self> {
        let setup = Setup::ensure(project)?;
        progress::heading("contracts");
        let buffer = buffer::size(project)?;
        let builder = Self {
            setup,
            target: project.contract_target(),
            logs: project.bundles(),
        };
        builder.prepare_target(buffer)?;
        create(&project.bundles())?;
        Ok(builder)
    }

    fn compiler(&self) -> &str {
        self.setup.toolchain.version()
    }

    /// Builds the sources in `project`.
    fn build(&self, project: &Project, contract: &Contract) -> Result<(Artifact, Entry)> {
        let folder = self.run_cargo_contract(project, contract)?;
        let built = folder.join(contract.name);
        let path = built.with_extension("wasm");
        let code = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(
            code.len() <= CODE_LIMIT,
            "{} has {:.1} KiB of code, but a chain takes no more than {} KiB",
            contract.name,
            kib(code.len()),
            CODE_LIMIT / 1024
        );
        let path = built.with_extension("json");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let metadata = serde_json::from_str(&text)
            .with_context(|| format!("{} is not JSON", path.display()))?;
        let metadata = pretty(&canonical::canonical(&metadata)?)?;
        let entry = Entry {
            code_hash: hash(&code),
            size: code.len(),
            metadata_hash: hash(metadata.as_bytes()),
            fingerprint: fingerprint(project, contract)?,
            compiler: self.compiler().to_owned(),
            cargo_contract: crate::cargo_contract::VERSION.to_owned(),
            optimization_passes: contract.goal.passes().to_owned(),
        };
        Ok((Artifact { code, metadata }, entry))
    }

    /// Builds, and returns the folder that holds the result.
    fn run_cargo_contract(&self, project: &Project, contract: &Contract) -> Result<PathBuf> {
        let manifest = stage_manifest::stage(project, contract, &self.target)?;
        let mut command = self.setup.toolchain.command(&self.setup.cargo_contract);
        command
            .current_dir(project.contracts())
            .args(["contract", "build", "--release"])
            .args(["--optimization-passes", contract.goal.passes()])
            .arg("--manifest-path")
            .arg(manifest)
            .env("CARGO_TARGET_DIR", &self.target)
            // The manifest's copy must lie below `.cargo/config.toml` to see its `[env]`.
            .env("TMPDIR", scratch(&self.target))
            .env_remove(buffer::VARIABLE)
            .env_remove("RUST_BACKTRACE");
        canonical::rustc::wrap(&mut command)?;
        let log = self.logs.join(contract.name).with_extension("log");
        let label = format!("building {}", contract.name);
        progress::run_logged(&label, &mut command, &log)?;
        Ok(self.target.join("ink"))
    }

    /// Empties the target folder if it was filled with another buffer size or in another way: cargo
    /// does not see that ink! depends on the one and all crates on the other.
    fn prepare_target(&self, buffer: u64) -> Result<()> {
        let record = self.target.join("filled-by");
        let filling = format!("{buffer} {}", String::from_utf8_lossy(RECIPE));
        if fs::read_to_string(&record).is_ok_and(|before| before == filling) {
            return create(&scratch(&self.target));
        }
        if self.target.exists() {
            progress::note("built with another buffer or in another way: building from scratch");
            remove(&self.target)?;
        }
        create(&scratch(&self.target))?;
        fs::write(&record, filling).with_context(|| format!("cannot write {}", record.display()))
    }
}

/// Returns the hash of all sources and settings that decide the contract's code and metadata.
fn fingerprint(project: &Project, contract: &Contract) -> Result<String> {
    let folder = project.contracts();
    let mut fingerprint = Fingerprint::below(&folder);
    fingerprint.add("recipe", RECIPE);
    fingerprint.add("compiler", crate::toolchain::RELEASE.as_bytes());
    fingerprint.add("cargo-contract", crate::cargo_contract::VERSION.as_bytes());
    fingerprint.add("goal", contract.goal.passes().as_bytes());
    fingerprint.add_file(&folder.join("Cargo.toml"))?;
    fingerprint.add_file(&folder.join("Cargo.lock"))?;
    fingerprint.add_package(&folder.join("primitives"))?;
    fingerprint.add_package(&folder.join(contract.folder))?;
    if let Some(full) = contract.front_of {
        fingerprint.add_package(&folder.join(full))?;
    }
    Ok(fingerprint.finish())
}

fn scratch(target: &Path) -> PathBuf {
    target.join("tmp")
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    create(to)?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", from.display()))?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_tree(&from, &to)?;
        } else {
            fs::copy(&from, &to)
                .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
        }
    }
    Ok(())
}
