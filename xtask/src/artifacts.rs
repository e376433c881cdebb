//! The built contracts that are committed: code below `contracts/artifacts/`, metadata below
//! `bindings/`, and a manifest that says what they were built from.
//!
//! `target/contracts/` has what tools want, put together from them: `<name>.wasm`, `<name>.json`
//! and the bundle `<name>.contract`.

use crate::{contracts::Contract, project::Project};
use anyhow::{Context, Result};
use blake2b_simd::Params;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// The origin of each contract's code, by name.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Manifest(BTreeMap<String, Entry>);

/// All that decides a contract's code, and the hashes of the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The blake2b-256 hash of the code, as a chain has it.
    pub code_hash: String,
    /// The code's size in bytes.
    pub size: usize,
    /// The blake2b-256 hash of the metadata's file.
    pub metadata_hash: String,
    /// The hash of all sources and settings. See `Fingerprint`.
    pub fingerprint: String,
    /// The compiler, as it names itself.
    pub compiler: String,
    /// The version of cargo-contract.
    pub cargo_contract: String,
    /// The optimisation that cargo-contract passes on to wasm-opt.
    pub optimization_passes: String,
}

/// A built contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Artifact {
    /// The code.
    pub code: Vec<u8>,
    /// The canonical metadata, as text.
    pub metadata: String,
}

impl Manifest {
    /// Reads the manifest, which is empty before the first build.
    ///
    /// # Errors
    /// If the file is not a manifest.
    pub fn read(project: &Project) -> Result<Self> {
        let path = project.manifest();
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = read_text(&path)?;
        serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is not a manifest; remove it and run `cargo xtask build`",
                path.display()
            )
        })
    }

    /// Returns the entry of `contract`.
    pub fn entry(&self, contract: &Contract) -> Option<&Entry> {
        self.0.get(contract.name)
    }

    /// Writes the manifest with a new entry for `contract`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn record(&mut self, project: &Project, contract: &Contract, entry: Entry) -> Result<()> {
        self.0.insert(contract.name.to_owned(), entry);
        let text = serde_json::to_string_pretty(self).context("cannot encode the manifest")?;
        write(&project.manifest(), format!("{text}\n").as_bytes())
    }
}

impl Artifact {
    /// Reads the committed artifact of `contract`, if its files are there.
    pub fn read(project: &Project, contract: &Contract) -> Option<Self> {
        let code = fs::read(project.artifact(contract.name)).ok()?;
        let metadata = fs::read_to_string(project.metadata(contract)).ok()?;
        Some(Self { code, metadata })
    }

    /// Writes the artifact's files.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&self, project: &Project, contract: &Contract) -> Result<()> {
        write(&project.artifact(contract.name), &self.code)?;
        write(&project.metadata(contract), self.metadata.as_bytes())
    }

    /// Returns true if this is what `entry` describes.
    pub fn fits(&self, entry: &Entry) -> bool {
        hash(&self.code) == entry.code_hash && hash(self.metadata.as_bytes()) == entry.metadata_hash
    }

    /// Writes the files that tools want: code, metadata, and the bundle of both.
    ///
    /// # Errors
    /// If the metadata is not JSON, or a file cannot be written.
    pub fn assemble(&self, project: &Project, contract: &Contract, entry: &Entry) -> Result<()> {
        let file = |extension: &str| {
            project
                .bundles()
                .join(contract.name)
                .with_extension(extension)
        };
        let stamp = file("stamp");
        let complete = ["wasm", "json", "contract"]
            .iter()
            .all(|extension| file(extension).is_file());
        let identity = format!("{} {}", entry.code_hash, entry.metadata_hash);
        if complete && fs::read_to_string(&stamp).is_ok_and(|before| before == identity) {
            return Ok(());
        }
        let mut metadata: Value = serde_json::from_str(&self.metadata)
            .with_context(|| format!("{} is not JSON", project.metadata(contract).display()))?;
        let source = metadata
            .get_mut("source")
            .and_then(Value::as_object_mut)
            .context("the metadata has no `source`")?;
        source.insert("hash".into(), entry.code_hash.clone().into());
        source.insert("compiler".into(), compiler_name(&entry.compiler).into());
        write(&file("wasm"), &self.code)?;
        write(&file("json"), pretty(&metadata)?.as_bytes())?;
        metadata["source"]["wasm"] = hexadecimal(&self.code).into();
        let bundle = serde_json::to_vec(&metadata).context("cannot encode the bundle")?;
        write(&file("contract"), &bundle)?;
        write(&stamp, identity.as_bytes())
    }
}

/// Returns the blake2b-256 hash of `bytes`, as chains write it.
pub fn hash(bytes: &[u8]) -> String {
    format!("0x{}", Params::new().hash_length(32).hash(bytes).to_hex())
}

/// Returns JSON as it is committed: a line for each field, so that changes can be read.
pub fn pretty(value: &Value) -> Result<String> {
    let mut text = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, format);
    value
        .serialize(&mut serializer)
        .context("cannot encode metadata")?;
    text.push(b'\n');
    String::from_utf8(text).context("JSON is text")
}

/// Returns `rustc 1.85.1` of `rustc 1.85.1 (4eb161250 2025-03-15)`, which is all that metadata
/// takes.
fn compiler_name(compiler: &str) -> String {
    compiler
        .split_whitespace()
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
        text
    })
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts;

    #[test]
    fn bundle_has_code_and_hash_beside_the_metadata() {
        let root = std::env::temp_dir().join(format!("xtask-artifact-{}", std::process::id()));
        let project = Project::at(&root);
        let contract = &contracts::ALL[0];
        let artifact = Artifact {
            code: vec![0, 0xab],
            metadata: r#"{"source":{"language":"ink! 5.1.1"},"version":5}"#.into(),
        };
        let mut entry = Entry {
            code_hash: hash(&artifact.code),
            size: 2,
            metadata_hash: hash(artifact.metadata.as_bytes()),
            fingerprint: "f".into(),
            compiler: "rustc 1.85.1 (4eb161250 2025-03-15)".into(),
            cargo_contract: "5.0.3".into(),
            optimization_passes: "z".into(),
        };
        artifact.write(&project, contract).unwrap();
        let mut manifest = Manifest::read(&project).unwrap();
        manifest.record(&project, contract, entry.clone()).unwrap();
        let manifest = Manifest::read(&project).unwrap();
        assert_eq!(manifest.entry(contract), Some(&entry));
        let read = Artifact::read(&project, contract).unwrap();
        assert_eq!(read, artifact);
        assert!(read.fits(&entry));

        artifact.assemble(&project, contract, &entry).unwrap();
        let bundle = fs::read_to_string(project.bundles().join("token.contract")).unwrap();
        let bundle: Value = serde_json::from_str(&bundle).unwrap();
        assert_eq!(bundle["source"]["wasm"], "0x00ab");
        assert_eq!(bundle["source"]["hash"], entry.code_hash);
        assert_eq!(bundle["source"]["compiler"], "rustc 1.85.1");

        entry.code_hash = hash(b"other");
        assert!(!artifact.fits(&entry));
        fs::remove_dir_all(root).unwrap();
    }
}
